"""Traps of reading: each source holds what goes wrong in practice, and no row is lost or doubled."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import date, datetime, timedelta
from decimal import Decimal

import duckdb
import openpyxl
import psycopg
import pymysql
import pytest

from metadata.errors import MetadataError
from pipelines.control import Control
from pipelines.extract import Extracted, extract_source
from pipelines.extract.table import TableExtraction
from pipelines.session import new_run
from pipelines.storage import Storage

ONLY_KEY = "entity: thing\nfrom: s.thing\ncolumns: {id: id}\n"


class Reader:
    """Reads the table of a company into its landing zone, without loading anything."""

    def __init__(self, company) -> None:
        self.company = company

    def read(self, **options):
        """The outcome of one more read."""
        repository = self.company.repository
        storage = Storage.of(repository)
        with closing(Control(storage)) as control:
            ((_, outcome),) = extract_source(
                repository, storage, control, new_run(), "s", ["thing"], **options
            )
        return outcome

    def rows(self, outcome, columns="*"):
        """The rows that a read landed, in their order."""
        assert isinstance(outcome, Extracted), outcome
        if outcome.batch is None:
            return []
        file = Storage.of(self.company.repository).landed("s", "thing") / f"{outcome.batch}.parquet"
        with duckdb.connect() as connection:
            return connection.execute(
                f"SELECT {columns} FROM read_parquet('{file}') ORDER BY _row"
            ).fetchall()

    def landed(self, columns="*", **options):
        return self.rows(self.read(**options), columns)

    def refused(self):
        """The message of a read that fails."""
        outcome = self.read()
        assert not isinstance(outcome, Extracted), outcome
        return str(outcome)


@pytest.fixture
def shop(postgres, monkeypatch):
    """A PostgreSQL database with an empty schema."""
    monkeypatch.setenv("SHOP_URL", postgres)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        yield connection


@pytest.fixture
def lite(tmp_path, one_table):
    """A SQLite file and its reader."""
    (tmp_path / "company").mkdir()
    connection = sqlite3.connect(tmp_path / "company" / "shop.sqlite", isolation_level=None)

    def _reader(table="{primary_key: [id]}"):
        return Reader(one_table("sqlite:///shop.sqlite", table))

    with closing(connection):
        yield connection, _reader


@pytest.mark.servers
class TestPostgreSQL:
    def reader(self, one_table, table="{primary_key: [id]}"):
        return Reader(one_table("${SHOP_URL}", table))

    def test_infinite_days_become_the_first_and_the_last(self, shop, one_table):
        shop.execute("CREATE TABLE thing (id int, d date, t timestamp, z timestamptz)")
        shop.execute("INSERT INTO thing VALUES (1, 'infinity', 'infinity', 'infinity')")
        shop.execute("INSERT INTO thing VALUES (2, '-infinity', '-infinity', '-infinity')")
        (later, never) = self.reader(one_table).landed("d, t, z::TIMESTAMP")
        assert later[0] == date(9999, 12, 31)
        assert [moment.year for moment in later[1:]] == [9999, 9999]
        assert never[0] == date(1, 1, 1)

    def test_numbers_that_no_decimal_holds_land_as_text(self, shop, one_table):
        shop.execute("CREATE TABLE thing (id int, n numeric(6,2), u numeric, m money)")
        shop.execute("INSERT INTO thing VALUES (1, 1.50, 1.23456789012345, 1234.5)")
        shop.execute("INSERT INTO thing VALUES (2, 'NaN', NULL, NULL)")
        assert self.reader(one_table).landed("n, u, m") == [
            ("1.50", "1.23456789012345", Decimal("1234.50")),
            ("NaN", None, None),
        ]

    def test_views_of_every_kind_are_tables(self, shop, one_table):
        shop.execute("CREATE TABLE base (id int); INSERT INTO base VALUES (1), (2)")
        shop.execute("CREATE MATERIALIZED VIEW thing AS SELECT * FROM base")
        assert len(self.reader(one_table).landed()) == 2

    def test_names_need_no_manners(self, shop, one_table):
        shop.execute('CREATE SCHEMA "Sales Dept"')
        shop.execute('CREATE TABLE "Sales Dept"."Select" ("id" int, "Order" text, "50%" text)')
        shop.execute("""INSERT INTO "Sales Dept"."Select" VALUES (1, 'a', 'x%y'), (2, 'b', 'z')""")
        table = """{name: Sales Dept.Select, primary_key: [id], where: "\\"50%\\" like 'x%'"}"""
        assert self.reader(one_table, table).landed('id, "Order", "50%"') == [(1, "a", "x%y")]

    def test_a_row_with_the_same_mark_as_the_last_one_read_is_found(self, shop, one_table):
        shop.execute("CREATE TABLE thing (id int, c timestamp)")
        shop.execute("INSERT INTO thing VALUES (1, '2024-01-01 10:00:00.5')")
        reader = self.reader(one_table, "{primary_key: [id], cursor: c}")
        assert len(reader.landed()) == 1
        shop.execute("INSERT INTO thing VALUES (2, '2024-01-01 10:00:00.5')")
        assert reader.landed("id") == [(2,)]
        assert reader.landed("id") == []

    def test_a_row_without_a_mark_is_found_once(self, shop, one_table):
        shop.execute("CREATE TABLE thing (id int, c timestamp)")
        shop.execute("INSERT INTO thing VALUES (1, '2024-01-01')")
        reader = self.reader(one_table, "{primary_key: [id], cursor: c}")
        reader.read()
        shop.execute("INSERT INTO thing VALUES (2, NULL)")
        assert reader.landed("id") == [(2,)]
        assert reader.landed("id") == []

    def test_a_mark_in_the_future_does_not_end_all_reading(self, shop, one_table):
        shop.execute("CREATE TABLE thing (id int, c timestamptz)")
        shop.execute("INSERT INTO thing VALUES (1, '2199-01-01')")
        reader = self.reader(one_table, "{primary_key: [id], cursor: c}")
        reader.read()
        shop.execute("INSERT INTO thing VALUES (2, now() + interval '1 minute')")
        assert reader.landed("id") == [(2,)]

    def test_a_value_that_changed_and_changed_back_lands_each_time(self, shop, one_table):
        shop.execute("CREATE TABLE thing (id int, n text, c date)")
        shop.execute("INSERT INTO thing VALUES (1, 'a', '2024-01-01')")
        reader = self.reader(one_table, "{primary_key: [id], cursor: c}")
        seen = [reader.landed("n")]
        for name in ("b", "a", "a"):
            shop.execute("UPDATE thing SET n = %s", (name,))
            seen.append(reader.landed("n"))
        assert seen == [[("a",)], [("b",)], [("a",)], []]

    def test_a_key_that_vanished_and_came_back(self, shop, one_table):
        shop.execute("CREATE TABLE thing (id int, c int); INSERT INTO thing VALUES (1, 1), (2, 2)")
        table = "{primary_key: [id], cursor: c, deletes: compare_keys}"
        reader = self.reader(one_table, table)
        reader.read()
        shop.execute("DELETE FROM thing WHERE id = 1")
        assert reader.landed("id, c, _deleted") == [(1, None, True)]
        assert reader.landed() == []
        shop.execute("INSERT INTO thing VALUES (1, 1)")
        assert reader.landed() == []  # its mark is too old to be seen: that is what lookback is for
        shop.execute("UPDATE thing SET c = 3 WHERE id = 1")
        assert reader.landed("id, c, _deleted") == [(1, 3, False)]

    def test_a_row_that_leaves_the_declared_filter_counts_as_deleted(self, shop, one_table):
        shop.execute("CREATE TABLE thing (id int, s text, c int)")
        shop.execute("INSERT INTO thing VALUES (1, 'live', 1), (2, 'live', 2)")
        table = "{primary_key: [id], cursor: c, deletes: compare_keys, where: s = 'live'}"
        reader = self.reader(one_table, table)
        reader.read()
        shop.execute("UPDATE thing SET s = 'test', c = 3 WHERE id = 1")
        assert reader.landed("id, _deleted") == [(1, True)]

    def test_a_column_that_appears_and_one_that_changes_its_type(self, shop, one_table):
        shop.execute(
            "CREATE TABLE thing (id int, n int, c int); INSERT INTO thing VALUES (1, 7, 1)"
        )
        reader = self.reader(one_table, "{primary_key: [id], cursor: c}")
        reader.read()
        shop.execute("ALTER TABLE thing ADD x text DEFAULT 'new', ALTER n TYPE text USING 'n' || n")
        shop.execute("INSERT INTO thing VALUES (2, 'eight', 2)")
        assert reader.landed("id, n, x") == [(1, "n7", "new"), (2, "eight", "new")]
        assert reader.landed() == []

    def test_listed_columns_come_with_those_that_reading_needs(self, shop, one_table):
        shop.execute("CREATE TABLE thing (id int, a int, b int, c int)")
        shop.execute("INSERT INTO thing VALUES (1, 2, 3, 4)")
        reader = self.reader(one_table, "{primary_key: [id], cursor: c, columns: [a]}")
        reader.company.write("mappings/m.yaml", ONLY_KEY)
        assert reader.landed("* EXCLUDE (_batch, _row, _extracted_at, _deleted)") == [(2, 1, 4)]

    def test_a_filter_over_an_unknown_column_is_told(self, shop, one_table):
        shop.execute("CREATE TABLE thing (id int, status text)")
        told = self.reader(one_table, "{primary_key: [id], where: statu <> 'x'}").refused()
        assert "no column 'statu'" in told
        assert "Did you mean 'status'?" in told
        assert "sources/s.yaml:4" in told

    def test_a_failed_read_leaves_nothing_behind(self, shop, one_table):
        shop.execute("CREATE TABLE thing (id int, s text)")
        shop.execute("INSERT INTO thing SELECT i, 'x' FROM generate_series(1, 50000) i")
        shop.execute("UPDATE thing SET s = '0' WHERE id = 49999")
        table = """{primary_key: [id], where: "1 / cast(replace(s, 'x', '1') as integer) = 1"}"""
        reader = self.reader(one_table, table)
        assert "division by zero" in reader.refused()
        assert not list(Storage.of(reader.company.repository).landing.rglob("*.*"))


class TestSQLite:
    @pytest.mark.parametrize("moment", ["2024-01-01 10:00:00", "2024-01-01T10:00:00.250000"])
    def test_moments_are_texts_and_none_is_missed(self, lite, moment):
        connection, reader = lite
        connection.execute("CREATE TABLE thing (id INTEGER, c TIMESTAMP)")
        connection.execute("INSERT INTO thing VALUES (1, ?)", (moment,))
        table = reader("{primary_key: [id], cursor: c}")
        assert len(table.landed()) == 1
        connection.execute("INSERT INTO thing VALUES (2, ?)", (moment,))
        assert table.landed("id") == [(2,)]
        assert table.landed("id") == []

    def test_a_cursor_of_texts(self, lite):
        connection, reader = lite
        connection.execute("CREATE TABLE thing (id INTEGER, c TIMESTAMP)")
        connection.execute("INSERT INTO thing VALUES (1, 'monday')")
        table = reader("{primary_key: [id], cursor: c}")
        assert table.landed("c") == [("monday",)]
        connection.execute("INSERT INTO thing VALUES (2, 'tuesday')")
        assert table.landed("id") == [(2,)]

    def test_digits_beyond_the_scale_are_not_rounded_away(self, lite):
        connection, reader = lite
        connection.execute("CREATE TABLE thing (id INTEGER, p DECIMAL(10,2), q DECIMAL(10,2))")
        connection.execute("INSERT INTO thing VALUES (1, 12.345, 12.3), (2, 1, 2)")
        assert reader().landed("p, q") == [
            ("12.345", Decimal("12.30")),
            ("1", Decimal("2.00")),
        ]

    def test_anything_may_stand_anywhere(self, lite):
        connection, reader = lite
        connection.execute("CREATE TABLE thing (id INTEGER, d DATE, b BOOLEAN, i INT, x, j JSON)")
        connection.execute(
            "INSERT INTO thing VALUES (1, '2024-02-30', 7, 'many', x'00ff', '{\"a\": 1}')"
        )
        connection.execute("INSERT INTO thing VALUES (2, '2024-02-28', 1, 3, 4, NULL)")
        (first, second) = reader().landed("d, b, i, j")
        assert first == ("2024-02-30", "7", "many", '{"a": 1}')
        assert second == ("2024-02-28", "1", "3", None)

    def test_a_file_that_is_no_database_is_told(self, lite, tmp_path):
        _, reader = lite
        (tmp_path / "company" / "shop.sqlite").write_bytes(b"not a database" * 100)
        assert "not a database" in reader().refused()


@pytest.mark.parametrize(
    ("flags", "deleted"),
    [
        ([True, False, None], [True, False, False]),
        ([1, 0, None], [True, False, False]),
        (["Y", "n", " 0 "], [True, False, False]),
        (["2024-01-01", "", None], [True, False, False]),
    ],
)
def test_a_flag_says_yes_in_many_ways(lite, flags, deleted):
    connection, reader = lite
    kind = {bool: "BOOLEAN", int: "NUMERIC(1,0)", str: "TEXT"}[type(flags[0])]
    connection.execute(f"CREATE TABLE thing (id INTEGER, f {kind})")
    connection.executemany("INSERT INTO thing VALUES (?, ?)", list(enumerate(flags)))
    found = reader("{primary_key: [id], deletes: {soft_delete: f}}").landed("_deleted")
    assert [flag for (flag,) in found] == deleted


@pytest.mark.servers
def test_types_of_mariadb(mariadb, one_table, monkeypatch):
    address = {key: value for key, value in mariadb.items() if key != "port"}
    with pymysql.connect(**address, database="shop") as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS thing")
        cursor.execute(
            "CREATE TABLE thing (id bigint unsigned, j json, e enum('x','y'), s set('a','b'),"
            " f bit(1), t time, y year, d datetime(3), z tinyint(1), c timestamp(6) NULL)"
        )
        cursor.execute(
            "INSERT INTO thing VALUES (18446744073709551615, '{\"a\": 1}', 'y', 'a,b', b'1',"
            " '25:00:00', 2024, '2024-01-01 10:00:00.125', 1, '2024-01-01 00:00:00.5')"
        )
    url = f"mysql://reader:open%20sesame@127.0.0.1:{mariadb['port']}/shop"
    reader = Reader(one_table(url, "{primary_key: [id], cursor: c}"))
    (row,) = reader.landed("id, j, e, s, f, t, y, d, z")
    assert row == (
        "18446744073709551615", '{"a": 1}', "y", "a,b", 1, "25:00:00", "2024",
        datetime(2024, 1, 1, 10, 0, 0, 125000), 1,
    )  # fmt: skip
    assert reader.landed() == []


class TestCsv:
    """A guess about how a file is written must never cost a row."""

    @pytest.fixture
    def csv(self, one_table):
        def _reader(content, table="{primary_key: [id]}"):
            company = one_table("data", table)
            path = company.path / "data" / "thing.csv"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            return Reader(company)

        return _reader

    @pytest.mark.parametrize(
        ("content", "rows"),
        [
            ("id,n\n1,a\n#2,b\n3,c\n", [("1", "a"), ("#2", "b"), ("3", "c")]),
            ("id,n\n1,'a\n2,b'\n3,c\n", [("1", "'a"), ("2", "b'"), ("3", "c")]),
            ("id;n\n1;1,5\n2;2,5\n", [("1", "1,5"), ("2", "2,5")]),
            ("id\tn\n1\ta,b\n", [("1", "a,b")]),
            ("id,n\r\n1,a\n2,b\r\n3,c\n", [("1", "a"), ("2", "b"), ("3", "c")]),
            ('id,n\r\n1,"a\nb"\r\n2,c\r\n', [("1", "a\nb"), ("2", "c")]),
            ("\ufeffid,n\n1,a\n", [("1", "a")]),
            ('id,n\n1,"a ""q"" b"\n2,a "q"\n', [("1", 'a "q" b'), ("2", 'a "q"')]),
            ('id,n\n1,\n2,""\n3,NULL\n', [("1", None), ("2", None), ("3", "NULL")]),
            ("id,n\n1,a\n\n2,b", [("1", "a"), ("2", "b")]),
            ("id,n", []),
        ],
    )
    def test_every_row_arrives(self, csv, content, rows):
        assert csv(content).landed("id, n") == rows

    @pytest.mark.parametrize(
        ("content", "line"),
        [
            ("id,n\n1,a,x\n2,b,y\n3,c,z\n", 2),
            ("id,n,z\n1,a\n2,b\n3,c\n", 2),
            ("Report of 2024\n\nid,n,z\n1,a,b\n", 3),
            ('id,n\n1,"x\ny"\n2,z,w\n', 4),
            ('id,n\n1,a\n2,"x\n3,z\n', 3),
            ('id,n\n1,"x" y\n', 2),
            (b"id,n\n1,a\n2,\xff\n", 3),
        ],
    )
    def test_a_broken_line_is_told_by_its_place_in_the_file(self, csv, content, line):
        told = csv(content, "{}").refused()
        assert f"thing.csv, line {line} " in told
        assert "sources/s.yaml:4" in told

    def test_an_empty_file_is_told(self, csv):
        assert "thing.csv is empty" in csv("").refused()

    def test_a_byte_that_cannot_be_read_is_told(self, csv):
        told = csv(
            "id,n\n1,あ\n".encode("utf-16"), "{primary_key: [id], encoding: ascii}"
        ).refused()
        assert "Byte 0 of the file" in told

    @pytest.mark.parametrize("encoding", ["gb18030", "cp932", "utf-16-le", "mac-roman"])
    def test_encodings_that_the_engine_does_not_know(self, csv, encoding):
        text = "id,n\r\n1,多\r\n" if encoding != "mac-roman" else "id,n\r\n1,é\r\n"
        table = f"{{primary_key: [id], encoding: {encoding}}}"
        assert csv(text.encode(encoding), table).landed("n") == [(text[-3],)]

    def test_headers_that_repeat_or_are_missing(self, csv):
        reader = csv("id,n,,n\n1,a,b,c\n")
        assert reader.landed("id, n, column_3, n_4") == [("1", "a", "b", "c")]

    def test_a_declared_filter_and_listed_columns_count_for_files_too(self, csv):
        table = "{primary_key: [id], columns: [n], where: id <> '2'}"
        reader = csv("id,n,x\n1,a,b\n2,c,d\n", table)
        reader.company.write("mappings/m.yaml", ONLY_KEY)
        assert reader.landed("* EXCLUDE (_batch, _row, _extracted_at, _deleted)") == [("a", "1")]

    def test_what_the_file_lacks_is_told(self, csv):
        reader = csv("id,name\n", "{columns: [id, nam]}")
        reader.company.write("mappings/m.yaml", ONLY_KEY)
        assert "Did you mean 'name'?" in reader.refused()

    @pytest.mark.parametrize(
        ("table", "words"),
        [
            ("{delimiter: '||'}", "more than one character"),
            ("{path: /abs/*.csv}", "must be relative"),
        ],
    )
    def test_settings_that_cannot_be_are_told(self, csv, table, words):
        with pytest.raises(MetadataError, match=words):
            csv("id,n\n1,a\n", table).read()

    def test_a_tab_may_be_written_as_it_is_spoken_of(self, csv):
        assert csv("id\tn\n1\ta,b\n", "{delimiter: \\t}").landed("n") == [("a,b",)]

    def test_files_of_several_makings_are_one_table(self, one_table):
        company = one_table("data", "{primary_key: [id], path: '*.csv'}")
        company.write("data/1.csv", "id,a\n1,x\n")
        company.write("data/2.csv", "b;id\ny;2\n")
        company.write("data/3.csv", "id,a\n3,z\n")
        found = Reader(company).landed("id, a, b")
        assert sorted(found) == [("1", "x", None), ("2", None, "y"), ("3", "z", None)]

    def test_a_broken_file_among_several_is_named(self, one_table):
        company = one_table("data", "{primary_key: [id], path: '*.csv'}")
        company.write("data/good.csv", "id,a\n1,x\n")
        company.write("data/worse.csv", "id,a\n1\n")
        assert "worse.csv, line 2" in Reader(company).refused()


class TestWorkbooks:
    def test_cells_of_every_kind(self, one_table):
        company = one_table("data")
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.append(["id", "n", "n", "when", "mixed", "none", "how_long"])
        sheet.append(["007", 1, 1.5, datetime(2024, 1, 1, 12), 5, None, timedelta(minutes=90)])
        sheet.append([None] * 7)
        sheet.append(["008", 2, 2, date(2024, 1, 2), "five", None, None])
        (company.path / "data").mkdir()
        book.save(company.path / "data" / "thing.xlsx")
        rows = Reader(company).landed('id, n, n_3, "when", mixed, "none"')
        assert rows == [
            ("007", 1, 1.5, datetime(2024, 1, 1, 12), "5", None),
            ("008", 2, 2.0, datetime(2024, 1, 2), "five", None),
        ]

    def test_a_column_may_hold_texts_in_one_file_and_numbers_in_another(self, one_table):
        company = one_table("data", "{primary_key: [id], path: '*.xlsx'}")
        (company.path / "data").mkdir()
        for name, value in (("a", 5), ("b", "five")):
            book = openpyxl.Workbook()
            book.active.append(["id", "v"])
            book.active.append([name, value])
            book.save(company.path / "data" / f"{name}.xlsx")
        assert Reader(company).landed("id, v") == [("a", "5"), ("b", "five")]

    def test_what_is_no_workbook_or_lacks_the_sheet_is_told(self, one_table):
        company = one_table("data", "{primary_key: [id], sheet: Prices, path: thing.xlsx}")
        company.write("data/thing.xlsx", "id,name")
        assert "cannot be read as a workbook" in Reader(company).refused()
        book = openpyxl.Workbook()
        book.active.title = "Price"
        book.save(company.path / "data" / "thing.xlsx")
        assert "Did you mean 'Price'?" in Reader(company).refused()


def test_a_driver_that_is_not_installed_is_told(one_table):
    told = Reader(one_table("oracle://u:secret@host/db")).refused()
    assert told.startswith(
        "sources/s.yaml:2: The driver 'oracledb' of the source is not installed."
    )
    assert "secret" not in told


def test_a_folder_that_is_not_there_is_told_where_it_is_named(one_table):
    told = Reader(one_table("nowhere")).refused()
    assert told.startswith("sources/s.yaml:2: The folder of the source is not there.")


def test_a_column_that_left_an_incremental_table_is_told_not_loaded_as_empty(lite):
    connection, reader = lite
    connection.execute("CREATE TABLE thing (id int, name text, price int, day date, moment text,"
                       " flag int, at int)")  # fmt: skip
    connection.execute("INSERT INTO thing (id, name, at) VALUES (1, 'a', 1)")
    read = reader("{primary_key: [id], cursor: at}")
    assert read.landed("id, name") == [(1, "a")]
    connection.execute("ALTER TABLE thing DROP COLUMN name")
    connection.execute("INSERT INTO thing (id, at) VALUES (2, 2)")
    assert "s.thing has no column 'name' any more." in read.refused()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("thing.json", b'[{"id": 1, "n": "a"}, {"id": 2, "n'),
        ("thing.json", b'[{"id": "\xe4"}]'),
        ("thing.parquet", b"PAR1 and nothing more"),
    ],
)
def test_other_broken_files_are_told_by_their_name(one_table, name, content):
    company = one_table("data")
    (company.path / "data").mkdir()
    (company.path / "data" / name).write_bytes(content)
    told = Reader(company).refused()
    assert re.search(rf"sources/s.yaml:4: {name}\b", told)


def test_a_defect_in_one_table_does_not_stop_the_next(one_table, monkeypatch):
    company = one_table("data", "{primary_key: [id]}\n  other: {}")
    for name in ("thing", "other"):
        company.write(f"data/{name}.csv", "id,n\n1,a\n")
    read = TableExtraction.from_folder

    def broken(self, folder):
        return read(self, folder) if self.table == "thing" else 1 / 0

    monkeypatch.setattr(TableExtraction, "from_folder", broken)
    report = company.load()
    assert [step.status for step in report.steps[:2]] == ["failed", "done"]
    assert "ZeroDivisionError" in str(report.steps[0].issues[0])
    (journal,) = Storage.of(company.repository).logs.iterdir()
    assert "Traceback" in journal.read_text()


def test_a_file_that_is_written_while_it_is_read_is_read_again(one_table):
    """The state that is remembered is the one from before the read."""
    company = one_table("data")
    company.write("data/thing.csv", "id,n\n1,a\n")
    reader = Reader(company)
    assert len(reader.landed()) == 1
    company.write("data/thing.csv", "id,n\n1,a\n2,b\n")
    assert len(reader.landed()) == 2
    assert reader.read().batch is None
