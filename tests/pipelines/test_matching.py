"""Matching in a company of three systems: golden records, golden keys that stay, facts that follow."""

from __future__ import annotations

import json
import shutil
import sqlite3

import duckdb
import matched_company as company_files
import pytest

from metadata import load_workspace
from pipelines import publish
from pipelines.change.apply import apply
from pipelines.change.plan import make_plan
from pipelines.cli import run as command
from pipelines.run import run
from pipelines.storage import Storage

CRM, BILLING, SHOP = (company_files.CUSTOMERS[name] for name in ("crm", "billing", "shop"))


@pytest.fixture(scope="module")
def loaded_once(tmp_path_factory):
    path = company_files.write_company(tmp_path_factory.mktemp("matching") / "company")
    assert run(load_workspace(path)).ok
    return path


@pytest.fixture
def company(loaded_once, tmp_path):
    shutil.copytree(loaded_once, tmp_path / "company")
    return tmp_path / "company"


def load(path, **options):
    report = run(load_workspace(path), **options)
    assert report.ok, [str(i) for s in report.steps for i in s.issues]
    return {step.name: step for step in report.steps}


def ask(path, sql):
    storage = Storage.of(load_workspace(path))
    pointer = publish.current(storage)
    with duckdb.connect() as connection:
        connection.execute(
            f"ATTACH '{storage.published / pointer['file']}' AS warehouse (READ_ONLY)"
        )
        connection.execute(f"ATTACH '{storage.staging_database}' AS staging (READ_ONLY)")
        return connection.execute(sql).fetchall()


def golden_keys(path):
    return dict(ask(path, "SELECT key, golden_key FROM warehouse.xref_customer WHERE present"))


def customers(path, system, rows):
    company_files.write_table(path, f"{system}/customers", company_files.COLUMNS, rows)


def changed(row, **values):
    return tuple(values.get(n, v) for n, v in zip(company_files.COLUMNS, row, strict=True))


def sales(path):
    return dict(
        ask(
            path,
            "SELECT customer_id, sum(net_amount)::INTEGER FROM warehouse.fact_sales"
            " JOIN warehouse.dim_customer USING (customer_key) GROUP BY ALL",
        )
    )


class TestGoldenRecords:
    def test_records_that_agree_on_a_line_are_one(self, company):
        assert golden_keys(company) == {
            "crm:1": "crm:1", "billing:A": "crm:1", "shop:x": "crm:1",
            "crm:3": "crm:3", "billing:B": "crm:3",
            "crm:2": "crm:2", "shop:y": "shop:y",
        }  # fmt: skip

    def test_each_column_keeps_the_value_that_its_rule_says(self, company):
        rows = ask(
            company,
            "SELECT customer_id, name, email, phone, strftime(birth_date, '%Y'), city, segment, parent_customer_id"
            " FROM staging.golden_customer ORDER BY 1",
        )
        assert rows == [
            # longest name; billing's telephone; Berlin twice; the newest segment that is there
            ("crm:1", "Anna Berger", "anna@example.com", "030 9", "1980", "Berlin", "Private", None),
            ("crm:2", "Bruno Carl", "bruno@example.com", None, "1975", "Köln", "Private", None),
            ("crm:3", "Cara Dorn-Emil", "cara@example.com", "040 3", "1990", "Hamburg", "Very important", "crm:1"),
            # her parent is known to the shop only, as x: that is Anna
            ("shop:y", "Dora Ernst", "dora@example.com", None, None, "Ulm", None, "crm:1"),
        ]  # fmt: skip

    def test_facts_are_those_of_the_golden_member(self, company):
        assert sales(company) == {"crm:1": 70, "crm:2": 160, "crm:3": 80, "shop:y": 320, None: 640}

    def test_attributes_over_a_reference_are_those_of_the_golden_record(self, company):
        rows = ask(company, "SELECT customer_id, parent_company FROM warehouse.dim_customer"
                            " WHERE parent_company IS NOT NULL AND customer_key > 0")  # fmt: skip
        assert sorted(rows) == [("crm:3", "Anna Berger"), ("shop:y", "Anna Berger")]

    def test_merged_records_are_counted_as_merged_and_all_balances(self, company):
        control = sqlite3.connect(Storage.of(load_workspace(company)).root / "control.sqlite")
        rows = control.execute(
            "SELECT mapping, landed, staged, quarantined, merged, filtered FROM balances WHERE entity = 'customer'"
        )
        assert sorted(rows) == [
            ("customer<billing.customers", 2, 0, 0, 2, 0),
            ("customer<crm.customers", 3, 3, 0, 0, 0),
            ("customer<shop.customers", 2, 1, 0, 1, 0),
        ]

    def test_nothing_to_do_is_not_done_again(self, company):
        steps = load(company)
        assert {s.status for s in steps.values()} == {"unchanged"}


