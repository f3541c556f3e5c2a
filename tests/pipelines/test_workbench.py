"""Rules tried on landed rows before they are saved: what changes, what is refused, and why."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from sqlglot import exp

from metadata import UserError, load_workspace
from metadata.editing import remove, rename, set_value
from metadata.workbench import LandedTable, Preview
from pipelines.engine import StatementFailed
from pipelines.run import run
from pipelines.workbench import samples as sampling
from pipelines.workbench.desk import Desk
from pipelines.workbench.samples import Samples, TooSlow

ROOT = Path(__file__).resolve().parents[2]
NAME, MAPPING = "mappings/client.yaml", "client<shop.clients"
FILES = {
    "workspace.yaml": "name: A Shop\ntime_zone: UTC\n",
    "sources/shop.yaml": """\
source: shop
url: data
tables:
  clients: {primary_key: id}
  towns:   {primary_key: code}
  unread:  {path: unread.csv}
""",
    NAME: """\
# The shop's clients.
entity: client
from: shop.clients
join:
  town: {table: shop.towns, on: {code: town}}
columns:
  client_id: id
  name:      {from: name, clean: [trim]}   # as they write it
  email:     {from: email, check: email, otherwise: "null"}
  born:      {from: born, otherwise: "null"}
  town:      town.name
  full:      {expr: "name || ' of ' || town"}
where: kind <> 'TEST'
""",
    "model/client.yaml": """\
entity: client
key: client_id
columns:
  client_id: integer
  name: string
  email: string
  born: date
  town: string
  full: string
