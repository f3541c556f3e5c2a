"""From a part of the lineage graph to boxes, rows and lines with their places, in pixels.

Tables stand in layers from left to right as data flows. A table lists the columns that are part of
what is shown, or only counts them; lines then end at its head.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dashboards.lineage_view import LineageView
from metadata.lineage import Kind, LineageGraph, Node
from metadata.lineage.values import Edge

WIDTH, HEAD, ROW, FOOT = 214, 46, 26, 6
"""Of a box, of its head, of a row, and below the last row."""
BETWEEN_LAYERS, BETWEEN_BOXES, MARGIN = 84, 18, 16
FEW_ROWS, FEW_IN_ALL = 8, 70
"""A table opens by itself while it has few rows, and all that are open have few together."""
MOST_RULES = 4
MANY_ALIKE = 12
"""So many sources with a table of one name are one box, until it is opened."""
_LAYERS: dict[Kind, int] = {
    "source": 0, "lookup": 1, "entity": 2, "dimension": 3, "bridge": 4, "fact": 5, "rollup": 6,
    "cube": 7, "measure": 7, "tile": 8, "chart": 8, "alarm": 8,
}  # fmt: skip
_ALIKE = "alike:"
_SHOWN = {"tile": "Tiles", "chart": "Charts", "alarm": "Alarms"}
WORDS: dict[Kind, str] = {
    "source": "Source", "lookup": "Lookup", "entity": "Entity", "dimension": "Dimension",
    "bridge": "Bridge", "fact": "Fact", "rollup": "Rollup", "cube": "Cube", "measure": "Cube",
    "tile": "Portal", "chart": "Portal", "alarm": "Alarms",
}  # fmt: skip
"""What the tables of a kind are called above their name."""


@dataclass(frozen=True)
class _Box:
    """A table with the columns that are part of what is shown."""

    id: str
    title: str
    kind: Kind
    rows: tuple[Node, ...]
    is_open: bool
    tables: int = 1
    """Of how many sources it stands for the tables."""

    @property
    def height(self) -> int:
        return HEAD + (len(self.rows) * ROW + FOOT if self.is_open else 0)


def shown_part(graph: LineageGraph, view: LineageView) -> LineageGraph:
    """The nodes within reach of the one in the middle, as the view wants them."""
    ids: set[str] = set()
    if view.way in ("both", "up"):
        reach = graph.upstream(view.of, view.steps)
        ids |= reach.distance.keys() if view.decisions else reach.direct
    if view.way in ("both", "down"):
        reach = graph.downstream(view.of, view.steps)
        ids |= reach.distance.keys() if view.decisions else reach.direct
        # By what a cube can be cut and a chart is drawn belongs to where a column ends up.
        left = {each for each in reach.direct if reach.distance[each] != view.steps}
        ids |= {edge.target for each in left for edge in graph.out_of(each) if _cuts(graph, edge)}
    return graph.subgraph(ids)


def _cuts(graph: LineageGraph, edge: Edge) -> bool:
    grouped = edge.how in ("group", "level")
    return grouped and graph.nodes[edge.target].kind in ("cube", "tile", "chart", "alarm")


def drawn(graph: LineageGraph, view: LineageView) -> dict[str, Any]:
    """What the component draws.

    Args:
        graph: the whole graph.
        view: what is wanted of it.

    Returns:
        `width` and `height` of the drawing; `boxes`, each with its place and rows; `lines` between
        them, from right sides to left sides; `focus`, the id in the middle.
    """
    part = shown_part(graph, view)
    homes = _homes(part, view)
    boxes = _boxes(part, view, homes)
    layers = _ordered(_layers(boxes), part, homes)
    places = _placed(layers)
    width = max((x + WIDTH for x, _ in places.values()), default=0) + MARGIN
    height = max((y + boxes[each].height for each, (_, y) in places.items()), default=0) + MARGIN
    return {
        "focus": view.of,
        "width": width,
        "height": height,
        "boxes": [_box(boxes[each], x, y, view) for each, (x, y) in places.items()],
        "lines": list(_lines(part, boxes, places, homes)),
    }


def _homes(part: LineageGraph, view: LineageView) -> dict[str, str]:
    """The box of each table: its own, or that of many sources with a table of the same name."""
    tables = {node.table_id: node.kind for node in part.nodes.values()}
    middle = part.nodes[view.of].table_id if view.of in part.nodes else ""
    alike: dict[str, list[str]] = {}
    for table, kind in tables.items():
        if kind == "source" and table != middle:
            alike.setdefault(f"{_ALIKE}{table.rpartition('.')[2]}", []).append(table)
    homes = {table: table for table in tables}
    for box, together in alike.items():
        if len(together) >= MANY_ALIKE and box not in view.opened:
            homes |= dict.fromkeys(together, box)
    return homes


def _boxes(part: LineageGraph, view: LineageView, homes: Mapping[str, str]) -> dict[str, _Box]:
    rows: dict[str, list[Node]] = {}
    for node in part.nodes.values():
        rows.setdefault(node.table_id, [])
        if node.column is not None:
            rows[node.table_id].append(node)
    middle = view.of
    left = FEW_IN_ALL
    boxes: dict[str, _Box] = {}
    for table, nodes in rows.items():
        home = homes[table]
        if home != table:
            known = boxes.get(home)
            boxes[home] = _Box(
                home,
                home.removeprefix(_ALIKE),
                "source",
                (*(known.rows if known else ()), *nodes),
                False,
                known.tables + 1 if known else 1,
            )
            continue
        holds_middle = any(node.id == middle for node in nodes)
        few = len(nodes) <= FEW_ROWS and len(nodes) <= left
        is_open = (holds_middle or few or table in view.opened) and table not in view.closed
        is_open = is_open and bool(nodes)
        left -= len(nodes) if is_open else 0
        kind, _, name = table.partition(":")
        boxes[table] = _Box(
            table, _SHOWN.get(kind, name), nodes[0].kind if nodes else part.nodes[table].kind,
            tuple(nodes), is_open,
        )  # fmt: skip
    return boxes


def _layers(boxes: Mapping[str, _Box]) -> list[list[_Box]]:
    layers: dict[int, list[_Box]] = {}
    for box in boxes.values():
        layers.setdefault(_LAYERS[box.kind], []).append(box)
    return [layers[number] for number in sorted(layers)]


def _ordered(
    layers: list[list[_Box]], part: LineageGraph, homes: Mapping[str, str]
) -> list[list[_Box]]:
    """Boxes near those they are connected with, by the mean place of their neighbours."""
    beside: dict[str, set[str]] = {}
    for edge in part.edges:
        ends = [homes[part.nodes[each].table_id] for each in (edge.source, edge.target)]
        beside.setdefault(ends[0], set()).add(ends[1])
        beside.setdefault(ends[1], set()).add(ends[0])
    for sweep in range(6):
        order = range(len(layers)) if sweep % 2 == 0 else range(len(layers) - 1, -1, -1)
        for number in order:
            place = {
                box.id: (position + 0.5) / len(layer)
                for layer in layers
                for position, box in enumerate(layer)
            }

            def mean(box: _Box, place: Mapping[str, float] = place) -> tuple[float, str]:
                near = [place[each] for each in sorted(beside.get(box.id, ())) if each in place]
                return (sum(near) / len(near) if near else place[box.id]), box.id

            layers[number] = sorted(layers[number], key=mean)
    return layers


def _placed(layers: list[list[_Box]]) -> dict[str, tuple[int, int]]:
    """Layers beside one another, each in the middle of the height."""
    heights = [sum(b.height for b in layer) + BETWEEN_BOXES * (len(layer) - 1) for layer in layers]
    tallest = max(heights, default=0)
    places: dict[str, tuple[int, int]] = {}
    for number, (layer, height) in enumerate(zip(layers, heights, strict=True)):
        x = MARGIN + number * (WIDTH + BETWEEN_LAYERS)
        y = MARGIN + (tallest - height) // 2
        for box in layer:
            places[box.id] = (x, y)
            y += box.height + BETWEEN_BOXES
    return places


def _box(box: _Box, x: int, y: int, view: LineageView) -> dict[str, Any]:
    rows = box.rows if box.is_open else ()
    return {
        "id": box.id,
        "title": box.title,
        "word": WORDS[box.kind] if box.tables == 1 else f"{box.tables:,} sources",
        "kind": "cube" if box.kind == "measure" else box.kind,
        "count": len(box.rows) if box.tables == 1 else box.tables,
        "columns": len(box.rows),
        "tables": box.tables,
        "open": box.is_open,
        "walks": not box.id.startswith(("tile:", "chart:", "alarm:", _ALIKE)),
        "x": x,
        "y": y,
        "height": box.height,
        "focus": box.id == view.of,
        "rows": [
            {
                "id": node.id,
                "name": str(node.column),
                "about": node.label,
                "focus": node.id == view.of,
            }
            for node in rows
        ],
    }


def _lines(
    part: LineageGraph,
    boxes: Mapping[str, _Box],
    places: Mapping[str, tuple[int, int]],
    homes: Mapping[str, str],
) -> Iterator[dict[str, Any]]:
    """One line for all edges between the same two ends."""
    together: dict[tuple[str, str], list[Edge]] = {}
    for edge in part.edges:
        ends = (part.nodes[each] for each in (edge.source, edge.target))
        source, target = (_end(node, boxes, homes) for node in ends)
        if source != target:
            together.setdefault((source, target), []).append(edge)
    anchors = dict(_anchors(boxes, places))
    for (source, target), edges in together.items():
        (x, y), (to_x, to_y) = anchors[source], anchors[target]
        told = dict.fromkeys(_told(edge) for edge in edges)
        more = [f"and {len(told) - MOST_RULES} more"] if len(told) > MOST_RULES else []
        yield {
            "source": source,
            "target": target,
            "from": [x + WIDTH, y],
            "to": [to_x, to_y],
            "direct": any(edge.direct for edge in edges),
            "told": [*list(told)[:MOST_RULES], *more],
        }


def _told(edge: Edge) -> str:
    return edge.how + (f": {' '.join(edge.rule.split())}" if edge.rule else "")


def _end(node: Node, boxes: Mapping[str, _Box], homes: Mapping[str, str]) -> str:
    """A column where its table lists columns, else the box of the table."""
    home = homes[node.table_id]
    return node.id if node.column is not None and boxes[home].is_open else home


def _anchors(
    boxes: Mapping[str, _Box], places: Mapping[str, tuple[int, int]]
) -> Iterator[tuple[str, tuple[int, int]]]:
    """Left edge of each box, and the middle of its head and of each row."""
    for box in boxes.values():
        x, y = places[box.id]
        yield box.id, (x, y + HEAD // 2)
        for position, node in enumerate(box.rows if box.is_open else ()):
            yield node.id, (x, y + HEAD + position * ROW + ROW // 2)
