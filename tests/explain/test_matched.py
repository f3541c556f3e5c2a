"""Explaining figures of customers whose records are matched: which rows are one, and what stays."""

from __future__ import annotations

import shutil

import matched_company as company_files
import pytest

from cubes import Cell
from metadata import load_workspace
from pipelines.explain import explain
from pipelines.run import run

OWN_FACT = """\
fact: known
label: Known customers
entity: customer
date: born
dimensions:
  born: {dimension: date, from: birth_date}
  customer: customer_id
measures:
  one: {expr: "1", type: integer}
  letters: {expr: "length(name)", type: integer}
"""
OWN_CUBE = """\
cube: known
fact: known
dimensions: {born: date, customer: customer}
measures:
  customers: {sum: one}
  letters: {sum: letters}
"""


@pytest.fixture(scope="module")
def loaded_once(tmp_path_factory):
    path = company_files.write_company(tmp_path_factory.mktemp("matched") / "company")
    company_files.write(path, "model/known.yaml", OWN_FACT)
    company_files.write(path, "cubes/known.yaml", OWN_CUBE)
    assert run(load_workspace(path)).ok
    return path


def holds(found):
    assert not found.issues, found.issues
    assert found.holds, found.checks
    return found


def customer_rows(found):
    return [row for row in found.sources.values() if row.entity == "customer"]


class TestMembers:
    def test_the_member_names_the_records_that_are_merged_into_it(self, loaded_once):
        cell = Cell("sales", "revenue", members={"customer.name": "Anna Berger"})
        found = holds(explain(load_workspace(loaded_once), cell))
        assert found.facts.counted == 3
        (row,) = customer_rows(found)
        assert (row.landed.source, row.landed.key, row.outcome) == ("crm", {"id": "1"}, "staged")
        assert row.merged == 2
        assert {(r.source, r.key["id"]) for r in row.merged_rows} == {
            ("billing", "A"),
            ("shop", "x"),
        }
        # Each fact goes on naming the record that it refers to, as its source wrote it.
        referred = {
            v.value
            for s in found.sources.values()
            if s.entity == "order"
            for v in s.values
            if v.column == "customer_id"
        }
        assert referred == {"crm:1", "billing:A", "shop:x"}

    def test_a_value_of_another_record_is_told_with_its_rule(self, loaded_once):
        cell = Cell("sales", "revenue", members={"customer.name": "Cara Dorn-Emil"})
        found = holds(explain(load_workspace(loaded_once), cell))
        (row,) = customer_rows(found)
        (stays,) = row.survivors
        assert (stays.column, stays.value, stays.of, stays.rule) == (
            "name",
            "Cara Dorn-Emil",
            "billing:B",
            "longest",
        )
        assert (stays.defined.file, stays.defined.line) == ("matching/customer.yaml", 8)

    def test_whom_nobody_is_still_told(self, loaded_once):
        cell = Cell("sales", "revenue", members={"customer.name": "Unknown"})
        found = holds(explain(load_workspace(loaded_once), cell))
        members = [m for row in found.facts.shown for m in row.members if m.role == "customer"]
        assert [(m.reference, m.why_unknown) for m in members] == [("crm:99", "no_member")]


class TestAFactOfTheRecordsThemselves:
    def test_it_has_a_row_for_each_golden_record(self, loaded_once):
        found = holds(explain(load_workspace(loaded_once), Cell("known", "customers")))
        assert found.value == 4 and found.facts.counted == 4

    def test_what_it_counts_is_what_stays(self, loaded_once):
        found = holds(explain(load_workspace(loaded_once), Cell("known", "letters")))
        assert found.value == sum(
            map(len, ("Anna Berger", "Bruno Carl", "Cara Dorn-Emil", "Dora Ernst"))
        )

    def test_records_that_were_merged_are_left_out_as_merged(self, loaded_once):
        found = holds(explain(load_workspace(loaded_once), Cell("known", "letters"), limit=20))
        assert found.left_out is not None
        merged = [row for row in found.left_out.rows if row.outcome == "merged"]
        assert found.left_out.merged_into_cell == 3
        into = {found.sources[row.merged_into].landed.key["id"] for row in merged}
        assert into <= {"1", "3"}


def test_a_version_from_before_a_merge_is_explained_by_what_was_then(loaded_once, tmp_path):
    shutil.copytree(loaded_once, tmp_path / "company")
    path = tmp_path / "company"
    rows = company_files.CUSTOMERS["shop"]
    dora = tuple("bruno@example.com" if v == "dora@example.com" else v for v in rows[1])
    company_files.write_table(path, "shop/customers", company_files.COLUMNS, [rows[0], dora])
    assert run(load_workspace(path)).ok
    cell = Cell("sales", "revenue", members={"customer.customer_id": "crm:2"})
    after = holds(explain(load_workspace(path), cell))
    assert after.value == 480
    # its tracked city has changed with the merge or not: the member is the golden one either way
    before = holds(explain(load_workspace(path), cell, version=1))
    assert before.value == 160
