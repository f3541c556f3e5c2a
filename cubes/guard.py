"""The last look at a statement before it runs: a SELECT over known tables, and nothing else.

What is not on the list is refused, so that a kind of syntax nobody thought of is refused too. The
compiler never makes such a statement; should a defect of ours or a hostile text ever bring one
about, it stops here.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlglot import exp

from metadata.errors import InternalError
from metadata.expressions import FUNCTIONS, function_name

_AGGREGATES = frozenset("sum count avg min max grouping row_number coalesce nullif".split())

_CLAUSES: tuple[type[exp.Expr], ...] = (
    exp.Select, exp.With, exp.CTE, exp.Subquery, exp.TableAlias, exp.From, exp.Join, exp.Where,
    exp.Group, exp.GroupingSets, exp.Having, exp.Qualify, exp.Order, exp.Ordered, exp.Limit,
    exp.Offset, exp.Distinct, exp.Alias, exp.Window, exp.Filter, exp.Exists,
)  # fmt: skip
_SCALARS: tuple[type[exp.Expr], ...] = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Star, exp.Paren, exp.Tuple,
    exp.Binary, exp.Neg, exp.Not, exp.Between, exp.In, exp.Case, exp.If, exp.Cast, exp.DataType,
    exp.DataTypeParam, exp.Interval, exp.Var,
)  # fmt: skip
# Operators that reach into values or call by name are `Binary` too; none is ever needed.
_REFUSED: tuple[type[exp.Expr], ...] = (exp.Dot, exp.PropertyEQ, exp.Collate, exp.Kwarg)


def check_statement(statement: exp.Expr, tables: Collection[str]) -> None:
    """Refuse what the compiler would never make.

    Raises:
        InternalError: the statement is not a SELECT over these tables with known functions.
    """
    if not isinstance(statement, exp.Select):
        raise InternalError("Only SELECT statements run.")
    known = {*tables, *(cte.alias for cte in statement.find_all(exp.CTE))}
    for node in statement.walk():
        if isinstance(node, exp.Table):
            if not isinstance(node.this, exp.Identifier) or node.name not in known or node.db:
                raise InternalError(
                    f"The statement reads '{node.sql()}', which is no table of ours."
                )
        elif isinstance(node, _REFUSED):
            raise InternalError(f"The statement holds {type(node).__name__}.")
        elif isinstance(node, (*_CLAUSES, *_SCALARS)):
            continue
        elif isinstance(node, exp.Func):
            name = function_name(node)
            if name not in FUNCTIONS and name not in _AGGREGATES:
                raise InternalError(f"The statement calls '{name}'.")
        else:
            raise InternalError(f"The statement holds {type(node).__name__}.")
