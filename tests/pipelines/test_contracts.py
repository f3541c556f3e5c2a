"""Contracts: valid by the standard's schema, and kept by the tables that they promise."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import duckdb
import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from open_data_contract_standard.model import OpenDataContractStandard

from metadata import load_workspace
from metadata.cron import longest_rest
from pipelines.contracts import contracts

REAL = Path(__file__).resolve().parents[1] / "workspaces"


def valid(contract: OpenDataContractStandard) -> dict:
    content = yaml.safe_load(contract.to_yaml())
    schema = json.loads(OpenDataContractStandard.json_schema())
    errors = jsonschema.Draft201909Validator(schema).iter_errors(content)
    assert [f"{list(e.absolute_path)}: {e.message}" for e in errors] == []
    assert content["apiVersion"] == schema["properties"]["apiVersion"]["default"]
    return content


@pytest.mark.parametrize("company", ["northwind", "adventureworks", "online_retail"])
def test_the_contracts_of_real_companies_are_valid(company):
    repository = load_workspace(REAL / company)
    found = contracts(repository)
    assert set(repository.facts) <= set(found)
    told = {table.name for contract in found.values() for table in contract.schema_}
    assert {d.table for d in repository.dimensions.values()} <= told
    assert {b.table for b in repository.bridges.values()} <= told
    for name, contract in found.items():
        content = valid(contract)
        assert content["schema"][0]["name"] in (f"fact_{name}", name)
        assert content["status"] == "draft"
        told = {each["name"] for each in content["schema"]}
        for table in content["schema"]:
            for column in table["properties"]:
                for link in column.get("relationships", ()):
                    assert link["to"].partition(".")[0] in told
    assert contracts(repository) == found


@pytest.fixture
def loaded(starter):
    assert starter.load().ok
    return starter


def test_the_published_tables_keep_every_promise(loaded):
    """Columns, types and order; required, unique and key columns; every rule that is SQL."""
    repository = loaded.repository
    file = next((loaded.path / "var" / "published").glob("*.duckdb"))
    seen: set[str] = set()
    rules = 0
    with duckdb.connect(str(file), read_only=True) as connection:

        def number(sql: str) -> int:
            return connection.execute(sql).fetchone()[0]

        for contract in contracts(repository).values():
            content = valid(contract)
            assert content["status"] == "active"
            assert (loaded.path / content["servers"][0]["database"]).is_file()
            for table in content["schema"]:
                name = table["name"]
                seen.add(name)
                held = connection.execute(f'DESCRIBE "{name}"').fetchall()
                told = [(c["name"], c["physicalType"]) for c in table["properties"]]
                assert [(column, kind) for column, kind, *_ in held] == told
                keys = [c["name"] for c in table["properties"] if c.get("primaryKey")]
                grouped = f'SELECT 1 FROM "{name}" GROUP BY {", ".join(keys)} HAVING count(*) > 1'
                assert number(f"SELECT count(*) FROM ({grouped})") == 0
                for column in table["properties"]:
                    if column.get("required"):
                        missing = f'SELECT count(*) FROM "{name}" WHERE "{column["name"]}" IS NULL'
                        assert number(missing) == 0, column
                    for link in column.get("relationships", ()):
                        other, key = link["to"].split(".")
                        lost = (
                            f'SELECT count(*) FROM "{name}" AS a ANTI JOIN "{other}" AS b'
                            f' ON a."{column["name"]}" = b."{key}"'
                            f' WHERE a."{column["name"]}" IS NOT NULL'
                        )
                        assert number(lost) == 0, (name, column["name"])
                for rule in table.get("quality", ()):
                    if rule["type"] == "sql":
                        rules += 1
                        assert number(rule["query"]) == rule["mustBe"], rule
        published = {
            name
            for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
            if name.startswith(("fact_", "dim_", "bridge_", "closure_"))
        }
    assert seen == published
    assert rules > 10


def test_what_a_contract_says_of_a_column(starter):
    (orders, sales) = (valid(contracts(starter.repository)[name]) for name in ("orders", "sales"))
    tables = {table["name"]: table for table in sales["schema"]}
    customer = {c["name"]: c for c in tables["dim_customer"]["properties"]}
    assert customer["email"]["classification"] == "confidential"
    assert customer["email"]["tags"] == ["personal"]
    assert "classification" not in customer["country"]
    assert customer["email"]["transformSourceObjects"] == ["shop.customers"]
    assert "trim" in customer["email"]["transformDescription"]
    (rule,) = customer["email"]["quality"]
    assert rule["engine"] == "rapport"
    assert rule["implementation"]["otherwise"] == "null"
    fact = {c["name"]: c for c in tables["fact_sales"]["properties"]}
    assert fact["net_amount"]["logicalType"] == "number"
    assert fact["order_line_id"]["primaryKeyPosition"] == 1
    assert fact["customer_key"]["relationships"] == [
        {"type": "foreignKey", "to": "dim_customer.customer_key"}
    ]
    assert sales["id"] != orders["id"]
    measures = next(c for c in sales["customProperties"] if c["property"] == "measures")["value"]
    assert {"sales.revenue", "sales.large_lines"} <= {m["name"] for m in measures}


def test_service_levels_and_people_but_no_secret(starter):
    starter.write(
        "sources/crm.yaml",
        "source: crm\nurl: postgresql://reader:open-sesame@db/crm\ntables: {customer: {}}\n",
    )
    text = (starter.path / "workspace.yaml").read_text()
    starter.write(
        "workspace.yaml",
        text + "\nusers:\n  ada: {password: 'scrypt$16384$8$1$c2FsdA==$a2V5', role: engineer}\n",
    )
    contract = contracts(starter.repository)["sales"]
    content = valid(contract)
    levels = {each["property"]: each for each in content["slaProperties"]}
    assert levels["versionsKept"]["value"] == starter.repository.workspace.keep_versions
    assert levels["latency"]["unit"] in ("d", "h", "m")
    assert content["team"]["members"] == [{"username": "ada", "role": "engineer"}]
    assert content["roles"][0]["role"] == "engineer"
    assert "scrypt" not in contract.to_yaml()
    assert "open-sesame" not in contract.to_yaml()


@pytest.mark.parametrize(
    ("cron", "rest"),
    [
        ("* * * * *", timedelta(minutes=1)),
        ("*/15 * * * *", timedelta(minutes=15)),
        ("0 5 * * *", timedelta(days=1)),
        ("30 6,18 * * *", timedelta(hours=12)),
        ("0 6 * * 1-5", timedelta(days=3)),
        ("0 6 * * mon,wed", timedelta(days=5)),
        ("0 0 1 * *", timedelta(days=31)),
        ("0 0 1 jan *", timedelta(days=366)),
        ("0 0 13 * fri", timedelta(days=7)),
        ("0 0 * * 7", timedelta(days=7)),
        ("@daily", timedelta(days=1)),
        ("0 0 31 2 *", None),
        ("nonsense", None),
        ("99 * * * *", None),
    ],
)
def test_the_longest_rest_between_two_runs(cron, rest):
    assert longest_rest(cron) == rest


@given(st.text(alphabet="0123456789*/,-@ mon", max_size=20))
def test_any_text_has_a_rest_or_none(cron):
    assert longest_rest(cron) is None or longest_rest(cron) > timedelta(0)
