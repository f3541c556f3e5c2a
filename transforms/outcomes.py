"""Outcomes: of all judged rows, which are staged, and which are merged into others."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from metadata.model.mapping import Duplicates, EntityMapping, sort_key
from metadata.model.star import Entity
from transforms.characters import composed, unaccented
from transforms.cleansing_text import every
from transforms.landing import BATCH, EXTRACTED, ROW
from transforms.statements import column, named, number, ordered, row_number, text


def ranked(definition: EntityMapping, entity: Entity, judged: exp.Select) -> exp.Select:
    """The rows of one mapping with their outcomes.

    Of valid rows that share a key one is staged; the others are merged into it. So are, where the
    mapping says what makes two rows the same, rows with different keys.
    """
    valid = exp.and_(column("_let_in"), column("_reasons").eq(text("")))
    order = [
        ordered(column(f"_keep_{position}"), descending=sort_key(key)[1])
        for position, key in enumerate(definition.keep)
    ]
    order += [ordered(column(BATCH), descending=True), ordered(column(ROW), descending=True)]
    rank = row_number([*(column(key) for key in entity.key), valid.copy()], order)
    first: exp.Expr = column("_rank").eq(number(1))
    outcome = (
        exp.Case()
        .when(exp.not_(column("_let_in")), text("filtered"))
        .when(column("_reasons").neq(text("")), text("quarantined"))
    )
    rows = exp.select(exp.Star(), named(rank, "_rank")).from_(judged.subquery("judged"), copy=False)
    same = definition.deduplicate
    if same is not None:
        rows = _with_twins(same, rows, exp.and_(valid.copy(), first.copy()), order)
        first = exp.and_(first, column("_twin").eq(number(1)))
    outcome = outcome.when(first, text("staged")).else_(text("merged"))
    return _with_outcome(entity, rows.subquery("ranked", copy=False), outcome)


def _with_twins(
    same: Duplicates, rows: exp.Select, counts: exp.Expr, order: Sequence[exp.Expr]
) -> exp.Select:
    """Beside each row its place among those that are the same; 1 for a row that lacks a value."""
    alike = [_comparable(column(name), same.ignoring) for name in same.by]
    place = row_number([*alike, counts], [each.copy() for each in order])
    lacking = exp.or_(*(exp.func("COALESCE", each.copy(), text("")).eq(text("")) for each in alike))
    twin = exp.Case().when(lacking, number(1)).else_(place)
    return exp.select(exp.Star(), named(twin, "_twin")).from_(
        rows.subquery("ranked_by_key", copy=False), copy=False
    )


def _comparable(value: exp.Expr, ignoring: Sequence[str]) -> exp.Expr:
    """A value without what does not count when two are compared."""
    plain: exp.Expr = exp.cast(value, "VARCHAR")
    if "accents" in ignoring:
        plain = unaccented(composed(plain))
    if "case" in ignoring:
        plain = exp.func("LOWER", plain)
    if "punctuation" in ignoring:
        plain = every(plain, r"[\p{P}\p{S}]", "")
    if "spaces" in ignoring:
        plain = every(plain, r"[\s\p{Z}]", "")
    return plain


def best_of(judged: list[exp.Select], entity: Entity) -> exp.Select:
    """Between mappings the lowest priority number wins; they come here in that order."""
    parts = [
        exp.select(exp.Star(), named(number(position), "_position")).from_(
            part.subquery("part", copy=False), copy=False
        )
        for position, part in enumerate(judged)
    ]
    union: exp.Query = parts[0]
    for part in parts[1:]:
        union = exp.union(union, part, distinct=False, copy=False)
    staged = column("_outcome").eq(text("staged"))
    best = row_number(
        [*(column(key) for key in entity.key), staged], [ordered(column("_position"))]
    )
    rows = exp.select(exp.Star(), named(best, "_best")).from_(
        union.subquery("all_mappings", copy=False), copy=False
    )
    lost = exp.and_(staged.copy(), exp.GT(this=column("_best"), expression=number(1)))
    outcome = exp.Case().when(lost, text("merged")).else_(column("_outcome"))
    return _with_outcome(entity, rows.subquery("ranked", copy=False), outcome)


def _with_outcome(entity: Entity, rows: exp.Subquery, outcome: exp.Expr) -> exp.Select:
    kept = [*entity.columns, "_changed_at", "_mapping", "_source", "_table", BATCH, ROW, EXTRACTED]
    return exp.select(
        *(column(name) for name in kept),
        named(outcome, "_outcome"),
        column("_reasons"),
        column("_warnings"),
    ).from_(rows, copy=False)
