"""How much of a table is read, how often it is tried, and how long it may take."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.control import Control
from pipelines.extract import databases, patience
from pipelines.extract.driver_errors import SourceFailed
from pipelines.extract.patience import Attempts, TimeLimit
from pipelines.storage import Storage

KEYED = "{primary_key: id, cursor: changed, refresh: %s}"


@pytest.fixture
def shop(tmp_path, one_table):
    """A table in SQLite with its workspace; the table's settings are told."""
    path = tmp_path / "shop.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(
        "CREATE TABLE thing (id integer PRIMARY KEY, name text, price decimal(10,2), day date,"
        " moment timestamp, flag boolean, changed timestamp)"
    )
    for key in (1, 2, 3):
        connection.execute(
            "INSERT INTO thing (id, name, changed) VALUES (?, ?, ?)",
            (key, f"n{key}", f"2026-01-0{key} 00:00:00"),
        )

    def _shop(table, more=""):
        company = one_table(f"sqlite:///{path}", table)
        company.write("sources/s.yaml", (company.path / "sources/s.yaml").read_text() + more)
        return company

    yield connection, _shop
    connection.close()


def current(company):
    """Ids and names that stand in the staged entity."""
    import duckdb

    path = Storage.of(company.repository).staging_database
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute("SELECT id, name FROM thing ORDER BY id").fetchall()


def batches(company):
    folder = Storage.of(company.repository).landed("s", "thing")
    return len(list(folder.glob("*.parquet")))


def age_whole_read(company, days):
    """As if the table had last been read whole some days ago."""
    control = Control(Storage.of(company.repository))
    control.read_whole("s", "thing", datetime.now(UTC) - timedelta(days=days))
    control.close()


class TestRefresh:
    def test_full_reads_the_whole_table_each_time(self, shop):
        connection, make = shop
        company = make(KEYED % "full")
        company.load()
        connection.execute("DELETE FROM thing WHERE id = 2")
        connection.execute("UPDATE thing SET name = 'silent' WHERE id = 1")
        assert company.load().steps[0].rows_in == 2
        assert current(company) == [("1", "silent"), ("3", "n3")]
        assert company.load().steps[0].status == "unchanged"

    def test_incremental_alone_never_sees_what_left_no_trace(self, shop):
        connection, make = shop
        company = make(KEYED % "incremental")
        company.load()
        connection.execute("DELETE FROM thing WHERE id = 2")
        assert company.load().steps[0].status == "unchanged"
        assert len(current(company)) == 3

    def test_a_weekly_whole_read_heals_what_was_missed(self, shop):
        connection, make = shop
        company = make(KEYED % "{mode: incremental, full: weekly}")
        company.load()
        connection.execute("DELETE FROM thing WHERE id = 2")
        connection.execute("UPDATE thing SET name = 'silent' WHERE id = 1")
        assert company.load().steps[0].status == "unchanged"
        age_whole_read(company, days=7)
        assert company.load().steps[0].rows_in == 2
        assert current(company) == [("1", "silent"), ("3", "n3")]
        # That was the whole read of this week.
        connection.execute("DELETE FROM thing WHERE id = 1")
        assert company.load().steps[0].status == "unchanged"

    def test_a_whole_read_that_brings_what_is_known_lands_nothing(self, shop):
        connection, make = shop
        company = make(KEYED % "{mode: incremental, full: weekly}")
        company.load()
        connection.execute("UPDATE thing SET name = 'new', changed = '2026-02-01' WHERE id = 1")
        company.load()
        assert batches(company) == 2
        age_whole_read(company, days=8)
        assert company.load().steps[0].status == "unchanged"
        assert batches(company) == 2

    def test_a_value_that_went_back_without_a_trace_is_healed_too(self, shop):
        """The whole read equals the one before, but not what stands between them."""
        connection, make = shop
        company = make(KEYED % "{mode: incremental, full: weekly}")
        company.load()
        connection.execute("UPDATE thing SET name = 'new', changed = '2026-02-01' WHERE id = 1")
        company.load()
        assert current(company)[0] == ("1", "new")
        connection.execute("UPDATE thing SET name = 'n1', changed = '2026-01-01' WHERE id = 1")
        age_whole_read(company, days=8)
        company.load()
        assert current(company)[0] == ("1", "n1")

    def test_changing_how_it_is_refreshed_reads_nothing_anew(self, shop):
        _, make = shop
        company = make(KEYED % "incremental")
        company.load()
        company.replace("sources/s.yaml", "refresh: incremental", "refresh: full")
        from pipelines.change.plan import make_plan

        plan = make_plan(company.repository)
        assert [(c.change.name, c.weight) for c in plan.changes] == [("s.thing", "metadata_only")]
        assert plan.reads_again == ()


