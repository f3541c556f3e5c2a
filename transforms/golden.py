"""Golden records: one row for each cluster of records, column by column of the value that stays."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from metadata.model.matching import Survivor
from metadata.repository import Repository, ResolvedMatching
from transforms.crossreference import xref_table
from transforms.statements import (
    STAGING,
    WAREHOUSE,
    Statement,
    column,
    create_table,
    data_type,
    named,
    number,
    ordered,
    table,
    text,
)  # fmt: skip

_FILLED, _PLACE, _SOURCE, _TABLE = "_filled", "_place", "_source", "_table"


def load_golden(repository: Repository, matching: ResolvedMatching) -> tuple[Statement, ...]:
    """Make the golden records of an entity from its staged records and their cross-reference."""
    query = golden_rows(repository, matching)
    return (
        Statement(
            create_table(matching.product, STAGING, query), f"golden records of {matching.name}"
        ),
    )


def empty_golden(_: Repository, matching: ResolvedMatching) -> tuple[Statement, ...]:
    """Golden records of an entity of which nothing has landed: its columns, and no row."""
    nothing = exp.select(*map(column, _columns(matching))).from_(table(matching.name, STAGING))
    create = create_table(matching.product, STAGING, nothing.where(exp.false()))
    return (Statement(create, f"no golden records of {matching.name} yet"),)


def golden_rows(repository: Repository, matching: ResolvedMatching, staged: str = "") -> exp.Select:
    """The golden records; columns as those of the staged entity.

    Args:
        repository: the workspace.
        matching: how the entity is matched.
        staged: table of staging with its staged records, where it is not the entity itself.
    """
    alone = exp.select(*(column(name) for name in _columns(matching)))
    alone = alone.from_("records").where(column("_records").eq(number(1)))
    union = exp.union(alone, _survivors(matching), distinct=False)
    query = _self_referring(matching, union)
    records = _records(repository, matching, staged or matching.name)
    return query.with_("records", records, copy=False)


def golden_origins(
    repository: Repository, matching: ResolvedMatching, staged: str = ""
) -> exp.Select:
    """For each golden record of several the key of the record that each of its values is from."""
    query = _survivors(matching, column("_own"))
    records = _records(repository, matching, staged or matching.name)
    return query.with_("records", records, copy=False)


def _columns(matching: ResolvedMatching) -> tuple[str, ...]:
    return (*matching.entity.columns, "_changed_at")


def _records(repository: Repository, matching: ResolvedMatching, staged: str) -> exp.Select:
    """Staged records under their golden keys, with what decides between their values."""
    key = matching.key
    columns = [name for name in matching.entity.columns if name != key]
    filled = [
        exp.Case().when(column(name, "record").is_(exp.null()), number(0)).else_(number(1))
        for name in matching.survivors
    ]
    total: exp.Expr = number(0)
    for each in filled:
        total = exp.Add(this=total, expression=exp.paren(each))
    rank = exp.Case()
    for place, mapping in enumerate(repository.mappings_of(matching.name)):
        rank = rank.when(column("mapping", "x").eq(text(mapping.name)), number(place))
    return (
        exp.select(
            named(column("golden_key", "x"), key),
            *(column(name, "record") for name in columns),
            column("_changed_at", "record"),
            named(exp.cast(column(key, "record"), "VARCHAR"), "_own"),
            named(column("records", "x"), "_records"),
            named(total, _FILLED),
            named(rank, _PLACE),
            named(column("source", "x"), _SOURCE),
            named(column("table", "x"), _TABLE),
        )
        .from_(table(staged, STAGING, "record"))
        .join(
            table(xref_table(matching.name), WAREHOUSE, "x"),
            on=exp.and_(column("key", "x").eq(column(key, "record")), column("present", "x")),
        )
    )


def _survivors(matching: ResolvedMatching, told: exp.Expr | None = None) -> exp.Select:
    """Of each column the value that stays, where several records make a golden one.

    `told` is what is taken of the record that has it, instead of the value itself.
    """
    counted = exp.select(exp.Star()).from_("records")
    for name, rule in matching.survivors.items():
        if rule.take == "most_frequent":
            times = exp.Window(
                this=exp.Count(this=column(name)),
                partition_by=[column(matching.key), column(name)],
            )
            counted = counted.select(named(times, f"_times_{name}"), copy=False)
    counted = counted.where(exp.GT(this=column("_records"), expression=number(1)), copy=False)
    query = exp.select()
    for name, kind in matching.entity.columns.items():
        if name == matching.key:
            value: exp.Expr = column(name)
        elif name in matching.survivors:
            value = _taken(name, matching.survivors[name], told)
        else:
            value = exp.cast(exp.null(), data_type(kind.type))
        query = query.select(named(value, name), copy=False)
    latest = exp.func("MAX", column("_changed_at"))
    return (
        query.select(named(latest, "_changed_at"), copy=False)
        .from_(counted.subquery("counted"))
        .group_by(column(matching.key))
    )


def _taken(name: str, rule: Survivor, told: exp.Expr | None) -> exp.Expr:
    """The first value of a column that is there, in the order that its rule gives."""
    order = [*_order(name, rule), *_last_resort()]
    first = exp.Anonymous(
        this="first",
        expressions=[exp.Order(this=(told or column(name)).copy(), expressions=order)],
    )
    there = exp.Where(this=exp.not_(column(name).is_(exp.null())))
    return exp.Filter(this=first, expression=there)


def _order(name: str, rule: Survivor) -> Sequence[exp.Expr]:
    match rule.take:
        case "most_recent":
            return [ordered(column(rule.by or "_changed_at"), descending=True)]
        case "most_complete":
            return [ordered(column(_FILLED), descending=True)]
        case "most_frequent":
            return [ordered(column(f"_times_{name}"), descending=True)]
        case "longest" | "shortest":
            length = exp.Length(this=column(name))
            return [ordered(length, descending=rule.take == "longest")]
        case "min" | "max":
            return [ordered(column(name), descending=rule.take == "max")]
        case "source":
            rank = exp.Case()
            for place, source in enumerate(rule.sources):
                whole = exp.func("CONCAT", column(_SOURCE), text("."), column(_TABLE))
                is_it = (
                    column(_SOURCE).eq(text(source))
                    if "." not in source
                    else whole.eq(text(source))
                )
                rank = rank.when(is_it, number(place))
            return [ordered(rank.else_(number(len(rule.sources))))]


def _last_resort() -> list[exp.Expr]:
    """What decides where a rule does not: the first mapping, then the record's key."""
    own = column("_own")
    return [ordered(column(_PLACE)), ordered(exp.Length(this=own)), ordered(own.copy())]


def _self_referring(matching: ResolvedMatching, rows: exp.Query) -> exp.Select:
    """References to the entity itself lead to golden records, and to nobody where to their own."""
    name, key = matching.name, matching.key
    own = [c for c, each in matching.entity.columns.items() if each.references == name]
    query = exp.select().from_(rows.subquery("golden"))
    for place, reference in enumerate(own):
        query = query.join(
            table(xref_table(name), WAREHOUSE, f"to_{place}"),
            on=column("key", f"to_{place}").eq(column(reference, "golden")),
            join_type="LEFT",
            copy=False,
        )
    for each in _columns(matching):
        value: exp.Expr = column(each, "golden")
        if each in own:
            leads = column("golden_key", f"to_{own.index(each)}")
            to = exp.func("COALESCE", leads, value)
            value = exp.func("NULLIF", to, column(key, "golden"))
        query = query.select(named(value, each), copy=False)
    return query
