"""Days and moments written as texts: in which strptime formats they can be read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from sqlglot import exp

from pipelines.scan.shapes import VALUE
from transforms.statements import call, column, number, text

DAY, TIME = "day_part", "time_part"
_PARTS = r"^(.*?)([ T]\d{1,2}:\d{2}.*)?$"
_CANDIDATE = r"^\d{1,4}[-/. 年]|^\d{8}$|^\d{14}$|^[A-Za-zÀ-ÿ]{3,9}\.? \d{1,2},? \d{4}"
_DAYS: tuple[tuple[str, str], ...] = (
    ("%Y-%m-%d", r"\d{4}-\d{1,2}-\d{1,2}"),
    ("%Y/%m/%d", r"\d{4}/\d{1,2}/\d{1,2}"),
    ("%Y.%m.%d", r"\d{4}\.\d{1,2}\.\d{1,2}"),
    ("%Y%m%d", r"(19|20|21)\d{6}"),
    ("%d.%m.%Y", r"\d{1,2}\.\d{1,2}\.\d{4}"),
    ("%d.%m.%y", r"\d{1,2}\.\d{1,2}\.\d{2}"),
    ("%d/%m/%Y", r"\d{1,2}/\d{1,2}/\d{4}"),
    ("%m/%d/%Y", r"\d{1,2}/\d{1,2}/\d{4}"),
    ("%d/%m/%y", r"\d{1,2}/\d{1,2}/\d{2}"),
    ("%m/%d/%y", r"\d{1,2}/\d{1,2}/\d{2}"),
    ("%d-%m-%Y", r"\d{1,2}-\d{1,2}-\d{4}"),
    ("%m-%d-%Y", r"\d{1,2}-\d{1,2}-\d{4}"),
    ("%d-%m-%y", r"\d{1,2}-\d{1,2}-\d{2}"),
    ("%d %b %Y", r"\d{1,2} [A-Za-z]{3} \d{4}"),
    ("%d-%b-%Y", r"\d{1,2}-[A-Za-z]{3}-\d{4}"),
    ("%d-%b-%y", r"\d{1,2}-[A-Za-z]{3}-\d{2}"),
    ("%d %B %Y", r"\d{1,2} [A-Za-z]{4,9} \d{4}"),
    ("%b %d, %Y", r"[A-Za-z]{3} \d{1,2}, \d{4}"),
    ("%B %d, %Y", r"[A-Za-z]{4,9} \d{1,2}, \d{4}"),
    ("%b %d %Y", r"[A-Za-z]{3} \d{1,2} \d{4}"),
    ("%Y年%m月%d日", r"\d{4}年\d{1,2}月\d{1,2}日"),
    ("%Y%m%d%H%M%S", r"(19|20)\d{12}"),
)
_CLOCK, _HALF = r"([01]?\d|2[0-3]):[0-5]\d", r"(0?\d|1[0-2]):[0-5]\d"
_TIMES: tuple[tuple[str, str], ...] = tuple(
    (f"{parting}{form}", f"{parting}{pattern}")
    for parting in ("T", " ")
    for form, pattern in (
        ("%H:%M:%S", rf"{_CLOCK}:[0-5]\d"),
        ("%H:%M", _CLOCK),
        ("%H:%M:%S.%f", rf"{_CLOCK}:[0-5]\d\.\d{{1,6}}"),
        ("%H:%M:%S.%n", rf"{_CLOCK}:[0-5]\d\.\d{{7,9}}"),
        ("%H:%M:%SZ", rf"{_CLOCK}:[0-5]\dZ"),
        ("%H:%M:%S.%fZ", rf"{_CLOCK}:[0-5]\d\.\d{{1,6}}Z"),
        ("%H:%M:%S%z", rf"{_CLOCK}:[0-5]\d[+-]\d{{2}}(:?\d{{2}})?"),
        ("%H:%M:%S.%f%z", rf"{_CLOCK}:[0-5]\d\.\d{{1,6}}[+-]\d{{2}}(:?\d{{2}})?"),
        ("%I:%M:%S %p", rf"{_HALF}:[0-5]\d [AaPp][Mm]"),
        ("%I:%M %p", rf"{_HALF} [AaPp][Mm]"),
    )
)


def is_moment(form: str) -> bool:
    """Whether a format has a time of day."""
    return "%H" in form or "%I" in form


@cache
def candidate() -> exp.Expr:
    """Whether a value is worth a closer look."""
    cheap = exp.Between(this=call("length", column(VALUE)), low=number(6), high=number(35))
    return exp.and_(cheap, call("regexp_matches", column(VALUE), text(_CANDIDATE)))


@cache
def parts() -> exp.Expr:
    """The value's day and time of day, as a struct of `DAY` and `TIME`."""
    names = exp.Array(expressions=[text(DAY), text(TIME)])
    return call("regexp_extract", column(VALUE), text(_PARTS), names)


@cache
def day_forms() -> exp.Expr:
    """Of the day's text, the list of the formats that read it, each with the day."""
    tries = [_try(form, pattern) for form, pattern in _DAYS]
    return call("list_filter", exp.Array(expressions=tries), _present())


@cache
def time_form() -> exp.Expr:
    """Of the time's text, the format that reads it; an empty text where there is no time."""
    found = exp.Case().when(column(TIME).eq(text("")), text(""))
    for form, pattern in _TIMES:
        found = found.when(call("regexp_full_match", column(TIME), text(pattern)), text(form))
    return found


def _try(form: str, pattern: str) -> exp.Expr:
    day = call("try_strptime", column(DAY), text(form))
    fits = call("regexp_full_match", column(DAY), text(pattern))
    both = exp.Case().when(fits, day)
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier("form"), expression=text(form)),
            exp.PropertyEQ(this=exp.to_identifier("day"), expression=both),
        ]
    )


def _present() -> exp.Expr:
    there = exp.not_(exp.Is(this=exp.column("day", "f"), expression=exp.null()))
    return exp.Lambda(this=there, expressions=[exp.to_identifier("f")])


def order_of(form: str) -> int:
    """Which of two formats that read the same values comes first."""
    forms: Sequence[str] = [each for each, _ in _DAYS]
    return next((n for n, each in enumerate(forms) if form.startswith(each)), len(forms))
