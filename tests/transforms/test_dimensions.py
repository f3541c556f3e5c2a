"""Members keep their history as each attribute says."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FILES = {
    "model/m.yaml": """\
entity: customer
key: id
changed_at: changed
columns: {id: string, name: string, city: string, born: string, boss: {references: customer}, changed: timestamp}
---
dimension: customer
entity: customer
parent: boss
attributes:
  name: {history: overwrite}
  city: {history: track}
  born: {history: fixed}
""",
    "mappings/m.yaml": """\
entity: customer
from: s.customer
columns: {id: id, name: name, city: city, born: born, boss: boss, changed: changed}
""",
}


def member(key, name="N", city="C", born="B", boss=None, changed=None):
    return {"id": key, "name": name, "city": city, "born": born, "boss": boss, "changed": changed}


@pytest.fixture
def history(lab):
    """Load states of the source one after another."""

    def _history(*states):
        found = lab(FILES)
        for number, state in enumerate(states):
            found.land("customer", state)
            found.stage("customer")
            found.dimension("customer", datetime(2025, 1, 1 + number))
        return found

    return _history


def versions(lab, key="1"):
    return lab.rows(
        "SELECT name, city, born, valid_from::DATE::VARCHAR, valid_to::DATE::VARCHAR, is_current"
        f" FROM warehouse.dim_customer WHERE id = '{key}' ORDER BY valid_from"
    )


def test_the_unknown_member_is_there_from_the_start(history):
    lab = history([member("1")])
    assert lab.rows(
        "SELECT customer_key, id, name, is_current FROM warehouse.dim_customer ORDER BY 1 LIMIT 1"
    ) == [(-1, None, "Unknown", True)]


def test_an_overwritten_attribute_changes_for_all_time(history):
    lab = history([member("1", name="Old")], [member("1", name="New")])
    assert versions(lab) == [("New", "C", "B", "1900-01-01", "9999-12-31", True)]


def test_a_tracked_attribute_opens_a_version(history):
    lab = history([member("1", city="Rome")], [member("1", city="Paris")])
    assert versions(lab) == [
        ("N", "Rome", "B", "1900-01-01", "2025-01-02", False),
        ("N", "Paris", "B", "2025-01-02", "9999-12-31", True),
    ]


def test_the_source_knows_better_when_it_changed(history):
    lab = history(
        [member("1", city="Rome")],
        [member("1", city="Paris", changed=datetime(2024, 6, 1))],
    )
    assert [v[3] for v in versions(lab)] == ["1900-01-01", "2024-06-01"]


def test_an_overwrite_reaches_closed_versions_too(history):
    lab = history(
        [member("1", city="Rome")], [member("1", city="Paris")], [member("1", "New", "Paris")]
    )
    assert [v[0] for v in versions(lab)] == ["New", "New"]


def test_a_fixed_attribute_keeps_its_first_value(history):
    lab = history([member("1", born="1990")], [member("1", born="1991", city="Paris")])
    assert [v[2] for v in versions(lab)] == ["1990", "1990"]


def test_null_is_a_value_like_any_other(history):
    lab = history([member("1", city=None)], [member("1", city="Rome")], [member("1", city=None)])
    assert [v[1] for v in versions(lab)] == [None, "Rome", None]


def test_a_member_that_vanishes_stays(history):
    lab = history([member("1"), member("2")], [member("2")])
    assert versions(lab)[0][5]


def test_nothing_changes_when_nothing_has_changed(history):
    once = history([member("1"), member("2")]).rows("FROM warehouse.dim_customer ORDER BY 1")
    lab = history([member("1"), member("2")], [member("2"), member("1")])
    assert lab.rows("FROM warehouse.dim_customer ORDER BY 1") == once


def test_the_tree_is_closed_and_a_cycle_does_no_harm(history):
    lab = history(
        [
            member("1"), member("2", boss="1"), member("3", boss="2"),
            member("8", boss="9"), member("9", boss="8"), member("7", boss="7"),
        ]
    )  # fmt: skip
    pairs = lab.rows(
        "SELECT a.id, d.id, depth FROM warehouse.closure_customer"
        " JOIN warehouse.dim_customer a ON a.customer_key = ancestor_key"
        " JOIN warehouse.dim_customer d ON d.customer_key = descendant_key"
        " WHERE d.id IS NOT NULL ORDER BY ALL"
    )
    assert ("1", "3", 2) in pairs
    assert ("8", "9", 1) in pairs
    assert ("9", "8", 1) in pairs
    assert ("7", "7", 0) in pairs
    assert len(pairs) == len(set(pairs)) == 6 + 3 + 2


def test_a_new_attribute_is_added_and_filled(history):
    lab = history([member("1", city="Rome")], [member("1", city="Paris")])
    model = FILES["model/m.yaml"] + "  fresh: {from: name}\n"
    (lab.path / "model/m.yaml").write_text(model)
    lab.dimension("customer", datetime(2025, 2, 1))
    assert lab.rows("SELECT DISTINCT fresh FROM warehouse.dim_customer ORDER BY 1") == [
        ("N",),
        ("Unknown",),
    ]


CITY = st.sampled_from(["A", "B", None])
STATE = st.dictionaries(st.sampled_from(["1", "2", "3"]), st.tuples(CITY, CITY), max_size=3)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(states=st.lists(STATE, min_size=1, max_size=4))
def test_any_history_is_what_a_slow_reference_says(history, states):
    lab = history(
        *(
            [member(key, name, city) for key, (name, city) in sorted(state.items())]
            or [member("9")]
            for state in states
        )
    )
    for key in ("1", "2", "3"):
        expected = _reference(states, key)
        found = [(v[0], v[1], v[3]) for v in versions(lab, key)]
        assert found == expected


def _reference(states, key):
    """Versions of one member, by walking through the states one at a time."""
    found = []
    for number, state in enumerate(states):
        if key not in state:
            continue
        name, city = state[key]
        if not found:
            found.append([name, city, "1900-01-01"])
        elif found[-1][1] != city:
            found.append([name, city, f"2025-01-{1 + number:02d}"])
        for version in found:
            version[0] = name
    return [tuple(version) for version in found]
