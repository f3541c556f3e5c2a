"""A view goes into an address and comes back the same; drilling keeps its place."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.filters import condition_text, view_condition
from dashboards.pivot_figures import collect
from dashboards.view import Drill, Filter, View, default_view, next_level, read_view

_MEMBERS = st.text(min_size=1, max_size=12)
_PATHS = st.lists(st.lists(_MEMBERS, min_size=1, max_size=3).map(tuple), max_size=3, unique=True)
_LEVELS = ("customer.country", "customer.city", "product.category", "order_date.year")


@st.composite
def views(draw):
    levels = draw(st.lists(st.sampled_from(_LEVELS), unique=True, max_size=4))
    cut = draw(st.integers(0, len(levels)))
    measures = st.sampled_from(("revenue", "margin_rate", "orders"))
    filters = draw(
        st.lists(
            st.builds(
                Filter,
                st.sampled_from(_LEVELS),
                st.lists(_MEMBERS, min_size=1, max_size=3, unique=True).map(tuple),
                st.booleans(),
            ),
            max_size=2,
            unique_by=lambda f: (f.level, f.without),
        )
    )
    top = draw(st.none() | st.integers(1, 1000))
    sort = draw(st.just("") | measures)
    return View(
        cube="sales",
        measures=tuple(draw(st.lists(measures, min_size=1, unique=True))),
        rows=tuple(levels[:cut]),
        columns=tuple(levels[cut:]),
        filters=tuple(filters),
        trail=(Drill(("customer.country",), (("customer.country", draw(_MEMBERS)),)),),
        totals=draw(st.booleans()),
        top=top,
        top_by=draw(measures) if top else "",
        least=bool(top) and draw(st.booleans()),
        sort=sort,
        descending=not sort or draw(st.booleans()),
        show=draw(st.sampled_from(("table", "chart", "sql"))),
        opened=tuple(draw(_PATHS)),
        closed=tuple(draw(_PATHS)),
    )


@given(view=views())
def test_an_address_brings_the_very_view_back(opened, view):
    address = parse_qs(urlencode(view.to_address(), doseq=True), keep_blank_values=True)
    assert read_view(address, opened.repository, "sales") == (view, [])


@given(
    address=st.dictionaries(
        st.sampled_from(
            ["cube", "measures", "rows", "columns", "top", "sort", "open", "drill", "only.x"]
        ),
        st.lists(st.text(max_size=20), max_size=2),
    )
)
def test_no_address_can_break_the_page(opened, address):
    view, _ = read_view(address, opened.repository, "sales")
    assert view.cube in opened.repository.cubes and view.measures
    assert not set(view.rows) & set(view.columns)


def test_what_an_address_names_in_vain_is_told(opened):
    address = {"cube": ["sales"], "measures": ["revenue,gone"], "rows": ["customer.gone"]}
    view, lost = read_view(address, opened.repository, "sales")
    assert view.measures == ("revenue",) and view.rows == ()
    assert len(lost) == 2 and all("gone" in each for each in lost)


def test_drilling_steps_into_a_member_and_the_trail_leads_back(opened):
    cube = opened.repository.cubes["sales"]
    below = next_level(cube, "customer.country")
    assert below is not None
    view = View("sales", ("revenue",), ("customer.country", "product.category"))
    once = view.drilled(("Germany",), cube)
    assert once.rows == (below.name, "product.category")
    assert condition_text(view_condition(once, cube)) == "customer.country = 'Germany'"
    both = view.drilled(("Germany", "Lighting"), cube)
    assert both.trail[0].into == (
        ("customer.country", "Germany"),
        ("product.category", "Lighting"),
    )
    assert once.climbed(0) == view


def test_a_member_without_a_level_below_is_simply_chosen(opened):
    cube = opened.repository.cubes["sales"]
    view = View("sales", ("revenue",), ("customer.segment",)).drilled(("VIP",), cube)
    assert view.rows == ("customer.segment",)
    assert condition_text(view_condition(view, cube)) == "customer.segment = 'VIP'"


def test_opening_and_closing_rows(opened):
    view = View("sales", ("revenue",), ("customer.country", "product.category"))
    folded = view.toggled(("Germany",))
    assert folded.closed == (("Germany",),) and folded.toggled(("Germany",)) == view
    opened_ = view.toggled(("Germany", "Paper")).toggled(("Germany", "Paper", "Notebook"))
    assert len(opened_.opened) == 2
    assert opened_.toggled(("Germany", "Paper")).opened == (), "what is below closes too"


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        (Filter("customer.country", ("Germany",)), "customer.country = 'Germany'"),
        (Filter("order_date.year", ("2024", "2025")), "order_date.year IN (2024, 2025)"),
        (Filter("customer.city", ("O'Hara",)), "customer.city = 'O''Hara'"),
        (Filter("customer.city", ("(empty)",)), "customer.city IS NULL"),
        (Filter("customer.country", ("Italy",), True), "NOT customer.country = 'Italy'"),
    ],
)
def test_filters_become_conditions_with_their_values_as_values(opened, filter_, expected):
    cube = opened.repository.cubes["sales"]
    view = replace(default_view(cube), filters=(filter_,))
    assert condition_text(view_condition(view, cube)) == expected


def test_a_filter_with_an_impossible_value_is_the_users_to_mend(opened, ask):
    cube = opened.repository.cubes["sales"]
    view = replace(default_view(cube), filters=(Filter("order_date.year", ("last",)),))
    with pytest.raises(Exception, match="not a whole number"):
        collect(view, cube, ask)
