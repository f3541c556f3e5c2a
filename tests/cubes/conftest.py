"""A star of a few rows, made by hand, that every test of the cubes asks."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cubes import Engine, Query, Result
from metadata import Repository, load_workspace

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden" / "cubes"

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Star:
    """An engine on a published version, and the same tables for statements written by hand."""

    engine: Engine
    connection: duckdb.DuckDBPyConnection

    @property
    def repository(self) -> Repository:
        return self.engine.repository

    def ask(self, cube: str, measures: str, rows: str = "", columns: str = "", **more: Any) -> Any:
        """A cube's answer as rows; names are written in one text."""
        return rows_of(self.result(cube, measures, rows, columns, **more))

    def result(
        self, cube: str, measures: str, rows: str = "", columns: str = "", **more: Any
    ) -> Result:
        names = (tuple(text.split()) for text in (measures, rows, columns))
        return self.engine.query(Query(cube, *names, **more))

    def by_hand(self, statement: str) -> list[Row]:
        """Rows of a statement that a person wrote."""
        return self.connection.cursor().sql(statement).fetchall()


def rows_of(result: Result) -> list[Row]:
    """A result as tuples."""
    return [tuple(row.values()) for row in result.table.to_pylist()]


def publish(published: Path, built: Path, version: int, **more: Any) -> None:
    """Copy a database beside the others and swing the pointer, as the pipeline does."""
    published.mkdir(parents=True, exist_ok=True)
    file = f"v{version:06d}.duckdb"
    shutil.copyfile(built, published / file)
    fresh = published / "current.json.new"
    fresh.write_text(json.dumps({"version": version, "file": file, **more}), encoding="utf-8")
    os.replace(fresh, published / "current.json")


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace's folder, with the built star beside it."""
    root = tmp_path_factory.mktemp("star") / "workspace"
    shutil.copytree(HERE / "workspace", root)
    with duckdb.connect(str(root / "built.duckdb")) as connection:
        connection.execute((HERE / "star.sql").read_text(encoding="utf-8"))
    publish(root / "var" / "published", root / "built.duckdb", 1)
    return root


@pytest.fixture(scope="session")
def repository(workspace: Path) -> Repository:
    return load_workspace(workspace, shipped=False)


@pytest.fixture(scope="session")
def star(workspace: Path, repository: Repository) -> Iterator[Star]:
    engine = Engine(repository)
    with duckdb.connect(str(workspace / "built.duckdb"), read_only=True) as connection:
        yield Star(engine, connection)
    engine.close()


@pytest.fixture
def altered(workspace: Path, tmp_path: Path) -> Callable[..., Path]:
    """Publish the star once more, after statements that change it; the folder of versions."""
    published = tmp_path / "altered"

    def _altered(version: int, *statements: str) -> Path:
        built = tmp_path / "altered.duckdb"
        shutil.copyfile(workspace / "built.duckdb", built)
        with duckdb.connect(str(built)) as connection:
            for statement in statements:
                connection.execute(statement)
        publish(published, built, version)
        return published

    return _altered


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with the one kept; RAPPORT_UPDATE_GOLDEN=1 keeps the new one instead."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("RAPPORT_UPDATE_GOLDEN"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        kept = path.read_text(encoding="utf-8") if path.exists() else "(nothing is kept yet)"
        assert text == kept, f"{name} differs; if that is meant, set RAPPORT_UPDATE_GOLDEN=1."

    return check
