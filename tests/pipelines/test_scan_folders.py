"""Folders: every file, family of files and worksheet is a table, and what cannot be read is told."""

from __future__ import annotations

import codecs
import json
from datetime import date

import duckdb
import openpyxl
import pytest

from metadata.scan import Scan
from pipelines.extract import extract_source
from pipelines.scan import Look, scan_sources
from pipelines.scan.titles import header_row_of


@pytest.fixture
def folder(one_table):
    """A company whose source is a folder and lists no tables."""
    company = one_table("data")
    company.write("sources/s.yaml", "source: s\nurl: data\n")
    (company.path / "mappings" / "m.yaml").unlink()
    (company.path / "data").mkdir()
    return company


def scanned(company, **look) -> Scan:
    (found,) = scan_sources(company.repository, ["s"], Look(**look))
    assert found.scan is not None, found.issues
    return found.scan


def tables(scan):
    return {t.name: (t.native_name, t.rows) for t in scan.tables}


def workbook(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


def test_every_kind_of_file_is_a_table(folder):
    data = folder.path / "data"
    folder.write("data/a.csv", "id,name\n1,x\n2,y\n")
    folder.write("data/b.tsv", "id\tname\n1\tx\n")
    folder.write("data/c.json", json.dumps([{"id": 1, "inner": {"deep": "x"}}]))
    folder.write("data/d.jsonl", '{"id": 1}\n{"id": 2}\n')
    duckdb.sql(
        "SELECT 1::INT AS id, 2.50::DECIMAL(9,2) AS price, NOW()::TIMESTAMP AS at"
    ).write_parquet(str(data / "e.parquet"))
    workbook(data / "f.xlsx", Sheet=[["id", "day"], [1, "x"]])
    scan = scanned(folder)
    assert tables(scan) == {
        "a": ("a.csv", 2), "b": ("b.tsv", 1), "c": ("c.json", 1), "d": ("d.jsonl", 2),
        "e": ("e.parquet", 1), "f": ("f.xlsx", 1),
    }  # fmt: skip
    assert [c.name for c in scan.table("c").columns] == ["id", "inner_deep"]
    assert [c.type for c in scan.table("e").columns] == ["integer", "decimal(9,2)", "timestamp"]
    assert [c.type for c in scan.table("a").columns] == ["string", "string"]
    assert scan.failures == ()


def test_files_that_differ_in_numbers_alone_are_one_table(folder):
    for month in ("2024-01", "2024-02"):
        folder.write(f"data/orders/{month}.csv", "id,amount\n1,2\n")
        folder.write(f"data/sales_{month}.csv", "id,amount\n1,2\n")
        folder.write(f"data/log/year={month[:4]}/month={month[5:]}/part-0.csv", "id\n1\n")
    folder.write("data/sales_final.csv", "id,other\n1,2\n")
    folder.write("data/address1.csv", "street,city\nx,y\n")
    folder.write("data/address2.csv", "iban,bic\nx,y\n")
    assert tables(scanned(folder)) == {
        "orders": ("orders/*.csv", 2),
        "sales": ("sales_*-*.csv", 2),
        "sales_final": ("sales_final.csv", 1),
        "log_year_month_part": ("log/year=*/month=*/*.csv", 2),
        "address1": ("address1.csv", 1),
        "address2": ("address2.csv", 1),
    }


def test_a_first_file_of_a_series_is_called_as_the_series_will_be(folder):
    folder.write("data/drop_20240131.csv", "id\n1\n")
    first = scanned(folder)
    folder.write("data/drop_20240229.csv", "id\n2\n")
    second = scanned(folder)
    assert tables(first) == {"drop": ("drop_*.csv", 1)}
    assert tables(second) == {"drop": ("drop_*.csv", 2)}
    assert first.version == second.version == 1


def test_worksheets_are_tables_and_empty_ones_are_none(folder):
    workbook(
        folder.path / "data" / "Book 1.xlsx",
        Kunden=[["id"], [1]],
        客户=[["id"], [1], [2]],
        Empty=[],
    )
    scan = scanned(folder)
    assert tables(scan) == {
        "book_1_kunden": ("Book 1.xlsx#Kunden", 1),
        "book_1_u5ba2_u6237": ("Book 1.xlsx#客户", 2),
    }
    assert [(t.path, t.sheet) for t in scan.tables] == [
        ("Book 1.xlsx", "Kunden"),
        ("Book 1.xlsx", "客户"),
    ]


def test_declared_tables_keep_their_names_and_what_they_cover_is_not_told_twice(folder):
    for month in ("01", "02"):
        folder.write(f"data/o/{month}.csv", "id;x\n1;2\n")
    folder.write("data/plain.csv", "id\n1\n")
    workbook(folder.path / "data" / "book.xlsx", One=[["id"], [1]], Two=[["id"], [1]])
    folder.write(
        "sources/s.yaml",
        "source: s\nurl: data\ntables:\n  Order: {path: o/*.csv}\n".replace("Order", "order_line")
        + "  plain: {columns: [id], where: id = '5'}\n  first: {path: book.xlsx, sheet: One}\n  lost: {}\n",
    )
    scan = scanned(folder)
    assert tables(scan) == {
        "order_line": ("o/*.csv", 2), "plain": ("plain.csv", 1), "first": ("book.xlsx#One", 1),
        "book_two": ("book.xlsx#Two", 1),
    }  # fmt: skip
    ((name, reason),) = scan.failures
    assert name == "lost"
    assert "There is no file for table 'lost'" in reason


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8-sig", "id,word\n1,Müller\n"),
        ("cp1252", "id,word\n1,Müller – Straße\n2,Café\n"),
        ("gb18030", "编号,词语\n1,北京客户有限公司\n2,上海\n"),
        ("utf-16", "id,word\n1,Müller\n"),
        ("utf-16-le", "id,word\n1,Müller\n2,Anna\n"),
        ("utf-16-be", "id,word\n1,Müller\n2,Anna\n"),
    ],
)
def test_the_encoding_of_texts_is_found_and_told(folder, encoding, text):
    folder.write("data/things.csv", text, encoding)
    scan = scanned(folder)
    (table,) = scan.tables
    assert [c.name for c in table.columns] == text.splitlines()[0].split(",")
    assert scan.failures == ()
    expected = {"utf-8-sig": ()}.get(encoding, (encoding,))
    assert table.encoding == expected
    values = [value for value, _ in table.columns[1].profile.top]
    assert text.splitlines()[1].split(",")[1] in values


