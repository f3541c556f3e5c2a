"""What a folder holds: files, families of files that are alike, and worksheets, as tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import python_calamine

from metadata.model.source import SourceTable
from pipelines.extract import excel
from pipelines.extract.files import ENDINGS
from pipelines.scan.naming import derived_name, free_name

_MOST_FILES = 20_000
_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True)
class FileTable:
    """A table of a folder: its name, how to read it, and its files."""

    name: str
    native_name: str
    settings: SourceTable
    files: tuple[Path, ...]


def find_tables(
    folder: Path, declared: Mapping[str, SourceTable], covered: Mapping[str, list[Path]]
) -> Iterator[FileTable]:
    """The declared tables, and then everything else that can be read.

    Args:
        folder: the source's folder.
        declared: tables of the source's definition.
        covered: the files of those that were found.
    """
    taken = set(declared)
    claimed: set[tuple[Path, str | None]] = set()
    for name, files in covered.items():
        settings = declared[name]
        claimed |= {(path, settings.sheet or _first_sheet(path)) for path in files}
        yield FileTable(name, _native(folder, settings, files), settings, tuple(files))
    whole = {path for path, sheet in claimed if sheet is None}
    free = [path for path in _files(folder) if path not in whole]
    for pattern, files in sorted(_families(folder, free).items()):
        for sheet, label in _sheets(files[0]):
            if all((path, sheet) in claimed for path in files):
                continue
            base = _base(folder, pattern, files)
            name = free_name(derived_name(f"{base} {label}" if label else base), taken)
            taken.add(name)
            settings = SourceTable(path=pattern, sheet=label)
            native = f"{pattern}#{label}" if label else pattern
            yield FileTable(name, native, settings, tuple(files))


def _files(folder: Path) -> list[Path]:
    """Readable kinds of files, without hidden ones and those that programs have open."""
    found: list[Path] = []
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if any(part.startswith((".", "~$", "_")) for part in parts):
            continue
        if path.suffix.lower() in ENDINGS and path.is_file():
            found.append(path)
        if len(found) >= _MOST_FILES:
            break
    return sorted(found)


def _families(folder: Path, files: list[Path]) -> dict[str, list[Path]]:
    """Files whose paths differ in numbers alone, under the glob that finds them."""
    groups: dict[str, list[Path]] = {}
    for path in files:
        pattern = _NUMBERS.sub("*", path.relative_to(folder).as_posix())
        groups.setdefault(pattern, []).append(path)
    found: dict[str, list[Path]] = {}
    for pattern, group in groups.items():
        if len(group) > 1:
            found[_shortest(folder, pattern, group)] = group
        else:
            found[group[0].relative_to(folder).as_posix()] = group
    return found


def _shortest(folder: Path, pattern: str, group: list[Path]) -> str:
    """`orders/*.csv` rather than `orders/*-*.csv` where it finds the same files."""
    parent, _, last = pattern.rpartition("/")
    simple = f"{parent}/*{Path(last).suffix}" if parent else pattern
    return simple if parent and sorted(folder.glob(simple)) == group else pattern


def _base(folder: Path, pattern: str, files: list[Path]) -> str:
    """What to call a table: the words of its file, else of the folder that it lies in."""
    if len(files) == 1:
        return " ".join(files[0].relative_to(folder).with_suffix("").parts)
    parts = [part.replace("*", " ") for part in Path(pattern).with_suffix("").parts]
    words = [part for part in parts if re.search(r"\w", part)]
    return " ".join(words) or folder.name


def _native(folder: Path, settings: SourceTable, files: list[Path]) -> str:
    path = settings.path or files[0].relative_to(folder).as_posix()
    return f"{path}#{settings.sheet}" if settings.sheet else path


def _first_sheet(path: Path) -> str | None:
    names = _sheet_names(path)
    return names[0] if names else None


def _sheets(path: Path) -> list[tuple[str | None, str | None]]:
    """The worksheets of a workbook, each with what must be said to read it."""
    names = _sheet_names(path)
    if not names:
        return [(None, None)]
    return [(name, name if len(names) > 1 else None) for name in names]


def _sheet_names(path: Path) -> list[str]:
    if path.suffix.lower() not in excel.ENDINGS:
        return []
    try:
        return list(python_calamine.CalamineWorkbook.from_path(path).sheet_names)
    except (python_calamine.CalamineError, OSError):
        return []
