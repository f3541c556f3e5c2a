"""What source tables look like once they have landed: as they did last, else as they were scanned.

What is not known for sure is not said: a column whose type nobody knows is left out, and where a
type may land in several ways each of them is tried, so that nothing is refused that could work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from metadata import Repository
from metadata.against_scans import scanned_as
from metadata.bind_sources import columns_landing
from metadata.errors import InternalError
from metadata.scan import Scan, ScannedColumn, ScannedTable, read_scan
from pipelines.control import Control
from pipelines.storage import Storage
from transforms import Columns
from transforms.landing import BATCH, DELETED, EXTRACTED, ROW, TECHNICAL

TECHNICAL_TYPES: Columns = {
    BATCH: "VARCHAR",
    ROW: "BIGINT",
    EXTRACTED: "TIMESTAMP WITH TIME ZONE",
    DELETED: "BOOLEAN",
}
_SCANNED = {
    "string": ("VARCHAR",),
    "integer": ("BIGINT", "INTEGER"),
    "double": ("DOUBLE",),
    "boolean": ("BOOLEAN",),
    "date": ("DATE",),
    "timestamp": ("TIMESTAMP",),
}
"""The types of databases as they land; drivers hand over whole numbers of more than one size."""
_UNSURE = re.compile(r"BLOB|BINARY|BYTEA|\bRAW\b|\bBIT\b|IMAGE|NULL", re.IGNORECASE)
_ZONED = re.compile(r"ZONE|TZ|OFFSET", re.IGNORECASE)
_GUESSED = (".json", ".jsonl", ".ndjson", ".xlsx", ".xls")
"""Files whose types are what their values suggest."""
_STAMP = "%Y%m%dT%H%M%S%fZ"


class Expected:
    """The columns that landed tables have, or will have, and their types in the engine."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._storage = Storage(repository.storage)
        self._known: dict[str, tuple[Columns, ...]] = {}
        self._scans: dict[str, Scan | None] = {}

    def typings(self, name: str) -> tuple[Columns, ...]:
        """The columns of a table whose types are known; more than once where they may differ.

        Args:
            name: as source.table.
        """
        if name not in self._known:
            self._known[name] = self._typings(name)
        return self._known[name]

    def scanned(self, name: str) -> tuple[Columns, ...]:
        """The columns that a table has in its source, whether they are read or not."""
        table = self._scanned_table(name)
        return () if table is None else _distinct(_of_scan(table))

    def _typings(self, name: str) -> tuple[Columns, ...]:
        source, _, plain = name.partition(".")
        scanned = self._scanned_table(name)
        files = [file for file in self._current.get((source, plain), ()) if file.is_file()]
        settings = self._repository.source_table(source, plain)
        if not files:
            found = _distinct(_of_scan(scanned)) if scanned is not None else ()
            if settings.columns is None:
                return found
            read = {each.casefold() for each in columns_landing(settings)}
            return tuple(
                {column: kind for column, kind in each.items() if column.casefold() in read}
                for each in found
            )
        landed = _of_files(files)
        if scanned is None or not self._is_newer(source, files[-1]):
            return (landed,)
        return (_still_so(landed, _of_scan(scanned)),)

    def _scanned_table(self, name: str) -> ScannedTable | None:
        source, _, plain = name.partition(".")
        if source not in self._scans:
            self._scans[source] = _scan_of(self._repository.storage, source)
        scan = self._scans[source]
        if scan is None:
            return None
        settings = self._repository.source_table(source, plain)
        table = scanned_as(scan, plain, settings)
        if table is not None and settings.header_row is not None and table.name != plain:
            return None  # read by another line of the file, it has other columns
        return table

    def _is_newer(self, source: str, batch: Path) -> bool:
        """Whether the scan of a source is newer than a batch."""
        scan = self._scans[source]
        try:
            landed = datetime.strptime(batch.stem, _STAMP).replace(tzinfo=UTC)
        except ValueError:
            return True
        return scan is not None and scan.scanned_at > landed

    @cached_property
    def _current(self) -> Mapping[tuple[str, str], Sequence[Path]]:
        if not self._storage.control.is_file():
            return {}
        control = Control(self._storage)
        try:
            return control.all_current_files(self._storage)
        finally:
            control.close()


def _scan_of(storage: Path, source: str) -> Scan | None:
    try:
        return read_scan(storage, source)
    except InternalError:
        return None