def test_of_utf_16_either_byte_may_come_first(folder):
    path = folder.path / "data" / "things.csv"
    path.write_bytes(codecs.BOM_UTF16_BE + "id,word\r\n1,Müller\r\n2,北京\n".encode("utf-16-be"))
    (table,) = scanned(folder).tables
    assert (table.rows, table.encoding) == (2, ("utf-16",))
    assert {v for v, _ in table.columns[1].profile.top} == {"Müller", "北京"}


REPORT = [["Sales of 2023"], [], ["as of 31 December"], ["Order No", "Day", "Amount"],
          *([f"O{n}", date(2023, 1, n + 1), n * 1.5] for n in range(9))]  # fmt: skip


def test_titles_above_a_table_are_no_header(folder):
    data = folder.path / "data"
    workbook(data / "book.xlsx", Report=REPORT, Plain=[["id", "name"], [1, "x"]])
    lines = [",".join(map(str, row)) for row in REPORT]
    folder.write("data/report.csv", "\n".join(lines) + "\n")
    scan = scanned(folder)
    for name in ("book_report", "report"):
        table = scan.table(name)
        assert [c.name for c in table.columns] == ["Order No", "Day", "Amount"]
        assert (table.rows, table.header_row) == (9, 4)
    assert scan.table("book_plain").header_row is None
    assert [c.type for c in scan.table("book_report").columns] == ["string", "date", "double"]


