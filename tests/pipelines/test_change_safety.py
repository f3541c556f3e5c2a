"""Applying is all or nothing, does the plan that was looked at, and reads no source it need not."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys

import duckdb
import pytest

from cubes.operations import StepCost
from metadata import UserError, load_workspace
from metadata.applied import state_in_force
from pipelines import publish
from pipelines.change.apply import apply
from pipelines.change.costs import Cost, Costs
from pipelines.change.impact import impact_of
from pipelines.change.plan import make_plan
from pipelines.cli import run as command
from pipelines.lock import run_lock
from pipelines.run import run
from pipelines.storage import Storage

OWN, CUSTOMERS = "model/own.yaml", "mappings/customer.yaml"
TOWN = "dimension: customer\nattributes:\n  town: {from: city, history: track}\n"
INITIAL = TOWN + '  initial: {expr: "left(name, 1)", type: string}\n'
KILLED = """
import os, signal, sys
from metadata import load_workspace
from pipelines.change.apply import apply
from pipelines.change.plan import make_plan

repository = load_workspace(sys.argv[1])
moments = iter(range(int(sys.argv[2]), -1, -1))

def listener(event):
    if next(moments) == 0:
        os.kill(os.getpid(), signal.SIGKILL)

apply(repository, make_plan(repository), by="somebody", listener=listener)
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory, starter_folder):
    """A company one of whose customers has moved."""
    path = tmp_path_factory.mktemp("safety") / "company"
    shutil.copytree(starter_folder, path)
    (path / "model").mkdir()
    (path / OWN).write_text(TOWN)
    assert run(load_workspace(path)).ok
    replace(path, "data/customers.csv", "Hamburg", "Bremen")
    assert run(load_workspace(path)).ok
    assert towns(path) == [("Hamburg",), ("Bremen",)]
    return path


@pytest.fixture
def company(loaded, tmp_path):
    return shutil.copytree(loaded, tmp_path / "company")


def replace(path, name, old, new):
    text = (path / name).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (path / name).write_text(text.replace(old, new), encoding="utf-8")


def query(path, sql):
    storage = Storage.of(load_workspace(path))
    file = storage.published / publish.current(storage)["file"]
    with duckdb.connect(str(file), read_only=True) as reader:
        return reader.execute(sql).fetchall()


def towns(path):
    return query(path, "SELECT town FROM dim_customer WHERE customer_id = '1' ORDER BY valid_from")


def done(report):
    return {step.name for step in report.steps if step.status == "done"} - {"publish"}


def apply_files(path):
    repository = load_workspace(path)
    return apply(repository, make_plan(repository), by="tester")


class TestKilled:
    def test_readers_keep_what_they_saw_and_the_next_apply_finishes(self, company):
        """Killed at any moment: before anything, between two tables, before publishing."""
        (company / OWN).write_text(INITIAL)
        replace(company, CUSTOMERS, "clean: [trim, empty_to_null]", "clean: [upper]")
        before = publish.current(Storage.of(load_workspace(company)))
        for moment in (0, 4, 9, 16, 23):
            ended = subprocess.run(
                [sys.executable, "-c", KILLED, company, str(moment)], check=False
            )
            assert ended.returncode == -signal.SIGKILL
            assert publish.current(Storage.of(load_workspace(company))) == before
            assert towns(company) == [("Hamburg",), ("Bremen",)]
        assert apply_files(company).ok
        assert towns(company) == [("HAMBURG",), ("BREMEN",)]
        assert make_plan(load_workspace(company)).empty

    def test_a_history_that_half_a_change_had_dropped_is_still_there(self, company):
        (company / OWN).write_text("dimension: customer\nlabel: Client\n")
        for moment in range(12, 30):
            killed = subprocess.run(
                [sys.executable, "-c", KILLED, company, str(moment)], check=False
            )
            storage = Storage.of(load_workspace(company))
            with duckdb.connect(str(storage.warehouse_database), read_only=True) as build:
                names = build.execute("SELECT column_name FROM duckdb_columns()").fetchall()
            if ("town",) not in names:
                break
        assert killed.returncode == -signal.SIGKILL and ("town",) not in names
        (company / OWN).write_text(TOWN)
        assert run(load_workspace(company), full=True).ok
        assert towns(company) == [("Hamburg",), ("Bremen",)]


