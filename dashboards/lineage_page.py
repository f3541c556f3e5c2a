"""Lineage: where a figure comes from, rule by rule, and what hangs on a column; to walk along."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from dashboards import data, notices
from dashboards.lineage_details import details
from dashboards.lineage_drawing import drawn
from dashboards.lineage_graph import lineage_graph, step_of
from dashboards.lineage_view import MOST_STEPS, WAYS, LineageView, Way, read_lineage_view
from metadata.errors import Issue
from metadata.lineage import LineageGraph, Node

_GRAPH, _SEARCH, _WAY, _STEPS, _DECISIONS = (
    f"lineage_{name}" for name in ("graph", "search", "way", "steps", "decisions")
)
_WAY_NAMES: dict[Way, str] = {"both": "Both ways", "up": "Made of", "down": "Goes into"}
_offers: tuple[LineageGraph, list[str]] | None = None
MOST_OFFERED = 4000
"""Names offered by the search; of more only what people look for is offered, the rest is typed."""


def page() -> None:
    """Draw the page."""
    with st.skeleton(height=480):
        graph = data.lineage()
    if not graph.nodes and data.repository().seen_as:
        notices.empty(notices.NOTHING_TO_SEE)
        return
    if not any(node.kind == "source" for node in graph.nodes.values()):
        notices.empty(
            Issue("There is nothing to follow yet.", None, "This workspace reads no source.",
                  "Describe a source and map its tables; `rapport check` helps.")
        )  # fmt: skip
        return
    view, refused = current(graph)
    _heading()
    _toolbar(graph, view)
    if refused is not None:
        notices.problems(refused.issues)
    node = graph.nodes[view.of]
    drawing = drawn(graph, view) | {"details": details(graph, node)}

    def stepped() -> None:
        step = step_of(_GRAPH)
        now, _ = current(graph)
        if step.walk in graph.nodes:
            show(now.walked(step.walk))
        elif step.toggle:
            shown = {box["id"]: box["open"] for box in drawn(graph, now)["boxes"]}
            if step.toggle in shown:
                show(now.toggled(step.toggle, is_open=shown[step.toggle]))

    lineage_graph(drawing, key=_GRAPH, on_step=stepped)
    st.caption(_caption(drawing))


def current(graph: LineageGraph) -> tuple[LineageView, Exception | None]:
    """The view in the address."""
    address = {name: st.query_params.get_all(name) for name in st.query_params}
    return read_lineage_view(address, graph)


def show(view: LineageView) -> None:
    """Put a view into the address; the page draws what stands there."""
    st.query_params.from_dict(view.to_address())


def offered(graph: LineageGraph) -> list[str]:
    """Ids that the search offers: what people look at first, then the way back to the sources.

    Sorted once for each graph: the page is drawn anew at every step.
    """
    global _offers
    if _offers is None or _offers[0] is not graph:
        _offers = (graph, _sorted(graph))
    return _offers[1]


def _sorted(graph: LineageGraph) -> list[str]:
    ids = sorted(graph.nodes, key=lambda each: (_nearness(graph.nodes[each]), each))
    if len(ids) > MOST_OFFERED:
        ids = [each for each in ids if _nearness(graph.nodes[each]) < 3]
    return ids[:MOST_OFFERED]


def _nearness(node: Node) -> int:
    order = {"measure": 0, "tile": 1, "chart": 1, "alarm": 1, "cube": 2}
    return order.get(node.kind, 2 if node.column is None else 3)


def _heading() -> None:
    with st.container(gap=None):
        st.title("Lineage", anchor=False)
        lead = "What a figure is made of, and what hangs on a column. Click a name to go there."
        st.html(f'<p class="rapport-lead">{lead}</p>')


def _toolbar(graph: LineageGraph, view: LineageView) -> None:
    st.session_state[_SEARCH] = view.of
    st.session_state[_WAY] = view.way
    st.session_state[_STEPS] = view.steps or 0
    st.session_state[_DECISIONS] = view.decisions

    def searched() -> None:
        wanted = st.session_state.get(_SEARCH)
        if wanted:
            # What was typed is looked up by the page, which also says why it is not there.
            st.query_params.from_dict(replace(current(graph)[0], of=wanted).to_address())

    def changed() -> None:
        now, _ = current(graph)
        show(
            replace(
                now,
                way=st.session_state.get(_WAY) or "both",
                steps=st.session_state.get(_STEPS) or None,
                decisions=bool(st.session_state.get(_DECISIONS)),
            )
        )

    ids = offered(graph)
    with st.container(horizontal=True, vertical_alignment="bottom", key="lineage_toolbar"):
        st.selectbox(
            "Column, measure or tile", ids if view.of in ids else [view.of, *ids], key=_SEARCH,
            format_func=lambda each: _offer(graph, each), on_change=searched,
            accept_new_options=True, width=420,
            help="table.column, cube.measure, a tile, or a table alone.",
        )  # fmt: skip
        st.segmented_control(
            "Way", WAYS, format_func=lambda way: _WAY_NAMES[way], key=_WAY, on_change=changed,
            required=True, label_visibility="collapsed",
        )  # fmt: skip
        st.selectbox(
            "Steps", range(MOST_STEPS + 1), key=_STEPS, on_change=changed, width=120,
            format_func=lambda steps: str(steps) if steps else "All",
        )  # fmt: skip
        st.toggle(
            "Filters and joins too", key=_DECISIONS, on_change=changed,
            help="Follow what only decides which row or value it is: filters, joins, checks.",
        )  # fmt: skip


def _offer(graph: LineageGraph, each: str) -> str:
    node = graph.nodes.get(each)
    if node is None:
        return each
    kind = "table" if node.column is None and node.kind not in ("cube", "lookup") else node.kind
    return f"{node.name} · {node.label or kind}" if node.label else f"{node.name} · {kind}"


def _caption(drawing: dict[str, object]) -> str:
    boxes = drawing["boxes"]
    assert isinstance(boxes, list)
    columns = sum(box["columns"] for box in boxes)
    tables = sum(box["tables"] for box in boxes)
    return (
        f"{columns:,} column{'' if columns == 1 else 's'} in {tables:,}"
        f" table{'' if tables == 1 else 's'}. The number in a table's head lists its columns."
    )
