"""Where every landed row went: the balance, the warnings, and refused rows with their reasons."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from metadata.repository import Repository, ResolvedMapping, ResolvedMatching
from transforms.crossreference import xref_table
from transforms.landing import BATCH, DELETED, EXTRACTED, ROW, landed_name
from transforms.staging import NEXT, PART
from transforms.statements import (
    STAGING,
    WAREHOUSE,
    Columns,
    Statement,
    call,
    column,
    create_table,
    named,
    number,
    table,
    text,
)  # fmt: skip

OUTCOMES = ("staged", "quarantined", "merged", "filtered")


def balance_query(entity: str, matching: ResolvedMatching | None = None) -> exp.Select:
    """Rows by mapping, source, table, batch and outcome.

    Args:
        entity: name of the entity.
        matching: how its records have been matched, if they have: those that have become part of a
            golden record that another one leads are merged into that one.
    """
    names = ("_mapping", "_source", "_table", BATCH)
    outcome: exp.Expr = column("_outcome", "judged")
    query = exp.select(*(named(column(n, "judged"), n.removeprefix("_")) for n in names))
    rows = table(f"judged_{entity}", STAGING, "judged")
    if matching is not None:
        outcome = exp.Case().when(exp.not_(column("leads", "x")), text("merged")).else_(outcome)
    query = query.select(
        named(outcome, "outcome"), named(exp.Count(this=exp.Star()), "rows"), copy=False
    ).from_(rows)
    if matching is not None:
        own = exp.and_(
            column("_outcome", "judged").eq(text("staged")),
            column("key", "x").eq(column(matching.key, "judged")),
            column("present", "x"),
        )
        query = query.join(table(xref_table(entity), WAREHOUSE, "x"), on=own, join_type="LEFT")
    return query.group_by(*(column(n, "judged") for n in names), outcome.copy())


def landed_query(repository: Repository, mapping: ResolvedMapping) -> exp.Select:
    """How many rows a mapping had to account for, counted on the landed table itself."""
    return exp.select(named(exp.Count(this=exp.Star()), "rows")).from_(
        table(landed_name(mapping.source, mapping.table), STAGING)
    )


def warning_query(entity: str) -> exp.Select:
    """Values that failed a rule but did not refuse their row: mapping, column, rule, rows."""
    return _pieces(entity, "_warnings").group_by(
        column("mapping"), column("column"), column("rule")
    )


def _pieces(entity: str, failures: str) -> exp.Select:
    split = call("unnest", call("string_split", column(failures), text(NEXT)))
    rows = (
        exp.select(named(column("_mapping"), "mapping"), named(split, "piece"))
        .from_(table(f"judged_{entity}", STAGING))
        .where(column(failures).neq(text("")), column("_outcome").neq(text("filtered")))
    )
    return exp.select(
        column("mapping"),
        named(_part(1), "column"),
        named(_part(2), "rule"),
        named(exp.Count(this=exp.Star()), "rows"),
    ).from_(rows.subquery("pieces"))


def _part(position: int) -> exp.Expr:
    return call("split_part", column("piece"), text(PART), number(position))


def quarantine_entity(
    repository: Repository, entity: str, landed: Mapping[str, Columns]
) -> tuple[Statement, ...]:
    """Keep an entity's refused rows as they came, with every reason; one table for each entity."""
    mappings = [m for m in repository.mappings_of(entity) if m.definition.from_ in landed]
    parts = [_refused(entity, mapping, landed[mapping.definition.from_]) for mapping in mappings]
    union: exp.Query = parts[0]
    for part in parts[1:]:
        union = exp.union(union, part, distinct=False)
    name = quarantine_table(entity)
    return (Statement(create_table(name, STAGING, union), f"set aside refused rows of {entity}"),)


def quarantine_table(entity: str) -> str:
    """Name of the table with an entity's refused rows."""
    return f"quarantine_{entity}"


def _refused(entity: str, mapping: ResolvedMapping, columns: Columns) -> exp.Select:
    judged, came = "judged", "came"
    split = call("unnest", call("string_split", column("_reasons", judged), text(NEXT)))
    # Only the columns that came from the source; a struct keeps their names and types.
    original = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=column(name, came))
            for name in columns
            if name not in (BATCH, ROW, EXTRACTED, DELETED)
        ]
    )
    rows = (
        exp.select(
            named(column(BATCH, judged), "batch"),
            named(column(ROW, judged), "row"),
            named(column(EXTRACTED, judged), "extracted_at"),
            named(split, "piece"),
            named(exp.cast(call("to_json", original), "VARCHAR"), "row_json"),
        )
        .from_(table(f"judged_{entity}", STAGING, judged))
        .join(
            table(landed_name(mapping.source, mapping.table), STAGING, came),
            on=exp.and_(
                column(BATCH, came).eq(column(BATCH, judged)),
                column(ROW, came).eq(column(ROW, judged)),
            ),
        )
        .where(
            column("_outcome", judged).eq(text("quarantined")),
            column("_mapping", judged).eq(text(mapping.name)),
        )
    )
    return exp.select(
        named(text(entity), "entity"),
        named(text(mapping.name), "mapping"),
        named(text(mapping.source), "source"),
        named(text(mapping.table), "table"),
        column("batch"),
        column("row"),
        column("extracted_at"),
        named(_part(1), "column"),
        named(_part(2), "rule"),
        named(_part(3), "reason"),
        named(_part(4), "value"),
        column("row_json"),
    ).from_(rows.subquery("refused"))
