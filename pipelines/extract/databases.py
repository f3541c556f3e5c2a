"""Reading databases: ADBC where it has a driver (PostgreSQL), else a streamed SQLAlchemy cursor.

Only SELECTs over reflected tables are sent; identifiers are quoted and values typed by SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property
from typing import Any

import adbc_driver_manager
import pyarrow as pa
import sqlalchemy as sa
import sqlglot
from sqlalchemy.dialects import mysql
from sqlalchemy.types import NullType

from metadata.errors import Location, UserError, did_you_mean
from metadata.expressions import parse_expression
from metadata.model.source import SourceTable
from pipelines.connect import Database
from pipelines.extract.columns import arrow_array, arrow_type
from pipelines.extract.driver_errors import explained
from pipelines.extract.reading import Reading, plain_batches, plain_schema

CHUNK = 20_000
LONGEST = 256
"""Of longer values a sample holds only the beginning."""
_CUTTING = ("postgresql", "mysql", "sqlite", "oracle")
"""Dialects that know SUBSTR."""
_MONEY = sa.Numeric(19, 2)
_ENDS = {
    False: ("0001-01-01", "9999-12-31"),
    True: ("0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"),
}
"""What stands for minus and plus infinity, for days (False) and for moments (True)."""
_TIMEOUT_SECONDS = 15


class DatabaseReader:
    """One source database for the time of one run."""

    def __init__(
        self, database: Database, where: Location, *, seconds: float | None = None
    ) -> None:
        """Make ready to read.

        Args:
            database: the source.
            where: the place of its address.
            seconds: how long a statement may take, where the database can be told; without end if
                none are given.

        Raises:
            UserError: the driver of the address is not installed.
        """
        self._database = database
        self._where = where
        self._seconds = seconds
        options: dict[str, Any] = {}
        if database.dialect in ("postgresql", "mysql"):
            options["connect_args"] = self._limits()
        try:
            self._engine = sa.create_engine(database.url, **options)
        except ModuleNotFoundError as error:
            raise UserError(
                f"The driver '{error.name}' of the source is not installed.",
                where=where,
                why=f"{database.shown} needs it.",
                fix="Install it into the environment that Rapport runs in.",
            ) from None
        self._tables: dict[str, sa.Table] = {}
        self._names: dict[str, list[str]] = {}
        self._adbc: Any = None

    def _limits(self) -> dict[str, Any]:
        """How long connecting and, where it is limited, a statement may take."""
        limits: dict[str, Any] = {"connect_timeout": _TIMEOUT_SECONDS}
        if self._seconds is not None:
            limits["connect_timeout"] = max(1, min(_TIMEOUT_SECONDS, int(self._seconds)))
            if self._database.dialect == "mysql":
                limits |= dict.fromkeys(
                    ("read_timeout", "write_timeout"), max(1, int(self._seconds))
                )
            elif "options" not in self._database.url.query:
                limits["options"] = f"-c statement_timeout={int(self._seconds * 1000)}"
        return limits

    @property
    def engine(self) -> sa.Engine:
        """The database, for what is asked of its catalogue."""
        return self._engine

    def close(self) -> None:
        """Let go of the connections."""
        self._engine.dispose()
        if self._adbc is not None:
            self._adbc.close()
            self._adbc = None

    def table(self, name: str, where: Location) -> sa.Table:
        """A reflected table.

        Raises:
            UserError: the database cannot be reached, or has no such table.
        """
        if name not in self._tables:
            schema, _, plain = name.rpartition(".")
            schema = schema or self._database.schema or ""
            with self.told(where):
                known = self._known(schema)
                if plain not in known:
                    raise UserError(
                        f"The source has no table '{name}'.",
                        where=where,
                        why=f"Looked in {self._database.shown}.",
                        fix=did_you_mean(plain, known),
                    )
                found = self._inspector.get_columns(plain, schema or None)
                columns = [sa.Column(each["name"], each["type"]) for each in found]
                self._tables[name] = sa.Table(
                    plain, sa.MetaData(), *columns, schema=schema or None, quote=True
                )
        return self._tables[name]

    @cached_property
    def _inspector(self) -> sa.Inspector:
        # It remembers what it has read: one question for the names of all tables.
        return sa.inspect(self._engine)

    def _known(self, schema: str) -> list[str]:
        """Tables and views, of whatever kind the database has."""
        if schema in self._names:
            return self._names[schema]
        inspector = self._inspector
        names = [
            *inspector.get_table_names(schema or None),
            *inspector.get_view_names(schema or None),
        ]
        if self._database.dialect == "postgresql":
            names += inspector.get_materialized_view_names(schema or None)
            names += inspector.get_foreign_table_names(schema or None)
        self._names[schema] = names
        return names

    def read(
        self,
        table: sa.Table,
        columns: Sequence[str],
        settings: SourceTable,
        since: object | None,
        as_text: frozenset[str],
    ) -> Reading:
        """Rows of a table, those past `since` where it is given."""
        query = self._query(table, columns, settings, since, as_text)
        return self._stream(query, table, columns, as_text)

    def sample(
        self,
        table: sa.Table,
        columns: Sequence[str],
        rows: int,
        as_text: frozenset[str],
        *,
        every: int = 1,
        key: str | None = None,
    ) -> Reading:
        """Some rows of a table, so many at the most; of long values only the beginning.

        Args:
            table: the table.
            columns: the columns to read.
            rows: rows at the most.
            as_text: columns that are read as texts.
            every: one of so many rows is wanted, from all over the table; the first ones where
                the database cannot give them.
            key: a column of whole numbers that identifies a row, if there is one.
        """
        drawn, condition = self._drawn(table, every, key)
        query = sa.select(
            *(self._beginning(drawn.c[name], name in as_text).label(name) for name in columns)
        ).limit(rows)
        if condition is not None:
            query = query.where(condition)
        return self._stream(query, table, columns, as_text)

    def _drawn(
        self, table: sa.Table, every: int, key: str | None
    ) -> tuple[sa.FromClause, sa.ColumnElement[bool] | None]:
        """Where one row of so many is found without sorting them all, and how."""
        if every > 1 and self._database.dialect == "postgresql":
            # Whole pages are drawn, so that little of the table is read.
            share = sa.func.system(100 / every)
            return sa.tablesample(table, share, seed=sa.literal(1)), None
        if every > 1 and self._database.dialect == "sqlite":
            return table, sa.literal_column("rowid") % every == 0
        if every > 1 and key is not None:
            return table, table.c[key] % every == 0
        return table, None

    def _stream(
        self,
        query: sa.Select[Any],
        table: sa.Table,
        columns: Sequence[str],
        as_text: frozenset[str],
    ) -> Reading:
        kinds = {
            name: pa.string() if name in as_text else arrow_type(table.c[name].type)
            for name in columns
        }
        if self._database.dialect == "postgresql":
            return self._through_adbc(query, kinds)
        schema = pa.schema(list(kinds.items()))
        if self._database.dialect == "mysql" and self._plain_address():
            return Reading(schema, self._through_connectorx(query, schema))
        return Reading(schema, self._through_cursor(query, schema))

    def _query(
        self,
        table: sa.Table,
        columns: Sequence[str],
        settings: SourceTable,
        since: object | None,
        as_text: frozenset[str],
    ) -> sa.Select[Any]:
        query = sa.select(
            *(self._selected(table.c[name], name in as_text).label(name) for name in columns)
        )
        if since is not None and settings.cursor:
            cursor = table.c[settings.cursor]
            query = query.where(sa.or_(self._reached(cursor, since), cursor.is_(None)))
        if settings.where:
            query = query.where(self._declared_filter(settings.where))
        return query

    def _selected(self, column: sa.Column[Any], as_text: bool) -> sa.ColumnElement[Any]:
        """A column as it is asked for, so that what comes has a plain Arrow form."""
        kind, dialect = column.type, self._database.dialect
        if dialect == "sqlite":
            # SQLite holds what was put in, whatever the column says: take it as it is.
            return sa.cast(column, sa.Text) if as_text else sa.type_coerce(column, NullType())
        if as_text:
            return sa.cast(column, sa.Text)
        match type(kind).__name__:
            case "BIT" if dialect == "mysql":
                return sa.cast(column, sa.Integer)
            case "MONEY":
                return sa.cast(column, _MONEY)
        if _is_strange(kind) or (dialect == "mysql" and _is_touchy(kind)):
            return sa.cast(column, sa.Text)
        if dialect == "postgresql" and isinstance(kind, sa.Date | sa.DateTime):
            # Arrow knows no infinity; what it would make of it is a wrong day.
            first, last = _ENDS[isinstance(kind, sa.DateTime)]
            return sa.case(
                (column == _moment("infinity", kind), _moment(last, kind)),
                (column == _moment("-infinity", kind), _moment(first, kind)),
                else_=column,
            )
        return column

    def _beginning(self, column: sa.Column[Any], as_text: bool) -> sa.ColumnElement[Any]:
        """A column as it is asked for; a value that may be of any length is cut."""
        selected, kind = self._selected(column, as_text), column.type
        short = isinstance(kind, sa.String) and kind.length is not None and kind.length <= LONGEST
        endless = isinstance(kind, sa.String | sa.LargeBinary) or _is_strange(kind)
        # What is asked for as a number has no beginning: money, bits of MySQL.
        endless = endless and not isinstance(selected.type, sa.Numeric | sa.Integer)
        if endless and not short and self._database.dialect in _CUTTING:
            return sa.func.substr(selected, 1, LONGEST)
        return selected

    def _reached(self, cursor: sa.Column[Any], since: object) -> sa.ColumnElement[bool]:
        if self._database.dialect != "sqlite":
            return cursor >= since
        # Moments are texts there, with or without fractions of a second: the short form is the
        # smaller one, so that no row is missed.
        bare = sa.type_coerce(cursor, NullType())
        if isinstance(since, datetime):
            return bare >= sa.literal(since.replace(microsecond=0).isoformat(" "))
        if isinstance(since, date):
            return bare >= sa.literal(since.isoformat())
        return bare >= sa.literal(since if isinstance(since, int | float | str) else str(since))

    def _declared_filter(self, text: str) -> sa.TextClause:
        dialect = {"postgresql": "postgres"}.get(self._database.dialect, self._database.dialect)
        known = sqlglot.Dialect.get(dialect)
        rendered = parse_expression(text).sql(dialect=dialect if known else "")
        return sa.text(rendered.replace(":", "\\:"))

    def _through_adbc(self, query: sa.Select[Any], kinds: dict[str, pa.DataType]) -> Reading:
        cursor = self._adbc_connection().cursor()
        cursor.execute(self._text(query))
        reader = cursor.fetch_record_batch()
        schema = plain_schema(reader.schema)
        for position, (name, kind) in enumerate(kinds.items()):
            if pa.types.is_decimal(kind):
                schema = schema.set(position, pa.field(name, kind))

        def batches() -> Iterator[pa.RecordBatch]:
            try:
                yield from plain_batches(reader, schema)
            finally:
                cursor.close()

        return Reading(schema, batches())

    def _adbc_connection(self) -> Any:
        """The one connection; it first learns all types of the database, which takes a while."""
        if self._adbc is None:
            # Brings pandas with it, which takes a second that other sources need not wait for.
            import adbc_driver_postgresql.dbapi as adbc

            address = self._database.url.set(drivername="postgresql")
            # Each statement for itself: no transaction stays open, nor broken after an error.
            self._adbc = adbc.connect(
                address.render_as_string(hide_password=False), autocommit=True
            )
            if self._seconds is not None:
                with self._adbc.cursor() as cursor:
                    cursor.execute(f"SET statement_timeout = {int(self._seconds * 1000)}")
        return self._adbc

    def _plain_address(self) -> bool:
        """Whether the address says nothing that only one driver understands."""
        return bool(self._database.url.host) and set(self._database.url.query) <= {"charset"}

    def _through_connectorx(
        self, query: sa.Select[Any], schema: pa.Schema
    ) -> Iterator[pa.RecordBatch]:
        """Ten times as fast as a cursor of Python; days and amounts come as texts and are cast."""
        import connectorx

        address = self._database.url.set(drivername="mysql", query={})
        batches = connectorx.read_sql(
            address.render_as_string(hide_password=False),
            self._text(query),
            return_type="arrow_stream",
            batch_size=CHUNK,
            pre_execution_query=self._limit_of_statements(),
        )
        yield from plain_batches(batches, schema)

    def _limit_of_statements(self) -> str | None:
        """What tells MySQL, or MariaDB in its own words, how long a statement may take."""
        if self._seconds is None:
            return None
        if getattr(self._engine.dialect, "is_mariadb", False):
            return f"SET SESSION max_statement_time = {self._seconds:.3f}"
        return f"SET SESSION max_execution_time = {int(self._seconds * 1000)}"

    def _text(self, query: sa.Select[Any]) -> str:
        """The query with its values written out, for drivers that take no parameters."""
        compiled = query.compile(self._engine, compile_kwargs={"literal_binds": True})
        return str(compiled).replace("%%", "%")

    def _through_cursor(self, query: sa.Select[Any], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        options = {"stream_results": True, "max_row_buffer": CHUNK}
        with self._engine.connect().execution_options(**options) as connection:
            result = connection.execute(query)
            while rows := result.fetchmany(CHUNK):
                columns = list(zip(*rows, strict=True))
                arrays = [arrow_array(c, f) for c, f in zip(columns, schema, strict=True)]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    @contextmanager
    def told(self, where: Location) -> Iterator[None]:
        """Drivers' errors as messages a person can act on, without the password."""
        try:
            yield
        # ConnectorX has no exceptions of its own.
        except (sa.exc.SQLAlchemyError, adbc_driver_manager.Error, RuntimeError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            # What fails while rows are coming is an OSError of Arrow, without a number.
            cause = getattr(error, "orig", None) or error
            reason = self._database.scrub(str(cause)).strip().splitlines()
            raise explained(
                " ".join(reason[:2]), self._database.shown, self._where, where
            ) from None


def _moment(text: str, kind: sa.types.TypeEngine[Any]) -> sa.Cast[Any]:
    return sa.cast(sa.literal(text, sa.Text), kind)


def _is_strange(kind: sa.types.TypeEngine[Any]) -> bool:
    """Types that have no plain Arrow form and are read as the text the database makes of them."""
    plain = (sa.Boolean, sa.Integer, sa.Numeric, sa.Date, sa.DateTime, sa.LargeBinary, sa.String)
    # A SET calls itself a string, but comes as a Python set.
    return not isinstance(kind, plain) or isinstance(kind, sa.Enum | mysql.SET)


def _is_touchy(kind: sa.types.TypeEngine[Any]) -> bool:
    """Types whose values MySQL allows more of than its drivers do, such as the day 0000-00-00."""
    amount = isinstance(kind, sa.Numeric) and not isinstance(kind, sa.Float)
    return amount or isinstance(kind, sa.Date | sa.DateTime)
