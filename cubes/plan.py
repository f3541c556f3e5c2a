"""Resolved query → plan: which table, which joins, which totals, which days, in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cubes.allowed import has_full_totals, large_cells
from cubes.catalogue import Catalogue
from cubes.formulas import fact_formula, rollup_formula
from cubes.nodes import (
    ByLevel,
    ByMeasure,
    DayMark,
    Formula,
    OrderKey,
    Period,
    PhysicalColumn,
    Plan,
    PlannedLevel,
    PlannedMeasure,
    StockDay,
    StockDays,
    TopMembers,
    grouping_mask,
)
from cubes.predicates import all_of, conjuncts, levels_of
from cubes.resolve import ResolvedQuery
from cubes.rollups import choose_scope
from cubes.scope import Scope
from metadata.errors import UserError
from metadata.model.cube import SemiAdditive
from metadata.repository import Level


def plan(query: ResolvedQuery, catalogue: Catalogue | None = None) -> Plan:
    """Decide how a query is answered from a version that holds these tables.

    Without a catalogue the fact is planned, whether or not it has been published.
    """
    scope, notes = choose_scope(query, catalogue)
    levels = tuple(
        _level(scope, level, on_rows=place < len(query.rows))
        for place, level in enumerate(query.levels)
    )
    sets = grouping_sets(
        len(query.rows),
        len(query.columns),
        totals=query.totals,
        first_level=query.top is not None,
    )
    stocks = _Stocks(query, scope, levels, sets)
    measures = tuple(
        PlannedMeasure(name, _formula(query, scope, stocks, name), shown=name in query.measures)
        for name in query.measures + query.hidden
    )
    full = has_full_totals(query)
    counted = query.counted
    asked = dict.fromkeys(levels_of(counted)) if counted is not None else {}
    cells = large_cells(query, scope, levels, measures)
    return Plan(
        base=scope.base,
        bindings={name: scope.level(name) for name in asked},
        joins=scope.joins,
        levels=levels,
        measures=measures,
        where=query.where if full else counted,
        allowed=query.allowed,
        full_totals=full,
        cells=cells,
        stock_days=stocks.planned,
        grouping_sets=sets,
        totals=query.totals,
        order=_order(query),
        top=TopMembers(query.top.n, query.top.by, query.top.descending) if query.top else None,
        limit=query.limit,
        notes=notes,
    )


def _level(scope: Scope, level: Level, *, on_rows: bool) -> PlannedLevel:
    if level.masked:
        column = order = scope.masked(level.name)
    else:
        column, order = scope.level(level.name), scope.sort_level(level.name)
    return PlannedLevel(level.name, column, order, text=level.type == "string", on_rows=on_rows)


def grouping_sets(
    rows: int, columns: int, *, totals: bool, first_level: bool
) -> tuple[tuple[int, ...], ...]:
    """The sets of levels that are kept: leaves, row totals, column totals, the grand total.

    Rows and columns are each totalled from their narrow end. `first_level` asks for the totals of
    the first level's members also where no totals are wanted, because the top is chosen by them.

    >>> grouping_sets(1, 1, totals=True, first_level=False)
    ((0, 1), (0,), (1,), ())
    """
    across = range(rows, rows + columns)
    leaves = (*range(rows), *across)
    sets = [leaves]
    if totals:
        sets = [
            (*range(kept_rows), *across[:kept_columns])
            for kept_rows in range(rows, -1, -1)
            for kept_columns in range(columns, -1, -1)
        ]
    elif first_level and leaves != (0,):
        sets.append((0,))
    return tuple(sets)


def _formula(query: ResolvedQuery, scope: Scope, stocks: _Stocks, name: str) -> Formula:
    if scope.base.rollup is not None:
        return rollup_formula(scope, name)
    return fact_formula(scope, query.cube.measures[name], stocks.day_of)


def _order(query: ResolvedQuery) -> tuple[OrderKey, ...]:
    """The keys asked for, then every other level, so that the order is never left to chance.

    The top of one level comes in the order in which it was chosen, where no other is asked for.
    """
    places = {level.name: place for place, level in enumerate(query.levels)}
    asked: list[OrderKey] = [
        ByMeasure(key.by, key.descending)
        if key.is_measure
        else ByLevel(places[key.by], key.descending)
        for key in query.sort
    ]
    if query.top is not None and not asked and len(query.levels) == 1:
        asked.append(ByMeasure(query.top.by, query.top.descending))
    sorted_levels = {key.index for key in asked if isinstance(key, ByLevel)}
    asked += [ByLevel(place) for place in places.values() if place not in sorted_levels]
    return tuple(asked)


@dataclass
class _Stocks:
    """Collects the days that semi-additive measures read while formulas are made."""

    query: ResolvedQuery
    scope: Scope
    levels: tuple[PlannedLevel, ...]
    sets: tuple[tuple[int, ...], ...]
    _marks: dict[str, dict[tuple[object, ...], DayMark]] = field(default_factory=dict)

    def day_of(self, semi: SemiAdditive) -> StockDay:
        """The periods of a measure: one for each set of its time levels that a total keeps."""
        role = self.query.cube.roles[semi.over]
        if role.dimension.definition.generated != "calendar":
            raise UserError(
                f"'{semi.over}' is no calendar, so a stock cannot be read at its last day.",
                where=self.query.cube.written.where("measures"),
                why=f"The role plays the dimension '{role.dimension.name}'.",
                fix="Name a role of the date dimension in 'semi_additive: over'.",
            )
        time = [place for place, level in enumerate(self.levels) if _role(level.name) == semi.over]
        kept_sets = dict.fromkeys(tuple(p for p in time if p in kept) for kept in self.sets)
        periods = tuple(
            Period(
                grouping_mask(len(time), tuple(time.index(place) for place in kept)),
                PhysicalColumn(_days_alias(semi.over), self._mark(semi, kept).name),
            )
            for kept in kept_sets
        )
        return StockDay(tuple(self.levels[place].column for place in time), periods)

    def _mark(self, semi: SemiAdditive, kept: tuple[int, ...]) -> DayMark:
        marks = self._marks.setdefault(semi.over, {})
        within = tuple(self.levels[place].column for place in kept)
        known = marks.get((semi.take, within))
        if known is None:
            known = DayMark(f"{semi.take}_{len(marks) + 1}", semi.take, within)
            marks[(semi.take, within)] = known
        return known

    @property
    def planned(self) -> tuple[StockDays, ...]:
        return tuple(self._days(role, marks) for role, marks in self._marks.items())

    def _days(self, role: str, marks: Mapping[tuple[object, ...], DayMark]) -> StockDays:
        """Only filters that speak of this role alone decide which days there are."""
        where = all_of(
            tuple(
                part
                for part in conjuncts(self.query.counted)
                if all(_role(level) == role for level in levels_of(part))
            )
        )
        join = self.scope.join(role)
        reads_time = where is not None or any(mark.within for mark in marks.values())
        return StockDays(
            alias=_days_alias(role),
            fact=self.scope.base.table,
            day=join.base_key,
            time=join if reads_time else None,
            where=where,
            marks=tuple(marks.values()),
        )


def _days_alias(role: str) -> str:
    """No role begins with an underscore, so this can be no other table's alias."""
    return f"_{role}_days"


def _role(level: str) -> str:
    """The role of a level; none for a label of the fact's own, which may bear a role's name."""
    return level.rpartition(".")[0]
