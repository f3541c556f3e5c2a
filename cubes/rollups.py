"""Which rollup answers a query instead of the fact, and why the others do not."""

from __future__ import annotations

from cubes.catalogue import Catalogue
from cubes.formulas import parts_of
from cubes.predicates import levels_of
from cubes.resolve import ResolvedQuery
from cubes.scope import Scope, rollup_column, rollup_table, sort_level


def choose_scope(
    query: ResolvedQuery, catalogue: Catalogue | None
) -> tuple[Scope, tuple[str, ...]]:
    """The smallest rollup that can answer, or else the fact; with the reasons in words."""
    cube = query.cube
    fact = Scope.of_fact(cube)
    if not cube.definition.rollups:
        return fact, (f"The cube '{cube.name}' declares no rollup.",)
    notes: list[str] = []
    fitting: list[tuple[int, str]] = []
    for name in cube.definition.rollups:
        reason = _misfit(query, name, catalogue)
        if reason:
            notes.append(f"Rollup '{name}' does not fit: {reason}")
        elif catalogue is not None:
            fitting.append((catalogue.tables[rollup_table(cube.name, name)].rows, name))
    if not fitting:
        return fact, tuple(notes)
    rows, name = min(fitting)
    return Scope.of_rollup(cube, name), (f"Rollup '{name}' fits, with {rows:,} rows.",)


def _misfit(query: ResolvedQuery, name: str, catalogue: Catalogue | None) -> str:
    """Why a rollup cannot answer; empty when it can."""
    cube = query.cube
    rollup = cube.definition.rollups[name]
    scope = Scope.of_rollup(cube, name)
    parts = [part for measure in query.measures + query.hidden for part in parts_of(scope, measure)]
    for part in parts:
        measure = cube.measures[part]
        if measure.additivity != "additive":
            return f"'{part}' is {measure.additivity.replace('_', '-')}."
        if part not in rollup.measures:
            return f"it does not hold the measure '{part}'."
    needed = [level.name for level in query.levels]
    needed += [sort_level(cube, level.name) for level in query.levels]
    if query.where is not None:
        needed += levels_of(query.where)
    if cube.rights.smallest:
        return "it does not tell how many a figure stands for."
    if any(level.masked for level in query.levels):
        return "it holds the members that are masked."
    if query.allowed is not None:
        needed += (allowed := tuple(levels_of(query.allowed)))
        if any(level not in rollup.by for level in allowed):
            return "it does not keep a level by which access is decided."
    for level in needed:
        if level not in rollup.by:
            return f"it does not keep the level '{level}'."
    if catalogue is None:
        return "nothing is published yet."
    table = catalogue.tables.get(rollup_table(cube.name, name))
    if table is None:
        return f"version {catalogue.version} does not have it."
    for column in [*map(rollup_column, needed), *parts]:
        if column not in table.columns:
            return f"in version {catalogue.version} it has no column '{column}'."
    return ""
