"""A definition begun, and a definition deleted: a document more in the draft, or one less."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboards import notices
from dashboards.studio import parts, state
from dashboards.studio.forms import label_of
from dashboards.studio.outline import Entry
from dashboards.studio.places import Place, go
from dashboards.studio.state import Opened
from metadata.editing import append_document, remove_document
from metadata.kinds import KINDS
from metadata.model.base import NAME_PATTERN


def button(opened: Opened, place: Place, kinds: Sequence[str]) -> None:
    """Offer to begin a definition of one of these kinds."""
    alone = kinds[0] if len(kinds) == 1 else ""
    with st.popover(f"New {alone}" if alone else "New definition", icon=":material/add:"):
        kind = alone or st.selectbox(
            "What it is",
            kinds,
            key=f"new_kind|{place.view}",
            format_func=lambda each: f"{label_of(each)}: {KINDS[each].summary}",
        )
        key = f"new_name|{place.view}"
        name = st.text_input(
            "Name",
            key=key,
            live="300ms",
            validate=(NAME_PATTERN, "lower_case_name"),
            placeholder="lower_case_name",
            help="Lower-case letters, digits and underscores, starting with a letter.",
        )
        taken = bool(name) and name in opened.outline.names(kind)
        if taken:
            st.caption(":red[There is one of this name already.]")
            st.button("Open it", on_click=go, args=(_place(place, kind, name),), key=f"{key}|open")
            return

        def begin() -> None:
            file = parts.first_file(KINDS[kind].folder, name, opened)
            if state.edit(file, lambda text: append_document(text, begun(kind, name))):
                st.session_state[key] = ""
                go(_place(place, kind, name))

        st.button("Begin", type="primary", on_click=begin, disabled=not name, key=f"{key}|begin")
        st.caption("Begins a file in this workspace; nothing is written before you save it.")


def begun(kind: str, name: str) -> dict[str, Any]:
    """What a new definition says at first; the form asks for the rest."""
    return {kind: name}


def _place(place: Place, kind: str, name: str) -> Place:
    if kind == "source":
        return Place("sources", name, "", "settings")
    return Place(place.view, f"{kind}:{name}", "", "form")


def delete_button(opened: Opened, entry: Entry, *, shipped: bool, back: Place) -> None:
    """Offer to delete a definition, or to go back to the shipped one."""
    what = f"{entry.kind} {entry.name.replace('_', ' ')}"
    words = "As shipped" if shipped else "Delete"
    icon = ":material/restart_alt:" if shipped else ":material/delete:"
    with st.popover(words, icon=icon, type="tertiary", key=f"delete|{entry.key}"):
        if shipped:
            st.markdown(f"Lets go of all that this workspace changes of the {notices.plain(what)}.")
        else:
            st.markdown(f"Deletes the {notices.plain(what)} from `{notices.plain(entry.file)}`.")
        used = users(opened, entry) if not shipped else []
        if used:
            more = f" and {len(used) - 6} more" if len(used) > 6 else ""
            st.caption(f"Used by {notices.plain(', '.join(used[:6]))}{more}.")
        st.caption("Nothing is written before you save; Undo brings it back.")

        def delete() -> None:
            if state.edit(entry.file, lambda text: remove_document(text, entry.document)):
                go(back)

        st.button(
            "Go back to it" if shipped else "Delete it",
            type="primary",
            on_click=delete,
            key=f"delete_now|{entry.key}",
        )


def users(opened: Opened, entry: Entry) -> list[str]:
    """The workspace's other definitions that speak of this one by its name."""
    found = []
    wanted = f"{entry.name}." if entry.kind == "source" else entry.name
    for other in opened.outline.entries:
        if other.shipped or other.key == entry.key:
            continue
        if _speaks(other.content, wanted, entry.kind):
            found.append(f"{other.kind} {other.name}".replace("_", " "))
    return sorted(set(found))


def _speaks(value: Any, wanted: str, kind: str, key: str = "") -> bool:
    match value:
        case dict():
            return any(_speaks(v, wanted, kind, str(k)) for k, v in value.items())
        case list():
            return any(_speaks(v, wanted, kind, key) for v in value)
        case str() if kind == "source":
            return key in ("from", "table") and value.startswith(wanted)
        case str():
            return key in (kind, "references", "of", "instead", "group") and value == wanted
    return False
