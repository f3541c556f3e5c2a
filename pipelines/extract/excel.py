"""Worksheets as Arrow tables: cells have types of their own, columns get the one that holds all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import python_calamine

from metadata.errors import Location, UserError, did_you_mean
from metadata.model.source import SourceTable
from pipelines.extract.reading import distinct_names

ENDINGS = (".xlsx", ".xls", ".xlsm", ".ods")


def read_sheets(files: Sequence[Path], settings: SourceTable, where: Location) -> pa.Table:
    """The rows of one worksheet of each file, put together by the names of the columns.

    Raises:
        UserError: a file is no workbook, or lacks the sheet.
    """
    tables = [_sheet(path, settings, where) for path in files]
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException:
        # A column holds numbers in one file and texts in another: text holds both.
        return pa.concat_tables(map(_as_text, tables), promote_options="permissive")


def _sheet(path: Path, settings: SourceTable, where: Location) -> pa.Table:
    sheet = settings.sheet
    try:
        book = python_calamine.CalamineWorkbook.from_path(path)
    except (python_calamine.CalamineError, OSError) as error:
        raise UserError(
            f"{path.name} cannot be read as a workbook.",
            where=where,
            why=str(error),
            fix="Open it in a spreadsheet program and save it anew as .xlsx.",
        ) from None
    if sheet is not None and sheet not in book.sheet_names:
        raise UserError(
            f"{path.name} has no sheet '{sheet}'.",
            where=where,
            fix=did_you_mean(sheet, book.sheet_names),
        )
    # Rows are counted as the program shows them; without a number the first that is filled counts.
    found = book.get_sheet_by_name(sheet or book.sheet_names[0])
    rows = found.to_python(skip_empty_area=settings.header_row is None)
    rows = rows[(settings.header_row or 1) - 1 :]
    if not rows or not any(cell != "" for cell in rows[0]):
        raise UserError(
            f"{path.name} has no header"
            + (f" in row {settings.header_row}." if settings.header_row else "."),
            where=where,
            why="The header names the columns, and its row is empty.",
            fix="Put the header back, or say in which row it stands with 'header_row'.",
        )
    header = distinct_names([str(cell).strip() for cell in rows[0]])
    # Cells that were only formatted make rows without any content.
    filled = [row for row in rows[1:] if any(cell != "" for cell in row)]
    columns = list(zip(*filled, strict=True)) or [() for _ in header]
    return pa.Table.from_arrays([_cells(column) for column in columns], names=header)


def _cells(cells: Sequence[Any]) -> pa.Array:
    """A column of cells as one type: numbers, dates or, where they are mixed, texts."""
    values = [None if cell == "" else cell for cell in cells]
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return pa.nulls(len(values), pa.string())
    if kinds == {float} and all(v is None or v.is_integer() for v in values):
        return pa.array([None if v is None else int(v) for v in values], pa.int64())
    if kinds <= {int, float}:
        return pa.array(values, pa.float64())
    if kinds == {date}:
        return pa.array(values, pa.date32())
    if kinds <= {date, datetime}:
        moments = [
            v if isinstance(v, datetime) or v is None else datetime.combine(v, time())
            for v in values
        ]
        return pa.array(moments, pa.timestamp("us"))
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    return pa.array([None if v is None else _text(v) for v in values], pa.string())


def _as_text(table: pa.Table) -> pa.Table:
    columns = [pa.array([_shown(v) for v in column.to_pylist()], pa.string()) for column in table]
    return pa.Table.from_arrays(columns, names=table.column_names)


def _shown(value: object) -> str | None:
    return None if value is None else _text(value)


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value.total_seconds()) if isinstance(value, timedelta) else str(value)
