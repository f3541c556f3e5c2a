"""A tiny company to run statements on: rows are landed, judged and loaded in an in-memory DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlglot import exp

from metadata import Repository, load_workspace
from transforms import (
    HOLIDAYS,
    STAGING,
    WAREHOUSE,
    Columns,
    Statement,
    audits,
    balance_query,
    build_rollup,
    landed_query,
    landed_view,
    load_bridge,
    load_calendar,
    load_dimension,
    load_fact,
    quarantine_entity,
    quarantine_table,
    stage_entity,
    warning_query,
)

Row = dict[str, Any]
EXTRACTED = datetime(2025, 6, 1, 12, tzinfo=UTC)


@dataclass
class Company:
    """A workspace with an engine under it; `land` brings rows, the rest runs what transforms say."""

    folder: Path
    repository: Repository
    engine: duckdb.DuckDBPyConnection
    files: dict[str, list[str]] = field(default_factory=dict)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)

    def land(
        self,
        table: str,
        rows: Sequence[Row],
        *,
        types: Mapping[str, pa.DataType] | None = None,
        deleted: Sequence[Row] = (),
    ) -> None:
        """One batch of `source.table`; tombstones carry only the keys."""
        batch = f"b{len(self.files.get(table, [])) + 1:03}"
        names = list(dict.fromkeys(name for row in (*rows, *deleted) for name in row))
        content: dict[str, pa.Array] = {}
        for name in names:
            values = [row.get(name) for row in (*rows, *deleted)]
            content[name] = pa.array(values, (types or {}).get(name))
        size = len(rows) + len(deleted)
        content["_batch"] = pa.array([batch] * size)
        content["_extracted_at"] = pa.array([EXTRACTED] * size, pa.timestamp("us", "UTC"))
        content["_row"] = pa.array(range(1, size + 1), pa.int64())
        content["_deleted"] = pa.array([False] * len(rows) + [True] * len(deleted))
        path = self.folder / f"{table}.{batch}.parquet"
        pq.write_table(pa.table(content), path)
        self.files.setdefault(table, []).append(str(path))
        described = self.engine.execute(
            "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet(?))",
            [str(path)],
        ).fetchall()
        known = self.columns.setdefault(table, {})
        known |= {name: kind for name, kind in described if not name.startswith("_")}
        source, _, name = table.partition(".")
        settings = self.repository.source_table(source, name)
        self.run(landed_view(source, name, settings, self.files[table], known))

    def run(self, statements: Sequence[Statement]) -> None:
        """Run statements in one transaction, as the pipeline does."""
        self.engine.begin()
        for statement in statements:
            self.engine.execute(statement.sql.sql(dialect="duckdb"))
        self.engine.commit()

    def rows(self, query: str | exp.Query) -> list[Row]:
        """The rows of a query."""
        text = query if isinstance(query, str) else query.sql(dialect="duckdb")
        cursor = self.engine.execute(text)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def stage(self, entity: str) -> list[Row]:
        """Judge the rows of an entity; its staged rows by key, unmapped columns left out."""
        self.run(stage_entity(self.repository, entity, self.columns))
        self.run(quarantine_entity(self.repository, entity, self.columns))
        keys = self.repository.entity(entity).key
        mapped = {c for m in self.repository.mappings_of(entity) for c in m.definition.columns}
        rows = self.rows(f'SELECT * FROM staging."{entity}"')
        rows.sort(key=lambda row: [str(row[key]) for key in keys])
        return [{name: row[name] for name in row if name in mapped} for row in rows]

    def outcomes(self, entity: str) -> dict[str, int]:
        """How many rows went where; by the conservation law they are all that landed."""
        found = {row["outcome"]: 0 for row in self.rows(balance_query(entity))}
        for row in self.rows(balance_query(entity)):
            found[row["outcome"]] += row["rows"]
        landed = sum(
            self.rows(landed_query(self.repository, mapping))[0]["rows"]
            for mapping in self.repository.mappings_of(entity)
            if mapping.definition.from_ in self.columns
        )
        assert sum(found.values()) == landed
        return found

    def refusals(self, entity: str) -> list[tuple[Any, ...]]:
        """Column, rule and value of every refused row's failures."""
        rows = self.rows(f'SELECT * FROM staging."{quarantine_table(entity)}"')
        return sorted((row["column"], row["rule"], row["value"]) for row in rows)

    def warnings(self, entity: str) -> list[tuple[Any, ...]]:
        """Column, rule and number of the failures that refused no row."""
        return sorted((r["column"], r["rule"], r["rows"]) for r in self.rows(warning_query(entity)))

    def dimension(self, name: str, when: str = "2025-06-01 00:00:00") -> list[Row]:
        """Load a dimension at a time; its versions but the unknown member, in order."""
        resolved = self.repository.dimensions[name]
        if resolved.entity is None:
            self.run(load_calendar(self.repository, name))
            return self.rows(f'SELECT * FROM warehouse."{resolved.table}" ORDER BY date_key')
        existing = self.shape(resolved.table)
        time = datetime.fromisoformat(when)
        self.run(load_dimension(self.repository, name, existing, time))
        key = resolved.natural_key
        return self.rows(
            f'SELECT * FROM warehouse."{resolved.table}" WHERE "{resolved.surrogate_key}" <> -1'
            f' ORDER BY "{key}", valid_from'
        )

    def shape(self, table: str) -> Columns | None:
        """Columns of a table of the warehouse, or None."""
        rows = self.engine.execute(
            "SELECT column_name, data_type FROM duckdb_columns()"
            " WHERE database_name = 'warehouse' AND table_name = ?",
            [table],
        ).fetchall()
        return dict(rows) or None

    def dimensions(self) -> None:
        """Load every dimension."""
        for name in self.repository.dimensions:
            self.dimension(name)

    def fact(self, name: str) -> list[Row]:
        """Load a fact; its rows in order of the grain."""
        self.run(load_fact(self.repository, name))
        resolved = self.repository.facts[name]
        grain = ", ".join(f'"{key}"' for key in resolved.grain)
        return self.rows(f'SELECT * FROM warehouse."{resolved.table}" ORDER BY {grain}')

    def bridge(self, name: str) -> list[Row]:
        """Load a bridge."""
        self.run(load_bridge(self.repository, name))
        return self.rows(f'SELECT * FROM warehouse."bridge_{name}" ORDER BY ALL')

    def rollup(self, cube: str, name: str) -> list[Row]:
        """Build a rollup."""
        self.run(build_rollup(self.repository, cube, name))
        return self.rows(f'SELECT * FROM warehouse."rollup_{cube}_{name}" ORDER BY ALL')

    def failed_audits(self, table: str | None = None) -> dict[str, int]:
        """Audits that found something."""
        found: dict[str, int] = {}
        for audit in audits(self.repository):
            if table is None or audit.table == table:
                count = self.rows(audit.sql)[0]["failures"]
                if count:
                    found[audit.name] = count
        return found


Found = Callable[[dict[str, str]], Company]


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Found]:
    """Found a company on the files of its workspace; the shipped model stays out."""
    engines: list[duckdb.DuckDBPyConnection] = []

    def _found(files: dict[str, str], zone: str = "Europe/Berlin") -> Company:
        folder = tmp_path / f"company{len(engines)}"
        settings = {"workspace.yaml": f"name: Tiny\ntime_zone: {zone}\n"}
        for name, text in (settings | files).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        engine = duckdb.connect()
        engines.append(engine)
        engine.execute(f"SET TimeZone = '{zone}'")
        for database in (STAGING, WAREHOUSE):
            engine.execute(f"ATTACH ':memory:' AS {database}")
        engine.register(
            HOLIDAYS,
            pa.table(
                {
                    "date": pa.array([datetime(2025, 1, 1).date()], pa.date32()),
                    "name": pa.array(["New Year"]),
                }
            ),
        )
        return Company(folder, load_workspace(folder, shipped=False), engine)

    yield _found
    for engine in engines:
        engine.close()
