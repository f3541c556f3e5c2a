"""From the figure to its fact rows, and from these to the rows that the files delivered."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from explained_company import fact, keys, source

D = Decimal
PLACED = """
    from items join deals on items.deal = deals.id join buyers on deals.buyer = buyers.id
    where upper(trim(country)) = 'DE' and coalesce(state, '') <> 'VOID' and kind is null
      and try_cast(qty as int) >= 1 and try_cast(replace(trim(amount), ',', '.') as decimal(18,2)) is not null
    qualify row_number() over (partition by items.deal, pos order by items.line desc) = 1
"""


class TestTheFigure:
    def test_is_made_of_the_rows_that_a_person_finds_in_the_files(self, company):
        found = company.explain("deals", "revenue", at="buyer.country=Germany")
        by_hand = company.by_hand(
            f"select items.line, replace(trim(amount), ',', '.')::decimal(18,2) {PLACED}"
        )
        of_items = {
            (source(found, row).landed.row, row.parts[0].value)
            for row in found.facts.shown
            if source(found, row).landed.table == "items"
        }
        assert of_items == set(by_hand) == {(2, D("11.00")), (3, D("20.00")), (5, D("40.00"))}
        assert keys(found) == ["D1-1", "D1-2", "D3-1", "D3-2"]
        assert found.value == D("121.00")
        assert found.holds

    def test_says_what_it_means_and_where_that_is_written(self, company):
        found = company.explain("deals", "pens", where="buyer.country <> 'France'")
        definition, [part] = found.definition, found.definition.parts
        assert (part.function, part.operand, part.where) == ("sum", "amount", "product = 'Pen'")
        assert str(part.defined).startswith("cubes/deals.yaml:")
        amount = next(each for each in definition.inputs if each.column == "amount")
        assert (amount.expression, amount.converted, definition.currency) == ("amount", True, "EUR")
        assert str(amount.defined).startswith("model/model.yaml:")
        assert definition.fact_filter == "coalesce(deal_id.kind, '') <> 'Test'"
        assert "FILTER" in found.sql
        assert found.filter == "buyer.country <> 'France'"

    @pytest.mark.parametrize(
        "measure",
        ["revenue", "items", "deals", "buyers", "average", "least", "largest", "pens", "revenue_per_deal"],
    )  # fmt: skip
    @pytest.mark.parametrize(
        "at", ["", "buyer.country=Germany", "product=Pen", "day.month=2025-02"]
    )
    def test_of_every_kind_of_measure_adds_up_and_is_made_again(self, company, measure, at):
        found = company.explain("deals", measure, at=at, find_left_out=False)
        assert found.holds, found.checks
        assert {check.name for check in found.checks} >= {"rows_make_the_figure", "values_agree"}
        assert all(row.made_again for row in found.facts.shown)
        assert len(found.facts.shown) == found.facts.counted > 0

    def test_that_is_a_stock_is_made_of_its_last_day(self, company):
        found = company.explain("shelves", "pieces", at="day.year=2025")
        assert (found.value, keys(found)) == (10, ["2025-02-28Book", "2025-02-28Pen"])
        assert found.definition.parts[0].speaks.isoformat() == "2025-02-28"

    def test_of_which_few_rows_are_shown_is_checked_on_all(self, company):
        found = company.explain("deals", "revenue", limit=1)
        assert len(found.facts.shown) == 1 < found.facts.counted
        compared = next(check for check in found.checks if check.name == "values_agree")
        assert compared.expected == compared.found == found.facts.counted


class TestARow:
    def test_tells_batch_row_and_key_of_its_source(self, company):
        found = company.explain("deals", "revenue", at="buyer.country=France")
        [row] = found.facts.shown
        deal = source(found, row, "deal_id")
        folder = company.repository.storage / "landing" / "shop" / "deals"
        [batch] = [path.stem for path in folder.glob("*.parquet")]
        assert (deal.landed.source, deal.landed.table, deal.landed.batch) == (
            "shop",
            "deals",
            batch,
        )
        assert deal.landed.key == {"id": "D2"}
        [raw] = company.by_hand(
            "select line, id, buyer, day, currency, kind, state from deals where id = 'D2'"
        )
        assert (deal.landed.row, *deal.came.values()) == raw
        assert deal.extracted_at.tzinfo is not None
        # A file without a key has the place of its rows.
        assert (source(found, row).landed.key, source(found, row).landed.row) == ({}, 4)

    def test_tells_every_step_of_its_values(self, company):
        found = company.explain("deals", "pens", at="buyer.country=Germany")
        row = source(found, fact(found, "D1-1"))
        values = {value.column: value for value in row.values}
        assert [(s.kind, s.name, s.value) for s in values["product"].steps] == [
            ("came", "from", "pen"),
            ("clean", "trim", "pen"),
            ("clean", "title_case", "Pen"),
        ]
        amount = values["amount"]
        assert [(s.name, s.value) for s in amount.steps] == [
            ("from", "11,00"), ("trim", "11,00"), ("replace", "11.00"), ("decimal(18,2)", "11.00"),
        ]  # fmt: skip
        assert amount.steps[2].parameters == {"find": ",", "with": "."}
        assert amount.value == "11.00"
        assert str(amount.defined).startswith("mappings/all.yaml:")
        [read] = amount.reads
        assert (read.table, read.column, read.value) == ("shop.items", "amount", "11,00")
        buyer = found.sources[fact(found, "D1-1").members[1].row]
        country = next(value for value in buyer.values if value.column == "country")
        assert [s.value for s in country.steps] == ["de", "de", "DE", "Germany"]
        assert [s.kind for s in country.steps] == ["came", "clean", "clean", "lookup"]

    def test_tells_the_rows_that_joins_took_and_that_were_merged_into_it(self, company):
        found = company.explain("deals", "revenue", at="buyer.country=Germany")
        row = source(found, fact(found, "D1-1"))
        assert [(joined.alias, joined.landed.key) for joined in row.joined] == [
            ("deal", {"id": "D1"})
        ]
        assert (row.merged, [each.row for each in row.merged_rows]) == (1, [1])
        across = source(found, fact(found, "D1-2"))
        assert [each.table for each in across.merged_rows] == ["late_items"]

    def test_in_another_currency_tells_the_rate_of_its_day(self, company):
        found = company.explain("deals", "revenue", at="buyer.country=France")
        [row] = found.facts.shown
        assert (row.inputs["amount_original"], row.inputs["amount"]) == (D("30.00"), D("24.00"))
        rate = source(found, row, "exchange_rate")
        assert rate.landed.key == {"cur": "USD", "day": "2025-01-15"}
        assert {v.column: v.value for v in rate.values}["rate"] == "0.80000000"
        german = company.explain("deals", "revenue", at="buyer.country=Germany")
        assert all(
            link.reference != "exchange_rate" for r in german.facts.shown for link in r.sources
        )

    def test_marks_what_is_personal(self, company):
        found = company.explain("deals", "revenue", at="buyer.name=Bert")
        buyer = found.sources[found.facts.shown[0].members[1].row]
        assert {v.column: v.personal for v in buyer.values} == {"buyer_id": False, "name": True}


class TestAMember:
    def test_that_is_unknown_tells_why(self, company):
        """D4 names no buyer, D5 one that nobody knows, D6 one that was quarantined."""
        found = company.explain("deals", "revenue", where="buyer.name = 'Unknown'")
        why = {
            key: (member.why_unknown, member.reference)
            for key in keys(found)
            for member in fact(found, key).members
            if member.role == "buyer"
        }
        assert why == {
            "D4-1": ("no_value", None),
            "D5-1": ("no_member", "B9"),
            "D6-1": ("left_out", "B4"),
        }
        left_out = found.sources[next(m.row for m in fact(found, "D6-1").members if m.row)]
        assert (left_out.outcome, left_out.landed.key) == ("quarantined", {"id": "B4"})
        assert {(r.column, r.rule) for r in left_out.refusals} >= {("country", "lookup")}

    def test_is_told_in_the_version_in_force_with_the_row_behind_it(self, moved):
        """Anna moved from Germany to Austria on 1 February; her deal D1 is of January."""
        first, last = datetime(1900, 1, 1), datetime(9999, 12, 31)
        change = datetime(2025, 2, 1)
        before = moved.explain("deals", "revenue", at="buyer.country=Germany")
        assert keys(before) == ["D1-1", "D1-2"]
        member = fact(before, "D1-1").members[1]
        assert (member.valid_from, member.valid_to, member.is_current) == (first, change, False)
        behind = before.sources[member.row]
        assert (behind.outcome, behind.came["country"], behind.came["tier"]) == (
            "superseded",
            "de",
            "gold",
        )
        after = moved.explain("deals", "revenue", at="buyer.country=Austria")
        assert keys(after) == ["D3-1", "D3-2", "D3-3"]
        member = fact(after, "D3-1").members[1]
        assert (member.valid_from, member.valid_to, member.is_current) == (change, last, True)
        now = after.sources[member.row]
        assert (now.outcome, now.came["country"]) == ("staged", "at")
        assert now.landed.batch > behind.landed.batch
        assert before.holds and after.holds
