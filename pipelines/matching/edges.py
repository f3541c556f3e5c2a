"""Edges between records that belong together: by a rule, and by what people decided."""

from __future__ import annotations

import duckdb
import pyarrow as pa
from sqlglot import exp

from metadata.model.matching import Agreement
from metadata.repository import ResolvedMatching
from pipelines.matching.model import RECORDS
from transforms.matching import KEY, agreement, told
from transforms.statements import column, named, number, text

EDGES = "edges"
"""Table with `l`, `r`, `strength` and `rule`."""
_TOGETHER, _BY_RULE = 3, 2
"""Strength of an edge: decided, by a rule; else the probability."""
_ALL_PAIRS = 200
"""Groups in which somebody decided on two apart are taken pair by pair up to this size."""


def prepare_edges(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table of edges, empty."""
    kinds = {"l": "VARCHAR", "r": "VARCHAR", "strength": "DOUBLE", "rule": "VARCHAR"}
    columns = [
        exp.ColumnDef(this=exp.to_identifier(name), kind=exp.DataType.build(kind))
        for name, kind in kinds.items()
    ]
    schema = exp.Schema(this=exp.to_table(EDGES), expressions=columns)
    run(connection, exp.Create(this=schema, kind="TABLE"))


def agreeing_edges(
    connection: duckdb.DuckDBPyConnection, matching: ResolvedMatching, line: Agreement
) -> None:
    """Records that agree, each beside the first of its group, so that big groups stay cheap.

    Where somebody has decided that two of a group are apart, every record is beside every other:
    those that are left must not fall apart because the first one went.
    """
    values = agreement(line)
    rule = text(f"same: {told(line)}")
    there = [exp.not_(value.copy().is_(exp.null())) for value in values]
    blank = [exp.cast(value.copy(), "VARCHAR").neq(text("")) for value in values]
    first = exp.Window(
        this=exp.Min(this=column(KEY)), partition_by=[value.copy() for value in values]
    )
    group = exp.select(named(first, "f"), named(column(KEY), "k")).from_(RECORDS)
    group = group.where(*there, *blank)
    rows = exp.select(
        column("f"), column("k"), number(_BY_RULE), rule.copy()
    ).from_(group.subquery("g")).where(column("f").neq(column("k")))  # fmt: skip
    insert_edges(connection, rows)
    parted = [key for decision in matching.decisions for key in decision.apart]
    if not parted:
        return
    touched = exp.select(column("f")).from_(group.subquery("t"))
    touched = touched.where(column("k").isin(*map(text, parted)))
    size = exp.Window(this=exp.Count(this=exp.Star()), partition_by=[column("f")])
    sized = exp.select("*", named(size, "n")).from_(group.subquery("g"))
    few = (
        exp.select("*")
        .from_(sized.subquery("s"))
        .where(
            exp.LTE(this=column("n"), expression=number(_ALL_PAIRS)),
            exp.In(this=column("f"), query=touched.subquery()),
        )
    )
    every = (
        exp.select(column("k", "a"), column("k", "b"), number(_BY_RULE), rule.copy())
        .from_(few.subquery("a"))
        .join(
            few.subquery("b"),
            on=exp.and_(
                column("f", "a").eq(column("f", "b")),
                exp.LT(this=column("k", "a"), expression=column("k", "b")),
                column("f", "a").neq(column("k", "a")),
            ),
        )
    )
    insert_edges(connection, every)


def decided_edges(connection: duckdb.DuckDBPyConnection, matching: ResolvedMatching) -> None:
    """Decisions make edges and take them away; what is no record is passed over."""
    rows = [
        (decision.together[0], key)
        for decision in matching.decisions
        for key in decision.together[1:]
    ]
    given = pa.table(
        {
            "l": pa.array([a for a, _ in rows], pa.string()),
            "r": pa.array([b for _, b in rows], pa.string()),
        }
    )
    connection.register("decided", given)
    known = exp.select(column(KEY)).from_(RECORDS)
    insert_edges(
        connection,
        exp.select(column("l"), column("r"), number(_TOGETHER), text("decided"))
        .from_("decided")
        .where(*(exp.In(this=column(side), query=known.copy().subquery()) for side in ("l", "r"))),
    )
    connection.unregister("decided")


def insert_edges(connection: duckdb.DuckDBPyConnection, query: exp.Query) -> None:
    """Add edges."""
    run(connection, exp.Insert(this=exp.to_table(EDGES), expression=query))


def run(connection: duckdb.DuckDBPyConnection, statement: exp.Expr) -> None:
    """Run a statement."""
    connection.execute(statement.sql(dialect="duckdb"))
