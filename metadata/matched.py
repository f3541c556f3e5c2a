"""How the records of an entity are matched, every name bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from metadata.model.matching import Decision, Decisions, Matching, Survivor
from metadata.model.star import Entity
from metadata.written import Written


@dataclass(frozen=True)
class ResolvedMatching:
    """How the records of an entity are matched, and which of their values stay."""

    definition: Matching
    entity: Entity
    survivors: Mapping[str, Survivor]
    """By column, for every column that a mapping fills but the key."""
    written: Written[Matching]
    decided: Written[Decisions] | None

    @property
    def name(self) -> str:
        """Name of the entity."""
        return self.entity.entity

    @property
    def key(self) -> str:
        """The entity's key column."""
        return self.entity.key[0]

    @property
    def product(self) -> str:
        """Name of the step, and of the table of golden records in staging."""
        return golden_table(self.name)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What people have decided."""
        return self.decided.value.records if self.decided else ()


def golden_table(entity: str) -> str:
    """Name of the table of an entity's golden records."""
    return f"golden_{entity}"
