"""Plan → one SELECT as a sqlglot expression. The same plan always makes the same statement.

A plain query is one grouped SELECT. Totals, and the choice of top members, need more: the grouped
SELECT becomes the table `cells`, with one row for each cell and each total, and the statement
only picks, names and orders its rows. Nothing is ever aggregated twice.
"""

from __future__ import annotations

from cubes.compile_arrange import arrange
from cubes.compile_days import days_cte
from cubes.compile_measures import formula_expression
from cubes.names import GROUPING, column, join, named, sort_name, with_tables
from cubes.nodes import ByLevel, OrderKey, Plan, PlannedLevel
from cubes.predicates import EMPTY, predicate_expression
from sqlglot import exp


def compile_plan(plan: Plan) -> exp.Select:
    """The statement that answers a plan."""
    if plan.totals or plan.top is not None:
        cells = _grouped(plan, _raw_projections(plan))
        statement, tables = arrange(plan, cells)
    else:
        statement, tables = _plain(plan), []
    return with_tables(statement, [days_cte(plan, days) for days in plan.stock_days] + tables)


def _plain(plan: Plan) -> exp.Select:
    """One row for each combination of members: no table in between is needed."""
    shown = [named(_shown(level), level.name) for level in plan.levels]
    shown += [
        named(formula_expression(measure.formula), measure.name)
        for measure in plan.measures
        if measure.shown
    ]
    statement = _grouped(plan, shown)
    keys = [key for each in plan.order for key in _plain_order(plan, each)]
    if keys:
        statement.set("order", exp.Order(expressions=keys))
    if plan.limit is not None:
        statement.set("limit", exp.Limit(expression=exp.Literal.number(plan.limit)))
    return statement


def _shown(level: PlannedLevel) -> exp.Expr:
    if not level.text:
        return column(level.column)
    return exp.Coalesce(this=column(level.column), expressions=[exp.Literal.string(EMPTY)])


def _plain_order(plan: Plan, key: OrderKey) -> list[exp.Ordered]:
    if isinstance(key, ByLevel):
        level = plan.levels[key.index]
        keys = [_ordered(column(level.column), key.descending)]
        if level.sort != level.column:
            keys.insert(0, _ordered(exp.Min(this=column(level.sort)), key.descending))
        return keys
    formula = next(each.formula for each in plan.measures if each.name == key.name)
    return [_ordered(formula_expression(formula), key.descending)]


def _ordered(this: exp.Expr, descending: bool) -> exp.Ordered:
    return exp.Ordered(this=this, desc=descending, nulls_first=False)


def _raw_projections(plan: Plan) -> list[exp.Expr]:
    """Members as they are stored, what they sort by, the kind of total, and every measure."""
    found: list[exp.Expr] = [named(column(level.column), level.name) for level in plan.levels]
    for place, level in enumerate(plan.levels):
        if level.sort != level.column:
            found.append(named(exp.Min(this=column(level.sort)), sort_name(place)))
    kind: exp.Expr = exp.Literal.number(0)
    if plan.levels:
        kind = exp.Grouping(expressions=[column(level.column) for level in plan.levels])
    found.append(named(exp.cast(kind, "bigint"), GROUPING))
    found += [named(formula_expression(measure.formula), measure.name) for measure in plan.measures]
    return found


def _grouped(plan: Plan, projections: list[exp.Expr]) -> exp.Select:
    """The base with its joins, filtered and grouped."""
    statement = exp.Select(expressions=projections)
    statement.set(
        "from_",
        exp.From(this=exp.to_table(plan.base.table, alias=plan.base.alias)),
    )
    joins = [join(each) for each in plan.joins]
    joins += [
        exp.Join(
            this=exp.to_table(days.alias),
            on=exp.EQ(this=column(days.day), expression=exp.column("day", days.alias)),
        )
        for days in plan.stock_days
    ]
    if joins:
        statement.set("joins", joins)
    if plan.where is not None:
        condition = predicate_expression(plan.where, lambda name: column(plan.bindings[name]))
        statement.set("where", exp.Where(this=condition))
    group = _group(plan)
    if group is not None:
        statement.set("group", group)
    return statement


def _group(plan: Plan) -> exp.Group | None:
    if len(plan.grouping_sets) == 1:
        columns = [column(level.column) for level in plan.levels]
        return exp.Group(expressions=columns) if columns else None
    sets = [
        exp.Tuple(expressions=[column(plan.levels[place].column) for place in kept])
        for kept in plan.grouping_sets
    ]
    return exp.Group(grouping_sets=[exp.GroupingSets(expressions=sets)])
