"""The definition files of a workspace as people edit them: read with a mark, saved against it.

Whoever opens a file gets the mark of its content. Saving gives the mark back: where the file has
another one by then, somebody else has changed it, nothing is written, and the conflict tells who
and when. A save is whole: of several files all are written or, on a conflict, none.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from metadata.errors import Issue, Location, MetadataError, UserError
from metadata.kinds import FOLDERS, SINGLE_FILES

_MOST_REMEMBERED = 1_000_000
_BOM = "\ufeff".encode()


@dataclass(frozen=True)
class WorkFile:
    """A file as it was when somebody looked."""

    name: str
    """Its path below the workspace."""
    text: str
    """With its own line ends."""
    mark: str
    """Changes whenever a byte of the file does."""


@dataclass(frozen=True)
class Edit:
    """What a file shall be: its new text, or None to remove it; `seen` is the mark it had."""

    name: str
    text: str | None
    seen: str | None
    """None where there was no file when the edit began."""


@dataclass(frozen=True)
class Clash:
    """A file that somebody else has changed meanwhile."""

    name: str
    now: WorkFile | None
    """The file as it is; None where it was removed."""
    by: str
    """Who saved it; empty where it was not saved through here."""
    at: datetime | None
    """When; None where the file is gone and nobody noted it."""


class SaveConflict(UserError):
    """Files have changed since they were opened. Nothing was written."""

    def __init__(self, clashes: Sequence[Clash]) -> None:
        issues = tuple(
            Issue(
                f"{clash.name} {'has been changed' if clash.now else 'has been removed'}"
                f" by {clash.by or 'somebody else'} since you opened it.",
                Location(clash.name),
                "Nothing was saved, so nothing of theirs is lost.",
                "Look at both differences, then take theirs or bring your change into it.",
            )
            for clash in clashes
        )
        super().__init__(issues[0].what)
        self.issues = issues
        self.clashes = tuple(clashes)


def open_file(root: Path, name: str) -> WorkFile | None:
    """A file with its mark; None where there is none.

    Raises:
        UserError: the name is not that of a definition file.
        MetadataError: the file cannot be read, or is not UTF-8 text.
    """
    path = _place(root, name)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = error.strerror or str(error)
        raise MetadataError([Issue("The file cannot be read.", Location(name), reason)]) from None
    try:
        text = content.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise MetadataError(
            [Issue("The file is not UTF-8 text.", Location(name, line), "", "Save it as UTF-8.")]
        ) from None
    return WorkFile(name, text, hashlib.sha256(content).hexdigest())


def file_names(root: Path) -> tuple[str, ...]:
    """The definition files of a workspace, in order."""
    found = [name for name in SINGLE_FILES if (root / name).is_file()]
    for folder in FOLDERS:
        paths = (p for p in (root / folder).rglob("*") if p.suffix.lower() in (".yaml", ".yml"))
        names = sorted(path.relative_to(root).as_posix() for path in paths if path.is_file())
        found += [name for name in names if not any(p.startswith(".") for p in name.split("/"))]
    return tuple(found)


def save(root: Path, notes: Path, edits: Sequence[Edit], by: str) -> tuple[WorkFile, ...]:
    """Write files whose marks are still the ones that were seen.

    Args:
        root: the workspace.
        notes: folder for the lock and for who saved what.
        edits: each file once.
        by: who saves; told to whoever comes second.

    Returns:
        the written files with their new marks; removed ones are not among them.

    Raises:
        SaveConflict: a file has changed; none was written.
        UserError: a name is not that of a definition file, or the disk refuses.
    """
    places = {edit.name: _place(root, edit.name) for edit in edits}
    with _locked(notes):
        clashes = [found for edit in edits if (found := _clash(root, notes, edit))]
        if clashes:
            raise SaveConflict(clashes)
        try:
            waiting = [
                (_written_beside(places[edit.name], edit.text), places[edit.name])
                for edit in edits
                if edit.text is not None
            ]
            for temporary, place in waiting:
                os.replace(temporary, place)
            for edit in edits:
                if edit.text is None:
                    places[edit.name].unlink(missing_ok=True)
        except OSError as error:
            raise UserError(
                "The files could not be saved.",
                why=f"{error.strerror or error}.",
                fix="Make room on the disk, or mend the permissions of the workspace's folder.",
            ) from None
        saved = [open_file(root, edit.name) for edit in edits]
        _note(
            notes, [(e.name, f.mark if f else None) for e, f in zip(edits, saved, strict=True)], by
        )
    return tuple(file for file in saved if file is not None)


def clash_of(root: Path, notes: Path, edit: Edit) -> Clash | None:
    """Whether a save would meet a conflict, as of now."""
    return _clash(root, notes, edit)


def _place(root: Path, name: str) -> Path:
    """Where a definition file lies; never outside the workspace."""
    pure = PurePosixPath(name)
    known = name in SINGLE_FILES or (
        len(pure.parts) > 1
        and pure.parts[0] in FOLDERS
        and pure.suffix.lower() in (".yaml", ".yml")
    )
    hidden = any(part in ("..", ".") or part.startswith(".") for part in pure.parts)
    if not known or hidden or pure.is_absolute() or not name.isprintable() or "\\" in name:
        raise UserError(
            f"'{name}' is not a definition file.",
            why=f"Definitions lie in {', '.join(FOLDERS)} and end in .yaml.",
        )
    base = root.resolve()
    place = (base / name).resolve()
    if not place.is_relative_to(base):
        raise UserError(f"'{name}' leads out of the workspace, so it is not changed from here.")
    return place


def _clash(root: Path, notes: Path, edit: Edit) -> Clash | None:
    now = open_file(root, edit.name)
    mark = now.mark if now else None
    if mark == edit.seen or (now is not None and now.text == edit.text):
        return None
    by, at = _noted(notes, edit.name, mark)
    if at is None and now is not None:
        at = datetime.fromtimestamp(_place(root, edit.name).stat().st_mtime, UTC)
    return Clash(edit.name, now, by, at)


def _written_beside(place: Path, text: str) -> Path:
    """The new content in a file of its own, on the disk, with the old one's permissions."""
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = place.with_name(f".{place.name}.{os.getpid()}.tmp")
    mode, had_bom = 0o644, False
    if place.exists():
        mode = place.stat().st_mode & 0o777
        with place.open("rb") as file:
            had_bom = file.read(len(_BOM)) == _BOM
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write((_BOM if had_bom else b"") + text.encode())
        file.flush()
        os.fsync(file.fileno())
    return temporary


@contextmanager
def _locked(notes: Path) -> Iterator[None]:
    notes.mkdir(parents=True, exist_ok=True)
    with (notes / "save.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _note(notes: Path, saved: Sequence[tuple[str, str | None]], by: str) -> None:
    at = datetime.now(UTC).isoformat()
    told = [json.dumps({"file": name, "mark": mark, "by": by, "at": at}) for name, mark in saved]
    path = notes / "saves.jsonl"
    if path.exists() and path.stat().st_size > _MOST_REMEMBERED:
        kept = path.read_text(encoding="utf-8").splitlines()
        path.write_text("\n".join(kept[len(kept) // 2 :]) + "\n", encoding="utf-8")
    with path.open("a", encoding="utf-8") as file:
        file.write("\n".join(told) + "\n")


def _noted(notes: Path, name: str, mark: str | None) -> tuple[str, datetime | None]:
    """Who last saved a file with this content, and when."""
    try:
        lines = (notes / "saves.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "", None
    for line in reversed(lines):
        try:
            note = json.loads(line)
            if note["file"] == name and note["mark"] == mark:
                return str(note["by"]), datetime.fromisoformat(note["at"])
        except (ValueError, KeyError, TypeError):
            continue
    return "", None
