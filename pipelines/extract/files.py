"""Reading folders: CSV, Parquet and JSON through DuckDB, Excel through calamine.

CSV values land as the texts they are: what a number or a date is, is for the rules to say. Objects
within a record land as columns of their own, lists as JSON text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlglot import exp

from metadata.errors import Location, UserError, did_you_mean
from metadata.expressions import parse_expression
from metadata.model.source import SourceTable
from pipelines.extract import excel
from pipelines.extract.csv_files import CsvFiles
from pipelines.extract.json_files import ENDINGS as _JSON
from pipelines.extract.json_files import JsonFiles
from pipelines.extract.nested import flat
from pipelines.extract.reading import Reading, reader_call
from pipelines.extract.text_files import TextFiles

ENDINGS = (".csv", ".parquet", ".xlsx", ".xls", ".json", ".jsonl", ".ndjson", ".tsv", ".txt")
_BATCH_ROWS = 50_000
FileState = list[list[str | int]]


def find_files(
    folder: Path, table: str, settings: SourceTable, where: Location, address: Location
) -> list[Path]:
    """The files of a table; `where` is the table's place, `address` that of the folder.

    Raises:
        UserError: the folder or the file is not there.
    """
    if folder.is_file():
        raise UserError(
            "The source is a file, not a folder.",
            where=address,
            why=f"{folder} is read as a folder of files.",
            fix="Name the folder it lies in, or write the address of a database with its beginning,"
            " such as sqlite:///file.",
        )
    if not folder.is_dir():
        raise UserError(
            "The folder of the source is not there.",
            where=address,
            why=f"Looked for {folder}.",
            fix="Correct the path; a relative one starts at the workspace folder.",
        )
    if settings.path:
        if Path(settings.path).is_absolute():
            raise UserError(
                f"The path of table '{table}' must be relative.",
                where=where,
                why="It starts at the folder of the source.",
                fix="Make the folder the source's url, and write the path below it.",
            )
        found = sorted(path for path in folder.glob(settings.path) if path.is_file())
        looked = settings.path
    else:
        name = settings.name or table
        found = [p for p in (folder / f"{name}{end}" for end in ENDINGS) if p.is_file()][:1]
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
    """Files of one table; DuckDB reads in an empty database of this process.

    Args:
        files: the files.
        settings: how they are read.
        temporary: folder for copies of files that DuckDB would not read as they are.
        database: the empty database; one of its own if none is given, which takes a moment to make.
    """

    def __init__(
        self,
        files: list[Path],
        settings: SourceTable,
        temporary: Path,
        database: duckdb.DuckDBPyConnection | None = None,
    ) -> None:
        self._files = files
        self._settings = settings
        self._ending = files[0].suffix.lower()
        self._texts = TextFiles(files, settings.encoding, temporary)
        self._csv = CsvFiles(self._texts, settings)
        self._connection = database.cursor() if database else duckdb.connect(":memory:")

    def close(self) -> None:
        """Let go of the files."""
        self._connection.close()
        self._texts.close()

    def read(self, choose: Callable[[Sequence[str]], Sequence[str]], where: Location) -> Reading:
        """The rows of all files, without those that the declared filter leaves out.

        Args:
            choose: told the names of the columns before any row is read, says which are wanted.
            where: place of the table's settings.

        Raises:
            UserError: a file cannot be read as what it is.
        """
        try:
            everything = exp.select("*").from_(self._source(where))
            found = self._connection.sql(everything.sql("duckdb"))
            names, rows = flat(everything, found.columns, found.types)
            query = self._query(rows, choose(names))
            stream = self._connection.sql(query.sql("duckdb")).to_arrow_reader(_BATCH_ROWS)
            return Reading(stream.schema, self._told_batches(stream, where))
        except (duckdb.Error, UnicodeError) as error:
            raise self._told(error, where) from None

    def _source(self, where: Location) -> exp.Expr:
        if self._ending == ".parquet":
            return exp.Table(this=_union("read_parquet", self._files))
        if self._ending in _JSON:
            return JsonFiles(self._texts).source(self._connection, where)
        if self._ending in excel.ENDINGS:
            self._connection.register(
                "sheets", excel.read_sheets(self._files, self._settings, where)
            )
            return exp.to_table("sheets")
        return self._csv.query(where).subquery("rows")

    def _query(self, rows: exp.Query, columns: Sequence[str]) -> exp.Select:
        wanted = (exp.column(name, quoted=True) for name in columns)
        query = exp.select(*wanted).from_(rows.subquery("flat_rows"))
        if self._settings.where:
            query = query.where(parse_expression(self._settings.where).copy())
        return query

    def _told_batches(
        self, batches: Iterator[pa.RecordBatch], where: Location
    ) -> Iterator[pa.RecordBatch]:
        """The stream, with what goes wrong on the way told in plain words."""
        try:
            yield from batches
        except (duckdb.Error, pa.ArrowException, UnicodeError, OSError) as error:
            raise self._told(error, where) from None

    def _told(self, error: Exception, where: Location) -> UserError:
        text = str(error)
        file = self._texts.original(text)
        line = re.search(r"(?:CSV Error on Line|[Ll]ine):? (\d+)", text)
        place = f"{file.name}, line {line.group(1)}" if line else file.name
        undecodable = r"invalid unicode|not utf-8 encoded|byte sequence|invalid utf"
        if isinstance(error, UnicodeError) or re.search(undecodable, text, re.IGNORECASE):
            return self._undecodable(file, where)
        if "CSV" in text and (broken := self._csv.broken_row(file, where)) is not None:
            return broken
        first = next((ln for ln in text.splitlines() if ln.strip()), text)
        detail = re.search(r"(Expected Number of Columns.*|Value with unterminated quote.*)", text)
        return UserError(
            f"{place} cannot be read.",
            where=where,
            why=detail.group(1) if detail else first[:200],
            fix="Mend the file, or say how it is written (delimiter, encoding, sheet).",
        )

    def _undecodable(self, file: Path, where: Location) -> UserError:
        place, what = file.name, "A byte"
        if (bad := self._texts.bad_byte(file)) is not None:
            line, byte = bad
            place, what = f"{file.name}, line {line}", f"Byte {byte} of the file"
        return UserError(
            f"{place} is not {' or '.join(self._settings.encoding) or 'UTF-8'} text.",
            where=where,
            why=f"{what} cannot be read in that encoding.",
            fix="Say how it is written, such as 'encoding: latin-1' (or cp1252, utf-16).",
        )


def _union(function: str, files: list[Path]) -> exp.Expr:
    return reader_call(function, files, union_by_name=exp.true())
