"""Judged rows → source rows: their place in the landing zone, and every step of their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from sqlglot import exp

from metadata.repository import ResolvedMapping
from pipelines.explain.golden import surviving
from pipelines.explain.replay import EntityReplay
from pipelines.explain.values import (
    FilterTrace,
    JoinedRow,
    LandedRow,
    Outcome,
    Refusal,
    SourceRow,
    ValueCheck,
    ValueRead,
    ValueStep,
    ValueTrace,
)
from transforms import STAGING
from transforms.checks import reason
from transforms.landing import BATCH, EXTRACTED, ROW
from transforms.raw import landed_table
from transforms.staging import NEXT, PART
from transforms.statements import column, named, row_number, table
from transforms.tracing import Trace, TracedColumn, TracedRead, parameters, trace_rows

Identity = tuple[str, str, int]
"""Mapping, batch and row."""
MERGED_SHOWN = 10
"""Rows merged into one that are listed."""


@dataclass(frozen=True)
class JudgedRows:
    """A table of an entity's judged rows, with the narrow tables that they were judged on."""

    replayed: EntityReplay
    target: str
    narrow: Mapping[tuple[str, str], str]

    @classmethod
    def last_of(cls, replayed: EntityReplay, target: str) -> JudgedRows:
        """The rows that were judged last."""
        return cls(replayed, target, dict(replayed.narrow))

    def read(self, mapping: ResolvedMapping, alias: str) -> str:
        """The table that a mapping read under an alias: a narrow one, or all that landed."""
        return self.narrow.get((mapping.name, alias)) or landed_table(mapping, alias)


def row_id(entity: str, landed: LandedRow) -> str:
    """The identity of a source row within an explanation."""
    return f"{entity}:{landed.source}.{landed.table}:{landed.batch}:{landed.row}"


def source_rows(
    judged: JudgedRows, picked: Sequence[Identity], columns: Sequence[str]
) -> dict[Identity, SourceRow]:
    """Follow some columns of some judged rows.

    Args:
        judged: the rows.
        picked: which of them.
        columns: the entity's columns to follow; its key is always among them.
    """
    found: dict[Identity, SourceRow] = {}
    wanted = list(dict.fromkeys([*judged.replayed.entity.key, *columns]))
    merged = _merged(judged, picked)
    for mapping in judged.replayed.mappings:
        own = [identity for identity in dict.fromkeys(picked) if identity[0] == mapping.name]
        if own:
            found |= _of_mapping(judged, mapping, own, wanted, merged)
    return found


def _of_mapping(
    judged: JudgedRows,
    mapping: ResolvedMapping,
    picked: Sequence[Identity],
    columns: Sequence[str],
    merged: Mapping[tuple[str | None, ...], _Merged],
) -> dict[Identity, SourceRow]:
    replayed = judged.replayed
    replay = replayed.replay
    trace = trace_rows(
        replay.repository, mapping, replayed.entity, replayed.landed.columns, columns, judged.read
    )
    rows = replay.arrow(_only(trace.sql, "traced", picked), replayed.today).to_pylist()
    came = _by_place(judged, mapping, "", picked)
    ends = {(r[BATCH], r[ROW]): r for r in replay.arrow(_ends(judged, mapping, picked)).to_pylist()}
    joined = {
        alias: _by_place(
            judged, mapping, alias, [("", r[b], r[n]) for r in rows if r[b] is not None]
        )
        for alias, (b, n) in trace.joins.items()
    }
    stays = surviving(replay, replayed.name, judged.target, columns)
    found = {}
    for row in rows:
        place = (row[BATCH], row[ROW])
        end = ends[place]
        key = tuple(end[name] for name in replayed.entity.key)
        own_key = _native_key(judged, mapping.definition.from_, came[place])
        landed = LandedRow(mapping.source, mapping.table, *place, own_key)
        others = merged.get(key) if end["_outcome"] == "staged" else None
        found[(mapping.name, *place)] = SourceRow(
            id=row_id(replayed.name, landed),
            entity=replayed.name,
            key=dict(zip(replayed.entity.key, key, strict=True)),
            mapping=mapping.name,
            landed=landed,
            extracted_at=datetime.fromisoformat(row[EXTRACTED]),
            outcome=_outcome(end["_outcome"]),
            refusals=refusals(row["_reasons"]),
            warnings=refusals(row["_warnings"]),
            values=tuple(_value(judged, mapping, trace, each, row) for each in trace.columns),
            joined=tuple(_joined(judged, mapping, trace, row, joined)),
            came=came[place],
            filter=_filter(mapping, trace, row),
            keep=mapping.definition.keep,
            priority=mapping.definition.priority,
            merged=others.times if others else 0,
            merged_rows=tuple(others.rows) if others else (),
            survivors=stays.get((mapping.name, *place), ()),
            defined=mapping.written.where(),
        )
    return found


