"""Parts of the warehouse with schedules of their own, and tables that must be there in time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import dagster as dg

from cubes.lateness import expected_tables
from cubes.operations import Operations
from pipelines.change.plan import make_plan
from pipelines.cli import run as rapport
from pipelines.definitions import build_definitions

RULES = """\
maintenance: orders_often
of: shop.orders
schedule: "*/30 8-18 * * mon-fri"
---
maintenance: products_mart
of: dim_product
schedule: "15 6 * * *"
---
maintenance: fresh_orders
of: shop.orders
fresh: 26 hours
---
maintenance: fresh_products
of: shop.products
fresh: {by: "0 7 * * *", within: 6 hours}
"""


def selected(definitions, job):
    graph = definitions.resolve_job_def(job)
    return {key.path[-1] for key in graph.asset_layer.selected_asset_keys}


def test_each_becomes_a_schedule_over_its_tables_and_all_loads(starter):
    starter.write("maintenance/rules.yaml", RULES)
    definitions = build_definitions(starter.repository)
    found = {s.name: s for s in definitions.schedules}
    assert set(found) == {"scheduled_load", "scheduled_orders_often", "scheduled_products_mart"}
    often = found["scheduled_orders_often"]
    assert (often.cron_schedule, often.execution_timezone) == (
        "*/30 8-18 * * mon-fri",
        "Europe/Berlin",
    )
    everything = selected(definitions, "load")
    part = selected(definitions, "load_orders_often")
    read = {t for _, t, _ in starter.repository.source_tables()}
    assert part & read == {"orders"}
    assert everything - part == read - {"orders"}
    assert selected(definitions, "load_products_mart") & read == {"products"}


def test_a_schedule_by_hand_reads_its_tables_and_publishes(starter):
    starter.write("maintenance/rules.yaml", RULES)
    first = starter.load(schedule="orders_often")
    # What nothing has read yet is read with it, so that a version is whole.
    assert first.version == 1
    assert {s.name for s in first.steps if s.kind == "extract"} >= {"shop.orders", "shop.products"}
    starter.replace("data/products.csv", "Desk lamp", "Table lamp")
    second = starter.load(schedule="orders_often")
    assert [s.name for s in second.steps if s.kind == "extract"] == ["shop.orders"]
    assert (second.ok, second.version) == (True, 1)
    third = starter.load(schedule="products_mart")
    assert third.version == 2
    assert Operations(starter.repository.storage).runs()[0].selected == ("schedule products_mart",)


def test_dagster_runs_a_part_into_a_whole(starter):
    starter.write("maintenance/rules.yaml", RULES)
    definitions = build_definitions(starter.repository)
    with dg.instance_for_test() as instance:
        job = definitions.resolve_job_def("load_orders_often")
        result = job.execute_in_process(instance=instance)
    assert result.success
    checks = {
        (e.asset_key.path[-1], e.check_name): e.passed for e in result.get_asset_check_evaluations()
    }
    assert checks["orders", "arrived"] is True
    read = {f"{t.source}.{t.table}" for t in Operations(starter.repository.storage).freshness()}
    assert read >= {"shop.orders", "shop.products", "shop.customers"}


def test_dagster_knows_by_when_a_table_must_be_there(starter):
    starter.write("maintenance/rules.yaml", RULES)
    graph = build_definitions(starter.repository).resolve_asset_graph()
    policies = {
        key.path[-1]: graph.get(key).freshness_policy_or_from_metadata
        for key in graph.get_all_asset_keys()
    }
    assert policies["orders"] == dg.FreshnessPolicy.time_window(timedelta(hours=26))
    assert policies["products"] == dg.FreshnessPolicy.cron(
        "0 7 * * *", timedelta(hours=6), "Europe/Berlin"
    )
    assert policies["customers"] is None


def test_a_table_that_fails_becomes_late_and_is_told(starter, capsys):
    starter.write("maintenance/rules.yaml", RULES)
    starter.load()
    operations = Operations(starter.repository.storage)

    def late(now):
        found = expected_tables(starter.repository, operations, now)
        return {name for name, each in found.items() if each.arrival.late}

    now = datetime.now(UTC)
    assert "shop.orders" not in late(now)
    assert late(now + timedelta(days=3)) == {"shop.orders", "shop.products"}
    issue = expected_tables(starter.repository, operations, now + timedelta(days=3))
    assert "maintenance/rules.yaml:11" in str(issue["shop.orders"].issue(_berlin()))
    assert rapport(["status", "-w", str(starter.path), "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    orders = next(t for t in told["tables"] if t["table"] == "orders")
    assert orders["late"] is False
    assert datetime.fromisoformat(orders["due"]) > now
    assert {s["name"] for s in told["schedules"]} == {
        "everything", "orders_often", "products_mart",
    }  # fmt: skip
    assert all(datetime.fromisoformat(s["next"]) > now for s in told["schedules"])
    assert rapport(["status", "-w", str(starter.path)]) == 0
    out = capsys.readouterr().out
    assert "orders_often" in out
    assert "Due" in out


def _berlin():
    from zoneinfo import ZoneInfo

    return ZoneInfo("Europe/Berlin")


def test_changed_rules_are_metadata_only(starter):
    starter.load()
    starter.write("maintenance/rules.yaml", RULES)
    plan = make_plan(starter.repository)
    assert {(c.change.kind, c.weight) for c in plan.changes} == {("maintenance", "metadata_only")}
    assert len(plan.changes) == 4
    assert {p.doing for p in plan.products} == {"keep"}
    assert plan.reads_again == ()


def test_a_schedule_that_is_not_there_is_told(starter, capsys):
    starter.write("maintenance/rules.yaml", RULES)
    assert rapport(["run", "--schedule", "orders_oftn", "-w", str(starter.path)]) == 1
    assert "Did you mean 'orders_often'" in capsys.readouterr().err
