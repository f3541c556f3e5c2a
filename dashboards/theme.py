"""Settings of the pages: `.streamlit/config.toml` beside them, and a little style of our own.

Users run from any folder, so the settings are read here and given to Streamlit directly; a
`.streamlit` folder that happens to lie in the working directory changes nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit import config

FOLDER = Path(__file__).parent
SETTINGS = FOLDER / ".streamlit" / "config.toml"
STYLE = FOLDER / "style.css"
LOGO = FOLDER / "logo.svg"


def settings() -> dict[str, Any]:
    """Every setting by its dotted name.

    >>> settings()["browser.gatherUsageStats"]
    False
    """
    return dict(_flat(tomllib.loads(SETTINGS.read_text(encoding="utf-8")), ""))


def apply_settings(**more: Any) -> None:
    """Give the settings to Streamlit, before its first page is asked for."""
    for name, value in {**settings(), **more}.items():
        config.set_option(name, value)


def dress() -> None:
    """Put our style on the page."""
    st.html(STYLE)


def _flat(table: dict[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value
