"""Policies from the files to the answers: applied, kept when going back, and on the command line."""

from __future__ import annotations

import json
import shutil

import pytest

from cubes import Query, open_workspace
from metadata import UserError, load_workspace
from pipelines import publish
from pipelines.change.apply import apply
from pipelines.change.plan import make_plan
from pipelines.cli import run as rapport
from pipelines.run import run

PEOPLE = """
roles: {regional: Sees the customers of some countries.}
users:
  ann: {password: "scrypt$16384$8$1$c2FsdA==$a2V5", role: regional, attributes: {countries: Germany}}
  eva: {password: "scrypt$16384$8$1$c2FsdA==$a2V5", role: engineer}
  sam: {password: "scrypt$16384$8$1$c2FsdA==$a2V5", role: executive}
"""
POLICY = """
access: regions
roles: regional
rows: customer.country in {user.countries}
measures: {hide: [sales.cost, sales.margin]}
masks: {customer.email: "•••"}
"""
BY_COUNTRY = Query("sales", ("revenue",), ("customer.country",))


@pytest.fixture(scope="module")
def loaded_once(tmp_path_factory, starter_folder):
    path = tmp_path_factory.mktemp("access") / "company"
    shutil.copytree(starter_folder, path)
    settings = path / "workspace.yaml"
    settings.write_text(settings.read_text() + PEOPLE)
    assert run(load_workspace(path)).ok
    return path


@pytest.fixture
def company(loaded_once, tmp_path):
    shutil.copytree(loaded_once, tmp_path / "company")
    (tmp_path / "company" / "access").mkdir()
    return tmp_path / "company"


def declare(company, text):
    (company / "access" / "p.yaml").write_text(text)
    repository = load_workspace(company)
    plan = make_plan(repository)
    report = apply(repository, plan, by="eva")
    assert report.ok, report
    return plan


def countries(engine, user):
    table = engine.seen_by(user).query(BY_COUNTRY).table
    return set(table.column("customer.country").to_pylist())


def ask(capsys, *arguments):
    code = rapport([str(a) for a in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


class TestApplying:
    def test_a_policy_is_metadata_only_and_holds_with_the_next_question(self, company):
        engine = open_workspace(company)
        assert len(countries(engine, "ann")) > 1
        plan = declare(company, POLICY)
        assert plan.weight == "metadata_only"
        assert {product.doing for product in plan.products} == {"keep"}
        assert countries(engine, "ann") == {"Germany"}
        assert len(countries(engine, "sam")) > 1

    def test_what_is_only_written_does_not_hold_yet(self, company):
        engine = open_workspace(company)
        (company / "access" / "p.yaml").write_text(POLICY)
        assert len(countries(engine, "ann")) > 1
        assert [c.change.name for c in make_plan(load_workspace(company)).changes] == ["regions"]

    def test_going_back_to_an_older_version_shows_no_more(self, company):
        engine = open_workspace(company)
        declare(company, POLICY)
        publish.rollback(load_workspace(company), 1)
        assert engine.version() == 1
        assert countries(engine, "ann") == {"Germany"}
        assert "margin" not in engine.seen_by("ann").repository.cubes["sales"].measures
        # Nor is it seen by somebody who opens the workspace afresh.
        assert countries(open_workspace(company), "ann") == {"Germany"}

    def test_what_cannot_be_kept_in_the_older_version_shows_nothing_there(self, company):
        engine = open_workspace(company)
        (company / "model").mkdir()
        (company / "model" / "m.yaml").write_text(
            "dimension: customer\nattributes:\n  letter: {expr: 'left(name, 1)', type: string}\n"
        )
        declare(company, "access: a\nroles: regional\nrows: customer.letter = 'A'\n")
        assert countries(engine, "ann") == {"Germany"}
        publish.rollback(load_workspace(company), 1)
        with pytest.raises(UserError, match="Nothing can be shown"):
            countries(engine, "ann")
        assert len(countries(engine, "sam")) > 1

    def test_a_user_who_is_gone_sees_nothing(self, company):
        engine = open_workspace(company)
        settings = company / "workspace.yaml"
        settings.write_text(settings.read_text().replace("  sam:", "  joe:"))
        declare(company, POLICY)
        with pytest.raises(UserError, match="no user 'sam'"):
            countries(engine, "sam")


class TestCommandLine:
    @pytest.fixture
    def held(self, company):
        declare(company, POLICY)
        return company

    def test_a_question_as_somebody(self, held, capsys):
        asked = (
            "query",
            "sales",
            "--measures",
            "revenue",
            "--rows",
            "customer.country",
            "-w",
            held,
        )
        _, everything, _ = ask(capsys, *asked, "-f", "json")
        code, out, _ = ask(capsys, *asked, "-f", "json", "--as", "ann")
        seen = json.loads(out)
        assert code == 0
        assert [row["customer.country"] for row in seen["rows"]] == ["Germany"]
        assert seen["notes"] == ["Only facts that you may see are counted."]
        assert len(json.loads(everything)["rows"]) > 1 and not json.loads(everything)["notes"]
        code, _, err = ask(capsys, *asked, "--as", "nobody")
        assert code == 1 and "no user 'nobody'" in err
        code, out, _ = ask(capsys, *asked, "--explain", "--as", "ann")
        assert code == 0 and "IN ('Germany')" in out

    def test_what_there_is_for_somebody(self, held, capsys):
        _, out, _ = ask(capsys, "cubes", "-w", held, "-f", "json", "--as", "ann")
        sales = next(c for c in json.loads(out)["cubes"] if c["name"] == "sales")
        assert not {"cost", "margin", "margin_rate"} & {*sales["measures"], *sales["unavailable"]}

    def test_explaining_ends_at_the_facts_for_all_but_engineers(self, held, capsys):
        asked = ("explain", "sales", "revenue", "-w", held, "-f", "json")
        _, out, _ = ask(capsys, *asked, "--as", "ann")
        ann = json.loads(out)
        assert ann["sources"] == {} and ann["left_out"] is None and ann["holds"]
        assert ann["facts"]["rows"] == 7 and "engineer" in ann["issues"][0]["why"]
        landed = ("berger@example", "ANNA", "SELECT", "scrypt")
        assert not any(word in out for word in landed[:2])
        _, out, _ = ask(capsys, *asked, "--as", "sam")
        assert json.loads(out)["sources"] == {}
        _, out, _ = ask(capsys, *asked, "--as", "eva")
        assert json.loads(out)["sources"] and json.loads(out)["left_out"] is not None
        code, _, err = ask(capsys, "explain", "sales", "margin", "-w", held, "--as", "ann")
        assert code == 1 and "has no measure 'margin'" in err
