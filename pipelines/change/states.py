"""Writing down applied states of the metadata; `metadata.applied` reads them."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from metadata import Repository
from metadata.applied import (
    AppliedState,
    digest_of,
    state_in_force,
    state_numbers,
    states_folder,
)
from pipelines.storage import Storage, replace_durably

BY = "RAPPORT_USER"
"""Environment variable with the name of who applies, where it is not the user of the system."""


@dataclass(frozen=True)
class Applying:
    """Who applies a state of the metadata, why, and what they were told it changes."""

    by: str
    reason: str = ""
    changes: tuple[Mapping[str, Any], ...] = ()


def who() -> str:
    """The name of the person at work, as far as the system knows it."""
    try:
        return os.environ.get(BY) or getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def is_in_force(storage: Storage, repository: Repository) -> int | None:
    """The number of the state in force, if it is that of the repository."""
    state = state_in_force(storage.root)
    same = state is not None and state.digest == digest_of(repository.texts, repository.shipped)
    return state.number if same and state else None


def record(
    storage: Storage, repository: Repository, applying: Applying, rebuilt: Iterable[str]
) -> int:
    """Write down a state as applied; its number. It is in force once a version names it."""
    known = state_numbers(storage.root)
    state = AppliedState(
        number=(known[-1] if known else 0) + 1,
        applied_at=datetime.now(UTC),
        applied_by=applying.by,
        reason=applying.reason,
        digest=digest_of(repository.texts, repository.shipped),
        changes=tuple(dict(change) for change in applying.changes),
        rebuilt=tuple(rebuilt),
        texts=dict(repository.texts),
        shipped=dict(repository.shipped),
    )
    folder = states_folder(storage.root)
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{state.number:06d}.tmp"
    temporary.write_text(state.model_dump_json(indent=1), encoding="utf-8")
    replace_durably(temporary, folder / f"{state.number:06d}.json")
    return state.number
