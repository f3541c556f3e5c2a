"""Lookups: codes and what they mean, written here or read from a table."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import notices
from dashboards.studio import creating, issue_list, parts, state
from dashboards.studio.column_form import codes_table
from dashboards.studio.forms import choice_field, described, expression_field, text_field
from dashboards.studio.generated import rest
from dashboards.studio.listing import Cell, Column, Listing, Row, listing
from dashboards.studio.outline import Entry
from dashboards.studio.places import Place, go
from dashboards.studio.spots import Spot
from dashboards.studio.state import Opened
from dashboards.studio.texts import text_editor
from metadata.editing import append_document
from metadata.model.base import NAME_PATTERN
from metadata.model.mapping import Lookup

_TABS = {"form": "Codes", "text": "YAML"}


def view(opened: Opened, place: Place) -> None:
    """The list of lookups, or the one that is open."""
    entry = opened.outline.find("lookup", place.at) if place.at else None
    if entry is None:
        if place.at:
            st.info(f"There is no lookup `{place.at}` any more.", icon=":material/link_off:")
        _list(opened)
    else:
        _lookup(opened, place, entry)


def _list(opened: Opened) -> None:
    readers: dict[str, list[str]] = {}
    for mapping in opened.outline.of("mapping"):
        columns = mapping.content.get("columns")
        for name, rule in columns.items() if isinstance(columns, dict) else ():
            if isinstance(rule, dict) and isinstance(rule.get("lookup"), str):
                readers.setdefault(rule["lookup"], []).append(
                    f"{mapping.content.get('entity')}.{name}"
                )
    rows = []
    for entry in opened.outline.of("lookup"):
        content, used = entry.content, readers.get(entry.name, [])
        values = content.get("values")
        rows.append(
            Row(
                (
                    Cell(
                        entry.name,
                        sub=str(content.get("description", "")),
                        badges=parts.badges(opened, entry, issue_list.of_entry(opened, entry)),
                    ),
                    Cell(
                        f"{len(values)} codes written here"
                        if isinstance(values, dict)
                        else f"read from {content.get('from', '?')}",
                        tone="soft",
                    ),
                    Cell(
                        used[0] if used else "nothing",
                        tone="" if used else "soft",
                        sub=f"and {len(used) - 1} more" if len(used) > 1 else "",
                        title=", ".join(used),
                    ),
                ),
                entry.name,
            )
        )
    with st.container(horizontal=True, horizontal_alignment="right"):
        _new(opened)
    listing(
        Listing(
            "Lookups",
            (Column("Lookup"), Column("Codes", narrow=True), Column("Used by")),
            rows,
            "Find a lookup",
            "There are no lookups yet.",
            ("lookup", "lookups"),
        ),
        key="lookup_list",
        on_open=lambda name: go(Place("lookups", name)),
    )


def _new(opened: Opened) -> None:
    with st.popover("New lookup", icon=":material/add:"):
        name = st.text_input(
            "Name",
            key="new_lookup",
            live="300ms",
            placeholder="lower_case_name",
            validate=(NAME_PATTERN, "lower_case_name"),
        )
        taken = name in opened.outline.names("lookup")

        def begin() -> None:
            file = parts.first_file("lookups", name, opened)
            content = {"lookup": name, "values": {"A": "Meaning of A"}}
            if state.edit(file, lambda text: append_document(text, content)):
                st.session_state["new_lookup"] = ""
                go(Place("lookups", name))

        if taken:
            st.caption(":red[There is one of this name already.]")
        st.button("Begin", type="primary", on_click=begin, disabled=not name or taken)


def _lookup(opened: Opened, place: Place, entry: Entry) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        parts.crumbs("lookups", "Lookups", entry.name)
        creating.delete_button(opened, entry, shipped=False, back=Place("lookups"))
    if entry.content.get("description"):
        st.caption(notices.plain(str(entry.content["description"])))
    if parts.tabs(_TABS, place, default="form") == "text":
        text_editor(opened, entry.file, line=entry.line if entry.document else 0)
        return
    issue_list.short(issue_list.of_entry(opened, entry))
    spot = Spot(entry.file, entry.document, (), entry.content)
    with st.container(border=True, gap="small"):
        text_field(spot, "description")
        _kept_where(opened, spot)
        if "from" in entry.content:
            table = str(entry.content.get("from", ""))
            known = parts.columns_of_table(opened, table)
            choice_field(
                spot, "from", parts.source_tables(opened), "Table", help=described(Lookup, "from")
            )
            choice_field(spot, "key", known, "Column with the code", free=True)
            choice_field(spot, "value", known, "Column with the meaning", free=True)
            expression_field(spot, "where", "Only rows for which this is true")
        else:
            codes_table(spot.at("values"), "Codes and their meanings")
        rest(opened, spot, Lookup, _DONE)


_DONE = ("lookup", "description", "values", "from", "key", "value", "where")


def _kept_where(opened: Opened, spot: Spot) -> None:
    key = f"{spot.key}|kept_where"
    read = "from" in spot.content
    st.session_state[key] = "from" if read else "values"

    def changed() -> None:
        if st.session_state[key] == "from" and not read:
            table = next(iter(parts.source_tables(opened)), "")
            spot.change(lambda now: {**_without(now), "from": table, "key": "", "value": ""})
        elif st.session_state[key] == "values" and read:
            spot.change(lambda now: {**_without(now), "values": {"A": "Meaning of A"}})

    st.segmented_control(
        "Where the codes are",
        ["values", "from"],
        key=key,
        format_func={"values": "Written here", "from": "Read from a table"}.__getitem__,
        on_change=changed,
        required=True,
    )


def _without(content: dict[str, Any]) -> dict[str, Any]:
    """A lookup that does not say yet where its codes are."""
    gone = ("values", "from", "key", "value", "where")
    return {name: value for name, value in content.items() if name not in gone}
