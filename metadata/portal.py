"""What the Portal shows: the shipped definition, extended by a workspace's own `portal.yaml`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from metadata.bind_portal import drawing_issues
from metadata.errors import Issue, MetadataError, did_you_mean
from metadata.issues import validation_issues
from metadata.model.base import Definition
from metadata.model.portal import Chart, Portal, Tile
from metadata.repository import Repository, ResolvedCube, Written
from metadata.yaml_tree import Document, extended, parse_documents, read_documents, read_text

SHIPPED = Path(__file__).resolve().parent.parent / "dashboards" / "definitions" / "portal.yaml"
OWN = "portal.yaml"

T = TypeVar("T", bound=Definition)


@dataclass(frozen=True)
class AvailablePortal:
    """The part of a portal that a workspace can fill, and why the rest cannot be."""

    definition: Portal
    tiles: tuple[Tile, ...]
    charts: tuple[Chart, ...]
    left_out: tuple[str, ...]


def load_portal(root: Path) -> Written[Portal]:
    """The shipped portal, extended by `portal.yaml` of the workspace if there is one.

    Raises:
        MetadataError: a definition is wrong; file and line are told.
    """
    own = root / OWN
    return _read(read_documents(own, OWN) if own.is_file() else ())


def portal_issues(repository: Repository) -> tuple[Issue, ...]:
    """The problems of the workspace's own `portal.yaml`, if there is one."""
    own = repository.root / OWN
    try:
        return check_portal(read_text(own, OWN), repository) if own.exists() else ()
    except MetadataError as error:
        return error.issues


def check_portal(text: str, repository: Repository) -> tuple[Issue, ...]:
    """The problems of a `portal.yaml`; none when its tiles and charts can be drawn."""
    try:
        written = _read(parse_documents(text, OWN))
        shown = available(written, repository)
    except MetadataError as error:
        return error.issues
    return tuple(drawing_issues(written, shown.tiles, shown.charts, repository))


def _read(own: Iterable[Document]) -> Written[Portal]:
    documents = list(read_documents(SHIPPED, f"dashboards/definitions/{SHIPPED.name}"))
    documents += own
    content: dict[str, Any] = {}
    for document in documents:
        content = extended(content, document.content)
    where = Written[Any](Definition(), tuple(documents)).where
    try:
        return Written(Portal.model_validate(content), tuple(documents))
    except ValidationError as error:
        raise MetadataError(list(validation_issues(Portal, error, where))) from None


def available(written: Written[Portal], repository: Repository) -> AvailablePortal:
    """What can be shown here; a name that no workspace could ever know is an error.

    Raises:
        MetadataError: a tile or chart names a cube, measure or level that does not exist.
    """
    issues: list[Issue] = []
    tiles: list[Tile] = []
    charts: list[Chart] = []
    left_out: list[str] = []
    portal = written.value
    for name, tile in portal.tiles.items():
        if tile is not None:
            missing = _missing(repository, tile.cube, [tile.measure], tile.levels)
            _sort_out(tile, missing, tiles, left_out, issues, written, ("tiles", name))
    for name, chart in portal.charts.items():
        if chart is not None:
            missing = _missing(repository, chart.cube, chart.measures, chart.levels)
            _sort_out(chart, missing, charts, left_out, issues, written, ("charts", name))
    if issues:
        raise MetadataError(issues)
    return AvailablePortal(portal, tuple(tiles), tuple(charts), tuple(dict.fromkeys(left_out)))


def seen_of(shown: AvailablePortal, repository: Repository) -> AvailablePortal:
    """The part of a portal that somebody sees.

    Of the rest nothing is told, not even that there is one.

    Args:
        shown: what the workspace can fill.
        repository: the workspace as the person sees it.
    """
    if not repository.seen_as:
        return shown

    def is_seen(cube: str, measures: Iterable[str], levels: Iterable[str]) -> bool:
        if _missing(repository, cube, measures, levels) is not None:
            return False
        return not any(repository.cubes[cube].levels[level].masked for level in levels)

    tiles = (t for t in shown.tiles if is_seen(t.cube, [t.measure], t.levels))
    charts = (c for c in shown.charts if is_seen(c.cube, c.measures, c.levels))
    return AvailablePortal(shown.definition, tuple(tiles), tuple(charts), ())


@dataclass(frozen=True)
class _Missing:
    what: str
    fix: str
    known: bool
    """Whether the model knows the name, so that only this workspace lacks it."""


def _sort_out(
    each: T,
    missing: _Missing | None,
    kept: list[T],
    left_out: list[str],
    issues: list[Issue],
    written: Written[Portal],
    path: tuple[str, str],
) -> None:
    if missing is None:
        kept.append(each)
    elif missing.known or _is_shipped(written, path):
        left_out.append(missing.what)
    else:
        issues.append(Issue(missing.what, written.where(*path), "", missing.fix))


def _is_shipped(written: Written[Portal], path: tuple[str, str]) -> bool:
    """A shipped tile may speak of a cube that a workspace replaced; its own may not be misspelt."""
    return all(path[1] not in _part(d, path[0]) for d in written.documents[1:])


def _part(document: Document, name: str) -> dict[str, Any]:
    part = document.content.get(name)
    return part if isinstance(part, dict) else {}


def _is_defined(cube: ResolvedCube, level: str) -> bool:
    """Whether somebody defined a level that is not fed here."""
    role, _, attribute = level.partition(".")
    if role not in cube.roles:
        return role in cube.definition.dimensions
    return attribute in cube.roles[role].dimension.attributes


def _missing(
    repository: Repository, cube_name: str, measures: Iterable[str], levels: Iterable[str]
) -> _Missing | None:
    cube: ResolvedCube | None = repository.cubes.get(cube_name)
    if cube is None:
        reason = repository.absent.get(f"cube {cube_name}")
        what = reason or f"There is no cube '{cube_name}'."
        return _Missing(what, did_you_mean(cube_name, repository.cubes), reason is not None)
    for measure in measures:
        if measure not in cube.measures:
            reason = cube.unavailable.get(measure)
            what = reason or f"Cube '{cube_name}' has no measure '{measure}'."
            return _Missing(what, did_you_mean(measure, cube.measures), reason is not None)
    for level in levels:
        if level not in cube.levels:
            known = level in cube.fact.definition.degenerate or _is_defined(cube, level)
            what = f"Cube '{cube_name}' has no level '{level}' here."
            return _Missing(what, did_you_mean(level, cube.levels), known)
    return None
