"""The days that speak for their periods, as one small table for each time role of a stock.

Days are read from the fact's own keys. They are few, so marking them costs nothing next to reading
the fact, and every total over time, whatever its period, needs only one join.
"""

from __future__ import annotations

from sqlglot import exp

from cubes.names import column, join, named, table_as
from cubes.nodes import DayMark, Plan, StockDays
from cubes.predicates import predicate_expression

_UNKNOWN = -1


def days_cte(plan: Plan, days: StockDays) -> exp.CTE:
    """`day`, and for each mark whether the day is the last (or first) of its period."""
    marks = [named(_mark(days, mark), mark.name) for mark in days.marks]
    statement = exp.Select(expressions=[named(column(days.day), "day"), *marks])
    inner = exp.Select(expressions=[column(days.day)], distinct=exp.Distinct())
    inner.set("from_", exp.From(this=exp.to_table(days.fact, alias=days.day.table)))
    statement.set(
        "from_",
        exp.From(
            this=exp.Subquery(
                this=inner, alias=exp.TableAlias(this=exp.to_identifier(days.day.table))
            )
        ),
    )
    if days.time is not None:
        statement.set("joins", [join(days.time)])
    if days.where is not None:
        condition = predicate_expression(days.where, lambda name: column(plan.bindings[name]))
        statement.set("where", exp.Where(this=condition))
    return table_as(days.alias, statement)


def _mark(days: StockDays, mark: DayMark) -> exp.Expr:
    day = column(days.day)
    unknown = exp.Neg(this=exp.Literal.number(-_UNKNOWN))
    within = [column(level) for level in mark.within]
    if mark.take == "last":
        chosen: exp.Expr = exp.Window(this=exp.Max(this=column(days.day)), partition_by=within)
    else:
        # The unknown day sorts before all others, and speaks only where there is no other.
        known = exp.Nullif(this=column(days.day), expression=unknown)
        first = exp.Window(this=exp.Min(this=known), partition_by=within)
        chosen = exp.Coalesce(this=first, expressions=[unknown.copy()])
    return exp.EQ(this=day, expression=chosen)
