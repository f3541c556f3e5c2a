"""Every landed row ends in exactly one place, with its reasons."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metadata import MetadataError
from transforms import balance_query, quarantine_entity, warning_query

MODEL = """\
entity: customer
key: id
columns:
  id: string
  name: string
  born: date
  segment: string
  score: integer
"""
MAPPING = """\
entity: customer
from: s.customer
columns:
  id:      id
  name:    {from: name, clean: [trim]}
  born:    {from: born, check: between 1900-01-01 and today, otherwise: "null"}
  segment: {from: seg, lookup: {A: Alpha, B: Beta}, otherwise: unknown}
  score:   {from: score, check: {at_least: 0}}
where: name <> 'TEST'
keep: [born desc]
"""


def row(**values):
    return {"id": "1", "name": "Anna", "born": "1990-01-01", "seg": "A", "score": "5", **values}


@pytest.fixture
def staged(lab):
    def _staged(*rows, files=None):
        found = lab({"model/m.yaml": MODEL, "mappings/m.yaml": MAPPING, **(files or {})})
        found.land("customer", list(rows))
        found.stage("customer")
        return found

    return _staged


def outcomes(lab):
    rows = lab.rows("SELECT _outcome, count(*) FROM staging.judged_customer GROUP BY 1")
    return dict(rows)


def test_a_good_row_is_staged_as_it_is_meant(staged):
    lab = staged(row(name="  Anna "))
    assert lab.rows("SELECT id, name, born::VARCHAR, segment, score FROM staging.customer") == [
        ("1", "Anna", "1990-01-01", "Alpha", 5)
    ]


def test_what_the_rule_says_happens_to_what_fails(staged):
    lab = staged(row(born="1800-01-01", seg="?"), row(id="2", score="-1"), row(id="3", score="x"))
    assert outcomes(lab) == {"staged": 1, "quarantined": 2}
    assert lab.rows("SELECT born, segment FROM staging.customer") == [(None, "Unknown")]
    warnings = lab.rows(warning_query("customer").sql("duckdb"))
    assert {(column, rule) for _, column, rule, _ in warnings} == {
        ("born", "between"),
        ("segment", "lookup"),
    }


def test_a_refused_row_is_kept_as_it_came_with_every_reason(staged):
    lab = staged(row(id=None, score="-1"))
    lab.run(quarantine_entity(lab.repository, "customer", lab.landed))
    rows = lab.rows(
        'SELECT "column", rule, value, row_json FROM staging.quarantine_customer ORDER BY 1'
    )
    assert [(column, rule, value) for column, rule, value, _ in rows] == [
        ("id", "required", ""),
        ("score", "at_least", "-1"),
    ]
    assert '"name":"Anna"' in rows[0][3]


def test_rows_that_are_filtered_are_counted_and_not_judged(staged):
    assert outcomes(staged(row(name="TEST", score="-1"), row(name=None, id="2"))) == {"filtered": 2}


def test_rows_that_share_a_key_are_merged_into_the_one_that_is_kept(staged):
    lab = staged(row(born="1980-01-01"), row(born="1990-01-01"), row(born="1985-01-01"))
    assert outcomes(lab) == {"staged": 1, "merged": 2}
    assert lab.rows("SELECT born::VARCHAR FROM staging.customer") == [("1990-01-01",)]


def test_a_refused_row_does_not_push_out_a_good_one(staged):
    lab = staged(row(born="2000-01-01", score="-1"), row(born="1990-01-01"))
    assert outcomes(lab) == {"staged": 1, "quarantined": 1}


def test_a_join_never_doubles_a_row(lab):
    found = lab(
        {
            "model/m.yaml": MODEL,
            "mappings/m.yaml": """\
entity: customer
from: s.customer
join:
  more: {table: s.other, on: {customer: id}, where: "kind = 'HOME'", order_by: [since desc]}
