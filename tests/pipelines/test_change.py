"""Changing the metadata of a warehouse in use: planned, applied at once, undone."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal

import duckdb
import pytest

from cubes import Query, open_workspace
from metadata import UserError, load_workspace
from metadata.applied import load_in_force, read_state, state_in_force, state_numbers
from pipelines import publish
from pipelines.change.apply import apply
from pipelines.change.impact import impact_of
from pipelines.change.pending import to_run
from pipelines.change.plan import make_plan
from pipelines.cli import run as command
from pipelines.control import Control
from pipelines.run import run
from pipelines.storage import Storage

PLACES = "dimension: customer\nattributes:\n"


@pytest.fixture(scope="module")
def loaded_once(tmp_path_factory, starter_folder):
    """The starter workspace with a rollup, loaded."""
    path = tmp_path_factory.mktemp("change") / "company"
    shutil.copytree(starter_folder, path)
    text = (path / "cubes" / "sales.yaml").read_text()
    (path / "cubes" / "sales.yaml").write_text(
        text + "\nrollups:\n  by_country: {by: [customer.country], measures: [revenue]}\n"
    )
    assert run(load_workspace(path)).ok
    return path


@pytest.fixture
def company(loaded_once, tmp_path):
    shutil.copytree(loaded_once, tmp_path / "company")
    return Changing(tmp_path / "company")


class Changing:
    def __init__(self, path):
        self.path = path

    @property
    def repository(self):
        return load_workspace(self.path)

    @property
    def storage(self):
        return Storage.of(self.repository)

    def write(self, name, text):
        (self.path / name).parent.mkdir(exist_ok=True)
        (self.path / name).write_text(text, encoding="utf-8")

    def replace(self, name, old, new):
        text = (self.path / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        self.write(name, text.replace(old, new))

    def plan(self):
        return make_plan(self.repository)

    def apply(self):
        """Apply what is planned; it must do just that."""
        plan = self.plan()
        report = apply(self.repository, plan, by="tester", reason="a test")
        done = {s.name for s in report.steps if s.status == "done"} - {"publish"}
        certain = {p.name for p in plan.doing("create", "rebuild", "update", "reshape")}
        possible = certain | {p.name for p in plan.doing("if_keys_change")}
        if report.ok:
            assert certain <= done | extracted(report), "something was not done that was planned"
            assert done - extracted(report) <= possible, "something was done that was not planned"
        return report

    def query(self, sql):
        pointer = publish.current(self.storage)
        with duckdb.connect(str(self.storage.published / pointer["file"]), read_only=True) as c:
            return c.execute(sql).fetchall()

    def ask(self, *measures, rows=()):
        engine = open_workspace(self.path)
        try:
            return engine.query(Query("sales", measures, tuple(rows))).table.to_pylist()
        finally:
            engine.close()


def extracted(report):
    return {s.name for s in report.steps if s.kind == "extract"}


def done(report):
    return {s.name for s in report.steps if s.status == "done"} - {"publish"}


def only(plan):
    (change,) = plan.changes
    return change


class TestNothing:
    def test_what_is_applied_has_no_plan(self, company):
        plan = company.plan()
        assert plan.empty and plan.as_dict()["changes"] == []
        assert not plan.doing("rebuild", "update", "create", "reshape", "drop")

    def test_comments_and_order_are_no_change(self, company):
        company.write("workspace.yaml", (company.path / "workspace.yaml").read_text() + "\n# yes\n")
        plan = company.plan()
        assert plan.empty and plan.words_only

    def test_before_the_first_load_everything_is_new(self, tmp_path, starter_folder):
        shutil.copytree(starter_folder, tmp_path / "fresh")
        plan = make_plan(load_workspace(tmp_path / "fresh"))
        assert plan.base is None and {c.change.action for c in plan.changes} == {"added"}
        assert {p.doing for p in plan.products} == {"create"}


class TestEachKind:
    """Each kind of change makes again what it must, and leaves the rest alone."""

    def test_a_label_touches_nothing(self, company):
        company.write("model/words.yaml", "dimension: customer\nlabel: Client\n")
        plan = company.plan()
        assert only(plan).weight == "metadata_only" and len(plan.doing("keep")) == len(
            plan.products
        )
        assert done(company.apply()) == set()
        assert load_in_force(company.path).dimensions["customer"].label == "Client"

    def test_a_new_measure_touches_nothing_and_can_be_asked(self, company):
        company.replace(
            "cubes/sales.yaml",
            "measures:\n  large",
            "measures:\n  dearest: {max: net_amount}\n  large",
        )
        plan = company.plan()
        assert only(plan).weight == "metadata_only"
        with pytest.raises(UserError, match="dearest"):
            company.ask("dearest")
        assert done(company.apply()) == set()
        assert company.ask("dearest") == [{"dearest": Decimal("2694.0000")}]

    def test_a_new_attribute_touches_its_dimension_alone(self, company):
        company.write(
            "model/more.yaml", PLACES + '  initial: {expr: "left(name, 1)", type: string}\n'
        )
        plan = company.plan()
        assert only(plan).weight == "additive"
        assert done(company.apply()) == {"dim_customer"}
        initials = company.query("SELECT initial FROM dim_customer WHERE customer_key > 0")
        assert {i for (i,) in initials} >= {"A", "B", "C", "D"}

    def test_a_new_column_is_staged_and_then_its_dimension_s(self, company):
        company.replace(
            "mappings/customer.yaml",
            "  country: country\n",
            "  country: country\n  region: country\n",
        )
        assert only(company.plan()).weight == "additive"
        assert done(company.apply()) == {"customer", "dim_customer"}

    def test_from_overwrite_to_track_touches_its_dimension_alone(self, company):
        before = company.query("SELECT customer_key, customer_id, valid_from FROM dim_customer")
        company.write("model/more.yaml", PLACES + "  email: {history: track}\n")
        plan = company.plan()
        assert only(plan).weight == "backfill"
        assert done(company.apply()) == {"dim_customer"}
        after = company.query("SELECT customer_key, customer_id, valid_from FROM dim_customer")
        assert sorted(after, key=str) == sorted(before, key=str)

    def test_a_cleansing_rule_makes_again_what_its_column_flows_into(self, company):
        company.replace("mappings/customer.yaml", "clean: [trim, empty_to_null]", "clean: [upper]")
        plan = company.plan()
        change = only(plan)
        assert change.weight == "backfill" and change.change.name == "customer.city"
        assert "sales: customer.city" in change.levels
        assert done(company.apply()) == {"customer", "dim_customer"}
        assert ("HAMBURG",) in company.query("SELECT city FROM dim_customer")

    def test_a_cleansing_rule_of_a_level_makes_its_rollups_again(self, company):
        company.replace(
            "mappings/customer.yaml", "  country: country\n",
            "  country: {from: country, clean: [upper]}\n",
        )  # fmt: skip
        rollups = {"rollup_sales_by_country", "rollup_sales_by_month_country_category"}
        assert done(company.apply()) == {"customer", "dim_customer", *rollups}
        rows = company.ask("revenue", rows=["customer.country"])
        countries = [row["customer.country"] for row in rows]
        assert "GERMANY" in countries and "Germany" not in countries

    def test_an_amount_that_is_computed_otherwise_makes_facts_and_rollups_again(self, company):
        company.replace(
            "mappings/order.yaml",
            '  net_amount:    {expr: "cast(quantity as integer) * cast(price as decimal(18,2))"}',
            '  net_amount:    {expr: "cast(quantity as integer) * cast(price as decimal(18,2)) * 2"}',
        )
        (before,) = company.ask("revenue")
        plan = company.plan()
        assert "sales.revenue" in only(plan).figures
        company.apply()
        (after,) = company.ask("revenue")
        assert after["revenue"] == 2 * before["revenue"]

    def test_a_column_renamed_is_renamed_where_it_stands(self, company):
        company.write("model/more.yaml", PLACES + "  town: {from: city, history: track}\n")
        company.apply()
        keys = company.query("SELECT customer_key, town FROM dim_customer ORDER BY 1")
        company.write("model/more.yaml", PLACES + "  place: {from: city, history: track}\n")
        plan = company.plan()
        change = only(plan)
        assert (change.change.action, change.weight) == ("renamed", "breaking")
        assert change.change.old_name == "dim_customer.town"
        assert [p.doing for p in plan.products if p.name == "dim_customer"] == ["reshape"]
        company.apply()
        assert company.query("SELECT customer_key, place FROM dim_customer ORDER BY 1") == keys

    def test_two_columns_exchange_their_names(self, company):
        company.write("model/more.yaml", PLACES + "  one: {from: city}\n  two: {from: country}\n")
        company.apply()
        company.write("model/more.yaml", PLACES + "  two: {from: city}\n  one: {from: country}\n")
        company.apply()
        assert company.query("SELECT DISTINCT city = two AND country = one FROM dim_customer"
                             " WHERE customer_key > 0") == [(True,)]  # fmt: skip

    def test_a_column_that_goes_is_dropped(self, company):
        company.write("model/more.yaml", PLACES + "  town: {from: city}\n")
        company.apply()
        (company.path / "model/more.yaml").unlink()
        assert only(company.plan()).weight == "breaking"
        company.apply()
        columns = company.query(
            "SELECT column_name FROM duckdb_columns() WHERE table_name = 'dim_customer'"
        )
        assert ("town",) not in columns and ("city",) in columns

    def test_a_hierarchy_that_is_split_touches_nothing(self, company):
        company.write(
            "model/more.yaml",
            "dimension: customer\nhierarchies:\n  residence: [country, city]\n",
        )
        assert only(company.plan()).weight == "metadata_only"
        assert done(company.apply()) == set()

    def test_a_rollup_is_made_and_dropped(self, company):
        text = (company.path / "cubes/sales.yaml").read_text()
        company.write("cubes/sales.yaml", text.partition("rollups:")[0])
        plan = company.plan()
        assert [p.name for p in plan.doing("drop")] == ["rollup_sales_by_country"]
        company.apply()
        tables = company.query("SELECT table_name FROM duckdb_tables()")
        assert ("rollup_sales_by_country",) not in tables
        company.write("cubes/sales.yaml", text)
        assert only(company.plan()).weight == "additive"
        assert done(company.apply()) == {"rollup_sales_by_country"}

    def test_a_new_source_table_is_read_and_no_other(self, company):
        company.write("data/stores.csv", "id,name\nS1,Main Street\n")
        company.replace(
            "sources/shop.yaml", "  products:\n", "  stores:\n    primary_key: id\n  products:\n"
        )
        company.write(
            "mappings/store.yaml",
            "entity: store\nfrom: shop.stores\ncolumns:\n  store_id: id\n  name: name\n",
        )
        report = company.apply()
        assert extracted(report) == {"shop.stores"}
        assert company.query("SELECT name FROM dim_store WHERE store_key > 0") == [("Main Street",)]

    def test_a_table_asked_otherwise_is_read_again(self, company):
        company.replace(
            "sources/shop.yaml", "  products:\n    primary_key: sku\n",
            "  products:\n    primary_key: sku\n    columns: [sku, name, category, cost]\n",
        )  # fmt: skip
        assert company.plan().reads_again == ("shop.products",)
        assert extracted(company.apply()) == {"shop.products"}


class TestHistory:
    def test_a_rule_that_changes_is_no_event_in_a_customer_s_life(self, company):
        company.write(
            "data/customers.csv",
            (company.path / "data/customers.csv").read_text().replace("Hamburg", "Bremen"),
        )
        assert run(company.repository).ok
        versions = (
            "SELECT city, is_current FROM dim_customer WHERE customer_id = '1' ORDER BY valid_from"
        )
        assert company.query(versions) == [("Hamburg", False), ("Bremen", True)]
        company.replace("mappings/customer.yaml", "clean: [trim, empty_to_null]", "clean: [upper]")
        company.apply()
        assert company.query(versions) == [("HAMBURG", False), ("BREMEN", True)]

    def test_where_nothing_of_the_past_is_kept_it_stays_as_it_was(self, company):
        data = (company.path / "data/customers.csv").read_text()
        company.write("data/customers.csv", data.replace("Hamburg", "Bremen"))
        assert run(company.repository).ok
        assert run(company.repository, full=True).ok
        control = Control(company.storage)
        old = [each.batch for each in control.batches("shop", "customers")][:-1]
        control.removed("shop", "customers", old)
        control.close()
        for batch in old:
            (company.storage.landed("shop", "customers") / f"{batch}.parquet").unlink()
        company.write("data/customers.csv", data.replace("Hamburg", "Kiel"))
        assert run(company.repository).ok
        company.replace("mappings/customer.yaml", "clean: [trim, empty_to_null]", "clean: [upper]")
        company.apply()
        # Nobody lives in Hamburg any more, so how it would be written now is not known.
        versions = "SELECT city FROM dim_customer WHERE customer_id = '1' ORDER BY valid_from"
        assert company.query(versions) == [("Hamburg",), ("BREMEN",), ("KIEL",)]

    def test_the_past_is_recoded_where_it_can_be_told(self, company):
        data = (company.path / "data/customers.csv").read_text()
        company.write("data/customers.csv", data.replace("P,Germany,Hamburg", "P,Italy,Hamburg"))
        assert run(company.repository).ok
        company.replace(
            "mappings/customer.yaml", "  country: country\n",
            "  country: {from: country, clean: [upper]}\n",
        )  # fmt: skip
        company.apply()
        assert company.query(
            "SELECT country FROM dim_customer WHERE customer_id = '1' ORDER BY valid_from"
        ) == [("GERMANY",), ("ITALY",)]


class TestImpact:
    def test_it_tells_which_figures_move_and_for_whom(self, company):
        company.replace("mappings/order.yaml", "check: {at_least: 1}", "check: {at_least: 3}")
        published = publish.current(company.storage)
        plan = company.plan()
        impact = impact_of(company.repository, plan)
        revenue = {
            (m.level, m.member): (m.before, m.after)
            for m in impact.moved
            if m.measure == "sales.revenue"
        }
        lines = [
            line.split(",")
            for line in (company.path / "data/order_lines.csv").read_text().split()[1:]
        ]
        whole = sum(int(q) * Decimal(p) for _, _, _, q, p in lines)
        kept = sum(int(q) * Decimal(p) for _, _, _, q, p in lines if int(q) >= 3)
        assert whole != kept and revenue["", "all"] == (whole, kept)
        assert any(level == "customer.country" for level, _ in revenue)
        # Totals come first, and of those the figure that the cube shows first.
        levels = [moved.level for moved in impact.moved]
        assert levels == sorted(levels, key=bool) and impact.moved[0].measure == "sales.revenue"
        assert "None" not in {moved.member for moved in impact.moved}
        # Nothing that anybody sees was touched.
        assert publish.current(company.storage) == published
        assert not list(company.storage.root.glob("shadow-*"))
        assert company.plan().changes == plan.changes

    def test_it_comes_true(self, company):
        company.replace("mappings/order.yaml", "check: {at_least: 1}", "check: {at_least: 3}")
        impact = impact_of(company.repository, company.plan())
        expected = next(
            m.after for m in impact.moved if m.measure == "sales.revenue" and not m.level
        )
        company.apply()
        assert company.ask("revenue") == [{"revenue": expected}]

    def test_a_change_that_moves_nothing_says_so(self, company):
        company.write("model/more.yaml", PLACES + "  email: {history: track}\n")
        impact = impact_of(company.repository, company.plan())
        assert impact.moved == ()

    def test_a_change_that_cannot_be_built_is_told_with_its_place(self, company):
        company.replace("mappings/order.yaml", "cast(product.cost as", "cast(product.colour as")
        with pytest.raises(UserError) as caught:
            impact_of(company.repository, company.plan())
        assert "mappings/order.yaml" in str(caught.value)


class TestApplied:
    def test_who_when_why_and_what_are_kept(self, company):
        company.write("model/words.yaml", "dimension: customer\nlabel: Client\n")
        company.apply()
        state = state_in_force(company.storage.root)
        assert (state.number, state.applied_by, state.reason) == (2, "tester", "a test")
        assert [change["name"] for change in state.changes] == ["dim_customer"]
        assert read_state(company.storage.root, 1).texts.keys() < state.texts.keys()

    def test_a_run_without_changes_applies_nothing_new(self, company):
        assert run(company.repository).ok
        assert state_numbers(company.storage.root) == (1,)

    def test_a_failure_leaves_everything_as_it_was(self, company):
        before = publish.current(company.storage)
        company.replace("mappings/order.yaml", "cast(product.cost as", "cast(product.colour as")
        report = company.apply()
        assert not report.ok and publish.current(company.storage) == before
        assert state_in_force(company.storage.root).number == 1
        company.replace("mappings/order.yaml", "cast(product.colour as", "cast(product.cost as")
        assert company.plan().empty and run(company.repository).ok

    def test_a_plan_that_was_overtaken_is_refused(self, company):
        company.write("model/words.yaml", "dimension: customer\nlabel: Client\n")
        plan = company.plan()
        company.apply()
        with pytest.raises(UserError, match="meanwhile"):
            apply(company.repository, plan, by="second")

    def test_readers_go_by_what_was_applied_whatever_the_files_say(self, company):
        rows = company.ask("revenue", rows=["customer.country"])
        company.write("cubes/sales.yaml", "cube: [broken\n")
        assert company.ask("revenue", rows=["customer.country"]) == rows


class TestReaders:
    def test_an_engine_that_is_open_follows_data_and_metadata_together(self, company):
        engine = open_workspace(company.path)
        asked = Query("sales", ("revenue",), ("customer.country",))
        before = engine.query(asked)
        company.replace(
            "cubes/sales.yaml",
            "measures:\n  large",
            "measures:\n  revenue: {label: Takings}\n  large",
        )
        company.apply()
        after = engine.query(asked)
        assert engine.repository.cubes["sales"].measures["revenue"].label == "Takings"
        assert (before.version, after.version) == (1, 2)
        assert before.table.equals(after.table)
        assert after.measures[0].label == "Takings"
        publish.rollback(load_in_force(company.path), 1)
        assert engine.query(asked).measures[0].label == before.measures[0].label
        engine.close()

    def test_it_says_that_nothing_is_published_and_then_follows(self, tmp_path, starter_folder):
        shutil.copytree(starter_folder, tmp_path / "fresh")
        engine = open_workspace(tmp_path / "fresh")
        assert engine.version() is None
        with pytest.raises(UserError, match=r"published|loaded"):
            engine.query(Query("sales", ("revenue",)))
        assert run(load_workspace(tmp_path / "fresh")).ok
        assert engine.query(Query("sales", ("revenue",))).version == 1
        engine.close()


class TestUndo:
    def test_rollback_brings_back_data_and_metadata(self, company):
        rows = company.ask("revenue", rows=["customer.country"])
        company.replace(
            "mappings/customer.yaml", "  country: country\n",
            "  country: {from: country, clean: [upper]}\n",
        )  # fmt: skip
        company.apply()
        publish.rollback(company.repository, 1)
        assert company.ask("revenue", rows=["customer.country"]) == rows
        assert state_in_force(company.storage.root).number == 1
        assert [c.change.name for c in company.plan().changes] == ["customer.country"]

    def test_a_run_after_it_does_not_apply_the_change_again(self, company):
        rows = company.ask("revenue", rows=["customer.country"])
        company.replace(
            "mappings/customer.yaml", "  country: country\n",
            "  country: {from: country, clean: [upper]}\n",
        )  # fmt: skip
        company.apply()
        publish.rollback(company.repository, 1)
        chosen = to_run(company.path)
        assert "rolled back" in chosen.notice
        assert run(chosen.repository, applying=chosen.applying).ok
        assert company.ask("revenue", rows=["customer.country"]) == rows
        assert "rolled back" in to_run(company.path).notice
        company.apply()
        countries = [
            r["customer.country"] for r in company.ask("revenue", rows=["customer.country"])
        ]
        assert "GERMANY" in countries and "Germany" not in countries

    def test_a_column_that_was_dropped_comes_back_with_its_past(self, company):
        company.write("model/more.yaml", PLACES + "  town: {from: city, history: track}\n")
        company.apply()
        data = (company.path / "data/customers.csv").read_text()
        company.write("data/customers.csv", data.replace("Hamburg", "Bremen"))
        assert run(company.repository).ok
        version = publish.current(company.storage)["version"]
        towns = company.query("SELECT town FROM dim_customer WHERE customer_id = '1' ORDER BY 1")
        assert towns == [("Bremen",), ("Hamburg",)]
        (company.path / "model/more.yaml").unlink()
        company.apply()
        publish.rollback(load_in_force(company.path), version)
        chosen = to_run(company.path)
        assert run(chosen.repository, applying=chosen.applying).ok
        assert (
            company.query("SELECT town FROM dim_customer WHERE customer_id = '1' ORDER BY 1")
            == towns
        )


class TestRuns:
    def test_a_run_applies_what_breaks_nothing(self, company):
        company.write(
            "model/more.yaml", PLACES + '  initial: {expr: "left(name, 1)", type: string}\n'
        )
        assert command(["run", "-w", str(company.path)]) == 0
        assert company.plan().empty
        assert state_in_force(company.storage.root).reason == "By a run."

    def test_a_run_leaves_what_breaks_something_to_a_person(self, company, capsys):
        company.write("model/more.yaml", PLACES + "  town: {from: city}\n")
        company.apply()
        (company.path / "model/more.yaml").unlink()
        assert command(["run", "-w", str(company.path)]) == 0
        assert "dim_customer.town" in capsys.readouterr().err
        assert company.query("SELECT count(town) FROM dim_customer") != []
        assert not company.plan().empty

    def test_where_changes_are_reviewed_a_run_applies_none(self, company):
        company.write(
            "workspace.yaml", (company.path / "workspace.yaml").read_text() + "\napply: reviewed\n"
        )
        company.apply()
        company.write("model/words.yaml", "dimension: customer\nlabel: Client\n")
        assert command(["run", "-w", str(company.path)]) == 0
        assert load_in_force(company.path).dimensions["customer"].label == "Customer"


class TestCommands:
    def test_plan_apply_history_and_versions_speak_json(self, company, capsys):
        def told(*arguments):
            assert command([*arguments, "-w", str(company.path), "-f", "json"]) == 0
            return json.loads(capsys.readouterr().out)

        assert told("plan")["changes"] == []
        company.write(
            "model/more.yaml", PLACES + '  initial: {expr: "left(name, 1)", type: string}\n'
        )
        (change,) = told("plan", "--impact")["changes"]
        assert (change["name"], change["class"]) == ("dim_customer.initial", "additive")
        assert change["file"] == "model/more.yaml" and change["line"] == 3
        applied = told("apply", "--reason", "wanted")
        assert applied["state"] == 2 and applied["run"]["ok"]
        assert told("apply")["changes"] == []
        states = told("history")
        assert states["in_force"] == 2 and states["states"][-1]["reason"] == "wanted"
        assert [v["metadata"] for v in told("versions")["versions"]] == [2, 1]

    def test_the_plan_is_readable(self, company, capsys):
        company.replace("mappings/customer.yaml", "clean: [trim, empty_to_null]", "clean: [upper]")
        assert command(["plan", "-w", str(company.path)]) == 0
        told = capsys.readouterr().out
        assert "~ mapping column customer.city  mappings/customer.yaml:21" in told
        assert "Made again: customer" in told and "Not touched:" in told

    def test_secrets_are_not_shown(self, company, capsys):
        company.replace("sources/shop.yaml", "url: data  ", "url: sqlite:///x?password=hush  #")
        plan = company.plan()
        assert "hush" not in json.dumps(plan.as_dict(), default=str)
