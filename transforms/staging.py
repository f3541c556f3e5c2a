"""Staging: every landed row of every mapping is judged, and ends in exactly one place.

For each mapping one chain of common table expressions: `raw` (where values come from), `clean`
(rules and lookups), `typed` (parsed, defaults), `judged` (what fails, and what becomes of it). The
union of all mappings of an entity is the table `judged_<entity>`; what is staged is its view.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from metadata.errors import MetadataError
from metadata.expressions import parse_expression
from metadata.model.mapping import ColumnRule
from metadata.model.rules import Required
from metadata.model.star import Entity
from metadata.repository import Repository, ResolvedMapping
from transforms.checks import Around, fails, reason
from transforms.delivered import missing_columns
from transforms.elsewhere import asked_elsewhere, tables_elsewhere
from transforms.expectations import row_fails, told
from transforms.landing import BATCH, EXTRACTED, ROW
from transforms.outcomes import best_of, ranked
from transforms.raw import Reading, landed_table, native_type, raw_rows
from transforms.statements import (
    STAGING,
    Columns,
    Statement,
    call,
    column,
    create_table,
    create_view,
    data_type,
    named,
    table,
    text,
)  # fmt: skip
from transforms.tolerance import misfit
from transforms.values import clean_rows, joined_lookup, looked_up, present_value, typed_value

NEXT, PART = "\x1e", "\x1f"
"""Separators of failures and of their parts, in one text: cheap for the many rows without any."""


def stage_entity(
    repository: Repository, entity: str, landed: Mapping[str, Columns]
) -> tuple[Statement, ...]:
    """Judge every landed row of an entity's mappings.

    Args:
        repository: the workspace.
        entity: name of a mapped entity.
        landed: columns of each landed table, by `source.table`.

    Raises:
        MetadataError: a mapping names a column that its table does not have.
    """
    mappings = [m for m in repository.mappings_of(entity) if m.definition.from_ in landed]
    issues = [issue for m in mappings for issue in missing_columns(repository, m, landed)]
    if issues:
        raise MetadataError(issues)
    definition = repository.entity(entity)
    union = judged_rows(repository, mappings, definition, landed, elsewhere=True)
    names = [*definition.columns, "_changed_at"]
    staged = (
        exp.select(*(column(name) for name in names))
        .from_(table(f"judged_{entity}", STAGING))
        .where(column("_outcome").eq(text("staged")))
    )
    return (
        *rows_elsewhere(repository, mappings, definition, landed),
        Statement(create_table(f"judged_{entity}", STAGING, union), f"judge rows of {entity}"),
        Statement(create_view(entity, STAGING, staged), f"staged rows of {entity}"),
    )


def judged_rows(
    repository: Repository,
    mappings: Sequence[ResolvedMapping],
    entity: Entity,
    landed: Mapping[str, Columns],
    reading: Reading = landed_table,
    *,
    elsewhere: bool = False,
) -> exp.Select:
    """Every row of an entity's mappings with its values, its outcome and its reasons.

    Args:
        repository: the workspace.
        mappings: those of the entity whose table has landed, the one that wins first.
        entity: the entity.
        landed: columns of each landed table, by `source.table`.
        reading: names the tables that are read, where they are not the landed ones themselves.
        elsewhere: whether checks may ask about other rows: `rows_elsewhere` and the entities that
            are referred to are there. Where they are not, such checks let everything pass.
    """
    judged = []
    for mapping in mappings:
        chain = judging(repository, mapping, entity, landed, reading, elsewhere=elsewhere)
        judged.append(chain.closed(ranked_rows(mapping, chain)))
    return judged[0] if len(judged) == 1 else best_of(judged, entity)


def rows_elsewhere(
    repository: Repository,
    mappings: Sequence[ResolvedMapping],
    entity: Entity,
    landed: Mapping[str, Columns],
    reading: Reading = landed_table,
) -> tuple[Statement, ...]:
    """Statements for what the checks of an entity ask about other rows; often there are none."""

    def typed(mapping: ResolvedMapping) -> exp.Select:
        chain = judging(repository, mapping, entity, landed, reading)
        return chain.closed(exp.select(column("_let_in")).from_("typed"))

    return tuple(tables_elsewhere(mappings, entity, typed))


@dataclass(frozen=True)
class Judging:
    """The steps that a mapping's rows go through, each reading from the one before.

    For each column of the mapping, `raw` gives `<column>__raw`, `clean` `<column>__clean` and
    `typed` `<column>__typed`; all of them are still there for `judged`, which reads from `typed`.
    """

    raw: exp.Select
    clean: exp.Select
    typed: exp.Select
    judged: exp.Select

    def closed(self, query: exp.Select) -> exp.Select:
        """A query over `judged`, or `judged` itself, with the steps that come before."""
        closed = query.copy()
        for name, step in (("raw", self.raw), ("clean", self.clean), ("typed", self.typed)):
            closed = closed.with_(name, step.copy(), copy=False)
        return closed


def ranked_rows(mapping: ResolvedMapping, chain: Judging) -> exp.Select:
    """The rows of `judged` with their outcomes; to be closed over the steps before."""
    return ranked(mapping.definition, mapping.entity, chain.judged)


def empty_entity(repository: Repository, entity: str) -> tuple[Statement, ...]:
    """An entity of which nothing has landed yet: its columns, and no row."""
    definition = repository.entity(entity)
    kinds = {name: data_type(each.type) for name, each in definition.columns.items()}
    kinds["_changed_at"] = data_type("timestamp")
    nothing = exp.select(
        *(named(exp.cast(exp.null(), kind), name) for name, kind in kinds.items())
    ).where(exp.false())
    judged = nothing.select(named(exp.cast(exp.null(), "VARCHAR"), "_outcome"))
    return (
        Statement(create_table(f"judged_{entity}", STAGING, judged), f"no judged rows of {entity}"),
        Statement(create_view(entity, STAGING, nothing), f"no rows of {entity} yet"),
    )


def judging(
    repository: Repository,
    mapping: ResolvedMapping,
    entity: Entity,
    landed: Mapping[str, Columns],
    reading: Reading = landed_table,
    *,
    elsewhere: bool = False,
) -> Judging:
    """The steps from the landed rows of one mapping to their values, reasons and warnings."""
    definition = mapping.definition
    rules = definition.columns
    raw = raw_rows(mapping, entity, landed, reading)
    typed = exp.select(exp.Star())
    source = exp.From(this=exp.to_table("clean"))
    for name, rule in rules.items():
        native = native_type(rule, landed[definition.from_])
        looked, present = looked_up(repository, rule, name), present_value(column(f"{name}__clean"))
        parsed = typed_value(rule, entity.columns[name].type, looked, present, native)
        typed = typed.select(named(parsed, f"{name}__typed"), copy=False)
    typed.set("from_", source)
    for name, rule in rules.items():
        if isinstance(rule.lookup, str):
            typed = joined_lookup(repository, typed, rule.lookup, name)
    around = asked_elsewhere(repository, mapping) if elsewhere else None
    failing = {name: _failures(name, rule, entity, rules, around) for name, rule in rules.items()}
    verdict = _verdict(repository, mapping, entity, failing)
    return Judging(raw, clean_rows(repository, mapping, entity), typed, verdict)


def _failures(
    name: str,
    rule: ColumnRule,
    entity: Entity,
    rules: Mapping[str, ColumnRule],
    around: Callable[[str], Around] | None,
) -> list[tuple[str, str, exp.Expr]]:
    """Rule, reason and condition of everything that can fail in a column."""
    definition = entity.columns[name]
    typed = column(f"{name}__typed")
    lost = exp.and_(present_value(column(f"{name}__clean")), typed.is_(exp.null()))
    found: list[tuple[str, str, exp.Expr]] = []
    if rule.expr is not None and misfit(parse_expression(rule.expr)) is not None:
        failed = column(f"{name}__misfit")
        found.append(("type", "A value in the expression has the wrong type.", failed))
    if rule.lookup is not None:
        found.append(("lookup", "The code is unknown.", lost))
    elif definition.type != "string":
        found.append(("type", f"It is no {definition.type}.", lost))

    def mapped(dotted: str) -> exp.Expr:
        other = dotted.rpartition(".")[2]
        if other in rules:
            return column(f"{other}__typed")
        return exp.cast(exp.null(), data_type(entity.columns[other].type))

    for check in rule.check:
        asked = around(name) if around is not None else None
        condition = fails(check, typed, definition.type, mapped, asked)
        found.append((check.rule, reason(check), condition))
    return found


def _verdict(
    repository: Repository,
    mapping: ResolvedMapping,
    entity: Entity,
    failing: Mapping[str, list[tuple[str, str, exp.Expr]]],
) -> exp.Select:
    """Values after `otherwise`, and the failures that refuse the row or only warn."""
    refused: list[exp.Expr] = []
    warned: list[exp.Expr] = []
    rules = mapping.definition.columns
    values: dict[str, exp.Expr] = {}
    for name, definition in entity.columns.items():
        if name not in rules:
            values[name] = exp.cast(exp.null(), data_type(definition.type))
            continue
        rule = rules[name]
        value: exp.Expr = column(f"{name}__typed")
        conditions = [condition for _, _, condition in failing[name]]
        for which, why, condition in failing[name]:
            entry = _entry(name, which, why, condition)
            (refused if rule.otherwise == "quarantine" else warned).append(entry)
        if conditions and rule.otherwise in ("null", "unknown"):
            unknown = rule.otherwise == "unknown" and definition.type == "string"
            instead = text("Unknown") if unknown else exp.null()
            value = exp.Case().when(exp.or_(*(c.copy() for c in conditions)), instead).else_(value)
        elif rule.otherwise == "keep" and rule.lookup is not None and definition.type == "string":
            # A code without a meaning stays what it is.
            value = exp.func("COALESCE", value, exp.cast(column(f"{name}__clean"), "VARCHAR"))
        if name in entity.key or definition.required:
            lacking = fails(Required(), value, definition.type, column)
            refused.append(_entry(name, "required", "There is no value.", lacking))
        values[name] = value
    for expected in repository.judging(entity.entity):
        failed = row_fails(expected, lambda name: exp.paren(values[name].copy()))
        entry = text(PART.join(("", expected.name, told(expected), "")))
        refused.append(exp.Case().when(failed, entry))
    changed = values[entity.changed_at] if entity.changed_at in values else exp.null()
    return (
        exp.select(*(named(value, name) for name, value in values.items()))
        .select(
            named(exp.cast(changed.copy(), "TIMESTAMP"), "_changed_at"),
            named(text(mapping.name), "_mapping"),
            named(text(mapping.source), "_source"),
            named(text(mapping.table), "_table"),
            column(BATCH),
            column(ROW),
            column(EXTRACTED),
            column("_let_in"),
            *(column(f"_keep_{i}") for i in range(len(mapping.definition.keep))),
            named(_joined(refused), "_reasons"),
            named(_joined(warned), "_warnings"),
        )
        .from_("typed")
    )


def _entry(name: str, rule: str, why: str, condition: exp.Expr) -> exp.Expr:
    # No value brings what separates failures.
    came = call(
        "translate", exp.cast(column(f"{name}__raw"), "VARCHAR"), text(NEXT + PART), text("  ")
    )
    given = exp.func("COALESCE", came, text(""))
    told = exp.DPipe(this=text(PART.join((name, rule, why, ""))), expression=given)
    return exp.Case().when(condition.copy(), told)


def _joined(entries: list[exp.Expr]) -> exp.Expr:
    return call("concat_ws", text(NEXT), *entries) if entries else text("")
