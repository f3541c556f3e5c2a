"""A result as CSV: exact figures, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io

from cubes import Result
from dashboards.wording import measure_label, member_text
from metadata.repository import Level, ResolvedCube

_COMMANDS = ("=", "+", "-", "@", "\t", "\r")


def csv_text(result: Result, cube: ResolvedCube) -> bytes:
    """The rows of a result under the labels people know, as UTF-8 with a mark for spreadsheets."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    levels = [column for column in result.columns if column.kind == "level"]
    measures = [column for column in result.columns if column.kind == "measure"]
    heads = [_head(cube.levels[column.name]) for column in levels]
    heads += [measure_label(c.name, cube.measures[c.name]) for c in measures]
    writer.writerow(_harmless(head) for head in heads)
    members = [result.table.column(column.name).to_pylist() for column in levels]
    figures = [result.table.column(column.name).to_pylist() for column in measures]
    for row in zip(*members, *figures, strict=True):
        texts = [_harmless(member_text(value)) for value in row[: len(levels)]]
        writer.writerow([*texts, *("" if value is None else value for value in row[len(levels) :])])
    return out.getvalue().encode("utf-8-sig")


def _head(level: Level) -> str:
    return f"{level.role_label} {level.label}" if level.role else level.label


def _harmless(text: str) -> str:
    """A name that a spreadsheet would take for a formula gets an apostrophe before it.

    >>> _harmless("=cmd()"), _harmless("Germany")
    ("'=cmd()", 'Germany')
    """
    return f"'{text}" if text.startswith(_COMMANDS) else text
