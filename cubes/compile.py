"""Plan → one SQL expression. The same plan always gives the same text.

The statement has a common table expression `figures`, in which every set of levels is aggregated
from the base's rows, and an outer query that chooses, orders and shows. Nothing is ever aggregated
from aggregates.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from cubes.aggregates import measure_expression
from cubes.nodes import ByLevel, ByMeasure, Join, PhysicalColumn, Plan, PlannedLevel, StockDays
from cubes.predicates import EMPTY, predicate_expression

GROUPING = "_grouping"
_FIGURES, _CHOSEN = "figures", "chosen"


def compile_plan(plan: Plan) -> exp.Select:
    """The statement that answers a plan."""
    figures = _figures(plan)
    outer = exp.select(*(_named(column) for column in _shown(plan))).from_(_FIGURES)
    outer = outer.with_(_FIGURES, figures)
    if plan.top is not None:
        outer = outer.with_(_CHOSEN, _chosen(plan)).where(_is_chosen(plan))
    keys = list(_order(plan))
    if not plan.totals and len(plan.grouping_sets) > 1:
        outer = outer.where(exp.column(GROUPING, quoted=True).eq(_number(0)))
    if plan.limit is not None and plan.totals:
        outer = _limited_leaves(plan, outer, keys)
    if plan.levels:
        outer = outer.order_by(*keys)
    if plan.limit is not None and not plan.totals:
        outer = outer.limit(plan.limit)
    return outer


def _shown(plan: Plan) -> list[str]:
    names = [level.name for level in plan.levels]
    names += [measure.name for measure in plan.measures if measure.shown]
    return [*names, GROUPING] if plan.totals else names


def _figures(plan: Plan) -> exp.Select:
    select = exp.select()
    for place, level in enumerate(plan.levels):
        select = select.select(_as(_member(plan, level), level.name))
        if level.sort != level.column:
            # A member has one place in the order of its level; MIN only says so to the engine.
            select = select.select(_as(exp.Min(this=column(level.sort)), _sort_name(place)))
    for measure in plan.measures:
        select = select.select(_as(measure_expression(measure.formula), measure.name))
    if _needs_grouping(plan):
        select = select.select(_as(_grouping(plan), GROUPING))
    select = select.from_(_table(plan.base.table, plan.base.alias))
    for join in plan.joins:
        select = _joined(select, join)
    for days in plan.stock_days:
        on = _quoted("day", days.alias).eq(column(days.day))
        select = select.join(
            _stock_days(days, plan).subquery(exp.to_identifier(days.alias, quoted=True)),
            on=on,
            join_type="LEFT",
        )
    if plan.where is not None:
        bound = plan.bindings
        select = select.where(predicate_expression(plan.where, lambda name: column(bound[name])))
    return _grouped(select, plan)


def _needs_grouping(plan: Plan) -> bool:
    return plan.totals or len(plan.grouping_sets) > 1


def _grouping(plan: Plan) -> exp.Expr:
    """GROUPING() over all levels; without levels there is only the grand total."""
    if not plan.levels:
        return exp.cast(_number(0), "BIGINT")
    columns = [column(level.column) for level in plan.levels]
    return exp.cast(exp.Anonymous(this="GROUPING", expressions=columns), "BIGINT")


def _member(plan: Plan, level: PlannedLevel) -> exp.Expr:
    """A level's member; a missing text is a member of its own, and not to be taken for a total."""
    member = column(level.column)
    if not level.text:
        return member
    named = exp.func("COALESCE", member, exp.Literal.string(EMPTY))
    if not _needs_grouping(plan):
        return named
    grouped = exp.Anonymous(this="GROUPING", expressions=[column(level.column)])
    return exp.Case().when(grouped.eq(_number(0)), named)


def _grouped(select: exp.Select, plan: Plan) -> exp.Select:
    if not plan.levels:
        return select
    columns = [column(level.column) for level in plan.levels]
    if len(plan.grouping_sets) == 1:
        return select.group_by(*columns)
    sets = [
        exp.Tuple(expressions=[columns[place].copy() for place in kept])
        for kept in plan.grouping_sets
    ]
    select.set("group", exp.Group(grouping_sets=[exp.GroupingSets(expressions=sets)]))
    return select


def _joined(select: exp.Select, join: Join) -> exp.Select:
    on = _quoted(join.key, join.alias).eq(column(join.base_key))
    return select.join(_table(join.table, join.alias), on=on)


