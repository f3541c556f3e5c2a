"""The rule of one column as a form: where its value comes from, what is done to it, what if not."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import notices
from dashboards.studio import issue_list, parts, state
from dashboards.studio.forms import (
    choice_field,
    described,
    expression_field,
    names_field,
    scalar_field,
)
from dashboards.studio.generated import rest
from dashboards.studio.outline import Entry
from dashboards.studio.places import Place, go
from dashboards.studio.rule_chips import chips
from dashboards.studio.spots import Spot
from dashboards.studio.state import Opened
from metadata.editing import remove
from metadata.model.mapping import ColumnRule
from metadata.model.star import EntityColumn

_ORIGINS = {"from": "Source column", "expr": "Expression", "value": "Fixed value"}
OTHERWISE = {
    "quarantine": "Refuse the row, and keep it aside with the reason",
    "null": "Drop the value, keep the row",
    "unknown": "Write “Unknown”, keep the row",
    "keep": "Keep the value, only count it",
}
_FORMATS = (
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y%m%d",
    "%d-%b-%Y",
    "%Y-%m-%d %H:%M:%S",
)


_DONE = (*_ORIGINS, "clean", "lookup", "format", "default", "check", "otherwise")


def column_spot(spot: Spot, name: str) -> Spot:
    """The rule of a column, in its long form however it is written."""
    return spot.at("columns", name, long=_long, short=_short)


def _long(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return dict(value)
    return {} if value is None else {"from": str(value)}


def _short(rule: dict[str, Any]) -> Any:
    return rule["from"] if list(rule) == ["from"] else rule


def column_form(opened: Opened, entry: Entry, spot: Spot, name: str) -> None:
    """Draw the form."""
    definition = opened.repository.entities.get(str(entry.content.get("entity")))
    target = definition.value.columns.get(name) if definition else None
    key = bool(definition and name in definition.value.key)
    rule = column_spot(spot, name)
    with st.container(border=True, key="column_form", gap="small"):
        _head(name, target, key=key)
        _problems(opened, entry, name)
        _origin(opened, entry, rule)
        chips(rule, "clean")
        _meaning(opened, rule)
        if target and target.type in ("date", "timestamp"):
            names_field(
                rule,
                "format",
                _FORMATS,
                "Date formats, tried in order",
                help=described(ColumnRule, "format"),
                placeholder="As ISO dates, 2024-12-31",
            )
        scalar_field(
            rule,
            "default",
            "Where it is empty",
            placeholder="leave it empty",
            help=described(ColumnRule, "default"),
        )
        chips(rule, "check")
        choice_field(
            rule,
            "otherwise",
            list(OTHERWISE),
            "If a check fails or the value cannot be read",
            shown=OTHERWISE,
            default="quarantine",
        )
        rest(opened, rule, ColumnRule, _DONE)
        _take_out(entry, name, key=key)


def _head(name: str, target: EntityColumn | None, *, key: bool) -> None:
    marks = []
    if target is None:
        marks.append(":red-badge[not a column of the entity]")
    else:
        marks.append(f":gray-badge[{notices.plain(target.type)}]")
        marks += [":primary-badge[key]"] if key else []
        marks += [":gray-badge[required]"] if target.required and not key else []
        marks += [":orange-badge[personal]"] if target.personal else []
        if target.references:
            marks.append(f":gray-badge[refers to {notices.plain(target.references)}]")
    st.markdown(f"#### {notices.plain(name)} {' '.join(marks)}")
    if target is not None and target.description:
        st.caption(notices.plain(target.description))


def _problems(opened: Opened, entry: Entry, name: str) -> None:
    first, last = parts.lines_of(opened.texts[entry.file], entry.document, ("columns", name))
    issue_list.short(issue_list.of_lines(issue_list.of_entry(opened, entry), first, last))


def _origin(opened: Opened, entry: Entry, rule: Spot) -> None:
    content = rule.content
    current = next((each for each in _ORIGINS if each in content), "from")
    key = f"{rule.key}|origin"
    st.session_state[key] = current

    def changed() -> None:
        chosen = st.session_state.get(key)
        if chosen and chosen != current:
            rule.change(lambda now: _from_another(now, str(chosen)))

    st.segmented_control(
        "Where the value comes from",
        list(_ORIGINS),
        key=key,
        on_change=changed,
        required=True,
        format_func=lambda each: _ORIGINS[each],
    )
    if current == "expr":
        expression_field(
            rule,
            "expr",
            "SQL expression over the row's columns",
            help="One scalar: no query, no aggregate. Joined tables are written `join.column`.",
        )
        known = parts.source_columns(opened, entry)
        if known:
            shown = " ".join(f"`{name}`" for name in known[:60])
            with st.expander(f"Columns that may be read ({len(known)})"):
                st.markdown(shown)
    elif current == "value":
        scalar_field(rule, "value", "The same value for every row")
    else:
        choice_field(
            rule,
            "from",
            parts.source_columns(opened, entry),
            "Source column",
            placeholder="Choose a column",
            free=True,
        )


def _from_another(content: dict[str, Any], origin: str) -> dict[str, Any]:
    """The rule with another origin, in the first place; what was read before is a start."""
    before = content.get("from") or content.get("expr") or content.get("value")
    start: Any = "" if before is None else before
    if origin != "value":
        start = str(start)
        if origin == "from" and not start.replace(".", "").replace("_", "").isalnum():
            start = ""
    rest = {name: value for name, value in content.items() if name not in _ORIGINS}
    return {origin: start, **rest}


def _meaning(opened: Opened, rule: Spot) -> None:
    lookup = rule.content.get("lookup")
    if not isinstance(lookup, dict):
        names = [each.name for each in opened.outline.of("lookup")]
        choice_field(
            rule,
            "lookup",
            names,
            "What codes mean (lookup)",
            placeholder="They are no codes",
            help=described(ColumnRule, "lookup"),
        )
        return
    st.caption("What codes mean, written here")
    codes_table(rule.at("lookup"), "Meanings")


def codes_table(codes: Spot, label: str) -> None:
    """Codes and their meanings as a table; rows are added and removed in place."""
    rows = [{"Code": str(code), "Meaning": str(word)} for code, word in codes.content.items()]
    key = f"{codes.key}|codes|{hash(tuple((r['Code'], r['Meaning']) for r in rows))}"

    def changed() -> None:
        told = st.session_state[key]
        now = [dict(row) for row in rows]
        for place, cells in told["edited_rows"].items():
            now[int(place)].update(cells)
        gone = {int(place) for place in told["deleted_rows"]}
        now = [row for place, row in enumerate(now) if place not in gone]
        now += [row for row in told["added_rows"] if row.get("Code") and row.get("Meaning")]
        if any(row.get("Code") and not row.get("Meaning") for row in told["added_rows"]):
            return
        wanted = {
            str(r["Code"]): str(r["Meaning"]) for r in now if r.get("Code") and r.get("Meaning")
        }
        codes.change(lambda _: wanted)

    st.data_editor(
        rows or [{"Code": "", "Meaning": ""}],
        key=key,
        on_change=changed,
        num_rows="dynamic",
        hide_index=True,
        height=min(320, 74 + 36 * max(1, len(rows))),
        alt=label,
    )


def _take_out(entry: Entry, name: str, *, key: bool) -> None:
    def take_out() -> None:
        state.edit(
            entry.file, lambda text: remove(text, ("columns", name), document=entry.document)
        )
        go(Place("mappings", entry.name))

    st.button(
        "No longer fill this column",
        icon=":material/delete:",
        type="tertiary",
        on_click=take_out,
        disabled=key,
        key=f"take_out|{entry.key}|{name}",
        help="The key cannot be left out." if key else None,
    )
