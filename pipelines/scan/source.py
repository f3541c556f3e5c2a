"""One look at one source: what it holds and what its values are like."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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
from pipelines.scan.catalogue import Catalogued, read_catalogue
from pipelines.scan.columns import landing_type
from pipelines.scan.folders import FileTable, find_tables
from pipelines.scan.judging import is_judged, profile_of
from pipelines.scan.profile import Profiler


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
            tables = [self._with_values(each, reader) for each in catalogue.tables]
        finally:
            reader.close()
        return Found(tuple(tables), tuple(sorted(self._failures.items())))

    def _with_values(self, catalogued: Catalogued, reader: DatabaseReader) -> ScannedTable:
        table = catalogued.table
        with self._noting(table.name), reader.told(self._place(table.name)):
            sample = until_it_fits(
                lambda as_text: _as_table(
                    reader.sample(
                        catalogued.readable,
                        [column.name for column in table.columns],
                        self._look.sample if self._look.profile else 1,
                        as_text,
                    )
                )
            )
            rows: int | None = sample.num_rows
            if rows >= (self._look.sample if self._look.profile else 1):
                counted = sa.select(sa.func.count()).select_from(catalogued.readable)
                with reader.engine.connect() as connection:
                    rows = connection.execute(counted).scalar()
            return self._profiled(table.model_copy(update={"rows": rows}), sample)
        return table

    def folder(self, folder: Folder) -> Found:
        covered: dict[str, list[Path]] = {}
        address = self._written.where("url")
        if not folder.path.is_dir():
            find_files(folder.path, "", SourceTable(), address, address)
        for name, settings in self._tables.items():
            with self._noting(name):
                place = self._place(name)
                covered[name] = find_files(folder.path, name, settings, place, address)
        tables = []
        for each in find_tables(folder.path, self._tables, covered):
            with self._noting(each.name):
                tables.append(self._file_table(each))
        return Found(tuple(tables), tuple(sorted(self._failures.items())))

    def _file_table(self, found: FileTable) -> ScannedTable:
        settings = found.settings.model_copy(update={"where": None, "columns": None})
        reader = FileReader(list(found.files), settings, self._temporary)
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
        return self._profiled(table, sample)

    def _profiled(self, table: ScannedTable, sample: pa.Table) -> ScannedTable:
        if self._profiler is None:
            return table
        found = self._profiler.look(sample, [is_judged(c.type) for c in table.columns])
        columns = [
            column.model_copy(update={"profile": profile_of(table.name, column, values)})
            for column, values in zip(table.columns, found, strict=True)
        ]
        return table.model_copy(update={"columns": tuple(columns)})

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
