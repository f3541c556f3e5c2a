"""Writes the file drops: CSV appended month by month, Excel and Parquet."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from sample_data.schema import TABLES


class Drops:
    """The folder of one file source."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def clear(self, source: str) -> None:
        """Remove the files an earlier run left; nothing else is touched."""
        for table in TABLES.values():
            if table.source == source and table.files:
                for path in self.folder.glob(table.files):
                    path.unlink()

    def write(self, name: str, rows: pa.Table) -> None:
        """The whole table as one file of the kind its name ends with."""
        path = self.folder / str(TABLES[name].files)
        match path.suffix:
            case ".csv":
                pacsv.write_csv(rows, path)
            case ".parquet":
                pq.write_table(rows, path)
            case ".xlsx":
                _write_excel(rows, path, TABLES[name].name)
            case _:
                raise ValueError(f"{name}: cannot write {path.suffix} files")

    def append(self, name: str, label: str, rows: pa.Table, encoding: str = "utf-8") -> None:
        """Rows at the end of the drop ``label`` (a month or a day), with a header if it is new."""
        path = self.path(name, label)
        path.parent.mkdir(exist_ok=True)
        text = BytesIO()
        is_new = not path.exists()
        pacsv.write_csv(rows, text, pacsv.WriteOptions(include_header=is_new))
        data = text.getvalue()
        if encoding != "utf-8":
            data = data.decode().encode(encoding)
        with path.open("ab") as file:
            file.write(data)

    def append_by_month(
        self,
        name: str,
        rows: pa.Table,
        months: np.ndarray,
        labels: list[str],
        encodings: dict[int, str],
    ) -> None:
        """Each row into the drop of its month."""
        for month in np.unique(months):
            self.append(
                name,
                labels[month],
                rows.filter(pa.array(months == month)),
                encodings.get(int(month), "utf-8"),
            )

    def path(self, name: str, label: str) -> Path:
        """The file of a drop."""
        return self.folder / str(TABLES[name].files).replace("*", label)

    def read(self, name: str, label: str, encoding: str = "utf-8") -> pa.Table:
        """The rows of a drop, typed; none when there is no such drop."""
        path, schema = self.path(name, label), TABLES[name].arrow_schema
        if not path.exists():
            return schema.empty_table()
        return pacsv.read_csv(
            path,
            pacsv.ReadOptions(encoding=encoding),
            convert_options=pacsv.ConvertOptions(
                column_types=schema, strings_can_be_null=True, quoted_strings_can_be_null=False
            ),
        )


def _write_excel(rows: pa.Table, path: Path, sheet: str) -> None:
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet(sheet)
    page.append(rows.column_names)
    columns = []
    for column in rows.columns:
        # Excel knows no decimals: cents survive as floats.
        is_decimal = pa.types.is_decimal(column.type)
        columns.append((column.cast(pa.float64()) if is_decimal else column).to_pylist())
    for row in zip(*columns, strict=True):
        page.append(row)
    book.save(path)
