"""Nothing is changed silently: what cannot be read is told, and what is read is what was written."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from metadata import MetadataError
from transforms import quarantine_entity, warning_query

MODEL = """\
entity: thing
key: id
changed_at: seen
columns:
  id: string
  word: string
  whole: integer
  ratio: double
  amount: decimal(18,2)
  day: date
  seen: timestamp
  active: boolean
"""


@pytest.fixture
def judge(lab):
    """Stage rows with one mapped column beside the key; its values, outcomes and failures."""

    def _judge(column, *values, more="", files=None):
        mapping = f"entity: thing\nfrom: s.customer\n{more}columns:\n  id: id\n  {column}\n"
        found = lab({"model/m.yaml": MODEL, "mappings/m.yaml": mapping, **(files or {})})
        found.land("customer", [{"id": str(i), "v": value} for i, value in enumerate(values)])
        found.stage("thing")
        name = column.partition(":")[0]
        rows = found.rows(f"SELECT _outcome, {name} FROM staging.judged_thing ORDER BY id")
        return found, rows

    return _judge


def failures(lab):
    lab.run(quarantine_entity(lab.repository, "thing", lab.landed))
    return lab.rows('SELECT "column", rule, value FROM staging.quarantine_thing ORDER BY 1, 2, 3')


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("amount: {from: v, clean: negate}", "abc"),
        ("amount: {from: v, clean: [{round: 2}]}", "abc"),
        ("whole: {from: v, default: 0}", "abc"),
        ("word: {from: v, lookup: {a: A}, default: B}", "abc"),
        ("whole: v", "12.5"),
        ("ratio: v", "nan"),
        ("ratio: v", "-inf"),
        ("day: v", "infinity"),
        ("seen: v", "infinity"),
    ],
)
def test_what_cannot_be_read_is_set_aside_with_its_value(judge, column, value):
    lab, rows = judge(column, value)
    assert [outcome for outcome, _ in rows] == ["quarantined"]
    assert [given for _, _, given in failures(lab)] == [value]


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("whole: v", "12.0", 12),
        ("whole: v", 12.0, 12),
        ("whole: v", "9007199254740993", 9007199254740993),
        ("whole: {expr: v / 4}", 7, 2),
        ("whole: {from: v, default: 7}", None, 7),
        ("whole: {from: v, default: 7}", "", 7),
        ("ratio: {from: v, clean: negate}", "1e30", -1e30),
        ("word: {from: v, clean: [{default: 0}]}", None, "0"),
        ("word: {from: v, clean: [{default: 0}]}", "abc", "abc"),
        # A column of whole numbers of which some are missing often comes as one of fractions.
        ("word: v", 123.0, "123"),
        ("word: {from: v, lookup: {'1': One}}", 1.0, "One"),
        ("active: v", 1.0, True),
        ("day: {from: v, format: '%Y%m%d'}", 20250131, date(2025, 1, 31)),
        ("seen: v", "2025-01-01T10:00:00+05:00", datetime(2025, 1, 1, 6)),
        ("word: {from: v, clean: [{phone: '+49'}]}", "+49 (0)30 12", "+493012"),
        ("word: {from: v, clean: [{phone: '+49'}]}", "0049 (0)30 12", "+493012"),
    ],
)
def test_what_is_read_is_what_was_meant(judge, column, value, expected):
    _, rows = judge(column, value)
    assert rows == [("staged", expected)]


def test_a_code_that_is_kept_stays_and_is_counted(judge):
    lab, rows = judge("word: {from: v, lookup: {a: A}, otherwise: keep}", "a", "zz")
    assert rows == [("staged", "A"), ("staged", "zz")]
    assert lab.rows(warning_query("thing").sql("duckdb"))[0][1:] == ("word", "lookup", 1)


def test_a_guarded_cast_refuses_nothing(judge):
    guarded = "whole: {expr: \"case when v ~ '^[0-9]+$' then cast(v as integer) end\"}"
    _, rows = judge(guarded, "7", "n/a")
    assert rows == [("staged", 7), ("staged", None)]


def test_a_filter_that_cannot_be_told_lets_nothing_in(judge):
    _, rows = judge("word: v", "7", "x", more="where: cast(v as integer) > 1\n")
    assert [outcome for outcome, _ in rows] == ["staged", "filtered"]


def test_a_moment_lies_within_a_bound_that_is_its_day(judge):
    bounded = "seen: {from: v, check: between 2025-01-01 and 2025-12-31}"
    _, rows = judge(bounded, "2025-12-31 23:59:59", "2026-01-01 00:00:00")
    assert [outcome for outcome, _ in rows] == ["staged", "quarantined"]


def test_when_it_changed_is_only_what_the_checks_let_through(judge):
    bounded = "seen: {from: v, check: {at_most: '2030-01-01'}, otherwise: \"null\"}"
    lab, _ = judge(bounded, "9999-01-01 00:00:00")
    assert lab.rows("SELECT _changed_at FROM staging.thing") == [(None,)]


def test_what_separates_failures_cannot_come_from_a_value(judge):
    lab, _ = judge("whole: v", "x\x1ey\x1fz")
    assert failures(lab) == [("whole", "type", "x y z")]


def test_a_lookup_that_has_not_landed_is_told_with_its_line(judge):
    lookup = {"lookups/l.yaml": "lookup: codes\nfrom: s.other\nkey: k\nvalue: m\n"}
    with pytest.raises(MetadataError) as caught:
        judge("word: {from: v, lookup: codes}", "a", files=lookup)
    assert caught.value.issues[0].where.line == 5


@pytest.mark.parametrize(("own", "other"), [(1, 1.0), (1, "1"), (1.0, "1"), ("1", 1)])
def test_a_join_finds_its_row_whatever_type_a_key_came_as(lab, own, other):
    found = lab(
        {
            "model/m.yaml": MODEL,
            "mappings/m.yaml": "entity: thing\nfrom: s.customer\n"
            "join: {more: {table: s.other, on: {k: v}}}\n"
            "columns: {id: id, word: more.name}\n",
        }
    )
    found.land("customer", [{"id": "a", "v": own}])
    found.land("other", [{"id": 1, "k": other, "name": "Found"}])
    found.stage("thing")
    assert found.rows("SELECT word FROM staging.thing") == [("Found",)]
