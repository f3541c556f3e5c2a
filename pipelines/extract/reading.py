"""What readers share: the stream of Arrow batches they hand over, and how DuckDB opens files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
from sqlglot import exp

T = TypeVar("T")


@dataclass(frozen=True)
class Reading:
    """Rows of a table as they come: their schema, and batches that are read while they are used."""

    schema: pa.Schema
    batches: Iterable[pa.RecordBatch]


class Misfit(Exception):
    """A value does not fit its column's declared type; the column must be read as text."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


def until_it_fits(read: Callable[[frozenset[str]], T]) -> T:
    """A column with a value that does not fit its declared type is read as text, all of it."""
    as_text: frozenset[str] = frozenset()
    while True:
        try:
            return read(as_text)
        except Misfit as misfit:
            if misfit.column in as_text:
                raise
            as_text |= {misfit.column}


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """The schema without driver-specific extension types and notes."""
    return pa.schema([pa.field(f.name, _plain_type(f.type)) for f in schema])


def _plain_type(kind: pa.DataType) -> pa.DataType:
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def plain_batches(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Batches with extension arrays replaced by what they store, cast to the wanted schema."""
    for batch in batches:
        columns = []
        for array, field in zip(batch.columns, schema, strict=True):
            stored = array.storage if isinstance(array, pa.ExtensionArray) else array
            try:
                columns.append(stored if stored.type == field.type else stored.cast(field.type))
            except pa.ArrowException:
                # NaN has no place in a DECIMAL.
                raise Misfit(field.name) from None
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def distinct_names(names: Sequence[str]) -> list[str]:
    """Column names as a header gives them, where it gives none or one twice with a number added.

    >>> distinct_names(["id", "", "id"])
    ['id', 'column_2', 'id_3']
    """
    found: list[str] = []
    for position, name in enumerate(names, 1):
        wanted = name or f"column_{position}"
        while wanted.lower() in {other.lower() for other in found}:
            wanted = f"{wanted}_{position}"
        found.append(wanted)
    return found


def reader_call(function: str, files: Sequence[Path], **options: exp.Expr) -> exp.Expr:
    """A table function of DuckDB over files."""
    named = [
        exp.PropertyEQ(this=exp.to_identifier(key), expression=value)
        for key, value in options.items()
    ]
    listed = exp.Array(expressions=[exp.Literal.string(str(path)) for path in files])
    return exp.Anonymous(this=function, expressions=[listed, *named])
