"""The 36 months the sample covers, and how busy each of them is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

MONTHS = 36

# Orders peak before Christmas and dip after it; people move and travel in summer.
ORDER_SEASON = np.array([0.72, 0.78, 0.92, 0.95, 0.98, 0.94, 0.88, 0.92, 1.08, 1.02, 1.42, 1.55])
SERVICE_SEASON = np.array([1.25, 1.08, 1.0, 0.95, 0.93, 0.95, 1.0, 0.98, 1.02, 1.0, 1.0, 0.95])
ROAMING_SEASON = np.array([0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.2, 2.4, 1.3, 0.8, 0.5, 0.7])
JOIN_SEASON = np.array([0.85, 0.85, 1.0, 0.95, 1.0, 0.95, 0.85, 0.95, 1.15, 1.05, 1.2, 1.25])


@dataclass(frozen=True)
class Calendar:
    """The months up to and including the one of ``until``; month 0 is the oldest."""

    until: date

    @property
    def end(self) -> np.datetime64:
        """The last day."""
        return np.datetime64(self.until, "D")

    @property
    def start(self) -> np.datetime64:
        """The first day of month 0."""
        start: np.datetime64 = self.month_starts[0]
        return start

    @property
    def month_starts(self) -> np.ndarray:
        """The first day of each month, and of the one after the last."""
        last = np.datetime64(self.until, "M")
        starts: np.ndarray = (last - (MONTHS - 1) + np.arange(MONTHS + 1)).astype("datetime64[D]")
        return starts

    @property
    def month_of_year(self) -> np.ndarray:
        """0 (January) to 11 of each month."""
        months: np.ndarray = self.month_starts[:-1].astype("datetime64[M]").astype(int) % 12
        return months

    def month(self, days: np.ndarray) -> np.ndarray:
        """The month index of each day; negative before month 0, -1000 for NaT."""
        months = days.astype("datetime64[M]").astype(int)
        index = months - int(self.start.astype("datetime64[M]").astype(int))
        known: np.ndarray = np.where(np.isnat(days), -1000, index)
        return known

    def day(self, rng: np.random.Generator, months: np.ndarray) -> np.ndarray:
        """A day inside each of the months, never after the end."""
        starts = self.month_starts
        days = (starts[1:] - starts[:-1]).astype(int)[months]
        drawn: np.ndarray = starts[months] + (rng.random(len(months)) * days).astype(int)
        inside: np.ndarray = np.minimum(drawn, self.end)
        return inside

    def label(self, month: int) -> str:
        """``2024-01``."""
        return str(self.month_starts[month].astype("datetime64[M]"))


def add_months(day: np.datetime64 | np.ndarray, months: int | np.ndarray) -> np.ndarray:
    """The first day of the month this many months away."""
    moved = np.asarray(day).astype("datetime64[M]") + months
    first: np.ndarray = moved.astype("datetime64[D]")
    return first


def moments(
    rng: np.random.Generator, days: np.ndarray, opens: int = 8, closes: int = 20
) -> np.ndarray:
    """A moment of each day, most of them around the middle of the opening hours."""
    share = rng.beta(2, 2.3, len(days))
    seconds = ((opens + share * (closes - opens)) * 3600).astype(int)
    moment: np.ndarray = days.astype("datetime64[s]") + seconds
    return moment
