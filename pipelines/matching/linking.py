"""From records to clusters: pairs that agree by a rule, pairs that are alike, and decisions.

The work is done in an engine of its own, in memory: Splink makes tables as it pleases, and the
build is written to by nothing but the steps that own its tables.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa
from sqlglot import exp

from metadata.errors import Issue, UserError
from metadata.repository import ResolvedMatching
from pipelines.matching.apart import Edge, clusters_apart
from pipelines.matching.edges import (
    EDGES,
    agreeing_edges,
    decided_edges,
    insert_edges,
    prepare_edges,
    run,
)
from pipelines.matching.found import (
    CLUSTERS,
    SCORED,
    at_least,
    pairs_found,
    probability,
    records_found,
)
from pipelines.matching.model import (
    RECORDS,
    LinkageModel,
    estimated,
    identity_of,
    linker_of,
    pairs_of_block,
    quiet,
)
from transforms.matching import KEY, told
from transforms.statements import column, named, text

MOST_PAIRS = 100_000_000
"""Pairs of one block line that are compared at the most."""


@dataclass(frozen=True)
class Found:
    """What matching found among the records of an entity."""

    records: pa.Table
    """`key`, `cluster`, `rule`, `probability` of every record that is not alone."""
    pairs: pa.Table
    """`left`, `right`, `probability`, `weight`, `agreements` (JSON) of pairs that are alike."""
    model: LinkageModel | None
    estimated: bool
    """Whether the model was estimated now."""


def link(
    matching: ResolvedMatching, records: pa.Table, known: LinkageModel | None, temporary: str = ""
) -> Found:
    """Match the records of an entity.

    Args:
        matching: how.
        records: rows of `records_query`.
        known: the model of the run before; it is used again unless its definition has changed.
        temporary: folder for what does not fit in memory.

    Raises:
        UserError: a block line has too many pairs.
    """
    try:
        return _linked(matching, records, known, temporary)
    except (duckdb.Error, *_of_the_library()) as error:
        raise UserError(
            f"The records of '{matching.name}' cannot be matched.",
            where=matching.written.where(),
            why=_reason(error),
            fix="Check the expressions of 'same' and 'block' against the data: a cast must take"
            " every value (try_cast).",
        ) from error


def _linked(
    matching: ResolvedMatching, records: pa.Table, known: LinkageModel | None, temporary: str
) -> Found:
    with _engine(temporary) as connection:
        connection.register("given", records)
        ordered_rows = exp.select("*").from_("given").order_by(column(KEY))
        create = exp.Create(this=exp.to_table(RECORDS), kind="TABLE", expression=ordered_rows)
        run(connection, create)
        connection.unregister("given")
        prepare_edges(connection)
        for line in matching.definition.same:
            agreeing_edges(connection, matching, line)
        model, fresh = None, False
        if matching.definition.compare:
            _refuse_too_many(connection, matching)
            fresh = known is None or known.identity != identity_of(matching)
            model = estimated(connection, matching) if fresh or known is None else known
            _alike(connection, matching, model)
        decided_edges(connection, matching)
        _cluster(connection, matching)
        return Found(
            records_found(connection), pairs_found(connection, matching, model), model, fresh
        )


def _of_the_library() -> tuple[type[Exception], ...]:
    """What Splink raises; it is only loaded when something was raised."""
    from splink.internals.exceptions import SplinkException

    return (SplinkException,)


def _reason(error: Exception) -> str:
    """The engine's own words, from the end of the chain of errors."""
    while error.__cause__ is not None and isinstance(error.__cause__, Exception):
        error = error.__cause__
    lines = [line for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if "Error" in line] or lines or [type(error).__name__]
    return told[0].strip()


@contextmanager
def _engine(temporary: str) -> Iterator[duckdb.DuckDBPyConnection]:
    with tempfile.TemporaryDirectory(prefix="rapport-matching-", dir=temporary or None) as spill:
        connection = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "temp_directory": spill,
            },
        )
        try:
            yield connection
        finally:
            connection.close()


