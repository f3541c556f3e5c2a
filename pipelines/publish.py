"""Publishing: the audited build becomes a numbered, immutable version by one atomic rename."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cubes.database import versions_kept
from metadata import Repository
from metadata.errors import UserError
from pipelines.storage import Storage, replace_durably


@dataclass(frozen=True)
class Published:
    """A version that readers can be shown; `bytes` is the size of its file."""

    version: int
    published_at: str
    bytes: int
    current: bool


def publish(storage: Storage, build: Path, fingerprint: str, keep: int) -> int:
    """Copy the closed or checkpointed build and point readers at the copy; the new version.

    Args:
        storage: the workspace's storage.
        build: the warehouse file, checkpointed.
        fingerprint: what the build was made from, to tell whether it has been published.
        keep: how many versions stay on disk.
    """
    # The number comes from the files, not from the pointer, which may have been rolled back.
    version = max(numbers(storage), default=0) + 1
    target = storage.version_file(version)
    temporary = target.with_suffix(".tmp")
    shutil.copyfile(build, temporary)
    temporary.chmod(0o444)
    replace_durably(temporary, target)
    _point(storage, version, fingerprint)
    _prune(storage, keep)
    return version


def current(storage: Storage) -> dict[str, str | int] | None:
    """What the pointer says, or None before the first version."""
    try:
        found: dict[str, str | int] = json.loads(storage.pointer.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def versions(repository: Repository) -> list[Published]:
    """The versions on disk, newest first."""
    storage = Storage.of(repository)
    pointed = (current(storage) or {}).get("version")
    found = []
    for number in sorted(numbers(storage), reverse=True):
        status = storage.version_file(number).stat()
        moment = datetime.fromtimestamp(status.st_mtime, UTC).isoformat(timespec="seconds")
        found.append(Published(number, moment, status.st_size, number == pointed))
    return found


def rollback(repository: Repository, version: int) -> None:
    """Point readers at an earlier (or later) version that is still on disk.

    Raises:
        UserError: there is no such version.
    """
    storage = Storage.of(repository)
    known = sorted(numbers(storage))
    if version not in known:
        kept = ", ".join(map(str, known)) or "none"
        raise UserError(f"There is no version {version}.", fix=f"Versions on disk: {kept}.")
    _point(storage, version, "")


def clean_up(storage: Storage) -> None:
    """Remove what a run that died has left half done."""
    for stray in storage.published.glob("*.tmp"):
        stray.unlink(missing_ok=True)


def restore_build(storage: Storage) -> None:
    """A warehouse that is lost goes on from what is published, with its keys and its history."""
    pointer = current(storage)
    if pointer is None or storage.warehouse_database.exists():
        return
    temporary = storage.warehouse_database.with_suffix(".tmp")
    shutil.copyfile(storage.published / str(pointer["file"]), temporary)
    replace_durably(temporary, storage.warehouse_database)


def numbers(storage: Storage) -> list[int]:
    """The versions that are on disk."""
    return versions_kept(storage.published)


def _point(storage: Storage, version: int, fingerprint: str) -> None:
    pointer = {
        "version": version,
        "file": storage.version_file(version).name,
        "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "fingerprint": fingerprint,
    }
    temporary = storage.pointer.with_suffix(".tmp")
    temporary.write_text(json.dumps(pointer), encoding="utf-8")
    replace_durably(temporary, storage.pointer)


def _prune(storage: Storage, keep: int) -> None:
    """Oldest first; a reader that has a removed file open keeps reading it."""
    pointed = (current(storage) or {}).get("version")
    for number in sorted(numbers(storage))[:-keep]:
        if number != pointed:
            storage.version_file(number).unlink(missing_ok=True)
