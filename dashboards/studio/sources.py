"""Sources: what there is, how it was scanned and read last, and what has changed since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import streamlit as st

from dashboards import data, notices
from dashboards.studio import creating, issue_list, parts, scanning, source_table
from dashboards.studio.concealing import concealed, holds_secret
from dashboards.studio.forms import described, text_field
from dashboards.studio.generated import rest
from dashboards.studio.listing import Cell, Column, Listing, Row, Tone, listing
from dashboards.studio.outline import Entry
from dashboards.studio.places import Place, go
from dashboards.studio.spots import Spot
from dashboards.studio.state import Opened
from dashboards.studio.texts import text_editor
from dashboards.wording import ago
from metadata.drift import Drift, drift
from metadata.model.source import Source
from metadata.scan import Scan, ScannedTable, read_scan, scan_versions
from metadata.uses import source_uses

_TABS = {"tables": "Tables", "changes": "What has changed", "settings": "Settings", "text": "YAML"}


def view(opened: Opened, place: Place) -> None:
    """The list of sources, one of them, or one of its tables."""
    entry = opened.outline.find("source", place.at) if place.at else None
    if entry is None:
        if place.at:
            st.info(f"There is no source `{place.at}` any more.", icon=":material/link_off:")
        _list(opened)
    elif place.part:
        source_table.view(opened, place, entry)
    else:
        _source(opened, place, entry)


def _list(opened: Opened) -> None:
    entries = opened.outline.of("source")
    read = _last_read()
    rows = []
    for entry in entries:
        scan = parts.scan_of(entry.name)
        found = _drift(opened, entry.name, scan)
        badges = parts.badges(opened, entry, issue_list.of_entry(opened, entry))
        if scan and scan.failures:
            badges.append((f"{len(scan.failures)} not readable", "warn", scan.failures[0][1]))
        tables = entry.content.get("tables")
        moment = read.get(entry.name)
        rows.append(
            Row(
                (
                    Cell(entry.name, sub=str(entry.content.get("description", "")), badges=badges),
                    Cell(concealed(str(entry.content.get("url", ""))), code=True, tone="soft"),
                    Cell(_tables_read(len(tables) if isinstance(tables, dict) else 0, scan)),
                    Cell(
                        ago(scan.scanned_at, _now()) if scan else "never",
                        tone="" if scan else "soft",
                    ),
                    Cell(ago(moment, _now()) if moment else "never", tone="" if moment else "soft"),
                    Cell(badges=_drift_badges(found)),
                ),
                entry.name,
            )
        )
    scanning.button(
        opened,
        [entry.name for entry in entries],
        beside=lambda: creating.button(opened, Place("sources"), ["source"]),
    )
    listing(
        Listing(
            "Sources",
            (
                Column("Source"),
                Column("Where", narrow=True),
                Column("Tables", title="Read, of those that are there"),
                Column("Scanned"),
                Column("Read", narrow=True),
                Column("Changed since the scan before", narrow=True),
            ),
            rows,
            "Find a source",
            "No source is described yet. Begin one with New source.",
            ("source", "sources"),
        ),
        key="source_list",
        on_open=lambda name: go(Place("sources", name)),
    )


def _source(opened: Opened, place: Place, entry: Entry) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        parts.crumbs("sources", "Sources", entry.name)
        creating.delete_button(opened, entry, shipped=False, back=Place("sources"))
    if entry.content.get("description"):
        st.caption(notices.plain(str(entry.content["description"])))
    scan = parts.scan_of(entry.name)
    tab = parts.tabs(_TABS, place, default="tables")
    if tab == "text":
        if holds_secret(opened.texts.get(entry.file, "")):
            secret_notice(entry.file)
        else:
            text_editor(opened, entry.file)
    elif tab == "settings":
        _settings(opened, entry)
    elif tab == "changes":
        _changes(opened, entry.name, scan)
    else:
        _tables(opened, entry, scan)


def _tables(opened: Opened, entry: Entry, scan: Scan | None) -> None:
    declared = entry.content.get("tables")
    tables = declared if isinstance(declared, dict) else {}
    fresh = {
        each.table: each
        for each in data.workspace().operations.freshness()
        if each.source == entry.name
    }
    mapped = _mapped(opened, entry.name)
    scanning.button(opened, [entry.name])
    if scan is None:
        st.info(
            "This source has not been scanned yet, so only what is read from it is known.",
            icon=":material/radar:",
        )
    rows = []
    for name, settings in tables.items():
        scanned = scan.table(name) if scan else None
        state_ = fresh.get(name)
        key = settings.get("primary_key") if isinstance(settings, dict) else None
        badges: list[tuple[str, Tone, str]] = []
        if state_ and state_.failing:
            badges.append(("last read failed", "bad", "See Loads"))
        if scan and scanned is None:
            badges.append(("not found by the scan", "warn", "Its name or path may have changed"))
        rows_known = (
            scanned.rows
            if scanned and scanned.rows is not None
            else (state_.rows if state_ else None)
        )
        rows.append(
            Row(
                (
                    Cell(name, sub=_also(name, scanned) if scanned else "", badges=badges),
                    Cell(f"{rows_known:,}" if rows_known is not None else "–"),
                    Cell(str(len(scanned.columns)) if scanned else "–"),
                    Cell(", ".join(key) if isinstance(key, list) else str(key or "–"), code=True),
                    Cell(_few(mapped.get(name, ())), tone="" if name in mapped else "soft"),
                    Cell(
                        ago(state_.read_at, _now()) if state_ else "never",
                        tone="" if state_ else "soft",
                    ),
                ),
                f"{entry.name}.{name}",
            )
        )
    if scan:
        others = [
            t
            for t in scan.tables
            if t.name not in tables
            and t.native_name not in {s.get("name") for s in tables.values() if isinstance(s, dict)}
        ]
        if others:
            rows.append(Row(section="There, but not read"))
        for table in others:
            size = f"{table.rows:,}" if table.rows is not None else "–"
            rows.append(
                Row(
                    (
                        Cell(table.name, sub=_also(table.name, table), tone="soft"),
                        Cell(size, tone="soft"),
                        Cell(str(len(table.columns)), tone="soft"),
                        Cell(", ".join(table.primary_key) or "–", code=True, tone="soft"),
                        Cell(),
                        Cell(),
                    ),
                    f"{entry.name}.{table.name}",
                )
            )
    listing(
        Listing(
            "Tables",
            (
                Column("Table"),
                Column("Rows", right=True),
                Column("Columns", right=True, narrow=True),
                Column("Key", narrow=True),
                Column("Fills"),
                Column("Read", narrow=True),
            ),
            rows,
            "Find a table",
            "No table of this source is read.",
            ("table", "tables"),
        ),
        key=f"tables|{entry.name}",
        on_open=lambda name: go(Place("sources", entry.name, name.partition(".")[2])),
    )


def _settings(opened: Opened, entry: Entry) -> None:
    issue_list.short(issue_list.of_entry(opened, entry))
    spot = Spot(entry.file, entry.document, (), entry.content)
    secret = holds_secret(str(entry.content.get("url", "")))
    form, text = st.columns([11, 13], gap="medium")
    with form, st.container(border=True, gap="small"):
        if secret:
            secret_notice(entry.file)
            st.code(concealed(str(entry.content["url"])), language=None)
        else:
            text_field(
                spot,
                "url",
                "Where it is",
                placeholder="postgresql://reader:${CRM_PASSWORD}@host/crm, or a folder",
            )
            st.caption(notices.plain(described(Source, "url").replace("`", "")))
        text_field(spot, "schema", "Database schema", placeholder="the usual one")
        text_field(spot, "description", lines=True)
        rest(opened, spot, Source, ("source", "url", "schema", "description", "tables"))
    with text:
        if not holds_secret(opened.texts.get(entry.file, "")):
            st.caption(f"`{entry.file}`, in this workspace")
            text_editor(
                opened,
                entry.file,
                line=entry.line if entry.document else 0,
                height=420,
                told=False,
            )


def secret_notice(file: str) -> None:
    """Why a file that holds a password is not shown."""
    st.warning(
        f"**{notices.plain(file)} holds a password, so its text is not shown here.**  \n"
        "Write it as `${NAME}` in the file and set the variable where Rapport runs; then it can be"
        " edited here.",
        icon=":material/lock:",
    )


def _changes(opened: Opened, source: str, scan: Scan | None) -> None:
    scanning.button(opened, [source])
    versions = scan_versions(data.whole().storage, source)
    if scan is None or len(versions) < 2:
        st.caption(
            "There is nothing to compare yet: the structure of this source has been the same"
            " in every scan."
            if scan
            else "This source has not been scanned yet."
        )
        return
    found = _drift(opened, source, scan)
    assert found is not None
    st.markdown(f"From scan {found.before} to scan {found.after} ({ago(scan.scanned_at, _now())})")
    tones: dict[str, Tone] = {"breaking": "bad", "adaptable": "warn", "harmless": "good"}
    rows = []
    for severity in ("breaking", "adaptable", "harmless"):
        changes = found.of(severity)  # type: ignore[arg-type]
        if changes:
            rows.append(Row(section=f"{severity.capitalize()} ({len(changes)})"))
        for change in changes:
            turned = " → ".join(part for part in (change.before, change.after) if part)
            readers = ", ".join(dict.fromkeys(use.by for use in change.uses))
            rows.append(
                Row(
                    (
                        Cell(change.name, badges=((change.kind, tones[severity], ""),)),
                        Cell(turned, code=True),
                        Cell(change.reason),
                        Cell(readers, tone="soft"),
                    )
                )
            )
    listing(
        Listing(
            "Changes between the last two scans",
            (
                Column("What"),
                Column("From – to", narrow=True),
                Column("What it means"),
                Column("Read by", narrow=True),
            ),
            rows,
            "Find a table or column",
            "Nothing has changed.",
            ("change", "changes"),
        ),
        key=f"drift|{source}",
    )


def _drift(opened: Opened, source: str, scan: Scan | None) -> Drift | None:
    """What has changed since the scan before."""
    if scan is None:
        return None
    storage = data.whole().storage
    versions = scan_versions(storage, source)
    if len(versions) < 2:
        return None
    before = _kept_scan(storage, source, versions[-2])
    return drift(before, scan, source_uses(opened.repository)) if before else None


@lru_cache(maxsize=512)
def _kept_scan(storage: Path, source: str, version: int) -> Scan | None:
    return read_scan(storage, source, version)


def _drift_badges(found: Drift | None) -> list[tuple[str, Tone, str]]:
    if found is None:
        return []
    tones: dict[str, Tone] = {"breaking": "bad", "adaptable": "warn", "harmless": "soft"}
    return [
        (f"{len(found.of(each))} {each}", tones[each], str(found.of(each)[0]))  # type: ignore[arg-type]
        for each in ("breaking", "adaptable", "harmless")
        if found.of(each)  # type: ignore[arg-type]
    ]


def _mapped(opened: Opened, source: str) -> dict[str, list[str]]:
    """What each table is for: the entities that it fills, those it is joined into, lookups."""
    found: dict[str, list[str]] = {}

    def note(name: object, words: str) -> None:
        of, _, table = str(name).partition(".")
        if of == source and words not in found.setdefault(table, []):
            found[table].append(words)

    for entry in opened.outline.of("mapping"):
        entity = str(entry.content.get("entity")).replace("_", " ")
        note(entry.content.get("from", ""), entity)
    for entry in opened.outline.of("mapping"):
        entity = str(entry.content.get("entity")).replace("_", " ")
        joins = entry.content.get("join")
        for join in joins.values() if isinstance(joins, dict) else ():
            note(join.get("table", "") if isinstance(join, dict) else "", f"joined to {entity}")
    for entry in opened.outline.of("lookup"):
        note(entry.content.get("from", ""), f"lookup {entry.name.replace('_', ' ')}")
    return found


def _also(name: str, table: ScannedTable) -> str:
    """What else is known of a table's name: its comment, or what it is called in the source."""
    return table.comment or (table.native_name if table.native_name != name else "")


def _few(words: Sequence[str], most: int = 3) -> str:
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more or "nothing"


def _last_read() -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for each in data.workspace().operations.freshness():
        found[each.source] = max(found.get(each.source, each.read_at), each.read_at)
    return found


def _tables_read(read: int, scan: Scan | None) -> str:
    return f"{read} of {len(scan.tables)}" if scan else str(read)


def _now() -> datetime:
    return datetime.now(UTC)
