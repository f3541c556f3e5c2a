"""What a run does, as a list of steps: visited once to draw the graph and once to do the work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import assert_never

from metadata import Repository
from metadata.errors import Location
from metadata.repository import ResolvedDimension, ResolvedFact, golden_table
from transforms import can_build, read_by_fact, rollup_table
from transforms.elsewhere import referred_entities
from transforms.references import entities_read


@dataclass(frozen=True)
class ExtractTable:
    """Read what is new in a source table into the landing zone."""

    source: str
    table: str


@dataclass(frozen=True)
class StageEntity:
    """Judge the landed rows of an entity's mappings."""

    entity: str


@dataclass(frozen=True)
class MatchEntity:
    """Make one golden record of an entity's records that are the same."""

    entity: str


@dataclass(frozen=True)
class LoadDimension:
    """Bring a dimension up to date."""

    dimension: str


@dataclass(frozen=True)
class LoadBridge:
    """Make a bridge."""

    bridge: str


@dataclass(frozen=True)
class LoadFact:
    """Make a fact."""

    fact: str


@dataclass(frozen=True)
class BuildRollup:
    """Make a pre-aggregation of a cube."""

    cube: str
    rollup: str


@dataclass(frozen=True)
class Publish:
    """Audit the build and let readers see it."""


Step = (
    ExtractTable
    | StageEntity
    | MatchEntity
    | LoadDimension
    | LoadBridge
    | LoadFact
    | BuildRollup
    | Publish
)


@dataclass(frozen=True)
class PlannedStep:
    """A step with its name in logs and graphs, its stage, and the steps that must come before."""

    name: str
    step: Step
    stage: str
    needs: tuple[str, ...]
    description: str


STAGES = ("extract", "staging", "matching", "dimensions", "facts", "rollups", "publish")
"""In this order; a step needs only steps of its own stage or an earlier one."""


@dataclass(frozen=True)
class RunPlan:
    """All steps of a workspace, each after those it needs."""

    steps: tuple[PlannedStep, ...]

    def of_stage(self, stage: str) -> tuple[PlannedStep, ...]:
        """The steps of one stage."""
        return tuple(step for step in self.steps if step.stage == stage)

    def with_needs(self, names: frozenset[str]) -> frozenset[str]:
        """The names and everything they need, directly or not."""
        by_name = {step.name: step for step in self.steps}
        found, queue = set[str](), sorted(names)
        while queue:
            name = queue.pop()
            if name not in found:
                found.add(name)
                queue.extend(by_name[name].needs)
        return frozenset(found)


def plan_run(repository: Repository) -> RunPlan:
    """Every step that a workspace's metadata asks for."""
    steps = list(_planned(repository))
    loads = [s.name for s in steps if s.stage in ("dimensions", "facts", "rollups")]
    publish = PlannedStep(
        "publish",
        Publish(),
        "publish",
        tuple(loads),
        "Audits the warehouse and swaps in a new version for readers.",
    )
    return RunPlan((*steps, publish))


def step_name(step: Step) -> str:
    """The name of a step."""
    match step:
        case ExtractTable(source, table):
            return f"{source}.{table}"
        case StageEntity(entity):
            return entity
        case MatchEntity(entity):
            return golden_table(entity)
        case LoadDimension(dimension):
            return f"dim_{dimension}"
        case LoadBridge(bridge):
            return f"bridge_{bridge}"
        case LoadFact(fact):
            return f"fact_{fact}"
        case BuildRollup(cube, rollup):
            return rollup_table(cube, rollup)
        case Publish():
            return "publish"
        case _:
            assert_never(step)


def place_of(repository: Repository, step: Step) -> Location | None:
    """Where a step's definition stands; of several mappings, that of the one that wins."""
    match step:
        case ExtractTable(source, table):
            return repository.sources[source].where("tables", table)
        case StageEntity(entity):
            return repository.mappings_of(entity)[0].written.where()
        case MatchEntity(entity):
            return repository.matchings[entity].written.where()
        case LoadDimension(name):
            return repository.dimensions[name].written.where()
        case LoadFact(name):
            return repository.facts[name].written.where()
        case LoadBridge(name):
            return repository.bridges[name].written.where()
        case BuildRollup(cube, rollup):
            return repository.cubes[cube].written.where("rollups", rollup)
        case Publish():
            return None
        case _:
            assert_never(step)