class TestGoldenKeysStay:
    def test_who_joins_takes_the_key_that_was_there_first(self, company):
        # A record of the leading system comes later than that of the shop.
        customers(
            company,
            "crm",
            [*CRM, changed(CRM[1], id="4", name="Dora Ernst", email="dora@example.com")],
        )
        load(company)
        assert golden_keys(company)["crm:4"] == golden_keys(company)["shop:y"] == "shop:y"
        assert sales(company)["shop:y"] == 320

    def test_two_that_come_together_keep_one_key_and_the_other_member_is_closed(self, company):
        customers(company, "shop", [SHOP[0], changed(SHOP[1], email="bruno@example.com")])
        load(company)
        assert golden_keys(company)["shop:y"] == "crm:2"
        assert sales(company)["crm:2"] == 480 and "shop:y" not in sales(company)
        members = ask(
            company, "SELECT is_current FROM warehouse.dim_customer WHERE customer_id = 'shop:y'"
        )
        assert members == [(False,)]
        logged = ask(company, "SELECT what, key, before, now FROM warehouse.matching_log")
        assert logged == [("merged", "shop:y", "shop:y", "crm:2")]

    def test_who_parts_again_gets_its_own_member_back(self, company):
        customers(company, "shop", [SHOP[0], changed(SHOP[1], email="bruno@example.com")])
        load(company)
        customers(company, "shop", SHOP)
        load(company)
        assert golden_keys(company)["shop:y"] == "shop:y"
        assert sales(company) == {"crm:1": 70, "crm:2": 160, "crm:3": 80, "shop:y": 320, None: 640}
        logged = ask(
            company, "SELECT what, key, now FROM warehouse.matching_log ORDER BY changed_at"
        )
        assert logged == [("merged", "shop:y", "crm:2"), ("split", "shop:y", "shop:y")]

    def test_the_key_outlives_the_record_that_bore_it(self, company):
        customers(company, "crm", CRM[1:])
        load(company)
        keys = golden_keys(company)
        assert "crm:1" not in keys and keys["billing:A"] == keys["shop:x"] == "crm:1"
        # What refers to the record that has gone goes on leading to its golden record.
        assert sales(company)["crm:1"] == 70
        customers(company, "crm", CRM)
        load(company)
        assert golden_keys(company)["crm:1"] == "crm:1"

    def test_it_outlives_the_loss_of_staging_and_of_the_build(self, company):
        customers(
            company,
            "crm",
            [*CRM, changed(CRM[1], id="4", name="Dora Ernst", email="dora@example.com")],
        )
        load(company)
        before = golden_keys(company)
        storage = Storage.of(load_workspace(company))
        storage.staging_database.unlink()
        load(company)
        assert golden_keys(company) == before
        storage.warehouse_database.unlink()
        load(company)
        assert golden_keys(company) == before
        load(company, full=True)
        assert golden_keys(company) == before


class TestDecisions:
    def test_they_go_over_rules(self, company):
        company_files.write(
            company,
            "matching/decided.yaml",
            "decisions: customer\nrecords:\n"
            "  - {apart: ['crm:1', 'shop:x'], by: Anna, why: mother and daughter}\n"
            "  - {together: ['crm:2', 'shop:y']}\n",
        )
        plan = make_plan(load_workspace(company))
        (change,) = plan.changes
        assert (change.change.kind, change.weight) == ("decisions", "backfill")
        apply(load_workspace(company), plan, by="Anna", reason="decided")
        keys = golden_keys(company)
        assert keys["crm:1"] != keys["shop:x"]
        assert keys["billing:A"] in (keys["crm:1"], keys["shop:x"])
        assert keys["crm:2"] == keys["shop:y"] == "crm:2"
        assert sum(sales(company).values()) == 1270


