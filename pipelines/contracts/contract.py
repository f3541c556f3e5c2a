"""A mart as a contract: a fact, the dimensions it joins, what they promise and who may ask."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from open_data_contract_standard.model import (
    CustomProperty,
    Description,
    OpenDataContractStandard,
    Role,
    SchemaObject,
    SchemaProperty,
    Server,
    ServiceLevelAgreementProperty,
    Team,
    TeamMember,
)

from metadata import Repository
from metadata.cron import longest_rest
from metadata.ossie.sql import Scope, measure_sql
from metadata.repository import ResolvedBridge, ResolvedCube, ResolvedDimension, ResolvedFact
from pipelines import publish
from pipelines.contracts.properties import (
    bridge_properties,
    closure_properties,
    dimension_properties,
    fact_properties,
)
from pipelines.contracts.quality import audit_rules, no_value_twice
from pipelines.storage import Storage
from transforms import Audit, audits

API_VERSION = "v3.2.0"
_ACCESS = {
    "analyst": ("read", "Asks cubes in the browser and over the API."),
    "executive": ("read", "Reads the portal."),
    "engineer": ("write", "Reads everything, loads and quarantine among it, and changes metadata."),
}


def contracts(
    repository: Repository, version: str = "1.0.0"
) -> dict[str, OpenDataContractStandard]:
    """The contract of every mart by the name of its fact, and of dimensions in no mart by table.

    Args:
        repository: the workspace.
        version: of the contracts, as their readers count them.
    """
    checks = audits(repository)
    found = {name: _of_fact(repository, name, version, checks) for name in repository.facts}
    for dimension in _apart(repository):
        found[dimension.table] = _of_dimension(repository, dimension, version, checks)
    return found


def contract_of(
    repository: Repository, fact: str, version: str = "1.0.0"
) -> OpenDataContractStandard:
    """The contract of one mart. The same workspace always gives the same contract."""
    return _of_fact(repository, fact, version, audits(repository))


def _of_fact(
    repository: Repository, fact: str, version: str, checks: tuple[Audit, ...]
) -> OpenDataContractStandard:
    resolved = repository.facts[fact]
    cubes = [cube for cube in repository.cubes.values() if cube.fact.name == fact]
    contract = _contract(repository, fact, resolved.label, version)
    contract.tags = ["mart", resolved.definition.kind]
    contract.description = _description(resolved, cubes)
    contract.schema_ = list(_objects(repository, resolved, checks))
    custom = [CustomProperty(property="dateRole", value=resolved.definition.date)]
    contract.customProperties = [*(contract.customProperties or []), *custom, *_measures(cubes)]
    return contract


def _of_dimension(
    repository: Repository, dimension: ResolvedDimension, version: str, checks: tuple[Audit, ...]
) -> OpenDataContractStandard:
    contract = _contract(repository, dimension.table, dimension.label, version)
    contract.tags = ["dimension"]
    contract.description = Description(purpose=dimension.definition.description or None)
    bridges = [b for b in repository.bridges.values() if b.dimension.name == dimension.name]
    contract.schema_ = [
        *_dimension(repository, dimension, checks),
        *(each for b in bridges for each in _dimension(repository, b.group, checks)),
        *(_bridge(bridge, checks) for bridge in bridges),
    ]
    return contract


def _apart(repository: Repository) -> Iterator[ResolvedDimension]:
    """Dimensions that are published and part of no mart."""
    reached = {role.dimension.name for f in repository.facts.values() for role in f.roles.values()}
    within = {b.group.name for b in repository.bridges.values()}
    for dimension in repository.dimensions.values():
        if dimension.name not in reached | within:
            yield dimension


def _contract(
    repository: Repository, key: str, title: str, version: str
) -> OpenDataContractStandard:
    """What every contract of a workspace says."""
    workspace = repository.workspace
    published = publish.current(Storage(repository.storage))
    return OpenDataContractStandard(
        kind="DataContract",
        apiVersion=API_VERSION,
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:rapport:{workspace.name}:{key}")),
        name=title,
        version=version,
        status="active" if published else "draft",
        tenant=workspace.name,
        servers=[_server(repository, published)],
        slaProperties=list(_sla(repository)) or None,
        roles=list(_roles(repository)) or None,
        team=_team(repository),
        customProperties=[
            CustomProperty(property="currency", value=workspace.currency),
            CustomProperty(property="timeZone", value=workspace.time_zone),
        ],
    )


def _description(fact: ResolvedFact, cubes: list[ResolvedCube]) -> Description:
    asked = ", ".join(f"'{cube.name}'" for cube in cubes)
    stocks = [
        f"{cube.name}.{name}"
        for cube in cubes
        for name, measure in cube.measures.items()
        if measure.additivity == "semi_additive"
    ]
    limits = [
        "Every row joins exactly one row of each dimension; key -1 is the unknown member.",
        *(["Stocks must not be added up over days: " + ", ".join(stocks) + "."] if stocks else []),
    ]
    return Description(
        purpose=fact.definition.description or None,
        usage=f"Ask the cube {asked}, or join the tables by their keys." if asked else None,
        limitations=" ".join(limits),
    )


def _server(repository: Repository, published: dict[str, Any] | None) -> Server:
    storage = repository.workspace.storage.path
    number = int(published["version"]) if published else 1
    file = Storage(repository.storage).version_file(number).name
    return Server(
        id="published",
        server="published",
        type="duckdb",
        database=f"{storage}/published/{file}",
        schema="main",
        description=(
            "Versions are immutable, and only opened for reading. The newest one is named in"
            " published/current.json; a relative path starts at the workspace."
        ),
    )


def _objects(
    repository: Repository, fact: ResolvedFact, checks: tuple[Audit, ...]
) -> Iterator[SchemaObject]:
    grain = f"One row for each {' and '.join(fact.grain)}."
    unique = no_value_twice(fact.grain)
    yield _object(
        fact.table, fact.label, fact.definition.description,
        fact_properties(repository, fact), checks, grain=grain, more=[unique],
    )  # fmt: skip
    reached = {role.dimension.name: role.dimension for role in fact.roles.values()}
    bridges = [b for b in repository.bridges.values() if b.dimension.name in reached]
    for bridge in bridges:
        reached.setdefault(bridge.group.name, bridge.group)
    for dimension in reached.values():
        yield from _dimension(repository, dimension, checks)
    for bridge in bridges:
        yield _bridge(bridge, checks)


def _dimension(
    repository: Repository, dimension: ResolvedDimension, checks: tuple[Audit, ...]
) -> Iterator[SchemaObject]:
    version = "each version of a member" if dimension.tracks else "each member"
    grain = f"One row for {version}, and one for the unknown member."
    yield _object(
        dimension.table, dimension.label, dimension.definition.description,
        dimension_properties(repository, dimension), checks, grain=grain,
        custom={
            name: list(hierarchy.levels)
            for name, hierarchy in dimension.definition.hierarchies.items()
        },
    )  # fmt: skip
    if dimension.definition.parent:
        about = f"Who is above whom in {dimension.table}, at any distance."
        grain = "One row for each pair of a member and one above it, or itself."
        yield _object(
            f"closure_{dimension.name}", "", about, closure_properties(dimension), checks,
            grain=grain,
        )  # fmt: skip


def _bridge(bridge: ResolvedBridge, checks: tuple[Audit, ...]) -> SchemaObject:
    about = bridge.definition.description
    grain = f"One row for each {bridge.dimension.label.lower()} and {bridge.group.label.lower()}."
    return _object(bridge.table, "", about, bridge_properties(bridge), checks, grain=grain)


def _object(
    table: str,
    label: str,
    about: str,
    properties: Iterable[SchemaProperty],
    checks: tuple[Audit, ...],
    *,
    grain: str,
    more: Iterable[Any] = (),
    custom: dict[str, Any] | None = None,
) -> SchemaObject:
    quality = [*more, *audit_rules(checks, table)]
    return SchemaObject(
        name=table,
        physicalName=table,
        physicalType="table",
        logicalType="object",
        businessName=label or None,
        description=about or None,
        dataGranularityDescription=grain,
        properties=list(properties),
        quality=quality or None,
        customProperties=[CustomProperty(property="hierarchies", value=custom)] if custom else None,
    )


def _sla(repository: Repository) -> Iterator[ServiceLevelAgreementProperty]:
    schedule = repository.workspace.schedule
    keep = repository.workspace.keep_versions
    yield ServiceLevelAgreementProperty(
        property="versionsKept", value=keep, unit="versions",
        description="Earlier published versions that can be returned to, the newest among them.",
    )  # fmt: skip
    if schedule is None:
        return
    rest = longest_rest(schedule.cron)
    zone = repository.workspace.time_zone
    if rest is None:
        return
    value, unit = _duration(rest)
    yield ServiceLevelAgreementProperty(
        property="frequency", value=value, unit=unit, scheduler="cron", schedule=schedule.cron,
        driver="analytics", description=f"The pipeline runs by these fields, in {zone}.",
    )  # fmt: skip
    yield ServiceLevelAgreementProperty(
        property="latency", value=value, unit=unit, driver="analytics",
        description="Between two runs nothing new comes in: data are at most as old as the longest"
        " time between them, and the run itself.",
    )  # fmt: skip


def _duration(rest: timedelta) -> tuple[int, str]:
    minutes = int(rest.total_seconds() // 60)
    if minutes % 1440 == 0:
        return minutes // 1440, "d"
    return (minutes // 60, "h") if minutes % 60 == 0 else (minutes, "m")


def _roles(repository: Repository) -> Iterator[Role]:
    given = {role for user in repository.workspace.users.values() for role in user.role}
    for role in sorted(given):
        own = repository.workspace.roles.get(role)
        access, about = _ACCESS.get(role, ("read", own.description if own else ""))
        yield Role(role=role, access=access, description=about or None)


def _team(repository: Repository) -> Team | None:
    users = sorted(repository.workspace.users.items())
    members = [TeamMember(username=name, role=", ".join(user.role)) for name, user in users]
    return Team(name=repository.workspace.name, members=members) if members else None


def _measures(cubes: list[ResolvedCube]) -> Iterator[CustomProperty]:
    measures = [
        {
            "name": f"{cube.name}.{name}",
            "label": measure.label or name.replace("_", " ").capitalize(),
            "description": measure.description,
            "expression": measure_sql(measure, _scope(cube)),
            "additivity": measure.additivity,
            "format": measure.format,
        }
        for cube in cubes
        for name, measure in cube.measures.items()
    ]
    if measures:
        yield CustomProperty(
            property="measures", value=measures,
            description="Figures of the cubes over this fact; roles are written as the dimension's"
            " alias.",
        )  # fmt: skip


def _scope(cube: ResolvedCube) -> Scope:
    return Scope(cube.fact, cube.roles, cube.measures, cube.fact.table, lambda role: role.name)
