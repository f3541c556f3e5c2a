"""Bridges: many members of one dimension for one of another, with shares."""

from __future__ import annotations

from sqlglot import exp

from metadata.repository import Repository, ResolvedBridge, ResolvedDimension
from transforms.references import References, rows_of
from transforms.statements import (
    STAGING,
    WAREHOUSE,
    Statement,
    column,
    create_table,
    named,
    number,
    table,
    text,
)  # fmt: skip


def load_bridge(repository: Repository, bridge: str) -> tuple[Statement, ...]:
    """Make a bridge: every version of a member has the links that hold now."""
    resolved = repository.bridges[bridge]
    definition = resolved.definition
    weight = _weight(resolved) if definition.weight else number(1)
    within: exp.Expr = column(definition.within, "link") if definition.within else text("")
    query = (
        exp.select(
            column(resolved.dimension.surrogate_key, "member"),
            column(resolved.group.surrogate_key, "grouped"),
            named(exp.cast(weight, "DOUBLE"), "weight"),
            named(exp.cast(within, "VARCHAR"), "within"),
        )
        .from_(_links(repository, resolved))
        .join(
            table(resolved.dimension.table, WAREHOUSE, "member"),
            on=_same(resolved.dimension, "member", definition.dimension_key),
        )
        .join(
            table(resolved.group.table, WAREHOUSE, "grouped"),
            on=exp.and_(
                _same(resolved.group, "grouped", definition.group_key),
                column("is_current", "grouped"),
            ),
        )
    )
    return (Statement(create_table(resolved.table, WAREHOUSE, query), f"load {resolved.table}"),)


def _links(repository: Repository, resolved: ResolvedBridge) -> exp.Expr:
    """The links; where records are matched, those of golden ones, each once.

    The shares of records that became one are averaged, so that they add up to 1 as before.
    """
    definition, entity = resolved.definition, resolved.entity.entity
    columns = resolved.entity.columns
    ends = (definition.dimension_key, definition.group_key)
    if not any(columns[end].references in repository.matchings for end in ends):
        return table(rows_of(repository, entity), STAGING, "link")
    references = References(repository, entity)
    others = [name for name in (definition.within, definition.weight) if name]
    crossed = exp.select(
        *(named(references.named(end), end) for end in ends),
        named(column(ends[0], "root"), "_record"),
        *(column(name, "root") for name in others),
    )
    crossed = references.joined(crossed)
    grouped = [column(ends[0], "each")]
    grouped += [column(definition.within, "each")] if definition.within else []
    told: exp.Expr = column("_record")
    if definition.weight:
        # Who tells no share has no part in the average.
        share = exp.not_(column(definition.weight).is_(exp.null()))
        told = exp.Case().when(share, told)
    record = exp.Count(this=exp.Distinct(expressions=[told]))
    records = (
        exp.select(*grouped, named(record, "_n"))
        .from_(crossed.subquery("each"))
        .group_by(*(g.copy() for g in grouped))
    )
    same: list[exp.Expr] = [column(ends[0], "each").eq(column(ends[0], "n"))]
    if definition.within:
        within = column(definition.within, "each"), column(definition.within, "n")
        same.append(exp.NullSafeEQ(this=within[0], expression=within[1]))
    by = [column(ends[0], "each"), column(ends[1], "each"), *grouped[1:]]
    links = exp.select(*(each.copy() for each in by))
    if definition.weight:
        shares = exp.Sum(this=exp.cast(column(definition.weight, "each"), "DOUBLE"))
        several = exp.func("NULLIF", exp.Max(this=column("_n", "n")), number(0))
        averaged = exp.Div(this=shares, expression=several)
        links = links.select(named(averaged, definition.weight), copy=False)
    links = (
        links.from_(crossed.subquery("each"))
        .join(records.subquery("n"), on=exp.and_(*same))
        .group_by(*(each.copy() for each in by))
    )
    return links.subquery("link")


def _weight(resolved: ResolvedBridge) -> exp.Expr:
    """The share; equal ones for a member of whom no share is told."""
    share = exp.cast(column(resolved.definition.weight or "", "link"), "DOUBLE")
    member = [column(resolved.dimension.surrogate_key, "member")]
    if resolved.definition.within:
        member.append(column(resolved.definition.within, "link"))
    told = exp.Window(this=exp.Count(this=share), partition_by=member)
    links = exp.Window(this=exp.Count(this=exp.Star()), partition_by=[m.copy() for m in member])
    equal = exp.Div(this=exp.cast(number(1), "DOUBLE"), expression=links)
    return exp.func(
        "COALESCE", share.copy(), exp.Case().when(told.eq(number(0)), equal).else_(number(0))
    )


def _same(dimension: ResolvedDimension, alias: str, key: str) -> exp.Expr:
    return column(dimension.natural_key, alias).eq(column(key, "link"))
