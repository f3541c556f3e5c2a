"""A tree of lineage on the terminal, with the rules on the way."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from metadata.lineage import KINDS, LineageGraph, Node
from metadata.lineage.graph import Reach
from metadata.lineage.values import Edge
from pipelines.cli.output import stdout

_WHOLE_LINES = 4_000
MOST_NAMES = 6
"""Names in one line; the rest is counted."""


def print_reach(graph: LineageGraph, node: Node, reach: Reach, *, decisions: bool) -> None:
    """Print what lies on one side of a node.

    Args:
        graph: the whole graph.
        node: what was asked about.
        reach: what was found on one side.
        decisions: whether what only decides is followed like values.
    """
    up = reach.direction == "up"
    stdout.print(f"[bold]{'Made of' if up else 'Goes into'}[/]")
    part = reach.graph.collapsed() if node.column is None else reach.graph
    within = {reach.graph.nodes[each].table_id for each in reach.direct} | reach.direct
    drawn = _Drawn(part, up, None if decisions else within)
    tree = Tree(_node(node), guide_style="dim")
    drawn.grow(tree, node.id)
    # On a terminal long lines go on below, within their branch; elsewhere they stay whole.
    console = stdout if stdout.is_terminal else Console(highlight=False, width=_WHOLE_LINES)
    console.print(tree, soft_wrap=False)
    stdout.print(_summary(reach, graph), style="dim")
    stdout.print()


@dataclass
class _Drawn:
    """Grows a tree along the edges; what was told once is only named the next time."""

    graph: LineageGraph
    up: bool
    values: Set[str] | None
    """What values alone lead to; None where whatever decides is followed like values."""
    seen: set[str] = field(default_factory=set)

    def grow(self, tree: Tree, start: str) -> None:
        """Level by level, so that what is met several times is told where it is nearest."""
        self.seen.add(start)
        queue = deque([(tree, start)])
        while queue:
            place, node = queue.popleft()
            followed, named = self._edges(node)
            for edges in followed:
                other = self._other(edges[0])
                branch = place.add(_along(self.graph.nodes[other], edges))
                self._go_on(queue, branch, other)
            if (table := self._rows_to_follow(node)) is not None:
                branch = place.add(f"[bold]rows of {escape(self.graph.nodes[table].name)}[/]")
                self._go_on(queue, branch, table)
            for line in named:
                place.add(f"[dim]{line}[/]")

    def _go_on(self, queue: deque[tuple[Tree, str]], branch: Tree, node: str) -> None:
        if node not in self.seen:
            self.seen.add(node)
            queue.append((branch, node))
        elif self._edges(node)[0]:
            branch.add("[dim]as elsewhere in this tree[/]")

    def _rows_to_follow(self, node: str) -> str | None:
        """The table of a column, where what decides about its rows is followed too."""
        each = self.graph.nodes[node]
        follows = self.up and self.values is None and each.column is not None
        untold = each.table_id in self.graph.nodes and each.table_id not in self.seen
        return each.table_id if follows and untold else None

    def _edges(self, node: str) -> tuple[list[list[Edge]], list[str]]:
        """Edges to follow, together for each node at the other end, and lines that only name."""
        own = [e for e in self._of(node) if e.how != "level"]
        values = [edge for edge in own if self._follows(edge)]
        followed: dict[str, list[Edge]] = {}
        for edge in values:
            followed.setdefault(self._other(edge), []).append(edge)
        rest = [edge for edge in own if not (edge.direct or edge in values)]
        return list(followed.values()), [*self._named(rest), *self._of_rows(node)]

    def _follows(self, edge: Edge) -> bool:
        return self.values is None or (edge.direct and self._other(edge) in self.values)

    def _of(self, node: str) -> tuple[Edge, ...]:
        if self.up:
            return self.graph.into(node)
        # What decides about the rows of a table decides about all that its columns go into.
        columns = self.graph.columns(node) if self.values is None else ()
        return tuple(
            e for each in (node, *(c.id for c in columns)) for e in self.graph.out_of(each)
        )

    def _other(self, edge: Edge) -> str:
        return edge.source if self.up else edge.target

    def _named(self, edges: Iterable[Edge], most: int = MOST_NAMES) -> Iterator[str]:
        by_how: dict[str, dict[str, None]] = {}
        for edge in edges:
            other = self.graph.nodes[self._other(edge)]
            whole = other.column is None and other.kind not in ("lookup", "cube")
            name = f"rows of {other.name}" if whole else other.name
            by_how.setdefault(edge.how, {})[name] = None
        for how, names in by_how.items():
            yield f"{how}: {_listed(names, most)}"

    def _of_rows(self, node: str) -> Iterator[str]:
        """What decides about the rows of a column's table, the first time one is met."""
        each = self.graph.nodes[node]
        table = each.table_id
        if not self.up or self.values is None or each.column is None or table in self.seen:
            return
        self.seen.add(table)
        decided = [edge for edge in self.graph.into(table) if not edge.direct]
        lines = self._named((e for e in decided if e.how != "level"), most=3)
        if told := "; ".join(lines):
            yield f"rows of {escape(each.table)} by {told}"


def _node(node: Node) -> str:
    about = " · ".join(filter(None, (node.kind, node.label, node.type, node.rule)))
    place = f"  [dim]{escape(str(node.where))}[/]" if node.where else ""
    return f"[bold]{escape(node.name)}[/]  {escape(about)}{place}"


def _along(node: Node, edges: list[Edge]) -> str:
    told = dict.fromkeys(
        edge.how + (f": {_one_line(edge.rule)}" if edge.rule else "") for edge in edges
    )
    made = f" [dim]({escape(node.rule)})[/]" if node.rule and node.kind != "measure" else ""
    places = dict.fromkeys(str(edge.where) for edge in edges if edge.where)
    where = f"  [dim]{escape(', '.join(places))}[/]" if places else ""
    return f"[bold]{escape(node.name)}[/]{made}  {escape('; '.join(told))}{where}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _listed(names: Iterable[str], most: int) -> str:
    known = list(names)
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return escape(", ".join(known[:most]) + more)


def _summary(reach: Reach, graph: LineageGraph) -> str:
    counts: dict[str, int] = {}
    for node in reach.found:
        if node.column is not None or node.kind == "lookup":
            counts[node.kind] = counts.get(node.kind, 0) + 1
    if not counts:
        end = "at the source" if reach.direction == "up" else "in use nowhere else"
        return f"Nothing further: it is {end}."
    told = [
        f"{counts[kind]:,} {_word(kind)}{'' if counts[kind] == 1 else 's'}"
        for kind in KINDS
        if kind in counts
    ]
    decided = sum(1 for n in reach.found if n.id not in reach.direct and n.column is not None)
    beside = f"; {decided:,} of them only through filters, joins and checks" if decided else ""
    return f"In all {', '.join(told)}{beside}."


def _word(kind: str) -> str:
    alone = kind in ("lookup", "measure", "tile", "chart", "alarm")
    return kind if alone else f"{kind} column"
