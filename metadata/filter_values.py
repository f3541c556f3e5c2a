"""Values in a filter, typed as the level they are compared with."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from metadata.errors import UserError
from metadata.predicates import Value
from metadata.repository import Level

_LARGEST_EXPONENT = 40
"""Decimals of the warehouse hold 38 digits; what lies far beyond is a slip of the finger."""


def typed_value(written: str | bool, level: Level) -> Value:
    """The written value as the level's type.

    Raises:
        UserError: it is not a value of that type.

    >>> typed_value("2025-01-31", Level("order_date", "date", "Day", "Order date", "date"))
    datetime.date(2025, 1, 31)
    """
    kind = level.type.split("(")[0]
    if kind == "boolean":
        return _boolean(written, level)
    if isinstance(written, bool):
        raise _wrong(str(written).lower(), level)
    match kind:
        case "integer" | "double" | "decimal":
            return _number(written, level)
        case "date":
            return _day(written, level)
        case "timestamp":
            return _moment(written, level)
        case _:
            return written


def _boolean(written: str | bool, level: Level) -> bool:
    if isinstance(written, bool):
        return written
    known = {"true": True, "false": False}
    if written.lower() not in known:
        raise _wrong(written, level)
    return known[written.lower()]


def _number(written: str, level: Level) -> int | Decimal:
    try:
        number = Decimal(written)
    except InvalidOperation:
        raise _wrong(written, level) from None
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise _wrong(written, level)
    return int(number) if number == number.to_integral_value() else number


def _day(written: str, level: Level) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise _wrong(written, level) from None


def _moment(written: str, level: Level) -> datetime:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise _wrong(written, level) from None
    if moment.tzinfo is not None:
        raise _wrong(written, level)
    return moment


_FORMS = {
    "string": ("a text", "'Germany'"),
    "integer": ("a whole number", "2025"),
    "double": ("a number", "12.5"),
    "decimal": ("a number", "12.50"),
    "boolean": ("true or false", "true"),
    "date": ("a day", "'2025-01-31'"),
    "timestamp": ("a moment without a time zone", "'2025-01-31 10:00:00'"),
}


def _wrong(written: str, level: Level) -> UserError:
    form, example = _FORMS[level.type.split("(")[0]]
    shown = written if len(written) <= 60 else written[:57] + "..."
    return UserError(
        f"'{shown}' is not {form}.",
        why=f"The level '{level.name}' is of type {level.type}.",
        fix=f"Write it like {level.name} = {example}.",
    )
