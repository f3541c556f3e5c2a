"""Every version knows which landed batches each of its entities was staged from."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import duckdb

from pipelines.origins import TABLE, origins_query, read_origins
from pipelines.storage import Storage


def origins(company, version):
    path = Storage.of(company.repository).version_file(version)
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS v (READ_ONLY)")
        return read_origins(connection.execute(origins_query("v").sql("duckdb")).fetchall())


def landed(company, table):
    folder = Storage.of(company.repository).landed("shop", table)
    return sorted(path.name for path in folder.glob("*.parquet"))


def test_a_version_keeps_its_own_origins_when_newer_batches_land(starter):
    starter.load()
    first = origins(starter, 1)
    assert set(first) == {"customer", "order", "order_line", "product"}
    assert first["order_line"].landed == {
        "shop.order_lines": landed(starter, "order_lines"),
        "shop.products": landed(starter, "products"),
    }
    zone = ZoneInfo(starter.repository.workspace.time_zone)
    assert first["order_line"].day == datetime.now(zone).date()
    starter.replace("data/products.csv", "Desk lamp", "Table lamp")
    assert starter.load().version == 2
    second = origins(starter, 2)
    assert origins(starter, 1) == first
    assert second["order"] == first["order"]
    [old, new] = landed(starter, "products")
    assert first["product"].landed == {"shop.products": [old]}
    assert second["product"].landed == {"shop.products": [new]}


def test_what_was_staged_before_origins_were_kept_gets_them_at_the_next_run(starter):
    starter.load()
    with duckdb.connect(str(Storage.of(starter.repository).staging_database)) as connection:
        connection.execute(f"DROP TABLE {TABLE}")
    starter.replace("data/products.csv", "Desk lamp", "Table lamp")
    starter.load()
    assert origins(starter, 2)["order"].landed == {"shop.orders": landed(starter, "orders")}
