"""Staging: every landed row of every mapping is judged, and ends in exactly one place.

For each mapping one chain of common table expressions: `raw` (where values come from), `clean`
(rules and lookups), `typed` (parsed, defaults), `judged` (what fails, and what becomes of it). The
union of all mappings of an entity is the table `judged_<entity>`; what is staged is its view.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from metadata.errors import MetadataError
from metadata.expressions import parse_expression
from metadata.model.mapping import ColumnRule
from metadata.model.rules import Required
from metadata.model.star import Entity
from metadata.repository import Repository, ResolvedMapping
from transforms.checks import fails, reason, with_columns
from transforms.cleansing import cleanse
from transforms.delivered import missing_columns
from transforms.landing import BATCH, EXTRACTED, ROW, landed_name
from transforms.parsing import parse
from transforms.raw import Reading, landed_table, native_type, raw_rows, sort_key
from transforms.statements import (
    STAGING,
    Columns,
    Statement,
    call,
    column,
    create_table,
    create_view,
    data_type,
    literal,
    named,
    number,
    ordered,
    row_number,
    table,
    text,
)  # fmt: skip
from transforms.tolerance import misfit, tolerant

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
    union = judged_rows(repository, mappings, definition, landed)
    names = [*definition.columns, "_changed_at"]
    staged = (
        exp.select(*(column(name) for name in names))
        .from_(table(f"judged_{entity}", STAGING))
        .where(column("_outcome").eq(text("staged")))
    )
    return (
        Statement(create_table(f"judged_{entity}", STAGING, union), f"judge rows of {entity}"),
        Statement(create_view(entity, STAGING, staged), f"staged rows of {entity}"),
    )


def judged_rows(
    repository: Repository,
    mappings: Sequence[ResolvedMapping],
    entity: Entity,
    landed: Mapping[str, Columns],
    reading: Reading = landed_table,
) -> exp.Select:
    """Every row of an entity's mappings with its values, its outcome and its reasons.

    Args:
        repository: the workspace.
        mappings: those of the entity whose table has landed, the one that wins first.
        entity: the entity.
        landed: columns of each landed table, by `source.table`.
        reading: names the tables that are read, where they are not the landed ones themselves.
    """
    judged = []
    for mapping in mappings:
        chain = judging(repository, mapping, entity, landed, reading)
        judged.append(chain.closed(ranked_rows(mapping, chain)))
    return judged[0] if len(judged) == 1 else _best_of(judged, entity)


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
    return _ranked(mapping.definition.keep, mapping.entity, chain.judged)


def empty_entity(repository: Repository, entity: str) -> tuple[Statement, ...]:
    """An entity of which nothing has landed yet: its columns, and no row."""
    definition = repository.entity(entity)
    kinds = {name: data_type(each.type) for name, each in definition.columns.items()}
    kinds["_changed_at"] = data_type("timestamp")
    nothing = exp.select(
        *(named(exp.cast(exp.null(), kind), name) for name, kind in kinds.items())
    ).where(exp.false())
    return (Statement(create_view(entity, STAGING, nothing), f"no rows of {entity} yet"),)


def judging(
    repository: Repository,
    mapping: ResolvedMapping,
    entity: Entity,
    landed: Mapping[str, Columns],
    reading: Reading = landed_table,
) -> Judging:
    """The steps from the landed rows of one mapping to their values, reasons and warnings."""
    definition = mapping.definition
    rules = definition.columns
    raw = raw_rows(mapping, entity, landed, reading)
    clean = exp.select(exp.Star()).from_("raw")
    typed = exp.select(exp.Star())
    source = exp.From(this=exp.to_table("clean"))
    for name, rule in rules.items():
        value = cleanse(column(f"{name}__raw"), rule.clean)
        clean = clean.select(named(value, f"{name}__clean"), copy=False)
        native = native_type(rule, landed[definition.from_])
        looked = looked_up(repository, rule, name)
        kind, computed = entity.columns[name].type, rule.expr is not None
        parsed = parse(looked, kind, rule.format, native, computed=computed)
        if rule.default is not None:
            # Where there is nothing; what is there and cannot be read is told.
            default = exp.cast(literal(rule.default), data_type(kind))
            parsed = exp.Case().when(_present(name), parsed).else_(default)
        typed = typed.select(named(parsed, f"{name}__typed"), copy=False)
    typed.set("from_", source)
    for name, rule in rules.items():
        if isinstance(rule.lookup, str):
            typed = _join_lookup(repository, typed, rule.lookup, name)
    failing = {name: _failures(name, rule, entity, rules) for name, rule in rules.items()}
    return Judging(raw, clean, typed, _verdict(mapping, entity, rules, failing))


def looked_up(repository: Repository, rule: ColumnRule, name: str) -> exp.Expr:
    """What a cleansed value means by its lookup; the value itself where there is none."""
    value = column(f"{name}__clean")
    if rule.lookup is None:
        return value
    if isinstance(rule.lookup, str) and repository.lookups[rule.lookup].value.values is None:
        return column("meaning", f"{name}__lookup")
    codes = (
        repository.lookups[rule.lookup].value.values
        if isinstance(rule.lookup, str)
        else rule.lookup
    )
    meaning = exp.Case(this=exp.cast(value, "VARCHAR"))
    for code, word in (codes or {}).items():
        meaning = meaning.when(text(code), text(word))
    return meaning


def _join_lookup(repository: Repository, query: exp.Select, lookup: str, name: str) -> exp.Select:
    definition = repository.lookups[lookup].value
    if definition.from_ is None or definition.key is None or definition.value is None:
        return query
    source, _, landed = definition.from_.partition(".")
    codes = (
        exp.select(
            named(exp.cast(column(definition.key), "VARCHAR"), "code"),
            named(exp.func("MAX", exp.cast(column(definition.value), "VARCHAR")), "meaning"),
        )
        .from_(table(landed_name(source, landed), STAGING))
        .group_by(exp.cast(column(definition.key), "VARCHAR"))
    )
    if definition.where:
        codes = codes.where(tolerant(with_columns(definition.where, column)), copy=False)
    alias = f"{name}__lookup"
    on = column("code", alias).eq(exp.cast(column(f"{name}__clean"), "VARCHAR"))
    return query.join(codes.subquery(alias), on=on, join_type="LEFT")


def _present(name: str) -> exp.Expr:
    """Whether a cleansed value says anything: blank text is no value."""
    given = column(f"{name}__clean")
    written = exp.cast(given, "VARCHAR").neq(text(""))
    return exp.and_(exp.not_(given.is_(exp.null())), written)


def _failures(
    name: str, rule: ColumnRule, entity: Entity, rules: Mapping[str, ColumnRule]
) -> list[tuple[str, str, exp.Expr]]:
    """Rule, reason and condition of everything that can fail in a column."""
    definition = entity.columns[name]
    typed = column(f"{name}__typed")
    lost = exp.and_(_present(name), typed.is_(exp.null()))
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
        condition = fails(check, typed, definition.type, mapped)
        found.append((check.rule, reason(check), condition))
    return found


def _verdict(
    mapping: ResolvedMapping,
    entity: Entity,
    rules: Mapping[str, ColumnRule],
    failing: Mapping[str, list[tuple[str, str, exp.Expr]]],
) -> exp.Select:
    """Values after `otherwise`, and the failures that refuse the row or only warn."""
    refused: list[exp.Expr] = []
    warned: list[exp.Expr] = []
    changed: exp.Expr = exp.null()
    select = exp.Select()
    for name, definition in entity.columns.items():
        if name not in rules:
            missing = exp.cast(exp.null(), data_type(definition.type))
            select = select.select(named(missing, name), copy=False)
            continue
        rule = rules[name]
        value: exp.Expr = column(f"{name}__typed")
        conditions = [condition for _, _, condition in failing[name]]
        for told, why, condition in failing[name]:
            entry = _entry(name, told, why, condition)
            (refused if rule.otherwise == "quarantine" else warned).append(entry)
        if conditions and rule.otherwise in ("null", "unknown"):
            unknown = rule.otherwise == "unknown" and definition.type == "string"
            instead = text("Unknown") if unknown else exp.null()
            value = exp.Case().when(exp.or_(*(c.copy() for c in conditions)), instead).else_(value)
        elif rule.otherwise == "keep" and rule.lookup is not None and definition.type == "string":
            # A code without a meaning stays what it is.
            value = exp.func("COALESCE", value, exp.cast(column(f"{name}__clean"), "VARCHAR"))
        if name == entity.changed_at:
            changed = value
        if name in entity.key or definition.required:
            lacking = fails(Required(), value, definition.type, column)
            refused.append(_entry(name, "required", "There is no value.", lacking))
        select = select.select(named(value, name), copy=False)
    return select.select(
        named(exp.cast(changed, "TIMESTAMP"), "_changed_at"),
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
    ).from_("typed")


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


def _ranked(keep: tuple[str, ...], entity: Entity, judged: exp.Select) -> exp.Select:
    """Of valid rows that share a key one is staged; the others are merged into it."""
    valid = exp.and_(column("_let_in"), column("_reasons").eq(text("")))
    order = [
        ordered(column(f"_keep_{position}"), descending=sort_key(key)[1])
        for position, key in enumerate(keep)
    ]
    order += [ordered(column(BATCH), descending=True), ordered(column(ROW), descending=True)]
    rank = row_number([*(column(key) for key in entity.key), valid.copy()], order)
    outcome = (
        exp.Case()
        .when(exp.not_(column("_let_in")), text("filtered"))
        .when(column("_reasons").neq(text("")), text("quarantined"))
        .when(column("_rank").eq(number(1)), text("staged"))
        .else_(text("merged"))
    )
    ranked = exp.select(exp.Star(), named(rank, "_rank")).from_(
        judged.subquery("judged"), copy=False
    )
    kept = [*entity.columns, "_changed_at", "_mapping", "_source", "_table", BATCH, ROW, EXTRACTED]
    return exp.select(
        *(column(name) for name in kept),
        named(outcome, "_outcome"),
        column("_reasons"),
        column("_warnings"),
    ).from_(ranked.subquery("ranked", copy=False), copy=False)


def _best_of(judged: list[exp.Select], entity: Entity) -> exp.Select:
    """Between mappings the lowest priority number wins; they come here in that order."""
    parts = [
        exp.select(exp.Star(), named(number(position), "_position")).from_(
            part.subquery("part", copy=False), copy=False
        )
        for position, part in enumerate(judged)
    ]
    union: exp.Query = parts[0]
    for part in parts[1:]:
        union = exp.union(union, part, distinct=False, copy=False)
    staged = column("_outcome").eq(text("staged"))
    best = row_number(
        [*(column(key) for key in entity.key), staged], [ordered(column("_position"))]
    )
    ranked = exp.select(exp.Star(), named(best, "_best")).from_(
        union.subquery("all_mappings", copy=False), copy=False
    )
    lost = exp.and_(staged.copy(), exp.GT(this=column("_best"), expression=number(1)))
    outcome = exp.Case().when(lost, text("merged")).else_(column("_outcome"))
    kept = [*entity.columns, "_changed_at", "_mapping", "_source", "_table", BATCH, ROW, EXTRACTED]
    return exp.select(
        *(column(name) for name in kept),
        named(outcome, "_outcome"),
        column("_reasons"),
        column("_warnings"),
    ).from_(ranked.subquery("ranked", copy=False), copy=False)
