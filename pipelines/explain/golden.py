"""Judged rows of an entity whose records are matched, as the golden records of a version have them.

All rows of one golden record bear its key. The one that leads has the values that stay and is
staged; the others are merged into it, as rows are that share a key from the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from sqlglot import exp

from metadata.repository import ResolvedMatching
from pipelines.explain.values import SurvivingValue
from transforms import STAGING, WAREHOUSE
from transforms.crossreference import xref_table
from transforms.golden import golden_origins, golden_rows
from transforms.landing import BATCH, EXTRACTED, ROW
from transforms.statements import column, create_table, create_view, named, table, text

_ABOUT = ("_mapping", "_source", "_table", BATCH, ROW, EXTRACTED)
_TOLD = ("_reasons", "_warnings")
if TYPE_CHECKING:
    from pipelines.explain.replay import Replay


def with_their_clusters(replay: Replay, entity: str, wanted: str) -> str:
    """The table of wanted keys, or one with the keys of all records of their golden ones too."""
    matching = replay.repository.matchings.get(entity)
    if matching is None:
        return wanted
    clusters = f"clusters_{wanted}"
    replay.run(create_table(clusters, STAGING, _clusters(matching, wanted)))
    return clusters


def _clusters(matching: ResolvedMatching, wanted: str) -> exp.Query:
    key, crossed = matching.key, xref_table(matching.name)
    golden = exp.func("COALESCE", column("golden_key", "own"), column(key, "wanted"))
    others = (
        exp.select(named(column("key", "other"), key))
        .from_(table(wanted, STAGING, "wanted"))
        .join(
            table(crossed, WAREHOUSE, "own"),
            on=column("key", "own").eq(column(key, "wanted")),
            join_type="LEFT",
        )
        .join(table(crossed, WAREHOUSE, "other"), on=column("golden_key", "other").eq(golden))
    )
    return exp.union(exp.select(column(key)).from_(table(wanted, STAGING)), others)


def under_golden_keys(replay: Replay, entity: str, judged: exp.Select) -> exp.Select:
    """Judged rows with the golden keys of their records; values and outcomes are their own."""
    matching = replay.repository.matchings.get(entity)
    if matching is None:
        return judged
    key = matching.key
    golden = exp.func("COALESCE", column("golden_key", "x"), column(key, "judged"))
    names = [name for name in (*matching.entity.columns, "_changed_at") if name != key]
    return (
        exp.select(
            named(golden, key),
            *(column(name, "judged") for name in (*names, *_ABOUT, "_outcome", *_TOLD)),
        )
        .from_(judged.subquery("judged", copy=False), copy=False)
        .join(
            table(xref_table(matching.name), WAREHOUSE, "x"),
            on=column("key", "x").eq(column(key, "judged")),
            join_type="LEFT",
        )
    )


def as_golden(
    replay: Replay,
    entity: str,
    judged: exp.Select,
    target: str,
    today: date | None,
) -> exp.Select:
    """Judged rows as golden records have them; as they are, where records are not matched.

    Args:
        replay: where tables are made.
        entity: its name.
        judged: its rows; of a golden record all of its records, or none.
        target: the table that will be made of the answer; `origins_of` names another that is.
        today: the day on which the version was staged.
    """
    matching = replay.repository.matchings.get(entity)
    if matching is None:
        return judged
    raw, records, golden = f"raw_{target}", f"records_{target}", f"made_{target}"
    replay.run(create_table(raw, STAGING, judged), today)
    names = [*matching.entity.columns, "_changed_at"]
    staged = column("_outcome").eq(text("staged"))
    kept = exp.select(*map(column, names)).from_(table(raw, STAGING)).where(staged)
    replay.run(create_view(records, STAGING, kept))
    rows = golden_rows(replay.repository, matching, records)
    replay.run(create_table(golden, STAGING, rows))
    origins = golden_origins(replay.repository, matching, records)
    replay.run(create_table(origins_of(target), STAGING, origins))
    return _rows(matching, raw, golden)


def origins_of(target: str) -> str:
    """Table of staging that says for golden records whose value each of theirs is."""
    return f"origins_{target}"


def surviving(
    replay: Replay, entity: str, target: str, columns: Sequence[str]
) -> dict[tuple[str, str, int], tuple[SurvivingValue, ...]]:
    """For rows that lead golden records, the values of columns that are those of other records.

    Args:
        replay: where tables are.
        entity: its name.
        target: table of its judged rows.
        columns: those that are followed.
    """
    matching = replay.repository.matchings.get(entity)
    if matching is None or origins_of(target) not in replay.tables(STAGING):
        return {}
    followed = [name for name in columns if name in matching.survivors]
    key, place = matching.key, ("_mapping", BATCH, ROW)
    query = exp.select(*(column(name, "r") for name in place))
    query = query.select(named(exp.cast(column(key, "r"), "VARCHAR"), "_own"), copy=False)
    for name in followed:
        query = query.select(
            named(exp.cast(column(name, "g"), "VARCHAR"), f"value_{name}"),
            named(column(name, "o"), f"of_{name}"),
            copy=False,
        )
    same = exp.and_(*(column(name, "g").eq(column(name, "r")) for name in place))
    query = (
        query.from_(table(target, STAGING, "g"))
        .join(table(f"raw_{target}", STAGING, "r"), on=same)
        .join(table(origins_of(target), STAGING, "o"), on=column(key, "o").eq(column(key, "g")))
        .where(column("_outcome", "g").eq(text("staged")))
    )
    return {
        (row["_mapping"], row[BATCH], row[ROW]): tuple(
            SurvivingValue(
                name,
                row[f"value_{name}"],
                row[f"of_{name}"],
                matching.survivors[name].take,
                matching.entity.columns[name].personal,
                matching.written.where("survivorship", "columns", name),
            )
            for name in followed
            if row[f"of_{name}"] not in (None, row["_own"])
        )
        for row in replay.arrow(query).to_pylist()
    }


def _rows(matching: ResolvedMatching, raw: str, golden: str) -> exp.Select:
    key = matching.key
    leads = exp.func("COALESCE", column("leads", "x"), exp.false())
    follows = exp.not_(exp.func("COALESCE", column("leads", "x"), exp.true()))
    query = exp.select()
    for name in [*matching.entity.columns, "_changed_at"]:
        own = column(name, "r")
        value: exp.Expr = exp.Case().when(leads.copy(), column(name, "g")).else_(own)
        if name == key:
            value = exp.func("COALESCE", column("golden_key", "x"), own)
        query = query.select(named(value, name), copy=False)
    outcome = exp.Case().when(follows, text("merged")).else_(column("_outcome", "r"))
    crossed = exp.and_(
        column("key", "x").eq(column(key, "r")),
        column("present", "x"),
        column("_outcome", "r").eq(text("staged")),
    )
    return (
        query.select(
            *(column(name, "r") for name in _ABOUT),
            named(outcome, "_outcome"),
            *(column(name, "r") for name in _TOLD),
        )
        .from_(table(raw, STAGING, "r"))
        .join(table(xref_table(matching.name), WAREHOUSE, "x"), on=crossed, join_type="LEFT")
        .join(
            table(golden, STAGING, "g"),
            on=exp.and_(column(key, "g").eq(column("golden_key", "x")), column("leads", "x")),
            join_type="LEFT",
        )
    )
