"""From all cells and totals to the rows that are shown, in their order.

Totals stand behind what they total. A sort by a measure puts siblings in the order of their own
totals, so that a country with greater revenue comes first and, inside it, its greater city.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from cubes.names import (
    CELLS,
    CHOSEN,
    GROUPING,
    NUMBERED,
    PLACED,
    named,
    sort_name,
    table_as,
)
from cubes.nodes import ByLevel, ByMeasure, Plan, TopMembers
from cubes.predicates import EMPTY

_MEMBER = "member"
_POSITION = "_position"
_ROW = "_row"


def arrange(plan: Plan, cells: exp.Select) -> tuple[exp.Select, list[exp.CTE]]:
    """The statement over `cells`, and the tables it reads."""
    tables = [table_as(CELLS, cells)]
    arranged = _Arrangement(plan)
    source, condition = CELLS, None
    if plan.top is not None:
        tables.append(table_as(CHOSEN, _chosen(plan, plan.top)))
    if plan.top is not None or arranged.places:
        tables.append(table_as(PLACED, _placed(plan, arranged)))
        source = PLACED
    if plan.limit is not None and plan.totals:
        tables.append(table_as(NUMBERED, _numbered(arranged, source)))
        source = NUMBERED
        condition = exp.Or(
            this=exp.NEQ(this=exp.column(GROUPING), expression=exp.Literal.number(0)),
            expression=exp.LTE(this=exp.column(_ROW), expression=exp.Literal.number(plan.limit)),
        )
    elif not plan.totals:
        condition = _is_leaf()
    statement = exp.Select(expressions=list(_projections(plan, source)))
    statement.set("from_", exp.From(this=exp.to_table(source)))
    if condition is not None:
        statement.set("where", exp.Where(this=condition))
    keys = list(arranged.order(source))
    if keys:
        statement.set("order", exp.Order(expressions=keys))
    if plan.limit is not None and not plan.totals:
        statement.set("limit", exp.Limit(expression=exp.Literal.number(plan.limit)))
    return statement, tables


def _projections(plan: Plan, source: str) -> Iterator[exp.Expr]:
    for place, level in enumerate(plan.levels):
        member: exp.Expr = exp.column(level.name, source)
        if level.text:
            member = exp.Coalesce(this=member, expressions=[exp.Literal.string(EMPTY)])
            if plan.totals:
                total = exp.Not(this=_totalled(plan, place, source))
                member = exp.Case(ifs=[exp.If(this=total, true=member)])
        yield named(member, level.name)
    for measure in plan.measures:
        if measure.shown:
            yield named(exp.column(measure.name, source), measure.name)
    if plan.totals:
        yield named(exp.column(GROUPING, source), GROUPING)


def _chosen(plan: Plan, top: TopMembers) -> exp.Select:
    """The top members of the first level with their place, judged by their own totals."""
    member = plan.levels[0].name
    place = exp.Window(
        this=exp.RowNumber(),
        order=exp.Order(
            expressions=[
                _ordered(exp.column(top.by, CELLS), top.descending),
                _ordered(exp.column(member, CELLS)),
            ]
        ),
    )
    statement = exp.Select(
        expressions=[named(exp.column(member, CELLS), _MEMBER), named(place, _POSITION)]
    )
    statement.set("from_", exp.From(this=exp.to_table(CELLS)))
    statement.set("where", exp.Where(this=_is_set(plan.mask((0,)))))
    statement.set("order", exp.Order(expressions=[_ordered(exp.column(_POSITION))]))
    statement.set("limit", exp.Limit(expression=exp.Literal.number(top.n)))
    return statement


def _placed(plan: Plan, arranged: _Arrangement) -> exp.Select:
    """Cells of the chosen members (and totals over all), with what siblings are sorted by."""
    projections: list[exp.Expr] = [exp.Column(this=exp.Star(), table=exp.to_identifier(CELLS))]
    if plan.top is not None:
        projections.append(exp.column(_POSITION, CHOSEN))
    projections += [named(place.expression(), place.name) for place in arranged.places]
    statement = exp.Select(expressions=projections)
    statement.set("from_", exp.From(this=exp.to_table(CELLS)))
    if plan.top is not None:
        # A missing member is a member too, so it must match itself.
        same = exp.NullSafeEQ(
            this=exp.column(plan.levels[0].name, CELLS),
            expression=exp.column(_MEMBER, CHOSEN),
        )
        total = _totalled(plan, 0, CELLS)
        on = exp.And(this=exp.Not(this=total), expression=same)
        statement.set("joins", [exp.Join(this=exp.to_table(CHOSEN), side="LEFT", on=on)])
        found = exp.Not(this=exp.Is(this=exp.column(_POSITION, CHOSEN), expression=exp.Null()))
        statement.set("where", exp.Where(this=exp.Or(this=found, expression=total.copy())))
    return statement


def _numbered(arranged: _Arrangement, source: str) -> exp.Select:
    """Rows numbered in their order, leaves and totals apart."""
    number = exp.Window(
        this=exp.RowNumber(),
        partition_by=[exp.column(GROUPING, source)],
        order=exp.Order(expressions=list(arranged.order(source))) if arranged.levels else None,
    )
    statement = exp.Select(expressions=[exp.Star(), named(number, _ROW)])
    statement.set("from_", exp.From(this=exp.to_table(source)))
    return statement


@dataclass(frozen=True)
class _Place:
    """What siblings at one depth are sorted by: a measure of each one's own total."""

    name: str
    level: int
    measure: ByMeasure
    mask: int
    within: tuple[str, ...]

    def expression(self) -> exp.Expr:
        value = exp.Case(
            ifs=[exp.If(this=_is_set(self.mask), true=exp.column(self.measure.name, CELLS))]
        )
        partition = [exp.column(name, CELLS) for name in self.within]
        return exp.Window(this=exp.Max(this=value), partition_by=partition)


