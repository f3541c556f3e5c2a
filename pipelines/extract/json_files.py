"""JSON files through DuckDB: arrays of objects, or one object a line.

Every record is looked at before types are chosen, so that a value that comes late cannot break
the reading, and a number is only a number where a number can hold it.
"""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
from sqlglot import exp

from metadata.errors import Location, UserError
from pipelines.extract.reading import reader_call
from pipelines.extract.text_files import TextFiles

ENDINGS = (".json", ".jsonl", ".ndjson")

_EMPTY = re.compile(rb"(\xef\xbb\xbf)?[\s\[\]]*")
_EMPTY_AT_MOST = 1000
"""Bytes; a larger file holds something."""
_LONG_NUMBER = "-?[0-9]{16,}"
"""A whole number of so many digits is changed by a floating-point number."""


class JsonFiles:
    """The JSON files of one table."""

    def __init__(self, texts: TextFiles) -> None:
        self._texts = texts

    def source(self, connection: duckdb.DuckDBPyConnection, where: Location) -> exp.Table:
        """The records of all files as a table function.

        Raises:
            UserError: there is no record, so that nobody knows the columns.
        """
        files = [self._readable(path) for path in self._texts.files if not _is_empty(path)]
        if not files:
            raise UserError(
                f"{self._texts.files[0].name} is empty.",
                where=where,
                why="The records of a JSON file name its columns, and there is none.",
                fix="Put the records back, or take the file away.",
            )
        detected = connection.sql(exp.select("*").from_(_reader(files)).sql("duckdb"))
        # A column without any value has no type of its own.
        kinds = (str(kind).replace('"NULL"', "VARCHAR") for kind in detected.types)
        types = dict(zip(detected.columns, kinds, strict=True))
        inexact = _inexact(connection, files, types)
        return _reader(files, types | dict.fromkeys(inexact, "VARCHAR"))

    def _readable(self, path: Path) -> Path:
        """DuckDB reads UTF-8 without a byte order mark; anything else is copied into it."""
        if (copy := self._texts.copy_of(path)) is not None:
            return copy
        codec = self._texts.codec_of(path)
        with path.open("rb") as file:
            marked = file.read(3) == b"\xef\xbb\xbf"
        return path if codec == "utf-8" and not marked else self._texts.copied(path, codec)


def _reader(files: list[Path], types: dict[str, str] | None = None) -> exp.Table:
    """The records as they are typed; without types, as all records together suggest."""
    given: dict[str, exp.Expr] = {}
    if types is not None:
        pairs = [
            exp.PropertyEQ(
                this=exp.to_identifier(name, quoted=True), expression=exp.Literal.string(kind)
            )
            for name, kind in types.items()
        ]
        given = {"columns": exp.Struct(expressions=pairs)}
    everything = exp.Neg(this=exp.Literal.number(1))
    return exp.Table(
        this=reader_call(
            "read_json",
            files,
            union_by_name=exp.true(),
            # All records decide; objects stay objects, however their fields differ.
            sample_size=everything,
            map_inference_threshold=everything.copy(),
            field_appearance_threshold=exp.Literal.number(0),
            **given,
        )
    )


def _inexact(
    connection: duckdb.DuckDBPyConnection, files: list[Path], types: dict[str, str]
) -> list[str]:
    """Columns with numbers that a floating-point number would change: long numbers of orders."""
    doubles = [name for name, kind in types.items() if kind == "DOUBLE"]
    if not doubles:
        return []
    long = exp.Literal.string(_LONG_NUMBER)
    loses = [
        exp.func(
            "BOOL_OR",
            exp.Anonymous(
                this="regexp_full_match", expressions=[exp.column(name, quoted=True), long.copy()]
            ),
        )
        for name in doubles
    ]
    as_text = _reader(files, types | dict.fromkeys(doubles, "VARCHAR"))
    (row,) = connection.sql(exp.select(*loses).from_(as_text).sql("duckdb")).fetchall()
    return [name for name, lossy in zip(doubles, row, strict=True) if lossy]


def _is_empty(path: Path) -> bool:
    """Whether a file holds no record: nothing at all, or an array of nothing."""
    if path.stat().st_size > _EMPTY_AT_MOST:
        return False
    return _EMPTY.fullmatch(path.read_bytes()) is not None
