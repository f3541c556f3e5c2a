"""Forms made from models: whatever a definition may say has a field, also of kinds yet to come.

Labels come from keys, explanations from descriptions, choices from literals. Fields for what is
particular (the rules of a column, the history of an attribute) are drawn by the forms made for it;
those hand everything else to this one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any

import streamlit as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dashboards import notices
from dashboards.studio import parts
from dashboards.studio.forms import (
    choice_field,
    expression_field,
    label_of,
    names_field,
    option_label,
    scalar_field,
    text_field,
    toggle_field,
)
from dashboards.studio.generated_parts import either_field, list_field, pairs_field, yaml_field
from dashboards.studio.rule_chips import chips
from dashboards.studio.shapes import Shape, fields_of, is_secret, shape_of
from dashboards.studio.spots import Spot
from dashboards.studio.state import Opened
from dashboards.studio.suggestions import suggested
from metadata.errors import Issue
from metadata.model.base import NAME_PATTERN

_EXPLAINED = ("model", "named", "list")
"""What says itself what it means."""
Around = tuple[dict[str, Any], ...]
_LONG = ("description", "lead", "reason", "note")


def model_fields(
    opened: Opened,
    spot: Spot,
    model: type[BaseModel],
    *,
    leave_out: Collection[str] = (),
    around: Around = (),
    told: bool = True,
) -> None:
    """A field for each key of a model.

    Args:
        opened: the workspace as it is edited.
        spot: the map that the model describes.
        model: the model.
        leave_out: keys that are entered elsewhere.
        around: the maps around this one, the innermost first.
        told: whether problems that belong to no field are told here.
    """
    fields = {n: f for n, f in fields_of(model).items() if n not in leave_out}
    text = opened.texts.get(spot.file, "")
    here = parts.of_place(opened.checked.issues, text, spot.document, spot.path)
    here = [each for each in here if each.where and each.where.file == spot.file]
    of_fields = {
        name: parts.of_place(here, text, spot.document, (*spot.path, name)) for name in fields
    }
    if told:
        known = [
            parts.of_place(here, text, spot.document, (*spot.path, name))
            for name in fields_of(model)
            if name not in fields and (name in leave_out and name in spot.content)
        ]
        elsewhere = [*of_fields.values(), *(known if spot.path else [])]
        wrong(each for each in here if not any(each in found for found in elsewhere))
    for name, field in fields.items():
        _field(opened, spot, name, field, around)
        shape = shape_of(field)
        if shape.way not in _EXPLAINED and field.description and not is_secret(field):
            st.caption(notices.plain(field.description.replace("`", "")))
        if shape.way not in ("model", "named", "list"):
            wrong(of_fields[name])


def rest(
    opened: Opened,
    spot: Spot,
    model: type[BaseModel],
    done: Collection[str],
    *,
    around: Around = (),
    title: str = "More settings",
) -> None:
    """What the fields above have left out, folded away as long as nothing of it is said."""
    fields = fields_of(model)
    left = [name for name in fields if name not in done]
    needed = [name for name in left if fields[name].is_required()]
    if needed:
        others = set(fields) - set(needed)
        model_fields(opened, spot, model, leave_out=others, around=around, told=False)
    left = [name for name in left if name not in needed]
    if not left:
        return
    said = [name for name in left if name in spot.content]
    with st.expander(f"{title} ({len(said)} set)" if said else title, key=f"rest|{spot.key}"):
        others = set(fields) - set(left)
        model_fields(opened, spot, model, leave_out=others, around=around, told=False)


def wrong(issues: Iterable[Issue]) -> None:
    """Problems, in red, where they belong."""
    for issue in dict.fromkeys(issues):
        st.markdown(f":red[:material/error_outline: {notices.plain(_in_words(issue))}]")


def _in_words(issue: Issue) -> str:
    return " ".join(part for part in (issue.what, issue.why, issue.fix) if part)


def _field(opened: Opened, spot: Spot, name: str, field: FieldInfo, around: Around) -> None:
    shape = shape_of(field)
    label = label_of(name) + (" *" if field.is_required() else "")
    said = (field.description or "").replace("`", "")
    if is_secret(field):
        _secret(spot, name, label, said)
        return
    # What most fields mean stands below them, where it is read without a mouse.
    told = said if shape.way in _EXPLAINED else ""
    offered = suggested(opened, name, [spot.content, *around])
    default = field.get_default(call_default_factory=True) if not field.is_required() else None
    match shape.way:
        case "text":
            if name in _LONG:
                text_field(spot, name, label, help=told, lines=True)
            elif offered:
                choice_field(
                    spot, name, offered, label, help=told, free=True,
                    placeholder=_shown(default) or "None",
                )  # fmt: skip
            else:
                text_field(spot, name, label, help=told, placeholder=_shown(default))
        case "expression":
            expression_field(spot, name, label, help=told)
        case "scalar":
            scalar_field(spot, name, label, help=told, placeholder=_shown(default))
        case "toggle":
            toggle_field(spot, name, label, default=bool(default), help=told)
        case "choice":
            choice_field(
                spot, name, shape.options, label, help=told,
                shown={each: option_label(each) for each in shape.options},
                default=str(default) if default is not None else None,
            )  # fmt: skip
        case "choices" | "names":
            names_field(
                spot, name, shape.options or offered, label, help=told,
                placeholder=_shown(default) or "None",
                alone=shape.alone, free=shape.way == "names", words=shape.words,
            )  # fmt: skip
        case "pairs":
            pairs_field(spot, name, label, told)
        case "clean" | "check" if shape.way == name:
            chips(spot, name)
        case "model":
            _model(opened, spot, name, shape, label, told, around)
        case "named":
            _named(opened, spot, name, shape, label, told, around)
        case "list":
            list_field(
                spot, name, shape, label, told,
                lambda item: _inside(opened, item, shape, (spot.content, *around)),
            )  # fmt: skip
        case "either":
            either_field(
                spot, name, shape, label, told,
                lambda part, inner: _inside(opened, part, inner, (spot.content, *around)),
            )  # fmt: skip
        case _:
            yaml_field(spot, name, label, told)


def _inside(opened: Opened, spot: Spot, shape: Shape, around: Around) -> None:
    assert shape.model is not None
    model_fields(opened, spot, shape.model, around=around)


def _model(
    opened: Opened,
    spot: Spot,
    name: str,
    shape: Shape,
    label: str,
    told: str,
    around: Around,
) -> None:
    inner = spot.at(name, long=shape.long, short=shape.short)
    said = spot.content.get(name) is not None
    with st.container(border=True, gap="small", key=f"part|{inner.key}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{notices.plain(label)}**")
            if shape.nullable and not said:
                st.button(
                    f"Set {label.rstrip(' *').lower()}",
                    icon=":material/add:",
                    key=f"{inner.key}|set",
                    on_click=spot.set,
                    args=(name, {}),
                )
            elif shape.nullable:
                st.button(
                    "Take out",
                    icon=":material/close:",
                    type="tertiary",
                    key=f"{inner.key}|unset",
                    on_click=spot.set,
                    args=(name, None),
                )
        summary = " ".join((getattr(shape.model, "__doc__", "") or "").split("\n\n")[0].split())
        if told or summary:
            st.caption(notices.plain((told or summary).replace("`", "")))
        if said or not shape.nullable:
            _inside(opened, inner, shape, (spot.content, *around))


def _named(
    opened: Opened,
    spot: Spot,
    name: str,
    shape: Shape,
    label: str,
    told: str,
    around: Around,
) -> None:
    """Models by name below another one: each folded, with a field for one more."""
    content = spot.content.get(name)
    items = content if isinstance(content, dict) else {}
    st.markdown(f"**{notices.plain(label)}**")
    if told:
        st.caption(notices.plain(told))
    for each, raw in items.items():
        item = spot.at(name).at(str(each), long=shape.long, short=shape.short)
        title = f"{notices.plain(str(each))} · {notices.plain(summary_of(shape.long(raw)))}"
        with st.expander(title.rstrip(" ·")):
            _inside(opened, item, shape, (spot.content, *around))
            st.button(
                "Take out",
                icon=":material/delete:",
                type="tertiary",
                key=f"{item.key}|out",
                on_click=_without,
                args=(spot, name, str(each)),
            )
    key = f"{spot.key}|{name}|another"

    def add() -> None:
        entered = str(st.session_state[key] or "").strip()
        st.session_state[key] = ""
        if entered and entered not in items:
            spot.at(name).change(lambda now: {**now, entered: shape.short({})})

    st.text_input(
        f"One more under {label_of(name).lower()}",
        key=key,
        on_change=add,
        placeholder="lower_case_name, then Enter" if shape.named else "Then Enter",
        validate=(NAME_PATTERN, "lower_case_name") if shape.named else None,
    )


def _without(spot: Spot, name: str, item: str) -> None:
    content = spot.content.get(name)
    left = {k: v for k, v in content.items() if k != item} if isinstance(content, dict) else {}
    if left:
        spot.at(name).change(lambda now: {k: v for k, v in now.items() if k != item})
    else:
        spot.set(name, None)


def _secret(spot: Spot, name: str, label: str, told: str) -> None:
    value = spot.content.get(name)
    if value is not None and not str(value).startswith("${"):
        st.markdown(f"**{notices.plain(label)}**: it is set, and not shown.", help=told or None)
        return
    text_field(spot, name, label, help=told, placeholder="${NAME}, from the environment")


def summary_of(content: dict[str, Any], most: int = 3) -> str:
    """What a map says, in a line."""
    words = []
    for name, value in content.items():
        if name in ("description", "label", "password", "api_key") or value in (None, "", [], {}):
            continue
        if value is True:
            words.append(label_of(name).lower())
        elif isinstance(value, list):
            words.append(", ".join(_brief(each) for each in value))
        elif isinstance(value, dict):
            inner = [f"{label_of(k).lower()} {_brief(v)}" for k, v in value.items()][:2]
            words.append(" ".join([label_of(name).lower(), ", ".join(inner)]).strip())
        elif isinstance(value, int | float):
            words.append(f"{label_of(name).lower()} {value}")
        else:
            words.append(_brief(value))
    shown = " · ".join(words[:most])
    return shown if len(shown) <= 90 else f"{shown[:88]}…"


def _brief(value: Any) -> str:
    match value:
        case dict():
            return "…"
        case list():
            return ", ".join(_brief(each) for each in value)
    return " ".join(str(value).split())


def _shown(default: Any) -> str:
    """What holds without a key, as it would be written."""
    match default:
        case None | "" | () | {}:
            return ""
        case timedelta():
            return _span(default)
        case date():
            return default.isoformat()
        case bool() | BaseModel() | dict():
            return ""
        case tuple() | list():
            return ", ".join(str(each) or "nothing" for each in default)
    return str(default)


def _span(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds and seconds % size == 0:
            count = seconds // size
            return f"{count} {unit}{'s' if count != 1 else ''}"
    return f"{seconds} seconds"