class _Arrangement:
    """In which order the rows stand."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.levels = plan.levels
        self.places = tuple(self._sibling_places()) if plan.totals else ()

    def order(self, source: str) -> Iterator[exp.Ordered]:
        """The sort keys, over the columns of `cells` as `source` passes them on."""
        if self._plan.totals:
            yield from self._order_with_totals(source)
        else:
            yield from self._order_of_leaves(source)

    def _order_of_leaves(self, source: str) -> Iterator[exp.Ordered]:
        """The keys as they were asked; by rank of the top members where none was."""
        asked = len(self._plan.order) > len(self.levels) or any(
            isinstance(key, ByMeasure) or key.descending for key in self._plan.order
        )
        if not asked:
            yield _ordered(exp.column(_POSITION, source))
        for key in self._plan.order:
            if isinstance(key, ByMeasure):
                yield _ordered(exp.column(key.name, source), key.descending)
            else:
                yield from self._by_member(key, source)

    def _order_with_totals(self, source: str) -> Iterator[exp.Ordered]:
        directions = {key.index: key for key in self._plan.order if isinstance(key, ByLevel)}
        for level in range(len(self.levels)):
            yield _ordered(
                exp.BitwiseAnd(
                    this=exp.column(GROUPING, source),
                    expression=exp.Literal.number(self._bit(level)),
                )
            )
            for place in self.places:
                if place.level == level:
                    yield _ordered(exp.column(place.name, source), place.measure.descending)
            if level == 0 and self._plan.top is not None and not self.places:
                yield _ordered(exp.column(_POSITION, source))
            yield from self._by_member(directions[level], source)

    def _by_member(self, key: ByLevel, source: str) -> Iterator[exp.Ordered]:
        level = self.levels[key.index]
        if level.sort != level.column:
            yield _ordered(exp.column(sort_name(key.index), source), key.descending)
        yield _ordered(exp.column(level.name, source), key.descending)

    def _sibling_places(self) -> Iterator[_Place]:
        """A measure sorts the rows; where there are none, the columns."""
        rows = [place for place, level in enumerate(self.levels) if level.on_rows]
        axis = rows or list(range(len(self.levels)))
        for number, key in enumerate(self._plan.order):
            if isinstance(key, ByMeasure):
                for depth, level in enumerate(axis):
                    kept = tuple(axis[: depth + 1])
                    yield _Place(
                        name=f"_place_{number}_{level}",
                        level=level,
                        measure=key,
                        mask=self._plan.mask(kept),
                        within=tuple(self.levels[place].name for place in kept),
                    )

    def _bit(self, level: int) -> int:
        return 1 << (len(self.levels) - 1 - level)


def _totalled(plan: Plan, place: int, source: str) -> exp.Expr:
    """Whether a row totals a level."""
    bit = 1 << (len(plan.levels) - 1 - place)
    masked = exp.BitwiseAnd(this=exp.column(GROUPING, source), expression=exp.Literal.number(bit))
    return exp.NEQ(this=exp.Paren(this=masked), expression=exp.Literal.number(0))


def _is_set(mask: int) -> exp.Expr:
    return exp.EQ(this=exp.column(GROUPING, CELLS), expression=exp.Literal.number(mask))


def _is_leaf() -> exp.Expr:
    return exp.EQ(this=exp.column(GROUPING), expression=exp.Literal.number(0))


def _ordered(this: exp.Expr, descending: bool = False) -> exp.Ordered:
    return exp.Ordered(this=this, desc=descending, nulls_first=False)
