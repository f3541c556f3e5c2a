"""A source as a whole: its connection, its tables one after another, its failures one by one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from metadata import Repository
from metadata.errors import UserError
from metadata.uses import Uses, source_uses
from pipelines.connect import Database, Folder, connector
from pipelines.control import Control
from pipelines.extract.databases import DatabaseReader
from pipelines.extract.driver_errors import SourceFailed
from pipelines.extract.patience import Attempts, TimeLimit
from pipelines.extract.table import Extracted, TableExtraction
from pipelines.storage import Storage

_MOST_SECONDS = 2_000_000
"""A longer limit is none that a database could be told, in milliseconds."""
Outcome = Extracted | UserError


def extract_source(
    repository: Repository,
    storage: Storage,
    control: Control,
    run: str,
    source: str,
    tables: Sequence[str],
    *,
    full: bool = False,
    uses: Uses | None = None,
) -> Iterator[tuple[str, Outcome]]:
    """Read tables of one source; a table that fails does not stop the others.

    Args:
        repository: the workspace.
        storage: where it keeps its data.
        control: where it keeps what it knows of its runs.
        run: the run that reads.
        source: name of the source.
        tables: names of its tables.
        full: whether what was read before counts for nothing.
        uses: what rules read; found out where it is not given.

    Yields:
        Each table's name with what was read, or with the error to show.
    """
    try:
        found = connector(repository, source)
    except UserError as error:
        yield from ((table, error) for table in tables)
        return
    reading = _Reading(
        repository, storage, control, run, source, found, uses or source_uses(repository), full
    )
    try:
        for table in tables:
            yield table, reading.outcome(table)
    finally:
        reading.close()


class _Reading:
    """One source for the time of one run."""

    def __init__(
        self,
        repository: Repository,
        storage: Storage,
        control: Control,
        run: str,
        source: str,
        found: Folder | Database,
        uses: Uses,
        full: bool,
    ) -> None:
        self._repository = repository
        self._storage = storage
        self._control = control
        self._run = run
        self._source = source
        self._found = found
        self._uses = uses
        self._full = full
        self._written = repository.sources[source]
        self._attempts = Attempts(self._written.value.retry)
        self._reader: DatabaseReader | None = None

    def close(self) -> None:
        """Let go of the connections."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def outcome(self, table: str) -> Outcome:
        """What was read, or why it was not; whatever happens to a table, the next one is read."""
        attempt = 1
        while True:
            outcome = self._try(table)
            if not isinstance(outcome, UserError):
                self._attempts.succeeded()
                return replace(outcome, attempts=attempt)
            if not isinstance(outcome, SourceFailed) or not self._attempts.again(attempt):
                return outcome
            # A connection that failed may be broken for good.
            self.close()
            attempt += 1

    def _try(self, table: str) -> Outcome:
        task = self._task(table)
        try:
            return self._read(task)
        except UserError as error:
            # Whatever a driver says when it is stopped, it was the limit that stopped it.
            return task.limit.failure() if task.limit.is_over else error
        except Exception as error:
            if task.limit.is_over:
                return task.limit.failure()
            reason = error.strerror if isinstance(error, OSError) else None
            kind = SourceFailed if isinstance(error, OSError) else UserError
            failure = kind(
                f"Reading {task.source}.{task.table} failed.",
                where=task.place,
                why=reason or f"{type(error).__name__}: {error}",
            )
            failure.__cause__ = error
            return failure

    def _read(self, task: TableExtraction) -> Extracted:
        if isinstance(self._found, Folder):
            return task.from_folder(self._found)
        if self._reader is None:
            limit = self._written.value.timeout
            seconds = min(limit.total_seconds(), _MOST_SECONDS) if limit is not None else None
            self._reader = DatabaseReader(self._found, self._written.where("url"), seconds=seconds)
        return task.from_database(self._reader)

    def _task(self, table: str) -> TableExtraction:
        name = f"{self._source}.{table}"
        where = self._written.where("timeout")
        return TableExtraction(
            self._source,
            table,
            self._repository.source_table(self._source, table),
            self._written.where,
            self._storage,
            self._control,
            self._run,
            datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ"),
            self._full,
            self._uses.of_table(name),
            ZoneInfo(self._repository.workspace.time_zone),
            TimeLimit(name, self._written.value.timeout, time.monotonic(), where),
        )
