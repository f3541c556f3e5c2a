"""The model and the cubes: what is shipped, what the workspace adds, and forms for both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboards import notices
from dashboards.studio import (
    creating,
    cube_forms,
    fact_forms,
    generated_items,
    issue_list,
    model_forms,
    parts,
)
from dashboards.studio.concealing import concealed, holds_secret
from dashboards.studio.forms import label_of
from dashboards.studio.generated import model_fields, rest, summary_of
from dashboards.studio.items import Items, items_editor
from dashboards.studio.listing import Cell, Column, Listing, Row, Tone, listing
from dashboards.studio.outline import Entry, Kind, all_shipped
from dashboards.studio.places import Place, go
from dashboards.studio.spots import Spot
from dashboards.studio.state import Opened
from dashboards.studio.texts import text_editor
from metadata.kinds import KINDS
from metadata.yaml_spans import document_spans, line_start

_MODEL = {
    "dimension": "Dimensions: who, what, where, when",
    "fact": "Facts: what happened, or how things stood",
    "entity": "Entities: cleansed rows, one for each thing",
    "bridge": "Bridges: many for one",
}
_OWN_VIEWS = ("sources", "mappings", "lookups", "model", "cubes")


def model_view(opened: Opened, place: Place) -> None:
    """Dimensions, facts, entities and bridges, or the one that is open."""
    _view(opened, place, _MODEL)


def cubes_view(opened: Opened, place: Place) -> None:
    """Cubes, or the one that is open."""
    _view(opened, place, {"cube": "Cubes: the figures analysts see"})


def policies_view(opened: Opened, place: Place) -> None:
    """All kinds that have no view of their own, or the definition that is open."""
    _view(opened, place, policies())


def settings_view(opened: Opened, place: Place) -> None:
    """The files of which there is one each: the workspace's settings and the portal."""
    kinds = {name: label_of(name) for name, kind in KINDS.items() if kind.file}
    kind = place.at.partition(":")[0]
    _definition(opened, place, kind if kind in kinds else next(iter(kinds)), "", kinds)


def policies() -> dict[str, str]:
    """The kinds that have no view of their own, with their headings."""
    return {
        name: f"{label_of(name)}: {kind.summary[0].lower()}{kind.summary[1:]}"
        for name, kind in KINDS.items()
        if kind.folder and kind.folder not in _OWN_VIEWS
    }


def _view(opened: Opened, place: Place, kinds: Mapping[str, str]) -> None:
    kind, _, name = place.at.partition(":")
    if kind not in kinds or name not in opened.outline.names(kind):
        if place.at:
            st.info(
                f"There is no {notices.plain(place.at.replace(':', ' '))} any more.",
                icon=":material/link_off:",
            )
        _list(opened, place, kinds)
        return
    _definition(opened, place, kind, name)


def _list(opened: Opened, place: Place, kinds: Mapping[str, str]) -> None:
    rows = []
    described = any(
        opened.outline.effective(kind, name).get("description")
        for kind in kinds
        for name in opened.outline.names(kind)
    )
    star = any(kind in _STAR for kind in kinds)
    for kind, title in kinds.items():
        names = opened.outline.names(kind)
        if names and len(kinds) > 1:
            rows.append(Row(section=title))
        for name in names:
            rows.append(_row(opened, kind, name, described=described))
    with st.container(horizontal=True, horizontal_alignment="right"):
        creating.button(opened, place, list(kinds))
    listing(
        Listing(
            "Definitions",
            (
                Column("Name"),
                *((Column("What it is for", narrow=not star),) if described else ()),
                *((Column("In use", narrow=True),) if star else ()),
                Column("Holds" if star else "Says", narrow=star),
            ),
            rows,
            "Find a definition",
            "Nothing is defined yet." if star else _nothing(kinds),
            ("definition", "definitions"),
        ),
        key=f"definitions|{place.view}",
        on_open=lambda key: go(Place(place.view, key)),
    )


def _row(opened: Opened, kind: Kind, name: str, *, described: bool) -> Row:
    own = opened.outline.find(kind, name)
    shipped = opened.outline.shipped(kind, name)
    content = opened.outline.effective(kind, name)
    badges: list[tuple[str, Tone, str]] = []
    if own is not None:
        badges = parts.badges(opened, own, issue_list.of_entry(opened, own))
    if own is not None and shipped is not None:
        badges.append(("extended here", "calm", own.file))
    elif own is not None and kind in _STAR:
        badges.append(("own", "calm", own.file))
    label = str(content.get("label") or name.replace("_", " "))
    return Row(
        (
            Cell(label, sub=name if label.lower() != name.replace("_", " ") else "", badges=badges),
            *((Cell(str(content.get("description", ""))),) if described else ()),
            *(
                (_in_use(opened, kind, name), Cell(_holds(content), tone="soft"))
                if kind in _STAR
                else (Cell(summary_of(_rest(content)), tone="soft"),)
            ),
        ),
        f"{kind}:{name}",
    )


def _rest(content: dict[str, Any]) -> dict[str, Any]:
    """What a definition says beside its own name."""
    return dict(list(content.items())[1:])


def _nothing(kinds: Mapping[str, str]) -> str:
    return "Nothing is declared yet. There may be: " + "; ".join(kinds.values()) + "."