def _of_files(files: Sequence[Path]) -> Columns:
    """Columns of batches; a type that is not the same in all of them is not known."""
    found: dict[str, set[str]] = {}
    for schema in (pq.read_schema(file) for file in files):
        for field in schema:
            if field.name not in TECHNICAL:
                found.setdefault(field.name, set()).add(_engine_type(field.type))
    return {
        name: kind
        for name, kinds in found.items()
        for kind in [next(iter(kinds))]
        if len(kinds) == 1 and kind
    }


def _engine_type(kind: pa.DataType) -> str:
    """The engine's type of a landed column; empty for what is of no plain type."""
    match kind:
        case _ if pa.types.is_boolean(kind):
            return "BOOLEAN"
        case _ if pa.types.is_signed_integer(kind):
            return {8: "TINYINT", 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT"}[kind.bit_width]
        case _ if pa.types.is_unsigned_integer(kind):
            return {8: "UTINYINT", 16: "USMALLINT", 32: "UINTEGER", 64: "UBIGINT"}[kind.bit_width]
        case _ if pa.types.is_float32(kind):
            return "FLOAT"
        case _ if pa.types.is_float64(kind):
            return "DOUBLE"
        case _ if pa.types.is_decimal(kind) and kind.precision <= 38:
            return f"DECIMAL({kind.precision},{kind.scale})"
        case _ if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return "VARCHAR"
        case _ if pa.types.is_date(kind):
            return "DATE"
        case _ if pa.types.is_timestamp(kind):
            return "TIMESTAMP WITH TIME ZONE" if kind.tz else "TIMESTAMP"
        case _:
            return ""


Kinds = Mapping[str, tuple[str, ...]]
"""The types as which a column may land, the likeliest first; none where it is not known."""


def _of_scan(table: ScannedTable) -> Kinds:
    kinds = _of_file if table.kind == "file" else _of_database
    guessed = (table.path or "").lower().endswith(_GUESSED)
    return {
        column.name: () if guessed and _is_empty(column) else kinds(column)
        for column in table.columns
    }


def _of_database(column: ScannedColumn) -> tuple[str, ...]:
    if _UNSURE.search(column.native_type):
        return ()
    if column.type == "timestamp" and _ZONED.search(column.native_type):
        return ("TIMESTAMP WITH TIME ZONE", "TIMESTAMP")
    if column.type == "double" and re.search("REAL|FLOAT", column.native_type, re.IGNORECASE):
        return ("DOUBLE", "FLOAT")
    if column.type == "integer" and "SMALL" in column.native_type.upper():
        return ("BIGINT", "SMALLINT")
    return _SCANNED.get(column.type, (column.type.upper(),))


def _of_file(column: ScannedColumn) -> tuple[str, ...]:
    """Of a file, by its type in Arrow: that is how it lands."""
    written = column.native_type.removeprefix("large_")
    if decimal := re.fullmatch(r"decimal128\((\d+), (\d+)\)", written):
        return (f"DECIMAL({decimal.group(1)},{decimal.group(2)})",)
    if stamp := re.fullmatch(r"timestamp\[\w+(, tz=.+)?\]", written):
        return ("TIMESTAMP WITH TIME ZONE" if stamp.group(1) else "TIMESTAMP",)
    plain = {"float": "FLOAT", "double": "DOUBLE", "bool": "BOOLEAN", "string": "VARCHAR"}
    plain |= {"date32[day]": "DATE", "int8": "TINYINT", "int16": "SMALLINT", "int32": "INTEGER"}
    plain |= {"int64": "BIGINT"}
    return (plain[written],) if written in plain else ()


def _is_empty(column: ScannedColumn) -> bool:
    """Whether no value was seen that a type could be told from."""
    return column.profile is None or column.profile.nulls >= column.profile.sampled


def _distinct(kinds: Kinds) -> tuple[Columns, ...]:
    """The likeliest types of all columns, and where some may land otherwise, those."""
    first = {name: each[0] for name, each in kinds.items() if each}
    last = {name: each[-1] for name, each in kinds.items() if each}
    return (first,) if first == last else (first, last)


def _still_so(landed: Columns, scanned: Kinds) -> Columns:
    """What landed before the scan, where the source still is what it was; and what is new."""
    folded = {name.casefold(): kinds for name, kinds in scanned.items()}
    same = {
        name: kind
        for name, kind in landed.items()
        if name.casefold() not in folded or kind in folded[name.casefold()]
    }
    known = {name.casefold() for name in landed}
    return same | dict(_new(scanned, known))


def _new(scanned: Kinds, known: set[str]) -> Iterator[tuple[str, str]]:
    for name, kinds in scanned.items():
        if name.casefold() not in known and len(kinds) == 1:
            yield name, kinds[0]
