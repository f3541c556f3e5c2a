"""Orders of a block with their lines and returns, and the stock of the stores."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from sample_data.campaigns import Purchases
from sample_data.company import Company
from sample_data.contracts import Accounts
from sample_data.customers import NEVER, Customers
from sample_data.months import MONTHS, ORDER_SEASON, moments
from sample_data.places import COUNTRIES, places
from sample_data.rows import Numbers, choose, numbered, pick, rows, within

CHANNELS = ("STORE", "DEALER", "WEB", "APP", "PHONE", "KEYACC")
_STORE, _DEALER, _WEB, _APP, _KEYACC = 0, 1, 2, 3, 5
_ORDERS_A_MONTH = 0.085


def order(
    company: Company,
    rng: np.random.Generator,
    customers: Customers,
    accounts: Accounts,
    purchases: Purchases,
    numbers: Numbers,
) -> dict[str, pa.Table]:
    """Orders, lines and returns of one block, orders by date."""
    wishes = _who_orders_when(company, rng, customers, purchases)
    return place(company, rng, customers, accounts, wishes, numbers)


def place(
    company: Company,
    rng: np.random.Generator,
    customers: Customers,
    accounts: Accounts,
    wishes: Purchases,
    numbers: Numbers,
) -> dict[str, pa.Table]:
    """The orders that these wishes become, with lines and returns."""
    calendar = company.calendar
    who, day, campaign = wishes.customer, wishes.day, wishes.campaign
    count, month = len(who), calendar.month(day)
    number = numbers.take("sales_order", count)
    firm, country = customers.is_company[who], customers.country[who]
    channel = np.where(
        firm, choose(rng, (2, 3, 2, 0, 2, 6), count), choose(rng, (34, 22, 30, 10, 7), count)
    )
    # The web grows over the years.
    channel = np.where((channel == _STORE) & (rng.random(count) < month * 0.006), _WEB, channel)
    lines, amount = _lines(company, rng, customers, who, month, number)
    dealt = channel <= _DEALER
    store = company.stores.near(rng, country, channel == _DEALER)
    by_rep = company.staff.at_work(rng, "Sales", month, country)
    by_manager = company.staff.at_work(rng, "Key Accounts", month, country)
    seller = np.select(
        [channel == _KEYACC, np.isin(channel, (_WEB, _APP, _DEALER))], [by_manager, -1], by_rep
    )
    promised = day + np.where(dealt, 0, rng.integers(2, 6, count))
    shipped = day + np.where(dealt, 0, rng.integers(1, 7, count))
    delivered = shipped + np.where(dealt, 0, rng.integers(1, 5, count))
    cancelled = rng.random(count) < 0.025
    shipped = np.where(cancelled | (shipped > calendar.end), NEVER, shipped)
    delivered = np.where(cancelled | (delivered > calendar.end), NEVER, delivered)
    state = np.select([cancelled, np.isnat(shipped), np.isnat(delivered)], [3, 2, 1], 0)
    by_account = (channel == _WEB) & (rng.random(count) < 0.5)
    first_account = np.searchsorted(accounts.who, who)
    account = accounts.text.take(pa.array(first_account, mask=~by_account))
    ordered = moments(rng, day)
    touched = np.fmax(ordered, np.fmax(shipped, delivered).astype("datetime64[s]") + 61_200)
    orders = rows(
        "sales.sales_order",
        order_number=numbered("O", number, 9),
        order_date=day,
        ordered_at=ordered,
        customer_id=np.where(by_account, -1, customers.id[who]),
        account_number=account,
        channel_code=pick(CHANNELS, channel),
        store_code=pick(company.stores.code, np.where(dealt, store, -1)),
        salesperson_id=seller,
        campaign_id=campaign,
        delivery_name=customers.name.take(pa.array(who)),
        delivery_city=pick(places().city, customers.city[who]),
        delivery_country=pick([c.code for c in COUNTRIES], country),
        promised_on=promised,
        shipped_on=shipped,
        delivered_on=delivered,
        status=pick(["DELIVERED", "SHIPPED", "OPEN", "CANCELLED"], state),
        currency=pick([c.currency for c in COUNTRIES], country),
        order_amount=amount,
        updated_at=touched,
    )
    returns = _returns(company, rng, lines, delivered, numbers)
    return {"sales.sales_order": orders, "sales.order_line": lines, "sales.sales_return": returns}


def _who_orders_when(
    company: Company, rng: np.random.Generator, customers: Customers, purchases: Purchases
) -> Purchases:
    calendar, month = company.calendar, np.arange(MONTHS)
    season = ORDER_SEASON[calendar.month_of_year] * (1 + 0.08 * month / 12)
    eager = customers.appetite**0.8
    rate = _ORDERS_A_MONTH * eager[:, None] * season
    rate = rate * (month >= calendar.month(customers.since)[:, None])
    counts = rng.poisson(rate)
    flat = np.repeat(np.arange(counts.size), counts.ravel())
    who, day = flat // MONTHS, calendar.day(rng, flat % MONTHS)
    who = np.concatenate([who, purchases.customer])
    day = np.concatenate([day, purchases.day])
    campaign = np.concatenate([np.full(len(flat), -1), purchases.campaign])
    keep = (day >= customers.since[who]) & (day <= customers.ended_or_never[who])
    keep &= (day <= calendar.end) & (day >= calendar.start)
    who, day, campaign = who[keep], day[keep], campaign[keep]
    by_day = np.argsort(day, kind="stable")
    return Purchases(who[by_day], day[by_day], campaign[by_day])


def _lines(
    company: Company,
    rng: np.random.Generator,
    customers: Customers,
    who: np.ndarray,
    month: np.ndarray,
    number: np.ndarray,
) -> tuple[pa.Table, np.ndarray]:
    """Lines of the orders, and each order's amount in cents."""
    products, count = company.products, len(who)
    counts = 1 + rng.binomial(3, 0.24, count)
    owner = np.repeat(np.arange(count), counts)
    product = _assortment(company, rng, month[owner])
    firm = customers.is_company[who[owner]]
    eager = customers.appetite[who[owner]]
    quantity = 1 + np.where(firm, rng.poisson(eager * 0.6), rng.random(len(owner)) < 0.08)
    country = customers.country[who[owner]]
    rate = company.market.monthly_rate[country, month[owner]]
    price = np.round(products.price[product, month[owner]] / rate).astype(np.int64)
    gross = price * quantity
    percent = np.where(rng.random(len(owner)) < 0.25, rng.integers(1, 4, len(owner)) * 5, 0)
    percent = np.where(firm & (quantity >= 10), percent + 5, percent)
    discount = np.round(gross * percent / 100).astype(np.int64)
    net = gross - discount
    tax = np.array([c.tax_percent for c in COUNTRIES])[country]
    table = rows(
        "sales.order_line",
        order_number=numbered("O", number[owner], 9),
        line_number=within(counts) + 1,
        product_code=pick(products.code, product),
        quantity=quantity,
        unit_price=price,
        discount_amount=discount,
        net_amount=net,
        tax_amount=np.round(net * tax / 100).astype(np.int64),
        unit_cost=products.cost[product, month[owner]],
    )
    return table, np.bincount(owner, net, count).astype(np.int64)


