"""Checks as SQL: each gives the condition under which a value *fails*. No value fails silently."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from metadata.expressions import column_nodes, column_parts, parse_expression
from metadata.model.rules import (
    AtLeast,
    AtMost,
    Between,
    Email,
    Length,
    Matches,
    OneOf,
    PhoneNumber,
    Required,
    Rule,
    Satisfies,
)  # fmt: skip
from transforms.statements import call, data_type, literal, number, text

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_EMAIL = rf"^[^@\s,;:<>()\[\]\\\"]+@{_LABEL}(\.{_LABEL})*\.[A-Za-z]{{2,}}$"
_DAY = re.compile(r"today$|\d{4}-\d{2}-\d{2}$", re.IGNORECASE)
_E164 = r"^\+[1-9][0-9]{6,14}$"


def fails(
    rule: Rule, value: exp.Expr, column_type: str, mapped: Callable[[str], exp.Expr]
) -> exp.Expr:
    """The condition under which a value fails a check. NULL fails `required` only.

    Args:
        rule: the check.
        value: the parsed value.
        column_type: its metadata type, to which bounds are cast.
        mapped: gives the expression of another column of the mapped row.
    """
    match rule:
        case Required():
            blank = exp.EQ(this=exp.cast(value.copy(), "VARCHAR"), expression=text(""))
            return exp.or_(value.copy().is_(exp.null()), blank)
        case Email():
            return _not_like(value, _EMAIL)
        case PhoneNumber():
            return _not_like(value, _E164)
        case Matches():
            return exp.not_(
                call("regexp_full_match", exp.cast(value.copy(), "VARCHAR"), text(rule.pattern))
            )
        case OneOf():
            return exp.not_(exp.cast(value.copy(), "VARCHAR").isin(*map(text, rule.values)))
        case Between():
            return exp.or_(
                _beyond(exp.LT, value, rule.low, column_type),
                _beyond(exp.GT, value, rule.high, column_type),
            )
        case AtLeast():
            return _beyond(exp.LT, value, rule.low, column_type)
        case AtMost():
            return _beyond(exp.GT, value, rule.high, column_type)
        case Length():
            size = call("length", exp.cast(value.copy(), "VARCHAR"))
            return exp.or_(
                exp.LT(this=size, expression=number(rule.low)),
                exp.GT(this=size.copy(), expression=number(rule.high)),
            )
        case Satisfies():
            return exp.not_(exp.paren(with_columns(rule.condition, mapped)))
    raise AssertionError(f"no SQL for check {rule.rule}")


def reason(rule: Rule) -> str:
    """Why a value fails a check, for whoever reads the refused row."""
    match rule:
        case Required():
            return "There is no value."
        case Email():
            return "It is not an e-mail address."
        case PhoneNumber():
            return "It is not an international telephone number."
        case Matches():
            return f"It does not match {rule.pattern}."
        case OneOf():
            return f"It is none of {', '.join(rule.values)}."
        case Between():
            return f"It is not between {rule.low} and {rule.high}."
        case AtLeast():
            return f"It is below {rule.low}."
        case AtMost():
            return f"It is above {rule.high}."
        case Length():
            return f"It does not have {rule.low} to {rule.high} characters."
        case Satisfies():
            return f"It is not true that {rule.condition}."
    raise AssertionError(f"no reason for check {rule.rule}")


def with_columns(expression: str, mapped: Callable[[str], exp.Expr]) -> exp.Expr:
    """A metadata expression with every (dotted) column replaced by what it stands for."""
    tree = parse_expression(expression).copy()
    nodes = list(column_nodes(tree))
    for node in nodes:
        replacement = mapped(".".join(column_parts(node)))
        if node is tree:
            return replacement
        node.replace(replacement)
    return tree


def _not_like(value: exp.Expr, pattern: str) -> exp.Expr:
    return exp.not_(call("regexp_full_match", exp.cast(value.copy(), "VARCHAR"), text(pattern)))


def _beyond(
    side: type[exp.LT] | type[exp.GT],
    value: exp.Expr,
    bound: str | int | float,
    column_type: str,
) -> exp.Expr:
    """A moment is within a bound that is a day through all of that day."""
    if column_type == "timestamp" and _DAY.match(str(bound)):
        return side(this=exp.cast(value.copy(), "DATE"), expression=_bound(bound, "date"))
    return side(this=value.copy(), expression=_bound(bound, column_type))


def _bound(value: str | int | float, column_type: str) -> exp.Expr:
    if str(value).lower() == "today":
        return exp.cast(exp.CurrentDate(), data_type(column_type))
    if column_type == "string":
        return text(str(value))
    return exp.cast(literal(value), data_type(column_type))
