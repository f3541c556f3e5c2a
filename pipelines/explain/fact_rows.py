"""The shown fact rows: what each brings, whom it points at, and the rows it was made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from cubes.drill import CellFacts, same_figure
from pipelines.explain.members import members_of
from pipelines.explain.placing import FACT
from pipelines.explain.rates import rates_of
from pipelines.explain.sources import Sources
from pipelines.explain.tables import SHOWN, VERDICTS, Placing
from pipelines.explain.tracing import Identity, JudgedRows
from pipelines.explain.values import FactRow, PartValue, SourceLink
from transforms import STAGING
from transforms.landing import BATCH, ROW
from transforms.statements import column, named, table

Row = Mapping[str, Any]


def fact_rows(
    facts: CellFacts, placing: Placing | None, root: JudgedRows | None, sources: Sources
) -> tuple[FactRow, ...]:
    """The shown rows of a cell.

    Args:
        facts: the shown rows as the cube gives them.
        placing: how far rows can be followed; None when not at all.
        root: the judged rows of the fact's entity that are shown.
        sources: where source rows are told.
    """
    shown = facts.table.to_pylist()
    refers = _found_again(facts, placing, shown) if placing is not None else {}
    links = _links(placing, root, refers, sources) if placing is not None and root else {}
    members = members_of(facts, placing, refers, sources)
    return tuple(
        FactRow(
            key={name: row[name] for name in facts.grain},
            labels={name: row[name] for name in facts.labels},
            inputs={name: row[name] for name in facts.inputs},
            parts=_parts(facts, row),
            members=members[place],
            sources=links.get(place, ()),
            made_again=_made_again(facts, row, refers.get(place), placing),
        )
        for place, row in enumerate(shown)
    )


def _parts(facts: CellFacts, row: Row) -> tuple[PartValue, ...]:
    return tuple(
        PartValue(part.name, row[part.value_column], row[part.counts_column])
        for part in facts.parts
    )


def _found_again(facts: CellFacts, placing: Placing, shown: Sequence[Row]) -> dict[int, Row]:
    """The judged row of each shown one, with what it refers by, by the place of the shown row."""
    grain = facts.grain
    here = exp.and_(*(column(key, "shown").eq(column(key, "verdict")) for key in grain))
    query = (
        exp.select(exp.column(exp.Star(), table="verdict"))
        .from_(table(VERDICTS, STAGING, "verdict"))
        .join(table(SHOWN, STAGING, "shown"), on=here, join_type="SEMI")
        .where(column("_verdict", "verdict").eq(exp.Literal.string(FACT)))
    )
    rows = {tuple(r[key] for key in grain): r for r in placing.replay.arrow(query).to_pylist()}
    keys = [tuple(row[key] for key in grain) for row in shown]
    return {place: rows[key] for place, key in enumerate(keys) if key in rows}


def _made_again(
    facts: CellFacts, row: Row, found: Row | None, placing: Placing | None
) -> bool | None:
    if placing is None or not placing.complete:
        return None
    if found is None:
        return False
    return all(
        row[part.counts_column] == found[part.counts_column]
        and same_figure(row[part.value_column], found[part.value_column])
        for part in facts.parts
    )


def _links(
    placing: Placing, root: JudgedRows, refers: Mapping[int, Row], sources: Sources
) -> dict[int, tuple[SourceLink, ...]]:
    """The rows behind each shown one: its own, those it refers to, and the rates it took."""
    focus = placing.focus
    own = {place: (row["_mapping"], row[BATCH], row[ROW]) for place, row in refers.items()}
    ids = sources.follow(root, own.values(), focus.columns[focus.fact.entity.entity])
    links = {place: [SourceLink("", ids[identity])] for place, identity in own.items()}
    date = focus.fact.roles[focus.fact.definition.date]
    paths = [path for hung in focus.hung.values() for path in hung.paths]
    paths += [date.path] if date.available else []
    for hop in focus.hops_of(paths):
        target = placing.target(hop)
        if target in placing.broken:
            continue
        name = placing.reference(hop)
        keys = {place: row[name] for place, row in refers.items() if row[name] is not None}
        judged = placing.followed[target]
        [key_column] = placing.repository.entity(target).key
        rows = rows_of_keys(placing, judged, key_column, list(dict.fromkeys(keys.values())))
        ids = sources.follow(judged, rows.values(), focus.columns.get(target, ()))
        for place, key in keys.items():
            if key in rows:
                links[place].append(SourceLink(str(hop), ids[rows[key]]))
    for place, row_id in rates_of(placing, refers, sources).items():
        links[place].append(SourceLink("exchange_rate", row_id))
    return {place: tuple(found) for place, found in links.items()}


def rows_of_keys(
    placing: Placing, judged: JudgedRows, key: str, keys: Sequence[str]
) -> dict[str, Identity]:
    """The row of each key: the staged one, or else the newest that was left out."""
    if not keys:
        return {}
    text = exp.cast(column(key), "VARCHAR")
    is_staged = column("_outcome").eq(exp.Literal.string("staged"))
    query = (
        exp.select(named(text, "key"), column("_mapping"), column(BATCH), column(ROW))
        .from_(table(judged.target, STAGING))
        .where(exp.In(this=text.copy(), expressions=[exp.convert(each) for each in keys]))
        .order_by(is_staged, column(BATCH), column(ROW))
    )
    # The last of a key stays: the staged row, which sorts behind those that are not.
    return {own: (m, b, r) for own, m, b, r in placing.replay.rows(query)}
