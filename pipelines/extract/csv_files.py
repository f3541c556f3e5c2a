"""CSV files through DuckDB, by their header and with nothing guessed.

A sniffer that guesses the dialect would take a broken line for the header of what follows, a `#`
for a comment, or an apostrophe for a quote, and silently lose rows.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TextIO

from sqlglot import exp

from metadata.errors import Location, UserError
from metadata.model.source import SourceTable
from pipelines.extract.reading import distinct_names, reader_call
from pipelines.extract.text_files import TextFiles, mixes_line_ends

_NATIVE_ENCODINGS = {"utf-8": "utf-8", "iso8859-1": "latin-1"}
"""What DuckDB reads as it is. Of UTF-16 it finds no row where the high byte comes first."""
_DELIMITERS = ",;\t|"


class CsvFiles:
    """The CSV files of one table, and copies of those that DuckDB would not read as they are."""

    def __init__(self, texts: TextFiles, settings: SourceTable) -> None:
        self._texts = texts
        self._settings = settings
        self._before = (settings.header_row or 1) - 1
        """Lines above the header."""

    def query(self, where: Location) -> exp.Query:
        """The rows of all files; those with the same header are read together.

        Raises:
            UserError: no file has a header.
        """
        groups: dict[tuple[str, tuple[str, ...]], list[Path]] = {}
        for path in self._texts.files:
            readable, codec = self._readable(path)
            delimiter, header = self._header(readable, codec)
            if header:
                groups.setdefault((delimiter, header), []).append(readable)
        if not groups:
            raise UserError(
                f"{self._texts.files[0].name} is empty.",
                where=where,
                why="The first line of a CSV file names its columns, and there is none.",
                fix="Put the header back, or take the file away.",
            )
        query: exp.Query | None = None
        for (delimiter, header), files in groups.items():
            part = exp.select("*").from_(exp.Table(this=self._reader(files, delimiter, header)))
            query = exp.union(query, part, distinct=False, by_name=True) if query else part
        assert query is not None
        return query

    def broken_row(self, path: Path, where: Location) -> UserError | None:
        """The first row whose number of values differs from the header's, by its line in the file.

        DuckDB counts rows, which a line break within quotes makes different from lines.
        """
        readable, codec = self._readable(path)
        delimiter, header = self._header(readable, codec)
        with readable.open(encoding=codec, newline="") as file:
            try:
                above = self._skip(file)
                rows = csv.reader(file, delimiter=delimiter, strict=True)
                next(rows, None)
                before = above + rows.line_num
                for row in rows:
                    if row and len(row) != len(header):
                        return UserError(
                            f"{path.name}, line {before + 1} cannot be read.",
                            where=where,
                            why=f"The line has {len(row)} values; the header has {len(header)}.",
                            fix="Mend the line, or say how the file is written (delimiter).",
                        )
                    before = above + rows.line_num
            except UnicodeError:
                return None
            except csv.Error as error:
                return UserError(
                    f"{path.name}, line {before + 1} cannot be read.",
                    where=where,
                    why=f"{error}.".capitalize(),
                    fix="Mend the line: quotes within a quoted value are written twice.",
                )
        return None

    def _readable(self, path: Path) -> tuple[Path, str]:
        """The file, or a UTF-8 copy of it, and the codec in which Python reads it."""
        if (copy := self._texts.copy_of(path)) is not None:
            return copy, "utf-8-sig"
        only = self._texts.only_codec
        if only in _NATIVE_ENCODINGS and not (only == "utf-8" and mixes_line_ends(path)):
            return path, "utf-8-sig" if only == "utf-8" else only
        codec = self._texts.codec_of(path)
        if codec == "utf-8" and not mixes_line_ends(path):
            return path, "utf-8-sig"
        return self._texts.copied(path, codec), "utf-8-sig"

    def _header(self, path: Path, codec: str) -> tuple[str, tuple[str, ...]]:
        given = self._settings.delimiter or ("\t" if path.suffix.lower() == ".tsv" else None)
        if given == "\\t":  # as people write it in YAML without quotes
            given = "\t"
        with path.open(encoding=codec, newline="") as file:
            self._skip(file)
            start = file.tell()
            first = file.readline()
            delimiter = given or max(_DELIMITERS, key=first.count)
            file.seek(start)
            header = next(csv.reader(file, delimiter=delimiter), [])
        return delimiter, tuple(distinct_names([name.strip() for name in header]))

    def _skip(self, file: TextIO) -> int:
        """Go past the lines above the header; how many there were."""
        return sum(1 for _ in range(self._before) if file.readline())

    def _reader(self, files: list[Path], delimiter: str, header: tuple[str, ...]) -> exp.Expr:
        nulls = [exp.Literal.string(text) for text in self._settings.null_values]
        columns = [
            exp.PropertyEQ(
                this=exp.to_identifier(name, quoted=True), expression=exp.Literal.string("VARCHAR")
            )
            for name in header
        ]
        return reader_call(
            "read_csv",
            files,
            auto_detect=exp.false(),
            header=exp.true(),
            skip=exp.Literal.number(self._before),
            delim=exp.Literal.string(delimiter),
            quote=exp.Literal.string('"'),
            escape=exp.Literal.string('"'),
            comment=exp.Literal.string(""),
            nullstr=exp.Array(expressions=nulls),
            encoding=exp.Literal.string(self._encoding(files)),
            columns=exp.Struct(expressions=columns),
        )

    def _encoding(self, files: list[Path]) -> str:
        """What DuckDB is told: its own name of the encoding, or UTF-8 where a copy was made."""
        only = self._texts.only_codec
        if only is not None and not any(self._texts.is_copy(file) for file in files):
            return _NATIVE_ENCODINGS[only]
        return "utf-8"
