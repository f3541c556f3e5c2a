"""One day of the company: its systems, and customers as they stand in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from sample_data.company import Company
from sample_data.contracts import Accounts
from sample_data.customers import NEVER, Customers
from sample_data.generator import Systems
from sample_data.ledger import Ledger
from sample_data.places import COUNTRIES, places
from sample_data.rows import Numbers


@dataclass(frozen=True)
class Day:
    """What a day works with; the company's calendar ends today."""

    company: Company
    rng: np.random.Generator
    systems: Systems
    numbers: Numbers
    ledger: Ledger

    @property
    def today(self) -> date:
        """The day itself."""
        return self.company.calendar.until

    def about(self, at_scale_1: float) -> int:
        """How often something happens today; at least once."""
        return 1 + int(self.rng.poisson(at_scale_1 * self.company.scale))

    def table(self, name: str) -> sa.Table:
        """The database table ``source.table``."""
        source, _, bare = name.partition(".")
        return self.systems.databases[source].metadata.tables[bare]

    def read(self, name: str, statement: sa.Executable) -> list[Any]:
        """Ask the database of the table ``name``."""
        return self.systems.databases[name.partition(".")[0]].rows(statement)

    def update(self, name: str, key: int | str, **values: object) -> None:
        """Change a row and stamp it with a moment of today."""
        table = self.table(name)
        column = next(iter(table.primary_key.columns))
        if "updated_at" not in values:
            values["updated_at"] = self.moment()
        self.systems.databases[name.partition(".")[0]].connection.execute(
            sa.update(table).where(column == key).values(**values)
        )

    def moment(self) -> Any:
        """A moment of today, in working hours."""
        second = int(self.rng.integers(28_800, 72_000))
        return (self.company.calendar.end.astype("datetime64[s]") + second).item()

    def choose(self, name: str, wanted: int, *where: sa.ColumnElement[bool]) -> list[Any]:
        """Rows of a table, at random, except those the ledger speaks of.

        What is spoiled stays as the ledger describes it; clean rows are enough to change.
        """
        table = self.table(name)
        key = next(iter(table.primary_key.columns))
        spoiled = self.ledger.keys(name)
        found = [
            k
            for (k,) in self.read(name, sa.select(key).where(*where).order_by(key))
            if str(k) not in spoiled
        ]
        if not found:
            return []
        chosen = self.rng.choice(len(found), min(wanted, len(found)), replace=False)
        picked = [found[int(i)] for i in np.sort(chosen)]
        return self.read(name, sa.select(table).where(key.in_(picked)).order_by(key))


def remembered(day: Day, accounts: Iterable[Any]) -> tuple[Customers, Accounts]:
    """Known customers, one for each of these rows of billing_account.

    Only what today's events need is filled in; the rest stays in the systems.
    """
    held = list(accounts)
    count, place = len(held), places()
    codes = [c.code for c in COUNTRIES]
    country = np.array([codes.index(a.country_code) for a in held], dtype=np.int64)
    city = np.array([place.city.index(a.city) for a in held], dtype=np.int64)
    number = np.array([int(a.customer_ref) for a in held], dtype=np.int64)
    customer = day.table("crm.customer")
    known = {
        row.customer_id: row
        for row in day.read(
            "crm.customer",
            sa.select(
                customer.c.customer_id,
                customer.c.customer_type,
                customer.c.since_date,
                customer.c.employees_count,
            ).where(customer.c.customer_id.in_(number.tolist())),
        )
    }
    people = [known[n] for n in number.tolist()]
    text, none = pa.nulls(count, pa.string()), np.full(count, -1)
    customers = Customers(
        id=number,
        is_company=np.array([p.customer_type == "C" for p in people], dtype=bool),
        country=country,
        city=city,
        first_name=text,
        last_name=text,
        company_name=text,
        name=pa.array([a.customer_name for a in held], pa.string()),
        is_female=np.zeros(count, dtype=bool),
        birth_date=np.full(count, NEVER),
        income=none,
        employees=np.array([p.employees_count or -1 for p in people], dtype=np.int64),
        segment=none,
        credit=none + 2,
        consent=np.ones(count, dtype=bool),
        appetite=day.rng.pareto(1.45, count) + 0.35,
        since=np.array([p.since_date for p in people], dtype="datetime64[D]"),
        ended=np.full(count, NEVER),
        email=text,
        phone=text,
        mobile=text,
        street=text,
        postal_code=text,
        manager=none,
        household=none,
        parent=none,
    )
    return customers, Accounts(
        number=np.array([int(a.account_number[1:]) for a in held], dtype=np.int64),
        who=np.arange(count),
        billing_day=np.array([a.billing_day for a in held], dtype=np.int64),
        direct_debit=np.array([a.payment_method == "DIRECT_DEBIT" for a in held], dtype=bool),
    )
