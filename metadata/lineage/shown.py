"""Lineage for somebody who does not see everything: only what leads to what is seen."""

from __future__ import annotations

from metadata.lineage.graph import LineageGraph

_FIGURES = ("cube", "measure", "tile", "chart", "alarm")


def leading_to_figures(graph: LineageGraph) -> LineageGraph:
    """Figures and levels of the graph's cubes, and the columns whose values go into them.

    Nothing is told of columns that only decide about rows, or that lead nowhere: they may be hidden
    from whoever looks.
    """
    kept = {each for each, node in graph.nodes.items() if node.kind in _FIGURES}
    waiting = list(kept)
    while waiting:
        for edge in graph.into(waiting.pop()):
            if (edge.direct or edge.how == "level") and edge.source not in kept:
                kept.add(edge.source)
                waiting.append(edge.source)
    kept |= {graph.nodes[each].table_id for each in kept} & set(graph.nodes)
    return graph.subgraph(kept)
