"""The pivot's figures and totals are the engine's, wherever a row is opened."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cubes import Query
from dashboards.pivot_figures import collect
from dashboards.pivot_grid import build_grid
from dashboards.taking_along import csv_text
from dashboards.view import View
from dashboards.wording import Figures

COUNTRY, CITY, CATEGORY, YEAR = (
    "customer.country", "customer.city", "product.category", "order_date.year",
)  # fmt: skip


@pytest.fixture
def cube(opened):
    return opened.repository.cubes["sales"]


def _rows(view, cube, ask):
    grid = build_grid(view, cube, collect(view, cube, ask), Figures())
    return {(row["depth"], row["label"]): row["cells"] for row in grid.data["rows"]}


class TestTotals:
    """Ratios and distinct counts do not add up, so a total that was added up would be wrong.

    country | margin rate | buyers          buyers by year: 2024: 4, 2025: 3, but 2 bought in both
    --------|-------------|-------
    all     |     52 %    |    6            Germany: one bought in both years, so 2 and not 3
    """

    def test_every_cell_is_the_answer_to_a_question_of_its_own(self, cube, ask):
        measures = ("revenue", "margin_rate", "buyers")
        view = View("sales", measures, (COUNTRY, CATEGORY), (YEAR,))
        found = collect(view, cube, ask)
        alone = {
            ((), ()): None,
            (("Germany",), ()): "customer.country = 'Germany'",
            ((), ("2024",)): "order_date.year = 2024",
            (("Germany",), ("2025",)): "customer.country = 'Germany' AND order_date.year = 2025",
            (("Germany", "Furniture"), ()): "customer.country = 'Germany'"
            " AND product.category = 'Furniture'",
        }
        for place, where in alone.items():
            table = ask(Query("sales", measures, where=where)).table
            expected = tuple(table.column(m).to_pylist()[0] for m in measures)
            assert found.at(*place) == pytest.approx(expected), place

    def test_without_totals_outer_rows_say_only_who_they_are(self, cube, ask):
        view = View("sales", ("revenue",), (COUNTRY, CATEGORY), totals=False)
        rows = _rows(view, cube, ask)
        assert rows[0, "Germany"] == [] and rows[1, "Paper"]
        assert (0, "Total") not in rows


class TestDrilling:
    """Germany opened: its cities stand below it, and nothing above them changes."""

    def test_opened_rows_add_their_members_and_change_no_other(self, cube, ask):
        view = View("sales", ("revenue", "margin_rate"), (COUNTRY,))
        before = _rows(view, cube, ask)
        opened = view.toggled(("Germany",))
        after = _rows(opened, cube, ask)
        assert {place: after[place] for place in before} == before
        assert len(after) > len(before)
        found = collect(opened, cube, ask)
        below = [found.at(("Germany", m), ())[0] for m in found.children["Germany",]]
        assert sum(below, Decimal(0)) == found.at(("Germany",), ())[0]

    def test_a_row_opened_that_is_gone_is_left_alone(self, cube, ask):
        view = View("sales", ("revenue",), (COUNTRY,)).toggled(("Atlantis",))
        assert _rows(view, cube, ask) == _rows(View("sales", ("revenue",), (COUNTRY,)), cube, ask)

    def test_drilling_shows_the_total_of_the_member_stepped_into(self, cube, ask):
        view = View("sales", ("revenue",), (COUNTRY,))
        germany = _rows(view, cube, ask)[0, "Germany"]
        assert _rows(view.drilled(("Germany",), cube), cube, ask)[0, "Total"] == germany


def test_rows_follow_the_engine_or_a_measure(cube, ask):
    view = View("sales", ("orders",), (COUNTRY,))
    natural = [label for _, label in _rows(view, cube, ask)]
    by_revenue = View("sales", ("orders",), (COUNTRY,), sort="revenue")
    ordered = [label for _, label in _rows(by_revenue, cube, ask)]
    assert sorted(natural) == sorted(ordered) and ordered[:2] == ["Germany", "France"]
    grid = build_grid(by_revenue, cube, collect(by_revenue, cube, ask), Figures())
    assert [m["name"] for m in grid.data["measures"]] == ["orders"], "what only sorts is not shown"


def test_swapping_rows_and_columns_swaps_the_cells(cube, ask):
    view = View("sales", ("revenue",), (COUNTRY,), (YEAR,))
    upright, lying = collect(view, cube, ask), collect(view.pivoted(), cube, ask)
    assert {(c, r): v for (r, c), v in upright.figures.items()} == lying.figures


def test_csv_is_exact_and_starts_no_formula(cube, ask):
    result = ask(Query("sales", ("revenue",), (CITY,)))
    text = csv_text(result, cube).decode("utf-8-sig")
    assert text.splitlines()[0] == "Customer City,Revenue"
    assert "'=1+1," in text
    assert not any(line.startswith("=") for line in text.splitlines())
