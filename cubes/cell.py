"""One cell of a cube: what it is asked as, and the plan for the fact rows that make its figure.

A cell is planned as a query without levels: its members are filters like any other. So the rows
are found by the same resolving and the same plan as the figure itself, from the fact instead of
from a rollup.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from cubes.filter_values import typed_value
from cubes.nodes import Aggregate, Plan
from cubes.plan import plan
from cubes.predicates import EMPTY, Compare, IsNull, Predicate, all_of, levels_of
from cubes.query import Query
from cubes.resolve import ResolvedQuery, find_level, resolve
from metadata import Repository
from metadata.errors import UserError
from metadata.expressions import columns_of
from metadata.model.cube import Measure
from metadata.repository import Level, ResolvedCube, ResolvedFact, ResolvedRole


@dataclass(frozen=True)
class Cell:
    """One figure of a cube: a measure, for the facts under a filter, at one member of each level.

    `members` holds levels and members as a pivot shows them; `(empty)` or None is the member
    without a value. A level that is not named is totalled.
    """

    cube: str
    measure: str
    where: str | None = None
    members: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "cube": self.cube,
            "measure": self.measure,
            "where": self.where,
            "members": {level: _as_written(member) for level, member in self.members.items()},
        }


@dataclass(frozen=True)
class PlannedCell:
    """A cell in which every name is bound, with the plan over its fact."""

    query: ResolvedQuery
    """Asks the measure and its parts; a rollup may answer it."""
    parts: tuple[str, ...]
    """The measure itself, or both measures of a ratio."""
    plan: Plan
    """Over the fact: one formula for each part."""

    @property
    def cube(self) -> ResolvedCube:
        """The cube."""
        return self.query.cube

    @property
    def measure(self) -> Measure:
        """The measure, as it is defined."""
        return self.cube.measures[self.query.measures[0]]

    @property
    def aggregates(self) -> tuple[Aggregate, ...]:
        """How each part counts fact rows."""
        return tuple(cast(Aggregate, planned.formula) for planned in self.plan.measures)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns of the fact that the parts read, each with its amount before conversion."""
        fact = self.cube.fact
        named = [name for part in self.parts for name in columns_read(self.cube.measures[part])]
        found: dict[str, None] = {}
        for name in named:
            if fact.column_type(name) is None:
                continue
            found[name] = None
            definition = fact.definition.measures.get(name)
            if definition is not None and definition.convert:
                found[f"{name}_original"] = None
        return tuple(found)

    @property
    def asked_levels(self) -> tuple[str, ...]:
        """Columns of dimensions that decide whether a fact row is in the cell, or counts."""
        names = list(levels_of(self.query.where)) if self.query.where is not None else []
        names += [name for part in self.parts for name in columns_read(self.cube.measures[part])]
        return tuple(dict.fromkeys(name for name in names if "." in name))


def columns_read(measure: Measure) -> tuple[str, ...]:
    """Fact columns and levels that one measure counts or filters by; none for a ratio."""
    if measure.ratio is not None:
        return ()
    operand = str(getattr(measure, measure.aggregate))
    filtered = [".".join(parts) for parts in columns_of(measure.where)] if measure.where else []
    return tuple(dict.fromkeys([*([operand] if operand != "*" else []), *filtered]))


def plan_cell(repository: Repository, cell: Cell) -> PlannedCell:
    """Bind a cell's names and plan its fact rows.

    Raises:
        UserError: a name is unknown or not fed, or the filter or a member is wrong.
    """
    asked = resolve(repository, Query(cell.cube, (cell.measure,), where=cell.where))
    members = tuple(
        _member(find_level(asked.cube, level), member) for level, member in cell.members.items()
    )
    where = all_of((*((asked.where,) if asked.where is not None else ()), *members))
    divided = asked.cube.measures[cell.measure].ratio
    parts = tuple(dict.fromkeys(divided or (cell.measure,)))
    # Without a catalogue no rollup is chosen: rows are those of the fact.
    over_fact = plan(replace(asked, measures=parts, where=where), None)
    measures = tuple(dict.fromkeys((cell.measure, *parts)))
    return PlannedCell(replace(asked, measures=measures, where=where), parts, over_fact)


def fact_roles(fact: ResolvedFact, cube: ResolvedCube) -> dict[str, ResolvedRole]:
    """The cube's roles, and the one whose day decides which versions are in force."""
    date = fact.definition.date
    return {**cube.roles, date: fact.roles[date]}


def _member(level: Level, member: Any) -> Predicate:
    written = _as_written(member)
    if written is None or written == EMPTY:
        return IsNull(level.name)
    if not written.strip() and level.type != "string":
        raise UserError(
            f"The level '{level.name}' is given no member.",
            fix=f"Write a value, or {EMPTY} for the member without one.",
        )
    return Compare(level.name, "=", typed_value(written, level))


def _as_written(member: Any) -> str | None:
    return None if member is None else str(member)
