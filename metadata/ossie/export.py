"""From a workspace's model to an Ossie model: facts, dimensions in their roles, measures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from metadata.model.cube import Measure, SemiAdditive
from metadata.ossie.datasets import data_type, datasets
from metadata.ossie.document import (
    Context,
    CustomExtension,
    Expression,
    Metric,
    Relationship,
    SemanticModel,
)
from metadata.ossie.naming import Names, names_of
from metadata.ossie.sql import Scope, duckdb_sql, measure_sql
from metadata.repository import Repository, ResolvedCube


def export_model(repository: Repository) -> SemanticModel:
    """Everything that is loaded and fed, as one Ossie model. The same model gives the same values.

    What the specification has no words for (history, hierarchies, additivity, formats) stands in
    our own extension, and as plain advice in `ai_context` where a reader would go wrong without it.
    """
    names = names_of(repository)
    workspace = repository.workspace
    return SemanticModel(
        name=_slug(workspace.name),
        description=workspace.description or f"The customer data warehouse of {workspace.name}.",
        ai_context=Context(instructions=_advice(repository)),
        datasets=tuple(datasets(repository, names)),
        relationships=tuple(_relationships(repository, names)) or None,
        metrics=tuple(_metrics(repository, names)) or None,
        custom_extensions=(_workspace_data(repository),),
    )


def _slug(text: str) -> str:
    kept = "".join(c if c.isalnum() else "_" for c in text.lower())
    name = "_".join(part for part in kept.split("_") if part)
    return name if name and not name[0].isdigit() else f"model_{name}".rstrip("_")


def _advice(repository: Repository) -> str:
    workspace = repository.workspace
    return (
        f"Amounts are in {workspace.currency}; days begin and end in {workspace.time_zone}."
        " Every fact row joins exactly one row of each dimension; key -1 is the unknown member."
        " Dimensions keep their history: a fact points at the version in force when it happened."
    )


def _workspace_data(repository: Repository) -> CustomExtension:
    workspace = repository.workspace
    cubes: dict[str, Any] = {}
    for name, cube in repository.cubes.items():
        definition = cube.definition
        cubes[name] = {
            "label": cube.label,
            "description": definition.description,
            "fact": definition.fact,
            "dimensions": {role: each.dimension.name for role, each in cube.roles.items()},
            "labels": {r: d.label for r, d in definition.dimensions.items() if d.label},
            "default": definition.default.model_dump(exclude_defaults=True, mode="json"),
        }
    return CustomExtension.own(
        {
            "currency": workspace.currency,
            "time_zone": workspace.time_zone,
            "fiscal_year_start": workspace.fiscal_year_start,
            "cubes": cubes,
        }
    )


def _relationships(repository: Repository, names: Names) -> Iterator[Relationship]:
    for fact in repository.facts.values():
        for role in fact.roles.values():
            if role.available:
                here, there = names.fact(fact.name), names.role(role)
                key = role.dimension.surrogate_key
                yield _relationship(here, there, role.key_column, key)
    for bridge in repository.bridges.values():
        for end in (bridge.dimension, bridge.group):
            here, there = names.bridges[bridge.name], names.of_dimension(end)
            yield _relationship(here, there, end.surrogate_key, end.surrogate_key)


def _relationship(here: str, there: str, column: str, key: str) -> Relationship:
    return Relationship.model_validate(
        {
            "name": f"{here}_to_{there}",
            "from": here,
            "to": there,
            "from_columns": (column,),
            "to_columns": (key,),
        }
    )


def _metrics(repository: Repository, names: Names) -> Iterator[Metric]:
    taken: set[str] = set()
    for cube in repository.cubes.values():
        scope = Scope(cube.fact, cube.roles, cube.measures, names.fact(cube.fact.name), names.role)
        for name, measure in cube.measures.items():
            yield _metric(repository, cube, scope, name, measure, taken)


def _metric(
    repository: Repository,
    cube: ResolvedCube,
    scope: Scope,
    name: str,
    measure: Measure,
    taken: set[str],
) -> Metric:
    # Always with the cube's name, so that another cube never changes what a metric is called.
    called, number = f"{cube.name}_{name}", 2
    while called in taken:
        called, number = f"{cube.name}_{name}_{number}", number + 1
    taken.add(called)
    data: dict[str, Any] = {
        "cube": cube.name,
        "measure": name,
        "additivity": measure.additivity,
        "definition": measure.model_dump(exclude_defaults=True, by_alias=True, mode="json"),
    }
    stock = _stock(cube, measure)
    if stock is not None:
        data["stock"] = stock.model_dump(mode="json")
    own = duckdb_sql(measure)
    if own:
        data["duckdb_condition"] = own
    if measure.format == "currency":
        data["unit"] = repository.workspace.currency
    label = measure.label or name.replace("_", " ").capitalize()
    return Metric(
        name=called,
        expression=Expression.ansi(measure_sql(measure, scope)),
        description=measure.description or None,
        datatype=data_type(_result(cube, measure)),
        ai_context=Context(synonyms=(label,), instructions=_caution(measure, stock)),
        custom_extensions=(CustomExtension.own(data),),
    )


def _stock(cube: ResolvedCube, measure: Measure) -> SemiAdditive | None:
    """How a measure, or what it is the ratio of, counts over time, if it is a stock."""
    parts = (measure, *(cube.measures[name] for name in measure.ratio or ()))
    return next((part.semi_additive for part in parts if part.semi_additive is not None), None)


def _caution(measure: Measure, stock: SemiAdditive | None) -> str | None:
    """What a reader must know who computes the figure from its expression alone."""
    if stock is not None:
        what = "Made of stocks: add them" if measure.ratio else "A stock: add it"
        return (
            f"{what} up over everything but {stock.over}. Over several days it is the figure of the"
            f" {stock.take} day, never the sum of the days."
        )
    if measure.additivity == "non_additive":
        return "Compute it anew for every total; it does not add up."
    return None


def _result(cube: ResolvedCube, measure: Measure) -> str:
    kind = measure.aggregate
    if kind in ("count", "count_distinct"):
        return "integer"
    if kind in ("avg", "ratio"):
        return "double"
    operand = str(getattr(measure, kind))
    if "." in operand:
        level = cube.levels.get(operand)
        return level.type if level else "string"
    return cube.fact.column_type(operand) or "string"
