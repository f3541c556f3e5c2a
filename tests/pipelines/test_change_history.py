"""A history that was not kept is found in the landing zone, as if it had been kept all along."""

from __future__ import annotations

import shutil

import duckdb
import pytest
from rebuilt import contents, differences

from metadata import load_workspace
from pipelines import publish
from pipelines.change.apply import apply
from pipelines.change.plan import make_plan
from pipelines.run import run
from pipelines.storage import Storage

OWN, CUSTOMERS, DATA = "model/own.yaml", "mappings/customer.yaml", "data/customers.csv"
TRACKED = """dimension: customer
attributes:
  town: {from: city, history: track}
  email: {history: track}
  segment: {history: track}
  first_name_known: {from: name, history: fixed}
"""
DAYS = (
    (("ANNA.BERGER@example.com", "anna@example.com"),),
    (("Hamburg", "Bremen"), ("contact@martin.example.com", "martin@example.com")),
    (("Köln", "Bonn"), ("Delta Werkzeuge", "Delta Tools")),
    (("anna@example.com", "ANNA.BERGER@example.com"), ("Carlo Rossi", "Carla Rossi"), ("V,", "P,")),
)
"""What changes in the customers' file, day by day: values that change, change together, and return."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory, starter_folder):
    """A company that has kept these histories from its first day."""
    path = tmp_path_factory.mktemp("history") / "company"
    shutil.copytree(starter_folder, path)
    (path / "model").mkdir()
    (path / OWN).write_text(TRACKED)
    # Facts of today, so that they point at the last version, and of long ago.
    assert run(load_workspace(path)).ok
    for number, changes in enumerate(DAYS):
        for old, new in changes:
            replace(path, DATA, old, new)
        if number == 1:
            gone = [r for r in (path / DATA).read_text().splitlines() if not r.startswith("5,")]
            (path / DATA).write_text(
                "\n".join([*gone, "77,Zoe,zoe@example.com,P,Spain,Cadiz,"]) + "\n"
            )
        report = run(load_workspace(path))
        assert report.ok, [str(issue) for step in report.steps for issue in step.issues]
    return path


@pytest.fixture
def company(kept, tmp_path):
    return shutil.copytree(kept, tmp_path / "company")


def replace(path, name, old, new):
    text = (path / name).read_text(encoding="utf-8")
    assert old in text
    (path / name).write_text(text.replace(old, new, 1), encoding="utf-8")


def apply_files(path):
    """Apply the files; the tables that the plan named, and those that were made."""
    repository = load_workspace(path)
    plan = make_plan(repository)
    report = apply(repository, plan, by="tester")
    assert report.ok, [str(issue) for step in report.steps for issue in step.issues]
    named = {p.name for p in plan.products if p.doing not in ("keep", "check")}
    done = {step.name for step in report.steps if step.status == "done"} - {"publish"}
    assert done <= named
    return plan, done


def seen(path):
    repository = load_workspace(path)
    return contents(repository, Storage.of(repository))


def query(path, sql):
    storage = Storage.of(load_workspace(path))
    file = storage.published / publish.current(storage)["file"]
    with duckdb.connect(str(file), read_only=True) as reader:
        return reader.execute(sql).fetchall()


def versions(path, column, member):
    return [
        value
        for (value,) in query(
            path,
            f"SELECT {column} FROM dim_customer WHERE customer_id = '{member}' ORDER BY valid_from",
        )
    ]


class TestNowAndThen:
    def test_what_was_never_kept_is_what_it_had_been(self, company, kept):
        """Overwritten for a while, then tracked again: the same versions at the same times."""
        (company / OWN).write_text(TRACKED.replace("  email: {history: track}\n", ""))
        apply_files(company)
        assert versions(company, "email", 1) == ["anna.berger@example.com"] * 2
        (company / OWN).write_text(TRACKED)
        plan, done = apply_files(company)
        assert done - {"dim_customer"} <= {p.name for p in plan.doing("if_keys_change")}
        assert versions(company, "email", 1) == [
            "anna.berger@example.com", "anna@example.com", "anna@example.com",
            "anna.berger@example.com",
        ]  # fmt: skip
        assert not list(differences(seen(company), seen(kept)))

    def test_nothing_that_was_tracked_before_is_disturbed(self, company, kept):
        (company / OWN).write_text("dimension: customer\nlabel: Client\n")
        apply_files(company)
        (company / OWN).write_text(TRACKED.replace("town", "place"))
        apply_files(company)
        (company / OWN).write_text(TRACKED)
        apply_files(company)
        assert not list(differences(seen(company), seen(kept)))

    def test_a_full_run_gives_the_same_rows(self, company):
        (company / OWN).write_text(TRACKED.replace("  email: {history: track}\n", ""))
        apply_files(company)
        (company / OWN).write_text(TRACKED)
        apply_files(company)
        before = seen(company)
        assert run(load_workspace(company), full=True).ok
        assert not list(differences(seen(company), before))

    def test_a_value_that_is_fixed_is_the_first_that_landed(self, company):
        (company / OWN).write_text(TRACKED + "  first_city: {from: city, history: fixed}\n")
        apply_files(company)
        assert set(versions(company, "first_city", 1)) == {"Hamburg"}
        assert set(versions(company, "first_name_known", 3)) == {"Carlo Rossi"}

    def test_a_rule_that_changes_is_true_of_the_past(self, company):
        """Nobody lives in Hamburg any more, but it has landed how it was written."""
        replace(company, CUSTOMERS, "clean: [trim, empty_to_null]", "clean: [upper]")
        apply_files(company)
        assert versions(company, "town", 1)[0] == "HAMBURG"
        assert versions(company, "town", 4)[-1] == "BONN"

    def test_the_plan_says_from_where_the_history_comes(self, company):
        (company / OWN).write_text(TRACKED + "  name: {history: track}\n")
        plan = make_plan(load_workspace(company))
        (note,) = plan.notes
        assert "dim_customer" in note and "name" in note and "5 loads" in note
        assert plan.as_dict()["notes"] == [note]
        landed = Storage.of(load_workspace(company)).landed("shop", "customers")
        min(landed.glob("*.parquet")).rename(landed / "elsewhere")
        (note,) = make_plan(load_workspace(company)).notes
        assert "begins when this is applied" in note and "no longer kept" in note


def test_facts_point_at_the_version_of_their_day(company):
    """Orders of long ago stand at the first version, whatever the customer is like now."""
    (company / OWN).write_text(TRACKED + "  name: {history: track}\n")
    apply_files(company)
    assert query(
        company,
        "SELECT DISTINCT name FROM fact_sales JOIN dim_customer USING (customer_key)"
        " WHERE customer_id = '4'",
    ) == [("Delta Werkzeuge GmbH",)]
