"""Plan → one SQL expression. The same plan always gives the same text.

The statement has a common table expression `figures`, in which every set of levels is aggregated
from the base's rows, and an outer query that chooses, orders and shows. Nothing is ever aggregated
from aggregates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from sqlglot import exp

from cubes.aggregates import counting_conditions, measure_expression
from cubes.masking import masked_table
from cubes.nodes import (
    Aggregate,
    ByLevel,
    ByMeasure,
    GroupSize,
    Join,
    LargeCells,
    PhysicalColumn,
    Plan,
    PlannedLevel,
    PlannedMeasure,
    StockDays,
)
from cubes.predicates import EMPTY, Predicate, predicate_expression

GROUPING = "_grouping"
_FIGURES, _CHOSEN = "figures", "chosen"
_COUNTED, _CELLS = "counted", "cells"
_LARGE, _ROWS, _KEPT = "_large", "_rows", "_kept"


def compile_plan(plan: Plan) -> exp.Select:
    """The statement that answers a plan."""
    # Each part is made once and used once, so the builders need not copy (`copy=False`): with
    # copies, a statement with totals takes four times as long to make.
    outer = exp.select(*(_quoted(name) for name in _shown(plan)), copy=False)
    if plan.cells is not None:
        outer.with_(_COUNTED, _counted_cells(plan, plan.cells), copy=False)
        outer.with_(_CELLS, _judged_cells(plan.cells), copy=False)
    outer.from_(_FIGURES, copy=False).with_(_FIGURES, _figures(plan), copy=False)
    if plan.top is not None:
        outer.with_(_CHOSEN, _chosen(plan), copy=False).where(_is_chosen(plan), copy=False)
    keys = list(_order(plan))
    if not plan.totals and len(plan.grouping_sets) > 1:
        outer.where(_equal(_quoted(GROUPING), _number(0)), copy=False)
    if plan.limit is not None and plan.totals:
        _limit_leaves(plan, outer, keys)
    if plan.levels:
        outer.order_by(*keys, copy=False)
    if plan.limit is not None and not plan.totals:
        outer.limit(plan.limit, copy=False)
    return outer


def filters_of(*plans: Plan) -> dict[str, exp.Expr]:
    """What must hold of the rows of each table that these plans read; nothing where all is seen."""
    return {
        plan.base.table: bound_predicate(plan, plan.allowed).unnest()
        for plan in plans
        if plan.allowed is not None
    }


def _shown(plan: Plan) -> list[str]:
    names = [level.name for level in plan.levels]
    names += [measure.name for measure in plan.measures if measure.shown]
    return [*names, GROUPING] if plan.totals else names


def _figures(plan: Plan) -> exp.Select:
    shown: list[exp.Expr] = []
    for place, level in enumerate(plan.levels):
        shown.append(_as(_member(plan, level), level.name))
        if level.sort != level.column:
            # A member has one place in the order of its level; MIN only says so to the engine.
            shown.append(_as(exp.Min(this=column(level.sort)), _sort_name(place)))
    for measure in plan.measures:
        shown.append(_as(_measure(plan, measure), measure.name))
    if _needs_grouping(plan):
        shown.append(_as(_grouping(plan), GROUPING))
    select = exp.select(*shown, copy=False)
    select.from_(table_as(plan.base.table, plan.base.alias), copy=False)
    for join in plan.joins:
        join_member(select, join)
    for days in plan.stock_days:
        join_days(select, days, plan)
    if plan.cells is not None:
        _join_large_cells(select, plan.cells)
    if plan.where is not None:
        select.where(bound_predicate(plan, plan.where), copy=False)
    _group(select, plan)
    _leave_out_nothing(select, plan)
    return select


def _measure(plan: Plan, measure: PlannedMeasure) -> exp.Expr:
    """A measure; where totals cover all rows, only the leaves are of those that may be seen."""
    whole = measure_expression(measure.formula)
    if not plan.full_totals or plan.allowed is None:
        return whole
    leaf = measure_expression(measure.formula, bound_predicate(plan, plan.allowed))
    return exp.Case(
        ifs=[exp.If(this=_equal(_grouping(plan), _number(0)), true=leaf)], default=whole
    )


def _leave_out_nothing(select: exp.Select, plan: Plan) -> None:
    """A total over no row at all would say nought where nothing may be said."""
    rows: exp.Expr = exp.Count(this=exp.Star())
    if plan.full_totals and plan.allowed is not None:
        seen = exp.Where(this=bound_predicate(plan, plan.allowed))
        rows = exp.Filter(this=rows, expression=seen)
    elif plan.cells is None:
        return
    select.having(exp.GT(this=rows, expression=_number(0)), copy=False)


def bound_predicate(plan: Plan, predicate: Predicate) -> exp.Expr:
    """A predicate over a plan's columns."""
    return predicate_expression(predicate, lambda name: column(plan.bindings[name]))


