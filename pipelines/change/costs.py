"""How many rows and seconds a plan is about, by what the same steps took when they were last done.

What was never done is reckoned by its kind: rows from what it will be made of, seconds by what
others of its kind take for a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cubes.operations import StepCost
from metadata import Repository
from transforms import rollup_table

_UNKNOWN_SECONDS = 0.1
"""Of a step where nothing of its kind was ever done."""


@dataclass(frozen=True)
class Cost:
    """Rows and seconds of one step. `rows` is None where nothing is known to reckon with."""

    rows: int | None
    seconds: float


class Costs:
    """Reckons what steps will take."""

    def __init__(self, repository: Repository, known: Mapping[str, StepCost]) -> None:
        self._known = known
        self._made_of = _made_of(repository)
        self._pace = {kind: self._pace_of(kind) for kind in {kind_of(name) for name in known}}

    def of(self, product: str) -> Cost:
        """What it takes to make a product."""
        known = self._known.get(product)
        if known is not None:
            return Cost(known.rows, known.seconds)
        rows = self._rows(product)
        pace = self._pace.get(kind_of(product))
        if pace is None:
            return Cost(rows, _UNKNOWN_SECONDS)
        fixed, each = pace
        return Cost(rows, fixed + each * (rows or 0))

    def _pace_of(self, kind: str) -> tuple[float, float] | None:
        """Seconds of any step of a kind, and of each row that the slowest of them is made of."""
        timed = [
            (cost.seconds, self._rows(name) or cost.rows or 0)
            for name, cost in self._known.items()
            if kind_of(name) == kind
        ]
        if not timed:
            return None
        fixed = min(seconds for seconds, _ in timed)
        seconds, rows = max(timed)
        return fixed, max(seconds - fixed, 0.0) / rows if rows else 0.0

    @property
    def publishing(self) -> float:
        """Seconds to put a new version before readers."""
        known = self._known.get("publish")
        return known.seconds if known else _UNKNOWN_SECONDS

    def _rows(self, product: str) -> int | None:
        found = [
            cost.rows
            for name in self._made_of.get(product, ())
            if (cost := self._known.get(name)) is not None and cost.rows is not None
        ]
        return max(found, default=None)


def kind_of(step: str) -> str:
    """What a step makes (entity, golden records, dimension ...), or reads (source table)."""
    kinds = {"dim": "dimension", "bridge": "bridge", "fact": "fact", "rollup": "rollup",
             "golden": "golden records"}  # fmt: skip
    return "source table" if "." in step else kinds.get(step.partition("_")[0], "entity")


def _made_of(repository: Repository) -> dict[str, tuple[str, ...]]:
    """The steps whose rows decide how many rows a product has."""
    found: dict[str, tuple[str, ...]] = {}
    for mapping in repository.mappings:
        name = mapping.entity.entity
        found[name] = (*found.get(name, ()), mapping.definition.from_)
    for matching in repository.matchings.values():
        found[matching.product] = (matching.name,)
    for dimension in repository.dimensions.values():
        if dimension.entity is not None:
            found[dimension.table] = (dimension.entity.entity,)
    for bridge in repository.bridges.values():
        found[bridge.table] = (bridge.entity.entity,)
    for fact in repository.facts.values():
        found[fact.table] = (fact.entity.entity,)
    for cube in repository.cubes.values():
        for rollup in cube.definition.rollups:
            found[rollup_table(cube.name, rollup)] = (cube.fact.table,)
    return found
