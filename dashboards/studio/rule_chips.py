"""The rules of a column as a row of chips: opened, moved, taken out, and added from a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st
from pydantic.fields import FieldInfo

from dashboards import notices
from dashboards.studio import rule_text as text
from dashboards.studio.forms import kind_of, label_of, remembered, scalar
from dashboards.studio.spots import Spot
from metadata.model.rules import Rule

_WORDS = {
    "clean": ("Cleansing, in this order", "Add a cleansing rule"),
    "check": ("Checks", "Add a check"),
}


def chips(spot: Spot, kind: str) -> None:
    """Draw the rules of a column under `clean` or `check`."""
    rules = text.listed(spot.content.get(kind))
    title, invitation = _WORDS[kind]
    st.markdown(f"**{title}**")
    if rules:
        with st.container(horizontal=True, gap="xsmall", key=f"chips|{spot.key}|{kind}"):
            for place, raw in enumerate(rules):
                _chip(spot, kind, rules, place, raw)
    _adding(spot, kind, rules, invitation)


def _chip(spot: Spot, kind: str, rules: list[Any], place: int, raw: Any) -> None:
    name = text.rule_name(raw)
    rule = text.RULES[kind].get(name)
    icon = ":material/error:" if rule is None else None
    base = f"chip|{spot.key}|{kind}|{place}|{name}"
    with st.popover(notices.plain(text.summary(kind, raw)), icon=icon, key=base):
        st.markdown(f"**{notices.plain(name.replace('_', ' '))}**")
        if rule is None:
            st.warning("There is no rule of this name.")
        else:
            st.caption(notices.plain(text.explanation(rule)))
            given = text.parameters(rule, raw)

            def put(values: dict[str, Any], rule: type[Rule] = rule) -> None:
                _write(
                    spot, kind, [*rules[:place], text.written(rule, values), *rules[place + 1 :]]
                )

            _parameters(rule, given, base, put)
        with st.container(horizontal=True, gap="xsmall"):
            st.button(
                "Earlier",
                icon=":material/arrow_back:",
                key=f"{base}|up",
                disabled=place == 0,
                on_click=_write,
                args=(spot, kind, _moved(rules, place, place - 1)),
            )
            st.button(
                "Later",
                icon=":material/arrow_forward:",
                key=f"{base}|down",
                disabled=place == len(rules) - 1,
                on_click=_write,
                args=(spot, kind, _moved(rules, place, place + 1)),
            )
            st.button(
                "Take out",
                icon=":material/close:",
                key=f"{base}|out",
                on_click=_write,
                args=(spot, kind, [*rules[:place], *rules[place + 1 :]]),
            )


def _adding(spot: Spot, kind: str, rules: list[Any], invitation: str) -> None:
    """A list to search in; a rule that needs parameters asks for them before it is added."""
    known = text.RULES[kind]
    key, pending = f"add|{spot.key}|{kind}", f"pending|{spot.key}|{kind}"

    def chosen() -> None:
        name = st.session_state.get(key)
        st.session_state[key] = None
        rule = known.get(str(name))
        if rule is None:
            return
        if any(field.is_required() for field in text.fields_of(rule).values()):
            st.session_state[pending] = name
        else:
            _write(spot, kind, [*rules, rule.rule])

    st.selectbox(
        invitation,
        sorted(known),
        index=None,
        key=key,
        placeholder=f"{invitation} …",
        format_func=lambda name: f"{name.replace('_', ' ')} — {text.explanation(known[name])}",
        on_change=chosen,
        label_visibility="collapsed",
    )
    waiting = st.session_state.get(pending)
    if waiting in known:
        _asking(spot, kind, rules, known[waiting], pending)


def _asking(spot: Spot, kind: str, rules: list[Any], rule: type[Rule], pending: str) -> None:
    values_key = f"{pending}|{rule.rule}|values"
    values: dict[str, Any] = st.session_state.setdefault(values_key, {})

    def put(changed: dict[str, Any]) -> None:
        st.session_state[values_key] = changed

    def add() -> None:
        _write(spot, kind, [*rules, text.written(rule, st.session_state.get(values_key, {}))])
        _forget(pending, values_key)

    with st.container(border=True, gap="small"):
        st.markdown(f"**{notices.plain(rule.rule.replace('_', ' '))}**")
        st.caption(notices.plain(text.explanation(rule)))
        _parameters(rule, values, values_key, put)
        wrong = text.problem(rule, values)
        if wrong and values:
            st.caption(f":red[{notices.plain(wrong)}]")
        with st.container(horizontal=True, gap="small"):
            st.button(
                "Add", type="primary", key=f"{values_key}|add", on_click=add, disabled=bool(wrong)
            )
            st.button(
                "Cancel", key=f"{values_key}|no", on_click=_forget, args=(pending, values_key)
            )


def _forget(*keys: str) -> None:
    for key in keys:
        st.session_state.pop(key, None)


def _parameters(
    rule: type[Rule], given: dict[str, Any], base: str, put: Callable[[dict[str, Any]], None]
) -> None:
    """A field for each parameter, made from the rule itself."""
    for name, field in text.fields_of(rule).items():
        _parameter(name, field, given, f"{base}|{name}", put)


def _parameter(
    name: str,
    field: FieldInfo,
    given: dict[str, Any],
    key: str,
    put: Callable[[dict[str, Any]], None],
) -> None:
    kind, options = kind_of(field)
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    value = given.get(name, default)
    label = label_of(name) + ("" if not field.is_required() else " *")

    def take(entered: Any) -> None:
        others = {other: each for other, each in given.items() if other != name}
        put(others if entered is None else {**others, name: entered})

    match kind:
        case "toggle":
            st.toggle(
                label,
                key=remembered(key, bool(value)),
                help=field.description,
                on_change=lambda: take(st.session_state[key]),
            )
        case "choice":
            shown = None if value is None else str(value)
            st.selectbox(
                label,
                options,
                index=None,
                key=remembered(key, shown),
                help=field.description,
                on_change=lambda: take(st.session_state[key]),
            )
        case "names":
            current = (
                [str(each) for each in value]
                if isinstance(value, (list, tuple))
                else ([str(value)] if value not in (None, "") else [])
            )
            st.multiselect(
                label,
                current,
                key=remembered(key, current),
                help=field.description,
                accept_new_options=True,
                placeholder="Type a value, then Enter",
                on_change=lambda: take(list(st.session_state[key]) or None),
            )
        case "pairs":
            lines = text.pair_lines(value if isinstance(value, dict) else {})
            st.text_area(
                label,
                key=remembered(key, lines),
                help=f"{field.description or ''} One in a line, as `given: meant`.".strip(),
                on_change=lambda: take(text.pairs_in(st.session_state[key]) or None),
            )
        case _:
            exact = kind == "text"

            def entered() -> None:
                said = st.session_state[key]
                if said == "" and not exact:
                    take(None)
                else:
                    take(said if exact else scalar(said))

            shown = (
                ""
                if value is None
                else (str(value).lower() if isinstance(value, bool) else str(value))
            )
            st.text_input(
                label,
                key=remembered(key, shown),
                help=field.description,
                on_change=entered,
                live="500ms",
            )


def _moved(rules: list[Any], place: int, to: int) -> list[Any]:
    moved = list(rules)
    if 0 <= to < len(moved):
        moved.insert(to, moved.pop(place))
    return moved


def _write(spot: Spot, kind: str, rules: list[Any]) -> None:
    spot.set(kind, text.unlisted(rules))
