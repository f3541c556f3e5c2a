"""`rapport check` refuses what the newest scan says cannot be read."""

from __future__ import annotations

import sqlite3

import pytest

from metadata import UserError, load_workspace
from metadata.against_scans import scan_issues
from pipelines.cli import run as command


@pytest.fixture
def shop(tmp_path):
    with sqlite3.connect(tmp_path / "shop.sqlite") as connection:
        connection.execute(
            "CREATE TABLE person (id integer primary key, name text, born date, seen timestamp)"
        )
        connection.execute(
            "INSERT INTO person VALUES (1, 'Ann', '1980-01-01', '2024-01-01 10:00:00')"
        )
    connection.close()
    write(tmp_path, "workspace.yaml", "name: Shop\n")
    write(
        tmp_path, "sources/s.yaml",
        "source: s\nurl: sqlite:///shop.sqlite\ntables:\n  person: {primary_key: id, cursor: seen}\n",
    )  # fmt: skip
    write(
        tmp_path, "mappings/m.yaml",
        "entity: customer\nfrom: s.person\ncolumns:\n  customer_id: id\n  name: name\n  birth_date: born\n",
    )  # fmt: skip
    return tmp_path


def write(root, name, text):
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text(text)


def replace(root, name, old, new):
    text = (root / name).read_text()
    assert old in text
    write(root, name, text.replace(old, new))


def told(root):
    return [
        (issue.what, str(issue.where), issue.fix) for issue in scan_issues(load_workspace(root))
    ]


def scanned(root):
    assert command(["scan", "-w", str(root)]) == 0


def test_without_a_scan_a_source_is_believed(shop):
    replace(shop, "mappings/m.yaml", "name: name", "name: nmae")
    assert told(shop) == [] and command(["check", "-w", str(shop)]) == 0


def test_what_fits_is_accepted(shop):
    scanned(shop)
    assert told(shop) == [] and command(["check", "-w", str(shop)]) == 0


@pytest.mark.parametrize(
    ("file", "old", "new", "what", "where"),
    [
        ("mappings/m.yaml", "name: name", "name: nmae", "s.person has no column 'nmae'.", "mappings/m.yaml:5"),
        ("mappings/m.yaml", "name: name", 'name: {expr: "upper(nmae)"}', "s.person has no column 'nmae'.", "mappings/m.yaml:5"),
        ("sources/s.yaml", "cursor: seen", "cursor: sene", "s.person has no column 'sene'.", "sources/s.yaml:4"),
        ("sources/s.yaml", "primary_key: id", "primary_key: idd", "s.person has no column 'idd'.", "sources/s.yaml:4"),
        ("mappings/m.yaml", "birth_date: born", "birth_date: id", "'id' is an integer and can never be read as a date.", "mappings/m.yaml:6"),
    ],
)  # fmt: skip
def test_it_is_refused_at_its_line(shop, capsys, file, old, new, what, where):
    scanned(shop)
    replace(shop, file, old, new)
    assert (what, where) in [each[:2] for each in told(shop)]
    capsys.readouterr()
    assert command(["check", "-w", str(shop)]) == 1
    shown = capsys.readouterr().err
    assert what in shown and where in shown


def test_a_near_miss_is_suggested(shop):
    scanned(shop)
    replace(shop, "mappings/m.yaml", "name: name", "name: nmae")
    assert "Did you mean 'name'?" in told(shop)[0][2]


def test_a_table_that_is_not_there(shop):
    scanned(shop)
    replace(shop, "sources/s.yaml", "tables:\n", "tables:\n  persons: {}\n")
    assert ("The source 's' has no table 'persons'.", "sources/s.yaml:4") in [
        t[:2] for t in told(shop)
    ]


def test_a_rule_may_change_what_cannot_be_read_as_it_is(shop):
    scanned(shop)
    replace(
        shop, "mappings/m.yaml", "birth_date: born",
        'birth_date: {expr: "date_add(cast(\'1970-01-01\' as date), cast(id as integer))"}',
    )  # fmt: skip
    assert told(shop) == []


def test_a_file_is_known_by_its_path_where_it_was_named_after_the_scan(tmp_path):
    """A scan calls 会员.csv by its code points, and says to give it a better name."""
    write(tmp_path, "workspace.yaml", "name: Shop\n")
    write(tmp_path, "files/会员_202601.csv", "卡号,姓名\n1,王伟\n")
    write(tmp_path, "sources/s.yaml", "source: s\nurl: files\n")
    scanned(tmp_path)
    write(
        tmp_path, "sources/s.yaml",
        'source: s\nurl: files\ntables:\n  cards: {path: "会员_*.csv", primary_key: 卡号}\n',
    )  # fmt: skip
    write(
        tmp_path, "mappings/m.yaml",
        "entity: customer\nfrom: s.cards\ncolumns:\n  customer_id: 卡号\n  name: 姓氏\n",
    )  # fmt: skip
    assert told(tmp_path) == [
        ("s.cards has no column '姓氏'.", "mappings/m.yaml:5", "Known names: 卡号, 姓名.")
    ]
    replace(tmp_path, "sources/s.yaml", "会员_*.csv", "会员_20260?.csv")
    assert told(tmp_path) == []
    replace(tmp_path, "sources/s.yaml", "会员_20260?.csv", "顾客.csv")
    assert [what for what, _, _ in told(tmp_path)] == ["The source 's' has no table 'cards'."]


def test_a_rule_that_is_called_like_no_other_is_told_without_a_guess(shop):
    replace(shop, "mappings/m.yaml", "name: name", "name: {from: name, clean: qqqqq}")
    with pytest.raises(UserError) as refused:
        load_workspace(shop)
    assert "names no cleansing rule 'qqqqq'. The reference of rules lists them all." in str(
        refused.value
    )