def _stock_days(days: StockDays, plan: Plan) -> exp.Select:
    """Every day on which the fact has rows, marked where it speaks for its period."""
    key = column(days.day)
    marks = []
    for mark in days.marks:
        best = exp.Max(this=key.copy()) if mark.take == "last" else exp.Min(this=key.copy())
        within = [column(each) for each in mark.within]
        period = exp.Window(this=best, partition_by=within)
        marks.append(_as(key.copy().eq(period), mark.name))
    # Days are told apart before they are marked: there are few of them, however many facts.
    inner = exp.select(_as(key.copy(), "day"), *marks).from_(
        exp.select(_as(key.copy(), days.day.name))
        .distinct()
        .from_(_table(days.fact, days.day.table))
        .where(key.copy().neq(exp.Neg(this=_number(1))))
        .subquery(exp.to_identifier(days.day.table, quoted=True))
    )
    if days.time is not None:
        inner = _joined(inner, days.time)
    if days.where is not None:
        bound = plan.bindings
        inner = inner.where(predicate_expression(days.where, lambda name: column(bound[name])))
    return inner


def _chosen(plan: Plan) -> exp.Select:
    """The members of the first level that a top keeps, by their own totals."""
    assert plan.top is not None
    first = plan.levels[0]
    measure = _ordered(_quoted(plan.top.by), descending=plan.top.descending)
    chosen = exp.select(_quoted(first.name)).from_(_FIGURES)
    if _needs_grouping(plan):
        chosen = chosen.where(_quoted(GROUPING).eq(_number(plan.mask((0,)))))
    return chosen.order_by(measure, _ordered(_quoted(first.name))).limit(plan.top.n)


def _is_chosen(plan: Plan) -> exp.Expr:
    first = plan.levels[0].name
    same = exp.NullSafeEQ(
        this=_quoted(first, _CHOSEN), expression=_quoted(first, _FIGURES)
    )
    found = exp.Exists(this=exp.select(_number(1)).from_(_CHOSEN).where(same))
    if not plan.totals:
        return found
    return exp.or_(_bit(plan, 0).eq(_number(1)), found)


def _bit(plan: Plan, place: int) -> exp.Expr:
    """Whether a level is totalled in a row: 0 or 1."""
    shift = exp.BitwiseRightShift(
        this=_quoted(GROUPING), expression=_number(len(plan.levels) - 1 - place)
    )
    return exp.paren(exp.BitwiseAnd(this=exp.paren(shift), expression=_number(1)))


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
                    yield _ordered(_quoted(level.name).eq(exp.Literal.string(EMPTY)))
                if level.sort != level.column:
                    yield _ordered(_quoted(_sort_name(place)), descending=descending)
                yield _ordered(_quoted(level.name), descending=descending)


def _limited_leaves(
    plan: Plan, outer: exp.Select, keys: list[exp.Ordered]
) -> exp.Select:
    """The first leaves in order; totals are neither counted nor changed."""
    assert plan.limit is not None
    leaf = _quoted(GROUPING).eq(_number(0))
    rank = exp.Window(
        this=exp.RowNumber(),
        partition_by=[leaf],
        order=exp.Order(expressions=[key.copy() for key in keys]),
    )
    kept = exp.or_(
        _quoted(GROUPING).neq(_number(0)), exp.LTE(this=rank, expression=_number(plan.limit))
    )
    outer.set("qualify", exp.Qualify(this=kept))
    return outer


def column(physical: PhysicalColumn) -> exp.Column:
    """A column of a plan as SQL."""
    return _quoted(physical.name, physical.table)


def _quoted(name: str, table: str | None = None) -> exp.Column:
    return exp.column(name, table=table, quoted=True)


def _table(name: str, alias: str) -> exp.Expr:
    return exp.alias_(
        exp.table_(name, quoted=True), exp.to_identifier(alias, quoted=True), table=True
    )


def _as(value: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(value, exp.to_identifier(name, quoted=True))


def _named(name: str) -> exp.Column:
    return _quoted(name)


def _sort_name(place: int) -> str:
    return f"_sort_{place}"


def _number(value: int) -> exp.Literal:
    return exp.Literal.number(value)


def _ordered(value: exp.Expr, *, descending: bool = False) -> exp.Ordered:
    return exp.Ordered(this=value, desc=descending, nulls_first=False)
