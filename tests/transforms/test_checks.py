"""Checks of values, on values at the edges of what is allowed."""

from __future__ import annotations

import pytest

CASES = [
    ("url", "string", ["https://a.example", "http://localhost:8080/x?y#z", "https://münchen.de/ä", "HTTP://1.2.3.4/"],
     ["a.example", "ftp://a.example", "https://", "https://a b.example", "https://a", "https://-a.example", "javascript:alert(1)", ""]),
    ("country_code", "string", ["DE", "XK", "TW"], ["de", "UK", "EU", "XX", ""]),
    ({"country_code": "alpha_3"}, "string", ["DEU", "FRA", "COD"], ["DE", "ZAR", "GER"]),
    ("currency_code", "string", ["EUR", "DEM", "CNY"], ["eur", "RMB", "XXX", "€"]),
    ({"currency_code": True}, "string", ["EUR", "USD"], ["DEM", "ATS"]),
    ("language_code", "string", ["zh", "en", "de"], ["ZH", "chi", ""]),
    ({"postal_code": "GB"}, "string", ["SW1A 1AA", "M1 1AE"], ["SW1A1AA", "12345"]),
    ({"not_matches": "[<>]"}, "string", ["plain"], ["<b>", "a > b"]),
    ({"none_of": ["x", "y"]}, "string", ["z", "X"], ["x"]),
    ({"one_of": [1, 2]}, "integer", [1, 2], [3]),
    ({"one_of": ["5", "1.50"]}, "decimal(18,4)", ["5.0000", "1.5"], ["5.0001"]),
    ({"none_of": ["1900-01-01"]}, "date", ["1900-01-02"], ["1900-01-01"]),
    ({"one_of": ["2024-01-01 10:00:00"]}, "timestamp", ["2024-01-01 10:00:00"], ["2024-01-01"]),
    ({"one_of": ["true"]}, "boolean", [True], [False]),
    ({"decimals": 2}, "decimal(18,4)", ["1.25", "-3"], ["1.255", "0.001"]),
    ({"decimals": 0}, "double", ["5"], ["5.5"]),
    ({"between": [0.5, 1.5]}, "integer", [1], [0, 2]),
    ({"at_most": 100000}, "decimal(5,2)", ["999.99"], []),
    ({"at_least": "today"}, "timestamp", ["2999-01-01 00:00:00"], ["2000-01-01 00:00:00"]),
    ({"length": [2, 2]}, "string", ["中文"], ["中", "abc"]),
]  # fmt: skip


@pytest.mark.parametrize(("check", "kind", "good", "bad"), CASES, ids=lambda c: str(c)[:40])
def test_a_check_at_its_edges(check, kind, good, bad, passes):
    assert passes(check, [*good, None], kind) == [True] * (len(good) + 1)
    assert passes(check, bad, kind) == [False] * len(bad)


COMPARED = [
    ({"not_before": "other"}, "date", [("2024-01-02", "2024-01-02", True), ("2024-01-01", "2024-01-02", False)]),
    ({"not_after": "other"}, "decimal(18,2)", [("1.5", "1.5", True), ("1.51", "1.5", False)]),
    ({"differs_from": "other"}, "string", [("a", "b", True), ("a", "a", False)]),
]  # fmt: skip


@pytest.mark.parametrize(("check", "kind", "rows"), COMPARED, ids=str)
def test_columns_are_compared_where_both_are_there(check, kind, rows, passes):
    first, second, expected = map(
        list, zip(*rows, (None, rows[0][1], True), (rows[0][0], None, True), strict=True)
    )
    assert passes(check, first, kind, other=(kind, second)) == expected


def test_one_of_several_must_be_filled(passes):
    values = [None, "", "x", None, None]
    others = {"a": [None, "", None, "y", None], "b": [None, None, None, None, "z"]}
    assert passes({"one_filled": ["a", "b"]}, values, **others) == [False, False, True, True, True]


def test_a_value_is_required_where_a_condition_holds(passes):
    kinds = ["Company", "Company", "Person", None]
    assert passes({"required_if": "kind = 'Company'"}, [None, "x", None, None], kind=kinds) == [
        False,
        True,
        True,
        True,
    ]
