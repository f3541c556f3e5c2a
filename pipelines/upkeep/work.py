"""The pieces of work of maintenance: planned once, and then shown or done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from metadata.model.source import SourceTable


@dataclass(frozen=True)
class FoldBatches:
    """Fold the oldest batches of a table into one."""

    source: str
    table: str
    settings: SourceTable
    files: tuple[str, ...]
    """Oldest first; the first one whole."""
    remembered: tuple[str, ...]
    """Files folded earlier by which a published version may still ask for rows."""


@dataclass(frozen=True)
class RemoveBatches:
    """Remove batches that nobody needs any more."""

    source: str
    table: str
    batches: tuple[str, ...]
    """Names as the control store knows them."""
    bytes: int


@dataclass(frozen=True)
class RemoveRuns:
    """Remove the records of runs, with their logs."""

    runs: tuple[str, ...]
    logs: tuple[str, ...]


@dataclass(frozen=True)
class RemoveScans:
    """Remove scans of a source."""

    source: str
    versions: tuple[int, ...]


@dataclass(frozen=True)
class UnlistRefused:
    """Take refused rows that landed long ago from the list of refused rows."""

    batches_before: str
    rows: int


@dataclass(frozen=True)
class RemoveVersions:
    """Remove published versions beyond those that are kept."""

    versions: tuple[int, ...]


Work = FoldBatches | RemoveBatches | RemoveRuns | RemoveScans | UnlistRefused | RemoveVersions


@dataclass(frozen=True)
class Held:
    """What a rule would remove, and why it stays."""

    name: str
    count: int
    why: str


def as_dict(work: Work) -> dict[str, Any]:
    """A piece of work as JSON-ready values."""
    match work:
        case FoldBatches(source, table, _, files):
            return {"kind": "fold_batches", "name": f"{source}.{table}", "count": len(files),
                    "items": list(files), "bytes": None}  # fmt: skip
        case RemoveBatches(source, table, batches, size):
            return {"kind": "remove_batches", "name": f"{source}.{table}", "count": len(batches),
                    "items": list(batches), "bytes": size}  # fmt: skip
        case RemoveRuns(runs, logs):
            return {"kind": "remove_runs", "name": "runs", "count": len(runs),
                    "items": [*runs, *logs], "bytes": None}  # fmt: skip
        case RemoveScans(source, versions):
            return {"kind": "remove_scans", "name": source, "count": len(versions),
                    "items": list(versions), "bytes": None}  # fmt: skip
        case UnlistRefused(_, rows):
            return {"kind": "unlist_refused", "name": "quarantine", "count": rows, "items": [],
                    "bytes": None}  # fmt: skip
        case RemoveVersions(versions):
            return {"kind": "remove_versions", "name": "versions", "count": len(versions),
                    "items": list(versions), "bytes": None}  # fmt: skip


def words(work: Work) -> str:
    """A piece of work in words."""
    match work:
        case FoldBatches(source, table, _, files):
            return f"{source}.{table}: {len(files)} batches folded into one"
        case RemoveBatches(source, table, batches, size):
            told = _count(len(batches), "batch", "batches")
            return f"{source}.{table}: {told} removed ({size:,} bytes)"
        case RemoveRuns(runs, logs):
            told = _count(len(logs), "log", "logs")
            return f"records of {_count(len(runs), 'run', 'runs')} and {told} removed"
        case RemoveScans(source, versions):
            return f"{_count(len(versions), 'scan', 'scans')} of {source} removed"
        case UnlistRefused(_, rows):
            return f"{_count(rows, 'row', 'rows')} taken off the list of refused rows"
        case RemoveVersions(versions):
            return f"{_count(len(versions), 'published version', 'published versions')} removed"


def summary(done: Sequence[Work]) -> Iterator[str]:
    """Much work in few words: what is alike is told together."""
    folds = [each for each in done if isinstance(each, FoldBatches)]
    removals = [each for each in done if isinstance(each, RemoveBatches)]
    if folds:
        files = sum(len(each.files) for each in folds)
        yield f"{files:,} batches of {_count(len(folds), 'table', 'tables')} folded"
    if removals:
        files, size = sum(len(r.batches) for r in removals), sum(r.bytes for r in removals)
        told = _count(files, "batch", "batches")
        yield f"{told} of {_count(len(removals), 'table', 'tables')} removed ({size:,} bytes)"
    yield from (words(each) for each in done if not isinstance(each, FoldBatches | RemoveBatches))


def _count(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"
