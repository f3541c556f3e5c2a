"""Forms of a cube: its figures and how they add up, its pre-aggregations, what is shown first."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards.studio.forms import (
    choice_field,
    described,
    expression_field,
    names_field,
    text_field,
)
from dashboards.studio.generated import rest
from dashboards.studio.items import Items
from dashboards.studio.listing import Cell, Column
from dashboards.studio.spots import Spot
from dashboards.studio.state import Opened
from metadata.model.cube import AGGREGATES, Measure, Rollup, SemiAdditive

_KINDS = {
    "sum": "Add up",
    "count": "Count",
    "count_distinct": "Count different",
    "avg": "Average",
    "min": "Smallest",
    "max": "Largest",
    "ratio": "One figure divided by another",
}
_FORMATS = {
    "number": "Number",
    "integer": "Whole number",
    "currency": "Amount of money",
    "percent": "Percentage",
    "duration": "Duration",
}
_POLARITY = {
    "neutral": "Neither",
    "higher_is_better": "More is better",
    "lower_is_better": "Less is better",
}


def settings(opened: Opened, spot: Spot) -> set[str]:
    """What holds for a cube as a whole; gives the keys that have a field."""
    choice_field(spot, "fact", opened.outline.names("fact"), "Fact whose rows it shows", free=True)
    text_field(spot, "label", "What people call it")
    text_field(spot, "description", lines=True)
    measures, levels = _measures(spot), _levels(opened, spot)
    default = spot.at("default")
    st.markdown("**Shown before anybody asks**")
    names_field(default, "measures", measures, "Figures")
    names_field(default, "rows", levels, "Rows")
    names_field(default, "columns", levels, "Columns")
    return {"fact", "label", "description", "default"}


def cube(opened: Opened, spot: Spot) -> list[Items]:
    """Measures and pre-aggregations."""
    fact = str(spot.content.get("fact", ""))
    numbers = list(_map(opened.outline.effective("fact", fact).get("measures")))
    labels = list(_map(opened.outline.effective("fact", fact).get("degenerate")))
    levels, measures = _levels(opened, spot), _measures(spot)

    def form(item: Spot) -> None:
        content = item.content
        kind = next((each for each in AGGREGATES if each in content), "sum")
        _kind(item, kind, numbers, measures)
        match kind:
            case "ratio":
                _ratio(item, measures)
            case "count":
                choice_field(item, "count", ["*", *labels], "Of", free=True, shown={"*": "rows"})
            case "count_distinct":
                choice_field(item, "count_distinct", [*levels, *labels], "Of", free=True)
            case _:
                choice_field(item, kind, numbers, "Of", free=True)
        if kind != "ratio":
            expression_field(
                item, "where", "Only facts for which this is true", help=described(Measure, "where")
            )
        text_field(item, "label", "What people call it")
        text_field(item, "description", lines=True)
        choice_field(item, "format", list(_FORMATS), "Shown as", shown=_FORMATS, default="number")
        choice_field(
            item,
            "polarity",
            list(_POLARITY),
            "What is good news",
            shown=_POLARITY,
            default="neutral",
        )
        if kind in ("sum", "count"):
            _stock(opened, item, list(_map(spot.content.get("dimensions"))))
        rest(opened, item, Measure, (*AGGREGATES, *_DONE))

    def cells(name: str, content: dict[str, Any]) -> list[Cell]:
        kind = next((each for each in AGGREGATES if each in content), "")
        of = content.get(kind)
        shown = " / ".join(map(str, of)) if isinstance(of, list) else str(of or "")
        return [
            Cell(f"{kind.replace('_', ' ')} {shown}", code=True, tone="soft"),
            Cell(_FORMATS.get(str(content.get("format", "number")), ""), tone="soft"),
        ]

    def rollup_form(item: Spot) -> None:
        names_field(item, "by", levels, "Levels it keeps", help=described(Rollup, "by"))
        names_field(
            item, "measures", measures, "Figures it holds", help=described(Rollup, "measures")
        )
        rest(opened, item, Rollup, ("by", "measures"))

    def rollup_cells(name: str, content: dict[str, Any]) -> list[Cell]:
        return [
            Cell(", ".join(map(str, _list(content.get("by")))), tone="soft"),
            Cell(", ".join(map(str, _list(content.get("measures")))), tone="soft"),
        ]

    roles = _map(opened.outline.effective("fact", fact).get("dimensions"))

    def role_form(item: Spot) -> None:
        choice_field(
            item,
            "dimension",
            opened.outline.names("dimension"),
            "Dimension in this role",
            free=True,
        )
        text_field(item, "label", "What people call it")

    def role_cells(name: str, content: dict[str, Any]) -> list[Cell]:
        return [Cell(str(content.get("dimension", "")).replace("_", " "), tone="soft")]

    def role_short(content: dict[str, Any]) -> Any:
        return content["dimension"] if list(content) == ["dimension"] else content

    begun = {"sum": numbers[0]} if numbers else {"count": "*"}
    return [
        Items(
            "dimensions",
            "Dimensions",
            ("role", "roles"),
            (Column("Dimension"),),
            role_cells,
            role_form,
            lambda raw: {"dimension": raw} if isinstance(raw, str) else _map(raw),
            role_short,
            {"dimension": next(iter(opened.outline.names("dimension")), "")},
            hint=f"Roles of the fact: {', '.join(roles)}." if roles else "",
        ),
        Items(
            "measures",
            "Figures",
            ("figure", "figures"),
            (Column("Computed"), Column("Shown as", narrow=True)),
            cells,
            form,
            _map,
            new=begun,
        ),
        Items(
            "rollups",
            "Pre-aggregations",
            ("pre-aggregation", "pre-aggregations"),
            (Column("By"), Column("Figures", narrow=True)),
            rollup_cells,
            rollup_form,
            _map,
            new={"by": levels[:1], "measures": measures[:1]},
        ),
    ]


_DONE = ("where", "label", "description", "format", "polarity", "semi_additive")


def _stock(opened: Opened, item: Spot, roles: list[str]) -> None:
    """Whether a figure is a stock, which does not add up over time."""
    stock = item.at("semi_additive")
    choice_field(
        stock,
        "over",
        roles,
        "A stock: it does not add up over",
        placeholder="It adds up over everything",
        help=described(SemiAdditive, "over"),
    )
    if stock.content.get("over"):
        choice_field(
            stock,
            "take",
            ["last", "first"],
            "Day that speaks for a period",
            shown={"last": "The last", "first": "The first"},
            default="last",
        )


def _kind(item: Spot, kind: str, numbers: list[str], measures: list[str]) -> None:
    key = f"{item.key}|kind"
    st.session_state[key] = kind

    def changed() -> None:
        chosen = st.session_state[key]
        start: Any = {"ratio": (measures * 2)[:2], "count": "*"}.get(
            chosen,
            item.content.get(kind)
            if isinstance(item.content.get(kind), str) and item.content.get(kind) != "*"
            else next(iter(numbers), ""),
        )
        dropped = {*AGGREGATES, *(("where", "semi_additive") if chosen == "ratio" else ())}
        item.change(
            lambda now: {chosen: start, **{k: v for k, v in now.items() if k not in dropped}}
        )

    st.selectbox(
        "How it is computed",
        list(_KINDS),
        key=key,
        on_change=changed,
        format_func=lambda each: _KINDS[each],
    )


def _ratio(item: Spot, measures: list[str]) -> None:
    pair = [str(each) for each in _list(item.content.get("ratio"))][:2]
    pair += [""] * (2 - len(pair))
    for place, label in enumerate(("This figure", "divided by")):
        options = list(dict.fromkeys([*measures, *(p for p in pair if p)]))
        key = f"{item.key}|ratio|{place}"
        st.session_state[key] = pair[place] or None

        def changed(place: int = place, key: str = key) -> None:
            wanted = list(pair)
            wanted[place] = st.session_state[key]
            item.set("ratio", wanted)

        st.selectbox(label, options, index=None, key=key, on_change=changed)


def _measures(spot: Spot) -> list[str]:
    return list(_map(spot.content.get("measures")))


def _levels(opened: Opened, spot: Spot) -> list[str]:
    """Everything a cube may be grouped by, as role.attribute."""
    found = []
    for role, use in _map(spot.content.get("dimensions")).items():
        name = use if isinstance(use, str) else str(_map(use).get("dimension", role))
        attributes = _map(opened.outline.effective("dimension", name).get("attributes"))
        found += [f"{role}.{attribute}" for attribute in attributes]
    return found


def _map(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [] if value is None else [value]
