"""One table of one source: what to read, since when, and what becomes of it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from metadata.errors import Location, UserError, did_you_mean
from metadata.expressions import columns_of
from metadata.model.source import SoftDelete, SourceTable
from metadata.uses import Use
from pipelines.connect import Folder
from pipelines.control import Control, Position
from pipelines.extract.databases import DatabaseReader
from pipelines.extract.drifting import Landed, Types, check_drift, with_types
from pipelines.extract.files import FileReader, find_files, state_of
from pipelines.extract.folding import current_hash, is_base
from pipelines.extract.landing import (
    FreshRows,
    Written,
    content_hash,
    vanished_keys,
    write_batch,
)
from pipelines.extract.patience import TimeLimit
from pipelines.extract.reading import Reading, until_it_fits
from pipelines.extract.source_types import column_type, file_type
from pipelines.storage import Storage


@dataclass(frozen=True)
class Extracted:
    """What reading a table brought; no batch means that nothing has changed."""

    source: str
    table: str
    batch: str | None
    rows: int
    attempts: int = 1
    """How often it had to be tried."""


@dataclass(frozen=True)
class TableExtraction:
    """Everything that reading one table needs."""

    source: str
    table: str
    settings: SourceTable
    where: Callable[..., Location]
    storage: Storage
    control: Control
    run: str
    batch: str
    full: bool
    uses: Sequence[Use]
    """What reads its columns."""
    zone: ZoneInfo
    """In which the schedule of whole reads is meant."""
    limit: TimeLimit

    @property
    def place(self) -> Location:
        """Where the table stands in the source's file."""
        return self.where("tables", self.table)

    def from_folder(self, folder: Folder) -> Extracted:
        """Read a table of a folder; files that have not changed are not opened."""
        files = find_files(folder.path, self.table, self.settings, self.place, self.where("url"))
        state = state_of(files)
        position = self._position()
        if position is not None and position.files == state:
            return self._unchanged(position)
        reader = FileReader(files, self.settings, self.storage.temporary)
        try:
            known: list[str] = []

            def choose(names: Sequence[str]) -> Sequence[str]:
                known.extend(names)
                return self._wanted(names)

            reading = reader.read(choose, self.place)
            # A text file has no types; those of JSON and of worksheets are what values suggest.
            typed = files[0].suffix.lower() == ".parquet"
            types = {f.name: file_type(f.type) for f in reading.schema} if typed else {}
            self._check_drift(known, types)
            written = self._write(reading, types)
        finally:
            reader.close()
        return self._finish(written, position, watermark=None, files=state, whole=True)

    def from_database(self, reader: DatabaseReader) -> Extracted:
        """Read a table of a database: what is new past the watermark, or all of it."""
        table = reader.table(self.settings.name or self.table, self.place)
        names = [column.name for column in table.columns]
        types = {c.name: column_type(c.type, reader.engine.dialect) for c in table.columns}
        columns = self._wanted(names)
        self._check_drift(names, types)
        position = self._position()
        since = self._since(position)
        with reader.told(self.place):
            written = until_it_fits(
                lambda as_text: self._write(
                    reader.read(table, columns, self.settings, since, as_text), types
                )
            )
            watermark = self._watermark(written, position)
            if since is not None:
                written = self._only_changes(written, reader, table, types)
        return self._finish(written, position, watermark=watermark, files=None, whole=since is None)

    def _write(self, reading: Reading, types: Types, tombstones: pa.Table | None = None) -> Written:
        soft = self.settings.deletes
        return write_batch(
            self.storage.landed(self.source, self.table),
            self.batch,
            datetime.now(UTC),
            with_types(reading.schema, types),
            self.limit.watched(reading.batches),
            soft_delete=soft.soft_delete if isinstance(soft, SoftDelete) else None,
            tombstones=tombstones,
        )

    def _only_changes(
        self, written: Written, reader: DatabaseReader, table: Any, types: Types
    ) -> Written:
        """What the lookback read again is left out; keys that have vanished are added."""
        keys = self.settings.primary_key
        files = self.control.current_files(self.storage, self.source, self.table)
        gone: pa.Table | None = None
        if self.settings.deletes == "compare_keys":
            bare = SourceTable(where=self.settings.where)
            present = until_it_fits(
                lambda as_text: _as_table(reader.read(table, keys, bare, None, as_text))
            )
            gone = vanished_keys([*files, written.temporary], keys, present)
        read = written.temporary.with_suffix(".read.tmp")
        aside = Written(read, written.target, written.rows, 0)
        os.replace(written.temporary, aside.temporary)
        fresh = FreshRows(aside, files, keys)
        try:
            count = fresh.count()
            if gone is None or not gone.num_rows:
                if count == written.rows:
                    os.replace(aside.temporary, written.temporary)
                    return written
                if not count:
                    return Written(written.temporary, written.target, 0, 0)
            return self._write(fresh.read(), types, gone)
        finally:
            fresh.close()
            aside.drop()

    def _position(self) -> Position | None:
        position = self.control.position(self.source, self.table)
        same = position is not None and position.settings == settings_hash(self.settings)
        return position if same and not self.full else None

    def _since(self, position: Position | None) -> object | None:
        """Where this read begins: at the last watermark less the lookback.

        What has the watermark itself is read again, for a row may have got the same mark after the
        last read; rows that have not changed are left out before they land.
        """
        if position is None or position.watermark is None or not self.settings.incremental:
            return None
        if self._whole_is_due():
            return None
        mark = _from_json(position.watermark)
        back = self.settings.lookback
        if back is not None and isinstance(mark, date):
            return mark - back
        return mark

    def _whole_is_due(self) -> bool:
        """Whether it is time to read the whole table, although it is read incrementally."""
        refresh = self.settings.refresh
        if refresh is None or refresh.full is None:
            return False
        last = self.control.last_whole_read(self.source, self.table)
        return last is None or refresh.is_due(last, datetime.now(UTC), self.zone)

    def _watermark(self, written: Written, position: Position | None) -> str | None:
        cursor = self.settings.cursor
        before = position.watermark if position else None
        if cursor is None or not written.rows:
            return before
        highest = _highest(written.temporary, cursor)
        if highest is None:
            return before
        if isinstance(highest, datetime):
            highest = _not_ahead(highest)
        known = _from_json(before) if before else None
        # Another type means that the column was changed: what was known says nothing any more.
        return _to_json(max(highest, known) if type(known) is type(highest) else highest)

    def _wanted(self, known: Sequence[str]) -> tuple[str, ...]:
        """The columns to read: those that are listed and those that reading itself needs.

        Raises:
            UserError: the settings name a column that is not there.
        """
        settings = self.settings
        named: list[tuple[str, str]] = [(key, "primary_key") for key in settings.primary_key]
        named += [(settings.cursor, "cursor")] if settings.cursor else []
        named += [(column, "columns") for column in settings.columns or ()]
        if isinstance(settings.deletes, SoftDelete):
            named.append((settings.deletes.soft_delete, "deletes"))
        if settings.where:
            # SQL does not mind the case of a name that is not quoted.
            folded = {name.casefold(): name for name in known}
            reads = [parts[-1] for parts in columns_of(settings.where)]
            named += [(folded.get(name.casefold(), name), "where") for name in reads]
        for name, key in named:
            if name not in known:
                raise UserError(
                    f"Table '{self.source}.{self.table}' has no column '{name}'.",
                    where=self.where("tables", self.table, key),
                    why=f"'{key}' names it.",
                    fix=did_you_mean(name, known),
                )
        if settings.columns is None:
            return tuple(known)
        needed = (name for name, key in named if key not in ("columns", "where"))
        return tuple(dict.fromkeys((*settings.columns, *needed)))

    def _check_drift(self, known: Sequence[str], types: Types) -> None:
        """What has landed stays in force while the source is not what rules were written for.

        Raises:
            MetadataError: a column that they read has gone or holds something else.
        """
        files = self.control.current_files(self.storage, self.source, self.table)
        check_drift(
            f"{self.source}.{self.table}",
            self.uses,
            Landed.of(files),
            known,
            types,
            anew=self.full,
        )

    def _finish(
        self,
        written: Written,
        position: Position | None,
        *,
        watermark: str | None,
        files: Any,
        whole: bool,
    ) -> Extracted:
        """Keep a batch that brings something, and only then remember where the next one begins."""
        content = content_hash(written.temporary) if whole else None
        empty = not written.rows and not whole
        same = whole and position is not None and self._is_known(written, position, content)
        kept = not (empty or same)
        if kept:
            size = written.keep()
            self.control.landed(
                self.source, self.table, self.batch, self.run,
                whole=whole, rows=written.rows, deleted=written.deleted, size=size,
            )  # fmt: skip
        else:
            written.drop()
        self.control.remember(
            Position(
                self.source,
                self.table,
                settings_hash(self.settings),
                watermark,
                content if whole else (position.content if position else None),
                files,
            ),
            self.run,
        )
        if whole:
            self.control.read_whole(self.source, self.table, datetime.now(UTC))
        return Extracted(self.source, self.table, self.batch if kept else None, written.rows)

    def _is_known(self, written: Written, position: Position, content: str | None) -> bool:
        """Whether a whole read brought what the landing zone holds already."""
        files = self.control.current_files(self.storage, self.source, self.table)
        if len(files) < 2 and not (files and is_base(files[0])):
            return position.content == content
        # Changes have come since the table was last read whole: what they left is compared.
        keys, zone = self.settings.primary_key, self.zone.key
        return current_hash([written.temporary], keys, zone) == current_hash(files, keys, zone)

    def _unchanged(self, position: Position) -> Extracted:
        self.control.remember(position, self.run)
        return Extracted(self.source, self.table, None, 0)


