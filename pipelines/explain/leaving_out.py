"""Rows that are not in the figure and would be: how many, what they would bring, and why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from sqlglot import exp

from cubes.cell_rows import CELL, counts_name, figures, value_name
from cubes.drill import CellFacts
from pipelines.explain.fact_rows import rows_of_keys
from pipelines.explain.placing import LEFT_OUT, UNPLACED
from pipelines.explain.sources import Sources
from pipelines.explain.tables import KEYS, VERDICTS, Placing
from pipelines.explain.tracing import Identity, JudgedRows, refusals
from pipelines.explain.values import (
    Because,
    LeftOut,
    LeftOutRow,
    LeftOutTotal,
    Outcome,
    PartValue,
    SourceLink,
)
from transforms import STAGING
from transforms.landing import BATCH, ROW
from transforms.statements import (
    UNKNOWN_KEY,
    column,
    create_table,
    named,
    ordered,
    row_number,
    table,
    text,
)

LISTED = "listed"
"""Table of staging with the left-out rows that are shown."""


def list_left_out(placing: Placing, limit: int) -> None:
    """Choose the rows to show: of each outcome, and of those without a place, the weightiest."""
    weight = exp.Abs(this=exp.TryCast(this=column(value_name(0)), to=exp.DataType.build("DOUBLE")))
    order = [
        ordered(column(counts_name(0)), descending=True),
        ordered(weight, descending=True),
        *(ordered(column(name)) for name in ("_mapping", BATCH, ROW)),
    ]
    place = row_number([column("_verdict"), column("_outcome")], order)
    ranked = (
        exp.select(exp.Star(), named(place, "_place"))
        .from_(table(VERDICTS, STAGING))
        .where(column("_verdict").isin(text(LEFT_OUT), text(UNPLACED)))
    )
    query = exp.select(exp.Star()).from_(ranked.subquery("ranked"))
    query = query.where(exp.LTE(this=column("_place"), expression=exp.convert(limit)))
    placing.replay.run(create_table(LISTED, STAGING, query))


def left_out(facts: CellFacts, placing: Placing, root: JudgedRows, sources: Sources) -> LeftOut:
    """The rows that were left out of a cell.

    Args:
        facts: the cell.
        placing: its verdicts, with the rows to show listed.
        root: the judged rows of the fact's entity, the listed ones among them.
        sources: where source rows are told.
    """
    rows = list(_rows(facts, placing, root, sources))
    replay = placing.replay
    counted = exp.select(exp.Count(this=exp.Star())).from_(table(VERDICTS, STAGING))
    merged = column("_outcome").eq(text("merged"))
    [[unplaced]] = replay.rows(counted.where(column("_verdict").eq(text(UNPLACED))))
    [[merged_into]] = replay.rows(counted.where(merged, column("_of_cell")))
    return LeftOut(
        totals=tuple(_totals(facts, placing)),
        rows=tuple(row for verdict, row in rows if verdict == LEFT_OUT),
        unplaced=unplaced,
        unplaced_rows=tuple(row for verdict, row in rows if verdict == UNPLACED),
        merged_into_cell=merged_into,
    )


def _totals(facts: CellFacts, placing: Placing) -> Iterable[LeftOutTotal]:
    for outcome in get_args(Outcome):
        mine = exp.and_(column("_outcome").eq(text(outcome)), column("_verdict").eq(text(LEFT_OUT)))
        counts = [column(counts_name(place)) for place in range(len(facts.parts))]
        without = exp.Filter(
            this=exp.Count(this=exp.Star()),
            expression=exp.Where(this=exp.not_(exp.or_(*counts))),
        )
        query = exp.select(exp.Count(this=exp.Star()), without).from_(table(VERDICTS, STAGING))
        [[rows, without_amount]] = placing.replay.rows(query.where(mine))
        if not rows:
            continue
        own = _valued(facts, VERDICTS).where(mine.copy())
        brings = _figures(placing, own)
        together = _figures(placing, exp.union(_valued(facts, KEYS), own, distinct=False))
        yield LeftOutTotal(
            outcome,
            rows,
            without_amount,
            {part.name: brings[f"part_{place + 1}"] for place, part in enumerate(facts.parts)},
            together["figure"],
        )


def _valued(facts: CellFacts, rows: str) -> exp.Select:
    names = [name(place) for place in range(len(facts.parts)) for name in (value_name, counts_name)]
    return exp.select(*map(column, names)).from_(table(rows, STAGING))


def _figures(placing: Placing, rows: exp.Query) -> Mapping[str, Any]:
    query = exp.select(*figures(placing.cell)).from_(CELL).with_(CELL, rows)
    [found] = placing.replay.arrow(query).to_pylist()
    row: Mapping[str, Any] = found
    return row


def _rows(
    facts: CellFacts, placing: Placing, root: JudgedRows, sources: Sources
) -> Iterable[tuple[str, LeftOutRow]]:
    query = exp.select(exp.Star()).from_(table(LISTED, STAGING))
    query = query.order_by(column("_verdict"), column("_outcome"), column("_place"))
    listed = placing.replay.arrow(query).to_pylist()
    identities = [(row["_mapping"], row[BATCH], row[ROW]) for row in listed]
    columns = placing.focus.columns[placing.focus.fact.entity.entity]
    ids = sources.follow(root, identities, columns)
    survivors = _survivors(placing, root)
    into = sources.follow(root, survivors.values(), columns)
    grain = placing.focus.fact.grain
    left = _left_behind(placing, listed, sources)
    for row, identity, links in zip(listed, identities, left, strict=True):
        survivor = survivors.get(tuple(row[key] for key in grain))
        yield (
            row["_verdict"],
            LeftOutRow(
                outcome=row["_outcome"],
                row=ids[identity],
                parts=tuple(
                    PartValue(part.name, row[part.value_column], row[part.counts_column])
                    for part in facts.parts
                ),
                of_cell=row["_of_cell"],
                merged_into=into[survivor] if row["_outcome"] == "merged" and survivor else None,
                because=tuple(dict.fromkeys(_because(placing, row, links, sources))),
                refers=tuple(link for link, _ in links),
            ),
        )


def _survivors(placing: Placing, root: JudgedRows) -> dict[tuple[Any, ...], Identity]:
    """The rows that listed ones were merged into, by the fact's key."""
    grain = placing.focus.fact.grain
    same = exp.and_(*(column(key, "few").eq(column(key, LISTED)) for key in grain))
    query = (
        exp.select(*(column(name, "few") for name in (*grain, "_mapping", BATCH, ROW)))
        .from_(table(root.target, STAGING, "few"))
        .join(table(LISTED, STAGING, LISTED), on=same, join_type="SEMI")
        .where(column("_outcome", "few").eq(text("staged")))
    )
    rows = placing.replay.arrow(query).to_pylist()
    return {tuple(r[key] for key in grain): (r["_mapping"], r[BATCH], r[ROW]) for r in rows}


