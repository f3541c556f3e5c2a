"""What a run tells in detail: one JSON document a line in `logs/<run>.jsonl`, for machines to read.

It holds names, counts and messages that have been scrubbed of passwords; never a row of data.
"""

from __future__ import annotations

import json
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path

from pipelines.results import StepResult

KEPT = 100
"""Logs that are kept where no rule of maintenance speaks of runs."""


class Journal:
    """The log of one run. Safe to use from several threads."""

    def __init__(self, folder: Path, run: str, *, kept: int | None = KEPT) -> None:
        """Begin a log, of so many that are kept; all of them where None is said."""
        folder.mkdir(parents=True, exist_ok=True)
        for old in sorted(folder.glob("*.jsonl"))[: -kept + 1] if kept else ():
            old.unlink(missing_ok=True)
        self._file = (folder / f"{run}.jsonl").open("a", encoding="utf-8", buffering=1)
        self._writing = threading.Lock()

    def tell(self, event: str, **values: object) -> None:
        """Write one line."""
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"at": moment, "event": event, **values}, default=str)
        with self._writing:
            self._file.write(line + "\n")

    def step(self, result: StepResult) -> None:
        """Write how a step ended."""
        counts = {"rows_in": result.rows_in, "rows_out": result.rows_out, "refused": result.refused}
        self.tell(
            "step",
            name=result.name,
            stage=result.kind,
            status=result.status,
            seconds=round(result.seconds, 4),
            **{name: count for name, count in counts.items() if count is not None},
            issues=[issue.as_dict() for issue in result.issues],
            warnings=[issue.as_dict() for issue in result.warnings],
        )

    def defect(self, name: str, error: BaseException) -> None:
        """Write where in the code something unforeseen happened."""
        self.tell("defect", name=name, trace="".join(traceback.format_exception(error)))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
