"""Filter texts: what they mean, what they refuse, and that no text at all does harm."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cubes.predicates import (
    And,
    Between,
    Compare,
    InList,
    IsNull,
    Like,
    Not,
    Or,
    Predicate,
    predicate_text,
)
from cubes.resolve import resolve_filter
from metadata.errors import UserError
from metadata.filter_text import MAX_CONDITIONS, MAX_LENGTH
from metadata.repository import Repository

if TYPE_CHECKING:
    from conftest import Star

Read = Callable[[str], Predicate]


@pytest.fixture(scope="session")
def read(repository: Repository) -> Read:
    def _read(text: str) -> Predicate:
        found = resolve_filter(repository.cubes["sales"], text)
        assert found is not None
        return found

    return _read


GERMANY = Compare("customer.country", "=", "Germany")
Y2025 = Compare("order_date.year", "=", 2025)

MEANINGS: dict[str, Predicate] = {
    "customer.country = 'Germany'": GERMANY,
    "'Germany' = customer.country": GERMANY,
    "Customer.Country = 'Germany'": GERMANY,
    '"customer"."country" = \'Germany\'': GERMANY,
    "((customer.country) = ('Germany'))": GERMANY,
    "customer.country == 'Germany' -- a remark": GERMANY,
    "customer.name = 'O''Hara'": Compare("customer.name", "=", "O'Hara"),
    "customer.name = '2025'": Compare("customer.name", "=", "2025"),
    "customer.name = 2025": Compare("customer.name", "=", "2025"),
    "order_date.year = 2025": Y2025,
    "order_date.year = '2025'": Y2025,
    "order_date.year != 2025": Compare("order_date.year", "<>", 2025),
    "2025 > order_date.year": Compare("order_date.year", "<", 2025),
    "order_date.year <= 2024.5": Compare("order_date.year", "<=", Decimal("2024.5")),
    "customer.score > -1": Compare("customer.score", ">", -1),
    "order_date.date >= '2025-01-31'": Compare("order_date.date", ">=", date(2025, 1, 31)),
    "order_date.date = date '2025-01-31'": Compare("order_date.date", "=", date(2025, 1, 31)),
    "order_date.year in (2024, 2025, 2024)": InList("order_date.year", (2024, 2025)),
    "order_date.year not in (2024)": Not(InList("order_date.year", (2024,))),
    "order_date.year between 2024 and 2025": Between("order_date.year", 2024, 2025),
    "order_date.year not between 2024 and 2025": Not(Between("order_date.year", 2024, 2025)),
    "product.name like 'P%'": Like("product.name", "P%"),
    "product.name not like 'P%'": Not(Like("product.name", "P%")),
    "product.name ilike 'p%'": Like("product.name", "p%", ignore_case=True),
    "customer.country is null": IsNull("customer.country"),
    "customer.country is not null": Not(IsNull("customer.country")),
    "customer.country = '(empty)'": IsNull("customer.country"),
    "customer.country <> '(empty)'": Not(IsNull("customer.country")),
    "customer.score = '(empty)'": IsNull("customer.score"),
    "customer.country in ('(empty)')": IsNull("customer.country"),
    "customer.country in ('Germany', '(empty)')": Or(
        (InList("customer.country", ("Germany",)), IsNull("customer.country"))
    ),
    "customer.vip": Compare("customer.vip", "=", True),
    "not customer.vip": Not(Compare("customer.vip", "=", True)),
    "customer.vip is false": Compare("customer.vip", "=", False),
    "customer.vip = 'true'": Compare("customer.vip", "=", True),
    "customer.country = 'Germany' and order_date.year = 2025 and customer.vip": And(
        (GERMANY, Y2025, Compare("customer.vip", "=", True))
    ),
    "customer.vip and (customer.country = 'Germany' or order_date.year = 2025)": And(
        (Compare("customer.vip", "=", True), Or((GERMANY, Y2025)))
    ),
    "not (customer.country = 'Germany' and order_date.year = 2025)": Not(And((GERMANY, Y2025))),
}


@pytest.mark.parametrize(("text", "meaning"), MEANINGS.items())
def test_a_text_means(read: Read, text: str, meaning: Predicate) -> None:
    assert read(text) == meaning


@pytest.mark.parametrize("meaning", MEANINGS.values())
def test_a_predicate_is_written_and_read_again(read: Read, meaning: Predicate) -> None:
    assert read(predicate_text(meaning)) == meaning


REFUSALS = {
    "customer.county = 'x'": "Did you mean 'country'",
    "custmer.country = 'x'": "Did you mean 'customer.country'",
    "country = 'x'": "Did you mean 'customer.country'?",
    "amount > 3": "'amount' is not a level of the cube 'sales'.",
    "customer.phone = 'x'": "No mapping fills 'phone'",
    "campaign.name = 'x'": "The dimension 'campaign' of cube 'sales' is not loaded",
    "a.customer.country = 'x'": "has no dimension 'a'",
    "order_date.date = '2025-02-30'": "'2025-02-30' is not a day.",
    "order_date.date = 'soon'": "Write it like order_date.date = '2025-01-31'.",
    "order_date.year = 'soon'": "'soon' is not a whole number.",
    "order_date.year = true": "'true' is not a whole number.",
    "order_date.year = 'nan'": "'nan' is not a whole number.",
    "order_date.year = 1e999": "is not a whole number.",
    "customer.vip = 2": "'2' is not true or false.",
    "customer.vip > true": "neither greater nor less",
    "order_date.year like '2%'": "'like' needs a text level",
    "customer.country = null": "Write customer.country is null",
    "customer.country in ('a', null)": "Write customer.country is null",
    "customer.country in ()": "The list of values for 'customer.country' is empty.",
    "customer.country": "'customer.country' is not compared with anything.",
    "customer.country =": "Something is missing. Near:",
}


@pytest.mark.parametrize(("text", "told"), REFUSALS.items())
def test_a_mistake_is_told(read: Read, text: str, told: str) -> None:
    with pytest.raises(UserError) as caught:
        read(text)
    assert told in str(caught.value)


ATTACKS = [
    "1 = 1",
    "true",
    "customer.country = customer.city",
    "customer.country = 'a'; drop table fact_sales",
    "drop table fact_sales",
    "select 1",
    "customer.country = 'a' union select 1",
    "customer.country in (select country from dim_customer)",
    "customer.country = (select 'a')",
    "exists (select 1)",
    "customer.country = any (select country from dim_customer)",
    "customer.country in unnest(['a'])",
    "customer.country = getenv('HOME')",
    "lower(customer.country) = 'a'",
    "customer.country = upper('a')",
    "customer.country || 'a' = 'a'",
    "customer.score + 1 = 2",
    "customer.score = 1 + 1",
    "customer.score = -'1'",
    "customer.score = random()",
    "customer.country = cast('a' as varchar)",
    "customer.country::int = 1",
    "customer.country = ?",
    "customer.country = $1",
    "customer.country = :x",
    "customer.country = @x",
    "customer.country = E'\\x41'",
    "customer.country similar to 'a'",
    "customer.country ~ 'a'",
    "customer.country like 'a' escape '!'",
    "customer.country like customer.city",
    "customer.country is not distinct from 'a'",
    "case when customer.vip then true end",
    "sum(customer.score) > 1",
    "row_number() over () = 1",
    "read_csv('/etc/passwd')",
    "customer.* = 1",
    "* = 1",
    "[1] = [1]",
    "{'a': 1} = customer.country",
    "customer.country = 'a' --\n; attach 'x'",
    "customer.country = /* */ (values (1))",
    "interval 1 day > customer.score",
    "(customer.country, customer.city) = ('a', 'b')",
    "(customer.country, customer.city) in (('a', 'b'))",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_all_but_levels_and_values_is_refused(read: Read, text: str) -> None:
    with pytest.raises(UserError):
        read(text)


@pytest.mark.parametrize(
    "value",
    [
        "'; drop table fact_sales; --",
        "x' or '1' = '1",
        "''''",
        "\\' or 1=1 --",
        "/* */ $$ $1 ? :a @b",
        "a\nb\tc\r",
        "nul \x00 byte",
        "\u2019 or \u02bc1\u02bc = \u02bc1",
        "%_\\",
        "{{ }} {0}",
        "'" * 51,
    ],
)
def test_a_value_stays_a_value(star: Star, value: str) -> None:
    text = "customer.name = '{}'".format(value.replace("'", "''"))
    assert star.ask("sales", "lines", where=text) == [(0,)]
    listed = star.engine.members("sales", "customer.name", search=value)
    assert listed == []


SCRAPS = [
    "customer.country", "order_date.year", "order_date.date", "customer.vip", "customer.score",
    "amount", "=", "<>", "<", "in", "(", ")", ",", "and", "or", "not", "between", "like", "is",
    "null", "true", "'Germany'", "'2025-01-01'", "2025", "-", "1.5", "'(empty)'", "'", ";", "--",
    "select", "from", "case", "when", "end", "::", "interval", "date", "[", "]", "{", "}", "*",
    "lower", "exists", "union", "1e5", "0x1", "$$", "@", "?", ":", ".", "\\", "/*", "*/", '"',
]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(SCRAPS), max_size=14).map(" ".join) | st.text(max_size=40))
@example("(" * 3000)
@example("not " * 3000 + "customer.vip")
@example("customer.score = " + "-" * 3000 + "1")
@example("customer.score = 1" + "0" * 5000)
@example("customer.score < 99999999999999999999999999999999999999999")
@example("customer.score = 1e40")
@example("customer.score in (1.5, 3)")
@example("customer.since < '0001-01-01' or customer.since > '9999-12-31'")
def test_no_text_ends_in_a_traceback(star: Star, text: str) -> None:
    try:
        star.ask("sales", "lines buyers", "customer.city", where=text)
    except UserError as refusal:
        assert refusal.issues[0].what


def test_long_filters(read: Read) -> None:
    many = " or ".join(["customer.score = 1"] * MAX_CONDITIONS)
    assert isinstance(read(many), Or)
    with pytest.raises(UserError, match="too many conditions"):
        read(many + " or customer.vip")
    with pytest.raises(UserError, match="too long"):
        read(" " * MAX_LENGTH + "customer.vip")


def test_as_many_conditions_as_allowed_are_answered(star: Star) -> None:
    for joined in (" or ", " and "):
        many = joined.join(["customer.score <> 4"] * MAX_CONDITIONS)
        assert star.ask("sales", "lines", where=many) == [(9,)]


def test_a_long_list_is_answered(star: Star) -> None:
    listed = ", ".join(map(str, range(10_000)))
    assert star.ask("sales", "lines", where=f"customer.score in ({listed})") == [(7,)]


def test_blank_text_filters_nothing(repository: Repository) -> None:
    assert resolve_filter(repository.cubes["sales"], "  \n") is None
    assert resolve_filter(repository.cubes["sales"], None) is None


class TestMissingMembers:
    """A member without a value is a member of its own, called (empty): filters are two-valued.

    customer  country                 filter                        lets in
    --------  -------                 ------                        -------
    C1, C4    Germany                 = 'Germany'                   Germany
    C2        France                  <> 'Germany'                  France, (empty), Unknown
    C3        (null)                  not (country = 'Germany')     the same
    (-1)      Unknown                 is null, = '(empty)'          (empty)
    """

    @pytest.mark.parametrize(
        ("where", "let_in"),
        [
            ("customer.country = 'Germany'", {"Germany"}),
            ("customer.country <> 'Germany'", {"France", "(empty)", "Unknown"}),
            ("not customer.country = 'Germany'", {"France", "(empty)", "Unknown"}),
            ("customer.country not in ('Germany', 'France')", {"(empty)", "Unknown"}),
            ("customer.country in ('Germany', '(empty)')", {"Germany", "(empty)"}),
            ("customer.country not in ('Germany', '(empty)')", {"France", "Unknown"}),
            ("customer.country not like 'G%'", {"France", "(empty)", "Unknown"}),
            ("customer.country not between 'A' and 'G'", {"Germany", "(empty)", "Unknown"}),
            ("customer.country is null", {"(empty)"}),
            ("customer.country = '(empty)'", {"(empty)"}),
            ("customer.country is not null", {"France", "Germany", "Unknown"}),
            ("not (not customer.country = 'France')", {"France"}),
            ("not (customer.country = 'France' or customer.score > 5)", {"(empty)", "Unknown"}),
            ("customer.score <> 7", {"France", "(empty)", "Unknown"}),
            ("not customer.vip", {"France", "(empty)", "Unknown"}),
        ],
    )
    def test_is_a_member_of_its_own(self, star: Star, where: str, let_in: set[str]) -> None:
        found = star.ask("sales", "lines", "customer.country", where=where)
        assert {country for country, _ in found} == let_in

    def test_a_filter_and_its_negation_share_all_facts(self, star: Star) -> None:
        for text in ("customer.score > 5", "customer.city like 'B%'", "customer.vip"):
            [(yes,)] = star.ask("sales", "lines", where=text)
            [(no,)] = star.ask("sales", "lines", where=f"not ({text})")
            assert yes + no == 9