def _left_behind(
    placing: Placing, listed: Sequence[Mapping[str, Any]], sources: Sources
) -> list[list[tuple[SourceLink, str]]]:
    """For each row the left-out rows that it refers to where the cell asks, and by which keys."""
    focus = placing.focus
    found: list[list[tuple[SourceLink, str]]] = [[] for _ in listed]
    paths = [path for hung in focus.hung.values() for path in hung.paths]

    def add(reference: str, judged: JudgedRows, key: str, of: Mapping[int, str]) -> None:
        rows = rows_of_keys(placing, judged, key, list(dict.fromkeys(of.values())))
        entity = judged.replayed.name
        ids = sources.follow(judged, rows.values(), focus.columns.get(entity, ()))
        for place, own in of.items():
            if own in rows:
                found[place].append((SourceLink(reference, ids[rows[own]]), own))

    for hop in focus.hops_of(paths):
        [key] = placing.repository.entity(placing.target(hop)).key
        broken, name = placing.broken_reference(hop), placing.reference(hop)
        referring = {place: row[name] for place, row in enumerate(listed) if row[broken]}
        add(str(hop), placing.followed[placing.target(hop)], key, referring)
    for role_name, role in placing.asked_roles.items():
        name = placing.role_value(role_name)
        gained = {
            place: row[name]
            for place, row in enumerate(listed)
            if row[role.key_column] < UNKNOWN_KEY
        }
        judged = placing.members.get(role.dimension.name)
        if judged is not None:
            add(str(role.path), judged, role.dimension.natural_key, gained)
    return found


def _because(
    placing: Placing,
    row: Mapping[str, Any],
    left_behind: Sequence[tuple[SourceLink, str]],
    sources: Sources,
) -> Iterable[Because]:
    """What of a row is not known: values that were refused; and references to rows left out."""
    refused = refusals(row["_reasons"])
    for hung in placing.focus.hung.values():
        if row[placing.flag(hung.name)]:
            own = {path.hops[0].column if path.hops else path.column for path in hung.paths}
            for refusal in refused:
                if refusal.column in own:
                    yield Because(refusal.column, refusal.rule, refusal.reason, refusal.value)
    for link, key in left_behind:
        yield Because(link.reference, "left_out", sources.rows[link.row].outcome, key)
