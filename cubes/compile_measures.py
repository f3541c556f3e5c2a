"""Formulas → SQL expressions over the base's rows."""

from __future__ import annotations

from typing import assert_never

from sqlglot import exp

from cubes.names import column
from cubes.nodes import Aggregate, Formula, MeasureFilter, PhysicalColumn, Quotient, StockDay
from metadata.expressions import column_nodes, column_parts, parse_expression


def formula_expression(formula: Formula) -> exp.Expr:
    """A formula as an expression in a grouped SELECT."""
    match formula:
        case Quotient(numerator, denominator):
            divisor = exp.Nullif(
                this=formula_expression(denominator), expression=exp.Literal.number(0)
            )
            above = exp.cast(formula_expression(numerator), "double")
            # Typed and guarded, so that every dialect divides as we mean it.
            return exp.Div(this=above, expression=divisor, typed=False, safe=False)
        case Aggregate():
            return _aggregate(formula)
        case _:
            assert_never(formula)


def _aggregate(aggregate: Aggregate) -> exp.Expr:
    if aggregate.day is None:
        return _finished(aggregate, _filtered(aggregate, None))
    day = aggregate.day
    if len(day.periods) == 1:
        return _finished(aggregate, _filtered(aggregate, day.periods[0].mark))
    return _by_period(aggregate, day)


def _by_period(aggregate: Aggregate, day: StockDay) -> exp.Expr:
    """Each kind of total over time looks at the day that speaks for its own period."""
    choices = [
        exp.If(
            this=exp.Literal.number(period.mask),
            true=_finished(aggregate, _filtered(aggregate, period.mark)),
        )
        for period in day.periods
    ]
    kind = exp.Grouping(expressions=[column(level) for level in day.levels])
    return exp.Case(this=kind, ifs=choices)


def _filtered(aggregate: Aggregate, mark: PhysicalColumn | None) -> exp.Expr:
    conditions: list[exp.Expr] = []
    if mark is not None:
        conditions.append(column(mark))
    if aggregate.known is not None:
        conditions.append(exp.NEQ(this=column(aggregate.known), expression=exp.Literal.number(-1)))
    if aggregate.where is not None:
        conditions.append(_own_filter(aggregate.where))
    bare = _bare(aggregate)
    if not conditions:
        return bare
    together, *rest = conditions
    for condition in rest:
        together = exp.And(this=together, expression=condition)
    return exp.Filter(this=bare, expression=exp.Where(this=together))


def _bare(aggregate: Aggregate) -> exp.Expr:
    this = exp.Star() if aggregate.operand is None else column(aggregate.operand)
    match aggregate.function:
        case "sum":
            return exp.Sum(this=this)
        case "count":
            return exp.Count(this=this, big_int=True)
        case "count_distinct":
            return exp.Count(this=exp.Distinct(expressions=[this]), big_int=True)
        case "avg":
            return exp.Avg(this=this)
        case "min":
            return exp.Min(this=this)
        case "max":
            return exp.Max(this=this)
        case _:
            assert_never(aggregate.function)


def _finished(aggregate: Aggregate, this: exp.Expr) -> exp.Expr:
    if aggregate.function == "sum" and aggregate.type == "integer":
        # The sum of 64-bit numbers is wider than any reader of results expects.
        this = exp.cast(this, "bigint")
    if aggregate.zero_when_empty:
        return exp.Coalesce(this=this, expressions=[exp.Literal.number(0)])
    return this


def _own_filter(where: MeasureFilter) -> exp.Expr:
    bound = dict(where.columns)
    tree: exp.Expr = parse_expression(where.text).copy()
    for node in list(column_nodes(tree)):
        replacement = column(bound[column_parts(node)])
        if node is tree:
            tree = replacement
        else:
            node.replace(replacement)
    return exp.Paren(this=tree)
