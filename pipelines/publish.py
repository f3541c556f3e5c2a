"""Publishing: the audited build becomes a numbered, immutable version by one atomic rename."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cubes.database import versions_kept
from metadata import Repository
from metadata.errors import UserError
from pipelines.lock import run_lock
from pipelines.storage import Storage, replace_durably

SHADOW = "shadow-"
"""How the folder begins in which a change is tried aside."""


@dataclass(frozen=True)
class Published:
    """A version that readers can be shown; `bytes` is the size of its file."""

    version: int
    published_at: str
    bytes: int
    current: bool
    metadata: int | None = None
    """Number of the applied state of the metadata that it was built by."""


def publish(
    storage: Storage, build: Path, fingerprint: str, keep: int, metadata: int | None = None
) -> int:
    """Copy the closed or checkpointed build and point readers at the copy; the new version.

    Args:
        storage: the workspace's storage.
        build: the warehouse file, checkpointed.
        fingerprint: what the build was made from, to tell whether it has been published.
        keep: how many versions stay on disk.
        metadata: number of the applied state of the metadata that it was built by.
    """
    version = _next(storage)
    target = storage.version_file(version)
    temporary = target.with_suffix(".tmp")
    shutil.copyfile(build, temporary)
    return _put(storage, version, temporary, fingerprint, keep, metadata)


def publish_again(storage: Storage, keep: int, metadata: int) -> int:
    """The current data under a new state of the metadata: a new version, without a copy.

    Readers see the state and the data change in one instant, and either can be rolled back.
    """
    pointer = current(storage)
    assert pointer is not None
    version = _next(storage)
    temporary = storage.version_file(version).with_suffix(".tmp")
    temporary.unlink(missing_ok=True)
    published = storage.published / str(pointer["file"])
    try:
        os.link(published, temporary)
    except OSError:
        # Some file systems have no hard links.
        shutil.copyfile(published, temporary)
    return _put(storage, version, temporary, str(pointer["fingerprint"]), keep, metadata)


def _next(storage: Storage) -> int:
    # The number comes from the files, not from the pointer, which may have been rolled back.
    return max(numbers(storage), default=0) + 1


def _put(
    storage: Storage,
    version: int,
    temporary: Path,
    fingerprint: str,
    keep: int,
    metadata: int | None,
) -> int:
    temporary.chmod(0o444)
    _write(_beside(storage, version), {"metadata": metadata, "fingerprint": fingerprint})
    replace_durably(temporary, storage.version_file(version))
    before = current(storage) or {}
    held = bool(before.get("held")) and before.get("metadata") == metadata
    _point(storage, version, fingerprint, metadata, held=held)
    prune(storage, keep)
    return version


def _beside(storage: Storage, version: int) -> Path:
    """What is known of a version, beside its file."""
    return storage.version_file(version).with_suffix(".json")


def _write(path: Path, content: dict[str, Any]) -> None:
    temporary = path.with_suffix(".json.tmp")
    temporary.write_text(json.dumps(content), encoding="utf-8")
    replace_durably(temporary, path)


def metadata_of(storage: Storage, version: int) -> int | None:
    """The number of the applied state of the metadata that a version was built by."""
    try:
        found = json.loads(_beside(storage, version).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    number: int | None = found.get("metadata")
    return number


def current(storage: Storage) -> dict[str, Any] | None:
    """What the pointer says, or None before the first version."""
    try:
        found: dict[str, Any] = json.loads(storage.pointer.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def in_force(storage: Storage) -> tuple[Path, int]:
    """The file that readers see, and the number of its version.

    Raises:
        UserError: nothing has been published yet.
    """
    pointer = current(storage)
    if pointer is None:
        raise UserError("Nothing has been published yet.", fix="Load it with `rapport run`.")
    return storage.published / str(pointer["file"]), int(pointer["version"])


def versions(repository: Repository) -> list[Published]:
    """The versions on disk, newest first."""
    storage = Storage.of(repository)
    pointed = (current(storage) or {}).get("version")
    found = []
    for number in sorted(numbers(storage), reverse=True):
        status = storage.version_file(number).stat()
        moment = datetime.fromtimestamp(status.st_mtime, UTC).isoformat(timespec="seconds")
        found.append(
            Published(
                number, moment, status.st_size, number == pointed, metadata_of(storage, number)
            )
        )
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
    pointer = current(storage) or {}
    metadata = metadata_of(storage, version)
    other = metadata is not None and metadata != pointer.get("metadata")
    held = other or bool(pointer.get("held"))
    if not other:
        _point(storage, version, "", metadata, held=held)
        return
    # What was built by the other state goes on from what it was before; no run may be using it.
    with run_lock(storage.lock, wait=False):
        forget_build(storage)
        _point(storage, version, "", metadata, held=held)


def clean_up(storage: Storage) -> None:
    """Remove what a run that died has left half done."""
    for stray in storage.published.glob("*.tmp"):
        stray.unlink(missing_ok=True)
    for aside in storage.root.glob(f"{SHADOW}*"):
        shutil.rmtree(aside, ignore_errors=True)


def begin_change(storage: Storage, digest: str) -> None:
    """From here on the build may hold what no reader has been shown, by metadata of this digest."""
    temporary = storage.changing.with_suffix(".tmp")
    temporary.write_text(digest, encoding="utf-8")
    replace_durably(temporary, storage.changing)


def end_change(storage: Storage) -> None:
    """The build holds what is published."""
    storage.changing.unlink(missing_ok=True)


def leave_half_a_change(storage: Storage, digest: str) -> None:
    """Forget a build in which other metadata began to be applied and was not carried through.

    Columns that it dropped, or histories that it made otherwise, are still in what is published.
    """
    try:
        begun = storage.changing.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    if begun != digest and current(storage) is not None:
        forget_build(storage)


def forget_build(storage: Storage) -> None:
    """The warehouse goes on from what is published when it is needed again."""
    storage.warehouse_database.unlink(missing_ok=True)
    # What a killed process had not yet put into the file would be put into the next one.
    storage.warehouse_database.with_suffix(".duckdb.wal").unlink(missing_ok=True)
    end_change(storage)


def restore_build(storage: Storage) -> None:
    """A warehouse that is lost goes on from what is published, with its keys and its history."""
    if current(storage) is None or storage.warehouse_database.exists():
        return
    forget_build(storage)
    temporary = storage.warehouse_database.with_suffix(".tmp")
    shutil.copyfile(in_force(storage)[0], temporary)
    replace_durably(temporary, storage.warehouse_database)


def numbers(storage: Storage) -> list[int]:
    """The versions that are on disk."""
    return versions_kept(storage.published)


def _point(
    storage: Storage,
    version: int,
    fingerprint: str,
    metadata: int | None,
    *,
    held: bool = False,
) -> None:
    pointer = {
        "version": version,
        "file": storage.version_file(version).name,
        "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "fingerprint": fingerprint,
        "metadata": metadata,
        "held": held,
    }
    _write(storage.pointer, pointer)


def prune(storage: Storage, keep: int) -> None:
    """Remove versions, the oldest first; a reader that has a removed file open keeps reading it."""
    for number in surplus(storage, keep):
        storage.version_file(number).unlink(missing_ok=True)
        _beside(storage, number).unlink(missing_ok=True)


def surplus(storage: Storage, keep: int) -> tuple[int, ...]:
    """Versions beyond the number that is kept; never the one that readers see."""
    pointed = (current(storage) or {}).get("version")
    return tuple(number for number in sorted(numbers(storage))[:-keep] if number != pointed)
