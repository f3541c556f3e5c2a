"""The text of a definition's file, edited as it is: the other way into the same draft."""

from __future__ import annotations

import difflib

import streamlit as st

from dashboards.studio import issue_list, state
from dashboards.studio.editor import yaml_editor
from dashboards.studio.state import Opened

SECRET_FILES = ("workspace.yaml",)
"""Not shown as text: they hold what signs people in."""


def text_editor(
    opened: Opened, file: str, *, line: int = 0, height: int = 560, told: bool = True
) -> None:
    """Edit a file as text, with its problems beside their lines, and `told` below it."""
    text = opened.texts.get(file, "")
    windows = "\r\n" in text
    plain = text.replace("\r\n", "\n")
    saved = (opened.saved.get(file) or "").replace("\r\n", "\n")
    issues = issue_list.of_file(opened, file)

    def edited(entered: str) -> None:
        told = entered.replace("\r\n", "\n")
        state.edit(file, lambda _: told.replace("\n", "\r\n") if windows else told)

    marks = [
        (each.where.line, " ".join(part for part in (each.what, each.why, each.fix) if part))
        for each in issues
        if each.where
    ]
    yaml_editor(
        plain,
        key=f"yaml|{file}",
        file=file,
        issues=marks,
        changed=changed_lines(saved, plain),
        line=line,
        height=height,
        on_edit=edited,
    )
    if issues and told:
        issue_list.short(issues)
    elif not issues:
        st.caption(":material/check: No problems in this file.")


def changed_lines(before: str, after: str) -> list[int]:
    """Lines of a text, from 1, that differ from what it was."""
    matcher = difflib.SequenceMatcher(None, before.split("\n"), after.split("\n"), autojunk=False)
    found: list[int] = []
    for kind, _, _, start, end in matcher.get_opcodes():
        if kind in ("replace", "insert"):
            found.extend(range(start + 1, end + 1))
    return found
