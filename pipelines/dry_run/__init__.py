"""The load carried out where there is no data: what the engine refuses is told by `check`.

The engine itself decides whether an expression fits the types of its columns, so that nothing is
refused that would work, and nothing accepted that would not.
"""

from __future__ import annotations

from contextlib import closing

from metadata import Repository
from metadata.bind_sources import unread_issues
from metadata.errors import Issue
from pipelines.dry_run.cubes import refused_in_cubes
from pipelines.dry_run.landing import Expected
from pipelines.dry_run.mappings import refused_in_mappings
from pipelines.dry_run.sources import refused_in_filters
from pipelines.dry_run.star import refused_in_star
from pipelines.dry_run.trying import Trying


def refused_by_engine(repository: Repository) -> tuple[Issue, ...]:
    """What cannot be computed, whatever the data: one problem for each place."""
    with closing(Trying()) as trying:
        expected = Expected(repository)
        written = [mapping.written for mapping in repository.mappings]
        found = [
            *unread_issues(repository.sources, written, repository.lookups),
            *refused_in_filters(repository, expected, trying),
            *refused_in_mappings(repository, expected, trying),
            *refused_in_star(repository, trying),
            *refused_in_cubes(repository, trying),
        ]
    return tuple(dict.fromkeys(found))


__all__ = ["refused_by_engine"]
