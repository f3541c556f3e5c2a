"""What Explore shows, as one frozen value that fits in an address and comes back from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from metadata.repository import Level, Repository, ResolvedCube

Show = Literal["table", "chart", "sql"]
SHOWS: tuple[Show, ...] = ("table", "chart", "sql")
Path = tuple[str, ...]
"""Members from the outermost row inwards, as text: one place in the pivot's tree."""
MOST_PATHS = 60
"""Rows that may be opened at once; an address has an end, and so has patience."""
MOST_TOP = 1000


@dataclass(frozen=True)
class Filter:
    """Only some members of a level, or all but some."""

    level: str
    members: tuple[str, ...]
    without: bool = False


@dataclass(frozen=True)
class Drill:
    """One step down: the rows as they were, and the members that were stepped into."""

    rows: tuple[str, ...]
    into: tuple[tuple[str, str], ...]
    """(level, member) pairs."""


@dataclass(frozen=True)
class View:
    """Everything Explore needs to draw itself."""

    cube: str
    measures: tuple[str, ...]
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    trail: tuple[Drill, ...] = ()
    totals: bool = True
    top: int | None = None
    """Only this many members of the first row level ..."""
    top_by: str = ""
    """... by this measure ..."""
    least: bool = False
    """... counted from the other end."""
    sort: str = ""
    """Measure by which rows are ordered; empty for the natural order."""
    descending: bool = True
    show: Show = "table"
    opened: tuple[Path, ...] = ()
    """Rows drilled in place, beyond the levels chosen."""
    closed: tuple[Path, ...] = ()
    """Rows folded away, within the levels chosen."""

    def pivoted(self) -> View:
        """Rows and columns swapped."""
        return replace(self, rows=self.columns, columns=self.rows, opened=(), closed=(), trail=())

    def toggled(self, path: Path) -> View:
        """A row opened if it was shut, shut (with all below it) if it was open."""
        if len(path) < len(self.rows):
            folded = path in self.closed
            rest = tuple(p for p in self.closed if p != path)
            return replace(self, closed=rest if folded else (*rest, path)[-MOST_PATHS:])
        if path in self.opened:
            return replace(self, opened=tuple(p for p in self.opened if p[: len(path)] != path))
        return replace(self, opened=(*self.opened, path)[-MOST_PATHS:])

    def drilled(self, path: Path, cube: ResolvedCube) -> View:
        """Step into a member: only it, by the next level of its hierarchy.

        There is no way into a member that is masked.
        """
        levels = levels_along(self, cube, len(path))
        if any(cube.levels[level].masked for level in levels):
            return self
        into = tuple(zip(levels, path, strict=False))
        below = next_level(cube, levels[-1])
        kept = self.rows[len(path) :]
        rows = (below.name, *(r for r in kept if r != below.name)) if below else kept
        return replace(
            self,
            rows=rows or (levels[-1],),
            trail=(*self.trail, Drill(self.rows, into)),
            opened=(),
            closed=(),
        )

    def climbed(self, steps: int) -> View:
        """Back to where the trail had `steps` steps."""
        if steps >= len(self.trail):
            return self
        return replace(
            self, rows=self.trail[steps].rows, trail=self.trail[:steps], opened=(), closed=()
        )

    def arranged(self, rows: Sequence[str], columns: Sequence[str]) -> View:
        """Other levels down the side or across the top; what hung on the old ones goes."""
        across = tuple(c for c in columns if c not in rows)
        if (tuple(rows), across) == (self.rows, self.columns):
            return self
        opened = self.opened if tuple(rows) == self.rows else ()
        closed = self.closed if tuple(rows) == self.rows else ()
        return replace(self, rows=tuple(rows), columns=across, opened=opened, closed=closed)

    def to_address(self) -> dict[str, list[str]]:
        """Query parameters; what is as it is by default stays out."""
        address: dict[str, list[str]] = {
            "cube": [self.cube],
            "measures": [",".join(self.measures)],
            "rows": [",".join(self.rows)],
        }
        if self.columns:
            address["columns"] = [",".join(self.columns)]
        for each in self.filters:
            address[f"{'not' if each.without else 'only'}.{each.level}"] = list(each.members)
        if not self.totals:
            address["totals"] = ["no"]
        if self.top:
            sign = "-" if self.least else ""
            address["top"] = [f"{sign}{self.top}:{self.top_by}"]
        if self.sort:
            address["sort"] = [f"-{self.sort}" if self.descending else self.sort]
        if self.show != "table":
            address["show"] = [self.show]
        for name, paths in (("open", self.opened), ("closed", self.closed)):
            if paths:
                address[name] = [_text(path) for path in paths]
        if self.trail:
            address["drill"] = [_text([list(step.rows), *step.into]) for step in self.trail]
        return address


def default_view(cube: ResolvedCube) -> View:
    """What a cube shows before anybody asks."""
    default = cube.definition.default
    measures = tuple(m for m in default.measures if m in cube.measures)
    rows = tuple(r for r in default.rows if r in cube.levels)
    columns = tuple(c for c in default.columns if c in cube.levels and c not in rows)
    first = next(iter(cube.hierarchies), None)
    if not rows and not columns:
        name = first.levels[0].name if first else next(iter(cube.levels), "")
        rows = (name,) if name else ()
    return View(cube.name, measures or tuple(cube.measures)[:1], rows, columns)


