"""What holds for the rows of a mapping: the filter, the joins, which of doubles stays."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import notices
from dashboards.studio import issue_list, parts, state
from dashboards.studio.forms import (
    choice_field,
    described,
    expression_field,
    names_field,
    scalar_field,
    text_field,
)
from dashboards.studio.generated import rest
from dashboards.studio.outline import Entry
from dashboards.studio.spots import Spot
from dashboards.studio.state import Opened
from metadata.editing import remove
from metadata.model.mapping import EntityMapping, Join

_DONE = ("entity", "from", "description", "join", "columns", "where", "keep", "priority")


def row_form(opened: Opened, entry: Entry, spot: Spot) -> None:
    """Draw the form."""
    issue_list.short(
        [
            each
            for each in issue_list.of_entry(opened, entry)
            if not _in_columns(opened, entry, each.where.line if each.where else 0)
        ]
    )
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, gap="small"):
        st.markdown("#### Rows")
        choice_field(
            spot,
            "from",
            parts.source_tables(opened),
            "Table that is read",
            help=described(EntityMapping, "from"),
        )
        expression_field(
            spot,
            "where",
            "Only rows for which this is true",
            help=described(EntityMapping, "where"),
        )
        own = parts.columns_of_table(opened, str(entry.content.get("from", "")))
        names_field(
            spot,
            "keep",
            [*own, *(f"{name} desc" for name in own)],
            "Of rows with the same key, the first by",
            help=described(EntityMapping, "keep"),
            placeholder="the row that landed last",
        )
        scalar_field(
            spot,
            "priority",
            "Priority among mappings",
            placeholder="100",
            help=described(EntityMapping, "priority"),
        )
        text_field(spot, "description")
        rest(opened, spot, EntityMapping, _DONE)
    with right, st.container(border=True, gap="small"):
        st.markdown("#### Joined tables")
        joins = entry.content.get("join")
        for alias in joins if isinstance(joins, dict) else ():
            _join(opened, entry, spot.at("join", alias), str(alias))
        if not joins:
            st.caption("This mapping reads one table only.")
        _new_join(opened, entry, spot)


def _in_columns(opened: Opened, entry: Entry, line: int) -> bool:
    first, last = parts.lines_of(opened.texts[entry.file], entry.document, ("columns",))
    return first <= line <= last


def _join(opened: Opened, entry: Entry, join: Spot, alias: str) -> None:
    table = str(join.content.get("table", ""))
    with st.expander(f"{notices.plain(alias)}: {notices.plain(table)}"):
        choice_field(
            join, "table", parts.source_tables(opened), "Table", help=described(Join, "table")
        )
        on = join.content.get("on")
        shown = ", ".join(f"{k} = {v}" for k, v in on.items()) if isinstance(on, dict) else ""
        _pairs(join, shown)
        expression_field(join, "where", "Only its rows for which this is true")
        known = parts.columns_of_table(opened, table)
        names_field(
            join,
            "order_by",
            [*known, *(f"{name} desc" for name in known)],
            "Of several matching rows, the first by",
            help=described(Join, "order_by"),
        )

        def take_out() -> None:
            path = ("join", alias)
            if len(entry.content.get("join", {})) == 1:
                path = ("join",)  # type: ignore[assignment]
            state.edit(entry.file, lambda text: remove(text, path, document=entry.document))

        st.button(
            "Take the join out",
            icon=":material/delete:",
            type="tertiary",
            on_click=take_out,
            key=f"{join.key}|out",
        )


def _pairs(join: Spot, shown: str) -> None:
    """The columns that must be equal, as `its column = column` with commas between."""
    key = f"{join.key}|on"
    if st.session_state.get(f"{key}|was") != shown:
        st.session_state[key] = st.session_state[f"{key}|was"] = shown

    def changed() -> None:
        pairs: dict[str, Any] = {}
        for part in st.session_state[key].split(","):
            left, equal, right = part.partition("=")
            if not (equal and left.strip() and right.strip()):
                return
            pairs[left.strip()] = right.strip()
        join.set("on", pairs)

    st.text_input(
        "Its columns and what they equal",
        key=key,
        on_change=changed,
        help=described(Join, "on"),
        placeholder="customer_id = customer_id",
    )


def _new_join(opened: Opened, entry: Entry, spot: Spot) -> None:
    with st.popover("Join another table", icon=":material/add:"):
        table = st.selectbox(
            "Table", parts.source_tables(opened), index=None, key=f"join_table|{entry.key}"
        )
        if not table:
            return
        own = parts.columns_of_table(opened, table)
        driver = parts.columns_of_table(opened, str(entry.content.get("from", "")))
        same = next((name for name in own if name in driver), None)
        its = st.selectbox(
            "Its column",
            own,
            index=own.index(same) if same else None,
            key=f"join_its|{entry.key}|{table}",
        )
        ours = st.selectbox(
            "equals",
            driver,
            index=driver.index(same) if same else None,
            key=f"join_ours|{entry.key}|{table}",
        )
        alias = st.text_input(
            "Name of the join", table.rpartition(".")[2], key=f"join_alias|{entry.key}|{table}"
        )
        taken = alias in (entry.content.get("join") or {})
        ready = bool(its and ours and alias and not taken)
        if taken:
            st.caption(":red[There is a join of this name already.]")

        def add() -> None:
            join = {"table": table, "on": {str(its): str(ours)}}
            spot.at("join").change(lambda now: {**now, alias: join})

        st.button("Join", type="primary", disabled=not ready, on_click=add)
