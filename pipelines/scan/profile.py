"""What the values of tables are like: one statement over samples, for all columns at once.

Samples are turned on their side (one row for each value, with the number of its column), so that
the statement is the same for whatever tables. Each different value is judged once and counts as
often as it occurs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from pipelines.scan import moments
from pipelines.scan.shapes import VALUE, shapes
from pipelines.scan.statement import UPRIGHT, statement
from transforms.statements import call, column, named, number


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
    dated: int = 0
    """Rows that any of them fits."""
    plain: int = 0
    """Rows that are neither of a shape of their own nor days."""


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
                rows = self._connection.execute(statement()).fetchall()
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
        this=exp.to_table(UPRIGHT), kind="VIEW", replace=True, expression=query, properties=kind
    )


def _values(row: Sequence[Any]) -> Values:
    present, distinct, length, minimum, maximum, least, greatest, top, flags, *rest = row
    plain, forms, dated, dated_plain = rest
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
        dated=int(dated),
        plain=int(plain) - int(dated_plain),
    )
