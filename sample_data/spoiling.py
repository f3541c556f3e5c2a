"""Ways to spoil a value, as they are met in real systems."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

Spoil = Callable[[np.random.Generator, Any], Any]

_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def one_of(*values: object) -> Spoil:
    """Any of these values in place of the right one."""
    return lambda rng, _: values[int(rng.integers(len(values)))]


def broken_email(rng: np.random.Generator, value: str) -> str:
    """An address that no mail server takes."""
    ways = (
        value.replace("@", " at "),
        value.replace("@", ""),
        value.replace(".example", ""),
        value.replace("@", "@@"),
        "n/a",
        f"{value};{value}",
        value.replace(".", ",", 1) + " ,",
    )
    return ways[int(rng.integers(len(ways)))][:120]


def broken_phone(rng: np.random.Generator, value: str) -> str:
    """A number that cannot be dialled."""
    ways = (
        value[:6],
        "000000",
        value.replace("+", "++"),
        f"{value[:-2]}xx",
        "unknown",
        value + value[-6:].replace(" ", "") * 2,
    )
    return ways[int(rng.integers(len(ways)))][:40]


def other_spelling(rng: np.random.Generator, value: str) -> str:
    """The same name as somebody else would have typed it."""
    at = int(rng.integers(1, max(2, len(value) - 1)))
    swapped = value[:at] + value[at : at + 2][::-1] + value[at + 2 :]
    words = value.split(" ")
    ways = (
        swapped,
        value[:at] + value[at + 1 :],
        value.upper(),
        ", ".join(reversed(words)),
        f"{words[0][0]}. {' '.join(words[1:])}",
    )
    spelled = ways[int(rng.integers(len(ways)))]
    return spelled if spelled != value else f"{value} "


def other_email(rng: np.random.Generator, value: str) -> str:
    """Another, valid address of the same person."""
    name, _, _ = value.partition("@")
    return f"{name}.{int(rng.integers(1, 99))}@home.example"


def blanks(rng: np.random.Generator, value: str) -> str:
    """Blanks where nobody sees them."""
    return f"{value}{' ' * int(rng.integers(1, 4))}" if rng.random() < 0.7 else f"  {value}"


def letter_case(rng: np.random.Generator, value: str) -> str:
    """All capitals, or none at all."""
    return value.upper() if rng.random() < 0.6 else value.lower()


def full_width(_: np.random.Generator, value: str) -> str:
    """Digits as East Asian keyboards write them."""
    return value.translate(_FULL_WIDTH)


def slashed_date(_: np.random.Generator, value: str) -> str:
    """``2024-03-01`` as ``01/03/2024``."""
    return date.fromisoformat(value).strftime("%d/%m/%Y")


def impossible_birth(rng: np.random.Generator, _: date) -> date:
    """Long before anybody alive, or yet to come."""
    day = int(rng.integers(1, 28))
    return date(1800, 1, day) if rng.random() < 0.5 else date(2087, 6, day)


def negative(_: np.random.Generator, value: Any) -> Any:
    """The value below zero."""
    return -abs(value) or -1


def off_by_some(rng: np.random.Generator, value: Decimal) -> Decimal:
    """A total that was typed rather than added up."""
    return value + Decimal(int(rng.integers(1, 900))) / 10


def far_number(_: np.random.Generator, value: int) -> int:
    """A number of a row that does not exist."""
    return value + 900_000_000


def years_before(_: np.random.Generator, value: date) -> date:
    """The day ten years earlier."""
    return value - timedelta(days=3_653)


def days_later(until: date) -> Spoil:
    """Two to eight weeks later, but not after the end."""
    last = datetime(until.year, until.month, until.day, 23, 59, 59)

    def spoil(rng: np.random.Generator, value: datetime) -> datetime:
        moved = value + timedelta(days=int(rng.integers(14, 56)), seconds=1)
        return min(moved, last)

    return spoil


def days_earlier(rng: np.random.Generator, value: datetime) -> datetime:
    """Ten to twenty days before."""
    return value - timedelta(days=int(rng.integers(10, 20)))
