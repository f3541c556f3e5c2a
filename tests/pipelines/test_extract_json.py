"""JSON and Parquet as systems write them, and sheets whose header is not the first row: nothing is lost."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.control import Control
from pipelines.extract import Extracted, extract_source
from pipelines.session import new_run
from pipelines.storage import Storage


@pytest.fixture
def read(one_table):
    """Write a file of the source, read it, and give the rows landed or the message."""

    def _read(name, content, columns, table="{primary_key: [id]}"):
        company = one_table("data", table)
        (company.path / "data").mkdir(exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        (company.path / "data" / name).write_bytes(data)
        storage = Storage.of(company.repository)
        with closing(Control(storage)) as control:
            ((_, outcome),) = extract_source(
                company.repository, storage, control, new_run(), "s", ["thing"]
            )
        if not isinstance(outcome, Extracted):
            return str(outcome)
        file = storage.landed("s", "thing") / f"{outcome.batch}.parquet"
        with duckdb.connect() as connection:
            return connection.execute(f"SELECT {columns} FROM '{file}' ORDER BY _row").fetchall()

    return _read


def lines(*records):
    return "\n".join(json.dumps(record) for record in records)


class TestTypesThatChangeOnTheWay:
    def test_a_late_text_among_numbers_makes_the_column_text_and_loses_no_row(self, read):
        """The odd value comes long after any sample: 30,000 rows down."""
        records = [{"id": i, "n": i * 1.5} for i in range(30_000)]
        records[29_000]["n"] = "12,50"
        found = read("thing.jsonl", lines(*records), "id, n")
        assert len(found) == 30_000
        assert found[1] == (1, "1.5") and found[29_000] == (29_000, "12,50")

    def test_texts_come_without_json_quotes(self, read):
        found = read("thing.json", json.dumps([{"id": 1, "n": "a"}, {"id": 2, "n": 5}]), "n")
        assert found == [("a",), ("5",)]

    def test_a_day_that_is_none_makes_the_column_text(self, read):
        found = read("thing.jsonl", lines({"id": 1, "n": "2024-01-05"}, {"id": 2, "n": "-"}), "n")
        assert found == [("2024-01-05",), ("-",)]

    def test_long_numbers_keep_every_digit(self, read):
        written = '{"id": 12345678901234567890123, "n": 9007199254740993, "f": 0.1}\n'
        written += '{"id": 12345678901234567890124, "n": 1.5, "f": 0.30000000000000004}'
        assert read("thing.jsonl", written, "id, n, f") == [
            ("12345678901234567890123", "9007199254740993", 0.1),
            ("12345678901234567890124", "1.5", 0.1 + 0.2),
        ]

    def test_a_field_that_comes_late_or_never_has_a_value(self, read):
        found = read(
            "thing.jsonl", lines({"id": 1, "n": None}, {"id": 2, "n": None, "x": 1}), "id, n, x"
        )
        assert found == [(1, None, None), (2, None, 1)]


class TestRecordsWithinRecords:
    def test_objects_are_columns_of_their_own_and_lists_are_json(self, read):
        found = read(
            "thing.json",
            json.dumps(
                [
                    {"id": 1, "at": {"city": "Köln", "geo": {"lat": 50.9}}, "tags": ["a", "b"]},
                    {"id": 2, "at": None, "tags": []},
                ]
            ),
            "id, at_city, at_geo_lat, tags",
        )
        assert found == [(1, "Köln", 50.9, '["a","b"]'), (2, None, None, "[]")]

    def test_objects_that_have_different_fields(self, read):
        records = [{"id": i, "of": {f"k{i % 50}": i}} for i in range(200)]
        found = read("thing.jsonl", lines(*records), "id, of_k7")
        assert [row for row in found if row[1] is not None] == [(i, i) for i in (7, 57, 107, 157)]

    def test_a_name_that_is_taken_gets_a_number(self, read):
        record = {"id": 1, "a": {"b": 2}, "a_b": 3}
        assert read("thing.jsonl", lines(record), "a_b, a_b_3") == [(2, 3)]

    def test_a_filter_of_the_source_speaks_of_them(self, read):
        records = [{"id": 1, "at": {"city": "Rome"}}, {"id": 2, "at": {"city": "Oslo"}}]
        table = "{primary_key: [id], where: \"at_city = 'Oslo'\"}"
        assert read("thing.jsonl", lines(*records), "id", table) == [(2,)]


class TestHowItIsWritten:
    def test_a_byte_order_mark(self, read):
        assert read("thing.json", '\ufeff[{"id": 1}]', "id") == [(1,)]

    @pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "cp1252"])
    def test_another_encoding(self, read, encoding):
        content = '[{"id": "ä"}]'.encode(encoding)
        table = f"{{primary_key: [id], encoding: {encoding}}}"
        assert read("thing.json", content, "id", table) == [("ä",)]

    def test_the_wrong_encoding_is_told_with_its_line(self, read):
        told = read("thing.jsonl", b'{"id": "a"}\n{"id": "\xe4"}', "id")
        assert told.startswith("sources/s.yaml:4: thing.jsonl, line 2 is not UTF-8 text.")

    @pytest.mark.parametrize("content", ["", "[]", " [\n] \n"])
    def test_a_file_without_records_is_told(self, read, content):
        told = read("thing.json", content, "id")
        assert told.startswith("sources/s.yaml:4: thing.json is empty.")

    def test_among_several_files_an_empty_one_adds_nothing(self, read):
        table = '{primary_key: [id], path: "*.json"}'
        assert "is empty" in read("a.json", "[]", "id", table)
        assert read("b.json", '[{"id": 1}]', "id", table) == [(1,)]


class TestHeaderRow:
    def test_a_title_above_the_header_of_a_sheet(self, read, tmp_path):
        book = openpyxl.Workbook()
        sheet = book.active
        sheet["A1"] = "Budget 2024"
        sheet.merge_cells("A1:C1")
        for row in ([None], ["id", "name", None], ["1", "x", 5], [None, None, None], ["2", "y", 6]):
            sheet.append(row)
        book.save(tmp_path / "book.xlsx")
        content = (tmp_path / "book.xlsx").read_bytes()
        table = "{primary_key: [id], header_row: 3}"
        columns = "id, name, column_3"
        assert read("thing.xlsx", content, columns, table) == [("1", "x", 5), ("2", "y", 6)]
        told = read("thing.xlsx", content, "id", "{primary_key: [id], header_row: 2}")
        assert "thing.xlsx has no header in row 2." in told

    def test_lines_above_the_header_of_a_csv_file(self, read):
        content = 'Export of, "1 May"\r\n\r\nid;n\r\n1;a\r\n2;b\r\n'
        table = '{primary_key: [id], header_row: 3, delimiter: ";"}'
        assert read("thing.csv", content, "id, n", table) == [("1", "a"), ("2", "b")]
        told = read("thing.csv", content + "3;c;d\r\n", "id", table)
        assert "thing.csv, line 6 cannot be read." in told

    def test_fewer_lines_than_that(self, read):
        told = read("thing.csv", "id\n", "id", "{primary_key: [id], header_row: 5}")
        assert "thing.csv is empty." in told


def test_parquet_as_pandas_writes_it(read, tmp_path):
    """Moments in nanoseconds with a zone, categories, and lists and objects within rows."""
    moments = [datetime(2024, 1, 1, 23, 30, tzinfo=UTC), None]
    table = pa.table(
        {
            "id": ["1", "2"],
            "moment": pa.array(moments, pa.timestamp("ns", "UTC")),
            "kind": pa.array(["a", None]).dictionary_encode(),
            "of": [{"city": "Rome", "tags": ["x"]}, None],
        }
    )
    pq.write_table(table, tmp_path / "thing.parquet")
    content = (tmp_path / "thing.parquet").read_bytes()
    found = read("thing.parquet", content, "typeof(moment), moment::date, kind, of_city, of_tags")
    kind = "TIMESTAMP WITH TIME ZONE"
    assert [row[0] for row in found] == [kind, kind]
    assert [row[2:] for row in found] == [("a", "Rome", '["x"]'), (None, None, None)]
