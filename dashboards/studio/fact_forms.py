"""Forms of a fact: dimensions in their roles, measures, and labels that it carries itself."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards.studio.forms import (
    choice_field,
    described,
    remembered,
    text_field,
    toggle_field,
)
from dashboards.studio.generated import rest
from dashboards.studio.items import Items
from dashboards.studio.listing import Cell, Column
from dashboards.studio.model_forms import entity_paths, from_or_expression
from dashboards.studio.spots import Spot
from dashboards.studio.state import Opened
from dashboards.studio.suggestions import TYPES
from metadata.model.star import Degenerate, FactDimension, FactMeasure


def fact(opened: Opened, spot: Spot) -> list[Items]:
    """Measures and degenerate labels."""
    paths = entity_paths(opened, str(spot.content.get("entity", "")))

    def form(item: Spot) -> None:
        from_or_expression(item, paths)
        choice_field(item, "type", TYPES, "Type", default="decimal(18,4)", free=True)
        toggle_field(
            item,
            "convert",
            "Convert to the company's currency",
            help=described(FactMeasure, "convert"),
        )
        text_field(item, "description", lines=True)
        rest(opened, item, FactMeasure, ("from", "expr", "type", "convert", "description"))

    def label_form(item: Spot) -> None:
        from_or_expression(item, paths)
        text_field(item, "label", "What people call it")
        rest(opened, item, Degenerate, ("from", "expr", "label"))

    def role_form(item: Spot) -> None:
        role = str(item.path[-1])
        choice_field(
            item,
            "from",
            paths,
            "Entity column with its key",
            free=True,
            help=described(FactDimension, "from"),
        )
        choice_field(
            item,
            "dimension",
            opened.outline.names("dimension"),
            "Dimension",
            free=True,
            default=role,
            write=lambda chosen: item.change(
                lambda now: _role(role, {**now, "dimension": None if chosen == role else chosen})
            ),
            help="The one of the same name, where nothing else is said.",
        )

        def labelled() -> None:
            entered = st.session_state[key]
            item.change(lambda now: _role(role, {**now, "label": entered or None}))

        key = remembered(f"{item.key}|label|role", str(item.content.get("label") or ""))
        st.text_input("What people call it", key=key, on_change=labelled, live="500ms")

    def role_cells(name: str, content: dict[str, Any]) -> list[Cell]:
        return [
            Cell(str(content.get("from", "")), code=True, tone="soft"),
            Cell(str(content.get("dimension") or name).replace("_", " ")),
        ]

    def cells(name: str, content: dict[str, Any]) -> list[Cell]:
        reads = content.get("expr") or content.get("from") or name
        return [Cell(" ".join(str(reads).split()), code=True, tone="soft")]

    def short(content: dict[str, Any]) -> Any:
        return content["from"] if list(content) == ["from"] else content

    return [
        Items(
            "dimensions",
            "Dimensions",
            ("role", "roles"),
            (Column("Reads", narrow=True), Column("Dimension")),
            role_cells,
            role_form,
            _from_long,
            short,
            {"from": next(iter(paths), "")},
        ),
        Items(
            "measures",
            "Measures",
            ("measure", "measures"),
            (Column("Reads"),),
            cells,
            form,
            _from_long,
            short,
            {"from": next(iter(paths), "")},
        ),
        Items(
            "degenerate",
            "Labels",
            ("label", "labels"),
            (Column("Reads"),),
            cells,
            label_form,
            _from_long,
            short,
            {"from": next(iter(paths), "")},
        ),
    ]


def _role(role: str, content: dict[str, Any]) -> dict[str, Any]:
    """A role with a label says its dimension too."""
    kept = {name: value for name, value in content.items() if value is not None}
    return {"dimension": role, **kept} if "label" in kept else kept


def _from_long(raw: Any) -> dict[str, Any]:
    return {"from": raw} if isinstance(raw, str) else dict(raw) if isinstance(raw, dict) else {}
