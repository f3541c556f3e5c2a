"""What one person may see of one cube, with everything that policies say of it put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from metadata.model.access import Mask
from metadata.predicates import Predicate


@dataclass(frozen=True)
class Smallest:
    """How many a figure must stand for: members of dimensions in these roles, or facts."""

    least: int
    roles: tuple[str, ...] = ()
    """Each counts for itself; none means that facts are counted."""


@dataclass(frozen=True)
class Rights:
    """Which facts, which levels and which small groups of a cube are seen."""

    where: Predicate | None = None
    """Over the cube's levels, those that are hidden among them."""
    hidden: frozenset[str] = frozenset()
    """Levels that do not exist for the person, by name; also ones that nothing feeds."""
    masks: Mapping[str, Mask] = field(default_factory=dict)
    """By level."""
    smallest: tuple[Smallest, ...] = ()
    cells: tuple[str, ...] | None = None
    """Levels that make the cells which must be large, whatever is asked; None for those asked."""
    full_totals: bool = False

    @property
    def closed_to_facts(self) -> bool:
        """Whether single facts may not be listed, since each is a group of one."""
        return bool(self.smallest)


EVERYTHING = Rights()
