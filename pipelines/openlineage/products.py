"""What each step reads and makes, as datasets with their columns and lineage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from openlineage.client.facet_v2 import DatasetFacet, dataset_version_dataset

from metadata.errors import Location
from pipelines.openlineage.columns import column_lineage, copied
from pipelines.openlineage.datasets import Datasets, Named, documented
from pipelines.plan import (
    BuildRollup,
    ExtractTable,
    LoadBridge,
    LoadDimension,
    LoadFact,
    MatchEntity,
    PlannedStep,
    Publish,
    StageEntity,
    Step,
    step_name,
)
from transforms import quarantine_table
from transforms.landing import TECHNICAL


@dataclass(frozen=True)
class Product:
    """A dataset as it is read or made."""

    named: Named
    columns: Mapping[str, tuple[str, str]]
    """Types and descriptions by name."""
    facets: dict[str, DatasetFacet] = field(default_factory=dict)
    refused: bool = False
    """Whether it holds the rows that a step refused."""
    counted: bool = True
    """Whether the rows that a step made are the rows of this."""
    reads: tuple[Product, ...] = ()


def products_of(datasets: Datasets, step: Step, published: int | None) -> tuple[Product, ...]:
    """What a step makes.

    Args:
        datasets: the workspace's datasets.
        step: the step.
        published: the version that readers see after it, for the step that publishes.
    """
    match step:
        case ExtractTable(source, table):
            return (_landed(datasets, source, table),)
        case StageEntity(entity):
            refused = Product(
                datasets.staged(quarantine_table(entity)), {}, refused=True,
                facets=documented(f"Rows refused on the way to {entity}, with the reason."),
            )  # fmt: skip
            return (_of_graph(datasets, f"entity:{entity}"), refused)
        case MatchEntity():
            return (_of_graph(datasets, f"entity:{step_name(step)}"),)
        case LoadDimension(dimension):
            tables = [f"dimension:dim_{dimension}", f"dimension:closure_{dimension}"]
            return tuple(
                _of_graph(datasets, each, counted=position == 0)
                for position, each in enumerate(tables)
                if each in datasets.graph.nodes
            )
        case LoadBridge():
            return (_of_graph(datasets, f"bridge:{step_name(step)}"),)
        case LoadFact():
            return (_of_graph(datasets, f"fact:{step_name(step)}"),)
        case BuildRollup():
            return (_of_graph(datasets, f"rollup:{step_name(step)}"),)
        case Publish():
            return tuple(_published(datasets, published))
        case _:
            assert_never(step)


def inputs_of(datasets: Datasets, planned: PlannedStep) -> tuple[Product, ...]:
    """What a step reads: the source, or what the steps before it made."""
    if isinstance(planned.step, ExtractTable):
        source, table = planned.step.source, planned.step.table
        return (Product(datasets.source(source, table), _delivered(datasets, source, table)),)
    tables = (_table_of(datasets, need) for need in planned.needs)
    return tuple(
        Product(datasets.of_table(each), datasets.columns(each)) for each in tables if each
    )


def shown_products(datasets: Datasets) -> Iterator[tuple[Product, Location | None]]:
    """Cubes, made of facts and dimensions; and what the portal shows, made of cubes."""
    for node in datasets.graph.nodes.values():
        if node.kind == "cube":
            yield _of_graph(datasets, node.id), node.where
    for kind in ("tile", "chart", "alarm"):
        shown = datasets.graph.columns(f"{kind}:{kind}")
        if shown:
            yield _of_graph(datasets, f"{kind}:{kind}"), shown[0].where


def _landed(datasets: Datasets, source: str, table: str) -> Product:
    columns = datasets.columns(f"source:{source}.{table}")
    node = datasets.graph.nodes[f"source:{source}.{table}"]
    facets = documented(node.description)
    delivered = _delivered(datasets, source, table)
    facets["columnLineage"] = copied(datasets.source(source, table), delivered)
    return Product(datasets.landed(source, table), columns, facets)


def _delivered(datasets: Datasets, source: str, table: str) -> dict[str, tuple[str, str]]:
    """The columns that the source has, without those that reading adds."""
    columns = datasets.columns(f"source:{source}.{table}")
    return {name: about for name, about in columns.items() if name not in TECHNICAL}


def _of_graph(datasets: Datasets, table_id: str, *, counted: bool = True) -> Product:
    lineage = column_lineage(datasets, table_id)
    node = datasets.graph.nodes.get(table_id)
    facets = {**documented(node.description if node else ""), "columnLineage": lineage}
    behind = dict.fromkeys(_read_by(datasets, table_id))
    return Product(
        datasets.of_table(table_id), datasets.columns(table_id), facets, counted=counted,
        reads=tuple(Product(datasets.of_table(each), datasets.columns(each)) for each in behind),
    )  # fmt: skip


def _read_by(datasets: Datasets, table_id: str) -> Iterator[str]:
    graph = datasets.graph
    for node in (table_id, *(column.id for column in graph.columns(table_id))):
        for edge in graph.into(node):
            source = graph.nodes[edge.source]
            if source.table_id != table_id and source.kind != "lookup":
                yield source.table_id


def _published(datasets: Datasets, version: int | None) -> Iterator[Product]:
    for node in datasets.graph.nodes.values():
        if node.kind in ("dimension", "bridge", "fact", "rollup") and node.column is None:
            columns = datasets.columns(node.id)
            facets = documented(node.description)
            facets["columnLineage"] = copied(datasets.built(node.table), columns)
            if version is not None:
                facets["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(str(version))
            yield Product(datasets.published(node.table), columns, facets, counted=False)


def _table_of(datasets: Datasets, need: str) -> str | None:
    """The table of the graph that the step of a name makes."""
    kinds = ("source", "entity", "dimension", "bridge", "fact", "rollup")
    return next(
        (each for kind in kinds if (each := f"{kind}:{need}") in datasets.graph.nodes), None
    )
