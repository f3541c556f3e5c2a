"""What changes on a day: payments, moves, new segments, other plans, progress, and deletions."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import sqlalchemy as sa

from sample_data.catalogue import SEGMENTS, plans
from sample_data.contracts import LOCAL_PRICE
from sample_data.day import Day
from sample_data.months import MONTHS
from sample_data.payments import DUNNED_AFTER, DUNNING_FEES
from sample_data.places import COUNTRIES, places
from sample_data.rows import rows
from sample_data.spoiling import other_email

_NEXT_STATUS = {
    "NEW": "ASSIGNED",
    "ASSIGNED": "WAITING",
    "WAITING": "RESOLVED",
    "RESOLVED": "CLOSED",
}


def change(day: Day) -> None:
    """Everything that happens to rows that are there already."""
    _pay(day)
    _change_customers(day)
    _move(day)
    _change_plans(day)
    _end_contracts(day)
    _work_on_cases(day)
    _delete(day)


def _pay(day: Day) -> None:
    """Invoices that fall due are mostly paid; of the others some, and reminders go out."""
    invoice, account = day.table("billing.invoice"), day.table("billing.billing_account")
    unpaid = day.read(
        "billing.invoice",
        sa.select(invoice, account.c.payment_method)
        .join(account, account.c.account_number == invoice.c.account_number)
        .where(
            invoice.c.status.in_(["OPEN", "OVERDUE"]),
            invoice.c.due_on <= day.today,
        )
        .order_by(invoice.c.invoice_id),
    )
    spoiled = day.ledger.keys("billing.invoice")
    paid, dunned = [], []
    for row in unpaid:
        overdue = (day.today - row.due_on).days
        chance = 0.85 if overdue == 0 else 0.06
        if day.rng.random() < chance and str(row.invoice_id) not in spoiled:
            paid.append(row)
            day.update("billing.invoice", row.invoice_id, status="PAID", paid_on=day.today)
        elif overdue in DUNNED_AFTER:
            dunned.append((row, DUNNED_AFTER.tolist().index(overdue)))
        if row not in paid and row.status == "OPEN" and overdue > 0:
            day.update("billing.invoice", row.invoice_id, status="OVERDUE")
    if paid:
        amount = np.array([round(r.total_amount * 100) for r in paid])
        day.systems.write(
            "billing.payment",
            rows(
                "billing.payment",
                payment_id=90_000_000 + day.numbers.take("payment", len(paid)),
                account_number=[r.account_number for r in paid],
                invoice_id=[r.invoice_id for r in paid],
                paid_on=[day.today] * len(paid),
                amount=amount,
                currency=[r.currency for r in paid],
                method=[r.payment_method for r in paid],
                status="BOOKED",
                updated_at=[day.moment() for _ in paid],
            ),
        )
    if dunned:
        day.systems.write(
            "billing.dunning_step",
            rows(
                "billing.dunning_step",
                dunning_step_id=day.numbers.take("dunning_step", len(dunned)),
                invoice_id=[r.invoice_id for r, _ in dunned],
                account_number=[r.account_number for r, _ in dunned],
                level=[level + 1 for _, level in dunned],
                sent_on=[day.today] * len(dunned),
                amount_due=np.array([round(r.total_amount * 100) for r, _ in dunned]),
                fee=DUNNING_FEES[[level for _, level in dunned]],
                updated_at=[day.moment() for _ in dunned],
            ),
        )


def _change_customers(day: Day) -> None:
    """Another segment, another e-mail address, another account manager."""
    customer = day.table("crm.customer")
    active = (customer.c.status == "ACTIVE", customer.c.is_deleted.is_(False))
    for person in day.choose("crm.customer", day.about(1.2), *active):
        others = [
            s[0] for s in SEGMENTS if s[2] == person.customer_type and s[0] != person.segment_code
        ]
        day.update(
            "crm.customer",
            person.customer_id,
            segment_code=others[int(day.rng.integers(len(others)))],
        )
    for person in day.choose(
        "crm.customer", day.about(0.8), *active, customer.c.email.is_not(None)
    ):
        day.update("crm.customer", person.customer_id, email=other_email(day.rng, person.email))
    codes = [c.code for c in COUNTRIES]
    for firm in day.choose(
        "crm.customer",
        day.about(0.2),
        *active,
        customer.c.account_manager_id.is_not(None),
        customer.c.country_code.in_(codes),
    ):
        manager = day.company.staff.at_work(
            day.rng,
            "Key Accounts",
            np.array([MONTHS - 1]),
            np.array([codes.index(firm.country_code)]),
        )
        day.update("crm.customer", firm.customer_id, account_manager_id=int(manager[0]))


def _move(day: Day) -> None:
    """Somebody moves to another city of the country."""
    place, address = places(), day.table("crm.address")
    for home in day.choose(
        "crm.address", day.about(1.0), address.c.country_code.in_([c.code for c in COUNTRIES])
    ):
        cities = [n for n, code in enumerate(place.country_code) if code == home.country_code]
        city = cities[int(day.rng.integers(len(cities)))]
        day.update(
            "crm.address",
            home.address_id,
            street=f"{home.street.rsplit(' ', 1)[0]} {int(day.rng.integers(1, 140))}",
            postal_code=f"{place.postal_prefix[city]}{int(day.rng.integers(100, 999))}",
            city=place.city[city],
            region=place.region_names[place.region[city]],
            valid_from=day.today,
        )


def _change_plans(day: Day) -> None:
    """Up- and downgrades to the plan next to the present one."""
    every, contract = plans(), day.table("crm.contract")
    factor = {c.currency: LOCAL_PRICE[n] for n, c in enumerate(COUNTRIES)}
    for held in day.choose("crm.contract", day.about(1.5), contract.c.end_date.is_(None)):
        old = every.code.index(held.plan_code)
        new = old + (1 if day.rng.random() < 0.7 else -1)
        fits = 0 <= new < len(every.code) and every.line[new] == every.line[old]
        if not fits or every.customer_type[new] != every.customer_type[old]:
            continue
        fee = round(float(every.fee[new] * factor[held.currency]))
        stamp = day.moment()
        before = round(held.monthly_fee * 100)
        day.systems.write(
            "crm.contract_change",
            rows(
                "crm.contract_change",
                change_id=day.numbers.take("contract_change", 1),
                contract_id=np.array([held.contract_id]),
                change_type="UPGRADE" if fee >= before else "DOWNGRADE",
                changed_on=[day.today],
                old_plan_code=held.plan_code,
                new_plan_code=every.code[new],
                old_monthly_fee=np.array([before]),
                new_monthly_fee=np.array([fee]),
                updated_at=[stamp],
            ),
        )
        bandwidth = int(every.bandwidth[new])
        day.update(
            "crm.contract",
            held.contract_id,
            plan_code=every.code[new],
            monthly_fee=fee / 100,
            updated_at=stamp,
            bandwidth_mbps=bandwidth if bandwidth > 0 else None,
        )


def _end_contracts(day: Day) -> None:
    """A few contracts end; who holds no other has left."""
    contract = day.table("crm.contract")
    spoiled = day.ledger.keys("crm.customer")
    for held in day.choose(
        "crm.contract",
        day.about(0.6),
        contract.c.end_date.is_(None),
        contract.c.start_date < day.today - timedelta(days=60),
    ):
        day.update(
            "crm.contract",
            held.contract_id,
            status="CANCELLED",
            end_date=day.today,
            cancel_reason=("PRICE", "SERVICE", "COMPETITOR", "MOVED")[int(day.rng.integers(4))],
        )
        left = day.read(
            "crm.contract",
            sa.select(sa.func.count()).where(
                contract.c.customer_id == held.customer_id, contract.c.end_date.is_(None)
            ),
        )
        if left[0][0] == 0 and str(held.customer_id) not in spoiled:
            day.update("crm.customer", held.customer_id, status="CHURNED", ended_on=day.today)


def _work_on_cases(day: Day) -> None:
    """Open cases move a step on."""
    case = day.table("crm.service_case")
    for held in day.choose("crm.service_case", day.about(4), case.c.status != "CLOSED"):
        following, stamp = _NEXT_STATUS[held.status], day.moment()
        column = {
            "ASSIGNED": "first_response_at",
            "RESOLVED": "resolved_at",
            "CLOSED": "closed_at",
        }.get(following)
        values = {column: stamp} if column else {}
        day.update("crm.service_case", held.case_id, status=following, updated_at=stamp, **values)
        day.systems.write(
            "crm.case_status_change",
            rows(
                "crm.case_status_change",
                status_change_id=day.numbers.take("case_status_change", 1),
                case_id=np.array([held.case_id]),
                from_status=held.status,
                to_status=following,
                changed_at=[stamp],
                employee_id=np.array([held.owner_employee_id]),
                updated_at=[stamp],
            ),
        )


def _delete(day: Day) -> None:
    """Addresses vanish without trace; a customer is marked as deleted."""
    address, customer = day.table("crm.address"), day.table("crm.customer")
    connection = day.systems.databases["crm"].connection
    for gone in day.choose(
        "crm.address", day.about(0.3), address.c.address_type.in_(["BILLING", "DELIVERY"])
    ):
        connection.execute(sa.delete(address).where(address.c.address_id == gone.address_id))
        day.ledger.enter(
            "crm.address", [gone.address_id], "*", "hard_delete", gone.customer_id, None
        )
    for person in day.choose(
        "crm.customer",
        day.about(0.1),
        customer.c.status == "CHURNED",
        customer.c.is_deleted.is_(False),
    ):
        day.update("crm.customer", person.customer_id, is_deleted=True)
        day.ledger.enter(
            "crm.customer", [person.customer_id], "is_deleted", "soft_delete", False, True
        )
