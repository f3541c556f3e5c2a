"""Selling to companies and new customers: leads, opportunities, their stages, and quotes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sample_data.addressing import from_language, phone_numbers
from sample_data.catalogue import COMPETITORS
from sample_data.company import Company
from sample_data.customers import NEVER, Customers
from sample_data.months import MONTHS, moments
from sample_data.names import FEMALE, LAST
from sample_data.places import COUNTRIES
from sample_data.rows import Numbers, choose, join, pick, rows, within
from sample_data.staff import language_of

STAGES = ("QUALIFY", "NEEDS", "PROPOSAL", "NEGOTIATE", "WON", "LOST")
_PROPOSAL, _WON, _LOST = 2, 4, 5
_CHANCE = np.array([1_000, 2_500, 5_000, 7_500, 10_000, 0])
_FAMILIES = ("PHONE", "TABLET", "ROUTER", "ACCESSORY", "SERVICE")
_SOURCES = ("WEB", "FAIR", "REFERRAL", "CAMPAIGN", "CALL")
_LOSSES = ("PRICE", "RIVAL", "NO_BUDGET", "NO_DECISION")


def sell(
    company: Company, rng: np.random.Generator, customers: Customers, numbers: Numbers
) -> dict[str, pa.Table]:
    """Leads and opportunities of one block."""
    leads, converted = _leads(company, rng, customers, numbers)
    return {"crm.lead": leads} | _opportunities(company, rng, customers, converted, numbers)


def _leads(
    company: Company, rng: np.random.Generator, customers: Customers, numbers: Numbers
) -> tuple[pa.Table, dict[int, int]]:
    """A lead for a third of the customers won lately, and twice as many that came to nothing."""
    calendar = company.calendar
    won = np.flatnonzero((customers.since >= calendar.start) & (rng.random(len(customers)) < 0.35))
    strangers = 2 * len(won)
    count = len(won) + strangers
    known = np.arange(count) < len(won)
    who = np.concatenate([won, rng.integers(0, len(customers), strangers)])
    country = customers.country[who]
    someday = calendar.day(rng, rng.integers(0, MONTHS, count))
    captured = np.where(known, customers.since[who] - rng.integers(2, 60, count), someday)
    captured = np.maximum(captured, calendar.start)
    language = language_of(country)
    stranger = join(
        from_language(rng, FEMALE, language), from_language(rng, LAST, language), by=" "
    )
    index, mask = pa.array(who), pa.array(known)
    lead_id = numbers.take("lead", count)
    mail = join("lead", pa.array(lead_id).cast(pa.string()), "@inbox.example")
    fresh = captured > calendar.end - 45
    state = np.where(known, 2, np.where(fresh, rng.integers(0, 2, count), 3))
    source = choose(rng, (5, 2, 2, 3, 2), count)
    latest = np.searchsorted(company.campaigns.start, captured) - 1
    campaign = np.where((source == 3) & (latest >= 0), company.campaigns.id[latest.clip(0)], -1)
    month = calendar.month(captured)
    worked = np.minimum(captured + np.where(fresh, 1, rng.integers(2, 60, count)), calendar.end)
    table = rows(
        "crm.lead",
        lead_id=lead_id,
        campaign_id=campaign,
        customer_id=np.where(known, customers.id[who], -1),
        full_name=pa.compute.if_else(mask, customers.name.take(index), stranger),
        company_name=customers.company_name.take(pa.array(who, mask=~known)),
        email=pa.compute.if_else(mask, customers.email.take(index), mail),
        phone=phone_numbers(rng, country, mobile=True),
        country_code=pick([c.code for c in COUNTRIES], country),
        lead_source=pick(_SOURCES, source),
        captured_on=pa.array(captured.astype("datetime64[D]")).cast(pa.string()),
        rating=pick(["HOT", "WARM", "COLD"], choose(rng, np.array([2, 4, 4]), count)),
        status=pick(["NEW", "WORKING", "CONVERTED", "LOST"], state),
        owner_employee_id=company.staff.at_work(rng, "Sales", month, country),
        updated_at=worked.astype("datetime64[s]") + 54_000,
    )
    return table, dict(zip(won.tolist(), lead_id[: len(won)].tolist(), strict=True))


def _opportunities(
    company: Company,
    rng: np.random.Generator,
    customers: Customers,
    lead_of: dict[int, int],
    numbers: Numbers,
) -> dict[str, pa.Table]:
    calendar, end = company.calendar, company.calendar.end
    # Companies come back for more; people only appear with larger wishes.
    eager = customers.appetite * np.where(customers.is_company, 1.1, 0.06)
    who = np.repeat(np.arange(len(customers)), np.minimum(rng.poisson(eager), 40))
    opened = calendar.day(rng, rng.integers(0, MONTHS, len(who)))
    keep = (opened >= customers.since[who]) & (opened < customers.ended_or_never[who])
    who, opened = who[keep], opened[keep]
    count = len(who)
    month, country = calendar.month(opened), customers.country[who]
    owner = company.staff.at_work(rng, "Key Accounts", month, country)
    # Days spent in the four stages before the end; larger deals take longer.
    amount = rng.lognormal(7.6, 1.0, count) * np.where(customers.is_company[who], 1, 0.15)
    amount_cents = np.round(amount).astype(np.int64) * 100
    stays = rng.gamma(2.0, 9.0, (count, 4)) * (1 + amount[:, None] / 30_000)
    reach = np.cumsum(np.concatenate([np.zeros((count, 1)), stays], axis=1), axis=1).astype(int)
    days = opened[:, None] + reach
    wins = rng.random(count) < np.where(rng.random(count) < 0.4, 0.25, 0.46)
    lost_after = np.where(wins, 4, rng.integers(1, 5, count))
    final = np.where(wins, _WON, _LOST)
    passed = (np.arange(5) < lost_after[:, None]) & (days <= end)
    closed_on = days[np.arange(count), lost_after]
    is_closed = closed_on <= end
    stage = np.where(is_closed, final, passed.sum(axis=1) - 1)
    opportunity_id = numbers.take("opportunity", count)
    lead = np.array([lead_of.get(int(w), -1) for w in who], dtype=np.int64)
    first_of_customer = np.zeros(count, dtype=bool)
    first_of_customer[np.unique(who, return_index=True)[1]] = True
    family = rng.integers(0, len(_FAMILIES), count)
    rival = np.where(rng.random(count) < 0.4, choose(rng, (6, 3, 2), count), -1)
    table = rows(
        "crm.opportunity",
        opportunity_id=opportunity_id,
        customer_id=customers.id[who],
        lead_id=np.where(first_of_customer, lead, -1),
        owner_employee_id=owner,
        name=join(pick(_FAMILIES, family), "for", customers.name.take(pa.array(who)), by=" "),
        product_family=pick(_FAMILIES, family),
        stage=pick(STAGES, stage),
        amount=amount_cents,
        currency=pick([c.currency for c in COUNTRIES], country),
        probability_percent=_CHANCE[stage],
        opened_on=opened,
        expected_close_on=days[:, 4],
        closed_on=np.where(is_closed, closed_on, NEVER),
        loss_reason=pick(
            _LOSSES, np.where(is_closed & ~wins, choose(rng, (4, 3, 2, 2), count), -1)
        ),
        competitor=pick(COMPETITORS, rival),
        updated_at=np.where(
            is_closed, closed_on, days[np.arange(count), passed.sum(axis=1) - 1]
        ).astype("datetime64[s]")
        + 61_200,
    )
    steps = _stage_changes(
        rng, opportunity_id, days, passed, is_closed, closed_on, final, amount_cents, owner, numbers
    )
    quoted = np.flatnonzero(passed[:, _PROPOSAL])
    quotes = _quotes(
        company,
        rng,
        customers,
        who[quoted],
        opportunity_id[quoted],
        days[quoted, _PROPOSAL],
        stage[quoted],
        numbers,
    )
    return {"crm.opportunity": table, "crm.opportunity_stage_change": steps} | quotes


def _stage_changes(
    rng: np.random.Generator,
    opportunity_id: np.ndarray,
    days: np.ndarray,
    passed: np.ndarray,
    is_closed: np.ndarray,
    closed_on: np.ndarray,
    final: np.ndarray,
    amount: np.ndarray,
    owner: np.ndarray,
    numbers: Numbers,
) -> pa.Table:
    which, step = np.nonzero(passed)
    ends = np.flatnonzero(is_closed)
    before_end = passed[ends].sum(axis=1) - 1
    index = np.concatenate([which, ends])
    to = np.concatenate([step, final[ends]])
    came_from = np.concatenate([step - 1, before_end])
    day = np.concatenate([days[which, step], closed_on[ends]])
    order = np.lexsort((to, index))
    index, to, came_from, day = index[order], to[order], came_from[order], day[order]
    # Steps of one day keep their order: each is stamped an hour after the one before.
    counts = np.bincount(index, minlength=len(opportunity_id))
    moment = day.astype("datetime64[s]") + 32_400 + within(counts) * 3_600
    early = np.array([90, 95, 100, 100, 100, 100])
    return rows(
        "crm.opportunity_stage_change",
        stage_change_id=numbers.take("opportunity_stage_change", len(index)),
        opportunity_id=opportunity_id[index],
        from_stage=pick(STAGES, came_from),
        to_stage=pick(STAGES, to),
        changed_at=moment,
        amount=amount[index] * early[to] // 100,
        employee_id=owner[index],
        updated_at=moment,
    )


def _quotes(
    company: Company,
    rng: np.random.Generator,
    customers: Customers,
    who: np.ndarray,
    opportunity_id: np.ndarray,
    day: np.ndarray,
    stage: np.ndarray,
    numbers: Numbers,
) -> dict[str, pa.Table]:
    count, products = len(who), company.products
    quote_id = 300_000 + numbers.take("quote", count)
    counts = rng.integers(1, 5, count)
    owner = np.repeat(np.arange(count), counts)
    product = rng.integers(0, len(products.code), len(owner))
    month = company.calendar.month(day)[owner]
    quantity = 1 + rng.poisson(customers.appetite[who[owner]].clip(0, 40))
    rate = company.market.monthly_rate[customers.country[who[owner]], month]
    price = np.round(products.price[product, month] / rate).astype(np.int64)
    discount = rng.integers(0, 4, len(owner)) * 500
    amount = np.round(price * quantity * (1 - discount / 10_000)).astype(np.int64)
    stamp = moments(rng, day)
    expired = (stage < _WON) & (day + 30 < company.calendar.end)
    state = np.select([stage == _WON, stage == _LOST, expired], [1, 2, 3], 0)
    quote = rows(
        "crm.quote",
        quote_id=quote_id,
        opportunity_id=opportunity_id,
        customer_id=customers.id[who],
        quoted_on=day,
        valid_until=day + 30,
        total_amount=np.bincount(owner, amount, count).astype(np.int64),
        currency=pick([c.currency for c in COUNTRIES], customers.country[who]),
        status=pick(["SENT", "ACCEPTED", "DECLINED", "EXPIRED"], state),
        updated_at=stamp,
    )
    line = rows(
        "crm.quote_line",
        quote_id=quote_id[owner],
        line_number=within(counts) + 1,
        product_code=pick(products.code, product),
        quantity=quantity,
        unit_price=price,
        discount_percent=discount,
        amount=amount,
        updated_at=stamp[owner],
    )
    return {"crm.quote": quote, "crm.quote_line": line}
