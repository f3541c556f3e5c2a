"""Bridges: their columns must exist, and their ends be dimensions that these can lead to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from metadata.bind_rules import no_column
from metadata.bind_star import unknown_entity
from metadata.bind_types import bridge_type_issues
from metadata.errors import Issue, did_you_mean
from metadata.model.star import Bridge, Dimension, Entity
from metadata.repository import Feeds, ResolvedBridge, ResolvedDimension, Written


def bind_bridges(
    written: Mapping[str, Written[Bridge]],
    known_dimensions: Mapping[str, Written[Dimension]],
    dimensions: Mapping[str, ResolvedDimension],
    feeds: Feeds,
    absent: dict[str, str],
    issues: list[Issue],
) -> dict[str, ResolvedBridge]:
    """Bind the bridges; those with a missing end are absent."""
    bound: dict[str, ResolvedBridge] = {}
    for name, each in sorted(written.items()):
        definition = each.value
        entity = feeds.entities.get(definition.entity)
        if entity is None:
            issues.append(unknown_entity(definition.entity, feeds, each.where("entity")))
            continue
        wrong = list(_bridge_issues(each, entity, known_dimensions, feeds))
        issues.extend(wrong)
        ends = (definition.dimension, definition.group)
        missing = [end for end in ends if end not in dimensions]
        if entity.entity not in feeds.columns:
            absent[f"bridge {name}"] = f"No mapping fills the entity '{entity.entity}'."
        elif missing:
            absent[f"bridge {name}"] = f"The dimension '{missing[0]}' is not loaded."
        elif not wrong:
            bound[name] = ResolvedBridge(
                name,
                definition,
                entity,
                dimensions[definition.dimension],
                dimensions[definition.group],
                each,
            )
    return bound


def _bridge_issues(
    written: Written[Bridge],
    entity: Entity,
    known: Mapping[str, Written[Dimension]],
    feeds: Feeds,
) -> Iterator[Issue]:
    bridge = written.value
    broken = False
    for field in ("dimension_key", "group_key", "weight", "within"):
        column = getattr(bridge, field)
        if column is not None and column not in entity.columns:
            broken = True
            yield no_column(entity, column, written.where(field))
    ends: dict[str, Entity] = {}
    for field in ("dimension", "group"):
        name = getattr(bridge, field)
        if name not in known:
            yield Issue(
                f"There is no dimension '{name}'.",
                written.where(field),
                "",
                did_you_mean(name, known),
            )
        elif (end := known[name].value.entity) is None:
            yield Issue(f"The calendar '{name}' is no end of a bridge.", written.where(field))
        elif end in feeds.entities and len(feeds.entities[end].key) == 1:
            ends[name] = feeds.entities[end]
    if not broken:
        yield from bridge_type_issues(written, entity, ends)
