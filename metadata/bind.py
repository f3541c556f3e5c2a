"""Binding: raw definitions become resolved ones, and everything that cannot hold is reported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metadata.bind_access import access_issues, people_issues
from metadata.bind_bridges import bind_bridges
from metadata.bind_cube import bind_cubes
from metadata.bind_maintenance import Nameable, bind_maintenance
from metadata.bind_mapping import bind_mappings, check_lookups, expression_issues
from metadata.bind_matching import bind_matchings
from metadata.bind_quality import bind_qualities
from metadata.bind_sources import source_issues
from metadata.bind_star import bind_dimensions, bind_facts, check_entities
from metadata.bind_synonyms import check_synonyms
from metadata.errors import Issue, Location
from metadata.model.access import Access
from metadata.model.base import expressions_of
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
    if issues:
        # Paths over broken references would only repeat what has been said.
        return None, issues
    mappings = bind_mappings(collected.mappings, sources, lookups, entities, issues)
    issues += source_issues(sources)
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
    bridges = bind_bridges(
        collected.of("bridge", Bridge),
        collected.of("dimension", Dimension),
        dimensions,
        feeds,
        absent,
        issues,
    )
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
    issues += wrong
    # Some that are meant here have been told by whoever binds the definition.
    told = {issue.what for issue in issues}
    issues += [issue for issue in sql_issues(collected) if issue.what not in told]
    return repository, issues


def sql_issues(collected: Collected) -> list[Issue]:
    """Expressions of any definition that are not one scalar expression of what is allowed."""
    written: list[Written[Any]] = [each for _, each in collected.mappings]
    written += [each for named in collected.named.values() for each in named.values()]
    written += [collected.workspace] if collected.workspace is not None else []
    return [
        issue
        for each in written
        for path, text in expressions_of(each.value)
        for issue in expression_issues(text, each.where(*path))
    ]


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
