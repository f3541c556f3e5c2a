"""Contracts of a block: what was signed when, for which plan, and what it costs each month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sample_data.catalogue import COMPETITORS, SERVICE_LINES, plans
from sample_data.company import Company
from sample_data.customers import NEVER, Customers
from sample_data.months import MONTHS, add_months
from sample_data.places import COUNTRIES
from sample_data.rows import Numbers, choose, numbered, pick, rows, within

REASONS = ("PRICE", "SERVICE", "NETWORK", "COMPETITOR", "MOVED", "NO_NEED")
# Plans cost the same everywhere up to a round factor for countries with money of their own.
LOCAL_PRICE = np.array(
    [{"GBP": 0.88, "SEK": 11.0, "CHF": 1.15}.get(c.currency, 1.0) for c in COUNTRIES]
)


@dataclass(frozen=True)
class Accounts:
    """Billing accounts: large companies have several."""

    number: np.ndarray
    who: np.ndarray
    billing_day: np.ndarray
    direct_debit: np.ndarray

    @property
    def text(self) -> pa.Array:
        """The account numbers as billing writes them."""
        return numbered("A", self.number, 8)


@dataclass(frozen=True)
class Contracts:
    """Contracts as parallel arrays; ``who`` and ``account`` are indexes into the block."""

    id: np.ndarray
    who: np.ndarray
    account: np.ndarray
    line: np.ndarray
    first_plan: np.ndarray
    plan: np.ndarray
    change_month: np.ndarray  # month of an up- or downgrade, -1 for none
    start: np.ndarray
    start_month: np.ndarray
    commitment_end: np.ndarray
    discount: np.ndarray  # hundredths of a percent
    fee: np.ndarray  # contract x month, cents of the local currency, before the discount
    ended: np.ndarray
    reason: np.ndarray
    competitor: np.ndarray

    def active(self, company: Company) -> np.ndarray:
        """Contract x month: billed in that month."""
        month = np.arange(MONTHS)
        end_month = company.calendar.month(self.ended)
        last = np.where(np.isnat(self.ended), MONTHS, end_month)
        return (month >= self.start_month[:, None]) & (month <= last[:, None])


def sign(
    company: Company, rng: np.random.Generator, customers: Customers, numbers: Numbers
) -> tuple[Contracts, Accounts]:
    """The contracts of new customers, as if nobody ever left."""
    calendar, every = company.calendar, plans()
    wanted = np.where(
        customers.is_company,
        customers.appetite * 1.1,
        rng.random(len(customers)) * (1 + customers.appetite.clip(0, 3) * 0.55),
    )
    counts = 1 + np.minimum(wanted.astype(int), 60)
    who, order = np.repeat(np.arange(len(customers)), counts), within(counts)
    accounts, account = _open_accounts(rng, customers, counts, who, order, numbers)
    # The first contract is where the customer came in; further ones follow.
    left = (calendar.end - customers.since[who]).astype(int)
    later = (rng.beta(0.8, 2.2, len(who)) * left).astype(int)
    start = customers.since[who] + np.where(order == 0, 0, later)
    line = np.where(
        order == 0, choose(rng, (58, 14, 28), len(who)), choose(rng, (44, 20, 36), len(who))
    )
    first_plan = _choose_plan(rng, customers, who, line)
    plan, change_month = _change_plan(rng, first_plan, calendar.month(start))
    commitment = every.commitment[first_plan]
    month = np.arange(MONTHS)
    list_fee = every.fee[:, None] * (
        np.cumprod(company.market.rise, axis=1)
        / np.prod(company.market.rise, axis=1, keepdims=True)
    )
    now = np.where(
        (change_month[:, None] >= 0) & (month >= change_month[:, None]),
        plan[:, None],
        first_plan[:, None],
    )
    local = LOCAL_PRICE[customers.country[who]][:, None]
    count = len(who)
    contracts = Contracts(
        id=500_000 + numbers.take("contract", count),
        who=who,
        account=account,
        line=line,
        first_plan=first_plan,
        plan=plan,
        change_month=change_month,
        start=start,
        start_month=calendar.month(start),
        commitment_end=np.where(commitment > 0, add_months(start, commitment), NEVER),
        discount=np.where(rng.random(count) < 0.22, choose(rng, (5, 3, 2), count) * 500 + 500, 0),
        fee=np.round(list_fee[now, month] * local).astype(np.int64),
        ended=np.full(count, NEVER),
        reason=np.full(count, -1),
        competitor=np.full(count, -1),
    )
    return contracts, accounts


def _open_accounts(
    rng: np.random.Generator,
    customers: Customers,
    counts: np.ndarray,
    who: np.ndarray,
    order: np.ndarray,
    numbers: Numbers,
) -> tuple[Accounts, np.ndarray]:
    held = np.select([counts >= 20, counts >= 6], [3, 2], 1)
    owner = np.repeat(np.arange(len(customers)), held)
    first = np.cumsum(held) - held
    accounts = Accounts(
        number=10_000_000 + numbers.take("billing_account", len(owner)),
        who=owner,
        billing_day=rng.integers(1, 29, len(owner)),
        direct_debit=rng.random(len(owner)) < 0.55,
    )
    return accounts, first[who] + order % held[who]


def _choose_plan(
    rng: np.random.Generator, customers: Customers, who: np.ndarray, line: np.ndarray
) -> np.ndarray:
    """Plans are sorted by price within line and type: those who spend more take dearer ones."""
    every = plans()
    taste = (rng.random(len(who)) * 0.75 + customers.appetite[who].clip(0, 3) / 10).clip(0, 0.999)
    chosen = np.zeros(len(who), dtype=np.int64)
    for number in range(len(SERVICE_LINES)):
        for kind in ("P", "C"):
            offered = np.array(
                [
                    i
                    for i, t in enumerate(every.customer_type)
                    if t == kind and every.line[i] == number
                ]
            )
            fits = (line == number) & (customers.is_company[who] == (kind == "C"))
            chosen[fits] = offered[(taste[fits] * len(offered)).astype(int)]
    return chosen


def _change_plan(
    rng: np.random.Generator, plan: np.ndarray, start_month: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One in six contracts is up- or downgraded once, to the plan next to it."""
    every = plans()
    month = start_month.clip(0) + 4 + (rng.random(len(plan)) * 28).astype(int)
    to = plan + np.where(rng.random(len(plan)) < 0.72, 1, -1)
    to = to.clip(0, len(every.code) - 1)
    kind = np.array([t == "C" for t in every.customer_type])
    changes = (rng.random(len(plan)) < 0.3) & (month < MONTHS) & (to != plan)
    changes &= (every.line[to] == every.line[plan]) & (kind[to] == kind[plan])
    return np.where(changes, to, plan), np.where(changes, month, -1)


