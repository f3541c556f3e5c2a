"""The traps of the trade, one class each, with its rows drawn. The whole star is in `star.sql`."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from cubes import Query, Top
from metadata.errors import UserError

if TYPE_CHECKING:
    from conftest import Star

D = Decimal


class TestDistinctCountsDoNotAddUp:
    """Bert buys Office and Toys: one buyer in each, one buyer in all.

    category  buyers                     the parts add up to 5,
    --------  ------------               the whole is 3
    Office    Anna, Bert, Cleo   3
    Toys      Anna, Bert         2
    all       Anna, Bert, Cleo   3
    """

    def test_totals_are_counted_anew(self, star: Star) -> None:
        assert star.ask("sales", "buyers", "product.category", totals=True) == [
            ("Office", 3, 0),
            ("Toys", 2, 0),
            (None, 3, 1),
        ]

    def test_over_two_axes(self, star: Star) -> None:
        answer = star.ask("sales", "receipts", "product.category", "order_date.month", totals=True)
        assert (None, None, 8, 3) in answer
        assert ("Office", None, 6, 1) in answer
        assert (None, "2025-01", 3, 2) in answer
        # R1 holds both an Office and a Toys line.
        assert ("Office", "2025-01", 2, 0) in answer
        assert ("Toys", "2025-01", 2, 0) in answer


class TestVersionsAreOnePerson:
    """Anna moved: two rows of the dimension, one customer.

    customer_key  person_id  city      lines
    ------------  ---------  ------    -----
    1             C1         Berlin    2
    2             C1         Munich    2
    """

    def test_counted_once_in_her_country(self, star: Star) -> None:
        found = star.ask("sales", "buyers lines", "customer.country customer.city", totals=True)
        assert ("Germany", "Berlin", 1, 2, 0) in found
        assert ("Germany", "Munich", 1, 2, 0) in found
        assert ("Germany", None, 1, 4, 1) in found

    def test_her_sales_stay_where_she_lived(self, star: Star) -> None:
        where = "customer.name = 'Anna'"
        assert star.ask("sales", "revenue", "customer.city", where=where) == [
            ("Berlin", D("30.00")),
            ("Munich", D("15.00")),
        ]

    def test_a_dimension_without_versions_needs_no_join(self, star: Star) -> None:
        assert star.ask("sales", "products") == [(3,)]
        assert "JOIN" not in star.engine.explain(Query("sales", ("products",))).sql
        assert "JOIN" in star.engine.explain(Query("sales", ("buyers",))).sql


class TestNobodyIsNotACustomer:
    """One line has no customer: it counts as a line, not as a buyer, and 'Unknown' is no city.

    customer_key  person_id  country   city      lines
    ------------  ---------  --------  --------  -----
    -1            (null)     Unknown   Unknown   1
    4             C3         (null)    (null)    1      Cleo is somebody, of no known city
    """

    def test_the_unknown_member_is_shown_but_not_counted(self, star: Star) -> None:
        found = star.ask("sales", "lines buyers cities", "customer.country")
        assert ("Unknown", 1, 0, 0) in found
        assert ("(empty)", 1, 1, 0) in found

    def test_in_totals_neither(self, star: Star) -> None:
        assert star.ask("sales", "buyers cities") == [(3, 3)]


class TestRatiosAreDividedAfterTotalling:
    """The share of the whole is not the average of the shares.

    category  cost    revenue  share
    --------  ------  -------  -----
    Office     84.00   135.50  0.620
    Toys       75.00   100.00  0.750
    all       159.00   235.50  0.675   and not 0.685
    """

    def test_totals(self, star: Star) -> None:
        found = star.ask("sales", "cost_share", "product.category", totals=True)
        assert [round(share, 3) for _, share, _ in found] == [0.62, 0.75, 0.675]
        assert isinstance(found[0][1], float)

    def test_by_nothing_is_empty_not_an_error(self, star: Star) -> None:
        where = "product.name = 'Nothing'"
        assert star.ask("sales", "revenue cost_share lines", where=where) == [(None, None, 0)]
        where = "customer.country = 'Unknown'"
        assert star.ask("sales", "revenue_per_buyer", where=where) == [(None,)]


class TestNothingFansOut:
    """However many dimensions are joined, every fact counts once."""

    def test_the_total_is_the_fact_tables(self, star: Star) -> None:
        [(amount, lines)] = star.by_hand("select sum(amount), count(*) from fact_sales")
        levels = "customer.city product.name order_date.month paid_date.month"
        found = star.ask("sales", "revenue lines", levels)
        assert sum(row[-2] for row in found) == amount
        assert sum(row[-1] for row in found) == lines

    def test_two_roles_of_one_dimension_are_apart(self, star: Star) -> None:
        found = star.ask(
            "sales", "lines", "order_date.month paid_date.month", where="customer.name = 'Bert'"
        )
        assert found == [
            ("2025-01", "2025-03", 1),
            ("2025-02", "Unknown", 1),
            ("Unknown", "2025-04", 1),
        ]


class TestAStockOverTime:
    """Stocks add up over stores and products, not over days.

    day         North: Pen  Lamp   South: Pen      total
    ----------  ----------  ----   ----------      -----
    2025-01-15          10     1           30      41     opening
    2025-01-31           8     2           25      35     end of January
    2025-02-27          12     1       closed      13     end of February, and of all
    """

    def test_the_last_day_speaks_for_all(self, star: Star) -> None:
        assert star.ask("stock", "pieces") == [(13,)]

    def test_each_month_has_its_own_last_day(self, star: Star) -> None:
        assert star.ask("stock", "pieces opening", "day.month", totals=True) == [
            ("2025-01", 35, 41, 0),
            ("2025-02", 13, 13, 0),
            (None, 13, 41, 1),
        ]

    def test_a_closed_store_has_nothing_at_the_end(self, star: Star) -> None:
        assert star.ask("stock", "pieces", "store.name", totals=True) == [
            ("North", 13, 0),
            ("South", None, 0),
            (None, 13, 1),
        ]

    def test_parts_add_up_to_every_total(self, star: Star) -> None:
        found = star.ask("stock", "pieces opening", "store.name", "day.month", totals=True)
        cells = {(store, month): (last, first) for store, month, last, first, _ in found}
        for month in ("2025-01", "2025-02", None):
            for figure in (0, 1):
                parts = [cells.get((store, month), (0, 0))[figure] for store in ("North", "South")]
                assert sum(part or 0 for part in parts) == cells[None, month][figure]

    def test_time_on_both_axes(self, star: Star) -> None:
        found = star.ask("stock", "pieces", "day.year", "day.month", totals=True)
        assert found == [
            (2025, "2025-01", 35, 0),
            (2025, "2025-02", 13, 0),
            (2025, None, 13, 1),
            (None, "2025-01", 35, 2),
            (None, "2025-02", 13, 2),
            (None, None, 13, 3),
        ]

    def test_by_day_every_day_speaks_for_itself(self, star: Star) -> None:
        found = star.ask("stock", "pieces", "day.date")
        assert [pieces for _, pieces in found] == [41, 35, 13]

    @pytest.mark.parametrize(
        "where",
        [
            "day.month = '2025-01'",
            "day.date < '2025-02-01'",
            "not day.month in ('2025-02')",
            "store.name like '%' and day.month = '2025-01'",
            "not (day.month = '2025-02' or store.name = 'West')",
        ],
    )
    def test_a_filter_on_time_moves_the_day(self, star: Star, where: str) -> None:
        assert star.ask("stock", "pieces", where=where) == [(35,)]

    def test_no_other_filter_moves_it(self, star: Star) -> None:
        assert star.ask("stock", "pieces", where="store.name = 'South'") == [(None,)]
        assert star.ask("stock", "pieces", where="product.name = 'Pen'") == [(12,)]
        either = "store.name = 'South' or day.month = '2025-01'"
        assert star.ask("stock", "pieces", where=either) == [(None,)]

    def test_a_measures_own_filter_does_not_either(self, star: Star) -> None:
        assert star.ask("stock", "pen_pieces", "store.name") == [("North", 12), ("South", None)]

    def test_quotients_of_stocks(self, star: Star) -> None:
        found = star.ask("stock", "worth_per_piece", "day.month", totals=True)
        assert [round(each, 4) for _, each, _ in found] == [5.8857, 7.2308, 7.2308]

    def test_flows_beside_stocks_are_not_cut(self, star: Star) -> None:
        assert star.ask("stock", "pieces counts") == [(13, 8)]


class TestTotalsUnderATop:
    """The two best months of each product are not all its months: totals stay whole.

    product  revenue
    -------  -------
    Lamp      100.50   first
    Ball      100.00   second
    Pen        35.00   left out, and still in the total of 235.50
    """

    def test_totals_cover_everything(self, star: Star) -> None:
        found = star.ask("sales", "revenue", "product.name", totals=True, top=Top(2, "revenue"))
        assert sorted(found, key=str) == [
            ("Ball", D("100.00"), 0),
            ("Lamp", D("100.50"), 0),
            (None, D("235.50"), 1),
        ]

    def test_subtotals_of_chosen_members_only(self, star: Star) -> None:
        found = star.ask(
            "sales", "revenue", "customer.country customer.city", "order_date.year",
            totals=True, top=Top(1, "revenue"),
        )  # fmt: skip
        named = {row[0] for row in found}
        assert named == {"France", None}
        assert ("France", None, None, D("180.50"), 3) in found
        assert (None, None, None, D("235.50"), 7) in found
        assert (None, None, 2025, D("215.50"), 6) in found

    def test_chosen_by_a_measure_that_is_not_shown(self, star: Star) -> None:
        result = star.result("sales", "lines", "customer.country", top=Top(1, "revenue"))
        assert result.table.to_pylist() == [{"customer.country": "France", "lines": 3}]
        assert [column.name for column in result.columns] == ["customer.country", "lines"]

    def test_chosen_by_totals_not_by_cells(self, star: Star) -> None:
        # In no single month is the Pen ahead of the others, and in none are there more lines.
        found = star.ask("sales", "lines", "product.name", "order_date.month", top=Top(1, "lines"))
        assert {name for name, *_ in found} == {"Pen"}
        assert sum(lines for *_, lines in found) == 5

    def test_ties_are_broken_by_name(self, star: Star) -> None:
        # Cleo and the unknown customer bought for 5.00 each.
        least = Top(1, "revenue", descending=False)
        assert star.ask("sales", "revenue", "customer.name", top=least) == [("Cleo", D("5.00"))]

    def test_a_missing_member_can_be_chosen(self, star: Star) -> None:
        least = Top(1, "revenue", descending=False)
        assert star.ask("sales", "revenue", "customer.country", totals=True, top=least) == [
            ("(empty)", D("5.00"), 0),
            (None, D("235.50"), 1),
        ]
        by_day = star.ask(
            "sales", "revenue", "customer.since", totals=True,
            where="customer.country = '(empty)'", top=Top(2, "revenue"),
        )  # fmt: skip
        assert by_day == [(None, D("5.00"), 0), (None, D("5.00"), 1)]

    def test_members_without_a_value_come_last(self, star: Star) -> None:
        for descending in (True, False):
            top = Top(1, "toy_revenue", descending)
            [(name, value)] = star.ask("sales", "toy_revenue", "product.name", top=top)
            assert (name, value) == ("Ball", D("100.00"))

    def test_a_top_needs_rows(self, star: Star) -> None:
        with pytest.raises(UserError, match="has no rows"):
            star.ask("sales", "lines", "", "order_date.month", top=Top(1, "lines"))
