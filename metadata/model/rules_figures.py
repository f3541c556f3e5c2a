"""Cleansing rules for numbers, yes and no, dates and times, and for what is missing."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, field_validator, model_validator

from metadata.model.base import Names
from metadata.model.rule import FIGURES, MOMENTS, STRING, Rule, column_field


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


Numbers = Literal["excel", "excel_1904", "epoch_seconds", "epoch_millis", "epoch_micros"]
Figure = Annotated[int | float, AfterValidator(_finite)]


class Absolute(Rule):
    """Drops the sign of a number.

    Example: `absolute` turns `-3` into `3`.
    """

    rule: ClassVar[str] = "absolute"
    kinds: ClassVar[frozenset[str] | None] = FIGURES | STRING


class Negate(Rule):
    """Changes the sign of a number.

    Example: `negate` turns `3` into `-3`.
    """

    rule: ClassVar[str] = "negate"
    kinds: ClassVar[frozenset[str] | None] = FIGURES | STRING


class Round(Rule):
    """Rounds a number to decimal places, halves away from zero.

    Example: `{round: 1}` turns `2.25` into `2.3`.
    """

    rule: ClassVar[str] = "round"
    kinds: ClassVar[frozenset[str] | None] = FIGURES | STRING
    places: int = Field(ge=0, le=10, description="Decimal places.")


class Scale(Rule):
    """Multiplies a number, as cents into euros or thousands into units.

    Example: `{scale: 0.01}` turns `1250` into `12.5`.
    """

    rule: ClassVar[str] = "scale"
    kinds: ClassVar[frozenset[str] | None] = FIGURES | STRING
    by: Figure = Field(description="What to multiply by, with eight decimal places at most.")

    @field_validator("by")
    @classmethod
    def _fits(cls, value: float) -> float:
        if not 0 < abs(value) < 10**12:
            raise ValueError("must be other than zero and below a million millions")
        if round(value, 8) != value:
            raise ValueError("may have eight decimal places at most")
        return value


class Clamp(Rule):
    """Raises a number to the lowest value allowed, and lowers it to the highest.

    Example: `{clamp: {low: 0, high: 100}}` turns `120` into `100`.
    """

    rule: ClassVar[str] = "clamp"
    kinds: ClassVar[frozenset[str] | None] = FIGURES | STRING
    low: Figure | None = Field(None, description="Smallest value.")
    high: Figure | None = Field(None, description="Largest value.")

    @model_validator(mode="after")
    def _ordered(self) -> Clamp:
        if self.low is None and self.high is None:
            raise ValueError("needs 'low', 'high' or both")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("needs a 'low' that is not above 'high'")
        return self


class Number(Rule):
    """Reads a number as people write it: thousands separators, a decimal comma, currency signs and
    codes, percent, a minus in front or behind, parentheses for negative.

    What stands for the decimal point is said, never guessed: 1.234 is one number in Berlin and
    another one in Boston. What is not written like a number stays as it is.

    Example: `number` turns `"$ 1,234.50"` into `"1234.50"`.
    Example: `{number: ","}` turns `"(1.234,5 €)"` into `-1234.5`.
    Example: `{number: ","}` turns `"12,5 %"` into `0.125`.
    Example: `{number: {units: true}}` turns `3.5万` into `35000`.
    """

    rule: ClassVar[str] = "number"
    kinds: ClassVar[frozenset[str] | None] = FIGURES | STRING
    decimal: Literal[".", ","] = Field(".", description="What stands before the decimal places.")
    percent: Literal["divide", "keep"] = Field(
        "divide", description="Whether 5 % is 0.05 or stays 5."
    )
    units: bool = Field(
        False, description="Whether k, Tsd, M, Mio, Bn, Mrd, 千, 万 and 亿 multiply the number."
    )


class Boolean(Rule):
    """Reads yes and no in many languages and spellings; what is neither stays as it is.

    Example: `boolean` turns `是` into `"true"`.
    Example: `boolean` turns `"Nein"` into `"false"`.
    Example: `{boolean: {yes: [x], no: [""]}}` turns `X` into `"true"`.
    """

    rule: ClassVar[str] = "boolean"
    kinds: ClassVar[frozenset[str] | None] = frozenset({"boolean"}) | STRING
    yes: Names = Field((), description="More words for yes; case does not matter.")
    no: Names = Field((), description="More words for no; case does not matter.")

    @model_validator(mode="after")
    def _apart(self) -> Boolean:
        both = {word.lower() for word in self.yes} & {word.lower() for word in self.no}
        if both:
            raise ValueError(f"cannot read '{sorted(both)[0]}' as both yes and no")
        return self


class Date(Rule):
    """Reads a date, with or without a time, in many spellings, and writes it as ISO 8601.

    Read are ISO dates and times with or without zone, 20240305, 2024/3/5, 2024年3月5日, and dates
    with a month's name in nineteen languages. Numbers alone, as 3/5/2024, are read in the order
    that is said, never in one that is guessed. What is no date stays as it is.

    Example: `{date: dmy}` turns `"5.3.24 2:30 PM"` into `"2024-03-05 14:30:00"`.
    Example: `date` turns `5 Mär. 2024` into `"2024-03-05"`.
    Example: `date` turns `2024年3月5日` into `"2024-03-05"`.
    Example: `{date: {numbers: excel}}` turns `45356` into `"2024-03-05"`.
    Example: `{date: {numbers: epoch_seconds}}` turns `1709647200` into `"2024-03-05 14:00:00Z"`.
    """

    rule: ClassVar[str] = "date"
    kinds: ClassVar[frozenset[str] | None] = MOMENTS | STRING
    order: Literal["dmy", "mdy", "ymd"] | None = Field(
        None,
        description="Order of day, month and year where all are numbers and the year is not first"
        " in full.",
    )
    pivot: int = Field(
        68, ge=0, le=99, description="Two-digit years up to it are of this century, others before."
    )
    numbers: Numbers | None = Field(
        None, description="What a bare number counts: days as Excel does, or time since 1970 (UTC)."
    )


class TimeZone(Rule):
    """Reads a time without a zone as one of the zone given, and moves it to the workspace's.

    Dates without a time, times with a zone and what is no time stay as they are.

    Example: `{time_zone: UTC}` turns `"2024-07-01 10:00:00"` into `"2024-07-01 12:00:00"`.
    """

    rule: ClassVar[str] = "time_zone"
    kinds: ClassVar[frozenset[str] | None] = MOMENTS | STRING
    zone: str = Field(description="IANA zone, such as Asia/Shanghai.")

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("is not a time zone; use an IANA name such as Asia/Shanghai") from None
        return value


class Default(Rule):
    """Gives a value where there is none.

    Example: `{default: none}` turns `null` into `none`.
    """

    rule: ClassVar[str] = "default"
    value: str | int | float | bool = Field(description="The value.")

    @field_validator("value")
    @classmethod
    def _is_finite(cls, value: Any) -> Any:
        return _finite(value) if isinstance(value, float) else value


class DefaultFrom(Rule):
    """Takes the value of another column of the mapped row where there is none.

    Example: `{default_from: mobile}` turns `{phone: null, mobile: "+49151"}` into `"+49151"`.
    """

    rule: ClassVar[str] = "default_from"
    column: str = column_field(description="Column whose value is taken.")
