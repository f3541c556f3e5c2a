"""Explore: any figure by any level, as a pivot, a chart or a statement; all in the address."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import streamlit as st

from dashboards import controls, data, notices
from dashboards.charting import view_picture
from dashboards.pivot import click_of, pivot
from dashboards.pivot_figures import FiguresByPlace, base_query, collect, flat_query
from dashboards.pivot_grid import build_grid, parse_path
from dashboards.taking_along import csv_text
from dashboards.view import Show, View, read_view
from dashboards.wording import ago, measure_label, member_label
from metadata.errors import Issue
from metadata.repository import ResolvedCube

_PIVOT, _SHOW = "explore_pivot", "explore_show"
_SHOW_NAMES: dict[Show, str] = {"table": "Table", "chart": "Chart", "sql": "How it is computed"}


def page() -> None:
    """Draw Explore."""
    data.version()
    if not data.cubes() and data.repository().seen_as:
        notices.empty(notices.NOTHING_TO_SEE)
        return
    if not data.cubes():
        notices.empty(
            Issue("There is nothing to explore yet.", None, "No cube of this workspace is loaded.",
                  "Map the entities a cube needs; `rapport check` says which are missing.")
        )  # fmt: skip
        return
    view, lost = current()
    cube = data.repository().cubes[view.cube]
    controls.sidebar(view, cube, show)
    _heading(view, cube)
    if lost:
        st.info("  \n".join(notices.plain(each) for each in lost), icon=":material/link_off:")
    _breadcrumb(view, cube)
    _toolbar(view, cube)
    if not view.rows and not view.columns and len(view.measures) == 0:
        st.caption("Choose at least one figure.")
        return
    if view.show == "sql":
        _statement(view, cube)
        return
    with st.skeleton(height=420):
        found = collect(view, cube, data.ask)
    if not found.figures or (view.rows and not found.children.get(())):
        notices.empty(
            Issue("Nothing matches.", None, "There are no facts for these filters.",
                  "Take a filter away, or choose other members."),
            icon=":material/filter_alt_off:",
        )  # fmt: skip
        notices.aside(found.notes)
        return
    if view.show == "chart":
        _chart(view, cube, found)
    else:
        _table(view, cube, found)


def current() -> tuple[View, list[str]]:
    """The view in the address."""
    address = {name: st.query_params.get_all(name) for name in st.query_params}
    return read_view(address, data.repository(), data.first_cube())


def show(view: View) -> None:
    """Put a view into the address; the page draws what stands there."""
    st.query_params.from_dict(view.to_address())


def _heading(view: View, cube: ResolvedCube) -> None:
    with st.container(gap=None):
        st.title(cube.label, anchor=False)
        st.html(f'<p class="rapport-lead">{escape(cube.definition.description)}</p>')


def _breadcrumb(view: View, cube: ResolvedCube) -> None:
    """Where one has drilled to; every step leads back."""
    if not view.trail:
        return
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="trail"):
        for place in range(len(view.trail)):
            text = "All" if place == 0 else _step_text(view, cube, place - 1)
            st.button(
                notices.plain(text), key=f"trail_{place}", type="tertiary",
                on_click=_climb, args=(place,), help="Back to here",
            )  # fmt: skip
            st.markdown("›")
        st.markdown(f"**{notices.plain(_step_text(view, cube, len(view.trail) - 1))}**")


def _step_text(view: View, cube: ResolvedCube, place: int) -> str:
    into = view.trail[place].into
    return ", ".join(member_label(member, cube.levels[level].attribute) for level, member in into)


def _climb(steps: int) -> None:
    view, _ = current()
    show(view.climbed(steps))


def _toolbar(view: View, cube: ResolvedCube) -> None:
    st.session_state[_SHOW] = view.show

    def changed() -> None:
        now, _ = current()
        show(replace(now, show=st.session_state.get(_SHOW) or "table"))

    def swapped() -> None:
        now, _ = current()
        show(now.pivoted())

    # A file is made when it is fetched, outside of the page that knows who looks.
    seen = data.seen()
    with st.container(horizontal=True, vertical_alignment="center", key="toolbar"):
        st.segmented_control(
            "Show as",
            list(_SHOW_NAMES),
            format_func=lambda each: _SHOW_NAMES[each],
            key=_SHOW,
            on_change=changed,
            required=True,
            label_visibility="collapsed",
        )
        st.button(
            "Swap rows and columns",
            icon=":material/swap_horiz:",
            on_click=swapped,
            disabled=not (view.rows or view.columns),
        )
        st.download_button(
            "Download CSV", icon=":material/download:", mime="text/csv", on_click="ignore",
            data=lambda: csv_text(seen.query(flat_query(view, cube)), cube),
            file_name=f"{view.cube}.csv",
        )  # fmt: skip


def _table(view: View, cube: ResolvedCube, found: FiguresByPlace) -> None:
    grid = build_grid(view, cube, found, data.figures())

    def clicked() -> None:
        click = click_of(_PIVOT)
        now, _ = current()
        if click.toggle and (path := parse_path(click.toggle)):
            show(now.toggled(path))
        elif click.drill and (path := parse_path(click.drill)):
            show(now.drilled(path, data.repository().cubes[now.cube]))
        elif click.sort:
            show(_sorted(now, click.sort))

    pivot(grid.data, key=_PIVOT, on_click=clicked)
    notices.aside([*grid.notes, *found.notes])
    moment = data.published_at()
    since = f" · figures as of {ago(moment, moment.now(moment.tzinfo))}" if moment else ""
    rows = f"{grid.rows:,} row{'' if grid.rows == 1 else 's'}"
    st.caption(f"{rows}{since}. Click a name to step into it, an arrow to open it in place.")


def _sorted(view: View, measure: str) -> View:
    """The first click puts the largest first, the second the smallest, the third sorts no more."""
    if view.sort != measure:
        return replace(view, sort=measure, descending=True)
    return replace(view, descending=False) if view.descending else replace(view, sort="")


def _chart(view: View, cube: ResolvedCube, found: FiguresByPlace) -> None:
    picture = view_picture(view, cube, found, data.figures())
    if picture.drawing is not None:
        with st.container(border=True):
            first = measure_label(view.measures[0], cube.measures[view.measures[0]])
            title = f"{first} by {cube.levels[view.rows[0]].label.lower()}"
            unit = f' <span class="rapport-unit">{escape(picture.drawing.unit)}</span>'
            st.html(f'<h3 class="rapport-chart">{escape(title)}{unit}</h3>')
            height = max(picture.drawing.height, 380)
            st.echarts_chart(picture.drawing.options, height=height, alt=f"Chart of {cube.label}")
    notices.aside([*picture.notes, *found.notes])


def _statement(view: View, cube: ResolvedCube) -> None:
    explanation = data.explain(base_query(view, cube))
    st.markdown("This statement computes the figures, totals included.")
    st.caption(f"It reads `{explanation.used}`.")
    notices.aside([str(note) for note in explanation.notes])
    st.code(explanation.sql, language="sql", wrap_lines=True)
    pages = st.session_state.get("pages")
    if pages is not None:
        for name in view.measures:
            label = measure_label(name, cube.measures[name])
            st.page_link(
                pages["lineage"], label=notices.plain(f"What {label} is made of"),
                icon=":material/account_tree:", query_params={"of": f"measure:{cube.name}.{name}"},
            )  # fmt: skip
