"""What is told of one node beside the graph: what it is, what it is made of, what it goes into."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dashboards.lineage_drawing import WORDS
from metadata.lineage import LineageGraph, Node
from metadata.lineage.values import Edge

MOST = 60
"""Entries of one list; the rest is counted."""


def details(graph: LineageGraph, node: Node) -> dict[str, Any]:
    """What the component shows beside the graph; texts only, nothing is markup."""
    whole = node.column is None and node.kind not in ("lookup", "cube")
    word = node.kind.capitalize() if node.kind in ("measure", "tile", "chart") else WORDS[node.kind]
    edges_in, edges_out = graph.into(node.id), graph.out_of(node.id)
    rows = [] if node.column is None else [e for e in graph.into(node.table_id) if _of_rows(e)]
    return {
        "id": node.id,
        "name": node.name,
        "word": f"{word} table" if whole else word if node.kind in _ALONE else f"{word} column",
        "label": node.label,
        "about": node.description,
        "facts": [
            [name, text]
            for name, text in (
                ("Type", node.type),
                ("Made by", node.rule),
                ("Defined at", str(node.where) if node.where else ""),
                ("Personal data", "yes" if node.personal else ""),
                ("Table", node.table if node.column is not None and not _alone(node) else ""),
            )
            if text
        ],
        "table": None if node.column is None or _alone(node) else node.table_id,
        "lists": [
            _list("Made of", graph, [e for e in edges_in if e.direct], up=True),
            _list("Decided by", graph, [e for e in edges_in if _of_rows(e)], up=True),
            _list("Can be cut by", graph, [e for e in edges_in if e.how == "level"], up=True),
            _list("Rows decided by", graph, rows, up=True),
            _list("Goes into", graph, [e for e in edges_out if e.direct], up=False),
            _list("Decides about", graph, [e for e in edges_out if not e.direct], up=False),
        ],
    }


_ALONE = ("measure", "tile", "chart", "alarm", "lookup", "cube")


def _of_rows(edge: Edge) -> bool:
    return not edge.direct and edge.how != "level"


def _alone(node: Node) -> bool:
    return node.kind in ("tile", "chart", "alarm")


def _list(name: str, graph: LineageGraph, edges: Iterable[Edge], *, up: bool) -> dict[str, Any]:
    entries: dict[str, dict[str, Any]] = {}
    for edge in edges:
        other = graph.nodes[edge.source if up else edge.target]
        whole = other.column is None and other.kind not in ("lookup", "cube")
        entry = entries.setdefault(
            other.id,
            {"id": other.id, "name": f"rows of {other.name}" if whole else other.name, "told": []},
        )
        rule = " ".join(edge.rule.split())
        place = str(edge.where) if edge.where else ""
        told = [edge.how, rule, place]
        if told not in entry["told"]:
            entry["told"].append(told)
    listed = list(entries.values())
    return {"name": name, "entries": listed[:MOST], "more": max(0, len(listed) - MOST)}
