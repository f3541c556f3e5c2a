"""One look at one source: what it holds and what its values are like."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import sqlalchemy as sa

from metadata import Repository
from metadata.errors import Location, UserError
from metadata.model.source import SourceTable
from metadata.scan import ScannedColumn, ScannedTable
from pipelines.connect import Database, Folder, connector
from pipelines.extract.databases import DatabaseReader
from pipelines.extract.files import FileReader, find_files
from pipelines.extract.reading import Reading, until_it_fits
from pipelines.extract.source_types import landing_type
from pipelines.scan.catalogue import Catalogued, read_catalogue
from pipelines.scan.folders import FileTable, find_tables
from pipelines.scan.judging import is_judged, profile_of
from pipelines.scan.profile import Profiler, Sample, one_thread

_VALUES_AT_ONCE = 1_000_000
"""Values held in memory until they are looked at together."""


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
        self._failures: dict[str, str] = {}
        self._database: duckdb.DuckDBPyConnection | None = None
        """Reads the files of a folder."""
        self._found: list[ScannedTable] = []
        self._waiting: dict[int, Sample] = {}
        """Rows not looked at yet, by the position of their table."""

    def close(self) -> None:
        if self._profiler is not None:
            self._profiler.close()

    def database(self, database: Database) -> Found:
        where = self._written.where("url")
        reader = DatabaseReader(database, where)
        try:
            declared = {name: table.name or name for name, table in self._tables.items()}
            with reader.told(where):
                catalogue = read_catalogue(reader.engine, database.schema, declared)
            self._failures |= {n: database.scrub(why) for n, why in catalogue.failures}
            for each in catalogue.tables:
                self._found.append(each.table)
                with self._noting(each.table.name), reader.told(self._place(each.table.name)):
                    self._sampled(*self._rows_of(each, reader))
        finally:
            reader.close()
        return self._all()

    def _rows_of(
        self, catalogued: Catalogued, reader: DatabaseReader
    ) -> tuple[ScannedTable, pa.Table]:
        """A table with its number of rows, and some of these."""
        most = self._look.sample if self._look.profile else 1
        names = [column.name for column in catalogued.table.columns]
        sample = until_it_fits(
            lambda as_text: _as_table(reader.sample(catalogued.readable, names, most, as_text))
        )
        rows: int | None = sample.num_rows
        if rows == most:
            counted = sa.select(sa.func.count()).select_from(catalogued.readable)
            with reader.engine.connect() as connection:
                rows = connection.execute(counted).scalar()
        return catalogued.table.model_copy(update={"rows": rows}), sample

    def folder(self, folder: Folder) -> Found:
        with one_thread() as self._database:
            return self._folder(folder)

    def _folder(self, folder: Folder) -> Found:
        covered: dict[str, list[Path]] = {}
        address = self._written.where("url")
        if not folder.path.is_dir():
            find_files(folder.path, "", SourceTable(), address, address)
        for name, settings in self._tables.items():
            with self._noting(name):
                place = self._place(name)
                covered[name] = find_files(folder.path, name, settings, place, address)
        for each in find_tables(folder.path, self._tables, covered):
            with self._noting(each.name):
                table, sample = self._read(each)
                self._found.append(table)
                self._sampled(table, sample)
        return self._all()

    def _read(self, found: FileTable) -> tuple[ScannedTable, pa.Table]:
        settings = found.settings.model_copy(update={"where": None, "columns": None})
        reader = FileReader(list(found.files), settings, self._temporary, self._database)
        try:
            reading = reader.read(tuple, self._place(found.name))
            columns = tuple(
                ScannedColumn(
                    name=each.name, type=landing_type(each.type), native_type=str(each.type)
                )
                for each in reading.schema
            )
            rows, sample = _counted(reading, self._look.sample)
        finally:
            reader.close()
        table = ScannedTable(
            name=found.name, native_name=found.native_name, kind="file", columns=columns, rows=rows
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
        return Found(tuple(self._found), tuple(sorted(self._failures.items())))

    @contextmanager
    def _noting(self, table: str) -> Iterator[None]:
        """One table that cannot be read does not stop the others."""
        if time.monotonic() > self._until:
            self._failures[table] = f"Not read: {self._look.seconds:.0f} s had passed."
        try:
            yield
        except UserError as error:
            issue = error.issues[0]
            self._failures[table] = f"{issue.what} {issue.why}".strip()

    def _place(self, table: str) -> Location:
        return self._written.where("tables", table)


def _as_table(reading: Reading) -> pa.Table:
    return pa.Table.from_batches(reading.batches, reading.schema)


def _counted(reading: Reading, most: int) -> tuple[int, pa.Table]:
    """How many rows there are, and the first of them."""
    rows = 0
    kept: list[pa.RecordBatch] = []
    for batch in reading.batches:
        if rows < most:
            kept.append(batch.slice(0, most - rows))
        rows += batch.num_rows
    return rows, pa.Table.from_batches(kept, reading.schema)
