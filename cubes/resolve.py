"""Query → resolved query: every name bound to the workspace's metadata, every value typed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cubes.predicates import Predicate, all_of
from cubes.query import Query, Top
from metadata.errors import UserError, did_you_mean
from metadata.filter_text import parse_filter
from metadata.model.cube import Measure
from metadata.repository import Level, Repository, ResolvedCube


@dataclass(frozen=True)
class SortKey:
    """A sort key, bound to a measure or to one of the query's levels."""

    by: str
    descending: bool
    is_measure: bool


@dataclass(frozen=True)
class ResolvedQuery:
    """A query in which nothing can be misspelt any more."""

    cube: ResolvedCube
    measures: tuple[str, ...]
    """Measures to show, in the order asked."""
    hidden: tuple[str, ...]
    """Measures that only sort or choose members."""
    rows: tuple[Level, ...]
    columns: tuple[Level, ...]
    where: Predicate | None
    """What was asked; `allowed` is what access policies let in."""
    totals: bool
    sort: tuple[SortKey, ...]
    top: Top | None
    limit: int | None

    @property
    def allowed(self) -> Predicate | None:
        """Which facts whoever asks may see."""
        return self.cube.rights.where

    @property
    def counted(self) -> Predicate | None:
        """Which facts count: those that are asked for and may be seen."""
        parts = (self.allowed, self.where)
        return all_of(tuple(part for part in parts if part is not None))

    @property
    def levels(self) -> tuple[Level, ...]:
        """Rows, then columns: the order of the bits in `_grouping`."""
        return self.rows + self.columns


def resolve(repository: Repository, query: Query) -> ResolvedQuery:
    """Bind every name of a query.

    Raises:
        UserError: a name is unknown or not fed, a level is asked twice, or the filter is wrong.
    """
    cube = find_cube(repository, query.cube)
    if not query.measures:
        raise UserError(
            f"The query asks no measure of the cube '{cube.name}'.",
            fix=did_you_mean("", cube.measures),
        )
    for name in query.measures:
        find_measure(cube, name)
    _once(query.measures, "measure")
    rows = tuple(find_level(cube, name) for name in query.rows)
    columns = tuple(find_level(cube, name) for name in query.columns)
    _once([level.name for level in rows + columns], "level")
    grouped = {level.name for level in rows + columns}
    sort = tuple(_sort_keys(cube, query, grouped))
    if query.top is not None:
        _check_top(cube, query.top, rows)
    if query.limit is not None and query.limit < 1:
        raise UserError(f"'limit' must be 1 or more, and it is {query.limit}.")
    behind = [key.by for key in sort if key.is_measure] + ([query.top.by] if query.top else [])
    return ResolvedQuery(
        cube=cube,
        measures=query.measures,
        hidden=tuple(name for name in dict.fromkeys(behind) if name not in query.measures),
        rows=rows,
        columns=columns,
        where=resolve_filter(cube, query.where),
        totals=query.totals,
        sort=sort,
        top=query.top,
        limit=query.limit,
    )


def find_cube(repository: Repository, name: str) -> ResolvedCube:
    """A cube by name, or a UserError that says why there is none."""
    cube = repository.cubes.get(name)
    if cube is not None:
        return cube
    reason = repository.absent.get(f"cube {name}")
    if reason is not None:
        raise UserError(
            f"The cube '{name}' is not loaded in this workspace.",
            why=reason,
            fix="Map the entity that its fact is made of.",
        )
    raise UserError(f"There is no cube '{name}'.", fix=did_you_mean(name, repository.cubes))


def find_measure(cube: ResolvedCube, name: str) -> Measure:
    """A measure by name, or a UserError that says why it cannot be asked."""
    measure = cube.measures.get(name)
    if measure is not None:
        return measure
    if name in cube.definition.measures:
        raise UserError(
            f"The measure '{name}' of cube '{cube.name}' cannot be answered in this workspace.",
            why=cube.unavailable.get(name, ""),
            fix="Map what it reads, or ask another measure.",
        )
    raise UserError(
        f"The cube '{cube.name}' has no measure '{name}'.", fix=did_you_mean(name, cube.measures)
    )


