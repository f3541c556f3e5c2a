"""Serving customers: interactions by every medium, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sample_data.company import Company
from sample_data.contracts import Contracts
from sample_data.customers import Customers
from sample_data.months import MONTHS, SERVICE_SEASON, moments
from sample_data.places import places
from sample_data.rows import Numbers, choose, pick, rows

MEDIA = ("PHONE_IN", "IVR", "EMAIL", "CHAT", "CALLBACK", "FAX", "PHONE_OUT", "VISIT")
_MEDIUM_WEIGHTS = (38, 14, 17, 14, 4, 1, 9, 3)
_QUEUED = np.array([1, 0, 0, 1, 1, 0, 0, 0])
_MEAN_SECONDS = np.array([330, 75, 420, 480, 360, 300, 240, 2_700])
_COST_PER_MINUTE = np.array([78, 4, 62, 48, 74, 60, 70, 160])  # cents
REASONS = ("INVOICE", "FAULT", "CONTRACT", "ORDER", "MOVE", "PRICE", "CANCEL", "OFFER", "OTHER")
OUTCOMES = ("RESOLVED", "FOLLOW_UP", "TRANSFERRED", "ABANDONED", "SOLD", "REFUSED", "NO_ANSWER")
_FAULT, _PRICE, _OFFER = 1, 5, 7
_FOLLOW_UP, _TRANSFERRED, _ABANDONED = 1, 2, 3
_PHONE_OUT = 6


@dataclass(frozen=True)
class Interactions:
    """Interactions of a block in order of time; ``who`` is an index, customer by customer."""

    id: np.ndarray
    who: np.ndarray
    month: np.ndarray
    day: np.ndarray
    started: np.ndarray
    medium: np.ndarray
    reason: np.ndarray
    queue_seconds: np.ndarray
    duration: np.ndarray
    outcome: np.ndarray
    agent: np.ndarray
    bad: np.ndarray

    def where(self, keep: np.ndarray) -> Interactions:
        """Only those."""
        return Interactions(**{k: v[keep] for k, v in vars(self).items()})

    def bad_contacts(self, customers: int) -> np.ndarray:
        """Customer x month: contacts that went badly."""
        flat = self.who[self.bad] * MONTHS + self.month[self.bad]
        return np.bincount(flat, minlength=customers * MONTHS).reshape(customers, MONTHS)


def interact(
    company: Company,
    rng: np.random.Generator,
    customers: Customers,
    contracts: Contracts,
    numbers: Numbers,
) -> Interactions:
    """All contacts of the block, as if nobody left."""
    calendar = company.calendar
    rate, fault, price = _rates(company, rng, customers, contracts)
    who, month = np.nonzero(rate)
    counts = rng.poisson(rate[who, month])
    who, month = np.repeat(who, counts), np.repeat(month, counts)
    day = calendar.day(rng, month)
    keep = (day >= customers.since[who]) & (day <= calendar.end)
    who, month, day = who[keep], month[keep], day[keep]
    order = np.lexsort((who, day))
    who, month, day = who[order], month[order], day[order]
    return serve(company, rng, customers, who, day, fault[who, month], price[who, month], numbers)


def serve(
    company: Company,
    rng: np.random.Generator,
    customers: Customers,
    who: np.ndarray,
    day: np.ndarray,
    fault: np.ndarray,
    price: np.ndarray,
    numbers: Numbers,
) -> Interactions:
    """Contacts of these customers on these days; how likely each is about a fault or a price."""
    calendar, count = company.calendar, len(who)
    month = calendar.month(day)
    medium = choose(rng, _MEDIUM_WEIGHTS, count)
    reason = choose(rng, (24, 14, 13, 14, 5, 6, 4, 6, 14), count)
    reason = np.where(rng.random(count) < fault, _FAULT, reason)
    reason = np.where(rng.random(count) < price, _PRICE, reason)
    reason = np.where(medium == _PHONE_OUT, _OFFER, reason)
    # Queues are long when everybody calls: in January and where the network is down.
    crowd = SERVICE_SEASON[calendar.month_of_year[month]] ** 3 * (1 + 1.2 * fault)
    queue = (rng.gamma(1.1, 75, count) * crowd * _QUEUED[medium]).astype(int)
    duration = (_MEAN_SECONDS[medium] * rng.lognormal(-0.25, 0.7, count)).astype(int) + 5
    outcome = choose(rng, (70, 17, 8), count)
    outcome = np.where((queue > 330) & (rng.random(count) < 0.55), _ABANDONED, outcome)
    outcome = np.where(medium == _PHONE_OUT, choose(rng, (2, 2, 0, 0, 3, 6, 5), count), outcome)
    abandoned = outcome == _ABANDONED
    agent = company.staff.at_work(rng, "Service", month, customers.country[who])
    bad = abandoned | (outcome == _TRANSFERRED) | ((outcome == _FOLLOW_UP) & (queue > 200))
    return Interactions(
        id=numbers.take("interaction", count),
        who=who,
        month=month,
        day=day,
        started=moments(rng, day),
        medium=medium,
        reason=reason,
        queue_seconds=queue,
        duration=np.where(abandoned, 0, duration),
        outcome=outcome,
        agent=np.where(abandoned | (medium == 1), -1, agent),
        bad=bad,
    )


def interact_today(
    company: Company,
    rng: np.random.Generator,
    customers: Customers,
    who: np.ndarray,
    day: np.ndarray,
    numbers: Numbers,
) -> Interactions:
    """Contacts of these customers on an ordinary day."""
    quiet = np.full(len(who), 0.03)
    return serve(company, rng, customers, who, day, quiet, quiet, numbers)


def _rates(
    company: Company, rng: np.random.Generator, customers: Customers, contracts: Contracts
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Expected contacts, customer x month, and how likely they are about faults and prices."""
    calendar, month = company.calendar, np.arange(MONTHS)
    since = calendar.month(customers.since)
    talkative = rng.gamma(1.3, 0.19, len(customers))
    talkative *= 1 + np.log1p(customers.employees.clip(0)) / 4
    region = places().region[customers.city]
    drop = company.market.drop_rate[region].max(axis=1)
    fault = np.where(drop > 3.5, 0.55, 0.03)
    rise = np.zeros((len(customers), MONTHS))
    np.maximum.at(rise, contracts.who, company.market.rise[contracts.plan] - 1)
    price = np.minimum(rise * 6, 0.6)
    fresh = (month - since[:, None] >= 0) & (month - since[:, None] <= 1)
    rate = talkative[:, None] * SERVICE_SEASON[calendar.month_of_year]
    rate = rate * (1 + 1.1 * fresh + 1.3 * fault + 1.2 * price)
    return np.where(month >= since[:, None], rate, 0), fault, price


