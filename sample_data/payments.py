"""How invoices are paid, or not: payments, reminders, disputes, credit limits and guarantees."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sample_data.billing import HOUR, Invoices
from sample_data.company import Company
from sample_data.contracts import Accounts
from sample_data.customers import NEVER, Customers
from sample_data.places import COUNTRIES
from sample_data.rows import Numbers, choose, pick, rows

_TERMS = 14
DUNNED_AFTER = np.array([10, 24, 40, 60])  # days past due of levels 1 to 4
DUNNING_FEES = np.array([0, 500, 1_000, 2_500])
_LATE = np.array([0.012, 0.03, 0.09, 0.22, 0.42])  # by credit class, A to E
_NEVER_PAID = np.array([0.0004, 0.001, 0.004, 0.015, 0.05])
_WRITE_OFF = 150


def settle(
    company: Company,
    rng: np.random.Generator,
    customers: Customers,
    accounts: Accounts,
    invoices: Invoices,
    numbers: Numbers,
) -> dict[str, pa.Table]:
    """Invoices with their state at the end, and everything that follows from paying late."""
    end, count = company.calendar.end, len(invoices.id)
    due = invoices.issued + _TERMS
    credit = customers.credit[accounts.who[invoices.account]]
    debit = accounts.direct_debit[invoices.account]
    late = rng.random(count) < _LATE[credit] * np.where(debit, 0.3, 1.4)
    promised = np.where(debit, due, invoices.issued + rng.integers(2, _TERMS + 3, count))
    paid = np.where(late, due + 3 + rng.gamma(1.5, 16, count).astype(int), promised)
    unpaid = rng.random(count) < _NEVER_PAID[credit]
    paid = np.where(unpaid | (paid > end), NEVER, paid)
    written_off = unpaid & (due + _WRITE_OFF <= end)
    state = np.select([~np.isnat(paid), written_off, due < end], [1, 3, 2], 0)
    touched = np.where(
        written_off, due + _WRITE_OFF, np.where(np.isnat(paid), invoices.issued, paid)
    )
    currencies = [c.currency for c in COUNTRIES]
    country = customers.country[accounts.who[invoices.account]]
    account_text = accounts.text.take(pa.array(invoices.account))
    invoice = rows(
        "billing.invoice",
        invoice_id=invoices.id,
        account_number=account_text,
        period_month=company.calendar.month_starts[invoices.month],
        issued_on=invoices.issued,
        due_on=due,
        net_amount=invoices.net,
        tax_amount=invoices.tax,
        total_amount=invoices.total,
        currency=pick(currencies, country),
        status=pick(["OPEN", "PAID", "OVERDUE", "WRITTEN_OFF"], state),
        paid_on=paid,
        updated_at=touched.astype("datetime64[s]") + 20 * HOUR,
    )
    return {
        "billing.invoice": invoice,
        "billing.payment": _payments(
            rng, invoices, account_text, pick(currencies, country), due, paid, debit, numbers
        ),
        "billing.dunning_step": _dunning(invoices, account_text, due, paid, end, numbers),
        "billing.dispute": _disputes(rng, invoices, account_text, end, numbers),
    }


def _payments(
    rng: np.random.Generator,
    invoices: Invoices,
    account: pa.Array,
    currency: pa.Array,
    due: np.ndarray,
    paid: np.ndarray,
    debit: np.ndarray,
    numbers: Numbers,
) -> pa.Table:
    """One payment for each invoice paid; debits that came late were first returned by the bank."""
    good = np.flatnonzero(~np.isnat(paid))
    returned = np.flatnonzero(debit & (paid > due))
    index = np.concatenate([good, returned])
    is_return = np.arange(len(index)) >= len(good)
    day = np.where(is_return, due[index], paid[index])
    order = np.argsort(day, kind="stable")
    index, is_return, day = index[order], is_return[order], day[order]
    method = np.where(debit[index], 0, choose(rng, (1, 2), len(index)) + 1)
    return rows(
        "billing.payment",
        payment_id=90_000_000 + numbers.take("payment", len(index)),
        account_number=account.take(pa.array(index)),
        invoice_id=invoices.id[index],
        paid_on=day,
        amount=invoices.total[index],
        currency=currency.take(pa.array(index)),
        method=pick(["DIRECT_DEBIT", "CARD", "TRANSFER"], method),
        status=pick(["BOOKED", "RETURNED"], is_return.astype(int)),
        updated_at=day.astype("datetime64[s]") + 19 * HOUR,
    )


def _dunning(
    invoices: Invoices,
    account: pa.Array,
    due: np.ndarray,
    paid: np.ndarray,
    end: np.datetime64,
    numbers: Numbers,
) -> pa.Table:
    sent = due[:, None] + DUNNED_AFTER
    until = np.where(np.isnat(paid), end + 1, paid)
    index, level = np.nonzero(sent < until[:, None])
    day = sent[index, level]
    return rows(
        "billing.dunning_step",
        dunning_step_id=numbers.take("dunning_step", len(index)),
        invoice_id=invoices.id[index],
        account_number=account.take(pa.array(index)),
        level=level + 1,
        sent_on=day,
        amount_due=invoices.total[index],
        fee=DUNNING_FEES[level],
        updated_at=day.astype("datetime64[s]") + 6 * HOUR,
    )


def _disputes(
    rng: np.random.Generator,
    invoices: Invoices,
    account: pa.Array,
    end: np.datetime64,
    numbers: Numbers,
) -> pa.Table:
    index = np.flatnonzero((rng.random(len(invoices.id)) < 0.007) & (invoices.issued < end - 12))
    count = len(index)
    opened = invoices.issued[index] + rng.integers(1, 12, count)
    closed = opened + rng.integers(3, 40, count)
    is_open = closed > end
    disputed = np.round(invoices.total[index] * rng.uniform(0.1, 1.0, count)).astype(np.int64)
    credited = ~is_open & (rng.random(count) < 0.55)
    return rows(
        "billing.dispute",
        dispute_id=numbers.take("dispute", count),
        invoice_id=invoices.id[index],
        account_number=account.take(pa.array(index)),
        opened_on=opened,
        closed_on=np.where(is_open, NEVER, closed),
        reason=pick(
            ["WRONG_USAGE", "WRONG_FEE", "NOT_ORDERED", "SERVICE"], rng.integers(0, 4, count)
        ),
        disputed_amount=disputed,
        credited_amount=np.where(credited, disputed, 0),
        status=pick(["OPEN", "CREDITED", "REJECTED"], np.select([is_open, credited], [0, 1], 2)),
        updated_at=np.where(is_open, opened, closed).astype("datetime64[s]") + 16 * HOUR,
    )


def securities(
    company: Company,
    rng: np.random.Generator,
    customers: Customers,
    accounts: Accounts,
    numbers: Numbers,
) -> dict[str, pa.Table]:
    """Credit limits, some reviewed later, and guarantees asked of weak payers."""
    who, count, text = accounts.who, len(accounts.who), accounts.text
    currency = pick([c.currency for c in COUNTRIES], customers.country[who])
    opened = customers.since[who]
    reviewed = opened + rng.integers(200, 900, count)
    second = np.flatnonzero((rng.random(count) < 0.3) & (reviewed <= company.calendar.end))
    has_second = np.zeros(count, dtype=bool)
    has_second[second] = True
    limit = np.array([2_000, 1_500, 900, 400, 200])[customers.credit[who]] * 100
    limit = limit * np.where(customers.is_company[who], 8, 1)
    index = np.concatenate([np.arange(count), second])
    is_second = np.arange(len(index)) >= count
    since = np.where(is_second, reviewed[index], opened[index])
    limits = rows(
        "billing.credit_limit",
        credit_limit_id=numbers.take("credit_limit", len(index)),
        account_number=text.take(pa.array(index)),
        valid_from=since,
        valid_to=np.where(~is_second & has_second[index], reviewed[index] - 1, NEVER),
        limit_amount=np.where(is_second, limit[index] * 3 // 2, limit[index]),
        currency=currency.take(pa.array(index)),
        reason=pick(["OPENING", "REVIEW"], is_second.astype(int)),
        updated_at=since.astype("datetime64[s]") + 17 * HOUR,
    )
    weak = np.flatnonzero((customers.credit[who] >= 3) & (rng.random(count) < 0.35))
    released = customers.ended[who[weak]]
    guarantees = rows(
        "billing.guarantee",
        guarantee_id=numbers.take("guarantee", len(weak)),
        account_number=text.take(pa.array(weak)),
        guarantee_type=pick(["DEPOSIT", "BANK"], customers.is_company[who[weak]].astype(int)),
        amount=limit[weak] // 2,
        currency=currency.take(pa.array(weak)),
        received_on=opened[weak],
        released_on=released,
        updated_at=np.where(np.isnat(released), opened[weak], released).astype("datetime64[s]")
        + 17 * HOUR,
    )
    return {"billing.credit_limit": limits, "billing.guarantee": guarantees}
