"""The landed rows behind earlier versions of members, whose place newer batches have taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from metadata.repository import ResolvedDimension
from pipelines.explain.sources import Sources
from pipelines.explain.tables import Placing
from pipelines.explain.tracing import Identity, JudgedRows
from transforms import STAGING, WAREHOUSE
from transforms.landing import BATCH, EXTRACTED, ROW
from transforms.statements import column, create_table, named, ordered, row_number, table


def rows_of_versions(
    placing: Placing,
    dimension: ResolvedDimension,
    keys: Sequence[int],
    columns: Sequence[str],
    sources: Sources,
) -> dict[int, str]:
    """For surrogate keys of versions that are no longer in force, the id of the row behind each.

    Of the rows of the member that ever landed it is the newest one with the version's values, of
    those that had changed last before the version ended where there are any. A version whose values
    no landed row has (it came with a batch that is gone, or was made by other rules) has none.
    """
    tracked = _tracked(dimension)
    if not keys or not tracked or dimension.entity is None:
        return {}
    replay = placing.replay
    replayed = replay.entity(dimension.entity.entity)
    natural, surrogate = dimension.natural_key, dimension.surrogate_key
    listed = [exp.convert(key) for key in keys]
    closed = exp.In(this=column(surrogate), expressions=listed)
    versions = exp.select(exp.Star()).from_(table(dimension.table, WAREHOUSE)).where(closed)
    wanted, target = f"wanted_ever_{dimension.name}", f"judged_ever_{dimension.name}"
    members = exp.select(column(natural)).distinct().from_(versions.subquery("version"))
    replay.run(create_table(wanted, STAGING, members))
    replayed.judge_ever(target, wanted)
    judged = JudgedRows.last_of(replayed, target)
    alike: list[exp.Expr] = [column(natural, "version").eq(column(natural, "landed"))]
    alike += [
        exp.NullSafeEQ(this=column(attribute, "version"), expression=column(own, "landed"))
        for attribute, own in tracked.items()
    ]
    extracted = exp.cast(column(EXTRACTED, "landed"), "TIMESTAMP")
    changed = exp.func("COALESCE", column("_changed_at", "landed"), extracted)
    before = exp.LT(this=changed, expression=column("valid_to", "version"))
    order = [ordered(before, descending=True)]
    order += [ordered(column(name, "landed"), descending=True) for name in (BATCH, ROW)]
    best = row_number([column(surrogate, "version")], order)
    ranked = (
        exp.select(
            column(surrogate, "version"),
            *(column(name, "landed") for name in ("_mapping", BATCH, ROW)),
            named(best, "_best"),
        )
        .from_(versions.subquery("version"))
        .join(table(target, STAGING, "landed"), on=exp.and_(*alike))
    )
    query = (
        exp.select(*(column(name) for name in (surrogate, "_mapping", BATCH, ROW)))
        .from_(ranked.subquery("ranked"))
        .where(column("_best").eq(exp.Literal.number(1)))
    )
    found: dict[int, Identity] = {key: (m, b, r) for key, m, b, r in replay.rows(query)}
    known = set(sources.rows)
    ids = sources.follow(judged, found.values(), columns)
    for row_id in set(ids.values()) - known:
        # Rows that have only been met here are no longer those that count.
        sources.rows[row_id] = replace(sources.rows[row_id], outcome="superseded")
    return {key: ids[identity] for key, identity in found.items()}


def _tracked(dimension: ResolvedDimension) -> dict[str, str]:
    """Attributes that keep their history and are a column of the entity itself, with the column."""
    return {
        attribute.name: attribute.path.column
        for attribute in dimension.attributes.values()
        if attribute.definition.history == "track"
        and attribute.available
        and attribute.path is not None
        and not attribute.path.hops
    }
