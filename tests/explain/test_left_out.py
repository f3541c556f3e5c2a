"""Rows that are not in a figure and would be: the same as by hand, with what they would bring."""

from __future__ import annotations

from decimal import Decimal

import pytest
from explained_company import lines

D = Decimal
RAW = """
    select items.line, items.deal, pos, product, qty, state, kind, country, deals.day,
           try_cast(replace(trim(amount), ',', '.') as decimal(18,2))
             * case when currency = 'USD' then 0.8 else 1 end as amount
    from items left join deals on items.deal = deals.id left join buyers on deals.buyer = buyers.id
"""


def totals(found):
    return {
        total.outcome: (total.rows, total.without_amount, *total.brings.values(), total.would_be)
        for total in found.left_out.totals
    }


class TestOfAMember:
    def test_are_the_rows_that_a_person_finds_in_the_files(self, company):
        found = company.explain("deals", "revenue", at="buyer.country=Germany")
        by_hand = company.by_hand(
            f"""
            with raw as ({RAW})
            select line, case when state = 'VOID' then 'filtered' when qty < '1' or amount is null
                         then 'quarantined' when line = 1 then 'merged' else 'not_a_fact' end
            from raw where country = 'de' and deal not in ('D7')
              and (state = 'VOID' or qty < '1' or amount is null or line = 1 or kind = 'Test')
            """
        )
        assert lines(found, found.left_out.rows) == dict(by_hand)
        assert sorted(dict(by_hand)) == [1, 10, 11, 12, 13, 14]

    def test_are_totalled_with_what_they_would_bring(self, company):
        found = company.explain("deals", "revenue", at="buyer.country=Germany")
        assert totals(found) == {
            "quarantined": (3, 1, D("11.00"), D("132.00")),
            "merged": (2, 0, D("109.00"), D("230.00")),
            "filtered": (1, 0, D("8.00"), D("129.00")),
            "not_a_fact": (1, 0, D("7.00"), D("128.00")),
        }
        assert found.left_out.merged_into_cell == 2

    def test_are_told_with_rule_reason_and_raw_value(self, company):
        found = company.explain("deals", "revenue", at="buyer.country=Germany")
        told = {
            found.sources[row.row].landed.row: found.sources[row.row] for row in found.left_out.rows
            if found.sources[row.row].landed.table == "items"
        }  # fmt: skip
        [refusal] = told[11].refusals
        assert (refusal.column, refusal.rule, refusal.value) == ("amount", "type", "a lot")
        assert [(r.column, r.rule, r.reason, r.value) for r in told[10].refusals] == [
            ("quantity", "at_least", "It is below 1.", "0")
        ]
        assert not told[14].filter.lets_in
        assert [(r.alias, r.column, r.value) for r in told[14].filter.reads] == [
            ("deal", "state", "VOID")
        ]

    def test_without_an_amount_are_there_and_say_so(self, company):
        found = company.explain("deals", "revenue", at="buyer.country=Germany")
        row = next(r for r in found.left_out.rows if found.sources[r.row].landed.row == 11)
        assert (row.parts[0].value, row.parts[0].counts) == (None, False)
        assert [(b.column, b.rule, b.value) for b in row.because] == [("amount", "type", "a lot")]
        # It counts all the same where nothing is added up.
        counted = company.explain("deals", "items", at="buyer.country=Germany")
        assert totals(counted)["quarantined"] == (3, 0, 3, 7)

    def test_merged_ones_name_the_row_they_went_into(self, company):
        found = company.explain("deals", "revenue", at="buyer.country=Germany")
        into = {
            (found.sources[r.row].landed.table, found.sources[r.row].landed.row): (
                found.sources[r.merged_into].landed.table,
                found.sources[r.merged_into].landed.row,
            )
            for r in found.left_out.rows
            if r.outcome == "merged"
        }
        assert into == {("items", 1): ("items", 2), ("late_items", 1): ("items", 3)}
        assert found.sources[found.left_out.rows[1].row].priority in (100, 200)

    def test_of_another_country_are_not_ours(self, company):
        found = company.explain("deals", "revenue", at="buyer.country=France")
        assert lines(found, found.left_out.rows) == {16: "quarantined"}
        assert totals(found) == {"quarantined": (1, 0, D("8.00"), D("32.00"))}


