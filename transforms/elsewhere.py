"""What checks know of other rows: values that several rows share, and keys that exist.

Both are found for all rows beforehand and kept as tables, so that a row is judged alone, and single
rows can be judged again as they were among all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sqlglot import exp

from metadata.model.rules import References, Unique
from metadata.model.star import Entity
from metadata.repository import Repository, ResolvedMapping
from transforms.checks import Around, comparable
from transforms.statements import (
    STAGING,
    Statement,
    column,
    create_table,
    data_type,
    named,
    number,
    table,
    text,
)

TypedRows = Callable[[ResolvedMapping], exp.Select]
"""A mapping's rows with a text for each key and `_let_in`, still open for more columns."""


def shared_table(entity: str) -> str:
    """Name of the table of values that rows of an entity share."""
    return f"shared_{entity}"


def keys_table(entity: str) -> str:
    """Name of the table of the keys that an entity's rows bring, staged or not."""
    return f"keys_{entity}"


def tables_elsewhere(
    mappings: Sequence[ResolvedMapping], entity: Entity, typed: TypedRows
) -> Iterator[Statement]:
    """Statements that make the tables that checks of an entity look into.

    Args:
        mappings: those of the entity whose table has landed.
        entity: the entity.
        typed: gives a mapping's rows as they are before they are judged.
    """
    shared = [part for mapping in mappings for part in _shared(mapping, entity, typed)]
    if shared:
        name = shared_table(entity.entity)
        yield Statement(create_table(name, STAGING, _union(shared)), f"shared values of {name}")
    if any(_asks_itself(mapping) for mapping in mappings):
        name = keys_table(entity.entity)
        keys = [_keys(mapping, entity, typed) for mapping in mappings]
        yield Statement(create_table(name, STAGING, _union(keys)), f"keys of {entity.entity}")


def asked_elsewhere(repository: Repository, mapping: ResolvedMapping) -> Callable[[str], Around]:
    """How the checks of each column of a mapping ask about other rows."""

    def of_column(name: str) -> Around:
        def shared(rule: Unique, value: exp.Expr) -> exp.Expr:
            place = _place(mapping, name, rule)
            return _exists(
                shared_table(mapping.entity.entity),
                column("mapping", "known").eq(text(mapping.name)),
                column("column", "known").eq(text(name)),
                column("place", "known").eq(number(place)),
                column("value", "known").eq(value),
            )

        def is_key(entity: str, value: exp.Expr) -> exp.Expr:
            own = entity == mapping.entity.entity
            (key,) = repository.entity(entity).key
            known = exp.cast(column("key" if own else key, "known"), "VARCHAR")
            return _exists(keys_table(entity) if own else entity, known.eq(value))

        return Around(shared, is_key)

    return of_column


def referred_entities(mapping: ResolvedMapping) -> set[str]:
    """Other entities whose keys the checks of a mapping ask for."""
    rules = (check for rule in mapping.definition.columns.values() for check in rule.check)
    named_ = {check.entity for check in rules if isinstance(check, References)}
    return named_ - {mapping.entity.entity}


def _asks_itself(mapping: ResolvedMapping) -> bool:
    return any(
        isinstance(check, References) and check.entity == mapping.entity.entity
        for rule in mapping.definition.columns.values()
        for check in rule.check
    )


def _place(mapping: ResolvedMapping, name: str, rule: Unique) -> int:
    return mapping.definition.columns[name].check.index(rule)


def _shared(mapping: ResolvedMapping, entity: Entity, typed: TypedRows) -> Iterator[exp.Select]:
    """Values that rows of a mapping with different keys have, for each check that asks."""
    columns = mapping.definition.columns
    for name, rule in columns.items():
        for place, check in enumerate(rule.check):
            if not isinstance(check, Unique):
                continue
            parts = [_typed(mapping, entity, other) for other in (name, *check.within)]
            key = comparable(*(_typed(mapping, entity, part) for part in entity.key))
            values = typed(mapping).select(
                named(comparable(*parts), "value"), named(key, "key"), copy=False
            )
            own = column("value").is_(exp.null())
            yield (
                exp.select(
                    named(text(mapping.name), "mapping"),
                    named(text(name), "column"),
                    named(number(place), "place"),
                    column("value"),
                )
                .from_(values.subquery("values", copy=False), copy=False)
                .where(column("_let_in"), exp.not_(own), copy=False)
                .group_by(column("value"))
                .having(
                    exp.NEQ(
                        this=exp.Min(this=column("key")), expression=exp.Max(this=column("key"))
                    )
                )
            )


def _keys(mapping: ResolvedMapping, entity: Entity, typed: TypedRows) -> exp.Select:
    key = exp.cast(_typed(mapping, entity, entity.key[0]), "VARCHAR")
    rows = typed(mapping).select(named(key, "key"), copy=False)
    return (
        exp.select(column("key"))
        .distinct()
        .from_(rows.subquery("rows", copy=False), copy=False)
        .where(column("_let_in"), copy=False)
    )


def _typed(mapping: ResolvedMapping, entity: Entity, name: str) -> exp.Expr:
    if name in mapping.definition.columns:
        return column(f"{name}__typed")
    return exp.cast(exp.null(), data_type(entity.columns[name].type))


def _union(parts: Sequence[exp.Select]) -> exp.Query:
    union: exp.Query = parts[0]
    for part in parts[1:]:
        union = exp.union(union, part, distinct=False)
    return union


def _exists(name: str, *conditions: exp.Expr) -> exp.Expr:
    found = exp.select(number(1)).from_(table(name, STAGING, "known")).where(*conditions)
    return exp.Exists(this=found)