def _outcome(written: str) -> Outcome:
    found: Outcome = next(each for each in get_args(Outcome) if each == written)
    return found


def _only(query: exp.Select, name: str, picked: Sequence[Identity]) -> exp.Select:
    """The rows of a query that stand at some places."""
    return exp.select(exp.Star()).from_(query.subquery(name, copy=False)).where(_at(picked))


def _at(picked: Sequence[Identity]) -> exp.Expr:
    places = [exp.Tuple(expressions=[exp.convert(b), exp.convert(r)]) for _, b, r in picked]
    here = exp.Tuple(expressions=[column(BATCH), column(ROW)])
    return exp.In(this=here, expressions=places) if places else exp.false()


def _ends(judged: JudgedRows, mapping: ResolvedMapping, picked: Sequence[Identity]) -> exp.Select:
    """What became of the rows, and their keys as texts."""
    keys = [named(exp.cast(column(k), "VARCHAR"), k) for k in judged.replayed.entity.key]
    return (
        exp.select(column(BATCH), column(ROW), column("_outcome"), *keys)
        .from_(table(judged.target, STAGING))
        .where(column("_mapping").eq(exp.Literal.string(mapping.name)), _at(picked))
    )


def _by_place(
    judged: JudgedRows, mapping: ResolvedMapping, alias: str, picked: Sequence[Identity]
) -> dict[tuple[str, int], dict[str, str | None]]:
    """Landed rows as they came, as texts, by batch and row."""
    definition = mapping.definition
    landed = definition.join[alias].table if alias else definition.from_
    names = judged.replayed.landed.columns[landed]
    query = (
        exp.select(
            column(BATCH),
            column(ROW),
            *(named(exp.cast(column(name), "VARCHAR"), name) for name in names),
        )
        .from_(table(judged.read(mapping, alias), STAGING))
        .where(_at(picked))
    )
    rows = judged.replayed.replay.arrow(query).to_pylist()
    return {(row.pop(BATCH), row.pop(ROW)): row for row in rows}


def _native_key(
    judged: JudgedRows, landed: str, came: Mapping[str, str | None]
) -> dict[str, str | None]:
    source, _, name = landed.partition(".")
    keys = judged.replayed.replay.repository.source_table(source, name).primary_key
    by_name = {own.lower(): value for own, value in came.items()}
    return {key: by_name.get(key.lower()) for key in keys}


def _joined(
    judged: JudgedRows,
    mapping: ResolvedMapping,
    trace: Trace,
    row: Mapping[str, Any],
    came: Mapping[str, Mapping[tuple[str, int], Mapping[str, str | None]]],
) -> list[JoinedRow]:
    found = []
    for alias, (batch, number) in trace.joins.items():
        if row[batch] is None:
            continue
        landed = mapping.definition.join[alias].table
        source, _, name = landed.partition(".")
        place = (row[batch], row[number])
        key = _native_key(judged, landed, came[alias][place])
        found.append(JoinedRow(alias, LandedRow(source, name, *place, key)))
    return found


def refusals(written: str) -> tuple[Refusal, ...]:
    """Failures as staging writes them, in one text."""
    pieces = [piece.split(PART) for piece in (written or "").split(NEXT) if piece]
    return tuple(Refusal(*piece) for piece in pieces)


