"""Facts that point at nobody because the row they refer to was left out: found where they belong."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from explained_company import FILES, Company, lines, load, write_company

D = Decimal

REGIONS = "id,name,size\nR1,North,3\nR2,South,many\n"
BUYERS = """\
B5,Emil,DE,gold,soon,R1
B6,TEST,DE,basic,2024-01-01 00:00:00,R1
B7,Fay,XX,basic,2024-01-01 00:00:00,R1
B8,Gus,AT,basic,soon,R2
B9,,FR,basic,2024-01-01 00:00:00,R1
"""
DEALS = """\
E1,B5,2025-03-01,EUR,,
E2,B6,2025-03-02,EUR,,
E3,B7,2025-03-03,EUR,,
E4,B8,2025-03-04,EUR,,
E5,B1,2025-03-05,EUR,Nonsense,
E6,B5,2025-03-06,USD,Nonsense,
E7,B1,2025-03-07,EUR,Test?,
E8,B5,soon,EUR,,
E9,Z9,2025-03-09,EUR,,
"""
# Lines 17 and on: one item of each of the new deals, of 1.00, 2.00, 4.00, ...
ITEMS = "".join(f"E{n},1,Pen,1,{2 ** (n - 1)}.00\n" for n in range(1, 10)) + "E1,2,Pen,0,1024.00\n"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The small company, with buyers and deals that are left out for different reasons."""
    root = write_company(tmp_path_factory.mktemp("unknown") / "company")
    _edit(
        root / "model/model.yaml",
        ("country: {required: true}, tier", "country: {required: true},"
         " region_id: {references: region}, tier"),
        ("  tier: {history: track}\n", "  tier: {history: track}\n  region: {from: region_id.name}\n"),
        ("where: coalesce(deal_id.kind, '') <> 'Test'", "where: coalesce(deal_id.kind, '') not like 'Test%'"),
    )  # fmt: skip
    (root / "model/region.yaml").write_text(
        "entity: region\nkey: region_id\n"
        "columns: {region_id: string, name: string, size: {type: integer, required: true}}\n"
    )
    _edit(
        root / "mappings/all.yaml",
        ("  tier: {from: tier", "  region_id: region\n  tier: {from: tier"),
        ("  changed: changed\n", "  changed: changed\nwhere: name <> 'TEST'\n"),
        ("  kind: kind\n", "  kind: {from: kind, check: {one_of: [Test, Sale]}}\n"),
        ("  deal_id: deal\n", "  deal_id: {from: deal, check: {references: deal}, otherwise: keep}\n"),
    )  # fmt: skip
    (root / "mappings/region.yaml").write_text(
        "entity: region\nfrom: shop.regions\ncolumns: {region_id: id, name: name, size: size}\n"
    )
    _edit(root / "sources/shop.yaml", ("tables:\n", "tables:\n  regions: {primary_key: id}\n"))
    known = "\n".join(
        line + (",region" if line.startswith("id,") else ",R1")
        for line in FILES["buyers"].splitlines()
    )
    files = {
        "regions": REGIONS,
        "buyers": f"{known}\n{BUYERS}",
        "deals": FILES["deals"] + DEALS,
        "items": FILES["items"] + ITEMS,
    }
    for name, text in files.items():
        (root / "data" / f"{name}.csv").write_text(text)
    load(root)
    return Company(root)


def _edit(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text)


def at_unknown(found):
    """Lines of the file of items, and what they would bring, part by part."""
    rows = [row for row in found.left_out.rows if row.outcome == "at_unknown"]
    return {
        found.sources[row.row].landed.row: tuple(part.value for part in row.parts) for row in rows
    }


def total(found, outcome):
    return next((t for t in found.left_out.totals if t.outcome == outcome), None)