def _refuse_too_many(connection: duckdb.DuckDBPyConnection, matching: ResolvedMatching) -> None:
    issues = []
    for place, line in enumerate(matching.definition.block):
        pairs = pairs_of_block(connection, line)
        if pairs > MOST_PAIRS:
            issues.append(
                Issue(
                    f"Too many records of '{matching.name}' agree on {told(line)}.",
                    matching.written.where("block", place),
                    f"That makes {pairs:,} pairs to compare; {MOST_PAIRS:,} are the most.",
                    "Add a column to the line, so that fewer records agree on all of it.",
                )
            )
    if issues:
        error = UserError(issues[0].what)
        error.issues = tuple(issues)
        raise error


def _alike(
    connection: duckdb.DuckDBPyConnection, matching: ResolvedMatching, model: LinkageModel
) -> None:
    """Score the pairs of all blocks; those from `merge` on are edges."""
    thresholds = matching.definition.thresholds
    with quiet():
        linker = linker_of(connection, model.settings)
        # A pair on the very threshold may be a hair below it in floating point.
        scored = linker.inference.predict(threshold_match_probability=thresholds.review * 0.999)
        scored.as_duckdbpyrelation().create(SCORED)
    insert_edges(
        connection,
        exp.select(*map(column, (f"{KEY}_l", f"{KEY}_r")), probability(), text("alike"))
        .from_(SCORED)
        .where(at_least(thresholds.merge)),
    )


def _cluster(connection: duckdb.DuckDBPyConnection, matching: ResolvedMatching) -> None:
    """Connected components; those that hold two records that are decided apart are parted."""
    from splink import DuckDBAPI
    from splink.clustering import cluster_pairwise_predictions_at_threshold

    ends = exp.union(
        exp.select(named(column("l"), "k")).from_(EDGES),
        exp.select(named(column("r"), "k")).from_(EDGES),
    )
    run(connection, exp.Create(this=exp.to_table("nodes"), kind="TABLE", expression=ends))
    counted = exp.select(exp.Count(this=exp.Star())).from_("nodes")
    [(count,)] = connection.execute(counted.sql(dialect="duckdb")).fetchall()
    if not count:
        nothing = exp.select(named(column("k"), "cluster_id"), column("k")).from_("nodes")
        run(connection, exp.Create(this=exp.to_table(CLUSTERS), kind="TABLE", expression=nothing))
        return
    with quiet():
        api = DuckDBAPI(connection=connection)
        found = cluster_pairwise_predictions_at_threshold(
            "nodes",
            EDGES,
            api,
            node_id_column_name="k",
            edge_id_column_name_left="l",
            edge_id_column_name_right="r",
        )
        found.as_duckdbpyrelation().project("cluster_id, k").create(CLUSTERS)
    _part(connection, matching)


def _part(connection: duckdb.DuckDBPyConnection, matching: ResolvedMatching) -> None:
    """Only clusters about which somebody has decided are walked edge by edge; they are few."""
    apart = [
        (one, other)
        for decision in matching.decisions
        for place, one in enumerate(decision.apart)
        for other in decision.apart[place + 1 :]
    ]
    cluster_of = dict(
        connection.execute(
            exp.select(column("k"), column("cluster_id"))
            .from_(CLUSTERS)
            .where(column("k").isin(*(text(k) for pair in apart for k in pair)))
            .sql(dialect="duckdb")
        ).fetchall()
        if apart
        else []
    )
    torn = {
        cluster_of[one]
        for one, other in apart
        if one in cluster_of and cluster_of.get(other) == cluster_of[one]
    }
    if not torn:
        return
    inside = column("cluster_id", "c").isin(*map(text, sorted(torn)))
    query = (
        exp.select(*(column(name, "e") for name in ("l", "r", "strength")))
        .from_(exp.alias_(exp.to_table(EDGES), "e", table=True))
        .join(
            exp.alias_(exp.to_table(CLUSTERS), "c", table=True),
            on=column("k", "c").eq(column("l", "e")),
        )
        .where(inside)
    )
    edges = [Edge(*row) for row in connection.execute(query.sql(dialect="duckdb")).fetchall()]
    parted = clusters_apart(edges, apart)
    given = pa.table({"k": list(parted), "now": list(parted.values())})
    connection.register("parted", given)
    update = exp.Update(
        this=exp.to_table(CLUSTERS),
        expressions=[column("cluster_id").eq(column("now", "parted"))],
        from_=exp.From(this=exp.to_table("parted")),
        where=exp.Where(this=column("k", "parted").eq(column("k", CLUSTERS))),
    )
    run(connection, update)
    connection.unregister("parted")