def _in_use(opened: Opened, kind: Kind, name: str) -> Cell:
    absent = opened.repository.absent.get(f"{kind} {name}", "")
    if absent:
        return Cell("not loaded", tone="soft", title=absent)
    known = getattr(opened.repository, _STAR[kind])
    return Cell("yes", tone="good") if name in known else Cell("–", tone="soft")


_STAR = {
    "entity": "mapped_entities",
    "dimension": "dimensions",
    "fact": "facts",
    "bridge": "bridges",
    "cube": "cubes",
}
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


def _definition(
    opened: Opened, place: Place, kind: Kind, name: str, single: Mapping[str, str] | None = None
) -> None:
    """One definition; `single` are the kinds with one file each, to go to and fro between."""
    name = name or kind
    own, shipped = opened.outline.find(kind, name), opened.outline.shipped(kind, name)
    content = opened.outline.effective(kind, name)
    if single:
        _to_and_fro(place, kind, single)
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            parts.crumbs(place.view, _ABOVE.get(place.view, "Policies"), _title(kind, name))
            if own is not None:
                creating.delete_button(
                    opened, own, shipped=shipped is not None, back=Place(place.view)
                )
    if content.get("description"):
        st.caption(notices.plain(str(content["description"])))
    absent = opened.repository.absent.get(f"{kind} {name}")
    if absent:
        st.info(f"Not loaded in this workspace: {notices.plain(absent)}", icon=":material/info:")
    spot = Spot(
        own.file if own else KINDS[kind].file or parts.first_file(KINDS[kind].folder, name, opened),
        own.document if own else None,
        (),
        own.content if own else None,
        shipped.content if shipped else None,
        {kind: shipped.content.get(kind, name)} if shipped else {},
    )
    groups = _groups(opened, kind, spot)
    names = {"form": "Settings", **{g.group: g.title for g in groups}, "text": "YAML"}
    first = groups[0].group if groups and kind in _MODEL | {"cube": ""} else "form"
    tab = parts.tabs(names, place, default=first)
    if own is not None and tab not in ("text", "form"):
        issue_list.short(_elsewhere(opened, own, [g.group for g in groups]))
    chosen = next((each for each in groups if each.group == tab), None)
    if tab == "text":
        _text(opened, own, shipped)
    elif chosen is not None:
        items_editor(opened, place, spot, own, chosen)
    else:
        form, text = st.columns([11, 13], gap="medium")
        with form:
            _settings(opened, kind, spot, own, [g.group for g in groups])
        with text:
            _text(opened, own, shipped, beside=True)


def _title(kind: Kind, name: str) -> str:
    return f"{label_of(kind)}: {name}"


_ABOVE = {"model": "Model", "cubes": "Cubes"}


def _to_and_fro(place: Place, kind: Kind, kinds: Mapping[str, str]) -> None:
    key = "settings_kind"
    st.session_state[key] = kind
    st.segmented_control(
        "File",
        list(kinds),
        key=key,
        format_func=lambda each: kinds[each],
        on_change=lambda: go(Place(place.view, f"{st.session_state.get(key) or kind}:")),
        required=True,
        label_visibility="collapsed",
    )


def _groups(opened: Opened, kind: Kind, spot: Spot) -> list[Items]:
    match kind:
        case "dimension":
            return model_forms.dimension(opened, spot)
        case "fact":
            return fact_forms.fact(opened, spot)
        case "entity":
            return model_forms.entity(opened, spot)
        case "cube":
            return cube_forms.cube(opened, spot)
    return generated_items.groups(opened, KINDS[kind].model, spot)


def _settings(
    opened: Opened, kind: Kind, spot: Spot, own: Entry | None, groups: Sequence[str]
) -> None:
    done = {kind, *groups} if KINDS[kind].folder else set(groups)
    with st.container(border=True, gap="small", key="definition_form"):
        if kind in _STAR and own is not None:
            issue_list.short(_elsewhere(opened, own, list(groups)))
        match kind:
            case "cube":
                done |= cube_forms.settings(opened, spot)
            case "dimension" | "fact" | "entity":
                done |= model_forms.settings(opened, kind, spot)
            case _:
                model_fields(opened, spot, KINDS[kind].model, leave_out=done)
                return
        rest(opened, spot, KINDS[kind].model, done)


def _elsewhere(opened: Opened, own: Entry, groups: list[str]) -> list[Any]:
    """Problems that no open item will show."""
    text = opened.texts.get(own.file, "")
    spans = [parts.lines_of(text, own.document, (g,)) for g in groups if g in own.content]
    return [
        issue
        for issue in issue_list.of_entry(opened, own)
        if issue.where and not any(first <= issue.where.line <= last for first, last in spans)
    ]


def _text(
    opened: Opened, own: Entry | None, shipped: Entry | None, *, beside: bool = False
) -> None:
    if own is not None and holds_secret(opened.texts.get(own.file, "")):
        st.caption(f"`{own.file}`. What signs people in is not shown, so it is not edited here.")
        st.code(concealed(opened.texts[own.file]), language="yaml", line_numbers=True, height=560)
    elif own is not None:
        st.caption(f"`{own.file}`, in this workspace")
        text_editor(
            opened,
            own.file,
            line=own.line if own.document else 0,
            height=380 if shipped else 560,
            told=not beside,
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
    text = all_shipped()[shipped.file]
    span = document_spans(text)[shipped.document]
    return text[line_start(text, span.start) : span.end]
