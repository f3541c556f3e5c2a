"""Facts find the version in force, the unknown member, and the rate of the day."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from transforms import audits

FILES = {
    "model/m.yaml": """\
entity: customer
key: id
changed_at: changed
columns: {id: string, city: string, changed: timestamp}
---
entity: sale
key: id
columns:
  id: string
  day: date
  customer_id: {references: customer}
  amount: decimal(18,2)
  cur: string
---
entity: exchange_rate
key: [currency_code, rate_date]
columns: {currency_code: string, rate_date: date, rate: "decimal(18,8)"}
---
dimension: date
generated: calendar
attributes: {date: , year: , quarter: , month: , week: , fiscal_year: , fiscal_quarter: , is_holiday: , holiday: , is_working_day: , day_of_week: }
---
dimension: customer
entity: customer
attributes: {city: {history: track}}
---
fact: sales
entity: sale
date: day
currency: cur
dimensions:
  day: {dimension: date, from: day}
  customer: customer_id
  again: {dimension: customer, from: customer_id}
degenerate: {city_then: {from: customer_id.city}}
measures:
  amount: {from: amount, convert: true, type: "decimal(18,2)"}
  twice: {expr: amount * 2}
where: amount <> 0
""",
    "mappings/m.yaml": """\
entity: customer
from: s.customer
columns: {id: id, city: city, changed: changed}
---
entity: sale
from: s.sale
columns: {id: id, day: day, customer_id: customer, amount: amount, cur: cur}
---
entity: exchange_rate
from: s.rate
columns: {currency_code: cur, rate_date: day, rate: rate}
""",
}


def sale(key, day="2025-03-01", customer="1", amount="10.00", cur="EUR"):
    return {"id": key, "day": day, "customer": customer, "amount": amount, "cur": cur}


@pytest.fixture
def star(lab):
    def _star(sales, rates=({"cur": "USD", "day": "2025-01-01", "rate": "0.5"},)):
        found = lab(FILES)
        found.calendar("date", {date(2025, 1, 1): "New Year"})
        for number, city in enumerate(("Rome", "Paris")):
            changed = datetime(2025, 2, 1 + number)
            found.land("customer", [{"id": "1", "city": city, "changed": changed}])
            found.stage("customer")
            found.dimension("customer", datetime(2025, 6, 1))
        found.land("sale", list(sales))
        found.land("rate", list(rates))
        found.stage("sale")
        found.stage("exchange_rate")
        found.fact("sales")
        return found

    return _star


def city_of(lab, key):
    return lab.rows(
        "SELECT city FROM warehouse.fact_sales JOIN warehouse.dim_customer USING (customer_key)"
        f" WHERE fact_sales.id = '{key}'"
    )[0][0]


def test_a_fact_points_at_the_version_in_force_on_its_day(star):
    lab = star(
        [sale("before", "2025-01-15"), sale("on", "2025-02-02"), sale("after", "2025-05-01")]
    )
    assert [city_of(lab, key) for key in ("before", "on", "after")] == ["Rome", "Paris", "Paris"]


def test_what_points_nowhere_points_at_the_unknown_member(star):
    lab = star([sale("a", customer=None), sale("b", customer="77"), sale("c", day=None)])
    keys = dict(lab.rows("SELECT id, customer_key FROM warehouse.fact_sales"))
    assert keys["a"] == keys["b"] == -1
    assert lab.rows("SELECT day_key FROM warehouse.fact_sales WHERE id = 'c'") == [(-1,)]
    assert lab.rows("SELECT sum(amount) FROM warehouse.fact_sales") == [(Decimal("30.00"),)]


def test_a_day_outside_the_calendar_is_unknown_not_lost(star):
    assert star([sale("a", "1999-01-01")]).rows("SELECT day_key FROM warehouse.fact_sales") == [
        (-1,)
    ]


def test_an_amount_is_converted_at_the_last_rate_up_to_its_day(star):
    rates = [
        {"cur": "USD", "day": "2025-01-01", "rate": "0.5"},
        {"cur": "USD", "day": "2025-03-01", "rate": "0.8"},
    ]
    lab = star(
        [sale("a", "2025-02-28", cur="USD"), sale("b", "2025-03-01", cur="USD"), sale("c")], rates
    )
    assert lab.rows("SELECT id, amount, amount_original FROM warehouse.fact_sales ORDER BY 1") == [
        ("a", Decimal("5.00"), Decimal("10.00")),
        ("b", Decimal("8.00"), Decimal("10.00")),
        ("c", Decimal("10.00"), Decimal("10.00")),
    ]


def test_without_a_rate_an_amount_is_absent_rather_than_wrong(star):
    lab = star([sale("a", "2024-06-01", cur="USD"), sale("b", cur="XXX")])
    assert lab.rows("SELECT DISTINCT amount FROM warehouse.fact_sales") == [(None,)]
    told = {a.name: lab.rows(a.sql.sql("duckdb"))[0][0] for a in audits(lab.repository)}
    assert told["fact_sales: every amount has a rate"] == 2


def test_rows_that_are_no_facts_are_left_out_and_the_audits_know(star):
    lab = star([sale("a"), sale("b", amount="0.00")])
    assert lab.rows("SELECT count(*) FROM warehouse.fact_sales") == [(1,)]
    assert not [a.name for a in audits(lab.repository) if lab.rows(a.sql.sql("duckdb"))[0][0]]


@pytest.mark.parametrize(
    ("harm", "audit"),
    [
        ("DELETE FROM warehouse.fact_sales WHERE id = 'a'", "has a row for each staged row"),
        ("UPDATE warehouse.fact_sales SET amount_original = 11", "adds up to what was staged"),
        ("UPDATE warehouse.fact_sales SET customer_key = 99", "every key is in its dimension"),
        ("DELETE FROM warehouse.dim_customer WHERE customer_key = -1", "one unknown member"),
        ("UPDATE warehouse.dim_customer SET is_current = true", "one current version"),
        ("UPDATE warehouse.dim_customer SET valid_to = '9999-01-01'", "versions do not overlap"),
        (
            "INSERT INTO warehouse.dim_customer SELECT * FROM warehouse.dim_customer",
            "keys are unique",
        ),
    ],
)
def test_an_audit_notices_harm(star, harm, audit):
    lab = star([sale("a"), sale("b")])
    lab.rows(harm)
    failed = [a.name for a in audits(lab.repository) if lab.rows(a.sql.sql("duckdb"))[0][0]]
    assert any(audit in name for name in failed), failed


class TestCalendar:
    """Days carry what people ask for; the fiscal year here begins in April."""

    def test_a_day(self, star):
        lab = star([sale("a")])
        found = lab.rows(
            "SELECT date_key, year, quarter, month, week, fiscal_year, fiscal_quarter, day_of_week"
            " FROM warehouse.dim_date WHERE date = '2024-12-30'"
        )
        assert found == [
            (20241230, 2024, "2024-Q4", "2024-12", "2025-W01", "FY2025", "FY2025-Q3", 1)
        ]

    def test_the_fiscal_year_turns_in_april(self, star):
        lab = star([sale("a")])
        found = lab.rows(
            "SELECT fiscal_year, fiscal_quarter FROM warehouse.dim_date"
            " WHERE date IN ('2025-03-31', '2025-04-01') ORDER BY date"
        )
        assert found == [("FY2025", "FY2025-Q4"), ("FY2026", "FY2026-Q1")]

    def test_holidays_and_the_unknown_day(self, star):
        lab = star([sale("a")])
        assert lab.rows(
            "SELECT holiday, is_working_day FROM warehouse.dim_date WHERE date = '2025-01-01'"
        ) == [("New Year", False)]
        assert lab.rows("SELECT month, year FROM warehouse.dim_date WHERE date_key = -1") == [
            ("Unknown", None)
        ]
        assert lab.rows("SELECT count(*) FROM warehouse.dim_date") == [(366 + 365 + 1,)]
