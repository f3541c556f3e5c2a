"""Rates hold from their day to the next; shares of a bridge add up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from transforms import audits, load_bridge

SALES = {
    "model/m.yaml": """\
entity: sale
key: id
columns: {id: string, day: date, amount: "decimal(18,2)", cur: string}
---
entity: exchange_rate
key: [currency_code, rate_date]
columns: {currency_code: string, rate_date: date, rate: "decimal(18,8)"}
---
dimension: date
generated: calendar
attributes: {date: }
---
fact: sales
entity: sale
date: day
currency: cur
dimensions: {day: {dimension: date, from: day}}
measures: {amount: {from: amount, convert: true, type: "decimal(18,2)"}}
""",
    "mappings/m.yaml": """\
entity: sale
from: s.sale
columns: {id: id, day: day, amount: amount, cur: cur}
---
entity: exchange_rate
from: s.rate
columns: {currency_code: cur, rate_date: day, rate: rate}
""",
}
RATES = [
    ("USD", "2023-12-01", "0.5"),
    ("USD", "2024-03-01", "0.6"),
    ("USD", "2025-03-01", "0.7"),
    ("USD", "2026-03-01", "0.8"),
    ("GBP", "2024-02-01", "2"),
]


@pytest.mark.parametrize(
    ("day", "currency", "expected"),
    [
        ("2023-11-30", "USD", None),
        ("2023-12-01", "USD", "5.00"),
        ("2024-02-29", "USD", "5.00"),
        ("2024-03-01", "USD", "6.00"),
        ("2025-02-28", "USD", "6.00"),
        ("2025-12-31", "USD", "7.00"),
        ("2024-01-31", "GBP", None),
        ("2030-01-01", "GBP", "20.00"),
        ("1999-01-01", "EUR", "10.00"),
        (None, "USD", None),
        (None, "EUR", "10.00"),
    ],
)
def test_an_amount_is_converted_at_the_last_rate_up_to_its_day(lab, day, currency, expected):
    found = lab(SALES)
    found.calendar("date")
    found.land("sale", [{"id": "a", "day": day, "amount": "10", "cur": currency}])
    found.land("rate", [{"cur": c, "day": d, "rate": r} for c, d, r in RATES])
    found.stage("sale")
    found.stage("exchange_rate")
    found.fact("sales")
    assert found.rows("SELECT amount, amount_original FROM warehouse.fact_sales") == [
        (Decimal(expected) if expected else None, Decimal("10.00"))
    ]


def test_a_rate_is_found_once_for_each_fact(lab):
    found = lab(SALES)
    found.calendar("date")
    days = [date(2024, 1, 1 + i).isoformat() for i in range(31)]
    found.land("sale", [{"id": d, "day": d, "amount": "10", "cur": "USD"} for d in days])
    found.land("rate", [{"cur": c, "day": d, "rate": "2"} for c in ("USD", "GBP") for d in days])
    found.stage("sale")
    found.stage("exchange_rate")
    found.fact("sales")
    assert found.rows("SELECT count(*), sum(amount) FROM warehouse.fact_sales") == [
        (31, Decimal("620.00"))
    ]


BRIDGE = {
    "model/m.yaml": """\
entity: customer
key: id
columns: {id: string}
---
entity: industry
key: code
columns: {code: string}
---
entity: link
key: [id, code]
columns: {id: string, code: string, tree: string, share: double}
---
dimension: customer
entity: customer
attributes: {id: }
---
dimension: industry
entity: industry
attributes: {code: }
---
bridge: industries
entity: link
dimension: customer
dimension_key: id
group: industry
group_key: code
weight: share
within: tree
""",
    "mappings/m.yaml": """\
entity: customer
from: s.customer
columns: {id: id}
---
entity: industry
from: s.sale
columns: {code: id}
---
entity: link
from: s.other
columns: {id: customer, code: code, tree: tree, share: share}
""",
}


@pytest.mark.parametrize(
    ("shares", "expected", "warned"),
    [
        ((0.75, 0.25), [0.25, 0.75], False),
        ((None, None), [0.5, 0.5], False),
        ((0.75, None), [0.0, 0.75], True),
        ((0.75, 0.75), [0.75, 0.75], True),
    ],
)
def test_shares_add_up_within_a_tree(lab, shares, expected, warned):
    found = lab(BRIDGE)
    found.land("customer", [{"id": "1"}])
    found.land("sale", [{"id": "a"}, {"id": "b"}, {"id": "c"}])
    links = [("a", "X", shares[0]), ("b", "X", shares[1]), ("c", "Y", 1.0)]
    found.land(
        "other",
        [
            {"id": i, "customer": "1", "code": code, "tree": tree, "share": share}
            for i, (code, tree, share) in enumerate(links)
        ],
    )
    for entity in ("customer", "industry", "link"):
        found.stage(entity)
    for dimension in ("customer", "industry"):
        found.dimension(dimension, None)
    found.run(load_bridge(found.repository, "industries"))
    rows = found.rows(
        "SELECT weight FROM warehouse.bridge_industries WHERE within = 'X' ORDER BY 1"
    )
    assert [weight for (weight,) in rows] == expected
    told = {audit.name: audit for audit in audits(found.repository)}
    audit = told["bridge_industries: shares add up to 1"]
    assert bool(found.rows(audit.sql.sql("duckdb"))[0][0]) is warned
