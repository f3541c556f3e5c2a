"""A source that has changed: the table whose rules it breaks stops, and everything else loads.

    visit  (id, name, score, day)   read by the rules of `visit`, its fact counts scores
    stay   (id, nights)             read by the rules of `stay`, another fact

Each case changes `visit` and adds a row to both; what was published of `visit` stays, `stay` grows.
"""  # fmt: skip

from __future__ import annotations

import sqlite3
from contextlib import closing

import duckdb
import psycopg
import pytest

from pipelines import publish
from pipelines.storage import Storage

MODEL = """\
entity: visit
key: visit_id
columns: {visit_id: string, name: string, score: integer, day: date, extra: string}
---
entity: stay
key: stay_id
columns: {stay_id: string, day: date, nights: integer}
---
fact: visits
entity: visit
date: date
dimensions: {date: {dimension: date, from: day}}
measures: {score: {from: score, type: integer}}
---
fact: stays
entity: stay
date: date
dimensions: {date: {dimension: date, from: day}}
measures: {nights: {from: nights, type: integer}}
"""
MAPPINGS = """\
entity: visit
from: s.visit
columns:
  visit_id: id
  name: name
  score: score
  day: day
---
entity: stay
from: s.stay
columns: {stay_id: id, day: {value: 2024-05-05}, nights: nights}
"""


class Changing:
    """A company and its source, which can be changed."""

    def __init__(self, company, execute) -> None:
        self.company, self.execute = company, execute

    def load(self, **options):
        return self.company.load(**options)

    def published(self, fact):
        storage = Storage.of(self.company.repository)
        version = publish.current(storage)["version"]
        with duckdb.connect(storage.version_file(version), read_only=True) as connection:
            measure = {"visits": "score", "stays": "nights"}[fact]
            return connection.execute(
                f"SELECT count(*), sum({measure})::INT FROM fact_{fact}"
            ).fetchone()


def company_at(company, url, schema="", table="{primary_key: [id]}"):
    company.write("workspace.yaml", "name: One\n")
    company.write(
        "sources/s.yaml",
        f"source: s\nurl: {url}\n{schema}tables:\n  visit: {table}\n  stay: {{primary_key: [id]}}\n",
    )
    company.write("model/m.yaml", MODEL)
    company.write("mappings/m.yaml", MAPPINGS)


ROWS = """
    CREATE TABLE visit (id int PRIMARY KEY, name varchar(20), score int, day date, extra varchar(10), seen int DEFAULT 1);
    CREATE TABLE stay (id int PRIMARY KEY, nights int);
    INSERT INTO visit VALUES (1, 'a', 10, '2024-01-01', 'x', 1), (2, 'b', 20, '2024-01-02', 'y', 1);
    INSERT INTO stay VALUES (1, 3);
"""
MORE = "INSERT INTO stay VALUES (2, 4)"


@pytest.fixture
def in_postgres(postgres, one_table, monkeypatch):
    monkeypatch.setenv("DRIFT_URL", postgres)
    company = one_table("x")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(
            "DROP SCHEMA IF EXISTS drifting CASCADE; CREATE SCHEMA drifting; SET search_path TO drifting"
        )
        connection.execute(ROWS)
        company_at(
            company, "${DRIFT_URL}", "schema: drifting\n", "{primary_key: [id], cursor: seen}"
        )
        yield Changing(company, connection.execute)


@pytest.fixture
def in_sqlite(tmp_path, one_table):
    company = one_table("x")
    with closing(sqlite3.connect(company.path / "s.sqlite", isolation_level=None)) as connection:
        connection.executescript(ROWS)
        company_at(company, "sqlite:///s.sqlite")
        yield Changing(company, connection.executescript)


@pytest.fixture
def in_files(one_table):
    company = one_table("x")
    company_at(company, "data")
    company.write(
        "data/visit.csv", "id,name,score,day,extra\n1,a,10,2024-01-01,x\n2,b,20,2024-01-02,y\n"
    )
    company.write("data/stay.csv", "id,nights\n1,3\n")
    return Changing(company, lambda text: company.write("data/stay.csv", "id,nights\n1,3\n2,4\n"))


