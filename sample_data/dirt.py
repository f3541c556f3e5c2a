"""Injects dirt of every common kind into clean rows and enters each value in the ledger.

A row is spoiled at most once, so that what the ledger says of it is the whole truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_data import spoiling as s
from sample_data.company import FIRST_CUSTOMER
from sample_data.ledger import Ledger
from sample_data.rows import Numbers
from sample_data.schema import TABLES

DUPLICATE_RATE = 0.02
REPEATED_RATE = 0.003


@dataclass(frozen=True)
class Rule:
    """Spoil a share of a column's values in one way."""

    table: str
    column: str
    kind: str
    rate: float
    spoil: s.Spoil


def rules(until: date) -> tuple[Rule, ...]:
    """Every way in which the sample is dirty, except for added and moved rows."""
    late = s.days_later(until)
    country = s.one_of("UK", "GER", "XX", "D")
    return (
        Rule("crm.customer", "email", "broken_email", 0.015, s.broken_email),
        Rule("crm.customer", "phone", "broken_phone", 0.012, s.broken_phone),
        Rule("crm.customer", "mobile_phone", "full_width_digits", 0.006, s.full_width),
        Rule("crm.customer", "last_name", "letter_case", 0.01, s.letter_case),
        Rule("crm.customer", "first_name", "trailing_blanks", 0.01, s.blanks),
        Rule("crm.customer", "birth_date", "impossible_value", 0.006, s.impossible_birth),
        Rule("crm.customer", "segment_code", "unknown_code", 0.01, s.one_of("X-99", "P-PLAT", "?")),
        Rule("crm.customer", "gender", "unknown_code", 0.006, s.one_of("W", "1", "Herr")),
        Rule("crm.customer", "country_code", "unknown_code", 0.006, country),
        Rule("crm.customer", "credit_class", "unknown_code", 0.004, s.one_of("Z", "AA")),
        Rule("crm.customer", "status", "test_row", 0.004, s.one_of("TEST")),
        Rule("crm.customer", "is_deleted", "soft_delete", 0.008, s.one_of(True)),
        Rule("crm.contact", "email", "broken_email", 0.012, s.broken_email),
        Rule("crm.contact", "phone", "broken_phone", 0.012, s.broken_phone),
        Rule("crm.contact", "first_name", "letter_case", 0.01, s.letter_case),
        Rule("crm.address", "postal_code", "full_width_digits", 0.01, s.full_width),
        Rule("crm.address", "city", "trailing_blanks", 0.012, s.blanks),
        Rule("crm.address", "city", "letter_case", 0.01, s.letter_case),
        Rule("crm.address", "country_code", "unknown_code", 0.006, country),
        Rule("crm.lead", "captured_on", "mixed_date_format", 0.03, s.slashed_date),
        Rule("crm.lead", "email", "broken_email", 0.02, s.broken_email),
        Rule("crm.contract", "end_date", "impossible_value", 0.003, s.years_before),
        Rule("crm.interaction", "customer_id", "orphan", 0.003, s.far_number),
        Rule("crm.interaction", "duration_seconds", "impossible_value", 0.004, s.negative),
        Rule("crm.interaction", "reason", "unknown_code", 0.004, s.one_of("MISC", "??")),
        Rule("crm.interaction", "updated_at", "late_row", 0.008, late),
        Rule("crm.campaign_response", "campaign_id", "orphan", 0.005, s.far_number),
        Rule("crm.service_case", "reason", "unknown_code", 0.005, s.one_of("N/A", "TBD")),
        Rule("crm.case_status_change", "changed_at", "out_of_order", 0.003, s.days_earlier),
        Rule(
            "billing.billing_account",
            "customer_name",
            "cross_system_difference",
            0.03,
            s.other_spelling,
        ),
        Rule("billing.billing_account", "email", "cross_system_difference", 0.02, s.other_email),
        Rule("billing.billing_account", "customer_ref", "unlinked_account", 0.012, s.one_of(None)),
        Rule("billing.billing_account", "phone", "broken_phone", 0.01, s.broken_phone),
        Rule("billing.usage_record", "quantity", "impossible_value", 0.001, s.negative),
        Rule(
            "billing.usage_record",
            "account_number",
            "orphan",
            0.001,
            s.one_of("A99999990", "A99999991"),
        ),
        Rule("billing.usage_record", "updated_at", "late_row", 0.004, late),
        Rule("billing.invoice", "total_amount", "wrong_total", 0.003, s.off_by_some),
        Rule("billing.invoice_line", "invoice_id", "orphan", 0.0005, s.far_number),
        Rule("billing.payment", "invoice_id", "orphan", 0.002, s.far_number),
        Rule("sales.sales_order", "channel_code", "unknown_code", 0.01, s.one_of("KIOSK", "web ")),
        Rule("sales.sales_order", "customer_id", "orphan", 0.005, s.far_number),
        Rule("sales.sales_order", "delivery_city", "trailing_blanks", 0.01, s.blanks),
        Rule("sales.order_line", "product_code", "orphan", 0.004, s.one_of("ZZ-999", "PH-000")),
        Rule("sales.order_line", "quantity", "impossible_value", 0.003, s.negative),
        Rule("sales.order_line", "order_number", "orphan", 0.002, _missing_order),
        Rule("sales.sales_return", "returned_on", "mixed_date_format", 0.04, s.slashed_date),
    )


