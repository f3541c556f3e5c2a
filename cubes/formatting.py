"""Figures for people: with units, in the workspace's language."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_precision,
)

MISSING = "–"
_COMPACT_FROM = 10_000
"""Smaller figures are short enough in full."""


def format_value(
    value: Any,
    format: str = "number",  # noqa: A002
    currency: str = "EUR",
    locale: str = "en",
    *,
    compact: bool = False,
) -> str:
    """A value as people read it.

    Args:
        value: a number, a date, a text or None.
        format: a measure's format: number, integer, currency, percent or duration (seconds).
        currency: ISO code, for amounts.
        locale: language of separators and units.
        compact: 1.2M instead of 1,234,567, for tiles and axes.

    >>> format_value(Decimal("1234.5"), "currency", "EUR", "en")
    '€1,234.50'
    >>> format_value(0.256, "percent")
    '25.6%'
    >>> format_value(3725, "duration")
    '1:02:05'
    >>> format_value(None)
    '–'
    """
    if value is None or (isinstance(value, float | Decimal) and not math.isfinite(value)):
        return MISSING
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if not isinstance(value, int | float | Decimal):
        return value.isoformat() if isinstance(value, date | datetime) else str(value)
    match format:
        case "currency":
            return _money(value, currency, locale, compact=compact)
        case "percent":
            return str(format_percent(value, format="#,##0.0%", locale=locale))
        case "duration":
            return _duration(float(value))
        case "integer":
            if compact and abs(float(value)) >= _COMPACT_FROM:
                return str(format_compact_decimal(value, fraction_digits=1, locale=locale))
            return str(format_decimal(round(value), format="#,##0", locale=locale))
        case _:
            if compact and abs(float(value)) >= _COMPACT_FROM:
                return str(format_compact_decimal(value, fraction_digits=1, locale=locale))
            return str(format_decimal(value, format="#,##0.##", locale=locale))


def _money(value: int | float | Decimal, currency: str, locale: str, *, compact: bool) -> str:
    if compact and abs(float(value)) >= _COMPACT_FROM:
        return str(format_compact_currency(value, currency, fraction_digits=1, locale=locale))
    digits = get_currency_precision(currency)
    rounded = round(Decimal(str(value)), digits)
    return str(format_currency(rounded, currency, locale=locale))


def _duration(seconds: float) -> str:
    sign = "-" if seconds < 0 else ""
    whole = round(abs(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{sign}{hours}:{rest // 60:02d}:{rest % 60:02d}"
