"""What a scan of a source found: tables, columns, keys, and a profile of the values.

A scan is kept as one JSON document for each source and version, `scans/<source>/000001.json` in the
workspace's storage. Scans are facts about a source, not rules: nothing here is edited by people.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from metadata.errors import InternalError

Pattern = Literal[
    "email", "phone", "url", "uuid", "date", "timestamp", "integer", "decimal", "boolean",
    "country_code", "currency_code", "postal_code", "code", "text",
]  # fmt: skip
"""What a column's values look like; `code` is a short list of repeated values."""
Personal = Literal["name", "email", "phone", "address", "birth_date", "identifier", "bank_account"]
"""Kinds of personal data that a column is likely to hold."""


class Found(BaseModel):
    """Base of everything a scan found: frozen; a later release may add fields."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class PatternShare(Found):
    """How many of the sampled values are of one shape."""

    pattern: Pattern
    share: float = Field(ge=0, le=1, description="Share of the sampled values that are present.")
    format: str | None = Field(None, description="strptime format, for dates and timestamps.")


class ColumnProfile(Found):
    """What a column's values are like; counts are of `sampled` rows."""

    sampled: int = Field(ge=0, description="Rows looked at.")
    nulls: int = Field(ge=0, description="Rows without a value.")
    distinct: int = Field(ge=0, description="Different values among those looked at.")
    minimum: str | None = None
    maximum: str | None = None
    top: tuple[tuple[str, int], ...] = Field((), description="Most frequent values, with rows.")
    patterns: tuple[PatternShare, ...] = Field((), description="Largest share first.")
    personal: Personal | None = Field(None, description="Likely personal data of this kind.")


class ScannedColumn(Found):
    """A column as the source declares it; `type` is in the metadata's words."""

    name: str
    type: str = Field(description="string, integer, decimal(p,s), double, boolean, date, timestamp")
    native_type: str = Field(description="As the source spells it.")
    nullable: bool = True
    comment: str = ""
    profile: ColumnProfile | None = None


class ForeignKey(Found):
    """Columns that hold the key of another table of the same source."""

    columns: tuple[str, ...]
    table: str
    references: tuple[str, ...]


class ScannedTable(Found):
    """A table, view, file or worksheet; `name` is what `tables:` of a source would call it."""

    name: str
    native_name: str = Field(description="Name or path in the source.")
    kind: Literal["table", "view", "file"] = "table"
    columns: tuple[ScannedColumn, ...]
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    rows: int | None = Field(None, description="Rows, or None where counting was refused.")
    comment: str = ""
    path: str | None = Field(None, description="What `path:` of a table must say, for files.")
    sheet: str | None = Field(None, description="What `sheet:` must say, for worksheets.")
    encoding: tuple[str, ...] = Field(
        (), description="What `encoding:` must say, for text files that are not UTF-8."
    )
    header_row: int | None = Field(
        None, description="What `header_row:` must say, where titles stand above the header."
    )

    def column(self, name: str) -> ScannedColumn | None:
        """A column by name, else by name in another case."""
        exact = next((c for c in self.columns if c.name == name), None)
        folded = (c for c in self.columns if c.name.casefold() == name.casefold())
        return exact or next(folded, None)


class Scan(Found):
    """One look at one source."""

    source: str
    version: int = Field(ge=1)
    scanned_at: datetime
    tables: tuple[ScannedTable, ...]
    failures: tuple[tuple[str, str], ...] = Field(
        (), description="Tables that could not be read, each with the reason."
    )

    def table(self, name: str) -> ScannedTable | None:
        """A table by the name that `tables:` gives it, or by its native name."""
        found = next((t for t in self.tables if t.name == name), None)
        return found or next((t for t in self.tables if t.native_name == name), None)


def scan_folder(storage: Path, source: str) -> Path:
    """Where the scans of a source are kept."""
    return storage / "scans" / source


def scan_versions(storage: Path, source: str) -> tuple[int, ...]:
    """Versions of a source's scans, oldest first."""
    folder = scan_folder(storage, source)
    return tuple(sorted(int(path.stem) for path in folder.glob("[0-9]*.json")))


def read_scan(storage: Path, source: str, version: int | None = None) -> Scan | None:
    """A kept scan, the newest unless a version is asked for; None where there is none.

    Raises:
        InternalError: the document cannot be read back.
    """
    known = scan_versions(storage, source)
    if not known or (version is not None and version not in known):
        return None
    path = scan_folder(storage, source) / f"{version or known[-1]:06d}.json"
    try:
        return _read(path, path.stat().st_mtime_ns)
    except ValidationError as error:
        raise InternalError(f"The scan {path.name} of '{source}' cannot be read: {error}") from None


@lru_cache(maxsize=256)
def _read(path: Path, _changed: int) -> Scan:
    """A kept scan; it is asked for by more than one part of a check, and never changes."""
    return Scan.model_validate_json(path.read_bytes())
