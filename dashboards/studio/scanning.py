"""Looking at sources from the page: a scan that goes on while one does something else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from dashboards import notices
from dashboards.studio import parts, state, tasks
from dashboards.studio.state import Opened


def button(
    opened: Opened, sources: Sequence[str], *, beside: Callable[[], None] = lambda: None
) -> None:
    """Offer to scan, `beside` something else; tell how far a scan is, and what came of it."""
    task = tasks.current(state.root(), "scan")
    if task is not None and task.running:
        _progress()
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
        beside()
        unsaved = [name for name in sources if not _is_saved(opened, name)]
        sources = [name for name in sources if name not in unsaved]
        if unsaved:
            more = f" and {len(unsaved) - 3} more" if len(unsaved) > 3 else ""
            st.caption(f"Save {notices.plain(', '.join(unsaved[:3]))}{more} to scan it.")
        what = "Scan all sources" if len(sources) > 1 else "Scan this source"
        st.button(
            what,
            icon=":material/radar:",
            key=f"scan|{'|'.join(sources[:2])}|{len(sources)}",
            disabled=not sources,
            on_click=_start,
            args=(list(sources),),
            help="Looks at tables, columns and samples of their values. Nothing is loaded.",
        )
    if task is not None and (not task.about or set(task.about) & {*sources, *unsaved}):
        _ended(task)


def _is_saved(opened: Opened, source: str) -> bool:
    """Whether a source is described by a saved file; a scan goes by those."""
    entry = opened.outline.find("source", source)
    return entry is not None and parts.saved_content(opened, entry) is not None


def _start(sources: list[str]) -> None:
    tasks.start(state.root(), "scan", state.user(), {"sources": sources}, about=sources)


@st.fragment(run_every=1)
def _progress() -> None:
    task = tasks.current(state.root(), "scan")
    if task is None or not task.running:
        st.rerun(scope="app")
    assert task is not None
    total, done = len(task.about), len(task.progress)
    by = f" by {task.by}" if task.by else ""
    last = f" · {task.progress[-1].get('source', '')}" if task.progress else ""
    st.progress(
        min(1.0, done / max(total, 1)),
        f"Scanning{notices.plain(by)}: {done} of {total} sources{notices.plain(last)}",
    )


def _ended(task: tasks.Task) -> None:
    def close() -> None:
        tasks.forget(state.root(), "scan")

    told: list[dict[str, Any]] = task.progress
    failed = [each for each in told if not each.get("tables") and each.get("issues")]
    read = len(told) - len(failed)
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                "**The scan has failed.**"
                if task.issues or (failed and not read)
                else f"Scanned {read} of {len(task.about)} sources in {task.seconds:.0f} s."
            )
            st.button("Close", icon=":material/close:", type="tertiary", on_click=close)
        notices.problems(task.issues)
        for each in failed[:5]:
            st.warning(
                f"**{notices.plain(str(each['source']))}**: "
                f"{notices.plain(str(each['issues'][0]['what']))}  \n"
                f"{notices.plain(str(each['issues'][0].get('why', '')))}"
            )
