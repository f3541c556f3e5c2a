"""Versions of members after a change of the definition: joined, taken away, or fixed to the first.

What is told here has not happened to a member. It is how the table would stand had the definition
always been as it is now.
"""

from __future__ import annotations

from sqlglot import exp

from metadata.repository import ResolvedDimension
from transforms.redefining import same_member, with_history
from transforms.statements import (
    STAGING,
    UNKNOWN_KEY,
    WAREHOUSE,
    Statement,
    column,
    named,
    number,
    ordered,
    row_number,
    table,
    text,
)  # fmt: skip


def remove_refused(
    resolved: ResolvedDimension, incoming: str, *, other_keys: bool
) -> list[Statement]:
    """Members whose rows the rules refuse now go, as if they had never been let in.

    A member that its source has deleted stays: no landed row of it counts any more, so that none is
    refused.

    Args:
        resolved: the dimension.
        incoming: the relation that holds the members that are let in.
        other_keys: whether keys are made otherwise than before, so that the old ones mean nothing:
            then every member goes that is not let in.
    """
    assert resolved.entity is not None
    key = resolved.natural_key
    ours = column(key, resolved.table)
    let_in = exp.select(number(1)).from_(exp.alias_(exp.to_table(incoming), "incoming", table=True))
    gone = [
        column(resolved.surrogate_key, resolved.table).neq(number(UNKNOWN_KEY)),
        exp.not_(exp.Exists(this=let_in.where(same_member(resolved)))),
    ]
    if not other_keys:
        judged = exp.select(number(1)).from_(
            table(f"judged_{resolved.entity.entity}", STAGING, "judged")
        )
        same = judged.where(column(key, "judged").eq(ours))
        # A record that is let in and no member has become part of another one.
        staged = same.where(column("_outcome", "judged").eq(text("staged")))
        gone += [exp.Exists(this=same), exp.not_(exp.Exists(this=staged))]
    delete = exp.Delete(
        this=table(resolved.table, WAREHOUSE), where=exp.Where(this=exp.and_(*gone))
    )
    return [Statement(delete, f"members of {resolved.table} that are refused now")]


def fix_to_first(resolved: ResolvedDimension) -> list[Statement]:
    """An attribute that is fixed from now on has its first known value in every version."""
    names = with_history(resolved, "fixed")
    if not names:
        return []
    key = resolved.natural_key
    place = row_number([column(key)], [ordered(column("valid_from"))])
    versions = exp.select(
        column(key), *(column(name) for name in names), named(place, "_place")
    ).from_(table(resolved.table, WAREHOUSE))
    first = (
        exp.select(column(key), *(column(name) for name in names))
        .from_(versions.subquery("versions"))
        .where(column("_place").eq(number(1)))
    )
    change = exp.Update(
        this=table(resolved.table, WAREHOUSE),
        expressions=[column(name).eq(column(name, "first")) for name in names],
        from_=exp.From(this=first.subquery("first")),
        where=exp.Where(
            this=exp.and_(
                column(key, resolved.table).eq(column(key, "first")),
                exp.paren(
                    exp.or_(
                        *(
                            exp.NullSafeNEQ(
                                this=column(name, resolved.table), expression=column(name, "first")
                            )
                            for name in names
                        )
                    )
                ),
            )
        ),
    )
    return [Statement(change, f"first values of {resolved.table}")]


def join_versions(resolved: ResolvedDimension) -> list[Statement]:
    """Versions that follow one another and no longer differ become one, with the newest's key."""
    name, key, surrogate = resolved.table, resolved.natural_key, resolved.surrogate_key
    joined = exp.to_table(f"joined_{name}")
    aside = exp.Create(
        this=joined,
        kind="TABLE",
        replace=True,
        expression=_spans(resolved),
        properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
    )
    spans = exp.alias_(joined.copy(), "joined", table=True)
    earlier = exp.select(column(surrogate)).from_(joined.copy()).where(exp.not_(column("_newest")))
    delete = exp.Delete(
        this=table(name, WAREHOUSE),
        where=exp.Where(this=exp.In(this=column(surrogate), query=earlier.subquery())),
    )
    widen = exp.Update(
        this=table(name, WAREHOUSE),
        expressions=[column("valid_from").eq(column("_since", "joined"))],
        from_=exp.From(this=spans),
        where=exp.Where(
            this=exp.and_(
                column(surrogate, name).eq(column(surrogate, "joined")),
                column("valid_from", name).neq(column("_since", "joined")),
            )
        ),
    )
    drop = exp.Drop(tables=[joined.copy()], kind="TABLE", exists=True)
    return [
        Statement(aside, f"versions of {name} that do not differ"),
        Statement(delete, f"versions of {name} that are part of a later one, by {key}"),
        Statement(widen, f"versions of {name} begin earlier"),
        Statement(drop, "forget which versions were joined"),
    ]


def _spans(resolved: ResolvedDimension) -> exp.Select:
    """For each version since when it has been like this, and whether it is the newest such one."""
    key, surrogate = resolved.natural_key, resolved.surrogate_key

    def before(name: str) -> exp.Expr:
        return exp.Window(
            this=exp.Lag(this=column(name)),
            partition_by=[column(key)],
            order=exp.Order(expressions=[ordered(column("valid_from"))]),
        )

    differs = [
        exp.NullSafeNEQ(this=column("valid_from"), expression=before("valid_to")),
        *(
            exp.NullSafeNEQ(this=column(name), expression=before(name))
            for name in with_history(resolved, "track")
        ),
    ]
    begins = exp.Case().when(exp.or_(*differs), number(1)).else_(number(0))
    kept = (column(surrogate), column(key), column("valid_from"))
    versions = exp.select(*kept, named(begins, "_begins")).from_(table(resolved.table, WAREHOUSE))
    span = exp.Window(
        this=exp.Sum(this=column("_begins")),
        partition_by=[column(key)],
        order=exp.Order(expressions=[ordered(column("valid_from"))]),
    )
    numbered = exp.select(*(each.copy() for each in kept), named(span, "_span")).from_(
        versions.subquery("versions")
    )
    whole = [column(key), column("_span")]
    since = exp.Window(this=exp.Min(this=column("valid_from")), partition_by=whole)
    last = exp.Window(
        this=exp.Max(this=column("valid_from")), partition_by=[each.copy() for each in whole]
    )
    return exp.select(
        column(surrogate),
        named(since, "_since"),
        named(column("valid_from").eq(last), "_newest"),
    ).from_(numbered.subquery("numbered"))
