"""The members people picked, as the condition that the engine understands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cubes.predicates import (
    EMPTY,
    And,
    Compare,
    InList,
    IsNull,
    Not,
    Or,
    Predicate,
    Value,
    all_of,
    predicate_text,
)
from dashboards.view import Filter, Path, View
from metadata.filter_values import typed_value
from metadata.repository import Level, ResolvedCube


def view_condition(view: View, cube: ResolvedCube) -> tuple[Predicate, ...]:
    """Everything a view lets in: its filters, and the members it was drilled into."""
    parts = [filter_condition(each, cube) for each in view.filters]
    for step in view.trail:
        parts += [is_member(cube.levels[level], member) for level, member in step.into]
    return tuple(dict.fromkeys(parts))


def filter_condition(filter_: Filter, cube: ResolvedCube) -> Predicate:
    """One picker's condition."""
    chosen = is_any_of(cube.levels[filter_.level], filter_.members)
    return Not(chosen) if filter_.without else chosen


def is_any_of(level: Level, members: Sequence[str]) -> Predicate:
    """The level is one of the members, given as text; members that cannot be are left out.

    >>> level = Level("order_date", "year", "Year", "Order date", "integer")
    >>> predicate_text(is_any_of(level, ["2025", "(empty)"]))
    'order_date.year = 2025 OR order_date.year IS NULL'
    """
    values: list[Value] = [typed_value(m, level) for m in members if m != EMPTY]
    parts: list[Predicate] = []
    if values:
        one = len(values) == 1
        parts.append(
            Compare(level.name, "=", values[0]) if one else InList(level.name, tuple(values))
        )
    if EMPTY in members:
        parts.append(IsNull(level.name))
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def is_member(level: Level, member: str) -> Predicate:
    """The level is exactly this member."""
    return is_any_of(level, (member,))


def under_paths(
    cube: ResolvedCube, levels: Sequence[str], paths: Iterable[Path]
) -> Predicate | None:
    """Everything below any of the paths, whose steps are members of `levels`."""
    below = [
        all_of(tuple(is_member(cube.levels[n], m) for n, m in zip(levels, path, strict=True)))
        for path in paths
    ]
    parts = tuple(part for part in below if part is not None)
    return Or(parts) if len(parts) > 1 else (parts[0] if parts else None)


def condition_text(parts: Iterable[Predicate | None]) -> str | None:
    """The parts joined with AND, as text for a query; None when there is nothing to ask."""
    flat: list[Predicate] = []
    for part in parts:
        flat += part.parts if isinstance(part, And) else [part] if part is not None else []
    joined = all_of(tuple(flat))
    return predicate_text(joined) if joined is not None else None
