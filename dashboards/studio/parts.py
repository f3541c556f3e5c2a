"""Pieces that several views of the studio share: where one is, what was edited, what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboards import data, notices
from dashboards.studio import asking
from dashboards.studio.listing import Tone
from dashboards.studio.outline import Entry, Kind, outline
from dashboards.studio.places import Place, go
from dashboards.studio.state import Opened
from metadata.errors import Issue, UserError
from metadata.scan import Scan, ScannedTable, read_scan
from metadata.yaml_spans import document_spans


def crumbs(view: str, above: str, title: str) -> None:
    """The way back to the list, and what is open."""
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="crumbs"):
        st.button(
            above,
            icon=":material/arrow_back:",
            type="tertiary",
            key=f"back_{view}",
            on_click=go,
            args=(Place(view),),
        )
        st.markdown(f"**{notices.plain(title)}**")


def tabs(names: Mapping[str, str], place: Place, *, default: str) -> str:
    """Tabs that stand in the address; the one that is open."""
    current = place.tab if place.tab in names else default
    key = f"tab|{place.view}|{place.at}"
    st.session_state[key] = current

    def changed() -> None:
        chosen = st.session_state.get(key) or default
        go(Place(place.view, place.at, place.part, "" if chosen == default else chosen))

    st.segmented_control(
        "Show",
        list(names),
        key=key,
        format_func=lambda name: names[name],
        on_change=changed,
        required=True,
        label_visibility="collapsed",
    )
    return current


def badges(opened: Opened, entry: Entry, issues: Sequence[Issue]) -> list[tuple[str, Tone, str]]:
    """Whether a definition has problems or unsaved edits."""
    found: list[tuple[str, Tone, str]] = []
    if issues:
        found.append(
            (f"{len(issues)} problem{'s' if len(issues) > 1 else ''}", "bad", issues[0].what)
        )
    saved = saved_content(opened, entry)
    if saved is None:
        found.append(("new", "calm", "Not saved yet"))
    elif saved != entry.content:
        found.append(("edited", "calm", "Not saved yet"))
    return found


def saved_content(opened: Opened, entry: Entry) -> dict[str, Any] | None:
    """What a definition says as it is saved; None where it is new."""
    text = opened.saved.get(entry.file)
    if text is None:
        return None
    if text == opened.texts.get(entry.file):
        return entry.content
    found = outline({entry.file: text}).find(entry.kind, entry.name)
    return found.content if found else None


def lines_of(text: str, document: int, path: Sequence[str | int]) -> tuple[int, int]:
    """First and last line of a place in a text, from 1; all of the document where it is not."""
    try:
        span = document_spans(text)[document]
    except Exception:
        return 1, text.count("\n") + 1
    start = span.start
    for step in path:
        for number, entry in enumerate(span.entries):
            if step == (number if span.kind == "sequence" else entry.name):
                start, span = entry.start, entry.value
                break
        else:
            break
    return text.count("\n", 0, start) + 1, text.count("\n", 0, max(span.end, start)) + 1


def scan_of(source: str) -> Scan | None:
    """The newest scan of a source."""
    try:
        return read_scan(data.repository().storage, source)
    except Exception:
        # A scan that cannot be read is as good as none here; `rapport scan` tells about it.
        return None


def scanned_table(table: str) -> ScannedTable | None:
    """A table, named source.table, as it was scanned last."""
    source, _, own = table.partition(".")
    scan = scan_of(source)
    return scan.table(own) if scan else None


def columns_of_table(opened: Opened, table: str) -> list[str]:
    """The columns of a source table: as it was scanned, else as it has landed."""
    scanned = scanned_table(table)
    if scanned is not None:
        return [column.name for column in scanned.columns]
    try:
        landed = asking.landed(opened, table, profile=False)
    except UserError:
        return []
    return [column.name for column in landed.columns] if landed else []


def source_columns(opened: Opened, entry: Entry) -> list[str]:
    """What a mapping may read: the columns of its table, and `join.column` of its joins."""
    found = columns_of_table(opened, str(entry.content.get("from", "")))
    joins = entry.content.get("join")
    for alias, join in joins.items() if isinstance(joins, dict) else ():
        if isinstance(join, dict):
            joined = columns_of_table(opened, str(join.get("table", "")))
            found += [f"{alias}.{name}" for name in joined]
    return found


def source_tables(opened: Opened) -> list[str]:
    """Every declared table as source.table."""
    found = []
    for entry in opened.outline.of("source"):
        tables = entry.content.get("tables")
        found += [f"{entry.name}.{name}" for name in (tables if isinstance(tables, dict) else ())]
    return found


def first_file(folder: str, name: str, opened: Opened) -> str:
    """A file name in a folder that is not taken yet."""
    wanted, number = f"{folder}/{name}.yaml", 2
    while wanted in opened.texts:
        wanted, number = f"{folder}/{name}_{number}.yaml", number + 1
    return wanted


def kinds_edited(opened: Opened) -> dict[Kind, int]:
    """How many definitions of each kind are edited."""
    found: dict[Kind, int] = {}
    for entry in opened.outline.entries:
        if not entry.shipped and opened.saved.get(entry.file) != opened.texts.get(entry.file):
            if saved_content(opened, entry) != entry.content:
                found[entry.kind] = found.get(entry.kind, 0) + 1
    return found
