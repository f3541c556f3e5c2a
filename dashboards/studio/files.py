"""Every definition file as text, for what no form offers."""

from __future__ import annotations

import streamlit as st

from dashboards.studio import issue_list, parts
from dashboards.studio.concealing import holds_secret
from dashboards.studio.listing import Cell, Column, Listing, Row, Tone, listing
from dashboards.studio.places import Place, go
from dashboards.studio.sources import secret_notice
from dashboards.studio.state import Opened
from dashboards.studio.texts import text_editor


def view(opened: Opened, place: Place) -> None:
    """The list of files, or the one that is open."""
    if place.at and place.at in opened.texts:
        parts.crumbs("files", "Files", place.at)
        if holds_secret(opened.texts[place.at]):
            secret_notice(place.at)
            issue_list.short(issue_list.of_file(opened, place.at))
            return
        line = int(place.part) if place.part.isdigit() else 0
        text_editor(opened, place.at, line=line, height=640)
        return
    if place.at:
        st.info(f"There is no file `{place.at}` any more.", icon=":material/link_off:")
    rows = []
    for name in opened.texts:
        issues = issue_list.of_file(opened, name)
        badges: list[tuple[str, Tone, str]] = []
        if issues:
            word = "problem" if len(issues) == 1 else "problems"
            badges.append((f"{len(issues)} {word}", "bad", issues[0].what))
        if opened.saved.get(name) != opened.texts[name]:
            badges.append(("edited" if name in opened.saved else "new", "calm", "Not saved yet"))
        holds = [f"{e.kind} {e.name}" for e in opened.outline.entries if e.file == name]
        shown = ", ".join(holds[:4]) + (f" and {len(holds) - 4} more" if len(holds) > 4 else "")
        lines = opened.texts[name].count("\n")
        rows.append(
            Row((Cell(name, badges=badges), Cell(shown, tone="soft"), Cell(f"{lines:,}")), name)
        )
    listing(
        Listing(
            "Files",
            (Column("File"), Column("Defines", narrow=True), Column("Lines", right=True)),
            rows,
            "Find a file",
            "There are no files.",
            ("file", "files"),
        ),
        key="file_list",
        on_open=lambda name: go(Place("files", name)),
    )