def settings_hash(settings: SourceTable) -> str:
    """A hash of what is asked of the source; a table that is asked for else is read anew."""
    return hashlib.sha256(settings.asked().encode()).hexdigest()[:16]


def _as_table(reading: Reading) -> pa.Table:
    return pa.Table.from_batches(reading.batches, reading.schema)


def _highest(path: Path, cursor: str) -> Any:
    """The largest value of a column, read one row group at a time."""
    highest = None
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=[cursor]):
            here = pc.max(batch.column(0)).as_py()
            if here is not None and (highest is None or here > highest):
                highest = here
    return highest


def _not_ahead(mark: datetime) -> datetime:
    """A moment that is not in the future, where a mistyped year would end all further reading.

    A source that writes local time may be up to a day ahead of ours.
    """
    if mark.tzinfo is not None:
        return min(mark.astimezone(UTC), datetime.now(UTC))
    return min(mark, datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1))


def _to_json(value: object) -> str:
    kind = type(value).__name__
    text = value.isoformat() if isinstance(value, date) else str(value)
    return json.dumps([kind, text])


def _from_json(text: str) -> Any:
    kind, value = json.loads(text)
    match kind:
        case "datetime":
            return datetime.fromisoformat(value)
        case "date":
            return date.fromisoformat(value)
        case "int":
            return int(value)
        case "Decimal":
            return Decimal(value)
        case "float":
            return float(value)
        case _:
            return value


__all__ = ["Extracted", "TableExtraction"]
