"""The load carried out on empty tables: what the engine refuses to compute is told by `check`.

The engine itself decides whether an expression fits the types of its columns, so that nothing is
refused that would work, and nothing accepted that would not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime

import duckdb
import pyarrow as pa
from sqlglot import exp

from metadata import Repository
from metadata.against_scans import CANNOT_BE
from metadata.errors import Issue, Location
from metadata.model.rule import kind_of
from metadata.repository import ResolvedDimension, ResolvedFact
from pipelines.plan import (
    BuildRollup,
    ExtractTable,
    LoadBridge,
    LoadDimension,
    LoadFact,
    PlannedStep,
    Publish,
    StageEntity,
    plan_run,
)
from transforms import (
    HOLIDAYS,
    STAGING,
    WAREHOUSE,
    Statement,
    build_rollup,
    empty_entity,
    load_bridge,
    load_calendar,
    load_dimension,
    load_fact,
)
from transforms.expectations import expectations
from transforms.references import References
from transforms.statements import named

_KINDS = {
    "integer": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINY", "USMALL", "UBIG",
                "UINTEGER", "UHUGE"),
    "decimal": ("DECIMAL",),
    "double": ("DOUBLE", "FLOAT"),
    "boolean": ("BOOLEAN",),
    "timestamp": ("TIMESTAMP",),
    "date": ("DATE",),
}  # fmt: skip
"""The engine's types by the metadata's words for them."""


def refused_by_engine(repository: Repository) -> tuple[Issue, ...]:
    """What cannot be computed in the star, whatever the data: one problem for each definition."""
    found: list[Issue] = []
    failed: set[str] = set()
    with closing(_engine()) as connection:
        for planned in plan_run(repository).steps:
            if failed.intersection(planned.needs):
                failed.add(planned.name)
                continue
            reason = _run(connection, _statements(repository, planned))
            culprits = list(_culprits(repository, connection, planned))
            if reason is not None and not culprits:
                place = _place(repository, planned)
                fix = "Check the expressions and types of the definition."
                culprits = [Issue(f"{planned.name} cannot be computed.", place, reason, fix)]
            if culprits:
                failed.add(planned.name)
                found += culprits
        for audit in expectations(repository, of_rows=True):
            reason = _run(connection, [Statement(audit.sql, audit.name)])
            if reason is not None and audit.table not in failed:
                what = f"What is expected of {audit.table} cannot be computed."
                found.append(Issue(what, audit.where, reason, "Cast what it reads."))
    return tuple(found)


def _engine() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    for database in (STAGING, WAREHOUSE):
        name = exp.to_identifier(database, quoted=True)
        attach = exp.Attach(this=exp.alias_(exp.Literal.string(":memory:"), name))
        connection.execute(attach.sql(dialect="duckdb"))
    days = pa.table({"date": pa.array([], pa.date32()), "name": pa.array([], pa.string())})
    connection.register(HOLIDAYS, days)
    return connection


def _run(connection: duckdb.DuckDBPyConnection, statements: Sequence[Statement]) -> str | None:
    """Run statements; why the engine refuses one, or None."""
    try:
        for statement in statements:
            connection.execute(statement.sql.sql(dialect="duckdb"))
    except duckdb.Error as error:
        return _reason(error)
    return None


def _statements(repository: Repository, planned: PlannedStep) -> Sequence[Statement]:
    match planned.step:
        case StageEntity(entity):
            return empty_entity(repository, entity)
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
        case ExtractTable() | Publish():
            return ()


def _culprits(
    repository: Repository, connection: duckdb.DuckDBPyConnection, planned: PlannedStep
) -> Iterator[Issue]:
    """The expressions of a definition that the engine refuses, each tried by itself."""
    match planned.step:
        case LoadDimension(name):
            resolved: ResolvedDimension | ResolvedFact = repository.dimensions[name]
            tried = _of_dimension(repository.dimensions[name])
        case LoadFact(name):
            resolved = repository.facts[name]
            tried = _of_fact(repository.facts[name])
        case _:
            return
    if resolved.entity is None:
        return
    for place, (text, kind) in tried.items():
        references = References(repository, resolved.entity.entity)
        query = references.joined(exp.select(named(references.expression(text), "tried")))
        made, reason = _type(connection, query)
        if reason is None and kind_of(kind) in CANNOT_BE.get(made, ()):
            reason = f"It gives values of type {made}."
        if reason is not None:
            yield Issue(
                f"The expression '{text}' cannot be computed as a {kind}.",
                resolved.written.where(*place),
                reason,
                "Cast what it reads, or give it another type.",
            )


def _type(connection: duckdb.DuckDBPyConnection, query: exp.Select) -> tuple[str, str | None]:
    """The kind of a query's one column, in the metadata's words; or why the engine refuses it."""
    try:
        (row,) = connection.execute(exp.Describe(this=query).sql(dialect="duckdb")).fetchall()
    except duckdb.Error as error:
        return "", _reason(error)
    told = str(row[1]).partition("(")[0].upper()
    return next((kind for kind, names in _KINDS.items() if told.startswith(names)), ""), None


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


def _place(repository: Repository, planned: PlannedStep) -> Location | None:
    match planned.step:
        case LoadDimension(name):
            return repository.dimensions[name].written.where()
        case LoadBridge(name):
            return repository.bridges[name].written.where()
        case LoadFact(name):
            return repository.facts[name].written.where()
        case BuildRollup(cube, rollup):
            return repository.cubes[cube].written.where("rollups", rollup)
        case _:
            return None


def _reason(error: duckdb.Error) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith(("LINE ", " ", "Candidate"))]
    return " ".join(kept[:2]).partition("Candidate functions")[0].strip()
