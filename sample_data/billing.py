"""Billing of a block: accounts, monthly usage, and invoices whose totals are their lines' sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_data.catalogue import SERVICE_LINES, plans
from sample_data.company import Company
from sample_data.contracts import LOCAL_PRICE, Accounts, Contracts
from sample_data.customers import Customers
from sample_data.months import MONTHS, ROAMING_SEASON
from sample_data.places import COUNTRIES, places
from sample_data.rows import Numbers, choose, pick, rows

_SERVICES = ("VOICE", "SMS", "DATA", "ROAMING", "BROADBAND")
_UNITS = ("MIN", "MSG", "MB", "MB", "MB")
_MEAN_QUANTITY = np.array([160.0, 24.0, 9_500.0, 350.0, 180_000.0])
_PER_EVENT = np.array([3.1, 1.0, 40.0, 25.0, 2_000.0])
_OVER_PLAN = np.array([0.10, 0.12, 0.10, 1.0, 0.0])
_PRICE = np.array([9.0, 9.0, 0.12, 2.6, 0.0])  # cents for a unit beyond the plan
_LINE_OF_SERVICE = np.array([0, 0, 0, 0, 2])
HOUR = 3_600


@dataclass(frozen=True)
class Invoices:
    """Invoices of a block as parallel arrays, by month; ``account`` is an index."""

    id: np.ndarray
    account: np.ndarray
    month: np.ndarray
    issued: np.ndarray
    net: np.ndarray
    tax: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """Net and tax, in cents."""
        total: np.ndarray = self.net + self.tax
        return total


def account_rows(
    company: Company,
    rng: np.random.Generator,
    customers: Customers,
    contracts: Contracts,
    accounts: Accounts,
) -> pa.Table:
    """Rows of billing.billing_account, a copy of the customer as billing got to know it."""
    who, count = accounts.who, len(accounts.who)
    index = pa.array(who)
    opened = np.full(count, np.datetime64("2999-12-31", "D"))
    np.minimum.at(opened, contracts.account, contracts.start)
    opened = np.where(opened.astype(int) > 300_000, customers.since[who], opened)
    closed = customers.ended[who]
    city, place = customers.city[who], places()
    debit = np.where(accounts.direct_debit, 0, choose(rng, (1, 2), count) + 1)
    return rows(
        "billing.billing_account",
        account_number=accounts.text,
        customer_ref=pa.array(customers.id[who]).cast(pa.string()),
        customer_name=customers.name.take(index),
        email=customers.email.take(index),
        phone=pc.if_else(
            pa.array(rng.random(count) < 0.7),
            customers.mobile.take(index),
            customers.phone.take(index),
        ),
        street=customers.street.take(index),
        postal_code=customers.postal_code.take(index),
        city=pick(place.city, city),
        country_code=pick([c.code for c in COUNTRIES], customers.country[who]),
        currency=pick([c.currency for c in COUNTRIES], customers.country[who]),
        payment_method=pick(["DIRECT_DEBIT", "CARD", "TRANSFER"], debit),
        invoice_delivery=pick(["EMAIL", "PAPER"], (rng.random(count) < 0.25).astype(int)),
        billing_day=accounts.billing_day,
        status=pick(["ACTIVE", "CLOSED"], (~np.isnat(closed)).astype(int)),
        opened_on=opened,
        closed_on=closed,
        updated_at=np.where(np.isnat(closed), opened, closed).astype("datetime64[s]") + 18 * HOUR,
    )


def bill(
    company: Company,
    rng: np.random.Generator,
    customers: Customers,
    contracts: Contracts,
    accounts: Accounts,
    numbers: Numbers,
) -> tuple[dict[str, pa.Table], Invoices]:
    """Usage, invoices and lines of one block; invoices come month by month."""
    calendar = company.calendar
    issue_day = calendar.month_starts[:MONTHS] + (accounts.billing_day[:, None] - 1)
    billed = contracts.active(company)
    billed &= contracts.start[:, None] <= issue_day[contracts.account]
    billed &= issue_day[contracts.account] <= calendar.end
    held = np.zeros((len(accounts.who), MONTHS, len(SERVICE_LINES)), dtype=np.int64)
    for line in range(len(SERVICE_LINES)):
        of_line = contracts.line == line
        np.add.at(held[:, :, line], contracts.account[of_line], billed[of_line])
    month, account = np.nonzero(held.any(axis=2).T)
    invoice_id = 70_000_000 + numbers.take("invoice", len(month))
    at = np.full((len(accounts.who), MONTHS), -1)
    at[account, month] = np.arange(len(month))
    issued = issue_day[account, month]
    usage, charge, charged_service = _usage(
        company, rng, customers, accounts, held[account, month], account, month, issued, numbers
    )
    lines, net, tax = _lines(
        customers, contracts, accounts, billed, at, invoice_id, issued, charge, charged_service
    )
    invoices = Invoices(invoice_id, account, month, issued, net, tax)
    return {"billing.usage_record": usage, "billing.invoice_line": lines}, invoices


@dataclass(frozen=True)
class Charges:
    """What usage cost beyond the plan, for each usage record; ``owner`` is an invoice index."""

    owner: np.ndarray
    amount: np.ndarray


def _usage(
    company: Company,
    rng: np.random.Generator,
    customers: Customers,
    accounts: Accounts,
    held: np.ndarray,
    account: np.ndarray,
    month: np.ndarray,
    issued: np.ndarray,
    numbers: Numbers,
) -> tuple[pa.Table, Charges, np.ndarray]:
    season = ROAMING_SEASON[company.calendar.month_of_year[month]]
    mobile, fixed, broadband = held[:, 0], held[:, 1], held[:, 2]
    roll = rng.random((len(account), 2))
    uses = np.stack(
        [
            mobile + fixed,
            mobile * (roll[:, 0] < 0.45),
            mobile,
            mobile * (roll[:, 1] < 0.07 * season),
            broadband,
        ],
        axis=1,
    )
    owner, service = np.nonzero(uses)
    lines_held, count = uses[owner, service], len(owner)
    # Usage grows over the years and fades before a customer leaves.
    who = accounts.who[account[owner]]
    left = customers.ended_or_never[who].astype("datetime64[M]").astype(
        int
    ) - company.calendar.month_starts[month[owner]].astype("datetime64[M]").astype(int)
    fading = np.array([0.55, 0.7, 0.85, 1.0])[left.clip(0, 3)]
    growth = np.where(service == 1, 0.99, np.where(service >= 2, 1.015, 1.0)) ** month[owner]
    quantity = (
        _MEAN_QUANTITY[service] * lines_held * fading * growth * rng.lognormal(-0.3, 0.75, count)
    )
    events = np.maximum(quantity / _PER_EVENT[service], 1).astype(np.int64)
    drop = company.market.drop_rate[
        places().region[customers.city[who]], _LINE_OF_SERVICE[service], month[owner]
    ]
    dropped = rng.binomial(events, np.clip(drop / 100, 0, 1))
    over = rng.random(count) < _OVER_PLAN[service]
    share = np.where(service == 3, 1.0, rng.uniform(0.05, 0.4, count))
    local = LOCAL_PRICE[customers.country[who]]
    amount = np.where(over, np.round(quantity * share * _PRICE[service] * local), 0)
    amount = amount.astype(np.int64)
    table = rows(
        "billing.usage_record",
        usage_id=numbers.take("usage_record", count),
        account_number=accounts.text.take(pa.array(account[owner])),
        usage_month=company.calendar.month_starts[month[owner]],
        service=pick(_SERVICES, service),
        quantity=np.round(quantity * 1000).astype(np.int64),
        unit=pick(_UNITS, service),
        events=events,
        dropped_events=dropped,
        amount=amount,
        currency=pick([c.currency for c in COUNTRIES], customers.country[who]),
        updated_at=issued[owner].astype("datetime64[s]") + 2 * HOUR,
    )
    return table, Charges(owner, amount), service


def _lines(
    customers: Customers,
    contracts: Contracts,
    accounts: Accounts,
    billed: np.ndarray,
    at: np.ndarray,
    invoice_id: np.ndarray,
    issued: np.ndarray,
    charge: Charges,
    service: np.ndarray,
) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    """The lines, and the sums of net and tax for each invoice."""
    contract, month = np.nonzero(billed)
    fee = contracts.fee[contract, month]
    discount = -np.round(fee * contracts.discount[contract] / 10_000).astype(np.int64)
    cut = np.flatnonzero(discount)
    used = np.flatnonzero(charge.amount)
    owner = np.concatenate(
        [
            at[contracts.account[contract], month],
            at[contracts.account[contract[cut]], month[cut]],
            charge.owner[used],
        ]
    )
    holder = np.concatenate([contract, contract[cut], np.full(len(used), -1)])
    net = np.concatenate([fee, discount[cut], charge.amount[used]])
    kind = np.repeat([0, 1, 2], [len(contract), len(cut), len(used)])
    line = np.concatenate(
        [contracts.line[contract], contracts.line[contract[cut]], _LINE_OF_SERVICE[service[used]]]
    )
    changed = (contracts.change_month[contract] >= 0) & (month >= contracts.change_month[contract])
    plan = np.where(changed, contracts.plan[contract], contracts.first_plan[contract])
    plan = np.concatenate([plan, plan[cut], np.full(len(used), -1)])
    order = np.lexsort((kind, holder, owner))
    owner, holder, net, kind = owner[order], holder[order], net[order], kind[order]
    percent = np.array([round(c.tax_percent * 100) for c in COUNTRIES])
    country_of_account = customers.country[accounts.who]
    account_of_invoice = np.nonzero(at.T >= 0)[1]
    rate = percent[country_of_account[account_of_invoice[owner]]]
    tax = np.round(net * rate / 10_000).astype(np.int64)
    first = np.searchsorted(owner, owner)
    table = rows(
        "billing.invoice_line",
        invoice_id=invoice_id[owner],
        line_number=np.arange(len(owner)) - first + 1,
        line_type=pick(["FEE", "DISCOUNT", "USAGE"], kind),
        contract_id=np.where(holder < 0, -1, contracts.id[holder.clip(0)]),
        plan_code=pick(plans().code, plan[order]),
        service_line=pick(SERVICE_LINES, line[order]),
        net_amount=net,
        tax_percent=rate,
        tax_amount=tax,
        updated_at=issued[owner].astype("datetime64[s]") + 3 * HOUR,
    )
    count = len(invoice_id)
    return (
        table,
        np.bincount(owner, net, count).astype(np.int64),
        np.bincount(owner, tax, count).astype(np.int64),
    )
