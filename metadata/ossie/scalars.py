"""Expressions of a document as trees, and what may be asked of them."""

from __future__ import annotations

from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from metadata.ossie.document import Metric

Kind = Literal["sum", "count", "count_distinct", "avg", "min", "max"]
DIALECTS: dict[str, str | None] = {
    "ANSI_SQL": None,
    "OSSIE_SQL_2026": None,
    "DATABRICKS": "databricks",
    "SNOWFLAKE": "snowflake",
    "BIGQUERY": "bigquery",
}
"""Dialects that can be read, the most portable first, and how the parser calls them."""
AGGREGATES: dict[type[exp.Expr], Kind] = {
    exp.Sum: "sum",
    exp.Count: "count",
    exp.Avg: "avg",
    exp.Min: "min",
    exp.Max: "max",
}


class Inexpressible(ValueError):
    """Why a metric cannot be a measure of a cube."""


def parsed(metric: Metric) -> exp.Expr:
    """A metric's expression in the first dialect that can be read.

    Raises:
        Inexpressible: there is none, or it is not SQL.
    """
    given = {each.dialect: each.expression for each in metric.expression.dialects}
    for dialect, name in DIALECTS.items():
        if dialect in given:
            return parse_scalar(given[dialect], name)
    raise Inexpressible(f"It is written in {', '.join(sorted(given))} only, which is not read.")


