"""Rollups: additive measures of a cube, grouped once so that questions need not."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from metadata.errors import UserError
from metadata.model.cube import Measure
from metadata.repository import Repository, ResolvedCube
from transforms.checks import with_columns
from transforms.statements import (
    WAREHOUSE,
    Statement,
    column,
    create_table,
    named,
    table,
)  # fmt: skip

_FACT = "fact"


def rollup_table(cube: str, rollup: str) -> str:
    """Name of a rollup's table."""
    return f"rollup_{cube}_{rollup}"


def can_build(repository: Repository, cube: str, rollup: str) -> bool:
    """Whether the workspace feeds every level and at least one measure of a rollup."""
    return rollup in repository.cubes[cube].buildable_rollups


def build_rollup(repository: Repository, cube: str, rollup: str) -> tuple[Statement, ...]:
    """Group a fact by the rollup's levels.

    Raises:
        UserError: a measure is not additive.
    """
    resolved = repository.cubes[cube]
    definition = resolved.definition.rollups[rollup]
    roles: set[str] = set()

    def named_column(dotted: str) -> exp.Expr:
        role, dot, attribute = dotted.partition(".")
        if dot:
            roles.add(role)
            return column(attribute, role)
        return column(dotted, _FACT)

    groups = [(level, named_column(level)) for level in definition.by]
    query = exp.select(*(named(value, level.replace(".", "__")) for level, value in groups))
    for name in definition.measures:
        measure = resolved.measures.get(name)
        if measure is None:
            continue
        if measure.additivity != "additive":
            raise UserError(
                f"Rollup '{rollup}' cannot hold '{name}'.",
                where=resolved.written.where("rollups", rollup, "measures"),
                why="Parts of the measure do not add up to the whole.",
            )
        query = query.select(named(_aggregate(measure, named_column), name), copy=False)
    query = query.from_(table(resolved.fact.table, WAREHOUSE, _FACT))
    for role in sorted(roles):
        joined, on = _role_join(resolved, role)
        query = query.join(joined, on=on, copy=False)
    query = query.group_by(*(value.copy() for _, value in groups), copy=False)
    name = rollup_table(cube, rollup)
    return (Statement(create_table(name, WAREHOUSE, query), f"build {name}"),)


def _role_join(resolved: ResolvedCube, role: str) -> tuple[exp.Expr, exp.Expr]:
    found = resolved.roles[role]
    on = column(found.dimension.surrogate_key, role).eq(column(found.key_column, _FACT))
    return table(found.dimension.table, WAREHOUSE, role), on


def _aggregate(measure: Measure, named_column: Callable[[str], exp.Expr]) -> exp.Expr:
    value: exp.Expr
    if measure.sum is not None:
        value = exp.Sum(this=named_column(measure.sum))
    elif measure.count is not None and measure.count != "*":
        value = exp.Count(this=named_column(measure.count))
    else:
        value = exp.Count(this=exp.Star())
    if measure.where is not None:
        condition = with_columns(measure.where, named_column)
        value = exp.Filter(this=value, expression=exp.Where(this=condition))
    return value
