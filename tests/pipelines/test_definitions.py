"""The asset graph is generated from metadata, and it is what we think it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg

from pipelines.definitions import build_definitions
from pipelines.plan import plan_run

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "asset_graph.txt"


def test_the_asset_graph(starter):
    graph = build_definitions(starter.repository).resolve_asset_graph()
    lines = []
    for key in sorted(graph.get_all_asset_keys(), key=lambda k: k.path):
        node = graph.get(key)
        parents = ", ".join(sorted("/".join(parent.path) for parent in node.parent_keys))
        lines.append(f"{node.group_name:<10} {'/'.join(key.path)} <- {parents}".rstrip(" <-"))
    text = "\n".join(lines) + "\n"
    if os.environ.get("RAPPORT_UPDATE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text(), (
        "if wanted, set RAPPORT_UPDATE_GOLDEN=1 and read the difference"
    )


def test_every_asset_says_what_it_is_and_has_a_check(starter):
    definitions = build_definitions(starter.repository)
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        assert graph.get(key).description, key
        assert graph.get_check_keys_for_assets({key}), key


def test_the_schedule_comes_from_the_workspace(starter):
    (schedule,) = build_definitions(starter.repository).schedules
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 3 * * *", "Europe/Berlin")
    starter.replace("workspace.yaml", 'schedule:\n  cron: "0 3 * * *"', "")
    assert not build_definitions(starter.repository).schedules


def test_dagster_runs_the_same_assets_by_itself(starter):
    definitions = build_definitions(starter.repository)
    with dg.instance_for_test() as instance:
        result = definitions.resolve_job_def("load").execute_in_process(instance=instance)
    assert result.success
    materialized = {event.asset_key.path[-1] for event in result.get_asset_materialization_events()}
    assert {"fact_sales", "dim_customer", "publish", "orders"} <= materialized
    assert starter.load().version == 1


def test_dagster_finds_the_definitions_of_the_workspace(starter):
    command = [Path(sys.executable).with_name("dagster"), "definitions", "validate"]
    done = subprocess.run(
        [*command, "-m", "pipelines.definitions"],
        env={**os.environ, "RAPPORT_WORKSPACE": str(starter.path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_step_needs_only_steps_before_it(starter):
    seen = set()
    for step in plan_run(starter.repository).steps:
        assert set(step.needs) <= seen, step
        seen.add(step.name)
