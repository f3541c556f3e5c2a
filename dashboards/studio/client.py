"""The pages' side of the workbench: a process started when needed, restarted when it dies."""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metadata.errors import Issue, UserError
from metadata.workbench import IssueTold

_log = logging.getLogger("rapport.studio")
START_SECONDS = 60.0
_GRACE = 3.0
"""Seconds in which a request that has been cancelled must give way."""
_PAUSE = 15.0
"""Seconds after which a process that could not be started is tried again."""
Progress = Callable[[dict[str, Any]], None]


class WorkbenchError(UserError):
    """What was asked for could not be had; the issues tell why."""

    def __init__(self, issues: tuple[Issue, ...]) -> None:
        super().__init__(issues[0].what)
        self.issues = issues


@dataclass(frozen=True)
class _Waiting:
    """A request that has not been answered yet, with the process that it was sent to."""

    process: subprocess.Popen[str]
    future: Future[dict[str, Any]]
    progress: Progress | None


class Workbench:
    """One process, asked by many sessions. Safe to use from several threads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._process: subprocess.Popen[str] | None = None
        self._starting = threading.Lock()
        self._writing = threading.Lock()
        self._waiting: dict[int, _Waiting] = {}
        self._topics: dict[str, int] = {}
        self._last = 0
        self._failed = 0.0
        """When a process ended before it was ready."""

    def ask(
        self,
        method: str,
        params: dict[str, Any],
        *,
        seconds: float,
        topic: str = "",
        progress: Progress | None = None,
    ) -> Any:
        """The result of a method.

        Args:
            method: its name.
            params: its parameters.
            seconds: how long to wait; then the process is asked to stop, and ended if it does not.
            topic: a later request on the same topic makes this one superfluous.
            progress: told how far long work is.

        Raises:
            WorkbenchError: it failed, took too long, or was superseded.
        """
        future: Future[dict[str, Any]] = Future()
        process = self._running()
        with self._writing:
            self._last += 1
            number = self._last
            self._waiting[number] = _Waiting(process, future, progress)
            before = self._topics.get(topic) if topic else None
            if topic:
                self._topics[topic] = number
            if before in self._waiting:
                self._send(process, {"cancel": before})
            self._send(process, {"id": number, "method": method, "params": params})
        try:
            if process.poll() is not None and not future.done():
                # It died before it could know of this request.
                raise WorkbenchError((GONE,))
            return self._result(future.result(timeout=seconds))
        except FutureTimeout:
            self._give_up(process, number, future)
            raise WorkbenchError(
                (
                    Issue(
                        "This takes too long.",
                        None,
                        f"It was stopped after {seconds:.0f} seconds.",
                        "Try again in a moment, or change less at once.",
                    ),
                )
            ) from None
        finally:
            self._waiting.pop(number, None)

    def warm_up(self) -> None:
        """Start the process in the background, so that it is ready when it is asked."""
        if self._process is None:
            threading.Thread(target=self._warmed, daemon=True).start()

    def _warmed(self) -> None:
        with contextlib.suppress(WorkbenchError):
            self._running()

    def close(self) -> None:
        """End the process; work that has begun in it is finished first."""
        with self._starting:
            process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            try:
                process.stdin.close()
                process.wait(_GRACE)
            except (OSError, subprocess.TimeoutExpired):
                process.terminate()

    def _result(self, answer: dict[str, Any]) -> Any:
        if "error" not in answer:
            return answer.get("result")
        told = [IssueTold.model_validate(each).issue for each in answer["error"]["issues"]]
        if answer["error"].get("ours"):
            told = [
                Issue(
                    "This could not be worked out.",
                    None,
                    "Something went wrong on our side.",
                    "Try again; if it stays, the server's log has the details.",
                )
            ]
        raise WorkbenchError(tuple(told))

    def _running(self) -> subprocess.Popen[str]:
        with self._starting:
            if self._process is None or self._process.poll() is not None:
                self._process = self._started()
            return self._process

    def _started(self) -> subprocess.Popen[str]:
        if time.monotonic() - self._failed < _PAUSE and self._failed:
            # A page asks many times; one that cannot start is not started for each of them.
            raise WorkbenchError((GONE,))
        command = [sys.executable, "-m", "pipelines.workbench", str(self._root)]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                bufsize=1,
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise WorkbenchError(
                (Issue("The workbench cannot be started.", None, reason),)
            ) from None
        ready = threading.Event()
        threading.Thread(target=self._listen, args=[process, ready], daemon=True).start()
        if not ready.wait(START_SECONDS) or process.poll() is not None:
            process.kill()
            self._failed = time.monotonic()
            raise WorkbenchError((GONE,))
        self._failed = 0.0
        return process

    def _listen(self, process: subprocess.Popen[str], ready: threading.Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if "ready" in message:
                ready.set()
                continue
            waiting = self._waiting.get(message.get("id"))
            if waiting is None or waiting.future.done():
                continue
            if "progress" not in message:
                waiting.future.set_result(message)
            elif waiting.progress is not None:
                waiting.progress(message["progress"])
        process.wait()
        ready.set()
        _log.info("The workbench has ended with status %s.", process.returncode)
        for waiting in list(self._waiting.values()):
            if waiting.process is process and not waiting.future.done():
                waiting.future.set_result({"error": {"issues": [GONE.as_dict()]}})

    def _send(self, process: subprocess.Popen[str], message: dict[str, Any]) -> None:
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(message, default=str) + "\n")
            process.stdin.flush()
        except (OSError, ValueError):
            raise WorkbenchError((GONE,)) from None

    def _give_up(
        self, process: subprocess.Popen[str], number: int, future: Future[dict[str, Any]]
    ) -> None:
        with self._writing:
            try:
                self._send(process, {"cancel": number})
            except WorkbenchError:
                return
        until = time.monotonic() + _GRACE
        while not future.done() and time.monotonic() < until:
            time.sleep(0.05)
        if not future.done():
            process.kill()
            process.wait()


GONE = Issue(
    "The workbench has stopped unexpectedly.",
    None,
    "Nothing was changed by that.",
    "Try again: it starts anew by itself.",
)
_benches: dict[Path, Workbench] = {}
_benches_lock = threading.Lock()


def workbench(root: Path) -> Workbench:
    """The workbench of a workspace, shared by everybody who looks at it."""
    with _benches_lock:
        if root not in _benches:
            _benches[root] = Workbench(root)
        return _benches[root]


def close_all() -> None:
    """End every workbench of this process."""
    with _benches_lock:
        for bench in _benches.values():
            bench.close()
        _benches.clear()


atexit.register(close_all)
