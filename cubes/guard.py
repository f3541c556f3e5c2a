"""The last look at a statement before it runs: a SELECT over known tables, and nothing else."""

from __future__ import annotations

from collections.abc import Collection

from sqlglot import exp

from metadata.errors import InternalError
from metadata.expressions import FUNCTIONS, function_name

_AGGREGATES = frozenset("sum count avg min max grouping row_number coalesce nullif".split())
_STRUCTURE: tuple[type[exp.Expr], ...] = (exp.And, exp.Or, exp.Case, exp.If, exp.Cast, exp.Exists)


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
        elif isinstance(node, (exp.DML, exp.DDL, exp.Command, exp.Into, exp.Parameter)):
            raise InternalError(f"The statement holds {type(node).__name__}.")
        elif isinstance(node, exp.Func) and not isinstance(node, _STRUCTURE):
            name = function_name(node)
            if name not in FUNCTIONS and name not in _AGGREGATES:
                raise InternalError(f"The statement calls '{name}'.")
