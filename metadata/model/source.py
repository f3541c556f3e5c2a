"""`sources/*.yaml`: an operational database or a folder of files, and what is read from it."""

from __future__ import annotations

import codecs
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from metadata.model.base import Definition, DistinctNames, Duration, Name, Names


class SoftDelete(Definition):
    """Deleted rows stay in the source and carry a flag."""

    soft_delete: str = Field(description="Column that is true (or not null) on a deleted row.")


class SourceTable(Definition):
    """One table, view, file or set of files."""

    name: str | None = Field(
        None, description="Name in the source where it differs, such as Sales.Customer."
    )
    path: str | None = Field(
        None, description="File or glob below the folder, for sources that are folders."
    )
    sheet: str | None = Field(None, description="Worksheet, for Excel files.")
    encoding: Names = Field(
        (),
        description=(
            "Text encoding of CSV and JSON files, such as latin-1; of several, each file is read in"
            " the first that fits it. UTF-8 when absent."
        ),
    )
    header_row: int | None = Field(
        None,
        ge=1,
        description=(
            "Line of a CSV file, or row of a worksheet, that names the columns; what stands above"
            " it is left out. The first one when absent."
        ),
    )
    delimiter: str | None = Field(
        None, min_length=1, max_length=1, description="Column separator of CSV files."
    )
    null_values: tuple[str, ...] = Field(
        ("",), description="Texts in CSV files that mean 'no value'."
    )
    columns: tuple[str, ...] | None = Field(
        None, description="Columns to read; all of them when absent."
    )
    where: str | None = Field(
        None, description="Declared filter, evaluated by the source; rows outside are never read."
    )
    primary_key: DistinctNames = Field((), description="Columns that identify a row.")
    cursor: str | None = Field(
        None, description="Column that only grows when a row changes; reads start there."
    )
    lookback: Duration | None = Field(
        None, description="How far before the last watermark each read starts again."
    )
    deletes: Literal["none", "compare_keys"] | SoftDelete = Field(
        "none", description="How rows deleted in the source become known."
    )
    description: str = ""

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            try:
                codecs.lookup(name)
            except LookupError:
                raise ValueError("is not a text encoding; try utf-8, latin-1 or cp1252") from None
        return value

    @model_validator(mode="after")
    def _consistent(self) -> SourceTable:
        if self.lookback is not None and self.cursor is None:
            raise ValueError("'lookback' needs a 'cursor'")
        if self.cursor is not None and not self.primary_key:
            raise ValueError("'cursor' needs a 'primary_key', or changed rows would be doubled")
        if self.deletes == "compare_keys" and not self.primary_key:
            raise ValueError("'deletes: compare_keys' needs a 'primary_key'")
        return self


def _table(value: Any) -> Any:
    return {} if value is None else value


class Source(Definition):
    """One operational system that is only read, never written."""

    source: Name = Field(description="Name used in mappings and in the landing zone.")
    url: str = Field(
        min_length=1,
        description=(
            "A database URL, or a folder of csv, parquet, xlsx or json files. `${NAME}` is replaced"
            " from the environment, so that no secret stands in a file."
        ),
    )
    db_schema: str | None = Field(None, alias="schema", description="Database schema.")
    description: str = ""
    tables: Annotated[
        dict[Name, Annotated[SourceTable, BeforeValidator(_table)]], BeforeValidator(_table)
    ] = Field(
        default_factory=dict,
        description="Tables that are read; without any the source can only be scanned.",
    )
