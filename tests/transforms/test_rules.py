"""Each cleansing rule and check, on values that are as bad as life's."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest
from sqlglot import exp

from metadata.model.mapping import ColumnRule
from transforms.checks import fails
from transforms.cleansing import cleanse
from transforms.parsing import parse

CLEANSED = [
    ("trim", "\u00a0 Anna \u3000\t", "Anna"),
    ("collapse_spaces", "a \t  b\u00a0c", "a b c"),
    ("lower", "ÄB", "äb"),
    ("upper", "äb", "ÄB"),
    ("title_case", "JEAN-LUC o'neil DE LA CRUZ", "Jean-Luc O'Neil De La Cruz"),
    ("normalize_unicode", "＋４９ １６１\u3000Ａ", "+49 161 A"),
    ("strip_accents", "Élodie Müller", "Elodie Muller"),
    ("digits_only", "+49 (0) 30-1", "490301"),
    ("empty_to_null", " N/A ", None),
    ("empty_to_null", "x", "x"),
    ({"null_if": ["?", "-"]}, "?", None),
    ({"replace": {"find": "_", "with": " "}}, "a_b_c", "a b c"),
    ({"regex_replace": {"pattern": "[0-9]+", "with": "#"}}, "a1b22", "a#b#"),
    ({"extract": "<N>([^<]*)</N>"}, "<X/><N>7</N>", "7"),
    ({"extract": "<N>([^<]*)</N>"}, "nothing", None),
    ({"left": 3}, "abcdef", "abc"),
    ({"pad_left": {"length": 5}}, "123", "00123"),
    ({"pad_left": {"length": 2}}, "12345", "12345"),
    ("phone", "0049 (30) 12-34", "+493012 34".replace(" ", "")),
    ({"phone": "+49"}, "030 1234", "+49301234"),
    ({"phone": "+49"}, "+33 1 23", "+33123"),
    ("phone", "++49 1", "+491"),
    ("phone", "unknown", "unknown"),
    ("phone", " ", None),
    ({"default": "none"}, None, "none"),
]


@pytest.mark.parametrize(("rule", "given", "expected"), CLEANSED)
def test_a_cleansing_rule(rule, given, expected):
    rules = ColumnRule.model_validate({"from": "x", "clean": [rule]}).clean
    value = cleanse(exp.cast(exp.convert(given), "VARCHAR"), rules)
    assert _value(value) == expected


@pytest.mark.parametrize(
    ("rule", "given", "expected"),
    [("absolute", -3, 3), ("negate", 3, -3), ({"round": 1}, 2.25, 2.3), ("absolute", None, None)],
)
def test_a_rule_on_numbers(rule, given, expected):
    rules = ColumnRule.model_validate({"from": "x", "clean": [rule]}).clean
    found = _value(cleanse(exp.convert(given), rules))
    assert found is None if expected is None else float(found) == expected


@pytest.mark.parametrize("rule", ["absolute", "negate", {"round": 1}])
def test_a_rule_on_numbers_leaves_what_is_no_number_for_parsing_to_tell(rule):
    rules = ColumnRule.model_validate({"from": "x", "clean": [rule]}).clean
    assert _value(cleanse(exp.convert("x"), rules)) == "x"


CHECKED = [
    ("email", "string", ["a@b.example", "a.b+c@x-y.co.uk"],
     ["a at b.example", "a@@b.example", "a@b", "n/a", "a@b.example;c@d.example", "a@b,example"]),
    ("phone_number", "string", ["+4930123456"], ["030123", "+49", "unknown", "+49x123456", "+0301234567"]),
    ({"matches": "[A-Z]{2}[0-9]+"}, "string", ["AB12"], ["AB", "xAB12", "AB12x"]),
    ({"one_of": ["A", "B"]}, "string", ["A"], ["C", "a"]),
    ("between 1 and 10", "integer", [1, 10], [0, 11]),
    ("between 1900-01-01 and today", "date", [date(1999, 1, 1)], [date(1800, 1, 1), date(2999, 1, 1)]),
    ({"at_least": 0}, "decimal(18,2)", [0], [-0.01]),
    ({"at_most": "today"}, "date", [date(2020, 1, 1)], [date(2999, 1, 1)]),
    ({"length": {"low": 2, "high": 3}}, "string", ["ab", "abc"], ["a", "abcd"]),
]  # fmt: skip


@pytest.mark.parametrize(("check", "kind", "good", "bad"), CHECKED)
def test_a_check(check, kind, good, bad):
    (rule,) = ColumnRule.model_validate({"from": "x", "check": check}).check
    for value in good:
        assert not _fails(rule, value, kind), value
    for value in bad:
        assert _fails(rule, value, kind), value
    assert not _fails(rule, None, kind), "a missing value fails only 'required'"


def test_required_fails_for_what_is_missing_or_blank():
    (rule,) = ColumnRule.model_validate({"from": "x", "check": "required"}).check
    assert _fails(rule, None, "string")
    assert _fails(rule, "", "string")
    assert not _fails(rule, "x", "string")


@pytest.mark.parametrize(
    ("given", "kind", "formats", "expected"),
    [
        ("2024-02-29", "date", (), "2024-02-29"),
        ("2023-02-29", "date", (), None),
        ("29/02/2024", "date", ("%Y-%m-%d", "%d/%m/%Y"), "2024-02-29"),
        ("2024-02-29", "date", ("%d/%m/%Y",), "2024-02-29"),
        ("2024-01-01 10:30:00", "date", (), "2024-01-01"),
        ("2024-07-01T10:00:00Z", "timestamp", (), "2024-07-01 12:00:00"),
        ("2024-07-01 10:00", "timestamp", (), "2024-07-01 10:00:00"),
        ("12", "integer", (), "12"),
        ("twelve", "integer", (), None),
        ("1.005", "decimal(18,2)", (), "1.01"),
        ("Yes", "boolean", (), "true"),
        ("0", "boolean", (), "false"),
        ("perhaps", "boolean", (), None),
    ],
)
def test_texts_become_types_or_nothing(given, kind, formats, expected):
    found = _value(exp.cast(parse(exp.convert(given), kind, formats, "VARCHAR"), "VARCHAR"))
    assert found == expected


def _fails(rule, value, kind):
    typed = exp.cast(exp.convert(value), "VARCHAR" if kind == "string" else kind)
    return _value(exp.func("COALESCE", fails(rule, typed, kind, exp.column), exp.false()))


def _value(expression):
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'Europe/Berlin'")
        return connection.execute(exp.select(expression).sql("duckdb")).fetchone()[0]
