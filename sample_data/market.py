"""What happens around the company: rates, networks, rivals. Causes of churn start here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sample_data.catalogue import COMPETITORS, SERVICE_LINES, plans
from sample_data.months import MONTHS, Calendar
from sample_data.places import COUNTRIES, places
from sample_data.rows import pick, rows

_START_RATES = {"GBP": 1.15, "SEK": 0.0885, "CHF": 1.03}


@dataclass(frozen=True)
class Market:
    """Matrices by month: network drops, rivals' offers, price rises, exchange rates."""

    drop_rate: np.ndarray  # region x service line x month, percent
    offer: np.ndarray  # country x service line x month: a rival undercuts us
    rise: np.ndarray  # plan x month: factor on the fee, 1 when nothing happens
    daily_rate: dict[str, np.ndarray]
    monthly_rate: np.ndarray  # country x month: EUR for one unit of its currency


def make_market(rng: np.random.Generator, calendar: Calendar) -> Market:
    """The market of this seed."""
    place = places()
    days = int((calendar.end - calendar.start).astype(int)) + 1
    daily = {
        c: start * np.exp(np.cumsum(rng.normal(0, 0.0025, days)))
        for c, start in _START_RATES.items()
    }
    month_of_day = calendar.month(calendar.start + np.arange(days))
    in_month = np.bincount(month_of_day, minlength=MONTHS)
    monthly = np.ones((len(COUNTRIES), MONTHS))
    for number, country in enumerate(COUNTRIES):
        if country.currency in daily:
            monthly[number] = np.bincount(month_of_day, daily[country.currency]) / in_month
    rise = np.ones((len(plans().code), MONTHS))
    for plan in range(len(rise)):
        # Most years the list goes up in April; now and then in October.
        for month in np.flatnonzero(np.isin(calendar.month_of_year, (3, 9))):
            often = 0.7 if calendar.month_of_year[month] == 3 else 0.2
            if rng.random() < often:
                rise[plan, month] = 1 + rng.uniform(0.03, 0.11)
    drop = rng.gamma(6, 0.16, (len(place.region_names), len(SERVICE_LINES), MONTHS))
    return Market(
        drop_rate=drop * np.where(_episodes(rng, drop.shape, 0.02, 4), 5.0, 1.0),
        offer=_episodes(rng, (len(COUNTRIES), len(SERVICE_LINES), MONTHS), 0.06, 3),
        rise=rise,
        daily_rate=daily,
        monthly_rate=monthly,
    )


def _episodes(
    rng: np.random.Generator, shape: tuple[int, ...], often: float, lasts: int
) -> np.ndarray:
    begins = rng.random(shape) < often
    running = begins.copy()
    for later in range(1, lasts):
        running[..., later:] |= begins[..., :-later]
    return running


def network_rows(market: Market, calendar: Calendar) -> pa.Table:
    """Rows of crm.network_quality."""
    place = places()
    region, line, month = (i.ravel() for i in np.indices(market.drop_rate.shape))
    drop = market.drop_rate.ravel()
    return rows(
        "crm.network_quality",
        country_code=pick([c.code for c in COUNTRIES], place.region_country[region]),
        region=pick(place.region_names, region),
        month=calendar.month_starts[month],
        service_line=pick(SERVICE_LINES, line),
        availability_percent=np.round(100_000 - drop * 55).astype(np.int64),
        drop_rate_percent=np.round(drop * 1000).astype(np.int64),
        outage_minutes=np.round(drop * 21).astype(np.int64),
        updated_at=(calendar.month_starts[month + 1] - 1)
        .clip(None, calendar.end)
        .astype("datetime64[s]")
        + 82_800,
    )


def outside_tables(
    rng: np.random.Generator, market: Market, calendar: Calendar
) -> dict[str, pa.Table]:
    """What the company buys from others."""
    place = places()
    every = [c.name for c in COUNTRIES]
    geography = rows(
        "outside.geography",
        country_code=place.country_code,
        country=pick(every, place.country),
        region=pick(place.region_names, place.region),
        city=place.city,
        postal_prefix=place.postal_prefix,
        latitude=place.latitude,
        longitude=place.longitude,
        population=place.population,
        households=(place.population / 2.1).astype(np.int64),
        lifestyle_group=place.lifestyle,
        income_index=np.round(place.income_index * 10).astype(np.int64),
    )
    currencies = sorted(market.daily_rate)
    days = len(market.daily_rate["GBP"])
    rates = rows(
        "outside.exchange_rate",
        rate_date=np.tile(calendar.start + np.arange(days), len(currencies)),
        currency=pick(currencies, np.repeat(np.arange(len(currencies)), days)),
        eur_per_unit=np.round(
            np.concatenate([market.daily_rate[c] for c in currencies]) * 1e6
        ).astype(np.int64),
    )
    return {
        "outside.geography": geography,
        "outside.exchange_rate": rates,
        "outside.market_size": _market_size(rng, market, calendar),
    }


def _market_size(rng: np.random.Generator, market: Market, calendar: Calendar) -> pa.Table:
    operators = (*COMPETITORS, "MERIDIAN")
    shape = (len(COUNTRIES), len(SERVICE_LINES), len(operators), MONTHS)
    country, line, operator, month = (i.ravel() for i in np.indices(shape))
    people = np.array([c.share for c in COUNTRIES])[country] * 60e6
    reach = np.array([0.9, 0.28, 0.38])[line]
    share = np.array([0.38, 0.30, 0.28, 0.04])[operator]
    trend = 1 + np.array([0.004, -0.006, 0.003])[line] * month
    # A rival that undercuts us gains subscribers while the offer runs.
    undercut = market.offer[country, line, month] & (operator == 0)
    subscribers = people * reach * share * trend * np.where(undercut, 1.05, 1.0)
    subscribers *= rng.normal(1, 0.01, len(month))
    price = np.array([21.0, 18.0, 34.0])[line] * np.where(undercut, 0.78, 1.0)
    price = np.round(price * rng.normal(1, 0.02, len(month)) * 100)
    subscribers = np.round(subscribers)
    return rows(
        "outside.market_size",
        month=calendar.month_starts[month],
        country_code=pick([c.code for c in COUNTRIES], country),
        service_line=pick(SERVICE_LINES, line),
        competitor=pick(operators, operator),
        subscribers=subscribers.astype(np.int64),
        revenue_eur=(subscribers * price).astype(np.int64),
        average_price_eur=price.astype(np.int64),
    )
