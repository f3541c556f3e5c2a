"""Mappings: which table fills which entity, and the rules its rows go through."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import data, notices
from dashboards.studio import creating, effect, issue_list, new_mapping, parts, state
from dashboards.studio.column_form import column_form, column_spot
from dashboards.studio.listing import Cell, Column, Listing, Row, Tone, listing
from dashboards.studio.outline import Entry
from dashboards.studio.places import Place, go
from dashboards.studio.row_form import row_form
from dashboards.studio.rule_text import listed, summary
from dashboards.studio.spots import Spot
from dashboards.studio.state import Opened
from dashboards.studio.texts import text_editor
from metadata.repository import Repository

_TABS = {"columns": "Columns", "rows": "Rows and joins", "text": "YAML"}


def view(opened: Opened, place: Place) -> None:
    """The list of mappings, or the one that is open."""
    entry = opened.outline.find("mapping", place.at) if place.at else None
    if entry is None:
        if place.at:
            st.info(f"There is no mapping `{place.at}` any more.", icon=":material/link_off:")
        _list(opened)
    else:
        _mapping(opened, place, entry)


def _list(opened: Opened) -> None:
    refused = {each.mapping: each.quarantined for each in data.workspace().operations.balances()}
    rows = []
    for entry in opened.outline.of("mapping"):
        content = entry.content
        columns = content.get("columns")
        issues = issue_list.of_entry(opened, entry)
        badges: list[tuple[str, Tone, str]] = parts.badges(opened, entry, issues)
        count = refused.get(entry.name)
        rows.append(
            Row(
                (
                    Cell(str(content.get("entity", "?")).replace("_", " "), badges=badges),
                    Cell(str(content.get("from", "?")), code=True),
                    Cell(str(len(columns)) if isinstance(columns, dict) else "0"),
                    Cell(
                        f"{count:,}" if count is not None else "–", tone="bad" if count else "soft"
                    ),
                    Cell(entry.file, tone="soft", code=True),
                ),
                entry.name,
            )
        )
    with st.container(horizontal=True, horizontal_alignment="right"):
        new_mapping.button(opened)
    listing(
        Listing(
            "Mappings",
            (
                Column("Fills"),
                Column("From"),
                Column("Columns", right=True, narrow=True),
                Column("Rows refused", right=True, title="By the latest load"),
                Column("File", narrow=True),
            ),
            rows,
            "Find an entity or a table",
            "No table is mapped yet.",
            ("mapping", "mappings"),
        ),
        key="mapping_list",
        on_open=lambda name: go(Place("mappings", name)),
    )


def _mapping(opened: Opened, place: Place, entry: Entry) -> None:
    content = entry.content
    entity, table = str(content.get("entity", "?")), str(content.get("from", "?"))
    with st.container(horizontal=True, vertical_alignment="center"):
        parts.crumbs("mappings", "Mappings", f"{entity.replace('_', ' ')} ← {table}")
        creating.delete_button(opened, entry, shipped=False, back=Place("mappings"))
    description = content.get("description") or _described(opened.repository, entity)
    if description:
        st.caption(notices.plain(str(description)))
    tab = parts.tabs(_TABS, place, default="columns")
    if tab == "text":
        text_editor(opened, entry.file, line=entry.line if entry.document else 0)
        return
    spot = Spot(entry.file, entry.document, (), content)
    if tab == "rows":
        row_form(opened, entry, spot)
        effect.rows_effect(opened, entry.name, list(_columns(content)))
        return
    _columns_tab(opened, place, entry, spot)


def _columns_tab(opened: Opened, place: Place, entry: Entry, spot: Spot) -> None:
    columns = _columns(entry.content)
    chosen = place.part if place.part in columns else next(iter(columns), "")
    left, right = st.columns([11, 13], gap="medium")
    with left:
        _column_list(opened, place, entry, columns, chosen)
        if chosen:
            column_form(opened, entry, spot, chosen)
    with right:
        if chosen:
            rule = column_spot(spot, chosen).content
            effect.column_effect(opened, entry.name, chosen, rule.get("clean"))


def _column_list(
    opened: Opened, place: Place, entry: Entry, columns: dict[str, Any], chosen: str
) -> None:
    definition = opened.repository.entities.get(str(entry.content.get("entity")))
    entity = definition.value if definition else None
    saved = parts.saved_content(opened, entry)
    before = _columns(saved) if saved else {}
    issues = issue_list.of_entry(opened, entry)
    rows = []
    for name, raw in columns.items():
        rule = raw if isinstance(raw, dict) else {"from": raw}
        badges: list[tuple[str, Tone, str]] = []
        if any(each.where and _holds(opened, entry, name, each.where.line) for each in issues):
            badges.append(("problem", "bad", "It has a problem"))
        if name not in before or before[name] != raw:
            badges.append(("edited", "calm", "Not saved yet"))
        if entity and name in entity.key:
            badges.append(("key", "soft", "Rows are told apart by it"))
        if entity and name in entity.columns and entity.columns[name].personal:
            badges.append(("personal", "warn", "Personal data, to be protected"))
        if entity and name not in entity.columns:
            badges.append(("unknown", "bad", "The entity has no such column"))
        rows.append(
            Row(
                (
                    Cell(
                        name,
                        sub=entity.columns[name].type if entity and name in entity.columns else "",
                        badges=badges,
                    ),
                    Cell(*_origin(rule)),
                    Cell(", ".join(_rules(rule)), tone="soft"),
                ),
                name,
                name == chosen,
            )
        )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        _add_column(opened, entry, columns, place)
    listing(
        Listing(
            "Columns of the mapping",
            (Column("Column"), Column("Filled from"), Column("Rules", narrow=True)),
            rows,
            "Find a column",
            "No column is filled yet.",
            ("column", "columns"),
            height=330,
        ),
        key=f"columns|{entry.key}",
        on_open=lambda name: go(Place("mappings", place.at, name, "columns")),
    )


def _add_column(opened: Opened, entry: Entry, columns: dict[str, Any], place: Place) -> None:
    definition = opened.repository.entities.get(str(entry.content.get("entity")))
    if definition is None:
        return
    free = [name for name in definition.value.columns if name not in columns]
    if not free:
        return
    key = f"add_column|{entry.key}"

    def add() -> None:
        name = st.session_state.get(key)
        st.session_state[key] = None
        if name:
            source = parts.source_columns(opened, entry)
            same = next((each for each in source if each.lower() == name.lower()), None)
            value: Any = same if same else {"value": ""}
            spot = Spot(entry.file, entry.document, (), entry.content)
            spot.at("columns").change(lambda content: {**content, name: value})
            go(Place("mappings", place.at, name, "columns"))

    types = definition.value.columns
    st.selectbox(
        "Fill another column",
        free,
        index=None,
        key=key,
        on_change=add,
        placeholder=f"Fill another column ({len(free)} are not)",
        label_visibility="collapsed",
        format_func=lambda name: f"{name} ({types[name].type})",
    )


def _columns(content: dict[str, Any]) -> dict[str, Any]:
    found = content.get("columns")
    return found if isinstance(found, dict) else {}


def _origin(rule: dict[str, Any]) -> tuple[str, str, bool]:
    """Where a value comes from, in short."""
    if rule.get("expr") is not None:
        text = " ".join(str(rule["expr"]).split())
        return (text if len(text) <= 60 else f"{text[:58]}…", "expression", True)
    if "value" in rule:
        return (f"always {rule['value']!r}" if rule["value"] != "" else "nothing yet", "", False)
    return (str(rule.get("from", "")), "", True)


def _rules(rule: dict[str, Any]) -> list[str]:
    found = [summary("clean", raw) for raw in listed(rule.get("clean"))]
    if rule.get("lookup") is not None:
        found.append("lookup" if isinstance(rule["lookup"], dict) else f"lookup {rule['lookup']}")
    found += [f"check {summary('check', raw)}" for raw in listed(rule.get("check"))]
    return found


def _holds(opened: Opened, entry: Entry, column: str, line: int) -> bool:
    first, last = parts.lines_of(opened.texts[entry.file], entry.document, ("columns", column))
    return first <= line <= last


def _described(repository: Repository, entity: str) -> str:
    found = repository.entities.get(entity)
    return found.value.description if found else ""


def discard_mapping(entry: Entry) -> None:
    """Let go of the edits of a mapping's file."""
    state.discard(entry.file)