def outcome(report, name):
    return next(step for step in report.steps if step.name == name)


def stops(changing, *words):
    """The table stops with these words; what was published of it stays, and the rest loads."""
    changing.execute(MORE)
    report = changing.load()
    failed = outcome(report, "s.visit")
    assert (failed.status, report.ok) == ("failed", False)
    told = "\n".join(map(str, failed.issues))
    for word in words:
        assert word in told
    assert [s.name for s in report.steps if s.status in ("failed", "skipped")] == ["s.visit"]
    assert changing.published("visits") == (2, 30)
    assert changing.published("stays") == (2, 7)
    return told


def goes_on(changing, visits=(2, 30)):
    changing.execute(MORE)
    report = changing.load()
    assert report.ok, [str(i) for s in report.steps for i in s.issues]
    assert changing.published("visits") == visits
    assert changing.published("stays") == (2, 7)


class TestPostgreSQL:
    def test_a_dropped_column_that_rules_read(self, in_postgres):
        assert in_postgres.load().ok
        in_postgres.execute("ALTER TABLE visit DROP name")
        in_postgres.execute("INSERT INTO visit VALUES (3, 30, '2024-01-03', 'z', 2)")
        stops(in_postgres, "has no column 'name' any more", "mappings/m.yaml:5", "visit.name")

    def test_a_dropped_column_that_no_rule_reads(self, in_postgres):
        assert in_postgres.load().ok
        in_postgres.execute("ALTER TABLE visit DROP extra")
        in_postgres.execute("INSERT INTO visit VALUES (3, 'c', 30, '2024-01-03', 2)")
        goes_on(in_postgres, (3, 60))

    def test_a_retyped_column_stops_until_it_is_accepted(self, in_postgres):
        assert in_postgres.load().ok
        in_postgres.execute("ALTER TABLE visit ALTER score TYPE text USING score::text")
        in_postgres.execute("INSERT INTO visit VALUES (3, 'c', '30', '2024-01-03', 'z', 2)")
        told = stops(in_postgres, "'score' was INTEGER and is TEXT now", "mappings/m.yaml:6")
        assert "rapport run --full --select s.visit" in told
        assert in_postgres.load(full=True, select=("s.visit",)).ok
        assert in_postgres.load().ok
        assert in_postgres.published("visits") == (3, 60)
        assert in_postgres.load().ok

    def test_a_retyped_column_that_no_rule_reads(self, in_postgres):
        assert in_postgres.load().ok
        in_postgres.execute("ALTER TABLE visit ALTER extra TYPE int USING 5")
        in_postgres.execute("INSERT INTO visit VALUES (3, 'c', 30, '2024-01-03', 7, 2)")
        goes_on(in_postgres, (3, 60))

    def test_a_narrowed_column_stops(self, in_postgres):
        assert in_postgres.load().ok
        in_postgres.execute("ALTER TABLE visit ALTER name TYPE varchar(5)")
        stops(in_postgres, "'name' was VARCHAR(20) and is VARCHAR(5) now")

    def test_widened_columns_go_on_and_their_values_are_not_rounded(self, in_postgres):
        assert in_postgres.load().ok
        in_postgres.execute(
            "ALTER TABLE visit ALTER name TYPE text, ALTER score TYPE numeric(12,2), ALTER day TYPE timestamp"
        )
        in_postgres.execute(
            "INSERT INTO visit VALUES (3, 'c', 30, '2024-01-03', 'z', 2), (4, 'd', 1.5, '2024-01-03', 'z', 2)"
        )
        goes_on(in_postgres, (3, 60))
        storage = Storage.of(in_postgres.company.repository)
        ((value,),) = duckdb.sql(f"SELECT value FROM '{storage.quarantine}'").fetchall()
        assert value == "1.50"

    def test_a_key_or_a_cursor_that_is_retyped_stops(self, in_postgres):
        assert in_postgres.load().ok
        in_postgres.execute("ALTER TABLE visit ALTER seen TYPE text USING seen::text")
        stops(
            in_postgres,
            "'seen' was INTEGER and is TEXT now",
            "'cursor' of s.visit",
            "sources/s.yaml",
        )

    def test_a_column_named_by_its_source_that_is_gone(self, in_postgres):
        assert in_postgres.load().ok
        in_postgres.execute("ALTER TABLE visit DROP seen")
        stops(in_postgres, "has no column 'seen'", "sources/s.yaml")

    def test_a_dropped_table(self, in_postgres):
        assert in_postgres.load().ok
        in_postgres.execute("DROP TABLE visit")
        stops(in_postgres, "The source has no table 'visit'")


