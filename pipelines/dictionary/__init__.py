"""A data dictionary of one workspace: every source, table, rule, dimension, fact and measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from metadata import Repository
from metadata.lineage import LineageGraph
from metadata.scan import Scan
from metadata.uses import source_uses
from pipelines.dictionary.cube_pages import cube_page, portal_page
from pipelines.dictionary.entity_pages import entity_page, lookup_page
from pipelines.dictionary.overview import overview_page, personal_page
from pipelines.dictionary.pages import Dictionary, Page
from pipelines.dictionary.settling import settled
from pipelines.dictionary.source_pages import source_page, table_pages
from pipelines.dictionary.star_pages import bridge_page, dimension_page, fact_page
from pipelines.dictionary.trail import Trail

__all__ = ["dictionary_of", "model_pages"]


def dictionary_of(
    repository: Repository, graph: LineageGraph, scans: Mapping[str, Scan]
) -> Dictionary:
    """Everything a workspace says about its warehouse. The same workspace gives the same pages.

    Args:
        repository: the workspace.
        graph: its lineage, for the links between pages.
        scans: what its sources hold, by source, where they were scanned.
    """
    trail = Trail(repository, graph, sources=True)
    pages = [*model_pages(repository, trail), *_source_pages(repository, trail, scans)]
    portal = portal_page(trail)
    if portal is not None:
        pages.append(portal)
    pages.append(personal_page(repository, trail, scans))
    overview = overview_page(repository, pages)
    return Dictionary(repository.workspace.name, settled((overview, *pages)))


def model_pages(repository: Repository, trail: Trail) -> Iterator[Page]:
    """Pages of what is loaded: cubes, facts, dimensions, bridges, entities."""
    for cube in repository.cubes.values():
        yield cube_page(repository, trail, cube)
    for fact in repository.facts.values():
        yield fact_page(repository, trail, fact)
    for dimension in repository.dimensions.values():
        yield dimension_page(repository, trail, dimension)
    for bridge in repository.bridges.values():
        yield bridge_page(trail, bridge)
    for entity in repository.mapped_entities:
        yield entity_page(repository, trail, entity)


def _source_pages(
    repository: Repository, trail: Trail, scans: Mapping[str, Scan]
) -> Iterator[Page]:
    for _, lookup in sorted(repository.lookups.items()):
        yield lookup_page(repository, trail, lookup)
    uses = source_uses(repository)
    for name, written in sorted(repository.sources.items()):
        scan = scans.get(name)
        yield source_page(repository, trail, written, scan)
        yield from table_pages(trail, written, scan, uses)
