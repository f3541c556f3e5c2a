"""Drift: each kind of change with its class, and what must hold of any two scans."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metadata import load_workspace
from metadata.drift import Change, drift
from metadata.errors import Location
from metadata.retyping import ColumnType, retyping
from metadata.scan import (
    ForeignKey,
    Scan,
    ScannedColumn,
    ScannedTable,
)
from metadata.uses import Use, Uses, source_uses

TODAY = datetime(2026, 1, 1, tzinfo=UTC)
RULE = Location("mappings/customer.yaml", 7)
NOBODY = Uses([])


def column(name, kind="string", native="TEXT", **more):
    return ScannedColumn(name=name, type=kind, native_type=native, **more)


def scan(*tables, version=1):
    return Scan(source="crm", version=version, scanned_at=TODAY, tables=tables)


def table(*columns, name="customer", **more):
    return ScannedTable(name=name, native_name=name, columns=columns, **more)


def used(*columns, by="customer.name", table="crm.customer", role="rule"):
    return Uses(Use(table, each, by, RULE, role) for each in columns)


def only_change(before, after, uses=NOBODY) -> Change:
    (change,) = drift(scan(table(*before)), scan(table(*after)), uses).changes
    return change


class TestClasses:
    """harmless | adaptable | breaking, by what changed and by whether a rule reads it."""

    def test_what_is_new_is_harmless(self):
        change = only_change([column("id")], [column("id"), column("new")])
        assert (change.kind, change.severity, change.after) == ("column added", "harmless", "TEXT")
        (added,) = drift(scan(), scan(table(column("id"))), NOBODY).changes
        assert (added.name, added.kind, added.severity) == ("customer", "table added", "harmless")

    def test_a_dropped_column_breaks_the_rules_that_read_it_and_names_them(self):
        before, after = [column("id"), column("Name")], [column("id")]
        change = only_change(before, after, used("name"))
        assert (change.kind, change.severity) == ("column dropped", "breaking")
        assert change.places == (RULE,)
        assert "customer.name (mappings/customer.yaml:7)" in change.reason
        change = only_change(before, after, used("other"))
        assert (change.severity, change.reason) == ("harmless", "No rule reads it.")

    def test_a_column_that_took_its_place_is_suggested(self):
        change = drift(
            scan(table(column("name"))), scan(table(column("full_name"))), used("name")
        ).changes[0]
        assert "Perhaps it is called 'full_name' now." in change.reason

    def test_a_retyped_column_breaks_only_what_reads_it(self):
        before, after = [column("n", "integer", "INTEGER")], [column("n", "string", "TEXT")]
        change = only_change(before, after, used("N"))
        assert (change.kind, change.severity) == ("column retyped", "breaking")
        assert (change.before, change.after) == ("INTEGER", "TEXT")
        assert only_change(before, after).severity == "adaptable"
        assert only_change(before, after, used("n", role="listed")).severity == "adaptable"

    def test_a_narrowed_column_breaks_only_what_reads_it(self):
        before = [column("name", native="VARCHAR(50)")]
        after = [column("name", native="VARCHAR(20)")]
        assert only_change(before, after, used("name")).severity == "breaking"
        assert only_change(before, after).severity == "adaptable"

    def test_a_widened_column_is_adaptable_even_when_it_is_read(self):
        before = [column("name", native="VARCHAR(20)")]
        after = [column("name", native="VARCHAR(50)")]
        change = only_change(before, after, used("name"))
        assert (change.kind, change.severity) == ("column widened", "adaptable")

    @pytest.mark.parametrize(
        ("was", "now", "severity"), [(False, True, "adaptable"), (True, False, "harmless")]
    )
    def test_values_that_may_be_missing(self, was, now, severity):
        change = only_change([column("a", nullable=was)], [column("a", nullable=now)], used("a"))
        assert change.severity == severity

    def test_a_dropped_table(self):
        before, after = scan(table(column("id"))), scan()
        (change,) = drift(before, after, used("id")).changes
        assert (change.kind, change.severity, change.places) == (
            "table dropped",
            "breaking",
            (RULE,),
        )
        (change,) = drift(before, after, NOBODY).changes
        assert change.severity == "harmless"

    def test_a_longer_key_breaks_whoever_relies_on_the_shorter_one(self):
        before = scan(table(column("id"), column("day"), primary_key=("id",)))
        after = scan(table(column("id"), column("day"), primary_key=("id", "day")))
        relied = used("id", role="key")
        assert [c.severity for c in drift(before, after, relied).changes] == ["breaking"]
        assert [c.severity for c in drift(before, after, used("id")).changes] == ["harmless"]
        assert [
            c.severity for c in drift(after, before, used("id", "day", role="key")).changes
        ] == ["harmless"]

    def test_a_column_in_another_case(self):
        before, after = [column("Name")], [column("name")]
        assert only_change(before, after, used("Name")).severity == "harmless"
        asked = used("Name", role="asked")
        assert only_change(before, after, asked).severity == "breaking"

    def test_types_that_values_suggest_are_no_promise(self):
        before = ScannedTable(name="x", native_name="x.xlsx", kind="file", columns=(column("d"),))
        after = before.model_copy(update={"columns": (column("d", "date", "date32[day]"),)})
        (change,) = drift(scan(before), scan(after), used("d", table="crm.x")).changes
        assert change.severity == "adaptable"
        typed = {"native_name": "x.parquet"}
        was, now = before.model_copy(update=typed), after.model_copy(update=typed)
        (change,) = drift(scan(was), scan(now), used("d", table="crm.x")).changes
        assert change.severity == "breaking"

    def test_a_table_that_tables_calls_otherwise_is_the_same_table(self):
        before = scan(
            ScannedTable(name="order_details", native_name="Order Details", columns=(column("a"),))
        )
        after = scan(
            ScannedTable(name="lines", native_name="Order Details", columns=(column("a"),))
        )
        assert [c.kind for c in drift(before, after, NOBODY).changes] == ["table renamed"]

    def test_what_breaks_comes_first(self):
        before = scan(table(column("a"), column("b"), name="z"), table(column("c"), name="a"))
        after = scan(
            table(column("b"), column("n"), name="z"),
            table(column("c"), name="a", comment="new"),
            version=2,
        )
        found = drift(before, after, used("a", table="crm.z"))
        assert [c.severity for c in found.changes] == ["breaking", "harmless", "harmless"]
        assert (found.before, found.after) == (1, 2)
        assert found.as_dict()["changes"][0]["uses"] == [
            {"by": "customer.name", "file": RULE.file, "line": 7}
        ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (("integer", "SMALLINT"), ("integer", "BIGINT"), "widened"),
        (("integer", "BIGINT"), ("integer", "INTEGER"), "narrowed"),
        (("integer", "INTEGER"), ("decimal(12,2)", "NUMERIC(12, 2)"), "widened"),
        (("integer", "BIGINT"), ("decimal(12,2)", "NUMERIC(12, 2)"), "narrowed"),
        (("integer", "INTEGER"), ("double", "DOUBLE"), "widened"),
        (("integer", "BIGINT"), ("double", "DOUBLE"), "narrowed"),
        (("decimal(10,2)", ""), ("decimal(12,4)", ""), "widened"),
        (("decimal(10,2)", ""), ("decimal(11,4)", ""), "narrowed"),
        (("decimal(10,2)", ""), ("double", "DOUBLE"), "narrowed"),
        (("double", "REAL"), ("double", "DOUBLE PRECISION"), "widened"),
        (("date", "DATE"), ("timestamp", "TIMESTAMP"), "widened"),
        (("timestamp", "TIMESTAMP"), ("date", "DATE"), "narrowed"),
        (("timestamp", "TIMESTAMP WITHOUT TIME ZONE"), ("timestamp", "TIMESTAMP WITH TIME ZONE"), "retyped"),
        (("string", "VARCHAR(10)"), ("string", "TEXT"), "widened"),
        (("string", "TEXT"), ("string", "TINYTEXT"), "narrowed"),
        (("string", "CHAR(9)"), ("string", "VARCHAR(9)"), "same"),
        (("string", "UUID"), ("string", "VARCHAR(36)"), "widened"),
        (("string", "VARCHAR(36)"), ("string", "UUID"), "retyped"),
        (("string", "ENUM('a','b')"), ("string", "ENUM('a','b','c')"), "widened"),
        (("string", "ENUM('a','b')"), ("string", "ENUM('b')"), "narrowed"),
        (("string", "ENUM('a','b')"), ("string", "ENUM('a','c')"), "retyped"),
        (("boolean", "BOOLEAN"), ("integer", "INTEGER"), "retyped"),
        (("integer", "INTEGER"), ("string", "TEXT"), "retyped"),
        (("string", "TEXT"), ("integer", "INTEGER"), "retyped"),
        (("integer", "int32"), ("integer", "int64"), "widened"),
    ],
)  # fmt: skip
def test_what_a_type_becomes(before, after, expected):
    assert retyping(ColumnType(*before), ColumnType(*after)) == expected


NAMES = st.sampled_from(["id", "Name", "name", "客户", "day"])
TYPES = st.sampled_from(
    [("string", "TEXT"), ("string", "VARCHAR(20)"), ("integer", "INTEGER"), ("integer", "BIGINT"),
     ("decimal(10,2)", "NUMERIC(10, 2)"), ("date", "DATE"), ("timestamp", "TIMESTAMP"), ("boolean", "BOOLEAN")]
)  # fmt: skip
COLUMNS = st.builds(
    lambda name, kind, nullable, comment: column(name, *kind, nullable=nullable, comment=comment),
    NAMES, TYPES, st.booleans(), st.sampled_from(["", "what it is"]),
)  # fmt: skip
TABLES = st.builds(
    lambda name, columns, key, refers, comment: ScannedTable(
        name=name, native_name=name.upper(), columns=tuple(columns), comment=comment,
        primary_key=tuple(c.name for c in columns[:key]),
        foreign_keys=(ForeignKey(columns=("id",), table="a", references=("id",)),) * refers,
    ),
    st.sampled_from(["a", "b", "c"]),
    st.lists(COLUMNS, max_size=4, unique_by=lambda c: c.name.casefold()),
    st.integers(0, 2), st.integers(0, 1), st.sampled_from(["", "about"]),
)  # fmt: skip
SCANS = st.lists(TABLES, max_size=3, unique_by=lambda t: t.name).map(lambda tables: scan(*tables))
USES = st.lists(NAMES, max_size=3).map(lambda names: used(*names, table="crm.a"))


@given(SCANS, USES)
def test_nothing_has_changed_between_a_scan_and_itself(found, uses):
    assert drift(found, found, uses).changes == ()


def without_order(found):
    return sorted(
        (
            t.model_copy(update={"columns": tuple(sorted(t.columns, key=lambda c: c.name))})
            for t in found.tables
        ),
        key=lambda t: t.name,
    )


@settings(max_examples=300)
@given(SCANS, SCANS, USES)
def test_every_difference_is_told_and_only_what_is_read_breaks(before, after, uses):
    changes = drift(before, after, uses).changes
    assert bool(changes) == (without_order(before) != without_order(after))
    assert all(change.uses for change in changes if change.severity == "breaking")
    assert all(c.severity != "breaking" for c in drift(before, after, NOBODY).changes)
    back = drift(after, before, uses).changes
    added = {c.name.casefold() for c in changes if c.kind in ("column added", "table added")}
    assert added == {
        c.name.casefold() for c in back if c.kind in ("column dropped", "table dropped")
    }


def test_uses_of_a_workspace_are_found_with_their_lines(tmp_path):
    files = {
        "workspace.yaml": "name: X\n",
        "sources/crm.yaml": (
            "source: crm\nurl: data\ntables:\n"
            "  customer:\n    primary_key: [id]\n    cursor: changed\n    where: kind <> 'TEST'\n"
            "    deletes: {soft_delete: gone}\n    columns: [id, nm, seg]\n"
            "  address: {primary_key: [id]}\n  code: {}\n"
        ),
        "lookups/seg.yaml": "lookup: seg\nfrom: crm.code\nkey: c\nvalue: v\nwhere: live = 1\n",
        "mappings/customer.yaml": (
            "entity: customer\nfrom: crm.customer\n"
            "join:\n  home: {table: crm.address, on: {cust: id}, where: main, order_by: [since desc]}\n"
            "columns:\n  customer_id: id\n  name: {expr: trim(nm) || home.line}\n"
            "  segment: {from: seg, lookup: seg}\n  city: home.town\n"
            "where: state <> 'X'\nkeep: [changed desc]\n"
        ),
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    uses = source_uses(load_workspace(tmp_path))
    found = {
        (table, column): sorted({(u.by, str(u.where)) for u in uses.of_column(f"crm.{table}", column)})
        for table, column in [("customer", "NM"), ("customer", "kind"), ("customer", "gone"), ("customer", "state"),
                              ("address", "line"), ("address", "since"), ("code", "v"), ("code", "live")]
    }  # fmt: skip
    assert found == {
        ("customer", "NM"): [("'columns' of crm.customer", "sources/crm.yaml:9"), ("customer.name", "mappings/customer.yaml:7")],
        ("customer", "kind"): [("'where' of crm.customer", "sources/crm.yaml:7")],
        ("customer", "gone"): [("'deletes' of crm.customer", "sources/crm.yaml:8")],
        ("customer", "state"): [("the filter of customer", "mappings/customer.yaml:10")],
        ("address", "line"): [("customer.name", "mappings/customer.yaml:7")],
        ("address", "since"): [("the join 'home' of customer", "mappings/customer.yaml:4")],
        ("code", "v"): [("customer.segment", "mappings/customer.yaml:8"), ("the lookup 'seg'", "lookups/seg.yaml:4")],
        ("code", "live"): [("the lookup 'seg'", "lookups/seg.yaml:5")],
    }  # fmt: skip
