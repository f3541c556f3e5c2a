"""Marketing: the campaigns of the company, and whom they reached with what effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sample_data.catalogue import SEGMENTS
from sample_data.months import MONTHS, Calendar, moments
from sample_data.rows import Numbers, choose, pick, rows

if TYPE_CHECKING:
    from sample_data.company import Company
    from sample_data.customers import Customers
    from sample_data.staff import Staff

_MEDIA = ("EMAIL", "PHONE_OUT", "SMS", "MAIL")
_MEDIUM_COST = np.array([4, 620, 9, 110])  # cents for one contact
_TYPES = ("ACQUIRE", "CROSS_SELL", "RETAIN")
_FAMILIES = ("PHONE", "TABLET", "ROUTER", "ACCESSORY")
_WAVES = 30
_FIRST_ID = 101


@dataclass(frozen=True)
class Campaigns:
    """Campaign waves as parallel arrays; the programmes above them only stand in the table."""

    table: pa.Table
    id: np.ndarray
    month: np.ndarray
    start: np.ndarray
    segment: np.ndarray  # -1 for all
    medium: np.ndarray
    kind: np.ndarray
    strength: np.ndarray
    family: np.ndarray


def make_campaigns(rng: np.random.Generator, calendar: Calendar, staff: Staff) -> Campaigns:
    """One programme a year and quarter-weekly waves below it."""
    month = np.sort(rng.integers(0, MONTHS - 1, _WAVES))
    start = calendar.month_starts[month] + rng.integers(0, 20, _WAVES)
    years = np.unique(calendar.month_starts[:-1].astype("datetime64[Y]"))
    programme_of = np.searchsorted(years, start.astype("datetime64[Y]"))
    wave = _FIRST_ID + len(years) + np.arange(_WAVES)
    segment = np.where(rng.random(_WAVES) < 0.6, rng.integers(0, len(SEGMENTS), _WAVES), -1)
    medium, kind = choose(rng, (5, 2, 2, 1), _WAVES), choose(rng, (2, 4, 2), _WAVES)
    family = rng.integers(0, len(_FAMILIES), _WAVES)
    budget = rng.integers(40, 400, _WAVES) * 100
    first_day, last_day = years.astype("datetime64[D]"), (years + 1).astype("datetime64[D]") - 1
    end = start + 28
    owner = rng.choice(staff.marketeers, len(years) + _WAVES)
    in_all = np.bincount(programme_of, budget, len(years)).astype(np.int64)
    none = np.full(len(years), -1)
    ends = np.concatenate([last_day, end])
    names = [f"Programme {year}" for year in years] + [
        f"{_TYPES[k].title().replace('_', '-')} {_FAMILIES[f].title()} {calendar.label(m)}"
        for k, f, m in zip(kind, family, month, strict=True)
    ]
    table = rows(
        "crm.campaign",
        campaign_id=np.concatenate([_FIRST_ID + np.arange(len(years)), wave]),
        parent_campaign_id=np.concatenate([none, _FIRST_ID + programme_of]),
        name=names,
        campaign_type=["PROGRAMME"] * len(years) + [_TYPES[k] for k in kind],
        medium=pick(_MEDIA, np.concatenate([none + 1, medium])),
        segment_code=pick([s[0] for s in SEGMENTS], np.concatenate([none, segment])),
        product_family=pick(_FAMILIES, np.concatenate([none, family])),
        start_date=np.concatenate([first_day, start]),
        end_date=ends,
        budget=np.concatenate([in_all, budget]) * 100,
        actual_cost=(np.concatenate([in_all, budget]) * rng.integers(80, 118, len(ends))),
        expected_response_percent=rng.integers(200, 900, len(ends)),
        owner_employee_id=owner,
        status=pick(["DONE", "RUNNING"], (ends >= calendar.end).astype(int)),
        updated_at=np.minimum(ends, calendar.end).astype("datetime64[s]"),
    )
    return Campaigns(
        table, wave, month, start, segment, medium, kind, rng.uniform(0.02, 0.12, _WAVES), family
    )


@dataclass(frozen=True)
class Purchases:
    """Orders that campaigns brought: whose, when and from which campaign."""

    customer: np.ndarray
    day: np.ndarray
    campaign: np.ndarray


def addressed(
    company: Company, rng: np.random.Generator, customers: Customers, numbers: Numbers
) -> tuple[dict[str, pa.Table], Purchases]:
    """Targets and responses of one block, and the purchases that came of them."""
    every = company.campaigns
    who, which = _audience(rng, customers, every)
    control = rng.random(len(who)) < 0.1
    day = np.minimum(every.start[which] + rng.integers(0, 15, len(who)), company.calendar.end)
    sent = moments(rng, day)
    # Those who spend and consent answer; the control group buys too, but less.
    answer = every.strength[which] * np.clip(customers.appetite[who], 0.3, 3)
    roll = rng.random(len(who))
    target_id = numbers.take("campaign_target", len(who))
    target = rows(
        "crm.campaign_target",
        campaign_target_id=target_id,
        campaign_id=every.id[which],
        customer_id=customers.id[who],
        target_group=pick(["T", "C"], control.astype(int)),
        sent_at=np.where(control, np.datetime64("NaT", "s"), sent),
        medium=pick(_MEDIA, every.medium[which]),
        contact_cost=np.where(control, 0, _MEDIUM_COST[every.medium[which]]),
        updated_at=sent,
    )
    bought = roll < answer * np.where(control, 0.12, 0.45)
    kind = np.select(
        [bought, roll < answer * 1.6, roll < answer * 3, roll < answer * 5, roll > 0.993],
        [3, 2, 1, 0, 4],
        -1,
    )
    kind = np.where(control & ~bought, -1, kind)
    hit = np.flatnonzero((kind >= 0) & (day < company.calendar.end - 14))
    after = sent[hit] + rng.integers(600, 13 * 86_400, len(hit))
    response = rows(
        "crm.campaign_response",
        response_id=numbers.take("campaign_response", len(hit)),
        campaign_target_id=target_id[hit],
        campaign_id=every.id[which[hit]],
        customer_id=customers.id[who[hit]],
        responded_at=after,
        response_type=pick(["OPEN", "CLICK", "INTEREST", "PURCHASE", "OPT_OUT"], kind[hit]),
        updated_at=after,
    )
    sale = kind[hit] == 3
    purchases = Purchases(
        who[hit][sale], after[sale].astype("datetime64[D]"), every.id[which[hit]][sale]
    )
    return {"crm.campaign_target": target, "crm.campaign_response": response}, purchases


def _audience(
    rng: np.random.Generator, customers: Customers, every: Campaigns
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of customer and wave: those of the segment who consented and were customers then."""
    fits = (every.segment[None, :] < 0) | (customers.segment[:, None] == every.segment[None, :])
    fits &= customers.consent[:, None]
    fits &= (customers.since[:, None] < every.start) & (
        customers.ended_or_never[:, None] > every.start
    )
    share = np.where(every.segment < 0, 0.25, 0.7)
    who, which = np.nonzero(fits & (rng.random(fits.shape) < share))
    return who, which
