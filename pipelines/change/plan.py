"""The plan of a change: what differs from the applied metadata, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cubes.operations import Operations, StepCost
from metadata import Repository
from metadata.applied import AppliedState, load_state, state_in_force
from metadata.changes import Change, changes
from metadata.lineage import LineageGraph, lineage_of
from transforms.effects import Doing, Effect, Effects, Weight, effects

WEIGHTS: tuple[Weight, ...] = ("metadata_only", "additive", "backfill", "breaking")
"""From the lightest to the heaviest."""


@dataclass(frozen=True)
class PlannedProduct:
    """What is done to one table, and how much work that was when it was last done."""

    name: str
    kind: str
    """entity, dimension, bridge, fact or rollup"""
    doing: Doing
    rows: int | None
    """Rows of the last load; None where it was never loaded."""
    seconds: float | None
    """Seconds of the last load."""


@dataclass(frozen=True)
class PlannedChange:
    """One change with its weight, and what depends on what it changes."""

    change: Change
    weight: Weight
    products: Mapping[str, Doing]
    reads_again: tuple[str, ...]
    figures: tuple[str, ...]
    levels: tuple[str, ...]
    shown: tuple[str, ...]
    """What pages show of it: tiles, charts, alarms."""

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
            },
        }


@dataclass(frozen=True)
class ChangePlan:
    """Everything that `apply` would do. Without changes there is nothing to do."""

    base: int | None
    """Number of the applied state that was compared with; None before the first."""
    changes: tuple[PlannedChange, ...]
    products: tuple[PlannedProduct, ...]
    """Every table of either state, those that are kept too."""
    reads_again: tuple[str, ...]
    """Source tables, as source.table, that are read anew; all others come from the landing zone."""
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
    def seconds(self) -> float | None:
        """How long the work took when it was last done; None where some of it is new."""
        known = [p.seconds for p in self.doing("create", "rebuild", "update")]
        return None if any(s is None for s in known) else sum(s for s in known if s is not None)

    def as_dict(self) -> dict[str, Any]:
        """The plan as JSON-ready values."""
        return {
            "base": self.base,
            "changes": [change.as_dict() for change in self.changes],
            "class": None if self.empty else self.weight,
            "products": [
                {
                    "name": p.name, "kind": p.kind, "doing": p.doing, "rows": p.rows,
                    "seconds": p.seconds,
                }
                for p in self.products
            ],
            "rebuilt": [p.name for p in self.products if p.doing != "keep"],
            "kept": [p.name for p in self.doing("keep")],
            "reads_again": list(self.reads_again),
            "seconds": self.seconds,
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
    costs = Operations(repository.storage).last_costs()
    return ChangePlan(
        base=state.number if state else None,
        changes=tuple(_planned(before, repository, followed)),
        products=tuple(_products(followed, costs)),
        reads_again=followed.reads_again if before else (),
        words_only=bool(state) and not found and state.texts != dict(repository.texts),
    )


def _planned(
    before: Repository | None, after: Repository, followed: Effects
) -> Iterator[PlannedChange]:
    graphs = [lineage_of(state) for state in (before, after) if state is not None]
    for effect in followed.each:
        yield PlannedChange(
            effect.change,
            effect.weight,
            effect.products,
            effect.reads_again,
            effect.figures,
            effect.levels,
            tuple(_shown(graphs, effect)),
        )


def _shown(graphs: Iterable[LineageGraph], effect: Effect) -> Iterator[str]:
    """Tiles, charts and alarms that show what may change."""
    seen: dict[str, None] = {}
    for graph in graphs:
        asked = [f"measure:{name}" for name in effect.figures]
        for node in graph.dependents(asked).found:
            if node.kind in ("tile", "chart", "alarm"):
                seen.setdefault(node.label or node.name)
    yield from seen


def _products(followed: Effects, costs: Mapping[str, StepCost]) -> Iterator[PlannedProduct]:
    for name, doing in followed.products.items():
        cost = costs.get(name)
        yield PlannedProduct(
            name, _kind(name), doing, cost.rows if cost else None, cost.seconds if cost else None
        )


def _kind(product: str) -> str:
    kinds = {"dim": "dimension", "bridge": "bridge", "fact": "fact", "rollup": "rollup"}
    return kinds.get(product.partition("_")[0], "entity")
