"""Long work, each in a process of its own: it goes on when the page is closed, for all to see."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashboards.studio.client import Workbench, WorkbenchError
from metadata.errors import Issue

_LONGEST = 6 * 3600.0
_KEPT_SECONDS = 3600.0


@dataclass
class Task:
    """Work that somebody has started."""

    kind: str
    by: str
    about: Any
    number: str = field(default_factory=lambda: uuid.uuid4().hex)
    began: float = field(default_factory=time.time)
    ended: float | None = None
    progress: list[dict[str, Any]] = field(default_factory=list)
    result: Any = None
    issues: tuple[Issue, ...] = ()

    @property
    def running(self) -> bool:
        """Whether it is still at work."""
        return self.ended is None

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return (self.ended or time.time()) - self.began


_tasks: dict[tuple[Path, str], Task] = {}
_lock = threading.Lock()


def start(
    root: Path,
    kind: str,
    by: str,
    params: dict[str, Any],
    about: Any = None,
) -> Task:
    """Start work, unless work of the same kind is running: then that is given.

    Args:
        root: the workspace.
        kind: the workbench's method.
        by: who starts it.
        params: of the method.
        about: what it is for, to be shown.
    """
    with _lock:
        running = _tasks.get((root, kind))
        if running is not None and running.running:
            return running
        task = Task(kind, by, about)
        _tasks[root, kind] = task

    def work() -> None:
        bench = Workbench(root)
        try:
            task.result = bench.ask(kind, params, seconds=_LONGEST, progress=task.progress.append)
        except WorkbenchError as error:
            task.issues = error.issues
        finally:
            bench.close()
            task.ended = time.time()

    threading.Thread(target=work, daemon=True).start()
    return task


def current(root: Path, kind: str) -> Task | None:
    """The last work of a kind, running or ended within the last hour."""
    with _lock:
        task = _tasks.get((root, kind))
        if task is not None and task.ended and time.time() - task.ended > _KEPT_SECONDS:
            del _tasks[root, kind]
            return None
        return task


def forget(root: Path, kind: str) -> None:
    """No longer show work that has ended."""
    with _lock:
        task = _tasks.get((root, kind))
        if task is not None and not task.running:
            del _tasks[root, kind]
