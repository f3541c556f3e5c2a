"""Measures → formulas over the fact, or over a rollup that has already aggregated them."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from cubes.nodes import Aggregate, Formula, Function, MeasureFilter, Quotient, StockDay
from cubes.scope import Scope
from metadata.errors import InternalError
from metadata.expressions import columns_of
from metadata.model.cube import Measure, SemiAdditive
from metadata.repository import ResolvedRole

DayOf = Callable[[SemiAdditive], StockDay]
"""Which days a semi-additive measure reads."""


def fact_formula(scope: Scope, measure: Measure, day_of: DayOf) -> Formula:
    """A measure, computed from fact rows."""
    if measure.ratio is not None:
        numerator, denominator = (
            fact_formula(scope, scope.cube.measures[name], day_of) for name in measure.ratio
        )
        return Quotient(numerator, denominator)
    function = cast(Function, measure.aggregate)
    operand = str(getattr(measure, function))
    day = day_of(measure.semi_additive) if measure.semi_additive else None
    where = _own_filter(scope, measure.where) if measure.where else None
    result = result_type(scope, function, operand)
    if operand == "*":
        return Aggregate(function, None, result, where, day=day)
    if "." not in operand:
        return Aggregate(function, scope.own(operand), result, where, day=day)
    # A column of a dimension: its unknown member is nobody, so it is neither counted nor compared.
    role, _, attribute = operand.partition(".")
    resolved = scope.cube.roles[role]
    key = scope.own(resolved.key_column)
    if function == "count_distinct" and _one_row_each(resolved, attribute):
        return Aggregate(function, key, result, where, known=key, day=day)
    return Aggregate(function, scope.level(operand), result, where, known=key, day=day)


def rollup_formula(scope: Scope, name: str) -> Formula:
    """A measure, added up from a rollup that holds it (or both parts of a ratio)."""
    measure = scope.cube.measures[name]
    if measure.ratio is not None:
        numerator, denominator = (rollup_formula(scope, part) for part in measure.ratio)
        return Quotient(numerator, denominator)
    function = cast(Function, measure.aggregate)
    result = result_type(scope, function, str(getattr(measure, function)))
    return Aggregate("sum", scope.own(name), result, zero_when_empty=function == "count")


def parts_of(scope: Scope, name: str) -> tuple[str, ...]:
    """The measures that a rollup must hold to answer one: itself, or both parts of a ratio."""
    return scope.cube.measures[name].ratio or (name,)


def result_type(scope: Scope, function: Function, operand: str) -> str:
    """Type of an aggregate, in the metadata's words."""
    if function in ("count", "count_distinct"):
        return "integer"
    if function == "avg":
        return "double"
    kind = _column_type(scope, operand)
    if function == "sum" and kind.startswith("decimal"):
        scale = kind.rstrip(")").partition(",")[2]
        return f"decimal(38,{scale})"
    return kind


def _column_type(scope: Scope, operand: str) -> str:
    if "." not in operand:
        kind = scope.cube.fact.column_type(operand)
        if kind is None:
            raise InternalError(f"Fact '{scope.cube.fact.name}' has no column '{operand}'.")
        return kind
    level = scope.cube.levels.get(operand)
    return level.type if level is not None else "string"


def _one_row_each(role: ResolvedRole, attribute: str) -> bool:
    """Whether counting surrogate keys counts natural keys: no member has several versions."""
    return attribute == role.dimension.natural_key and not role.dimension.tracks


def _own_filter(scope: Scope, text: str) -> MeasureFilter:
    bound = tuple(
        (parts, scope.level(".".join(parts)) if len(parts) > 1 else scope.own(parts[0]))
        for parts in columns_of(text)
    )
    return MeasureFilter(text, bound)
