"""Which published figures a change would move, by how much and for which members.

The change is carried out aside: on a copy of what is published and over the same landing zone, by
the same steps as when it is applied. Then the same questions are asked of both, and what differs is
told. Nothing that readers or runs see is touched.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from cubes import Engine, Query
from cubes.formatting import format_value
from metadata import Repository
from metadata.applied import load_state, state_in_force
from metadata.errors import UserError
from metadata.predicates import EMPTY
from metadata.repository import ResolvedCube
from pipelines import publish
from pipelines.change.plan import ChangePlan
from pipelines.lock import run_lock
from pipelines.plan import STAGES, plan_run
from pipelines.session import Session, new_run
from pipelines.storage import Storage

_MEMBERS = 5_000
"""Members of one level that are compared at most."""


@dataclass(frozen=True)
class Moved:
    """One figure that would move. `before` or `after` is None where there is no such member."""

    cube: str
    measure: str
    level: str
    member: str
    before: Any
    after: Any
    before_text: str
    after_text: str
    by_text: str

    @property
    def weight(self) -> float:
        """By how much it moves, in its own unit; what appears or goes moves by all of it."""
        return abs(float(self.after or 0) - float(self.before or 0))


@dataclass(frozen=True)
class Impact:
    """The figures that move, the largest moves of each measure first."""

    moved: tuple[Moved, ...]
    compared: int
    notes: tuple[str, ...]
    """What could not be compared, and why."""

    def foremost(self, count: int) -> tuple[Moved, ...]:
        """What to look at first: totals, then the largest moves of each measure and level."""
        rank: dict[tuple[str, str], int] = {}
        ranked = []
        for move in self.moved:
            key = (move.measure, move.level)
            rank[key] = rank.get(key, 0) + 1
            ranked.append((bool(move.level), rank[key], move.measure, move.level, move))
        chosen = {id(entry[-1]) for entry in sorted(ranked, key=lambda e: e[:4])[:count]}
        return tuple(move for move in self.moved if id(move) in chosen)

    def as_dict(self) -> dict[str, Any]:
        """The impact as JSON-ready values."""
        return {
            "compared": self.compared,
            "moved": [
                {
                    "cube": m.cube, "measure": m.measure, "level": m.level, "member": m.member,
                    "before": m.before, "after": m.after,
                }
                for m in self.moved
            ],
            "notes": list(self.notes),
        }  # fmt: skip


def impact_of(repository: Repository, plan: ChangePlan) -> Impact:
    """Build a change aside and compare its figures with the published ones.

    Args:
        repository: the working state.
        plan: its plan.

    Raises:
        UserError: nothing is published yet, a run is at work, or the change cannot be built.
    """
    storage = Storage.of(repository)
    state = state_in_force(storage.root)
    if publish.current(storage) is None or state is None:
        raise UserError(
            "There is nothing to compare with yet.",
            why="No version has been published.",
            fix="Apply this state first: `rapport apply`.",
        )
    before = load_state(repository.root, state)
    with _shadow(repository, storage, plan) as shadow:
        old, new = Engine(before), Engine(repository, shadow.published)
        try:
            return _compared(before, repository, old, new, plan)
        finally:
            old.close()
            new.close()


@contextmanager
def _shadow(repository: Repository, storage: Storage, plan: ChangePlan) -> Iterator[Storage]:
    """A storage of its own in which the change has been carried out."""
    with (
        run_lock(storage.lock, wait=False),
        tempfile.TemporaryDirectory(prefix=publish.SHADOW, dir=storage.root) as folder,
    ):
        shadow = storage.beside(Path(folder))
        published, _ = publish.in_force(storage)
        shutil.copyfile(published, shadow.warehouse_database)
        shadow.warehouse_database.chmod(0o644)
        if storage.staging_database.is_file():
            shutil.copyfile(storage.staging_database, shadow.staging_database)
        steps = plan_run(repository)
        with Session(
            repository, new_run(), total=len(steps.steps), storage=shadow, only_changes=True
        ) as session:
            for stage in STAGES[1:]:
                for _ in session.perform(steps.of_stage(stage)):
                    pass
            failed = [i for r in session.results.values() for i in r.issues]
        if failed:
            raise UserError(
                "The change cannot be built.",
                where=failed[0].where,
                why=f"{failed[0].what} {failed[0].why}".strip(),
                fix=failed[0].fix,
            )
        yield shadow


def _compared(
    before: Repository, after: Repository, old: Engine, new: Engine, plan: ChangePlan
) -> Impact:
    """Ask what may move, of both."""
    notes: list[str] = []
    found: list[Moved] = []
    compared = 0
    for cube, measures, levels in _questions(before, after, plan):
        for level in (None, *levels):
            query = Query(cube, measures, (level,) if level else (), limit=_MEMBERS)
            try:
                was, now = old.query(query).table, new.query(query).table
            except UserError as error:
                notes.append(f"{cube} by {level or 'all'} could not be compared: {error}")
                continue
            sides = [_by_member(table.to_pylist(), level) for table in (was, now)]
            if max(map(len, sides)) >= _MEMBERS:
                # Which of so many are answered is chance; those of both sides can be compared.
                both = sides[0].keys() & sides[1].keys()
                sides = [{m: row for m, row in side.items() if m in both} for side in sides]
                notes.append(f"{cube} by {level}: {len(both):,} members were compared, not all.")
            compared += len(measures) * len({*sides[0], *sides[1]})
            found += _moves(after.cubes[cube], after, measures, level, *sides)
    for name in plan.reads_again:
        notes.append(f"{name} is read when this is applied; what that brings is not known before.")
    for change in plan.changes:
        if change.change.kind in ("measure", "cube") and change.change.action != "changed":
            notes.append(f"{change.change.name} is {change.change.action}: nothing to compare.")
    return Impact(tuple(_ordered(after, found)), compared, tuple(dict.fromkeys(notes)))


def _ordered(repository: Repository, found: list[Moved]) -> list[Moved]:
    """Totals before members, and first the measures that people look at first."""

    def place(moved: Moved) -> tuple[object, ...]:
        name = moved.measure.rpartition(".")[2]
        usual = repository.cubes[moved.cube].definition.default.measures
        rank = usual.index(name) if name in usual else len(usual)
        by = (moved.measure, moved.level, -moved.weight, moved.member)
        return (bool(moved.level), moved.cube, rank, *by)

    return sorted(found, key=place)


def _questions(
    before: Repository, after: Repository, plan: ChangePlan
) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """For each cube the measures that may move, and the levels by which it is worth looking."""
    figures = {name for change in plan.changes for name in change.figures}
    changed = {name for change in plan.changes for name in change.levels}
    for name, cube in sorted(after.cubes.items()):
        other = before.cubes.get(name)
        if other is None:
            continue
        touched = {entry.partition(": ")[2] for entry in changed if entry.startswith(f"{name}: ")}
        measures = tuple(
            m for m in cube.measures
            if m in other.measures and (f"{name}.{m}" in figures or touched)
        )  # fmt: skip
        if not measures:
            continue
        tops = [h.levels[0].name for h in cube.hierarchies]
        wanted = [*sorted(touched), *cube.definition.default.rows, *tops]
        known = cube.levels.keys() & other.levels.keys()
        yield name, measures, tuple(level for level in dict.fromkeys(wanted) if level in known)


def _by_member(rows: Sequence[dict[str, Any]], level: str | None) -> dict[str, dict[str, Any]]:
    def member(row: dict[str, Any]) -> str:
        if level is None:
            return ""
        return EMPTY if row[level] is None else str(row[level])

    return {member(row): row for row in rows}


def _moves(
    cube: ResolvedCube,
    repository: Repository,
    measures: Sequence[str],
    level: str | None,
    was: dict[str, dict[str, Any]],
    now: dict[str, dict[str, Any]],
) -> Iterator[Moved]:
    settings = repository.workspace
    for member in dict.fromkeys((*was, *now)):
        for name in measures:
            old, new = was.get(member, {}).get(name), now.get(member, {}).get(name)
            if _same(old, new):
                continue
            shape = cube.measures[name].format
            texts = [
                "" if value is None
                else format_value(value, shape, settings.currency, settings.locale)
                for value in (old, new, _difference(old, new))
            ]  # fmt: skip
            shown = member if level else "all"
            yield Moved(cube.name, f"{cube.name}.{name}", level or "", shown, old, new, *texts)


def _same(old: Any, new: Any) -> bool:
    if old is None or new is None:
        return old is new
    if isinstance(old, float) or isinstance(new, float):
        # Sums of floats depend on the order in which they were added.
        return abs(float(old) - float(new)) <= 1e-9 * max(abs(float(old)), abs(float(new)), 1.0)
    return bool(old == new)


def _difference(old: Any, new: Any) -> Any:
    if isinstance(old, float) or isinstance(new, float):
        return float(new or 0) - float(old or 0)
    return Decimal(new or 0) - Decimal(old or 0)
