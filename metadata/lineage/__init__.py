"""Lineage: column by column from the sources to what a dashboard shows, both ways.

The graph follows from the metadata alone. That it says what the statements of the pipeline really
do is a test's business: it reads them back with a SQL parser.
"""

from __future__ import annotations

from collections.abc import Mapping

from metadata.lineage.cubes import draw_cubes, draw_portal
from metadata.lineage.draft import Draft
from metadata.lineage.golden import draw_golden
from metadata.lineage.graph import LineageGraph, Reach
from metadata.lineage.shown import leading_to_figures
from metadata.lineage.staging import draw_entities, draw_lookups, draw_sources
from metadata.lineage.star import draw_star
from metadata.lineage.values import KINDS, Edge, How, Kind, Node
from metadata.model.portal import Portal
from metadata.portal import load_portal
from metadata.repository import Repository, Written
from metadata.scan import Scan, read_scan

__all__ = [
    "KINDS",
    "Edge",
    "How",
    "Kind",
    "LineageGraph",
    "Node",
    "Reach",
    "kept_scans",
    "lineage_of",
]


def lineage_of(
    repository: Repository,
    *,
    scans: Mapping[str, Scan] | None = None,
    portal: Written[Portal] | None = None,
) -> LineageGraph:
    """The lineage of everything a workspace loads and shows.

    Args:
        repository: the workspace; as somebody sees it, only what leads to what is seen.
        scans: what the sources are known to hold, by source: types and comments of their columns.
            Columns that no mapping reads are not part of the graph.
        portal: what the portal shows, where it is not what lies in the workspace's folder.

    Raises:
        MetadataError: `portal.yaml` is wrong.
    """
    draft = Draft(repository, scans or {})
    draw_sources(draft)
    draw_lookups(draft)
    draw_entities(draft)
    draw_golden(draft)
    draw_star(draft)
    draw_cubes(draft)
    draw_portal(draft, portal or load_portal(repository.root))
    whole = draft.finished()
    return leading_to_figures(whole) if repository.seen_as else whole


def kept_scans(repository: Repository) -> dict[str, Scan]:
    """The newest kept scan of each source that was scanned."""
    found = {name: read_scan(repository.storage, name) for name in repository.sources}
    return {name: scan for name, scan in found.items() if scan is not None}
