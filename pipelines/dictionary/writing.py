"""The dictionary on disk: written only to an empty folder, or over one written here before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from metadata.errors import UserError

MANIFEST = "dictionary.json"
"""Lists the files that were written, so that those of things that are gone can be removed."""


def write_dictionary(folder: Path, title: str, files: Mapping[str, str]) -> int:
    """Write the files, and remove those of an earlier time that are no longer among them.

    Args:
        folder: where; made if it is not there.
        title: whose dictionary it is.
        files: texts by their path in the folder.

    Returns:
        How many files were written anew or changed.

    Raises:
        UserError: the folder holds something else, or cannot be written.
    """
    before = _written_before(folder)
    changed = 0
    try:
        for name, text in files.items():
            path = folder / name
            content = text.encode("utf-8")
            if not path.is_file() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                changed += 1
        for name in sorted(set(before) - set(files)):
            (folder / name).unlink(missing_ok=True)
        manifest = json.dumps({"dictionary": title, "files": sorted(files)}, indent=1)
        (folder / MANIFEST).write_text(manifest + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"{error.filename or folder} cannot be written.",
            why=error.strerror or str(error),
            fix="Choose another folder with --output.",
        ) from None
    return changed


def _written_before(folder: Path) -> Iterable[str]:
    if not folder.exists():
        return ()
    if not folder.is_dir():
        raise UserError(f"{folder} is a file.", fix="Choose a folder with --output.")
    manifest = folder / MANIFEST
    if not manifest.is_file():
        if any(folder.iterdir()):
            raise UserError(
                f"{folder} holds something else.",
                why="A dictionary is written only into an empty folder, or over an earlier one.",
                fix="Choose another folder with --output.",
            )
        return ()
    try:
        listed = json.loads(manifest.read_text(encoding="utf-8"))["files"]
    except (ValueError, KeyError, TypeError):
        return ()
    return [name for name in listed if isinstance(name, str) and _within(name)]


def _within(name: str) -> bool:
    """Whether a path of the manifest lies in the folder; somebody may have edited it."""
    return not Path(name).is_absolute() and ".." not in Path(name).parts
