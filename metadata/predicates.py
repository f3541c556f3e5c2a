"""Filters as a closed union of small frozen values over level names.

Two-valued on purpose. A member without a value is a member of its own, shown as `(empty)`: it
equals nothing else, it is neither before nor after anything, and so `country <> 'Germany'` lets it
in while `country = 'Germany'` does not. `is null` and `= '(empty)'` find it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

EMPTY = "(empty)"
"""What people see where a member has no value, and may write in a filter."""

Value = str | int | Decimal | bool | date | datetime
"""A literal, already typed as its level is."""

Operator = Literal["=", "<>", "<", "<=", ">", ">="]


@dataclass(frozen=True)
class Compare:
    """A level against one value."""

    level: str
    operator: Operator
    value: Value


@dataclass(frozen=True)
class InList:
    """A level equals one of several values."""

    level: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Between:
    """A level lies between two values, both included."""

    level: str
    low: Value
    high: Value


@dataclass(frozen=True)
class Like:
    """A text level matches a pattern: `%` stands for any text, `_` for any one character."""

    level: str
    pattern: str
    ignore_case: bool = False


@dataclass(frozen=True)
class IsNull:
    """A level has no value: its `(empty)` member."""

    level: str


@dataclass(frozen=True)
class And:
    """All parts hold."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True)
class Or:
    """At least one part holds."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: Predicate


@dataclass(frozen=True)
class Never:
    """Nothing is let in. Nobody writes it; it stands for a rule that cannot be kept otherwise."""


Predicate = Compare | InList | Between | Like | IsNull | And | Or | Not | Never


def levels_of(predicate: Predicate) -> Iterator[str]:
    """Every level that a predicate speaks of, in order, with repeats."""
    match predicate:
        case And(parts) | Or(parts):
            for part in parts:
                yield from levels_of(part)
        case Not(part):
            yield from levels_of(part)
        case Never():
            return
        case _:
            yield predicate.level


def conjuncts(predicate: Predicate | None) -> tuple[Predicate, ...]:
    """The parts that must all hold.

    >>> [part.part.level for part in conjuncts(Not(Or((IsNull("a.b"), IsNull("c.d")))))]
    ['a.b', 'c.d']
    """
    match predicate:
        case None:
            return ()
        case And(parts):
            return tuple(inner for part in parts for inner in conjuncts(part))
        case Not(Or(parts)):
            return tuple(inner for part in parts for inner in conjuncts(Not(part)))
        case Not(Not(part)):
            return conjuncts(part)
        case _:
            return (predicate,)


def all_of(parts: tuple[Predicate, ...]) -> Predicate | None:
    """The predicate that holds when all parts do; None when there are none."""
    return And(parts) if len(parts) > 1 else (parts[0] if parts else None)


def renamed(predicate: Predicate, name_of: Callable[[str], str]) -> Predicate:
    """The same predicate over levels of other names."""
    match predicate:
        case And(parts):
            return And(tuple(renamed(part, name_of) for part in parts))
        case Or(parts):
            return Or(tuple(renamed(part, name_of) for part in parts))
        case Not(part):
            return Not(renamed(part, name_of))
        case Never():
            return predicate
        case _:
            return replace(predicate, level=name_of(predicate.level))
