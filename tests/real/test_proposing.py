"""Proposals for the real companies: right as often as stated, accepted as they stand, loaded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.propose import of_workspace
from metadata import load_workspace
from pipelines.cli import run as command
from pipelines.run import run

WORKSPACES = Path(__file__).resolve().parent.parent / "workspaces"
FLOORS = {
    # company: (precision, recall); what was measured, less a little.
    "northwind": (0.95, 0.92),
    "online_retail": (0.90, 0.60),
    "adventureworks": (0.85, 0.56),
}
SOURCES = {
    "northwind": ("northwind", "${NORTHWIND_URL}"),
    "online_retail": ("shop", "${RAPPORT_DATA}/online_retail"),
    "adventureworks": ("aw", "${RAPPORT_DATA}/adventureworks"),
}
LOADED = {
    # Rows of the source, with one more in each dimension for what is unknown.
    "northwind": {
        "dim_customer": 92, "dim_product": 78, "dim_employee": 10, "dim_territory": 54,
        "fact_orders": 830, "fact_sales": 2155, "fact_stock": 77,
    },
    "online_retail": {"dim_customer": 4384, "fact_orders": 28816, "fact_sales": 525461},
    "adventureworks": {
        "dim_customer": 19821, "dim_product": 505, "dim_employee": 291, "dim_store": 702,
        "dim_promotion": 17, "dim_territory": 11, "fact_orders": 31455, "fact_sales": 121253,
        "fact_prices": 395, "fact_stock": 1069, "fact_targets": 163,
    },
}  # fmt: skip
COMPANIES = sorted(SOURCES)


@pytest.fixture(autouse=True)
def _reachable(real_data, northwind_url, monkeypatch):
    monkeypatch.setenv("RAPPORT_DATA", str(real_data))
    monkeypatch.setenv("NORTHWIND_URL", northwind_url)


def asked(root, *arguments):
    return command([*arguments, "-w", str(root)])


@pytest.mark.parametrize("company", COMPANIES)
def test_what_people_have_mapped_is_found(company, tmp_path):
    root = tmp_path / company
    shutil.copytree(WORKSPACES / company, root)
    assert asked(root, "scan") == 0
    (case,) = of_workspace(root)
    counts = case.counts()
    precision, recall = FLOORS[company]
    assert counts.precision >= precision, counts
    assert counts.recall >= recall, counts


@pytest.mark.parametrize("company", COMPANIES)
def test_drafts_pass_the_check_and_load_as_they_stand(company, tmp_path, capsys):
    source, url = SOURCES[company]
    root = tmp_path / company
    (root / "sources").mkdir(parents=True)
    (root / "workspace.yaml").write_text(f"name: {company}\ncurrency: USD\n")
    (root / "sources" / f"{source}.yaml").write_text(f"source: {source}\nurl: {url}\n")
    assert asked(root, "scan", source) == 0
    drafts = tmp_path / "drafts"
    assert asked(root, "propose", source, "--write", str(drafts)) == 0
    assert not (root / "mappings").exists(), "a draft was applied"
    shutil.copytree(drafts, root, dirs_exist_ok=True)
    capsys.readouterr()
    assert asked(root, "check") == 0, capsys.readouterr().err
    report = run(load_workspace(root))
    assert report.ok, [str(issue) for step in report.steps for issue in step.issues]
    loaded = {step.name: step.rows_out for step in report.steps if step.name in LOADED[company]}
    assert loaded == LOADED[company]
