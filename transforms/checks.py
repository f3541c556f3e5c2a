"""Checks as SQL: each gives the condition under which a value *fails*. No value fails silently."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from metadata.expressions import column_nodes, column_parts, dotted, parse_expression
from metadata.model.rule import kind_of
from metadata.model.rules import (
    AtLeast,
    AtMost,
    Between,
    Decimals,
    DiffersFrom,
    Length,
    Matches,
    NoneOf,
    NotAfter,
    NotBefore,
    NotMatches,
    OneFilled,
    OneOf,
    References,
    Required,
    RequiredIf,
    Rule,
    Satisfies,
    Unique,
)
from transforms.checks_of_codes import code_fails, code_reason
from transforms.statements import call, data_type, literal, number, text
from transforms.tolerance import misfit, tolerant

Mapped = Callable[[str], exp.Expr]
_DAY = re.compile(r"today$|\d{4}-\d{2}-\d{2}$", re.IGNORECASE)
_MOST_LISTED = 10


@dataclass(frozen=True)
class Around:
    """How a check asks about other rows."""

    shared: Callable[[Unique, exp.Expr], exp.Expr]
    """Whether rows with different keys have a value (as `comparable` writes it)."""
    is_key: Callable[[str, exp.Expr], exp.Expr]
    """Whether a text is a key of an entity."""


def fails(
    rule: Rule,
    value: exp.Expr,
    column_type: str,
    mapped: Mapped,
    around: Around | None = None,
) -> exp.Expr:
    """The condition under which a value fails a check. NULL fails only those that say so.

    Args:
        rule: the check.
        value: the parsed value, as a plain column.
        column_type: its metadata type, to which bounds are cast.
        mapped: gives the expression of another column of the mapped row.
        around: the other rows; without them `unique` and `references` let everything pass.
    """
    match rule:
        case Required():
            return _missing(value)
        case RequiredIf():
            condition = tolerant(with_columns(rule.condition, mapped))
            return exp.and_(_missing(value), exp.paren(condition))
        case OneFilled():
            return exp.and_(_missing(value), *(_missing(mapped(name)) for name in rule.columns))
        case Satisfies():
            written = with_columns(rule.condition, mapped)
            false, unclear = exp.not_(exp.paren(tolerant(written))), misfit(written)
            return false if unclear is None else exp.or_(false, unclear)
        case NotBefore():
            return exp.LT(this=value.copy(), expression=mapped(rule.column))
        case NotAfter():
            return exp.GT(this=value.copy(), expression=mapped(rule.column))
        case DiffersFrom():
            return value.copy().eq(mapped(rule.column))
        case Unique():
            if around is None:
                return exp.false()
            whole = comparable(value, *(mapped(name) for name in rule.within))
            return exp.and_(exp.not_(_missing(value)), around.shared(rule, whole))
        case References():
            if around is None:
                return exp.false()
            known = around.is_key(rule.entity, exp.cast(value.copy(), "VARCHAR"))
            return exp.and_(exp.not_(_missing(value)), exp.not_(known))
        case _:
            return _fails_alone(rule, value, column_type, mapped)


def _fails_alone(rule: Rule, value: exp.Expr, column_type: str, mapped: Mapped) -> exp.Expr:
    """Checks of the value as such."""
    written = exp.cast(value.copy(), "VARCHAR")
    match rule:
        case Matches():
            return exp.not_(call("regexp_full_match", written, text(rule.pattern)))
        case NotMatches():
            return call("regexp_matches", written, text(rule.pattern))
        case OneOf():
            return exp.not_(_listed(value, rule.values, column_type))
        case NoneOf():
            return _listed(value, rule.values, column_type)
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
            size = call("length", written)
            return exp.or_(
                exp.LT(this=size, expression=number(rule.low)),
                exp.GT(this=size.copy(), expression=number(rule.high)),
            )
        case Decimals():
            return exp.NEQ(
                this=exp.func("ROUND", value.copy(), number(rule.most)), expression=value.copy()
            )
        case _:
            wrong = code_fails(rule, written, mapped)
            if wrong is None:
                raise AssertionError(f"no SQL for check {rule.rule}")
            return wrong


def reason(rule: Rule) -> str:
    """Why a value fails a check, for whoever reads the refused row."""
    match rule:
        case Required():
            return "There is no value."
        case RequiredIf():
            return f"There is no value, although {rule.condition}."
        case OneFilled():
            return f"There is no value, and none in {_and(rule.columns)}."
        case Matches():
            return f"It does not match {rule.pattern}."
        case NotMatches():
            return f"It matches {rule.pattern}."
        case OneOf():
            return f"It is none of {_some(rule.values)}."
        case NoneOf():
            return f"It is one of {_some(rule.values)}."
        case Between():
            return f"It is not between {rule.low} and {rule.high}."
        case AtLeast():
            return f"It is below {rule.low}."
        case AtMost():
            return f"It is above {rule.high}."
        case NotBefore():
            return f"It is before {rule.column}."
        case NotAfter():
            return f"It is after {rule.column}."
        case DiffersFrom():
            return f"It is the same as {rule.column}."
        case Length():
            return f"It does not have {rule.low} to {rule.high} characters."
        case Decimals():
            return f"It has more than {rule.most} decimal places."
        case Satisfies():
            return f"It is not true that {rule.condition}."
        case Unique():
            within = f" with the same {_and(rule.within)}" if rule.within else ""
            return f"Another row{within} has it too."
        case References():
            return f"There is no {rule.entity} with this key."
        case _:
            return code_reason(rule)


def with_columns(expression: str, mapped: Mapped) -> exp.Expr:
    """A metadata expression with every (dotted) column replaced by what it stands for."""
    tree = parse_expression(expression).copy()
    nodes = list(column_nodes(tree))
    for node in nodes:
        replacement = mapped(dotted(column_parts(node)))
        if node is tree:
            return replacement
        node.replace(replacement)
    return tree


def _missing(value: exp.Expr) -> exp.Expr:
    blank = exp.EQ(this=exp.cast(value.copy(), "VARCHAR"), expression=text(""))
    return exp.or_(value.copy().is_(exp.null()), blank)


def _listed(value: exp.Expr, values: tuple[str, ...], column_type: str) -> exp.Expr:
    """Whether a value is listed; figures are compared as figures, so that 5.00 is 5."""
    if kind_of(column_type) in ("string", "boolean"):
        return exp.cast(value.copy(), "VARCHAR").isin(*map(text, values))
    kind = "double" if kind_of(column_type) in ("integer", "decimal", "double") else column_type
    typed = value.copy() if kind == column_type else exp.cast(value.copy(), data_type(kind))
    return typed.isin(*(exp.cast(text(each), data_type(kind)) for each in values))


def comparable(first: exp.Expr, *more: exp.Expr) -> exp.Expr:
    """One or several values as one text, by which rows are compared."""
    whole: exp.Expr = exp.cast(first.copy(), "VARCHAR")
    for each in more:
        written = exp.func("COALESCE", exp.cast(each.copy(), "VARCHAR"), text(""))
        apart = exp.DPipe(this=text("\x1f"), expression=written)
        whole = exp.DPipe(this=whole, expression=apart)
    return whole


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
    if kind_of(column_type) in ("integer", "decimal"):
        # As a float: a bound outside the column's type is still a bound.
        return exp.cast(text(str(value).strip()), data_type("double"))
    return exp.cast(literal(value), data_type(column_type))


def _and(names: tuple[str, ...]) -> str:
    return " and ".join(names)


def _some(values: tuple[str, ...]) -> str:
    more = len(values) - _MOST_LISTED
    return ", ".join(values[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
