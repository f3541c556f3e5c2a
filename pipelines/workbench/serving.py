"""Requests in, answers out: one JSON document a line, like an editor and its language server.

A request is `{"id": 1, "method": "preview", "params": {...}}`. Its answer has the same id, and
either `result` or `error` (`{"issues": [...]}`, with `"ours": true` for a defect). Long work tells
how far it is by `{"id": 1, "progress": {...}}`. `{"cancel": 1}` drops a request, or stops it.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from metadata.errors import Issue, UserError

Progress = Callable[[dict[str, Any]], None]
Method = Callable[[dict[str, Any], Progress], Any]
_log = logging.getLogger("rapport.workbench")


class Service:
    """Answers requests one after the other, while the next ones are read."""

    def __init__(
        self, methods: dict[str, Method], answers: TextIO, interrupt: Callable[[], None]
    ) -> None:
        self._methods = methods
        self._answers = answers
        self._interrupt = interrupt
        self._waiting: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._dropped: set[int] = set()
        self._running: int | None = None
        self._lock = threading.Lock()
        self._speaking = threading.Lock()

    def serve(self, requests: Iterable[str]) -> None:
        """Answer until the requests end; what has begun by then is finished."""
        worker = threading.Thread(target=self._work)
        worker.start()
        self._say({"ready": True, "methods": sorted(self._methods)})
        for line in requests:
            if line.strip():
                self._take(line)
        self._waiting.put(None)
        worker.join()

    def _take(self, line: str) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            self._say(_failed(None, (Issue("The request is not JSON."),)))
            return
        if not isinstance(message, dict):
            self._say(_failed(None, (Issue("The request is not an object."),)))
        elif "cancel" in message:
            self._cancel(message["cancel"])
        else:
            self._waiting.put(message)

    def _cancel(self, request: Any) -> None:
        with self._lock:
            if self._running == request:
                self._interrupt()
            elif isinstance(request, int):
                self._dropped.add(request)

    def _work(self) -> None:
        while (message := self._waiting.get()) is not None:
            request = message.get("id")
            with self._lock:
                dropped = request in self._dropped
                self._dropped.discard(request)
                self._running = None if dropped else request
            self._say(
                _failed(request, (Issue("It is no longer wanted."),))
                if dropped
                else self._answer(request, message)
            )
            with self._lock:
                self._running = None

    def _answer(self, request: Any, message: dict[str, Any]) -> dict[str, Any]:
        method = self._methods.get(str(message.get("method")))
        params = message.get("params") or {}
        if method is None or not isinstance(params, dict):
            return _failed(request, (Issue(f"There is no method '{message.get('method')}'."),))
        try:
            result = method(params, lambda told: self._say({"id": request, "progress": told}))
            return {"id": request, "result": result}
        except UserError as error:
            return _failed(request, error.issues)
        except Exception as error:
            _log.exception("A request failed: %s", message.get("method"))
            told = Issue("The workbench failed.", None, f"{type(error).__name__}.")
            answer = _failed(request, (told,))
            answer["error"]["ours"] = True
            return answer

    def _say(self, message: dict[str, Any]) -> None:
        text = json.dumps(message, ensure_ascii=False, default=str)
        with self._speaking:
            self._answers.write(text + "\n")
            self._answers.flush()


def _failed(request: Any, issues: tuple[Issue, ...]) -> dict[str, Any]:
    return {"id": request, "error": {"issues": [issue.as_dict() for issue in issues]}}
