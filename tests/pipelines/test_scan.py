"""Scans from the command line: what is kept, when a version is new, and what has changed."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from metadata import load_workspace
from metadata.scan import read_scan, scan_folder, scan_versions
from pipelines.cli import run as rapport
from pipelines.scan import Look, scan_sources
from pipelines.scan.keeping import structure
from pipelines.scan.naming import derived_name, free_name


def scanned(company, source="s", **look):
    (found,) = scan_sources(company.repository, [source], Look(**look))
    assert found.scan is not None, found.issues
    return found


@pytest.fixture
def shop(tmp_path, one_table):
    """A SQLite source that lists `thing`, and what changes it."""
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(
            "CREATE TABLE thing (id int, name varchar(20), price decimal(9,2), day date, moment timestamp, flag bool);"
            "CREATE TABLE other (a int);"
            "INSERT INTO thing (id, name) VALUES (1, 'x')"
        )
        yield one_table(f"sqlite:///{path}"), connection.executescript


def ask(capsys, *arguments):
    code = rapport([str(a) for a in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


class TestVersions:
    def test_a_version_is_new_only_when_the_structure_is(self, shop):
        company, execute = shop
        first = scanned(company)
        assert (first.scan.version, first.before) == (1, None)
        execute("INSERT INTO thing (id, name) VALUES (2, 'y')")
        second = scanned(company)
        assert (second.scan.version, second.before) == (1, None)
        assert second.scan.table("thing").rows == 2
        assert second.scan.scanned_at > first.scan.scanned_at
        assert read_scan(company.repository.storage, "s") == second.scan
        execute("ALTER TABLE thing ADD extra text")
        third = scanned(company)
        assert third.scan.version == 2
        assert third.before == second.scan
        assert scan_versions(company.repository.storage, "s") == (1, 2)
        assert read_scan(company.repository.storage, "s", 1) == second.scan
        assert read_scan(company.repository.storage, "s", 7) is None

    def test_columns_in_another_order_are_the_same_structure(self, shop):
        company, execute = shop
        scanned(company)
        execute("DROP TABLE other; CREATE TABLE other (b int, a int)")
        assert scanned(company).scan.version == 2
        execute("DROP TABLE other; CREATE TABLE other (a int, b int)")
        assert scanned(company).scan.version == 2

    def test_a_table_that_cannot_be_read_is_kept_as_it_was_known(self, one_table):
        company = one_table("data", "{}")
        company.write("data/thing.csv", "id,name\n1,x\n")
        first = scanned(company).scan
        company.write("data/thing.csv", 'id,name\n1,"x\n')
        second = scanned(company).scan
        assert second.version == 1
        assert second.failures[0][0] == "thing"
        assert second.table("thing") == first.table("thing")

    def test_what_is_known_of_values_outlives_a_look_without_them(self, shop):
        company, execute = shop
        first = scanned(company).scan
        execute("INSERT INTO thing (id, name) VALUES (2, 'y')")
        second = scanned(company, profile=False).scan
        assert second.table("thing").rows == 2
        assert second.table("thing").columns == first.table("thing").columns
        assert second.version == 1

    def test_a_file_in_another_encoding_is_the_same_table(self, one_table):
        company = one_table("data")
        company.write("sources/s.yaml", "source: s\nurl: data\n")
        (company.path / "mappings" / "m.yaml").unlink()
        company.write("data/a.csv", "id,x\n1,ü\n", "cp1252")
        assert scanned(company).scan.tables[0].encoding == ("cp1252",)
        company.write("data/a.csv", "id,x\n1,ü\n")
        again = scanned(company).scan
        assert (again.version, again.tables[0].encoding) == (1, ())

    def test_a_listed_table_that_is_gone_is_gone(self, shop):
        company, execute = shop
        scanned(company)
        execute("DROP TABLE thing")
        found = scanned(company)
        assert found.scan.version == 2
        assert found.scan.table("thing") is None
        assert dict(found.scan.failures)["thing"] == "The source has no table 'thing'."

    def test_a_source_that_cannot_be_read_leaves_what_was_known(self, shop, tmp_path):
        company, _ = shop
        first = scanned(company).scan
        (tmp_path / "shop.sqlite").rename(tmp_path / "away.sqlite")
        (found,) = scan_sources(company.repository, ["s"], Look())
        assert found.scan is None
        assert read_scan(company.repository.storage, "s") == first

    def test_two_scans_at_once_make_one_version(self, shop):
        company, _ = shop
        repository = company.repository
        threads = [
            threading.Thread(target=lambda: list(scan_sources(repository, ["s"], Look())))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        folder = scan_folder(repository.storage, "s")
        assert [p.name for p in folder.iterdir()] == ["000001.json"]
        assert structure(read_scan(repository.storage, "s")) == structure(scanned(company).scan)


class TestCommand:
    def test_sources_tables_and_columns(self, shop, capsys):
        company, _ = shop
        company.write("sources/t.yaml", "source: t\nurl: data\n")
        company.write("data/people.csv", "id,E-Mail\n1,a@b.de\n")
        code, out, err = ask(capsys, "scan", "-w", company.path)
        assert code == 0
        assert "Scanned 2 of 2 sources." in out
        assert "scanned s 2 tables" in err and "scanned t 1 tables" in err
        code, out, _ = ask(capsys, "scan", "t", "-w", company.path)
        assert [line.split() for line in out.splitlines()[1:2]] == [
            ["people", "people.csv", "file", "1", "2", "E-Mail"]
        ]
        code, out, _ = ask(capsys, "scan", "t", "--table", "people", "-w", company.path)
        assert out.splitlines()[2].split() == [
            "E-Mail",
            "string",
            "string",
            "0%",
            "1",
            "email",
            "email",
        ]

    def test_one_json_document_with_everything(self, shop, capsys):
        company, execute = shop
        code, out, _ = ask(capsys, "scan", "-w", company.path, "--format", "json")
        document = json.loads(out)
        assert (code, document["issues"], document["scans"][0]["drift"]) == (0, [], None)
        assert document["scans"][0]["tables"][1]["columns"][1]["native_type"] == "VARCHAR(20)"
        execute("ALTER TABLE thing DROP COLUMN name")
        _, out, _ = ask(capsys, "scan", "-w", company.path, "--format", "json")
        (change,) = json.loads(out)["scans"][0]["drift"]["changes"]
        assert (change["column"], change["kind"], change["severity"]) == (
            "name",
            "column dropped",
            "breaking",
        )
        assert change["uses"] == [{"by": "thing.name", "file": "mappings/m.yaml", "line": 3}]

    def test_drift_is_shown_after_a_scan_and_when_asked_for(self, shop, capsys):
        company, execute = shop
        code, out, err = ask(capsys, "scan", "--diff", "-w", company.path)
        assert code == 1 and "has not been scanned" in err
        ask(capsys, "scan", "-w", company.path)
        code, out, _ = ask(capsys, "scan", "--diff", "-w", company.path)
        assert (code, out) == (0, "Nothing is known to have changed.\n")
        execute("ALTER TABLE thing DROP COLUMN name; ALTER TABLE other ADD b int")
        code, out, _ = ask(capsys, "scan", "-w", company.path)
        assert code == 0
        told = "breaking thing.name: column dropped (VARCHAR(20)). Read by thing.name (mappings/m.yaml:3)."
        assert told in out and "harmless other.b: column added" in out
        execute("CREATE TABLE third (x int)")
        _, out, _ = ask(capsys, "scan", "-w", company.path)
        assert "harmless third: table added" in out and told not in out
        _, out, _ = ask(capsys, "scan", "--diff", "--since", 1, "-w", company.path)
        assert told in out and "harmless third: table added" in out
        code, _, err = ask(capsys, "scan", "--diff", "--since", 9, "-w", company.path)
        assert code == 1 and "There are the versions 1, 2, 3." in err

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("sho",), "There is no source 'sho'"),
            (("s", "--table", "thin"), "Did you mean 'thing'?"),
            (("--sample", "0"), "'--sample'"),
        ],
    )
    def test_mistakes_are_told(self, shop, capsys, arguments, words):
        company, _ = shop
        code, _, err = ask(capsys, "scan", *arguments, "-w", company.path)
        assert code == 1 and words in err

    def test_one_dead_source_fails_the_command_and_not_the_others(self, shop, capsys):
        company, _ = shop
        company.write("sources/t.yaml", "source: t\nurl: sqlite:///nowhere.sqlite\n")
        code, out, err = ask(capsys, "scan", "-w", company.path)
        assert code == 1
        assert "Scanned 1 of 2 sources." in out
        assert "sources/t.yaml:2" in err and "is not there" in err

    def test_a_source_that_lists_nothing_can_be_checked_but_nothing_loaded(self, tmp_path, capsys):
        (tmp_path / "sources").mkdir()
        (tmp_path / "workspace.yaml").write_text("name: X\n")
        (tmp_path / "sources" / "s.yaml").write_text("source: s\nurl: data\ntables:\n")
        assert ask(capsys, "check", "-w", tmp_path)[0] == 0
        code, _, err = ask(capsys, "run", "-w", tmp_path)
        assert code == 1
        assert "sources/s.yaml:1: There is nothing to load: no source lists any table." in err


@pytest.mark.parametrize(
    ("native", "name"),
    [
        ("Customer", "customer"), ("OrderDetails", "order_details"), ("Sales.Customer", "sales_customer"),
        ("ORDERS", "orders"), ("2024 sales", "t_2024_sales"), ("Größe", "grosse"), ("Łódź", "lodz"),
        ("客户", "u5ba2_u6237"), ("---", "unnamed"), ("a" * 80, "a" * 63), ("Ⅻ", "xii"),
    ],
)  # fmt: skip
def test_names_for_tables_that_nobody_named(native, name):
    assert derived_name(native) == name


def test_a_name_that_is_taken_gets_a_number():
    assert free_name("a", ["a", "a_2"]) == "a_3"
    assert free_name("x" * 63, ["x" * 63]) == "x" * 61 + "_2"


def test_the_workspace_for_measuring_is_one_that_loads(tmp_path, capsys):
    script = Path(__file__).resolve().parents[2] / "benchmarks" / "many_sources.py"
    size = ["--sources", "3", "--tables", "21", "--rows", "20"]
    subprocess.run([sys.executable, script, tmp_path / "many", *size], check=True)
    code, out, _ = ask(capsys, "scan", "-w", tmp_path / "many")
    assert (code, "Scanned 3 of 3 sources." in out) == (0, True)
    (customer,) = [
        t
        for t in read_scan(load_workspace(tmp_path / "many").storage, "s002").tables
        if t.name == "customer"
    ]
    assert customer.rows == 20
    assert {c.name: c.profile.personal for c in customer.columns if c.profile.personal} == {
        "full_name": "name", "email": "email", "phone": "phone", "street": "address", "born": "birth_date",
    }  # fmt: skip
    assert ask(capsys, "run", "-w", tmp_path / "many")[0] == 0
    code, out, _ = ask(
        capsys,
        "query",
        "sales",
        "--measures",
        "buyers",
        "-w",
        tmp_path / "many",
        "--format",
        "json",
    )
    assert json.loads(out)["rows"][0]["buyers"] > 3
