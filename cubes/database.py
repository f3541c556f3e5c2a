"""The published version as readers see it: opened read-only, followed when a newer one appears."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlglot import exp

from cubes.catalogue import Catalogue, Table
from cubes.guard import check_statement
from metadata.errors import InternalError, UserError

POINTER = "current.json"
_SETTINGS = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "lock_configuration": "true",
}


def version_file(folder: Path, version: int) -> Path:
    """The file of a published version."""
    return folder / f"v{version:06d}.duckdb"


def versions_kept(folder: Path) -> list[int]:
    """The versions that are on disk, oldest first."""
    return sorted(int(path.stem[1:]) for path in folder.glob("v*.duckdb"))


@dataclass
class _Open:
    """A version that is open, with the number of questions it is answering."""

    catalogue: Catalogue
    connection: duckdb.DuckDBPyConnection
    users: int = 0
    superseded: bool = False


@dataclass
class PublishedDatabase:
    """Follows the pointer between queries; one query sees one version. Safe to share by threads."""

    folder: Path
    timeout: float = 60.0
    """Seconds after which a question is given up."""
    threads: int | None = None
    """Threads of one process; as many as there are cores unless told otherwise."""
    memory_limit: str | None = None
    """Such as '4GB'; DuckDB's own choice unless told otherwise."""
    pinned: int | None = None
    """The version to stay with; without it, the one that the pointer names."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _seen: tuple[int, int] | None = field(default=None, repr=False)
    _open: _Open | None = field(default=None, repr=False)

    def version(self) -> int | None:
        """The number of the version that readers see, or None before the first."""
        if self.pinned is not None:
            return self.pinned
        try:
            return self._named()[1]
        except FileNotFoundError:
            return None

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """The current version, held open for one question.

        Raises:
            UserError: nothing has been published yet.
        """
        opened = self._enter()
        try:
            yield Reader(opened.catalogue, opened.connection, self.timeout)
        finally:
            self._leave(opened)

    def close(self) -> None:
        """Let go of the version."""
        with self._lock:
            self._supersede(self._open)
            self._open, self._seen = None, None

    @property
    def _pointer(self) -> Path:
        return self.folder / POINTER

    def _named(self) -> tuple[Path, int]:
        """The file that the pointer names, and its version."""
        try:
            pointer = json.loads(self._pointer.read_text(encoding="utf-8"))
            return self.folder / pointer["file"], int(pointer["version"])
        except (ValueError, KeyError, TypeError):
            raise _unreadable(f"{self._pointer} does not name a version.") from None

    def _settings(self) -> dict[str, str]:
        limits = {"threads": self.threads, "memory_limit": self.memory_limit}
        return _SETTINGS | {name: str(value) for name, value in limits.items() if value}

    def _enter(self) -> _Open:
        with self._lock:
            self._follow()
            assert self._open is not None
            self._open.users += 1
            return self._open

    @staticmethod
    def _supersede(old: _Open | None) -> None:
        """Close a version once the last question on it is answered."""
        if old is not None:
            old.superseded = True
            if old.users == 0:
                old.connection.close()

    def _leave(self, opened: _Open) -> None:
        with self._lock:
            opened.users -= 1
            if opened.superseded and opened.users == 0:
                opened.connection.close()

    def _open_pinned(self, number: int) -> None:
        if self._open is not None:
            return
        try:
            path = version_file(self.folder, number)
            self._open = _opened(path, number, self._settings())
        except FileNotFoundError:
            kept = ", ".join(map(str, versions_kept(self.folder))) or "none"
            raise UserError(
                f"There is no version {number}.",
                why="It was never published, or is no longer kept.",
                fix=f"Versions on disk: {kept}.",
            ) from None

    def _follow(self) -> None:
        """Open what the pointer names, if it has changed since it was last looked at."""
        if self.pinned is not None:
            self._open_pinned(self.pinned)
            return
        for _ in range(5):
            try:
                status = self._pointer.stat()
                seen = (status.st_ino, status.st_mtime_ns)
                if self._open is not None and seen == self._seen:
                    return
                path, number = self._named()
                fresh = _opened(path, number, self._settings())
            except FileNotFoundError:
                if not self._pointer.exists():
                    raise UserError(
                        "Nothing has been published yet.",
                        why=f"There is no version in {self.folder}.",
                        fix="Load the workspace with `rapport run`.",
                    ) from None
                # The version was pruned between reading the pointer and opening it: look again.
                continue
            old, self._open, self._seen = self._open, fresh, seen
            self._supersede(old)
            return
        raise _unreadable(f"{self._pointer} names a file that is not there.")


@dataclass(frozen=True)
class Reader:
    """One version for the time of one question."""

    catalogue: Catalogue
    connection: duckdb.DuckDBPyConnection
    timeout: float
    filters: Mapping[str, exp.Expr] = field(default_factory=dict)
    """By table, what must hold of the rows that are read."""

    def keeping(self, filters: Mapping[str, exp.Expr]) -> Reader:
        """The same for somebody who may not see every row."""
        return replace(self, filters={**self.filters, **filters})

    def run(self, statement: exp.Expr) -> pa.Table:
        """Run a compiled statement.

        Raises:
            UserError: it took too long, or the version lacks what it reads.
        """
        check_statement(statement, self.catalogue.tables, self.filters)
        cursor = self.connection.cursor()
        overdue = threading.Event()
        try:
            with _deadline(cursor, self.timeout, overdue):
                return cursor.sql(statement.sql(dialect="duckdb")).to_arrow_table()
        except duckdb.InterruptException:
            if not overdue.is_set():
                raise
            raise UserError(
                f"The question was given up after {self.timeout:.0f} seconds.",
                fix="Ask for fewer levels, or filter to a shorter time.",
            ) from None
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            raise UserError(
                f"Version {self.catalogue.version} does not hold what the question reads.",
                why=str(error).splitlines()[0],
                fix="The definitions are newer than the data: load them with `rapport run`.",
            ) from None
        except duckdb.OutOfMemoryException:
            raise UserError(
                "The question needs more memory than there is.",
                fix="Ask for fewer levels or distinct counts, or filter to a shorter time.",
            ) from None
        except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
            raise UserError(
                "A figure or a value of the question is too large to compute with.",
                why=str(error).splitlines()[0],
                fix="Compare with smaller values, or filter to fewer facts.",
            ) from None
        except duckdb.Error as error:
            raise InternalError(f"The engine refused a compiled statement: {error}") from error
        finally:
            cursor.close()


@contextmanager
def _deadline(
    cursor: duckdb.DuckDBPyConnection, seconds: float, overdue: threading.Event
) -> Iterator[None]:
    """Interrupt the cursor once the time is over, and go on until it has noticed."""
    done = threading.Event()

    def watch() -> None:
        if done.wait(seconds):
            return
        overdue.set()
        while True:
            # An interruption that comes just before the engine begins would be lost: repeat it.
            with suppress(duckdb.Error):
                cursor.interrupt()
            if done.wait(0.05):
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _opened(path: Path, version: int, settings: Mapping[str, str]) -> _Open:
    if not path.is_file():
        raise FileNotFoundError(path)
    try:
        connection = duckdb.connect(str(path), read_only=True, config=dict(settings))
        return _Open(Catalogue(version, _tables(connection)), connection)
    except duckdb.Error as error:
        if not path.is_file():
            raise FileNotFoundError(path) from None
        raise _unreadable(str(error).splitlines()[0]) from None


def _tables(connection: duckdb.DuckDBPyConnection) -> dict[str, Table]:
    columns = exp.select("table_name", "column_name").from_("duckdb_columns()")
    sizes = exp.select("table_name", "estimated_size").from_("duckdb_tables()")
    by_table: dict[str, set[str]] = {}
    for table, name in connection.execute(columns.sql("duckdb")).fetchall():
        by_table.setdefault(table, set()).add(name)
    return {
        table: Table(frozenset(by_table.get(table, ())), int(size))
        for table, size in connection.execute(sizes.sql("duckdb")).fetchall()
    }


def _unreadable(why: str) -> UserError:
    return UserError(
        "The published version cannot be opened.",
        why=why,
        fix="Publish anew with `rapport run`, or choose a version with `rapport rollback`.",
    )
