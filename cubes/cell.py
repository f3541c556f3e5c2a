"""One cell of a cube: what it is asked as, and the plan for the fact rows that make its figure.

A cell is planned as a query without levels: its members are filters like any other. So the rows
are found by the same resolving and the same plan as the figure itself, from the fact instead of
from a rollup.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from cubes.nodes import Aggregate, Plan
from cubes.plan import plan
from cubes.predicates import EMPTY, Compare, IsNull, Predicate, all_of, levels_of
from cubes.query import Query
from cubes.resolve import ResolvedQuery, find_cube, find_readable_level, resolve
from metadata import Repository
from metadata.errors import UserError
from metadata.expressions import columns_of
from metadata.filter_values import typed_value
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
        rights = self.cube.rights
        unreadable = {*rights.hidden, *rights.masks}
        return tuple(dict.fromkeys(n for n in names if "." in n and n not in unreadable))


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
    _check_open(find_cube(repository, cell.cube))
    asked = resolve(repository, Query(cell.cube, (cell.measure,), where=cell.where))
    members = tuple(
        _member(find_readable_level(asked.cube, level), member)
        for level, member in cell.members.items()
    )
    where = all_of((*((asked.where,) if asked.where is not None else ()), *members))
    divided = asked.cube.measures[cell.measure].ratio
    parts = tuple(dict.fromkeys(divided or (cell.measure,)))
    # Without a catalogue no rollup is chosen: rows are those of the fact.
    over_fact = plan(replace(asked, measures=parts, where=where), None)
    measures = tuple(dict.fromkeys((cell.measure, *parts)))
    return PlannedCell(replace(asked, measures=measures, where=where), parts, over_fact)


def _check_open(cube: ResolvedCube) -> None:
    if cube.rights.closed_to_facts:
        raise UserError(
            f"The single facts of the cube '{cube.name}' are not shown to you.",
            why="Figures that stand for few are withheld from you, and a fact stands for itself.",
        )


def fact_roles(fact: ResolvedFact, cube: ResolvedCube) -> dict[str, ResolvedRole]:
    """The cube's roles, and the one whose day decides which versions are in force.

    A role of which whoever asks may not know the members is not among them.
    """
    date = fact.definition.date
    roles = {**cube.roles, date: fact.roles[date]}
    return {name: role for name, role in roles.items() if not is_closed(cube, role)}


def is_closed(cube: ResolvedCube, role: ResolvedRole) -> bool:
    """Whether whoever asks may not tell the members of a role apart by their key."""
    rights, dimension = cube.rights, role.dimension
    unreadable = {*rights.hidden, *rights.masks}
    if dimension.natural_key in dimension.attributes:
        return f"{role.name}.{dimension.natural_key}" in unreadable
    return any(f"{role.name}.{attribute}" in unreadable for attribute in dimension.attributes)


def fact_labels(cube: ResolvedCube) -> tuple[str, ...]:
    """Labels that the facts carry and that may be seen."""
    fact = cube.fact
    return tuple(
        name
        for name in fact.definition.degenerate
        if name in fact.available_measures and name not in cube.rights.hidden
    )


def closed_keys(cube: ResolvedCube) -> tuple[str, ...]:
    """Columns of the grain that would tell a member that may not be known."""
    entity = cube.fact.entity
    closed = {
        role.dimension.entity.entity
        for role in {**cube.fact.roles, **cube.roles}.values()
        if role.dimension.entity is not None and is_closed(cube, role)
    }
    return tuple(
        name
        for name in cube.fact.grain
        if name in cube.rights.hidden or entity.columns[name].references in closed
    )


def closed_values(cell: PlannedCell) -> tuple[int, ...]:
    """Places of the parts that count what may not be known row by row, such as a hidden key."""
    cube = cell.cube
    unreadable = {*cube.rights.hidden, *cube.rights.masks}
    unreadable |= {
        f"{name}.{role.dimension.natural_key}"
        for name, role in cube.roles.items()
        if is_closed(cube, role)
    }
    operands = [getattr(m, m.aggregate) for m in (cube.measures[part] for part in cell.parts)]
    return tuple(place for place, operand in enumerate(operands) if operand in unreadable)


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
