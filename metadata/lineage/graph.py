"""The lineage graph: what something is made of, and what is made of it.

Columns belong to tables, and some things decide about whole rows: a filter, a check that refuses.
Those lead to the table. Whoever asks what a column is made of is also told what decided about the
rows of its table; whoever asks what a column does is told everything in the tables whose rows it
decides about. What is reached by values alone is told apart (`Reach.direct`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from metadata.lineage.names import find
from metadata.lineage.values import Edge, Node

Direction = Literal["up", "down"]


@dataclass(frozen=True)
class LineageGraph:
    """Nodes by id and edges between them, both in a settled order."""

    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    missing: Mapping[str, str] = field(default_factory=dict)
    """Names that the model knows and this workspace does not feed, each with the reason."""

    def find(self, name: str) -> Node:
        """The node of a name such as `customer.email`, or of an id such as `entity:customer.email`.

        Raises:
            UserError: there is none, or the name means several.
        """
        return find(self.nodes, self.missing, name)

    def upstream(self, name: str, depth: int | None = None) -> Reach:
        """What something is made of, within `depth` steps.

        Raises:
            UserError: the name is unknown or ambiguous.
        """
        return self._reach(self.find(name), "up", depth)

    def downstream(self, name: str, depth: int | None = None) -> Reach:
        """What is made of something, within `depth` steps.

        Raises:
            UserError: the name is unknown or ambiguous.
        """
        return self._reach(self.find(name), "down", depth)

    def dependents(self, ids: Iterable[str]) -> Reach:
        """What is made of any of several nodes; ids that are no nodes are passed over."""
        known = [each for each in ids if each in self.nodes]
        return self._walked(known, "down", None)

    def into(self, node: str) -> tuple[Edge, ...]:
        """Edges that end at a node."""
        return self._into.get(node, ())

    def out_of(self, node: str) -> tuple[Edge, ...]:
        """Edges that begin at a node."""
        return self._out_of.get(node, ())

    def columns(self, table: str) -> tuple[Node, ...]:
        """The columns of a table (the measures of a cube), in the order of their definition."""
        return self._columns.get(table, ())

    def subgraph(self, ids: Iterable[str]) -> LineageGraph:
        """Only some nodes, and the edges between them."""
        chosen = set(ids)
        return LineageGraph(
            {each: node for each, node in self.nodes.items() if each in chosen},
            tuple(e for e in self.edges if e.source in chosen and e.target in chosen),
        )

    def collapsed(self) -> LineageGraph:
        """Whole tables and cubes only; an edge says how many columns it stands for."""
        together: dict[tuple[str, str], list[Edge]] = {}
        for edge in self.edges:
            ends = self._whole(edge.source), self._whole(edge.target)
            if ends[0] != ends[1]:
                together.setdefault(ends, []).append(edge)
        whole = dict.fromkeys(self._whole(each) for each in self.nodes)
        nodes = {each: self.nodes.get(each) or _table_of(self, each) for each in whole}
        return LineageGraph(nodes, tuple(_merged(ends, es) for ends, es in together.items()))

    def _whole(self, node: str) -> str:
        each = self.nodes[node]
        return each.id if each.kind in ("tile", "chart", "alarm") else each.table_id

    def to_json(self) -> dict[str, Any]:
        """JSON-ready: `{"nodes": [...], "edges": [...]}`."""
        return {
            "nodes": [node.as_dict() for node in self.nodes.values()],
            "edges": [edge.as_dict() for edge in self.edges],
        }

    def _reach(self, node: Node, direction: Direction, depth: int | None) -> Reach:
        start = [node.id]
        if node.column is None:
            start += [column.id for column in self.columns(node.id)]
        return self._walked(start, direction, depth)

    def _walked(self, start: list[str], direction: Direction, depth: int | None) -> Reach:
        direct = self._walk(start, lambda each: self._values(each, direction), depth)
        nearby = self._rows_behind if direction == "up" else self._all_ahead
        reached = self._walk(start, nearby, depth)
        distance = {each: direct.get(each, steps) for each, steps in reached.items()}
        return Reach(
            tuple(dict.fromkeys(start)), direction, self.subgraph(distance), distance,
            frozenset(direct),
        )  # fmt: skip

    def _walk(
        self,
        start: list[str],
        nearby: Callable[[str], Iterator[tuple[str, int]]],
        depth: int | None,
    ) -> dict[str, int]:
        """Everything within reach, with the fewest steps to it."""
        found: dict[str, int] = {}
        queue = deque((each, 0) for each in start)
        while queue:
            here, steps = queue.popleft()
            if here in found:
                continue
            found[here] = steps
            for there, cost in nearby(here):
                if there in found or (depth is not None and steps + cost > depth):
                    continue
                # What costs no step comes before what costs one, so that the fewest are counted.
                if cost:
                    queue.append((there, steps + cost))
                else:
                    queue.appendleft((there, steps))
        return found

    def _values(self, node: str, direction: Direction) -> Iterator[tuple[str, int]]:
        for edge in self.into(node) if direction == "up" else self.out_of(node):
            if edge.direct:
                yield (edge.source if direction == "up" else edge.target), 1

    def _rows_behind(self, node: str) -> Iterator[tuple[str, int]]:
        each = self.nodes[node]
        for edge in self.into(node):
            # By what a cube can be grouped says nothing of its figures.
            if edge.how != "level":
                yield edge.source, 1
        if each.column is not None and each.table_id in self.nodes:
            decided = [edge for edge in self.into(each.table_id) if not edge.direct]
            if any(edge.how != "level" for edge in decided):
                yield each.table_id, 0

    def _all_ahead(self, node: str) -> Iterator[tuple[str, int]]:
        each = self.nodes[node]
        for edge in self.out_of(node):
            yield edge.target, 1
        if each.column is None and each.kind != "cube":
            for column in self.columns(node):
                yield column.id, 0

    @cached_property
    def _into(self) -> Mapping[str, tuple[Edge, ...]]:
        return _gathered(self.edges, lambda edge: edge.target)

    @cached_property
    def _out_of(self) -> Mapping[str, tuple[Edge, ...]]:
        return _gathered(self.edges, lambda edge: edge.source)

    @cached_property
    def _columns(self) -> Mapping[str, tuple[Node, ...]]:
        found: dict[str, list[Node]] = {}
        for node in self.nodes.values():
            if node.column is not None:
                found.setdefault(node.table_id, []).append(node)
        return {table: tuple(nodes) for table, nodes in found.items()}


@dataclass(frozen=True)
class Reach:
    """What lies upstream or downstream of something."""

    start: tuple[str, ...]
    """The node asked about; for a table also its columns."""
    direction: Direction
    graph: LineageGraph
    """The part of the graph within reach, the start included."""
    distance: Mapping[str, int]
    """Fewest steps to each node; 0 for the start, and for the table whose rows are decided."""
    direct: frozenset[str]
    """Nodes reached by values alone, the start included."""

    @property
    def found(self) -> tuple[Node, ...]:
        """What was reached, in the order in which data flows; the start is not."""
        return tuple(node for each, node in self.graph.nodes.items() if each not in self.start)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready: nodes with `steps` and `reached` (`values`, or by what decides), edges."""
        nodes = [
            {
                **node.as_dict(),
                "steps": self.distance[each],
                "reached": "values" if each in self.direct else "decisions",
            }
            for each, node in self.graph.nodes.items()
        ]
        return {"nodes": nodes, "edges": [edge.as_dict() for edge in self.graph.edges]}


def _table_of(graph: LineageGraph, table: str) -> Node:
    """A table of which only columns are part of a graph."""
    column = next(node for node in graph.nodes.values() if node.table_id == table)
    return Node("cube" if column.kind == "measure" else column.kind, column.table)


def _merged(ends: tuple[str, str], edges: list[Edge]) -> Edge:
    """One edge between two tables: the first by which a value goes, else the first."""
    first = next((edge for edge in edges if edge.direct), edges[0])
    columns = len({edge.target for edge in edges if edge.direct and edge.how != "rows"})
    rule = f"{columns} {'column' if columns == 1 else 'columns'}" if columns else first.rule
    return Edge(ends[0], ends[1], first.how, rule, first.where)


def _gathered(edges: Iterable[Edge], end: Callable[[Edge], str]) -> Mapping[str, tuple[Edge, ...]]:
    found: dict[str, list[Edge]] = {}
    for edge in edges:
        found.setdefault(end(edge), []).append(edge)
    return {node: tuple(each) for node, each in found.items()}