def _missing_order(_: np.random.Generator, value: str) -> str:
    return "O9" + value[2:]


def spoil_block(
    tables: dict[str, pa.Table],
    rng: np.random.Generator,
    numbers: Numbers,
    ledger: Ledger,
    until: date,
    at_least_one: bool,
) -> dict[str, pa.Table]:
    """The tables with dirt; ``at_least_one`` makes sure that even a tiny sample has every kind."""
    spoiled = dict(tables)
    for name in tables:
        of_table = [rule for rule in rules(until) if rule.table == name]
        spoiled[name], _ = _spoil(tables[name], of_table, rng, ledger, at_least_one)
    if "crm.customer" in tables:
        _duplicate(spoiled, tables["crm.customer"], rng, numbers, ledger, at_least_one)
    if "sales.order_line" in tables:
        spoiled["sales.order_line"] = _repeat(spoiled["sales.order_line"], rng, ledger)
    return spoiled


def _spoil(
    table: pa.Table,
    of_table: list[Rule],
    rng: np.random.Generator,
    ledger: Ledger,
    at_least_one: bool,
) -> tuple[pa.Table, np.ndarray]:
    """One table with its rules applied, and which rows they touched."""
    free = np.ones(table.num_rows, dtype=bool)
    for rule in of_table:
        candidates = np.flatnonzero(free & table[rule.column].is_valid().to_numpy())
        wanted = int(rng.binomial(len(candidates), rule.rate))
        wanted = min(max(wanted, int(at_least_one)), len(candidates))
        if not wanted:
            continue
        chosen = np.sort(rng.choice(candidates, wanted, replace=False))
        before = table[rule.column].take(pa.array(chosen)).to_pylist()
        after = [rule.spoil(rng, value) for value in before]
        table = _put(table, rule.column, chosen, after)
        free[chosen] = False
        keys = table.select(TABLES[rule.table].primary_key).take(pa.array(chosen)).to_pylist()
        for key, old, new in zip(keys, before, after, strict=True):
            if old != new:
                ledger.enter(rule.table, list(key.values()), rule.column, rule.kind, old, new)
    return table, ~free


def _put(table: pa.Table, column: str, at: np.ndarray, values: list[Any]) -> pa.Table:
    mask = np.zeros(table.num_rows, dtype=bool)
    mask[at] = True
    old = table[column].combine_chunks()
    new = pc.replace_with_mask(old, pa.array(mask), pa.array(values, old.type))
    return table.set_column(table.schema.get_field_index(column), table.schema.field(column), new)


def _duplicate(
    tables: dict[str, pa.Table],
    clean: pa.Table,
    rng: np.random.Generator,
    numbers: Numbers,
    ledger: Ledger,
    at_least_one: bool,
) -> None:
    """Second records of customers, spelled a little differently, each with an address."""
    count = max(int(rng.binomial(clean.num_rows, DUPLICATE_RATE)), int(at_least_one))
    if not count:
        return
    chosen = np.sort(rng.choice(clean.num_rows, count, replace=False))
    numbers_taken = FIRST_CUSTOMER - 1 + numbers.take("customer", count)
    people = clean.take(pa.array(chosen)).to_pylist()
    twin_of: dict[int, int] = {}
    for person, twin in zip(people, numbers_taken.tolist(), strict=True):
        true_id = person["customer_id"]
        twin_of[true_id] = twin
        column = "company_name" if person["customer_type"] == "C" else "last_name"
        person |= {"customer_id": twin, column: s.other_spelling(rng, person[column])}
        way = int(rng.integers(3))
        if way == 0:
            person["email"] = None
        elif way == 1:
            person["phone"] = person["phone"].replace(" ", "-")
        else:
            person["first_name"] = person["first_name"] and person["first_name"][0] + "."
        ledger.enter("crm.customer", [twin], "customer_id", "duplicate", true_id, twin)
    tables["crm.customer"] = pa.concat_tables(
        [tables["crm.customer"], pa.Table.from_pylist(people, clean.schema)]
    )
    addresses = tables["crm.address"]
    theirs = pc.is_in(addresses["customer_id"], pa.array(list(twin_of), pa.int32()))
    copies = addresses.filter(theirs).to_pylist()
    for copy, number in zip(copies, numbers.take("address", len(copies)).tolist(), strict=True):
        copy |= {"address_id": number, "customer_id": twin_of[copy["customer_id"]]}
    tables["crm.address"] = pa.concat_tables(
        [addresses, pa.Table.from_pylist(copies, addresses.schema)]
    )


def _repeat(lines: pa.Table, rng: np.random.Generator, ledger: Ledger) -> pa.Table:
    """Some lines are delivered twice, the second time right after the first."""
    count = max(1, int(rng.binomial(lines.num_rows, REPEATED_RATE))) if lines.num_rows else 0
    chosen = np.sort(rng.choice(lines.num_rows, count, replace=False))
    repeats = np.ones(lines.num_rows, dtype=np.int64)
    repeats[chosen] = 2
    keys = lines.select(["order_number", "line_number"]).take(pa.array(chosen)).to_pylist()
    for key in keys:
        ledger.enter("sales.order_line", list(key.values()), "*", "repeated_row", "1", "2")
    return lines.take(pa.array(np.repeat(np.arange(lines.num_rows), repeats)))
