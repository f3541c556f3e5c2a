"""Pieces that several views of the studio share: where one is, what was edited, what is there."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import streamlit as st

from dashboards import data, notices
from dashboards.studio import asking
from dashboards.studio.listing import Tone
from dashboards.studio.outline import Entry, outline
from dashboards.studio.places import Place, go
from dashboards.studio.state import Opened
from metadata.errors import Issue, UserError
from metadata.scan import Scan, ScannedTable, read_scan
from metadata.yaml_spans import Span, document_spans


def crumbs(view: str, above: str, title: str) -> None:
    """The way back to the list, and what is open."""
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="crumbs"):
        st.button(
            above,
            icon=":material/arrow_back:",
            type="tertiary",
            key=f"back_{view}",
            on_click=go,
            args=(Place(view),),
        )
        st.markdown(f"**{notices.plain(title)}**")


def tabs(names: Mapping[str, str], place: Place, *, default: str) -> str:
    """Tabs that stand in the address; the one that is open."""
    current = place.tab if place.tab in names else default
    key = f"tab|{place.view}|{place.at}"
    st.session_state[key] = current

    def changed() -> None:
        chosen = st.session_state.get(key) or default
        go(Place(place.view, place.at, place.part, "" if chosen == default else chosen))

    st.segmented_control(
        "Show",
        list(names),
        key=key,
        format_func=lambda name: names[name],
        on_change=changed,
        required=True,
        label_visibility="collapsed",
    )
    return current


def badges(opened: Opened, entry: Entry, issues: Sequence[Issue]) -> list[tuple[str, Tone, str]]:
    """Whether a definition has problems or unsaved edits."""
    found: list[tuple[str, Tone, str]] = []
    if issues:
        found.append(
            (f"{len(issues)} problem{'s' if len(issues) > 1 else ''}", "bad", issues[0].what)
        )
    saved = saved_content(opened, entry)
    if saved is None:
        found.append(("new", "calm", "Not saved yet"))
    elif saved != entry.content:
        found.append(("edited", "calm", "Not saved yet"))
    return found


def saved_content(opened: Opened, entry: Entry) -> dict[str, Any] | None:
    """What a definition says as it is saved; None where it is new."""
    text = opened.saved.get(entry.file)
    if text is None:
        return None
    if text == opened.texts.get(entry.file):
        return entry.content
    found = outline({entry.file: text}).find(entry.kind, entry.name)
    return found.content if found else None


def lines_of(text: str, document: int, path: Sequence[str | int]) -> tuple[int, int]:
    """First and last line of a place in a text, from 1; all of the document where it is not."""
    found = _entry_of(text, document, path)
    if found is None:
        return 1, text.count("\n") + 1
    start, end = found[0], found[1]
    return text.count("\n", 0, start) + 1, text.count("\n", 0, max(end, start)) + 1


def snippet(text: str, document: int | None, path: Sequence[str | int]) -> str:
    """The lines in which a place is written; empty where it is not."""
    if document is None:
        return ""
    found = _entry_of(text, document, path)
    if found is None or found[2] < len(path):
        return ""
    start = text.rfind("\n", 0, found[0]) + 1
    return textwrap.dedent(text[start : found[1]].rstrip())


def of_place(
    issues: Sequence[Issue], text: str, document: int | None, path: Sequence[str | int]
) -> list[Issue]:
    """The problems that stand within a place of a text."""
    found = _entry_of(text, document, path) if document is not None else None
    if found is None or found[2] < len(path):
        return []
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    inside = []
    for issue in issues:
        where = issue.where
        if where is None or not 0 < where.line < len(starts):
            continue
        offset = starts[where.line - 1] + max(0, (where.column or 1) - 1)
        if found[0] <= offset < max(found[1], found[0] + 1):
            inside.append(issue)
    return inside


def _entry_of(text: str, document: int, path: Sequence[str | int]) -> tuple[int, int, int] | None:
    """Start and end of the deepest part of a path that is there, and how deep that is."""
    try:
        span = _spans(text)[document]
    except Exception:
        return None
    start, depth = span.start, 0
    for step in path:
        for number, entry in enumerate(span.entries):
            if step == (number if span.kind == "sequence" else entry.name):
                start, span = entry.start, entry.value
                depth += 1
                break
        else:
            break
    return start, span.end, depth


@lru_cache(maxsize=32)
def _spans(text: str) -> tuple[Span, ...]:
    return document_spans(text)


def scan_of(source: str) -> Scan | None:
    """The newest scan of a source."""
    try:
        return read_scan(data.whole().storage, source)
    except Exception:
        # A scan that cannot be read is as good as none here; `rapport scan` tells about it.
        return None


def scanned_table(table: str) -> ScannedTable | None:
    """A table, named source.table, as it was scanned last."""
    source, _, own = table.partition(".")
    scan = scan_of(source)
    return scan.table(own) if scan else None


def columns_of_table(opened: Opened, table: str) -> list[str]:
    """The columns of a source table: as it was scanned, else as it has landed."""
    scanned = scanned_table(table)
    if scanned is not None:
        return [column.name for column in scanned.columns]
    try:
        with st.spinner("Looking at the columns that have landed …"):
            landed = asking.landed(opened, table, profile=False)
    except UserError:
        return []
    return [column.name for column in landed.columns] if landed else []


def source_columns(opened: Opened, entry: Entry) -> list[str]:
    """What a mapping may read: the columns of its table, and `join.column` of its joins."""
    found = columns_of_table(opened, str(entry.content.get("from", "")))
    joins = entry.content.get("join")
    for alias, join in joins.items() if isinstance(joins, dict) else ():
        if isinstance(join, dict):
            joined = columns_of_table(opened, str(join.get("table", "")))
            found += [f"{alias}.{name}" for name in joined]
    return found


def source_tables(opened: Opened) -> list[str]:
    """Every declared table as source.table."""
    found = []
    for entry in opened.outline.of("source"):
        tables = entry.content.get("tables")
        found += [f"{entry.name}.{name}" for name in (tables if isinstance(tables, dict) else ())]
    return found


def first_file(folder: str, name: str, opened: Opened) -> str:
    """A file name in a folder that is not taken yet."""
    wanted, number = f"{folder}/{name}.yaml", 2
    while wanted in opened.texts:
        wanted, number = f"{folder}/{name}_{number}.yaml", number + 1
    return wanted
