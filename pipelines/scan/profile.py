"""What the values of tables are like: one statement over samples, for all columns at once.

Samples are turned on their side (one row for each value, with the number of its column), so that
the statement is the same for whatever tables. Each different value is judged once and counts as
often as it occurs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import accumulate
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from pipelines.scan import moments
from pipelines.scan.shapes import VALUE, shapes
from transforms.statements import call, column, named, number, text

TOP = 10
"""Most frequent values kept of a column."""
_LONGEST = 100
"""Longer values are not worth keeping."""


@dataclass(frozen=True)
class Values:
    """What a sample says of one column; counts are of rows, unless they say otherwise."""

    sampled: int = 0
    present: int = 0
    distinct: int = 0
    length: float = 0.0
    """Mean length of the values, in characters."""
    minimum: str | None = None
    maximum: str | None = None
    least: str | None = None
    """The smallest by number."""
    greatest: str | None = None
    top: tuple[tuple[str, int], ...] = ()
    shapes: dict[str, int] = field(default_factory=dict)
    forms: tuple[tuple[str, int, str, str], ...] = ()
    """Formats of days and moments: each with its rows, its first and its last value."""


_NOTHING = Values()


@dataclass(frozen=True)
class Sample:
    """Some rows of a table."""

    rows: pa.Table
    judged: tuple[bool, ...]
    """For each column, whether its values are to be told apart by their shapes."""

    @property
    def size(self) -> int:
        """How many values it holds."""
        return self.rows.num_rows * self.rows.num_columns


def one_thread() -> duckdb.DuckDBPyConnection:
    """An empty database; many sources are looked at side by side, each in a thread of its own."""
    return duckdb.connect(
        ":memory:", config={"threads": 1, "autoinstall_known_extensions": "false"}
    )


class Profiler:
    """An empty database that looks at samples; for one thread."""

    def __init__(self) -> None:
        self._connection = one_thread()

    def close(self) -> None:
        """Let go of the memory."""
        self._connection.close()

    def look(self, samples: Sequence[Sample]) -> list[tuple[Values, ...]]:
        """What each sample says of each of its columns."""
        filled = {f"sample_{n}": each for n, each in enumerate(samples) if each.size}
        found: dict[int, Values] = {}
        firsts = list(accumulate((len(each.judged) for each in samples), initial=0))
        if filled:
            parts = []
            for name, each in filled.items():
                columns = [f"c{position}" for position in range(len(each.judged))]
                self._connection.register(name, each.rows.rename_columns(columns))
                first = firsts[int(name.rpartition("_")[2])]
                parts.append(_upright(name, columns, first, each.judged))
            try:
                self._connection.execute(_view(parts).sql("duckdb"))
                rows = self._connection.execute(_statement()).fetchall()
            finally:
                for name in filled:
                    self._connection.unregister(name)
            found = {row[0]: _values(row[1:]) for row in rows}
        return [
            tuple(
                replace(found.get(first + position, _NOTHING), sampled=each.rows.num_rows)
                for position in range(len(each.judged))
            )
            for first, each in zip(firsts, samples, strict=False)
        ]


def _upright(name: str, columns: Sequence[str], first: int, judged: Sequence[bool]) -> exp.Select:
    """One row for each value: its column's number, whether it is judged, its text."""
    lists = (
        ("number", [number(first + position) for position in range(len(columns))]),
        ("judged", [exp.convert(each) for each in judged]),
        (VALUE, [exp.cast(column(each), "VARCHAR") for each in columns]),
    )
    return exp.select(
        *(named(call("unnest", exp.Array(expressions=each)), label) for label, each in lists)
    ).from_(exp.to_table(name))


def _view(parts: Sequence[exp.Select]) -> exp.Create:
    """All samples as one, under the name that the statement reads."""
    query = exp.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
    kind = exp.Properties(expressions=[exp.TemporaryProperty()])
    return exp.Create(
        this=exp.to_table("upright"), kind="VIEW", replace=True, expression=query, properties=kind
    )


@cache
def _statement() -> str:
    """The statement that is the same for every table."""
    counted = (
        exp.select(
            column("number"),
            named(exp.Min(this=column("judged")), "judged"),
            named(call("trim", column(VALUE)), VALUE),
            named(exp.Count(this=exp.Star()), "rows"),
        )
        .from_("upright")
        .where(call("trim", column(VALUE)).neq(text("")))
        .group_by("1", "3")
    )
    flags = [
        named(exp.Case().when(column("judged"), shape.copy()).else_(exp.false()), f"is_{name}")
        for name, shape in shapes().items()
    ]
    judged = exp.select(exp.Star(), *flags).from_("counted")
    query = (
        exp.select(
            column("number", "v"),
            *_figures(),
            exp.func("COALESCE", column("forms", "f"), exp.Array(expressions=[])),
        )
        .from_(exp.to_table("judged").as_("v"))
        .join(exp.to_table("formed").as_("f"), on="v.number = f.number", join_type="left")
        .group_by(column("number", "v"), column("forms", "f"))
    )
    return (
        query.with_("counted", as_=counted)
        .with_("judged", as_=judged)
        .with_("formed", as_=_formed())
        .sql("duckdb")
    )


