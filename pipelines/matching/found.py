"""What matching found, as tables: the cluster of each record, and the pairs that are alike."""

from __future__ import annotations

import duckdb
import pyarrow as pa
from sqlglot import exp

from metadata.repository import ResolvedMatching
from pipelines.matching.edges import EDGES
from pipelines.matching.model import LinkageModel, steps_of
from transforms.matching import KEY
from transforms.statements import column, literal, named, number, text

CLUSTERS, SCORED = "clusters", "scored"
"""Tables with `cluster_id` of each record `k`, and with Splink's predictions."""


def records_found(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Each record with the strongest edge that holds it in its cluster."""
    sides = exp.union(
        exp.select(named(column("l"), "k"), named(column("r"), "o"), "strength", "rule").from_(
            EDGES
        ),
        exp.select(named(column("r"), "k"), named(column("l"), "o"), "strength", "rule").from_(
            EDGES
        ),
        distinct=False,
    )
    within = (
        exp.select(
            column("k", "s"),
            named(exp.ArgMax(this=column("rule", "s"), expression=_weighed()), "rule"),
            named(
                exp.func("LEAST", exp.Max(this=column("strength", "s")), number(1)), "probability"
            ),
        )
        .from_(sides.subquery("s"))
        .join(_clusters("mine"), on=column("k", "mine").eq(column("k", "s")))
        .join(
            _clusters("theirs"),
            on=exp.and_(
                column("k", "theirs").eq(column("o", "s")),
                column("cluster_id", "theirs").eq(column("cluster_id", "mine")),
            ),
        )
        .group_by(column("k", "s"))
    )
    query = (
        exp.select(
            named(column("k", "c"), "key"),
            named(column("cluster_id", "c"), "cluster"),
            column("rule", "w"),
            column("probability", "w"),
        )
        .from_(_clusters("c"))
        .join(within.subquery("w"), on=column("k", "w").eq(column("k", "c")), join_type="LEFT")
        .order_by(column("k", "c"))
    )
    return connection.sql(query.sql(dialect="duckdb")).to_arrow_table()


def pairs_found(
    connection: duckdb.DuckDBPyConnection, matching: ResolvedMatching, model: LinkageModel | None
) -> pa.Table:
    """Pairs from the threshold of review on, with what they agree in."""
    names = ("left", "right", "probability", "weight", "agreements")
    if model is None:
        kinds = (pa.string(), pa.string(), pa.float64(), pa.float64(), pa.string())
        return pa.table({n: pa.array([], k) for n, k in zip(names, kinds, strict=True)})
    agreements = exp.Struct(
        expressions=[
            exp.PropertyEQ(
                this=exp.to_identifier(name, quoted=True), expression=_called(name, labels)
            )
            for name, labels in steps_of(model.settings)
        ]
    )
    in_order = (column(f"{KEY}_l"), column(f"{KEY}_r"))
    query = (
        exp.select(
            named(exp.func("LEAST", *in_order), "left"),
            named(exp.func("GREATEST", *(each.copy() for each in in_order)), "right"),
            named(probability(), "probability"),
            named(exp.func("ROUND", column("match_weight"), number(6)), "weight"),
            named(
                exp.cast(exp.Anonymous(this="to_json", expressions=[agreements]), "VARCHAR"),
                "agreements",
            ),
        )
        .from_(SCORED)
        .where(at_least(matching.definition.thresholds.review))
        .order_by(column("left"), column("right"))
    )
    return connection.sql(query.sql(dialect="duckdb")).to_arrow_table()


def probability() -> exp.Expr:
    """Of a prediction, to nine digits, below which floating point shows."""
    return exp.func("ROUND", column("match_probability"), number(9))


def at_least(threshold: float) -> exp.Expr:
    """Whether a prediction reaches a threshold."""
    return exp.GTE(this=probability(), expression=literal(threshold))


def _weighed() -> exp.Expr:
    """The strongest first, and of equally strong ones always the same."""
    return exp.Tuple(expressions=[column("strength", "s"), column("rule", "s")])


def _clusters(alias: str) -> exp.Expr:
    return exp.alias_(exp.to_table(CLUSTERS), alias, table=True)


def _called(name: str, labels: dict[int, str]) -> exp.Expr:
    case = exp.Case()
    for value, label in labels.items():
        case = case.when(column(f"gamma_{name}").eq(number(value)), text(label))
    return case
