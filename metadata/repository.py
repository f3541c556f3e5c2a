"""The resolved metadata of one workspace: every name bound, everything checked.

Raw definitions (`metadata.model`) say what people wrote. The values here say what it means: which
columns a mapping feeds, which entity a path ends in, which measures can be answered at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from metadata.feeds import Feeds
from metadata.matched import ResolvedMatching, golden_table
from metadata.model.access import Access
from metadata.model.cube import Cube, Measure
from metadata.model.mapping import EntityMapping, Lookup
from metadata.model.quality import Quality
from metadata.model.source import Source, SourceTable
from metadata.model.star import (
    Attribute,
    Bridge,
    Dimension,
    Entity,
    Fact,
    FactMeasure,
)
from metadata.model.synonyms import EntitySynonyms, Words
from metadata.model.workspace import Workspace
from metadata.paths import PathError, ReferencePath, resolve_path
from metadata.rights import EVERYTHING, Rights
from metadata.upkeep import Upkeep
from metadata.written import Written


@dataclass(frozen=True)
class ResolvedMapping:
    """A mapping with its entity, its driving table and its name in logs and balances."""

    name: str
    definition: EntityMapping
    entity: Entity
    source: str
    table: str
    written: Written[EntityMapping]


@dataclass(frozen=True)
class ResolvedAttribute:
    """An attribute of a dimension: where its value comes from, and whether anything feeds it."""

    name: str
    definition: Attribute
    path: ReferencePath | None
    """The column it copies, possibly over references; None for an expression or the calendar."""
    type: str
    available: bool

    @property
    def label(self) -> str:
        """What pages call it."""
        return self.definition.label or self.name.replace("_", " ").capitalize()


@dataclass(frozen=True)
class ResolvedDimension:
    """A dimension as it will stand in the warehouse as table `dim_<name>`."""

    name: str
    definition: Dimension
    entity: Entity | None
    attributes: Mapping[str, ResolvedAttribute]
    written: Written[Dimension]

    @property
    def table(self) -> str:
        """Name of its table in the warehouse."""
        return f"dim_{self.name}"

    @property
    def surrogate_key(self) -> str:
        """Its key column, which facts carry under their role's name."""
        return f"{self.name}_key"

    @property
    def natural_key(self) -> str:
        """The business key column; the calendar's is the day itself."""
        return self.entity.key[0] if self.entity else "date"

    @property
    def label(self) -> str:
        """What pages call it."""
        return self.definition.label or self.name.replace("_", " ").capitalize()

    @property
    def tracks(self) -> bool:
        """Whether any attribute keeps its history, so that versions must be told apart."""
        return any(a.definition.history == "track" for a in self.attributes.values())


@dataclass(frozen=True)
class ResolvedRole:
    """A dimension in one role of a fact; the fact's column is `<role>_key`."""

    name: str
    dimension: ResolvedDimension
    path: ReferencePath
    label: str
    available: bool

    @property
    def key_column(self) -> str:
        """The fact's column that holds the dimension's surrogate key."""
        return f"{self.name}_key"


@dataclass(frozen=True)
class ResolvedFact:
    """A fact as it will stand in the warehouse as table `fact_<name>`."""

    name: str
    definition: Fact
    entity: Entity
    roles: Mapping[str, ResolvedRole]
    available_measures: frozenset[str]
    written: Written[Fact]

    @property
    def table(self) -> str:
        """Name of its table in the warehouse."""
        return f"fact_{self.name}"

    @property
    def grain(self) -> tuple[str, ...]:
        """The entity's key columns; the fact carries them."""
        return self.entity.key

    @property
    def label(self) -> str:
        """What pages call it."""
        return self.definition.label or self.name.replace("_", " ").capitalize()

    def column_type(self, column: str) -> str | None:
        """Type of a measure, degenerate or grain column; None when the fact has no such column."""
        measure: FactMeasure | None = self.definition.measures.get(column)
        if measure is not None:
            return measure.type
        if column in self.definition.degenerate:
            return "string"
        if column in self.grain:
            return self.entity.columns[column].type
        return None


@dataclass(frozen=True)
class ResolvedBridge:
    """A many-to-many link, as table `bridge_<name>` with both surrogate keys and a weight."""

    name: str
    definition: Bridge
    entity: Entity
    dimension: ResolvedDimension
    group: ResolvedDimension
    written: Written[Bridge]

    @property
    def table(self) -> str:
        """Name of its table in the warehouse."""
        return f"bridge_{self.name}"


@dataclass(frozen=True)
class Level:
    """Something a query may group or filter by: `role.attribute`, or a label of the fact's own."""

    role: str
    """Empty for a label that facts carry themselves (a degenerate dimension)."""
    attribute: str
    label: str
    role_label: str
    type: str
    masked: bool = False
    """Whether members are shown masked, and so cannot be told apart by value."""

    @property
    def name(self) -> str:
        """As queries write it."""
        return f"{self.role}.{self.attribute}" if self.role else self.attribute