def _planned(repository: Repository) -> Iterator[PlannedStep]:
    for source, table, settings in repository.source_tables():
        about = settings.description or f"Rows of {table} in the source {source}."
        yield _step(ExtractTable(source, table), "extract", set(), about)
    for entity, referred in _staging_order(repository):
        needs = tables_read(repository, entity) | referred
        yield _step(StageEntity(entity), "staging", needs, repository.entity(entity).description)
    for matching in repository.matchings.values():
        about = matching.definition.description or f"Golden records of {matching.name}."
        yield _step(MatchEntity(matching.name), "matching", {matching.name}, about)
    for dimension in repository.dimensions.values():
        needs = entities_of_dimension(repository, dimension)
        about = dimension.definition.description
        yield _step(LoadDimension(dimension.name), "dimensions", needs, about)
    for bridge in repository.bridges.values():
        ends = {f"dim_{bridge.dimension.name}", f"dim_{bridge.group.name}"}
        keys = [bridge.definition.dimension_key, bridge.definition.group_key]
        needs = {*entities_read(repository, bridge.entity.entity, keys), *ends}
        about = bridge.definition.description
        yield _step(LoadBridge(bridge.name), "dimensions", needs, about)
    for fact in repository.facts.values():
        entities, dimensions = read_by_fact(repository, fact.name)
        needs = entities | {f"dim_{name}" for name in dimensions}
        yield _step(LoadFact(fact.name), "facts", needs, fact.definition.description)
    for cube in repository.cubes.values():
        for rollup, definition in cube.definition.rollups.items():
            if can_build(repository, cube.name, rollup):
                roles = {role for level in definition.by if (role := cube.levels[level].role)}
                tables = {f"dim_{cube.roles[role].dimension.name}" for role in roles}
                about = f"{cube.label} by {', '.join(definition.by)}."
                needs = {cube.fact.table, *tables}
                yield _step(BuildRollup(cube.name, rollup), "rollups", needs, about)


def _staging_order(repository: Repository) -> Iterator[tuple[str, set[str]]]:
    """The mapped entities, each after those whose keys its checks ask for, and these."""
    refers = {
        entity: {
            other
            for mapping in repository.mappings_of(entity)
            for other in referred_entities(mapping)
        }
        for entity in repository.mapped_entities
    }
    for entity in TopologicalSorter(refers).static_order():
        yield entity, refers[entity]


def _step(step: Step, stage: str, needs: set[str], description: str) -> PlannedStep:
    return PlannedStep(step_name(step), step, stage, tuple(sorted(needs)), description)


def tables_read(repository: Repository, entity: str) -> set[str]:
    """The source tables, as source.table, that an entity's mappings read."""
    found: set[str] = set()
    for mapping in repository.mappings_of(entity):
        definition = mapping.definition
        found.add(definition.from_)
        found |= {join.table for join in definition.join.values()}
        for rule in definition.columns.values():
            if isinstance(rule.lookup, str):
                table = repository.lookups[rule.lookup].value.from_
                found |= {table} if table else set()
    return found


def entities_of_dimension(repository: Repository, dimension: ResolvedDimension) -> set[str]:
    """The entities, staged or golden, that a dimension's attributes are read from."""
    if dimension.entity is None:
        return set()
    texts = [
        attribute.definition.expr or str(attribute.path)
        for attribute in dimension.attributes.values()
    ]
    return entities_read(repository, dimension.entity.entity, texts)


def dimensions_of_fact(fact: ResolvedFact) -> set[str]:
    """The dimensions that a fact points at."""
    return {role.dimension.name for role in fact.roles.values()}
