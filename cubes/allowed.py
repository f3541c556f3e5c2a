"""What rights ask of a plan: which totals are full, and which cells are large enough to count."""

from __future__ import annotations

from collections.abc import Iterable

from cubes.aggregates import aggregates_of
from cubes.nodes import (
    Aggregate,
    GroupSize,
    LargeCells,
    Plan,
    PlannedLevel,
    PlannedMeasure,
)
from cubes.predicates import levels_of
from cubes.resolve import ResolvedQuery
from cubes.scope import Scope
from metadata.access_names import roles_filtered
from metadata.errors import UserError

MOST_LEVELS = 5
"""Every selection of them is a group from which something small might be left over."""


def has_full_totals(query: ResolvedQuery) -> bool:
    """Whether totals cover what may not be seen.

    Never where the question itself filters by a role that access is decided by: its total would be
    that of the members it names, seen or not.
    """
    return (
        query.cube.rights.full_totals
        and query.totals
        and bool(query.levels)
        and not roles_filtered(query.where) & roles_filtered(query.allowed)
    )


def access_notes(query: ResolvedQuery, plan: Plan) -> tuple[str, ...]:
    """What whoever asks does not see of an answer."""
    rights = query.cube.rights
    notes = []
    if rights.where is not None:
        notes.append("Only facts that you may see are counted.")
        if plan.full_totals:
            notes[0] += " Totals cover all facts."
    for each in rights.smallest:
        of = f"{each.roles[0].replace('_', ' ')}s" if each.roles else "facts"
        notes.append(
            f"Figures that would stand for, or give away, fewer than {each.least} {of} are left"
            " out, of totals too."
        )
    masked = [level.label for level in query.levels if level.masked]
    if masked:
        notes.append(f"Masked: {', '.join(masked)}.")
    return tuple(notes)


def large_cells(
    query: ResolvedQuery,
    scope: Scope,
    levels: tuple[PlannedLevel, ...],
    measures: tuple[PlannedMeasure, ...],
) -> LargeCells | None:
    """The cells that count for whoever may not see figures of few; None for all others.

    Raises:
        UserError: the question names more levels than can be guarded.
    """
    rights = query.cube.rights
    if not rights.smallest:
        return None
    sizes, partial = tuple(_sizes(query, scope)), tuple(_partial(measures))
    if rights.cells is not None:
        settled = tuple(scope.level(name) for name in rights.cells)
        return LargeCells(settled, True, sizes, partial)
    filtered = levels_of(query.where) if query.where is not None else ()
    named = [*(level.column for level in levels), *(scope.level(name) for name in filtered)]
    columns = tuple(dict.fromkeys(named))
    if len(columns) > MOST_LEVELS:
        raise UserError(
            "The question names too many levels.",
            why="Figures that stand for few are withheld from you, and that is kept for"
            f" {MOST_LEVELS} levels at the most; it names {len(columns)}, filters included.",
            fix="Take a level or a filter away.",
        )
    return LargeCells(columns, False, sizes, partial)


def _sizes(query: ResolvedQuery, scope: Scope) -> Iterable[GroupSize]:
    for each in query.cube.rights.smallest:
        if not each.roles:
            yield GroupSize(each.least)
        for role in each.roles:
            resolved = query.cube.roles[role]
            own = scope.own(resolved.key_column)
            # Several versions are one member.
            key = f"{role}.{resolved.dimension.natural_key}"
            counted = scope.level(key) if resolved.dimension.tracks else own
            yield GroupSize(each.least, counted, own)


def _partial(measures: tuple[PlannedMeasure, ...]) -> Iterable[Aggregate]:
    found: dict[tuple[object, object], Aggregate] = {}
    for measure in measures:
        for each in aggregates_of(measure.formula):
            if each.where is not None or each.known is not None:
                found.setdefault((each.where, each.known), each)
    return found.values()
