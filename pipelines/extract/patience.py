"""How long a table may take, and how often a source that fails is tried again."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pyarrow as pa

from metadata.errors import Location
from metadata.model.source import Retry
from pipelines.extract.driver_errors import SourceFailed

_LONGEST_WAIT = timedelta(minutes=10)


@dataclass(frozen=True)
class TimeLimit:
    """When reading a table has taken too long; never, without a limit."""

    table: str
    limit: timedelta | None
    began: float
    """As the monotonic clock has it, in seconds."""
    where: Location
    """The place of the limit."""

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        taken = time.monotonic() - self.began
        return self.limit is not None and taken >= self.limit.total_seconds()

    def watched(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Batches as they come, as long as there is time.

        Raises:
            SourceFailed: the time is up.
        """
        for batch in batches:
            if self.is_over:
                raise self.failure()
            yield batch

    def failure(self) -> SourceFailed:
        """What is told when the time is up."""
        return SourceFailed(
            f"Reading {self.table} took longer than it may.",
            where=self.where,
            why=f"It was stopped after {self.limit}.",
            fix="Allow more time, read the table incrementally, or see what keeps the source busy.",
        )


class Attempts:
    """How often the tables of one source are tried. One that gave up is not waited for again."""

    def __init__(self, retry: Retry | None) -> None:
        self._retry = retry or Retry(attempts=1)
        self._left = self._retry.attempts

    def again(self, attempt: int) -> bool:
        """Whether to try once more after a failed attempt; waits before it says yes.

        Args:
            attempt: number of the attempt that failed, from 1.
        """
        if attempt >= self._left:
            self._left = 1
            return False
        wait = min(min(self._retry.wait, _LONGEST_WAIT) * 2 ** (attempt - 1), _LONGEST_WAIT)
        time.sleep(wait.total_seconds())
        return True

    def succeeded(self) -> None:
        """The source answers (again)."""
        self._left = self._retry.attempts
