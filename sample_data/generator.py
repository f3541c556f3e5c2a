"""Generates the sample company into its systems, block by block."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from sample_data.block import Block, blocks
from sample_data.catalogue import lookup_tables
from sample_data.company import UNTIL, Company, found_company
from sample_data.database import Database, crm_server
from sample_data.dirt import spoil_block
from sample_data.drops import Drops
from sample_data.ledger import Ledger
from sample_data.market import network_rows, outside_tables
from sample_data.months import MONTHS, ORDER_SEASON
from sample_data.ordering import price_histories, stock
from sample_data.rows import Numbers, pick, rows

# Drops that arrive in cp1252, by month; somebody exported them on an old machine.
OLD_EXPORTS = {"sales.sales_order": {13: "cp1252"}, "sales.sales_return": {20: "cp1252"}}
LATE_ORDERS = 0.008
_PARENTS_FIRST = ("crm.household", "crm.customer", "billing.billing_account")


@dataclass(frozen=True)
class SampleReport:
    """What was written: rows by ``source.table``, the time it took, and where it lies."""

    rows: dict[str, int]
    seconds: float
    directory: Path


def generate(
    directory: Path,
    *,
    scale: float = 1.0,
    seed: int = 42,
    until: date = UNTIL,
    billing_url: str | None = None,
    crm_url: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> SampleReport:
    """Write 36 months of the sample company below ``directory/data``.

    Args:
        directory: workspace of the sample; its ``data`` folder is made or refreshed.
        scale: 1 is 2,000 customers and some 400,000 rows; 0.05 is the least worth having.
        seed: the same seed, scale and date give the same content.
        until: the last day of the 36 months.
        billing_url: database for billing; SQLite in ``data/billing.sqlite`` if not given.
        crm_url: database for the CRM; an embedded PostgreSQL in ``data/crm`` if not given.
        progress: told in a line what is going on.
    """
    began, tell = time.perf_counter(), progress or (lambda _: None)
    data = Path(directory).resolve() / "data"
    data.mkdir(parents=True, exist_ok=True)
    company = found_company(scale, seed, until)
    counts: Counter[str] = Counter()
    numbers, ledger = Numbers(), Ledger(data / "ledger.parquet")
    with crm_server(data, crm_url) as url:
        systems = Systems(data, url, billing_url or f"sqlite:///{data}/billing.sqlite", counts)
        try:
            systems.create()
            tell("lookups, staff and the market")
            _write_shared(company, systems)
            for block in blocks(company, numbers):
                _write_block(company, block, systems, numbers, ledger)
                made = sum(counts.values())
                tell(f"block {block.number + 1}: {made:,} rows in all")
            tell("keys and indexes")
            systems.finish(created=True)
        finally:
            systems.close()
    ledger.close()
    counts["ledger"] = ledger.entries
    save_state(
        data,
        {
            "seed": seed,
            "scale": scale,
            "until": until.isoformat(),
            "days_played": 0,
            "numbers": numbers.taken,
        },
    )
    return SampleReport(dict(counts), time.perf_counter() - began, Path(directory))


class Systems:
    """The source systems, open for writing; counts what goes where."""

    def __init__(self, data: Path, crm_url: str, billing_url: str, counts: Counter[str]) -> None:
        self.counts = counts
        self.databases = {
            "crm": Database(crm_url, "crm"),
            "billing": Database(billing_url, "billing"),
        }
        self.drops = {name: Drops(data / name) for name in ("sales", "outside")}

    def create(self) -> None:
        """Empty tables and folders."""
        for database in self.databases.values():
            database.create()
        for source, drop in self.drops.items():
            drop.clear(source)

    def write(self, name: str, table: pa.Table) -> None:
        """Append to a database table, or write a file that holds the whole table."""
        source, _, bare = name.partition(".")
        self.counts[name] += table.num_rows
        if source in self.databases:
            self.databases[source].write(bare, table)
        else:
            self.drops[source].write(name, table)

    def finish(self, created: bool = False) -> None:
        """Commit everywhere."""
        for database in self.databases.values():
            database.finish(created)

    def close(self) -> None:
        """Close everywhere."""
        for database in self.databases.values():
            database.close()


def _write_shared(company: Company, systems: Systems) -> None:
    rng = np.random.default_rng([company.seed, 9])
    tables = lookup_tables(company.calendar)
    tables["crm.employee"] = company.staff.table
    tables["crm.campaign"] = company.campaigns.table
    tables["crm.network_quality"] = network_rows(company.market, company.calendar)
    tables["sales.store"] = company.stores.table(company.staff)
    tables["sales.sales_target"] = _targets(company, rng)
    tables |= price_histories(company)
    tables |= outside_tables(rng, company.market, company.calendar)
    for name, table in tables.items():
        systems.write(name, table)
    for month, snapshot in stock(company, rng):
        systems.counts["sales.stock"] += snapshot.num_rows
        systems.drops["sales"].append("sales.stock", company.calendar.label(month), snapshot)


def _targets(company: Company, rng: np.random.Generator) -> pa.Table:
    """A target for each sales desk and store and month, with last year's season in it."""
    desks = company.staff.desks["Sales"]
    kinds = np.repeat([0, 1], [len(desks) * MONTHS, len(company.stores.code) * MONTHS])
    month = np.concatenate(
        [
            np.tile(np.arange(MONTHS), len(desks)),
            np.tile(np.arange(MONTHS), len(company.stores.code)),
        ]
    )
    people = pa.array(desks.ravel()).cast(pa.string())
    stores = pick(company.stores.code, np.repeat(np.arange(len(company.stores.code)), MONTHS))
    each = 3_600 * company.scale / max(1.0, company.scale) ** 0.5
    season = ORDER_SEASON[company.calendar.month_of_year[month]] * (1 + month / 60)
    target = np.round(each * season * rng.lognormal(0, 0.15, len(month))).astype(np.int64)
    return rows(
        "sales.sales_target",
        target_month=company.calendar.month_starts[month],
        target_for=pick(["EMPLOYEE", "STORE"], kinds),
        target_key=pa.concat_arrays([people, stores]),
        revenue_target=target * 100,
        orders_target=1 + target // 900,
    )


