"""Months and the periods made of them; how to compare like with like."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from cubes.predicates import Between, Compare, Predicate
from dashboards.wording import month_name

Span = Literal["month", "quarter", "year"]
SPANS: tuple[Span, ...] = ("month", "quarter", "year")
DAYS_OF_GRACE = 3
"""A month counts as complete when its data reaches this close to its end: people rest."""


@dataclass(frozen=True)
class Period:
    """A month, or the part of its quarter or year up to and including it."""

    month: str
    span: Span = "month"

    @property
    def first(self) -> str:
        """Its first month."""
        year, number = int(self.month[:4]), int(self.month[5:])
        match self.span:
            case "month":
                return self.month
            case "quarter":
                return f"{year}-{(number - 1) // 3 * 3 + 1:02d}"
            case "year":
                return f"{year}-01"

    @property
    def months(self) -> tuple[str, ...]:
        """Its months, oldest first."""
        return months_until(self.month, int(self.month[5:]) - int(self.first[5:]) + 1)

    @property
    def prior_year(self) -> Period:
        """The same stretch a year before."""
        return Period(shift(self.month, -12), self.span)

    @property
    def label(self) -> str:
        """
        >>> Period("2025-03", "year").label
        'January to March 2025'
        """
        if self.first == self.month:
            return month_name(self.month)
        return f"{month_name(self.first).split()[0]} to {month_name(self.month)}"

    @property
    def short(self) -> str:
        """
        >>> Period("2025-03", "year").short
        'Jan–Mar 2025'
        """
        last = month_name(self.month, short=True)
        return last if self.first == self.month else f"{month_name(self.first)[:3]}–{last}"

    def within(self, month_level: str) -> Predicate:
        """The condition that only its months fulfil."""
        if self.first == self.month:
            return Compare(month_level, "=", self.month)
        return Between(month_level, self.first, self.month)


def shift(month: str, by: int) -> str:
    """The month so many months later.

    >>> shift("2025-01", -1), shift("2024-12", 13)
    ('2024-12', '2026-01')
    """
    count = int(month[:4]) * 12 + int(month[5:]) - 1 + by
    return f"{count // 12}-{count % 12 + 1:02d}"


def months_until(month: str, count: int) -> tuple[str, ...]:
    """The `count` months that end with `month`, oldest first."""
    return tuple(shift(month, -back) for back in range(count - 1, -1, -1))


def complete_months(months: Sequence[str], last_day: date | None, today: date) -> tuple[str, ...]:
    """The months that are over and filled to their end, oldest first.

    Args:
        months: those that have data, in order.
        last_day: the last day with data in the last of them that has begun.
        today: the day on which the page is read.

    >>> complete_months(["2025-01", "2025-02"], date(2025, 2, 11), date(2025, 2, 12))
    ('2025-01',)
    """
    begun = [month for month in months if month <= f"{today:%Y-%m}"]
    if not begun:
        return ()
    *earlier, latest = begun
    year, number = int(latest[:4]), int(latest[5:])
    end = date(year, number, calendar.monthrange(year, number)[1])
    over = today > end
    filled = last_day is not None and (end - last_day).days <= DAYS_OF_GRACE
    return tuple(begun) if over and filled else tuple(earlier)
