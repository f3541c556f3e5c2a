"""What a table of the sample company is: its columns, keys and types, read from a small text.

The schema files describe a table as a page that reads like a table::

    household_id   int -> crm.household   the household this person lives in

A line is name, type and description, parted by two or more spaces. ``->`` names a reference that
holds in every row, ``~>`` one that the injected dirt breaks on purpose, and ``?`` after the type
allows NULL. Columns of the key are never NULL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite


@dataclass(frozen=True)
class Column:
    """One column: ``type`` is portable (``int``, ``text(40)``, ``money``, ``timestamp``, ...)."""

    name: str
    type: str
    description: str
    nullable: bool = False
    references: str | None = None
    enforced: bool = False

    @property
    def sql_type(self) -> sa.types.TypeEngine[Any]:
        """The type in a database; SQLAlchemy spells it for each dialect."""
        kind, _, size = self.type.partition("(")
        sizes = [int(n) for n in size.rstrip(")").split(",") if n]
        length = sizes[0] if sizes else None
        match kind:
            case "text":
                return sa.String(length)
            case "char":
                return sa.CHAR(length)
            case "money":
                return sa.DECIMAL(12, 2)
            case "decimal":
                return sa.DECIMAL(precision=sizes[0], scale=sizes[1])
            case "int":
                return sa.Integer()
            case "bigint":
                return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
            case "double":
                return sa.Double()
            case "bool":
                return sa.Boolean()
            case "date":
                return sa.Date()
            case "timestamp":
                # Without this, rows written later would show microseconds and sort after others.
                short = sqlite.DATETIME(truncate_microseconds=True)  # type: ignore[no-untyped-call]
                return sa.DateTime().with_variant(short, "sqlite")
            case _:
                raise ValueError(f"{self.name}: no SQL type for {self.type!r}")

    @property
    def arrow_type(self) -> pa.DataType:
        """The type of this column in the generated tables."""
        kind, _, size = self.type.partition("(")
        match kind:
            case "text" | "char":
                return pa.string()
            case "money":
                return pa.decimal128(12, 2)
            case "decimal":
                precision, scale = size.rstrip(")").split(",")
                return pa.decimal128(int(precision), int(scale))
            case "int":
                return pa.int32()
            case "bigint":
                return pa.int64()
            case "double":
                return pa.float64()
            case "bool":
                return pa.bool_()
            case "date":
                return pa.date32()
            case "timestamp":
                return pa.timestamp("s")
            case _:
                raise ValueError(f"{self.name}: no Arrow type for {self.type!r}")


@dataclass(frozen=True)
class Table:
    """One table of a source system; ``files`` is its glob when the source is a folder."""

    source: str
    name: str
    description: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    cursor: str | None
    files: str | None = None

    @property
    def full_name(self) -> str:
        """``source.table``."""
        return f"{self.source}.{self.name}"

    @property
    def foreign_keys(self) -> dict[str, str]:
        """Column to the ``source.table`` it refers to, enforced or not."""
        return {c.name: c.references for c in self.columns if c.references}

    @property
    def arrow_schema(self) -> pa.Schema:
        """Names and types of the generated rows, in order."""
        return pa.schema([(c.name, c.arrow_type) for c in self.columns])

    def column(self, name: str) -> Column:
        """The column of this name."""
        return next(c for c in self.columns if c.name == name)


_TYPE = re.compile(r"(?P<type>\S+?)(?P<null>\?)?(?:\s+(?P<arrow>->|~>)\s+(?P<target>\S+))?$")


def define(name: str, description: str, key: str, page: str, files: str | None = None) -> Table:
    """A table from its page of columns; ``updated_at`` is the cursor where there is one."""
    primary_key = tuple(key.split())
    columns = tuple(_column(line, primary_key) for line in page.strip().splitlines())
    cursor = "updated_at" if any(c.name == "updated_at" for c in columns) else None
    missing = set(primary_key) - {c.name for c in columns}
    if missing:
        raise ValueError(f"{name}: the key names no column: {sorted(missing)}")
    source, table = name.split(".")
    return Table(source, table, description, columns, primary_key, cursor, files)


def _column(line: str, primary_key: tuple[str, ...]) -> Column:
    name, kind, description = re.split(r"\s{2,}", line.strip(), maxsplit=2)
    found = _TYPE.match(kind)
    if not found:
        raise ValueError(f"not a column: {line!r}")
    return Column(
        name,
        found["type"],
        description,
        nullable=bool(found["null"]) and name not in primary_key,
        references=found["target"],
        enforced=found["arrow"] == "->",
    )
