"""Landed rows to try rules on: a bounded sample of each table, kept in memory.

The engine is an empty database of this process. It may read files of the landing zone and nothing
else, whatever a statement says.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Timer
from typing import Any

import duckdb
import pyarrow.parquet as pq
from sqlglot import exp

from metadata import Repository
from metadata.errors import UserError
from metadata.repository import ResolvedMapping
from pipelines.control import Control
from pipelines.engine import StatementFailed
from pipelines.lock import reading
from pipelines.storage import Storage
from transforms import STAGING, Columns, landed_name, landed_view
from transforms.landing import BATCH, DELETED, EXTRACTED, ROW, TECHNICAL
from transforms.raw import landed_table
from transforms.statements import column, literal, number, table, text

MOST_ROWS = 20_000
"""Rows that rules are tried on: enough to meet what is rare, few enough to try while one types."""
_READ_WHOLE = 400_000
"""Landed rows up to which the sample is drawn from all of them."""
_STRETCHES = 16
_TABLES_KEPT = 12
_DIALECT = "duckdb"


@dataclass(frozen=True)
class Landed:
    """A table of the landing zone and the rows of it that are at hand."""

    name: str
    """As `source.table`."""
    columns: Columns
    rows: int
    """Landed rows, those that newer ones replace included."""
    batches: int
    newest: datetime | None
    looked_at: int
    whole: bool
    """Whether the sample is every row that counts."""
    sample: str
    """Its table in the staging database."""


class TooSlow(UserError):
    """The rows could not be tried in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            "Trying this on real rows takes too long.",
            why=f"It was stopped after {seconds:.0f} seconds.",
            fix="Simplify the expression or the join, or apply the change without a preview.",
        )


