"""`sources/*.yaml`: an operational database or a folder of files, and what is read from it."""

from __future__ import annotations

import codecs
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from metadata.cron import next_firing, parse_cron
from metadata.model.base import Definition, DistinctNames, Duration, Expression, Name, Names


class SoftDelete(Definition):
    """Deleted rows stay in the source and carry a flag."""

    soft_delete: str = Field(
        min_length=1, description="Column that is true (or not null) on a deleted row."
    )


def _delimiter(value: str) -> str:
    if len(value) != 1 and value != "\\t":
        said = "is empty" if not value else "has more than one character"
        raise ValueError(f"{said}; name the one that separates the columns")
    return value


def _period(value: str) -> str:
    text = value.strip().lower()
    if text in PERIODS:
        return text
    if len(text.split()) == 5:
        parse_cron(value)
        return value
    try:
        _DURATION.validate_python(value)
    except ValidationError:
        raise ValueError(
            "is no period; write daily, weekly, monthly, a duration such as '10 days', or five"
            " cron fields"
        ) from None
    return value


_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)
PERIODS = {"daily": "1 day", "weekly": "7 days", "monthly": "30 days"}


class Refresh(Definition):
    """How much of a table each read brings. A word alone is `mode`."""

    mode: Literal["incremental", "full"] = Field(
        description="incremental: what the cursor says is new; full: the whole table each time."
    )
    full: Annotated[str, AfterValidator(_period)] | None = Field(
        None,
        description="How often a table that is read incrementally is read whole all the same, so"
        " that rows that vanished or changed without a trace are put right: `daily`, `weekly`,"
        " `monthly`, a duration, or five cron fields.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Refresh:
        if self.mode == "full" and self.full is not None:
            raise ValueError("is read whole each time already; 'full' goes with 'incremental'")
        return self

    def is_due(self, last: datetime, now: datetime, zone: ZoneInfo) -> bool:
        """Whether the table is to be read whole again.

        Periods of days are counted by date, so that a load that begins a little earlier than the
        last one does not put it off to the next.

        Args:
            last: when it was last read whole.
            now: the moment of the read.
            zone: the zone in which days begin and cron fields are meant.
        """
        if self.full is None:
            return False
        if len(self.full.split()) == 5:
            return next_firing(self.full, last, zone) <= now
        period: timedelta = _DURATION.validate_python(PERIODS.get(self.full, self.full))
        if period < timedelta(days=1):
            return last + period <= now
        return last.astimezone(zone).date() + period <= now.astimezone(zone).date()


class Retry(Definition):
    """What happens when a source cannot be reached or read. A number alone is `attempts`."""

    attempts: int = Field(3, ge=1, le=20, description="How often it is tried, all in all.")
    wait: Duration = Field(
        timedelta(seconds=10),
        description="Time before the second attempt; each further one waits twice as long, ten"
        " minutes at the most.",
    )


def _short_refresh(value: Any) -> Any:
    return {"mode": value} if isinstance(value, str) else value


def _short_retry(value: Any) -> Any:
    return {"attempts": value} if isinstance(value, int) and not isinstance(value, bool) else value


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
    delimiter: Annotated[str, AfterValidator(_delimiter)] | None = Field(
        None, description="Column separator of CSV files: one character, or \\t for a tab."
    )
    null_values: tuple[str, ...] = Field(
        ("",), description="Texts in CSV files that mean 'no value'."
    )
    columns: tuple[str, ...] | None = Field(
        None, min_length=1, description="Columns to read; all of them when absent."
    )
    where: Expression | None = Field(
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
    refresh: Annotated[Refresh, BeforeValidator(_short_refresh)] | None = Field(
        None,
        description="Incremental where there is a cursor, full elsewhere, unless something else is"
        " written here.",
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
        if self.refresh is not None and self.refresh.mode == "incremental" and self.cursor is None:
            raise ValueError("'refresh: incremental' needs a 'cursor', which says what is new")
        if self.lookback is not None and not self.incremental:
            raise ValueError("'lookback' means nothing where the table is read whole each time")
        return self

    @property
    def incremental(self) -> bool:
        """Whether a read brings what is new, once the whole table has been read."""
        return self.cursor is not None and (
            self.refresh is None or self.refresh.mode == "incremental"
        )

    def asked(self) -> str:
        """What is asked of the source, as text; when and how often it is asked does not matter."""
        return self.model_dump_json(exclude={"description", "lookback", "refresh"})


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
    retry: Annotated[Retry, BeforeValidator(_short_retry)] | None = Field(
        None, description="How often reading is tried; once when absent."
    )
    timeout: Duration | None = Field(
        None, description="How long reading one table may take, such as '30 minutes'."
    )
    tables: Annotated[
        dict[Name, Annotated[SourceTable, BeforeValidator(_table)]], BeforeValidator(_table)
    ] = Field(
        default_factory=dict,
        description="Tables that are read; without any the source can only be scanned.",
    )

    @field_validator("timeout")
    @classmethod
    def _long_enough(cls, value: timedelta | None) -> timedelta | None:
        if value is not None and value < timedelta(seconds=1):
            raise ValueError("must be a second at least")
        return value

    @property
    def is_folder(self) -> bool:
        """Whether the address is known to be that of a folder, before anything is replaced in it.

        A variable of the environment may stand for anything.
        """
        plain = "://" not in self.url and not self.url.startswith("embedded-postgresql:")
        return self.url.startswith("file://") or (plain and not self.url.startswith("${"))
