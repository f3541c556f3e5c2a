"""One look at one source: what it holds and what its values are like."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from metadata import Repository
from metadata.errors import Location, UserError
from metadata.model.source import SourceTable
from metadata.scan import ScannedColumn, ScannedTable
from pipelines.connect import Database, Folder, connector
from pipelines.extract.databases import DatabaseReader
from pipelines.extract.files import FileReader, find_files
from pipelines.extract.source_types import landing_type
from pipelines.scan.catalogue import read_catalogue
from pipelines.scan.folders import FileTable, find_tables
from pipelines.scan.judging import is_judged, profile_of
from pipelines.scan.profile import Profiler, Sample, one_thread
from pipelines.scan.sampling import sample_of, spread_of

_VALUES_AT_ONCE = 400_000
"""Values held in memory until they are looked at together."""
_VALUES_OF_A_TABLE = 1_000_000
"""Of a table with very many columns fewer rows are looked at."""
_STATEMENTS = 4
"""One statement may take this part of the time that its source has."""


@dataclass(frozen=True)
class Look:
    """How closely to look at a source."""

    sample: int = 5_000
    """Rows of each table whose values are looked at."""
    profile: bool = True
    seconds: float = 60.0
    """After so long no further table is read."""


@dataclass(frozen=True)
class Found:
    """What a source holds, and the tables that could not be read, with the reason."""

    tables: tuple[ScannedTable, ...]
    failures: tuple[tuple[str, str], ...]
    gone: tuple[str, ...] = ()
    """Of the failures, tables that are listed and not there."""


def look_at(repository: Repository, source: str, temporary: Path, look: Look) -> Found:
    """Look at everything that a source holds, declared or not.

    Raises:
        UserError: the source cannot be reached at all.
    """
    found = connector(repository, source)
    scanner = _Scanner(repository, source, temporary, look)
    try:
        return scanner.folder(found) if isinstance(found, Folder) else scanner.database(found)
    finally:
        scanner.close()


class _Scanner:
    """The look at one source."""

    def __init__(self, repository: Repository, source: str, temporary: Path, look: Look) -> None:
        self._written = repository.sources[source]
        self._tables: Mapping[str, SourceTable] = self._written.value.tables
        self._temporary = temporary
        self._look = look
        self._until = time.monotonic() + look.seconds
        self._profiler = Profiler() if look.profile else None
        self._reading: duckdb.DuckDBPyConnection | None = None
        """Reads the files of a folder."""
        self._failures: dict[str, str] = {}
        self._gone: tuple[str, ...] = ()
        self._scrub: Callable[[str], str] = str
        """Takes passwords out of what is told."""
        self._found: list[ScannedTable] = []
        self._waiting: dict[int, Sample] = {}
        """Rows not looked at yet, by the position of their table."""

    def close(self) -> None:
        if self._profiler is not None:
            self._profiler.close()
        if self._reading is not None:
            self._reading.close()

    def database(self, database: Database) -> Found:
        where = self._written.where("url")
        seconds = max(1.0, self._look.seconds / _STATEMENTS)
        reader = DatabaseReader(database, where, seconds=seconds)
        self._scrub = database.scrub
        try:
            declared = {name: table.name or name for name, table in self._tables.items()}
            with reader.told(where):
                catalogue = read_catalogue(reader.engine, database.schema, declared)
            self._failures |= {n: database.scrub(why) for n, why in catalogue.failures}
            self._gone = catalogue.gone
            for each in catalogue.tables:
                self._found.append(each.table)
                if self._late(each.table.name):
                    continue
                with self._noting(each.table.name), reader.told(self._place(each.table.name)):
                    most = self._most(len(each.table.columns))
                    rows, sample = sample_of(reader, each, most)
                    self._sampled(each.table.model_copy(update={"rows": rows}), sample)
        finally:
            reader.close()
        return self._all()

    def folder(self, folder: Folder) -> Found:
        self._reading = one_thread()
        covered: dict[str, list[Path]] = {}
        address = self._written.where("url")
        if not folder.path.is_dir():
            find_files(folder.path, "", SourceTable(), address, address)
        for name, settings in self._tables.items():
            with self._noting(name):
                place = self._place(name)
                covered[name] = find_files(folder.path, name, settings, place, address)
        self._gone = tuple(sorted(set(self._tables) - set(covered)))
        for each in find_tables(folder.path, self._tables, covered):
            if self._late(each.name):
                continue
            with self._noting(each.name):
                table, sample = self._read(each)
                self._found.append(table)
                self._sampled(table, sample)
        return self._all()

    def _read(self, found: FileTable) -> tuple[ScannedTable, pa.Table]:
        settings = found.settings.model_copy(update={"where": None, "columns": None})
        reader = FileReader(list(found.files), settings, self._temporary, self._reading)
        try:
            reading = reader.read(tuple, self._place(found.name))
            columns = tuple(
                ScannedColumn(
                    name=each.name, type=landing_type(each.type), native_type=str(each.type)
                )
                for each in reading.schema
            )
            rows, sample = spread_of(reading, self._most(len(columns)), self._until)
        finally:
            reader.close()
        table = ScannedTable(
            name=found.name,
            native_name=found.native_name,
            kind="file",
            columns=columns,
            rows=rows,
            path=settings.path,
            sheet=settings.sheet,
            encoding=settings.encoding,
            header_row=settings.header_row,
        )
        return table, sample

    def _sampled(self, table: ScannedTable, sample: pa.Table) -> None:
        """Put the last table found in its place, and its rows where they are looked at."""
        self._found[-1] = table
        if self._profiler is not None:
            judged = tuple(is_judged(column.type) for column in table.columns)
            self._waiting[len(self._found) - 1] = Sample(sample, judged)
            if sum(each.size for each in self._waiting.values()) > _VALUES_AT_ONCE:
                self._judge()

    def _judge(self) -> None:
        """Look at the values that are waiting, all in one."""
        assert self._profiler is not None
        looked = self._profiler.look(list(self._waiting.values()))
        for position, values in zip(self._waiting, looked, strict=True):
            table = self._found[position]
            columns = tuple(
                column.model_copy(update={"profile": profile_of(table.name, column, each)})
                for column, each in zip(table.columns, values, strict=True)
            )
            self._found[position] = table.model_copy(update={"columns": columns})
        self._waiting.clear()

    def _all(self) -> Found:
        if self._waiting:
            self._judge()
        return Found(tuple(self._found), tuple(sorted(self._failures.items())), self._gone)

    def _most(self, columns: int) -> int:
        """Rows to look at of a table with so many columns."""
        if not self._look.profile:
            return 1
        return max(1, min(self._look.sample, _VALUES_OF_A_TABLE // max(1, columns)))

    def _late(self, table: str) -> bool:
        """Whether there is no time left for a table; its structure may be known all the same."""
        if time.monotonic() < self._until:
            return False
        self._failures[table] = f"Not read: the {self._look.seconds:.0f} s of its source were over."
        return True

    @contextmanager
    def _noting(self, table: str) -> Iterator[None]:
        """One table that cannot be read, for whatever reason, does not stop the others."""
        try:
            yield
        except UserError as error:
            issue = error.issues[0]
            self._failures[table] = self._scrub(f"{issue.what} {issue.why}".strip())
        except Exception as error:
            reason = error.strerror if isinstance(error, OSError) else None
            told = reason or f"{type(error).__name__}: {error}"
            self._failures[table] = self._scrub(f"It cannot be read: {told}")

    def _place(self, table: str) -> Location:
        return self._written.where("tables", table)
