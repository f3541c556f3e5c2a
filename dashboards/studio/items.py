"""Named items of a definition (attributes, measures, levels): a list, and the one that is open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboards import notices
from dashboards.studio import issue_list, parts
from dashboards.studio.concealing import holds_secret
from dashboards.studio.listing import Cell, Column, Listing, Row, Tone, listing
from dashboards.studio.outline import Entry
from dashboards.studio.places import Place, go
from dashboards.studio.spots import Spot
from dashboards.studio.state import Opened
from metadata.model.base import NAME_PATTERN


@dataclass(frozen=True)
class Items:
    """How the items of one kind are listed and edited."""

    group: str
    """The key under which they stand, such as `attributes`."""
    title: str
    noun: tuple[str, str]
    columns: Sequence[Column]
    cells: Callable[[str, dict[str, Any]], Sequence[Cell]]
    """What is shown of an item beside its name."""
    form: Callable[[Spot], None]
    long: Callable[[Any], dict[str, Any]]
    short: Callable[[dict[str, Any]], Any] = lambda content: content
    new: Mapping[str, Any] | None = None
    """What a new item begins with; None where none can be added."""
    nullable: bool = False
    """Whether one that is shipped can be left out, by null."""
    tells: bool = False
    """Whether the form itself tells the problems of what is open."""
    free_names: bool = False
    """Whether a name may be anything, not only what definitions are called."""
    hint: str = ""
    """What helps to name a new one."""
    why_none: str = ""
    """Why none can be added."""


def items_editor(
    opened: Opened, place: Place, definition: Spot, entry: Entry | None, items: Items
) -> None:
    """The list of items beside the form of the one that is open."""
    spot = definition.at(items.group)
    content = spot.content
    prefix = f"{items.group}."
    chosen = place.part.removeprefix(prefix) if place.part.startswith(prefix) else ""
    if chosen not in content:
        chosen = next(iter(content), "")
    own = spot.long(spot.own)
    left, right = st.columns([12, 12], gap="medium")
    with left:
        rows = []
        for name, raw in content.items():
            badges: list[tuple[str, Tone, str]] = []
            if name in own and spot.base is not None:
                fresh = name not in spot.long(spot.base)
                badges.append(
                    (
                        "own" if fresh else "changed here",
                        "calm",
                        "Not part of the shipped model" if fresh else "Unlike the shipped one",
                    )
                )
            if raw is None and items.nullable:
                badges.append(("left out", "soft", "The workspace does without it"))
            rows.append(
                Row(
                    (Cell(name, badges=badges), *items.cells(name, items.long(raw))),
                    name,
                    name == chosen,
                )
            )
        _adding(place, spot, items, content)
        listing(
            Listing(
                items.title,
                (Column(items.noun[0].capitalize()), *items.columns),
                rows,
                f"Find {_a(items.noun[0])}",
                f"There are no {items.noun[1]} yet.",
                items.noun,
                height=520,
            ),
            key=f"items|{spot.key}",
            on_open=lambda name: go(Place(place.view, place.at, prefix + name, place.tab)),
        )
    with right:
        if chosen:
            item = definition.at(items.group, chosen, long=items.long, short=items.short)
            with st.container(border=True, gap="small", key=f"item_{items.group}"):
                st.markdown(f"#### {notices.plain(chosen)}")
                if entry is not None and not items.tells:
                    lines = parts.lines_of(
                        opened.texts.get(entry.file, ""), entry.document, (items.group, chosen)
                    )
                    found = issue_list.of_entry(opened, entry)
                    issue_list.short(issue_list.of_lines(found, *lines))
                if content[chosen] is None and items.nullable:
                    st.caption("This workspace does without it.")
                else:
                    items.form(item)
                _taking_out(place, spot, items, chosen)
            if entry is not None:
                _as_written(opened, entry, items, chosen)


def _as_written(opened: Opened, entry: Entry, items: Items, chosen: str) -> None:
    """The YAML of what is open, as the file says it."""
    text = parts.snippet(opened.texts.get(entry.file, ""), entry.document, (items.group, chosen))
    if text and not holds_secret(text):
        with st.expander(f"As YAML, in `{notices.plain(entry.file)}`"):
            st.code(text, language="yaml", wrap_lines=True)


def _adding(place: Place, spot: Spot, items: Items, content: Mapping[str, Any]) -> None:
    if items.new is None:
        if items.why_none:
            st.caption(items.why_none)
        return
    with st.popover(f"New {items.noun[0]}", icon=":material/add:"):
        key = f"new|{spot.key}"
        name = st.text_input(
            "Name",
            key=key,
            validate=None if items.free_names else (NAME_PATTERN, "lower_case_name"),
            placeholder="" if items.free_names else "lower_case_name",
            live="300ms",
        )
        taken = name in content
        if items.hint:
            st.caption(notices.plain(items.hint))

        def add() -> None:
            spot.change(lambda now: {**now, name: items.short(dict(items.new or {}))})
            st.session_state[key] = ""
            go(Place(place.view, place.at, f"{items.group}.{name}", place.tab))

        if taken:
            st.caption(":red[There is one of this name already.]")
        st.button("Add", type="primary", on_click=add, disabled=not name or taken, key=f"{key}|add")


def _taking_out(place: Place, spot: Spot, items: Items, chosen: str) -> None:
    shipped = chosen in spot.long(spot.base)

    def take_out() -> None:
        spot.change(lambda now: {k: v for k, v in now.items() if k != chosen})
        go(Place(place.view, place.at, "", place.tab))

    def reset() -> None:
        base = spot.long(spot.base)
        spot.change(lambda now: {**now, chosen: base[chosen]})

    def leave_out() -> None:
        spot.change(lambda now: {**now, chosen: None})

    if shipped and items.nullable and spot.content.get(chosen) is not None:
        st.button(
            "Do without it here",
            icon=":material/visibility_off:",
            type="tertiary",
            on_click=leave_out,
            key=f"{spot.key}|{chosen}|without",
        )
    if shipped and chosen in spot.long(spot.own):
        st.button(
            "As shipped",
            icon=":material/restart_alt:",
            type="tertiary",
            on_click=reset,
            key=f"{spot.key}|{chosen}|reset",
        )
    elif not shipped:
        st.button(
            f"Take {_a(items.noun[0])} out",
            icon=":material/delete:",
            type="tertiary",
            on_click=take_out,
            key=f"{spot.key}|{chosen}|out",
        )


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
