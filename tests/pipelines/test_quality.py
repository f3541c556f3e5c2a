"""Expectations of tables: told, or stopping publication, each time a table is loaded."""

from __future__ import annotations

import json
import shutil

import duckdb
import pytest

from cubes.operations import Operations
from metadata import MetadataError, load_workspace
from pipelines import publish
from pipelines.change.plan import make_plan
from pipelines.dry_run import refused_by_engine
from pipelines.run import run
from pipelines.storage import Storage


@pytest.fixture(scope="module")
def loaded_once(tmp_path_factory, starter_folder):
    path = tmp_path_factory.mktemp("quality") / "company"
    shutil.copytree(starter_folder, path)
    assert run(load_workspace(path)).ok
    return path


@pytest.fixture
def company(loaded_once, tmp_path):
    shutil.copytree(loaded_once, tmp_path / "company")
    (tmp_path / "company" / "quality").mkdir()
    return tmp_path / "company"


def expect(company, text):
    (company / "quality" / "q.yaml").write_text(text)
    return load_workspace(company)


def told(report):
    issues = [i for s in report.steps for i in (*s.warnings, *s.issues)]
    return [(i.what, str(i.where)) for i in issues if "quality" in str(i.where)]


def status(report, name):
    return next(s.status for s in report.steps if s.name == name)


class TestWhatIsExpected:
    @pytest.mark.parametrize(
        ("said", "what"),
        [
            ("of: dim_customer\nholds: email is not null", "it does not hold for 1 of the rows."),
            ("of: dim_customer\nholds: email is not null\nshare: 0.5", None),
            ("of: dim_customer\nholds: email is not null\nwhere: country = 'Germany'", None),
            ("of: customer\nholds: length(name) < 12", "it does not hold for 3 of the rows."),
            ("of: fact_sales\nrows: {least: 1}", None),
            ("of: fact_sales\nrows: {least: 1000}", "too few or too many."),
            ("of: fact_sales\nrows: {most: 2}", "too few or too many."),
            ("of: customer\nnewest: {column: customer_since, within: 36500 days}", None),
            ("of: customer\nnewest: {column: customer_since, within: 1 day}", "the newest value is too old."),
            ("of: fact_sales\nholds: net_amount > 0 and customer_key > 0\nshare: 0.5", None),
        ],
    )  # fmt: skip
    def test_it_is_told_where_it_is_written(self, company, said, what):
        report = run(expect(company, f"quality: wanted\n{said}\n"))
        assert report.ok
        if what is None:
            assert told(report) == []
        else:
            ((words, where),) = told(report)
            assert words.startswith("wanted of ") and what in words and where == "quality/q.yaml:1"

    def test_what_is_not_met_may_stop_publication(self, company):
        before = publish.current(Storage.of(load_workspace(company)))
        said = "quality: wanted\nof: fact_sales\nrows: {least: 1000}\notherwise: stop\n"
        report = run(expect(company, said))
        assert not report.ok and status(report, "fact_sales") == "failed"
        assert publish.current(Storage.of(load_workspace(company))) == before
        assert run(expect(company, said.replace("1000", "1"))).ok

    def test_it_is_kept_with_the_run(self, company):
        run(expect(company, "quality: wanted\nof: fact_sales\nrows: {least: 1000}\n"))
        failures = Operations(load_workspace(company).storage).failures()
        assert ["wanted" in failure.issue.what for failure in failures] == [True]


