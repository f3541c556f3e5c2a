"""Records side by side and golden records, made of one staged record without values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from metadata import Repository
from metadata.errors import Issue, Location
from metadata.repository import ResolvedMatching
from pipelines.dry_run.trying import Trying
from transforms import STAGING, WAREHOUSE, Statement
from transforms.checks import with_columns
from transforms.crossreference import empty_crossreference, xref_table
from transforms.golden import load_golden
from transforms.matching import agreeing, agreement, levels, records_query
from transforms.statements import column, create_table, named, table

_RECORDS = "tried_records"


def golden_statements(repository: Repository, matching: ResolvedMatching) -> Sequence[Statement]:
    """What the step does, but for what lies in the data: who is the same as whom."""
    definition, crossed = matching.definition, xref_table(matching.name)
    conditions = [agreeing(line) for line in (*definition.same, *definition.block)]
    tried = (
        exp.select(*conditions)
        .from_(table(_RECORDS, STAGING, "l"))
        .join(table(_RECORDS, STAGING, "r"), on=exp.true())
    )
    return (
        Statement(create_table(_RECORDS, STAGING, records_query(matching)), "compared records"),
        *((Statement(tried, "agreement"),) if conditions else ()),
        *(Statement(_compared(matching, name), f"compare {name}") for name in definition.compare),
        Statement(create_table(crossed, WAREHOUSE, empty_crossreference(matching)), "golden keys"),
        *load_golden(repository, matching),
    )


def refused_in_matching(matching: ResolvedMatching, trying: Trying) -> Iterator[Issue]:
    """The expressions that the engine refuses, each tried by itself."""
    definition, where = matching.definition, matching.written.where
    if definition.where is not None:
        query = exp.select(named(with_columns(definition.where, column), "tried"))
        reason = trying.gives(query.from_(table(matching.name, STAGING)))[1]
        if reason is not None:
            yield _refused(definition.where, where("where"), reason)
            return
    for key, lines in (("same", definition.same), ("block", definition.block)):
        for place, line in enumerate(lines):
            for written, value in zip(line.on, agreement(line), strict=True):
                query = exp.select(named(value, "tried")).from_(table(_RECORDS, STAGING))
                reason = trying.gives(query)[1]
                if reason is not None:
                    yield _refused(written, where(key, place), reason)


def _compared(matching: ResolvedMatching, name: str) -> exp.Select:
    """The steps of a comparison, over two records as Splink lays them side by side."""
    columns = [f"c_{name}"]
    columns += [f"w_{name}"] if matching.definition.compare[name].as_ == "name" else []
    sides = [named(column(c, s), f"{c}_{s}") for c in columns for s in ("l", "r")]
    pairs = (
        exp.select(*sides)
        .from_(table(_RECORDS, STAGING, "l"))
        .join(table(_RECORDS, STAGING, "r"), on=exp.true())
    )
    steps = (level.condition for level in levels(name, matching.definition.compare[name]))
    return exp.select(*steps).from_(pairs.subquery("pairs"))


def _refused(written: str, where: Location, reason: str) -> Issue:
    return Issue(f"The expression '{written}' cannot be computed.", where, reason,
                 "Cast what it reads.")  # fmt: skip
