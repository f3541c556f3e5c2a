"""From numpy to typed Arrow rows, and the few vectorised string operations the generator needs.

Money and other decimals are whole numbers here (cents), so that sums are exact. In nullable
number columns a negative value stands for NULL; dates use NaT.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_data.schema import TABLES

Values: TypeAlias = np.ndarray | pa.Array | pa.ChunkedArray | Sequence[Any] | str | int


class Numbers:
    """The next free number of each kind of row; blocks draw from it one after another."""

    def __init__(self, taken: dict[str, int] | None = None) -> None:
        self.taken = dict(taken or {})

    def take(self, kind: str, count: int) -> np.ndarray:
        """``count`` fresh numbers."""
        first = self.taken.get(kind, 1)
        self.taken[kind] = first + count
        return np.arange(first, first + count)


def rows(name: str, /, **columns: Values) -> pa.Table:
    """Rows of the table ``name``; single values are repeated, columns not given are NULL."""
    schema = TABLES[name].arrow_schema
    unknown = set(columns) - set(schema.names)
    if unknown:
        raise KeyError(f"{name} has no column {sorted(unknown)}")
    count = next(len(v) for v in columns.values() if not isinstance(v, str | int))
    arrays = []
    for column in TABLES[name].columns:
        if column.name not in columns:
            arrays.append(pa.nulls(count, column.arrow_type))
            continue
        arrays.append(_array(columns[column.name], column.arrow_type, column.nullable, count))
    return pa.table(arrays, schema=schema)


def _array(values: Values, kind: pa.DataType, nullable: bool, count: int) -> pa.Array:
    if isinstance(values, str):
        return pa.repeat(pa.scalar(values, kind), count)
    if isinstance(values, int):
        values = np.full(count, values)
    if pa.types.is_decimal(kind):
        return decimals(np.asarray(values), kind, nullable)
    if isinstance(values, np.ndarray) and values.dtype.kind in "iu":
        mask = values < 0 if nullable else None
        return pa.array(values, mask=mask).cast(kind)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.Array):
        return values if values.type == kind else values.cast(kind)
    return pa.array(values, type=kind)


def decimals(scaled: np.ndarray, kind: pa.DataType, nullable: bool = False) -> pa.Array:
    """Whole numbers of the smallest unit as decimals, without a Python object in between."""
    words = np.empty((len(scaled), 2), dtype=np.int64)
    words[:, 0] = scaled
    words[:, 1] = words[:, 0] >> 63
    array = pa.Array.from_buffers(kind, len(scaled), [None, pa.py_buffer(words)])
    if nullable:
        array = pc.if_else(pa.array(scaled < 0), pa.scalar(None, kind), array)
    return array


def pick(values: Sequence[str | None], index: np.ndarray) -> pa.Array:
    """``values[index]`` as text, NULL where the index is negative."""
    if len(values) == 0:
        return pa.nulls(len(index), pa.string())
    return pa.array(values, pa.string()).take(pa.array(index, mask=index < 0))


def join(*parts: pa.Array | str, by: str = "") -> pa.Array:
    """The parts of each row strung together; NULL where a part is NULL."""
    return pc.binary_join_element_wise(*parts, by)


def numbered(prefix: str, numbers: np.ndarray, width: int) -> pa.Array:
    """Numbers such as ``A00000017``."""
    digits = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, padding="0")
    return join(pa.repeat(prefix, len(numbers)), digits)


def choose(
    rng: np.random.Generator, weights: Sequence[float] | np.ndarray, count: int
) -> np.ndarray:
    """``count`` indexes, drawn by weight."""
    edges = np.cumsum(np.asarray(weights, dtype=float))
    return np.searchsorted(edges / edges[-1], rng.random(count), side="right")


def within(counts: np.ndarray) -> np.ndarray:
    """0, 1, 2, ... inside each group of the given sizes.

    >>> within(np.array([2, 3])).tolist()
    [0, 1, 0, 1, 2]
    """
    total = int(counts.sum())
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    inside: np.ndarray = np.arange(total) - starts
    return inside
