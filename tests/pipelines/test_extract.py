"""Every kind of source gives the same rows, and tells what is wrong with it."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime
from decimal import Decimal

import duckdb
import openpyxl
import psycopg
import pymysql
import pytest

CREATE = (
    "CREATE TABLE thing (id integer PRIMARY KEY, name varchar(40), price decimal(10,2), day date,"
    " moment timestamp NULL, flag boolean, changed timestamp NULL)"
)
ROWS = [
    (1, "Äpfel", Decimal("1.25"), date(2024, 2, 29), datetime(2024, 1, 1, 10, 30), True),
    (2, None, None, None, None, None),
    (3, "多", Decimal("-3.00"), date(1999, 12, 31), datetime(2024, 7, 1, 0, 0), False),
]
EXPECTED = [(str(row[0]), *row[1:]) for row in ROWS]


def dimension(company):
    path = company.repository.storage / "build" / "warehouse.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(
            "SELECT id, name, price, day, moment, flag FROM dim_thing"
            " WHERE thing_key > 0 ORDER BY id"
        ).fetchall()


def problems(report):
    return "\n".join(str(issue) for step in report.steps for issue in step.issues)


def insert(execute, mark, rows=ROWS):
    for row in rows:
        execute(
            f"INSERT INTO thing (id, name, price, day, moment, flag) VALUES ({', '.join([mark] * 6)})",
            row,
        )


@pytest.fixture
def in_postgres(postgres, monkeypatch):
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS thing")
        connection.execute(CREATE)
        insert(connection.execute, "%s")
        monkeypatch.setenv("SHOP_URL", postgres)
        yield connection


@pytest.mark.servers
class TestPostgreSQL:
    def test_rows_and_types_arrive(self, in_postgres, one_table):
        company = one_table("${SHOP_URL}")
        assert company.load().ok
        assert dimension(company) == EXPECTED

    def test_only_what_is_new_is_read_again(self, in_postgres, one_table):
        in_postgres.execute("UPDATE thing SET changed = '2024-01-01'")
        table = "{primary_key: [id], cursor: changed, lookback: 1 day}"
        company = one_table("${SHOP_URL}", table)
        company.load()
        assert [step.status for step in company.load().steps][0] == "unchanged"
        in_postgres.execute("UPDATE thing SET name = 'Birnen', changed = '2024-03-01' WHERE id = 1")
        report = company.load()
        assert report.steps[0].rows_in == 1
        assert dimension(company)[0][1] == "Birnen"
        assert len(dimension(company)) == 3

    def test_a_row_that_comes_late_is_found_by_the_lookback(self, in_postgres, one_table):
        in_postgres.execute("UPDATE thing SET changed = '2024-01-10'")
        company = one_table("${SHOP_URL}", "{primary_key: [id], cursor: changed, lookback: 5 days}")
        company.load()
        in_postgres.execute(
            "INSERT INTO thing (id, name, changed) VALUES (4, 'late', '2024-01-07')"
        )
        assert company.load().steps[0].rows_in == 1
        assert len(dimension(company)) == 4

    def test_rows_that_vanish_are_noticed_by_their_keys(self, in_postgres, one_table):
        in_postgres.execute("UPDATE thing SET changed = '2024-01-10'")
        table = "{primary_key: [id], cursor: changed, deletes: compare_keys}"
        company = one_table("${SHOP_URL}", table)
        company.load()
        in_postgres.execute("DELETE FROM thing WHERE id = 3")
        assert company.load().steps[1].rows_out == 2

    def test_rows_with_a_flag_count_as_deleted(self, in_postgres, one_table):
        table = "{primary_key: [id], deletes: {soft_delete: flag}}"
        assert one_table("${SHOP_URL}", table).load().steps[1].rows_out == 2

    def test_types_without_an_arrow_form_land_as_text(self, in_postgres, one_table):
        in_postgres.execute(
            "ALTER TABLE thing ADD u uuid DEFAULT '00000000-0000-0000-0000-000000000001'"
        )
        in_postgres.execute(
            "ALTER TABLE thing ADD j jsonb DEFAULT '{}', ADD a int[], ADD n numeric"
        )
        assert one_table("${SHOP_URL}").load().ok

    def test_a_declared_filter_is_evaluated_by_the_source(self, in_postgres, one_table):
        report = one_table("${SHOP_URL}", "{primary_key: [id], where: id <> 2}").load()
        assert report.steps[0].rows_in == 2

    @pytest.mark.parametrize(
        ("table", "words"),
        [
            ("{name: thingy, primary_key: [id]}", "no table 'thingy'"),
            ("{primary_key: [idd]}", "Did you mean 'id'"),
            ("{primary_key: [id], cursor: chnged}", "Did you mean 'changed'"),
            ("{columns: [id, name, price, day, moment, flag, nme]}", "no column 'nme'"),
        ],
    )
    def test_what_the_source_lacks_is_told_with_its_line(
        self, in_postgres, one_table, table, words
    ):
        report = one_table("${SHOP_URL}", table).load()
        assert not report.ok
        assert words in problems(report)
        assert "sources/s.yaml:4" in problems(report)

    def test_a_wrong_password_is_told_and_not_shown(self, postgres, one_table, monkeypatch):
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute("DROP ROLE IF EXISTS nobody_here")
        monkeypatch.setenv("SECRET", "hunter2secret")
        host = postgres.partition("host=")[2]
        company = one_table(f"postgresql://nobody_here:${{SECRET}}@/postgres?host={host}")
        report = company.load()
        assert "refused the sign-in" in problems(report)
        assert "sources/s.yaml:2" in problems(report)
        everything = problems(report) + repr(company.repository)
        for path in company.path.rglob("*"):
            if path.is_file():
                everything += path.read_bytes().decode("latin-1")
        assert "hunter2secret" not in everything


def test_a_server_that_is_not_there_is_told(one_table, monkeypatch):
    monkeypatch.setenv("SECRET", "hunter2secret")
    report = one_table("postgresql://someone:${SECRET}@127.0.0.1:1/shop").load()
    assert "cannot be reached" in problems(report)
    assert "hunter2secret" not in problems(report)


def test_a_variable_that_is_not_set_is_told(one_table, monkeypatch):
    monkeypatch.delenv("NOT_SET", raising=False)
    assert "NOT_SET" in problems(one_table("postgresql://x:${NOT_SET}@h/d").load())


@pytest.mark.servers
def test_mariadb_gives_the_same_rows(mariadb, one_table, monkeypatch):
    port = mariadb["port"]
    address = {key: value for key, value in mariadb.items() if key != "port"}
    with pymysql.connect(**address, database="shop") as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS thing")
        cursor.execute(CREATE + " CHARACTER SET utf8mb4")
        insert(cursor.execute, "%s")
    monkeypatch.setenv("SECRET", "open%20sesame")
    company = one_table(f"mysql://reader:${{SECRET}}@127.0.0.1:{port}/shop?charset=utf8mb4")
    report = company.load()
    assert report.ok, problems(report)
    assert dimension(company) == EXPECTED
    monkeypatch.setenv("SECRET", "wrong-word")
    refused = problems(company.load())
    assert "refused the sign-in" in refused
    assert "wrong-word" not in refused


class TestSQLite:
    @pytest.fixture
    def database(self, tmp_path):
        (tmp_path / "company").mkdir()
        with sqlite3.connect(tmp_path / "company" / "shop.sqlite") as connection:
            connection.execute(CREATE)
            plain = [
                tuple(str(v) if isinstance(v, Decimal | date) else v for v in row) for row in ROWS
            ]
            insert(connection.execute, "?", plain)
            yield connection

    def test_rows_and_types_arrive(self, database, one_table):
        database.commit()
        company = one_table("sqlite:///shop.sqlite")
        report = company.load()
        assert report.ok, problems(report)
        assert dimension(company) == EXPECTED

    def test_a_value_that_does_not_fit_its_column_is_refused_not_fatal(self, database, one_table):
        database.execute("UPDATE thing SET price = 'dear', day = 'soon' WHERE id = 1")
        database.commit()
        company = one_table("sqlite:///shop.sqlite")
        report = company.load()
        assert report.ok, problems(report)
        assert report.steps[1].refused == 1
        assert dimension(company) == EXPECTED[1:]

    def test_a_file_that_is_not_there_is_told(self, one_table):
        assert "is not there" in problems(one_table("sqlite:///nothing.sqlite").load())


CSV = "id,name,price,day,moment,flag\n1,Äpfel,1.25,2024-02-29,2024-01-01 10:30:00,true\n2,,,,,\n"


class TestFiles:
    def test_csv_lands_as_text_and_is_parsed_by_the_rules(self, one_table):
        company = one_table("data")
        company.write("data/thing.csv", CSV)
        assert company.load().ok
        assert dimension(company) == EXPECTED[:2]

    @pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16"])
    def test_an_encoding_is_read_as_it_is_said(self, one_table, encoding):
        company = one_table("data", f"{{primary_key: [id], encoding: {encoding}}}")
        company.write("data/thing.csv", CSV, encoding=encoding)
        report = company.load()
        assert report.ok, problems(report)
        assert dimension(company)[0][1] == "Äpfel"

    def test_each_file_of_several_is_read_in_the_encoding_that_fits(self, one_table):
        table = "{primary_key: [id], path: 'drops/*.csv', encoding: [utf-8, cp1252]}"
        company = one_table("data", table)
        company.write("data/drops/1.csv", CSV)
        company.write("data/drops/2.csv", CSV.replace("\n1,", "\n5,"), encoding="cp1252")
        report = company.load()
        assert report.ok, problems(report)
        assert [name for _, name, *_ in dimension(company)] == ["Äpfel", None, "Äpfel"]

    def test_a_file_in_the_wrong_encoding_is_told(self, one_table):
        company = one_table("data")
        company.write("data/thing.csv", CSV, encoding="latin-1")
        report = company.load()
        assert not report.ok
        assert "thing.csv" in problems(report)
        assert "encoding: latin-1" in problems(report)
        assert "sources/s.yaml:4" in problems(report)

    def test_a_broken_line_is_told_with_its_number(self, one_table):
        company = one_table("data")
        company.write("data/thing.csv", CSV + "3,too,many,values,in,this,line,here\n")
        report = company.load()
        assert "thing.csv, line 4" in problems(report)

    def test_a_file_that_is_not_there_is_told(self, one_table):
        company = one_table("data")
        company.write("data/thng.csv", CSV)
        assert "Did you mean 'thng.csv'" in problems(company.load())

    @pytest.mark.parametrize(
        "text",
        [
            CSV.replace("\n", "\r\n"),
            "\ufeff" + CSV,
            CSV.replace(",", ";"),
            CSV.rstrip("\n"),
            CSV.replace("Äpfel", '"Äpfel"'),
        ],
        ids=["windows line ends", "byte order mark", "semicolons", "no last line end", "quotes"],
    )
    def test_the_usual_kinds_of_csv_are_understood(self, one_table, text):
        company = one_table("data")
        company.write("data/thing.csv", text)
        report = company.load()
        assert report.ok, problems(report)
        assert dimension(company) == EXPECTED[:2]

    def test_files_with_other_columns_are_joined_by_name(self, one_table):
        company = one_table("data", "{primary_key: [id], path: 'drops/*.csv'}")
        company.write("data/drops/1.csv", CSV)
        company.write("data/drops/2.csv", "name,id\nlater,9\n")
        report = company.load()
        assert report.ok, problems(report)
        assert [row[:2] for row in dimension(company)] == [
            ("1", "Äpfel"),
            ("2", None),
            ("9", "later"),
        ]

    def test_an_empty_file_is_an_empty_table(self, one_table):
        company = one_table("data")
        company.write("data/thing.csv", CSV.splitlines()[0] + "\n")
        report = company.load()
        assert report.ok, problems(report)
        assert dimension(company) == []

    def test_parquet_json_and_excel_give_the_same_rows(self, one_table):
        company = one_table("data")
        folder = company.path / "data"
        folder.mkdir()
        with duckdb.connect() as connection:
            connection.execute(CREATE)
            insert(connection.execute, "?")
            for ending in ("parquet", "json"):
                file = folder / f"thing.{ending}"
                connection.execute(f"COPY thing TO '{file}'")
                report = company.load(full=True)
                assert report.ok, problems(report)
                assert dimension(company) == EXPECTED, ending
                file.unlink()
        book = openpyxl.Workbook()
        book.active.append(["id", "name", "price", "day", "moment", "flag"])
        for row in ROWS:
            book.active.append([float(v) if isinstance(v, Decimal) else v for v in row])
        book.save(folder / "thing.xlsx")
        assert company.load(full=True).ok
        assert dimension(company) == EXPECTED

    def test_files_that_have_not_changed_are_not_read(self, one_table):
        company = one_table("data")
        company.write("data/thing.csv", CSV)
        company.load()
        assert all(step.status == "unchanged" for step in company.load().steps)