class TestSQLite:
    def test_a_dropped_column_that_rules_read(self, in_sqlite):
        assert in_sqlite.load().ok
        in_sqlite.execute("ALTER TABLE visit DROP COLUMN name")
        stops(in_sqlite, "has no column 'name' any more", "mappings/m.yaml:5")

    def test_a_retyped_column_that_rules_read(self, in_sqlite):
        assert in_sqlite.load().ok
        in_sqlite.execute(
            "ALTER TABLE visit DROP COLUMN score; ALTER TABLE visit ADD score text DEFAULT '7'"
        )
        stops(in_sqlite, "'score' was INTEGER and is TEXT now", "mappings/m.yaml:6")
        assert in_sqlite.load(full=True).ok
        assert in_sqlite.published("visits") == (2, 14)

    def test_a_value_that_does_not_fit_is_no_drift(self, in_sqlite):
        """A column with a value that does not fit lands as text; its type in the source is the same."""
        in_sqlite.execute("INSERT INTO visit VALUES (3, 'c', 'many', '2024-01-03', 'z', 1)")
        in_sqlite.load()
        in_sqlite.execute("DELETE FROM visit WHERE id = 3")
        goes_on(in_sqlite)

    def test_what_landed_before_types_were_noted_is_compared_by_name_alone(
        self, in_sqlite, monkeypatch
    ):
        monkeypatch.setattr("pipelines.extract.table.with_types", lambda schema, types: schema)
        assert in_sqlite.load().ok
        monkeypatch.undo()
        in_sqlite.execute(
            "ALTER TABLE visit DROP COLUMN score; ALTER TABLE visit ADD score text DEFAULT '7'"
        )
        goes_on(in_sqlite, (2, 14))


class TestFiles:
    def test_a_dropped_column_that_rules_read(self, in_files):
        assert in_files.load().ok
        in_files.company.write("data/visit.csv", "id,score,day\n1,11,2024-01-01\n")
        stops(in_files, "has no column 'name' any more", "mappings/m.yaml:5")

    def test_texts_have_no_types_that_could_change(self, in_files):
        assert in_files.load().ok
        in_files.company.write("data/visit.csv", "id,name,score,day\n1,7,1.0,2024-01-01\n")
        goes_on(in_files, (1, 1))

    def test_a_parquet_file_with_another_type(self, in_files):
        path = in_files.company.path / "data" / "visit.parquet"
        (in_files.company.path / "data" / "visit.csv").unlink()
        in_files.company.replace("sources/s.yaml", "visit: {", "visit: {path: visit.parquet, ")
        query = "SELECT i AS id, 'n' AS name, {} AS score, DATE '2024-01-01' AS day FROM range(1, 3) t(i)"
        duckdb.sql(query.format("15")).write_parquet(str(path))
        assert in_files.load().ok
        duckdb.sql(query.format("'15'")).write_parquet(str(path))
        stops(in_files, "'score' was int32 and is string now")
        assert in_files.load(full=True).ok

    def test_a_column_that_is_no_longer_listed(self, in_files):
        assert in_files.load().ok
        in_files.company.replace(
            "sources/s.yaml", "visit: {", "visit: {columns: [id, name, score, day], "
        )
        goes_on(in_files)
