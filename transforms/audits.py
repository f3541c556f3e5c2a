"""Audits: what must hold of the build before it may be published."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from metadata.repository import Repository, ResolvedDimension, ResolvedFact, ResolvedMatching
from transforms.crossreference import xref_table
from transforms.expectations import expectations
from transforms.references import References
from transforms.statements import (
    STAGING,
    UNKNOWN_KEY,
    WAREHOUSE,
    Audit,
    column,
    data_type,
    named,
    number,
    table,
)  # fmt: skip


def audits(repository: Repository) -> tuple[Audit, ...]:
    """Every audit of a workspace's warehouse."""
    return (
        *(audit for d in repository.dimensions.values() for audit in _dimension(d)),
        *(audit for f in repository.facts.values() for audit in _fact(repository, f)),
        *_bridges(repository),
        *(audit for m in repository.matchings.values() for audit in _golden(m)),
        *expectations(repository),
    )


def _failures(count: exp.Expr) -> exp.Select:
    return exp.select(named(exp.cast(count, "BIGINT"), "failures"))


def _rows(query: exp.Query) -> exp.Select:
    return _failures(exp.Count(this=exp.Star())).from_(query.subquery("offending"))


def _dimension(dimension: ResolvedDimension) -> Iterator[Audit]:
    key, name = dimension.natural_key, dimension.table
    source = table(name, WAREHOUSE)
    unknown = exp.func("COUNT_IF", column(dimension.surrogate_key).eq(number(UNKNOWN_KEY)))
    yield Audit(
        f"{name} has one unknown member",
        "Facts that point nowhere must point somewhere.",
        _failures(exp.func("ABS", exp.Sub(this=unknown, expression=number(1)))).from_(source),
        "stop",
        name,
    )
    for columns, words in (
        ([dimension.surrogate_key], "surrogate keys are unique"),
        *([([key], "one current version for each member")] if dimension.entity else []),
    ):
        doubled = (
            exp.select(*(column(c) for c in columns))
            .from_(source.copy())
            .group_by(*(column(c) for c in columns))
            .having(exp.GT(this=exp.Count(this=exp.Star()), expression=number(1)))
        )
        if columns == [key]:
            doubled = doubled.where(column("is_current"), copy=False)
        yield Audit(
            f"{name}: {words}", "A fact row would be counted twice.", _rows(doubled), "stop", name
        )
    if dimension.tracks:
        yield Audit(
            f"{name}: versions do not overlap",
            "A fact would find two versions in force on one day.",
            _rows(_overlaps(dimension)),
            "stop",
            name,
        )
    if dimension.definition.parent:
        yield Audit(
            f"{name}: every version is in the closure once",
            "Figures along the tree would not add up to the whole.",
            _rows(_unclosed(dimension)),
            "stop",
            name,
        )


def _unclosed(dimension: ResolvedDimension) -> exp.Select:
    own = exp.and_(
        column("descendant_key", "closed").eq(column(dimension.surrogate_key, "version")),
        column("depth", "closed").eq(number(0)),
    )
    return (
        exp.select(column(dimension.surrogate_key, "version"))
        .from_(table(dimension.table, WAREHOUSE, "version"))
        .join(table(f"closure_{dimension.name}", WAREHOUSE, "closed"), on=own, join_type="LEFT")
        .group_by(column(dimension.surrogate_key, "version"))
        .having(exp.NEQ(this=exp.Count(this=column("depth", "closed")), expression=number(1)))
    )


def _golden(matching: ResolvedMatching) -> Iterator[Audit]:
    """Every staged record belongs to one golden record, and every golden record has one row."""
    name, key = matching.product, matching.key
    doubled = (
        exp.select(column(key))
        .from_(table(name, STAGING))
        .group_by(column(key))
        .having(exp.GT(this=exp.Count(this=exp.Star()), expression=number(1)))
    )
    yield Audit(
        f"{name}: golden keys are unique", "A fact row would be counted twice.",
        _rows(doubled), "stop", name,
    )  # fmt: skip
    crossed = column("key", "x").eq(column(key, "record"))
    golden = column(key, "golden").eq(column("golden_key", "x"))
    lost = (
        exp.select(column(key, "record"))
        .from_(table(matching.name, STAGING, "record"))
        .join(table(xref_table(matching.name), WAREHOUSE, "x"), on=crossed, join_type="LEFT")
        .join(table(name, STAGING, "golden"), on=golden, join_type="LEFT")
        .group_by(column(key, "record"))
        .having(exp.NEQ(this=exp.Count(this=column(key, "golden")), expression=number(1)))
    )
    yield Audit(
        f"{name}: every record belongs to one golden record",
        "Records were lost or doubled when they were matched.",
        _rows(lost), "stop", name,
    )  # fmt: skip


