"""Statements run for real, over tables of a few rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from sqlglot import exp

from metadata import Repository, load_workspace
from metadata.model.mapping import ColumnRule
from transforms import (
    HOLIDAYS,
    Statement,
    landed_view,
    load_calendar,
    load_dimension,
    load_fact,
    stage_entity,
)
from transforms.checks import fails
from transforms.cleansing import cleansed_in_layers
from transforms.statements import data_type

WORKSPACE = """\
name: Tiny
currency: EUR
fiscal_year_start: 4
calendar: {from: 2024-01-01, to: 2025-12-31}
"""
SOURCE = """\
source: s
url: nowhere
tables:
  customer: {primary_key: [id]}
  sale: {primary_key: [id]}
  other: {primary_key: [id]}
  rate: {primary_key: [cur, day]}
"""


@dataclass
class Lab:
    """A workspace, landed rows, and an engine that runs statements."""

    path: Path
    connection: duckdb.DuckDBPyConnection
    landed: dict[str, dict[str, str]]

    @property
    def repository(self) -> Repository:
        return load_workspace(self.path, shipped=False)

    def land(self, table: str, *batches: list[dict[str, Any]]) -> None:
        """Land batches of rows; `None` values make a column's type a text."""
        files = []
        for number, rows in enumerate(batches):
            full = [
                {
                    "_deleted": False,
                    **row,
                    "_batch": f"b{number}",
                    "_row": place,
                    "_extracted_at": datetime(2025, 1, 1),
                }
                for place, row in enumerate(rows, 1)
            ]
            data = pa.Table.from_pylist(full)
            file = self.path / f"{table}-{number}.parquet"
            self.connection.register("batch", data)
            self.connection.execute(f"COPY batch TO '{file}'")
            files.append(str(file))
        described = self.connection.execute(
            f"DESCRIBE SELECT * FROM read_parquet({files!r}, union_by_name=true)"
        ).fetchall()
        columns = {name: kind for name, kind, *_ in described if not name.startswith("_")}
        self.landed[f"s.{table}"] = columns
        settings = self.repository.source_table("s", table)
        self.run(landed_view("s", table, settings, files, columns))

    def run(self, statements: tuple[Statement, ...]) -> None:
        for statement in statements:
            self.connection.execute(statement.sql.sql(dialect="duckdb"))

    def stage(self, entity: str) -> None:
        self.run(stage_entity(self.repository, entity, self.landed))

    def dimension(self, name: str, at: datetime) -> None:
        table = f"dim_{name}"
        rows = self.connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ?", [table]
        ).fetchall()
        self.run(load_dimension(self.repository, name, dict(rows) or None, at))

    def calendar(self, name: str, holidays: dict[Any, str] | None = None) -> None:
        days = holidays or {}
        table = pa.table(
            {
                "date": pa.array(list(days), pa.date32()),
                "name": pa.array(list(days.values()), pa.string()),
            }
        )
        self.connection.register(HOLIDAYS, table)
        self.run(load_calendar(self.repository, name))

    def fact(self, name: str) -> None:
        self.run(load_fact(self.repository, name))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()


@pytest.fixture(scope="session")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine for expressions that need no tables."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'Europe/Berlin'")
        yield connection


@pytest.fixture(scope="session")
def cleansed(engine: duckdb.DuckDBPyConnection) -> Callable[..., list[Any]]:
    """Values after rules as they would be written; `row` gives other columns of each row."""

    texts: dict[str, str] = {}

    def text_of(clean: Any) -> str:
        rules = ColumnRule.model_validate({"from": "x", "clean": clean}).clean
        query: exp.Expr = exp.to_table("given")
        layers = cleansed_in_layers("value", rules, lambda name: exp.column(f"{name}__typed"))
        for number, layer in enumerate(layers, 1):
            last = number == len(layers)
            name = "cleansed" if last else f"value__clean_{number}"
            query = exp.select("*", exp.alias_(layer, name)).from_(query).subquery(f"l{number}")
        return exp.select("cleansed").from_(query).order_by("place").sql("duckdb")

    def _cleansed(clean: Any, values: list[Any], **row: list[Any]) -> list[Any]:
        rows = pa.table(
            {
                "place": list(range(len(values))),
                "value__raw": values,
                **{f"{name}__typed": pa.array(each, pa.string()) for name, each in row.items()},
            }
        )
        engine.register("given", rows)
        if (known := repr(clean)) not in texts:
            texts[known] = text_of(clean)
        return [value for (value,) in engine.execute(texts[known]).fetchall()]

    return _cleansed


@pytest.fixture(scope="session")
def passes(engine: duckdb.DuckDBPyConnection) -> Callable[..., list[bool]]:
    """Whether values pass a check as it would be written; `row` gives other columns."""

    def _passes(check: Any, values: list[Any], kind_: str = "string", **row: Any) -> list[bool]:
        (rule,) = ColumnRule.model_validate({"from": "x", "check": [check]}).check
        rows = {"place": list(range(len(values))), "value": pa.array(map(_written, values))}
        others = {name: each if isinstance(each, tuple) else ("string", each)
                  for name, each in row.items()}  # fmt: skip
        rows |= {name: pa.array(map(_written, each)) for name, (_, each) in others.items()}
        engine.register("given", pa.table(rows))
        kinds = {"value": kind_, **{name: other for name, (other, _) in others.items()}}
        typed = [exp.alias_(exp.cast(exp.column(n), data_type(k)), n) for n, k in kinds.items()]
        source = exp.select("place", *typed).from_("given").subquery("typed")
        failed = fails(rule, exp.column("value"), kind_, exp.column)
        query = exp.select(exp.func("COALESCE", failed, exp.false())).from_(source)
        found = engine.execute(query.order_by("place").sql("duckdb")).fetchall()
        return [not failed for (failed,) in found]

    return _passes


def _written(value: Any) -> str | None:
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)


@pytest.fixture
def lab(tmp_path: Path) -> Callable[..., Lab]:
    """A laboratory for a workspace written on the spot."""

    def _lab(files: dict[str, str]) -> Lab:
        for name, text in {"workspace.yaml": WORKSPACE, "sources/s.yaml": SOURCE, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'Europe/Berlin'")
        connection.execute("ATTACH ':memory:' AS staging")
        connection.execute("ATTACH ':memory:' AS warehouse")
        return Lab(tmp_path, connection, {})

    return _lab
