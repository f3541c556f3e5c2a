"""Tabs for what a definition holds by name, made from its model: tiles, charts, people, levels."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dashboards.studio.forms import label_of
from dashboards.studio.generated import model_fields, summary_of
from dashboards.studio.items import Items
from dashboards.studio.listing import Cell, Column
from dashboards.studio.shapes import Shape, fields_of, is_secret, shape_of
from dashboards.studio.spots import Spot
from dashboards.studio.state import Opened


def groups(opened: Opened, model: type[BaseModel], spot: Spot) -> list[Items]:
    """A tab for each map of models."""
    found = []
    for name, field in fields_of(model).items():
        shape = shape_of(field)
        if shape.way == "named" and shape.model is not None:
            found.append(_items(opened, name, shape, spot))
    return found


def _items(opened: Opened, name: str, shape: Shape, definition: Spot) -> Items:
    model = shape.model
    assert model is not None

    def form(item: Spot) -> None:
        model_fields(opened, item, model, around=(definition.content,))

    def cells(_: str, content: dict[str, Any]) -> list[Cell]:
        return [Cell(summary_of(content), tone="soft")]

    secret = next((f for f in fields_of(model).values() if f.is_required() and is_secret(f)), None)
    many = label_of(name).lower()
    return Items(
        name,
        label_of(name),
        (_one(many), many),
        (Column("Says"),),
        cells,
        form,
        shape.long,
        shape.short,
        None if secret else {},
        nullable=shape.nullable,
        tells=True,
        free_names=not shape.named,
        why_none=f"One more is not added here. {secret.description or ''}".strip()
        if secret
        else "",
    )


def _not_here(secret: FieldInfo) -> str:
    return f"One more is not added here. {secret.description or ''}".strip()


def _one(many: str) -> str:
    """The singular of a key.

    >>> _one("tiles"), _one("policies"), _one("rows")
    ('tile', 'policy', 'row')
    """
    if many.endswith("ies"):
        return f"{many[:-3]}y"
    return many[:-1] if many.endswith("s") else many
