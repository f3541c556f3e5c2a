"""`rapport check` lets the engine try every expression of the star on empty tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from metadata import load_workspace
from metadata.loader import workspace_texts
from pipelines.dry_run import refused_by_engine

ROOT = Path(__file__).parents[2]
WORKSPACES = [
    ROOT / "sample_data" / "workspace",
    ROOT / "pipelines" / "starter_workspace",
    *sorted((ROOT / "tests" / "workspaces").iterdir()),
]
STARTER = ROOT / "pipelines" / "starter_workspace"


def refused(text, name="model/more.yaml"):
    repository = load_workspace(STARTER, texts=workspace_texts(STARTER) | {name: text})
    return [(i.what, str(i.where), i.why) for i in refused_by_engine(repository)]


@pytest.mark.parametrize("path", WORKSPACES, ids=lambda path: path.name)
def test_what_loads_is_not_refused(path):
    assert refused_by_engine(load_workspace(path)) == ()


@pytest.mark.parametrize(
    ("expr", "kind"),
    [
        ("customer_since + name", "date"),
        ("customer_since", "boolean"),
        ("date_diff('year', name, customer_since)", "integer"),
        ("round(name)", "integer"),
        ("case when name then 1 end", "decimal(8,2)"),
    ],
)
def test_an_attribute_of_the_wrong_type_is_told_at_its_line(expr, kind):
    told = refused(f'dimension: customer\nattributes:\n  odd: {{expr: "{expr}", type: "{kind}"}}\n')
    if expr == "case when name then 1 end":
        # Text is read as a boolean where it can be: the engine decides, and it lets this pass.
        assert told == []
        return
    ((what, where, why),) = told
    assert f"'{expr}'" in what and where == "model/more.yaml:3" and why


def test_a_measure_of_a_fact_is_told_and_its_rollups_only_once():
    told = refused('fact: sales\nmeasures:\n  odd: {expr: "net_amount + order_id.order_date"}\n')
    assert [where for _, where, _ in told] == ["model/more.yaml:3"]


def test_a_filter_that_is_no_condition():
    told = refused("fact: sales\nwhere: order_id.order_date\n")
    assert [where for _, where, _ in told] == ["model/more.yaml:2"]