class TestExactly:
    def test_the_source_is_not_read(self, company):
        shutil.rmtree(company / "data")
        (company / OWN).write_text(INITIAL)
        report = apply_files(company)
        assert report.ok and done(report) == {"dim_customer"}

    def test_what_has_landed_meanwhile_is_left_to_the_next_run(self, company):
        text = (company / "data/customers.csv").read_text()
        (company / "data/customers.csv").write_text(
            text + "99,Zoe,zoe@example.com,P,Spain,Cadiz,\n"
        )
        moved = (company / "data/products.csv").read_text().replace("Desk lamp", "Lamp")
        (company / "data/products.csv").write_text(moved)
        for table in ("customers", "products"):
            assert run(load_workspace(company), select=(f"shop.{table}",)).ok
        (company / OWN).write_text(INITIAL)
        repository = load_workspace(company)
        assert impact_of(repository, make_plan(repository)).moved == ()
        assert done(apply_files(company)) == {"dim_customer"}
        assert query(company, "SELECT count(*) FROM dim_customer WHERE customer_id = '99'") == [
            (0,)
        ]
        assert {"customer", "product", "dim_customer"} <= done(run(load_workspace(company)))
        assert query(company, "SELECT initial FROM dim_customer WHERE customer_id = '99'") == [
            ("Z",)
        ]

    def test_another_plan_than_the_one_looked_at_is_refused(self, company, capsys):
        (company / OWN).write_text(INITIAL)
        repository = load_workspace(company)
        plan = make_plan(repository)
        replace(company, CUSTOMERS, "clean: [trim, empty_to_null]", "clean: [upper]")
        assert command(["apply", "-w", str(company), "--plan", plan.identity]) == 1
        assert "out of date" in capsys.readouterr().err
        with pytest.raises(UserError, match="out of date"):
            apply(load_workspace(company), plan, by="tester")
        assert state_in_force(Storage.of(repository).root).number == 1
        # What was read when the plan was made is still what is applied.
        assert done(apply(repository, plan, by="tester")) == {"dim_customer"}
        assert not make_plan(load_workspace(company)).empty

    def test_while_a_run_is_at_work_it_says_so(self, company):
        (company / OWN).write_text(INITIAL)
        with (
            run_lock(Storage.of(load_workspace(company)).lock, wait=False),
            pytest.raises(UserError, match="at work"),
        ):
            apply_files(company)


class TestTold:
    def test_history_tells_who_when_why_and_the_difference(self, company, capsys):
        replace(company, CUSTOMERS, "clean: [trim, empty_to_null]", "clean: [upper]")
        asked = ["-w", str(company)]
        assert command(["apply", *asked, "--by", "Ada", "--reason", "capitals"]) == 0
        capsys.readouterr()
        assert command(["history", "2", *asked]) == 0
        told = capsys.readouterr().out
        for words in ("By:  Ada", "Why: capitals", "mapping column customer.city", "empty_to_null",
                      "[upper]", "backfill", "dim_customer", "in force"):  # fmt: skip
            assert words in told.replace("{'upper'}", "[upper]").replace("['upper']", "[upper]")
        assert command(["history", "9", *asked]) == 1
        assert "There is no state 9" in capsys.readouterr().err

    def test_dependents_are_followed_column_by_column(self, company):
        replace(company, "mappings/order.yaml", "check: {at_least: 1}", "check: {at_least: 3}")
        (change,) = make_plan(load_workspace(company)).as_dict()["changes"]
        depend = change["dependents"]
        assert "sales" in depend["cubes"] and "sales.revenue" in depend["measures"]
        assert "Revenue" in depend["tiles"] and "Revenue by country" in depend["charts"]
        assert "ODCS contract of sales" in depend["exports"]
        assert "ODCS contract of orders" not in depend["exports"]

    def test_a_label_names_what_shows_it(self, company):
        (company / "cubes/sales.yaml").write_text(
            "cube: sales\nmeasures:\n  revenue: {label: Takings}\n"
        )
        plan = make_plan(load_workspace(company))
        (label,) = (c for c in plan.changes if c.change.name == "sales.revenue")
        assert label.weight == "metadata_only" and "Revenue by month" in label.dependents.charts

    def test_rows_and_seconds_are_reckoned_for_what_was_never_made(self, company):
        text = (company / "cubes/sales.yaml").read_text()
        more = "rollups:\n  by_country: {by: [customer.country], measures: [revenue]}\n"
        (company / "cubes/sales.yaml").write_text(text + more)
        told = json.loads(json.dumps(make_plan(load_workspace(company)).as_dict(), default=str))
        (made,) = (p for p in told["products"] if p["doing"] == "create")
        lines = query(company, "SELECT count(*) FROM fact_sales")[0][0]
        assert (made["name"], made["rows"]) == ("rollup_sales_by_country", lines)
        assert 0 < told["seconds"] <= told["seconds_at_most"]

    def test_a_rollup_takes_as_long_as_one_of_as_many_facts(self, company):
        """It has few rows itself; what counts is the fact that it is made of."""
        text = (company / "cubes/sales.yaml").read_text()
        more = "rollups:\n  by_country: {by: [customer.country], measures: [revenue]}\n"
        (company / "cubes/sales.yaml").write_text(text + more)
        known = {
            "fact_sales": StepCost("fact_sales", 1_000_000, 30.0),
            "rollup_sales_by_day": StepCost("rollup_sales_by_day", 100, 5.0),
            "rollup_sales_by_month_country_category": StepCost("other", 10, 2.0),
        }
        costs = Costs(load_workspace(company), known)
        assert costs.of("rollup_sales_by_country") == Cost(1_000_000, pytest.approx(5.0))
        assert costs.of("fact_sales") == Cost(1_000_000, 30.0)
