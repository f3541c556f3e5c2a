"""A lineage graph while it is being drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from metadata.errors import Location
from metadata.lineage.graph import LineageGraph
from metadata.lineage.values import KINDS, Edge, How, Kind, Node
from metadata.repository import Repository, golden_table
from metadata.scan import Scan


class Draft:
    """Collects nodes and edges; what is said twice is kept once."""

    def __init__(self, repository: Repository, scans: Mapping[str, Scan]) -> None:
        self.repository = repository
        self._scans = scans
        self._nodes: dict[str, Node] = {}
        self._edges: dict[tuple[str, str, How, str], Edge] = {}
        self._spelt: dict[str, str] = {}

    def add(self, node: Node) -> str:
        """Add a node; its id."""
        self._nodes.setdefault(node.id, node)
        return node.id

    def note(self, node: str, rule: str) -> None:
        """Add to what a node says of how it is made."""
        known = self._nodes[node]
        if rule not in known.rule.split("; "):
            self._nodes[node] = replace(known, rule="; ".join(filter(None, (known.rule, rule))))

    def edge(
        self, source: str, target: str, how: How, rule: str = "", where: Location | None = None
    ) -> None:
        """Let one node have a part in another; nothing has a part in itself."""
        if source != target:
            key = (source, target, how, rule)
            self._edges.setdefault(key, Edge(source, target, how, rule, where))

    def source_column(self, table: str, column: str) -> str:
        """The node of a landed column, whatever the case in which it is written."""
        folded = f"{table}.{column}".casefold()
        if folded not in self._spelt:
            node = self._source_node(table, column)
            self._spelt[folded] = self.add(node)
        return self._spelt[folded]

    def rows_of(self, entity: str) -> str:
        """The table in which others read an entity's rows: its golden records, if any."""
        return golden_table(entity) if entity in self.repository.matchings else entity

    def has(self, node: str) -> bool:
        """Whether a node has been drawn."""
        return node in self._nodes

    def finished(self) -> LineageGraph:
        """The graph, in the order in which data flows."""
        place = {name: position for position, name in enumerate(self._nodes)}

        def order(node: Node) -> tuple[int, str, bool, int]:
            return KINDS.index(node.kind), node.table, node.column is not None, place[node.id]

        nodes = {node.id: node for node in sorted(self._nodes.values(), key=order)}
        rank = {name: position for position, name in enumerate(nodes)}
        edges = sorted(
            self._edges.values(),
            key=lambda edge: (rank[edge.target], rank[edge.source], edge.how, edge.rule),
        )
        return LineageGraph(nodes, tuple(edges), _missing(self.repository))

    def _source_node(self, table: str, column: str) -> Node:
        source, _, name = table.partition(".")
        scan = self._scans.get(source)
        scanned = scan.table(name) if scan else None
        found = scanned.column(column) if scanned else None
        return Node(
            "source",
            table,
            found.name if found else column,
            type=found.type if found else "",
            description=found.comment if found else "",
            personal=bool(found and found.profile and found.profile.personal),
            where=self.repository.sources[source].where("tables", name),
        )


def table_id(kind: Kind, table: str) -> str:
    """Id of a whole table."""
    return f"{kind}:{table}"


def _missing(repository: Repository) -> dict[str, str]:
    found: dict[str, str] = {}
    for what, reason in repository.absent.items():
        kind, _, name = what.partition(" ")
        prefix = {"dimension": "dim_", "fact": "fact_", "bridge": "bridge_"}.get(kind, "")
        found[prefix + name] = reason
    for cube in repository.cubes.values():
        found |= {f"{cube.name}.{name}": reason for name, reason in cube.unavailable.items()}
    for name, entity in repository.entities.items():
        if name not in repository.mapped_entities:
            reason = f"No mapping fills the entity '{name}'."
            found[name] = reason
            found |= {f"{name}.{column}": reason for column in entity.value.columns}
    for dimension in repository.dimensions.values():
        for attribute in dimension.attributes.values():
            if not attribute.available:
                found[f"{dimension.table}.{attribute.name}"] = (
                    f"No mapping fills what the attribute '{attribute.name}' is read from."
                )
    return found
