"""One run at a time per workspace, however started; the system frees the lock of the dead."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from metadata.errors import UserError

_held: set[Path] = set()


@contextmanager
def run_lock(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold the workspace's lock; nothing happens where this process holds it already.

    Raises:
        UserError: another process is at work, and we were not told to wait.
    """
    if path in _held:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            file.seek(0)
            other = file.read().strip() or "unknown"
            raise UserError(
                "Another run of this workspace is at work.",
                why=f"Its process is {other}.",
                fix="Wait until it has ended, or start this one with --wait.",
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        _held.add(path)
        try:
            yield
        finally:
            _held.discard(path)
