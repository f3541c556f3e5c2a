"""Binding: raw definitions become resolved ones, and everything that cannot hold is reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metadata.bind_access import access_issues, people_issues
from metadata.bind_cube import bind_cubes
from metadata.bind_maintenance import Nameable, bind_maintenance
from metadata.bind_mapping import bind_mappings, check_lookups
from metadata.bind_matching import bind_matchings
from metadata.bind_quality import bind_qualities
from metadata.bind_sources import check_sources
from metadata.bind_star import bind_bridges, bind_dimensions, bind_facts, check_entities
from metadata.bind_synonyms import check_synonyms
from metadata.errors import Issue, Location
from metadata.expressions import ExpressionError, parse_expression
from metadata.model.access import Access
from metadata.model.cube import Cube
from metadata.model.maintenance import Maintenance
from metadata.model.mapping import Lookup
from metadata.model.matching import Decisions, Matching
from metadata.model.quality import Quality
from metadata.model.source import Source
from metadata.model.star import Bridge, Dimension, Entity, Fact
from metadata.model.synonyms import EntitySynonyms, Words
from metadata.repository import Feeds, Repository, Written

if TYPE_CHECKING:
    from metadata.loader import Collected


def bind(root: Path, collected: Collected) -> tuple[Repository | None, list[Issue]]:
    """Bind every name. The repository is None only when there is no workspace to speak of."""
    issues: list[Issue] = []
    if collected.workspace is None:
        issues.append(Issue("The workspace file is empty.", Location("workspace.yaml", 1)))
        return None, issues
    sources = collected.of("source", Source)
    lookups = collected.of("lookup", Lookup)
    entities = collected.of("entity", Entity)
    issues += check_entities(entities)
    issues += check_lookups(lookups, sources)
    issues += _check_filters(sources)
    issues += check_sources(sources)
    if issues:
        # Paths over broken references would only repeat what has been said.
        return None, issues
    mappings = bind_mappings(collected.mappings, sources, lookups, entities, issues)
    feeds = Feeds(
        {name: written.value for name, written in entities.items()},
        _fed_columns([(m.definition.entity, m.definition.columns) for m in mappings]),
    )
    absent: dict[str, str] = {}
    dimensions = bind_dimensions(collected.of("dimension", Dimension), feeds, absent, issues)
    facts = bind_facts(
        collected.of("fact", Fact),
        collected.of("dimension", Dimension),
        dimensions,
        feeds,
        absent,
        issues,
    )
    bridges = bind_bridges(collected.of("bridge", Bridge), dimensions, feeds, absent, issues)
    cubes = bind_cubes(
        collected.of("cube", Cube), collected.of("fact", Fact), facts, absent, issues
    )
    synonyms = collected.of("synonyms", EntitySynonyms)
    issues += check_synonyms(synonyms, entities)
    matchings = bind_matchings(
        collected.of("matching", Matching),
        collected.of("decisions", Decisions),
        feeds.entities,
        mappings,
        absent,
        issues,
    )
    qualities = bind_qualities(
        collected.of("quality", Quality),
        feeds.entities,
        frozenset(feeds.columns),
        dimensions,
        facts,
        absent,
        issues,
    )
    workspace = collected.workspace.value
    upkeep = bind_maintenance(
        collected.of("maintenance", Maintenance),
        workspace,
        Nameable(sources, dimensions, facts, cubes, absent, _marts(collected)),
        absent,
        issues,
    )
    repository = Repository(
        root=root,
        workspace=workspace,
        sources=sources,
        lookups=lookups,
        entities=entities,
        mappings=tuple(mappings),
        dimensions=dimensions,
        facts=facts,
        bridges=bridges,
        cubes=cubes,
        absent=absent,
        texts=collected.texts,
        shipped=collected.shipped,
        qualities=qualities,
        upkeep=upkeep,
        matchings=matchings,
        synonyms=synonyms,
        words=collected.of("words", Words),
        policies=collected.of("access", Access),
    )
    wrong = list(people_issues(collected.workspace, repository.policies))
    # Names in policies are looked up in what is bound; what is not would only be told again.
    if not (issues or wrong):
        found = access_issues(repository, repository.policies, repository.workspace.users)
        wrong = [issue for _, issue in found]
    return repository, issues + wrong


def _check_filters(sources: Mapping[str, Written[Source]]) -> Iterator[Issue]:
    """Declared filters of tables that are no condition, or one that no source may be asked."""
    for written in sources.values():
        for name, table in written.value.tables.items():
            try:
                if table.where is not None:
                    parse_expression(table.where)
            except ExpressionError as error:
                where = written.where("tables", name, "where")
                yield Issue(f"The filter '{table.where}' {error}.", where)


def _marts(collected: Collected) -> frozenset[str]:
    """What marts are called that are defined at all."""
    return frozenset(
        [f"dim_{name}" for name in collected.of("dimension", Dimension)]
        + [f"fact_{name}" for name in collected.of("fact", Fact)]
        + [*collected.of("cube", Cube)]
    )


def _fed_columns(
    mapped: list[tuple[str, Mapping[str, Any]]],
) -> dict[str, frozenset[str]]:
    result: dict[str, frozenset[str]] = {}
    for entity, columns in mapped:
        result[entity] = result.get(entity, frozenset()) | frozenset(columns)
    return result


__all__ = ["Written", "bind"]
