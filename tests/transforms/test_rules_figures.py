"""Numbers, yes and no, dates: everything that can be read in two ways is read in the one said."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

NUMBERS = [
    ("number", {
        "1,234,567.89": "1234567.89", "-5": "-5", "5-": "-5", "(5.00)": "-5.00", "−5": "-5",
        "+7": "+7", "$1,000": "1000", "1 000,5": "1 000,5", "EUR 12.50": "12.50", "12.50EUR": "12.50",
        "12 %": "0.12", "0.5‰": "0.0005", "1e3": "1e3", "1.234.567": "1.234.567", "12pcs": "12pcs",
        "abc": "abc", "": "", "1'234.50": "1234.50", "¥１２３": "123", "10,5": "10,5", ".5": ".5",
        "5.": "5.", "1,23,456.7": "123456.7", "1,0000": "10000", "12,34": "12,34", "--5": "--5",
        "1 2": "1 2", "1 234 567": "1234567", "1\u202f234": "1234", "kr 500": "500", "500 zł": "500",
        "NaN": "NaN", "inf": "inf", "(-5)": "(-5)", "1,234 567": "1234567", "€ -5": "-5", "- 5 €": "-5",
        "٣٫٥": "٣٫٥", "٣٥": "35", "$": "$", "EUR": "EUR", "%": "%", "1_000": "1000",
    }),
    ({"number": ","}, {
        "1.234,56": "1234.56", "1.234": "1234", "1,5": "1.5", "1.5": "1.5", "1 234,5 €": "1234.5",
        "12,5%": "0.125", "-1.234,56-": "-1.234,56-", "(1.234,56)": "-1234.56", "CHF 1'234,50": "1234.50",
        "1.23": "1.23", "0,00": "0.00", "1.000.000": "1000000", "Fr. 12,50": "12.50", ",5": ".5",
    }),
    ({"number": {"percent": "keep"}}, {"12.5 %": "12.5", "7": "7"}),
    ({"number": {"units": True}}, {
        "1.5k": "1500", "2M": "2000000", "3 bn": "3000000000", "1.2亿": "120000000", "5万": "50000",
        "10 千": "10000", "2百万": "2000000", "7": "7", "5x": "5x", "1.5 Mio": "1500000", "k": "k",
    }),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "table"), NUMBERS, ids=str)
def test_a_number_is_read_as_it_is_written_or_stays(rule, table, cleansed):
    found = dict(zip(table, cleansed([rule], list(table)), strict=True))
    assert found == table


MANY = settings(max_examples=10, deadline=None)


@MANY
@given(st.lists(st.decimals(-(10**12), 10**12, places=2), min_size=50, max_size=100))
def test_figures_written_out_in_any_style_come_back(cleansed, figures):
    styles = {
        ".": [f"{f:,.2f}" for f in figures],
        ",": [f"{f:,.2f}".translate(str.maketrans(",.", ".,")) for f in figures],
    }
    for point, written in styles.items():
        found = cleansed([{"number": point}], written)
        assert [Decimal(each) for each in found] == figures


ARITHMETIC = [
    ({"clamp": {"low": 0, "high": 10}}, ["-1", "5", "11", None, "x"], ["0", "5", "10", None, "x"]),
    ({"clamp": {"high": 1.5}}, ["2", "-3"], ["1.5", "-3"]),
    ({"scale": 0.01}, ["1999", "x", None, "1"], ["19.99", "x", None, "0.01"]),
    ({"scale": 1000}, ["1.5", "123456789012345678"], ["1500", "123456789012345678000"]),
    ({"scale": -1}, ["5"], ["-5"]),
    ({"round": 0}, ["2.5", "-2.5", "1e40"], ["3", "-3", "1e+40"]),
    ("absolute", ["-0.10", "-", "-1e50"], ["0.1", "-", "1e+50"]),
    ("negate", ["0", "7.25"], ["0", "-7.25"]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "given_", "expected"), ARITHMETIC, ids=lambda c: str(c)[:40])
def test_arithmetic_leaves_what_is_no_number(rule, given_, expected, cleansed):
    assert cleansed([rule], given_) == expected


def test_yes_and_no_in_many_languages(cleansed):
    yes = ["Yes", "Y", "1", "ja", "JA", "是", "对", "да", "はい", "TRUE", " oui ", "Ｙ", "sí", "√"]
    no = ["No", "N", "0", "nein", "否", "нет", "いいえ", "FALSE", "non", "off", "✗", "não"]
    other = ["", "perhaps", "10", "yess", None]
    assert cleansed(["boolean"], yes) == ["true"] * len(yes)
    assert cleansed(["boolean"], no) == ["false"] * len(no)
    assert cleansed(["boolean"], other) == other
    own = [{"boolean": {"yes": ["x", "no"], "no": ["", "yes"]}}]
    assert cleansed(own, ["X", "", "NO", "Yes"]) == ["true", "false", "true", "false"]


DATES = [
    ("date", {
        "2024-03-05": "2024-03-05", "2024/3/5": "2024-03-05", "2024.03.05": "2024-03-05",
        "20240305": "2024-03-05", "2024年3月5日": "2024-03-05", "2024年03月05日 14时30分": "2024-03-05 14:30:00",
        "2024년 3월 5일": "2024-03-05", "２０２４年３月５日": "2024-03-05", "2024年3月5日下午2:30": "2024-03-05 14:30:00",
        "5 March 2024": "2024-03-05", "March 5, 2024": "2024-03-05", "Mar 5 2024": "2024-03-05",
        "5th of March 2024": "2024-03-05", "05-MAR-24": "2024-03-05", "5. März 2024": "2024-03-05",
        "5 mars 2024": "2024-03-05", "1er janvier 2024": "2024-01-01", "5 de marzo de 2024": "2024-03-05",
        "5 марта 2024": "2024-03-05", "Tue, 5 Mar 2024 10:00:00 GMT": "2024-03-05 10:00:00Z",
        "Dienstag, 5. März 2024": "2024-03-05", "2024-Mar-05": "2024-03-05",
        "2024-03-05T14:30:00Z": "2024-03-05 14:30:00Z", "2024-03-05T14:30:00.123456789+08:00": "2024-03-05 14:30:00.123456+08:00",
        "2024-03-05 14:30": "2024-03-05 14:30:00", "20240305T143000": "2024-03-05 14:30:00",
        "20240305143000": "2024-03-05 14:30:00", "202403051430": "2024-03-05 14:30:00",
        "2024-03-05 2:05 pm": "2024-03-05 14:05:00", "2024-03-05 12:00 AM": "2024-03-05 00:00:00",
        "2024-03-05 12:00 a.m.": "2024-03-05 00:00:00",
        # What is no date, or could be two, stays.
        "5/3/2024": "5/3/2024", "2024-02-30": "2024-02-30", "2024-13-01": "2024-13-01", "": "", "n/a": "n/a",
        "0000-00-00": "0000-00-00", "March 2024": "March 2024", "2024": "2024", "2024-03-05 25:99 pm": "2024-03-05 25:99 pm",
        "45356": "45356", "2024-03-05 tomorrow": "2024-03-05 tomorrow", "5 Foo 2024": "5 Foo 2024", "٢٠٢٤-٠٣-٠٥": "2024-03-05",
    }),
    ({"date": "dmy"}, {"5/3/2024": "2024-03-05", "05.03.24": "2024-03-05", "5-3-69": "1969-03-05", "5.3.68": "2068-03-05",
                       "13/1/2024": "2024-01-13", "1/13/2024": "1/13/2024", "2024-03-05": "2024-03-05", "5/3/'24": "2024-03-05"}),
    ({"date": "mdy"}, {"3/5/2024": "2024-03-05", "3/5/24 2:30 PM": "2024-03-05 14:30:00", "13/1/2024": "13/1/2024"}),
    ({"date": "ymd"}, {"24-03-05": "2024-03-05", "99/1/2": "1999-01-02"}),
    ({"date": {"order": "dmy", "pivot": 30}}, {"5.3.30": "2030-03-05", "5.3.31": "1931-03-05"}),
    ({"date": {"numbers": "excel"}}, {"45356": "2024-03-05", "45356.5": "2024-03-05 12:00:00", "1": "1900-01-01",
                                      "59": "1900-02-28", "60": "60", "61": "1900-03-01", "2958465": "9999-12-31", "2958466": "2958466",
                                      "0": "0", "-1": "-1", "20240305": "2024-03-05", "45356.0": "2024-03-05"}),
    ({"date": {"numbers": "excel_1904"}}, {"0": "1904-01-01", "43894": "2024-03-05"}),
    ({"date": {"numbers": "epoch_seconds"}}, {"0": "1970-01-01 00:00:00Z", "1709647200": "2024-03-05 14:00:00Z", "-1": "1969-12-31 23:59:59Z",
                                              "1709647200.25": "2024-03-05 14:00:00.25Z", "999999999999999": "999999999999999"}),
    ({"date": {"numbers": "epoch_millis"}}, {"1709647200123": "2024-03-05 14:00:00.123Z"}),
    ({"date": {"numbers": "epoch_micros"}}, {"1709647200123456": "2024-03-05 14:00:00.123456Z"}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "table"), DATES, ids=lambda c: str(c)[:40])
def test_a_date_is_read_as_it_is_written_or_stays(rule, table, cleansed):
    found = dict(zip(table, cleansed([rule], list(table)), strict=True))
    assert found == table


def test_the_two_times_that_readers_know_of_one_day_are_one(cleansed):
    days = [date(1900, 3, 1) + timedelta(days=n * 97) for n in range(400)]
    assert cleansed([{"date": "dmy"}], [f"{d.day}.{d.month}.{d.year}" for d in days]) == [
        d.isoformat() for d in days
    ]
    serials = [str((d - date(1899, 12, 30)).days) for d in days]
    assert cleansed([{"date": {"numbers": "excel"}}], serials) == [d.isoformat() for d in days]


def test_a_time_of_another_zone_is_moved_to_that_of_the_workspace(cleansed):
    moved = cleansed(
        [{"time_zone": "Asia/Shanghai"}],
        [
            "2024-07-01 10:00:00",
            "2024-01-01T10:00",
            "2024-07-01",
            "x",
            "2024-07-01 10:00:00Z",
            None,
        ],
    )
    assert moved == [
        "2024-07-01 04:00:00",
        "2024-01-01 03:00:00",
        "2024-07-01",
        "x",
        "2024-07-01 10:00:00Z",
        None,
    ]


@MANY
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=50, max_size=100))
def test_no_text_stops_the_reading_of_dates_and_numbers(cleansed, texts):
    for rule in (
        {"date": "dmy"},
        {"date": {"numbers": "epoch_micros"}},
        {"number": {"units": True}},
        {"time_zone": "UTC"},
        "boolean",
    ):
        assert len(cleansed([rule], texts)) == len(texts)


@MANY
@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False), min_size=50, max_size=100))
def test_no_number_stops_the_arithmetic(cleansed, figures):
    written = [str(f) for f in figures]
    for rule in (
        {"scale": 0.00000001},
        {"scale": 99999999999},
        {"round": 10},
        {"clamp": {"low": -1e11, "high": 1}},
        "negate",
        {"date": {"numbers": "excel"}},
    ):
        assert len(cleansed([rule], written)) == len(written)


def test_a_default_comes_from_another_column_of_the_row(cleansed):
    assert cleansed(
        [{"default_from": "other"}], ["a", "", None, None], other=["x", "y", "z", None]
    ) == ["a", "y", "z", None]


def test_a_moment_keeps_its_parts(cleansed):
    moment = datetime(2024, 2, 29, 23, 59, 59, 999999)
    assert (
        cleansed([{"date": "dmy"}], [moment.isoformat(), moment.strftime("%d.%m.%Y %H:%M:%S.%f")])
        == [str(moment)] * 2
    )
