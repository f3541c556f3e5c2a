"""The generated date dimension: a row for each day of the workspace's calendar."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from metadata.repository import Repository, ResolvedDimension
from transforms.statements import (
    UNKNOWN_KEY,
    WAREHOUSE,
    Statement,
    call,
    column,
    create_table,
    data_type,
    named,
    number,
    text,
)  # fmt: skip

HOLIDAYS = "holiday_calendar"
"""Relation with columns `date` and `name` that the engine provides while this is loaded."""


def load_calendar(repository: Repository, dimension: str) -> tuple[Statement, ...]:
    """Make the date dimension anew; it follows from the workspace alone."""
    resolved = repository.dimensions[dimension]
    calendar = repository.workspace.calendar
    days = call(
        "generate_series",
        exp.cast(text(calendar.first.isoformat()), "DATE"),
        exp.cast(text(calendar.last.isoformat()), "DATE"),
        exp.Interval(this=text("1"), unit=exp.var("DAY")),
    )
    listed = exp.select(named(exp.cast(call("unnest", days), "DATE"), "day"))
    known = exp.select(named(_day_key(column("day", "days")), resolved.surrogate_key))
    unknown = exp.select(named(exp.cast(number(UNKNOWN_KEY), "BIGINT"), resolved.surrogate_key))
    start = repository.workspace.fiscal_year_start
    for attribute in _with_day(resolved):
        kind = resolved.attributes[attribute].type if attribute in resolved.attributes else "date"
        value = _COLUMNS[attribute](column("day", "days"), start)
        known = known.select(named(exp.cast(value, data_type(kind)), attribute), copy=False)
        label = text(resolved.definition.unknown) if kind == "string" else exp.null()
        unknown = unknown.select(named(exp.cast(label, data_type(kind)), attribute), copy=False)
    known = known.from_(listed.subquery("days")).join(
        exp.alias_(exp.to_table(HOLIDAYS), "holidays", table=True),
        on=column("date", "holidays").eq(column("day", "days")),
        join_type="LEFT",
    )
    union = exp.union(unknown, known, distinct=False)
    return (Statement(create_table(resolved.table, WAREHOUSE, union), "days of the calendar"),)


def _with_day(resolved: ResolvedDimension) -> list[str]:
    return list(dict.fromkeys(["date", *resolved.attributes]))


def _day_key(day: exp.Expr) -> exp.Expr:
    return exp.cast(call("strftime", day, text("%Y%m%d")), "BIGINT")


def _part(name: str) -> Callable[[exp.Expr, int], exp.Expr]:
    return lambda day, _: call("date_part", text(name), day)


def _text(form: str) -> Callable[[exp.Expr, int], exp.Expr]:
    return lambda day, _: call("strftime", day, text(form))


def _joined(*pieces: exp.Expr) -> exp.Expr:
    return call("concat", *pieces)


def _fiscal(day: exp.Expr, start: int) -> exp.Expr:
    """The day moved so that the fiscal year becomes a calendar year: of its last month's number."""
    shift = exp.Interval(this=text(str((13 - start) % 12)), unit=exp.var("MONTH"))
    return exp.Add(this=day.copy(), expression=shift)


def _fiscal_year(day: exp.Expr, start: int) -> exp.Expr:
    return _joined(text("FY"), call("date_part", text("year"), _fiscal(day, start)))


def _weekend(day: exp.Expr, _: int) -> exp.Expr:
    return exp.GTE(this=call("date_part", text("isodow"), day), expression=number(6))


def _holiday(*_: object) -> exp.Expr:
    return exp.not_(column("name", "holidays").is_(exp.null()))


_COLUMNS: dict[str, Callable[[exp.Expr, int], exp.Expr]] = {
    "date": lambda day, _: day,
    "year": _part("year"),
    "half_year": lambda day, _: _joined(
        call("date_part", text("year"), day),
        text("-H"),
        exp.Case()
        .when(
            exp.LTE(this=call("date_part", text("month"), day.copy()), expression=number(6)),
            number(1),
        )
        .else_(number(2)),
    ),
    "quarter": lambda day, _: _joined(
        call("date_part", text("year"), day),
        text("-Q"),
        call("date_part", text("quarter"), day.copy()),
    ),
    "quarter_of_year": _part("quarter"),
    "month": _text("%Y-%m"),
    "month_of_year": _part("month"),
    "month_name": _text("%B"),
    "week": _text("%G-W%V"),
    "week_of_year": _part("week"),
    "iso_year": _part("isoyear"),
    "day_of_month": _part("day"),
    "day_of_year": _part("doy"),
    "day_of_week": _part("isodow"),
    "day_name": _text("%A"),
    "is_weekend": _weekend,
    "is_holiday": _holiday,
    "holiday": lambda *_: column("name", "holidays"),
    "is_working_day": lambda day, start: exp.not_(exp.or_(_weekend(day, start), _holiday())),
    "fiscal_year": _fiscal_year,
    "fiscal_quarter": lambda day, start: _joined(
        _fiscal_year(day, start),
        text("-Q"),
        call("date_part", text("quarter"), _fiscal(day, start)),
    ),
    "fiscal_month": lambda day, start: call("date_part", text("month"), _fiscal(day, start)),
}
