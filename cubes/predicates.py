"""Predicates as SQL and as people write them; `metadata.predicates` says what they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import assert_never

from sqlglot import exp

from metadata.predicates import (
    EMPTY,
    And,
    Between,
    Compare,
    InList,
    IsNull,
    Like,
    Never,
    Not,
    Operator,
    Or,
    Predicate,
    Value,
    all_of,
    conjuncts,
    levels_of,
)

__all__ = [
    "EMPTY",
    "And",
    "Between",
    "Compare",
    "InList",
    "IsNull",
    "Like",
    "Never",
    "Not",
    "Operator",
    "Or",
    "Predicate",
    "Value",
    "all_of",
    "conjuncts",
    "decided_expression",
    "levels_of",
    "predicate_expression",
    "predicate_text",
]

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
            case Never():
                return exp.false()
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
        case Never():
            return exp.false()
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
