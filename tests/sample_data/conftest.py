"""A small sample company, made once for all tests of this folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa

from sample_data import generate, ledger

SCALE = 0.05


@dataclass(frozen=True)
class Sample:
    """A generated company with its CRM in SQLite, which starts faster than a server."""

    directory: Path

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def urls(self) -> dict[str, str]:
        return {"crm_url": f"sqlite:///{self.data}/crm.sqlite"}

    @property
    def ledger(self) -> pa.Table:
        return ledger(self.directory)

    def rows(self, source: str, sql: str) -> list[tuple]:
        engine = sa.create_engine(f"sqlite:///{self.data}/{source}.sqlite")
        with engine.connect() as connection:
            found = [tuple(r) for r in connection.exec_driver_sql(sql)]
        engine.dispose()
        return found


def _make(directory: Path, seed: int = 42, scale: float = SCALE) -> Sample:
    sample = Sample(directory)
    sample.data.mkdir(parents=True, exist_ok=True)
    generate(directory, scale=scale, seed=seed, **sample.urls)
    return sample


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return _make(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def make() -> Callable[..., Sample]:
    """Generates another sample into a directory."""
    return _make


@pytest.fixture
def copy_of(sample: Sample, tmp_path: Path) -> Callable[[str], Sample]:
    """Copies the sample, to play on with it."""

    def copy(name: str) -> Sample:
        shutil.copytree(sample.directory, tmp_path / name)
        return Sample(tmp_path / name)

    return copy
