"""Databases: what the catalogue says, what cannot be read, and that no password gets out."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
import time
from contextlib import closing

import psycopg
import pymysql
import pytest

from metadata.scan import ForeignKey, Scan, scan_folder
from pipelines.cli import run as rapport
from pipelines.scan import Look, scan_sources


def looked(company, **look):
    return list(scan_sources(company.repository, ["s"], Look(**look)))[0]


def scanned(company, **look) -> Scan:
    found = looked(company, **look)
    assert found.scan is not None, found.issues
    return found.scan


def bare(company, url, schema=""):
    """A source that lists no tables."""
    company.write("sources/s.yaml", f"source: s\nurl: {url}\n{schema}")
    (company.path / "mappings" / "m.yaml").unlink(missing_ok=True)
    return company


class TestPostgreSQL:
    @pytest.fixture
    def shop(self, postgres, monkeypatch, one_table):
        monkeypatch.setenv("SCAN_URL", postgres)
        with psycopg.connect(postgres, autocommit=True) as connection:
            # The server is shared; what other tests have left on it is not to be found.
            left = connection.execute(
                "SELECT quote_ident(nspname) FROM pg_namespace"
                " WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
            ).fetchall()
            for (schema,) in left:
                connection.execute(f"DROP SCHEMA {schema} CASCADE")
            connection.execute("CREATE SCHEMA public")
            yield connection, bare(one_table("x"), "${SCAN_URL}")

    def test_everything_that_the_catalogue_says(self, shop):
        connection, company = shop
        connection.execute(
            """
            CREATE TABLE customer (
                id int PRIMARY KEY, "Name" varchar(40) NOT NULL, parent int REFERENCES customer,
                amount numeric(12,2), plain numeric, at timestamptz, tags text[], doc jsonb, picture bytea, flag bool);
            CREATE TABLE line (order_id int, line int, customer_id int REFERENCES customer, PRIMARY KEY (order_id, line));
            CREATE TABLE note (order_id int, line int, FOREIGN KEY (order_id, line) REFERENCES line);
            COMMENT ON TABLE customer IS '客户: who buys';
            COMMENT ON COLUMN customer."Name" IS '姓名';
            CREATE TABLE "客户 表" ("编号" int PRIMARY KEY, "名称" text);
            CREATE VIEW big AS SELECT * FROM customer WHERE amount > 100;
            CREATE MATERIALIZED VIEW stored AS SELECT id FROM customer;
            CREATE TABLE empty (id int);
            INSERT INTO customer VALUES (1, 'x', NULL, 12.50, 1.5, now(), '{a,b}', '{"a": 1}', '\\x00ff', true);
            """
        )
        scan = scanned(company)
        assert {t.name: (t.native_name, t.kind, t.rows) for t in scan.tables} == {
            "customer": ("customer", "table", 1), "line": ("line", "table", 0), "note": ("note", "table", 0),
            "u5ba2_u6237_u8868": ("客户 表", "table", 0), "big": ("big", "view", 0), "stored": ("stored", "view", 0),
            "empty": ("empty", "table", 0),
        }  # fmt: skip
        customer = scan.table("customer")
        assert {c.name: (c.type, c.native_type, c.nullable) for c in customer.columns} == {
            "id": ("integer", "INTEGER", False), "Name": ("string", "VARCHAR(40)", False),
            "parent": ("integer", "INTEGER", True), "amount": ("decimal(12,2)", "NUMERIC(12, 2)", True),
            "plain": ("string", "NUMERIC", True), "at": ("timestamp", "TIMESTAMP WITH TIME ZONE", True),
            "tags": ("string", "TEXT[]", True), "doc": ("string", "JSONB", True), "picture": ("string", "BYTEA", True),
            "flag": ("boolean", "BOOLEAN", True),
        }  # fmt: skip
        assert (customer.comment, customer.column("Name").comment) == ("客户: who buys", "姓名")
        assert customer.primary_key == ("id",)
        assert customer.foreign_keys == (
            ForeignKey(columns=("parent",), table="customer", references=("id",)),
        )
        assert scan.table("line").primary_key == ("order_id", "line")
        assert scan.table("note").foreign_keys == (
            ForeignKey(columns=("order_id", "line"), table="line", references=("order_id", "line")),
        )
        assert customer.column("plain").profile.patterns[0].pattern == "decimal"
        assert customer.column("picture").profile.distinct == 1
        assert scan.failures == ()

    def test_types_of_its_own(self, shop):
        connection, company = shop
        connection.execute(
            """
            CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE place AS (street text, zip text);
            CREATE DOMAIN positive AS int CHECK (value > 0);
            CREATE TABLE odd (
                id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, price money, span interval, m mood,
                home place, p positive, grid int[][], bits bit(3), u uuid, net inet, r int4range,
                twice int GENERATED ALWAYS AS (id * 2) STORED, t time, wide numeric(40,5), at timestamp);
            INSERT INTO odd (price, span, m, home, p, grid, bits, net, r, t, wide, at)
            SELECT 12.5::numeric::money, '1 day 2 hours'::interval, 'ok'::mood, ROW('Main', '1')::place, n, '{{1,2},{3,4}}'::int[], B'101',
                '10.0.0.0/8'::inet, '[1,5)'::int4range, '10:00'::time,
                123456789012345678901234567890.5, 'infinity'::timestamp
            FROM generate_series(1, 20) n;
            CREATE VIEW prices AS SELECT id, price, m FROM odd;
            """
        )
        scan = scanned(company)
        assert scan.failures == ()
        odd = scan.table("odd")
        types = {c.name: c.type for c in odd.columns}
        assert types["price"] == "decimal(19,2)"
        assert types["id"] == types["twice"] == "integer"
        assert {
            types[n] for n in ("span", "m", "home", "p", "grid", "bits", "u", "r", "t", "wide")
        } == {"string"}
        assert odd.column("price").profile.top == (("12.50", 20),)
        assert odd.column("p").profile.maximum == "20"
        assert odd.column("bits").profile.top == (("101", 20),)
        assert odd.column("grid").profile.top == (("{{1,2},{3,4}}", 20),)
        assert scan.table("prices").rows == odd.rows == 20
        values = connection.execute(
            "SELECT min(id), max(id), count(DISTINCT id), min(twice), max(twice) FROM odd"
        ).fetchone()
        key, twice = odd.column("id").profile, odd.column("twice").profile
        assert values == (
            int(key.minimum), int(key.maximum), key.distinct, int(twice.minimum), int(twice.maximum)
        )  # fmt: skip

    def test_a_function_that_is_missing_is_not_called_a_lost_connection(self, shop):
        connection, company = shop
        connection.execute(
            "CREATE FUNCTION wrong(int) RETURNS int LANGUAGE plpgsql"
            " AS $$ BEGIN RETURN nothing_of_the_kind($1); END $$;"
            "CREATE TABLE t (id int); INSERT INTO t VALUES (1);"
            "CREATE VIEW v AS SELECT wrong(id) AS x FROM t"
        )
        ((name, reason),) = scanned(company).failures
        assert name == "v" and "nothing_of_the_kind" in reason
        assert "could not be read" in reason and "cannot be reached" not in reason

    def test_all_schemas_are_found_unless_one_is_named(self, shop):
        connection, company = shop
        connection.execute(
            'CREATE TABLE customer (id int PRIMARY KEY); CREATE SCHEMA "Sales";'
            'CREATE TABLE "Sales"."Customer" (id int REFERENCES customer)'
        )
        scan = scanned(company)
        assert {t.name: t.native_name for t in scan.tables} == {
            "customer": "customer",
            "sales_customer": "Sales.Customer",
        }
        assert scan.table("sales_customer").foreign_keys[0].table == "customer"
        bare(company, "${SCAN_URL}", "schema: Sales\n")
        (table,) = scanned(company).tables
        assert (table.name, table.native_name) == ("customer", "Customer")
        assert table.foreign_keys[0].table == "public_customer"
        bare(
            company,
            "${SCAN_URL}",
            "tables:\n  cust: {name: Sales.Customer}\n  same: {name: public.customer}\n",
        )
        assert {t.name: t.native_name for t in scanned(company).tables} == {
            "cust": "Sales.Customer",
            "same": "customer",
        }

    def test_parts_of_a_table_are_no_tables(self, shop):
        connection, company = shop
        connection.execute(
            "CREATE TABLE big (d date) PARTITION BY RANGE (d);"
            "CREATE TABLE big_2024 PARTITION OF big FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');"
            "INSERT INTO big VALUES ('2024-05-05')"
        )
        assert [(t.name, t.rows) for t in scanned(company).tables] == [("big", 1)]

    def test_a_sample_is_taken_from_all_over_a_table(self, shop):
        connection, company = shop
        connection.execute(
            "CREATE TABLE n AS SELECT i, repeat('x', 1000) AS t FROM generate_series(1, 20000) i"
        )
        (table,) = scanned(company, sample=1000).tables
        profile = table.column("i").profile
        assert table.rows == 20000
        assert 500 <= profile.sampled <= 1000
        assert int(profile.maximum) > 10_000
        assert table.column("t").profile.distinct == 1

    def test_what_may_not_be_read_is_told_and_its_structure_kept(self, shop, postgres, monkeypatch):
        connection, company = shop
        connection.execute(
            "CREATE TABLE open (id int); CREATE TABLE secret (id int PRIMARY KEY, name text);"
            "CREATE VIEW broken AS SELECT 1 / 0 AS x;"
            "DROP ROLE IF EXISTS scan_reader; CREATE ROLE scan_reader LOGIN; GRANT USAGE ON SCHEMA public TO scan_reader;"
            "GRANT SELECT ON open, broken TO scan_reader"
        )
        monkeypatch.setenv(
            "SCAN_URL",
            postgres.replace("postgres:@", "scan_reader:@").replace("postgres@", "scan_reader@"),
        )
        scan = scanned(company)
        failures = dict(scan.failures)
        assert set(failures) == {"broken", "secret"}
        assert "permission denied" in failures["secret"]
        assert "division by zero" in failures["broken"]
        secret = scan.table("secret")
        assert ([c.name for c in secret.columns], secret.rows, secret.columns[0].profile) == (
            ["id", "name"],
            None,
            None,
        )
        connection.execute("DROP OWNED BY scan_reader; DROP ROLE scan_reader")


class TestMariaDB:
    @pytest.fixture
    def shop(self, mariadb, one_table, monkeypatch):
        with pymysql.connect(**mariadb) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE scanned CHARACTER SET utf8mb4")
            cursor.execute("USE scanned")
            cursor.execute("GRANT SELECT, SHOW VIEW ON scanned.* TO reader@'%'")
            cursor.execute("GRANT SELECT, SHOW VIEW ON scanned.* TO reader@localhost")
            monkeypatch.setenv("SCAN_PASSWORD", "open sesame")
            url = f"mysql://reader:${{SCAN_PASSWORD}}@127.0.0.1:{mariadb['port']}/scanned"
            yield cursor, bare(one_table("x"), url)
            cursor.execute("DROP DATABASE scanned")

    def test_everything_that_the_catalogue_says(self, shop):
        cursor, company = shop
        for statement in (
            "CREATE TABLE customer (id int unsigned PRIMARY KEY, name varchar(40) NOT NULL COMMENT '姓名', born date,"
            " kind enum('a','b'), marks set('x','y'), price decimal(12,2), at datetime, doc json, flag tinyint(1), bits bit(3),"
            " parent int unsigned, pic blob, FOREIGN KEY (parent) REFERENCES customer (id)) COMMENT '客户'",
            "CREATE TABLE line (a int, b int, c int unsigned, PRIMARY KEY (a, b), FOREIGN KEY (c) REFERENCES customer (id))",
            "CREATE TABLE `客户` (`编号` int)",
            "CREATE VIEW names AS SELECT name FROM customer",
            "INSERT INTO customer VALUES (1, '王伟', '2000-01-31', 'a', 'x,y', 1.50, '2024-01-01 10:00:00', '{}', 1, b'101', NULL, x'00')",
            "INSERT INTO customer VALUES (2, 'Ann', '0000-00-00', 'b', 'x', 2.50, NULL, NULL, 0, NULL, 1, NULL)",
        ):
            cursor.execute(statement)
        scan = scanned(company)
        assert {t.name: (t.native_name, t.kind, t.rows) for t in scan.tables} == {
            "customer": ("customer", "table", 2), "line": ("line", "table", 0),
            "u5ba2_u6237": ("客户", "table", 0), "names": ("names", "view", 2),
        }  # fmt: skip
        customer = scan.table("customer")
        types = {c.name: (c.type, c.native_type) for c in customer.columns}
        assert types["name"] == ("string", "VARCHAR(40)")
        assert types["price"] == ("decimal(12,2)", "DECIMAL(12, 2)")
        assert types["kind"] == ("string", "ENUM('a','b')")
        assert (customer.comment, customer.column("name").comment) == ("客户", "姓名")
        assert customer.primary_key == ("id",) and scan.table("line").primary_key == ("a", "b")
        assert customer.foreign_keys == (
            ForeignKey(columns=("parent",), table="customer", references=("id",)),
        )
        assert customer.column("name").profile.personal == "name"
        assert customer.column("born").profile.distinct == 2
        assert scan.failures == ()

    def test_a_view_of_nothing_does_not_stop_the_others(self, shop):
        cursor, company = shop
        for statement in (
            "CREATE TABLE a (x int)",
            "CREATE TABLE b (x int)",
            "CREATE VIEW v AS SELECT x FROM a",
            "DROP TABLE a",
        ):
            cursor.execute(statement)
        scan = scanned(company)
        assert [t.name for t in scan.tables] == ["b"]
        assert "references invalid table" in dict(scan.failures)["v"]

    def test_a_sample_is_taken_from_all_over_a_table(self, shop):
        cursor, company = shop
        cursor.execute("CREATE TABLE n (i int PRIMARY KEY)")
        cursor.execute("INSERT INTO n SELECT seq FROM seq_1_to_5000")
        (table,) = scanned(company, sample=100).tables
        assert (table.rows, table.columns[0].profile.sampled) == (5000, 100)
        assert int(table.columns[0].profile.maximum) > 4000

    def test_the_password_is_nowhere(self, shop, capsys, monkeypatch):
        cursor, company = shop
        cursor.execute("CREATE TABLE a (x int)")
        monkeypatch.setenv("SCAN_PASSWORD", "wrong&secret")
        assert rapport(["scan", "-w", str(company.path), "--format", "json"]) == 1
        told = capsys.readouterr()
        assert "refused the sign-in" in told.out
        monkeypatch.setenv("SCAN_PASSWORD", "open sesame")
        assert rapport(["scan", "-w", str(company.path), "--format", "json"]) == 0
        more = capsys.readouterr()
        kept = "".join(
            p.read_text() for p in scan_folder(company.repository.storage, "s").iterdir()
        )
        for secret in (
            "wrong&secret",
            "wrong%26secret",
            "open sesame",
            "open%20sesame",
            "open+sesame",
        ):
            assert secret not in told.out + told.err + more.out + more.err + kept


class TestSQLite:
    @pytest.fixture
    def shop(self, tmp_path, one_table):
        with closing(sqlite3.connect(tmp_path / "shop.sqlite", isolation_level=None)) as connection:
            yield (
                connection.executescript,
                bare(one_table("x"), f"sqlite:///{tmp_path}/shop.sqlite"),
            )

    def test_keys_views_and_an_empty_table(self, shop):
        execute, company = shop
        execute(
            "CREATE TABLE thing (id integer PRIMARY KEY, parent integer REFERENCES thing(id), name text);"
            "CREATE TABLE line (a int, b int, thing int REFERENCES thing(id), PRIMARY KEY (a, b));"
            "CREATE VIEW names AS SELECT name FROM thing;"
            "INSERT INTO thing VALUES (1, NULL, 'x'), (2, 1, 'y');"
        )
        line, names, thing = scanned(company).tables
        assert [(t.kind, t.rows) for t in (line, names, thing)] == [
            ("table", 0),
            ("view", 2),
            ("table", 2),
        ]
        assert line.primary_key == ("a", "b")
        assert line.foreign_keys == (
            ForeignKey(columns=("thing",), table="thing", references=("id",)),
        )
        assert thing.foreign_keys[0].table == "thing"

    def test_a_value_that_does_not_fit_its_column_is_seen_as_it_is(self, shop):
        execute, company = shop
        execute(
            "CREATE TABLE t (n integer, d date); INSERT INTO t VALUES (1, '2024-01-31'), ('many', 'soon')"
        )
        (table,) = scanned(company).tables
        assert [c.type for c in table.columns] == ["integer", "date"]
        number, day = (c.profile for c in table.columns)
        assert {p.pattern: p.share for p in number.patterns} == {"integer": 0.5, "text": 0.5}
        assert (number.distinct, day.distinct) == (2, 2)

    def test_a_view_of_nothing_does_not_stop_the_others(self, shop):
        execute, company = shop
        execute(
            "CREATE TABLE a (x int); CREATE TABLE b (x int); CREATE VIEW v AS SELECT x FROM a; DROP TABLE a"
        )
        scan = scanned(company)
        assert [t.name for t in scan.tables] == ["b"]
        assert "no such table" in dict(scan.failures)["v"]

    def test_a_sample_is_taken_from_all_over_a_table(self, shop):
        execute, company = shop
        execute(
            "CREATE TABLE n AS WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 5000) SELECT i FROM s;"
            "CREATE TABLE k (i int PRIMARY KEY) WITHOUT ROWID; INSERT INTO k SELECT i FROM n"
        )
        keyed, plain = scanned(company, sample=100).tables
        assert (plain.rows, plain.columns[0].profile.sampled) == (5000, 100)
        assert int(plain.columns[0].profile.maximum) > 4900
        # Without row numbers the first rows have to do.
        assert (keyed.rows, keyed.columns[0].profile.maximum) == (5000, "100")

    def test_a_file_that_is_no_database(self, shop, tmp_path):
        _, company = shop
        (tmp_path / "shop.sqlite").write_text("no database at all, but long enough to be one" * 30)
        found = looked(company)
        assert found.scan is None
        assert "not a database" in str(found.issues[0])
        assert "sources/s.yaml:2" in str(found.issues[0])


class TestSilence:
    """A server that takes the connection and never says a word."""

    @pytest.fixture
    def silent(self):
        held = []
        server = socket.create_server(("127.0.0.1", 0))

        def accept():
            while True:
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.close()
        for connection in held:
            connection.close()

    @pytest.mark.parametrize("scheme", ["mysql", "postgresql"])
    def test_it_is_given_up_and_holds_nobody(self, silent, one_table, scheme, tmp_path):
        company = bare(one_table("x"), f"{scheme}://u:hush@127.0.0.1:{silent}/d")
        company.write("sources/t.yaml", "source: t\nurl: data\n")
        company.write("data/a.csv", "id\n1\n")
        began = time.monotonic()
        by_name = {
            each.source: each
            for each in scan_sources(company.repository, ["s", "t"], Look(seconds=2))
        }
        assert by_name["t"].scan is not None
        assert by_name["s"].scan is None
        # Not how fast it is, but that it ends at all.
        assert time.monotonic() - began < 60
        told = "\n".join(map(str, by_name["s"].issues))
        assert "sources/s.yaml:2" in told and "hush" not in told

    def test_more_dead_sources_than_places_hold_nobody(self, silent, one_table):
        company = one_table("x")
        (company.path / "mappings" / "m.yaml").unlink()
        (company.path / "sources" / "s.yaml").unlink()
        for number in range(10):
            company.write(
                f"sources/dead{number}.yaml",
                f"source: dead{number}\nurl: mysql://u:p@127.0.0.1:{silent}/d\n",
            )
        company.write("sources/zlast.yaml", "source: zlast\nurl: data\n")
        company.write("data/a.csv", "id\n1\n")
        names = sorted(company.repository.sources)
        found = {
            each.source: each for each in scan_sources(company.repository, names, Look(seconds=1))
        }
        assert set(found) == set(names)
        assert [name for name, each in found.items() if each.scan] == ["zlast"]

    def test_a_source_without_time_left_keeps_its_structure(self, one_table, tmp_path):
        with closing(sqlite3.connect(tmp_path / "x.sqlite")) as connection:
            connection.execute("CREATE TABLE a (x int)")
        scan = scanned(bare(one_table("x"), f"sqlite:///{tmp_path}/x.sqlite"), seconds=1e-9)
        assert [c.name for c in scan.table("a").columns] == ["x"]
        assert "were over" in dict(scan.failures)["a"]


def test_documents_say_which_release_could_read_them(one_table, tmp_path):
    """What a later release adds is no error to this one."""
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as connection:
        connection.execute("CREATE TABLE a (x int)")
    company = bare(one_table("x"), f"sqlite:///{tmp_path}/x.sqlite")
    scanned(company)
    (path,) = scan_folder(company.repository.storage, "s").glob("*.json")
    content = json.loads(path.read_text())
    content["tables"][0]["later"] = content["later"] = 1
    path.write_text(json.dumps(content))
    assert scanned(company).version == 1
