"""The Portal: headline figures beside the year before, and the charts behind them."""

from __future__ import annotations

from datetime import datetime
from html import escape
from itertools import groupby
from typing import Literal
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards import data, notices
from dashboards.charting import portal_picture, portal_view
from dashboards.headline import Headline, headlines, known_months
from dashboards.periods import SPANS, Period
from dashboards.wording import MINUS, Figures, ago, moment_text, month_name
from metadata.errors import Issue
from metadata.model.portal import Chart
from metadata.portal import AvailablePortal

_SPAN_NAMES = {"month": "Month", "quarter": "Quarter to date", "year": "Year to date"}
BESIDE = 300
"""Least height of a chart that has a neighbour."""
_MONTH, _SPAN = "portal_month", "portal_span"


def page() -> None:
    """Draw the Portal."""
    data.version()
    shown = data.portal()
    if not shown.tiles and not shown.charts and data.repository().seen_as:
        notices.empty(notices.NOTHING_TO_SEE)
        return
    if not shown.tiles and not shown.charts:
        why = shown.left_out[0] if shown.left_out else "portal.yaml defines no tiles or charts."
        fix = "Explore shows everything that is loaded. Map more entities, or write a portal.yaml."
        notices.empty(Issue("Nothing of this page is loaded here.", None, why, fix))
        return
    today = datetime.now(ZoneInfo(data.repository().workspace.time_zone)).date()
    timed = [tile for tile in shown.tiles if tile.when]
    with st.skeleton(height=120):
        months = known_months(data.ask, timed, today)
    period = _heading(shown, months)
    _headlines(shown, period)
    _charts(shown, period)
    if data.repository().seen_as:
        st.caption("These are the figures that you may see; others may see more, or less.")
    if shown.left_out:
        with st.expander("What this page could also show, and what it would need"):
            notices.listed(shown.left_out)


def _heading(shown: AvailablePortal, months: tuple[str, ...]) -> Period:
    figures_at = data.published_at()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="heading"):
        with st.container(gap=None, width="stretch"):
            st.title(shown.definition.title, anchor=False)
            lead = escape(shown.definition.lead or data.repository().workspace.name)
            st.html(f'<p class="rapport-lead">{lead}{_as_of(figures_at)}</p>')
        if not months:
            return Period(f"{datetime.now():%Y-%m}")
        return _period(months)


def _as_of(moment: datetime | None) -> str:
    if moment is None:
        return ""
    zone = data.repository().workspace.time_zone
    full = escape(moment_text(moment, zone))
    since = escape(ago(moment, datetime.now(moment.tzinfo)))
    return f' · figures as of <time title="{full}">{since}</time>'


def _period(months: tuple[str, ...]) -> Period:
    """The period chosen; it stands in the address unless it is the latest month."""
    newest = months[::-1]
    month = st.query_params.get("month", "")
    span = st.query_params.get("span", "")
    st.session_state[_MONTH] = month if month in months else newest[0]
    st.session_state[_SPAN] = span if span in SPANS else "month"

    def chosen() -> None:
        for key, name, usual in ((_MONTH, "month", newest[0]), (_SPAN, "span", "month")):
            value = st.session_state.get(key) or usual
            if value == usual:
                st.query_params.pop(name, None)
            else:
                st.query_params[name] = value

    with st.container(horizontal=True, width="content", vertical_alignment="bottom"):
        st.segmented_control(
            "Period",
            SPANS,
            format_func=lambda span: _SPAN_NAMES[span],
            key=_SPAN,
            on_change=chosen,
            required=True,
            label_visibility="collapsed",
        )
        st.selectbox(
            "Month", newest, format_func=month_name, key=_MONTH, on_change=chosen,
            label_visibility="collapsed", width=190,
            help="The latest complete month is shown first. A month still running is left out.",
        )  # fmt: skip
    return Period(st.session_state[_MONTH], st.session_state[_SPAN])


