"""Where names of a cube stand: in its fact and dimensions, or in the columns of a rollup."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from cubes.nodes import Base, Join, PhysicalColumn
from metadata.repository import ResolvedCube


def rollup_table(cube: str, rollup: str) -> str:
    """Name of a rollup's table."""
    return f"rollup_{cube}_{rollup}"


def rollup_column(level: str) -> str:
    """Name of a level's column in a rollup.

    >>> rollup_column("customer.country")
    'customer__country'
    """
    return level.replace(".", "__")


@dataclass
class Scope:
    """Binds names to columns of one base, and remembers which dimensions that takes."""

    cube: ResolvedCube
    base: Base
    _joined: set[str] = field(default_factory=set)
    _masked: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of_fact(cls, cube: ResolvedCube) -> Scope:
        """Names stand in the fact and its dimensions."""
        return cls(cube, Base(cube.fact.table, _alias("fact", cube)))

    @classmethod
    def of_rollup(cls, cube: ResolvedCube, rollup: str) -> Scope:
        """Names stand in a rollup's own columns."""
        return cls(cube, Base(rollup_table(cube.name, rollup), _alias("rollup", cube), rollup))

    def level(self, name: str) -> PhysicalColumn:
        """The column of a level, or of a dimension's natural key."""
        if self.base.rollup is not None:
            return PhysicalColumn(self.base.alias, rollup_column(name))
        role, dot, attribute = name.partition(".")
        if not dot:
            return self.own(name)
        self._joined.add(role)
        return PhysicalColumn(role, attribute)

    def masked(self, name: str) -> PhysicalColumn:
        """The column of a level whose members are masked; it stands beside the dimension's own."""
        role, _, attribute = name.partition(".")
        self._masked.setdefault(role, []).append(attribute)
        return PhysicalColumn(f"_masked_{role}", attribute)

    def own(self, column: str) -> PhysicalColumn:
        """A column of the base itself."""
        return PhysicalColumn(self.base.alias, column)

    def sort_level(self, name: str) -> PhysicalColumn:
        """The column whose order the members of a level follow."""
        return self.level(sort_level(self.cube, name))

    def join(self, role: str) -> Join:
        """How a role's dimension is joined to the base."""
        resolved = self.cube.roles[role]
        dimension = resolved.dimension
        return Join(dimension.table, role, dimension.surrogate_key, self.own(resolved.key_column))

    @property
    def joins(self) -> tuple[Join, ...]:
        """The dimensions that the names bound so far need, in the cube's order."""
        plain = [self.join(role) for role in self.cube.roles if role in self._joined]
        return (
            *plain,
            *(self._masked_join(role) for role in self.cube.roles if role in self._masked),
        )

    def _masked_join(self, role: str) -> Join:
        attributes = self.cube.roles[role].dimension.attributes
        masks = tuple(
            (each, attributes[each].type, self.cube.rights.masks[f"{role}.{each}"])
            for each in dict.fromkeys(self._masked[role])
        )
        return replace(self.join(role), alias=f"_masked_{role}", masks=masks)


def sort_level(cube: ResolvedCube, name: str) -> str:
    """The level whose order the members of a level follow: its `sort_by`, or itself."""
    role, dot, attribute = name.partition(".")
    if not dot:
        return name
    definition = cube.roles[role].dimension.attributes[attribute].definition
    order = cube.roles[role].dimension.attributes.get(definition.sort_by or "")
    # The order of members is no secret, even where what it follows is hidden.
    return f"{role}.{order.name}" if order is not None and order.available else name


def _alias(name: str, cube: ResolvedCube) -> str:
    """Roles are aliases too, and no role begins with an underscore."""
    return f"_{name}" if name in cube.roles else name
