"""The model and the cubes: what is shipped, what the workspace adds, and forms for both."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import notices
from dashboards.studio import (
    cube_forms,
    issue_list,
    model_forms,
    parts,
)
from dashboards.studio.items import Items, items_editor
from dashboards.studio.listing import Cell, Column, Listing, Row, Tone, listing
from dashboards.studio.outline import Entry, Kind
from dashboards.studio.places import Place, go
from dashboards.studio.spots import Spot
from dashboards.studio.state import Opened
from dashboards.studio.texts import text_editor
from metadata.loader import shipped_texts
from metadata.yaml_spans import document_spans, line_start

_MODEL: tuple[tuple[Kind, str], ...] = (
    ("dimension", "Dimensions: who, what, where, when"),
    ("fact", "Facts: what happened, or how things stood"),
    ("entity", "Entities: cleansed rows, one for each thing"),
    ("bridge", "Bridges: many for one"),
)


def model_view(opened: Opened, place: Place) -> None:
    """Dimensions, facts, entities and bridges, or the one that is open."""
    _view(opened, place, _MODEL)


def cubes_view(opened: Opened, place: Place) -> None:
    """Cubes, or the one that is open."""
    _view(opened, place, (("cube", "Cubes: the figures analysts see"),))


def _view(opened: Opened, place: Place, kinds: tuple[tuple[Kind, str], ...]) -> None:
    kind, _, name = place.at.partition(":")
    known = next((each for each, _ in kinds if each == kind), None)
    if known is None or name not in opened.outline.names(known):
        if place.at:
            st.info(f"There is no `{place.at}` any more.", icon=":material/link_off:")
        _list(opened, place, kinds)
        return
    _definition(opened, place, known, name)


def _list(opened: Opened, place: Place, kinds: tuple[tuple[Kind, str], ...]) -> None:
    rows = []
    for kind, title in kinds:
        names = opened.outline.names(kind)
        if names and len(kinds) > 1:
            rows.append(Row(section=title))
        for name in names:
            rows.append(_row(opened, kind, name))
    listing(
        Listing(
            "Definitions",
            (
                Column("Name"),
                Column("What it is"),
                Column("In use", narrow=True),
                Column("Holds", narrow=True),
            ),
            rows,
            "Find a definition",
            "Nothing is defined.",
            ("definition", "definitions"),
        ),
        key=f"definitions|{place.view}",
        on_open=lambda key: go(Place(place.view, key)),
    )


def _row(opened: Opened, kind: Kind, name: str) -> Row:
    own = opened.outline.find(kind, name)
    shipped = opened.outline.shipped(kind, name)
    content = opened.outline.effective(kind, name)
    badges: list[tuple[str, Tone, str]] = []
    if own is not None:
        badges = parts.badges(opened, own, issue_list.of_entry(opened, own))
    if own is not None and shipped is not None:
        badges.append(("extended here", "calm", own.file))
    elif own is not None:
        badges.append(("own", "calm", own.file))
    absent = opened.repository.absent.get(f"{kind} {name}", "")
    label = str(content.get("label") or name.replace("_", " "))
    return Row(
        (
            Cell(label, sub=name if label.lower() != name.replace("_", " ") else "", badges=badges),
            Cell(str(content.get("description", ""))),
            Cell("not loaded", tone="soft", title=absent)
            if absent
            else Cell("yes", tone="good")
            if _is_bound(opened, kind, name)
            else Cell("–", tone="soft"),
            Cell(_holds(content), tone="soft"),
        ),
        f"{kind}:{name}",
    )


def _is_bound(opened: Opened, kind: Kind, name: str) -> bool:
    repository = opened.repository
    match kind:
        case "entity":
            return name in repository.mapped_entities
        case "dimension":
            return name in repository.dimensions
        case "fact":
            return name in repository.facts
        case "bridge":
            return name in repository.bridges
        case "cube":
            return name in repository.cubes
    return False


_HELD = {
    "columns": ("column", "columns"),
    "attributes": ("attribute", "attributes"),
    "hierarchies": ("hierarchy", "hierarchies"),
    "dimensions": ("dimension", "dimensions"),
    "measures": ("measure", "measures"),
    "rollups": ("pre-aggregation", "pre-aggregations"),
}


def _holds(content: dict[str, Any]) -> str:
    found = []
    for group, nouns in _HELD.items():
        value = content.get(group)
        if isinstance(value, dict) and value:
            found.append(f"{len(value)} {nouns[len(value) > 1]}")
    return ", ".join(found)


def _definition(opened: Opened, place: Place, kind: Kind, name: str) -> None:
    above = "Cubes" if kind == "cube" else "Model"
    own, shipped = opened.outline.find(kind, name), opened.outline.shipped(kind, name)
    content = opened.outline.effective(kind, name)
    parts.crumbs(place.view, above, f"{kind} {name}")
    if content.get("description"):
        st.caption(notices.plain(str(content["description"])))
    absent = opened.repository.absent.get(f"{kind} {name}")
    if absent:
        st.info(f"Not loaded in this workspace: {notices.plain(absent)}", icon=":material/info:")
    spot = Spot(
        own.file if own else parts.first_file("cubes" if kind == "cube" else "model", name, opened),
        own.document if own else None,
        (),
        own.content if own else None,
        shipped.content if shipped else None,
        {kind: name} if shipped else {},
    )
    groups = _groups(opened, kind, spot)
    names = {"form": "Settings", **{g.group: g.title for g in groups}, "text": "YAML"}
    first = groups[0].group if groups else "form"
    tab = parts.tabs(names, place, default=first)
    if own is not None and tab != "text":
        issue_list.short(_elsewhere(opened, own, [g.group for g in groups]))
    chosen = next((each for each in groups if each.group == tab), None)
    if tab == "text":
        _text(opened, own, shipped, kind, name)
    elif chosen is not None:
        items_editor(opened, place, spot, own, chosen)
    else:
        _settings(opened, kind, spot)


def _groups(opened: Opened, kind: Kind, spot: Spot) -> list[Items]:
    match kind:
        case "dimension":
            return model_forms.dimension(opened, spot)
        case "fact":
            return model_forms.fact(opened, spot)
        case "entity":
            return model_forms.entity(opened, spot)
        case "cube":
            return cube_forms.cube(opened, spot)
    return []


def _settings(opened: Opened, kind: Kind, spot: Spot) -> None:
    with st.container(border=True, gap="small"):
        match kind:
            case "cube":
                cube_forms.settings(opened, spot)
            case _:
                model_forms.settings(opened, kind, spot)


def _elsewhere(opened: Opened, own: Entry, groups: list[str]) -> list[Any]:
    """Problems that no open item will show."""
    text = opened.texts.get(own.file, "")
    spans = [parts.lines_of(text, own.document, (g,)) for g in groups if g in own.content]
    return [
        issue
        for issue in issue_list.of_entry(opened, own)
        if issue.where and not any(first <= issue.where.line <= last for first, last in spans)
    ]


def _text(opened: Opened, own: Entry | None, shipped: Entry | None, kind: Kind, name: str) -> None:
    if own is not None:
        st.caption(f"`{own.file}`, in this workspace")
        text_editor(
            opened, own.file, line=own.line if own.document else 0, height=380 if shipped else 560
        )
    elif shipped is not None:
        st.caption(
            "This workspace uses the definition as it is shipped. A change in a form begins"
            " a file of its own, which only says what differs."
        )
    if shipped is not None:
        with st.expander(f"As shipped ({shipped.file})", expanded=own is None):
            st.code(_shipped_text(shipped), language="yaml", line_numbers=True, height=460)


def _shipped_text(shipped: Entry) -> str:
    text = shipped_texts()[shipped.file]
    span = document_spans(text)[shipped.document]
    return text[line_start(text, span.start) : span.end]
