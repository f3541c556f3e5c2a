"""Mappings that a workspace has, as far as proposing must know them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from metadata.expressions import alias_and_column
from metadata.model.mapping import EntityMapping
from metadata.propose.drafts import DraftColumn
from metadata.uses import read_by


@dataclass(frozen=True)
class Written:
    """A mapping that people have written or taken over from a draft."""

    definition: EntityMapping
    source: str

    @property
    def tables(self) -> frozenset[str]:
        """The tables of the source that it reads."""
        return frozenset(table for table in self._tables.values() if table)

    def lacks(self, column: DraftColumn) -> bool:
        """Whether a proposed column is not filled yet, from something that is not used yet."""
        if column.column in self.definition.columns:
            return False
        return any((t, c.casefold()) not in self._reads for t, c in column.reads)

    def alias_of(self, table: str, on: Mapping[str, str]) -> str | None:
        """The name of the join that looks up a table by these columns."""
        for alias, join in self.definition.join.items():
            if self._tables[alias] == table and dict(join.on) == dict(on) and join.where is None:
                return alias
        return None

    @cached_property
    def _tables(self) -> Mapping[str, str]:
        """By the name of a join, none for the driving table; empty for those of other sources."""
        named = {"": self.definition.from_}
        named |= {alias: join.table for alias, join in self.definition.join.items()}
        return {alias: self._own(table) for alias, table in named.items()}

    def _own(self, dotted: str) -> str:
        source, _, table = dotted.partition(".")
        return table if source == self.source else ""

    @cached_property
    def _reads(self) -> frozenset[tuple[str, str]]:
        return frozenset(
            (self._tables[alias], column.casefold())
            for rule in self.definition.columns.values()
            for alias, column in map(alias_and_column, read_by(rule))
        )
