"""Planned cell → statements: its fact rows, a page of them with their members, and their totals.

All of them read the same rows, `cell`: so a page is a slice of exactly what is added up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from sqlglot import exp

from cubes.aggregates import counting_conditions, measure_expression
from cubes.cell import PlannedCell, closed_keys, closed_values, fact_labels, fact_roles
from cubes.compile import column, join_days, join_member, marked_days, table_as
from cubes.nodes import Aggregate, Base, Formula, Join, Period, PhysicalColumn, Quotient, StockDay
from cubes.predicates import decided_expression, predicate_expression
from metadata.repository import ResolvedRole

CELL, PAGE = "cell", "page"
PLACED = "_placed"


def value_name(part: int) -> str:
    """Name of the column with what a row brings to a part, counted from 0."""
    return f"_value_{part + 1}"


def counts_name(part: int) -> str:
    """Name of the column that says whether a row counts for a part, counted from 0."""
    return f"_counts_{part + 1}"


def passes_name(part: int) -> str:
    """Name of the column that says whether a row would count for a part, had it a value."""
    return f"_passes_{part + 1}"


def rows_of_cell(cell: PlannedCell) -> exp.Select:
    """The fact rows of a cell, with what each brings to every part."""
    select = _rows(cell, cell.plan.base)
    if cell.plan.where is not None:
        bound = cell.plan.bindings
        condition = predicate_expression(cell.plan.where, lambda name: column(bound[name]))
        select.where(condition, copy=False)
    return select


def rows_placed(
    cell: PlannedCell, table: str, carried: tuple[str, ...], undecided: Mapping[str, exp.Expr]
) -> exp.Select:
    """Rows shaped like those of the fact, each with whether it belongs to the cell: `_placed`.

    For each part stands beside what a row brings and whether it counts (`_passes_1`) whether it
    would count if it had a value.

    Args:
        cell: the cell.
        table: where the rows are.
        carried: columns of that table to keep.
        undecided: for levels, roles and fact columns, when a row's own value of them is not known.
            What hangs on one is NULL: neither in the cell nor outside.
    """
    select = _rows(cell, Base(table, cell.plan.base.alias), carried)
    placed: exp.Expr = exp.true()
    if cell.plan.where is not None:
        bound = cell.plan.bindings

        def unknown(level: str) -> exp.Expr | None:
            return undecided.get(level) or undecided.get(level.rpartition(".")[0])

        placed = decided_expression(cell.plan.where, lambda name: column(bound[name]), unknown)
    for place, aggregate in enumerate(cell.aggregates):
        passes = _all(_conditions(aggregate))
        select = select.select(exp.alias_(passes, passes_name(place), quoted=True), copy=False)
    return select.select(exp.alias_(placed, PLACED, quoted=True), copy=False)


def _rows(cell: PlannedCell, base: Base, carried: tuple[str, ...] = ()) -> exp.Select:
    alias = base.alias
    fact = cell.cube.fact
    keys = [role.key_column for role in fact_roles(fact, cell.cube).values()]
    names = dict.fromkeys((*carried, *fact.grain, *keys, *fact_labels(cell.cube), *cell.inputs))
    select = exp.select(*(exp.column(name, table=alias, quoted=True) for name in names))
    for place, aggregate in enumerate(cell.aggregates):
        for value, name in (
            (_value(aggregate), value_name(place)),
            (_counts(aggregate), counts_name(place)),
        ):
            select = select.select(exp.alias_(value, name, quoted=True), copy=False)
    select = select.from_(table_as(base.table, alias), copy=False)
    for join in cell.plan.joins:
        join_member(select, join)
    for days in cell.plan.stock_days:
        join_days(select, days, cell.plan)
    return select


def _value(aggregate: Aggregate) -> exp.Expr:
    if aggregate.operand is None:
        return exp.Literal.number(1)
    return column(aggregate.operand)


def _counts(aggregate: Aggregate) -> exp.Expr:
    conditions = _conditions(aggregate)
    if aggregate.operand is not None:
        conditions.append(exp.Not(this=column(aggregate.operand).is_(exp.null())))
    return _all(conditions)


def _conditions(aggregate: Aggregate) -> list[exp.Expr]:
    mark = aggregate.day.periods[0].mark if aggregate.day is not None else None
    return counting_conditions(aggregate, mark)


def _all(conditions: list[exp.Expr]) -> exp.Expr:
    if not conditions:
        return exp.true()
    return exp.Coalesce(this=exp.and_(*conditions), expressions=[exp.false()])


def page_of_rows(cell: PlannedCell, limit: int, offset: int) -> exp.Select:
    """Some of the rows that count, the weightiest first, with the members that they point at."""
    page = exp.select(exp.Star()).from_(CELL)
    page = page.where(_any_counts(cell)).order_by(*_order(cell)).limit(limit)
    if offset:
        page = page.offset(offset)
    unknown = [value_name(place) for place in closed_values(cell)]
    closed = [*closed_keys(cell.cube), *unknown]
    everything = exp.Column(
        this=exp.Star(except_=[exp.to_identifier(name, quoted=True) for name in closed] or None),
        table=exp.to_identifier(PAGE),
    )
    nothing = [exp.alias_(exp.null(), name, quoted=True) for name in unknown]
    outer = exp.select(everything, *nothing).from_(PAGE)
    for name, role in fact_roles(cell.cube.fact, cell.cube).items():
        alias = f"_{name}"
        for attribute in member_columns(cell, name, role):
            value = exp.column(attribute, table=alias, quoted=True)
            outer = outer.select(exp.alias_(value, f"{name}.{attribute}", quoted=True), copy=False)
        join = Join(
            role.dimension.table,
            alias,
            role.dimension.surrogate_key,
            PhysicalColumn(PAGE, role.key_column),
        )
        join_member(outer, join)
    outer = outer.order_by(*_order(cell), copy=False)
    return outer.with_(CELL, rows_of_cell(cell)).with_(PAGE, page)


def member_columns(cell: PlannedCell, name: str, role: ResolvedRole) -> tuple[str, ...]:
    """Columns of a role that tell which member, and which version, is meant, and what is asked."""
    dimension = role.dimension
    caption = dimension.definition.caption
    rights = cell.cube.rights
    named = (
        caption
        and caption in dimension.attributes
        and dimension.attributes[caption].available
        and f"{name}.{caption}" not in {*rights.hidden, *rights.masks}
    )
    names = [dimension.natural_key, *([caption] if caption and named else [])]
    if dimension.entity is not None:
        names += ["valid_from", "valid_to", "is_current"]
    return tuple(dict.fromkeys((*names, *asked_attributes(cell, name))))


def asked_attributes(cell: PlannedCell, role: str) -> tuple[str, ...]:
    """Attributes of a role by which rows are in the cell, or count."""
    split = (level.partition(".") for level in cell.asked_levels)
    return tuple(attribute for own, _, attribute in split if own == role)


def _any_counts(cell: PlannedCell) -> exp.Expr:
    return exp.or_(*(_listed(counts_name(place)) for place in range(len(cell.parts))))


def _order(cell: PlannedCell) -> list[exp.Ordered]:
    """What weighs most in the first part comes first; the fact's key makes the order total."""
    value = _listed(value_name(0))
    keys = [exp.Ordered(this=_listed(counts_name(0)), desc=True)]
    function = cell.aggregates[0].function
    match function:
        case "sum" | "avg":
            keys.append(exp.Ordered(this=exp.Abs(this=value), desc=True))
        case "max":
            keys.append(exp.Ordered(this=value, desc=True))
        case "min" | "count_distinct":
            keys.append(exp.Ordered(this=value))
        case "count":
            pass
        case _:
            assert_never(function)
    keys += [exp.Ordered(this=_listed(name)) for name in cell.cube.fact.grain]
    return keys


