"""What a workspace's portal asks for must be there, and be something that can be drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from metadata.bind_figures import measure_type
from metadata.errors import Issue
from metadata.model.portal import Chart, Portal, Tile
from metadata.model.rule import FIGURES, kind_of
from metadata.repository import Repository, ResolvedCube, Written


def drawing_issues(
    written: Written[Portal],
    tiles: Sequence[Tile],
    charts: Sequence[Chart],
    repository: Repository,
) -> Iterator[Issue]:
    """What cannot be drawn of a portal.

    Args:
        written: the portal.
        tiles: those whose cube, measure and level the workspace fills.
        charts: likewise.
        repository: the workspace.
    """
    for name, tile in written.value.tiles.items():
        if any(tile is each for each in tiles) and tile is not None:
            yield from _tile_issues(name, tile, repository.cubes[tile.cube], written)
    for name, chart in written.value.charts.items():
        if any(chart is each for each in charts) and chart is not None:
            yield from _chart_issues(name, chart, repository.cubes[chart.cube], written)


def _tile_issues(
    name: str, tile: Tile, cube: ResolvedCube, written: Written[Portal]
) -> Iterator[Issue]:
    yield from _figure_issues(tile.measure, cube, written, ("tiles", name, "measure"))
    yield from _month_issues(tile.when, cube, written, ("tiles", name, "when"))


def _chart_issues(
    name: str, chart: Chart, cube: ResolvedCube, written: Written[Portal]
) -> Iterator[Issue]:
    place = ("charts", name)
    for measure in chart.measures:
        yield from _figure_issues(measure, cube, written, (*place, "measures"))
    yield from _month_issues(chart.when, cube, written, (*place, "when"))
    if chart.kind != "bars" and chart.when is None:
        yield Issue(
            f"A chart of kind '{chart.kind}' goes month by month and needs 'when'.",
            written.where(*place),
            "",
            "Name the level with the month, such as order_date.month.",
        )
    if chart.kind == "bars" and not chart.rows and not chart.columns:
        yield Issue(
            "A chart of bars needs 'rows': the level whose members are the bars.",
            written.where(*place),
            "",
            "Name a level, such as customer.country.",
        )
    if chart.compare is not None and (chart.kind != "trend" or chart.columns):
        yield Issue(
            "'compare' is for a trend without 'columns'.",
            written.where(*place, "compare"),
            "",
            "Leave it out, or choose another kind.",
        )


def _figure_issues(
    name: str, cube: ResolvedCube, written: Written[Portal], place: tuple[str, ...]
) -> Iterator[Issue]:
    kind = measure_type(cube, cube.measures[name])
    if kind_of(kind) not in FIGURES:
        yield Issue(
            f"Measure '{name}' of cube '{cube.name}' is a {kind}, and no figure to be drawn.",
            written.where(*place),
            "",
            "Name a measure that is a number.",
        )


def _month_issues(
    level: str | None, cube: ResolvedCube, written: Written[Portal], place: tuple[str, ...]
) -> Iterator[Issue]:
    if level is None:
        return
    role, _, attribute = level.partition(".")
    dimension = cube.roles[role].dimension if role in cube.roles else None
    if dimension is None or dimension.definition.generated is None or attribute != "month":
        yield Issue(
            f"'{level}' is no level of months.",
            written.where(*place),
            "Figures are taken and compared by month.",
            "Name the month of a date, such as order_date.month.",
        )
