"""Drafts from every kind of source: accepted as they stand, loaded, and never over people's edits."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import openpyxl
import psycopg
import pymysql
import pytest
import sqlalchemy as sa

from benchmarks.invented import Schema, schemas
from pipelines.cli import run as rapport

REASON = re.compile(r"# (0\.\d\d|1\.00): .")


@pytest.fixture(scope="module")
def invented() -> dict[str, Schema]:
    return {schema.name: schema for schema in schemas()}


def asked(company, *arguments):
    return rapport([*arguments, "-w", str(company.path)])


def drafted(company, folder="drafts"):
    """Scan the source, draft mappings, and put them in place."""
    drafts = company.path.parent / folder
    assert asked(company, "scan", "s") == 0
    assert asked(company, "propose", "s", "--write", str(drafts)) == 0
    shutil.copytree(drafts, company.path, dirs_exist_ok=True)
    return drafts


def loaded(company, capsys):
    """Rows by step, of a workspace that passes the check."""
    capsys.readouterr()
    assert asked(company, "check") == 0, capsys.readouterr().err
    report = company.load()
    assert report.ok, [str(issue) for step in report.steps for issue in step.issues]
    return {step.name: step.rows_out for step in report.steps}


def into_database(schema: Schema, engine: sa.Engine) -> None:
    """The rows of a made-up schema as tables with keys and references."""
    with engine.begin() as connection:
        metadata = sa.MetaData()
        for name, rows in schema.tables.items():
            keys = schema.keys.get(name, ())
            columns = [sa.Column(c, kind(rows, c), primary_key=c in keys) for c in rows[0]]
            sa.Table(name, metadata, *columns)
        metadata.create_all(connection)
        for name, rows in schema.tables.items():
            connection.execute(metadata.tables[name].insert(), rows)


def kind(rows, column):
    value = next((row[column] for row in rows if row[column] is not None), "")
    match value:
        case bool():
            return sa.Boolean()
        case int():
            return sa.Integer()
        case float():
            return sa.Numeric(14, 2)
        case _ if hasattr(value, "hour"):
            return sa.DateTime()
        case _ if hasattr(value, "year"):
            return sa.Date()
        case _:
            return sa.String(200)


class TestEverySource:
    def test_postgresql(self, invented, company, postgres, monkeypatch, capsys):
        schema = invented["pharmacy_wholesale"]
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS proposals")
            connection.execute("CREATE DATABASE proposals")
        address = sa.make_url(postgres).set(drivername="postgresql+psycopg", database="proposals")
        engine = sa.create_engine(address)
        into_database(schema, engine)
        engine.dispose()
        plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
        monkeypatch.setenv("PROPOSALS_URL", plain)
        company.write("sources/s.yaml", "source: s\nurl: ${PROPOSALS_URL}\n")
        drafted(company)
        rows = loaded(company, capsys)
        assert rows["dim_customer"] == len(schema.tables["tblPharmacy"]) + 1
        assert rows["fact_sales"] == len(schema.tables["tblOrderPos"])

    def test_mariadb(self, invented, company, mariadb, monkeypatch, capsys):
        schema = invented["help_desk"]
        address = {key: value for key, value in mariadb.items() if key != "port"}
        with pymysql.connect(**address) as connection, connection.cursor() as cursor:
            cursor.execute("DROP DATABASE IF EXISTS proposals")
            cursor.execute("CREATE DATABASE proposals CHARACTER SET utf8mb4")
            cursor.execute("GRANT ALL ON proposals.* TO reader@'%'")
            cursor.execute("GRANT ALL ON proposals.* TO reader@localhost")
        url = f"mysql+pymysql://reader:open%20sesame@127.0.0.1:{mariadb['port']}/proposals"
        engine = sa.create_engine(url)
        into_database(schema, engine)
        engine.dispose()
        monkeypatch.setenv("PROPOSALS_URL", url.replace("+pymysql", ""))
        company.write("sources/s.yaml", "source: s\nurl: ${PROPOSALS_URL}\n")
        drafted(company)
        rows = loaded(company, capsys)
        assert rows["fact_cases"] > 0

    def test_sqlite(self, invented, company, capsys):
        schema = invented["charity"]
        url = schema.write(company.path.parent / "data")
        company.write("sources/s.yaml", f"source: s\nurl: {url}\n")
        drafted(company)
        rows = loaded(company, capsys)
        assert rows["dim_customer"] == len(schema.tables["donors"]) + 1
        assert rows["fact_campaign_contacts"] == len(schema.tables["appeal_mailings"])

    def test_chinese_files_half_of_them_worksheets(self, invented, company, capsys):
        schema = invented["training_cn"]
        data = company.path / "data"
        data.mkdir(parents=True)
        book = openpyxl.Workbook()
        book.remove(book.active)
        for position, (name, rows) in enumerate(schema.tables.items()):
            if position % 2:
                with (data / f"{name}.csv").open("w", newline="", encoding="gb18030") as file:
                    writer = csv.DictWriter(file, list(rows[0]))
                    writer.writeheader()
                    writer.writerows(rows)
            else:
                sheet = book.create_sheet(name)
                sheet.append(list(rows[0]))
                for row in rows:
                    sheet.append(list(row.values()))
        book.save(data / "学校.xlsx")
        company.write("sources/s.yaml", "source: s\nurl: data\n")
        drafted(company)
        rows = loaded(company, capsys)
        assert rows["dim_customer"] == len(schema.tables["学员信息表"]) + 1
        assert rows["dim_employee"] == len(schema.tables["员工表"]) + 1
        assert rows["fact_orders"] == len(schema.tables["报名订单"])

    def test_two_schemas_with_tables_of_one_name(self, company, postgres, monkeypatch, capsys):
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS two_schemas")
            connection.execute("CREATE DATABASE two_schemas")
        address = sa.make_url(postgres).set(drivername="postgresql", database="two_schemas")
        url = address.render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                """
                CREATE SCHEMA sales; CREATE SCHEMA hr;
                CREATE TABLE sales.people (customer_no text PRIMARY KEY, customer_name text, city text);
                INSERT INTO sales.people SELECT 'C' || n, 'Ann ' || n, 'Bonn' FROM generate_series(1, 40) n;
                CREATE TABLE hr.people (employee_no text PRIMARY KEY, employee_name text, job_title text);
                INSERT INTO hr.people SELECT 'E' || n, 'Eve ' || n, 'Clerk' FROM generate_series(1, 9) n;
                """
            )
        monkeypatch.setenv("PROPOSALS_URL", url)
        company.write("sources/s.yaml", "source: s\nurl: ${PROPOSALS_URL}\n")
        drafted(company)
        rows = loaded(company, capsys)
        assert (rows["dim_customer"], rows["dim_employee"]) == (41, 10)


NASTY = {
    "order": ("select", 'customer "id"', "order date", "total: amount", "from", "o'brien"),
    "Kunden \N{GRINNING FACE} list": (
        "customer id", "full name", "e-mail \N{E-MAIL SYMBOL}", "city\ttab", "null", "true",
        "- dash", "{brace}", "#hash", "a: b", "new\nline", "customer_" + "very_" * 40 + "long_name",
    ),
    "wide customers": ("id", "name", "email", *(f"attribute {n}" for n in range(997))),
    "moon phases": ("phase", "albedo"),
}  # fmt: skip


class TestStrangeSources:
    @pytest.fixture
    def strange(self, company):
        company.path.mkdir(parents=True, exist_ok=True)
        path = company.path / "strange.sqlite"
        with closing(sqlite3.connect(path)) as connection:
            for table, names in NASTY.items():
                columns = ", ".join(f"{quoted(name)} TEXT" for name in names)
                key = f", PRIMARY KEY ({quoted(names[0])})" if table != "moon phases" else ""
                connection.execute(f"CREATE TABLE {quoted(table)} ({columns}{key})")
                marks = ", ".join("?" for _ in names)
                for row in range(30):
                    values = [value(name, row) for name in names]
                    connection.execute(f"INSERT INTO {quoted(table)} VALUES ({marks})", values)
            connection.execute(
                'CREATE TABLE "order items" ("order" TEXT, pos INTEGER, "product no" TEXT,'
                ' qty INTEGER, "unit price" REAL, PRIMARY KEY ("order", pos))'
            )
            lines = [(f"S{n // 2}", n % 2 + 1, f"P{n % 7}", 2, 1.25) for n in range(60)]
            connection.executemany('INSERT INTO "order items" VALUES (?, ?, ?, ?, ?)', lines)
            connection.execute("CREATE TABLE invoices (invoice_id TEXT PRIMARY KEY, issued TEXT)")
            connection.execute(
                'CREATE VIEW "orders of today" AS SELECT "select", "order date" FROM "order"'
            )
            connection.commit()
        company.write("sources/s.yaml", f"source: s\nurl: sqlite:///{path}\n")
        return company

    def test_names_widths_views_and_empty_tables(self, strange, capsys):
        drafts = drafted(strange)
        rows = loaded(strange, capsys)
        assert rows["fact_sales"] == 60 and rows["fact_orders"] == 30
        assert rows["invoice"] == 0
        source = (drafts / "sources" / "s.yaml").read_text()
        # What fits nothing is told, not forced; a view repeats its table.
        assert "moon_phases: it is like no entity" in source
        assert "orders_of_today: a view of what 'order' holds" in source
        assert "moon" not in "".join(p.read_text() for p in drafts.glob("mappings/*"))

    def test_a_wide_table_does_not_fill_its_draft(self, strange, capsys):
        drafts = drafted(strange)
        wide = (drafts / "mappings" / "s_customer.yaml").read_text()
        assert " more." in wide and len(wide.splitlines()) < 120

    def test_every_column_has_its_confidence_and_reason(self, strange, capsys):
        drafts = drafted(strange)
        for path in drafts.glob("mappings/*.yaml"):
            lines = path.read_text().splitlines()
            begin = [n for n, line in enumerate(lines) if line == "columns:"]
            for first in begin:
                for number in range(first + 1, len(lines)):
                    line = lines[number]
                    if not line.startswith("  "):
                        break
                    if not line.startswith("  # "):
                        told = REASON.search(line) or REASON.search(lines[number - 1])
                        assert told, line
        capsys.readouterr()
        assert asked(strange, "propose", "s", "--again", "--format", "json") == 0
        proposal = json.loads(capsys.readouterr().out)
        columns = [c for mapping in proposal["mappings"] for c in mapping["columns"]]
        assert columns and all(0 <= c["confidence"] <= 0.95 and c["reason"] for c in columns)


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def value(name, row):
    if name in ("select", "customer id", "id"):
        return f"S{row}" if name == "select" else f"{name[0].upper()}{row}"
    if "mail" in name:
        return f"ann{row}@x.example"
    if "date" in name:
        return f"2024-03-{row % 28 + 1:02}"
    return {"total: amount": f"{row}.50", 'customer "id"': f"C{row}", "albedo": "0.1"}.get(
        name, f"{name[:5]} {row % 9}"
    )


class TestASecondTime:
    @pytest.fixture
    def mapped(self, company):
        folder = company.path / "data"
        folder.mkdir(parents=True)
        people = ["cust_no,full_name,e_mail"]
        people += [f"C{n:03},Ann Person{n},ann{n}@x.example" for n in range(40)]
        (folder / "clients.csv").write_text("\n".join(people) + "\n")
        company.write("sources/s.yaml", "source: s\nurl: data\n")
        drafted(company)
        path = company.path / "mappings" / "s_customer.yaml"
        text = path.read_text()
        text = text.replace("  name:", "  # As the head office wants it.\n  name:")
        path.write_text(text.replace("[trim, collapse_spaces]", "[trim, collapse_spaces, upper]"))
        return company

    def grow(self, company):
        path = company.path / "data" / "clients.csv"
        head, *rows = path.read_text().splitlines()
        rows = [f"{row},19{50 + n}-01-05,Bonn" for n, row in enumerate(rows)]
        path.write_text("\n".join([f"{head},birth_dt,city", *rows]) + "\n")
        orders = ["order_no,cust_no,order_dt"]
        orders += [f"O{n:04},C{n % 40:03},2024-{n % 12 + 1:02}-07" for n in range(120)]
        (company.path / "data" / "orders.csv").write_text("\n".join(orders) + "\n")

    def test_nothing_new_is_nothing_to_propose(self, mapped, capsys):
        before = texts(mapped.path)
        assert asked(mapped, "scan", "s") == 0
        capsys.readouterr()
        assert asked(mapped, "propose", "s", "--format", "json") == 0
        proposal = json.loads(capsys.readouterr().out)
        assert proposal["mappings"] == proposal["additions"] == []
        assert proposal["files"] == {}
        assert texts(mapped.path) == before

    def test_new_columns_are_added_to_what_people_have_written(self, mapped, capsys):
        self.grow(mapped)
        before = texts(mapped.path)
        drafts = mapped.path.parent / "again"
        assert asked(mapped, "scan", "s") == 0
        assert asked(mapped, "propose", "s", "--write", str(drafts)) == 0
        assert texts(mapped.path) == before, "a file of the workspace was changed"
        old = before["mappings/s_customer.yaml"].splitlines()
        new = (drafts / "mappings" / "s_customer.yaml").read_text().splitlines()
        added = [line for line in new if line not in old]
        assert [line for line in new if line in old] == old, "a line was lost"
        assert [line for line in added if "#" not in line] == [
            "  birth_date: birth_dt", "  city: city"
        ]  # fmt: skip
        assert any("# 0.95: 'birth_dt' means birth_date" in line for line in added)

        shutil.copytree(drafts, mapped.path, dirs_exist_ok=True)
        rows = loaded(mapped, capsys)
        assert (rows["dim_customer"], rows["fact_orders"]) == (41, 120)

    def test_what_is_printed_says_so_too(self, mapped, capsys):
        self.grow(mapped)
        assert asked(mapped, "scan", "s") == 0
        capsys.readouterr()
        assert asked(mapped, "propose", "s") == 0
        printed = capsys.readouterr().out
        assert (
            "# mappings/s_customer.yaml fills customer from s.clients. It could also have:"
            in printed
        )
        assert "birth_date: birth_dt" in printed

    @pytest.mark.parametrize(
        ("rule", "added"),
        [
            ("mobile_phone: Tel.", set()),
            ("mobile_phone: {expr: 'trim(\"Tel.\")'}", set()),
            ("region: city", {"phone"}),
        ],
    )
    def test_what_is_read_is_not_proposed_again(self, company, rule, added, capsys):
        people = ["cust_no,full_name,Tel.,city"]
        people += [f"C{n:03},Ann Person{n},+49 228 12{n:03},Bonn" for n in range(40)]
        (company.path / "data").mkdir(parents=True)
        (company.path / "data" / "clients.csv").write_text("\n".join(people) + "\n")
        company.write("sources/s.yaml", "source: s\nurl: data\ntables: {clients: {}}\n")
        company.write(
            "mappings/customer.yaml",
            "entity: customer\nfrom: s.clients\ncolumns:\n  customer_id: cust_no\n"
            f"  name: full_name\n  {rule}\n",
        )
        assert asked(company, "scan", "s") == 0
        capsys.readouterr()
        assert asked(company, "propose", "s", "--format", "json") == 0
        proposal = json.loads(capsys.readouterr().out)
        columns = [c["column"] for each in proposal["additions"] for c in each["columns"]]
        assert set(columns) - {"city"} == added

    def test_a_draft_never_has_the_name_of_a_file_that_is_there(self, mapped, capsys):
        more = ["member_id,member_name"] + [f"M{n},Bob {n}" for n in range(20)]
        (mapped.path / "data" / "members.csv").write_text("\n".join(more) + "\n")
        drafts = drafted(mapped, "again")
        text = (drafts / "mappings" / "s_customer_2.yaml").read_text()
        assert "Also filled from s.clients: rows with the same key become one." in text
        assert not (drafts / "mappings" / "s_customer.yaml").exists()
        assert "As the head office wants it" in texts(mapped.path)["mappings/s_customer.yaml"]
        assert loaded(mapped, capsys)["dim_customer"] == 61

    def test_drafts_are_not_written_over_the_workspace(self, mapped, capsys):
        self.grow(mapped)
        before = texts(mapped.path)
        assert asked(mapped, "scan", "s") == 0
        assert asked(mapped, "propose", "s", "--write", str(mapped.path)) == 1
        assert "nothing has been written" in capsys.readouterr().err
        assert texts(mapped.path) == before


def texts(root: Path) -> dict[str, str]:
    return {str(p.relative_to(root)): p.read_text() for p in sorted(root.rglob("*.yaml"))}
