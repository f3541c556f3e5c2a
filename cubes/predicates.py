"""Filters as a closed union of small frozen values over level names.

Two-valued on purpose. A member without a value is a member of its own, shown as `(empty)`: it
equals nothing else, it is neither before nor after anything, and so `country <> 'Germany'` lets it
in while `country = 'Germany'` does not. `is null` and `= '(empty)'` find it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, assert_never

from sqlglot import exp

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


Predicate = Compare | InList | Between | Like | IsNull | And | Or | Not

ColumnOf = Callable[[str], exp.Expr]
"""How a level name becomes a column."""

_OPERATORS: dict[Operator, type[exp.Binary]] = {
    "=": exp.EQ,
    "<>": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}


def levels_of(predicate: Predicate) -> Iterator[str]:
    """Every level that a predicate speaks of, in order, with repeats."""
    match predicate:
        case And(parts) | Or(parts):
            for part in parts:
                yield from levels_of(part)
        case Not(part):
            yield from levels_of(part)
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


def predicate_text(predicate: Predicate) -> str:
    """The filter as people write it; parsing it gives the same predicate.

    >>> predicate_text(And((Compare("customer.country", "=", "Germany"), Not(IsNull("a.b")))))
    "customer.country = 'Germany' AND NOT a.b IS NULL"
    """
    return _expression(predicate, _written, as_written=True).sql("duckdb")


def predicate_expression(predicate: Predicate, column_of: ColumnOf) -> exp.Expr:
    """The predicate as SQL with the two-valued meaning described above."""
    return _expression(predicate, column_of, as_written=False)


def decided_expression(
    predicate: Predicate, column_of: ColumnOf, unknown_of: Callable[[str], exp.Expr | None]
) -> exp.Expr:
    """The predicate as true, false, or NULL where it hangs on a level that is not known of a row.

    Args:
        predicate: the predicate.
        column_of: how a level name becomes a column.
        unknown_of: the condition under which a row's own member of a level is not known; None
            where it always is.
    """

    def decided(part: Predicate) -> exp.Expr:
        match part:
            case And(parts):
                return exp.and_(*(exp.paren(decided(each)) for each in parts))
            case Or(parts):
                return exp.or_(*(exp.paren(decided(each)) for each in parts))
            case Not(inner):
                return exp.Not(this=exp.paren(decided(inner)))
            case _:
                held = exp.paren(predicate_expression(part, column_of)).is_(exp.true())
                unknown = unknown_of(part.level)
                if unknown is None:
                    return held
                return exp.Case().when(exp.Not(this=exp.paren(unknown.copy())), held)

    return decided(predicate)


def _written(level: str) -> exp.Expr:
    role, _, attribute = level.rpartition(".")
    return exp.column(attribute, role or None)


def _expression(predicate: Predicate, column_of: ColumnOf, *, as_written: bool) -> exp.Expr:
    match predicate:
        case Compare(level, operator, value):
            kind = _OPERATORS[operator]
            if operator == "<>" and not as_written:
                kind = exp.NullSafeNEQ
            return kind(this=column_of(level), expression=_literal(value, as_written))
        case InList(level, values):
            listed = [_literal(value, as_written) for value in values]
            return exp.In(this=column_of(level), expressions=listed)
        case Between(level, low, high):
            return exp.Between(
                this=column_of(level),
                low=_literal(low, as_written),
                high=_literal(high, as_written),
            )
        case Like(level, pattern, ignore_case):
            matcher = exp.ILike if ignore_case else exp.Like
            return matcher(this=column_of(level), expression=exp.Literal.string(pattern))
        case IsNull(level):
            return exp.Is(this=column_of(level), expression=exp.Null())
        case And(parts):
            return _joined(exp.And, parts, column_of, as_written)
        case Or(parts):
            return _joined(exp.Or, parts, column_of, as_written)
        case Not(part):
            inner = _grouped(part, column_of, as_written)
            if as_written or isinstance(part, IsNull | Not):
                return exp.Not(this=inner)
            # NULL is not true, so what is unknown to SQL is plainly "not" to us.
            if not isinstance(inner, exp.Paren):
                inner = exp.Paren(this=inner)
            return exp.Not(this=exp.Is(this=inner, expression=exp.true()))
        case _:
            assert_never(predicate)


def _joined(
    kind: type[exp.Connector],
    parts: tuple[Predicate, ...],
    column_of: ColumnOf,
    as_written: bool,
) -> exp.Expr:
    """A left-deep chain, as the parser builds it."""
    chain, *rest = (_grouped(part, column_of, as_written) for part in parts)
    for part in rest:
        chain = kind(this=chain, expression=part)
    return chain


def _grouped(part: Predicate, column_of: ColumnOf, as_written: bool) -> exp.Expr:
    inner = _expression(part, column_of, as_written=as_written)
    return exp.Paren(this=inner) if isinstance(part, And | Or) else inner


def _literal(value: Value, as_written: bool) -> exp.Expr:
    """A value as SQL. People write a day as plain text; SQL is told its type."""
    if isinstance(value, bool):
        return exp.true() if value else exp.false()
    if isinstance(value, int | Decimal):
        size = abs(value)
        digits = str(size) if isinstance(size, int) else format(size, "f")
        number = exp.Literal.number(digits)
        return exp.Neg(this=number) if value < 0 else number
    if isinstance(value, datetime):
        return _dated(value.isoformat(sep=" "), "timestamp", as_written)
    if isinstance(value, date):
        return _dated(value.isoformat(), "date", as_written)
    return exp.Literal.string(value)


def _dated(text: str, kind: str, as_written: bool) -> exp.Expr:
    literal = exp.Literal.string(text)
    return literal if as_written else exp.cast(literal, kind)
