"""Workspaces whose model is exported and imported again."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from metadata import Repository, load_workspace
from metadata.loader import collect
from metadata.model.star import Entity

WORKSPACES = Path(__file__).resolve().parents[2] / "workspaces"


@pytest.fixture(scope="session")
def whole(tmp_path_factory) -> Repository:
    """A workspace that maps every column of every shipped entity."""
    root = tmp_path_factory.mktemp("whole")
    entities = collect(None).of("entity", Entity)
    (root / "workspace.yaml").write_text("name: Whole Company\n", encoding="utf-8")
    tables = {name: {} for name in entities}
    mappings = [
        {
            "entity": name,
            "from": f"all.{name}",
            "columns": {column: column for column in written.value.columns},
        }
        for name, written in entities.items()
    ]
    for folder, content in (
        ("sources", [{"source": "all", "url": "data", "tables": tables}]),
        ("mappings", mappings),
    ):
        (root / folder).mkdir()
        text = yaml.safe_dump_all(content, sort_keys=False)
        (root / folder / "all.yaml").write_text(text, encoding="utf-8")
    return load_workspace(root)


@pytest.fixture(scope="session", params=["whole", "northwind", "adventureworks", "online_retail"])
def company(request) -> Repository:
    """The whole shipped model, and the real companies with models of their own."""
    if request.param == "whole":
        return request.getfixturevalue("whole")
    return load_workspace(WORKSPACES / request.param)


@pytest.fixture(scope="session")
def northwind() -> Repository:
    return load_workspace(WORKSPACES / "northwind")


@pytest.fixture
def save(tmp_path):
    """Write a document and give its path."""

    def _save(content: dict | str, name: str = "theirs.yaml") -> Path:
        path = tmp_path / name
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
        path.write_text(text, encoding="utf-8")
        return path

    return _save