class TestPlans:
    def told(self, path):
        plan = make_plan(load_workspace(path))
        doing = {p.name: p.doing for p in plan.products if p.doing != "keep"}
        return [(c.change.kind, c.change.action, c.weight) for c in plan.changes], doing

    def test_another_rule_makes_golden_records_their_dimension_and_what_refers_to_them(
        self, company
    ):
        text = company_files.MATCHING.replace("  - email\n", "  - [email, birth_date]\n")
        company_files.write(company, "matching/customer.yaml", text)
        changes, doing = self.told(company)
        assert changes == [("matching", "changed", "backfill")]
        assert doing["golden_customer"] == "rebuild" and doing["dim_customer"] == "update"
        assert doing["fact_sales"] == doing["fact_orders"] == "if_keys_change"
        assert not {"customer", "dim_product", "dim_date", "order", "order_line"} & set(doing)
        steps = load(company)
        assert steps["golden_customer"].status == steps["fact_sales"].status == "done"
        assert steps["customer"].status == steps["dim_product"].status == "unchanged"
        # billing's record has no birth date, so it is alone now
        assert golden_keys(company)["billing:A"] == "billing:A"
        assert sales(company) == {
            "crm:1": 30,
            "billing:A": 40,
            "crm:2": 160,
            "crm:3": 80,
            "shop:y": 320,
            None: 640,
        }

    def test_a_rule_that_changes_no_cluster_leaves_facts_alone(self, company):
        text = company_files.MATCHING.replace(
            "  - email\n", "  - email\n  - [name, birth_date, city]\n"
        )
        company_files.write(company, "matching/customer.yaml", text)
        steps = load(company)
        assert steps["golden_customer"].status == "done"
        assert steps["fact_sales"].status == "unchanged"

    def test_another_survivor_touches_one_column(self, company):
        text = company_files.MATCHING.replace("city: most_frequent", "city: most_recent")
        company_files.write(company, "matching/customer.yaml", text)
        changes, doing = self.told(company)
        assert changes == [("matching", "changed", "backfill")]
        # The city is tracked: were there versions that no longer differ, they would become one.
        assert doing["dim_customer"] == "update" and doing["fact_sales"] == "if_keys_change"
        steps = load(company)
        assert steps["fact_sales"].status == "unchanged"
        assert ask(
            company, "SELECT city FROM warehouse.dim_customer WHERE customer_id = 'crm:1'"
        ) == [("Potsdam",)]

    def test_begun_later_and_taken_away_again(self, tmp_path):
        path = company_files.write_company(tmp_path / "company", matching=None)
        load(path)
        before = sales(path)
        assert before["shop:x"] == 20
        company_files.write(path, "matching/customer.yaml", company_files.MATCHING)
        changes, doing = self.told(path)
        assert changes == [("matching", "added", "backfill")]
        assert doing["golden_customer"] == "create" and doing["fact_sales"] == "rebuild"
        load(path)
        assert sales(path) == {"crm:1": 70, "crm:2": 160, "crm:3": 80, "shop:y": 320, None: 640}
        (path / "matching" / "customer.yaml").unlink()
        changes, doing = self.told(path)
        assert doing["golden_customer"] == "drop"
        load(path)
        assert sales(path) == before
        assert ask(path, "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'xref%'") == [
            (0,)
        ]


class TestTreesAndBridges:
    """Companies that own companies, and industries with shares, over records that become one."""

    @pytest.fixture
    def company(self, tmp_path):
        path = company_files.write_company(tmp_path / "company")
        company_files.write(
            path, "model/own.yaml", "dimension: customer\nparent: parent_customer_id\n"
        )
        crm = (path / "sources" / "crm.yaml").read_text()
        crm += "  trades: {primary_key: [customer, industry]}\n  industries: {primary_key: id}\n"
        company_files.write(path, "sources/crm.yaml", crm)
        company_files.write(
            path,
            "mappings/trades.yaml",
            "entity: customer_industry\nfrom: crm.trades\n"
            "columns: {customer_id: customer, industry_id: industry, share: share, tree: {value: HOUSE}}\n"
            "---\nentity: industry\nfrom: crm.industries\ncolumns: {industry_id: id, name: name}\n",
        )
        trades = [("crm:1", "A", "0.5"), ("crm:1", "B", "0.5"), ("shop:x", "A", "1.0"), ("crm:2", "B", "1"),
                  ("billing:A", "C", ""), ("billing:A", "B", "")]  # fmt: skip
        company_files.write_table(path, "crm/trades", ("customer", "industry", "share"), trades)
        company_files.write_table(path, "crm/industries", ("id", "name"), [(n, n) for n in "ABC"])
        return path

    def test_shares_of_records_that_are_one_still_add_up_to_one(self, company):
        assert load(company)["bridge_customer_industry"].warnings == ()
        shares = ask(
            company,
            "SELECT customer_id, industry_id, weight FROM warehouse.bridge_customer_industry"
            " JOIN warehouse.dim_customer USING (customer_key) JOIN warehouse.dim_industry USING (industry_key)",
        )
        # Two of Anna's three records tell shares: (1/2, 1/2) and (1, 0).
        assert sorted(shares) == [
            ("crm:1", "A", 0.75),
            ("crm:1", "B", 0.25),
            ("crm:1", "C", 0),
            ("crm:2", "B", 1),
        ]

    def test_a_closed_member_stands_in_the_tree_where_its_golden_one_does(self, company):
        load(company)
        customers(company, "shop", [SHOP[0], changed(SHOP[1], email="bruno@example.com")])
        load(company)
        above = ask(
            company,
            "SELECT below.customer_id, above.customer_id, depth FROM warehouse.closure_customer"
            " JOIN warehouse.dim_customer above ON above.customer_key = ancestor_key"
            " JOIN warehouse.dim_customer below ON below.customer_key = descendant_key"
            " WHERE below.customer_id IN ('crm:2', 'shop:y')",
        )
        # Dora's parent was Anna; she and Bruno are one now, under Bruno's key.
        assert sorted(above) == [
            ("crm:2", "crm:1", 1), ("crm:2", "crm:2", 0), ("shop:y", "crm:1", 1), ("shop:y", "crm:2", 0),
        ]  # fmt: skip