def _assortment(company: Company, rng: np.random.Generator, month: np.ndarray) -> np.ndarray:
    """A product on sale in each of the months, drawn by popularity."""
    products = company.products
    months = np.arange(MONTHS)
    on_sale = (products.launched_month[:, None] <= months) & (
        products.withdrawn_month[:, None] > months
    )
    edges = np.cumsum(np.where(on_sale, products.popularity[:, None], 0), axis=0)
    edges /= edges[-1]
    # Shifting each month's edges by its number turns many draws into one sorted search.
    flat = (edges.T + months[:, None]).ravel()
    drawn = np.searchsorted(flat, rng.random(len(month)) + month, side="right")
    product: np.ndarray = drawn.clip(0, flat.size - 1) % len(products.code)
    return product


def _returns(
    company: Company,
    rng: np.random.Generator,
    lines: pa.Table,
    delivered: np.ndarray,
    numbers: Numbers,
) -> pa.Table:
    owner = np.cumsum(lines["line_number"].to_numpy() == 1) - 1
    back = delivered[owner] + rng.integers(2, 30, len(owner))
    hit = np.flatnonzero((rng.random(len(owner)) < 0.05) & (back <= company.calendar.end))
    hit = hit[np.argsort(back[hit], kind="stable")]
    quantity = lines["quantity"].to_numpy()[hit]
    pieces = 1 + (rng.random(len(hit)) * 0.6 * quantity).astype(int)
    net = np.round(lines["net_amount"].cast(pa.float64()).to_numpy()[hit] * 100)
    reason = choose(rng, (4, 4, 1, 1), len(hit))
    taken = lines.take(pa.array(hit))
    return rows(
        "sales.sales_return",
        return_number=numbered("R", numbers.take("sales_return", len(hit)), 9),
        order_number=taken["order_number"],
        line_number=taken["line_number"],
        returned_on=pa.array(back[hit].astype("datetime64[D]")).cast(pa.string()),
        quantity=pieces,
        refund_amount=np.round(net * pieces / quantity).astype(np.int64),
        reason=pick(["DEFECT", "CHANGED_MIND", "WRONG_ITEM", "LATE"], reason),
        remark=pick(
            ["défaut à la réception", "Gerät defekt", "changed my mind", "no me gustó"],
            np.where(rng.random(len(hit)) < 0.5, rng.integers(0, 4, len(hit)), -1),
        ),
    )


