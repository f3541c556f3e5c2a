"""What rules look at beside their own column: other columns of the mapped row, other entities.

A parameter says so itself, by `refers_to` in its schema.
"""

from __future__ import annotations

from collections.abc import Iterator

from metadata.expressions import columns_of
from metadata.model.rules import Rule, Satisfies
from metadata.model.star import Entity


def looked_at(rule: Rule, own: str, entity: Entity) -> tuple[str, ...]:
    """Other columns of the mapped row at which a rule of the column `own` looks.

    >>> entity = Entity(entity="e", key="id", columns={"id": "string", "a": "string"})
    >>> looked_at(Satisfies(condition="a > id"), "a", entity)
    ('id',)
    """
    found = list(_referred(rule, "column"))
    conditions = list(_referred(rule, "expression"))
    if not conditions and isinstance(rule, Satisfies):
        conditions = [rule.condition]
    for condition in conditions:
        found += [parts[-1] for parts in columns_of(condition)]
    if rule.rule == "unique":
        # Two rows of the same key are one row that came twice.
        found += entity.key
    return tuple(dict.fromkeys(column for column in found if column != own))


def entities_looked_into(rule: Rule) -> tuple[str, ...]:
    """Other entities in which a rule looks its value up, by their key."""
    return tuple(_referred(rule, "entity"))


def _referred(rule: Rule, to: str) -> Iterator[str]:
    for name, field in type(rule).model_fields.items():
        extra = field.json_schema_extra
        value = getattr(rule, name)
        if isinstance(extra, dict) and extra.get("refers_to") == to and value is not None:
            yield from [value] if isinstance(value, str) else value
