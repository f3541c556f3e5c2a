"""Problems of what is edited, beside the place they belong to."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboards import notices
from dashboards.studio.outline import Entry
from dashboards.studio.places import Place, go
from dashboards.studio.state import Opened
from metadata.errors import Issue


def of_file(opened: Opened, file: str) -> list[Issue]:
    """The problems in a file."""
    return [each for each in opened.checked.issues if each.where and each.where.file == file]


def of_entry(opened: Opened, entry: Entry) -> list[Issue]:
    """The problems in one definition: from its first line to the next definition's."""
    later = [
        other.line
        for other in opened.outline.entries
        if other.file == entry.file and other.document > entry.document
    ]
    end = min(later) if later else 10**9
    return [
        each
        for each in of_file(opened, entry.file)
        if each.where and entry.line <= each.where.line < end
    ]


def of_lines(issues: Sequence[Issue], first: int, last: int) -> list[Issue]:
    """The problems between two lines, both included."""
    return [each for each in issues if each.where and first <= each.where.line <= last]


def short(issues: Sequence[Issue], most: int = 4) -> None:
    """Problems in few words, each with its line."""
    for issue in issues[:most]:
        line = f" Line {issue.where.line}." if issue.where and issue.where.line else ""
        rest = " ".join(part for part in (issue.why, issue.fix) if part)
        st.error(
            f"{notices.plain(issue.what)}{line}  \n{notices.plain(rest)}".strip(),
            icon=":material/error_outline:",
        )
    if len(issues) > most:
        st.caption(f"And {len(issues) - most} more.")


def overview(opened: Opened) -> None:
    """All problems of the edited workspace, each leading to its place."""
    issues = opened.checked.issues
    if not issues:
        st.success(
            "No problems: what is edited could be saved and loaded.", icon=":material/check_circle:"
        )
        return
    word = "problem" if len(issues) == 1 else "problems"
    st.markdown(f"**{len(issues)} {word} to mend before this can be applied**")
    for number, issue in enumerate(issues[:20]):
        with st.container(border=True, gap="xsmall", key=f"issue_{number}"):
            st.markdown(f"**{notices.plain(issue.what)}**")
            rest = " ".join(part for part in (issue.why, issue.fix) if part)
            if rest:
                st.caption(notices.plain(rest))
            if issue.where and issue.where.file in opened.texts:
                st.button(
                    str(issue.where),
                    icon=":material/edit_note:",
                    key=f"issue_{number}_go",
                    type="tertiary",
                    on_click=go,
                    args=(Place("files", issue.where.file, str(issue.where.line or "")),),
                )
            elif issue.where:
                st.caption(f"`{issue.where}`")
    if len(issues) > 20:
        st.caption(f"And {len(issues) - 20} more.")
