"""The last look at a statement before it runs: a SELECT over known tables, and nothing else.

What is not on the list is refused, so that a kind of syntax nobody thought of is refused too. The
compiler never makes such a statement; should a defect of ours or a hostile text ever bring one
about, it stops here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

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


def check_statement(
    statement: exp.Expr,
    tables: Collection[str],
    filters: Mapping[str, exp.Expr] | None = None,
) -> None:
    """Refuse what the compiler would never make.

    Args:
        statement: what is about to run.
        tables: what it may read.
        filters: of tables of which whoever asks may not see every row, what must hold of a row.

    Raises:
        InternalError: the statement is not a SELECT over these tables with known functions, or it
            reads a table without its filter.
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
    for table, condition in (filters or {}).items():
        _check_filtered(statement, table, condition)


def _check_filtered(statement: exp.Select, table: str, condition: exp.Expr) -> None:
    """Every part that reads the table's rows must have the filter, for all of them or by figure."""
    for select in statement.find_all(exp.Select):
        source = select.args.get("from_")
        if source is None or not isinstance(source.this, exp.Table) or source.this.name != table:
            continue
        if _tells_days(select):
            # On which days there are facts at all is what a stock is read by; it tells no figure.
            continue
        where = select.args.get("where")
        held = where is not None and condition in _conjuncts(where.this)
        # Totals of all rows are declared; then figures and groups have the filter for themselves.
        having = select.args.get("having")
        if not held and (having is None or condition not in _conditions(having)):
            raise InternalError(f"The statement reads '{table}' without the filter of access.")


def _tells_days(select: exp.Select) -> bool:
    above = select.find_ancestor(exp.Subquery)
    while above is not None and not (above.alias[:1] == "_" and above.alias.endswith("_days")):
        above = above.find_ancestor(exp.Subquery)
    return above is not None and bool(select.args.get("distinct")) and len(select.selects) == 1


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    inner = condition.unnest()
    yield inner
    if isinstance(inner, exp.And):
        yield from _conjuncts(inner.this)
        yield from _conjuncts(inner.expression)


def _conditions(having: exp.Expr) -> Iterator[exp.Expr]:
    return (each.expression.this for each in having.find_all(exp.Filter))
