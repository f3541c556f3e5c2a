"""Formulas as SQL: aggregates with their filters, and quotients of them."""

from __future__ import annotations

from typing import assert_never

from sqlglot import exp

from cubes.nodes import Aggregate, Formula, MeasureFilter, PhysicalColumn, Quotient, StockDay
from metadata.expressions import column_nodes, column_parts, parse_expression


def measure_expression(formula: Formula, only: exp.Expr | None = None) -> exp.Expr:
    """A formula over the rows of the base, or only over those for which a condition holds."""
    match formula:
        case Aggregate():
            return _aggregate(formula, only)
        case Quotient(numerator, denominator):
            top = exp.cast(measure_expression(numerator, only), "DOUBLE", copy=False)
            bottom = exp.Nullif(
                this=measure_expression(denominator, only), expression=exp.Literal.number(0)
            )
            return exp.Div(this=top, expression=bottom)
        case _:
            assert_never(formula)


def aggregates_of(formula: Formula) -> tuple[Aggregate, ...]:
    """The aggregates that a formula is made of."""
    match formula:
        case Aggregate():
            return (formula,)
        case Quotient(numerator, denominator):
            return (*aggregates_of(numerator), *aggregates_of(denominator))
        case _:
            assert_never(formula)


def _aggregate(formula: Aggregate, only: exp.Expr | None) -> exp.Expr:
    if formula.day is None:
        return _finished(formula, _filtered(formula, None, only))
    return _finished(formula, _over_days(formula, formula.day, only))


def _over_days(formula: Aggregate, day: StockDay, only: exp.Expr | None) -> exp.Expr:
    """Each kind of total reads the days that speak for its own period."""
    if len(day.periods) == 1:
        return _filtered(formula, day.periods[0].mark, only)
    levels = [_column(level) for level in day.levels]
    kinds = [
        exp.If(this=exp.Literal.number(period.mask), true=_filtered(formula, period.mark, only))
        for period in day.periods
    ]
    return exp.Case(this=exp.Anonymous(this="GROUPING", expressions=levels), ifs=kinds)


def counting_conditions(formula: Aggregate, mark: PhysicalColumn | None) -> list[exp.Expr]:
    """What must hold of a row so that an aggregate counts it; nothing means that all count."""
    conditions: list[exp.Expr] = []
    if formula.where is not None:
        conditions.append(exp.Paren(this=_condition(formula.where)))
    if formula.known is not None:
        unknown = exp.Neg(this=exp.Literal.number(1))
        conditions.append(exp.NEQ(this=_column(formula.known), expression=unknown))
    if mark is not None:
        conditions.append(_column(mark))
    return conditions


def _filtered(formula: Aggregate, mark: PhysicalColumn | None, only: exp.Expr | None) -> exp.Expr:
    conditions = counting_conditions(formula, mark)
    if only is not None:
        conditions.append(exp.Paren(this=only.copy()))
    value = _function(formula)
    if not conditions:
        return value
    together = exp.and_(*conditions, copy=False)
    return exp.Filter(this=value, expression=exp.Where(this=together))


def _function(formula: Aggregate) -> exp.Expr:
    operand: exp.Expr = _column(formula.operand) if formula.operand else exp.Star()
    match formula.function:
        case "sum":
            return exp.Sum(this=operand)
        case "count":
            return exp.Count(this=operand)
        case "count_distinct":
            return exp.Count(this=exp.Distinct(expressions=[operand]))
        case "avg":
            return exp.Avg(this=operand)
        case "min":
            return exp.Min(this=operand)
        case "max":
            return exp.Max(this=operand)
        case _:
            assert_never(formula.function)


def _finished(formula: Aggregate, value: exp.Expr) -> exp.Expr:
    if formula.zero_when_empty:
        value = exp.Coalesce(this=value, expressions=[exp.Literal.number(0)])
    # The engine adds whole numbers up in 128 bits, which few readers know.
    if formula.function == "sum" and formula.type == "integer":
        value = exp.cast(value, "BIGINT", copy=False)
    return value


def _condition(where: MeasureFilter) -> exp.Expr:
    bound = dict(where.columns)
    tree = parse_expression(where.text).copy()
    for node in list(column_nodes(tree)):
        replacement = _column(bound[column_parts(node)])
        if node is tree:
            return replacement
        node.replace(replacement)
    return tree


def _column(physical: PhysicalColumn) -> exp.Column:
    return exp.column(physical.name, table=physical.table, quoted=True)
