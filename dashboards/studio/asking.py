"""What pages ask of the workbench, remembered as long as nothing has changed."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import data
from dashboards.studio import state
from dashboards.studio.client import GONE, WorkbenchError
from dashboards.studio.state import Opened, digest_of
from metadata.workbench import LandedTable, Preview

_KEPT = "studio_answers"
_MOST_KEPT = 40
PREVIEW_SECONDS = 20.0
_PATIENCE = PREVIEW_SECONDS + 10


def preview(
    opened: Opened,
    mapping: str,
    column: str | None,
    *,
    only: tuple[str, ...] = (),
    limit: int = 40,
    sql: bool = False,
) -> Preview:
    """A mapping tried on landed rows, as it is saved and as it is edited.

    Raises:
        WorkbenchError: it cannot be tried, and why.
    """
    params = {
        "mapping": mapping,
        "column": column,
        "only": list(only),
        "limit": limit,
        "sql": sql,
        "seconds": PREVIEW_SECONDS,
    }
    told = _asked("preview", params, opened)
    return Preview.model_validate(told)


def landed(opened: Opened, table: str, *, profile: bool = True) -> LandedTable | None:
    """What the landing zone holds of a table.

    Raises:
        WorkbenchError: it could not be looked at.
    """
    told = _asked("landed", {"table": table, "profile": profile}, opened, of=table)
    return LandedTable.model_validate(told) if told is not None else None


def _asked(method: str, params: dict[str, Any], opened: Opened, of: str = "") -> Any:
    """Ask, unless the same was asked of the same texts and the same rows."""
    # What has landed of a table does not depend on what is edited elsewhere.
    texts = of or digest_of(opened.texts) + digest_of(opened.saved)
    key = repr((method, params, texts, _rows_state()))
    kept: dict[str, Any] = st.session_state.setdefault(_KEPT, {})
    if key not in kept:
        told = {**params, "edited": state.draft().texts}
        topic = f"{state.draft().number}:{method}:{params.get('column')}"
        try:
            answer = state.bench().ask(method, told, seconds=_PATIENCE, topic=topic)
        except WorkbenchError as error:
            if GONE not in error.issues:
                raise
            # Nothing is lost by asking once more: the process only looks at rows.
            answer = state.bench().ask(method, told, seconds=_PATIENCE, topic=topic)
        while len(kept) >= _MOST_KEPT:
            kept.pop(next(iter(kept)))
        kept[key] = answer
    return kept[key]


def _rows_state() -> str:
    """Changes when rows have landed."""
    runs = data.workspace().operations.runs(1)
    return f"{runs[0].run}:{runs[0].status}" if runs else ""
