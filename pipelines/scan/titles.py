"""Titles above a table: a report's name and date stand in a line of their own, then the header."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import python_calamine

from pipelines.extract import excel

_BEGINNING = 30
"""Rows among which the header must stand."""
_DELIMITERS = ",;\t|"
_WIDE = 2
"""Cells that a header has at least; a title has fewer."""


def header_row_of(path: Path, sheet: str | None, encoding: str) -> int | None:
    """The row (from 1) of the header where titles stand above it; None where nothing does.

    A header is a row of texts, each different, that is followed by a row of more than half its
    cells. What stands above has one cell in each row.

    Args:
        path: a workbook or a CSV file.
        sheet: the worksheet; the first one where none is named.
        encoding: of the CSV file.
    """
    if path.suffix.lower() in excel.ENDINGS:
        return _below_titles(_cells(path, sheet))
    if path.suffix.lower() in (".csv", ".tsv"):
        return _below_titles(_fields(path, encoding))
    return None


def _below_titles(rows: Sequence[Sequence[object]]) -> int | None:
    filled = [[cell for cell in row if cell not in ("", None)] for row in rows]
    first = next((n for n, row in enumerate(filled) if len(row) >= _WIDE), None)
    if not first or not any(filled[:first]):
        return None
    header, below = filled[first], filled[first + 1 :]
    named = all(isinstance(cell, str) and not _is_number(cell) for cell in header)
    follows = bool(below) and 2 * len(below[0]) > len(header)
    if not named or len(set(map(str, header))) < len(header) or not follows:
        return None
    return first + 1


def _is_number(cell: str) -> bool:
    return cell.replace(".", "").replace(",", "").replace("-", "").strip().isdigit()


def _cells(path: Path, sheet: str | None) -> list[list[object]]:
    try:
        book = python_calamine.CalamineWorkbook.from_path(path)
        found = book.get_sheet_by_name(sheet or book.sheet_names[0])
        rows = found.to_python(skip_empty_area=False, nrows=_BEGINNING)
    except (python_calamine.CalamineError, OSError, IndexError):
        return []
    return [list(row) for row in rows]


def _fields(path: Path, encoding: str) -> list[list[str]]:
    """The first lines, parted at what parts the widest of them."""
    try:
        with path.open(
            encoding="utf-8-sig" if encoding == "utf-8" else encoding, errors="replace", newline=""
        ) as file:
            lines = list(islice(file, _BEGINNING))
    except OSError:
        return []
    if not lines or any(line.count('"') % 2 for line in lines):
        # A value runs over several lines; they are no rows.
        return []
    delimiter = "\t" if path.suffix.lower() == ".tsv" else None
    widest = delimiter or max(_DELIMITERS, key=lambda sign: max(line.count(sign) for line in lines))
    return [next(csv.reader([line], delimiter=widest), []) for line in lines]
