"""`rapport check` tries the expressions of mappings with the types that their columns have."""

from __future__ import annotations

import sqlite3

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from metadata import load_workspace
from pipelines.cli import run as command
from pipelines.dry_run import refused_by_engine

MODEL = """\
entity: order
key: order_id
columns:
  order_id: string
  placed: date
  shipped: timestamp
  amount: decimal(18,2)
  lines: integer
  open: boolean
  city: string
"""
SOURCES = """\
source: s
url: sqlite:///shop.sqlite
tables:
  orders: {primary_key: id}
  town: {primary_key: code}
---
source: f
url: files
tables:
  orders: {}
"""


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    """A workspace whose sources have been scanned and never read."""
    root = tmp_path_factory.mktemp("typed")
    with sqlite3.connect(root / "shop.sqlite") as connection:
        connection.executescript(
            "CREATE TABLE orders (id integer primary key, day date, sent timestamp, price decimal(9,2),"
            " pieces integer, paid boolean, code varchar(4), note text, scan blob);"
            "INSERT INTO orders VALUES (1, '2024-01-31', '2024-02-01 10:00:00', 9.5, 2, 1, 'B', 'x', null);"
            "CREATE TABLE town (code varchar(4), name text, since date)"
        )
    connection.close()
    (root / "files").mkdir()
    (root / "files" / "orders.csv").write_text("id,day,price\n1,2024-01-31,9.50\n")
    write(root, "workspace.yaml", "name: Shop\n")
    write(root, "sources/s.yaml", SOURCES)
    write(root, "model/order.yaml", MODEL)
    assert command(["scan", "-w", str(root)]) == 0
    return root


def write(root, name, text):
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text(text)


def told(root, mapping, **more):
    texts = {
        "workspace.yaml": "name: Shop\n",
        "sources/s.yaml": SOURCES,
        "model/order.yaml": MODEL,
        "mappings/m.yaml": mapping,
        **{f"{name}s/x.yaml": text for name, text in more.items()},
    }
    repository = load_workspace(root, shipped=False, texts=texts)
    return [(i.what, str(i.where), i.why) for i in refused_by_engine(repository)]


def mapped(line, table="s.orders", rest=""):
    return f"entity: order\nfrom: {table}\ncolumns:\n  order_id: id\n  {line}\n{rest}"


