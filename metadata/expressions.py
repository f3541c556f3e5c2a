"""SQL expressions in metadata: what they may hold, and which columns they read.

An expression is one scalar: no query, no aggregate, no window, no placeholder, and no function off
the allow-list, so that metadata can compute but never read a file, a setting or another table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from metadata.errors import did_you_mean

DIALECT = "duckdb"

FUNCTIONS = frozenset(
    "abs ceil ceiling floor round trunc sign power pow sqrt ln log exp mod greatest least"
    " coalesce ifnull nullif if concat concat_ws lower upper trim ltrim rtrim length len"
    " substr substring left right replace translate reverse repeat lpad rpad strpos position"
    " instr starts_with ends_with contains split_part string_split str_split regexp_matches"
    " regexp_extract regexp_replace regexp_full_match md5 sha256 strip_accents nfc_normalize"
    " initcap ascii chr date_trunc date_part date_diff datediff date_add dateadd date_sub"
    " extract year quarter month week day hour minute second dayofweek isodow dayofyear"
    " weekofyear last_day make_date make_timestamp strftime strptime try_strptime age epoch"
    " current_date cast try_cast unicode printf format hash".split()
)
"""Functions an expression may call, by the names DuckDB knows them by."""

_STRUCTURE: tuple[type[exp.Expr], ...] = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Neg, exp.Not,
    exp.And, exp.Or, exp.Binary, exp.Between, exp.In, exp.Is, exp.Case, exp.If, exp.Cast,
    exp.TryCast, exp.DataType, exp.DataTypeParam, exp.Interval, exp.Var, exp.Tuple, exp.Escape,
    exp.IntervalSpan,
)  # fmt: skip


class ExpressionError(ValueError):
    """Why an expression is refused; the loader adds the place."""


@lru_cache(maxsize=8192)
def parse_expression(text: str) -> exp.Expr:
    """Parse one scalar expression and check it against the allow-list.

    Callers must copy the result before they change it.

    Raises:
        ExpressionError: the text is not one scalar expression, or holds what is not allowed.

    >>> parse_expression("quantity * unit_price").sql()
    'quantity * unit_price'
    """
    try:
        statements = sqlglot.parse(text, dialect=DIALECT)
    except (SqlglotError, RecursionError) as error:
        raise ExpressionError(f"is not a SQL expression: {_reason(error)}") from None
    if len(statements) != 1 or statements[0] is None:
        raise ExpressionError("must be one SQL expression")
    tree = statements[0]
    for node in tree.walk():
        _check(node)
    return tree


def _reason(error: SqlglotError | RecursionError) -> str:
    """The parser's finding, without what only its authors understand."""
    if isinstance(error, ParseError) and error.errors:
        found = error.errors[0]
        what = str(found.get("description") or "")
        if "<class" in what or not what:
            what = "something is missing"
        return f"{what.rstrip('.')}, at character {found.get('col')}"
    return str(error).splitlines()[0] if str(error) else "it cannot be parsed"


def is_condition(text: str) -> bool:
    """Whether an expression gives true or false, whatever its columns hold.

    >>> is_condition("(a > 1 or b is null)"), is_condition("coalesce(a, 1)")
    (True, False)
    """
    return isinstance(parse_expression(text).unnest(), exp.Predicate | exp.Connector | exp.Not)


def columns_of(text: str) -> tuple[tuple[str, ...], ...]:
    """The columns an expression reads, each as its dotted parts, in order, without repeats.

    >>> columns_of("a.b + c")
    (('a', 'b'), ('c',))
    """
    found: dict[tuple[str, ...], None] = {}
    for column in column_nodes(parse_expression(text)):
        found[column_parts(column)] = None
    return tuple(found)


def dotted(parts: Sequence[str]) -> str:
    """Parts of a column as one text: `join.column`.

    A column whose own name holds a dot gets one in front, so that it is not taken for a join's.

    >>> dotted(("address", "Tel.")), dotted(("Tel.",)), dotted(("city",))
    ('address.Tel.', '.Tel.', 'city')
    """
    return f".{parts[0]}" if len(parts) == 1 and "." in parts[0] else ".".join(parts)


def alias_and_column(written: str) -> tuple[str, str]:
    """The join of a source column, empty for the driving table's own, and its name.

    >>> alias_and_column("address.Tel."), alias_and_column(".Tel."), alias_and_column("city")
    (('address', 'Tel.'), ('', 'Tel.'), ('', 'city'))
    """
    alias, dot, name = written.partition(".")
    return (alias, name) if dot else ("", written)


def column_nodes(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Every column reference in the tree, dotted ones as one node."""
    for node in tree.walk(prune=lambda n: isinstance(n, (exp.Column, exp.Dot))):
        if isinstance(node, (exp.Column, exp.Dot)):
            yield node


def column_parts(node: exp.Expr) -> tuple[str, ...]:
    """`order_id.customer_id.segment` as its parts, however deep the parser nested them."""
    assert isinstance(node, (exp.Column, exp.Dot))
    return tuple(part.name for part in node.parts)


def _check(node: exp.Expr) -> None:
    if isinstance(node, (exp.Query, exp.Table, exp.From, exp.Subquery)):
        raise ExpressionError("may not read tables: it must be one scalar expression")
    if isinstance(node, exp.AggFunc):
        raise ExpressionError("may not aggregate: it is computed for each row")
    if isinstance(node, exp.Window):
        raise ExpressionError("may not use window functions: it is computed for each row")
    if isinstance(node, (exp.Placeholder, exp.Parameter, exp.Star, exp.PropertyEQ)):
        raise ExpressionError("may not hold placeholders, assignments or *")
    # AND, OR, CASE's IF and CAST are functions to the parser; to us they are structure.
    if isinstance(node, _STRUCTURE):
        return
    if isinstance(node, exp.Func):
        name = function_name(node)
        if name not in FUNCTIONS:
            raise ExpressionError(
                f"may not call '{name}'. {did_you_mean(name, FUNCTIONS)}".rstrip()
            )
        return
    if isinstance(node, exp.Func | exp.Command | exp.DDL | exp.DML):
        raise ExpressionError("must be one SQL expression")
    if not isinstance(node, exp.Condition):
        raise ExpressionError(f"may not hold {type(node).__name__.lower()}")


def function_name(node: exp.Func) -> str:
    """The name a function is called by in DuckDB, lower case."""
    if isinstance(node, exp.Anonymous):
        return str(node.this).lower()
    rendered = node.sql(dialect=DIALECT).split("(")[0].strip().lower()
    return rendered if rendered.isidentifier() else node.sql_name().lower()