def _needs_grouping(plan: Plan) -> bool:
    return plan.totals or len(plan.grouping_sets) > 1


def _grouping(plan: Plan) -> exp.Expr:
    """GROUPING() over all levels; without levels there is only the grand total."""
    if not plan.levels:
        return exp.cast(_number(0), "BIGINT")
    columns = [column(level.column) for level in plan.levels]
    return exp.cast(exp.Anonymous(this="GROUPING", expressions=columns), "BIGINT", copy=False)


def _member(plan: Plan, level: PlannedLevel) -> exp.Expr:
    """A level's member; a missing text is a member of its own, and not to be taken for a total."""
    member = column(level.column)
    if not level.text:
        return member
    named = exp.Coalesce(this=member, expressions=[exp.Literal.string(EMPTY)])
    if not _needs_grouping(plan):
        return named
    grouped = exp.Anonymous(this="GROUPING", expressions=[column(level.column)])
    return exp.Case(ifs=[exp.If(this=_equal(grouped, _number(0)), true=named)])


def _group(select: exp.Select, plan: Plan) -> None:
    """Group by all levels, or by several sets of them at once."""
    if not plan.levels:
        return
    if len(plan.grouping_sets) == 1:
        select.group_by(*(column(level.column) for level in plan.levels), copy=False)
        return
    sets = [
        exp.Tuple(expressions=[column(plan.levels[place].column) for place in kept])
        for kept in plan.grouping_sets
    ]
    select.set("group", exp.Group(grouping_sets=[exp.GroupingSets(expressions=sets)]))


def join_member(select: exp.Select, join: Join) -> None:
    """Join a role's dimension to its base."""
    on = _equal(_quoted(join.key, join.alias), column(join.base_key))
    table = masked_table(join) if join.masks else table_as(join.table, join.alias)
    select.join(table, on=on, copy=False)


def join_days(select: exp.Select, days: StockDays, plan: Plan) -> None:
    """Join the marks of a base's days."""
    on = _equal(_quoted("day", days.alias), column(days.day))
    alias = exp.to_identifier(days.alias, quoted=True)
    marked = marked_days(days, plan).subquery(alias, copy=False)
    # A fact without a day has no mark, and still counts for measures that are no stocks.
    select.join(marked, on=on, join_type="LEFT", copy=False)


def marked_days(days: StockDays, plan: Plan) -> exp.Select:
    """Every day on which the fact has rows, marked where it speaks for its period."""
    marks = [_as(column(days.day), "day")]
    for mark in days.marks:
        best = exp.Max if mark.take == "last" else exp.Min
        within = [column(each) for each in mark.within]
        period = exp.Window(this=best(this=column(days.day)), partition_by=within)
        marks.append(_as(_equal(column(days.day), period), mark.name))
    # Days are told apart before they are marked: there are few of them, however many facts.
    apart = exp.select(_as(column(days.day), days.day.name), copy=False).distinct(copy=False)
    apart.from_(table_as(days.fact, days.day.table), copy=False)
    apart.where(exp.NEQ(this=column(days.day), expression=_number(-1)), copy=False)
    alias = exp.to_identifier(days.day.table, quoted=True)
    select = exp.select(*marks, copy=False).from_(apart.subquery(alias, copy=False), copy=False)
    if days.time is not None:
        join_member(select, days.time)
    if days.where is not None:
        select.where(bound_predicate(plan, days.where), copy=False)
    return select


