"""The states of the metadata that were applied: numbered, with who, when, why and what changed.

Each is one JSON document, `metadata/000001.json` in the workspace's storage, which holds the
definition files as they were; the version that readers see names the state it was built by.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from metadata.errors import InternalError, UserError
from metadata.loader import check_workspace, is_workspace, load_workspace
from metadata.model.workspace import Storage
from metadata.repository import Repository
from metadata.viewers import AccessRules
from metadata.yaml_tree import read_documents, read_text

POINTER = Path("published") / "current.json"


class AppliedState(BaseModel):
    """One applied state of the metadata."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    number: int = Field(ge=1)
    applied_at: datetime
    applied_by: str = Field(description="Who applied it, by the name the system knows.")
    reason: str = Field("", description="Why, in that person's words.")
    digest: str = Field(description="Hash of all definition files.")
    changes: tuple[dict[str, Any], ...] = Field((), description="What differs from the one before.")
    rebuilt: tuple[str, ...] = Field((), description="Products that were made again.")
    texts: dict[str, str] = Field(repr=False, description="The workspace's definition files.")
    shipped: dict[str, str] = Field(repr=False, description="The shipped definition files.")


def digest_of(texts: Mapping[str, str], shipped: Mapping[str, str]) -> str:
    """A hash of definition files; the same files have the same one."""
    told = json.dumps([dict(texts), dict(shipped)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def plan_id(base: int | None, texts: Mapping[str, str], shipped: Mapping[str, str]) -> str:
    """What a plan is called: the same base and the same definition files make the same plan."""
    return f"{base or 0}-{digest_of(texts, shipped)[:12]}"


def states_folder(storage: Path) -> Path:
    """Where the applied states of a workspace are kept."""
    return storage / "metadata"


def state_numbers(storage: Path) -> tuple[int, ...]:
    """The numbers of the applied states, oldest first."""
    return tuple(sorted(int(p.stem) for p in states_folder(storage).glob("[0-9]*.json")))


def read_state(storage: Path, number: int) -> AppliedState | None:
    """An applied state by its number.

    Raises:
        InternalError: the document cannot be read back.
    """
    path = states_folder(storage) / f"{number:06d}.json"
    try:
        return AppliedState.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise InternalError(f"The applied state {path.name} cannot be read: {error}") from None


def state_in_force(storage: Path) -> AppliedState | None:
    """The state by which the version that readers see was built; None before the first."""
    try:
        pointer = json.loads((storage / POINTER).read_text(encoding="utf-8"))
        number = int(pointer.get("metadata") or 0)
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return None
    return read_state(storage, number) if number else None


def load_state(root: Path | str, state: AppliedState) -> Repository:
    """The metadata of a workspace as it was applied.

    Raises:
        MetadataError: this release refuses what an earlier one accepted.
    """
    return load_workspace(root, texts=state.texts, shipped=state.shipped or True)


def access_in_force(root: Path | str, repository: Repository) -> AccessRules:
    """The access policies and users that hold: those of the newest state that was ever applied.

    Readers may have been pointed back at an older version, with the cubes it was built by; nobody
    is to see more by that.

    Args:
        root: the workspace's folder.
        repository: the metadata of the version that answers.

    Raises:
        MetadataError: the newest state cannot be read by this release.
    """
    newest = state_numbers(repository.storage)[-1:]
    state = read_state(repository.storage, newest[0]) if newest else None
    if state is None or state.texts == repository.texts:
        return AccessRules.of(repository)
    return AccessRules.of(load_state(root, state))


def load_in_force(root: Path | str) -> Repository:
    """What readers go by: the applied metadata, or the working files before anything is applied.

    Files that are half edited do not matter once something is applied.

    Raises:
        UserError: the folder is no workspace.
        MetadataError: nothing is applied yet, and definitions are wrong.
    """
    folder = Path(root).expanduser().resolve()
    state = state_in_force(_storage(folder)) if is_workspace(folder) else None
    return load_workspace(folder) if state is None else load_state(folder, state)


def load_to_mend(root: Path | str) -> Repository:
    """What readers go by; before there are any, what can be made of definitions that are wrong.

    Once something is published, rules that cannot be read could be those of who may see what.

    Raises:
        UserError: the folder is no workspace.
        MetadataError: the settings are wrong, which say who may sign in; or something is published
            and what it goes by cannot be read.
    """
    folder = Path(root).expanduser().resolve()
    if (_storage(folder) / POINTER).exists():
        return load_in_force(folder)
    checked = check_workspace(folder)
    if checked.repository is not None:
        return checked.repository
    settings = read_text(folder / "workspace.yaml", "workspace.yaml")
    return load_workspace(folder, texts={"workspace.yaml": settings})


def _storage(root: Path) -> Path:
    """Where a workspace keeps its data, even if its other definitions are wrong at the moment."""
    try:
        (document,) = read_documents(root / "workspace.yaml", "workspace.yaml")
        settings = Storage.model_validate(document.content.get("storage") or {})
    except (UserError, ValueError):
        settings = Storage()
    return (root / settings.path).resolve()
