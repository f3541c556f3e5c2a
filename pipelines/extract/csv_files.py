"""CSV files through DuckDB, by their header and with nothing guessed.

A sniffer that guesses the dialect would take a broken line for the header of what follows, a `#`
for a comment, or an apostrophe for a quote, and silently lose rows.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Sequence
from pathlib import Path

from sqlglot import exp

from metadata.errors import Location, UserError
from metadata.model.source import SourceTable
from pipelines.extract.reading import distinct_names, reader_call

_NATIVE_ENCODINGS = {"utf-8": "utf-8", "utf-16": "utf-16", "iso8859-1": "latin-1"}
_DELIMITERS = ",;\t|"
_CHUNK = 1 << 20


class CsvFiles:
    """The CSV files of one table, and copies of those that DuckDB would not read as they are."""

    def __init__(self, files: Sequence[Path], settings: SourceTable, temporary: Path) -> None:
        self._files = files
        self._settings = settings
        self._temporary = temporary
        self._copies: dict[Path, Path] = {}
        self._codecs = [codecs.lookup(name).name for name in settings.encoding or ("utf-8",)]

    def close(self) -> None:
        """Remove the copies."""
        for path in self._copies:
            path.unlink(missing_ok=True)

    def original(self, text: str) -> Path:
        """The file that a message speaks of, be it by the name of its copy."""
        for copy, path in self._copies.items():
            if str(copy) in text:
                return path
        return next((path for path in self._files if str(path) in text), self._files[0])

    def query(self, where: Location) -> exp.Query:
        """The rows of all files; those with the same header are read together.

        Raises:
            UserError: no file has a header.
        """
        if len(self._settings.delimiter or ",") > 1 and self._settings.delimiter != "\\t":
            raise UserError(
                f"The delimiter '{self._settings.delimiter}' has more than one character.",
                where=where,
                fix="Name the one character that separates the columns.",
            )
        groups: dict[tuple[str, tuple[str, ...]], list[Path]] = {}
        for path in self._files:
            readable, codec = self._readable(path)
            delimiter, header = self._header(readable, codec)
            if header:
                groups.setdefault((delimiter, header), []).append(readable)
        if not groups:
            raise UserError(
                f"{self._files[0].name} is empty.",
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
            rows = csv.reader(file, delimiter=delimiter, strict=True)
            try:
                next(rows, None)
                before = rows.line_num
                for row in rows:
                    if row and len(row) != len(header):
                        return UserError(
                            f"{path.name}, line {before + 1} cannot be read.",
                            where=where,
                            why=f"The line has {len(row)} values; the header has {len(header)}.",
                            fix="Mend the line, or say how the file is written (delimiter).",
                        )
                    before = rows.line_num
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

    def bad_byte(self, path: Path) -> tuple[int, int] | None:
        """Line (from 1) and offset (from 0) of the first byte that cannot be decoded."""
        decoder = codecs.getincrementaldecoder(self._codecs[-1])()
        line, offset = 1, 0
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                held = len(decoder.getstate()[0])
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    start = error.start - held
                    return line + chunk[: max(start, 0)].count(b"\n"), offset + start
                line += chunk.count(b"\n")
                offset += len(chunk)
        return None

    def _readable(self, path: Path) -> tuple[Path, str]:
        """The file, or a UTF-8 copy of it, and the codec in which Python reads it."""
        for copy, original in self._copies.items():
            if original == path:
                return copy, "utf-8-sig"
        only = self._codecs[0] if len(self._codecs) == 1 else None
        if only in _NATIVE_ENCODINGS and not (only == "utf-8" and _mixes_line_ends(path)):
            return path, "utf-8-sig" if only == "utf-8" else only
        codec = next((c for c in self._codecs[:-1] if _decodes(path, c)), self._codecs[-1])
        if codec == "utf-8" and not _mixes_line_ends(path):
            return path, "utf-8-sig"
        return self._copied(path, codec), "utf-8-sig"

    def _copied(self, path: Path, codec: str) -> Path:
        """A copy in UTF-8 with one kind of line end, streamed."""
        self._temporary.mkdir(parents=True, exist_ok=True)
        copy = self._temporary / f"{id(self)}-{len(self._copies)}{path.suffix}"
        self._copies[copy] = path
        with (
            path.open(encoding=codec, newline="") as old,
            copy.open("w", encoding="utf-8", newline="") as new,
        ):
            while chunk := old.read(_CHUNK):
                # A line end must not be torn apart by the end of the chunk.
                chunk += old.read(1) if chunk.endswith("\r") else ""
                new.write(chunk.replace("\r\n", "\n"))
        return copy

    def _header(self, path: Path, codec: str) -> tuple[str, tuple[str, ...]]:
        given = self._settings.delimiter or ("\t" if path.suffix.lower() == ".tsv" else None)
        if given == "\\t":  # as people write it in YAML without quotes
            given = "\t"
        with path.open(encoding=codec, newline="") as file:
            first = file.readline()
            delimiter = given or max(_DELIMITERS, key=first.count)
            file.seek(0)
            header = next(csv.reader(file, delimiter=delimiter), [])
        return delimiter, tuple(distinct_names([name.strip() for name in header]))

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
        if len(self._codecs) == 1 and not any(file in self._copies for file in files):
            return _NATIVE_ENCODINGS[self._codecs[0]]
        return "utf-8"


def _mixes_line_ends(path: Path) -> bool:
    """Whether some lines end as on Windows and others do not; DuckDB wants one kind."""
    both = alone = 0
    with path.open("rb") as file:
        last = b""
        while chunk := file.read(_CHUNK):
            pairs = chunk.count(b"\r\n") + (last == b"\r" and chunk.startswith(b"\n"))
            both += pairs
            alone += chunk.count(b"\n") - pairs
            last = chunk[-1:]
    return bool(both and alone)


def _decodes(path: Path, codec: str) -> bool:
    """Whether a whole file is text in an encoding."""
    try:
        with path.open(encoding=codec, newline="") as file:
            while file.read(_CHUNK):
                pass
    except UnicodeDecodeError:
        return False
    return True
