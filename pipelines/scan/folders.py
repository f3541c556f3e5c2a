"""What a folder holds: files, families of files that are alike, and worksheets, as tables."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from metadata.model.source import SourceTable
from pipelines.extract import excel
from pipelines.extract.files import ENDINGS
from pipelines.scan.headers import encoding_of, header_of, is_first_sheet, sheets_of
from pipelines.scan.naming import derived_name, free_name
from pipelines.scan.titles import header_row_of

_NUMBERS = re.compile(r"\d+")
_DATED = re.compile(r"\d{4}")
"""A year or more: the file is one of a series, even while it is the only one."""
_ALIKE = 0.5
"""Share of its columns that a file of a family has in common with the others."""
_TEXTS = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson")


@dataclass(frozen=True)
class FileTable:
    """A table of a folder: its name, how to read it, and its files."""

    name: str
    settings: SourceTable
    files: tuple[Path, ...]

    @property
    def native_name(self) -> str:
        """Its path below the folder, and its worksheet where the workbook has several."""
        path = glob_free(self.settings.path or self.files[0].name)
        return f"{path}#{self.settings.sheet}" if self.settings.sheet else path


def find_tables(
    folder: Path, declared: Mapping[str, SourceTable], covered: Mapping[str, Sequence[Path]]
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
        for path in files:
            sheets = sheets_of(path)
            claimed.add((path, settings.sheet or (sheets[0] if sheets else None)))
        if settings.path is None:
            named = glob.escape(files[0].relative_to(folder).as_posix())
            settings = settings.model_copy(update={"path": named})
        yield FileTable(name, settings, tuple(files))
    free = [path for path in _files(folder) if (path, None) not in claimed]
    for family in _families(folder, free):
        files = family.files
        sheets = sheets_of(files[0])
        for sheet in sheets or (None,):
            if all((path, sheet) in claimed for path in files):
                continue
            alone = len(sheets) == 1 and is_first_sheet(files[0], sheets[0])
            label = None if alone else sheet
            told = sheet if len(sheets) > 1 else ""
            name = free_name(derived_name(f"{family.words} {told}"), taken)
            taken.add(name)
            encodings = _encodings(files)
            settings = SourceTable(
                path=family.glob,
                sheet=label,
                encoding=encodings,
                header_row=_header_row(files, label, encodings),
            )
            yield FileTable(name, settings, tuple(files))


def _files(folder: Path) -> list[Path]:
    """Readable kinds of files, without hidden ones and those that programs have open."""
    found: list[Path] = []
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if any(part.startswith((".", "~$", "__")) for part in parts):
            continue
        if path.suffix.lower() in (*ENDINGS, *excel.ENDINGS) and path.is_file():
            found.append(path)
    # What calls itself a text may be one for people.
    return sorted(p for p in found if p.suffix.lower() != ".txt" or len(header_of(p) or ()) > 1)


@dataclass(frozen=True, order=True)
class _Family:
    """Files that are one table, the glob that finds them, and words to call it by."""

    glob: str
    words: str
    files: tuple[Path, ...]


def _families(folder: Path, files: Sequence[Path]) -> list[_Family]:
    """Files whose paths differ in numbers alone and that are alike, put together.

    A file with a year in its name is a family of its own until others join it, so that its name
    stays the same then.
    """
    groups: dict[str, list[Path]] = {}
    for path in files:
        named = path.relative_to(folder).as_posix()
        groups.setdefault(_NUMBERS.sub("*", glob.escape(named)), []).append(path)
    found: list[_Family] = []
    for pattern, group in groups.items():
        named = group[0].relative_to(folder).as_posix()
        series = _are_alike(group) if len(group) > 1 else bool(_DATED.search(named))
        globbed = _glob(folder, pattern, group) if series else None
        if globbed is not None:
            found.append(_Family(globbed, _words(pattern), tuple(group)))
        else:
            paths = [glob.escape(path.relative_to(folder).as_posix()) for path in group]
            found += [
                _Family(each, _words(each), (path,))
                for each, path in zip(paths, group, strict=True)
            ]
    return sorted(found)


def _are_alike(group: Sequence[Path]) -> bool:
    """Whether all files share most of their columns with the newest, as far as these are known."""
    newest = set(header_of(group[-1]) or ())
    for path in group[:-1]:
        own = set(header_of(path) or ())
        if own and newest and len(own & newest) < _ALIKE * min(len(own), len(newest)):
            return False
    return True


def _glob(folder: Path, pattern: str, group: Sequence[Path]) -> str | None:
    """The simplest glob that finds these files and no others."""
    parent, _, last = pattern.rpartition("/")
    tries = [f"{parent}/*{Path(last).suffix}"] if parent else []
    tries += [pattern, pattern.replace("*", "[0-9]*")]
    return next((each for each in tries if sorted(folder.glob(each)) == list(group)), None)


def _words(pattern: str) -> str:
    """What to call a table: the words of its path, without what differs from file to file."""
    words = glob_free(pattern, stars=" ")
    # By the pattern, not by the glob, which may change with what else lies in the folder.
    return re.sub(r"\.\w+$", "", words).replace("/", " ").strip() or "files"


def glob_free(pattern: str, stars: str | None = None) -> str:
    """A glob as people write a path; `stars` replaces what it leaves open."""
    told = re.sub(r"\[0-9\]\*|\*", stars, pattern) if stars is not None else pattern
    return re.sub(r"\[([*?[])\]", r"\1", told)


def _header_row(files: Sequence[Path], sheet: str | None, encodings: Sequence[str]) -> int | None:
    """The row of the header below titles, where the oldest and the newest file agree on it."""
    told = (*encodings, "utf-8")[0]
    found = {header_row_of(path, sheet, told) for path in (files[0], files[-1])}
    return found.pop() if len(found) == 1 else None


def _encodings(files: Sequence[Path]) -> tuple[str, ...]:
    """Encodings in which text files that are not all UTF-8 can be read, UTF-8 first."""
    if files[0].suffix.lower() not in _TEXTS:
        return ()
    found = dict.fromkeys(encoding_of(path) for path in files)
    others = [each for each in found if each != "utf-8"]
    return ("utf-8", *others) if others and "utf-8" in found else tuple(others)
