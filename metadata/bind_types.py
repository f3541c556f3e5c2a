"""Types across the star: what is compared, or cast while loading, must be of one kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from metadata.errors import Issue, Location
from metadata.model.rule import FIGURES, MOMENTS, a_kind, family, kind_of
from metadata.model.star import Bridge, Dimension, Entity, Fact
from metadata.paths import PathError, ReferencePath
from metadata.repository import Feeds, Written


def entity_type_issues(entities: Mapping[str, Written[Entity]]) -> Iterator[Issue]:
    """References whose column can hold no key of the other entity, and changes without a time."""
    for written in entities.values():
        entity = written.value
        for name, column in entity.columns.items():
            target = entities.get(column.references) if column.references else None
            if target is None or any(key not in target.value.columns for key in target.value.key):
                continue
            if len(target.value.key) != 1:
                yield Issue(
                    f"Column '{name}' refers to '{column.references}', whose key has"
                    f" {len(target.value.key)} columns.",
                    written.where("columns", name, "references"),
                    "One column can only refer to a key of one column.",
                    f"Give '{column.references}' a single key, or leave 'references' out.",
                )
                continue
            key = target.value.columns[target.value.key[0]].type
            if not compare(key, column.type):
                yield Issue(
                    f"Column '{name}' is {a_kind(column.type)} and refers to '{column.references}',"
                    f" whose key is {a_kind(key)}.",
                    written.where("columns", name),
                    "The two are compared while loading.",
                    "Give both the same type.",
                )
        changed = entity.columns.get(entity.changed_at) if entity.changed_at else None
        if changed is not None and kind_of(changed.type) not in MOMENTS | {"string"}:
            yield Issue(
                f"'{entity.changed_at}' is {a_kind(changed.type)} and does not say when a row"
                " changed.",
                written.where("changed_at"),
                "",
                "Name a column with dates or timestamps.",
            )


def role_type_issues(
    path: ReferencePath, dimension: Dimension, feeds: Feeds, where: Location
) -> Iterator[Issue]:
    """A role whose column can never lead to a member of its dimension."""
    if dimension.entity is None:
        if kind_of(path.type) not in MOMENTS:
            yield Issue(
                f"'{path}' is {a_kind(path.type)} and leads to no day of '{dimension.dimension}'.",
                where,
                "",
                "Name a column with dates or timestamps.",
            )
        return
    entity = feeds.entities.get(dimension.entity)
    if entity is None or len(entity.key) != 1 or entity.key[0] not in entity.columns:
        return
    key = entity.columns[entity.key[0]].type
    if not compare(key, path.type):
        yield Issue(
            f"'{path}' is {a_kind(path.type)} and the key of '{dimension.dimension}'"
            f" {a_kind(key)}.",
            where,
            "The two are compared while loading.",
            "Give both the same type.",
        )


def fact_type_issues(written: Written[Fact], feeds: Feeds) -> Iterator[Issue]:
    """Measures that are copied from what is no figure, and a currency that is none."""
    fact = written.value
    for name, measure in fact.measures.items():
        path = _path(feeds, fact.entity, measure.from_) if measure.from_ else None
        if path is not None and _cannot_load(path.type, measure.type):
            yield Issue(
                f"'{path}' is {a_kind(path.type)} and cannot be loaded as {a_kind(measure.type)}.",
                written.where("measures", name),
                "",
                "Give the entity's column the type of a figure, or take another column.",
            )
        if measure.convert and kind_of(measure.type) not in FIGURES:
            yield Issue(
                f"Measure '{name}' is {a_kind(measure.type)} and no amount to convert.",
                written.where("measures", name),
            )
    path = _path(feeds, fact.entity, fact.currency) if fact.currency else None
    if path is not None and path.type != "string":
        yield Issue(
            f"'{path}' is {a_kind(path.type)} and names no currency.",
            written.where("currency"),
            "",
            "Name the column with codes such as EUR.",
        )


def parent_type_issues(written: Written[Dimension], entity: Entity) -> Iterator[Issue]:
    """A parent that can be no key of the same dimension."""
    parent = written.value.parent
    if parent is None or parent not in entity.columns or len(entity.key) != 1:
        return
    key = entity.columns[entity.key[0]].type if entity.key[0] in entity.columns else None
    if parent in entity.key:
        yield Issue("A member cannot be its own parent.", written.where("parent"))
    elif key is not None and not compare(key, entity.columns[parent].type):
        yield Issue(
            f"'{parent}' is {a_kind(entity.columns[parent].type)} and the key {a_kind(key)}.",
            written.where("parent"),
            "A parent is found by its key.",
            "Give both the same type.",
        )


def bridge_type_issues(
    written: Written[Bridge], entity: Entity, ends: Mapping[str, Entity]
) -> Iterator[Issue]:
    """Keys of a bridge that can be none of its dimensions, and a weight that is no figure."""
    bridge = written.value
    for field, name in (("dimension_key", bridge.dimension), ("group_key", bridge.group)):
        own = getattr(bridge, field)
        column = entity.columns[own]
        end = ends.get(name)
        key = end.columns[end.key[0]].type if end is not None else column.type
        if not compare(key, column.type):
            yield Issue(
                f"'{own}' is {a_kind(column.type)} and the key of '{name}' {a_kind(key)}.",
                written.where(field),
                "The two are compared while loading.",
                "Give both the same type.",
            )
    if bridge.weight is not None and kind_of(entity.columns[bridge.weight].type) not in FIGURES:
        yield Issue(
            f"'{bridge.weight}' is {a_kind(entity.columns[bridge.weight].type)} and no share.",
            written.where("weight"),
            "",
            "Name a column with figures.",
        )


def compare(one: str, other: str) -> bool:
    """Whether values of two types can be equal: the engine reads a number from a text."""
    families = {family(one), family(other)}
    return len(families) == 1 or families == {"number", "string"}


def _cannot_load(given: str, wanted: str) -> bool:
    """Whether the cast from one type to another fails whatever the value is."""
    have, want = kind_of(given), kind_of(wanted)
    if "string" in (have, want) or family(have) == family(want):
        return False
    return not (have == "boolean" and want in FIGURES)


def _path(feeds: Feeds, entity: str, path: str) -> ReferencePath | None:
    try:
        return feeds.resolve(entity, path)
    except PathError:
        return None
