"""Measures as standard SQL over datasets: `SUM(CASE WHEN sales.kind = 'Sale' THEN sales.net END)`.

Only what the specification's expression language knows is used, so no FILTER and no `::`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from metadata.expressions import column_nodes, column_parts, parse_expression
from metadata.model.cube import Measure
from metadata.repository import ResolvedFact, ResolvedRole

UNKNOWN_KEY = -1
"""Surrogate key of the unknown member."""


@dataclass(frozen=True)
class Scope:
    """Where the names in the measures of one cube stand."""

    fact: ResolvedFact
    roles: Mapping[str, ResolvedRole]
    measures: Mapping[str, Measure]
    fact_dataset: str
    role_dataset: Callable[[ResolvedRole], str]

    def column(self, name: str) -> exp.Column:
        """`net_amount` of the fact, or `customer.country` of a role."""
        role, dot, attribute = name.partition(".")
        if not dot:
            return dotted(self.fact_dataset, name)
        return dotted(self.role_dataset(self.roles[role]), attribute)


def measure_sql(measure: Measure, scope: Scope) -> str:
    """A measure as one aggregate expression, or two of them divided."""
    return _measure(measure, scope).sql()


def column_sql(name: str) -> str:
    """A column of a dataset, as the dataset's own fields write it."""
    return plain(name).sql()


def duckdb_sql(measure: Measure) -> str | None:
    """The measure's condition as the engine reads it, where standard SQL words it otherwise."""
    if measure.where is None:
        return None
    tree = parse_expression(measure.where)
    own = tree.sql(dialect="duckdb")
    return None if tree.sql() == own else own


def plain(name: str) -> exp.Column:
    """A column without its dataset, quoted only where it has to be."""
    return exp.column(_identifier(name))


def dotted(dataset: str, name: str) -> exp.Column:
    """dataset.name, quoted only where it has to be."""
    return exp.column(_identifier(name), table=_identifier(dataset))


def _identifier(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=not _is_plain(name))


@lru_cache(maxsize=8192)
def _is_plain(name: str) -> bool:
    """Whether a name may stand without quotes: `order` may not."""
    try:
        tree = sqlglot.parse_one(f"{name}.{name}")
    except SqlglotError:
        return False
    return isinstance(tree, exp.Column) and tree.name == name and tree.table == name


def _measure(measure: Measure, scope: Scope) -> exp.Expr:
    if measure.ratio is not None:
        above, below = (_measure(scope.measures[name], scope) for name in measure.ratio)
        # Whole numbers divided by whole numbers would lose their fraction in many engines.
        none_at_all = exp.Nullif(this=below, expression=exp.Literal.number(0))
        return exp.Div(this=exp.cast(above, "DOUBLE"), expression=none_at_all)
    kind = measure.aggregate
    operand = str(getattr(measure, kind))
    conditions: list[exp.Expr] = (
        [exp.paren(_condition(measure.where, scope))] if measure.where else []
    )
    # Rows are counted by a key column, which no row lacks: a bare star would not say whose rows.
    counted = scope.fact.grain[0] if operand == "*" else operand
    known = _known(operand, scope)
    if known is not None:
        conditions.append(known)
    value: exp.Expr = scope.column(counted)
    if conditions:
        value = exp.Case(ifs=[exp.If(this=_all(conditions), true=value)])
    match kind:
        case "sum":
            return exp.Sum(this=value)
        case "count":
            return exp.Count(this=value)
        case "count_distinct":
            return exp.Count(this=exp.Distinct(expressions=[value]))
        case "avg":
            return exp.Avg(this=value)
        case "min":
            return exp.Min(this=value)
        case "max":
            return exp.Max(this=value)
    raise AssertionError(f"no SQL for a measure of kind {kind}")


def _all(conditions: list[exp.Expr]) -> exp.Expr:
    if len(conditions) == 1:
        return conditions[0].unnest()
    return exp.and_(*conditions)


def _known(operand: str, scope: Scope) -> exp.Expr | None:
    """The unknown member is nobody. It also says whose members count: those of the fact's rows."""
    role, dot, _ = operand.partition(".")
    if not dot:
        return None
    key = dotted(scope.fact_dataset, scope.roles[role].key_column)
    return exp.NEQ(this=key, expression=exp.Literal.number(UNKNOWN_KEY))


def _condition(text: str, scope: Scope) -> exp.Expr:
    tree = parse_expression(text).copy()
    for node in list(column_nodes(tree)):
        replacement = scope.column(".".join(column_parts(node)))
        if node is tree:
            return replacement
        node.replace(replacement)
    return tree
