"""The plan of a change: what differs from the applied metadata, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cubes.operations import Operations
from metadata import Repository
from metadata.applied import AppliedState, load_state, plan_id, state_in_force
from metadata.changes import Change, changes
from pipelines.change.costs import Costs, kind_of
from pipelines.change.dependents import Dependents, Following
from pipelines.control import Control
from pipelines.replay import Replay
from pipelines.storage import Storage
from transforms.effects import Doing, Effects, Weight, effects

WEIGHTS: tuple[Weight, ...] = ("metadata_only", "additive", "backfill", "breaking")
"""From the lightest to the heaviest."""


@dataclass(frozen=True)
class PlannedProduct:
    """What is done to one table, and how much work that was when it was last done."""

    name: str
    kind: str
    """entity, golden records, dimension, bridge, fact or rollup"""
    doing: Doing
    rows: int | None
    """Rows of the last load, or as many as it will have by what it is made of."""
    seconds: float
    """Seconds that it took the last time, or that others of its kind take for as many rows."""
    parts: tuple[str, ...] = ()
    """Its columns that are made otherwise; all stay as they are where there are none."""


@dataclass(frozen=True)
class PlannedChange:
    """One change with its weight, and what depends on what it changes."""

    change: Change
    weight: Weight
    products: Mapping[str, Doing]
    reads_again: tuple[str, ...]
    figures: tuple[str, ...]
    levels: tuple[str, ...]
    dependents: Dependents

    @property
    def shown(self) -> tuple[str, ...]:
        """What pages show of it: tiles, charts, alarms."""
        return self.dependents.shown

    def as_dict(self) -> dict[str, Any]:
        """The change as JSON-ready values."""
        change = self.change
        where = change.where
        return {
            "kind": change.kind,
            "name": change.name,
            "action": change.action,
            "class": self.weight,
            "path": ".".join(change.path),
            "before": change.before,
            "after": change.after,
            "old_name": change.old_name or None,
            "file": where.file if where else None,
            "line": where.line if where else None,
            "products": dict(self.products),
            "reads_again": list(self.reads_again),
            "dependents": {
                "measures": list(self.figures),
                "levels": list(self.levels),
                "shown": list(self.shown),
                **self.dependents.as_dict(),
            },
        }


@dataclass(frozen=True)
class ChangePlan:
    """Everything that `apply` would do. Without changes there is nothing to do."""

    identity: str
    """By which `apply` knows this plan again."""
    base: int | None
    """Number of the applied state that was compared with; None before the first."""
    changes: tuple[PlannedChange, ...]
    products: tuple[PlannedProduct, ...]
    """Every table of either state, those that are kept too."""
    reads_again: tuple[str, ...]
    """Source tables, as source.table, that are read anew; all others come from the landing zone."""
    reading_seconds: float
    """Seconds that reading them took the last time."""
    publishing_seconds: float
    """Seconds that publishing took the last time."""
    notes: tuple[str, ...]
    """From where histories come that were not kept."""
    words_only: bool
    """Files differ, but nothing that they define does: comments, order, file names."""

    @property
    def empty(self) -> bool:
        """Whether nothing is defined otherwise than it was applied."""
        return not self.changes

    @property
    def weight(self) -> Weight:
        """The heaviest weight of any change."""
        found = {change.weight for change in self.changes}
        return next((w for w in reversed(WEIGHTS) if w in found), "metadata_only")

    def doing(self, *which: Doing) -> tuple[PlannedProduct, ...]:
        """The tables to which one of these is done."""
        return tuple(product for product in self.products if product.doing in which)

    @property
    def seconds(self) -> float:
        """How long it will take, by how long the same has taken before."""
        made = self.doing("create", "rebuild", "update")
        if not made and not self.reads_again and not self.doing("reshape", "drop"):
            return 0.0
        return self.reading_seconds + sum(p.seconds for p in made) + self.publishing_seconds

    @property
    def seconds_at_most(self) -> float:
        """The same if the keys of dimensions turn out to change."""
        return self.seconds + sum(p.seconds for p in self.doing("if_keys_change"))

    @property
    def rows(self) -> int:
        """Rows of the tables that are made."""
        return sum(p.rows or 0 for p in self.doing("create", "rebuild", "update"))

    def as_dict(self) -> dict[str, Any]:
        """The plan as JSON-ready values."""
        return {
            "plan": self.identity,
            "base": self.base,
            "changes": [change.as_dict() for change in self.changes],
            "class": None if self.empty else self.weight,
            "products": [
                {
                    "name": p.name, "kind": p.kind, "doing": p.doing, "rows": p.rows,
                    "seconds": round(p.seconds, 3), "parts": list(p.parts),
                }
                for p in self.products
            ],
            "rebuilt": [p.name for p in self.products if p.doing != "keep"],
            "kept": [p.name for p in self.doing("keep")],
            "reads_again": list(self.reads_again),
            "notes": list(self.notes),
            "rows": self.rows,
            "seconds": round(self.seconds, 3),
            "seconds_at_most": round(self.seconds_at_most, 3),
        }  # fmt: skip


def make_plan(repository: Repository, *, base: AppliedState | None = None) -> ChangePlan:
    """Compare a workspace's metadata with what was applied.

    Args:
        repository: the working state.
        base: the applied state to compare with; the one in force when None.

    Raises:
        MetadataError: the applied state cannot be read by this release.
    """
    state = base or state_in_force(repository.storage)
    before = load_state(repository.root, state) if state else None
    found = changes(before, repository)
    followed = effects(before, repository, found)
    costs = Costs(repository, Operations(repository.storage).last_costs())
    replays = tuple(_replays(repository, followed)) if state else ()
    again = followed.reads_again if before else ()
    number = state.number if state else None
    return ChangePlan(
        identity=plan_id(number, repository.texts, repository.shipped),
        base=number,
        changes=tuple(_planned(before, repository, followed)),
        products=tuple(_products(followed, costs, replays)),
        reads_again=again,
        reading_seconds=sum(costs.of(name).seconds for name in again),
        publishing_seconds=costs.publishing,
        notes=tuple(replay.note for replay in replays),
        words_only=bool(state) and not found and state.texts != dict(repository.texts),
    )


def _planned(
    before: Repository | None, after: Repository, followed: Effects
) -> Iterator[PlannedChange]:
    following = Following(before, after)
    for effect in followed.each:
        yield PlannedChange(
            effect.change,
            effect.weight,
            effect.products,
            effect.reads_again,
            effect.figures,
            effect.levels,
            following.of(effect),
        )


@dataclass(frozen=True)
class _Replayed:
    """A dimension that is loaded again load by load; nothing is `staged` where it cannot be."""

    product: str
    loads: int
    staged: tuple[str, ...]
    note: str


def _replays(repository: Repository, followed: Effects) -> Iterator[_Replayed]:
    storage = Storage.of(repository)
    control = Control(storage)
    try:
        replay = Replay(repository, storage, control)
        for resolved in repository.dimensions.values():
            names = ", ".join(followed.histories.get(resolved.table, ()))
            if not names or followed.products[resolved.table] != "update":
                continue
            landings = replay.landings(resolved)
            obstacle = replay.obstacle(resolved)
            if obstacle:
                note = f"The history of {names} in {resolved.table} begins when this is applied:"
                yield _Replayed(resolved.table, 0, (), f"{note} {obstacle}.")
                continue
            note = (
                f"The history of {names} in {resolved.table} is taken from the landing zone,"
                f" from {len(landings)} loads since {landings[0].moment:%Y-%m-%d}."
            )
            staged = replay.entities(resolved)
            yield _Replayed(resolved.table, len(landings), staged, note)
    finally:
        control.close()


def _products(
    followed: Effects, costs: Costs, replays: Iterable[_Replayed]
) -> Iterator[PlannedProduct]:
    loads = {replay.product: replay for replay in replays}
    for name, doing in followed.products.items():
        cost = costs.of(name)
        parts = followed.parts.get(name, ())
        seconds = cost.seconds
        if (replay := loads.get(name)) is not None:
            again = seconds + sum(costs.of(entity).seconds for entity in replay.staged)
            seconds += again * replay.loads
        yield PlannedProduct(name, kind_of(name), doing, cost.rows, seconds, parts)
