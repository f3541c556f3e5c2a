"""Forms of the model: attributes and their history, hierarchies, columns of entities."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards.studio.forms import (
    choice_field,
    described,
    expression_field,
    names_field,
    text_field,
    toggle_field,
)
from dashboards.studio.generated import rest
from dashboards.studio.items import Items
from dashboards.studio.listing import Cell, Column
from dashboards.studio.outline import Kind
from dashboards.studio.spots import Spot
from dashboards.studio.state import Opened
from dashboards.studio.suggestions import TYPES
from metadata.model.star import (
    Attribute,
    Dimension,
    Entity,
    EntityColumn,
    Fact,
    Hierarchy,
)

HISTORY = {
    "overwrite": "Overwrite: the last value counts for all time",
    "track": "Track: each value counts for its time",
    "fixed": "Fixed: the first value stays",
}
FACTS = {
    "transaction": "Something that happened, once",
    "periodic_snapshot": "How things stood, at regular times",
    "accumulating_snapshot": "A process with its milestones, changed as it goes on",
}
_SHORT = {"overwrite": "overwrite", "track": "track", "fixed": "fixed"}


def settings(opened: Opened, kind: Kind, spot: Spot) -> set[str]:
    """What holds for a definition as a whole; gives the keys that have a field."""
    content = spot.content
    done = {"label", "description"}
    if kind != "entity":
        text_field(spot, "label", "What people call it")
    text_field(spot, "description", lines=True)
    columns = list(_map(content.get("columns")))
    if kind != "entity":
        choice_field(
            spot,
            "entity",
            opened.outline.names("entity"),
            "Entity whose rows it takes",
            free=True,
        )
        done.add("entity")
    if kind == "dimension":
        attributes = list(_map(content.get("attributes")))
        choice_field(
            spot,
            "caption",
            attributes,
            "Attribute by which a member is known",
            help=described(Dimension, "caption"),
        )
        text_field(spot, "unknown", "What the unknown member is called", placeholder="Unknown")
        done |= {"caption", "unknown"}
    elif kind == "entity":
        names_field(spot, "key", columns, "Key", help=described(Entity, "key"))
        choice_field(
            spot,
            "changed_at",
            columns,
            "Column that says when a row changed",
            help=described(Entity, "changed_at"),
        )
        done |= {"key", "changed_at"}
    elif kind == "fact":
        choice_field(
            spot,
            "kind",
            list(FACTS),
            "What a row stands for",
            shown=FACTS,
            default="transaction",
        )
        choice_field(
            spot,
            "date",
            list(_map(content.get("dimensions"))),
            "Date that decides",
            help=described(Fact, "date"),
        )
        expression_field(
            spot, "where", "Only rows for which this is true", help=described(Fact, "where")
        )
        done |= {"kind", "date", "where"}
    return done


def dimension(opened: Opened, spot: Spot) -> list[Items]:
    """Attributes and hierarchies."""
    entity = str(spot.content.get("entity", ""))
    paths = entity_paths(opened, entity)
    attributes = list(_map(spot.content.get("attributes")))

    def form(item: Spot) -> None:
        content = item.content
        choice_field(
            item,
            "history",
            list(HISTORY),
            "When the value changes",
            shown=HISTORY,
            default="overwrite",
        )
        from_or_expression(item, paths, "the column of the same name")
        if "expr" in content:
            choice_field(
                item,
                "type",
                TYPES,
                "Type of the result",
                free=True,
                help=described(Attribute, "type"),
            )
        text_field(item, "label", "What people call it")
        text_field(item, "description", lines=True)
        choice_field(
            item,
            "sort_by",
            attributes,
            "Members follow the order of",
            placeholder="themselves",
            help=described(Attribute, "sort_by"),
        )
        done = ("from", "expr", "type", "history", "label", "description", "sort_by")
        rest(opened, item, Attribute, done)

    def cells(name: str, content: dict[str, Any]) -> list[Cell]:
        reads = "expression" if "expr" in content else str(content.get("from") or name)
        history = str(content.get("history", "overwrite"))
        return [
            Cell(reads, code="expr" not in content, tone="soft"),
            Cell(
                badges=(
                    (
                        _SHORT.get(history, history),
                        "calm" if history == "track" else "soft",
                        HISTORY.get(history, ""),
                    ),
                )
            ),
        ]

    def levels(item: Spot) -> None:
        names_field(item, "levels", attributes, "Levels, from the widest to the narrowest")
        text_field(item, "label", "What people call it")
        rest(opened, item, Hierarchy, ("levels", "label"))

    return [
        Items(
            "attributes",
            "Attributes",
            ("attribute", "attributes"),
            (Column("Reads", narrow=True), Column("History")),
            cells,
            form,
            _map,
            lambda content: content or None,
            {"history": "overwrite"},
        ),
        Items(
            "hierarchies",
            "Hierarchies",
            ("hierarchy", "hierarchies"),
            (Column("Levels"),),
            lambda name, content: [Cell(" › ".join(map(str, _list(content.get("levels")))))],
            levels,
            lambda raw: {"levels": raw} if isinstance(raw, list) else _map(raw),
            _short_hierarchy,
            {"levels": attributes[:1]},
        ),
    ]


def _short_hierarchy(content: dict[str, Any]) -> Any:
    levels = content.get("levels")
    if isinstance(levels, str):
        content = {**content, "levels": [levels]}
    return content["levels"] if list(content) == ["levels"] else content


def from_or_expression(item: Spot, paths: list[str], otherwise: str = "None") -> None:
    """Whether a value is a column or an expression, and which; `otherwise` says what none means."""
    computed = "expr" in item.content
    key = f"{item.key}|computed"
    st.session_state[key] = "Expression" if computed else "Column"

    def changed() -> None:
        wanted = st.session_state[key] == "Expression"
        if wanted != computed:
            old, new = ("from", "expr") if wanted else ("expr", "from")
            item.change(
                lambda now: {
                    new: str(now.get(old) or ""),
                    **{k: v for k, v in now.items() if k not in (old, new)},
                }
            )

    st.segmented_control(
        "Where it comes from", ["Column", "Expression"], key=key, on_change=changed, required=True
    )
    if computed:
        expression_field(item, "expr", "SQL over the entity's columns and paths")
    else:
        choice_field(item, "from", paths, "Entity column", free=True, placeholder=otherwise)


def entity(opened: Opened, spot: Spot) -> list[Items]:
    """Columns."""
    names = sorted(opened.repository.entities)

    def form(item: Spot) -> None:
        choice_field(item, "type", TYPES, "Type", default="string", free=True)
        toggle_field(item, "required", help=described(EntityColumn, "required"))
        toggle_field(item, "personal", "Personal data", help=described(EntityColumn, "personal"))
        choice_field(
            item,
            "references",
            names,
            "Refers to",
            placeholder="nothing",
            help=described(EntityColumn, "references"),
        )
        text_field(item, "description", lines=True)
        done = ("type", "required", "personal", "references", "description")
        rest(opened, item, EntityColumn, done)

    def cells(name: str, content: dict[str, Any]) -> list[Cell]:
        told = [(word, "soft", "") for word in ("required", "personal") if content.get(word)]
        if content.get("references"):
            told.append((f"→ {content['references']}", "soft", ""))
        return [Cell(str(content.get("type", "string")), code=True, tone="soft", badges=told)]  # type: ignore[arg-type]

    def short(content: dict[str, Any]) -> Any:
        return content["type"] if list(content) == ["type"] else content or "string"

    return [
        Items(
            "columns",
            "Columns",
            ("column", "columns"),
            (Column("Type"),),
            cells,
            form,
            lambda raw: {"type": raw} if isinstance(raw, str) else _map(raw),
            short,
            {"type": "string"},
        ),
    ]


def entity_paths(opened: Opened, name: str, depth: int = 1) -> list[str]:
    """An entity's columns, and those of what it refers to as paths."""
    entities = opened.repository.entities
    if name not in entities:
        return []
    own = entities[name].value
    found = list(own.columns)
    if depth:
        for column, definition in own.columns.items():
            target = definition.references
            if target in entities and target != name and len(entities[target].value.key) == 1:
                found += [f"{column}.{each}" for each in entity_paths(opened, target, depth - 1)]
    return found


def _map(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