def _write_block(
    company: Company, block: Block, systems: Systems, numbers: Numbers, ledger: Ledger
) -> None:
    first = block.number == 0
    tables = spoil_block(block.tables, block.rng, numbers, ledger, company.calendar.until, first)
    for name in sorted(tables, key=lambda n: n not in _PARENTS_FIRST):
        if not name.startswith("sales."):
            systems.write(name, tables[name])
    _drop_by_month(company, block, tables, systems, ledger)
    if first:
        for name, months in OLD_EXPORTS.items():
            for month, encoding in months.items():
                label = company.calendar.label(month)
                ledger.enter(name, [label], "*", "encoding", "utf-8", encoding)
    ledger.flush()


def _drop_by_month(
    company: Company, block: Block, tables: dict[str, pa.Table], systems: Systems, ledger: Ledger
) -> None:
    """Orders and lines into the drop of the order's month, a few of them weeks later."""
    calendar, drops = company.calendar, systems.drops["sales"]
    labels = [calendar.label(m) for m in range(MONTHS)]
    orders, lines = tables["sales.sales_order"], tables["sales.order_line"]
    month = calendar.month(orders["order_date"].to_numpy())
    late = np.flatnonzero((block.rng.random(len(month)) < LATE_ORDERS) & (month < MONTHS - 1))
    arrives = month.copy()
    arrives[late] += 1
    for index in late.tolist():
        ledger.enter(
            "sales.sales_order",
            [orders["order_number"][index].as_py()],
            "*",
            "late_row",
            labels[month[index]],
            labels[arrives[index]],
        )
    # Lines travel with their order; an orphan goes where the line before it went.
    number = pa.compute.index_in(lines["order_number"], orders["order_number"].combine_chunks())
    position = pa.compute.fill_null(pa.compute.fill_null_forward(number), 0).to_numpy()
    returns = tables["sales.sales_return"]
    back = block.tables["sales.sales_return"]["returned_on"].cast(pa.date32()).to_numpy()
    for name, table, when in (
        ("sales.sales_order", orders, arrives),
        ("sales.order_line", lines, arrives[position]),
        ("sales.sales_return", returns, calendar.month(back)),
    ):
        systems.counts[name] += table.num_rows
        drops.append_by_month(name, table, when, labels, OLD_EXPORTS.get(name, {}))


def save_state(data: Path, state: dict[str, object]) -> None:
    """Write the state beside the data, in one step."""
    part = data / "state.part"
    part.write_text(json.dumps(state, indent=1), encoding="utf-8")
    os.replace(part, data / "state.json")
