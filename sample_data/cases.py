"""What interactions lead to: cases, repairs of devices and answers to surveys."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sample_data.company import Company
from sample_data.contracts import Contracts
from sample_data.customers import Customers
from sample_data.months import MONTHS, add_months
from sample_data.rows import Numbers, choose, numbered, pick, rows
from sample_data.service import REASONS, Interactions

_STATUSES = ("NEW", "ASSIGNED", "WAITING", "RESOLVED", "CLOSED")
_TYPE_OF_REASON = np.array([0, 1, 2, 3, 3, 0, 3, 2, 2])  # into _TYPES
_TYPES = ("COMPLAINT", "FAULT", "QUESTION", "REQUEST")
_OPENS = np.array([0.16, 0.55, 0.12, 0.14, 0.3, 0.2, 0.35, 0.02, 0.1])
_FAULTS = ("NO_POWER", "DISPLAY", "BATTERY", "NO_SIGNAL", "WATER")
_COMMENTS = (
    "Very helpful",
    "Quick and friendly",
    "Waited far too long",
    "Problem still there",
    "Solved at the second call",
    "Nobody called back",
    "All good",
)
_NAT = np.datetime64("NaT", "s")
HOUR, DAY = 3_600, 86_400


def devices(
    company: Company,
    rng: np.random.Generator,
    customers: Customers,
    contracts: Contracts,
    numbers: Numbers,
) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    """Devices that came with contracts: rows, their ids and the contract (index) of each."""
    products = company.products
    family = np.array(products.family)
    phones, routers = np.flatnonzero(family == "PHONE"), np.flatnonzero(family == "ROUTER")
    with_one = np.flatnonzero(
        rng.random(len(contracts.id)) < np.array([0.6, 0.5, 0.95])[contracts.line]
    )
    count = len(with_one)
    product = np.where(
        contracts.line[with_one] == 2, rng.choice(routers, count), rng.choice(phones, count)
    )
    installed = np.minimum(
        contracts.start[with_one] + rng.integers(0, 12, count), company.calendar.end
    )
    device_id = numbers.take("installed_product", count)
    ended = contracts.ended[with_one]
    table = rows(
        "crm.installed_product",
        installed_product_id=device_id,
        customer_id=customers.id[contracts.who[with_one]],
        contract_id=contracts.id[with_one],
        product_code=pick(products.code, product),
        serial_number=numbered("SN", device_id * 7_919 + 13, 12),
        installed_on=installed,
        warranty_start=installed,
        warranty_end=add_months(installed, products.warranty[product]) + 27,
        status=pick(
            ["IN_USE", "RETURNED", "REPLACED"],
            np.where(np.isnat(ended), np.where(rng.random(count) < 0.04, 2, 0), 1),
        ),
        updated_at=np.where(np.isnat(ended), installed, ended).astype("datetime64[s]") + 9 * HOUR,
    )
    return table, device_id, with_one


def follow_up(
    company: Company,
    rng: np.random.Generator,
    customers: Customers,
    contracts: Contracts,
    made: Interactions,
    numbers: Numbers,
) -> dict[str, pa.Table]:
    """Cases with their steps, repairs and surveys of one block."""
    now = company.calendar.end.astype("datetime64[s]") + DAY - 1
    device_table, device_id, device_contract = devices(company, rng, customers, contracts, numbers)
    hit = np.flatnonzero(
        rng.random(len(made.id)) < _OPENS[made.reason] * np.where(made.medium == 6, 0.2, 1.0)
    )
    who, opened = made.who[hit], made.started[hit] + made.duration[hit]
    case_id, count = numbers.take("service_case", len(hit)), len(hit)
    kind = _TYPE_OF_REASON[made.reason[hit]]
    priority = choose(rng, (25, 60, 15), count)
    sla = np.array([72, 48, 24])[priority]
    # Cases that began with a bad contact take longer.
    takes = rng.lognormal(3.1, 0.9, count) * np.where(made.bad[hit], 1.9, 1.0) * HOUR
    resolved = opened + takes.astype(int)
    times = np.stack(
        [
            opened,
            opened + (takes * 0.08).astype(int),
            opened + (takes * 0.4).astype(int),
            resolved,
            resolved + rng.integers(DAY, 5 * DAY, count),
        ],
        axis=1,
    )
    waits = rng.random(count) < 0.45
    reached = times <= now
    reached[:, 2] &= waits
    status = np.where(reached, np.arange(5), 0).max(axis=1)
    done = np.where(reached, times, np.datetime64("1900-01-01", "s"))
    agent = company.staff.at_work(
        rng,
        "Service",
        company.calendar.month(opened.astype("datetime64[D]")),
        customers.country[who],
    )
    contract = _contract_then(rng, contracts, who, opened.astype("datetime64[D]"), len(customers))
    case = rows(
        "crm.service_case",
        case_id=case_id,
        customer_id=customers.id[who],
        contract_id=np.where(contract < 0, -1, contracts.id[contract.clip(0)]),
        interaction_id=made.id[hit],
        case_type=pick(_TYPES, kind),
        reason=pick(REASONS, made.reason[hit]),
        priority=pick(["LOW", "NORMAL", "HIGH"], priority),
        status=pick(_STATUSES, status),
        opened_at=opened,
        first_response_at=np.where(reached[:, 1], times[:, 1], _NAT),
        resolved_at=np.where(reached[:, 3], times[:, 3], _NAT),
        closed_at=np.where(reached[:, 4], times[:, 4], _NAT),
        sla_hours=sla,
        is_escalated=takes > sla * HOUR * 1.6,
        owner_employee_id=agent,
        updated_at=done.max(axis=1),
    )
    steps = _step_rows(case_id, times, reached, agent, numbers)
    faulty = np.flatnonzero((kind == 1) & (contract >= 0))
    device_of = np.full(len(contracts.id), -1)
    device_of[device_contract] = device_id
    has = device_of[contract[faulty]] >= 0
    faulty = faulty[has & (rng.random(len(faulty)) < 0.6)]
    repair = _repair_rows(
        company,
        rng,
        customers.id[who[faulty]],
        customers.country[who[faulty]],
        case_id[faulty],
        device_of[contract[faulty]],
        contracts.start[contract[faulty]],
        opened[faulty],
        numbers,
    )
    case_of = np.full(len(made.id), -1)
    case_of[hit] = case_id
    return {
        "crm.installed_product": device_table,
        "crm.service_case": case,
        "crm.case_status_change": steps,
        "crm.repair": repair,
        "crm.satisfaction_survey": _survey_rows(rng, customers, made, case_of, now, numbers),
    }


def _contract_then(
    rng: np.random.Generator, contracts: Contracts, who: np.ndarray, day: np.ndarray, customers: int
) -> np.ndarray:
    """A contract of the customer that had begun by then (index), -1 when there is none."""
    counts = np.bincount(contracts.who, minlength=customers)
    first = np.cumsum(counts) - counts
    chosen = first[who] + (rng.random(len(who)) * counts[who]).astype(int)
    return np.where(contracts.start[chosen] <= day, chosen, -1)


def _step_rows(
    case_id: np.ndarray, times: np.ndarray, reached: np.ndarray, agent: np.ndarray, numbers: Numbers
) -> pa.Table:
    which, step = np.nonzero(reached)
    before = np.where(step == 0, -1, step - 1)
    # WAITING is optional: a case that did not wait goes from ASSIGNED to RESOLVED.
    before = np.where((step == 3) & ~reached[which, 2], 1, before)
    return rows(
        "crm.case_status_change",
        status_change_id=numbers.take("case_status_change", len(which)),
        case_id=case_id[which],
        from_status=pick(_STATUSES, before),
        to_status=pick(_STATUSES, step),
        changed_at=times[which, step],
        employee_id=agent[which],
        updated_at=times[which, step],
    )


def _repair_rows(
    company: Company,
    rng: np.random.Generator,
    customer_id: np.ndarray,
    country: np.ndarray,
    case_id: np.ndarray,
    device: np.ndarray,
    bought: np.ndarray,
    opened: np.ndarray,
    numbers: Numbers,
) -> pa.Table:
    count, end = len(case_id), company.calendar.end
    received = np.minimum(opened.astype("datetime64[D]") + rng.integers(1, 8, count), end)
    returned = received + rng.integers(2, 21, count)
    is_open = returned > end
    warranty = (received - bought).astype(int) < 720
    month = company.calendar.month(received).clip(0, MONTHS - 1)
    return rows(
        "crm.repair",
        repair_id=numbers.take("repair", count),
        case_id=case_id,
        customer_id=customer_id,
        installed_product_id=device,
        received_on=received,
        returned_on=np.where(is_open, np.datetime64("NaT", "D"), returned),
        fault_code=pick(_FAULTS, rng.integers(0, len(_FAULTS), count)),
        is_warranty=warranty,
        parts_cost=rng.integers(300, 14_000, count),
        labour_cost=rng.integers(1_500, 9_000, count),
        technician_id=company.staff.at_work(rng, "Field", month, country),
        status=pick(
            ["OPEN", "DONE", "SCRAPPED"],
            np.where(is_open, 0, np.where(rng.random(count) < 0.06, 2, 1)),
        ),
        updated_at=np.where(is_open, received, returned).astype("datetime64[s]") + 15 * HOUR,
    )


def _survey_rows(
    rng: np.random.Generator,
    customers: Customers,
    made: Interactions,
    case_of: np.ndarray,
    now: np.datetime64,
    numbers: Numbers,
) -> pa.Table:
    """One contact in five is asked about, half answer, and bad contacts get low scores."""
    asked = np.flatnonzero((rng.random(len(made.id)) < 0.2) & (made.started < now - 3 * DAY))
    count = len(asked)
    sent = made.started[asked] + rng.integers(HOUR, DAY, count)
    answered = sent + rng.integers(600, 2 * DAY, count)
    silent = rng.random(count) < 0.52
    nps = rng.random(count) < 0.3
    mood = rng.normal(0.74, 0.2, count) - 0.36 * made.bad[asked]
    mood = (mood - (made.queue_seconds[asked] > 180) * 0.12).clip(0, 1)
    score = np.where(nps, np.round(mood * 10), 1 + np.round(mood * 4)).astype(int)
    remark = np.where(mood < 0.45, rng.integers(2, 6, count), rng.integers(0, 2, count))
    remark = np.where(silent | (rng.random(count) < 0.7), -1, remark)
    return rows(
        "crm.satisfaction_survey",
        survey_id=numbers.take("satisfaction_survey", count),
        customer_id=customers.id[made.who[asked]],
        interaction_id=made.id[asked],
        case_id=case_of[asked],
        survey_type=pick(["CSAT", "NPS"], nps.astype(int)),
        sent_at=sent,
        answered_at=np.where(silent, _NAT, answered),
        score=np.where(silent, -1, score),
        comment=pick(_COMMENTS, remark),
        updated_at=np.where(silent, sent, answered),
    )
