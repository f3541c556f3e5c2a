"""One run at a time per workspace, however started; the system frees the lock of the dead."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from metadata.errors import UserError


@contextmanager
def run_lock(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold the workspace's lock.

    Raises:
        UserError: another run is at work, and we were not told to wait.
    """
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
        yield


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Keep landed batches from being removed while they are read; any number may read at once.

    Whoever may not write where the lock is reads without it.
    """
    with ExitStack() as opened:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = opened.enter_context(path.open("a+"))
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
        else:
            fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextmanager
def nobody_reading(path: Path) -> Iterator[bool]:
    """Whether nobody reads landed batches; as long as it holds, whoever wants to read waits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
