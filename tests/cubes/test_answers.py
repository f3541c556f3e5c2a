"""Answers against statements written by hand, and the order in which they come."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from cubes import Query, Sort, Top
from metadata.errors import UserError

if TYPE_CHECKING:
    from conftest import Star

JOINED = """
    from fact_sales f
    join dim_date d on d.date_key = f.order_date_key
    join dim_date e on e.date_key = f.paid_date_key
    join dim_customer c using (customer_key)
    join dim_product p using (product_key)
"""

BY_HAND = [
    (
        ("revenue cost pieces lines", "product.category", "order_date.month"),
        "select p.category, d.month, sum(amount), sum(cost), sum(quantity)::bigint, count(*)"
        f"{JOINED} group by all",
    ),
    (
        ("buyers receipts products", "order_date.month", ""),
        "select d.month, count(distinct c.person_id), count(distinct receipt),"
        f" count(distinct p.article_id) {JOINED} group by all",
    ),
    (
        ("average_amount smallest largest", "customer.country", ""),
        "select coalesce(c.country, '(empty)'), avg(amount), min(amount), max(amount)"
        f"{JOINED} group by all",
    ),
    (
        ("cost_share revenue_per_buyer", "paid_date.month", ""),
        "select e.month, sum(cost)::double / nullif(sum(amount), 0),"
        f" sum(amount)::double / nullif(count(distinct c.person_id), 0) {JOINED} group by all",
    ),
    (
        ("toy_revenue returns", "customer.name", ""),
        "select c.name, sum(amount) filter (p.category = 'Toys'),"
        f" count(*) filter (kind = 'return' and quantity < 0) {JOINED} group by all",
    ),
    (
        ("lines", "customer.vip customer.since customer.score", ""),
        f"select c.vip, c.since, c.score, count(*) {JOINED} group by all",
    ),
]


@pytest.mark.parametrize(("asked", "statement"), BY_HAND)
@pytest.mark.parametrize(
    ("where", "condition"),
    [
        (None, "true"),
        ("customer.country = 'Germany' and order_date.year = 2025", "c.country = 'Germany' and d.year = 2025"),
        ("order_date.date between '2025-01-01' and '2025-01-31'", "d.month = '2025-01'"),
        ("product.size in ('small', 'large') or customer.vip", "p.size <> 'medium' or c.vip"),
        ("customer.country <> 'Germany'", "c.country is distinct from 'Germany'"),
    ],
)  # fmt: skip
def test_as_by_hand(
    star: Star, asked: tuple[str, str, str], statement: str, where: str | None, condition: str
) -> None:
    found = star.ask("sales", *asked, where=where)
    expected = star.by_hand(statement.replace("group by all", f"where {condition} group by all"))
    assert sorted(found, key=str) == sorted(expected, key=str)


def test_types_are_kept(star: Star) -> None:
    result = star.result("sales", "revenue pieces lines buyers cost_share average_amount smallest")
    assert [str(kind) for kind in result.table.schema.types] == [
        "decimal128(38, 2)", "int64", "int64", "int64", "double", "double", "decimal128(18, 2)",
    ]  # fmt: skip
    assert [column.type for column in result.columns] == [
        "decimal(38,2)", "integer", "integer", "integer", "double", "double", "decimal(18,2)",
    ]  # fmt: skip
    by_level = star.result("sales", "lines", "customer.since customer.vip customer.score")
    assert [column.type for column in by_level.levels] == ["date", "boolean", "integer"]


def test_columns_say_what_they_are(star: Star) -> None:
    result = star.result("sales", "buyers revenue", "customer.country")
    country, buyers, revenue = result.columns
    assert (country.kind, country.label, country.additivity) == ("level", "Country", None)
    assert (buyers.label, buyers.additivity, buyers.polarity) == ("Buyers", "non_additive", "neutral")  # fmt: skip
    assert (revenue.format, revenue.polarity) == ("currency", "higher_is_better")
    assert result.version == 1
    assert result.seconds > 0
    assert result.to_pandas()["buyers"].sum() == 3


def test_without_levels_there_is_one_row(star: Star) -> None:
    assert star.ask("sales", "lines") == [(9,)]
    assert star.ask("sales", "lines", totals=True) == [(9, 0)]
    assert star.ask("sales", "lines", totals=True, limit=1) == [(9, 0)]


def test_nothing_let_in(star: Star) -> None:
    nothing = "product.name = 'Nothing'"
    assert star.ask("sales", "lines revenue", "product.name", where=nothing) == []
    assert star.ask("sales", "lines revenue", "product.name", where=nothing, totals=True) == [
        (None, 0, None, 1)
    ]


class TestTotals:
    def test_every_prefix_of_rows_with_every_prefix_of_columns(self, star: Star) -> None:
        found = star.ask(
            "sales", "lines", "customer.country customer.city", "order_date.year order_date.month",
            totals=True,
        )  # fmt: skip
        masks = {row[-1] for row in found}
        assert masks == {0b0000, 0b0001, 0b0011, 0b0100, 0b0101, 0b0111, 0b1100, 0b1101, 0b1111}

    def test_a_missing_member_is_no_total(self, star: Star) -> None:
        found = star.ask("sales", "lines", "customer.since customer.city", totals=True)
        assert (None, "(empty)", 1, 0) in found
        assert (None, None, 2, 1) in found  # Cleo and the unknown customer: neither has a day.
        assert (None, None, 9, 3) in found

    def test_they_stand_behind_what_they_total(self, star: Star) -> None:
        found = star.ask("sales", "lines", "product.category product.name", totals=True)
        assert [row[:2] for row in found] == [
            ("Office", "Lamp"),
            ("Office", "Pen"),
            ("Office", None),
            ("Toys", "Ball"),
            ("Toys", None),
            (None, None),
        ]


class TestOrder:
    def test_natural_with_the_missing_last(self, star: Star) -> None:
        found = star.ask("sales", "lines", "customer.country")
        assert [row[0] for row in found] == ["France", "Germany", "Unknown", "(empty)"]

    @pytest.mark.parametrize("totals", [False, True])
    def test_members_follow_the_attribute_they_are_sorted_by(
        self, star: Star, totals: bool
    ) -> None:
        found = star.ask("sales", "lines", "product.size", totals=totals)
        sizes = ["small", "medium", "large"]
        assert [row[0] for row in found] == ([*sizes, None] if totals else sizes)
        months = star.ask("sales", "lines", "order_date.month_name", totals=totals)
        assert [row[0] for row in months][:4] == ["January", "February", "March", "Unknown"]

    def test_by_a_level_downwards(self, star: Star) -> None:
        found = star.ask("sales", "lines", "product.size", sort=(Sort("product.size", True),))
        assert [row[0] for row in found] == ["large", "medium", "small"]

    def test_by_a_measure(self, star: Star) -> None:
        found = star.ask("sales", "revenue", "customer.name", sort=(Sort("revenue", True),))
        assert [row[0] for row in found] == ["Bert", "Anna", "Cleo", "Unknown"]

    def test_by_a_measure_that_is_not_shown(self, star: Star) -> None:
        found = star.ask("sales", "lines", "product.name", sort=(Sort("largest", True),))
        assert found == [("Lamp", 1), ("Ball", 3), ("Pen", 5)]

    @pytest.mark.parametrize("descending", [False, True])
    def test_empty_figures_come_last(self, star: Star, descending: bool) -> None:
        sort = (Sort("toy_revenue", descending),)
        found = star.ask("sales", "toy_revenue", "product.name", sort=sort)
        assert found[0] == ("Ball", Decimal("100.00"))

    def test_with_totals_a_measure_orders_each_kind_of_total(self, star: Star) -> None:
        found = star.ask(
            "sales", "revenue", "product.category product.name",
            totals=True, sort=(Sort("revenue", True),),
        )  # fmt: skip
        assert [(row[1], row[-1]) for row in found] == [
            ("Lamp", 0), ("Ball", 0), ("Pen", 0), (None, 1), (None, 1), (None, 3),
        ]  # fmt: skip

    def test_a_level_must_be_asked_to_sort_by_it(self, star: Star) -> None:
        with pytest.raises(UserError, match="sorts by 'customer.city' but does not group by it"):
            star.ask("sales", "lines", "product.name", sort=(Sort("customer.city"),))


class TestLimit:
    def test_rows(self, star: Star) -> None:
        assert star.ask("sales", "lines", "product.name", limit=2) == [("Ball", 3), ("Lamp", 1)]

    def test_after_sorting(self, star: Star) -> None:
        sort = (Sort("lines", True),)
        assert star.ask("sales", "lines", "product.name", limit=1, sort=sort) == [("Pen", 5)]

    def test_totals_are_neither_counted_nor_changed(self, star: Star) -> None:
        found = star.ask("sales", "lines", "product.name", totals=True, limit=1)
        assert found == [("Ball", 3, 0), (None, 9, 1)]

    def test_with_a_top(self, star: Star) -> None:
        found = star.ask(
            "sales", "lines", "product.name", "order_date.month", limit=2, top=Top(1, "lines")
        )
        assert found == [("Pen", "2025-01", 2), ("Pen", "2025-02", 2)]

    def test_must_leave_something(self, star: Star) -> None:
        with pytest.raises(UserError, match="'limit' must be 1 or more"):
            star.ask("sales", "lines", limit=0)


REFUSED = {
    Query("sale", ("lines",)): "Did you mean 'sales'?",
    Query("ghosts", ("weight",)): "The fact 'ghosts' is not loaded.",
    Query("sales", ()): "asks no measure",
    Query("sales", ("revenu",)): "Did you mean 'revenue' or 'toy_revenue'?",
    Query("sales", ("tax",)): "No mapping fills 'tax', which the measure reads.",
    Query("sales", ("lines", "lines")): "The measure 'lines' is asked twice.",
    Query("sales", ("lines",), ("customer.county",)): "Did you mean 'country'",
    Query("sales", ("lines",), ("campaign.name",)): "No mapping fills what the dimension",
    Query("sales", ("lines",), ("customer.phone",)): "No mapping fills 'phone'",
    Query("sales", ("lines",), ("country",)): "Did you mean 'customer.country'?",
    Query("sales", ("lines",), ("customer.city",), ("customer.city",)): "is asked twice",
    Query("sales", ("lines",), sort=(Sort("revenu"),)): "Did you mean 'revenue' or 'toy_revenue'?",
    Query("sales", ("lines",), sort=(Sort("customer.x"),)): "has no level 'x'",
    Query("sales", ("lines",), ("customer.city",), top=Top(0, "lines")): "must choose 1 member",
    Query("sales", ("lines",), ("customer.city",), top=Top(1, "tax")): "No mapping fills 'tax'",
}


@pytest.mark.parametrize(("query", "told"), REFUSED.items())
def test_a_mistake_is_told(star: Star, query: Query, told: str) -> None:
    with pytest.raises(UserError) as caught:
        star.engine.query(query)
    assert told in str(caught.value)
