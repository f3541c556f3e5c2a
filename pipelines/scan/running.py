"""Many sources side by side: a bounded number at a time, and none that holds up the others."""

from __future__ import annotations

import queue
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from metadata import Repository
from metadata.errors import Issue, UserError
from metadata.scan import Scan
from pipelines.scan.keeping import keep_scan
from pipelines.scan.source import Found, Look, look_at

AT_ONCE = 8
_PATIENCE = 1.25
"""Times the allowed seconds after which a source that is silent is given up."""


@dataclass(frozen=True)
class Scanned:
    """What came of scanning one source."""

    source: str
    seconds: float
    scan: Scan | None = None
    """As it is kept; None where the source could not be read at all."""
    before: Scan | None = None
    """The version before, if this look made a new one."""
    issues: tuple[Issue, ...] = ()


@dataclass
class _Job:
    source: str
    began: float


def scan_sources(repository: Repository, sources: Sequence[str], look: Look) -> Iterator[Scanned]:
    """Scan sources side by side and keep what was found; each result as it is had."""
    scans = repository.storage / "scans"
    scans.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix=".reading-", dir=scans, ignore_cleanup_errors=True
    ) as copies:
        yield from _side_by_side(repository, sources, look, Path(copies))


def _side_by_side(
    repository: Repository, sources: Sequence[str], look: Look, temporary: Path
) -> Iterator[Scanned]:
    waiting = list(reversed(sources))
    running: dict[int, _Job] = {}
    done: queue.Queue[tuple[int, Found | UserError | Exception]] = queue.Queue()

    def work(number: int, source: str) -> None:
        try:
            done.put((number, look_at(repository, source, temporary, look)))
        except Exception as error:
            done.put((number, error))

    number = 0
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            number, source = number + 1, waiting.pop()
            running[number] = _Job(source, time.monotonic())
            # A thread that a dead server holds cannot be ended: it must not keep the process alive.
            threading.Thread(target=work, args=(number, source), daemon=True).start()
        try:
            ended, outcome = done.get(timeout=0.2)
        except queue.Empty:
            yield from _given_up(repository, running, look)
            continue
        job = running.pop(ended, None)
        if job is not None:
            yield _kept(repository, job, outcome)


def _given_up(repository: Repository, running: dict[int, _Job], look: Look) -> Iterator[Scanned]:
    """Sources that have been silent for too long."""
    now = time.monotonic()
    for number, job in list(running.items()):
        if now - job.began > look.seconds * _PATIENCE:
            del running[number]
            issue = Issue(
                f"The source '{job.source}' does not answer.",
                repository.sources[job.source].where("url"),
                f"It was given up after {now - job.began:.0f} s.",
                "Check that the server runs, or allow it more time with --timeout.",
            )
            yield Scanned(job.source, now - job.began, issues=(issue,))


def _kept(repository: Repository, job: _Job, outcome: Found | UserError | Exception) -> Scanned:
    seconds = time.monotonic() - job.began
    if isinstance(outcome, UserError):
        return Scanned(job.source, seconds, issues=outcome.issues)
    if isinstance(outcome, Exception):
        issue = Issue(
            f"Scanning '{job.source}' failed.",
            repository.sources[job.source].where(),
            f"{type(outcome).__name__}: {outcome}",
        )
        return Scanned(job.source, seconds, issues=(issue,))
    scan, before = keep_scan(repository.storage, job.source, outcome)
    return Scanned(job.source, time.monotonic() - job.began, scan, before)
