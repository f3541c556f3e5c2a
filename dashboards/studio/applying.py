"""Applying from the page: it goes on when the page is closed, and everybody sees how far it is."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import data, notices
from dashboards.studio import state, tasks
from metadata.applied import state_in_force

_APPLY = "apply"


def number_in_force() -> int:
    """The number of the applied state; 0 before the first."""
    found = state_in_force(data.whole().storage)
    return found.number if found else 0


def running() -> bool:
    """Whether something is being applied now."""
    task = tasks.current(state.root(), _APPLY)
    return task is not None and task.running


def start(plan: dict[str, Any], reason: str) -> bool:
    """Apply the saved files as a plan said; False where something is being applied already."""
    if running():
        return False
    params = {"digest": plan["digest"], "base": plan["base"], "by": state.user(), "reason": reason}
    tasks.start(state.root(), _APPLY, state.user(), params, about=reason)
    return True


@st.fragment(run_every=1)
def progress() -> None:
    """How far it is."""
    task = tasks.current(state.root(), _APPLY)
    if task is None or not task.running:
        st.rerun(scope="app")
    assert task is not None
    told = task.progress[-1] if task.progress else {}
    done, total = told.get("done", 0), told.get("total", 0)
    by = f" by {task.by}" if task.by else ""
    st.subheader(f"Applying{notices.plain(by)} …", anchor=False)
    steps = f"{done} of {total} steps · " if total else ""
    st.progress(
        min(1.0, done / total) if total else 0.0,
        notices.plain(f"{told.get('name', 'Getting ready')} · {steps}{task.seconds:.0f} s"),
    )
    st.caption(
        "It goes on if you leave this page. Readers see the old figures until it is done,"
        " then all of the new ones at once."
    )


def outcome() -> None:
    """What came of the last one."""
    task = tasks.current(state.root(), _APPLY)
    if task is None or task.running:
        return

    def close() -> None:
        tasks.forget(state.root(), _APPLY)

    if task.issues:
        st.error(
            "**Nothing was applied; readers see what they saw before.**", icon=":material/error:"
        )
        notices.problems(task.issues)
    else:
        result = task.result or {}
        again = result.get("rebuilt", ())
        st.success(
            f"**Applied as state {result.get('state')}** in {task.seconds:.0f} s:"
            f" {len(again)} tables made again, version {result.get('version')} is shown now."
            " `rapport rollback` undoes it.",
            icon=":material/check_circle:",
        )
    st.button("Close", icon=":material/close:", type="tertiary", on_click=close, key="apply_close")
