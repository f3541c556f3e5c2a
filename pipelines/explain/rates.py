"""The exchange rate that converted a fact row's amount, as a source row of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from pipelines.explain.sources import Sources
from pipelines.explain.tables import AS_IS, ROOT, Placing, judged_table
from transforms import STAGING
from transforms.facts import RATES, converts
from transforms.landing import BATCH, ROW
from transforms.references import References
from transforms.statements import column, named, ordered, row_number, table

_COLUMNS = ("currency_code", "rate_date", "rate")


def rates_of(
    placing: Placing, refers: Mapping[int, Mapping[str, Any]], sources: Sources
) -> dict[int, str]:
    """For the place of each shown row in another currency, the id of the rate of its day."""
    fact, repository = placing.focus.fact, placing.repository
    asked = [fact.definition.measures.get(name) for name in placing.cell.inputs]
    if not any(measure and measure.convert for measure in asked) or RATES in placing.broken:
        return {}
    if not converts(repository, fact) or not fact.definition.currency or not refers:
        return {}
    places = {row["_id"]: place for place, row in refers.items()}
    references = References(repository, fact.entity.entity, ROOT)
    happened = exp.cast(references.value(fact.roles[fact.definition.date].path), "DATE")
    root = references.joined(
        exp.select(
            named(column("_id", "root"), "_id"),
            named(references.named(fact.definition.currency), "currency"),
            named(happened, "day"),
        )
    ).where(exp.In(this=column("_id", "root"), expressions=[exp.convert(i) for i in places]))
    root = placing.seen(root, AS_IS)
    # The newest rate holds on to the end of the calendar, as in the fact.
    newest = row_number(
        [column("_id", "fact")], [ordered(column("rate_date", "rate"), descending=True)]
    )
    rated = (
        exp.select(
            column("_id", "fact"),
            *(column(name, "rate") for name in ("_mapping", BATCH, ROW)),
            named(newest, "_newest"),
        )
        .from_(root.subquery("fact"))
        .join(
            table(judged_table(RATES), STAGING, "rate"),
            on=exp.and_(
                column("currency_code", "rate").eq(column("currency", "fact")),
                exp.LTE(this=column("rate_date", "rate"), expression=column("day", "fact")),
                column("_outcome", "rate").eq(exp.Literal.string("staged")),
            ),
        )
        .where(column("currency", "fact").neq(exp.Literal.string(repository.workspace.currency)))
    )
    query = exp.select(column("_id"), column("_mapping"), column(BATCH), column(ROW)).from_(
        rated.subquery("rated")
    )
    query = query.where(column("_newest").eq(exp.Literal.number(1)))
    found = {row: (m, b, r) for row, m, b, r in placing.replay.rows(query)}
    ids = sources.follow(placing.followed[RATES], found.values(), _COLUMNS)
    return {places[row]: ids[identity] for row, identity in found.items()}
