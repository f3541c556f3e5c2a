"""Scans on disk: a version for every structure that a source has had, with its last profile."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from metadata.scan import Scan, ScannedColumn, ScannedTable, read_scan, scan_folder
from pipelines.scan.source import Found
from pipelines.storage import replace_durably

_PASSING = {"rows": None, "path": None, "sheet": None, "encoding": ()}
"""What may change from scan to scan without another structure; paths are told by native names."""


def keep_scan(storage: Path, source: str, found: Found) -> tuple[Scan, Scan | None]:
    """Keep what was found: as a new version where the structure has changed, else in its place.

    A table that could not be read this time is kept as it was known: not being able to look at it
    does not mean that it is gone. So are the profiles of columns whose values were not looked at.

    Returns:
        The scan as it is kept, and the version before it if this one is new.
    """
    folder = scan_folder(storage, source)
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder):
        before = read_scan(storage, source)
        unread = {name for name, _ in found.failures} - set(found.gone)
        unread -= {table.name for table in found.tables}
        kept = [t for t in (before.tables if before else ()) if t.name in unread]
        scan = Scan(
            source=source,
            version=before.version if before else 1,
            scanned_at=datetime.now(UTC),
            tables=tuple(sorted([*_profiled(found, before), *kept], key=lambda t: t.name)),
            failures=tuple(sorted(found.failures)),
        )
        new = before is None or structure(scan) != structure(before)
        if before is not None and new:
            scan = scan.model_copy(update={"version": before.version + 1})
        _write(folder / f"{scan.version:06d}.json", scan)
    return scan, before if new else None


def _profiled(found: Found, before: Scan | None) -> Iterator[ScannedTable]:
    """The tables with the earlier profiles of columns that are the same and have none now."""
    known = {table.name: table for table in before.tables} if before else {}
    for table in found.tables:
        was = known.get(table.name)
        if was is None or all(column.profile is not None for column in table.columns):
            yield table
            continue
        profiles = {(c.name, c.type): c.profile for c in was.columns}
        columns = tuple(
            column.model_copy(
                update={"profile": column.profile or profiles.get((column.name, column.type))}
            )
            for column in table.columns
        )
        yield table.model_copy(update={"columns": columns})


def structure(scan: Scan) -> list[ScannedTable]:
    """What a version stands for: everything but counts, values, and how files are read."""
    return [
        table.model_copy(update={**_PASSING, "columns": tuple(_bare(table.columns))})
        for table in scan.tables
    ]


def _bare(columns: Iterable[ScannedColumn]) -> Iterator[ScannedColumn]:
    for column in sorted(columns, key=lambda c: c.name):
        yield column.model_copy(update={"profile": None})


def _write(path: Path, scan: Scan) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(scan.model_dump_json(indent=1), encoding="utf-8")
    replace_durably(temporary, path)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Two scans of one source at a time write one after the other."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
