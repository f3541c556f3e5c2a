"""The Portal's metadata and its arithmetic of months: like is compared with like."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from dashboards.charting import portal_picture, portal_view
from dashboards.headline import headlines, known_months
from dashboards.periods import Period, complete_months
from dashboards.wording import Figures
from metadata import MetadataError
from metadata.model.portal import Chart, Tile
from metadata.portal import available, load_portal

REVENUE = Tile(cube="sales", measure="revenue", when="order_date.month")
BUYERS = Tile(cube="sales", measure="buyers", when="order_date.month")
TODAY = date(2025, 3, 6)


def test_every_shipped_tile_and_chart_names_what_the_shipped_model_has(company):
    """Nothing may be left out for a reason other than that this workspace does not feed it."""
    portal = load_portal(company).value
    assert len(portal.tiles) >= 12 and len(portal.charts) >= 6


def test_what_a_workspace_does_not_feed_is_left_out(company, opened):
    shown = available(load_portal(company), opened.repository)
    assert {tile.cube for tile in shown.tiles} <= set(opened.repository.cubes)
    assert shown.tiles and shown.charts and shown.left_out


class TestOwnPortal:
    """A workspace's portal.yaml changes, adds and drops what the shipped one has."""

    def test_tiles_are_changed_added_and_dropped(self, company, opened, tmp_path):
        (tmp_path / "portal.yaml").write_text(
            "portal: overview\ntitle: Our week\ntiles:\n  revenue: {label: Turnover}\n"
            "  margin_rate: null\n  quantity: {cube: sales, measure: quantity}\n"
        )
        shown = available(load_portal(tmp_path), opened.repository)
        labels = {tile.measure: tile.label for tile in shown.tiles}
        assert shown.definition.title == "Our week"
        assert labels["revenue"] == "Turnover"
        assert "margin_rate" not in labels and "quantity" in labels

    def test_a_misspelt_measure_is_an_error_with_its_place(self, opened, tmp_path):
        (tmp_path / "portal.yaml").write_text(
            "portal: overview\ntiles:\n  mine: {cube: sales, measure: revenu}\n"
        )
        with pytest.raises(MetadataError) as wrong:
            available(load_portal(tmp_path), opened.repository)
        (issue,) = wrong.value.issues
        assert (issue.where.file, issue.where.line) == ("portal.yaml", 3)
        assert "'revenue'" in issue.fix

    def test_an_unknown_key_is_an_error_with_its_place(self, tmp_path):
        (tmp_path / "portal.yaml").write_text(
            "portal: overview\ntiles:\n  mine:\n    cube: sales\n    mesure: revenue\n"
        )
        with pytest.raises(MetadataError, match="portal.yaml:"):
            load_portal(tmp_path)


class TestLikeWithLike:
    """The company's last order is of 5 March 2025, so March is not over.

    month   | orders                               | revenue
    2024-02 | 4 chairs at 189; 6 desks at 449, 6 chairs at 179 | 4524
    2025-02 | 25 notebooks at 2.40                 | 60
    2025-03 | has begun                            |
    """

    def test_the_running_month_is_left_out(self, ask):
        assert known_months(ask, [REVENUE], TODAY)[-1] == "2025-02"
        assert known_months(ask, [REVENUE], date(2026, 1, 1))[-1] == "2025-02", "it never got full"

    def test_a_month_stands_beside_the_same_month_a_year_before(self, opened, ask):
        (tile,) = headlines([REVENUE], Period("2025-02"), opened.repository, ask)
        assert (tile.value, tile.before) == (Decimal("60.0000"), Decimal("3492.0000") + 1032)
        assert len(tile.trend) == 13 and tile.trend[-1] == tile.value
        assert tile.trend[0] == tile.before

    def test_a_year_to_date_stands_beside_as_many_months(self, opened, ask):
        (tile,) = headlines([REVENUE], Period("2025-02", "year"), opened.repository, ask)
        january = {"2024": Decimal("104.80"), "2025": Decimal("1069.60")}
        assert tile.value == Decimal(60) + january["2025"]
        assert tile.before == Decimal(4524) + january["2024"]

    def test_distinct_counts_of_a_period_are_counted_over_the_period(self, opened, ask):
        """Nobody bought twice in early 2025, but customer 1 bought in January 2024 and March 2025."""
        (tile,) = headlines([BUYERS], Period("2025-02", "year"), opened.repository, ask)
        assert (tile.value, tile.before) == (2, 3)

    @pytest.mark.parametrize(
        ("last_day", "today", "complete"),
        [
            (date(2025, 2, 28), date(2025, 3, 1), ("2025-01", "2025-02")),
            (date(2025, 2, 26), date(2025, 3, 1), ("2025-01", "2025-02")),
            (date(2025, 2, 12), date(2025, 3, 1), ("2025-01",)),
            (date(2025, 2, 28), date(2025, 2, 28), ("2025-01",)),
            (None, date(2025, 3, 1), ("2025-01",)),
        ],
    )
    def test_a_month_is_complete_when_it_is_over_and_full(self, last_day, today, complete):
        assert complete_months(["2025-01", "2025-02"], last_day, today) == complete


class TestCharts:
    def test_a_trend_draws_the_year_before_beside_it(self, opened, ask):
        chart = Chart(
            title="Revenue", cube="sales", measures="revenue", kind="trend",
            when="order_date.month", compare="prior_year",
        )  # fmt: skip
        cube = opened.repository.cubes["sales"]
        drawing = portal_picture(chart, cube, Period("2025-02"), ask, _figures(opened)).drawing
        before, now = drawing.options["series"]
        assert before["name"] == "Revenue, the year before"
        assert now["data"][-1] == 60 and before["data"][-1] == 4524
        assert drawing.options["xAxis"]["data"][-1] == "Feb 2025"

    def test_bars_carry_whole_figures_and_cover_the_period(self, opened, ask):
        chart = Chart(
            title="By country", cube="sales", measures="revenue", rows="customer.country",
            when="order_date.month", top=3,
        )  # fmt: skip
        cube = opened.repository.cubes["sales"]
        drawing = portal_picture(chart, cube, Period("2025-02"), ask, _figures(opened)).drawing
        assert drawing.options["dataset"]["source"] == [["Sweden", 60.0, "€60.00"]]
        view = portal_view(chart, cube, Period("2025-02", "year"))
        assert view.filters[0].members == ("2025-01", "2025-02")

    def test_a_period_without_facts_draws_nothing(self, opened, ask):
        chart = Chart(title="None", cube="sales", measures="revenue", rows="customer.country",
                      when="order_date.month")  # fmt: skip
        cube = opened.repository.cubes["sales"]
        assert portal_picture(chart, cube, Period("2019-01"), ask, _figures(opened)).drawing is None


def _figures(opened):
    settings = opened.repository.workspace
    return Figures(settings.currency, settings.locale)
