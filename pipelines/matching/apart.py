"""Clusters in which no two records are that somebody has decided apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Edge(NamedTuple):
    """Two records that belong together, and how surely."""

    left: str
    right: str
    strength: float


def clusters_apart(edges: Iterable[Edge], apart: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The cluster of each record: the strongest edges join first, but never what is apart.

    Args:
        edges: of one or more clusters.
        apart: pairs that must not be in one cluster.

    Returns:
        for each record the first key of its cluster.
    """
    members: dict[str, set[str]] = {}
    enemies: dict[str, set[str]] = {}
    for one, other in apart:
        enemies.setdefault(one, set()).add(other)
        enemies.setdefault(other, set()).add(one)
    for edge in sorted(edges, key=lambda e: (-e.strength, e.left, e.right)):
        mine = members.setdefault(edge.left, {edge.left})
        theirs = members.setdefault(edge.right, {edge.right})
        if mine is theirs or any(enemies.get(record, set()) & theirs for record in mine):
            continue
        mine |= theirs
        for record in theirs:
            members[record] = mine
    return {record: min(cluster) for record, cluster in members.items()}