def contract_rows(
    company: Company,
    rng: np.random.Generator,
    customers: Customers,
    contracts: Contracts,
    accounts: Accounts,
    numbers: Numbers,
) -> dict[str, pa.Table]:
    """Rows of crm.contract and crm.contract_change."""
    calendar, every, who = company.calendar, plans(), contracts.who
    firm = customers.is_company[who]
    channel = np.where(
        firm, choose(rng, (1, 2, 1, 2, 5), len(who)), choose(rng, (4, 3, 4, 2), len(who))
    )
    seller = company.staff.at_work(rng, "Sales", contracts.start_month, customers.country[who])
    sold_before = contracts.start_month < 0
    gone = ~np.isnat(contracts.ended)
    last_month = np.where(gone, calendar.month(contracts.ended), MONTHS - 1)
    undone = contracts.change_month > last_month
    plan = np.where(undone, contracts.first_plan, contracts.plan)
    changes, latest = _change_rows(company, contracts, last_month, numbers)
    touched = np.maximum(np.where(gone, contracts.ended, contracts.start), latest)
    currency = pick([c.currency for c in COUNTRIES], customers.country[who])
    contract = rows(
        "crm.contract",
        contract_id=contracts.id,
        customer_id=customers.id[who],
        account_number=accounts.text.take(pa.array(contracts.account)),
        plan_code=pick(every.code, plan),
        service_line=pick(SERVICE_LINES, contracts.line),
        start_date=contracts.start,
        commitment_end=contracts.commitment_end,
        end_date=contracts.ended,
        status=pick(["ACTIVE", "CANCELLED"], gone.astype(int)),
        monthly_fee=contracts.fee[np.arange(len(who)), last_month.clip(0)],
        discount_percent=contracts.discount,
        currency=currency,
        bandwidth_mbps=every.bandwidth[plan],
        auto_renew=rng.random(len(who)) < 0.8,
        channel_code=pick(["STORE", "DEALER", "WEB", "PHONE", "KEYACC"], channel),
        sold_by_employee_id=np.where(sold_before | (channel == 2), -1, seller),
        cancel_reason=pick(REASONS, contracts.reason),
        competitor=pick(COMPETITORS, contracts.competitor),
        updated_at=touched.astype("datetime64[s]") + rng.integers(28_800, 72_000, len(who)),
    )
    return {"crm.contract": contract, "crm.contract_change": changes}


def _change_rows(
    company: Company, contracts: Contracts, last_month: np.ndarray, numbers: Numbers
) -> tuple[pa.Table, np.ndarray]:
    """Changes while the contract ran, and the day of the latest of each contract."""
    calendar, codes = company.calendar, plans().code
    fee, month = contracts.fee, np.arange(MONTHS)
    runs = (month > contracts.start_month[:, None]) & (month <= last_month[:, None])
    moved = runs & (month == contracts.change_month[:, None])
    raised = np.zeros_like(moved)
    raised[:, 1:] = (fee[:, 1:] > fee[:, :-1]) & runs[:, 1:] & ~moved[:, 1:]
    renewal = calendar.month(contracts.commitment_end)
    renewed = runs & (month == renewal[:, None]) & ~moved & ~raised
    kind = np.select([moved, raised, renewed], [1, 2, 3], 0)
    which, when = np.nonzero(kind)
    what = kind[which, when]
    old_fee, new_fee = fee[which, (when - 1).clip(0)], fee[which, when]
    before = (when < contracts.change_month[which]) | (contracts.change_month[which] < 0)
    new_plan = np.where(before, contracts.first_plan[which], contracts.plan[which])
    old_plan = np.where(what == 1, contracts.first_plan[which], new_plan)
    label = np.where(what == 2, 0, np.where(what == 3, 3, np.where(new_fee >= old_fee, 1, 2)))
    day = calendar.month_starts[when]
    latest = np.full(len(contracts.id), np.datetime64("1900-01-01", "D"))
    np.maximum.at(latest, which, day)
    table = rows(
        "crm.contract_change",
        change_id=numbers.take("contract_change", len(which)),
        contract_id=contracts.id[which],
        change_type=pick(["PRICE_RISE", "UPGRADE", "DOWNGRADE", "RENEWAL"], label),
        changed_on=day,
        old_plan_code=pick(codes, old_plan),
        new_plan_code=pick(codes, new_plan),
        old_monthly_fee=old_fee,
        new_monthly_fee=new_fee,
        updated_at=day.astype("datetime64[s]") + 3_600,
    )
    return table, latest