@dataclass(frozen=True)
class ResolvedHierarchy:
    """A drill path of a cube: levels from wide to narrow, all available."""

    name: str
    label: str
    role: str
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class ResolvedCube:
    """A cube whose fact is loaded; only what can be answered is listed."""

    name: str
    definition: Cube
    fact: ResolvedFact
    roles: Mapping[str, ResolvedRole]
    levels: Mapping[str, Level]
    """By `role.attribute`, and the fact's own labels by their bare names."""
    hierarchies: tuple[ResolvedHierarchy, ...]
    measures: Mapping[str, Measure]
    unavailable: Mapping[str, str]
    """Measures and roles that the workspace does not feed, with the reason."""
    written: Written[Cube]
    rights: Rights = EVERYTHING
    """What of it whoever asks may see; what they may not is not listed above."""

    @property
    def label(self) -> str:
        """What pages call it."""
        return self.definition.label or self.name.replace("_", " ").capitalize()

    @property
    def buildable_rollups(self) -> tuple[str, ...]:
        """Rollups of which the workspace feeds every level and at least one measure."""
        return tuple(
            name
            for name, rollup in self.definition.rollups.items()
            if all(level in self.levels for level in rollup.by)
            and any(measure in self.measures for measure in rollup.measures)
        )

    def rollup_table(self, rollup: str) -> str:
        """Name of a rollup's table in the warehouse."""
        return f"rollup_{self.name}_{rollup}"


@dataclass(frozen=True)
class ResolvedQuality:
    """An expectation of a table that is loaded."""

    name: str
    definition: Quality
    written: Written[Quality]


@dataclass(frozen=True)
class Repository:
    """Everything known about one workspace. Immutable; `load_workspace` makes it."""

    root: Path
    workspace: Workspace
    sources: Mapping[str, Written[Source]]
    lookups: Mapping[str, Written[Lookup]]
    entities: Mapping[str, Written[Entity]]
    mappings: tuple[ResolvedMapping, ...]
    dimensions: Mapping[str, ResolvedDimension]
    """Only the dimensions whose entity is mapped, and the calendar."""
    facts: Mapping[str, ResolvedFact]
    """Only the facts whose entity is mapped."""
    bridges: Mapping[str, ResolvedBridge]
    cubes: Mapping[str, ResolvedCube]
    absent: Mapping[str, str]
    """Shipped dimensions, facts, bridges and cubes that are not loaded, each with the reason."""
    qualities: Mapping[str, ResolvedQuality]
    """What is expected of tables that are loaded."""
    upkeep: Upkeep
    """When parts are loaded of themselves, by when they must have arrived, what is kept."""
    matchings: Mapping[str, ResolvedMatching]
    """By entity."""
    synonyms: Mapping[str, Written[EntitySynonyms]]
    """What the workspace adds to the words by which entities are recognised."""
    words: Mapping[str, Written[Words]]
    policies: Mapping[str, Written[Access]]
    seen_as: str = ""
    """Tells apart what different people see of it; empty for those who see everything."""
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The workspace's definition files that all this was read from, by their path in the folder."""
    shipped: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The shipped definition files, by their path in the project."""

    @property
    def storage(self) -> Path:
        """The workspace's data folder."""
        return (self.root / self.workspace.storage.path).resolve()

    @cached_property
    def mapped_entities(self) -> tuple[str, ...]:
        """Entities that at least one mapping fills, in order of name."""
        return tuple(sorted({mapping.definition.entity for mapping in self.mappings}))

    def mappings_of(self, entity: str) -> tuple[ResolvedMapping, ...]:
        """The mappings that fill an entity, the one that wins first."""
        return self._by_entity.get(entity, ())

    def judging(self, entity: str) -> tuple[ResolvedQuality, ...]:
        """What is expected of every row of an entity, or the row is set aside."""
        expected = (q for q in self.qualities.values() if q.definition.of == entity)
        return tuple(q for q in expected if q.definition.otherwise == "quarantine")

    def entity(self, name: str) -> Entity:
        """An entity by name."""
        return self.entities[name].value

    def source_table(self, source: str, table: str) -> SourceTable:
        """A source table's settings."""
        return self.sources[source].value.tables[table]

    def source_tables(self) -> Iterator[tuple[str, str, SourceTable]]:
        """Every table of every source, in order of name."""
        for source in sorted(self.sources):
            for table, settings in sorted(self.sources[source].value.tables.items()):
                yield source, table, settings

    def path(self, entity: str, path: str) -> ReferencePath:
        """Resolve a path that validation has already accepted."""
        return resolve_path(self._plain_entities, entity, path)

    @cached_property
    def _by_entity(self) -> Mapping[str, tuple[ResolvedMapping, ...]]:
        found: dict[str, list[ResolvedMapping]] = {}
        for mapping in self.mappings:
            found.setdefault(mapping.definition.entity, []).append(mapping)
        return {
            entity: tuple(sorted(each, key=lambda m: (m.definition.priority, m.name)))
            for entity, each in found.items()
        }

    @cached_property
    def _plain_entities(self) -> Mapping[str, Entity]:
        return {name: written.value for name, written in self.entities.items()}


__all__ = [
    "Feeds",
    "Level",
    "PathError",
    "Repository",
    "ResolvedAttribute",
    "ResolvedBridge",
    "ResolvedCube",
    "ResolvedDimension",
    "ResolvedFact",
    "ResolvedHierarchy",
    "ResolvedMapping",
    "ResolvedMatching",
    "ResolvedRole",
    "Written",
    "golden_table",
]
