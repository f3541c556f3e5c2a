"""Two people changed one file: the second is told, sees both differences, and decides."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from dashboards import notices
from dashboards.studio import state
from dashboards.studio.diffs import diff_html
from dashboards.studio.drafts import DraftFile
from dashboards.studio.places import Place, go
from dashboards.wording import ago
from metadata.merging import marked, merged
from metadata.workfiles import Clash, clash_of


def clashes() -> list[Clash]:
    """Files of the draft that somebody else has changed since they were opened."""
    found = []
    for file in state.draft().files.values():
        clash = clash_of(state.root(), state.notes(), file.edit)
        if clash is not None:
            found.append(clash)
    return found


def banner(found: list[Clash], *, here: bool) -> None:
    """Tell about it wherever one is in the studio."""
    for clash in found:
        st.warning(
            f"**{_told(clash)}** You have unsaved edits in it. Nothing of either is lost.",
            icon=":material/group:",
        )
    if found and not here:
        st.button(
            "Compare and decide",
            icon=":material/compare_arrows:",
            on_click=go,
            args=(Place("changes"),),
        )


def section(found: list[Clash]) -> None:
    """Both differences side by side, and what may be done."""
    for clash in found:
        _one(clash, state.draft().files[clash.name])


def _one(clash: Clash, mine: DraftFile) -> None:
    base, theirs, own = mine.base or "", clash.now.text if clash.now else "", mine.text or ""
    with st.container(border=True, gap="small", key=f"conflict|{clash.name}"):
        st.markdown(f"#### {notices.plain(clash.name)}")
        st.markdown(_told(clash))
        left, right = st.columns(2, gap="medium")
        left.markdown(f"**What {notices.plain(clash.by) if clash.by else 'they'} changed**")
        left.html(diff_html(base, theirs))
        right.markdown("**What you changed**")
        right.html(diff_html(base, own))
        together = merged(base, own, theirs) if clash.now and mine.text is not None else None
        with st.container(horizontal=True, gap="small"):
            st.button(
                "Bring both together",
                icon=":material/merge:",
                type="primary",
                disabled=together is None,
                on_click=_put,
                args=(clash, together),
                key=f"both|{clash.name}",
                help="Your edits are made in their text. You see the result before you save it."
                if together is not None
                else "You both changed the same lines, so it is for you to"
                " say how they shall read.",
            )
            st.button(
                "Sort it out by hand",
                icon=":material/edit_note:",
                on_click=_by_hand,
                args=(clash, marked(base, own, theirs)),
                key=f"hand|{clash.name}",
                disabled=mine.text is None or clash.now is None,
                help="Their text with your edits in it; where you met, both stand between marks.",
            )
            st.button(
                "Take theirs",
                icon=":material/undo:",
                on_click=state.discard,
                args=(clash.name,),
                key=f"theirs|{clash.name}",
                help="Your edits of this file are let go of.",
            )


def _put(clash: Clash, text: str | None) -> None:
    """Go on from their state of the file with this text."""
    now = state.draft()
    base, seen = (clash.now.text, clash.now.mark) if clash.now else (None, None)
    files = {name: file for name, file in now.files.items() if name != clash.name}
    if text != base:
        files[clash.name] = DraftFile(clash.name, base, seen, text)
    state.put(now.with_files(files))


def _by_hand(clash: Clash, text: str) -> None:
    _put(clash, text)
    go(Place("files", clash.name))


def _told(clash: Clash) -> str:
    who = notices.plain(clash.by) if clash.by else "Somebody else"
    when = f" {ago(clash.at, datetime.now(UTC))}" if clash.at else ""
    how = "changed" if clash.now else "removed"
    outside = "" if clash.by else " outside the studio or without signing in"
    return f"{who} {how} {notices.plain(clash.name)}{when}{outside}."
