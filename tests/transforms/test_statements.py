"""The statements themselves: always the same text for the same metadata, and kept for reading."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest
from sqlglot import exp

from transforms import load_dimension, load_fact, stage_entity

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "transforms"
FILES = {
    "model/m.yaml": """\
entity: customer
key: id
columns: {id: string, name: string, email: string, born: date, segment: string, boss: {references: customer}}
---
entity: sale
key: id
columns: {id: string, day: date, customer_id: {references: customer}, amount: "decimal(18,2)", cur: string}
---
entity: exchange_rate
key: [currency_code, rate_date]
columns: {currency_code: string, rate_date: date, rate: "decimal(18,8)"}
---
dimension: date
generated: calendar
attributes: {date: , month: }
---
dimension: customer
entity: customer
parent: boss
attributes: {name: , segment: {history: track}, born: {history: fixed}, boss_name: {from: boss.name}}
---
fact: sales
entity: sale
date: day
currency: cur
dimensions: {day: {dimension: date, from: day}, customer: customer_id}
degenerate: {boss: {from: customer_id.boss}}
measures: {amount: {from: amount, convert: true, type: "decimal(18,2)"}}
where: amount <> 0
""",
    "mappings/m.yaml": """\
entity: customer
from: s.customer
join:
  more: {table: s.other, on: {customer: id}, order_by: [since desc]}
columns:
  id:      id
  name:    {from: name, clean: [trim, collapse_spaces]}
  email:   {from: more.email, clean: [trim, lower], check: email, otherwise: "null"}
  born:    {from: born, format: "%d/%m/%Y", check: between 1900-01-01 and today}
  segment: {from: seg, lookup: {A: Alpha, B: Beta}, otherwise: unknown}
  boss:    boss
where: name <> 'TEST'
keep: [born desc]
---
entity: sale
from: s.sale
columns:
  id: id
  day: day
  customer_id: customer
  amount: {expr: "case when kind = 'X' then 0 else cast(amount as decimal(18,2)) end"}
  cur: cur
---
entity: exchange_rate
from: s.rate
columns: {currency_code: cur, rate_date: day, rate: rate}
""",
}
COLUMNS = {
    "s.customer": ("id", "name", "born", "seg", "boss"),
    "s.other": ("customer", "since", "email"),
    "s.sale": ("id", "day", "customer", "amount", "kind", "cur"),
    "s.rate": ("cur", "day", "rate"),
}
LANDED = {table: dict.fromkeys(names, "VARCHAR") for table, names in COLUMNS.items()}
EXISTING = {"customer_key": "BIGINT", "id": "VARCHAR", "name": "VARCHAR", "segment": "VARCHAR"}


def made(repository, name):
    at = datetime(2025, 1, 1)
    match name:
        case "stage_customer":
            return stage_entity(repository, "customer", LANDED)
        case "stage_sale":
            return stage_entity(repository, "sale", LANDED)
        case "dimension_first":
            return load_dimension(repository, "customer", None, at)
        case "dimension_next":
            return load_dimension(repository, "customer", EXISTING, at)
    return load_fact(repository, "sales")


NAMES = ("stage_customer", "stage_sale", "dimension_first", "dimension_next", "fact_sales")


@pytest.mark.parametrize("name", NAMES)
def test_the_same_metadata_gives_the_same_text(lab, name):
    found = lab(FILES)
    once = [statement.sql.sql("duckdb") for statement in made(found.repository, name)]
    again = [statement.sql.sql("duckdb") for statement in made(found.repository, name)]
    assert once == again


@pytest.mark.parametrize("name", NAMES)
def test_the_text_is_the_one_that_is_kept(lab, name):
    """RAPPORT_UPDATE_GOLDEN=1 keeps the new text instead."""
    text = "\n\n".join(
        f"-- {statement.purpose}\n{statement.sql.sql('duckdb', pretty=True)};"
        for statement in made(lab(FILES).repository, name)
    )
    path = GOLDEN / f"{name}.sql"
    if os.environ.get("RAPPORT_UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() + b"\n")
    # As bytes: statements hold white space of every kind.
    kept = path.read_bytes().decode() if path.exists() else "(nothing is kept yet)"
    assert text + "\n" == kept, f"{name} differs; if that is meant, set RAPPORT_UPDATE_GOLDEN=1."


@pytest.mark.parametrize("name", NAMES)
def test_a_step_writes_to_one_database(lab, name):
    """The engine cannot write to two attached databases in one transaction."""
    written = set()
    for statement in made(lab(FILES).repository, name):
        target = statement.sql.this or statement.sql.args["tables"][0]
        written.add(next(target.find_all(exp.Table)).db)
    assert len(written - {""}) == 1
