"""One table of a source: how it is read, what its columns hold, some of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboards import notices
from dashboards.studio import asking, issue_list, parts, profiles
from dashboards.studio.forms import choice_field, described, names_field, text_field
from dashboards.studio.generated import rest
from dashboards.studio.listing import listing
from dashboards.studio.outline import Entry
from dashboards.studio.places import Place, go
from dashboards.studio.spots import Spot
from dashboards.studio.state import Opened
from metadata.errors import Issue, UserError
from metadata.model.source import SourceTable
from metadata.scan import ScannedTable
from metadata.uses import Use, source_uses
from metadata.workbench import LandedTable

_TABS = {"columns": "Columns", "reading": "How it is read", "rows": "Rows"}
_DELETES = {
    "none": "It is not noticed",
    "compare_keys": "By comparing keys on each read",
    "soft_delete": "By a flag on the row",
}


def view(opened: Opened, place: Place, entry: Entry) -> None:
    """Draw the table."""
    table = place.part
    tables = entry.content.get("tables")
    declared = isinstance(tables, dict) and table in tables
    scanned = parts.scanned_table(f"{entry.name}.{table}")
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="crumbs"):
        st.button(
            "Sources",
            icon=":material/arrow_back:",
            type="tertiary",
            on_click=go,
            args=(Place("sources"),),
            key="back_sources",
        )
        st.button(
            entry.name,
            type="tertiary",
            on_click=go,
            args=(Place("sources", entry.name),),
            key="back_source",
        )
        st.markdown(f"› **{notices.plain(table)}**")
    if scanned and scanned.comment:
        st.caption(notices.plain(scanned.comment))
    if not declared:
        _not_read(entry, table, scanned)
    tab = parts.tabs(_TABS if declared else {"columns": "Columns"}, place, default="columns")
    if tab == "reading" and declared:
        _reading(opened, entry, table, scanned)
        return
    landed = _landed(opened, f"{entry.name}.{table}") if declared else None
    if tab == "rows" and declared:
        _rows(landed)
        return
    _columns(opened, f"{entry.name}.{table}", scanned, landed)


def _not_read(entry: Entry, table: str, scanned: ScannedTable | None) -> None:
    if scanned is None:
        st.info(f"Neither the source's file nor a scan knows the table `{table}`.")
        return
    settings: dict[str, Any] = {}
    if scanned.native_name not in (table, f"{table}.csv"):
        settings["path" if scanned.kind == "file" else "name"] = scanned.native_name
    if scanned.primary_key:
        keys = list(scanned.primary_key)
        settings["primary_key"] = keys[0] if len(keys) == 1 else keys

    def read() -> None:
        spot = Spot(entry.file, entry.document, (), entry.content).at("tables")
        spot.change(lambda now: {**now, table: settings or None})

    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("This table is there, but it is not read.")
        st.button("Read it from now on", icon=":material/add:", type="primary", on_click=read)


def _landed(opened: Opened, table: str) -> LandedTable | None:
    try:
        with st.skeleton(height=240):
            return asking.landed(opened, table)
    except UserError as error:
        st.info("  \n".join(notices.plain(i.what) for i in error.issues))
        return None


def _columns(
    opened: Opened, table: str, scanned: ScannedTable | None, landed: LandedTable | None
) -> None:
    uses: dict[str, list[Use]] = {}
    for use in source_uses(opened.repository).of_table(table):
        if use.column is not None:
            uses.setdefault(use.column.lower(), []).append(use)
    if scanned is not None and any(column.profile for column in scanned.columns):
        shown = profiles.of_scan(scanned)
        looked = next(c.profile.sampled for c in scanned.columns if c.profile)
        st.caption(
            f"As scanned: {looked:,} rows looked at"
            + (f" of {scanned.rows:,}." if scanned.rows is not None else ".")
        )
    elif landed is not None:
        shown = [profiles.Shown(c.name, c.type, c.profile) for c in landed.columns]
        st.caption(
            f"From what has landed: {landed.looked_at:,} rows looked at of"
            f" {landed.rows:,}. A scan would also know keys and comments."
        )
    elif scanned is not None:
        shown = profiles.of_scan(scanned)
        st.caption("The scan looked at structure only, not at values.")
    else:
        notices.empty(
            Issue(
                "Nothing is known about this table yet.",
                None,
                "It has neither been scanned nor read.",
                "Scan the source, or read it with `rapport run`.",
            ),
            icon=":material/radar:",
        )
        return
    listing(profiles.columns_listing(shown, uses), key=f"profile|{table}")


def _rows(landed: LandedTable | None) -> None:
    if landed is None or not landed.sample:
        st.caption("No rows of this table have been read yet. `rapport run` reads them.")
        return
    frame = pd.DataFrame(
        [list(row) for row in landed.sample], columns=[c.name for c in landed.columns]
    )
    st.caption(f"{len(frame)} of {landed.rows:,} rows, as they have landed.")
    st.dataframe(frame, hide_index=True, height=520, alt=f"Rows of {landed.table}")


def _reading(opened: Opened, entry: Entry, table: str, scanned: ScannedTable | None) -> None:
    first, last = parts.lines_of(opened.texts[entry.file], entry.document, ("tables", table))
    issue_list.short(issue_list.of_lines(issue_list.of_entry(opened, entry), first, last))
    spot = Spot(entry.file, entry.document, (), entry.content).at(
        "tables", table, short=lambda content: content or None
    )
    known = (
        [c.name for c in scanned.columns]
        if scanned
        else (parts.columns_of_table(opened, f"{entry.name}.{table}"))
    )
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, gap="small"):
        st.markdown("#### What is read")
        text_field(
            spot,
            "name",
            "Name in the source",
            placeholder=table,
            help=described(SourceTable, "name"),
        )
        text_field(spot, "path", "File or pattern", help=described(SourceTable, "path"))
        names_field(
            spot,
            "columns",
            known,
            "Columns",
            placeholder="All of them",
            help=described(SourceTable, "columns"),
            alone=False,
        )
        text_field(
            spot, "where", "Only rows for which this is true", help=described(SourceTable, "where")
        )
        text_field(spot, "description")
    with right, st.container(border=True, gap="small"):
        st.markdown("#### How changes become known")
        names_field(
            spot,
            "primary_key",
            known,
            "Key",
            placeholder="None: read whole each time",
            help=described(SourceTable, "primary_key"),
        )
        choice_field(
            spot,
            "cursor",
            known,
            "Column that grows with every change",
            free=True,
            placeholder="None: all rows are read",
            help=described(SourceTable, "cursor"),
        )
        text_field(
            spot,
            "lookback",
            "Read again from before",
            placeholder="such as 2 days",
            help=described(SourceTable, "lookback"),
        )
        _deletes(spot, known)
    if _is_file(spot.content, scanned):
        with st.container(border=True, gap="small"):
            st.markdown("#### How files are written")
            names_field(
                spot,
                "encoding",
                ("utf-8", "latin-1", "cp1252", "utf-16"),
                "Encoding",
                placeholder="UTF-8",
                help=described(SourceTable, "encoding"),
            )
            text_field(spot, "delimiter", "Column separator", placeholder="found by itself")
            text_field(spot, "sheet", "Worksheet", help=described(SourceTable, "sheet"))
            rest(opened, spot, SourceTable, _DONE)
    else:
        files = ("encoding", "delimiter", "sheet")
        rest(
            opened,
            spot,
            SourceTable,
            [name for name in _DONE if name not in files],
            title="How files are written",
        )
    written = parts.snippet(opened.texts[entry.file], entry.document, ("tables", table))
    if written:
        with st.expander(f"As YAML, in `{notices.plain(entry.file)}`"):
            st.code(written, language="yaml", wrap_lines=True)

    def leave() -> None:
        tables = Spot(entry.file, entry.document, (), entry.content).at("tables")
        if tables.change(lambda now: {k: v for k, v in now.items() if k != table}):
            go(Place("sources", entry.name))

    used = [str(use.by) for use in source_uses(opened.repository).of_table(f"{entry.name}.{table}")]
    readers = list(dict.fromkeys(used))
    st.button(
        "No longer read this table",
        icon=":material/delete:",
        type="tertiary",
        on_click=leave,
        help=f"Read by {', '.join(readers[:6])}" if readers else None,
    )


_DONE = (
    "name", "path", "columns", "where", "description", "primary_key", "cursor", "lookback",
    "deletes", "encoding", "delimiter", "sheet",
)  # fmt: skip


def _deletes(spot: Spot, known: Sequence[str]) -> None:
    value = spot.content.get("deletes", "none")
    flagged = isinstance(value, dict)
    key = f"{spot.key}|deletes_how"
    st.session_state[key] = "soft_delete" if flagged else str(value)

    def changed() -> None:
        chosen = st.session_state[key]
        if chosen == "soft_delete":
            spot.set("deletes", {"soft_delete": next(iter(known), "is_deleted")})
        else:
            spot.set("deletes", None if chosen == "none" else chosen)

    st.selectbox(
        "How deleted rows become known",
        list(_DELETES),
        key=key,
        on_change=changed,
        format_func=lambda each: _DELETES.get(each, each),
        help=described(SourceTable, "deletes"),
    )
    if flagged:
        choice_field(spot.at("deletes"), "soft_delete", known, "Flag on deleted rows", free=True)


def _is_file(content: dict[str, Any], scanned: ScannedTable | None) -> bool:
    marks = ("path", "sheet", "encoding", "delimiter", "null_values")
    return any(mark in content for mark in marks) or bool(scanned and scanned.kind == "file")
