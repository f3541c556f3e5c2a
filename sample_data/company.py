"""The sample company: what is true for all of its customers, drawn once from the seed.

Customers are generated in blocks, each from its own random stream, so a block only needs this
object and its own number. That bounds memory at any scale.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from sample_data.campaigns import Campaigns, make_campaigns
from sample_data.catalogue import Products, make_products
from sample_data.market import Market, make_market
from sample_data.months import MONTHS, Calendar
from sample_data.staff import Staff, Stores, make_staff, make_stores

CUSTOMERS_AT_SCALE_1 = 2_000
FEWEST_CUSTOMERS = 100
BLOCK = 2_000
FIRST_CUSTOMER = 100_001
UNTIL = date(2025, 12, 31)

# Random streams: the company, its blocks of customers, the days played later.
COMPANY_STREAM, BLOCK_STREAM, DAY_STREAM = 0, 1, 2


@dataclass(frozen=True)
class Company:
    """Everything the blocks share."""

    seed: int
    scale: float
    calendar: Calendar
    products: Products
    staff: Staff
    stores: Stores
    market: Market
    campaigns: Campaigns

    @property
    def customers(self) -> int:
        """How many customers the company has at this scale, duplicates aside."""
        return max(FEWEST_CUSTOMERS, round(CUSTOMERS_AT_SCALE_1 * self.scale))

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Number and size of each block of customers."""
        for number, first in enumerate(range(0, self.customers, BLOCK)):
            yield number, min(BLOCK, self.customers - first)

    def block_stream(self, block: int) -> np.random.Generator:
        """The random stream of one block."""
        return np.random.default_rng([self.seed, BLOCK_STREAM, block])


def found_company(scale: float, seed: int, until: date) -> Company:
    """The company of this seed; the same arguments always give the same company."""
    if scale <= 0:
        raise ValueError(f"scale must be above 0, not {scale}")
    rng = np.random.default_rng([seed, COMPANY_STREAM])
    calendar = Calendar(until)
    staff = make_staff(rng, calendar, scale)
    return Company(
        seed=seed,
        scale=scale,
        calendar=calendar,
        staff=staff,
        stores=make_stores(rng, calendar, staff, scale),
        products=make_products(rng, MONTHS),
        market=make_market(rng, calendar),
        campaigns=make_campaigns(rng, calendar, staff),
    )
