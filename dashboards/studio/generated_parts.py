"""Fields of a generated form that hold more than one value: pairs, lists, one of several shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboards import notices
from dashboards.studio import state
from dashboards.studio.forms import label_of, names_field, option_label, remembered, text_field
from dashboards.studio.shapes import Shape, fields_of
from dashboards.studio.spots import ItemSpot, Spot, listed
from metadata.errors import Issue, MetadataError
from metadata.yaml_tree import parse_documents
from metadata.yaml_writing import lines


def pairs_field(spot: Spot, name: str, label: str, told: str) -> None:
    """Texts by texts, one pair in a line."""
    content = spot.content.get(name)
    pairs = content if isinstance(content, dict) else {}
    written = "\n".join(f"{key}: {_word(value)}" for key, value in pairs.items())
    key = remembered(f"{spot.key}|{name}|pairs", written)

    def changed() -> None:
        parted = (
            line.partition(":") for line in st.session_state[key].splitlines() if line.strip()
        )
        entered = {given.strip(): meant.strip() for given, _, meant in parted}
        kept = {
            k: pairs[k] if k in pairs and _word(pairs[k]) == v else v for k, v in entered.items()
        }
        spot.set(name, kept or None)

    st.text_area(
        label,
        key=key,
        help=f"{told} One in a line, as name: value.".strip(),
        on_change=changed,
        placeholder="name: value",
        height=max(68, min(260, 44 + 24 * len(pairs))),
    )


def list_field(
    spot: Spot, name: str, shape: Shape, label: str, told: str, form: Callable[[Spot], None]
) -> None:
    """Models in their order: each folded, moved, taken out; and one more at the end."""
    items = listed(spot.content.get(name))
    st.markdown(f"**{notices.plain(label)}**")
    if told:
        st.caption(notices.plain(told))

    def put(now: list[Any]) -> None:
        spot.set(name, now or None)

    for place, each in enumerate(items):
        item = ItemSpot.of(spot, name, place, shape.long, shape.short)
        words = ", ".join(str(v) for v in shape.long(each).values() if isinstance(v, str | int))
        with st.expander(f"{place + 1}. {notices.plain(words[:70])}", expanded=len(items) == 1):
            form(item)
            with st.container(horizontal=True, gap="xsmall"):
                st.button(
                    "Earlier",
                    icon=":material/arrow_upward:",
                    key=f"{item.key}|up",
                    disabled=place == 0,
                    on_click=put,
                    args=(_moved(items, place, place - 1),),
                )
                st.button(
                    "Take out",
                    icon=":material/close:",
                    type="tertiary",
                    key=f"{item.key}|out",
                    on_click=put,
                    args=([*items[:place], *items[place + 1 :]],),
                )
    st.button(
        f"One more under {label_of(name).lower()}",
        icon=":material/add:",
        key=f"{spot.key}|{name}|more",
        on_click=put,
        args=([*items, {}],),
    )


def either_field(
    spot: Spot,
    name: str,
    shape: Shape,
    label: str,
    told: str,
    form: Callable[[Spot, Shape], None],
) -> None:
    """One of several shapes: which one is chosen first, then its fields."""
    value = spot.content.get(name)
    ways: dict[str, tuple[Shape, Any]] = {}
    for each in shape.within:
        match each.way:
            case "choice":
                ways |= {option_label(option): (each, option) for option in each.options}
            case "model":
                assert each.model is not None
                ways[_title(each)] = (each, {})
            case "pairs":
                ways["Written here"] = (each, {"name": "value"})
            case "names" | "list":
                ways["Several"] = (each, [])
            case _:
                ways["A name or value"] = (each, "")
    current = next((way for way, (each, start) in ways.items() if _fits(value, each, start)), None)
    key = remembered(f"{spot.key}|{name}|either", current)

    def changed() -> None:
        chosen = st.session_state[key]
        spot.set(name, ways[chosen][1] if chosen in ways else None)

    st.selectbox(
        label,
        list(ways),
        index=None,
        key=key,
        help=told or None,
        on_change=changed,
        placeholder="Not said",
    )
    if current is None:
        if value is not None:
            yaml_field(spot, name, label, told)
        return
    inner = ways[current][0]
    match inner.way:
        case "model":
            form(spot.at(name, long=inner.long, short=inner.short), inner)
        case "pairs":
            pairs_field(spot, name, f"{label_of(name)}: written here", told)
        case "names":
            names_field(spot, name, (), label_of(name), help=told, alone=False)
        case "choice":
            return
        case "text" | "scalar" | "expression":
            text_field(spot, name, f"{label_of(name)}: name or value", help=told)
        case _:
            yaml_field(spot, name, label, told)


def yaml_field(spot: Spot, name: str, label: str, told: str) -> None:
    """Whatever has no field of its own, as YAML."""
    value = spot.content.get(name)
    written = "" if value is None else "\n".join(lines(value))
    key = remembered(f"{spot.key}|{name}|yaml", written)

    def changed() -> None:
        try:
            spot.set(name, _read(st.session_state[key]))
        except MetadataError as error:
            state.flash(*(Issue(each.what, None, each.why, each.fix) for each in error.issues))

    st.text_area(
        f"{label} (as YAML)",
        key=key,
        help=told or None,
        on_change=changed,
        height=max(68, min(320, 44 + 24 * written.count("\n"))),
    )


def _read(text: str) -> Any:
    if not text.strip():
        return None
    indented = "\n".join(f"  {line}" for line in text.splitlines())
    return next(parse_documents(f"value:\n{indented}\n", "this field")).content["value"]


def _title(shape: Shape) -> str:
    summary = " ".join((getattr(shape.model, "__doc__", "") or "").split())
    return summary.partition(". ")[0].rstrip(".") or label_of(getattr(shape.model, "__name__", ""))


def _fits(value: Any, shape: Shape, start: Any) -> bool:
    match shape.way:
        case "choice":
            return bool(value == start)
        case "model":
            known = set(fields_of(shape.model)) if shape.model else set()
            content = shape.long(value) if value is not None else None
            return content is not None and isinstance(value, dict) and set(content) <= known
        case "pairs":
            return isinstance(value, dict)
        case "names" | "list":
            return isinstance(value, list)
    return isinstance(value, str | int | float | bool)


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _moved(items: list[Any], place: int, to: int) -> list[Any]:
    moved = list(items)
    if 0 <= to < len(moved):
        moved.insert(to, moved.pop(place))
    return moved