LIKENESS = """\
matching: customer
block: [city, birth_date]
compare: {name: name, email: email, birth_date: date}
thresholds: {merge: 0.9, review: 0.2}
survivorship: {default: most_recent}
"""


class TestTheModel:
    def test_it_is_kept_while_data_changes_and_estimated_anew_when_asked(self, tmp_path):
        names = [f"{first} {last}" for first in ("Ann", "Bo", "Cem", "Dag", "Eva", "Fay", "Gil") for last in
                 ("Abel", "Brandt", "Conrad", "Dietz", "Engel", "Fuchs")]  # fmt: skip
        rows = [
            (str(n), name, f"{name.replace(' ', '.').lower()}@x.org", "", f"19{50 + n % 40}-0{1 + n % 9}-11",
             ("Ulm", "Bern", "Graz")[n % 3], "", "", "", "2024-01-01")
            for n, name in enumerate(names)
        ]  # fmt: skip
        twins = [
            changed(row, id=f"t{n}", name=row[1].replace("a", "e"))
            for n, row in enumerate(rows[:8])
        ]
        people = {**company_files.CUSTOMERS, "crm": rows, "billing": twins}
        path = company_files.write_company(tmp_path / "company", LIKENESS, people)
        load(path)
        kept = ask(path, "SELECT * FROM warehouse.matching_model")
        assert len(kept) == 1
        keys = golden_keys(path)
        assert all(keys[f"billing:t{n}"] == keys[f"crm:{n}"] for n in range(8))
        customers(path, "crm", rows[:-5])
        assert load(path)["golden_customer"].status == "done"
        assert ask(path, "SELECT * FROM warehouse.matching_model") == kept
        company_files.write(path, "matching/customer.yaml", LIKENESS + "model: {seed: 2}\n")
        (change,) = make_plan(load_workspace(path)).changes
        assert (change.change.name, change.change.path, change.weight) == (
            "customer",
            ("model",),
            "backfill",
        )
        load(path)
        (now,) = ask(path, "SELECT * FROM warehouse.matching_model")
        assert now[1] != kept[0][1]


