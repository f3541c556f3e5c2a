"""What the mappings of a workspace fill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from metadata.expressions import columns_of
from metadata.model.star import Entity
from metadata.paths import ReferencePath, resolve_path


@dataclass(frozen=True)
class Feeds:
    """Which entity columns any mapping fills."""

    entities: Mapping[str, Entity]
    columns: Mapping[str, frozenset[str]]

    def path(self, path: ReferencePath) -> bool:
        """Whether every step of a path is filled."""
        steps = [(hop.entity, hop.column) for hop in path.hops] + [(path.owner, path.column)]
        return all(column in self.columns.get(entity, frozenset()) for entity, column in steps)

    def expression(self, entity: str, text: str) -> bool:
        """Whether every column that an expression reads is filled."""
        return all(self.path(self.resolve(entity, ".".join(parts))) for parts in columns_of(text))

    def resolve(self, entity: str, path: str) -> ReferencePath:
        """The path, bound.

        Raises:
            PathError: it leads nowhere.
        """
        return resolve_path(self.entities, entity, path)
