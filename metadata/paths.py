"""Paths over references: `order_id.customer_id.segment` read from an order line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from metadata.errors import did_you_mean
from metadata.model.star import Entity


class PathError(ValueError):
    """Why a path leads nowhere; the validator adds the place."""


@dataclass(frozen=True)
class Hop:
    """One reference followed: `column` of `entity` holds the key of `to`."""

    entity: str
    column: str
    to: str
    to_key: str


@dataclass(frozen=True)
class ReferencePath:
    """A column reached from an entity by following references; no hops means its own column."""

    entity: str
    hops: tuple[Hop, ...]
    column: str
    type: str

    @property
    def owner(self) -> str:
        """The entity to which the column belongs."""
        return self.hops[-1].to if self.hops else self.entity

    @property
    def prefix(self) -> tuple[str, ...]:
        """The columns followed, in order: a stable identity for the joined row."""
        return tuple(hop.column for hop in self.hops)

    def __str__(self) -> str:
        return ".".join((*self.prefix, self.column))


def resolve_path(entities: Mapping[str, Entity], entity: str, path: str) -> ReferencePath:
    """Follow a dotted path from an entity.

    Raises:
        PathError: a step is no column, or is not a reference, or refers to a composite key.
    """
    *steps, last = path.split(".")
    here = entities[entity]
    hops: list[Hop] = []
    for step in steps:
        column = here.columns.get(step)
        if column is None:
            raise PathError(
                f"Entity '{here.entity}' has no column '{step}'. {did_you_mean(step, here.columns)}"
            )
        if column.references is None:
            raise PathError(
                f"Column '{step}' of entity '{here.entity}' refers to no entity, so '{path}' cannot"
                " go on from it."
            )
        target = entities.get(column.references)
        if target is None:
            raise PathError(f"Column '{step}' refers to the unknown entity '{column.references}'.")
        if len(target.key) != 1:
            raise PathError(f"Entity '{target.entity}' has a composite key and cannot be followed.")
        hops.append(Hop(here.entity, step, target.entity, target.key[0]))
        here = target
    column = here.columns.get(last)
    if column is None:
        raise PathError(
            f"Entity '{here.entity}' has no column '{last}'. {did_you_mean(last, here.columns)}"
        )
    return ReferencePath(entity, tuple(hops), last, column.type)
