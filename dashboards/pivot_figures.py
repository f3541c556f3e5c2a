"""Which questions a view asks the engine, and its answers, found by place.

Nothing is added up here: every total on the page is a row the engine sent (`totals=True`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cubes import Query, Result, Top
from dashboards.filters import condition_text, under_paths, view_condition
from dashboards.view import Path, View, levels_along
from dashboards.wording import Number, member_text
from metadata.repository import ResolvedCube

MOST_LEAVES = 20_000
"""Leaf rows asked for; more than anybody reads, and still quick to draw."""

Ask = Callable[[Query], Result]


@dataclass
class FiguresByPlace:
    """Figures of a pivot by row path and column path; a shorter path means the total over it."""

    figures: dict[tuple[Path, Path], tuple[Number | None, ...]] = field(default_factory=dict)
    children: dict[Path, list[str]] = field(default_factory=dict)
    """Members below each row path, in the engine's order."""
    across: dict[Path, list[str]] = field(default_factory=dict)
    """Members below each column path, in the engine's order."""
    whole: bool = True
    """False when there were more rows than were asked for."""
    notes: tuple[str, ...] = ()
    """What whoever looks does not see of it."""

    def at(self, row: Path, column: Path) -> tuple[Number | None, ...] | None:
        """The figures of one cell, one for each measure; None where there are no facts."""
        return self.figures.get((row, column))


def base_query(view: View, cube: ResolvedCube) -> Query:
    """The question for the levels that were chosen."""
    top = Top(view.top, view.top_by, not view.least) if view.top and view.rows else None
    return Query(
        cube=view.cube,
        measures=asked_measures(view),
        rows=view.rows,
        columns=view.columns,
        where=condition_text(view_condition(view, cube)),
        totals=True,
        top=top,
        limit=MOST_LEAVES,
    )


def flat_query(view: View, cube: ResolvedCube) -> Query:
    """The same without totals and with every row, for taking along."""
    base = base_query(view, cube)
    return Query(
        cube=base.cube, measures=view.measures, rows=base.rows, columns=base.columns,
        where=base.where, top=base.top,
    )  # fmt: skip


def asked_measures(view: View) -> tuple[str, ...]:
    """The measures shown, and the one that only orders rows."""
    extra = (view.sort,) if view.sort and view.sort not in view.measures else ()
    return (*view.measures, *extra)


def collect(view: View, cube: ResolvedCube, ask: Ask) -> FiguresByPlace:
    """Ask for everything a view shows: its levels, then one question for each depth opened."""
    found = FiguresByPlace()
    width = len(view.rows)
    base = base_query(view, cube)
    answer = ask(base)
    found.notes = answer.notes
    _read(found, answer, width, asked_measures(view), keep_above=True)
    by_depth: dict[int, list[Path]] = {}
    for path in view.opened:
        by_depth.setdefault(len(path), []).append(path)
    for depth, paths in sorted(by_depth.items()):
        # A row opened below one that is gone (filtered away, or never there) is left alone.
        there = [p for p in paths if p[-1] in found.children.get(p[:-1], ())]
        levels = levels_along(view, cube, depth + 1)
        if there and len(levels) == depth + 1:
            below = under_paths(cube, levels[:depth], there)
            query = Query(
                cube=view.cube,
                measures=base.measures,
                rows=levels,
                columns=view.columns,
                where=condition_text((*view_condition(view, cube), below)),
                totals=True,
                limit=MOST_LEAVES,
            )
            _read(found, ask(query), depth + 1, base.measures, keep_above=False)
    return found


def _read(
    found: FiguresByPlace,
    result: Result,
    width: int,
    measures: Sequence[str],
    *,
    keep_above: bool,
) -> None:
    """File a result's rows by place; `width` is how many of its levels stand in rows."""
    levels = [column.name for column in result.columns if column.kind == "level"]
    leaves = 0
    for row in _records(result, [*levels, *measures, "_grouping"]):
        members = [member_text(value) for value in row[: len(levels)]]
        *figures, mask = row[len(levels) :]
        kept = [not int(mask or 0) >> (len(levels) - 1 - i) & 1 for i in range(len(levels))]
        leaves += not mask
        rows, columns = _prefix(members, kept, 0, width), _prefix(members, kept, width, None)
        if rows is None or columns is None or (not keep_above and len(rows) < width):
            # A total over a wider level within a narrower one: a pivot has no place for it.
            continue
        for depth in range(len(rows)):
            _append(found.children, rows[:depth], rows[depth])
        for depth in range(len(columns)):
            _append(found.across, columns[:depth], columns[depth])
        found.figures[rows, columns] = tuple(figures)
    if leaves >= MOST_LEAVES:
        found.whole = False


def _prefix(
    members: Sequence[str], kept: Sequence[bool], start: int, end: int | None
) -> Path | None:
    """The members kept, when they are the first ones of their axis."""
    flags, part = kept[start:end], members[start:end]
    count = sum(flags)
    return tuple(part[:count]) if all(flags[:count]) else None


def _append(tree: dict[Path, list[str]], path: Path, member: str) -> None:
    siblings = tree.setdefault(path, [])
    # Leaves come in order, so the last one is nearly always the one that was just seen.
    if not siblings or (siblings[-1] != member and member not in siblings):
        siblings.append(member)


def _records(result: Result, names: Iterable[str]) -> Iterable[tuple[Any, ...]]:
    table = result.table
    present = set(table.column_names)
    columns = [
        table.column(name).to_pylist() if name in present else [0] * table.num_rows
        for name in names
    ]
    return zip(*columns, strict=True)
