"""Versions of members when times collide, definitions change, and trees grow."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from transforms import audits

MODEL = """\
entity: customer
key: id
changed_at: changed
columns: {id: string, city: string, size: string, boss: {references: customer}, changed: timestamp}
---
dimension: customer
entity: customer
parent: boss
attributes:
  city: {history: track}
"""
MAPPING = """\
entity: customer
from: s.customer
columns: {id: id, city: city, boss: boss, changed: changed}
"""


def member(key, city="C", boss=None, changed=None):
    return {"id": key, "city": city, "boss": boss, "changed": changed, "size": "7"}


@pytest.fixture
def company(lab):
    """A company of which one state of the source after another is loaded."""
    found = lab({"model/m.yaml": MODEL, "mappings/m.yaml": MAPPING})

    def _load(at, *members, model="", mapping=""):
        if model:
            (found.path / "model/m.yaml").write_text(model)
        if mapping:
            (found.path / "mappings/m.yaml").write_text(mapping)
        found.land("customer", list(members))
        found.stage("customer")
        found.dimension("customer", at)
        return found

    return _load


def versions(lab, columns="city"):
    return lab.rows(
        f"SELECT {columns}, valid_from::VARCHAR, valid_to::VARCHAR"
        " FROM warehouse.dim_customer WHERE id = '1' ORDER BY valid_from, customer_key"
    )


def failed(lab):
    found = [audit for audit in audits(lab.repository) if audit.table == "dim_customer"]
    return [audit.name for audit in found if lab.rows(audit.sql.sql("duckdb"))[0][0]]


FIRST, NOON, OPEN = "1900-01-01 00:00:00", "2025-01-02 12:00:00", "9999-12-31 00:00:00"


class TestChangesAtOneInstant:
    """Rome at first, Paris at noon; at the same noon, or a clock set back, it says Oslo."""

    @pytest.mark.parametrize("again", [datetime(2025, 1, 2, 12), datetime(2025, 1, 2, 11)])
    def test_they_are_one_version(self, company, again):
        company(datetime(2025, 1, 1), member("1", "Rome"))
        company(datetime(2025, 1, 2, 12), member("1", "Paris"))
        lab = company(again, member("1", "Oslo"))
        assert versions(lab) == [("Rome", FIRST, NOON), ("Oslo", NOON, OPEN)]
        assert not failed(lab)


class TestATimeThatCannotBe:
    """The source says that the change is yet to come; a version must not begin when none can see it."""

    def test_the_time_of_the_batch_counts(self, company):
        company(datetime(2025, 1, 1), member("1", "Rome"))
        changed = datetime(9999, 12, 31)
        lab = company(datetime(2025, 1, 2, 12), member("1", "Paris", changed=changed))
        assert versions(lab) == [("Rome", FIRST, NOON), ("Paris", NOON, OPEN)]


class TestTheZoneOfTheBatch:
    """Eleven in the morning of UTC is noon in Berlin."""

    def test_it_is_told_in_the_zone_of_the_workspace(self, lab):
        settings = "name: Tiny\ntime_zone: Europe/Berlin\n"
        found = lab({"workspace.yaml": settings, "model/m.yaml": MODEL, "mappings/m.yaml": MAPPING})
        for at, city in (
            (datetime(2025, 1, 1), "Rome"),
            (datetime(2025, 1, 2, 11, tzinfo=UTC), "Paris"),
        ):
            found.land("customer", [member("1", city)])
            found.stage("customer")
            found.dimension("customer", at)
        assert versions(found) == [("Rome", FIRST, NOON), ("Paris", NOON, OPEN)]


class TestANewType:
    """What was text becomes a number, and back: what can be read stays, in every version."""

    def test_what_can_be_read_stays(self, company):
        model = MODEL + "  size: {history: track}\n"
        mapping = MAPPING.replace("columns: {", "columns: {size: size, ")
        company(datetime(2025, 1, 1), member("1"), model=model, mapping=mapping)
        number = model.replace("size: string", "size: integer")
        lab = company(datetime(2025, 1, 2), member("1"), model=number)
        assert versions(lab, "size") == [(7, FIRST, OPEN)]
        lab = company(datetime(2025, 1, 3), member("1"), model=model)
        assert versions(lab, "size") == [("7", FIRST, OPEN)]
        assert lab.rows("SELECT size FROM warehouse.dim_customer WHERE customer_key = -1") == [
            ("Unknown",)
        ]


class TestAnAttributeThatIsFedLater:
    """Nobody maps the size at first. When somebody does, nothing has changed about the customer."""

    def test_it_fills_the_past_and_opens_no_version(self, company):
        model = MODEL + "  size: {history: track}\n"
        lab = company(datetime(2025, 1, 1), member("1"), model=model)
        assert "size" not in [name for (name,) in lab.rows(
            "SELECT column_name FROM duckdb_columns() WHERE table_name = 'dim_customer'"
        )]  # fmt: skip
        mapping = MAPPING.replace("columns: {", "columns: {size: size, ")
        lab = company(datetime(2025, 1, 2), member("1"), mapping=mapping)
        assert versions(lab, "size") == [("7", FIRST, OPEN)]


class TestATreeThatIsDefinedLater:
    """The dimension has no parents at first; then it says where they are."""

    def test_members_find_their_parents(self, company):
        flat = MODEL.replace("parent: boss\n", "")
        members = member("1", boss="2"), member("2")
        company(datetime(2025, 1, 1), *members, model=flat)
        lab = company(datetime(2025, 1, 2), *members, model=MODEL)
        assert lab.rows("SELECT count(*) FROM warehouse.closure_customer WHERE depth = 1") == [(1,)]


class TestATreeWithHistory:
    """
    1 reports to 2; both move. Facts of the past point at old versions and still stand under 2.

        2 (v1, v2)
        └── 1 (v1, v2)
    """

    @pytest.fixture
    def tree(self, company):
        company(datetime(2025, 1, 1), member("1", "A", "2"), member("2", "A"))
        return company(datetime(2025, 1, 2), member("1", "B", "2"), member("2", "B"))

    def test_every_version_stands_under_the_members_of_today(self, tree):
        found = tree.rows(
            "SELECT above.id, above.city, below.id, below.city, depth"
            " FROM warehouse.closure_customer"
            " JOIN warehouse.dim_customer above ON above.customer_key = ancestor_key"
            " JOIN warehouse.dim_customer below ON below.customer_key = descendant_key"
            " WHERE ancestor_key <> -1 ORDER BY ALL"
        )
        assert found == [
            ("1", "B", "1", "A", 0),
            ("1", "B", "1", "B", 0),
            ("2", "B", "1", "A", 1),
            ("2", "B", "1", "B", 1),
            ("2", "B", "2", "A", 0),
            ("2", "B", "2", "B", 0),
        ]
        assert not failed(tree)

    def test_the_unknown_member_stands_under_itself(self, tree):
        assert tree.rows("FROM warehouse.closure_customer WHERE ancestor_key = -1") == [(-1, -1, 0)]

    def test_who_is_delivered_no_more_follows_the_parent(self, company, tree):
        lab = company(datetime(2025, 1, 3), member("2", "C"))
        assert lab.rows(
            "SELECT above.city FROM warehouse.dim_customer below"
            " JOIN warehouse.dim_customer above ON above.customer_key = below.parent_key"
            " WHERE below.id = '1' AND below.is_current"
        ) == [("C",)]

    def test_an_audit_notices_a_version_outside_the_closure(self, tree):
        tree.rows("DELETE FROM warehouse.closure_customer WHERE depth = 0 AND descendant_key = 1")
        assert failed(tree) == ["dim_customer: every version is in the closure once"]
