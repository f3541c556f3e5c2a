"""Expressions of derivations, carried over from an entity's columns to those of a source."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from metadata.expressions import DIALECT, ExpressionError, column_parts, parse_expression

_PLAIN = re.compile(r"^[a-z_][a-z0-9_]*$", re.IGNORECASE)


def written(name: str, alias: str = "") -> str:
    """A source column as an expression must spell it, in quotes where it needs them.

    >>> written("Customer ID"), written("city", "address"), written("group")
    ('"Customer ID"', 'address.city', '"group"')
    """
    parts = [part for part in (alias, name) if part]
    return ".".join(part if _needs_no_quotes(part) else _quoted(part) for part in parts)


def carried_over(expression: str, spelled: Callable[[str], exp.Expr]) -> str:
    """An expression over an entity's columns with each replaced by what fills it.

    Args:
        expression: over the entity's columns.
        spelled: what fills a column, as an expression.
    """
    tree = parse_expression(expression).copy()
    replaced = tree.transform(
        lambda node: (
            _bracketed(spelled(column_parts(node)[-1])) if isinstance(node, exp.Column) else node
        )
    )
    return replaced.sql(dialect=DIALECT, normalize_functions="lower")


def parsed(text: str) -> exp.Expr:
    """A source column or expression, as a tree of its own."""
    return parse_expression(text).copy()


def _bracketed(tree: exp.Expr) -> exp.Expr:
    return exp.paren(tree) if isinstance(tree, exp.Binary | exp.Case) else tree


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql(dialect=DIALECT)


def _needs_no_quotes(name: str) -> bool:
    if not _PLAIN.match(name):
        return False
    try:
        return isinstance(parse_expression(f"{name} + 1"), exp.Add) and isinstance(
            parse_expression(name), exp.Column
        )
    except ExpressionError:
        return False