def read_view(
    address: Mapping[str, Sequence[str]], repository: Repository, first: str
) -> tuple[View, list[str]]:
    """The view an address describes, and what of it could not be understood, in plain words.

    Args:
        address: query parameters.
        repository: the cubes there are.
        first: the cube shown when the address names none.
    """
    lost: list[str] = []
    wanted = _one(address, "cube")
    if wanted and wanted not in repository.cubes:
        lost.append(f"There is no data called “{wanted}” here.")
    if wanted not in repository.cubes:
        return default_view(repository.cubes[first]), lost
    cube = repository.cubes[wanted]
    base = default_view(cube)
    measures = _known(_names(address, "measures"), cube.measures, "figure", lost)
    rows = _known(_names(address, "rows"), cube.levels, "level", lost)
    columns = _known(_names(address, "columns"), cube.levels, "level", lost)
    top, top_by, least = _top(_one(address, "top"), cube)
    sort = _one(address, "sort")
    show = _one(address, "show")
    view = View(
        cube=cube.name,
        measures=measures or base.measures,
        rows=rows if "rows" in address else base.rows,
        columns=tuple(c for c in columns if c not in rows),
        filters=tuple(_filters(address, cube, lost)),
        trail=_trail(address, cube),
        totals=_one(address, "totals") != "no",
        top=top,
        top_by=top_by,
        least=least,
        sort=sort.lstrip("-") if sort.lstrip("-") in cube.measures else "",
        descending=not sort or sort.startswith("-"),
        show=next((s for s in SHOWS if s == show), "table"),
        opened=_paths(address, "open"),
        closed=_paths(address, "closed"),
    )
    return view, lost


def next_level(cube: ResolvedCube, level: str) -> Level | None:
    """The level below, in the first hierarchy of the cube that has one."""
    for hierarchy in cube.hierarchies:
        names = [each.name for each in hierarchy.levels]
        if level in names[:-1]:
            return hierarchy.levels[names.index(level) + 1]
    return None


def levels_along(view: View, cube: ResolvedCube, depth: int) -> tuple[str, ...]:
    """The level of each step of a path `depth` long; shorter when the hierarchy ends before."""
    levels = list(view.rows[:depth])
    while levels and len(levels) < depth:
        below = None if cube.levels[levels[-1]].masked else next_level(cube, levels[-1])
        if below is None or below.name in levels or below.name in view.columns:
            break
        levels.append(below.name)
    return tuple(levels)


def _filters(
    address: Mapping[str, Sequence[str]], cube: ResolvedCube, lost: list[str]
) -> list[Filter]:
    found = []
    for key, members in address.items():
        kind, _, level = key.partition(".")
        if kind in ("only", "not") and level:
            if level in cube.levels and members and not cube.levels[level].masked:
                found.append(Filter(level, tuple(dict.fromkeys(members)), kind == "not"))
            else:
                lost.append(f"{cube.label} cannot be filtered by “{level}”.")
    return found


def _trail(address: Mapping[str, Sequence[str]], cube: ResolvedCube) -> tuple[Drill, ...]:
    steps: list[Drill] = []
    for text in address.get("drill", ()):
        match _parsed(text):
            case [list(rows), *into] if into:
                pairs = tuple(
                    (pair[0], pair[1]) for pair in into if isinstance(pair, list) and len(pair) == 2
                )
                known = all(isinstance(r, str) and r in cube.levels for r in rows) and all(
                    isinstance(member, str)
                    and level in cube.levels
                    and not cube.levels[level].masked
                    for level, member in pairs
                )
                if not known or len(pairs) != len(into):
                    return tuple(steps)
                steps.append(Drill(tuple(rows), pairs))
            case _:
                return tuple(steps)
    return tuple(steps)


def _paths(address: Mapping[str, Sequence[str]], name: str) -> tuple[Path, ...]:
    found = []
    for text in list(address.get(name, ()))[:MOST_PATHS]:
        path = _parsed(text)
        if isinstance(path, list) and path and all(isinstance(step, str) for step in path):
            found.append(tuple(path))
    return tuple(found)


def _top(text: str, cube: ResolvedCube) -> tuple[int | None, str, bool]:
    count, _, by = text.partition(":")
    digits = count.lstrip("-")
    if not digits.isdecimal() or by not in cube.measures or int(digits) < 1:
        return None, "", False
    return min(int(digits), MOST_TOP), by, count.startswith("-")


def _known(
    names: Sequence[str], known: Mapping[str, object], what: str, lost: list[str]
) -> tuple[str, ...]:
    for name in names:
        if name not in known:
            lost.append(f"There is no {what} “{name}” any more.")
    return tuple(dict.fromkeys(name for name in names if name in known))


def _names(address: Mapping[str, Sequence[str]], key: str) -> list[str]:
    return [part for part in _one(address, key).split(",") if part]


def _one(address: Mapping[str, Sequence[str]], key: str) -> str:
    values = address.get(key, ())
    return values[0] if values else ""


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