def stock(company: Company, rng: np.random.Generator) -> Iterator[tuple[int, pa.Table]]:
    """A snapshot of the own stores' stock at the end of each month that is over."""
    products, calendar = company.products, company.calendar
    stocked = np.flatnonzero(products.stocked)
    stores = np.flatnonzero(company.stores.is_store)
    for month in range(MONTHS):
        last_day = calendar.month_starts[month + 1] - 1
        if last_day > calendar.end:
            return
        on_sale = stocked[products.launched_month[stocked] <= month]
        store, product = (i.ravel() for i in np.meshgrid(stores, on_sale, indexing="ij"))
        fill = 4 + 9 * np.sqrt(products.popularity[product])
        on_hand = rng.poisson(fill * ORDER_SEASON[calendar.month_of_year[month]])
        yield (
            month,
            rows(
                "sales.stock",
                snapshot_date=np.full(len(store), last_day),
                store_code=pick(company.stores.code, store),
                product_code=pick(products.code, product),
                quantity_on_hand=on_hand,
                quantity_on_order=np.where(on_hand < 4, rng.integers(5, 20, len(store)), 0),
                stock_value=on_hand * products.cost[product, month],
            ),
        )


def price_histories(company: Company) -> dict[str, pa.Table]:
    """Products with their prices and costs now, and the steps that led there."""
    products, calendar = company.products, company.calendar
    on_sale = calendar.month_starts[0] - 400
    launched = np.where(
        products.launched_month < 0, on_sale, calendar.month_starts[products.launched_month.clip(0)]
    )
    withdrawn = np.where(
        products.withdrawn_month < MONTHS,
        calendar.month_starts[products.withdrawn_month.clip(0, MONTHS)],
        NEVER,
    )
    made = {
        "sales.product": rows(
            "sales.product",
            product_code=products.code,
            product_name=products.name,
            product_family=products.family,
            product_line=products.line,
            brand=products.brand,
            is_stocked=products.stocked,
            warranty_months=products.warranty,
            launched_on=launched,
            withdrawn_on=withdrawn,
            list_price=products.price[:, -1],
            unit_cost=products.cost[:, -1],
        )
    }
    for name, column, values in (
        ("sales.product_price_history", "list_price", products.price),
        ("sales.product_cost_history", "unit_cost", products.cost),
    ):
        steps = np.ones_like(values, dtype=bool)
        steps[:, 1:] = values[:, 1:] != values[:, :-1]
        which, month = np.nonzero(steps)
        since = calendar.month_starts[month]
        last = np.append(which[1:] != which[:-1], True)
        until = np.where(last, NEVER, np.append(since[1:], since[:1]) - 1)
        made[name] = rows(
            name,
            product_code=pick(products.code, which),
            valid_from=since,
            valid_to=until,
            **{column: values[which, month]},
        )
    return made