def find_level(cube: ResolvedCube, name: str) -> Level:
    """A level by its name, or a UserError that says why it cannot be asked."""
    level = cube.levels.get(name)
    if level is not None:
        return level
    role, dot, attribute = name.partition(".")
    # What is hidden from whoever asks is told as what never was.
    hidden = name in cube.rights.hidden
    if name in cube.fact.definition.degenerate and not hidden:
        taken = name in cube.definition.measures
        raise UserError(
            f"'{name}' is no level of the cube '{cube.name}' in this workspace.",
            why="A measure of the cube has its name." if taken else "No mapping fills it.",
            fix="Rename one of the two." if taken else "Map the column it comes from.",
        )
    if not dot:
        raise UserError(
            f"'{name}' is not a level of the cube '{cube.name}'.",
            why="A level is written role.attribute; only labels of the fact itself have no role.",
            fix=_level_like(cube, name),
        )
    if role not in cube.definition.dimensions:
        raise UserError(
            f"The cube '{cube.name}' has no dimension '{role}'.", fix=_level_like(cube, name)
        )
    if role not in cube.roles:
        raise UserError(
            f"The dimension '{role}' of cube '{cube.name}' is not loaded in this workspace.",
            why=cube.unavailable.get(role, ""),
            fix="Map what it needs, or leave the level out.",
        )
    dimension = cube.roles[role].dimension
    if attribute in dimension.attributes and not hidden:
        raise UserError(
            f"The level '{name}' is empty in this workspace.",
            why=f"No mapping fills '{attribute}' of the dimension '{dimension.name}'.",
            fix="Map the column it comes from, or leave the level out.",
        )
    siblings = [each.attribute for each in cube.levels.values() if each.role == role]
    raise UserError(
        f"The dimension '{role}' of cube '{cube.name}' has no level '{attribute}'.",
        fix=did_you_mean(attribute, siblings),
    )


def resolve_filter(cube: ResolvedCube, text: str | None) -> Predicate | None:
    """A filter text over the cube's levels; blank text filters nothing."""
    if text is None or not text.strip():
        return None
    return parse_filter(text, lambda name: find_readable_level(cube, name))


def find_readable_level(cube: ResolvedCube, name: str) -> Level:
    """A level whose members may be told apart by value, or a UserError that says why not."""
    level = find_level(cube, name)
    if level.masked:
        raise UserError(
            f"The members of '{name}' are masked for you.",
            why="So they can be neither filtered nor searched.",
            fix="Filter by another level.",
        )
    return level


def _level_like(cube: ResolvedCube, name: str) -> str:
    """Suggest a level by its full name, or else by the attribute's own."""
    by_attribute = [level for level in cube.levels.values() if level.attribute == name]
    if by_attribute:
        names = " or ".join(f"'{level.name}'" for level in by_attribute[:3])
        return f"Did you mean {names}?"
    roles = [role for role in cube.roles if role in cube.definition.dimensions]
    return did_you_mean(name, cube.levels) or did_you_mean(name.partition(".")[0], roles)


def _sort_keys(cube: ResolvedCube, query: Query, grouped: set[str]) -> Iterator[SortKey]:
    for key in query.sort:
        if key.by in grouped:
            yield SortKey(key.by, key.descending, is_measure=False)
        elif key.by in cube.levels:
            raise UserError(
                f"The query sorts by '{key.by}' but does not group by it.",
                fix="Put the level in rows or columns, or sort by another.",
            )
        elif "." in key.by:
            find_level(cube, key.by)
        else:
            find_measure(cube, key.by)
            yield SortKey(key.by, key.descending, is_measure=True)


def _check_top(cube: ResolvedCube, top: Top, rows: Sequence[Level]) -> None:
    if top.n < 1:
        raise UserError(f"'top' must choose 1 member or more, and it says {top.n}.")
    if not rows:
        raise UserError(
            "'top' chooses members of the first row level, and the query has no rows.",
            fix="Name a level in rows.",
        )
    find_measure(cube, top.by)


def _once(names: Sequence[str], kind: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"The {kind} '{name}' is asked twice.", fix="Name it once.")
