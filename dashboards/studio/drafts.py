"""Drafts: edited texts that nobody has saved yet. They outlive a reloaded page and a restart.

A draft belongs to whoever began it. It is kept beside the workspace's data, under a number that
cannot be guessed, and that number stands in the page's address.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from metadata.workfiles import Edit, WorkFile

_LASTS = timedelta(days=30)


@dataclass(frozen=True)
class DraftFile:
    """A file as it was opened and as it is edited; None is a file that is not there."""

    name: str
    base: str | None
    seen: str | None
    """The mark of the file when the edit began."""
    text: str | None

    @property
    def edit(self) -> Edit:
        """What a save would do."""
        return Edit(self.name, self.text, self.seen)


@dataclass(frozen=True)
class Draft:
    """Unsaved edits of one person in one place."""

    number: str
    owner: str
    revision: int = 0
    changed_at: datetime | None = None
    files: Mapping[str, DraftFile] = field(default_factory=dict)

    @property
    def texts(self) -> dict[str, str | None]:
        """The edited texts by file."""
        return {name: file.text for name, file in self.files.items()}

    def with_text(self, name: str, opened: WorkFile | None, text: str | None) -> Draft:
        """The draft after another edit; an edit that leads back to what is saved is none."""
        known = self.files.get(name)
        base = known.base if known else (opened.text if opened else None)
        seen = known.seen if known else (opened.mark if opened else None)
        files = {other: file for other, file in self.files.items() if other != name}
        if text != base:
            files[name] = DraftFile(name, base, seen, text)
        return self.with_files(files)

    def with_files(self, files: Mapping[str, DraftFile]) -> Draft:
        """The draft with other edits."""
        return replace(
            self, files=dict(files), revision=self.revision + 1, changed_at=datetime.now(UTC)
        )


class DraftMoved(Exception):
    """The draft was changed in another window."""


class Drafts:
    """The drafts of a workspace on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new(self, owner: str) -> Draft:
        """A draft with nothing in it; it is kept once something is."""
        return Draft(secrets.token_hex(8), owner)

    def find(self, number: str) -> Draft | None:
        """A kept draft."""
        if not number.isalnum() or len(number) > 64:
            return None
        try:
            return _read((self._folder / f"{number}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, draft: Draft, was: Draft) -> None:
        """Write a draft down; one without edits is forgotten.

        Raises:
            DraftMoved: it is not the state `was` that is on disk.
        """
        kept = self.find(draft.number)
        if kept is not None and kept.revision != was.revision:
            raise DraftMoved
        path = self._folder / f"{draft.number}.json"
        if not draft.files:
            path.unlink(missing_ok=True)
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(_written(draft), encoding="utf-8")
        temporary.chmod(0o600)
        os.replace(temporary, path)

    def others(self, number: str) -> tuple[Draft, ...]:
        """Everybody's other drafts, the newest first; very old ones are removed."""
        found = []
        for path in self._folder.glob("*.json"):
            draft = self.find(path.stem)
            if draft is None or draft.changed_at is None:
                continue
            if datetime.now(UTC) - draft.changed_at > _LASTS:
                path.unlink(missing_ok=True)
            elif draft.number != number:
                found.append(draft)
        return tuple(sorted(found, key=lambda each: str(each.changed_at), reverse=True))

    def forget(self, number: str) -> None:
        """Remove a draft."""
        if number.isalnum():
            (self._folder / f"{number}.json").unlink(missing_ok=True)


def _written(draft: Draft) -> str:
    return json.dumps(
        {
            "number": draft.number,
            "owner": draft.owner,
            "revision": draft.revision,
            "changed_at": draft.changed_at.isoformat() if draft.changed_at else None,
            "files": [
                {"name": f.name, "base": f.base, "seen": f.seen, "text": f.text}
                for f in draft.files.values()
            ],
        },
        ensure_ascii=False,
    )


def _read(text: str) -> Draft:
    told = json.loads(text)
    files = {
        each["name"]: DraftFile(each["name"], each["base"], each["seen"], each["text"])
        for each in told["files"]
    }
    moment = datetime.fromisoformat(told["changed_at"]) if told["changed_at"] else None
    return Draft(told["number"], told["owner"], int(told["revision"]), moment, files)
