"""What rules made of single rows, step by step: each value as it came, and after every rule.

The steps are those of staging itself; only what they hold on the way is kept beside the values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from metadata.expressions import alias_and_column, columns_of, dotted
from metadata.model.mapping import ColumnRule
from metadata.model.rules import Rule
from metadata.model.star import Entity
from metadata.repository import Repository, ResolvedMapping
from metadata.uses import read_by
from transforms.cleansing import Mapped, cleanse
from transforms.landing import BATCH, EXTRACTED, ROW
from transforms.parsing import parse
from transforms.raw import Reading, landed_table, native_type, source_column
from transforms.staging import Judging, judging
from transforms.statements import Columns, column, named
from transforms.values import looked_up, value_of

StepKind = Literal["came", "clean", "lookup", "type", "default", "otherwise"]


@dataclass(frozen=True)
class TracedStep:
    """One step of a value: what it is called, its parameters, and the column that holds it after.

    `came` is the value as the mapping reads or computes it; `otherwise` what the column holds.
    """

    kind: StepKind
    name: str
    parameters: Mapping[str, object]
    output: str


@dataclass(frozen=True)
class TracedRead:
    """A landed value that a column's rule reads; `alias` is empty for the driving table."""

    alias: str
    column: str
    output: str


@dataclass(frozen=True)
class TracedColumn:
    """How one column of an entity is filled, and where each of its steps is found."""

    column: str
    rule: ColumnRule
    reads: tuple[TracedRead, ...]
    steps: tuple[TracedStep, ...]


@dataclass(frozen=True)
class Trace:
    """A query with a text for every step of every traced column of a mapping's rows.

    Each row also has `_batch`, `_row`, `_extracted_at`, `_reasons` and `_warnings`; `joins` names,
    for each join that is read, the columns with the batch and row that it took. `filter` is what
    the mapping's filter reads; whether it lets the row in stands in `_let_in`.
    """

    sql: exp.Select
    columns: tuple[TracedColumn, ...]
    filter: tuple[TracedRead, ...]
    joins: Mapping[str, tuple[str, str]]


def trace_rows(
    repository: Repository,
    mapping: ResolvedMapping,
    entity: Entity,
    landed: Mapping[str, Columns],
    columns: Sequence[str],
    reading: Reading = landed_table,
) -> Trace:
    """Follow some columns of a mapping's rows from what landed to what is staged.

    Args:
        repository: the workspace.
        mapping: the mapping.
        entity: its entity.
        landed: columns of each landed table, by `source.table`.
        columns: which of the entity's columns to follow; those that it does not fill are left out.
        reading: names the tables that are read, where they are not the landed ones themselves.
    """
    chain = judging(repository, mapping, entity, landed, reading, elsewhere=True)
    followed = [name for name in columns if name in mapping.definition.columns]
    where = mapping.definition.where
    filtered = [dotted(parts) for parts in columns_of(where)] if where else []
    read = [each for name in followed for each in _read(mapping.definition.columns[name])]
    reads: dict[str, TracedRead] = {}
    for written in (*read, *filtered):
        alias, own = alias_and_column(written)
        reads.setdefault(written, TracedRead(alias, own, f"_read_{len(reads)}"))
    raw = chain.raw
    for written, each in reads.items():
        raw.select(named(_text(source_column(written)), each.output), copy=False)
    aliases = list(dict.fromkeys(read.alias for read in reads.values() if read.alias))
    joins = {alias: (f"_batch_{n}", f"_row_{n}") for n, alias in enumerate(aliases)}
    for alias, names in joins.items():
        for technical, name in zip((BATCH, ROW), names, strict=True):
            raw.select(named(column(technical, alias), name), copy=False)
    typed, judged = chain.typed, chain.judged
    mapped = value_of(repository, mapping, entity)
    traced = []
    for name in followed:
        rule = mapping.definition.columns[name]
        native = native_type(rule, landed[mapping.definition.from_])
        steps = []
        kind = entity.columns[name].type
        for step, value in _steps(repository, name, rule, kind, native, mapped):
            typed.select(named(_text(value), step.output), copy=False)
            judged.select(column(step.output), copy=False)
            steps.append(step)
        if rule.default is not None:
            step = TracedStep("default", "default", {"value": rule.default}, f"_default_{name}")
            judged.select(named(_text(column(f"{name}__typed")), step.output), copy=False)
            steps.append(step)
        final = TracedStep("otherwise", rule.otherwise, {}, f"_final_{name}")
        judged.select(named(_text(_selected(chain.judged, name)), final.output), copy=False)
        used = tuple(reads[dotted] for dotted in _read(rule))
        traced.append(TracedColumn(name, rule, used, (*steps, final)))
    carried = [read.output for read in reads.values()]
    carried += [name for pair in joins.values() for name in pair]
    judged.select(*(column(name) for name in carried), copy=False)
    followed_chain = Judging(raw, chain.clean, typed, judged)
    wanted = [BATCH, ROW, EXTRACTED, "_let_in", "_reasons", "_warnings", *carried]
    wanted += [step.output for each in traced for step in each.steps]
    everything = followed_chain.closed(judged).subquery("traced", copy=False)
    shown = (column(n) if n != EXTRACTED else named(_text(column(n)), n) for n in wanted)
    query = exp.select(*shown).from_(everything, copy=False)
    return Trace(query, tuple(traced), tuple(reads[dotted] for dotted in filtered), joins)


def _read(rule: ColumnRule) -> list[str]:
    return list(read_by(rule))


def _steps(
    repository: Repository,
    name: str,
    rule: ColumnRule,
    kind: str,
    native: str | None,
    mapped: Mapped,
) -> list[tuple[TracedStep, exp.Expr]]:
    """The steps of a column with the values they give, in terms of the steps of staging."""
    origin, about = _origin(rule)
    raw = column(f"{name}__raw")
    came: exp.Expr = raw.copy()
    found = [(TracedStep("came", origin, about, f"_came_{name}"), came)]
    for place, clean in enumerate(rule.clean):
        value = cleanse(raw.copy(), rule.clean[: place + 1], mapped)
        step = TracedStep("clean", clean.rule, parameters(clean), f"_clean_{place}_{name}")
        found.append((step, value))
    looked = looked_up(repository, rule, name)
    if rule.lookup is not None:
        lookup = rule.lookup if isinstance(rule.lookup, str) else ""
        found.append((TracedStep("lookup", lookup, {}, f"_lookup_{name}"), looked))
    if kind != "string":
        parsed = parse(looked.copy(), kind, rule.format, native, computed=rule.expr is not None)
        about = {"format": list(rule.format)} if rule.format else {}
        found.append((TracedStep("type", kind, about, f"_type_{name}"), parsed))
    return found


def _origin(rule: ColumnRule) -> tuple[str, dict[str, object]]:
    if rule.from_ is not None:
        return "from", {"column": rule.from_}
    if rule.expr is not None:
        return "expr", {"expression": rule.expr}
    return "value", {"value": rule.value}


def parameters(rule: Rule) -> dict[str, object]:
    """A rule's parameters by the names under which they are written."""
    fields = type(rule).model_fields
    return {
        (field.alias or name): getattr(rule, name)
        for name, field in fields.items()
        if getattr(rule, name) is not None
    }


def _selected(query: exp.Select, name: str) -> exp.Expr:
    """The expression that a query selects under a name."""
    value: exp.Expr = next(each.this for each in query.selects if each.alias == name)
    return value.copy()


def _text(value: exp.Expr) -> exp.Expr:
    return exp.cast(value, "VARCHAR")
