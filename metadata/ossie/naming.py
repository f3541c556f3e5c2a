"""What datasets are called: a fact by its name, a dimension by the role that it plays.

A dimension in several roles is several datasets on one table: that a sale has an order date and a
shipping date would otherwise be two ways between the same two datasets, and no tool could tell
which one is meant.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from metadata.repository import Repository, ResolvedDimension, ResolvedRole


@dataclass(frozen=True)
class Names:
    """Names of datasets for the facts and roles of one workspace; see `names_of`."""

    facts: dict[str, str] = field(default_factory=dict)
    """Dataset of each fact."""
    roles: dict[tuple[str, str], str] = field(default_factory=dict)
    """Dataset of each role as (dimension, role)."""
    bridges: dict[str, str] = field(default_factory=dict)

    def fact(self, fact: str) -> str:
        """The dataset of a fact."""
        return self.facts[fact]

    def role(self, role: ResolvedRole) -> str:
        """The dataset of a dimension in a role."""
        return self.roles[role.dimension.name, role.name]

    def of_dimension(self, dimension: ResolvedDimension) -> str:
        """The dataset in which a dimension plays itself, or else its first role."""
        known = sorted(role for name, role in self.roles if name == dimension.name)
        own = dimension.name if dimension.name in known else known[0]
        return self.roles[dimension.name, own]


def names_of(repository: Repository) -> Names:
    """Names for every loaded fact, every dimension in every role, and every bridge."""
    played: dict[str, set[str]] = {}
    for fact in repository.facts.values():
        for each in fact.roles.values():
            if each.available:
                played.setdefault(each.dimension.name, set()).add(each.name)
    facts = {name: name for name in sorted(repository.facts)}
    taken = set(facts.values())
    pairs = [
        (dimension, role)
        for dimension in sorted(repository.dimensions)
        for role in sorted(played.get(dimension, {dimension}))
    ]
    # A dimension under its own name comes first: `customer` is the customer, whoever plays it too.
    pairs.sort(key=lambda pair: (pair[0] != pair[1], pair))
    roles: dict[tuple[str, str], str] = {}
    for dimension, role in pairs:
        roles[dimension, role] = _free(
            [role, f"{role}_{dimension}", f"dim_{dimension}_{role}"], taken
        )
    bridges = {
        name: _free([bridge.table], taken) for name, bridge in sorted(repository.bridges.items())
    }
    return Names(facts, roles, bridges)


def _free(wanted: list[str], taken: set[str]) -> str:
    numbered = (f"{wanted[-1]}_{number}" for number in range(2, 1000))
    found = next(name for name in (*wanted, *numbered) if name not in taken)
    taken.add(found)
    return found
