"""An editor for YAML: numbered lines, colours, problems beside their lines, told while one types.

The script sets `textContent` only, so that no text is read as markup.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import streamlit as st

_FOLDER = Path(__file__).parent
_component: Any = None


def yaml_editor(
    text: str,
    *,
    key: str,
    file: str,
    issues: Sequence[tuple[int, str]] = (),
    changed: Sequence[int] = (),
    readonly: bool = False,
    line: int = 0,
    height: int = 520,
    mode: Literal["yaml", "sql"] = "yaml",
    label: str = "",
    on_edit: Callable[[str], None] | None = None,
) -> None:
    """Draw the editor.

    Args:
        text: what it holds, as the page knows it.
        key: of the widget.
        file: what is edited; another file starts anew.
        issues: line and message of each problem.
        changed: lines that differ from what is saved.
        readonly: whether it is only to be read.
        line: line to be shown first.
        height: in pixels.
        mode: YAML in numbered lines, or a SQL expression in a field.
        label: what a screen reader calls it.
        on_edit: told the new text.
    """
    global _component
    if _component is None or not st.runtime.exists():
        _component = st.components.v2.component(
            "rapport_editor",
            html=(_FOLDER / "editor.html").read_text(encoding="utf-8"),
            css=(_FOLDER / "editor.css").read_text(encoding="utf-8"),
            js=(_FOLDER / "editor.js").read_text(encoding="utf-8"),
        )
    seen = f"{key}_seen"

    def edited() -> None:
        state = st.session_state.get(key) or {}
        told = state.get("edit")
        if isinstance(told, dict) and isinstance(told.get("on"), str) and on_edit:
            st.session_state[seen] = told.get("n", 0)
            on_edit(told["on"])

    _component(
        key=key,
        data={
            "text": text,
            "file": file,
            "readonly": readonly,
            "mode": mode,
            "line": line,
            "height": height,
            "label": label or f"Text of {file}",
            "seen": st.session_state.get(seen, 0),
            "issues": [{"line": at, "text": what} for at, what in issues],
            "changed": list(changed),
            "hint": "Only to be read."
            if readonly
            else "Checked while you type. Esc, then Tab leaves the editor.",
        },
        on_edit_change=edited,
    )
