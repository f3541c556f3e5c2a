"""One block of customers with everything that hangs on them, in every system."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sample_data.belongings import addresses, contacts, industries
from sample_data.billing import account_rows, bill
from sample_data.campaigns import addressed
from sample_data.cases import follow_up
from sample_data.churn import leave
from sample_data.company import Company
from sample_data.contracts import contract_rows, sign
from sample_data.customers import customer_rows, make_customers
from sample_data.ordering import order
from sample_data.payments import securities, settle
from sample_data.rows import Numbers
from sample_data.selling import sell
from sample_data.service import interact, interaction_rows


@dataclass(frozen=True)
class Block:
    """The clean rows of one block by ``source.table``; dirt comes after."""

    number: int
    tables: dict[str, pa.Table]
    rng: np.random.Generator


def blocks(company: Company, numbers: Numbers) -> Iterator[Block]:
    """All customers of the company, block by block, so that memory stays bounded."""
    for number, size in company.blocks():
        rng = company.block_stream(number)
        yield Block(number, _tables(company, rng, size, numbers), rng)


def _tables(
    company: Company, rng: np.random.Generator, size: int, numbers: Numbers
) -> dict[str, pa.Table]:
    """The story in its order: who they are, what they sign, how they are served, who leaves."""
    customers, households = make_customers(company, rng, size, numbers)
    contracts, accounts = sign(company, rng, customers, numbers)
    served = interact(company, rng, customers, contracts, numbers)
    contracts, customers = leave(company, rng, customers, contracts, served.bad_contacts(size))
    served = served.where(served.day <= customers.ended_or_never[served.who])

    contact_table, primary_contact = contacts(rng, customers, numbers)
    tables = {
        "crm.household": households,
        "crm.customer": customer_rows(company, rng, customers),
        "crm.contact": contact_table,
        "crm.address": addresses(rng, customers, numbers),
        "crm.customer_industry": industries(company, rng, customers),
        "billing.billing_account": account_rows(company, rng, customers, contracts, accounts),
    }
    tables |= contract_rows(company, rng, customers, contracts, accounts, numbers)
    tables["crm.interaction"] = interaction_rows(rng, customers, served, primary_contact)
    tables |= follow_up(company, rng, customers, contracts, served, numbers)

    campaigns, purchases = addressed(company, rng, customers, numbers)
    tables |= campaigns
    tables |= sell(company, rng, customers, numbers)
    tables |= order(company, rng, customers, accounts, purchases, numbers)

    billing, invoices = bill(company, rng, customers, contracts, accounts, numbers)
    tables |= billing
    tables |= settle(company, rng, customers, accounts, invoices, numbers)
    tables |= securities(company, rng, customers, accounts, numbers)
    return tables