def _value(
    judged: JudgedRows,
    mapping: ResolvedMapping,
    trace: Trace,
    traced: TracedColumn,
    row: Mapping[str, Any],
) -> ValueTrace:
    entity = judged.replayed.entity
    failed = {
        (each.rule, each.reason)
        for each in (*refusals(row["_reasons"]), *refusals(row["_warnings"]))
        if each.column == traced.column
    }
    failed_rules = {rule for rule, _ in failed}
    kind = entity.columns[traced.column]
    *steps, final = traced.steps
    return ValueTrace(
        column=traced.column,
        type=kind.type,
        personal=kind.personal,
        reads=_reads(mapping, traced.reads, row),
        steps=tuple(
            ValueStep(
                step.kind,
                step.name,
                step.parameters,
                row[step.output],
                step.kind in ("lookup", "type") and step.kind in failed_rules,
            )
            for step in steps
        ),
        checks=tuple(
            ValueCheck(check.rule, parameters(check), (check.rule, reason(check)) in failed)
            for check in traced.rule.check
        ),
        otherwise=traced.rule.otherwise,
        value=row[final.output],
        defined=mapping.written.where("columns", traced.column),
    )


def _filter(mapping: ResolvedMapping, trace: Trace, row: Mapping[str, Any]) -> FilterTrace | None:
    where = mapping.definition.where
    if where is None:
        return None
    place = mapping.written.where("where")
    return FilterTrace(where, _reads(mapping, trace.filter, row), row["_let_in"], place)


def _reads(
    mapping: ResolvedMapping, reads: Sequence[TracedRead], row: Mapping[str, Any]
) -> tuple[ValueRead, ...]:
    definition = mapping.definition
    tables = {"": definition.from_, **{a: join.table for a, join in definition.join.items()}}
    return tuple(
        ValueRead(read.alias, tables.get(read.alias, ""), read.column, row[read.output])
        for read in reads
    )


def _merged(
    judged: JudgedRows, picked: Sequence[Identity]
) -> dict[tuple[str | None, ...], _Merged]:
    """Rows that were merged into picked ones, by the entity's key."""
    replayed = judged.replayed
    keys = replayed.entity.key
    mine = exp.select(*map(column, keys)).from_(table(judged.target, STAGING)).where(_at(picked))
    own: exp.Expr = column(keys[0])
    if len(keys) > 1:
        own = exp.Tuple(expressions=[column(key) for key in keys])
    order = [column(BATCH), column(ROW)]
    place = row_number([column(key) for key in keys], order)
    times = exp.Window(this=exp.Count(this=exp.Star()), partition_by=[column(key) for key in keys])
    query = (
        exp.select(
            column("_mapping"),
            *(each.copy() for each in order),
            *(named(exp.cast(column(key), "VARCHAR"), key) for key in keys),
            named(times, "_times"),
            named(place, "_place"),
        )
        .from_(table(judged.target, STAGING))
        .where(
            column("_outcome").eq(exp.Literal.string("merged")),
            exp.In(this=own, query=mine.subquery()),
        )
    )
    few = exp.select(exp.Star()).from_(query.subquery("merged"))
    few = few.where(exp.LTE(this=column("_place"), expression=exp.Literal.number(MERGED_SHOWN)))
    rows = replayed.replay.arrow(few.order_by(*order)).to_pylist()
    found: dict[tuple[str | None, ...], _Merged] = {}
    for mapping in replayed.mappings:
        own_rows = [row for row in rows if row["_mapping"] == mapping.name]
        places = [(mapping.name, row[BATCH], row[ROW]) for row in own_rows]
        came = _by_place(judged, mapping, "", places)
        for row in own_rows:
            here = (row[BATCH], row[ROW])
            key = _native_key(judged, mapping.definition.from_, came[here])
            merged = found.setdefault(tuple(row[k] for k in keys), _Merged(row["_times"], []))
            merged.rows.append(LandedRow(mapping.source, mapping.table, *here, key))
    return found


@dataclass(frozen=True)
class _Merged:
    """How many rows were merged into one, and the first of them."""

    times: int
    rows: list[LandedRow]
