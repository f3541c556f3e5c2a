"""From facts and dimensions to rollups and measures, and on to what the portal shows."""

from __future__ import annotations

from collections.abc import Mapping

from metadata.expressions import columns_of
from metadata.lineage.draft import Draft, table_id
from metadata.lineage.values import Kind, Node
from metadata.model.cube import Measure
from metadata.model.portal import Chart, Portal, Tile
from metadata.repository import ResolvedCube, Written


def draw_cubes(draft: Draft) -> None:
    """Cubes with the levels by which they are cut, their rollups, and their measures."""
    for cube in draft.repository.cubes.values():
        written = cube.written
        target = draft.add(Node("cube", cube.name, label=cube.label, where=written.where(),
                                description=cube.definition.description))  # fmt: skip
        for level in cube.levels.values():
            column, _ = _read(cube, level.name)
            where = written.where("dimensions", level.role) if level.role else written.where()
            draft.edge(column, target, "level", level.name, where)
        for name, measure in cube.measures.items():
            draft.add(_measure_node(cube, name, measure))
        for rollup in cube.buildable_rollups:
            _draw_rollup(draft, cube, rollup)
        for name, measure in cube.measures.items():
            _draw_measure(draft, cube, name, measure)


def _measure_node(cube: ResolvedCube, name: str, measure: Measure) -> Node:
    label = measure.label or name.replace("_", " ").capitalize()
    about, where = measure.description, cube.written.where("measures", name)
    rule = measure_in_words(measure)
    return Node("measure", cube.name, name, label, measure.format, rule, about, where=where)


def measure_in_words(measure: Measure) -> str:
    """A measure's definition in one line.

    >>> measure_in_words(Measure(sum="net_amount", where="line_kind = 'Sale'"))
    "sum of net_amount where line_kind = 'Sale'"
    """
    if measure.ratio is not None:
        return " / ".join(measure.ratio)
    operand = str(getattr(measure, measure.aggregate))
    told = f"{measure.aggregate.replace('_', ' ')} of {'rows' if operand == '*' else operand}"
    if measure.where is not None:
        told += f" where {measure.where}"
    if measure.semi_additive is not None:
        told += f", {measure.semi_additive.take} of each {measure.semi_additive.over}"
    return told


def _draw_measure(draft: Draft, cube: ResolvedCube, name: str, measure: Measure) -> None:
    target, where = f"measure:{cube.name}.{name}", cube.written.where("measures", name)
    for part in measure.ratio or ():
        draft.edge(f"measure:{cube.name}.{part}", target, "ratio", measure_in_words(measure), where)
    if measure.ratio is None:
        _draw_aggregate(draft, cube, measure, target, name)
    if measure.semi_additive is not None:
        role = cube.roles[measure.semi_additive.over]
        told = f"{measure.semi_additive.take} day of a period"
        draft.edge(f"fact:{cube.fact.table}.{role.key_column}", target, "group", told, where)
    for rollup in cube.buildable_rollups:
        if name in cube.definition.rollups[rollup].measures:
            column = f"rollup:{cube.rollup_table(rollup)}.{name}"
            draft.edge(column, target, "prepared", "added up from the rollup", where)


def _draw_aggregate(
    draft: Draft, cube: ResolvedCube, measure: Measure, target: str, name: str
) -> None:
    """The fact column that is added up or counted, and the filter of the measure."""
    where, told = cube.written.where("measures", name), measure_in_words(measure)
    operand = str(getattr(measure, measure.aggregate))
    if operand == "*":
        draft.edge(table_id("fact", cube.fact.table), target, "aggregated", told, where)
    else:
        column, keys = _read(cube, operand)
        draft.edge(column, target, "aggregated", told, where)
        for key in keys:
            draft.edge(key, target, "join", operand, where)
    for parts in columns_of(measure.where) if measure.where else ():
        column, keys = _read(cube, ".".join(parts))
        for each in (column, *keys):
            draft.edge(each, target, "filter", measure.where or "", where)


def _read(cube: ResolvedCube, dotted: str) -> tuple[str, tuple[str, ...]]:
    """The column that a measure or level reads, and the keys over which it is reached."""
    role, dot, attribute = dotted.rpartition(".")
    if not dot:
        return f"fact:{cube.fact.table}.{attribute}", ()
    played = cube.roles[role]
    table = played.dimension.table
    keys = (
        f"fact:{cube.fact.table}.{played.key_column}",
        f"dimension:{table}.{played.dimension.surrogate_key}",
    )
    return f"dimension:{table}.{attribute}", keys


def _draw_rollup(draft: Draft, cube: ResolvedCube, rollup: str) -> None:
    definition, where = cube.definition.rollups[rollup], cube.written.where("rollups", rollup)
    table = cube.rollup_table(rollup)
    about = f"{cube.label} by {', '.join(definition.by)}."
    target = draft.add(Node("rollup", table, description=about, where=where))
    draft.edge(table_id("fact", cube.fact.table), target, "rows", "", where)
    for level in definition.by:
        source, keys = _read(cube, level)
        known = cube.levels[level]
        column = draft.add(Node("rollup", table, level.replace(".", "__"), known.label, known.type,
                                where=where))  # fmt: skip
        draft.edge(source, column, "copied", level, where)
        for key in keys:
            draft.edge(key, target, "join", level, where)
        draft.edge(source, target, "group", level, where)
    for name in definition.measures:
        measure = cube.measures.get(name)
        if measure is not None:
            node = _measure_node(cube, name, measure)
            column = draft.add(Node("rollup", table, name, node.label, where=where))
            _draw_aggregate(draft, cube, measure, column, name)


def draw_portal(draft: Draft, written: Written[Portal]) -> None:
    """Tiles and charts, as far as this workspace can fill them."""
    portal = written.value
    _draw_shown(draft, "tile", portal.tiles, written)
    _draw_shown(draft, "chart", portal.charts, written)


def _draw_shown(
    draft: Draft,
    kind: Kind,
    shown: Mapping[str, Tile | None] | Mapping[str, Chart | None],
    written: Written[Portal],
) -> None:
    for name, each in shown.items():
        cube = draft.repository.cubes.get(each.cube) if each is not None else None
        if each is None or cube is None:
            continue
        measures = (each.measure,) if isinstance(each, Tile) else each.measures
        if any(m not in cube.measures for m in measures) or any(
            level not in cube.levels for level in each.levels
        ):
            continue
        where = written.where(f"{kind}s", name)
        label = each.title if isinstance(each, Chart) else each.label
        label = label or cube.measures[measures[0]].label
        target = draft.add(Node(kind, kind, name, label, where=where))
        for measure in measures:
            draft.edge(f"measure:{cube.name}.{measure}", target, "shown", "", where)
        for level in each.levels:
            source, keys = _read(cube, level)
            for column in (source, *keys):
                draft.edge(column, target, "group", f"by {level}", where)