class TestWhereTheyBelong:
    def test_by_a_member_that_was_refused_or_filtered(self, company):
        """E1 is of Emil, whose change has no day; E2 of a test; E5 and E7 of Anna, but refused."""
        found = company.explain("deals", "revenue", at="buyer.country=Germany")
        assert at_unknown(found) == {17: (D(1),), 18: (D(2),), 21: (D(16),), 22: (D("25.60"),)}
        assert found.holds
        assert found.left_out.totals  # of all kinds
        mine = total(found, "at_unknown")
        assert (mine.rows, mine.brings["revenue"]) == (4, D("44.60"))
        assert mine.would_be == found.value + D("44.60")

    def test_the_same_are_found_by_hand(self, company):
        by_hand = company.by_hand(
            """
            select items.line from items join deals on deals.id = items.deal
              join buyers on buyers.id = deals.buyer
            where upper(buyers.country) = 'DE' and items.qty = '1' and deals.day <> 'soon'
              and coalesce(kind, '') not like 'Test%'
              and (buyers.changed = 'soon' or buyers.name = 'TEST' or kind = 'Nonsense')
            """
        )
        found = company.explain("deals", "revenue", at="buyer.country=Germany")
        assert at_unknown(found).keys() == {line for (line,) in by_hand}

    def test_each_tells_what_was_left_out_and_why(self, company):
        found = company.explain("deals", "revenue", at="buyer.country=Germany")
        told = {}
        for row in found.left_out.rows:
            if row.outcome == "at_unknown":
                told[found.sources[row.row].landed.row] = [
                    (link.reference, found.sources[link.row].outcome,
                     [r.column for r in found.sources[link.row].refusals])
                    for link in row.refers
                ]  # fmt: skip
        assert told == {
            17: [("deal_id.buyer_id", "quarantined", ["changed"])],
            18: [("deal_id.buyer_id", "filtered", [])],
            21: [("deal_id", "quarantined", ["kind"])],
            22: [("deal_id", "quarantined", ["kind"]), ("deal_id.buyer_id", "quarantined", ["changed"])],
        }  # fmt: skip

    def test_what_is_lost_with_the_member_is_not_guessed(self, company):
        """Of Fay no country is known, of the deal E8 no day; any country may be theirs."""
        for country in ("Germany", "France", "Austria"):
            found = company.explain("deals", "revenue", at=f"buyer.country={country}")
            unplaced = lines(found, found.left_out.unplaced_rows)
            assert {line for line, o in unplaced.items() if o == "at_unknown"} == {8, 19, 24}
            assert 19 not in at_unknown(found)
        by_region = company.explain("deals", "revenue", at="buyer.region=North")
        assert 19 in at_unknown(by_region)

    def test_over_references_of_the_member(self, company):
        """Gus belongs to the South, whose own row was refused for its size."""
        south = company.explain("deals", "revenue", at="buyer.region=South")
        assert at_unknown(south) == {20: (D(8),)}
        assert total(
            company.explain("deals", "revenue", at="buyer.region=North"), "at_unknown"
        ).rows

    def test_refused_rows_of_left_out_members_are_placed_too(self, company):
        found = company.explain("deals", "revenue", at="buyer.country=Germany")
        quarantined = {
            found.sources[r.row].landed.row for r in found.left_out.rows
            if r.outcome == "quarantined" and found.sources[r.row].landed.table == "items"
        }  # fmt: skip
        assert 26 in quarantined
        france = company.explain("deals", "revenue", at="buyer.country=France")
        assert 26 not in lines(france, france.left_out.rows)


class TestWhatTheyWouldBring:
    def test_each_measure_is_computed_as_it_is(self, company):
        """Four pens at nobody are Germany's: of deals E1, E2, E5 and E6, of three buyers."""
        expected = {
            "items": (4, 4),
            "deals": (2, 6),
            "buyers": (1, 3),
            "pens": (D(61), D("105.60")),
            "least": (D(11), D(1)),
        }
        for measure, (is_now, would_be) in expected.items():
            found = company.explain("deals", measure, at="buyer.country=Germany")
            mine = total(found, "at_unknown")
            assert mine.rows == 4, measure
            assert mine.would_be == (would_be if measure != "items" else 4 + found.value), measure
            if measure != "items":
                assert found.value == is_now, measure

    def test_an_amount_whose_currency_was_lost_is_told(self, company):
        """Of E6 in dollars the deal was refused, so that its amount went for euros."""
        everything = company.explain("deals", "revenue")
        assert at_unknown(everything) == {}
        assert everything.holds

    def test_in_the_cell_of_nobody_they_are_facts(self, company):
        nobody = company.explain("deals", "revenue", at="buyer.country=Unknown")
        shown = {nobody.sources[row.sources[0].row].landed.row for row in nobody.facts.shown}
        assert {17, 18, 19, 20, 21, 22, 24, 25} <= shown
        assert at_unknown(nobody) == {}
        why = {
            nobody.sources[row.sources[0].row].landed.row: member.why_unknown
            for row in nobody.facts.shown for member in row.members if member.role == "buyer"
        }  # fmt: skip
        assert (why[17], why[25]) == ("left_out", "no_member")

    def test_a_fact_for_which_the_filter_was_not_asked(self, company):
        """E7 would be no fact were its deal let in: it is a test."""
        found = company.explain("deals", "revenue", at="buyer.country=Germany")
        assert 23 not in lines(found, found.left_out.rows)


def test_nothing_is_told_where_nobody_asks(company):
    found = company.explain("deals", "revenue", at="buyer.country=Germany", find_left_out=False)
    assert (found.left_out, found.holds) == (None, True)
