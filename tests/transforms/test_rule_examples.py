"""What the documentation shows of every rule is what the rule does."""

from __future__ import annotations

import re

import pytest

from metadata.model.rule import examples, shown, summary
from metadata.model.rules import CHECKS, CLEANSING, References, Unique
from transforms import stage_entity

NEEDS_OTHER_ROWS = (Unique, References)


@pytest.mark.parametrize("rule", [*CLEANSING, *CHECKS], ids=lambda rule: rule.__name__)
def test_a_rule_says_what_it_does_and_shows_it(rule):
    found = list(examples(rule))
    assert summary(rule).endswith(".")
    assert len(found) == len(shown(rule)) * (1 if rule in CLEANSING else 2)
    assert found
    for name, field in rule.model_fields.items():
        assert field.description, name


@pytest.mark.parametrize("rule", CLEANSING, ids=lambda rule: rule.rule)
def test_a_cleansing_rule_does_what_it_shows(rule, cleansed):
    for example in examples(rule):
        row = example.given if isinstance(example.given, dict) else {"value": example.given}
        (_, value), *others = row.items()
        (found,) = cleansed([example.rule], [value], **{name: [each] for name, each in others})
        expected = example.result
        assert found == (None if expected is None else str(expected)), example


@pytest.mark.parametrize(
    "rule", [c for c in CHECKS if c not in NEEDS_OTHER_ROWS], ids=lambda rule: rule.rule
)
def test_a_check_does_what_it_shows(rule, passes):
    for example in examples(rule):
        row = example.given if isinstance(example.given, dict) else {"value": example.given}
        value = next(iter(row.values()))
        typed = {name: (_kind(each), [each]) for name, each in row.items()}
        typed.pop("value", None)
        assert passes(example.rule, [value], _kind(value), **typed) == [example.result], example


def test_checks_of_other_rows_do_what_they_show(lab):
    """Each example is a row of its own beside one that it is compared with."""
    shown_by = {rule: list(examples(rule)) for rule in NEEDS_OTHER_ROWS}
    good, bad = shown_by[Unique]
    found = lab(
        {
            "model/m.yaml": "entity: customer\nkey: id\ncolumns: {id: string}\n---\n"
            "entity: thing\nkey: id\ncolumns: {id: string, email: string, customer: string}\n",
            "mappings/m.yaml": "entity: customer\nfrom: s.other\ncolumns: {id: id}\n---\n"
            "entity: thing\nfrom: s.customer\ncolumns:\n  id: id\n"
            "  email: {from: email, check: unique}\n"
            "  customer: {from: customer, check: {references: customer}}\n",
        }
    )
    refers_well, refers_badly = shown_by[References]
    rows = [
        (good.given["email"], refers_well.given),
        (bad.given["email"], refers_well.given),
        ("twice@b.example", refers_well.given),
        ("other@b.example", refers_badly.given),
    ]
    found.land("other", [{"id": refers_well.given}])
    found.land(
        "customer",
        [{"id": str(n), "email": e, "customer": c} for n, (e, c) in enumerate(rows)],
    )
    found.stage("customer")
    found.run(stage_entity(found.repository, "thing", found.landed))
    fates = found.rows("SELECT _outcome FROM staging.judged_thing ORDER BY id")
    assert [fate for (fate,) in fates] == ["staged", "quarantined", "quarantined", "quarantined"]


def _kind(value):
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "decimal(18,4)"
    return "date" if re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(value)) else "string"
