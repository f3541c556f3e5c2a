"""A lineage graph as a Mermaid flowchart: tables as boxes, what only decides as dotted lines."""

from __future__ import annotations

from metadata.lineage.graph import LineageGraph
from metadata.lineage.values import Node


def as_mermaid(graph: LineageGraph) -> str:
    """The text of a flowchart from left to right; the same graph gives the same text."""
    alias = {each: f"n{position}" for position, each in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    boxes: dict[str, list[Node]] = {}
    for node in graph.nodes.values():
        boxes.setdefault(node.table_id, []).append(node)
    for position, nodes in enumerate(boxes.values()):
        boxed = any(node.column is not None for node in nodes)
        if boxed:
            lines.append(f'  subgraph t{position}["{_escaped(nodes[0].table)}"]')
        for node in nodes:
            named = node.column or ("all rows" if boxed else node.table)
            lines.append(f'    {alias[node.id]}["{_escaped(named)}"]')
        if boxed:
            lines.append("  end")
    for edge in graph.edges:
        arrow = "-->" if edge.direct else "-.->"
        lines.append(f"  {alias[edge.source]} {arrow}|{edge.how}| {alias[edge.target]}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Text that cannot end the label it stands in, nor be taken for markup."""
    return "".join(each if each.isalnum() or each in " _.-/" else f"#{ord(each)};" for each in text)
