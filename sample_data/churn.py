"""Who leaves, when and why.

Each month every contract runs a risk. It rises after a price rise, after bad contacts with the
service, in months of bad network quality, when the commitment ends and while a rival undercuts
us; several services and long tenure hold customers back. A model that looks for churn finds
these causes, because this is where they were put.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sample_data.company import Company
from sample_data.contracts import REASONS, Contracts
from sample_data.customers import NEVER, Customers
from sample_data.months import MONTHS
from sample_data.places import places
from sample_data.rows import choose

_BASE = -4.75
_BAD_NETWORK = 3.5  # percent of calls dropped


def leave(
    company: Company,
    rng: np.random.Generator,
    customers: Customers,
    contracts: Contracts,
    bad_contacts: np.ndarray,
) -> tuple[Contracts, Customers]:
    """The contracts and customers with their ends; ``bad_contacts`` is customer x month."""
    causes = _causes(company, customers, contracts, bad_contacts)
    risk = _BASE + sum(causes.values()) + _held_back(customers, contracts)
    month = np.arange(MONTHS)
    chance = 1 / (1 + np.exp(-risk))
    chance[month <= contracts.start_month[:, None]] = 0
    hit = rng.random(chance.shape) < chance
    leaves = hit.any(axis=1)
    when = np.where(leaves, hit.argmax(axis=1), MONTHS)
    reason = _told_reason(rng, causes, when)
    when, reason = _leave_together(rng, customers, contracts, when, reason)
    gone = np.flatnonzero(when < MONTHS)
    ended = np.full(len(when), NEVER)
    ended[gone] = company.calendar.day(rng, when[gone])
    ended = np.where(ended < contracts.start, contracts.start, ended)
    to_rival = (reason == REASONS.index("COMPETITOR")) | (
        (reason >= 0) & (rng.random(len(when)) < 0.25)
    )
    rival = np.where(to_rival & (when < MONTHS), choose(rng, (6, 3, 2), len(when)), -1)
    contracts = replace(
        contracts, ended=ended, competitor=rival, reason=np.where(when < MONTHS, reason, -1)
    )
    return contracts, replace(customers, ended=_last_day(customers, contracts))


def _causes(
    company: Company, customers: Customers, contracts: Contracts, bad_contacts: np.ndarray
) -> dict[str, np.ndarray]:
    """What each cause adds to the risk (log odds), contract x month."""
    who, market = contracts.who, company.market
    rise = market.rise[contracts.plan] - 1
    after_rise = np.maximum(rise, 0.7 * _earlier(rise, 1)) / 0.06
    bad = bad_contacts + _earlier(bad_contacts, 1) + 0.5 * _earlier(bad_contacts, 2)
    region = places().region[customers.city[who]]
    drops = market.drop_rate[region, contracts.line] > _BAD_NETWORK
    offer = market.offer[customers.country[who], contracts.line]
    return {
        "PRICE": 1.15 * after_rise,
        "SERVICE": 0.85 * np.minimum(bad, 3)[who],
        "NETWORK": 1.0 * (drops | _earlier(drops, 1)),
        "COMPETITOR": 0.9 * offer,
    }


def _held_back(customers: Customers, contracts: Contracts) -> np.ndarray:
    """Tenure, further services and the commitment, contract x month."""
    month = np.arange(MONTHS)
    held = np.bincount(contracts.who, minlength=len(customers))[contracts.who]
    tenure = (month - contracts.start_month[:, None]).clip(0) / 12
    months_left = (
        contracts.commitment_end.astype("datetime64[M]") - contracts.start.astype("datetime64[M]")
    ).astype(int)
    months_left = np.where(np.isnat(contracts.commitment_end), 0, months_left)
    to_end = months_left[:, None] - (month - contracts.start_month[:, None])
    commitment = np.where(to_end > 1, -1.2, np.where(to_end >= -1, 1.5, 0.0))
    several = -0.3 * np.minimum(held - 1, 3)[:, None]
    weak_credit = 0.12 * customers.credit[contracts.who][:, None]
    held_back: np.ndarray = -0.16 * np.minimum(tenure, 5) + commitment + several + weak_credit
    return held_back


def _earlier(matrix: np.ndarray, months: int) -> np.ndarray:
    """The matrix as it was so many months before."""
    moved = np.zeros_like(matrix)
    moved[:, months:] = matrix[:, :-months]
    return moved


def _told_reason(
    rng: np.random.Generator, causes: dict[str, np.ndarray], when: np.ndarray
) -> np.ndarray:
    """The reason told is drawn by how much each cause weighed; some reasons are private."""
    index = np.arange(len(when)), when.clip(0, MONTHS - 1)
    weights = np.stack(
        [causes[r][index] for r in REASONS[:4]]
        + [np.full(len(when), 0.2), np.full(len(when), 0.25)],
        axis=1,
    )
    edges = np.cumsum(weights, axis=1)
    drawn: np.ndarray = (edges < rng.random((len(when), 1)) * edges[:, -1:]).sum(axis=1)
    return drawn.clip(0, 5)


def _leave_together(
    rng: np.random.Generator,
    customers: Customers,
    contracts: Contracts,
    when: np.ndarray,
    reason: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """People who end one contract often end the others with it."""
    who = contracts.who
    order = np.lexsort((when, who))
    first = order[np.searchsorted(who[order], np.arange(len(customers)))]
    with_it = (when > when[first][who]) & (contracts.start_month < when[first][who])
    with_it &= rng.random(len(when)) < np.where(customers.is_company[who], 0.15, 0.65)
    return (
        np.where(with_it, when[first][who], when),
        np.where(with_it, reason[first][who], reason),
    )


def _last_day(customers: Customers, contracts: Contracts) -> np.ndarray:
    """The day the last contract of each customer ended; never while one runs."""
    last = np.full(len(customers), np.datetime64("1900-01-01", "D"))
    ends = np.where(np.isnat(contracts.ended), np.datetime64("2999-12-31"), contracts.ended)
    np.maximum.at(last, contracts.who, ends)
    return np.where(last == np.datetime64("2999-12-31"), NEVER, last)
