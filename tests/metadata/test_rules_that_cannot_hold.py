"""A rule that cannot hold is refused when it is checked, with its line, not when data comes."""

from __future__ import annotations

import pytest

from metadata import MetadataError, load_workspace
from metadata.model.rules import CHECKS, CLEANSING

TEXTS = {
    "workspace.yaml": "name: Trial\n",
    "sources/s.yaml": "source: s\nurl: data\ntables:\n  t: {primary_key: id}\n",
    "model/m.yaml": (
        "entity: thing\nkey: id\ncolumns:\n  id: string\n  name: string\n  amount: decimal(18,2)\n"
        "  count: integer\n  day: date\n  flag: boolean\n  other: string\n"
    ),
}


def issues(tmp_path, line):
    mapping = f"entity: thing\nfrom: s.t\ncolumns:\n  id: id\n  name: name\n  day: day\n{line}\n"
    texts = TEXTS | {"mappings/m.yaml": mapping}
    try:
        load_workspace(tmp_path, shipped=False, texts=texts)
    except MetadataError as error:
        return error.issues
    return ()


HOPELESS = {
    "an e-mail address in a number": "  amount: {from: a, check: email}",
    "a range the wrong way round": "  amount: {from: a, check: {between: [10, 1]}}",
    "a number compared with a word": "  amount: {from: a, check: {at_least: high}}",
    "a fraction among whole numbers": "  count: {from: a, check: {one_of: ['1.5']}}",
    "a format that is none": '  other: {from: a, format: "%d/%m/%Y"}',
    "a format without a day": '  day2: {from: a, format: "day"}',
    "a column that is not there": "  other: {from: a, check: {differs_from: nmae}}",
    "a column compared with itself": "  other: {from: a, check: {differs_from: other}}",
    "another type": "  other: {from: a, check: {not_before: day}}",
    "an entity that is not there": "  other: {from: a, check: {references: thign}}",
    "a default of another type": "  count: {from: a, default: many}",
    "a default that its check refuses": "  count: {from: a, default: 0, check: {at_least: 1}}",
    "look-around": "  other: {from: a, check: {matches: 'a(?=b)'}}",
    "a length that nothing has": "  other: {from: a, check: {length: {low: 3, high: 2}}}",
    "a country without postal codes here": "  other: {from: a, check: {postal_code: XX}}",
    "a rule that is none": "  other: {from: a, clean: [trimm]}",
}


@pytest.mark.parametrize("name", sorted(HOPELESS))
def test_it_is_refused_with_its_place(tmp_path, name):
    found = issues(tmp_path, HOPELESS[name])
    assert found
    assert all(i.where and i.where.file == "mappings/m.yaml" for i in found)
    assert {i.where.line for i in found} == {7}


@pytest.mark.parametrize(
    "line",
    [
        "  amount: {from: a, clean: [number], check: {between: [1, 10]}}",
        "  other: {from: a, clean: [{phone: DE}], check: {phone_number: DE}, otherwise: 'null'}",
        "  other: {from: a, clean: [country_code], check: country_code}",
        "  other: {from: a, check: [{required_if: \"name = 'x'\"}, {differs_from: name}]}",
        "  count: {from: a, default: 2, check: {at_least: 1}}",
        "  other: {from: a, check: unique}",
    ],
)
def test_what_can_hold_is_accepted(tmp_path, line):
    assert issues(tmp_path, line) == ()


def test_the_library_is_a_library():
    names = [rule.rule for rule in (*CLEANSING, *CHECKS)]
    assert len(CLEANSING) >= 40 and len(CHECKS) >= 30
    assert all(rule.__doc__ for rule in (*CLEANSING, *CHECKS)) and len(names) >= 75