def totals_of_rows(cell: PlannedCell) -> exp.Select:
    """How many rows the cell has and how many count, and what all of them make, part by part.

    Columns `rows`, `counted`, one for each part by its place (`part_1`), and `figure`.
    """
    counted = exp.Filter(
        this=exp.Count(this=exp.Star()), expression=exp.Where(this=_any_counts(cell))
    )
    select = exp.select(
        exp.alias_(exp.Count(this=exp.Star()), "rows", quoted=True),
        exp.alias_(counted, "counted", quoted=True),
        *figures(cell),
    )
    return select.from_(CELL).with_(CELL, rows_of_cell(cell))


def figures(cell: PlannedCell) -> list[exp.Expr]:
    """The parts and the figure that rows with values and counts make."""
    listed = [_over_rows(aggregate, place) for place, aggregate in enumerate(cell.aggregates)]
    figure: Formula = listed[0]
    if cell.measure.ratio is not None:
        places = [cell.parts.index(part) for part in cell.measure.ratio]
        figure = Quotient(listed[places[0]], listed[places[1]])
    shown: list[exp.Expr] = [
        exp.alias_(measure_expression(part), f"part_{place + 1}", quoted=True)
        for place, part in enumerate(listed)
    ]
    return [*shown, exp.alias_(measure_expression(figure), "figure", quoted=True)]


def _over_rows(aggregate: Aggregate, place: int) -> Aggregate:
    """The same aggregate over listed rows; which of them count has been decided row by row."""
    counts = PhysicalColumn(CELL, counts_name(place))
    operand = PhysicalColumn(CELL, value_name(place)) if aggregate.operand is not None else None
    # A mark without time levels: true on the rows that count.
    marked = StockDay((), (Period(0, counts),))
    return replace(aggregate, operand=operand, where=None, known=None, day=marked)


def day_that_speaks(cell: PlannedCell, part: int) -> exp.Select | None:
    """The day whose stock a semi-additive part shows, as column `day`; None for a flow."""
    measure = cell.cube.measures[cell.parts[part]]
    day = cell.aggregates[part].day
    if measure.semi_additive is None or day is None:
        return None
    role = cell.cube.roles[measure.semi_additive.over]
    mark = day.periods[0].mark
    days = next(each for each in cell.plan.stock_days if each.alias == mark.table)
    alias = exp.to_identifier(days.alias, quoted=True)
    select = exp.select(
        exp.alias_(exp.column(role.dimension.natural_key, table=CELL, quoted=True), "day")
    ).from_(marked_days(days, cell.plan).subquery(alias))
    join_member(
        select,
        Join(
            role.dimension.table,
            CELL,
            role.dimension.surrogate_key,
            PhysicalColumn(days.alias, "day"),
        ),
    )
    return select.where(column(mark))


def keys_of_cell(cell: PlannedCell) -> exp.Select:
    """The grain of every row that counts, with its values: what a replay is compared with."""
    names = [*cell.cube.fact.grain]
    for place in range(len(cell.parts)):
        names += [value_name(place), counts_name(place)]
    select = exp.select(*(_listed(name) for name in names)).from_(CELL)
    return select.where(_any_counts(cell)).with_(CELL, rows_of_cell(cell))


def _listed(name: str) -> exp.Column:
    return exp.column(name, quoted=True)