def _counted_cells(plan: Plan, cells: LargeCells) -> exp.Select:
    """Every cell of all facts that may be seen: whether it is large, and how many rows it has."""
    sizes = [_size(size, None) for size in cells.sizes]
    sizes += [_size(size, each) for size in cells.sizes for each in cells.aggregates]
    shown = [_as(column(level), _cell_level(n)) for n, level in enumerate(cells.levels)]
    shown.append(_as(exp.and_(*sizes, copy=False), _LARGE))
    shown.append(_as(exp.Count(this=exp.Star()), _ROWS))
    select = exp.select(*shown, copy=False)
    select.from_(table_as(plan.base.table, plan.base.alias), copy=False)
    for join in plan.joins:
        join_member(select, join)
    if plan.allowed is not None:
        select.where(bound_predicate(plan, plan.allowed), copy=False)
    return select.group_by(*(column(level) for level in cells.levels), copy=False)


def _size(size: GroupSize, only: Aggregate | None) -> exp.Expr:
    conditions = counting_conditions(only, None) if only is not None else []
    counted: exp.Expr = exp.Star()
    if size.key is not None and size.known is not None:
        counted = exp.Distinct(expressions=[column(size.key)])
        # Nobody is not a customer.
        known = exp.NEQ(this=column(size.known), expression=exp.Neg(this=_number(1)))
        conditions.append(known)
    count: exp.Expr = exp.Count(this=counted)
    if conditions:
        where = exp.Where(this=exp.and_(*conditions, copy=False))
        count = exp.Filter(this=count, expression=where)
    return exp.GTE(this=count, expression=_number(size.least))


def _judged_cells(cells: LargeCells) -> exp.Select:
    """Which cells count. A group is a choice of levels; there are as many as there are choices."""
    places = range(len(cells.levels))
    lone = [
        _is_smallest_beside_small(group, places)
        for count in (() if cells.settled else range(len(cells.levels)))
        for group in combinations(places, count)
    ]
    kept: exp.Expr = _quoted(_LARGE)
    if lone:
        kept = exp.And(this=kept, expression=exp.Not(this=exp.Paren(this=exp.or_(*lone))))
    names = [_quoted(_cell_level(place)) for place in places]
    return exp.select(*names, _as(kept, _KEPT), copy=False).from_(_COUNTED, copy=False)


def _is_smallest_beside_small(group: Sequence[int], places: Sequence[int]) -> exp.Expr:
    """Whether a cell is the smallest large one of its group, and some of the group is not large."""
    within = [_quoted(_cell_level(place)) for place in group]
    order = [_ordered(exp.Not(this=_quoted(_LARGE))), _ordered(_quoted(_ROWS))]
    order += [_ordered(_quoted(_cell_level(place))) for place in places]
    rank = exp.Window(this=exp.RowNumber(), partition_by=within, order=exp.Order(expressions=order))
    is_large = exp.Case(ifs=[exp.If(this=_quoted(_LARGE), true=_number(1))], default=_number(0))
    least = exp.Window(this=exp.Min(this=is_large), partition_by=[each.copy() for each in within])
    return exp.Paren(
        this=exp.And(this=_equal(rank, _number(1)), expression=_equal(least, _number(0)))
    )


def _join_large_cells(select: exp.Select, cells: LargeCells) -> None:
    """Join each row to its cell, if that counts."""
    same: list[exp.Expr] = [_quoted(_KEPT, _CELLS)]
    for place, level in enumerate(cells.levels):
        cell = _quoted(_cell_level(place), _CELLS)
        same.append(exp.NullSafeEQ(this=cell, expression=column(level)))
    select.join(exp.to_table(_CELLS), on=exp.and_(*same, copy=False), copy=False)


def _cell_level(place: int) -> str:
    return f"_level_{place + 1}"


