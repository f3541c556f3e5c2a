"""Explore's side: what to show, by what, for whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from cubes.predicates import EMPTY
from dashboards import data
from dashboards.view import MOST_TOP, Filter, View, default_view, read_view
from dashboards.wording import measure_label, member_label, member_text
from metadata.repository import ResolvedCube

MOST_MEMBERS = 500
"""Members offered at once; beyond, the engine searches for what is typed."""

Show = Callable[[View], None]


def sidebar(view: View, cube: ResolvedCube, show: Show) -> None:
    """All controls. Each writes the view it leads to into the address, and nothing else."""
    with st.sidebar:
        _cube(view, show)
        _choice(view, cube, show)
        _filters(view, cube, show)
        _order(view, cube, show)


def _now() -> View:
    address = {name: st.query_params.get_all(name) for name in st.query_params}
    return read_view(address, data.repository(), data.first_cube())[0]


def _changed(show: Show, change: Callable[[View], View]) -> Callable[[], None]:
    """A callback that applies a change to the view that stands in the address by then."""
    return lambda: show(change(_now()))


def _set(key: str, value: Any) -> str:
    """What a control shows is what the address says."""
    st.session_state[key] = value
    return key


def _cube(view: View, show: Show) -> None:
    cubes = data.cubes()
    key = _set("explore_cube", view.cube)
    st.selectbox(
        "What about", list(cubes), key=key, format_func=lambda name: cubes[name].label,
        on_change=_changed(show, lambda _: default_view(cubes[st.session_state[key]])),
    )  # fmt: skip


def _choice(view: View, cube: ResolvedCube, show: Show) -> None:
    measures = {name: measure_label(name, m) for name, m in cube.measures.items()}
    key = _set("explore_measures", list(view.measures))
    st.multiselect(
        "Figures", list(measures), key=key, format_func=lambda name: measures[name],
        placeholder="Choose figures",
        on_change=_changed(
            show, lambda now: replace(now, measures=_some(st.session_state[key], now.measures))
        ),
    )  # fmt: skip
    rows = _set("explore_rows", list(view.rows))
    columns = _set("explore_columns", list(view.columns))
    arranged = _changed(
        show,
        lambda now: _rearranged(now, st.session_state[rows], st.session_state[columns]),
    )
    names = level_names(cube)
    st.multiselect(
        "Rows", list(names), key=rows, format_func=names.__getitem__, on_change=arranged,
        placeholder="Choose levels", help="From wide to narrow. ⤵ can be opened further: a country"
        " into its regions, a year into its quarters.",
    )  # fmt: skip
    st.multiselect(
        "Columns", [n for n in names if n not in view.rows], key=columns,
        format_func=names.__getitem__, on_change=arranged, placeholder="None",
    )  # fmt: skip


def _some(chosen: list[str], before: tuple[str, ...]) -> tuple[str, ...]:
    """A table of no figures shows nothing: the last one stays."""
    return tuple(chosen) or before[:1]


def _rearranged(view: View, rows: list[str], columns: list[str]) -> View:
    if not rows and not columns:
        return replace(view.arranged(rows, columns), top=None, top_by="")
    return view.arranged(rows, columns)


def level_names(cube: ResolvedCube) -> dict[str, str]:
    """Levels as people pick them, those that open further first."""
    heads = {h.levels[0].name for h in cube.hierarchies if len(h.levels) > 1}
    ordered = sorted(cube.levels.values(), key=lambda level: level.name not in heads)
    roles = [*cube.roles, ""]
    ordered.sort(key=lambda level: roles.index(level.role))
    return {
        level.name: f"{level.role_label} › {level.label}{' ⤵' if level.name in heads else ''}"
        + (" (masked)" if level.masked else "")
        for level in ordered
    }


def _filters(view: View, cube: ResolvedCube, show: Show) -> None:
    names = level_names(cube)
    for number, each in enumerate(view.filters):
        _filter(number, each, cube, names[each.level], show)
    begun = st.session_state.get("explore_new_filter") or ""
    taken = {each.level for each in view.filters}
    if begun in cube.levels and begun not in taken:
        _filter(len(view.filters), Filter(begun, ()), cube, names[begun], show)
    key = "explore_add_filter"

    def begin() -> None:
        st.session_state["explore_new_filter"] = st.session_state.get(key)
        st.session_state[key] = None

    st.selectbox(
        "Only some members of",
        [n for n in names if n not in taken and not cube.levels[n].masked], index=None, key=key,
        format_func=names.__getitem__, placeholder="Add a filter", on_change=begin,
    )  # fmt: skip


def _filter(number: int, filter_: Filter, cube: ResolvedCube, label: str, show: Show) -> None:
    level = filter_.level
    attribute = cube.levels[level].attribute
    search_key = f"explore_search_{level}"
    search = st.session_state.get(search_key, "")
    found = [member_text(m) for m in data.members(cube.name, level, search, MOST_MEMBERS)]
    options = list(dict.fromkeys([*filter_.members, *found]))
    key = _set(f"explore_members_{level}", list(filter_.members))
    without = _set(f"explore_without_{level}", filter_.without)

    def changed() -> None:
        view = _now()
        mine = Filter(level, tuple(st.session_state[key]), bool(st.session_state[without]))
        others = [f for f in view.filters if f.level != level]
        place = next((i for i, f in enumerate(view.filters) if f.level == level), len(others))
        kept = [*others[:place], *([mine] if mine.members else []), *others[place:]]
        # An emptied filter stays on the side until another is begun: it may be filled again.
        st.session_state["explore_new_filter"] = None if mine.members else level
        show(replace(view, filters=tuple(kept), opened=(), closed=()))

    with st.container(border=True, gap="xsmall", key=f"explore_filter_{number}"):
        if search or len(found) >= MOST_MEMBERS:
            st.text_input(f"Find in {label}", key=search_key, placeholder="Type a part of the name")
        st.multiselect(
            label, options, key=key, on_change=changed, placeholder="Choose members",
            format_func=lambda text: "(empty)" if text == EMPTY else member_label(text, attribute),
        )  # fmt: skip
        st.toggle("All but these", key=without, on_change=changed, disabled=not filter_.members)


def _order(view: View, cube: ResolvedCube, show: Show) -> None:
    measures = {name: measure_label(name, m) for name, m in cube.measures.items()}
    totals = _set("explore_totals", view.totals)
    st.toggle(
        "Totals", key=totals,
        on_change=_changed(show, lambda now: replace(now, totals=st.session_state[totals])),
    )  # fmt: skip
    with st.expander("Order and top few", expanded=bool(view.top or view.sort)):
        order = _set("explore_sort", view.sort or None)
        first = _set("explore_first", "Largest first" if view.descending else "Smallest first")
        ordered = _changed(
            show,
            lambda now: replace(
                now, sort=st.session_state[order] or "",
                descending=st.session_state[first] != "Smallest first",
            ),
        )  # fmt: skip
        st.selectbox(
            "Order rows by",
            list(measures),
            index=None,
            key=order,
            on_change=ordered,
            format_func=measures.__getitem__,
            placeholder="Their natural order",
        )
        if view.sort:
            st.segmented_control(
                "Order",
                ["Largest first", "Smallest first"],
                key=first,
                on_change=ordered,
                required=True,
                label_visibility="collapsed",
            )
        top = _set("explore_top", view.top)
        by = _set("explore_top_by", view.top_by or view.measures[0])
        end = _set("explore_top_end", "Smallest" if view.least else "Largest")

        def topped() -> None:
            now, count = _now(), st.session_state[top]
            chosen = st.session_state.get(by) or now.measures[0]
            show(
                replace(
                    now, top=int(count) if count else None, top_by=chosen if count else "",
                    least=bool(count) and st.session_state.get(end) == "Smallest", opened=(),
                )
            )  # fmt: skip

        st.number_input(
            "Only the top", min_value=1, max_value=MOST_TOP, step=1, value=None, key=top,
            placeholder="All", on_change=topped, disabled=not view.rows,
            help="Members of the first row level with the largest figure; totals still cover all.",
        )  # fmt: skip
        if view.top:
            st.selectbox(
                "by", list(measures), key=by, on_change=topped, format_func=measures.__getitem__
            )
            st.segmented_control(
                "End",
                ["Largest", "Smallest"],
                key=end,
                on_change=topped,
                required=True,
                label_visibility="collapsed",
            )
    if view != default_view(cube):
        st.button(
            "Start over", icon=":material/restart_alt:", type="tertiary",
            on_click=lambda: show(default_view(cube)),
        )  # fmt: skip
