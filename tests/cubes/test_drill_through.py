"""The fact rows behind a figure: the same rows as by hand, and all of them make the figure."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from cubes import Cell, Engine, Query
from metadata.errors import UserError

if TYPE_CHECKING:
    from conftest import Star

D = Decimal
LEVELS = {
    "sales": ("customer.country", "customer.city", "product.category", "order_date.month", "kind"),
    "stock": ("day.month", "product.name", "store.name"),
}


@pytest.mark.parametrize("cube", sorted(LEVELS))
def test_every_cell_is_what_the_cube_shows_and_all_its_rows_make_it(star: Star, cube: str) -> None:
    measures = tuple(star.repository.cubes[cube].measures)
    for level in (None, *LEVELS[cube]):
        rows = (level,) if level else ()
        for shown in star.engine.query(Query(cube, measures, rows)).table.to_pylist():
            for measure in measures:
                cell = Cell(cube, measure, members={level: shown[level]} if level else {})
                facts = star.engine.facts_of(cell, limit=1)
                assert facts.value == shown[measure], (cell, shown)
                assert facts.adds_up, (cell, facts.value, facts.listed)
                assert facts.table.num_rows == min(1, facts.counted) <= facts.rows


def ids(facts, key: str) -> list[str]:
    return sorted(facts.table.column(key).to_pylist())


class TestTheRows:
    def test_are_those_that_a_person_would_find(self, star: Star) -> None:
        cell = Cell("sales", "revenue", members={"customer.country": "Germany"})
        facts = star.engine.facts_of(cell)
        by_hand = star.by_hand(
            "select sale_id, amount from fact_sales join dim_customer using (customer_key)"
            " where country = 'Germany' order by abs(amount) desc, sale_id"
        )
        rows = facts.table.select(["sale_id", "amount"]).to_pylist()
        assert [tuple(row.values()) for row in rows] == by_hand
        assert facts.value == facts.listed == sum(amount for _, amount in by_hand)

    def test_come_in_pages_that_leave_none_out(self, star: Star) -> None:
        cell = Cell("sales", "revenue")
        pages = [star.engine.facts_of(cell, limit=4, offset=at) for at in (0, 4, 8)]
        keys = [key for page in pages for key in page.table.column("sale_id").to_pylist()]
        assert len(keys) == len(set(keys)) == 9
        assert {page.listed for page in pages} == {pages[0].value}

    def test_of_a_filtered_measure_are_only_those_that_count(self, star: Star) -> None:
        facts = star.engine.facts_of(Cell("sales", "returns"))
        assert ids(facts, "sale_id") == ["8"]
        assert (facts.rows, facts.counted, facts.value) == (9, 1, 1)
        assert facts.parts[0].where == "kind = 'return' and quantity < 0"
        toys = star.engine.facts_of(Cell("sales", "toy_revenue"))
        assert ids(toys, "sale_id") == ["2", "4", "9"]
        assert toys.members[-1].asked == ("category",)

    def test_of_a_ratio_are_those_of_both_parts(self, star: Star) -> None:
        """The unknown customer's line has revenue, and nobody who bought."""
        facts = star.engine.facts_of(Cell("sales", "revenue_per_buyer"))
        assert [part.name for part in facts.parts] == ["revenue", "buyers"]
        assert (facts.parts[0].listed, facts.parts[1].listed) == (D("235.50"), 3)
        counting = {r["sale_id"]: r["_counts_2"] for r in facts.table.to_pylist()}
        assert [key for key, counts in counting.items() if not counts] == ["7"]
        assert facts.counted == 9

    def test_of_a_stock_are_those_of_the_day_that_speaks(self, star: Star) -> None:
        january = star.engine.facts_of(Cell("stock", "pieces", members={"day.month": "2025-01"}))
        assert ids(january, "shelf_id") == ["4", "5", "6"]
        assert (january.value, january.parts[0].speaks) == (35, date(2025, 1, 31))
        opening = star.engine.facts_of(Cell("stock", "opening", members={"day.month": "2025-01"}))
        assert ids(opening, "shelf_id") == ["1", "2", "3"]
        assert opening.parts[0].speaks == date(2025, 1, 15)

    def test_of_a_stock_that_is_gone_there_are_none_and_the_day_says_why(self, star: Star) -> None:
        gone = star.engine.facts_of(Cell("stock", "pieces", members={"store.name": "South"}))
        assert (gone.value, gone.listed, gone.rows, gone.counted) == (None, None, 2, 0)
        assert gone.parts[0].speaks == date(2025, 2, 27)

    def test_of_a_least_or_greatest_begin_with_it(self, star: Star) -> None:
        least = star.engine.facts_of(Cell("sales", "smallest"), limit=1)
        assert least.table.column("amount").to_pylist() == [least.value] == [D("-5.00")]
        greatest = star.engine.facts_of(Cell("sales", "largest"), limit=1)
        assert greatest.table.column("amount").to_pylist() == [greatest.value] == [D("100.50")]


