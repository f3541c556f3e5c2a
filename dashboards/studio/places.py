"""Where one is in the studio: it stands in the address, so that a link leads there."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

VIEWS = (
    "sources", "mappings", "lookups", "model", "cubes", "policies", "settings", "files", "changes",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A view of the studio and what is open in it."""

    view: str = "mappings"
    at: str = ""
    """The definition that is open; empty shows the list."""
    part: str = ""
    """A table of a source, a column of a mapping, an attribute, a measure."""
    tab: str = ""


def here() -> Place:
    """The place in the address."""
    given = {name: st.query_params.get(name, "") for name in ("view", "at", "part", "tab")}
    view = given["view"] if given["view"] in VIEWS else "mappings"
    return Place(view, given["at"], given["part"], given["tab"])


def go(place: Place) -> None:
    """Put a place into the address; the page draws what stands there."""
    told = {"view": place.view, "at": place.at, "part": place.part, "tab": place.tab}
    for name, value in told.items():
        if value:
            st.query_params[name] = value
        elif name in st.query_params:
            del st.query_params[name]
