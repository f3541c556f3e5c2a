"""Every rule takes values of whatever type a source delivers: none ends a load by that."""

from __future__ import annotations

import duckdb
import pytest
import yaml

from metadata.loader import check_workspace
from metadata.model.rule import examples
from metadata.model.rules import CHECKS, CLEANSING, Satisfies
from transforms.staging import judging, ranked_rows

VALUES = {
    "VARCHAR": "'x'",
    "BIGINT": "7",
    "DECIMAL(18,2)": "7.25",
    "BOOLEAN": "true",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ '2024-01-31 10:00:00+00'",
}
KINDS = ("string", "decimal(18,2)", "date")
BASE = {
    "workspace.yaml": "name: T\n",
    "sources/s.yaml": "source: s\nurl: d\ntables:\n  t: {primary_key: id}\n",
}
# What a condition computes with is for whoever writes it: `rapport check` tries it.
RULES = [
    *(("clean", rule) for rule in CLEANSING),
    *(("check", rule) for rule in CHECKS if rule is not Satisfies),
]


@pytest.fixture(scope="module")
def landed():
    """For each type a table with one value of it, and one row without."""
    connection = duckdb.connect()
    connection.execute("ATTACH ':memory:' AS staging")
    for number, (kind, value) in enumerate(VALUES.items()):
        connection.execute(
            f"CREATE TABLE staging.t{number} AS SELECT 'k' id, CAST({value} AS {kind}) v, 'b' _batch,"
            " 1::BIGINT _row, now() _extracted_at UNION ALL SELECT 'l', NULL, 'b', 2, now()"
        )
    return connection


@pytest.mark.parametrize(
    ("group", "rule"), RULES, ids=[f"{group} {rule.rule}" for group, rule in RULES]
)
def test_a_value_of_any_type(landed, group, rule):
    example = next(iter(examples(rule)))
    row = example.given if isinstance(example.given, dict) else {"v": example.given}
    name = next(iter(row))
    tried = 0
    for kind in KINDS:
        kinds = {"id": "string", **dict.fromkeys(row, "string"), name: kind}
        columns = {"id": "id", **{other: {"value": "x"} for other in row}}
        columns[name] = {"from": "v", group: [example.rule]}
        found = check_workspace(
            ".",
            shipped=False,
            texts={
                **BASE,
                "model/m.yaml": yaml.safe_dump({"entity": "thing", "key": "id", "columns": kinds}),
                "mappings/m.yaml": yaml.safe_dump(
                    {"entity": "thing", "from": "s.t", "columns": columns}
                ),
            },
        )
        if found.repository is None or not found.repository.mappings:
            continue  # the rule is not for columns of this kind
        (mapping,) = found.repository.mappings
        for number, landing in enumerate(VALUES):
            chain = judging(
                found.repository,
                mapping,
                mapping.entity,
                {"s.t": {"id": "VARCHAR", "v": landing}},
                lambda *_, number=number: f"t{number}",
            )
            rows = landed.execute(
                chain.closed(ranked_rows(mapping, chain)).sql("duckdb")
            ).fetchall()
            assert len(rows) == 2
            tried += 1
    assert tried or rule.rule == "references"
