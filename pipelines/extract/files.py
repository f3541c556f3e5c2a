"""Reading folders: CSV, Parquet and JSON through DuckDB, Excel through calamine.

CSV values land as the texts they are: what a number or a date is, is for the rules to say.
"""

from __future__ import annotations

import codecs
import csv
import re
import shutil
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import python_calamine
from sqlglot import exp

from metadata.errors import Location, UserError, did_you_mean
from metadata.model.source import SourceTable
from pipelines.extract.reading import Reading

_ENDINGS = (".csv", ".parquet", ".xlsx", ".xls", ".json", ".jsonl", ".ndjson", ".tsv", ".txt")
_NATIVE_ENCODINGS = {"utf-8": "utf-8", "utf-16": "utf-16", "iso8859-1": "latin-1"}
_BATCH_ROWS = 50_000
FileState = list[list[str | int]]


def find_files(folder: Path, table: str, settings: SourceTable, where: Location) -> list[Path]:
    """The files of a table.

    Raises:
        UserError: the folder or the file is not there.
    """
    if not folder.is_dir():
        raise UserError(
            "The folder of the source is not there.",
            where=where,
            why=f"Looked for {folder}.",
            fix="Correct the path; a relative one starts at the workspace folder.",
        )
    if settings.path:
        found = sorted(path for path in folder.glob(settings.path) if path.is_file())
        looked = settings.path
    else:
        name = settings.name or table
        found = [p for p in (folder / f"{name}{end}" for end in _ENDINGS) if p.is_file()][:1]
        looked = f"{name}.csv (or .parquet, .xlsx, .json)"
    if not found:
        there = [path.name for path in folder.iterdir()]
        raise UserError(
            f"There is no file for table '{table}'.",
            where=where,
            why=f"Looked for {looked} in {folder}.",
            fix=did_you_mean(Path(settings.path or table).name, there),
        )
    return found


def state_of(files: Sequence[Path]) -> FileState:
    """Path, size and time of change of each file: the same state means the same content."""
    return [[str(p), p.stat().st_size, p.stat().st_mtime_ns] for p in files]


