"""The mapping that the page about rules shows is a mapping that works."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import duckdb

from metadata import load_workspace
from transforms import stage_entity

PAGE = Path(__file__).resolve().parents[2] / "docs" / "rules.md"
ROWS = [
    ("1", "Prof. Dr. Müller, Anna", "Deutschland", "030 123456", "10115", "Anna@Example.COM", "5.3.1980", "1,5 Mio", "36586", None, 2),
    ("2", "MULLER, ANNA", "DE", None, "D-10115", None, "05.03.80", None, None, None, 1),
    ("3", "李雷", "中国", "010 6552 9988", "100000", "li@example.cn", "1990年1月2日", "12", None, "1", 1),
    ("4", "Nobody", "Atlantis", None, "x", None, "1.1.2999", "x", None, "9", 1),
]  # fmt: skip
NAMES = (
    "id",
    "full_name",
    "country",
    "tel",
    "zip",
    "mail",
    "born",
    "turnover",
    "since",
    "parent",
    "changed",
)


def test_the_mapping_does_what_the_page_says(tmp_path):
    (mapping,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for name, text in {
        "workspace.yaml": "name: Rules\n",
        "sources/crm.yaml": "source: crm\nurl: data\ntables: {customer: {primary_key: id}}\n",
        "mappings/customer.yaml": mapping,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    repository = load_workspace(tmp_path)
    with duckdb.connect() as connection:
        connection.execute("ATTACH ':memory:' AS staging")
        listed = ", ".join(NAMES)
        marks = ", ".join("?" for _ in NAMES)
        connection.execute(
            "CREATE TABLE staging.landed_crm__customer AS SELECT *, 'b' AS _batch, id::BIGINT AS _row,"
            f" now()::TIMESTAMP AS _extracted_at FROM (VALUES {', '.join(f'({marks})' for _ in ROWS)}) t({listed})",
            [value for row in ROWS for value in row],
        )
        columns = {name: "INTEGER" if name == "changed" else "VARCHAR" for name in NAMES}
        for statement in stage_entity(repository, "customer", {"crm.customer": columns}):
            connection.execute(statement.sql.sql("duckdb"))
        fates = connection.execute(
            "SELECT customer_id, _outcome FROM staging.judged_customer ORDER BY 1"
        ).fetchall()
        assert fates == [
            ("1", "staged"),
            ("2", "quarantined"),
            ("3", "staged"),
            ("4", "quarantined"),
        ]
        staged = connection.execute(
            "SELECT name, country_code, phone, postal_code, email, birth_date, annual_revenue::BIGINT, customer_since"
            " FROM staging.customer ORDER BY customer_id"
        ).fetchall()
    assert staged == [
        ("Anna Müller", "DE", "+4930123456", "10115", "Anna@example.com", date(1980, 3, 5), 1500000, date(2000, 3, 1)),
        ("李雷", "CN", "+861065529988", "100000", "li@example.cn", date(1990, 1, 2), 12, None),
    ]  # fmt: skip