def _figures() -> list[exp.Expr]:
    value, rows = column(VALUE), column("rows")
    amount = exp.Case().when(column("is_decimal"), exp.TryCast(this=value, to=_double()))
    length = exp.Mul(this=call("length", value), expression=rows)
    return [
        exp.Sum(this=rows),
        exp.Count(this=exp.Star()),
        exp.Sum(this=length),
        exp.Min(this=value),
        exp.Max(this=value),
        call("arg_min", value, amount),
        call("arg_max", value, amount.copy()),
        _top(),
        exp.Array(
            expressions=[
                exp.Sum(this=exp.Case().when(column(f"is_{name}"), rows).else_(number(0)))
                for name in shapes()
            ]
        ),
    ]


def _top() -> exp.Expr:
    """The most frequent values that may be kept, each with its rows."""
    value, rows = column(VALUE), column("rows")
    kept = exp.and_(
        exp.LTE(this=call("length", value), expression=number(_LONGEST)),
        *(
            exp.not_(column(f"is_{name}"))
            for name in ("email", "mention", "phone", "bank_account", "identifier")
        ),
    )
    entry = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier("value"), expression=value.copy()),
            exp.PropertyEQ(this=exp.to_identifier("rows"), expression=rows.copy()),
        ]
    )
    order = exp.Tuple(expressions=[exp.Neg(this=rows.copy()), value.copy()])
    found = call("arg_min", entry, order, number(TOP))
    return exp.Filter(this=found, expression=exp.Where(this=kept))


def _formed() -> exp.Query:
    """For each column the formats in which its values can be read as days or moments."""
    parted = (
        exp.select(
            column("number"), column("rows"), column(VALUE), named(moments.parts().copy(), "parts")
        )
        .from_("counted")
        .where(exp.and_(column("judged"), moments.candidate().copy()))
    )
    said = exp.select(
        column("number"),
        column("rows"),
        column(VALUE),
        *(
            named(exp.Dot(this=column("parts"), expression=exp.to_identifier(part)), part)
            for part in (moments.DAY, moments.TIME)
        ),
    ).from_(parted.subquery())
    tried = exp.select(
        column("number"),
        column("rows"),
        column(VALUE),
        named(call("unnest", moments.day_forms().copy()), "form"),
        named(moments.time_form().copy(), "time_form"),
    ).from_(said.subquery())
    form = exp.Dot(this=column("form"), expression=exp.to_identifier("form"))
    day = exp.Dot(this=column("form"), expression=exp.to_identifier("day"))
    order = exp.Tuple(expressions=[day, column(VALUE)])
    each = (
        exp.select(
            column("number"),
            named(exp.DPipe(this=form, expression=column("time_form")), "form"),
            named(exp.Sum(this=column("rows")), "rows"),
            named(call("arg_min", column(VALUE), order), "first"),
            named(call("arg_max", column(VALUE), order.copy()), "last"),
        )
        .from_(tried.subquery())
        .where(exp.not_(exp.Is(this=column("time_form"), expression=exp.null())))
        .group_by("1", "2")
    )
    entry = exp.Array(
        expressions=[
            column("form"),
            exp.cast(column("rows"), "VARCHAR"),
            column("first"),
            column("last"),
        ]
    )
    return (
        exp.select(column("number"), named(call("list", entry), "forms"))
        .from_(each.subquery())
        .group_by("1")
    )


def _values(row: Sequence[Any]) -> Values:
    present, distinct, length, minimum, maximum, least, greatest, top, flags, forms = row
    found = [(form, int(rows), first, last) for form, rows, first, last in forms]
    found.sort(key=lambda f: (-f[1], moments.order_of(f[0]), f[0]))
    return Values(
        present=int(present),
        distinct=int(distinct),
        length=float(length) / int(present),
        minimum=minimum,
        maximum=maximum,
        least=least,
        greatest=greatest,
        top=tuple((entry["value"], int(entry["rows"])) for entry in top or ()),
        shapes=dict(zip(shapes(), map(int, flags), strict=True)),
        forms=tuple(found),
    )


def _double() -> exp.DataType:
    return exp.DataType.build("DOUBLE", dialect="duckdb")
