"""Column lineage as OpenLineage words it: for each column the columns it is made of, and how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from openlineage.client.facet_v2 import column_lineage_dataset as facet

from metadata.lineage import Edge, How
from pipelines.openlineage.datasets import Datasets, Named

DIRECT, INDIRECT = "DIRECT", "INDIRECT"
_WORDS: dict[How, tuple[str, str]] = {
    "copied": (DIRECT, "IDENTITY"),
    "key": (DIRECT, "TRANSFORMATION"),
    "cleansed": (DIRECT, "TRANSFORMATION"),
    "expression": (DIRECT, "TRANSFORMATION"),
    "lookup": (DIRECT, "TRANSFORMATION"),
    "converted": (DIRECT, "TRANSFORMATION"),
    "ratio": (DIRECT, "TRANSFORMATION"),
    "aggregated": (DIRECT, "AGGREGATION"),
    "prepared": (DIRECT, "AGGREGATION"),
    "shown": (DIRECT, "IDENTITY"),
    "rows": (DIRECT, "IDENTITY"),
    "join": (INDIRECT, "JOIN"),
    "filter": (INDIRECT, "FILTER"),
    "check": (INDIRECT, "CONDITIONAL"),
    "merge": (INDIRECT, "WINDOW"),
    "history": (INDIRECT, "CONDITIONAL"),
    "group": (INDIRECT, "GROUP_BY"),
    "level": (INDIRECT, "GROUP_BY"),
}
"""Type and subtype of a transformation."""


def column_lineage(datasets: Datasets, table_id: str) -> facet.ColumnLineageDatasetFacet:
    """What the columns of a table are made of, and what decides about its rows."""
    graph = datasets.graph
    fields = {
        str(node.column): facet.Fields(found)
        for node in graph.columns(table_id)
        if (found := _input_fields(datasets, graph.into(node.id), table_id))
    }
    whole = _input_fields(datasets, graph.into(table_id), table_id)
    return facet.ColumnLineageDatasetFacet(fields, dataset=whole)


def copied(named: Named, columns: Iterable[str]) -> facet.ColumnLineageDatasetFacet:
    """Every column as it is in another dataset."""
    same = [facet.Transformation(DIRECT, "IDENTITY")]
    return facet.ColumnLineageDatasetFacet(
        {
            column: facet.Fields([facet.InputField(named.namespace, named.name, column, same)])
            for column in columns
        }
    )


def _input_fields(
    datasets: Datasets, edges: tuple[Edge, ...], table_id: str
) -> list[facet.InputField]:
    """One input field for each column, with every way in which it has a part."""
    ways: dict[str, dict[tuple[str, str, str], None]] = {}
    for edge in edges:
        for source, how, rule in _columns(datasets, edge):
            kind, subtype = _WORDS[how]
            ways.setdefault(source, {})[kind, subtype, rule] = None
    found = []
    for source, each in ways.items():
        node = datasets.graph.nodes[source]
        # A row's own earlier state is no input.
        if node.column is None or node.table_id == table_id:
            continue
        named = datasets.of_table(node.table_id)
        transformations = [
            facet.Transformation(kind, subtype, rule or None) for kind, subtype, rule in each
        ]
        found.append(facet.InputField(named.namespace, named.name, node.column, transformations))
    return found


def _columns(datasets: Datasets, edge: Edge) -> Iterator[tuple[str, How, str]]:
    """The columns behind an edge: a lookup stands for those that it is read from."""
    if edge.source.startswith("lookup:"):
        for behind in datasets.graph.into(edge.source):
            yield behind.source, "lookup" if behind.direct else behind.how, edge.rule
    else:
        yield edge.source, edge.how, edge.rule
