"""Statements as values: what to run, and what it is for. Only an engine runs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from metadata.errors import Location

STAGING, WAREHOUSE = "staging", "warehouse"
UNKNOWN_KEY = -1
FIRST_DAY, LAST_DAY = "1900-01-01 00:00:00", "9999-12-31 00:00:00"
Columns = Mapping[str, str]
"""Column name to the engine's type text."""

_TYPES = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}


@dataclass(frozen=True)
class Statement:
    """One statement and, in a few words, its purpose."""

    sql: exp.Expr
    purpose: str


@dataclass(frozen=True)
class Audit:
    """A check of the build: a query whose single column `failures` must be zero."""

    name: str
    description: str
    sql: exp.Query
    severity: Literal["stop", "warn"]
    table: str
    words: str = "{count:,} do not."
    """What is said of the failures."""
    where: Location | None = None
    """Where it is written, if people wrote it."""


def data_type(column_type: str) -> exp.DataType:
    """A metadata column type as a SQL type."""
    return exp.DataType.build(_TYPES.get(column_type, column_type), dialect="duckdb")


def column(name: str, table: str | None = None) -> exp.Column:
    """A quoted column reference."""
    return exp.column(exp.to_identifier(name, quoted=True), table=_quoted(table))


def table(name: str, database: str, alias: str | None = None) -> exp.Expr:
    """A quoted table of one of the two databases."""
    return exp.Table(
        this=exp.to_identifier(name, quoted=True),
        db=exp.to_identifier(database, quoted=True),
        alias=exp.TableAlias(this=_quoted(alias)) if alias else None,
    )


def named(value: exp.Expr, name: str) -> exp.Expr:
    """An output column."""
    return exp.alias_(value, exp.to_identifier(name, quoted=True))


def _quoted(name: str | None) -> exp.Identifier | None:
    return exp.to_identifier(name, quoted=True) if name else None


def text(value: str) -> exp.Literal:
    """A text literal."""
    return exp.Literal.string(value)


def number(value: int) -> exp.Expr:
    """A whole number."""
    return exp.Literal.number(value) if value >= 0 else exp.Neg(this=exp.Literal.number(-value))


def literal(value: str | int | float | bool | None) -> exp.Expr:
    """A value of metadata as a literal; never as text that is parsed."""
    return exp.convert(value)


def call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    """A function by the engine's own name."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def create_table(name: str, database: str, query: exp.Query, *, replace: bool = True) -> exp.Create:
    """CREATE OR REPLACE TABLE ... AS."""
    return exp.Create(this=table(name, database), kind="TABLE", replace=replace, expression=query)


def create_view(name: str, database: str, query: exp.Query) -> exp.Create:
    """CREATE OR REPLACE VIEW ... AS."""
    return exp.Create(this=table(name, database), kind="VIEW", replace=True, expression=query)


def all_of(conditions: Iterable[exp.Expr]) -> exp.Expr:
    """Conditions joined by AND; true when there are none."""
    found = [exp.paren(condition.copy()) for condition in conditions]
    return exp.and_(*found) if found else exp.true()


def row_number(partition: Sequence[exp.Expr], order: Sequence[exp.Expr]) -> exp.Window:
    """ROW_NUMBER() within a partition."""
    return exp.Window(
        this=exp.RowNumber(),
        partition_by=list(partition),
        order=exp.Order(expressions=list(order)) if order else None,
    )


def ordered(value: exp.Expr, *, descending: bool = False) -> exp.Ordered:
    """A sort key with missing values last, so that an order is total in every engine."""
    return exp.Ordered(this=value, desc=descending, nulls_first=False)
