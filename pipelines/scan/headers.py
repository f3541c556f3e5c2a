"""A first look into files: their columns, worksheets and encodings, without reading them whole."""

from __future__ import annotations

import codecs
import csv
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import python_calamine

from pipelines.extract import excel

_BEGINNING = 1 << 20
"""Bytes by which the encoding of a file is told."""
_DELIMITERS = ",;\t|"
_HIGH = re.compile(rb"[\x80-\xff]+")
_PAIRED = 0.9
"""Share of the bytes beyond ASCII that stand in even runs in Chinese text: two for a character."""
_MARKLESS = 0.4
"""Share of the high bytes that are zero in UTF-16 with Latin letters or commas in it."""


def header_of(path: Path) -> tuple[str, ...] | None:
    """Names of the columns of a text or Parquet file; None where they are not told so quickly."""
    match path.suffix.lower():
        case ".parquet":
            try:
                return tuple(pq.read_schema(path).names)
            except (pa.ArrowException, OSError):
                return None
        case ".csv" | ".tsv" | ".txt":
            return _first_line(path)
        case _:
            return None


def sheets_of(path: Path) -> tuple[str, ...]:
    """Worksheets of a workbook that hold anything; none for other files."""
    if path.suffix.lower() not in excel.ENDINGS:
        return ()
    try:
        book = python_calamine.CalamineWorkbook.from_path(path)
        names = [each.name for each in book.sheets_metadata]
        filled = [name for name in names if book.get_sheet_by_name(name).total_height]
    except (python_calamine.CalamineError, OSError):
        return ()
    return tuple(filled or names)


def is_first_sheet(path: Path, sheet: str) -> bool:
    """Whether a worksheet is the one that is read where none is named."""
    try:
        return bool(python_calamine.CalamineWorkbook.from_path(path).sheet_names[0] == sheet)
    except (python_calamine.CalamineError, OSError, IndexError):
        return True


def encoding_of(path: Path) -> str:
    """The encoding of a text file, as far as its beginning tells.

    What is UTF-8 is hardly ever anything else. Chinese text in GB 18030 has two bytes for each
    character; what is left is taken for the Western European encoding of Windows.
    """
    try:
        with path.open("rb") as file:
            beginning = file.read(_BEGINNING)
    except OSError:
        return "utf-8"
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if wide := _wide(beginning):
        return wide
    if _decodes(beginning, "utf-8"):
        return "utf-8"
    runs = [len(run) for run in _HIGH.findall(beginning)]
    paired = sum(length for length in runs if length % 2 == 0)
    if paired >= _PAIRED * sum(runs) and _decodes(beginning, "gb18030"):
        return "gb18030"
    return "cp1252" if _decodes(beginning, "cp1252") else "latin-1"


def _wide(beginning: bytes) -> str:
    """UTF-16 without a mark: every other byte of its Latin letters and commas is zero."""
    half = len(beginning) // 2
    for codec, zeros in (("utf-16-le", beginning[1::2]), ("utf-16-be", beginning[::2])):
        if half and zeros.count(0) >= _MARKLESS * half and _decodes(beginning, codec):
            return codec
    return ""


def _first_line(path: Path) -> tuple[str, ...] | None:
    codec = encoding_of(path)
    try:
        with path.open(
            encoding="utf-8-sig" if codec == "utf-8" else codec, errors="replace", newline=""
        ) as file:
            first = file.readline(_BEGINNING)
            file.seek(0)
            delimiter = max(_DELIMITERS, key=first.count)
            return tuple(name.strip() for name in next(csv.reader(file, delimiter=delimiter), []))
    except (OSError, csv.Error, UnicodeError):
        return None


def _decodes(beginning: bytes, codec: str) -> bool:
    """Whether bytes are text in an encoding; their end may be torn."""
    try:
        codecs.getincrementaldecoder(codec)().decode(beginning)
    except UnicodeDecodeError:
        return False
    return True