""",
}
CLIENTS = [
    ("id", "name", "email", "born", "town", "kind"),
    (1, " Ada  Lovelace", "ada@example.com", "1815-12-10", "L", "A"),
    (2, "alan turing ", "ALAN@EXAMPLE.COM", "1912-06-23", "L", "A"),
    (3, "Grace Hopper", "grace.example.com", "1906-12-09", "N", "B"),
    (4, "Edgar Codd", "", "yesterday", "P", "B"),
    (5, "Test", "t@example.com", "2000-01-01", "L", "TEST"),
    (6, "Edgar Codd", "codd at example", "1923-08-19", "P", "B"),
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    (folder / "data").mkdir()
    with (folder / "data/clients.csv").open("w", newline="") as file:
        csv.writer(file).writerows(CLIENTS)
    (folder / "data/towns.csv").write_text("code,name\nL,London\nN,New York\nP,Portland\n")
    (folder / "data/unread.csv").write_text("a,b\n1,2\n")
    run(load_workspace(folder))
    for batch in (folder / "var/landing/shop/unread").glob("*.parquet"):
        batch.unlink()
    return folder


@pytest.fixture
def desk(root):
    made = Desk(root)
    yield made
    made.close()


@pytest.fixture
def preview(desk):
    def _preview(text: str = FILES[NAME], column: str | None = None, **more) -> Preview:
        told = desk.preview(edited={NAME: text}, mapping=MAPPING, column=column, **more)
        return Preview.model_validate_json(json.dumps(told))

    return _preview


def by_raw(preview: Preview):
    return {example.after.raw: example for example in preview.examples}


def test_without_a_change_nothing_changes(preview):
    told = preview(column="name")
    assert (told.looked_at, told.landed, told.whole) == (6, 6, True)
    assert told.before == told.after and told.after.rows("filtered") == 1
    assert told.outcome_changes == 0 and told.value_changes == {}
    assert {example.kind for example in told.examples} == {"cleansed", "same"}


def test_a_rule_added_shows_each_value_before_and_after(preview):
    text = set_value(
        FILES[NAME], ("columns", "name", "clean"), ["trim", "collapse_spaces", "title_case"]
    )
    told = preview(text, "name")
    assert told.value_changes == {"name": 2} and told.outcome_changes == 0
    ada = by_raw(told)[" Ada  Lovelace"]
    assert (ada.kind, ada.before.result, ada.after.result) == (
        "value",
        "Ada  Lovelace",
        "Ada Lovelace",
    )
    assert ada.steps == (" Ada  Lovelace", "Ada  Lovelace", "Ada Lovelace", "Ada Lovelace")
    assert told.examples[0].kind == "value", "what changes comes first"
    assert by_raw(told)["Edgar Codd"].rows == 2, "equal values are one example"


def test_a_check_that_refuses_is_told_with_its_reason(preview):
    text = set_value(FILES[NAME], ("columns", "email", "otherwise"), "quarantine")
    told = preview(text, "email")
    assert (told.before.rows("quarantined"), told.after.rows("quarantined")) == (0, 2)
    assert told.outcome_changes == 2
    codd = by_raw(told)["codd at example"]
    assert codd.kind == "outcome"
    assert [failure.rule for failure in codd.after.refused] == ["email"]
    assert codd.after.refused[0].why and not codd.before.refused and codd.before.remarked
    (count,) = [each for each in told.after.failures if each.column == "email"]
    assert (count.rule, count.refused, count.rows) == ("email", True, 2)


def test_a_value_that_cannot_be_parsed_shows_where_it_got_lost(preview):
    told = preview(column="born")
    lost = by_raw(told)["yesterday"].after
    assert (lost.raw, lost.clean, lost.typed, lost.result) == ("yesterday", "yesterday", None, None)
    assert lost.remarked[0].rule == "type"


def test_an_expression_shows_what_it_reads(preview):
    told = preview(column="full")
    ada = by_raw(told)[" Ada  Lovelace of L"]
    assert ada.reads == {"name": " Ada  Lovelace", "town": "L"}


def test_a_filter_that_lets_rows_in_is_a_change_of_their_fate(preview):
    told = preview(remove(FILES[NAME], ("where",)), "name")
    assert told.outcome_changes == 1 and told.after.rows("filtered") == 0
    assert by_raw(told)["Test"].kind == "outcome"


def test_a_renamed_column_is_compared_with_what_it_was_called(desk, preview):
    text = rename(FILES[NAME], ("columns", "name"), "name2")
    model = FILES["model/client.yaml"].replace("name: string", "name2: string", 1)
    told = Preview.model_validate(
        desk.preview(
            edited={NAME: text, "model/client.yaml": model},
            mapping=MAPPING,
            column="name2",
            was="name",
        )
    )
    assert by_raw(told)["Grace Hopper"].before.result == "Grace Hopper"
    assert {example.kind for example in told.examples} == {"cleansed", "same"}


def test_a_new_column_and_a_new_mapping_have_no_before(preview, desk):
    text = set_value(FILES[NAME], ("columns", "town"), {"from": "town", "clean": ["lower"]})
    told = preview(text, "town")
    assert told.value_changes == {"town": 5 + 1}
    new = FILES[NAME].replace("from: shop.clients", "from: shop.towns", 1)
    new = "entity: client\nfrom: shop.towns\ncolumns: {client_id: {value: 1}, town: name}\n"
    edited = {"mappings/second.yaml": new}
    told = Preview.model_validate(
        desk.preview(edited=edited, mapping="client<shop.towns", column="town")
    )
    assert told.before is None and len(told.examples) == 3
    assert all(example.before is None for example in told.examples)


def test_whole_rows_show_changed_cells_and_refusals(preview):
    text = set_value(FILES[NAME], ("columns", "email", "otherwise"), "quarantine")
    text = set_value(text, ("columns", "name", "clean"), ["trim", "upper"])
    told = preview(text)
    assert len(told.rows) == 6 and told.rows[0].cells["name"].after == "ADA  LOVELACE"
    refused = preview(text, only=("refused",)).rows
    assert [row.cells["client_id"].after for row in refused] == ["3", "6"]
    assert {failure.column for row in refused for failure in row.refused} == {"email"}
    assert len(preview(text, only=("changed",)).rows) == 6
    assert preview(only=("changed",)).rows == ()


def test_only_some_kinds_of_examples(preview):
    assert {e.kind for e in preview(column="name", only=("cleansed",)).examples} == {"cleansed"}
    assert len(preview(column="name", limit=1).examples) == 1


def test_the_statement_is_the_one_that_loads_and_names_its_table(preview):
    told = preview(column="name", sql=True)
    assert [stage.name for stage in told.sql] == [
        "As it comes", "Cleansed", "Parsed", "Judged", "The whole statement",
    ]  # fmt: skip
    assert "TRIM" in told.sql[1].sql.upper()
    assert (
        '"staging"."landed_shop__clients"' in told.sql[-1].sql and "sample_" not in told.sql[-1].sql
    )
    assert preview(column="name").sql == ()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (FILES[NAME].replace("from: email", "from: mail"), "no column 'mail'"),
        (FILES[NAME].replace("entity: client\n", "entity: clint\n"), "cannot be tried"),
        (FILES[NAME].replace("clean: [trim]", "clean: [trm]"), "cannot be tried"),
        (FILES[NAME].replace("from: shop.clients", "from: shop.unread"), "cannot be tried"),
        ("entity: [\n", "cannot be tried"),
    ],
)
def test_what_cannot_be_tried_says_why(preview, text, what):
    with pytest.raises(UserError, match=re.escape(what)):
        preview(text, "name")


def test_a_table_that_has_not_landed_says_how_to_read_it(desk):
    text = "entity: client\nfrom: shop.unread\ncolumns: {client_id: a}\n"
    with pytest.raises(UserError, match="have been read yet") as told:
        desk.preview(
            edited={"mappings/b.yaml": text}, mapping="client<shop.unread", column="client_id"
        )
    assert "rapport run" in told.value.issues[0].fix
    assert desk.landed(edited={}, table="shop.unread") is None


def test_a_problem_elsewhere_does_not_stop_the_trial(desk):
    edited = {"cubes/broken.yaml": "cube: x\nfact: nothing\nmeasures: {}\n"}
    assert desk.preview(edited=edited, mapping=MAPPING, column="name")["looked_at"] == 6


def test_a_landed_table_is_told_with_its_profile(desk):
    told = LandedTable.model_validate(desk.landed(edited={}, table="shop.clients"))
    assert (told.rows, told.batches, told.looked_at) == (6, 1, 6)
    names = {column.name: column for column in told.columns}
    assert list(names) == list(CLIENTS[0])
    assert names["email"].profile.personal == "email" and not names["email"].profile.top
    assert dict(names["kind"].profile.top) == {"B": 3, "A": 2, "TEST": 1}
    assert len(told.sample) == 6


def test_after_a_save_the_trial_compares_with_what_is_saved(root, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(root, copy)
    desk = Desk(copy)
    text = set_value(FILES[NAME], ("columns", "name", "clean"), ["trim", "upper"])
    assert desk.preview(edited={NAME: text}, mapping=MAPPING, column="name")["value_changes"]
    (copy / NAME).write_text(text)
    assert not desk.preview(edited={}, mapping=MAPPING, column="name")["value_changes"]
    desk.close()


class TestSamples:
    """Large tables are sampled; whatever the size, only rows that count now are shown.

    clients, three batches with the key `id`:    1..400 as "a" | 101..150 as "b" | 120..130 as "c"
    """

    @pytest.fixture(scope="class")
    def large(self, tmp_path_factory):
        folder = tmp_path_factory.mktemp("large")
        source = """\
