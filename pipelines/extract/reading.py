"""What a reader hands over: a stream of Arrow batches, and where the next read may begin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa


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
            columns.append(stored if stored.type == field.type else stored.cast(field.type))
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