class FileReader:
    """Files of one table; DuckDB reads in a process-private, empty database."""

    def __init__(self, files: list[Path], settings: SourceTable, temporary: Path) -> None:
        self._files = files
        self._settings = settings
        self._temporary = temporary
        self._connection = duckdb.connect(":memory:")
        self._transcoded: list[Path] = []

    def close(self) -> None:
        """Let go of the files; transcoded copies are removed."""
        self._connection.close()
        for path in self._transcoded:
            path.unlink(missing_ok=True)

    def read(self, columns: Sequence[str] | None, where: Location) -> Reading:
        """The rows of all files.

        Raises:
            UserError: a file cannot be read as what it is.
        """
        ending = self._files[0].suffix.lower()
        try:
            if ending in (".xlsx", ".xls", ".xlsm", ".ods"):
                return self._through_calamine(columns, where)
            if ending == ".parquet":
                return self._through_duckdb(_reader("read_parquet", self._files), columns)
            if ending in (".json", ".jsonl", ".ndjson"):
                return self._through_duckdb(_reader("read_json_auto", self._files), columns)
            return self._through_duckdb(self._csv(ending), columns)
        except duckdb.Error as error:
            raise self._told(error, where) from None
        except UnicodeDecodeError as error:
            raise self._undecodable(error, where) from None

    def _csv(self, ending: str) -> exp.Query:
        """Files with the same header are read together, by that header and nothing guessed.

        A sniffer that guesses the dialect would take a broken line for the header of what follows,
        and silently lose what came before.
        """
        groups: dict[tuple[str, tuple[str, ...]], list[Path]] = {}
        given = self._settings.delimiter or ("\t" if ending == ".tsv" else None)
        codec = self._codecs[0] if self._encoding() != "utf-8" else "utf-8-sig"
        for path in self._readable_files():
            with path.open(encoding=codec, newline="") as file:
                first = file.readline()
                delimiter = given or max(",;\t|", key=first.count)
                file.seek(0)
                header = next(csv.reader(file, delimiter=delimiter), [])
            if header:
                groups.setdefault((delimiter, tuple(header)), []).append(path)
        if not groups:
            return exp.select(exp.alias_(exp.null(), "nothing")).where(exp.false())
        parts = [
            exp.select("*").from_(exp.Table(this=self._csv_reader(files, delimiter, header)))
            for (delimiter, header), files in groups.items()
        ]
        query: exp.Query = parts[0]
        for part in parts[1:]:
            query = exp.union(query, part, distinct=False, by_name=True)
        return query

    def _csv_reader(self, files: list[Path], delimiter: str, header: tuple[str, ...]) -> exp.Expr:
        nulls = [exp.Literal.string(text) for text in self._settings.null_values]
        columns = [
            exp.PropertyEQ(
                this=exp.to_identifier(name, quoted=True), expression=exp.Literal.string("VARCHAR")
            )
            for name in header
        ]
        return _reader(
            "read_csv",
            files,
            auto_detect=exp.false(),
            header=exp.true(),
            delim=exp.Literal.string(delimiter),
            quote=exp.Literal.string('"'),
            escape=exp.Literal.string('"'),
            nullstr=exp.Array(expressions=nulls),
            encoding=exp.Literal.string(self._encoding()),
            columns=exp.Struct(expressions=columns),
        )

    def _encoding(self) -> str:
        """What DuckDB is told: its own name of the encoding, or UTF-8 after transcoding."""
        one = len(self._codecs) == 1
        return _NATIVE_ENCODINGS.get(self._codecs[0], "utf-8") if one else "utf-8"

    @property
    def _codecs(self) -> list[str]:
        return [codecs.lookup(name).name for name in self._settings.encoding or ("utf-8",)]

    def _readable_files(self) -> list[Path]:
        """The files in an encoding that DuckDB reads; others are transcoded, streaming."""
        if len(self._codecs) == 1 and self._codecs[0] in _NATIVE_ENCODINGS:
            return self._files
        readable = []
        for path in self._files:
            codec = next((c for c in self._codecs[:-1] if _decodes(path, c)), self._codecs[-1])
            readable.append(path if codec == "utf-8" else self._transcode(path, codec))
        return readable

    def _transcode(self, path: Path, codec: str) -> Path:
        self._temporary.mkdir(parents=True, exist_ok=True)
        copy = self._temporary / f"{id(self)}-{len(self._transcoded)}{path.suffix}"
        self._transcoded.append(copy)
        with (
            path.open(encoding=codec, newline="") as old,
            copy.open("w", encoding="utf-8", newline="") as new,
        ):
            shutil.copyfileobj(old, new, 1 << 20)
        return copy

    def _through_duckdb(
        self, source: exp.Expr | exp.Query, columns: Sequence[str] | None
    ) -> Reading:
        chosen = [exp.column(name, quoted=True) for name in columns or ()]
        table = source.subquery("rows") if isinstance(source, exp.Query) else exp.Table(this=source)
        query = exp.select(*(chosen or [exp.Star()])).from_(table)
        reader = self._connection.sql(query.sql("duckdb")).to_arrow_reader(_BATCH_ROWS)
        return Reading(reader.schema, reader)

    def _through_calamine(self, columns: Sequence[str] | None, where: Location) -> Reading:
        tables = [_sheet(path, self._settings.sheet, where) for path in self._files]
        table = pa.concat_tables(tables, promote_options="permissive")
        if columns:
            table = table.select(list(columns))
        return Reading(table.schema, table.to_batches(_BATCH_ROWS))

    def batches_told(
        self, batches: Iterator[pa.RecordBatch], where: Location
    ) -> Iterator[pa.RecordBatch]:
        """The stream, with what goes wrong on the way told in plain words."""
        try:
            yield from batches
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise self._told(error, where) from None

    def _told(self, error: Exception, where: Location) -> UserError:
        text = str(error)
        names = [path for path in self._files if str(path) in text]
        file = (names or self._files)[0].name
        line = re.search(r"(?:CSV Error on Line|[Ll]ine):? (\d+)", text)
        place = f"{file}, line {line.group(1)}" if line else file
        if re.search(r"unicode|utf-?8|encod|byte sequence", text, re.IGNORECASE):
            return UserError(
                f"{place} is not {' or '.join(self._settings.encoding) or 'UTF-8'} text.",
                where=where,
                why="A byte in it cannot be read in that encoding.",
                fix="Say how it is written, such as 'encoding: latin-1' (or cp1252, utf-16).",
            )
        first = next((ln for ln in text.splitlines() if ln.strip()), text)
        detail = re.search(r"(Expected Number of Columns.*|Value with unterminated quote.*)", text)
        return UserError(
            f"{place} cannot be read.",
            where=where,
            why=detail.group(1) if detail else first[:200],
            fix="Mend the file, or say how it is written (delimiter, encoding, sheet).",
        )

    def _undecodable(self, error: UnicodeDecodeError, where: Location) -> UserError:
        return UserError(
            f"{self._files[0].name} is not {' or '.join(self._settings.encoding) or 'UTF-8'} text.",
            where=where,
            why=f"Byte {error.start} of a part of it cannot be read.",
            fix="Say how it is written, such as 'encoding: latin-1' (or cp1252, utf-16).",
        )


def _reader(function: str, files: list[Path], **options: exp.Expr) -> exp.Expr:
    if function != "read_csv":
        options["union_by_name"] = exp.true()
    named = [
        exp.PropertyEQ(this=exp.to_identifier(key), expression=value)
        for key, value in options.items()
    ]
    listed = exp.Array(expressions=[exp.Literal.string(str(path)) for path in files])
    return exp.Anonymous(this=function, expressions=[listed, *named])


def _decodes(path: Path, codec: str) -> bool:
    """Whether a whole file is text in an encoding."""
    try:
        with path.open(encoding=codec, newline="") as file:
            while file.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return False
    return True


def _sheet(path: Path, sheet: str | None, where: Location) -> pa.Table:
    try:
        book = python_calamine.CalamineWorkbook.from_path(path)
    except (python_calamine.CalamineError, OSError) as error:
        raise UserError(
            f"{path.name} cannot be read as a workbook.", where=where, why=str(error)
        ) from None
    if sheet is not None and sheet not in book.sheet_names:
        raise UserError(
            f"{path.name} has no sheet '{sheet}'.",
            where=where,
            fix=did_you_mean(sheet, book.sheet_names),
        )
    rows = book.get_sheet_by_name(sheet or book.sheet_names[0]).to_python()
    if not rows:
        return pa.table({})
    header = [str(cell).strip() or f"column_{i + 1}" for i, cell in enumerate(rows[0])]
    columns = list(zip(*rows[1:], strict=True)) or [() for _ in header]
    return pa.table(dict(zip(header, map(_cells, columns), strict=True)))


def _cells(cells: Sequence[Any]) -> pa.Array:
    """A column of cells as one type: numbers, dates or, where they are mixed, texts."""
    values = [None if cell == "" else cell for cell in cells]
    kinds = {type(value) for value in values if value is not None}
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


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return str(value.total_seconds()) if isinstance(value, timedelta) else str(value)
