"""The workspaces of the real companies: only metadata, and nothing to complain about in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from metadata import load_workspace
from pipelines.cli import run as rapport

WORKSPACES = Path(__file__).resolve().parent.parent / "workspaces"
COMPANIES = ("adventureworks", "northwind", "online_retail")


@pytest.mark.parametrize("company", COMPANIES)
def test_a_workspace_is_only_yaml(company):
    endings = {path.suffix for path in (WORKSPACES / company).rglob("*") if path.is_file()}
    assert endings == {".yaml"}


@pytest.mark.parametrize("company", COMPANIES)
def test_no_workspace_names_a_machine_or_a_secret(company):
    for path in (WORKSPACES / company / "sources").glob("*.yaml"):
        urls = [
            line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("url")
        ]
        assert urls
        assert all("${" in url for url in urls)


@pytest.mark.parametrize("company", COMPANIES)
def test_check_has_nothing_to_say(company, capsys):
    status = rapport(["check", "--workspace", str(WORKSPACES / company)])
    assert status == 0, capsys.readouterr().err


@pytest.mark.parametrize("company", COMPANIES)
def test_nothing_is_kept_beside_the_metadata(company):
    """Whoever only reads a workspace writes nothing into it."""
    load_workspace(WORKSPACES / company)
    assert not (WORKSPACES / company / "var").exists()