class TestCommands:
    def said(self, capsys, *arguments):
        status = command([*map(str, arguments)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    def test_what_was_matched(self, company, capsys):
        status, out, _ = self.said(
            capsys, "matching", "customer", "-w", company, "--format", "json"
        )
        assert status == 0
        (found,) = json.loads(out)["matching"]
        assert (found["records"], found["golden"], found["sizes"]) == (
            7,
            4,
            {"1": 2, "2": 1, "3": 1},
        )
        first = found["clusters"][0]
        assert (first["golden_key"], first["caption"]) == ("crm:1", "Anna Berger")
        assert [(r["key"], r["rule"], r["leads"]) for r in first["records"]] == [
            ("crm:1", "same: email", True), ("billing:A", "same: email", False), ("shop:x", "same: email", False),
        ]  # fmt: skip
        assert (
            "7 records are 4 golden records (3 merged)"
            in self.said(capsys, "matching", "-w", company)[1]
        )

    def test_pairs_wait_for_a_person_until_somebody_decides(self, company, capsys):
        text = LIKENESS.replace("merge: 0.9", "merge: 0.9999999")
        company_files.write(company, "matching/customer.yaml", text)
        load(company)
        asked = ("matching", "-w", company, "--format", "json")
        (found,) = json.loads(self.said(capsys, *asked)[1])["matching"]
        assert found["waiting"] == len(found["review"]) > 0
        pair = found["review"][0]
        assert (pair["left"], pair["right"]) == ("crm:1", "shop:x")
        assert 0.2 <= pair["probability"] < 0.9999999
        assert pair["agreements"] == {"name": "equal", "email": "equal", "birth_date": "equal"}
        assert pair["captions"] == ["Anna Berger", "anna berger"]
        status, _, _ = self.said(
            capsys, "matching", "decide", "crm:1", "shop:x", "--apart", "--why", "no", "-w", company
        )
        assert status == 0
        (left,) = json.loads(self.said(capsys, *asked)[1])["matching"]
        assert left["waiting"] == found["waiting"] - 1

    def test_a_decision_is_written_beside_what_stands_there(self, company, capsys):
        text = "# who says so\ndecisions: customer\nrecords:\n  # sisters\n  - {apart: ['crm:2', 'crm:3']}   # sure\n"
        company_files.write(company, "matching/decided.yaml", text)
        status, _, _ = self.said(
            capsys, "matching", "decide", "crm:2", "shop:y", "--together", "-w", company
        )
        assert status == 0
        written = (company / "matching" / "decided.yaml").read_text()
        assert written.startswith(text.rstrip("\n"))
        (decision,) = [
            d for d in load_workspace(company).matchings["customer"].decisions if d.together
        ]
        assert decision.together == ("crm:2", "shop:y") and decision.by and decision.decided
        # The same records again: the newer decision takes the place of the older.
        assert (
            self.said(capsys, "matching", "decide", "shop:y", "crm:2", "--apart", "-w", company)[0]
            == 0
        )
        assert not [
            d for d in load_workspace(company).matchings["customer"].decisions if d.together
        ]

    @pytest.mark.parametrize(
        ("arguments", "what"),
        [
            (
                ["decide", "crm:1", "crm:77", "--together"],
                "There is no record 'crm:77' of 'customer'.",
            ),
            (["decide", "crm:1", "--together"], "at least two records"),
            (["decide", "crm:1", "crm:2"], "Are they the same or not?"),
            (["custmer"], "Records of 'custmer' are not matched."),
            (
                ["decide", "crm:1", "crm:2", "--together", "--entity", "product"],
                "Records of 'product' are not matched.",
            ),
        ],
    )
    def test_what_cannot_be_is_told(self, company, capsys, arguments, what):
        status, _, err = self.said(capsys, "matching", *arguments, "-w", company)
        assert status == 1 and what in err

    def test_a_decision_that_contradicts_another_is_not_written(self, company, capsys):
        text = "decisions: customer\nrecords:\n  - {together: ['crm:1', 'crm:2']}\n  - {together: ['crm:2', 'crm:3']}\n"
        company_files.write(company, "matching/decided.yaml", text)
        status, _, err = self.said(
            capsys, "matching", "decide", "crm:1", "crm:3", "--apart", "-w", company
        )
        assert status == 1 and "are said to be apart and together" in err
        assert (company / "matching" / "decided.yaml").read_text() == text


class TestWhatIsNotThere:
    def test_of_customers_who_have_not_landed_yet_there_are_none(self, tmp_path):
        path = company_files.write_company(tmp_path / "company")
        files = [path / "data" / system / "customers.csv" for system in ("crm", "billing", "shop")]
        for file in files:
            file.rename(file.with_suffix(".later"))
        first = run(load_workspace(path))
        steps = {step.name: step for step in first.steps}
        assert steps["golden_customer"].status == "done", [
            str(i) for s in first.steps for i in s.issues
        ]
        assert (steps["golden_customer"].rows_in, steps["fact_sales"].rows_out) == (0, 7)
        for file in files:
            file.with_suffix(".later").rename(file)
        load(path)
        assert sales(path) == {"crm:1": 70, "crm:2": 160, "crm:3": 80, "shop:y": 320, None: 640}

    def test_where_records_cannot_be_matched_only_that_is_told(self, tmp_path):
        text = company_files.MATCHING.replace("  - email\n", "  - cast(name as integer)\n")
        path = company_files.write_company(tmp_path / "company", text)
        report = run(load_workspace(path))
        failed = {s.name: [i.what for i in s.issues] for s in report.steps if s.status == "failed"}
        assert failed == {"golden_customer": ["The records of 'customer' cannot be matched."]}
        assert not report.ok and report.version is None
        company_files.write(path, "matching/customer.yaml", company_files.MATCHING)
        load(path)
        assert sales(path)["crm:1"] == 70
