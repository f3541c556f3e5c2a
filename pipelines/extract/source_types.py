"""Types of source columns: in the metadata's words, once landed, and as the source spells them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from metadata.retyping import ColumnType
from pipelines.extract.columns import arrow_type


def landing_type(kind: pa.DataType) -> str:
    """The metadata's word for an Arrow type; text for whatever has none.

    >>> landing_type(pa.decimal128(18, 2)), landing_type(pa.int16()), landing_type(pa.time32("s"))
    ('decimal(18,2)', 'integer', 'string')
    """
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_uint64(kind):
        return "decimal(20,0)"
    if pa.types.is_integer(kind):
        return "integer"
    if pa.types.is_floating(kind):
        return "double"
    if pa.types.is_decimal(kind) and kind.precision <= 38:
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_date(kind):
        return "date"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    return "string"


def reflected_type(kind: sa.types.TypeEngine[Any]) -> str:
    """The metadata's word for a column of a database."""
    return landing_type(arrow_type(kind))


def column_type(kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> ColumnType:
    """The type of a database's column."""
    return ColumnType(reflected_type(kind), spelled_type(kind, dialect))


def file_type(kind: pa.DataType) -> ColumnType:
    """The type of a column of a file that has types of its own."""
    return ColumnType(landing_type(kind), str(kind))


def spelled_type(kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> str:
    """A column's type as its database spells it, without how texts are sorted."""
    plain = kind
    if getattr(kind, "collation", None) or getattr(kind, "charset", None):
        plain = kind.copy() if hasattr(kind, "copy") else kind
        for told in ("collation", "charset"):
            if hasattr(plain, told):
                setattr(plain, told, None)
    try:
        return str(plain.compile(dialect=dialect))
    except (sa.exc.CompileError, NotImplementedError):
        return type(kind).__name__.lower().removesuffix("type")
