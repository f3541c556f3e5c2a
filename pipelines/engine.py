"""Where statements run: one DuckDB process with the two databases of the build attached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa
from sqlglot import exp

from metadata.errors import InternalError, UserError
from pipelines.storage import Storage
from transforms import STAGING, WAREHOUSE, Columns, Statement


class StatementFailed(Exception):
    """The engine refused a statement; the caller knows which definition it came from."""

    def __init__(self, purpose: str, reason: str) -> None:
        super().__init__(f"{purpose}: {reason}")
        self.purpose = purpose
        self.reason = reason


class Engine(Protocol):
    """A place that runs statements: a connection, a dialect, and what it can do."""

    dialect: str

    def render(self, sql: exp.Expr) -> str:
        """The statement as text of this engine's dialect."""

    def run(self, statement: Statement) -> None:
        """Run a statement for its effect.

        Raises:
            StatementFailed: the engine refuses it.
        """

    def rows(self, query: exp.Query) -> list[tuple[Any, ...]]:
        """The rows of a query.

        Raises:
            StatementFailed: the engine refuses it.
        """

    def columns(self, database: str, table: str) -> Columns | None:
        """Columns and types of a table, or None when there is no such table."""


class DuckDBEngine:
    """The embedded engine; one at a time per workspace, as DuckDB locks its files."""

    dialect = "duckdb"

    def __init__(self, storage: Storage, time_zone: str, *, memory_limit: str = "") -> None:
        storage.build.mkdir(parents=True, exist_ok=True)
        settings: dict[str, Any] = {
            "temp_directory": str(storage.temporary),
            "preserve_insertion_order": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        if memory_limit:
            settings["memory_limit"] = memory_limit
        self._connection = duckdb.connect(":memory:", config=settings)
        for database, path in (
            (STAGING, storage.staging_database),
            (WAREHOUSE, storage.warehouse_database),
        ):
            self._attach(database, path)
        zone = exp.Set(
            expressions=[
                exp.SetItem(
                    this=exp.EQ(
                        this=exp.to_identifier("TimeZone"), expression=exp.Literal.string(time_zone)
                    )
                )
            ]
        )
        self._connection.execute(self.render(zone))

    def _attach(self, database: str, path: Path) -> None:
        attach = exp.Attach(
            this=exp.alias_(exp.Literal.string(str(path)), exp.to_identifier(database, quoted=True))
        )
        try:
            self._connection.execute(self.render(attach))
        except duckdb.Error as error:
            self._connection.close()
            raise UserError(
                f"The build database {path.name} cannot be opened.",
                why=_first_lines(error),
                fix="Close the program that has it open. If the file is damaged, remove it: staging"
                " is made again from the landing zone, the warehouse from the published version.",
            ) from None

    def close(self) -> None:
        """Let go of the files."""
        self._connection.close()

    def render(self, sql: exp.Expr) -> str:
        """The statement as DuckDB text."""
        return sql.sql(dialect=self.dialect)

    def run(self, statement: Statement) -> None:
        """Run a statement for its effect."""
        try:
            self._connection.execute(self.render(statement.sql))
        except duckdb.Error as error:
            raise StatementFailed(statement.purpose, _first_lines(error)) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements within take effect together, or none does."""
        self._connection.begin()
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        try:
            self._connection.commit()
        except duckdb.Error as error:
            raise StatementFailed("write the step to disk", _first_lines(error)) from error

    def rows(self, query: exp.Query) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        try:
            return self._connection.execute(self.render(query)).fetchall()
        except duckdb.Error as error:
            raise StatementFailed("count what was loaded", _first_lines(error)) from error

    def arrow(self, query: exp.Query) -> pa.Table:
        """The rows of a query as an Arrow table."""
        return self._connection.sql(self.render(query)).to_arrow_table()

    def columns(self, database: str, table: str) -> Columns | None:
        """Columns and types of a table or view, or None when there is none."""
        query = (
            exp.select("column_name", "data_type")
            .from_("duckdb_columns()")
            .where(
                exp.column("database_name").eq(exp.Literal.string(database)),
                exp.column("table_name").eq(exp.Literal.string(table)),
            )
            .order_by("column_index")
        )
        found = dict(self.rows(query))
        return found or None

    def file_columns(self, paths: Sequence[Path]) -> dict[str, str]:
        """Columns and types of Parquet files read as one; a column's type holds all its values.

        Raises:
            UserError: a file is damaged, or gone.
        """
        listed = exp.Array(expressions=[exp.Literal.string(str(path)) for path in paths])
        union = exp.PropertyEQ(this=exp.to_identifier("union_by_name"), expression=exp.true())
        reader = exp.Anonymous(this="read_parquet", expressions=[listed, union])
        query = exp.select("*").from_(exp.Table(this=reader))
        try:
            described = self._connection.execute(self.render(exp.Describe(this=query))).fetchall()
        except (duckdb.InvalidInputException, duckdb.IOException) as error:
            table = "/".join(paths[0].parts[-3:-1])
            raise UserError(
                f"What has landed of {table} cannot be read.",
                why=str(error).splitlines()[0],
                fix="Bring the file back from a copy; or delete it, and read the table anew with"
                " `rapport run --full`.",
            ) from None
        return {name: kind for name, kind, *_ in described}

    def provide(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable under a name."""
        self._connection.register(name, table)

    def checkpoint(self, database: str) -> None:
        """Write everything of a database into its one file."""
        if database not in (STAGING, WAREHOUSE):
            raise InternalError(f"no database {database}")
        try:
            self._connection.execute(f"CHECKPOINT {database}")
        except duckdb.Error as error:
            raise StatementFailed("write the warehouse to disk", _first_lines(error)) from error


def _first_lines(error: duckdb.Error, most: int = 3) -> str:
    """DuckDB's message without the statement that it repeats."""
    lines: Sequence[str] = [line for line in str(error).splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith(("LINE ", " ", "Candidate"))]
    return " ".join(kept[:most])
