"""Versions that are not the newest, landed files that are gone, definitions that have changed."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import duckdb
import pytest
from explained_company import Company, fact, keys, load, source

from metadata import load_workspace
from metadata.errors import UserError
from pipelines import publish
from pipelines.cli import run as rapport
from pipelines.explain.replay import _as_of
from pipelines.lock import run_lock
from pipelines.origins import TABLE
from pipelines.storage import Storage

D = Decimal


class TestAnEarlierVersion:
    def test_is_explained_from_the_batches_it_was_staged_from(self, moved):
        first = moved.explain("deals", "revenue", version=1)
        second = moved.explain("deals", "revenue")
        assert (first.version, second.version) == (1, 2)
        assert second.value - first.value == D("60.00")
        assert set(keys(second)) - set(keys(first)) == {"D3-3"}
        assert first.holds
        assert second.holds
        batches = [source(found, fact(found, "D1-1")).landed.batch for found in (first, second)]
        assert batches[0] < batches[1]

    def test_that_was_rolled_back_to_is_the_one_that_readers_see(self, moved, own, tmp_path):
        import shutil

        shutil.copytree(moved.root, tmp_path / "back")
        back = Company(tmp_path / "back")
        publish.rollback(back.repository, 1)
        found = back.explain("deals", "revenue", at="buyer.country=Germany")
        assert (found.version, keys(found)) == (1, ["D1-1", "D1-2", "D3-1", "D3-2"])
        assert found.holds
        later = back.explain("deals", "revenue", at="buyer.country=Germany", version=2)
        assert keys(later) == ["D1-1", "D1-2"]

    def test_that_is_not_on_disk_is_told(self, company):
        with pytest.raises(UserError, match="no version 9"):
            company.explain("deals", "revenue", version=9)


class TestLandedFilesThatAreGone:
    def test_leave_the_figure_and_its_rows(self, own):
        company = own()
        folder = Storage.of(company.repository).landed("shop", "items")
        for file in folder.glob("*.parquet"):
            file.unlink()
        found = company.explain("deals", "revenue", at="buyer.country=Germany")
        [issue] = found.issues
        assert issue.what == "The rows of 'item' cannot be followed to where they came from."
        assert "shop/items/" in issue.why
        assert "1 of its 3 landed files" in issue.why
        assert (found.value, found.left_out, found.sources) == (D("121.00"), None, {})
        assert keys(found) == ["D1-1", "D1-2", "D3-1", "D3-2"]
        assert fact(found, "D1-1").made_again is None
        assert [check.name for check in found.checks] == ["rows_make_the_figure"]
        assert found.holds

    def test_of_what_rows_refer_to_leave_the_rows_themselves(self, own):
        company = own()
        folder = Storage.of(company.repository).landed("shop", "buyers")
        for file in folder.glob("*.parquet"):
            file.unlink()
        found = company.explain("deals", "revenue", at="buyer.country=Germany")
        assert [issue.what for issue in found.issues] == [
            "The rows of 'buyer' cannot be followed to where they came from."
        ]
        row = source(found, fact(found, "D1-1"))
        assert row.landed.table == "items"
        # The country of a left-out row is that of its buyer in the warehouse, which still stands.
        assert found.left_out is not None
        assert all(member.row is None for member in fact(found, "D1-1").members)

    def test_of_what_decides_a_place_leave_nothing_said_about_left_out_rows(self, own):
        company = own()
        folder = Storage.of(company.repository).landed("shop", "rates")
        for file in folder.glob("*.parquet"):
            file.unlink()
        found = company.explain("deals", "revenue")
        assert found.left_out is None
        assert any("'exchange_rate'" in issue.what for issue in found.issues)
        assert "values_agree" not in {check.name for check in found.checks}
        assert source(found, fact(found, "D1-1")).landed.table == "items"


def test_a_version_without_origins_says_how_to_get_one_with_them(own):
    company = own()
    file = Storage.of(company.repository).version_file(1)
    file.chmod(0o644)
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"drop table {TABLE}")
    found = company.explain("deals", "revenue")
    [issue] = found.issues
    assert "not known for version 1" in issue.what
    assert "rapport run --full" in issue.fix
    assert found.value is not None


def rewrite(company, old, new):
    mappings = company.root / "mappings" / "all.yaml"
    assert old in mappings.read_text()
    mappings.write_text(mappings.read_text().replace(old, new))


def forget_the_applied_state(company):
    """As if the version had been loaded before states of the metadata were kept."""
    for file in (Storage.of(company.repository).root / "metadata").glob("*.json"):
        file.unlink()


class TestDefinitionsThatHaveChanged:
    def test_do_not_matter_to_a_version_that_was_loaded_by_others(self, own):
        company = own()
        rewrite(company, "at_least: 1", "at_least: 2")
        found = company.explain("deals", "revenue", at="buyer.country=Germany")
        assert (found.value, found.issues, found.holds) == (D("121.00"), (), True)
        load(company.root)
        changed = Company(company.root)
        second = changed.explain("deals", "revenue", at="buyer.country=Germany")
        first = changed.explain("deals", "revenue", at="buyer.country=Germany", version=1)
        # A late line takes the place of D1-2, with another amount; D3-1 is refused.
        assert (first.value, second.value) == (D("121.00"), D("160.00"))
        assert first.holds
        assert second.holds
        refused = {
            found.version: {found.sources[row.row].landed.row for row in found.left_out.rows
                            if row.outcome == "quarantined"}
            for found in (first, second)
        }  # fmt: skip
        assert refused[2] - refused[1] == {3, 5}

    def test_are_told_where_those_it_was_loaded_by_are_not_known(self, own):
        company = own()
        rewrite(company, "at_least: 1", "at_least: 2")
        forget_the_applied_state(company)
        found = company.explain("deals", "revenue", at="buyer.country=Germany")
        [issue] = found.issues
        assert issue.what == "Definitions have changed since version 1 was loaded."
        assert "fact_items" in issue.why
        checks = {check.name: (check.holds, check.expected, check.found) for check in found.checks}
        assert checks["rows_are_found"] == (False, 4, 3)
        assert checks["values_agree"] == (False, 4, 2)
        assert fact(found, "D1-2").made_again is False
        assert not found.holds

    def test_are_not_told_where_the_figure_does_not_hang_on_them(self, own):
        company = own()
        rewrite(company, "{at_least: 0}", "{at_least: 1}")
        forget_the_applied_state(company)
        assert company.explain("deals", "revenue").issues == ()
        assert company.explain("shelves", "pieces").issues != ()

    def test_that_do_not_fit_the_landed_columns_are_told(self, own):
        company = own()
        rewrite(company, "quantity: {from: qty,", "quantity: {from: pieces,")
        forget_the_applied_state(company)
        found = company.explain("deals", "revenue")
        assert any("shop.items has no column 'pieces'" in issue.what for issue in found.issues)
        assert found.value is not None


def test_today_is_the_day_on_which_the_version_was_staged():
    import sqlglot

    query = sqlglot.parse_one("SELECT CURRENT_DATE AS a, x <= CURRENT_DATE AS b", dialect="duckdb")
    assert _as_of(query, date(2025, 3, 1)).sql("duckdb") == (
        "SELECT CAST('2025-03-01' AS DATE) AS a, x <= CAST('2025-03-01' AS DATE) AS b"
    )


def test_a_run_at_work_is_not_disturbed_and_no_build_is_needed(own):
    import shutil

    company = own()
    storage = Storage.of(company.repository)
    shutil.rmtree(storage.build)
    with run_lock(storage.lock, wait=False):
        found = company.explain("deals", "revenue", at="buyer.country=Germany")
    assert found.holds
    assert found.left_out is not None


def test_rows_that_came_again_are_explained_by_the_newest(own):
    """A file with a key is read whole; the batch before stays in the landing zone."""
    company = own()
    late = company.root / "data" / "late_items.csv"
    late.write_text(late.read_text().replace("D3,2,Pen,1,50.00", "D3,2,Pen,1,55.00"))
    load(company.root)
    found = Company(company.root).explain("deals", "revenue", at="buyer.country=Germany")
    row = source(found, fact(found, "D3-2"))
    assert (row.came["amount"], row.outcome, row.merged) == ("55.00", "staged", 0)
    assert found.holds


class TestOnTheCommandLine:
    def ask(self, capsys, *arguments):
        code = rapport([str(each) for each in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    def test_it_reads_from_the_figure_to_the_rows_left_out(self, company, capsys):
        code, out, _ = self.ask(
            capsys, "explain", "deals", "revenue", "--rows", "buyer.country=Germany",
            "--limit", "20", "-w", company.root,
        )  # fmt: skip
        assert code == 0
        for words in (
            "Revenue: €121.00",
            "revenue: sum of amount  (cubes/deals.yaml:",
            "Made of 4 rows of fact_items",
            'amount: "11,00" → trim "11,00" → replace(,, .) "11.00" → decimal(18,2) "11.00"',
            "deal_id leads to deal: shop.deals id D1, row 1 of batch",
            "Quarantined     3          €11.00          €132.00",
            'quantity "0": It is below 1. (at_least)',
            "not true: coalesce(deal.state, '') <> 'VOID', with deal.state = \"VOID\"",
            "Cannot be placed: 3 rows",
            "deal_id leads to a row that was quarantined: shop.deals id D7, row 7",
            "yes the figure is €121.00, and what its 4 rows make is €121.00",
        ):
            assert words in out, words

    def test_json_is_one_document_with_everything(self, company, capsys):
        code, out, _ = self.ask(
            capsys, "explain", "deals", "revenue_per_deal", "--where", "buyer.country = 'Germany'",
            "--version", "1", "--format", "json", "-w", company.root,
        )  # fmt: skip
        assert code == 0
        document = json.loads(out)
        assert (document["value"], document["version"], document["holds"]) == (60.5, 1, True)
        assert document["cell"] == {
            "cube": "deals",
            "measure": "revenue_per_deal",
            "where": "buyer.country = 'Germany'",
            "members": {},
        }
        assert [part["name"] for part in document["definition"]["parts"]] == ["revenue", "deals"]
        shown = document["facts"]["shown"][0]
        own = document["sources"][shown["sources"][0]["row"]]
        assert own["landed"].keys() == {"source", "table", "batch", "row", "key"}
        assert own["values"][0]["defined"]["file"] == "mappings/all.yaml"
        assert {row["outcome"] for row in document["left_out"]["rows"]} == {
            "quarantined", "merged", "filtered", "not_a_fact",
        }  # fmt: skip

    def test_it_says_what_does_not_hold(self, own, capsys):
        company = own()
        rewrite(company, "at_least: 1", "at_least: 2")
        forget_the_applied_state(company)
        code, out, _ = self.ask(capsys, "explain", "deals", "items", "-w", company.root)
        assert code == 0
        assert "NO  found in the landing zone: 4 of 8 rows" in out
        assert "Definitions have changed since version 1 was loaded." in out

    def test_a_ratio_and_a_stock_show_their_parts_and_their_day(self, company, capsys):
        _, out, _ = self.ask(
            capsys, "explain", "deals", "revenue_per_deal", "--no-left-out", "-w", company.root
        )
        assert "revenue / deals" in out
        assert "Left out" not in out
        _, out, _ = self.ask(capsys, "explain", "shelves", "pieces", "-w", company.root)
        assert "the day that speaks is 2025-02-28" in out
        assert "Made of 2 of the cell's 3 rows of fact_shelves" in out

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("deal", "revenue"), "Did you mean 'deals'"),
            (("deals", "revenu"), "Did you mean 'revenue'"),
            (("deals", "revenue", "--rows", "buyer.country"), "--rows buyer.country cannot be read"),
            (("deals", "revenue", "--rows", "buyer.contry=x"), "'country'"),
            (("deals", "revenue", "--rows", "day.year=x"), "not a whole number"),
            (("deals", "revenue", "--rows", "day.year=2025", "--rows", "day.year=2024"), "two members"),
            (("deals", "revenue", "--where", "1; drop table x"), "filter"),
            (("deals", "revenue", "--version", "7"), "no version 7"),
            (("deals", "revenue", "--limit", "5000"), "'limit' must be from 1"),
            (("deals",), "measure"),
        ],
    )  # fmt: skip
    def test_a_mistake_ends_with_status_1_and_one_message(self, company, capsys, arguments, words):
        code, out, err = self.ask(capsys, "explain", *arguments, "-w", company.root)
        assert code == 1
        assert words.lower() in err.lower()
        assert "Traceback" not in out + err


def test_nothing_published_is_told(tmp_path):
    from explained_company import write_company

    company = Company(write_company(tmp_path / "new"))
    assert load_workspace(company.root)
    with pytest.raises(UserError, match="Nothing has been published"):
        company.explain("deals", "revenue")
