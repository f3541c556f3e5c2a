"""The studio page: where one is, what is edited, and the view that is open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from dashboards import data, notices
from dashboards.studio import (
    changes,
    conflict,
    definitions,
    files,
    lookups,
    mappings,
    sources,
    state,
)
from dashboards.studio.drafts import Draft
from dashboards.studio.places import Place, go, here
from dashboards.studio.state import Opened
from dashboards.theme import FOLDER
from dashboards.wording import ago
from metadata.workfiles import Clash

_VIEWS = {
    "sources": "Sources",
    "mappings": "Mappings",
    "lookups": "Lookups",
    "model": "Model",
    "cubes": "Cubes",
    "policies": "Policies",
    "settings": "Settings",
    "files": "Files",
    "changes": "Changes",
}
_RECENT = timedelta(hours=8)


def page() -> None:
    """Draw the studio."""
    if not data.may_edit(state.user()):
        st.error("The studio is for people with the role engineer.", icon=":material/lock:")
        return
    st.html(FOLDER / "studio" / "studio.css")
    if st.runtime.exists():
        state.bench().warm_up()
    opened = state.opened()
    place = here()
    found = conflict.clashes()
    _head(opened, place)
    for issue in state.flashed():
        notices.problems([issue])
    conflict.banner(found, here=place.view == "changes")
    if place.view != "changes":
        _left_behind()
        _broken(opened, place)
    _first_steps(opened, place)
    with notices.contained("This view"):
        _view(opened, place, found)


def _view(opened: Opened, place: Place, found: list[Clash]) -> None:
    match place.view:
        case "sources":
            sources.view(opened, place)
        case "lookups":
            lookups.view(opened, place)
        case "model":
            definitions.model_view(opened, place)
        case "cubes":
            definitions.cubes_view(opened, place)
        case "policies":
            definitions.policies_view(opened, place)
        case "settings":
            definitions.settings_view(opened, place)
        case "files":
            files.view(opened, place)
        case "changes":
            changes.view(opened, found)
        case _:
            mappings.view(opened, place)


def _head(opened: Opened, place: Place) -> None:
    edited = len(state.draft().files)
    with st.container(horizontal=True, vertical_alignment="bottom", key="studio_head"):
        with st.container(gap=None):
            st.title("Studio", anchor=False)
            if not place.at:
                st.html(
                    '<p class="rapport-lead">How sources become the warehouse. Nothing is written'
                    " before you save it, nothing loaded before you apply it.</p>"
                )
        with st.container(
            horizontal=True,
            horizontal_alignment="right",
            gap="xsmall",
            vertical_alignment="center",
            width="content",
        ):
            st.button(
                "",
                icon=":material/undo:",
                help="Undo",
                on_click=state.undo,
                key="undo",
                disabled=not state.can_undo(),
            )
            st.button(
                "",
                icon=":material/redo:",
                help="Redo",
                on_click=state.redo,
                key="redo",
                disabled=not state.can_redo(),
            )
            words = f"{edited} file{'s' if edited != 1 else ''} edited · Review"
            st.button(
                words if edited else "Plan",
                icon=":material/rate_review:",
                key="review",
                type="primary" if edited else "secondary",
                on_click=go,
                args=(Place("changes"),),
            )
    key = "studio_view"
    st.session_state[key] = place.view

    def changed() -> None:
        go(Place(st.session_state.get(key) or "mappings"))

    problems = len(opened.checked.issues)

    def named(view: str) -> str:
        if view == "changes" and problems:
            return f"{_VIEWS[view]} :red[({problems})]"
        return f"{_VIEWS[view]} ({edited})" if view == "changes" and edited else _VIEWS[view]

    st.segmented_control(
        "View",
        list(_VIEWS),
        key=key,
        format_func=named,
        on_change=changed,
        required=True,
        label_visibility="collapsed",
    )


def _broken(opened: Opened, place: Place) -> None:
    """Files that are no YAML: what they define is in no form."""
    for name, issues in opened.outline.broken.items():
        if place.view == "files" and place.at == name:
            continue
        issue = issues[0]
        line = issue.where.line if issue.where else 0
        with st.container(
            border=True, horizontal=True, vertical_alignment="center", key=f"broken|{name}"
        ):
            st.markdown(
                f":red[:material/error_outline: **{notices.plain(name)} is not valid YAML**"
                f"{f', line {line}' if line else ''}.] Its definitions are missing here."
                f" {notices.plain(issue.why)}"
            )
            st.button(
                "Mend it",
                icon=":material/edit_note:",
                on_click=go,
                args=(Place("files", name, str(line or "")),),
                key=f"mend|{name}",
            )


def _first_steps(opened: Opened, place: Place) -> None:
    """What to do in a workspace that reads nothing yet."""
    if opened.outline.of("source") or place.at or place.view not in ("sources", "mappings"):
        return
    with st.container(border=True, gap="small", key="first_steps"):
        st.markdown("### :material/flag: This workspace reads nothing yet")
        st.markdown(
            "1. **Describe a source**: a database URL, or a folder of CSV, Parquet, Excel or JSON"
            " files.\n"
            "2. **Save and scan it**: its tables, columns and values are looked at; nothing is"
            " loaded.\n"
            "3. **Map its tables**: drafts come from the scan, with reasons; you correct them on"
            " real rows."
        )
        if place.view != "sources":
            st.button(
                "Describe a source",
                icon=":material/add:",
                type="primary",
                on_click=go,
                args=(Place("sources"),),
            )


def _left_behind() -> None:
    """Edits that were left without being saved, and others at work on the same files."""
    mine = state.draft()
    now = datetime.now(UTC)
    for other in state.drafts().others(mine.number):
        if other.owner == state.user() and not mine.files:
            _go_on(other, now)
            break
        shared = sorted(set(other.files) & set(mine.files))
        recent = other.changed_at is not None and now - other.changed_at < _RECENT
        if shared and recent and other.changed_at:
            who = notices.plain(other.owner) if other.owner else "Another window"
            st.info(
                f"{who} also has unsaved edits in {notices.plain(', '.join(shared))}"
                f" ({ago(other.changed_at, now)}).",
                icon=":material/group:",
            )


def _go_on(left: Draft, now: datetime) -> None:
    names = ", ".join(sorted(left.files))
    when = ago(left.changed_at, now) if left.changed_at else ""

    def forget() -> None:
        state.drafts().forget(left.number)

    with st.container(border=True, horizontal=True, vertical_alignment="center", key="left_behind"):
        st.markdown(f":material/history: Unsaved edits from {when}: {notices.plain(names)}")
        st.button("Go on with them", on_click=state.take_up, args=(left,), key="go_on")
        st.button("Let go of them", type="tertiary", on_click=forget, key="let_go")