source: shop
url: sqlite:///shop.sqlite
tables:
  clients: {primary_key: id, cursor: changed}
  towns:   {primary_key: code}
"""
        for name, text in {**FILES, "sources/shop.yaml": source}.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
        base = sqlite3.connect(folder / "shop.sqlite")
        base.execute(
            "create table clients (id integer, name text, email text, born text, town text,"
            " kind text, changed integer)"
        )
        base.execute("create table towns (code text, name text)")
        steps = [(range(1, 401), "a", 1), (range(101, 151), "b", 2), (range(120, 131), "c", 3)]
        for which, mark, at in steps:
            base.executemany("delete from clients where id = ?", [(n,) for n in which])
            rows = [(n, mark, "", "2000-01-01", "L", "A", at) for n in which]
            base.executemany("insert into clients values (?, ?, ?, ?, ?, ?, ?)", rows)
            base.commit()
            run(load_workspace(folder), select=("shop.clients",))
        base.close()
        return folder

    @pytest.mark.parametrize("most", [10_000, 60])
    @pytest.mark.parametrize("whole", [10_000, 10])
    def test_rows_are_the_current_ones(self, large, monkeypatch, most, whole):
        monkeypatch.setattr(sampling, "MOST_ROWS", most)
        monkeypatch.setattr(sampling, "_READ_WHOLE", whole)
        repository = load_workspace(large)
        samples = Samples(repository)
        found = samples.landed(repository, "shop.clients")
        assert found.batches >= 2
        rows = samples.rows(
            exp.select("id", "name").from_(exp.table_(found.sample, db="staging")), "look"
        )
        wanted = {
            n: "c" if 120 <= n <= 130 else "b" if 101 <= n <= 150 else "a" for n in range(1, 401)
        }
        assert 0 < len(rows) <= most and len({n for n, _ in rows}) == len(rows)
        assert all(wanted[int(n)] == mark for n, mark in rows)
        assert found.looked_at == len(rows) and found.whole == (whole > 400 and most > 400)
        if most > 400 and whole > 400:
            assert len(rows) == 400
        samples.close()

    def test_no_other_file_can_be_read(self, large):
        samples = Samples(load_workspace(large))
        for path in (large / "workspace.yaml", "/etc/hostname"):
            with pytest.raises(StatementFailed):
                samples.rows(
                    exp.select("*").from_(exp.func("read_text", exp.Literal.string(str(path)))), ""
                )
        with pytest.raises(duckdb.Error):
            samples._connection.execute("SET enable_external_access = true")
        samples.close()

    def test_what_takes_too_long_is_stopped_and_the_next_goes_on(self, large):
        samples = Samples(load_workspace(large))
        endless = exp.select(exp.Count(this=exp.Star())).from_(
            "range(100000000) a, range(100000) b"
        )
        with pytest.raises(TooSlow), samples.within(0.2):
            samples.rows(endless, "count")
        assert samples.rows(exp.select("1"), "one") == [(1,)]
        samples.close()


class TestProcess:
    """The process answers line by line, in the order asked, and ends with its input."""

    @pytest.fixture(scope="class")
    def process(self, root):
        command = [sys.executable, "-m", "pipelines.workbench", str(root)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as started:  # fmt: skip
            assert json.loads(started.stdout.readline())["ready"]
            yield started
            started.kill()

    def _ask(self, process, *messages):
        for message in messages:
            process.stdin.write(
                (message if isinstance(message, str) else json.dumps(message)) + "\n"
            )
        process.stdin.flush()
        return [json.loads(process.stdout.readline()) for _ in messages]

    def test_it_answers_and_survives_nonsense(self, process):
        params = {"edited": {}, "mapping": MAPPING, "column": "name"}
        nonsense, unknown, wrong, good = self._ask(
            process, "{", {"id": 1, "method": "nix"}, {"id": 2, "method": "preview", "params": {"edited": {}, "mapping": "x<y"}},
            {"id": 3, "method": "preview", "params": params},
        )  # fmt: skip
        assert "JSON" in nonsense["error"]["issues"][0]["what"] and nonsense["id"] is None
        assert "no method" in unknown["error"]["issues"][0]["what"]
        assert wrong["id"] == 2 and "ours" not in wrong["error"]
        assert good["id"] == 3 and Preview.model_validate(good["result"]).looked_at == 6

    def test_a_defect_is_told_as_ours_without_its_inside(self, process):
        (answer,) = self._ask(process, {"id": 1, "method": "preview", "params": {"nix": 1}})
        assert answer["error"]["ours"] and "nix" not in json.dumps(answer["error"])

    def test_a_request_may_be_cancelled_before_it_runs(self, process):
        params = {"edited": {}, "mapping": MAPPING, "column": "name"}
        lines = [{"cancel": 7}, {"id": 7, "method": "preview", "params": params}]
        for line in lines:
            process.stdin.write(json.dumps(line) + "\n")
        process.stdin.flush()
        assert (
            "no longer wanted"
            in json.loads(process.stdout.readline())["error"]["issues"][0]["what"]
        )

    def test_it_ends_when_its_input_ends(self, process):
        process.stdin.close()
        assert process.wait(20) == 0