def interaction_rows(
    rng: np.random.Generator, customers: Customers, made: Interactions, primary_contact: np.ndarray
) -> pa.Table:
    """Rows of crm.interaction."""
    count = len(made.id)
    minutes = (made.duration + 29) // 60 + 1
    unknown = (rng.random(count) < 0.02) & (made.medium <= 1)
    speaks = np.where(rng.random(count) < 0.6, primary_contact[made.who], -1)
    finished = made.started + made.queue_seconds + made.duration
    return rows(
        "crm.interaction",
        interaction_id=made.id,
        customer_id=np.where(unknown, -1, customers.id[made.who]),
        contact_id=np.where(unknown, -1, speaks),
        medium=pick(MEDIA, made.medium),
        direction=pick(["IN", "OUT"], np.isin(made.medium, (4, 6, 7)).astype(int)),
        reason=pick(REASONS, made.reason),
        queue_name=pick(
            ["GENERAL", "TECHNICAL", "SALES"],
            np.where(
                _QUEUED[made.medium] == 0,
                -1,
                np.select([made.reason == _FAULT, made.reason == _OFFER], [1, 2], 0),
            ),
        ),
        started_at=made.started,
        queue_seconds=made.queue_seconds,
        duration_seconds=made.duration,
        agent_id=made.agent,
        outcome=pick(OUTCOMES, made.outcome),
        is_first_contact=rng.random(count) < 0.74,
        cost=np.where(made.outcome == _ABANDONED, 0, minutes * _COST_PER_MINUTE[made.medium]),
        updated_at=finished,
    )