@pytest.mark.parametrize(
    "text",
    [
        "id,name\n1,x\n",  # nothing above it
        "id\n1\n2\n",  # one column
        "total\n1,2\n3,4\n",  # numbers name nothing
        "title\na,a\n1,2\n",  # a name stands twice
        "title\na,b,c,d\n",  # nothing below
    ],
)
def test_what_is_no_title(text, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(text)
    assert header_row_of(path, None, "utf-8") is None


def test_a_first_worksheet_may_be_empty(folder):
    workbook(folder.path / "data" / "book.xlsx", Cover=[], Data=[["id"], [1], [2]])
    (table,) = scanned(folder).tables
    assert (table.name, table.sheet, table.rows) == ("book", "Data", 2)


def test_a_family_of_several_encodings(folder):
    folder.write("data/x/2023.csv", "id,name\n1,Müller\n", "cp1252")
    folder.write("data/x/2024.csv", "id,name\n2,Jürgen\n")
    (table,) = scanned(folder).tables
    assert (table.rows, table.encoding) == (2, ("utf-8", "cp1252"))
    assert {v for v, _ in table.columns[1].profile.top} == {"Müller", "Jürgen"}


def test_what_a_scan_says_of_a_file_is_what_tables_must_say(folder):
    """A table written as the scan says is read as the scan read it."""
    folder.write("data/ä [1] b.csv", "id,name\n1,Müller\n", "cp1252")
    workbook(folder.path / "data" / "w.xlsx", A=[["id"], [1]], B=REPORT)
    scan = scanned(folder)
    lines = [
        f"  {t.name}: {json.dumps({k: v for k, v in [('path', t.path), ('sheet', t.sheet), ('encoding', list(t.encoding)), ('header_row', t.header_row)] if v}, ensure_ascii=False)}"
        for t in scan.tables
    ]
    folder.write("sources/s.yaml", "source: s\nurl: data\ntables:\n" + "\n".join(lines) + "\n")
    again = scanned(folder)
    assert {t.name: (t.columns, t.rows) for t in again.tables} == {
        t.name: (t.columns, t.rows) for t in scan.tables
    }
    assert again.failures == () and again.version == scan.version


def test_what_is_no_data_is_left_out(folder):
    folder.write("data/readme.txt", "This folder holds drops.\nAsk Anna.\n")
    folder.write("data/table.txt", "id|name\n1|x\n")
    folder.write("data/.hidden.csv", "id\n1\n")
    folder.write("data/.git/x.csv", "id\n1\n")
    folder.write("data/~$book.xlsx", "locked")
    folder.write("data/picture.png", "png")
    assert tables(scanned(folder)) == {"table": ("table.txt", 1)}


def test_broken_files_are_told_and_the_others_scanned(folder):
    folder.write("data/good.csv", "id\n1\n")
    folder.write("data/empty.csv", "")
    folder.write("data/header.csv", "id,name\n")
    folder.write("data/broken.csv", "id,name\n1,x\n2\n")
    folder.write("data/no.parquet", "not parquet")
    folder.write("data/no.xlsx", "not a workbook")
    folder.write("data/no.json", '[{"a": 1')
    scan = scanned(folder)
    assert tables(scan) == {"good": ("good.csv", 1), "header": ("header.csv", 0)}
    assert {name for name, _ in scan.failures} == {"broken", "empty", "no", "no_2", "no_3"}
    assert "line 3" in dict(scan.failures)["broken"]


def test_a_folder_that_is_not_there(folder):
    folder.write("sources/s.yaml", "source: s\nurl: nowhere\n")
    (found,) = scan_sources(folder.repository, ["s"], Look())
    assert found.scan is None
    assert "folder of the source is not there" in str(found.issues[0])
    assert str(found.issues[0].where) == "sources/s.yaml:2"


def test_an_empty_folder_holds_no_tables(folder):
    scan = scanned(folder)
    assert (scan.tables, scan.failures) == ((), ())


def test_a_sample_is_taken_from_all_over_a_file(folder):
    folder.write("data/long.csv", "n\n" + "\n".join(map(str, range(100_000))) + "\n")
    (table,) = scanned(folder, sample=500).tables
    profile = table.columns[0].profile
    assert table.rows == 100_000
    assert (profile.sampled, profile.distinct, profile.minimum) == (500, 500, "0")
    assert int(profile.maximum) > 99_000


def test_without_values_only_structure_is_told(folder):
    folder.write("data/a.csv", "id\n1\n2\n")
    (table,) = scanned(folder, profile=False).tables
    assert table.rows == 2
    assert table.columns[0].profile is None


def test_extraction_reads_what_was_scanned(folder, tmp_path):
    from contextlib import closing

    from pipelines.control import Control
    from pipelines.storage import Storage

    folder.write("data/drops/2024-01.csv", "id,name\n1,x\n")
    (table,) = scanned(folder).tables
    folder.write(
        "sources/s.yaml", f"source: s\nurl: data\ntables:\n  drops: {{path: '{table.path}'}}\n"
    )
    storage = Storage.of(folder.repository)
    with closing(Control(storage)) as control:
        ((_, outcome),) = extract_source(folder.repository, storage, control, "r", "s", ["drops"])
    assert outcome.rows == 1