def _headlines(shown: AvailablePortal, period: Period) -> None:
    with st.skeleton(height=320):
        found = headlines(shown.tiles, period, data.repository(), data.ask)
    figures = data.figures()
    for group, members in groupby(found, key=lambda each: each.tile.group):
        if group:
            st.subheader(group, anchor=False)
        grid = st.grid(4, min_column_width=164, gap="small")
        for each in members:
            _tile(grid, each, period, figures)


def _tile(place: DeltaGenerator, each: Headline, period: Period, figures: Figures) -> None:
    change = figures.change(each.value, each.before, each.format)
    direction = (change or "±")[0]
    trend = _sparkline(each)
    if change is not None:
        before = figures.short(each.before, each.format)
        beside = f"from {before} in {period.prior_year.short}"
    elif each.tile.when is None:
        change, beside = "Now", "all that is open today"
    elif each.value is None:
        change, beside = f"Nothing in {period.label}", None
    else:
        change, beside = "Nothing to compare", f"in {period.prior_year.short}"
    place.metric(
        each.label,
        figures.short(each.value, each.format),
        delta=change,
        delta_description=beside,
        delta_color=_colour(direction, each.polarity),
        delta_arrow="up" if direction == "+" else "down" if direction == MINUS else "off",
        help=each.description or None,
        border=True,
        height="stretch",
        chart_data=trend if len(trend) >= 2 else None,
        chart_type="area",
    )  # fmt: skip


def _sparkline(each: Headline) -> list[float]:
    """The months up to the period. Where nothing was sold, sales were nought; but a share of
    nothing is no figure at all, and its month is passed over.
    """
    if not any(value is not None for value in each.trend):
        return []
    if each.adds_up:
        return [float(value or 0) for value in each.trend]
    return [float(value) for value in each.trend if value is not None]


def _colour(direction: str, polarity: str) -> Literal["green", "red", "gray"]:
    """Green for better, red for worse; the arrow and the sign say up and down without colour."""
    good = {"higher_is_better": "+", "lower_is_better": MINUS}.get(polarity)
    if good is None or direction not in ("+", MINUS):
        return "gray"
    return "green" if direction == good else "red"


def _charts(shown: AvailablePortal, period: Period) -> None:
    if not shown.charts:
        return
    st.subheader("Behind the figures", anchor=False)
    wide = [chart for chart in shown.charts if chart.wide]
    narrow = [chart for chart in shown.charts if not chart.wide]
    for chart in wide:
        with st.container(border=True), notices.contained():
            _chart(chart, period)
    if narrow:
        grid = st.grid(2, min_column_width=330, gap="small")
        for chart in narrow:
            # One chart that cannot be drawn must not take the others with it.
            with grid.container(border=True, height="stretch"), notices.contained():
                _chart(chart, period, least_height=BESIDE)


def _chart(chart: Chart, period: Period, least_height: int = 0) -> None:
    cube = data.repository().cubes[chart.cube]
    with st.skeleton(height=300):
        picture = portal_picture(chart, cube, period, data.ask, data.figures())
    drawing = picture.drawing
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
        subtitle = _subtitle(chart, period, drawing.unit if drawing else "")
        st.html(f'<h3 class="rapport-chart">{escape(chart.title)}{subtitle}</h3>', width="stretch")
        st.page_link(
            st.session_state["pages"]["explore"], label="Explore", icon=":material/arrow_outward:",
            icon_position="right", query_params=portal_view(chart, cube, period).to_address(),
        )  # fmt: skip
    if drawing is None:
        st.caption(f"Nothing happened here in {period.label}.")
    else:
        st.echarts_chart(drawing.options, height=max(drawing.height, least_height), alt=chart.title)
    notices.aside(picture.notes)


def _subtitle(chart: Chart, period: Period, unit: str) -> str:
    when = "now" if chart.when is None else period.label if chart.kind == "bars" else ""
    parts = ", ".join(escape(part) for part in (when, unit) if part)
    return f' <span class="rapport-unit">{parts}</span>' if parts else ""
