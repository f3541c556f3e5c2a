"""How long the pipeline rests between two runs, from its five cron fields."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

_NAMES = {
    "month": dict(zip("jan feb mar apr may jun jul aug sep oct nov dec".split(), range(1, 13),
                      strict=True)),
    "weekday": dict(zip("sun mon tue wed thu fri sat".split(), range(7), strict=True)),
}  # fmt: skip
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_DAYS = 366 * 2


def longest_rest(cron: str) -> timedelta | None:
    """The longest time between two runs; None where the fields cannot be read or never come true.

    >>> longest_rest("30 5 * * *")
    datetime.timedelta(days=1)
    >>> longest_rest("0 6 * * mon-fri")
    datetime.timedelta(days=3)
    """
    fields = _NICKNAMES.get(cron.strip().lower(), cron).split()
    if len(fields) != 5:
        return None
    try:
        minutes, hours = _values(fields[0], 0, 59), _values(fields[1], 0, 23)
        days, months = _values(fields[2], 1, 31), _values(fields[3], 1, 12, "month")
        weekdays = {day % 7 for day in _values(fields[4], 0, 7, "weekday")}
    except ValueError:
        return None
    first = date(2023, 1, 1)
    # A day comes true by either field where both are given, as cron has it.
    either = "*" not in fields[2][:1] and "*" not in fields[4][:1]
    chosen: list[int] = []
    for number in range(_DAYS):
        day = first + timedelta(days=number)
        by_date, by_weekday = day.day in days, day.isoweekday() % 7 in weekdays
        if day.month in months and ((by_date or by_weekday) if either else by_date and by_weekday):
            chosen.append(number)
    times = [timedelta(hours=h, minutes=m) for h in sorted(hours) for m in sorted(minutes)]
    rests = [later - earlier for earlier, later in pairwise(times)] if chosen else []
    over_night = times[0] - times[-1]
    rests += [over_night + timedelta(days=b - a) for a, b in pairwise(chosen)]
    return max(rests, default=None)


def _values(field: str, low: int, high: int, names: str = "") -> set[int]:
    found: set[int] = set()
    known = _NAMES.get(names, {})
    for part in field.lower().split(","):
        span, _, step = part.partition("/")
        start, dash, end = span.partition("-")
        if span in ("*", "?"):
            first, last = low, high
        else:
            first = known[start] if start in known else int(start)
            last = (known[end] if end in known else int(end)) if dash else first
            if step and not dash:
                last = high
        if not low <= first <= last <= high or (step and int(step) < 1):
            raise ValueError(part)
        found.update(range(first, last + 1, int(step) if step else 1))
    return found