class TestRetry:
    def failing(self, monkeypatch, times):
        """Reading fails so many times before it goes through; how often it was tried."""
        tried = []
        real = databases.DatabaseReader.table

        def table(self, name, where):
            tried.append(name)
            if len(tried) <= times:
                raise SourceFailed("The source cannot be reached.", where=where)
            return real(self, name, where)

        monkeypatch.setattr(databases.DatabaseReader, "table", table)
        waited = []
        monkeypatch.setattr(patience.time, "sleep", waited.append)
        return tried, waited

    def test_a_source_that_fails_is_tried_again_after_longer_and_longer_waits(
        self, shop, monkeypatch
    ):
        _, make = shop
        company = make("{primary_key: id}", "retry: {attempts: 4, wait: 5 seconds}\n")
        tried, waited = self.failing(monkeypatch, 3)
        report = company.load()
        assert report.ok
        assert (len(tried), waited) == (4, [5.0, 10.0, 20.0])
        assert "was read at attempt 4" in str(report.steps[0].warnings[0])

    def test_it_gives_up_and_tells(self, shop, monkeypatch):
        _, make = shop
        company = make("{primary_key: id}", "retry: 2\n")
        tried, waited = self.failing(monkeypatch, 9)
        report = company.load()
        assert not report.ok
        assert (len(tried), waited) == (2, [10.0])

    def test_without_a_rule_it_is_tried_once(self, shop, monkeypatch):
        _, make = shop
        tried, _ = self.failing(monkeypatch, 9)
        assert not make("{primary_key: id}").load().ok
        assert len(tried) == 1

    def test_what_no_attempt_mends_is_not_tried_again(self, shop, monkeypatch):
        _, make = shop
        waited = []
        monkeypatch.setattr(patience.time, "sleep", waited.append)
        company = make(
            "{primary_key: id, columns: [id, name, price, day, moment, flag, nane]}", "retry: 5\n"
        )
        assert "no column 'nane'" in str(company.load().steps[0].issues[0])
        assert waited == []

    def test_one_that_gave_up_is_not_waited_for_with_every_table(self, monkeypatch):
        from metadata.model.source import Retry

        waited = []
        monkeypatch.setattr(patience.time, "sleep", waited.append)
        attempts = Attempts(Retry(attempts=2, wait=timedelta(seconds=1)))
        assert [attempts.again(1), attempts.again(2), attempts.again(1)] == [True, False, False]
        attempts.succeeded()
        assert attempts.again(1)
        assert waited == [1.0, 1.0]


class TestTimeLimit:
    def test_reading_stops_when_the_time_is_up(self, shop, monkeypatch):
        _, make = shop
        company = make("{primary_key: id}", "timeout: 1 minute\n")
        assert company.load().ok
        monkeypatch.setattr(TimeLimit, "is_over", property(lambda self: True))
        report = company.load()
        told = str(report.steps[0].issues[0])
        assert "took longer than it may" in told
        assert "sources/s.yaml:5" in told

    @pytest.mark.servers
    def test_postgres_stops_a_statement_that_takes_too_long(self, postgres, monkeypatch, one_table):
        import psycopg

        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute("CREATE VIEW slow AS SELECT 1 AS id, pg_sleep(60)::text AS name")
            monkeypatch.setenv("SHOP_URL", postgres)
            company = one_table("${SHOP_URL}", "{name: slow, primary_key: id}")
            text = (company.path / "sources/s.yaml").read_text()
            company.write("sources/s.yaml", text + "timeout: 1 second\n")
            report = company.load()
            connection.execute("DROP VIEW slow")
        assert "took longer than it may" in str(report.steps[0].issues[0])
