"""Whether a value that is written in a definition can be a value of a column's type."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from metadata.reference_data.spellings import FALSE, TRUE

_CLOCK = re.compile(
    r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}(:?\d{2})?)?)?$"
)
_INTEGER = (-(2**63), 2**63 - 1)
_ARTICLE = {"integer": "no whole number", "decimal": "no number that fits", "double": "no number",
            "boolean": "neither true nor false", "date": "no date like 2024-12-31",
            "timestamp": "no time like 2024-12-31 10:00:00"}  # fmt: skip


def literal_misfit(value: str | int | float | bool, column_type: str) -> str | None:
    """Why a written value cannot be of a column type; None where it can.

    >>> literal_misfit("abc", "integer")
    'no whole number'
    >>> literal_misfit("12.5", "decimal(4,2)")
    """
    kind = column_type.partition("(")[0]
    if kind == "string":
        return None
    written = str(value).lower() if isinstance(value, bool) else str(value).strip()
    if _fits(written, kind, column_type):
        return None
    return _ARTICLE[kind]


def _fits(written: str, kind: str, column_type: str) -> bool:
    match kind:
        case "boolean":
            return written.lower() in TRUE or written.lower() in FALSE
        case "date" | "timestamp":
            return as_moment(written) is not None
    figure = as_figure(written)
    if figure is None:
        return False
    if kind == "integer":
        return figure == figure.to_integral_value() and _INTEGER[0] <= figure <= _INTEGER[1]
    if kind == "double":
        return math.isfinite(float(figure))
    precision, scale = map(int, column_type.partition("(")[2].rstrip(")").split(","))
    return abs(figure) < Decimal(10) ** (precision - scale)


def as_figure(written: str) -> Decimal | None:
    """A written number; None where it is none."""
    try:
        figure = Decimal(written.strip())
    except InvalidOperation:
        return None
    return figure if figure.is_finite() and abs(figure.adjusted()) < 400 else None


def as_moment(written: str) -> datetime | None:
    """A written ISO date or time; None where it is none."""
    text = written.strip()
    if not _CLOCK.match(text):
        return None
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), datetime.min.time())
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