REFUSED = {
    "a condition into a date": 'placed: {expr: "paid and pieces > 1"}',
    "arithmetic with a text": 'amount: {expr: "note * 2"}',
    "years between a number and a day": "lines: {expr: \"date_diff('year', pieces, day)\"}",
    "a number as a day": 'placed: {expr: "pieces + 1"}',
    "a day as a number": 'lines: {expr: "day"}',
    "days between moments are a span": 'lines: {expr: "sent - sent"}',
    "upper case of a number": 'city: {expr: "upper(pieces)"}',
    "a number compared with a word": "open: {expr: \"pieces = 'many'\"}",
    "a part of a day that is none": "city: {expr: \"cast(date_trunc('fortnight', day) as varchar)\"}",
    "a pattern that is none": "open: {expr: \"regexp_matches(note, '(')\"}",
    "two kinds in one": 'city: {expr: "coalesce(note, pieces)"}',
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_an_expression_that_its_columns_do_not_fit(scanned, name):
    ((what, where, why),) = told(scanned, mapped(REFUSED[name]))
    assert what.startswith("The expression '") and where == "mappings/m.yaml:5" and why


@pytest.mark.parametrize(
    "line",
    [
        'placed: {expr: "day + pieces"}',
        'placed: {expr: "cast(note as date)"}',
        'placed: {expr: "make_date(2024, pieces, 1)"}',
        "placed: {expr: \"'20240131'\", format: '%Y%m%d'}",
        'amount: {expr: "price * pieces"}',
        'amount: {expr: "cast(note as decimal(9,2)) * 2"}',
        "lines: {expr: \"date_diff('day', day, sent)\"}",
        'open: {expr: "pieces"}',
        'open: {expr: "paid or note is null"}',
        "city: {expr: \"note || ' ' || pieces\"}",
        "city: {expr: \"case when pieces > 1 then note else 'one' end\"}",
        'city: {expr: "length(scan)"}',
    ],
)
def test_what_can_be_computed_is_accepted(scanned, line):
    assert told(scanned, mapped(line)) == []


def test_files_are_texts(scanned):
    assert (
        told(scanned, mapped('amount: {expr: "cast(price as decimal(9,2)) * 2"}', "f.orders")) == []
    )
    ((what, where, _),) = told(scanned, mapped('amount: {expr: "price * 2"}', "f.orders"))
    assert "'price * 2'" in what and where == "mappings/m.yaml:5"


@pytest.mark.parametrize(
    ("rest", "line"),
    [
        ("where: day\n", 6),
        ("where: price\n", 6),
        ("where: note > 3\n", 6),
        ("join:\n  t:\n    table: s.town\n    on: {code: code}\n    where: since + 1 > name\n", 10),
    ],
)
def test_filters_of_rows(scanned, rest, line):
    ((_, where, why),) = told(scanned, mapped("city: note", rest=rest))
    assert where == f"mappings/m.yaml:{line}" and why


def test_a_flag_that_is_a_number_may_filter(scanned):
    assert told(scanned, mapped("city: note", rest="where: pieces\n")) == []


def test_columns_of_a_join_have_their_types(scanned):
    join = "join:\n  t: {table: s.town, on: {code: code}}\n"
    assert told(scanned, mapped('placed: {expr: "t.since + 1"}', rest=join)) == []
    ((_, where, _),) = told(scanned, mapped('lines: {expr: "t.name + 1"}', rest=join))
    assert where == "mappings/m.yaml:5"


def test_conditions_of_checks_speak_of_the_mapped_row(scanned):
    lines = 'amount: price\n  placed: day\n  city: {from: note, check: {%s: "%s"}}'
    for rule in ("satisfies", "required_if"):
        assert told(scanned, mapped(lines % (rule, "amount > 0 and year(placed) > 2000"))) == []
        for wrong in ("amount > placed", "placed", "city * 2 > 1", "amount > 'much'"):
            ((what, where, _),) = told(scanned, mapped(lines % (rule, wrong)))
            assert f"'{wrong}'" in what and where == "mappings/m.yaml:7"


def test_conditions_are_checked_without_a_scan(tmp_path):
    lines = 'amount: price\n  placed: day\n  city: {from: note, check: {satisfies: "%s"}}'
    assert told(tmp_path, mapped(lines % "amount > 0")) == []
    assert [where for _, where, _ in told(tmp_path, mapped(lines % "amount > placed"))] == [
        "mappings/m.yaml:7"
    ]


def test_rows_of_a_lookup(scanned):
    lookup = "lookup: towns\nfrom: s.town\nkey: code\nvalue: name\nwhere: %s\n"
    mapping = mapped("city: {from: code, lookup: towns}")
    assert told(scanned, mapping, lookup=lookup % "since > date '2000-01-01'") == []
    ((_, where, _),) = told(scanned, mapping, lookup=lookup % "since > 3")
    assert where == "lookups/x.yaml:5"


class TestFiltersOfSources:
    """A database has rules of its own; files are read by the engine itself."""

    @pytest.mark.parametrize("condition", ["day", "note", "price * 2"])
    def test_what_is_no_condition_anywhere(self, scanned, condition):
        texts = SOURCES.replace("orders: {primary_key: id}", f'orders: {{where: "{condition}"}}')
        ((what, where, _),) = self.told(scanned, texts)
        assert condition in what and where == "sources/s.yaml:4"

    @pytest.mark.parametrize("condition", ["paid", "pieces", "note > 3", "day >= '2024-01-01'"])
    def test_what_a_database_may_take(self, scanned, condition):
        texts = SOURCES.replace("orders: {primary_key: id}", f'orders: {{where: "{condition}"}}')
        assert self.told(scanned, texts) == []

    @pytest.mark.parametrize(
        ("condition", "fine"), [("price > 3", False), ("cast(price as double) > 3", True)]
    )
    def test_files(self, scanned, condition, fine):
        texts = SOURCES.replace("orders: {}", f'orders: {{where: "{condition}"}}')
        found = self.told(scanned, texts)
        assert [where for _, where, _ in found] == ([] if fine else ["sources/s.yaml:10"])

    def told(self, root, sources):
        texts = {
            "workspace.yaml": "name: Shop\n", "sources/s.yaml": sources,
            "model/order.yaml": MODEL, "mappings/m.yaml": mapped("city: id"),
        }  # fmt: skip
        repository = load_workspace(root, shipped=False, texts=texts)
        return [(i.what, str(i.where), i.why) for i in refused_by_engine(repository)]


def test_what_nobody_has_looked_at_is_believed(tmp_path):
    told_anyway = "a condition into a date"  # it gives true or false, whatever its columns are
    for name, line in REFUSED.items():
        found = [where for _, where, _ in told(tmp_path, mapped(line))]
        assert found == (["mappings/m.yaml:5"] if name == told_anyway else [])


class TestLanded:
    """What has landed says more than what was scanned: a value that did not fit made it a text."""

    @pytest.fixture
    def root(self, tmp_path):
        with sqlite3.connect(tmp_path / "shop.sqlite") as connection:
            connection.execute("CREATE TABLE orders (id integer primary key, price integer)")
            connection.executemany("INSERT INTO orders VALUES (?, ?)", [(1, 5), (2, "five")])
        connection.close()
        write(tmp_path, "workspace.yaml", "name: Shop\n")
        write(
            tmp_path,
            "sources/s.yaml",
            "source: s\nurl: sqlite:///shop.sqlite\ntables:\n  orders: {}\n",
        )
        write(tmp_path, "model/order.yaml", MODEL)
        write(tmp_path, "mappings/m.yaml", mapped("city: {from: price}"))
        return tmp_path

    def test_types_come_from_the_newest_batch(self, root, capsys):
        assert command(["scan", "-w", str(root)]) == 0
        write(root, "mappings/m.yaml", mapped('amount: {expr: "price * 2"}'))
        assert command(["check", "-w", str(root)]) == 0
        write(root, "mappings/m.yaml", mapped("city: {from: price}"))
        assert command(["run", "-w", str(root)]) == 0
        write(root, "mappings/m.yaml", mapped('amount: {expr: "price * 2"}'))
        capsys.readouterr()
        assert command(["check", "-w", str(root)]) == 1
        shown = capsys.readouterr().err
        assert "mappings/m.yaml:5" in shown and "price * 2" in shown

    def test_a_source_scanned_since_is_believed_where_it_differs(self, root):
        assert command(["run", "-w", str(root)]) == 0
        with sqlite3.connect(root / "shop.sqlite") as connection:
            connection.execute("DELETE FROM orders WHERE id = 2")
        connection.close()
        assert command(["scan", "-w", str(root)]) == 0
        write(root, "mappings/m.yaml", mapped('amount: {expr: "price * 2"}'))
        assert command(["check", "-w", str(root)]) == 0
        assert command(["run", "-w", str(root)]) == 0

    def test_a_cast_in_a_condition_that_fails_is_a_condition_that_does_not_hold(self, root, capsys):
        check = 'city: {from: price, check: {satisfies: "cast(city as integer) > 0"}}'
        write(root, "mappings/m.yaml", mapped(check))
        assert command(["check", "-w", str(root)]) == 0
        assert command(["run", "-w", str(root)]) == 0
        capsys.readouterr()
        assert command(["quarantine", "list", "-w", str(root), "--format", "json"]) == 0
        assert "satisfies" in capsys.readouterr().out

    def test_an_empty_file_of_parquet_is_typed(self, tmp_path):
        (tmp_path / "data").mkdir()
        kinds = pa.schema(
            [("id", pa.int32()), ("day", pa.date32()), ("tags", pa.list_(pa.string()))]
        )
        pq.write_table(kinds.empty_table(), tmp_path / "data" / "orders.parquet")
        write(tmp_path, "workspace.yaml", "name: Shop\n")
        write(tmp_path, "sources/s.yaml", "source: s\nurl: data\ntables:\n  orders: {}\n")
        write(tmp_path, "model/order.yaml", MODEL)
        write(tmp_path, "mappings/m.yaml", mapped('placed: {expr: "day + id"}'))
        assert command(["scan", "-w", str(tmp_path)]) == 0
        assert command(["check", "-w", str(tmp_path)]) == 0
        write(tmp_path, "mappings/m.yaml", mapped('placed: {expr: "day * id"}'))
        assert command(["check", "-w", str(tmp_path)]) == 1
