"""A block of customers: people and companies, where they live and how they can be reached."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_data.addressing import from_language, phone_numbers, postal_codes, streets
from sample_data.catalogue import SEGMENTS
from sample_data.company import FIRST_CUSTOMER, Company
from sample_data.months import JOIN_SEASON, MONTHS
from sample_data.names import (
    COMPANY_STEMS,
    COMPANY_TRADES,
    FEMALE,
    LAST,
    MAIL_DOMAINS,
    MALE,
    plain,
)
from sample_data.places import COUNTRIES, places
from sample_data.rows import Numbers, Values, choose, join, pick, rows
from sample_data.staff import language_of

NEVER = np.datetime64("NaT", "D")
_COMPANY_SHARE = 0.15
_KEY_ACCOUNT, _MID_SIZE = 4, 5


@dataclass(frozen=True)
class Customers:
    """The customers of one block as parallel arrays."""

    id: np.ndarray
    is_company: np.ndarray
    country: np.ndarray
    city: np.ndarray
    first_name: pa.Array
    last_name: pa.Array
    company_name: pa.Array
    name: pa.Array
    is_female: np.ndarray
    birth_date: np.ndarray
    income: np.ndarray
    employees: np.ndarray
    segment: np.ndarray
    credit: np.ndarray
    consent: np.ndarray
    appetite: np.ndarray  # how much the customer buys; its heavy tail makes 80/20
    since: np.ndarray
    ended: np.ndarray
    email: pa.Array
    phone: pa.Array
    mobile: pa.Array
    street: pa.Array
    postal_code: pa.Array
    manager: np.ndarray
    household: np.ndarray
    parent: np.ndarray

    def __len__(self) -> int:
        return len(self.id)

    @property
    def ended_or_never(self) -> np.ndarray:
        """The last day, far in the future for those who stay."""
        return np.where(np.isnat(self.ended), np.datetime64("2999-12-31"), self.ended)


def make_customers(
    company: Company,
    rng: np.random.Generator,
    count: int,
    numbers: Numbers,
    since: np.ndarray | None = None,
) -> tuple[Customers, pa.Table]:
    """``count`` new customers and the households of the people among them.

    They join over the years, or at the days ``since`` when these are given.
    """
    place, calendar = places(), company.calendar
    city = choose(rng, place.weight, count)
    country = place.country[city]
    is_company = rng.random(count) < _COMPANY_SHARE
    appetite = np.where(is_company, 1.6, 0.55) * (rng.pareto(1.45, count) + 0.35)
    appetite = np.minimum(appetite * place.income_index[city] / 100, 60)
    employees = np.where(
        is_company,
        np.minimum(3 + (appetite * 14 * rng.lognormal(0, 0.8, count)).astype(int), 9_000),
        -1,
    )
    income = np.clip((rng.normal(2, 1, count) + np.log(appetite) * 0.3).round(), 0, 4).astype(int)
    birth = calendar.end - (365.25 * (18 + 62 * rng.beta(1.6, 2.2, count))).astype(int)
    since = _joined(company, rng, count) if since is None else since
    young = birth > calendar.end - 28 * 365
    person_segment = np.select([young, income >= 3, income == 2], [3, 0, 1], 2)
    company_segment = np.select([employees > 250, employees >= 20], [_KEY_ACCOUNT, _MID_SIZE], 6)
    segment = np.where(is_company, company_segment, person_segment)
    is_female = rng.random(count) < 0.51
    first, last, firm = _names(rng, country, is_female)
    nobody = pa.array(is_company)
    text = pa.string()
    person_name = join(first, last, by=" ")
    customer_id = FIRST_CUSTOMER - 1 + numbers.take("customer", count)
    household, household_rows = _households(rng, numbers, is_company, last, city, since)
    manager = company.staff.at_work(rng, "Key Accounts", np.full(count, MONTHS - 1), country)
    customers = Customers(
        id=customer_id,
        is_company=is_company,
        country=country,
        city=city,
        first_name=pc.if_else(nobody, pa.scalar(None, text), first),
        last_name=pc.if_else(nobody, pa.scalar(None, text), last),
        company_name=pc.if_else(nobody, firm, pa.scalar(None, text)),
        name=pc.if_else(nobody, firm, person_name),
        is_female=is_female,
        birth_date=np.where(is_company, NEVER, birth),
        income=np.where(is_company, -1, income),
        employees=employees,
        segment=segment,
        credit=choose(rng, (30, 38, 19, 9, 4), count),
        consent=rng.random(count) < 0.68,
        appetite=appetite,
        since=since,
        ended=np.full(count, NEVER),
        email=_emails(rng, customer_id, first, last, firm, is_company),
        phone=phone_numbers(rng, country, mobile=False),
        mobile=phone_numbers(rng, country, mobile=True),
        street=streets(rng, country),
        postal_code=postal_codes(rng, city),
        manager=np.where(is_company & (segment <= _MID_SIZE), manager, -1),
        household=household,
        parent=_parents(rng, customer_id, is_company, employees),
    )
    return customers, household_rows


def _joined(company: Company, rng: np.random.Generator, count: int) -> np.ndarray:
    """Half came before the window, the others in it: more each year, most in autumn."""
    calendar = company.calendar
    weights = JOIN_SEASON[calendar.month_of_year] * (1 + np.arange(MONTHS) / 40)
    # Nobody joins in the last weeks: their first invoice would be missing.
    inside = calendar.day(rng, choose(rng, weights, count))
    before = calendar.start - 1 - (rng.beta(1, 1.8, count) * 2_900).astype(int)
    return np.where(rng.random(count) < 0.48, before, inside)


def _names(
    rng: np.random.Generator, country: np.ndarray, is_female: np.ndarray
) -> tuple[pa.Array, pa.Array, pa.Array]:
    language = language_of(country)
    she, he = from_language(rng, FEMALE, language), from_language(rng, MALE, language)
    first = pc.if_else(pa.array(is_female), she, he)
    trade = from_language(rng, COMPANY_TRADES, language)
    stems = COMPANY_STEMS.split()
    stem = pick(stems, rng.integers(0, len(stems), len(country)))
    forms = [form for c in COUNTRIES for form in c.legal_forms]
    begins = np.cumsum([0] + [len(c.legal_forms) for c in COUNTRIES])
    form = begins[country] + (rng.random(len(country)) * np.diff(begins)[country]).astype(int)
    last = from_language(rng, LAST, language)
    return first, last, join(stem, trade, pick(forms, form), by=" ")


def _emails(
    rng: np.random.Generator,
    number: np.ndarray,
    first: pa.Array,
    last: pa.Array,
    firm: pa.Array,
    is_company: np.ndarray,
) -> pa.Array:
    domains = MAIL_DOMAINS.split("|")
    domain = pick(domains, rng.integers(0, len(domains), len(number)))
    tail = pa.array(number % 997).cast(pa.string())
    person = join(join(_plain(first), ".", _plain(last), tail), "@", domain)
    office = join("office", tail, "@", join(_plain(firm), ".example"))
    return pc.if_else(pa.array(is_company), office, person)


def _plain(values: pa.Array) -> pa.Array:
    """Each value as it stands in an e-mail address; each distinct word is spelled once."""
    coded = values.dictionary_encode()
    return pa.array([plain(w) for w in coded.dictionary.to_pylist()]).take(coded.indices)


def _households(
    rng: np.random.Generator,
    numbers: Numbers,
    is_company: np.ndarray,
    last: pa.Array,
    city: np.ndarray,
    since: np.ndarray,
) -> tuple[np.ndarray, pa.Table]:
    """Every fourth person shares the household of the person before."""
    shares = (rng.random(len(city)) < 0.24) | is_company
    shares[0] = False
    own = np.cumsum(~shares) - 1
    count = int(own[-1]) + 1
    household_id = numbers.take("household", count)
    heads = np.flatnonzero(~shares)
    children = choose(rng, (58, 19, 16, 5, 2), count)
    lifestyle = places().lifestyle
    table = rows(
        "crm.household",
        household_id=household_id,
        name=last.take(pa.array(heads)),
        size=np.bincount(own[~is_company], minlength=count).clip(1) + children,
        children_count=children,
        dwelling_type=pick(["FLAT", "TERRACE", "HOUSE"], choose(rng, (5, 3, 2), count)),
        lifestyle_group=pick(lifestyle, city[heads]),
        updated_at=since[heads].astype("datetime64[s]"),
    )
    return np.where(is_company, -1, household_id[own]), table


def _parents(
    rng: np.random.Generator, number: np.ndarray, is_company: np.ndarray, employees: np.ndarray
) -> np.ndarray:
    """Some companies belong to a larger one of the block; parents have none themselves."""
    parent = np.full(len(number), -1)
    firms = np.flatnonzero(is_company)
    if len(firms) < 8:
        return parent
    heads = firms[np.argsort(-employees[firms], kind="stable")][: len(firms) // 8]
    others = np.setdiff1d(firms, heads)
    owned = others[rng.random(len(others)) < 0.18]
    parent[owned] = number[rng.choice(heads, len(owned))]
    return parent


def customer_rows(company: Company, rng: np.random.Generator, customers: Customers) -> pa.Table:
    """Rows of crm.customer, once it is known who left."""
    count, person = len(customers), ~customers.is_company
    nothing = np.full(count, -1)
    gone = ~np.isnat(customers.ended)
    touched = np.where(
        gone,
        customers.ended,
        np.minimum(customers.since + rng.integers(0, 900, count), company.calendar.end),
    )
    acquired = np.flatnonzero(rng.random(count) < 0.15)
    campaign = nothing.copy()
    if len(acquired):
        every = company.campaigns
        latest = np.searchsorted(every.start, customers.since[acquired]) - 1
        campaign[acquired] = np.where(latest >= 0, every.id[latest.clip(0)], -1)
    people: dict[str, Values] = {
        "title": pick(
            ["Ms", "Mr", "Dr"],
            np.where(
                person,
                np.where(rng.random(count) < 0.04, 2, np.where(customers.is_female, 0, 1)),
                -1,
            ),
        ),
        "gender": pick(["F", "M"], np.where(person, np.where(customers.is_female, 0, 1), -1)),
        "marital_status": pick(
            ["SINGLE", "MARRIED", "DIVORCED", "WIDOWED"],
            np.where(person, choose(rng, (40, 45, 11, 4), count), -1),
        ),
        "income_band": pick(list("ABCDE"), customers.income),
        "birth_date": customers.birth_date,
        "household_id": customers.household,
    }
    tax_number = join(
        pick([c.code for c in COUNTRIES], customers.country),
        pa.array(100_000_000 + customers.id * 7_919 % 899_999_999).cast(pa.string()),
    )
    form = pc.struct_field(pc.extract_regex(customers.name, r"(?P<form>\S+)$"), "form")
    firms: dict[str, Values] = {
        "company_name": customers.company_name,
        "legal_form": pc.if_else(pa.array(person), pa.scalar(None, pa.string()), form),
        "tax_number": pc.if_else(pa.array(person), pa.scalar(None, pa.string()), tax_number),
        "employees_count": customers.employees,
        "annual_turnover": np.where(
            person, -1, customers.employees * rng.integers(9_000_000, 32_000_000, count)
        ),
        "parent_customer_id": customers.parent,
        "account_manager_id": customers.manager,
    }
    return rows(
        "crm.customer",
        **people,
        **firms,
        customer_id=customers.id,
        customer_type=pick(["P", "C"], customers.is_company.astype(int)),
        first_name=customers.first_name,
        last_name=customers.last_name,
        email=customers.email,
        phone=customers.phone,
        mobile_phone=customers.mobile,
        preferred_language=pick([c.language for c in COUNTRIES], customers.country),
        preferred_medium=pick(
            ["EMAIL", "PHONE_OUT", "MAIL", "SMS"], choose(rng, (5, 2, 1, 2), count)
        ),
        marketing_consent=customers.consent,
        country_code=pick([c.code for c in COUNTRIES], customers.country),
        segment_code=pick([s[0] for s in SEGMENTS], customers.segment),
        credit_class=pick(list("ABCDE"), customers.credit),
        acquisition_channel=pick(
            ["STORE", "DEALER", "WEB", "PHONE", "KEYACC"],
            np.where(
                customers.is_company,
                choose(rng, (1, 2, 1, 2, 5), count),
                choose(rng, (4, 3, 4, 2), count),
            ),
        ),
        acquisition_campaign_id=campaign,
        since_date=customers.since,
        ended_on=customers.ended,
        status=pick(["ACTIVE", "CHURNED"], gone.astype(int)),
        is_deleted=np.zeros(count, dtype=bool),
        created_at=customers.since.astype("datetime64[s]") + 36_000,
        updated_at=touched.astype("datetime64[s]") + rng.integers(28_800, 72_000, count),
    )
