"""What values look like: each shape with the values that have it, and those that only seem to."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metadata.scan import ScannedColumn
from pipelines.scan.judging import is_judged, profile_of
from pipelines.scan.personal import personal_kind
from pipelines.scan.profile import Profiler, Sample


@pytest.fixture(scope="module")
def profiler():
    made = Profiler()
    yield made
    made.close()


def profile(profiler, values, name="x", table="t", kind="string", native="TEXT", arrow=None):
    """The profile of one column with these values."""
    rows = pa.table({"x": pa.array(values, arrow)})
    ((looked,),) = profiler.look([Sample(rows, (is_judged(kind),))])
    return profile_of(table, ScannedColumn(name=name, type=kind, native_type=native), looked)


def shown(found):
    return {(p.pattern, p.format): p.share for p in found.patterns}


@pytest.mark.parametrize(
    ("pattern", "name", "values"),
    [
        ("email", "x", ["a.b+c@example.co.uk", "李@例子.公司", "x@y.de"]),
        ("url", "x", ["http://a.b", "https://example.com/x?y=1", "www.example.com"]),
        ("uuid", "x", ["6b3cb2c6-64a0-4e52-a7f0-5a2b8b0f7f52", "6B3CB2C664A04E52A7F05A2B8B0F7F52"]),
        ("phone", "x", ["+49 (0)30 123456", "030 / 12 34 56", "(415) 555-2671", "415-555-2671",
                        "13812345678", "0049 30 123456", "(171) 555-7788", "0621-08460"]),
        ("phone", "Telefon", ["3012345", "301 23 45"]),
        ("postal_code", "x", ["1012 AB", "SW1A 1AA", "K1A 0B6", "00-950", "1000-205", "100-0001"]),
        ("postal_code", "PLZ", ["10115", "80331", "D-10115"]),
        ("country_code", "x", ["DE", "FR", "USA", "CHN"]),
        ("currency_code", "x", ["EUR", "USD", "CNY"]),
        ("integer", "x", ["1", "-20", "0", "+7"]),
        ("decimal", "x", ["1", "-20.50", ".5", "1e3"]),
        ("boolean", "x", ["yes", "no", "yes"]),
        ("boolean", "x", ["是", "否"]),
        ("boolean", "x", ["0", "1"]),
        ("code", "x", ["A", "B"] * 4),
        ("text", "x", ["one two", "three", "007"]),
    ],
)  # fmt: skip
def test_a_shape_is_known_by_its_values(profiler, pattern, name, values):
    assert shown(profile(profiler, values, name)).get((pattern, None)) == 1.0


@pytest.mark.parametrize(
    ("pattern", "values"),
    [
        ("phone", ["05/12/2024", "01.02.2003", "2024-01-01"]),
        ("phone", ["1234567", "20240131"]),
        ("postal_code", ["10115", "80331"]),
        ("integer", ["007", "1.0", "1,000", "0x1F", "1_000", "12345678901234567890123"]),
        ("decimal", ["1.2.3", "inf", "nan", "1 000"]),
        ("country_code", ["XX", "de", "Deutschland"]),
        ("boolean", ["1", "1", "1"]),
        ("email", ["a@b", "@home", "a b@c.de f"]),
        ("code", ["A", "B", "C", "D"]),
        ("code", [f"{n / 7:.3f}" for n in range(60)] * 2),
    ],
)
def test_what_only_seems_to_have_a_shape(profiler, pattern, values):
    assert pattern not in {p for p, _ in shown(profile(profiler, values))}


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("%Y-%m-%d", ["2024-01-31", "1999-12-01"]),
        ("%d.%m.%Y", ["31.01.2024", "1.2.2003"]),
        ("%d/%m/%Y", ["31/01/2024", "01/02/2003"]),
        ("%m/%d/%Y", ["01/31/2024", "2/1/2003"]),
        ("%d.%m.%y", ["31.01.24", "01.02.03"]),
        ("%Y%m%d", ["20240131", "19991201"]),
        ("%Y/%m/%d", ["2024/01/31"]),
        ("%d %b %Y", ["31 Jan 2024", "1 Feb 2003"]),
        ("%d-%b-%y", ["31-JAN-24", "01-Feb-03"]),
        ("%B %d, %Y", ["January 31, 2024", "February 1, 2003"]),
        ("%Y年%m月%d日", ["2024年1月31日", "2003年12月1日"]),
    ],
)
def test_the_format_of_days(profiler, form, values):
    found = profile(profiler, values)
    first = next(p for p in found.patterns if p.pattern == "date")
    assert (first.format, first.share) == (form, 1.0)


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("%Y-%m-%d %H:%M:%S", ["2024-01-31 23:59:00"]),
        ("%Y-%m-%dT%H:%M:%S.%fZ", ["2024-01-31T23:59:00.123Z", "2024-01-31T23:59:00.123456Z"]),
        ("%Y-%m-%dT%H:%M:%S%z", ["2024-01-31T23:59:00+02:00"]),
        ("%d.%m.%Y %H:%M", ["31.01.2024 7:05"]),
        ("%m/%d/%Y %I:%M %p", ["1/31/2024 7:05 PM"]),
        ("%Y%m%d%H%M%S", ["20240131235900"]),
    ],
)
def test_the_format_of_moments(profiler, form, values):
    found = profile(profiler, values)
    assert (found.patterns[0].pattern, found.patterns[0].format, found.patterns[0].share) == ("timestamp", form, 1.0)  # fmt: skip


def test_days_that_can_be_read_in_two_ways_are_told_in_both(profiler):
    found = shown(profile(profiler, ["01/02/2024", "03/04/2024"]))
    assert found == {("date", "%d/%m/%Y"): 1.0, ("date", "%m/%d/%Y"): 1.0}


def test_days_of_several_formats_leave_no_text(profiler):
    found = shown(profile(profiler, ["2024-01-31"] * 3 + ["31/01/2024"]))
    assert found == {("date", "%Y-%m-%d"): 0.75, ("date", "%d/%m/%Y"): 0.25}


def test_an_impossible_day_is_no_day(profiler):
    assert shown(profile(profiler, ["2024-02-30", "31.04.2024", "20241301"])) == {
        ("integer", None): 0.3333,
        ("text", None): 0.6667,
    }


def test_numbers_with_signs_of_their_own(profiler):
    assert shown(profile(profiler, ["1.234,56", "7,5", "1.234.567,00"])) == {
        ("decimal", "1.234,56"): 1.0
    }
    assert shown(profile(profiler, ["1,234.56", "12,000"]))["decimal", "1,234.56"] == 1.0


def test_counts_and_ends(profiler):
    found = profile(profiler, ["10", "9", "9", None, "", "  "])
    assert (found.sampled, found.nulls, found.distinct) == (6, 3, 2)
    assert (found.minimum, found.maximum) == ("9", "10")
    assert found.top == (("9", 2), ("10", 1))
    found = profile(profiler, ["31.12.2023", "01.02.2024"])
    assert (found.minimum, found.maximum) == ("31.12.2023", "01.02.2024")
    found = profile(profiler, ["b", "a", "a"])
    assert (found.minimum, found.maximum) == ("a", "b")


def test_types_that_say_it_all_need_no_formats(profiler):
    import datetime as dt

    found = profile(profiler, [dt.date(2024, 1, 31), None], kind="date", arrow=pa.date32())
    assert shown(found) == {("date", None): 1.0}
    assert (found.minimum, found.nulls) == ("2024-01-31", 1)
    assert shown(profile(profiler, [True, False], kind="boolean")) == {("boolean", None): 1.0}
    whole = profile(profiler, [20240131, 20231201], kind="integer", native="INTEGER")
    assert shown(whole) == {("date", "%Y%m%d"): 1.0, ("integer", None): 1.0}


def test_of_bytes_only_counts_are_told(profiler):
    found = profile(profiler, [b"\x00\x01", None], native="BLOB")
    assert (found.nulls, found.distinct, found.top, found.patterns, found.minimum) == (
        1,
        1,
        (),
        (),
        None,
    )


def test_nothing_is_known_of_no_rows(profiler):
    found = profile(profiler, [], arrow=pa.string())
    assert (found.sampled, found.nulls, found.distinct, found.patterns, found.personal) == (
        0,
        0,
        0,
        (),
        None,
    )
    assert profile(profiler, [], name="E-Mail", arrow=pa.string()).personal == "email"


def test_many_tables_are_looked_at_at_once_and_each_gets_its_own(profiler):
    one = pa.table({"a": ["x", "y"], "b": [1, 2]})
    none = pa.table({"c": pa.array([], pa.string())})
    two = pa.table({"same": ["a@b.cd"], "other": [None]})
    found = profiler.look(
        [Sample(one, (True, True)), Sample(none, (True,)), Sample(two, (True, True))]
    )
    assert [[(v.sampled, v.present) for v in each] for each in found] == [
        [(2, 2), (2, 2)],
        [(0, 0)],
        [(1, 1), (1, 0)],
    ]
    assert found[2][0].shapes["email"] == 1 and found[0][0].shapes["email"] == 0


class TestPersonal:
    """By name and values: neither a flag about e-mails nor the name of a product is personal."""

    @pytest.mark.parametrize(
        ("kind", "table", "column"),
        [
            ("email", "t", "E-Mail"), ("email", "t", "邮箱地址"), ("phone", "t", "Handy-Nr"), ("phone", "t", "手机号码"),
            ("birth_date", "t", "date_of_birth"), ("birth_date", "t", "Geburtsdatum"), ("birth_date", "t", "出生日期"),
            ("name", "t", "last_name"), ("name", "t", "Nachname"), ("name", "t", "prénom"), ("name", "t", "姓名"),
            ("name", "customers", "name"), ("name", "客户", "名称"), ("name", "t", "customerName"),
            ("address", "t", "street"), ("address", "t", "Straße"), ("address", "t", "dirección"), ("address", "t", "家庭地址"),
            ("address", "t", "address_line_1"), ("identifier", "t", "tax_id"), ("identifier", "t", "身份证号"),
            ("identifier", "t", "codice_fiscale"), ("bank_account", "t", "IBAN"), ("bank_account", "t", "银行账号"),
        ],
    )  # fmt: skip
    def test_names_that_speak(self, kind, table, column):
        assert personal_kind(table, column, "string", {}, dated=0) == kind

    @pytest.mark.parametrize(
        ("table", "column", "kind", "shares"),
        [
            ("t", "email_opt_in", "boolean", {}), ("t", "email_opt_in", "string", {"true": 0.5, "false": 0.5}),
            ("product", "name", "string", {}), ("customer", "company_name", "string", {}), ("t", "phone_type", "string", {}),
            ("t", "address_id", "integer", {}), ("t", "ship_via", "integer", {"decimal": 1}), ("t", "last_login", "timestamp", {}),
            ("t", "email", "string", {"decimal": 1.0}), ("t", "street_count", "integer", {}), ("t", "mobile_plan", "string", {"decimal": 0.0}),
            ("t", "country", "string", {}), ("t", "birth_date", "string", {"decimal": 0.0}),
            ("t", "会员卡号", "string", {}), ("t", "card_type", "string", {}),
        ],
    )  # fmt: skip
    def test_names_that_only_seem_to(self, table, column, kind, shares):
        assert personal_kind(table, column, kind, shares, dated=0) is None

    @pytest.mark.parametrize(
        ("kind", "values"),
        [
            ("email", ["a@b.de", "c@d.fr", "none"]),
            ("phone", ["+49 30 123456", "+33 1 23 45 67 89"]),
            ("bank_account", ["DE89 3704 0044 0532 0130 00", "FR1420041010050500013M02606"]),
            ("bank_account", ["4111111111111111", "5555555555554444", "378282246310005"]),
            ("identifier", ["11010519491231002X", "440308199901010012"]),
        ],
    )
    def test_values_that_speak_whatever_the_name(self, profiler, kind, values):
        found = profile(profiler, values, name="column_7")
        assert found.personal == kind
        assert (found.minimum, found.maximum, found.top) == (None, None, ())

    def test_long_numbers_are_no_cards_without_their_check_digit(self, profiler):
        # Of numbers that are counted up, one in ten happens to have the right last digit.
        found = profile(profiler, [str(4111111111111111 + n) for n in range(40)], name="column_7")
        assert found.personal is None

    def test_single_personal_values_are_not_kept_either(self, profiler):
        found = profile(profiler, ["call me"] * 8 + ["ask a@b.de about it", "+49 30 123456"])
        assert found.personal is None
        assert found.top == (("call me", 8),)
        assert (found.minimum, found.maximum) == (None, None)

    def test_long_texts_are_not_kept(self, profiler):
        found = profile(profiler, ["x" * 101, "y"])
        assert found.top == (("y", 1),)
        assert found.minimum == "x" * 100


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=40)), max_size=30))
def test_counts_agree_with_counting_by_hand(values):
    database = Profiler()
    try:
        found = profile(database, values, arrow=pa.string())
    finally:
        database.close()
    # Only spaces are trimmed: other white space is content.
    present = [v.strip(" ") for v in values if v is not None and v.strip(" ")]
    assert (found.sampled, found.nulls, found.distinct) == (
        len(values), len(values) - len(present), len(set(present)),
    )  # fmt: skip
    assert all(0 < p.share <= 1 for p in found.patterns)
    assert [p.share for p in found.patterns] == sorted(
        (p.share for p in found.patterns), reverse=True
    )
    assert all(present.count(value) == rows for value, rows in found.top)
