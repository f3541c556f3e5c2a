"""Fields of a form over a map of YAML: each shows what stands there and writes what is entered.

Fields are made from the models: labels from names, explanations from descriptions, choices from
literals. What a field writes is checked like anything written by hand.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import streamlit as st
from pydantic.fields import FieldInfo

from dashboards.studio.editor import yaml_editor
from dashboards.studio.spots import Spot
from metadata.model.base import Definition

Write = Callable[[Any], None]


def label_of(name: str) -> str:
    """A key as people read it.

    >>> label_of("primary_key")
    'Primary key'
    """
    return name.strip("_").replace("_", " ").capitalize()


def described(model: type[Definition], name: str) -> str:
    """What a key means, by the model."""
    field = model.model_fields.get(name) or next(
        (each for each in model.model_fields.values() if each.alias == name), None
    )
    return (field.description or "") if field else ""


def remembered(key: str, value: Any) -> str:
    """Let a widget show what the text says, without disturbing what is being typed."""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    return key


def option_label(name: str) -> str:
    """An option as people read it; codes stay as they are.

    >>> option_label("higher_is_better"), option_label("en")
    ('Higher is better', 'en')
    """
    return label_of(name) if len(name) > 3 else name


def text_field(
    spot: Spot,
    name: str,
    label: str = "",
    *,
    help: str = "",  # noqa: A002
    placeholder: str = "",
    lines: bool = False,
) -> None:
    """A text; emptied, the key is taken out."""
    key = remembered(f"{spot.key}|{name}|text", _written(spot.content.get(name)))

    def changed() -> None:
        spot.set(name, st.session_state[key] or None)

    shown = {
        "label": label or label_of(name),
        "key": key,
        "help": help or None,
        "placeholder": placeholder,
        "on_change": changed,
    }
    if lines:
        st.text_area(**shown, height=90)
    else:
        st.text_input(**shown, live="500ms")


def scalar_field(
    spot: Spot,
    name: str,
    label: str = "",
    *,
    help: str = "",  # noqa: A002
    placeholder: str = "",
) -> None:
    """A number, a truth value or a text; what looks like a number is one."""
    key = remembered(f"{spot.key}|{name}|scalar", _written(spot.content.get(name)))

    def changed() -> None:
        entered = st.session_state[key]
        spot.set(name, scalar(entered) if entered != "" else None)

    st.text_input(
        label or label_of(name),
        key=key,
        help=help or None,
        placeholder=placeholder,
        on_change=changed,
        live="500ms",
    )


def expression_field(spot: Spot, name: str, label: str = "", *, help: str = "") -> None:  # noqa: A002
    """A SQL expression, checked while it is typed."""
    st.markdown(f":small[{label or label_of(name)}]", help=help or None)
    text = _written(spot.content.get(name))
    rows = max(text.count("\n") + 1, len(text) // 58 + 1)
    yaml_editor(
        text,
        key=f"{spot.key}|{name}|sql",
        file=f"{spot.key}|{name}",
        mode="sql",
        label=label or label_of(name),
        height=min(240, 22 + 20 * max(2, rows)),
        on_edit=lambda entered: spot.set(name, entered if entered.strip() else None),
    )


def toggle_field(
    spot: Spot,
    name: str,
    label: str = "",
    *,
    default: bool = False,
    help: str = "",  # noqa: A002
) -> None:
    """A truth value; the default is not written."""
    value = spot.content.get(name, default)
    key = remembered(f"{spot.key}|{name}|toggle", bool(value))

    def changed() -> None:
        entered = st.session_state[key]
        spot.set(name, entered if entered != default or name in spot.long(spot.base) else None)

    st.toggle(label or label_of(name), key=key, help=help or None, on_change=changed)


def choice_field(
    spot: Spot,
    name: str,
    options: Sequence[str],
    label: str = "",
    *,
    shown: Mapping[str, str] | None = None,
    default: str | None = None,
    help: str = "",  # noqa: A002
    placeholder: str = "None",
    write: Write | None = None,
    free: bool = False,
) -> None:
    """One of several; the default is not written. A value that is no option is shown all the same.

    Args:
        spot: the map.
        name: the key.
        options: what may be chosen.
        label: of the field.
        shown: how options are called.
        default: what holds without the key; without one, nothing may be chosen.
        help: what the key means.
        placeholder: what is shown where nothing is chosen.
        write: writes the choice otherwise than under the key.
        free: whether something else may be typed.
    """
    value = spot.content.get(name, default)
    current = None if value is None or isinstance(value, (dict, list)) else str(value)
    known = list(dict.fromkeys([*options, *([current] if current is not None else [])]))
    key = remembered(f"{spot.key}|{name}|choice", current)
    names = shown or {}

    def changed() -> None:
        entered = st.session_state[key]
        if write is not None:
            write(entered)
        else:
            plain = entered == default and name not in spot.long(spot.base)
            spot.set(name, None if plain else entered)

    st.selectbox(
        label or label_of(name),
        known,
        index=None,
        key=key,
        help=help or None,
        format_func=lambda each: names.get(each, each),
        placeholder=placeholder,
        on_change=changed,
        accept_new_options=free,
    )


def names_field(
    spot: Spot,
    name: str,
    options: Sequence[str],
    label: str = "",
    *,
    help: str = "",  # noqa: A002
    placeholder: str = "None",
    alone: bool = True,
    free: bool = True,
    words: bool = True,
) -> None:
    """Several names in their order.

    Args:
        spot: the map.
        name: the key.
        options: what is offered.
        label: of the field.
        help: what the key means.
        placeholder: what is shown where there are none.
        alone: whether one may be written without brackets.
        free: whether something else may be typed.
        words: whether they are texts, whatever they look like.
    """
    value = spot.content.get(name)
    current = (
        [_written(each) for each in value]
        if isinstance(value, list)
        else ([_written(value)] if value not in (None, "") else [])
    )
    key = remembered(f"{spot.key}|{name}|names", current)

    def changed() -> None:
        entered = [each if words else scalar(each) for each in st.session_state[key]]
        spot.set(name, entered[0] if alone and len(entered) == 1 else entered or None)

    st.multiselect(
        label or label_of(name),
        list(dict.fromkeys([*options, *current])),
        key=key,
        help=help or None,
        placeholder=placeholder,
        on_change=changed,
        accept_new_options=free,
    )


def scalar(entered: str) -> str | int | float | bool:
    """What a person means by an entry, as YAML would read it.

    >>> scalar("12"), scalar("1.5"), scalar("true"), scalar("2024-01-01")
    (12, 1.5, True, '2024-01-01')
    """
    if entered in ("true", "false"):
        return entered == "true"
    for kind in (int, float):
        try:
            number = kind(entered)
        except ValueError:
            continue
        if str(number) == entered:
            return number
    return entered


def _written(value: Any) -> str:
    if value is None or isinstance(value, (dict, list)):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


FieldKind = Literal["text", "number", "scalar", "choice", "toggle", "names", "pairs"]


def kind_of(field: FieldInfo) -> tuple[FieldKind, tuple[str, ...]]:
    """How a model's field is entered, and what may be chosen."""
    annotation = _unwrapped(field.annotation)
    options = _choices(annotation)
    if options:
        return "choice", options
    parts = [p for p in _parts(annotation) if p is not type(None)]
    if parts == [bool]:
        return "toggle", ()
    if parts == [int]:
        return "number", ()
    if any(typing.get_origin(part) in (tuple, list) for part in parts):
        return "names", ()
    if any(typing.get_origin(part) is dict for part in parts):
        return "pairs", ()
    if parts == [str]:
        return "text", ()
    return "scalar", ()


def _unwrapped(annotation: Any) -> Any:
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    return annotation


def _parts(annotation: Any) -> list[Any]:
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return [_unwrapped(each) for each in typing.get_args(annotation)]
    return [annotation]


def _choices(annotation: Any) -> tuple[str, ...]:
    found = [
        each
        for part in _parts(annotation)
        if typing.get_origin(part) is Literal
        for each in typing.get_args(part)
    ]
    return tuple(each for each in found if isinstance(each, str))