def parse_scalar(text: str, dialect: str | None) -> exp.Expr:
    """One expression of SQL.

    Raises:
        Inexpressible: it is not.
    """
    try:
        statements = sqlglot.parse(text, dialect=dialect)
    except (SqlglotError, RecursionError, ValueError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise Inexpressible(f"It is no SQL expression: {reason}") from None
    tree = statements[0] if len(statements) == 1 else None
    if isinstance(tree, exp.Query):
        raise Inexpressible("It is a query of its own.")
    if tree is None or not isinstance(tree, exp.Condition | exp.Star | exp.Alias | exp.Filter):
        raise Inexpressible("It is no SQL expression.")
    return tree.this if isinstance(tree, exp.Alias) else tree


def refuse_inside(operand: exp.Expr) -> None:
    """Refuse what is no scalar of one row."""
    for node in operand.walk():
        if isinstance(node, exp.AggFunc):
            raise Inexpressible("It aggregates an aggregate.")
        if isinstance(node, exp.Window | exp.Query | exp.Subquery):
            raise Inexpressible(why_not(node))


def why_not(tree: exp.Expr) -> str:
    """What a tree holds that no measure can compute."""
    for node in tree.walk():
        if isinstance(node, exp.Window):
            return "It uses a window function, which no measure has."
        if isinstance(node, exp.Query | exp.Subquery):
            return "It holds a query of its own."
        if isinstance(node, exp.AggFunc) and type(node) not in AGGREGATES:
            return f"The aggregate {node.sql_name()} is none of those that a measure has."
        if isinstance(node, exp.Anonymous):
            return f"The function {node.name.upper()} is not known."
    if tree.find(exp.AggFunc) is None:
        return "It does not aggregate, so it is no figure."
    return f"No measure computes {tree.sql()}."


def choice(tree: exp.Expr) -> tuple[exp.Expr, exp.Expr, exp.Expr | None] | None:
    """Condition, value and otherwise of a CASE or IF with a single branch."""
    if isinstance(tree, exp.If):
        return tree.this, tree.args["true"], tree.args.get("false")
    if isinstance(tree, exp.Case) and len(tree.args["ifs"]) == 1:
        branch = tree.args["ifs"][0]
        when = branch.this
        if tree.this is not None:
            when = exp.EQ(this=tree.this.copy(), expression=when)
        return when, branch.args["true"], tree.args.get("default")
    return None


def unguarded(tree: exp.Expr) -> exp.Expr:
    """The divisor without what turns zero into nothing: a ratio does so by itself."""
    inner: exp.Expr = tree.unnest()
    if isinstance(inner, exp.Nullif) and is_number(inner.expression, 0):
        inner = inner.this
    elif isinstance(inner, exp.Anonymous) and inner.name.upper() == "NULLIFZERO":
        inner = inner.expressions[0]
    elif isinstance(inner, exp.If | exp.Case) and (chosen := choice(inner)) is not None:
        when, value, otherwise = chosen
        nothing = isinstance(when, exp.EQ) and is_number(when.expression, 0)
        if nothing and isinstance(value, exp.Null) and otherwise is not None:
            inner = otherwise if otherwise == when.this else inner
    return inner


def zero_for_nothing(tree: exp.Expr) -> exp.Expr | None:
    """What a tree replaces by 0 where it is missing, if it does that."""
    inner: exp.Expr | None = None
    if isinstance(tree, exp.Coalesce) and len(tree.expressions) == 1:
        inner = tree.this if is_number(tree.expressions[0], 0) else None
    elif isinstance(tree, exp.Anonymous) and tree.name.upper() == "ZEROIFNULL":
        inner = tree.expressions[0] if tree.expressions else None
    return inner


def is_numeric(kind: exp.Expr) -> bool:
    """Whether a data type is one of numbers."""
    return kind.is_type(*exp.DataType.NUMERIC_TYPES)


def is_constant(tree: exp.Expr) -> bool:
    """Whether a tree is a literal."""
    return isinstance(tree, exp.Literal | exp.Boolean)


def number_of(tree: exp.Expr) -> float | None:
    """The number that a tree writes out, if it does."""
    inner = tree.unnest()
    if isinstance(inner, exp.Neg):
        found = number_of(inner.this)
        return -found if found is not None else None
    if isinstance(inner, exp.Literal) and not inner.is_string:
        return float(inner.this)
    return None


def is_number(tree: exp.Expr | None, value: float) -> bool:
    """Whether a tree writes out this number."""
    return tree is not None and number_of(tree) == value


def both(first: exp.Expr | None, second: exp.Expr) -> exp.Expr:
    """A condition, and another where there is one."""
    return second if first is None else exp.and_(first, second)


def times(factor: exp.Expr, other: exp.Expr | None) -> exp.Expr:
    """A factor, multiplied with another where there is one."""
    if other is None or is_number(factor, 1):
        return factor if other is None else other
    return factor if is_number(other, 1) else exp.Mul(this=factor, expression=other)


def bracketed(value: exp.Expr) -> exp.Expr:
    """A value that can be multiplied as a whole."""
    return exp.paren(value) if isinstance(value, exp.Binary | exp.Case) else value


def canonical(tree: exp.Expr) -> str:
    """A scalar as a text that is the same for all that compute the same by other words.

    Types do not count, nor brackets, nor the order of factors and of what is added.

    >>> canonical(sqlglot.parse_one("CAST(b AS INT) * (1 - A)"))
    '(* (- 1 a) b)'
    """
    tree = tree.unnest()
    match tree:
        case exp.Cast() | exp.TryCast():
            return canonical(tree.this)
        case exp.Mul() | exp.Add() | exp.And() | exp.Or():
            sign = _SIGNS[type(tree)]
            return f"({sign} {' '.join(sorted(_flat(tree, type(tree))))})"
        case exp.Sub() | exp.Div():
            sign = "-" if isinstance(tree, exp.Sub) else "/"
            return f"({sign} {canonical(tree.this)} {canonical(tree.expression)})"
        case exp.Column() | exp.Dot():
            return ".".join(part.name.lower() for part in tree.parts)
        case exp.Literal() if not tree.is_string:
            return f"{float(tree.this):g}"
        case exp.Literal():
            return repr(tree.this)
    inner = " ".join(canonical(each) for each in tree.iter_expressions())
    name = tree.name if isinstance(tree, exp.Anonymous) else tree.key
    return f"({name} {inner})" if inner else f"({name} {tree.sql()})"


_SIGNS: dict[type[exp.Expr], str] = {exp.Mul: "*", exp.Add: "+", exp.And: "and", exp.Or: "or"}


def _flat(tree: exp.Expr, kind: type[exp.Expr]) -> list[str]:
    tree = tree.unnest()
    while isinstance(tree, exp.Cast | exp.TryCast):
        tree = tree.this.unnest()
    if type(tree) is kind:
        return [*_flat(tree.args["this"], kind), *_flat(tree.args["expression"], kind)]
    return [canonical(tree)]
