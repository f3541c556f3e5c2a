"""Figures, months and moments as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_symbol

from cubes.predicates import EMPTY
from metadata.model.cube import Measure

Number = int | float | Decimal
"""A figure."""

MINUS = "\u2212"
NOTHING = "\u2013"
"""Stands where there is no figure."""

_UNITS = {
    "en": ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "K")),
    "zh": ((100_000_000, "亿"), (10_000, "万")),
}
_MONTHS = ("January February March April May June July August September October November December"
           ).split()  # fmt: skip


@dataclass(frozen=True)
class Figures:
    """How figures of one workspace are written."""

    currency: str = "EUR"
    locale: str = "en"

    @property
    def symbol(self) -> str:
        """The currency's sign, such as €."""
        return get_currency_symbol(self.currency, self.locale)

    def exact(self, value: Number | None, format_: str, decimals: int | None = None) -> str:
        """A figure in full, for tables.

        >>> Figures().exact(1234.5, "currency")
        '€1,234.50'
        >>> Figures().exact(0.256, "percent")
        '25.6%'
        """
        if value is None:
            return NOTHING
        sign = MINUS if value < 0 else ""
        size = _size(value)
        match format_:
            case "currency":
                return f"{sign}{self.symbol}{size:,.{2 if decimals is None else decimals}f}"
            case "percent":
                return f"{sign}{size * 100:,.{1 if decimals is None else decimals}f}%"
            case "integer":
                return f"{sign}{size:,.0f}"
            case "duration":
                return sign + duration(size)
        places = decimals if decimals is not None else (0 if size == int(size) else 2)
        return f"{sign}{size:,.{places}f}"

    def short(self, value: Number | None, format_: str, largest: Number | None = None) -> str:
        """A figure at a glance, for tiles and bars; beside a `largest` one cents are left out.

        >>> Figures().short(1234567, "currency")
        '€1.23M'
        >>> Figures().short(60, "currency"), Figures().short(60, "currency", 5000)
        ('€60.00', '€60')
        """
        if value is None:
            return NOTHING
        if format_ in ("percent", "duration"):
            return self.exact(value, format_)
        sign, size = (MINUS if value < 0 else ""), float(_size(value))
        symbol = self.symbol if format_ == "currency" else ""
        for unit, letter in _UNITS[self.locale]:
            if size >= unit * 0.9995 and size >= 10_000:
                scaled = size / unit
                places = 2 if scaled < 10 else 1 if scaled < 100 else 0
                return f"{sign}{symbol}{scaled:,.{places}f}{letter}"
        if format_ == "currency":
            return self.exact(value, format_, 0 if max(size, float(largest or 0)) >= 100 else 2)
        return self.exact(value, format_, None if format_ == "integer" or size < 100 else 0)

    def change(self, now: Number | None, before: Number | None, format_: str) -> str | None:
        """The change from one figure to another: relative, or in points for shares.

        >>> Figures().change(110, 100, "currency")
        '+10.0%'
        >>> Figures().change(0.25, 0.2, "percent")
        '+5.0 points'
        """
        if now is None or before is None:
            return None
        if format_ == "percent":
            points = float(now) * 100 - float(before) * 100
            return f"{_sign(points, 1)}{abs(points):.1f} points"
        if before == 0:
            return None
        part = (float(now) - float(before)) / abs(float(before)) * 100
        if abs(part) >= 1000:
            return f"{_sign(part, 0)}{abs(part) / 100 + 1:,.0f}×" if part > 0 else None
        return f"{_sign(part, 1)}{abs(part):.1f}%"

    def column_decimals(self, values: Iterable[Number | None], format_: str) -> int | None:
        """One number of decimals for a whole column: cents only where they can be seen."""
        if format_ not in ("currency", "number"):
            return None
        sizes = [abs(float(value)) for value in values if value is not None]
        if format_ == "currency":
            return 0 if sizes and max(sizes) >= 10_000 else 2
        whole = all(size == int(size) for size in sizes)
        return 0 if whole or max(sizes) >= 10_000 else 2


def _size(value: Number) -> Number:
    return -value if value < 0 else value


def _sign(value: float, places: int) -> str:
    rounded = round(value, places)
    return "+" if rounded > 0 else MINUS if rounded < 0 else "±"


def duration(seconds: Number) -> str:
    """A length of time in its two largest units.

    >>> duration(93784)
    '1 d 2 h'
    >>> duration(0.25)
    '0.25 s'
    """
    if seconds < 10:
        return f"{float(seconds):.2f}".rstrip("0").rstrip(".") + " s"
    left = round(seconds)
    parts: list[tuple[int, str]] = []
    for size, letter in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count or parts:
            parts.append((count, letter))
    return " ".join(f"{count} {letter}" for count, letter in parts[:2] if count)


def measure_label(name: str, measure: Measure) -> str:
    """What a measure is called on pages."""
    return measure.label or name.replace("_", " ").capitalize()


def member_text(value: object) -> str:
    """A member as text; the same text finds it again in an address or a filter.

    >>> member_text(None), member_text(True), member_text(2025)
    ('(empty)', 'true', '2025')
    """
    if value is None:
        return EMPTY
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | float):
        return format(value, "f").rstrip("0").rstrip(".") if value % 1 else str(int(value))
    return str(value)


def member_label(text: str, attribute: str) -> str:
    """A member as people read it: days of the week and months by name, yes and no.

    >>> member_label("2025-03", "month")
    'Mar 2025'
    """
    if text == EMPTY:
        return "(empty)"
    if attribute == "month" and is_month(text):
        return month_name(text, short=True)
    if text in ("true", "false"):
        return "Yes" if text == "true" else "No"
    return text


def is_month(text: str) -> bool:
    """Whether a text is a month as the calendar writes it: 2025-03."""
    return (
        len(text) == 7 and text[4] == "-" and (text[:4] + text[5:]).isdecimal()
        and 1 <= int(text[5:]) <= 12
    )  # fmt: skip


def month_name(month: str, *, short: bool = False) -> str:
    """A month as people say it.

    >>> month_name("2025-03"), month_name("2025-03", short=True)
    ('March 2025', 'Mar 2025')
    """
    name = _MONTHS[int(month[5:]) - 1]
    return f"{name[:3] if short else name} {month[:4]}"


def ago(moment: datetime, now: datetime) -> str:
    """How long since, in one unit.

    >>> from datetime import UTC
    >>> ago(datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, 2, 10, tzinfo=UTC))
    '2 hours ago'
    """
    seconds = (now - moment).total_seconds()
    if seconds < -60:
        return "in the future"
    if seconds < 60:
        return "just now"
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    raise AssertionError("every length of time has a unit")


def moment_text(moment: datetime, zone: str) -> str:
    """A moment in full, in the workspace's time zone, with its name.

    >>> from datetime import UTC
    >>> moment_text(datetime(2025, 1, 1, 12, tzinfo=UTC), "Europe/Berlin")
    '1 January 2025, 13:00 CET (Europe/Berlin)'
    """
    there = moment.astimezone(ZoneInfo(zone))
    day = f"{there.day} {_MONTHS[there.month - 1]} {there.year}"
    return f"{day}, {there:%H:%M} {there.tzname()} ({zone})"


def seconds_between(start: datetime | None, end: datetime | None) -> timedelta | None:
    """The time something took, when both ends are known."""
    return end - start if start is not None and end is not None else None
