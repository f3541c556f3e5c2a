"""A list to search in and open things from: a small component that draws what it is told.

It never reads text as markup: the script sets `textContent` only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import streamlit as st

_FOLDER = Path(__file__).parent
_component: Any = None
Tone = Literal["good", "bad", "warn", "calm", "soft", ""]


@dataclass(frozen=True)
class Column:
    """A column of a list; `narrow` ones are left out on a phone."""

    name: str
    right: bool = False
    narrow: bool = False
    title: str = ""


@dataclass(frozen=True)
class Cell:
    """What stands in a row under one column."""

    text: str = ""
    sub: str = ""
    code: bool = False
    subcode: bool = False
    tone: Tone = ""
    title: str = ""
    badges: Sequence[tuple[str, Tone, str]] = ()
    """Text, tone and explanation of each."""
    bar: float | None = None
    """A share from 0 to 1."""
    bar_tone: Tone = ""
    tops: Sequence[tuple[str, str, float]] = ()
    """Text, count and share of each."""


@dataclass(frozen=True)
class Row:
    """A row; one with an id can be opened. A section is a heading over the rows that follow."""

    cells: Sequence[Cell] = ()
    id: str = ""
    chosen: bool = False
    section: str = ""


@dataclass(frozen=True)
class Listing:
    """A list as it is drawn."""

    label: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    search: str = ""
    """What the search field says while it is empty; no field without it."""
    empty: str = "There is nothing here yet."
    noun: tuple[str, str] = field(default=("entry", "entries"))
    height: int | None = None


def listing(shown: Listing, *, key: str, on_open: Callable[[str], None] | None = None) -> None:
    """Draw a list; `on_open` is told the id of the row that somebody opens."""
    global _component
    if _component is None or not st.runtime.exists():
        _component = st.components.v2.component(
            "rapport_listing",
            html=(_FOLDER / "listing.html").read_text(encoding="utf-8"),
            css=(_FOLDER / "listing.css").read_text(encoding="utf-8"),
            js=(_FOLDER / "listing.js").read_text(encoding="utf-8"),
        )

    def opened() -> None:
        state = st.session_state.get(key) or {}
        click = state.get("open")
        if isinstance(click, dict) and isinstance(click.get("on"), str) and on_open:
            on_open(click["on"])

    _component(key=key, data=_plain(shown), on_open_change=opened)


def _plain(shown: Listing) -> dict[str, Any]:
    return {
        "label": shown.label,
        "search": shown.search,
        "empty": shown.empty,
        "noun": list(shown.noun),
        "height": shown.height,
        "columns": [
            {"name": c.name, "right": c.right, "narrow": c.narrow, "title": c.title}
            for c in shown.columns
        ],
        "rows": [
            {"section": row.section}
            if row.section
            else {"id": row.id, "chosen": row.chosen, "cells": [_cell(each) for each in row.cells]}
            for row in shown.rows
        ],
    }


def _cell(cell: Cell) -> dict[str, Any]:
    told: dict[str, Any] = {
        "text": cell.text,
        "sub": cell.sub,
        "code": cell.code,
        "subcode": cell.subcode,
        "tone": cell.tone,
        "title": cell.title,
        "bar": cell.bar,
        "barTone": cell.bar_tone,
        "badges": [{"text": t, "tone": tone, "title": title} for t, tone, title in cell.badges],
        "tops": [{"text": t, "count": count, "share": share} for t, count, share in cell.tops],
    }
    return {name: value for name, value in told.items() if value not in ("", None, False, [])}
