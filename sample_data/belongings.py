"""What hangs directly on a customer: addresses, contacts at companies, industries."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sample_data.addressing import from_language, phone_numbers, postal_codes, streets
from sample_data.catalogue import leaves
from sample_data.company import Company
from sample_data.customers import Customers
from sample_data.names import FEMALE, LAST, MALE
from sample_data.places import COUNTRIES, places
from sample_data.rows import Numbers, choose, join, pick, rows, within
from sample_data.staff import language_of

_ROLES = ("DECIDER", "BUYER", "USER", "TECHNICAL")
_TITLES = ("Managing Director", "Head of Purchasing", "Office Manager", "IT Manager")


def addresses(rng: np.random.Generator, customers: Customers, numbers: Numbers) -> pa.Table:
    """A first address for everybody; some have others for bills or parcels, in the same city."""
    extra = np.flatnonzero(rng.random(len(customers)) < np.where(customers.is_company, 0.5, 0.12))
    who = np.concatenate([np.arange(len(customers)), extra])
    city, country, place = customers.city[who], customers.country[who], places()
    first = np.arange(len(who)) < len(customers)
    kind = np.where(
        first, np.where(customers.is_company[who], 3, 0), choose(rng, (1, 1), len(who)) + 1
    )
    another = extra.astype(np.int64)
    street = pa.concat_arrays([customers.street, streets(rng, customers.country[another])])
    postal = pa.concat_arrays([customers.postal_code, postal_codes(rng, customers.city[another])])
    return rows(
        "crm.address",
        address_id=numbers.take("address", len(who)),
        customer_id=customers.id[who],
        address_type=pick(["HOME", "BILLING", "DELIVERY", "OFFICE"], kind),
        street=street,
        postal_code=postal,
        city=pick(place.city, city),
        region=pick(place.region_names, place.region[city]),
        country_code=pick([c.code for c in COUNTRIES], country),
        valid_from=customers.since[who],
        updated_at=customers.since[who].astype("datetime64[s]") + 40_000,
    )


def contacts(
    rng: np.random.Generator, customers: Customers, numbers: Numbers
) -> tuple[pa.Table, np.ndarray]:
    """One to four contacts at each company; also the first contact of each customer or -1."""
    firms = np.flatnonzero(customers.is_company)
    counts = np.minimum(1 + rng.poisson(np.log1p(customers.employees[firms]) / 4), 4)
    who, order = np.repeat(firms, counts), within(counts)
    language = language_of(customers.country[who])
    first = from_language(rng, FEMALE if len(who) % 2 else MALE, language)
    last = from_language(rng, LAST, language)
    contact_id = numbers.take("contact", len(who))
    primary = np.full(len(customers), -1)
    primary[who[order == 0]] = contact_id[order == 0]
    role = np.where(order == 0, 0, rng.integers(1, 4, len(who)))
    mail = join(
        "c",
        pa.array(contact_id).cast(pa.string()),
        "@customer",
        join(pa.array(customers.id[who]).cast(pa.string()), ".example"),
    )
    return rows(
        "crm.contact",
        contact_id=contact_id,
        customer_id=customers.id[who],
        first_name=first,
        last_name=last,
        job_title=pick(_TITLES, role),
        role=pick(_ROLES, role),
        email=mail,
        phone=phone_numbers(rng, customers.country[who], mobile=True),
        is_primary=order == 0,
        updated_at=customers.since[who].astype("datetime64[s]") + 50_000,
    ), primary


def industries(company: Company, rng: np.random.Generator, customers: Customers) -> pa.Table:
    """One or two industries of each company in each tree; the shares add up to 1."""
    firms = np.flatnonzero(customers.is_company)
    tables = []
    for tree, codes in leaves().items():
        main = rng.integers(0, len(codes), len(firms))
        second = np.flatnonzero(rng.random(len(firms)) < 0.3)
        share = np.full(len(firms), 10_000)
        share[second] = rng.integers(55, 90, len(second)) * 100
        who = np.concatenate([firms, firms[second]])
        code = np.concatenate([main, (main[second] + 1) % len(codes)])
        tables.append(
            rows(
                "crm.customer_industry",
                customer_id=customers.id[who],
                tree=tree,
                code=pick(codes, code),
                share=np.concatenate([share, 10_000 - share[second]]),
                updated_at=customers.since[who].astype("datetime64[s]") + 60_000,
            )
        )
    return pa.concat_tables(tables).combine_chunks()
