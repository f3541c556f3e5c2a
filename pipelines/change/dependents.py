"""What depends on a change: cubes, what pages show, alarms, expectations and exports.

Followed column by column through the lineage of both states, so that what would be lost is told as
well as what would be new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from metadata import Repository
from metadata.changes import Change
from metadata.lineage import LineageGraph, Node, lineage_of
from transforms.effects import Effect

_COLUMN_OF = {
    "mapping column": "entity",
    "entity column": "entity",
    "attribute": "dimension",
    "fact dimension": "fact",
    "degenerate dimension": "fact",
    "fact measure": "fact",
    "measure": "measure",
}
"""Kinds of changes that are about one column, and the kind of that column's node."""
_TABLE_OF = {
    "source table": "source",
    "join": "entity",
    "entity": "entity",
    "dimension": "dimension",
    "bridge": "bridge",
    "fact": "fact",
    "cube": "cube",
}
_OSSIE = "Ossie document"


@dataclass(frozen=True)
class Dependents:
    """What depends on one change, by the names that people know."""

    cubes: tuple[str, ...] = ()
    tiles: tuple[str, ...] = ()
    charts: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    expectations: tuple[str, ...] = ()
    """Quality definitions of tables that are touched."""
    exports: tuple[str, ...] = ()
    """Documents of `rapport export` that would say something else."""

    @property
    def shown(self) -> tuple[str, ...]:
        """What pages show of it."""
        return (*self.tiles, *self.charts, *self.alarms)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {name: list(getattr(self, name)) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class _State:
    """One state of the metadata and its lineage."""

    repository: Repository
    graph: LineageGraph


class Following:
    """Follows changes through the lineage of the states before and after them."""

    def __init__(self, *states: Repository | None) -> None:
        self._states = [_State(each, lineage_of(each)) for each in states if each is not None]

    def of(self, effect: Effect) -> Dependents:
        """What depends on a change."""
        found = {node.id: node for state in self._states for node in _reached(state, effect)}
        nodes = sorted(found.values(), key=lambda node: node.rank)
        cubes = {node.table for node in nodes if node.kind in ("cube", "measure")}
        cubes |= {figure.partition(".")[0] for figure in effect.figures}
        cubes |= {level.partition(":")[0] for level in effect.levels}
        tables = {*effect.products, *(node.table for node in nodes)}
        return Dependents(
            tuple(sorted(cubes)),
            *(_labels(nodes, kind) for kind in ("tile", "chart", "alarm")),
            tuple(self._expectations(effect.products)),
            tuple(self._exports(effect.change, tables, cubes)),
        )

    def _expectations(self, products: Iterable[str]) -> Iterator[str]:
        named: dict[str, None] = {}
        for state in self._states:
            for quality in state.repository.qualities.values():
                if quality.definition.of in products:
                    named.setdefault(quality.name)
        yield from named

    def _exports(self, change: Change, tables: set[str], cubes: set[str]) -> Iterator[str]:
        """The contracts of the marts that hold what changes, and the Ossie document of them all."""
        marts: dict[str, None] = {}
        for state in self._states:
            asked = {cube.fact.name for n, cube in state.repository.cubes.items() if n in cubes}
            for fact in state.repository.facts.values():
                held = {fact.table, *(role.dimension.table for role in fact.roles.values())}
                if fact.name in asked or held & tables:
                    marts.setdefault(f"ODCS contract of {fact.name}")
        yield from sorted(marts)
        if marts or cubes:
            yield _OSSIE


def _labels(nodes: Iterable[Node], kind: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(n.label or n.name for n in nodes if n.kind == kind))


def _reached(state: _State, effect: Effect) -> Iterator[Node]:
    """What lies downstream of what a change is about, and of the figures that it moves."""
    ids = [f"measure:{name}" for name in effect.figures]
    ids += _about(effect.change)
    ids += [column.id for each in tuple(ids) for column in state.graph.columns(each)]
    yield from (node for node in state.graph.dependents(ids).found)
    for level in effect.levels:
        measures = f"measure:{level.partition(':')[0]}."
        for edge in state.graph.out_of(_column_of_level(state.repository, level)):
            node = state.graph.nodes[edge.target]
            of_cube = any(e.source.startswith(measures) for e in state.graph.into(node.id))
            if node.kind in ("tile", "chart", "alarm") and of_cube:
                yield node


def _about(change: Change) -> list[str]:
    """The nodes, under the old and the new name, that a change is written about."""
    kind, name = change.definition
    if change.kind == "rollup":
        return [f"rollup:rollup_{name}_{each.rpartition('.')[2]}" for each in _names(change)]
    if change.kind == "cube dimension":
        return [f"cube:{name}"]
    if change.kind == "lookup":
        return [f"lookup:{name}"]
    if change.kind in _COLUMN_OF:
        return [f"{_COLUMN_OF[change.kind]}:{each}" for each in _names(change)]
    if change.kind in ("mapping", "join"):
        return [f"entity:{name.partition('<')[0]}"]
    if change.kind in _TABLE_OF:
        return [f"{_TABLE_OF[change.kind]}:{each}" for each in _names(change)]
    return [f"{_TABLE_OF[kind]}:{change.name.partition('.')[0]}"] if kind in _TABLE_OF else []


def _names(change: Change) -> list[str]:
    return [each for each in (change.name, change.old_name) if each]


def _column_of_level(repository: Repository, level: str) -> str:
    """The node of a level such as `sales: customer.country`."""
    cube, _, dotted = level.partition(": ")
    role, _, attribute = dotted.partition(".")
    resolved = repository.cubes.get(cube)
    if resolved is None or role not in resolved.roles:
        return ""
    return f"dimension:{resolved.roles[role].dimension.table}.{attribute}"
