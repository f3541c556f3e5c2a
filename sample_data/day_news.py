"""What is new on a day: customers, orders, contacts with the service, usage and invoices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from sample_data.belongings import addresses, contacts, industries
from sample_data.billing import account_rows, bill
from sample_data.campaigns import Purchases
from sample_data.cases import devices
from sample_data.catalogue import SERVICE_LINES, plans
from sample_data.contracts import Contracts, contract_rows, sign
from sample_data.customers import NEVER, customer_rows, make_customers
from sample_data.day import Day, remembered
from sample_data.dirt import spoil_block
from sample_data.generator import OLD_EXPORTS
from sample_data.months import MONTHS
from sample_data.ordering import place, stock
from sample_data.payments import securities, settle
from sample_data.service import interact_today, interaction_rows

_FIRST = (
    "crm.household",
    "crm.customer",
    "billing.billing_account",
    "crm.contract",
    "billing.invoice",
)


def bring_news(day: Day) -> None:
    """Write the new rows of the day, with the usual share of dirt."""
    held = day.choose("billing.billing_account", day.about(40), *_known(day))
    made = _new_customers(day) | _contacts(day, held) | _invoices(day)
    _write(day, made)
    _write_drops(day, _orders(day, held))
    _market_data(day)


def _known(day: Day) -> tuple[sa.ColumnElement[bool], ...]:
    account = day.table("billing.billing_account")
    return account.c.status == "ACTIVE", account.c.customer_ref.is_not(None)


def _write(day: Day, made: dict[str, pa.Table]) -> None:
    dirty = spoil_block(made, day.rng, day.numbers, day.ledger, day.today, at_least_one=False)
    for name in sorted(dirty, key=lambda n: _FIRST.index(n) if n in _FIRST else len(_FIRST)):
        day.systems.write(name, dirty[name])


def _new_customers(day: Day) -> dict[str, pa.Table]:
    company, rng, numbers = day.company, day.rng, day.numbers
    count = day.about(1.3)
    since = np.full(count, company.calendar.end)
    customers, households = make_customers(company, rng, count, numbers, since)
    contracts, accounts = sign(company, rng, customers, numbers)
    contact_table, _ = contacts(rng, customers, numbers)
    device_table, _, _ = devices(company, rng, customers, contracts, numbers)
    return (
        {
            "crm.household": households,
            "crm.customer": customer_rows(company, rng, customers),
            "crm.contact": contact_table,
            "crm.address": addresses(rng, customers, numbers),
            "crm.customer_industry": industries(company, rng, customers),
            "billing.billing_account": account_rows(company, rng, customers, contracts, accounts),
            "crm.installed_product": device_table,
        }
        | contract_rows(company, rng, customers, contracts, accounts, numbers)
        | securities(company, rng, customers, accounts, numbers)
    )


def _contacts(day: Day, held: list[Any]) -> dict[str, pa.Table]:
    """Contacts of today, and one that the call centre only hands over now."""
    customers, _ = remembered(day, held)
    count = day.about(18)
    who = day.rng.integers(0, len(customers), count)
    when = np.full(count, day.company.calendar.end)
    when[0] -= int(day.rng.integers(14, 40))
    made = interact_today(day.company, day.rng, customers, who, when, day.numbers)
    table = interaction_rows(day.rng, customers, made, np.full(len(customers), -1))
    in_time = table["started_at"].to_numpy() >= day.company.calendar.end.astype("datetime64[s]")
    _hand_over(day, table.filter(pa.array(~in_time)))
    return {"crm.interaction": table.filter(pa.array(in_time))}


def _hand_over(day: Day, late: pa.Table) -> None:
    stamp = pa.scalar(day.moment(), pa.timestamp("s"))
    for number, before in zip(late["interaction_id"], late["updated_at"], strict=True):
        day.ledger.enter(
            "crm.interaction",
            [number.as_py()],
            "updated_at",
            "late_row",
            before.as_py(),
            stamp.as_py(),
        )
    day.systems.write(
        "crm.interaction",
        late.set_column(
            late.schema.get_field_index("updated_at"), "updated_at", pa.repeat(stamp, len(late))
        ),
    )


def _invoices(day: Day) -> dict[str, pa.Table]:
    """Usage and invoices of the accounts whose billing day is today."""
    account, contract = day.table("billing.billing_account"), day.table("crm.contract")
    due = day.read(
        "billing.billing_account",
        sa.select(account)
        .where(*_known(day), account.c.billing_day == day.today.day)
        .order_by(account.c.account_number),
    )
    if not due:
        return {}
    customers, accounts = remembered(day, due)
    position = {a.account_number: n for n, a in enumerate(due)}
    running = day.read(
        "crm.contract",
        sa.select(contract)
        .where(
            contract.c.account_number.in_(list(position)),
            contract.c.end_date.is_(None),
        )
        .order_by(contract.c.contract_id),
    )
    if not running:
        return {}
    owner = np.array([position[c.account_number] for c in running])
    contracts = _running(running, owner)
    made, invoices = bill(day.company, day.rng, customers, contracts, accounts, day.numbers)
    return made | settle(day.company, day.rng, customers, accounts, invoices, day.numbers)


def _running(held: list[Any], owner: np.ndarray) -> Contracts:
    """Contracts as they stand in the CRM, as if they had begun this month."""
    count, codes = len(held), plans().code
    plan = np.array([codes.index(c.plan_code) for c in held])
    fee = np.array([round(c.monthly_fee * 100) for c in held])
    return Contracts(
        id=np.array([c.contract_id for c in held]),
        who=owner,
        account=owner,
        line=np.array([SERVICE_LINES.index(c.service_line) for c in held]),
        first_plan=plan,
        plan=plan,
        change_month=np.full(count, -1),
        start=np.array([c.start_date for c in held], dtype="datetime64[D]"),
        start_month=np.full(count, MONTHS - 1),
        commitment_end=np.full(count, NEVER),
        discount=np.array([round(c.discount_percent * 100) for c in held]),
        fee=np.repeat(fee[:, None], MONTHS, axis=1),
        ended=np.full(count, NEVER),
        reason=np.full(count, -1),
        competitor=np.full(count, -1),
    )


def _orders(day: Day, held: list[Any]) -> dict[str, pa.Table]:
    """Orders of today and one of weeks ago that only arrives now."""
    customers, accounts = remembered(day, held)
    count, end = day.about(9), day.company.calendar.end
    who = np.sort(day.rng.integers(0, len(customers), count))
    when = np.full(count, end)
    when[0] -= int(day.rng.integers(14, 40))
    wishes = Purchases(who, when, np.full(count, -1))
    made = place(day.company, day.rng, customers, accounts, wishes, day.numbers)
    number = made["sales.sales_order"]["order_number"][0].as_py()
    day.ledger.enter(
        "sales.sales_order", [number], "*", "late_row", str(when[0])[:7], day.today.isoformat()
    )
    # The late order is spoken for; it stays out of the way of other dirt.
    late = {
        name: table.filter(pc.equal(table["order_number"], number)) for name, table in made.items()
    }
    rest = {
        name: table.filter(pc.not_equal(table["order_number"], number))
        for name, table in made.items()
    }
    dirty = spoil_block(rest, day.rng, day.numbers, day.ledger, day.today, at_least_one=False)
    orders = {name: pa.concat_tables([dirty[name], late[name]]) for name in made}
    orders["sales.sales_order"] = pa.concat_tables(
        [_delivered_today(day), orders["sales.sales_order"]]
    )
    return orders


def _delivered_today(day: Day) -> pa.Table:
    """Orders of four days ago once more, now that they have arrived."""
    end = day.company.calendar.end
    then, drops = end - 4, day.systems.drops["sales"]
    label = str(then)
    if not drops.path("sales.sales_order", label).exists():
        label = str(then.astype("datetime64[M]"))
    encoding = "cp1252" if label in _old_labels(day) else "utf-8"
    orders = drops.read("sales.sales_order", label, encoding)
    waiting = pc.and_(
        pc.equal(orders["order_date"], pa.scalar(then.item())),
        pc.is_in(orders["status"], pa.array(["OPEN", "SHIPPED"])),
    )
    orders = orders.filter(waiting)
    shipped = pc.fill_null(orders["shipped_on"], pa.scalar((end - 1).item()))
    stamp = pa.scalar(day.moment(), pa.timestamp("s"))
    for column, values in (
        ("shipped_on", shipped),
        ("delivered_on", pa.repeat(pa.scalar(end.item()), len(orders))),
        ("status", pa.repeat(pa.scalar("DELIVERED"), len(orders))),
        ("updated_at", pa.repeat(stamp, len(orders))),
    ):
        index = orders.schema.get_field_index(column)
        orders = orders.set_column(index, orders.schema.field(column), values)
    return orders


def _old_labels(day: Day) -> set[str]:
    return {day.company.calendar.label(m) for m in OLD_EXPORTS["sales.sales_order"]}


def _write_drops(day: Day, tables: dict[str, pa.Table]) -> None:
    drops, label = day.systems.drops["sales"], day.today.isoformat()
    for name, table in tables.items():
        if table.num_rows:
            day.systems.counts[name] += table.num_rows
            drops.append(name, label, table)


def _market_data(day: Day) -> None:
    """Today's exchange rates; at the end of a month also a snapshot of the stock."""
    outside, end = day.systems.drops["outside"], day.company.calendar.end
    rates = outside.read("outside.exchange_rate", "")
    latest = {r["currency"]: r["eur_per_unit"] for r in rates.to_pylist()}
    fresh = [
        {
            "rate_date": end.item(),
            "currency": c,
            "eur_per_unit": round(
                rate * round(1_000_000 + float(day.rng.normal(0, 2_500))) / 1_000_000, 6
            ),
        }
        for c, rate in sorted(latest.items())
    ]
    table = pa.Table.from_pylist(fresh, rates.schema)
    outside.append("outside.exchange_rate", "", table)
    day.systems.counts["outside.exchange_rate"] += table.num_rows
    if (end + 1).astype("datetime64[M]") == end.astype("datetime64[M]"):
        return
    for month, snapshot in stock(day.company, day.rng):
        if month == MONTHS - 1:
            _write_drops(day, {"sales.stock": snapshot})
