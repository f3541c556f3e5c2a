"""Runs do what has changed, account for every row, and leave what was published when they fail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import duckdb
import pytest

from cubes import Engine, Query
from cubes.operations import Operations
from metadata import UserError
from pipelines import publish
from pipelines.lock import run_lock
from pipelines.storage import Storage


def status(report, name):
    return next(step.status for step in report.steps if step.name == name)


def revenue(company):
    engine = Engine(company.repository)
    result = engine.query(Query("sales", ("revenue",)))
    engine.close()
    return float(result.table.column("revenue").to_pylist()[0]), result.version


def test_a_first_run_loads_and_publishes(starter):
    report = starter.load()
    assert report.ok
    assert report.version == 1
    assert revenue(starter)[0] == pytest.approx(5979.30)


def test_every_landed_row_is_accounted_for(starter):
    starter.load()
    operations = Operations(starter.repository.storage)
    assert all(balance.balanced for balance in operations.balances())
    by_entity = {balance.entity: balance for balance in operations.balances()}
    assert by_entity["customer"].filtered == 1
    assert by_entity["order_line"].quarantined == 1
    (refused,) = operations.refused_rows("order_line")
    assert refused.rule == "at_least"
    assert '"order_no":"1008"' in refused.row_json
    told = {(r.column, r.outcome) for r in operations.refusals()}
    assert ("email", "warned") in told


def test_a_second_run_has_nothing_to_do_and_publishes_nothing(starter):
    starter.load()
    report = starter.load()
    assert {step.status for step in report.steps} == {"unchanged"}
    assert report.version == 1


def test_a_change_touches_only_what_depends_on_it(starter):
    starter.load()
    starter.replace("data/products.csv", "Desk lamp", "Table lamp")
    report = starter.load()
    assert status(report, "dim_product") == "done"
    assert status(report, "dim_customer") == "unchanged"
    assert status(report, "order") == "unchanged"
    assert report.version == 2


def test_a_changed_rule_changes_the_warehouse(starter):
    starter.load()
    starter.replace("mappings/order.yaml", "check: {at_least: 1}", "check: {at_least: 5}")
    report = starter.load()
    assert status(report, "shop.order_lines") == "unchanged"
    assert revenue(starter) == (pytest.approx(6 * 449 + 6 * 179 + 10 * 2.5 + 25 * 2.4), 2)


def test_a_lost_build_is_built_again_from_the_landing_zone(starter):
    starter.load()
    storage = Storage.of(starter.repository)
    storage.staging_database.unlink()
    storage.warehouse_database.unlink()
    report = starter.load()
    assert report.ok
    assert status(report, "shop.orders") == "unchanged"
    assert revenue(starter)[0] == pytest.approx(5979.30)


class TestFailure:
    def test_one_failing_source_does_not_stop_the_others(self, starter):
        starter.write("sources/gone.yaml", "source: gone\nurl: nowhere\ntables: {thing: }\n")
        report = starter.load()
        assert not report.ok
        assert status(report, "gone.thing") == "failed"
        assert report.version == 1
        assert revenue(starter)[0] == pytest.approx(5979.30)

    def test_a_source_that_fails_later_keeps_what_it_has_delivered(self, starter):
        starter.load()
        (starter.path / "data/customers.csv").rename(starter.path / "data/elsewhere.csv")
        starter.replace("data/products.csv", "Desk lamp", "Table lamp")
        report = starter.load()
        assert status(report, "shop.customers") == "failed"
        assert status(report, "customer") == "unchanged"
        assert revenue(starter) == (pytest.approx(5979.30), 2)

    def test_an_entity_whose_source_never_answered_is_empty(self, starter):
        (starter.path / "data/customers.csv").unlink()
        report = starter.load()
        assert not report.ok
        assert revenue(starter)[0] == pytest.approx(5979.30)

    def test_a_column_that_vanished_leaves_its_table_as_it_was_and_the_others_load(self, starter):
        starter.load()
        starter.replace(
            "data/order_lines.csv",
            "order_no,line,sku,quantity,price",
            "order_no,line,sku,qty,price",
        )
        starter.replace("data/products.csv", "Desk lamp", "Table lamp")
        report = starter.load()
        assert not report.ok
        assert status(report, "shop.order_lines") == "failed"
        assert status(report, "order_line") == status(report, "dim_product") == "done"
        (issue,) = (i for step in report.steps for i in step.issues)
        assert issue.where.file == "mappings/order.yaml" and issue.where.line == 19
        assert "has no column 'quantity' any more" in issue.what
        assert revenue(starter) == (pytest.approx(5979.30), 2)
        starter.replace("data/order_lines.csv", ",qty,", ",quantity,")
        assert starter.load().ok

    def test_a_column_that_never_was_there_is_a_mistake_of_the_mapping(self, starter):
        starter.replace("mappings/order.yaml", "from: quantity", "from: quantty")
        report = starter.load()
        assert status(report, "shop.order_lines") == "done"
        assert status(report, "order_line") == "failed"
        (issue,) = next(step.issues for step in report.steps if step.name == "order_line")
        assert "Did you mean 'quantity'?" in str(issue)

    def test_an_expression_that_cannot_be_computed_is_told_with_its_file(self, starter):
        starter.replace(
            "mappings/product.yaml", "standard_cost: cost", "standard_cost: {expr: cost * name}"
        )
        report = starter.load()
        told = "\n".join(str(i) for step in report.steps for i in step.issues)
        assert "mappings/product.yaml:7: The expression 'cost * name' cannot be computed." in told
        assert report.version is None

    def test_a_second_run_meanwhile_is_told(self, starter):
        script = (
            "import sys, time\nfrom pathlib import Path\nfrom pipelines.lock import run_lock\n"
            "with run_lock(Path(sys.argv[1]), wait=False):\n    print('held', flush=True)\n    time.sleep(30)\n"
        )
        lock = Storage.of(starter.repository).lock
        with subprocess.Popen(
            [sys.executable, "-c", script, str(lock)], stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdout.readline() == "held\n"
            with pytest.raises(UserError, match="at work"):
                starter.load()
            other.kill()
        with run_lock(lock, wait=False):
            pass

    def test_a_killed_run_leaves_what_was_published_and_the_next_one_finishes(self, starter):
        starter.load()
        starter.replace("data/order_lines.csv", "1001,1,A-100,2,", "1001,1,A-100,3,")
        command = [
            sys.executable,
            "-c",
            "from pipelines.cli import main; main()",
            "run",
            "-w",
            str(starter.path),
        ]
        for delay in (2.6, 3.2, 3.8):
            with subprocess.Popen(
                command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
            ) as process:
                time.sleep(delay)
                os.kill(process.pid, signal.SIGKILL)
            assert revenue(starter)[0] in (pytest.approx(5979.30), pytest.approx(6019.20))
        report = starter.load()
        assert report.ok
        assert revenue(starter)[0] == pytest.approx(6019.20)
        assert not list(Storage.of(starter.repository).root.rglob("*.tmp"))


class TestPublishing:
    def test_versions_are_kept_and_can_be_rolled_back(self, starter):
        starter.load()
        starter.replace("data/order_lines.csv", "1001,1,A-100,2,", "1001,1,A-100,3,")
        starter.load()
        repository = starter.repository
        assert [v.version for v in publish.versions(repository)] == [2, 1]
        publish.rollback(repository, 1)
        assert revenue(starter) == (pytest.approx(5979.30), 1)
        with pytest.raises(UserError, match="no version 9"):
            publish.rollback(repository, 9)
        assert starter.load().version == 3

    def test_old_versions_are_pruned(self, starter):
        starter.replace("workspace.yaml", "currency: EUR", "currency: EUR\nkeep_versions: 2")
        for price in (10, 11, 12, 13):
            starter.write("data/products.csv", f"sku,name,category,cost\nA-100,Lamp,L,{price}\n")
            starter.load()
        assert [v.version for v in publish.versions(starter.repository)] == [4, 3]

    def test_a_reader_in_another_process_sees_whole_versions_only(self, starter):
        """Each version has one revenue and one quantity; a mixture would pair them wrongly."""
        starter.load()
        script = (
            "import sys, json\nfrom cubes import Query, open_workspace\n"
            "engine = open_workspace(sys.argv[1])\nseen = []\n"
            "print('ready', flush=True)\n"
            "while True:\n"
            "    r = engine.query(Query('sales', ('quantity', 'revenue')))\n"
            "    t = r.table.to_pylist()[0]\n"
            "    seen.append((r.version, float(t['quantity']), float(t['revenue'])))\n"
            "    if r.version >= 4: break\n"
            "print(json.dumps(sorted(set(seen))))\n"
        )
        with subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", script, str(starter.path)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as reader:  # fmt: skip
            assert reader.stdout.readline() == "ready\n"
            for pieces in (3, 4, 5):
                starter.replace(
                    "data/order_lines.csv", f"1001,1,A-100,{pieces - 1},", f"1001,1,A-100,{pieces},"
                )
                assert starter.load().ok
            out, err = reader.communicate(timeout=60)
        assert reader.returncode == 0, err
        assert "Error" not in err
        expected = [[v, 62 + v - 1, round(5979.30 + 39.90 * (v - 1), 2)] for v in (1, 2, 3, 4)]
        assert all(seen in expected for seen in eval(out))

    def test_readers_cannot_write_or_leave_the_database(self, starter):
        starter.load()
        path = Storage.of(starter.repository).version_file(1)
        with duckdb.connect(
            str(path), read_only=True, config={"enable_external_access": "false"}
        ) as connection:
            with pytest.raises(duckdb.Error):
                connection.execute("DELETE FROM fact_sales")
            with pytest.raises(duckdb.Error):
                connection.execute("SELECT * FROM read_text('/etc/hostname')")
