"""The engine with empty databases: whether it takes a statement, and what types a query gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
from sqlglot import exp

from metadata.model.rule import kind_of
from transforms import HOLIDAYS, STAGING, WAREHOUSE, Columns, Statement
from transforms.statements import create_table, named

_KINDS = {
    "integer": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINY", "USMALL", "UBIG",
                "UINTEGER", "UHUGE"),
    "decimal": ("DECIMAL",),
    "double": ("DOUBLE", "FLOAT"),
    "boolean": ("BOOLEAN",),
    "timestamp": ("TIMESTAMP",),
    "date": ("DATE",),
    "span of time": ("INTERVAL",),
    "list": ("LIST", "STRUCT", "MAP"),
}  # fmt: skip
"""The engine's types by the metadata's words for them."""
NEVER: Mapping[str, frozenset[str]] = {
    "boolean": frozenset({"date", "timestamp"}),
    "date": frozenset({"integer", "decimal", "double", "boolean"}),
    "timestamp": frozenset({"integer", "decimal", "double", "boolean"}),
    "integer": frozenset({"date", "timestamp"}),
    "decimal": frozenset({"date", "timestamp", "boolean"}),
    "double": frozenset({"date", "timestamp", "boolean"}),
    "span of time": frozenset({"date", "timestamp", "integer", "decimal", "double", "boolean"}),
    "list": frozenset({"date", "timestamp", "integer", "decimal", "double", "boolean"}),
}
"""Kinds that an expression gives, and the kinds as which none of its values can be read."""


class Trying:
    """An engine of its own, in memory; nothing of a workspace is opened."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(":memory:", config={"threads": 1})
        for database in (STAGING, WAREHOUSE):
            name = exp.to_identifier(database, quoted=True)
            attach = exp.Attach(this=exp.alias_(exp.Literal.string(":memory:"), name))
            self._connection.execute(attach.sql(dialect="duckdb"))
        # As a table, since handing over Arrow brings pandas with it, which takes a second.
        days = {"date": exp.DataType.build("DATE"), "name": exp.DataType.build("VARCHAR")}
        none = exp.select(*(named(exp.cast(exp.null(), kind), name) for name, kind in days.items()))
        made = exp.Create(
            this=exp.to_table(HOLIDAYS),
            kind="TABLE",
            expression=none.where(exp.false()),
            properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
        )
        self._connection.execute(made.sql(dialect="duckdb"))

    def close(self) -> None:
        """Let go of the engine."""
        self._connection.close()

    def run(self, statements: Sequence[Statement]) -> str | None:
        """Run statements; why the engine refuses one, or None."""
        try:
            for statement in statements:
                self._connection.execute(statement.sql.sql(dialect="duckdb"))
        except duckdb.Error as error:
            return _reason(error)
        return None

    def nothing(self, name: str, columns: Columns) -> None:
        """Make a table of staging with one row that has no value in any column."""
        row = exp.select(
            *(
                named(exp.cast(exp.null(), exp.DataType.build(kind, dialect="duckdb")), column)
                for column, kind in columns.items()
            )
        )
        self._connection.execute(create_table(name, STAGING, row).sql(dialect="duckdb"))

    def tables(self, database: str) -> frozenset[str]:
        """The tables of a database."""
        query = (
            exp.select("table_name")
            .from_("duckdb_tables()")
            .where(exp.column("database_name").eq(exp.Literal.string(database)))
        )
        found = self._connection.execute(query.sql(dialect="duckdb")).fetchall()
        return frozenset(str(name) for (name,) in found)

    def use(self, database: str) -> None:
        """From now on names without a database are of this one."""
        self._connection.execute(exp.Use(this=exp.to_table(database)).sql(dialect="duckdb"))

    def rows(self, query: exp.Query) -> tuple[list[tuple[Any, ...]], str | None]:
        """The rows of a query; or why the engine refuses to compute it."""
        try:
            return self._connection.execute(query.sql(dialect="duckdb")).fetchall(), None
        except duckdb.Error as error:
            return [], _reason(error)

    def gives(self, query: exp.Query) -> tuple[dict[str, str], str | None]:
        """The engine's types of a query's columns; or why it refuses to compute it."""
        try:
            found = self._connection.execute(query.sql(dialect="duckdb"))
            found.fetchall()
        except duckdb.Error as error:
            return {}, _reason(error)
        return {str(name): str(kind) for name, kind, *_ in found.description or ()}, None


def misfit(made: str, wanted: str) -> str | None:
    """Why what the engine gives can never be read as a type of the metadata; None where it can."""
    never = kind_of(wanted) in NEVER.get(engine_kind(made), ())
    return gives(made) if never else None


def no_condition(made: str) -> str | None:
    """Why what the engine gives is no condition; None where it is one, or a number of 0 or 1."""
    is_one = engine_kind(made) in ("boolean", "integer") or "NULL" in made
    return None if is_one else gives(made)


def gives(made: str) -> str:
    """What an expression gives, as a sentence."""
    kind = engine_kind(made) or "text"
    return f"It gives {'an' if kind[0] in 'aeiou' else 'a'} {kind}."


def engine_kind(made: str) -> str:
    """The metadata's word for an engine's type; empty for texts and what has none.

    >>> engine_kind("DECIMAL(18,2)"), engine_kind("VARCHAR")
    ('decimal', '')
    """
    told = made.upper()
    if told.endswith("]"):
        return "list"
    return next((kind for kind, names in _KINDS.items() if told.startswith(names)), "")


def _reason(error: duckdb.Error) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith(("LINE ", " ", "Candidate"))]
    return " ".join(kept[:2]).partition("Candidate functions")[0].strip()
