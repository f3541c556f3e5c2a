"""The pivot grid: a small component that draws what it is told and reports what was clicked.

It never computes a figure and never reads text as markup: the script sets `textContent` only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent
_component: Any = None


@dataclass(frozen=True)
class Click:
    """What a person asked of the grid: `toggle` or `drill` with a row's id, `sort` a measure."""

    toggle: str | None
    drill: str | None
    sort: str | None


def pivot(data: dict[str, Any], *, key: str, on_click: Callable[[], None]) -> None:
    """Draw a grid (`dashboards.pivot_grid` makes the data); clicks are read with `click_of`."""
    global _component
    if _component is None or not st.runtime.exists():
        _component = st.components.v2.component(
            "rapport_pivot",
            html=(_FOLDER / "pivot.html").read_text(encoding="utf-8"),
            css=(_FOLDER / "pivot.css").read_text(encoding="utf-8"),
            js=(_FOLDER / "pivot.js").read_text(encoding="utf-8"),
        )
    _component(
        key=key,
        data=data,
        on_toggle_change=on_click,
        on_drill_change=on_click,
        on_sort_change=on_click,
    )


def click_of(key: str) -> Click:
    """The click that a callback was called for."""
    state = st.session_state.get(key) or {}
    return Click(**{name: _text(state.get(name)) for name in ("toggle", "drill", "sort")})


def _text(value: object) -> str | None:
    """A click as text. Each carries a counter, so that the same row can be clicked twice."""
    if isinstance(value, dict):
        value = value.get("on")
    return value if isinstance(value, str) else None