class Samples:
    """Samples of a workspace's landed tables; for one thread at a time."""

    def __init__(self, repository: Repository) -> None:
        self._storage = Storage(repository.storage)
        self._kept: OrderedDict[tuple[Any, ...], Landed] = OrderedDict()
        self._made = 0
        self._connection = duckdb.connect(":memory:", config=_SETTINGS)
        self._execute("ATTACH ':memory:' AS staging")
        self._set("TimeZone", repository.workspace.time_zone)
        self._set("allowed_directories", [str(self._storage.landing) + "/"])
        self._set("enable_external_access", False)
        self._set("lock_configuration", True)

    def close(self) -> None:
        """Let go of the memory."""
        self._connection.close()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Stop what runs inside when its time is up; no batch is removed meanwhile.

        Raises:
            TooSlow: it was stopped.
        """
        timer = Timer(seconds, self._connection.interrupt)
        timer.daemon = True
        timer.start()
        try:
            with reading(self._storage.readers):
                yield
        except duckdb.InterruptException:
            raise TooSlow(seconds) from None
        finally:
            timer.cancel()

    def interrupt(self) -> None:
        """Stop what runs now; from another thread."""
        self._connection.interrupt()

    def rows(self, query: exp.Query, purpose: str) -> list[tuple[Any, ...]]:
        """The rows of a query.

        Raises:
            StatementFailed: the engine refuses it.
        """
        return self._run(query, purpose).fetchall()

    def arrow(self, query: exp.Query) -> Any:
        """The rows of a query as an Arrow table."""
        return self._connection.sql(query.sql(_DIALECT)).to_arrow_table()

    def keep(self, name: str, query: exp.Query, purpose: str) -> None:
        """Make a table of the staging database from a query.

        Raises:
            StatementFailed: the engine refuses it.
        """
        create = exp.Create(this=table(name, STAGING), kind="TABLE", replace=True, expression=query)
        self._run(create, purpose)

    def landed(self, repository: Repository, name: str) -> Landed | None:
        """A table with its sample; None where nothing of it has landed."""
        source, _, own = name.partition(".")
        if source not in repository.sources or own not in repository.sources[source].value.tables:
            return None
        settings = repository.source_table(source, own)
        files = self._files(source, own)
        if not files:
            return None
        identity = (name, settings.primary_key, *(file.name for file in files))
        if identity in self._kept:
            self._kept.move_to_end(identity)
            return self._kept[identity]
        found = self._drawn(repository, source, own, files)
        self._kept[identity] = found
        while len(self._kept) > _TABLES_KEPT:
            _, old = self._kept.popitem(last=False)
            drop = exp.Drop(this=table(old.sample, STAGING), kind="TABLE", exists=True)
            self._run(drop, "forget a sample")
        return found

    def reading(self, repository: Repository, mapping: ResolvedMapping) -> Any:
        """Names what a mapping reads: the sample as its driving table, what it joins in full."""
        driver = self.landed(repository, mapping.definition.from_)

        def named(of: ResolvedMapping, alias: str) -> str:
            return driver.sample if driver is not None and not alias else landed_table(of, alias)

        return named

    def _files(self, source: str, own: str) -> list[Path]:
        if not self._storage.control.is_file():
            return []
        control = Control(self._storage)
        try:
            found = control.current_files(self._storage, source, own)
        finally:
            control.close()
        return [file for file in found if file.is_file()]

    def _drawn(
        self, repository: Repository, source: str, own: str, files: Sequence[Path]
    ) -> Landed:
        columns = self._file_columns(files)
        kinds = {name: kind for name, kind in columns.items() if name not in TECHNICAL}
        settings = repository.source_table(source, own)
        counts = {file: pq.read_metadata(file).num_rows for file in files}
        (view,) = landed_view(source, own, settings, [str(file) for file in files], kinds)
        self._run(view.sql, "read the landed rows")
        self._made += 1
        name = f"sample_{self._made}"
        total = sum(counts.values())
        if total <= _READ_WHOLE:
            every = exp.select(exp.Star()).from_(table(landed_name(source, own), STAGING))
            self.keep(name, _reservoir(every), "draw a sample")
        else:
            rows = _stretches(counts, settings.primary_key, kinds)
            self.keep(name, rows, "draw a sample")
        counted = exp.select(exp.Count(this=exp.Star())).from_(table(name, STAGING))
        looked_at = int(self.rows(counted, "count the sample")[0][0])
        last = exp.select(exp.Max(this=column(EXTRACTED))).from_(_parquet([str(files[-1])]))
        moment = self.rows(last, "see how old the rows are")[0][0]
        return Landed(
            f"{source}.{own}", kinds, total, len(files), moment, looked_at,
            total <= _READ_WHOLE and looked_at < MOST_ROWS, name,
        )  # fmt: skip

    def _file_columns(self, files: Sequence[Path]) -> dict[str, str]:
        query = exp.select("*").from_(_parquet([str(file) for file in files]))
        return {name: kind for name, kind, *_ in self._run(exp.Describe(this=query), "").fetchall()}

    def _run(self, statement: exp.Expr, purpose: str) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(statement.sql(_DIALECT, copy=False))
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            kept = [
                line for line in str(error).splitlines()
                if line.strip() and not line.startswith(("LINE ", " ", "Candidate"))
            ]  # fmt: skip
            raise StatementFailed(purpose, " ".join(kept[:3])) from error

    def _execute(self, statement: str) -> None:
        self._connection.execute(statement)

    def _set(self, name: str, value: str | bool | list[str]) -> None:
        shown = (
            exp.Array(expressions=[text(each) for each in value])
            if isinstance(value, list)
            else literal(value)
        )
        item = exp.SetItem(this=exp.EQ(this=exp.to_identifier(name), expression=shown))
        self._connection.execute(exp.Set(expressions=[item]).sql(_DIALECT))


_SETTINGS: Mapping[str, Any] = {
    "threads": 2,
    "memory_limit": "2GB",
    "preserve_insertion_order": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def _reservoir(query: exp.Select) -> exp.Select:
    """Some of the rows, the same ones each time."""
    order = exp.Anonymous(this="hash", expressions=[column(BATCH), column(ROW)])
    return query.order_by(order).limit(MOST_ROWS)


def _stretches(counts: Mapping[Path, int], keys: Sequence[str], kinds: Columns) -> exp.Select:
    """Stretches of rows from all over the largest files and the newest one, those that count now.

    Rows are numbered within their file, so that a stretch is read without the rest of it.
    """
    files = list(counts)
    largest = sorted(files, key=lambda file: counts[file], reverse=True)[:4]
    chosen = [file for file in files if file in {*largest, files[-1]}]
    total = sum(counts[file] for file in chosen)
    parts: list[exp.Select] = []
    for file in chosen:
        wanted = max(200, MOST_ROWS * counts[file] // total)
        pieces = min(_STRETCHES, max(1, counts[file] // 2000))
        length = max(1, min(wanted, counts[file]) // pieces)
        for piece in range(pieces):
            start = counts[file] * piece // pieces + 1
            within = exp.Between(
                this=column(ROW), low=number(start), high=number(start + length - 1)
            )
            parts.append(exp.select(exp.Star()).from_(_parquet([str(file)])).where(within))
    query: exp.Query = parts[0]
    for part in parts[1:]:
        query = exp.union(query, part, distinct=False)
    names = [*kinds, *TECHNICAL]
    rows = exp.select(*(column(name, "drawn") for name in names)).from_(_by_name(query, "drawn"))
    if keys and len(files) > 1:
        newer = exp.select(*(column(key) for key in keys), column(BATCH)).from_(
            _parquet([str(file) for file in files])
        )
        same = [column(key, "newer").eq(column(key, "drawn")) for key in keys]
        later = exp.GT(this=column(BATCH, "newer"), expression=column(BATCH, "drawn"))
        rows = rows.join(newer.subquery("newer"), on=exp.and_(*same, later), join_type="anti")
    deleted = exp.func("COALESCE", column(DELETED, "drawn"), exp.false())
    return rows.where(exp.not_(deleted)).limit(MOST_ROWS)


def _by_name(query: exp.Query, alias: str) -> exp.Expr:
    for union in query.find_all(exp.Union):
        union.set("by_name", True)
    return query.subquery(alias)


def _parquet(files: Sequence[str]) -> exp.Expr:
    options = exp.PropertyEQ(this=exp.to_identifier("union_by_name"), expression=exp.true())
    listed = exp.Array(expressions=[text(file) for file in files])
    return exp.Table(this=exp.Anonymous(this="read_parquet", expressions=[listed, options]))
