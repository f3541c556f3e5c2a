"""Five cron fields: whether they can be read, when they fire, how long they rest."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

_NAMES: tuple[dict[str, int], ...] = (
    {},
    {},
    {},
    {m: n for n, m in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)},
    {d: n for n, d in enumerate("sun mon tue wed thu fri sat".split())},
)  # fmt: skip
_ENDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FEWEST_DAYS = timedelta(days=366 * 2)
_MOST_DAYS = timedelta(days=366 * 8 + 1)
"""The 29th of February may be eight years away."""


@dataclass(frozen=True)
class Cron:
    """Cron fields, read: the minutes, hours, days, months and weekdays (0 is Sunday) that fit."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool
    """Whether a day fits by its date or by its weekday, as cron has it where both are given."""

    def fits(self, day: date) -> bool:
        """Whether there is a firing on a day."""
        by_date, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        within = (by_date or by_weekday) if self.either else (by_date and by_weekday)
        return within and day.month in self.months

    @property
    def times(self) -> tuple[time, ...]:
        """The times of a day that fits, in order."""
        return tuple(time(hour, minute) for hour in self.hours for minute in self.minutes)


@functools.cache
def parse_cron(text: str) -> Cron:
    """Read cron fields.

    Raises:
        ValueError: they cannot be read, or no day ever fits; the message says why.
    """
    fields = _NICKNAMES.get(text.strip().lower(), text).split()
    if len(fields) != 5:
        raise ValueError("is not five fields: minute hour day month weekday, such as 0 3 * * *")
    minutes, hours, days, months, weekdays = (
        _values(field.lower(), *_ENDS[place], _NAMES[place]) for place, field in enumerate(fields)
    )
    cron = Cron(
        tuple(sorted(minutes)),
        tuple(sorted(hours)),
        frozenset(days),
        frozenset(months),
        frozenset(day % 7 for day in weekdays),
        either="*" not in fields[2][:1] and "*" not in fields[4][:1],
    )
    if not any(cron.fits(day) for day in _days(date(2024, 1, 1), _MOST_DAYS)):
        raise ValueError("never comes true: no such day is in the calendar")
    return cron


def next_firing(text: str, after: datetime, zone: ZoneInfo) -> datetime:
    """The first firing later than a moment.

    A time that a day skips, because clocks are put forward, fires as much later; one that a day has
    twice fires once.

    Args:
        text: cron fields that `parse_cron` reads.
        after: the moment, with its zone.
        zone: the zone in which the fields are meant.

    >>> berlin = ZoneInfo("Europe/Berlin")
    >>> next_firing("30 2 * * *", datetime(2026, 3, 28, 12, tzinfo=berlin), berlin).isoformat()
    '2026-03-29T03:30:00+02:00'
    """
    cron = parse_cron(text)
    for day in _days(after.astimezone(zone).date() - timedelta(days=1), _MOST_DAYS):
        for moment in _moments(cron, day, zone) if cron.fits(day) else ():
            if moment > after:
                return moment
    raise ValueError("never comes true")


def last_firing(text: str, until: datetime, zone: ZoneInfo) -> datetime:
    """The last firing at a moment or before it; arguments as those of `next_firing`."""
    cron = parse_cron(text)
    for day in _days(until.astimezone(zone).date() + timedelta(days=1), -_MOST_DAYS):
        for moment in reversed(_moments(cron, day, zone)) if cron.fits(day) else ():
            if moment <= until:
                return moment
    raise ValueError("never comes true")


def longest_rest(text: str) -> timedelta | None:
    """The longest time between two firings; None where the fields cannot be read.

    >>> longest_rest("30 5 * * *")
    datetime.timedelta(days=1)
    >>> longest_rest("0 6 * * mon-fri")
    datetime.timedelta(days=3)
    """
    return max(_rests(text), default=None)


def shortest_rest(text: str) -> timedelta | None:
    """The shortest time between two firings; None where the fields cannot be read.

    >>> shortest_rest("0 6 * * mon-fri")
    datetime.timedelta(days=1)
    """
    return min(_rests(text), default=None)


@functools.cache
def _rests(text: str) -> tuple[timedelta, ...]:
    try:
        cron = parse_cron(text)
    except ValueError:
        return ()
    first = date(2023, 1, 1)
    chosen = [day for day in _days(first, _FEWEST_DAYS) if cron.fits(day)]
    if len(chosen) < 2:
        chosen = [day for day in _days(first, _MOST_DAYS) if cron.fits(day)]
    times = [timedelta(hours=t.hour, minutes=t.minute) for t in cron.times]
    rests = [later - earlier for earlier, later in pairwise(times)]
    rests += [times[0] - times[-1] + (later - earlier) for earlier, later in pairwise(chosen)]
    return tuple(rests)


def _days(first: date, span: timedelta) -> Iterator[date]:
    step = 1 if span > timedelta(0) else -1
    return (first + timedelta(days=step * n) for n in range(abs(span.days)))


def _moments(cron: Cron, day: date, zone: ZoneInfo) -> list[datetime]:
    """The firings of a day that fits, in order; through UTC, which knows of no skipped times."""
    found = (datetime.combine(day, each, zone).astimezone(UTC) for each in cron.times)
    return [moment.astimezone(zone) for moment in sorted(set(found))]


def _values(field: str, low: int, high: int, names: dict[str, int]) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        start, dash, end = span.partition("-")
        ends = (low, high) if span == "*" else (_value(start, names), _value(end or start, names))
        if slash and not dash and span != "*":
            ends = (ends[0], high)
        every = int(step) if step.isdecimal() else 0 if slash else 1
        if not low <= ends[0] <= ends[1] <= high or every < 1 or (dash and not end):
            raise ValueError(f"has a field that cron does not know: '{field}'")
        found.update(range(ends[0], ends[1] + 1, every))
    return found


def _value(text: str, names: dict[str, int]) -> int:
    return names.get(text, int(text) if text.isdecimal() else -1)