class TestThatCannotBePlaced:
    """Line 15 has lost its deal. The deal of line 9 has no day, so it was quarantined itself; line 8
    is of a buyer without a known country, who was, and stands at nobody."""

    def test_are_told_apart_with_the_reason(self, company):
        found = company.explain("deals", "revenue", at="buyer.country=Germany")
        assert lines(found, found.left_out.unplaced_rows) == {
            8: "at_unknown",
            9: "quarantined",
            15: "quarantined",
        }
        why = {
            found.sources[row.row].landed.row: {(b.column, b.rule, b.value) for b in row.because}
            for row in found.left_out.unplaced_rows
        }
        assert why == {
            8: {("deal_id.buyer_id", "left_out", "B4")},
            9: {("deal_id", "left_out", "D7")},
            15: {("deal_id", "required", "")},
        }

    def test_are_out_where_something_else_decides(self, company):
        """All are pens: whatever their buyer, they are no books."""
        books = company.explain("deals", "revenue", at="buyer.country=Germany; product=Book")
        assert (books.left_out.unplaced, books.left_out.unplaced_rows) == (0, ())
        pens = company.explain("deals", "revenue", at="buyer.country=Germany; product=Pen")
        assert pens.left_out.unplaced == 3
        own_filter = company.explain("pieces", "books", at="buyer.country=Germany")
        assert own_filter.left_out.unplaced == 0

    def test_are_in_where_something_else_decides(self, company):
        where = "product = 'Pen' or buyer.country = 'Germany'"
        either = company.explain("pieces", "items", where=where)
        assert {9, 15} <= set(lines(either, either.left_out.rows))
        assert either.left_out.unplaced == 0
        neither = company.explain("pieces", "items", where=f"not ({where})")
        assert not {9, 15} & set(lines(neither, neither.left_out.rows))
        assert neither.left_out.unplaced == 0

    def test_are_placed_where_nothing_hangs_on_what_is_lost(self, company):
        """Whether a deal was a test is not known without it; of a piece it does not matter.

        Of the deal of line 9 that is known, though it was refused for its day.
        """
        assert company.explain("deals", "items").left_out.unplaced == 1
        assert company.explain("pieces", "items").left_out.unplaced == 0


class TestOfOtherMeasures:
    @pytest.mark.parametrize(
        ("measure", "cell", "quarantined"),
        [
            ("items", 4, 7),
            ("deals", 2, 2),
            ("buyers", 1, 1),
            ("average", 30.25, 132 / 6),
            ("least", D("11.00"), D("5.00")),
            ("largest", D("50.00"), D("50.00")),
            ("pens", D("61.00"), D("66.00")),
            ("revenue_per_deal", 60.5, 66.0),
        ],
    )
    def test_the_figure_with_them_is_computed_as_the_measure_is(
        self, company, measure, cell, quarantined
    ):
        """Quarantined with an amount: 5.00 for pens and 6.00 for books, both of deal D1."""
        found = company.explain("deals", measure, at="buyer.country=Germany")
        assert found.value == pytest.approx(cell)
        would_be = next(t.would_be for t in found.left_out.totals if t.outcome == "quarantined")
        assert float(would_be) == pytest.approx(float(quarantined))

    def test_a_stock_would_have_had_them_only_on_the_day_that_speaks(self, company):
        found = company.explain("shelves", "pieces")
        assert totals(found) == {"quarantined": (1, 0, -1, 9), "not_a_fact": (1, 0, 100, 110)}
        month = company.explain("shelves", "pieces", at="day.month=2025-03")
        assert (month.value, month.left_out.totals) == (None, ())


def test_nothing_is_lost_between_the_cells(company):
    """What is in a cell, what would be, and what cannot be placed: together all that landed."""
    countries = ["Germany", "France", "Unknown"]
    found = {c: company.explain("deals", "items", at=f"buyer.country={c}") for c in countries}
    everything = company.explain("deals", "items")
    by_outcome = {}
    for each in found.values():
        for total in each.left_out.totals:
            by_outcome[total.outcome] = by_outcome.get(total.outcome, 0) + total.rows
    # Line 9 is in no country, for the day of its deal is lost, and among all countries.
    by_outcome["quarantined"] += 1
    assert by_outcome == {total.outcome: total.rows for total in everything.left_out.totals}
    landed = company.by_hand(
        "select (select count(*) from items) + (select count(*) from late_items)"
    )
    assert [(everything.value + sum(by_outcome.values()) + everything.left_out.unplaced,)] == landed


def test_they_are_not_looked_for_where_nobody_asks(company):
    found = company.explain("deals", "revenue", find_left_out=False)
    assert found.left_out is None
    assert found.holds


def test_few_are_shown_and_all_are_counted(company):
    found = company.explain("deals", "revenue", limit=1)
    shown = [row.outcome for row in found.left_out.rows]
    assert sorted(shown) == sorted(total.outcome for total in found.left_out.totals)
    assert sum(total.rows for total in found.left_out.totals) > len(shown)
