"""Bridges: many members of one dimension for one of another, with shares."""

from __future__ import annotations

from sqlglot import exp

from metadata.repository import Repository, ResolvedBridge, ResolvedDimension
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
    weight = _weight(resolved) if definition.weight else number(1)
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


def _weight(resolved: ResolvedBridge) -> exp.Expr:
    """The share; equal ones for a member of whom no share is told."""
    share = exp.cast(column(resolved.definition.weight or "", "link"), "DOUBLE")
    member = [column(resolved.dimension.surrogate_key, "member")]
    if resolved.definition.within:
        member.append(column(resolved.definition.within, "link"))
    told = exp.Window(this=exp.Count(this=share), partition_by=member)
    links = exp.Window(this=exp.Count(this=exp.Star()), partition_by=[m.copy() for m in member])
    equal = exp.Div(this=exp.cast(number(1), "DOUBLE"), expression=links)
    return exp.func(
        "COALESCE", share.copy(), exp.Case().when(told.eq(number(0)), equal).else_(number(0))
    )


def _same(dimension: ResolvedDimension, alias: str, key: str) -> exp.Expr:
    return column(dimension.natural_key, alias).eq(column(key, "link"))
