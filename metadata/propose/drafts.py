"""What `propose` comes to, as values: drafts of mappings and of source settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Rule = Mapping[str, Any]
"""A column's rule as YAML would hold it: `from`, `expr` or `value`, and what cleanses it."""


@dataclass(frozen=True)
class DraftColumn:
    """A column of an entity, what may fill it, and how sure that is."""

    column: str
    rule: Rule
    confidence: float
    """From 0 to 1: how often such a proposal is right."""
    reason: str
    reads: tuple[tuple[str, str], ...]
    """Table and column of the source that it reads."""
    active: bool = True
    """Whether it is proposed, or only mentioned."""
    hint: str = ""
    """What is left to be done by hand."""


@dataclass(frozen=True)
class DraftJoin:
    """A table that is joined, as `join:` would hold it."""

    alias: str
    table: str
    on: Mapping[str, str]
    where: str | None
    order_by: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Missing:
    """A column of an entity that nothing fills."""

    column: str
    description: str
    required: bool


@dataclass(frozen=True)
class Draft:
    """A mapping from one table to one entity."""

    entity: str
    table: str
    confidence: float
    reason: str
    joins: tuple[DraftJoin, ...]
    columns: tuple[DraftColumn, ...]
    where: str | None
    keep: tuple[str, ...]
    missing: tuple[Missing, ...]
    unused: tuple[str, ...]
    """Columns of its table that no draft of the table reads."""
    beside: tuple[str, ...] = ()
    """Other tables of the source that fill the entity too, by drafts or by mappings."""

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that it reads: the one that drives it, and those that are joined."""
        return tuple(dict.fromkeys((self.table, *(join.table for join in self.joins))))

    @property
    def active(self) -> tuple[DraftColumn, ...]:
        """The columns that are proposed."""
        return tuple(c for c in self.columns if c.active)


@dataclass(frozen=True)
class DraftTable:
    """Settings of a table of the source, as `tables:` would hold them."""

    name: str
    settings: Mapping[str, Any]
    reasons: Mapping[str, str]
    """Why, by setting."""
    hints: tuple[str, ...] = ()
    """Settings that may be right but are not sure enough, as comments."""


@dataclass(frozen=True)
class Proposal:
    """Drafts for one source."""

    source: str
    version: int
    """Of the scan."""
    scanned_at: datetime
    drafts: tuple[Draft, ...]
    tables: tuple[DraftTable, ...]
    """Those that the drafts read."""
    left: Mapping[str, str] = field(default_factory=dict)
    """Tables that no draft reads, each with the reason."""
    already: tuple[str, ...] = ()
    """Mappings that the workspace has, which were not drafted again."""
    additions: tuple[Draft, ...] = ()
    """What could be added to mappings that the workspace has: only the columns and joins to add."""
