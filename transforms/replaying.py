"""A history that was not kept, taken over from a dimension that was loaded again batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from metadata.repository import ResolvedDimension
from transforms.statements import (
    LAST_DAY,
    WAREHOUSE,
    Columns,
    Statement,
    column,
    create_table,
    named,
    number,
    ordered,
    row_number,
    table,
    text,
)  # fmt: skip


@dataclass(frozen=True)
class Replayed:
    """Attributes whose values at each time the engine provides in a relation."""

    names: tuple[str, ...]
    kept: frozenset[str]
    """Those of which a history was kept, by another rule: what is older than the first batch that
    has landed is known from there alone, and stays."""
    since: datetime
    """Time of the first batch, in the workspace's time zone."""


def replayed_columns(resolved: ResolvedDimension, names: Sequence[str]) -> exp.Select:
    """What is taken over of the dimension that was loaded again."""
    kept = [resolved.natural_key, "valid_from", "valid_to", *names]
    return exp.select(*(column(name) for name in kept)).from_(table(resolved.table, WAREHOUSE))


def take_over(
    resolved: ResolvedDimension, existing: Columns, told: Replayed, replayed: str
) -> list[Statement]:
    """Give attributes the values that they had at each time.

    Each version is cut where one of them changed. The last piece keeps the key of the version, the
    others get new ones; no other column changes. Members that were not loaded again stay as they
    are.

    Args:
        resolved: the dimension.
        existing: columns of its table, those attributes among them.
        told: the attributes.
        replayed: the relation with the natural key, the times and the attributes of each version.
    """
    key, surrogate, names = resolved.natural_key, resolved.surrogate_key, told.names
    own = table(resolved.table, WAREHOUSE, "own")
    other = exp.alias_(exp.to_table(replayed), "replayed", table=True)
    since = exp.func("GREATEST", column("valid_from", "own"), column("valid_from", "replayed"))
    until = exp.func("LEAST", column("valid_to", "own"), column("valid_to", "replayed"))
    place = row_number([column(surrogate, "own")], [ordered(until.copy(), descending=True)])
    pieces = (
        exp.select(
            *(
                named(_value(told, name, until), name)
                for name in existing
                if name not in ("valid_from", "valid_to", "is_current")
            ),
            named(since, "valid_from"),
            named(until, "valid_to"),
            named(place, "_place"),
        )
        .from_(own)
        .join(
            other,
            on=exp.and_(
                column(key, "own").eq(column(key, "replayed")),
                exp.LT(this=column("valid_from", "own"), expression=column("valid_to", "replayed")),
                exp.LT(this=column("valid_from", "replayed"), expression=column("valid_to", "own")),
            ),
        )
    )
    highest = exp.select(exp.func("MAX", column(surrogate))).from_(table(resolved.table, WAREHOUSE))
    more = row_number(
        [exp.GT(this=column("_place"), expression=number(1))],
        [ordered(column(key)), ordered(column("valid_from"))],
    )
    fresh = exp.Add(
        this=exp.func("GREATEST", exp.paren(highest.subquery()), number(0)), expression=more
    )
    values: dict[str, exp.Expr] = {name: column(name) for name in existing}
    values[surrogate] = (
        exp.Case().when(column("_place").eq(number(1)), column(surrogate)).else_(fresh)
    )
    last = exp.cast(text(LAST_DAY), "TIMESTAMP")
    values["is_current"] = column("valid_to").eq(last)
    cut = exp.select(*(named(value, name) for name, value in values.items())).from_(
        pieces.subquery("pieces")
    )
    known = exp.select(number(1)).from_(other.copy())
    known = known.where(column(key, "replayed").eq(column(key, "own")))
    rest = (
        exp.select(*(column(name, "own") for name in existing))
        .from_(own.copy())
        .where(exp.not_(exp.Exists(this=known)))
    )
    union = exp.union(cut, rest, distinct=False)
    return [
        Statement(
            create_table(f"{resolved.table}_replayed", WAREHOUSE, union),
            f"times of {', '.join(names)} in {resolved.table}",
        ),
        Statement(
            create_table(
                resolved.table,
                WAREHOUSE,
                exp.select(exp.Star()).from_(table(f"{resolved.table}_replayed", WAREHOUSE)),
            ),
            f"history of {', '.join(names)} in {resolved.table}",
        ),
        Statement(
            exp.Drop(
                tables=[table(f"{resolved.table}_replayed", WAREHOUSE)], kind="TABLE", exists=True
            ),
            "forget the times",
        ),
    ]


def _value(told: Replayed, name: str, until: exp.Expr) -> exp.Expr:
    if name not in told.names:
        return column(name, "own")
    if name not in told.kept:
        return column(name, "replayed")
    first = exp.cast(text(told.since.strftime("%Y-%m-%d %H:%M:%S.%f")), "TIMESTAMP")
    known = exp.GT(this=until.copy(), expression=first)
    return exp.Case().when(known, column(name, "replayed")).else_(column(name, "own"))
