"""Dimensions, facts, rollups and expectations, made of one staged row without values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from sqlglot import exp

from metadata import Repository
from metadata.errors import Issue
from metadata.repository import ResolvedDimension, ResolvedFact, ResolvedQuality
from pipelines.dry_run.matching import golden_statements, refused_in_matching
from pipelines.dry_run.trying import Trying, misfit, no_condition
from pipelines.plan import (
    BuildRollup,
    ExtractTable,
    LoadBridge,
    LoadDimension,
    LoadFact,
    MatchEntity,
    PlannedStep,
    Publish,
    StageEntity,
    place_of,
    plan_run,
)
from transforms import (
    Columns,
    Statement,
    build_rollup,
    load_bridge,
    load_calendar,
    load_dimension,
    load_fact,
)
from transforms.checks import with_columns
from transforms.expectations import expectations, rows_of
from transforms.references import References
from transforms.statements import column, data_type, named


def refused_in_star(repository: Repository, trying: Trying) -> Iterator[Issue]:
    """What cannot be computed in the star, whatever the data: one problem for each definition."""
    failed: set[str] = set()
    for planned in plan_run(repository).steps:
        if failed.intersection(planned.needs):
            failed.add(planned.name)
            continue
        if isinstance(planned.step, StageEntity):
            trying.nothing(planned.step.entity, _columns(repository, planned.step.entity))
        reason = trying.run(_statements(repository, planned))
        culprits = list(_culprits(repository, trying, planned))
        if reason is not None and not culprits:
            place = place_of(repository, planned.step)
            fix = "Check the expressions and types of the definition."
            culprits = [Issue(f"{planned.name} cannot be computed.", place, reason, fix)]
        if culprits:
            failed.add(planned.name)
            yield from culprits
    for quality in repository.qualities.values():
        if quality.definition.of not in failed:
            yield from _no_conditions(trying, quality)
    for audit in expectations(repository, of_rows=True):
        reason = trying.gives(audit.sql)[1]
        if reason is not None and audit.table not in failed:
            what = f"What is expected of {audit.table} cannot be computed."
            yield Issue(what, audit.where, reason, "Cast what it reads.")


def _columns(repository: Repository, entity: str) -> Columns:
    kinds = {name: each.type for name, each in repository.entity(entity).columns.items()}
    kinds["_changed_at"] = "timestamp"
    return {name: data_type(kind).sql("duckdb") for name, kind in kinds.items()}


def _statements(repository: Repository, planned: PlannedStep) -> Sequence[Statement]:
    match planned.step:
        case MatchEntity(entity):
            return golden_statements(repository, repository.matchings[entity])
        case LoadDimension(name) if repository.dimensions[name].entity is None:
            return load_calendar(repository, name)
        case LoadDimension(name):
            return load_dimension(repository, name, None, datetime.now(UTC))
        case LoadBridge(name):
            return load_bridge(repository, name)
        case LoadFact(name):
            return load_fact(repository, name)
        case BuildRollup(cube, rollup):
            return build_rollup(repository, cube, rollup)
        case ExtractTable() | StageEntity() | Publish():
            return ()


def _culprits(repository: Repository, trying: Trying, planned: PlannedStep) -> Iterator[Issue]:
    """The expressions of a definition that the engine refuses, each tried by itself."""
    match planned.step:
        case LoadDimension(name):
            resolved: ResolvedDimension | ResolvedFact = repository.dimensions[name]
            tried = _of_dimension(repository.dimensions[name])
        case LoadFact(name):
            resolved = repository.facts[name]
            tried = _of_fact(repository.facts[name])
        case MatchEntity(entity):
            yield from refused_in_matching(repository.matchings[entity], trying)
            return
        case _:
            return
    if resolved.entity is None:
        return
    for place, (text, kind) in tried.items():
        references = References(repository, resolved.entity.entity)
        query = references.joined(exp.select(named(references.expression(text), "tried")))
        made, reason = trying.gives(query)
        unfit = no_condition(made["tried"]) if place == ("where",) and not reason else None
        reason = reason or unfit or misfit(made["tried"], kind)
        if reason is not None:
            yield Issue(
                f"The expression '{text}' cannot be computed as a {kind}.",
                resolved.written.where(*place),
                reason,
                "Cast what it reads, or give it another type.",
            )


def _no_conditions(trying: Trying, quality: ResolvedQuality) -> Iterator[Issue]:
    """What an expectation says of rows that is no condition."""
    for key in ("holds", "where"):
        text = getattr(quality.definition, key)
        if text is not None:
            query = exp.select(named(with_columns(text, column), "tried"))
            made, reason = trying.gives(query.from_(rows_of(quality)))
            unfit = None if reason is not None else no_condition(made["tried"])
            if unfit is not None:
                what = f"The expression '{text}' cannot be computed as a condition."
                yield Issue(what, quality.written.where(key), unfit, "Compare it with something.")


def _of_dimension(resolved: ResolvedDimension) -> Mapping[tuple[str, ...], tuple[str, str]]:
    return {
        ("attributes", name): (attribute.definition.expr, attribute.type)
        for name, attribute in resolved.attributes.items()
        if attribute.available and attribute.definition.expr is not None
    }


def _of_fact(resolved: ResolvedFact) -> Mapping[tuple[str, ...], tuple[str, str]]:
    found = {
        ("measures", name): (measure.expr, measure.type)
        for name, measure in resolved.definition.measures.items()
        if measure.expr is not None
    }
    found |= {
        ("degenerate", name): (label.expr, "string")
        for name, label in resolved.definition.degenerate.items()
        if label.expr is not None
    }
    if resolved.definition.where:
        found[("where",)] = (resolved.definition.where, "boolean")
    return found
