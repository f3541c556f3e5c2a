"""Links both ways: what a thing is made from, and what is made from it."""

from __future__ import annotations

from collections.abc import Iterable

from metadata import Repository
from metadata.errors import Location
from metadata.lineage import Edge, LineageGraph, Node
from pipelines.dictionary.pages import (
    Cell,
    Inline,
    Link,
    Place,
    Ref,
    Text,
    page_id,
    shortened,
    stacked,
)
from transforms import rollup_table

_PLAIN = ("copied", "cleansed", "rows", "level", "shown", "aggregated", "key", "prepared", "group")
"""Ways that need no word of their own: both ends say enough."""


class Trail:
    """The lineage of a workspace as links between the pages of its dictionary."""

    def __init__(self, repository: Repository, graph: LineageGraph, *, sources: bool) -> None:
        self.graph = graph
        self.sources = sources
        self._rollups = {
            rollup_table(cube.name, rollup): (cube.name, rollup)
            for cube in repository.cubes.values()
            for rollup in cube.definition.rollups
        }

    def made_from(self, node: str) -> Cell:
        """What goes into a node; a rollup only keeps ready what goes in anyway."""
        edges = [e for e in self.graph.into(node) if e.direct and e.how != "prepared"]
        return shortened(self._links((self.graph.nodes[e.source], e) for e in edges))

    def goes_into(self, node: str) -> Cell:
        """What is made from a node, and below it what it only decides about."""
        edges = sorted(self.graph.out_of(node), key=self._order)
        made = [e for e in edges if e.direct or e.how in ("level", "group")]
        links = self._links((self.graph.nodes[e.target], e) for e in made)
        told = {e.target for e in made}
        others = [e for e in edges if e not in made and e.target not in told]
        deciding = self._links((self.graph.nodes[e.target], e) for e in others)
        also: Cell = (Text("decides: ", faint=True), *shortened(deciding, 3)) if deciding else ()
        return stacked(shortened(links), also)

    def made(self, node: str) -> Cell:
        """What is made from a node, without what it only decides about."""
        edges = sorted((e for e in self.graph.out_of(node) if e.direct), key=self._order)
        return shortened(self._links((self.graph.nodes[e.target], e) for e in edges))

    def _order(self, edge: Edge) -> tuple[bool, bool, tuple[int, str]]:
        target = self.graph.nodes[edge.target]
        return not edge.direct, target.kind == "rollup", target.rank

    def about(self, node: str) -> Node | None:
        """A node by its identity; None where the workspace does not feed it."""
        return self.graph.nodes.get(node)

    def ref(self, node: Node) -> Ref | None:
        """The page or row of a node; None where it has none."""
        row = node.column or ""
        match node.kind:
            case "source":
                return Ref(page_id("table", node.table), row) if self.sources else None
            case "lookup":
                return Ref(page_id("lookup", node.table)) if self.sources else None
            case "entity" | "cube":
                return Ref(page_id(node.kind, node.table), row)
            case "measure":
                return Ref(page_id("cube", node.table), row)
            case "dimension":
                bare = node.table.removeprefix("dim_").removeprefix("closure_")
                own = row if node.table.startswith("dim_") else ""
                return Ref(page_id("dimension", bare), own)
            case "fact" | "bridge":
                return Ref(page_id(node.kind, node.table.removeprefix(f"{node.kind}_")), row)
            case "rollup":
                cube, rollup = self._rollups[node.table]
                return Ref(page_id("cube", cube), f"rollup {rollup}")
            case "tile" | "chart":
                return Ref("portal", f"{node.kind} {row}") if self.sources else None
            case _:
                return None

    def _links(self, found: Iterable[tuple[Node, Edge]]) -> list[Cell]:
        told: dict[Ref, Cell] = {}
        for node, edge in found:
            to = self.ref(node)
            if to is not None and to not in told:
                link: Inline = Link(_called(node), to)
                how = () if edge.how in _PLAIN else (Text(f" {edge.how}", faint=True),)
                told[to] = (link, *how)
        return list(told.values())


def _called(node: Node) -> str:
    if node.kind in ("tile", "chart"):
        return f"{node.kind} {node.label or node.column}"
    return node.name


def place(where: Location | None) -> Cell:
    """Where something is defined."""
    return (Place(where.file, where.line),) if where is not None else ()