class TestTheMembers:
    def test_are_told_in_the_version_that_was_in_force(self, star: Star) -> None:
        facts = star.engine.facts_of(Cell("sales", "revenue", members={"customer.name": "Anna"}))
        customer = next(each for each in facts.members if each.role == "customer")
        assert customer.asked == ("name",)
        versions = {
            row["sale_id"]: (
                row[customer.natural_key],
                row[customer.valid_from],
                row[customer.valid_to],
            )
            for row in facts.table.to_pylist()
        }
        moved, end = datetime(2025, 2, 1), datetime(9999, 12, 31)
        assert versions["1"] == ("C1", datetime(1900, 1, 1), moved)
        assert versions["3"] == ("C1", moved, end)

    def test_without_a_value_are_members_too(self, star: Star) -> None:
        for member in ("(empty)", None):
            cell = Cell("sales", "lines", members={"customer.country": member})
            facts = star.engine.facts_of(cell)
            assert ids(facts, "sale_id") == ["6"]
            assert facts.filter == "customer.country IS NULL"

    def test_are_typed_as_their_level(self, star: Star) -> None:
        for member in (date(2025, 1, 10), "2025-01-10"):
            cell = Cell("sales", "lines", members={"order_date.date": member})
            assert star.engine.facts_of(cell).value == 3
        weekend = Cell("sales", "lines", members={"order_date.is_weekend": True})
        assert star.engine.facts_of(weekend).value == 1


def test_a_rollup_answers_and_the_facts_agree(star: Star) -> None:
    cell = Cell("sales", "revenue", members={"customer.country": "France"})
    facts = star.engine.facts_of(cell)
    assert facts.answered_from == "rollup_sales_by_month_country"
    assert "fact_sales" in facts.rows_sql
    assert facts.adds_up


def test_a_rollup_that_lies_is_found_out(star: Star, altered) -> None:
    lie = "update rollup_sales_by_month_country set revenue = revenue + 1"
    engine = Engine(star.repository, altered(1, lie))
    facts = engine.facts_of(Cell("sales", "revenue", members={"customer.country": "France"}))
    engine.close()
    assert not facts.adds_up
    assert facts.value > facts.listed


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (Cell("sale", "revenue"), "Did you mean 'sales'"),
        (Cell("sales", "revenu"), "Did you mean 'revenue'"),
        (Cell("sales", "tax"), "cannot be answered"),
        (Cell("sales", "revenue", members={"customer.contry": "x"}), "country"),
        (Cell("sales", "revenue", members={"order_date.year": "MMXXV"}), "not a whole number"),
        (Cell("sales", "revenue", members={"order_date.year": ""}), "no member"),
        (Cell("sales", "revenue", where="1; drop table fact_sales"), "filter"),
        (Cell("ghosts", "weight"), "not loaded in this workspace"),
    ],
)
def test_mistakes_are_told(star: Star, cell: Cell, words: str) -> None:
    with pytest.raises(UserError, match=words):
        star.engine.facts_of(cell)


@pytest.mark.parametrize("page", [{"limit": 0}, {"limit": 10_001}, {"offset": -1}])
def test_a_page_has_its_bounds(star: Star, page: dict[str, int]) -> None:
    with pytest.raises(UserError, match=next(iter(page))):
        star.engine.facts_of(Cell("sales", "revenue"), **page)


def test_an_earlier_version_is_asked_by_its_number(star: Star, altered) -> None:
    altered(1)
    published = altered(2, "delete from fact_sales where sale_id = '5'")
    figures = {}
    for version in (None, 1, 2):
        engine = Engine(star.repository, published, version=version)
        facts = engine.facts_of(Cell("sales", "pieces"))
        figures[version] = (facts.version, facts.value)
        engine.close()
    assert figures == {None: (2, 12), 1: (1, 13), 2: (2, 12)}
    with pytest.raises(UserError, match="no version 7") as told:
        Engine(star.repository, published, version=7).facts_of(Cell("sales", "cost"))
    assert "Versions on disk: 1, 2." in str(told.value)
