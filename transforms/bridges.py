"""Bridges: many members of one dimension for one of another, with shares."""

from __future__ import annotations

from sqlglot import exp

from metadata.repository import Repository, ResolvedDimension
from transforms.statements import (
    STAGING,
    WAREHOUSE,
    Statement,
    column,
    create_table,
    named,
    number,
    table,
    text,
)  # fmt: skip


def load_bridge(repository: Repository, bridge: str) -> tuple[Statement, ...]:
    """Make a bridge: every version of a member has the links that hold now."""
    resolved = repository.bridges[bridge]
    definition = resolved.definition
    weight: exp.Expr = column(definition.weight, "link") if definition.weight else number(1)
    within: exp.Expr = column(definition.within, "link") if definition.within else text("")
    query = (
        exp.select(
            column(resolved.dimension.surrogate_key, "member"),
            column(resolved.group.surrogate_key, "grouped"),
            named(exp.cast(weight, "DOUBLE"), "weight"),
            named(exp.cast(within, "VARCHAR"), "within"),
        )
        .from_(table(resolved.entity.entity, STAGING, "link"))
        .join(
            table(resolved.dimension.table, WAREHOUSE, "member"),
            on=_same(resolved.dimension, "member", definition.dimension_key),
        )
        .join(
            table(resolved.group.table, WAREHOUSE, "grouped"),
            on=exp.and_(
                _same(resolved.group, "grouped", definition.group_key),
                column("is_current", "grouped"),
            ),
        )
    )
    return (Statement(create_table(resolved.table, WAREHOUSE, query), f"load {resolved.table}"),)


def _same(dimension: ResolvedDimension, alias: str, key: str) -> exp.Expr:
    return column(dimension.natural_key, alias).eq(column(key, "link"))
