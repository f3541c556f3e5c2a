"""A view and its figures as a grid: heads, rows and cells, ready to be drawn as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dashboards.pivot_figures import FiguresByPlace, asked_measures
from dashboards.view import Path, View, levels_along, next_level
from dashboards.wording import Figures, Number, measure_label, member_label
from metadata.repository import ResolvedCube

MOST_ROWS = 1_500
MOST_COLUMNS = 60
TOTAL = "Total"


@dataclass(frozen=True)
class Grid:
    """What the pivot component draws, and what had to be left out of it."""

    data: dict[str, Any]
    rows: int
    notes: tuple[str, ...]


def build_grid(view: View, cube: ResolvedCube, found: FiguresByPlace, figures: Figures) -> Grid:
    """Lay out heads, rows and cells."""
    return _Layout(view, cube, found, figures).grid()


def parse_path(text: str) -> Path | None:
    """A row's id, as the component sends it back."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    right = isinstance(value, list) and value and all(isinstance(step, str) for step in value)
    return tuple(value) if right else None


class _Layout:
    def __init__(
        self, view: View, cube: ResolvedCube, found: FiguresByPlace, figures: Figures
    ) -> None:
        self.view, self.cube, self.found, self.figures = view, cube, found, figures
        self.opened, self.closed = set(view.opened), set(view.closed)
        self.measures = [cube.measures[name] for name in view.measures]
        self.notes: list[str] = []
        self.columns = self._columns()
        self.paths = self._rows()
        self.decimals = self._decimals()

    def grid(self) -> Grid:
        view, levels = self.view, self.cube.levels
        corner = " › ".join(levels[name].label for name in view.rows) or TOTAL
        rows = [self._row(path, _kind(self, path)) for path in self.paths]
        if view.totals and view.rows:
            rows.append(self._row((), "total"))
        data = {
            "corner": corner,
            "label": f"{self.cube.label}: {', '.join(self._labels())} by {corner}",
            "heads": list(self._heads()),
            "measures": [
                {"name": name, "label": label, "help": measure.description,
                 "sorted": self._sorted(name)}
                for name, label, measure in zip(
                    view.measures, self._labels(), self.measures, strict=True
                )
            ],
            "columns": len(self.columns),
            "totalColumn": view.totals and bool(view.columns),
            "rows": rows,
        }  # fmt: skip
        if not self.found.whole:
            self.notes.append("There is more than fits here. Filter it, or take the top few.")
        return Grid(data, len(self.paths), tuple(self.notes))

    def _labels(self) -> list[str]:
        return [
            measure_label(name, measure)
            for name, measure in zip(self.view.measures, self.measures, strict=True)
        ]

    def _sorted(self, name: str) -> str:
        if name != self.view.sort:
            return ""
        return "descending" if self.view.descending else "ascending"

    def _columns(self) -> list[Path]:
        """Leaf columns in order, then the total over them."""
        depth = len(self.view.columns)
        leaves: list[Path] = list(_leaves(self.found.across, (), depth)) if depth else [()]
        if len(leaves) > MOST_COLUMNS:
            self.notes.append(
                f"The first {MOST_COLUMNS} of {len(leaves):,} columns are shown. Filter them,"
                " or swap rows and columns."
            )
            leaves = leaves[:MOST_COLUMNS]
        if depth and self.view.totals:
            leaves.append(())
        return leaves

    def _rows(self) -> list[Path]:
        if not self.view.rows:
            return [()]
        paths: list[Path] = []
        for path in self._walk(()):
            if len(paths) == MOST_ROWS:
                self.notes.append(
                    f"The first {MOST_ROWS:,} rows are shown. Filter them, or take the top few."
                )
                break
            paths.append(path)
        return paths

    def _walk(self, above: Path) -> Iterator[Path]:
        for member in self._ordered(above):
            path = (*above, member)
            yield path
            if self._is_open(path):
                yield from self._walk(path)

    def _ordered(self, above: Path) -> list[str]:
        members = self.found.children.get(above, [])
        if not self.view.sort:
            return members
        place = asked_measures(self.view).index(self.view.sort)

        def figure(member: str) -> Number | None:
            cell = self.found.at((*above, member), ())
            return cell[place] if cell else None

        known = [(value, m) for m in members if (value := figure(m)) is not None]
        known.sort(key=lambda pair: pair[0], reverse=self.view.descending)
        return [m for _, m in known] + [m for m in members if figure(m) is None]

    def _is_open(self, path: Path) -> bool:
        if len(path) < len(self.view.rows):
            return path not in self.closed
        return path in self.opened and path in self.found.children

    def _decimals(self) -> list[int | None]:
        return [
            self.figures.column_decimals(
                (cell[i] for path in self.paths for column in self.columns
                 if (cell := self.found.at(path, column)) is not None),
                measure.format,
            )
            for i, measure in enumerate(self.measures)
        ]  # fmt: skip

    def _row(self, path: Path, kind: str) -> dict[str, Any]:
        levels = levels_along(self.view, self.cube, len(path))
        attribute = levels[-1].rpartition(".")[2] if levels else ""
        # Without totals the rows that hold others say only who they are.
        silent = kind == "group" and not self.view.totals
        below = next_level(self.cube, levels[-1]) if levels else None
        return {
            "id": json.dumps(path, ensure_ascii=False, separators=(",", ":")),
            "depth": max(0, len(path) - 1),
            "label": member_label(path[-1], attribute) if path else TOTAL,
            "level": self.cube.levels[levels[-1]].label if levels else "",
            "kind": kind,
            "open": self._is_open(path) if path else False,
            "opens": bool(path) and self._opens(path),
            "drills": bool(path) and not any(self.cube.levels[name].masked for name in levels),
            "below": below.label if below else "",
            "cells": [] if silent else list(self._cells(path)),
        }

    def _opens(self, path: Path) -> bool:
        if len(path) < len(self.view.rows):
            return True
        return len(levels_along(self.view, self.cube, len(path) + 1)) > len(path)

    def _cells(self, path: Path) -> Iterator[str]:
        for column in self.columns:
            cell = self.found.at(path, column)
            for i, measure in enumerate(self.measures):
                if cell is None:
                    yield ""
                else:
                    yield self.figures.exact(cell[i], measure.format, self.decimals[i])

    def _heads(self) -> Iterator[list[dict[str, Any]]]:
        """One row of heads for each column level; neighbours with the same member share one."""
        for depth, name in enumerate(self.view.columns):
            attribute = self.cube.levels[name].attribute
            row: list[dict[str, Any]] = []
            last: Path | None = None
            for column in self.columns:
                if not column:
                    row.append({"text": TOTAL if depth == 0 else "", "span": 1})
                    last = None
                elif column[: depth + 1] == last:
                    row[-1]["span"] += 1
                else:
                    last = column[: depth + 1]
                    row.append({"text": member_label(column[depth], attribute), "span": 1})
            yield row


def _kind(layout: _Layout, path: Path) -> str:
    return "group" if len(path) < len(layout.view.rows) else "member"


def _leaves(tree: dict[Path, list[str]], above: Path, depth: int) -> Iterator[Path]:
    for member in tree.get(above, ()):
        path = (*above, member)
        if len(path) == depth:
            yield path
        else:
            yield from _leaves(tree, path, depth)
