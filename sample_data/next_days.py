"""Continues the company day by day: what is new, what changes, what is deleted, what comes late.

Each day draws from its own random stream and from the numbers kept in ``state.json``, so playing
two days at once and one day twice lead to the same systems.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from sample_data.company import DAY_STREAM, found_company
from sample_data.database import crm_server
from sample_data.day import Day
from sample_data.day_changes import change
from sample_data.day_news import bring_news
from sample_data.generator import SampleReport, Systems, save_state
from sample_data.ledger import Ledger, read_ledger
from sample_data.months import Calendar
from sample_data.rows import Numbers


def play(
    directory: Path,
    *,
    days: int = 1,
    billing_url: str | None = None,
    crm_url: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> SampleReport:
    """Let the company of ``directory`` live on for some days; the report counts new rows.

    Pass the same URLs as to ``generate``. The databases are committed once, at the end.
    """
    began, tell = time.perf_counter(), progress or (lambda _: None)
    data = Path(directory).resolve() / "data"
    if not (data / "state.json").exists():
        raise FileNotFoundError(f"no sample company in {data}: generate one first")
    state = json.loads((data / "state.json").read_text(encoding="utf-8"))
    until, played = date.fromisoformat(state["until"]), int(state["days_played"])
    company = found_company(state["scale"], state["seed"], until)
    numbers, ledger = Numbers(state["numbers"]), Ledger(data / "ledger.parquet")
    earlier = read_ledger(data / "ledger.parquet")
    ledger.carry_over(earlier)
    counts: Counter[str] = Counter()
    with crm_server(data, crm_url) as url:
        systems = Systems(data, url, billing_url or f"sqlite:///{data}/billing.sqlite", counts)
        try:
            for number in range(played + 1, played + days + 1):
                today = until + timedelta(days=number)
                day = Day(
                    company=replace(company, calendar=Calendar(today)),
                    rng=np.random.default_rng([company.seed, DAY_STREAM, number]),
                    systems=systems,
                    numbers=numbers,
                    ledger=ledger,
                )
                bring_news(day)
                change(day)
                tell(f"{today}: {sum(counts.values()):,} rows so far")
            systems.finish()
        finally:
            systems.close()
    ledger.close()
    counts["ledger"] = ledger.entries - earlier.num_rows
    save_state(data, state | {"days_played": played + days, "numbers": numbers.taken})
    return SampleReport(dict(counts), time.perf_counter() - began, Path(directory))
