"""The lineage graph in the browser: draws what it is told, reports where a person walks.

It computes no lineage and never reads text as markup: the script sets `textContent` only.
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
class Step:
    """What a person asked of the graph: `walk` to a node, or `toggle` a table."""

    walk: str | None
    toggle: str | None


def lineage_graph(data: dict[str, Any], *, key: str, on_step: Callable[[], None]) -> None:
    """Draw a graph (`dashboards.lineage_drawing` makes the data); steps are read with `step_of`."""
    global _component
    if _component is None or not st.runtime.exists():
        _component = st.components.v2.component(
            "rapport_lineage",
            html=(_FOLDER / "graph.html").read_text(encoding="utf-8"),
            css=(_FOLDER / "graph.css").read_text(encoding="utf-8"),
            js=(_FOLDER / "graph.js").read_text(encoding="utf-8"),
        )
    _component(key=key, data=data, on_walk_change=on_step, on_toggle_change=on_step)


def step_of(key: str) -> Step:
    """The step that a callback was called for."""
    state = st.session_state.get(key) or {}
    return Step(**{name: _text(state.get(name)) for name in ("walk", "toggle")})


def _text(value: object) -> str | None:
    """A step as text. Each carries a counter, so that the same node can be clicked twice."""
    if isinstance(value, dict):
        value = value.get("on")
    return value if isinstance(value, str) else None
