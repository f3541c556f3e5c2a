"""Scans: what is found in each kind of source, and what is kept of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from metadata.scan import Scan, read_scan
from pipelines.scan import Look, scan_sources


def scanned(company, source="s", **look) -> Scan:
    (found,) = scan_sources(company.repository, [source], Look(**look))
    assert found.scan is not None, found.issues
    return found.scan


@pytest.fixture
def folder(one_table):
    """A company whose source is an empty folder and lists no tables."""
    company = one_table("data")
    company.write("sources/s.yaml", "source: s\nurl: data\n")
    (company.path / "mappings" / "m.yaml").unlink()
    (company.path / "data").mkdir()
    return company


def test_a_source_without_tables_is_legal_and_scanned(folder):
    folder.write("data/People.csv", "id;E-Mail;born\n1;a@b.com;31.12.1999\n2;c@d.org;01.02.2000\n")
    scan = scanned(folder)
    (table,) = scan.tables
    assert (table.name, table.native_name, table.kind, table.rows) == (
        "people",
        "People.csv",
        "file",
        2,
    )
    assert [c.type for c in table.columns] == ["string"] * 3
    email, born = table.columns[1].profile, table.columns[2].profile
    assert email.personal == "email"
    assert (email.minimum, email.maximum, email.top) == (None, None, ())
    assert [(p.pattern, p.format, p.share) for p in born.patterns] == [("date", "%d.%m.%Y", 1.0)]
    assert read_scan(folder.repository.storage, "s") == scan


def test_a_database_with_keys_views_and_an_empty_table(one_table, tmp_path):
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            "CREATE TABLE thing (id integer PRIMARY KEY, parent integer REFERENCES thing(id), name text);"
            "CREATE TABLE line (a int, b int, thing int REFERENCES thing(id), PRIMARY KEY (a, b));"
            "CREATE VIEW names AS SELECT name FROM thing;"
            "INSERT INTO thing VALUES (1, NULL, 'x'), (2, 1, 'y');"
        )
    scan = scanned(one_table(f"sqlite:///{path}"))
    assert [(t.name, t.kind, t.rows) for t in scan.tables] == [
        ("line", "table", 0), ("names", "view", 2), ("thing", "table", 2),
    ]  # fmt: skip
    line, _, thing = scan.tables
    assert line.primary_key == ("a", "b")
    assert [(f.columns, f.table, f.references) for f in line.foreign_keys] == [
        (("thing",), "thing", ("id",))
    ]
    assert [(f.columns, f.table) for f in thing.foreign_keys] == [(("parent",), "thing")]
