"""Who works at the company and where it sells over the counter.

Work is done at *desks*: when somebody leaves, a successor takes the desk the next month. Events
pick a desk and find who sat there at the time, so nobody acts before being hired or after leaving.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sample_data.months import MONTHS, Calendar, add_months
from sample_data.names import FEMALE, LANGUAGES, LAST, MALE, plain
from sample_data.places import COUNTRIES, places
from sample_data.rows import numbered, pick, rows

# department | title | desks in a country at scale 1, before weighting by the country's share
_DESKS = (
    ("Sales", "Sales Representative", 22),
    ("Key Accounts", "Key Account Manager", 10),
    ("Service", "Service Agent", 30),
    ("Field", "Field Technician", 10),
)
_HEADS = ("Sales", "Service", "Marketing", "Finance")


@dataclass(frozen=True)
class Staff:
    """Employees and, for each department, who sits at which desk in which month."""

    table: pa.Table
    desks: dict[str, np.ndarray]
    desk_country: dict[str, np.ndarray]
    marketeers: np.ndarray

    def at_work(
        self,
        rng: np.random.Generator,
        department: str,
        months: np.ndarray,
        country: np.ndarray | None = None,
    ) -> np.ndarray:
        """An employee of the department for each event; of the country, if one is given."""
        desks, where = self.desks[department], self.desk_country[department]
        if country is None:
            desk = rng.integers(0, len(desks), len(months))
        else:
            # Desks are sorted by country, so those of one country are a range.
            low, high = np.searchsorted(where, country), np.searchsorted(where, country, "right")
            desk = low + (rng.random(len(months)) * (high - low)).astype(int)
        seated: np.ndarray = desks[desk, np.clip(months, 0, MONTHS - 1)]
        return seated


def make_staff(rng: np.random.Generator, calendar: Calendar, scale: float) -> Staff:
    """The organisation: a head, departments, a manager for each country, and desks."""
    people: list[tuple[int, int, str, str, int, int, int, int]] = []

    def hire(
        manager: int, title: str, department: str, country: int, since: int, until: int, salary: int
    ) -> int:
        number = 1001 + len(people)
        people.append((number, manager, title, department, country, since, until, salary))
        return number

    head = hire(-1, "Chief Executive Officer", "Management", 0, -120, 999, 21_000)
    heads = {
        d: hire(head, f"Head of {d}", d, 0, -int(rng.integers(30, 90)), 999, 11_000) for d in _HEADS
    }
    marketeers = [
        hire(heads["Marketing"], "Campaign Manager", "Marketing", c, -30, 999, 5_200)
        for c in range(6)
    ]
    desks: dict[str, np.ndarray] = {}
    desk_country: dict[str, np.ndarray] = {}
    growth = max(1.0, scale) ** 0.5
    for department, title, base in _DESKS:
        above = heads["Sales" if department in ("Sales", "Key Accounts") else "Service"]
        sits: list[np.ndarray] = []
        where: list[int] = []
        for country, place in enumerate(COUNTRIES):
            boss = hire(
                above,
                f"{department} Manager {place.name}",
                department,
                country,
                -int(rng.integers(12, 100)),
                999,
                6_800,
            )
            for _ in range(max(1, round(base * place.share * growth))):
                seat, since = np.empty(MONTHS, dtype=np.int64), -int(rng.integers(1, 90))
                begin = 0
                while begin < MONTHS:
                    leaves = begin + max(3, int(rng.exponential(60)))
                    until = leaves if leaves < MONTHS else 999
                    who = hire(
                        boss,
                        title,
                        department,
                        country,
                        since,
                        until,
                        int(rng.integers(2_600, 5_400)),
                    )
                    seat[begin : min(leaves, MONTHS)] = who
                    begin = since = leaves
                sits.append(seat)
                where.append(country)
        desks[department], desk_country[department] = np.array(sits), np.array(where)
    return Staff(_employee_rows(rng, calendar, people), desks, desk_country, np.array(marketeers))


def _employee_rows(
    rng: np.random.Generator,
    calendar: Calendar,
    people: list[tuple[int, int, str, str, int, int, int, int]],
) -> pa.Table:
    first, last = [], []
    for person in people:
        language = COUNTRIES[person[4]].language
        words = (FEMALE if rng.random() < 0.5 else MALE)[language].split()
        first.append(words[int(rng.integers(len(words)))])
        family = LAST[language].split()
        last.append(family[int(rng.integers(len(family)))])
    since = np.array([p[5] for p in people])
    until = np.array([p[6] for p in people])
    # Work starts on the first of a month and ends on the last of the month before.
    left = np.where(until < 999, add_months(calendar.start, until) - 1, np.datetime64("NaT", "D"))
    hired = add_months(calendar.start, since)
    country = np.array([p[4] for p in people])
    return rows(
        "crm.employee",
        employee_id=np.array([p[0] for p in people]),
        manager_id=np.array([p[1] for p in people]),
        first_name=first,
        last_name=last,
        email=[
            f"{plain(f)}.{plain(n)}.{p[0]}@meridian.example"
            for f, n, p in zip(first, last, people, strict=True)
        ],
        job_title=[p[2] for p in people],
        department=[p[3] for p in people],
        team=[f"{p[3]} {COUNTRIES[p[4]].code}" for p in people],
        country_code=pick([c.code for c in COUNTRIES], country),
        hire_date=hired,
        leave_date=left,
        monthly_salary=np.array([p[7] for p in people]) * 100,
        updated_at=np.where(np.isnat(left), hired, left).astype("datetime64[s]"),
    )


@dataclass(frozen=True)
class Stores:
    """Stores and dealers as parallel arrays, sorted by country."""

    code: list[str]
    country: np.ndarray
    city: np.ndarray
    is_store: np.ndarray
    opened: np.ndarray

    def near(self, rng: np.random.Generator, country: np.ndarray, dealer: np.ndarray) -> np.ndarray:
        """A store or dealer in each country, as an index."""
        chosen = np.full(len(country), -1)
        for own in (True, False):
            kind = np.flatnonzero(self.is_store == own)
            where = self.country[kind]
            low, high = np.searchsorted(where, country), np.searchsorted(where, country, "right")
            index = kind[low + (rng.random(len(country)) * (high - low)).astype(int)]
            chosen = np.where(dealer != own, index, chosen)
        return chosen

    def table(self, staff: Staff) -> pa.Table:
        """Rows of sales.store."""
        place, index = places(), np.arange(len(self.code))
        managers = staff.desks["Sales"][index % len(staff.desks["Sales"]), -1]
        return rows(
            "sales.store",
            store_code=self.code,
            store_name=[
                f"{'Meridian' if own else 'Partner'} {place.city[c]} {n % 9 + 1}"
                for n, (own, c) in enumerate(zip(self.is_store, self.city, strict=True))
            ],
            store_type=pick(["DEALER", "STORE"], self.is_store.astype(int)),
            channel_code=pick(["DEALER", "STORE"], self.is_store.astype(int)),
            city=pick(place.city, self.city),
            region=pick(place.region_names, place.region[self.city]),
            country_code=pick([c.code for c in COUNTRIES], self.country),
            opened_on=self.opened,
            floor_area_m2=60 + index * 37 % 240,
            manager_employee_id=np.where(self.is_store, managers, -1),
        )


def make_stores(rng: np.random.Generator, calendar: Calendar, staff: Staff, scale: float) -> Stores:
    """At least one store and one dealer in each country."""
    place = places()
    country, city, own = [], [], []
    for number, land in enumerate(COUNTRIES):
        cities = np.flatnonzero(place.country == number)
        stores = max(1, round(9 * land.share * max(1.0, scale) ** 0.5))
        for is_store in [True] * stores + [False] * stores:
            country.append(number)
            city.append(int(rng.choice(cities)))
            own.append(is_store)
    count = len(country)
    return Stores(
        code=[str(c) for c in numbered("S", np.arange(count) + 101, 4).to_pylist()],
        country=np.array(country),
        city=np.array(city),
        is_store=np.array(own),
        opened=add_months(calendar.start, -rng.integers(3, 120, count)),
    )


def language_of(country: np.ndarray) -> np.ndarray:
    """The index into ``LANGUAGES`` of each country."""
    spoken: np.ndarray = np.array([LANGUAGES.index(c.language) for c in COUNTRIES])[country]
    return spoken