def _chosen(plan: Plan) -> exp.Select:
    """The members of the first level that a top keeps, by their own totals."""
    assert plan.top is not None
    first = plan.levels[0]
    measure = _ordered(_quoted(plan.top.by), descending=plan.top.descending)
    chosen = exp.select(_quoted(first.name), copy=False).from_(_FIGURES, copy=False)
    if _needs_grouping(plan):
        chosen.where(_equal(_quoted(GROUPING), _number(plan.mask((0,)))), copy=False)
    chosen.order_by(measure, _ordered(_quoted(first.name)), copy=False)
    return chosen.limit(plan.top.n, copy=False)


def _is_chosen(plan: Plan) -> exp.Expr:
    first = plan.levels[0].name
    # A missing member is a member too, so it must match itself.
    same = exp.NullSafeEQ(this=_quoted(first, _CHOSEN), expression=_quoted(first, _FIGURES))
    member = exp.select(_number(1), copy=False).from_(_CHOSEN, copy=False)
    found = exp.Exists(this=member.where(same, copy=False))
    if not plan.totals:
        return found
    return exp.Or(this=_equal(_bit(plan, 0), _number(1)), expression=found)


def _bit(plan: Plan, place: int) -> exp.Expr:
    """Whether a level is totalled in a row: 0 or 1."""
    shift = exp.BitwiseRightShift(
        this=_quoted(GROUPING), expression=_number(len(plan.levels) - 1 - place)
    )
    return exp.Paren(this=exp.BitwiseAnd(this=exp.Paren(this=shift), expression=_number(1)))


def _order(plan: Plan) -> Iterator[exp.Ordered]:
    """Leaves before their totals; a measure's order holds within each kind of total."""
    by_measure = any(isinstance(key, ByMeasure) for key in plan.order)
    if plan.totals and by_measure:
        yield _ordered(_quoted(GROUPING))
    for key in plan.order:
        match key:
            case ByMeasure(name, descending):
                yield _ordered(_quoted(name), descending=descending)
            case ByLevel(place, descending):
                level = plan.levels[place]
                if plan.totals and not by_measure:
                    yield _ordered(_bit(plan, place))
                if level.text:
                    # `(empty)` comes last, not among the letters.
                    last = _equal(_quoted(level.name), exp.Literal.string(EMPTY))
                    yield _ordered(last)
                if level.sort != level.column:
                    yield _ordered(_quoted(_sort_name(place)), descending=descending)
                yield _ordered(_quoted(level.name), descending=descending)


def _limit_leaves(plan: Plan, outer: exp.Select, keys: list[exp.Ordered]) -> None:
    """Keep the first leaves in order; totals are neither counted nor changed."""
    assert plan.limit is not None
    rank = exp.Window(
        this=exp.RowNumber(),
        partition_by=[_equal(_quoted(GROUPING), _number(0))],
        order=exp.Order(expressions=[key.copy() for key in keys]) if keys else None,
    )
    kept = exp.Or(
        this=exp.NEQ(this=_quoted(GROUPING), expression=_number(0)),
        expression=exp.LTE(this=rank, expression=_number(plan.limit)),
    )
    outer.set("qualify", exp.Qualify(this=kept))


def column(physical: PhysicalColumn) -> exp.Column:
    """A column of a plan as SQL."""
    return _quoted(physical.name, physical.table)


def _quoted(name: str, table: str | None = None) -> exp.Column:
    return exp.column(name, table=table, quoted=True)


def table_as(name: str, alias: str) -> exp.Expr:
    """A table of a version under an alias."""
    return exp.alias_(
        exp.table_(name, quoted=True),
        exp.to_identifier(alias, quoted=True),
        table=True,
        copy=False,
    )


def _as(value: exp.Expr, name: str) -> exp.Expr:
    return exp.Alias(this=value, alias=exp.to_identifier(name, quoted=True))


def _equal(left: exp.Expr, right: exp.Expr) -> exp.EQ:
    return exp.EQ(this=left, expression=right)


def _sort_name(place: int) -> str:
    return f"_sort_{place}"


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def _ordered(value: exp.Expr, *, descending: bool = False) -> exp.Ordered:
    return exp.Ordered(this=value, desc=descending, nulls_first=False)
