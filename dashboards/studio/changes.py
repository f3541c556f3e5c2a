"""What is edited, what follows from it, and the two buttons that make it so: Save and Apply."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import notices
from dashboards.studio import applying, conflict, issue_list, plan_view, state
from dashboards.studio.diffs import counts, diff_html
from dashboards.studio.drafts import DraftFile
from dashboards.studio.places import Place, go
from dashboards.studio.state import Opened
from metadata.errors import Issue, UserError
from metadata.workfiles import Clash, SaveConflict, save

PLAN_SECONDS = 120.0
_PLAN = "studio_plan"


def view(opened: Opened, clashes: list[Clash]) -> None:
    """Draw the changes."""
    if applying.running():
        applying.progress()
        return
    applying.outcome()
    files = list(state.draft().files.values())
    if clashes:
        st.subheader("Somebody else changed what you are changing", anchor=False)
        conflict.section(clashes)
    st.subheader("What you edited", anchor=False)
    if not files:
        st.caption(
            "You have no unsaved edits. The plan below compares the saved files with what"
            " is applied."
        )
    for file in files:
        _file(file, opened)
    issue_list.overview(opened)
    st.subheader("What follows from it", anchor=False)
    plan = _plan(opened)
    _decide(opened, plan, files, clashes)


def _file(file: DraftFile, opened: Opened) -> None:
    base, text = file.base or "", file.text or ""
    added, taken = counts(base, text)
    what = (
        "new file"
        if file.base is None
        else "removed"
        if file.text is None
        else (f"+{added} −{taken} lines")
    )
    with st.expander(f"`{file.name}` · {what}", expanded=True, key=f"diff|{file.name}"):
        st.html(diff_html(base, text))
        with st.container(horizontal=True, gap="small"):
            if file.text is not None:
                st.button(
                    "Open",
                    icon=":material/edit_note:",
                    key=f"open|{file.name}",
                    type="tertiary",
                    on_click=go,
                    args=(Place("files", file.name),),
                )
            st.button(
                "Let go of these edits",
                icon=":material/undo:",
                key=f"drop|{file.name}",
                type="tertiary",
                on_click=state.discard,
                args=(file.name,),
            )


def _plan(opened: Opened) -> dict[str, Any] | None:
    """The plan of exactly these texts, when somebody has asked for it."""
    if opened.checked.issues:
        st.caption("The plan can be shown once there are no more problems.")
        return None
    digest = state.digest_of(opened.texts)
    kept = st.session_state.get(_PLAN)
    current = kept[1] if kept and kept[0] == (digest, _in_force()) else None
    if current is None:
        if kept:
            st.caption("You have edited something since the plan was shown.")
        if st.button("Show the plan", icon=":material/account_tree:", type="primary"):
            current = _asked(digest)
            if current is not None:
                st.rerun()
    if current is None:
        st.caption(
            "What will be added, changed and removed; which tables are made again and which"
            " are not; and which figures depend on it."
        )
        return None
    plan_view.plan(current)
    if current["changes"] and current["base"] is not None:
        plan_view.impact(opened, digest, current)
    return current


def _asked(digest: str) -> dict[str, Any] | None:
    try:
        with st.spinner("Comparing with what is applied …"):
            told: dict[str, Any] = state.bench().ask(
                "plan", {"edited": state.draft().texts}, seconds=PLAN_SECONDS
            )
    except UserError as error:
        notices.problems(error.issues)
        return None
    st.session_state[_PLAN] = ((digest, _in_force()), told)
    return told


def _in_force() -> int:
    """The number of the applied state, so that a plan made against another one is not shown."""
    return applying.number_in_force()


def _decide(
    opened: Opened, plan: dict[str, Any] | None, files: list[DraftFile], clashes: list[Clash]
) -> None:
    """Save and Apply."""
    issues = opened.checked.issues
    with st.container(border=True, gap="small", key="decide"):
        anyway = True
        if issues and files:
            anyway = st.checkbox(
                "Save although there are problems. Loads stop until they are mended.",
                key="save_anyway",
            )
        reason = st.text_input(
            "Why it is changed",
            key="apply_reason",
            placeholder="In your words; kept with the applied state",
            max_chars=300,
        )
        to_do = plan is not None and bool(
            plan["changes"] or plan["words_only"] or plan["base"] is None
        )
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.button(
                "Save",
                icon=":material/save:",
                on_click=_save,
                disabled=not files or bool(clashes) or not anyway,
                key="save",
                help=_about_saving(opened),
            )
            st.button(
                "Save and apply" if files else "Apply",
                icon=":material/published_with_changes:",
                type="primary",
                key="apply",
                on_click=_apply,
                args=(plan, reason),
                disabled=not to_do or bool(issues) or bool(clashes),
                help="Does what the plan shows, all at once; `rapport rollback` undoes it.",
            )
        st.caption(_advice(plan, files, bool(issues), bool(clashes), to_do))


def _about_saving(opened: Opened) -> str:
    if opened.repository.workspace.apply == "reviewed":
        return "Writes the files, and nothing else: what they change waits to be applied."
    return (
        "Writes the files, and nothing else. The next load applies what they change by itself,"
        " unless something that may be in use would go."
    )


def _advice(
    plan: dict[str, Any] | None, files: list[DraftFile], issues: bool, clashes: bool, to_do: bool
) -> str:
    if clashes:
        return "Decide about the file that somebody else has changed first."
    if issues:
        return "What has problems cannot be applied."
    if plan is None:
        return "Applying is possible once the plan has been shown."
    if not to_do:
        return "There is nothing to apply: the files define what is applied already."
    return (
        "Nothing is written before you press one of the two."
        if files
        else ("The files are saved; applying makes the warehouse follow them.")
    )


def _save() -> bool:
    """Write the draft's files; on a conflict nothing is written and the page shows both sides."""
    draft = state.draft()
    edits = [file.edit for file in draft.files.values()]
    try:
        save(state.root(), state.notes(), edits, state.user())
    except SaveConflict as clash:
        state.flash(*clash.issues)
        return False
    except UserError as error:
        state.flash(*error.issues)
        return False
    state.saved()
    count = len(edits)
    st.toast(f"Saved {count} file{'s' if count > 1 else ''}.", icon=":material/save:")
    return True


def _apply(plan: dict[str, Any], reason: str) -> None:
    if state.draft().files and not _save():
        return
    if not applying.start(plan, reason):
        state.flash(
            Issue(
                "Another change is being applied already.",
                None,
                "",
                "Wait until it has ended, then look at the plan again.",
            )
        )
    st.session_state.pop(_PLAN, None)
