"""The small company, loaded once and twice."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from explained_company import Company, load, write_company


@pytest.fixture(scope="session")
def loaded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company after its first load."""
    root = write_company(tmp_path_factory.mktemp("explain") / "company")
    load(root)
    return root


@pytest.fixture(scope="session")
def company(loaded_once: Path) -> Company:
    """The company as loaded once. Not to be changed."""
    return Company(loaded_once)


@pytest.fixture(scope="session")
def moved(loaded_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The company after Anna has moved and a line was added. Not to be changed."""
    root = tmp_path_factory.mktemp("explain") / "moved"
    shutil.copytree(loaded_once, root)
    buyers = root / "data" / "buyers.csv"
    text = buyers.read_text().replace(
        "B1, Anna ,de,gold,2024-01-01", "B1, Anna ,at,gold,2025-02-01"
    )
    buyers.write_text(text)
    items = root / "data" / "items.csv"
    items.write_text(items.read_text() + "D3,3,Ink,1,60.00\n")
    load(root)
    return Company(root)


@pytest.fixture
def own(loaded_once: Path, tmp_path: Path) -> Callable[[], Company]:
    """A copy of the company that a test may spoil."""

    def _own() -> Company:
        shutil.copytree(loaded_once, tmp_path / "own")
        return Company(tmp_path / "own")

    return _own