def _overlaps(dimension: ResolvedDimension) -> exp.Select:
    following = exp.Window(
        this=exp.Lead(this=column("valid_from")),
        partition_by=[column(dimension.natural_key)],
        order=exp.Order(expressions=[exp.Ordered(this=column("valid_from"))]),
    )
    versions = (
        exp.select(column("valid_to"), named(following, "next_from"))
        .from_(table(dimension.table, WAREHOUSE))
        .where(column(dimension.surrogate_key).neq(number(UNKNOWN_KEY)))
    )
    overlap = exp.LT(this=column("next_from"), expression=column("valid_to"))
    return exp.select(exp.Star()).from_(versions.subquery("versions")).where(overlap)


def _fact(repository: Repository, fact: ResolvedFact) -> Iterator[Audit]:
    references = References(repository, fact.entity.entity)
    staged = exp.select(named(exp.Count(this=exp.Star()), "n"))
    if fact.definition.where:
        staged = staged.where(references.expression(fact.definition.where), copy=False)
    staged = references.joined(staged)
    loaded = exp.select(named(exp.Count(this=exp.Star()), "n")).from_(table(fact.table, WAREHOUSE))
    yield Audit(
        f"{fact.table} has a row for each staged row",
        "Rows were lost or doubled between staging and the fact.",
        _failures(_gap(staged, loaded)),
        "stop",
        fact.table,
    )
    for name, measure in fact.definition.measures.items():
        if measure.from_ is None or measure.type == "double" or "." in measure.from_:
            continue
        held = f"{name}_original" if measure.convert else name
        yield from _control_total(repository, fact, measure.from_, held, measure.type)
    missing = [
        exp.func("COUNT_IF", column(role.dimension.surrogate_key, role.name).is_(exp.null()))
        for role in fact.roles.values()
    ]
    total: exp.Expr = missing[0]
    for each in missing[1:]:
        total = exp.Add(this=total, expression=each)
    dangling = _failures(total).from_(table(fact.table, WAREHOUSE, "fact"))
    for role in fact.roles.values():
        on = column(role.dimension.surrogate_key, role.name).eq(column(role.key_column, "fact"))
        dangling = dangling.join(
            table(role.dimension.table, WAREHOUSE, role.name), on=on, join_type="LEFT", copy=False
        )
    yield Audit(
        f"{fact.table}: every key is in its dimension",
        "Rows would vanish when a cube joins the dimension.",
        dangling,
        "stop",
        fact.table,
    )
    converted = [
        exp.and_(column(name).is_(exp.null()), exp.not_(column(f"{name}_original").is_(exp.null())))
        for name, measure in fact.definition.measures.items()
        if measure.convert
    ]
    if converted:
        yield Audit(
            f"{fact.table}: every amount has a rate",
            "Amounts without an exchange rate are left out of totals.",
            _failures(exp.func("COUNT_IF", exp.or_(*converted))).from_(
                table(fact.table, WAREHOUSE)
            ),
            "warn",
            fact.table,
        )


def _gap(left: exp.Select, right: exp.Select) -> exp.Expr:
    return exp.func("ABS", exp.Sub(this=left.subquery(), expression=right.subquery()))


def _control_total(
    repository: Repository, fact: ResolvedFact, source: str, held: str, kind: str
) -> Iterator[Audit]:
    references = References(repository, fact.entity.entity)
    value = exp.cast(references.named(source), data_type(kind))
    staged = exp.select(named(exp.func("COALESCE", exp.Sum(this=value), number(0)), "s"))
    if fact.definition.where:
        staged = staged.where(references.expression(fact.definition.where), copy=False)
    staged = references.joined(staged)
    total = exp.func("COALESCE", exp.Sum(this=column(held)), number(0))
    loaded = exp.select(named(total, "s")).from_(table(fact.table, WAREHOUSE))
    differs = (
        exp.Case()
        .when(exp.NEQ(this=staged.subquery(), expression=loaded.subquery()), number(1))
        .else_(number(0))
    )
    yield Audit(
        f"{fact.table}: {held} adds up to what was staged",
        "The control total of the fact differs from that of staging.",
        _failures(differs),
        "stop",
        fact.table,
    )


def _bridges(repository: Repository) -> Iterator[Audit]:
    for bridge in repository.bridges.values():
        if bridge.definition.weight is None:
            continue
        member = bridge.dimension.surrogate_key
        off = exp.GT(
            this=exp.func(
                "ABS", exp.Sub(this=exp.Sum(this=column("weight")), expression=number(1))
            ),
            expression=exp.Literal.number(0.001),
        )
        sums = (
            exp.select(column(member))
            .from_(table(bridge.table, WAREHOUSE))
            .group_by(column(member), column("within"))
            .having(off)
        )
        yield Audit(
            f"{bridge.table}: shares add up to 1",
            "Figures by group would not add up to the whole.",
            _rows(sums),
            "warn",
            bridge.table,
        )


__all__ = ["STAGING", "audits"]
