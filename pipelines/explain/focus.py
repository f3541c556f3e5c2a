"""What a cell's figure hangs on, as columns of entities: its measure, its members, its day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cubes.cell import PlannedCell, columns_read, fact_roles
from cubes.predicates import levels_of
from metadata import Repository
from metadata.expressions import columns_of
from metadata.paths import ReferencePath
from metadata.repository import ResolvedDimension, ResolvedFact, ResolvedRole


@dataclass(frozen=True)
class Hung:
    """Something that a row's place or amount hangs on, and the paths that it is read by.

    `name` is a role of the fact, or a column of it; `WHERE` is the fact's own filter.
    """

    name: str
    paths: tuple[ReferencePath, ...]


WHERE = "where"
"""No role and no column of a fact may be called so: it is a word of SQL."""


@dataclass(frozen=True)
class Focus:
    """Which columns of which entities explain a cell."""

    fact: ResolvedFact
    hung: Mapping[str, Hung]
    """By name."""
    columns: Mapping[str, tuple[str, ...]]
    """For each entity that the fact reads, the columns to follow."""
    member_columns: Mapping[str, Mapping[str, tuple[str, ...]]]
    """For each asked role and each entity that its dimension reads, the columns to follow."""
    hops: tuple[ReferencePath, ...]
    """A path for each reference that the fact follows at all; its last column is the reference."""

    def hops_of(self, paths: Iterable[ReferencePath]) -> tuple[ReferencePath, ...]:
        """The references that paths follow."""
        wanted = {path.prefix[:depth] for path in paths for depth in range(1, len(path.hops) + 1)}
        return tuple(hop for hop in self.hops if (*hop.prefix, hop.column) in wanted)


def focus_on(repository: Repository, cell: PlannedCell) -> Focus:
    """What the figure of a cell hangs on."""
    fact = cell.cube.fact
    hung = {each.name: each for each in _hung(repository, cell)}
    columns: dict[str, dict[str, None]] = {fact.entity.entity: dict.fromkeys(fact.grain)}
    for each in hung.values():
        _add(columns, each.paths)
    date = fact.roles[fact.definition.date]
    if date.available:
        _add(columns, [date.path])
    members = {
        name: _of_member(repository, cell, name, role)
        for name, role in fact_roles(fact, cell.cube).items()
        if role.dimension.entity is not None and name in hung
    }
    return Focus(
        fact,
        hung,
        {entity: tuple(names) for entity, names in columns.items()},
        members,
        _hops(repository, fact),
    )


def _hung(repository: Repository, cell: PlannedCell) -> Iterable[Hung]:
    """The roles and fact columns that decide where a row is and what it counts."""
    fact = cell.cube.fact
    names = list(levels_of(cell.query.where)) if cell.query.where is not None else []
    names += [name for part in cell.parts for name in columns_read(cell.cube.measures[part])]
    for role in dict.fromkeys(name.partition(".")[0] for name in names if "." in name):
        yield Hung(role, _paths_of_role(fact, cell.cube.roles[role]))
    for name in dict.fromkeys(name for name in names if "." not in name):
        yield Hung(name, tuple(paths_of_column(repository, fact, name)))
    for part in cell.parts:
        semi = cell.cube.measures[part].semi_additive
        if semi is not None:
            yield Hung(semi.over, _paths_of_role(fact, cell.cube.roles[semi.over]))
    if fact.definition.where:
        yield Hung(WHERE, tuple(_read(repository, fact, fact.definition.where)))


def _paths_of_role(fact: ResolvedFact, role: ResolvedRole) -> tuple[ReferencePath, ...]:
    if not role.available:
        return ()
    date = fact.roles[fact.definition.date]
    if role.dimension.tracks and date.available and date.name != role.name:
        return (role.path, date.path)
    return (role.path,)


def paths_of_column(repository: Repository, fact: ResolvedFact, name: str) -> list[ReferencePath]:
    """The paths that a column of a fact is made from."""
    definition = fact.definition
    measure = definition.measures.get(name)
    if measure is not None:
        paths = _read(repository, fact, measure.expr or measure.from_ or name)
        if measure.convert:
            date = fact.roles[definition.date]
            paths += _read(repository, fact, definition.currency) if definition.currency else []
            paths += [date.path] if date.available else []
        return paths
    label = definition.degenerate.get(name)
    if label is not None:
        return _read(repository, fact, label.expr or label.from_ or name)
    return _read(repository, fact, name)


def _read(repository: Repository, fact: ResolvedFact, text: str) -> list[ReferencePath]:
    entity = fact.entity.entity
    return [repository.path(entity, ".".join(parts)) for parts in columns_of(text)]


def _of_member(
    repository: Repository, cell: PlannedCell, name: str, role: ResolvedRole
) -> Mapping[str, tuple[str, ...]]:
    """Columns of the entities behind the asked attributes of a role."""
    dimension = role.dimension
    assert dimension.entity is not None
    found: dict[str, dict[str, None]] = {
        dimension.entity.entity: {dimension.natural_key: None},
    }
    for level in cell.asked_levels:
        own, _, attribute = level.partition(".")
        if own == name:
            _add(found, paths_of_attribute(repository, dimension, attribute))
    return {entity: tuple(names) for entity, names in found.items()}


def paths_of_attribute(
    repository: Repository, dimension: ResolvedDimension, name: str
) -> list[ReferencePath]:
    """The paths that an attribute of a dimension is made from."""
    assert dimension.entity is not None
    entity = dimension.entity.entity
    attribute = dimension.attributes.get(name)
    if attribute is None:
        return [repository.path(entity, name)]
    if attribute.path is not None:
        return [attribute.path]
    text = attribute.definition.expr or "NULL"
    return [repository.path(entity, ".".join(parts)) for parts in columns_of(text)]


def _add(columns: dict[str, dict[str, None]], paths: Iterable[ReferencePath]) -> None:
    for path in paths:
        for hop in path.hops:
            columns.setdefault(hop.entity, {})[hop.column] = None
            columns.setdefault(hop.to, {})[hop.to_key] = None
        columns.setdefault(path.owner, {})[path.column] = None


def _hops(repository: Repository, fact: ResolvedFact) -> tuple[ReferencePath, ...]:
    """Every reference that the fact follows, the near ones first; each as the path of its column.

    References to entities that nobody maps lead nowhere, in the fact as here.
    """
    definition = fact.definition
    paths = [role.path for role in fact.roles.values()]
    for name in (*definition.measures, *definition.degenerate):
        paths += paths_of_column(repository, fact, name)
    if definition.where:
        paths += _read(repository, fact, definition.where)
    found: dict[tuple[str, ...], ReferencePath] = {}
    for path in paths:
        if any(hop.to not in repository.mapped_entities for hop in path.hops):
            continue
        for depth in range(1, len(path.hops) + 1):
            steps = path.prefix[:depth]
            if steps not in found:
                found[steps] = repository.path(fact.entity.entity, ".".join(steps))
    return tuple(found[steps] for steps in sorted(found, key=lambda steps: (len(steps), steps)))