columns: {id: id, name: more.city}
""",
        }
    )
    found.land("customer", [{"id": "1"}, {"id": "2"}])
    found.land(
        "other",
        [
            {"id": 1, "customer": "1", "kind": "HOME", "since": 1, "city": "Old"},
            {"id": 2, "customer": "1", "kind": "HOME", "since": 2, "city": "New"},
            {"id": 3, "customer": "1", "kind": "WORK", "since": 3, "city": "Work"},
        ],
    )
    found.stage("customer")
    assert sorted(found.rows("SELECT id, name FROM staging.customer")) == [
        ("1", "New"),
        ("2", None),
    ]


def test_the_mapping_with_the_lowest_priority_number_wins(lab):
    mappings = "\n---\n".join(
        f"entity: customer\nfrom: s.{table}\npriority: {priority}\n"
        "columns: {id: id, name: {value: " + table + "}}\n"
        for table, priority in (("customer", 20), ("other", 10))
    )
    found = lab({"model/m.yaml": MODEL, "mappings/m.yaml": mappings})
    found.land("customer", [{"id": "1"}, {"id": "2"}])
    found.land("other", [{"id": "1"}])
    found.stage("customer")
    assert sorted(found.rows("SELECT id, name FROM staging.customer")) == [
        ("1", "other"),
        ("2", "customer"),
    ]
    assert outcomes(found) == {"staged": 2, "merged": 1}


def test_of_several_batches_the_newest_row_of_a_key_counts(lab):
    found = lab({"model/m.yaml": MODEL, "mappings/m.yaml": MAPPING})
    found.land(
        "customer",
        [row(name="old"), row(id="2"), row(id="3")],
        [row(name="new"), row(id="2", _deleted=True)],
    )
    found.stage("customer")
    assert sorted(found.rows("SELECT id, name FROM staging.customer")) == [
        ("1", "new"),
        ("3", "Anna"),
    ]


def test_a_cast_that_fails_in_an_expression_judges_its_row_only(lab):
    mapping = "entity: customer\nfrom: s.customer\ncolumns:\n  id: id\n  score: {expr: cast(a as integer) * 2}\n"
    found = lab({"model/m.yaml": MODEL, "mappings/m.yaml": mapping})
    found.land(
        "customer", [{"id": "1", "a": "3"}, {"id": "2", "a": "three"}, {"id": "3", "a": None}]
    )
    found.stage("customer")
    assert sorted(found.rows("SELECT id, score FROM staging.customer")) == [("1", 6), ("3", None)]
    assert outcomes(found) == {"staged": 2, "quarantined": 1}


def test_a_column_that_the_source_lacks_is_told_with_its_line(lab):
    found = lab({"model/m.yaml": MODEL, "mappings/m.yaml": MAPPING})
    found.land("customer", [{"id": "1", "nme": "Anna", "born": None, "seg": None, "score": None}])
    with pytest.raises(MetadataError) as caught:
        found.stage("customer")
    issue = caught.value.issues[0]
    assert (issue.where.file, issue.where.line) == ("mappings/m.yaml", 5)
    assert "Did you mean 'nme'" in issue.fix


VALUES = st.sampled_from(
    [None, "", "1", "2", "TEST", "A", "-3", "1990-01-01", "1700-01-01", " ", "é"]
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(st.tuples(*[VALUES] * 5), min_size=1, max_size=12))
def test_landed_is_staged_and_quarantined_and_merged_and_filtered(lab, rows):
    found = lab({"model/m.yaml": MODEL, "mappings/m.yaml": MAPPING})
    names = ("id", "name", "born", "seg", "score")
    plain = [dict(zip(names, values, strict=True)) for values in rows]
    found.land("customer", [*plain, row(id="last")])
    found.stage("customer")
    balance = Counter()
    for *_, outcome, count in found.rows(balance_query("customer").sql("duckdb")):
        balance[outcome] += count
    assert sum(balance.values()) == len(rows) + 1
    keys = [key for (key,) in found.rows("SELECT id FROM staging.customer")]
    assert len(keys) == len(set(keys)) == balance["staged"]
    assert all(keys)
