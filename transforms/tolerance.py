"""Expressions that cannot end a load: a cast that fails is told, and only its own row is judged.

A cast that meets a value it cannot take would end the whole statement. So casts are only tried, and
beside the value goes a condition: whether a cast failed that the value depends on. A cast in a
branch that is not taken (`CASE WHEN code ~ '^[0-9]+$' THEN CAST(code AS INTEGER) END`) is none.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp


def tolerant(value: exp.Expr) -> exp.Expr:
    """The expression with every cast of a column's value tried; one that fails gives NULL."""
    return value.copy().transform(_tried)


def misfit(value: exp.Expr) -> exp.Expr | None:
    """The condition under which a cast fails on the way to the value; None where none can."""
    match value:
        case exp.Case():
            return _of_branches(value.args.get("this"), value.args["ifs"], value.args["default"])
        case exp.If():
            return _of_branches(None, [value], value.args.get("false"))
        case exp.Coalesce():
            return _of_alternatives([value.this, *value.expressions])
        case exp.And():
            undecided: exp.Expr = exp.func("COALESCE", tolerant(value.this), exp.true())
            return _any([misfit(value.this), _both(undecided, misfit(value.expression))])
        case exp.Or():
            undecided = exp.not_(exp.func("COALESCE", tolerant(value.this), exp.false()))
            return _any([misfit(value.this), _both(undecided, misfit(value.expression))])
        case exp.Cast() if _may_fail(value):
            given, result = tolerant(value.this), _tried(value)
            lost = exp.and_(exp.not_(_missing(given)), _missing(result))
            return _any([misfit(value.this), lost])
    return _any(misfit(child) for child in value.iter_expressions())


def _may_fail(node: exp.Expr) -> bool:
    return type(node) is exp.Cast and node.this.find(exp.Column) is not None


def _tried(node: exp.Expr) -> exp.Expr:
    if not _may_fail(node):
        return node
    return exp.TryCast(this=tolerant(node.this), to=node.args["to"].copy())


def _of_branches(
    subject: exp.Expr | None, branches: list[exp.If], otherwise: exp.Expr | None
) -> exp.Expr | None:
    """What holds of the branch taken. A condition is only met when those before it are not."""
    told: list[tuple[exp.Expr, exp.Expr | None]] = []
    for branch in branches:
        condition = branch.this if subject is None else exp.EQ(this=subject, expression=branch.this)
        unclear = misfit(condition)
        if unclear is not None:
            told.append((unclear, exp.true()))
        told.append((tolerant(condition), misfit(branch.args["true"])))
    rest = misfit(otherwise) if otherwise is not None else None
    if rest is None and all(found is None for _, found in told):
        return None
    case = exp.Case()
    for condition, found in told:
        case = case.when(condition, exp.false() if found is None else found)
    return case.else_(exp.false() if rest is None else rest)


def _of_alternatives(values: list[exp.Expr]) -> exp.Expr | None:
    """What COALESCE reads: each value only where all before it are missing."""
    found: list[exp.Expr | None] = []
    for position, value in enumerate(values):
        condition = misfit(value)
        for earlier in reversed(values[:position]):
            condition = _both(_missing(tolerant(earlier)), condition)
        found.append(condition)
    return _any(found)


def _missing(value: exp.Expr) -> exp.Expr:
    return exp.paren(value).is_(exp.null())


def _both(left: exp.Expr, right: exp.Expr | None) -> exp.Expr | None:
    return None if right is None else exp.and_(left, right)


def _any(conditions: Iterable[exp.Expr | None]) -> exp.Expr | None:
    found = [condition for condition in conditions if condition is not None]
    return exp.or_(*found) if found else None
