"""Synonyms: the entities and columns that they are about must exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from metadata.bind_mapping import expression_issues
from metadata.errors import Issue, Location, did_you_mean
from metadata.expressions import ExpressionError, columns_of
from metadata.model.star import Entity
from metadata.model.synonyms import EntitySynonyms
from metadata.repository import Written


def check_synonyms(
    synonyms: Mapping[str, Written[EntitySynonyms]], entities: Mapping[str, Written[Entity]]
) -> list[Issue]:
    """What is wrong with a workspace's synonyms."""
    issues: list[Issue] = []
    for written in synonyms.values():
        hints = written.value
        entity = entities.get(hints.synonyms)
        if entity is None:
            what = f"There is no entity '{hints.synonyms}'."
            fix = did_you_mean(hints.synonyms, entities)
            issues.append(Issue(what, written.where("synonyms"), "", fix))
            continue
        if hints.instead is not None and hints.instead not in entities:
            what = f"There is no entity '{hints.instead}'."
            fix = did_you_mean(hints.instead, entities)
            issues.append(Issue(what, written.where("instead"), "", fix))
        issues += _columns(written, entity.value)
    return issues


def _columns(written: Written[EntitySynonyms], entity: Entity) -> Iterator[Issue]:
    hints = written.value
    named: list[tuple[str, Location]] = []
    for part in ("columns", "derive", "constants"):
        named += [(name, written.where(part, name)) for name in getattr(hints, part)]
    named += [(name, written.where("scan_day")) for name in hints.scan_day]
    for name, where in named:
        if name not in entity.columns:
            yield _unknown(entity, name, where, entity.columns)
    for name in hints.helpers:
        if name in entity.columns:
            what = f"Entity '{entity.entity}' has a column '{name}', so it needs no helper."
            yield Issue(what, written.where("helpers", name), "", "Put its names under columns.")
    known = {**entity.columns, **hints.helpers}
    for name, expressions in hints.derive.items():
        for expression in expressions:
            where = written.where("derive", name)
            yield from expression_issues(expression, where)
            try:
                read = columns_of(expression)
            except ExpressionError:
                continue
            for parts in read:
                if ".".join(parts) not in known:
                    yield _unknown(entity, ".".join(parts), where, known)


def _unknown(entity: Entity, name: str, where: Location, known: Mapping[str, object]) -> Issue:
    what = f"Entity '{entity.entity}' has no column '{name}'."
    return Issue(what, where, "", did_you_mean(name, known))