class TestSettingRowsAside:
    SAID = "quality: wanted\nof: customer\nholds: length(name) < 12\notherwise: quarantine\n"

    def test_the_rows_are_kept_as_they_came_with_the_expectation_as_their_reason(self, company):
        before = names_of_customers(company)
        report = run(expect(company, self.SAID))
        assert report.ok and told(report) == []
        refused = Operations(load_workspace(company).storage).refused_rows("customer")
        assert {r.rule for r in refused} == {"wanted"}
        assert sorted(json.loads(r.row_json)["name"] for r in refused) == sorted(
            name for name in before if len(name) >= 12
        )
        assert all("length(name) < 12" in r.reason for r in refused)
        assert names_of_customers(company) == {name for name in before if len(name) < 12}

    def test_only_rows_that_are_looked_at_are_judged(self, company):
        before = names_of_customers(company)
        assert run(expect(company, f"{self.SAID}where: country = 'Atlantis'\n")).ok
        assert names_of_customers(company) == before

    def test_a_value_that_is_lost_is_not_true(self, company):
        before = names_of_customers(company)
        said = "quality: wanted\nof: customer\nholds: email like '%@%'\notherwise: quarantine\n"
        assert run(expect(company, said)).ok
        assert len(names_of_customers(company)) == len(before) - 1

    def test_what_is_set_aside_makes_its_tables_again_and_comes_back(self, company):
        before = names_of_customers(company)
        (change,) = make_plan(expect(company, self.SAID)).changes
        assert change.weight == "backfill"
        assert run(load_workspace(company)).ok and names_of_customers(company) != before
        (company / "quality" / "q.yaml").unlink()
        assert run(load_workspace(company)).ok and names_of_customers(company) == before


def names_of_customers(company):
    """Those that were let in; a dimension keeps members that are set aside later."""
    path = Storage.of(load_workspace(company)).staging_database
    with duckdb.connect(path, read_only=True) as connection:
        rows = connection.execute("SELECT name FROM judged_customer WHERE _outcome = 'staged'")
        return {name for (name,) in rows.fetchall()}


def test_the_engine_tries_it_when_it_is_checked(company):
    repository = expect(company, "quality: w\nof: dim_customer\nholds: name + customer_since > 1\n")
    assert [str(i.where) for i in refused_by_engine(repository)] == ["quality/q.yaml:1"]


class TestChanges:
    def test_a_table_is_looked_at_again_and_not_made_again(self, company):
        repository = expect(company, "quality: wanted\nof: fact_sales\nrows: {least: 1}\n")
        plan = make_plan(repository)
        (change,) = plan.changes
        assert (change.change.kind, change.weight) == ("quality", "metadata_only")
        assert [(p.name, p.doing) for p in plan.products if p.doing != "keep"] == [
            ("fact_sales", "check")
        ]
        assert status(run(repository), "fact_sales") == "done"
        again = run(load_workspace(company))
        assert status(again, "fact_sales") == "unchanged"
        assert make_plan(load_workspace(company)).empty

    def test_what_must_be_young_is_looked_at_every_day(self, company):
        expect(
            company,
            "quality: w\nof: dim_customer\nnewest: {column: customer_since, within: 1 day}\n",
        )
        assert len(told(run(load_workspace(company)))) == 1
        assert told(run(load_workspace(company))) == []


class TestBadInput:
    @pytest.mark.parametrize(
        ("said", "what", "line"),
        [
            ("of: dim_custmer\nholds: 'true'", "There is no table 'dim_custmer'.", 2),
            ("of: dim_customer\nholds: emial is not null", "'dim_customer' has no column 'emial'.", 3),
            ("of: dim_customer\nholds: (select 1)", "may not read tables", 3),
            ("of: dim_customer\nnewest: {column: name, within: 1 day}", "'name' is no date", 3),
            ("of: dim_customer", "needs exactly one of", 1),
            ("of: dim_customer\nrows: {least: 3, most: 2}", "lets nothing pass", 3),
            ("of: dim_customer\nholds: 'true'\notherwise: quarantine", "is for an entity", 1),
            ("of: customer\nrows: {least: 1}\notherwise: quarantine", "goes with a 'holds'", 1),
            ("of: customer\nholds: 'true'\nshare: 0.5\notherwise: quarantine", "goes with a 'holds'", 1),
            ("of: customer\nholds: 'true'\notherwise: drop", "otherwise", 4),
        ],
    )  # fmt: skip
    def test_it_is_refused_at_its_line(self, company, said, what, line):
        with pytest.raises(MetadataError) as caught:
            expect(company, f"quality: wanted\n{said}\n")
        issues = caught.value.issues
        assert any(what in i.what for i in issues), issues
        assert {(i.where.file, i.where.line) for i in issues} == {("quality/q.yaml", line)}

    def test_of_what_is_not_loaded_it_is_absent(self, company):
        repository = expect(company, "quality: wanted\nof: dim_campaign\nrows: {least: 1}\n")
        assert "quality wanted" in repository.absent
