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


def keep_scan(storage: Path, source: str, found: Found) -> tuple[Scan, Scan | None]:
    """Keep what was found: as a new version where the structure has changed, else in its place.

    A table that could not be read this time is kept as it was known: not being able to look at it
    does not mean that it is gone.

    Returns:
        The scan as it is kept, and the version before it if this one is new.
    """
    folder = scan_folder(storage, source)
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        before = read_scan(storage, source)
        unread = {name for name, _ in found.failures} - set(found.gone)
        unread -= {table.name for table in found.tables}
        kept = [t for t in (before.tables if before else ()) if t.name in unread]
        scan = Scan(
            source=source,
            version=before.version if before else 1,
            scanned_at=datetime.now(UTC),
            tables=tuple(sorted([*found.tables, *kept], key=lambda t: t.name)),
            failures=tuple(sorted(found.failures)),
        )
        new = before is None or structure(scan) != structure(before)
        if before is not None and new:
            scan = scan.model_copy(update={"version": before.version + 1})
        _write(folder / f"{scan.version:06d}.json", scan)
    return scan, before if new else None


def structure(scan: Scan) -> list[ScannedTable]:
    """What a version stands for: everything but counts, values and the order of columns."""
    return [
        table.model_copy(update={"rows": None, "columns": tuple(_bare(table.columns))})
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
def _alone(folder: Path) -> Iterator[None]:
    """Two scans of one source at a time write one after the other."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
