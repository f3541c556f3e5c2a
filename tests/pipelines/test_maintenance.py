"""Batches that are folded and removed, while everything that is made from them stays the same."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import duckdb
import pytest

from cubes import Cell
from cubes.operations import Operations
from metadata import load_workspace
from pipelines import publish
from pipelines.change.apply import apply
from pipelines.change.plan import make_plan
from pipelines.cli import run as rapport
from pipelines.control import Control
from pipelines.explain import explain
from pipelines.extract import folding
from pipelines.extract.folding import bases_in, standing_for
from pipelines.lock import reading
from pipelines.run import run
from pipelines.storage import Storage
from pipelines.upkeep import maintain

MODEL = """\
entity: buyer
key: buyer_id
changed_at: changed
columns: {buyer_id: string, name: string, tier: string, changed: timestamp}
---
entity: sale
key: sale_id
columns:
  sale_id: string
  buyer_id: {references: buyer}
  day: {type: date, required: true}
  amount: decimal(18,2)
---
dimension: buyer
entity: buyer
attributes: {tier: {history: track}}
---
fact: takings
entity: sale
date: day
dimensions: {day: {dimension: date, from: day}, buyer: buyer_id}
measures: {amount: {from: amount, type: "decimal(18,2)"}}
"""
CUBE = """\
cube: till
fact: takings
dimensions: {day: date, buyer: buyer}
measures: {taken: {sum: amount}}
"""
MAPPINGS = """\
entity: buyer
from: shop.buyer
columns: {buyer_id: id, name: name, tier: tier, changed: changed}
---
entity: sale
from: shop.sale
columns:
  sale_id: id
  buyer_id: buyer
  day: day
  amount: {from: amount, check: {at_least: 0}}
"""
SOURCE = """\
source: shop
url: sqlite:///shop.db
tables:
  buyer: {primary_key: id, cursor: changed}
  sale: {primary_key: id, cursor: changed, deletes: compare_keys}
"""
KEEP = "maintenance: keep\nkeep: {batches: %s}\n"


class Shop:
    """A shop whose tables change day by day, read incrementally."""

    def __init__(self, path):
        self.path = path
        self.day = 1

    @property
    def repository(self):
        return load_workspace(self.path)

    @property
    def storage(self):
        return Storage.of(self.repository)

    def write(self, name, text):
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text)

    def do(self, *statements):
        with sqlite3.connect(self.path / "shop.db") as connection:
            for statement in statements:
                connection.execute(statement)

    def next_day(self, *statements):
        """Something is sold and changed; then everything is loaded."""
        self.day += 1
        moment = f"'2026-02-{self.day:02d} 12:00:00'"
        self.do(*(each.replace("NOW", moment) for each in statements))
        return self.load()

    def load(self, **options):
        report = run(self.repository, **options)
        assert report.ok, [str(i) for s in report.steps for i in s.issues]
        assert not report.notes
        return report

    def files(self, table="sale"):
        return sorted(path.name for path in self.storage.landed("shop", table).glob("*"))

    def staged(self, entity="sale"):
        """Every judged row with the batch and number it landed with."""
        with duckdb.connect(str(self.storage.staging_database), read_only=True) as connection:
            return connection.execute(f"SELECT * FROM {entity} ORDER BY ALL").fetchall()

    def taken(self, **options):
        return explain(self.repository, Cell("till", "taken", None, {}), limit=100, **options)

    def counting(self, table="sale"):
        """Names of the files that make the current state."""
        with closing(Control(self.storage)) as control:
            return [p.name for p in control.current_files(self.storage, "shop", table)]

    def by_hand(self):
        with sqlite3.connect(self.path / "shop.db") as connection:
            ((found,),) = connection.execute("SELECT sum(amount) FROM sale WHERE amount >= 0")
        return Decimal(found)


def fill(shop):
    """Five loads: a whole read and four of changes, corrections and a deletion."""
    shop.do(
        "CREATE TABLE buyer (id text, name text, tier text, changed timestamp)",
        "CREATE TABLE sale (id integer, buyer text, day date, amount integer, changed timestamp)",
        "INSERT INTO buyer VALUES ('b1', 'Anna', 'gold', '2026-02-01 08:00:00'),"
        " ('b2', 'Bert', 'basic', '2026-02-01 09:00:00')",
        *(
            f"INSERT INTO sale VALUES ({n}, 'b{1 + n % 2}', '2026-01-{n:02d}', {n * 10},"
            " '2026-02-01 08:00:00')"
            for n in range(1, 7)
        ),
    )
    shop.load()
    new = "INSERT INTO sale VALUES ({0}, 'b1', '2026-02-{0:02d}', {0}, NOW)".format
    shop.next_day(new(10), "UPDATE sale SET amount = 11, changed = NOW WHERE id = 1")
    shop.next_day(new(11), "DELETE FROM sale WHERE id = 2")
    shop.next_day(new(12), "UPDATE buyer SET tier = 'silver', changed = NOW WHERE id = 'b1'")
    shop.next_day(new(13), "UPDATE sale SET amount = -1, changed = NOW WHERE id = 3")
    return shop


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    path = tmp_path_factory.mktemp("maintenance") / "shop"
    shop = Shop(path)
    shop.write(
        "workspace.yaml",
        "name: Shop\ntime_zone: Europe/Berlin\ncalendar: {from: 2026-01-01, to: 2026-12-31}\n",
    )
    shop.write("sources/shop.yaml", SOURCE)
    shop.write("model/m.yaml", MODEL)
    shop.write("cubes/c.yaml", CUBE)
    shop.write("mappings/m.yaml", MAPPINGS)
    return fill(shop)


@pytest.fixture
def five_versions(filled, tmp_path):
    """The shop after five loads, with a version of each; a test may change it."""
    shutil.copytree(filled.path, tmp_path / "shop")
    own = Shop(tmp_path / "shop")
    own.day = filled.day
    return own


@pytest.fixture
def shop(five_versions):
    """The shop after five loads, with the last two versions."""
    publish.prune(five_versions.storage, 2)
    return five_versions


def kept(shop, what):
    shop.write("maintenance/keep.yaml", KEEP % what)
    return shop.repository


class TestFolding:
    def test_nothing_that_is_made_from_the_batches_changes(self, shop):
        before, files, explained = shop.staged(), shop.files(), shop.taken()
        assert len(files) == 5
        report = maintain(kept(shop, "2"))
        assert report.issues == ()
        assert {type(w).__name__ for w in report.work} == {"FoldBatches", "RemoveBatches"}
        assert shop.files() == [files[2].replace(".parquet", "-base.parquet"), *files[3:]]
        assert [s.status for s in shop.load().steps if s.name in ("sale", "fact_takings")] == [
            "unchanged",
            "unchanged",
        ]
        again = shop.load(full=False)
        assert again.version == 5 + 1  # the rule itself is a new state of the metadata
        after = shop.taken()
        assert after.value == explained.value == shop.by_hand()
        assert after.holds
        assert shop.staged() == before

    def test_explained_rows_still_say_with_which_batch_and_number_they_landed(self, shop):
        def places(found):
            return {
                (row.landed.table, row.landed.batch, row.landed.row, str(row.landed.key)): row.came
                for row in found.sources.values()
            }

        before = shop.taken()
        maintain(kept(shop, "1"))
        after = shop.taken()
        assert places(after) == places(before)
        assert after.issues == ()
        assert len({batch for _, batch, *_ in places(after)}) > 2

    def test_a_later_read_goes_on_from_the_base(self, shop):
        maintain(kept(shop, "1"))
        shop.next_day(
            "UPDATE sale SET amount = 70, changed = NOW WHERE id = 6",
            "DELETE FROM sale WHERE id = 5",
        )
        assert shop.taken().value == shop.by_hand()
        assert shop.load().steps[0].status == "unchanged"
        shop.next_day("INSERT INTO sale VALUES (20, 'b2', '2026-02-20', 20, NOW)")
        maintain(shop.repository)
        assert [name.endswith("-base.parquet") for name in shop.counting()] == [True, False]
        assert shop.taken().value == shop.by_hand()

    def test_everything_can_be_built_again_from_what_is_left(self, shop):
        maintain(kept(shop, "1"))
        before = shop.staged()
        (shop.path / "shop.db").rename(shop.path / "away.db")
        shop.storage.staging_database.unlink()
        shop.storage.warehouse_database.unlink()
        for source in ("buyer", "sale"):
            assert len(shop.files(source)) <= 2
        report = run(shop.repository)
        assert [s.name for s in report.steps if s.status == "failed"] == ["shop.buyer", "shop.sale"]
        assert shop.staged() == before
        (shop.path / "away.db").rename(shop.path / "shop.db")
        full = shop.load(full=True)
        assert full.version
        assert shop.taken().value == shop.by_hand()

    def test_a_change_is_applied_from_what_is_left_without_reading_the_source(self, shop):
        maintain(kept(shop, "1"))
        shop.load()
        (shop.path / "shop.db").unlink()
        shop.write("model/m.yaml", MODEL.replace("attributes: {", "attributes: {name: , "))
        plan = make_plan(shop.repository)
        assert plan.reads_again == ()
        report = apply(shop.repository, plan, by="test")
        assert report.ok
        with duckdb.connect(
            str(shop.storage.version_file(report.version)), read_only=True
        ) as connection:
            names = connection.execute(
                "SELECT DISTINCT name FROM dim_buyer WHERE buyer_key > 0 ORDER BY 1"
            ).fetchall()
        assert names == [("Anna",), ("Bert",)]

    def test_the_accounts_of_what_landed_go_on(self, shop):
        def told():
            return {
                each.table: (each.rows, each.changed_at)
                for each in Operations(shop.storage.root).freshness()
            }

        before, balances = told(), Operations(shop.storage.root).balances()
        maintain(kept(shop, "1"))
        assert told() == before
        after = Operations(shop.storage.root).balances()
        assert after == balances
        assert all(each.balanced for each in after)

    def test_a_column_that_came_later_and_types_stay_known(self, shop):
        shop.do("ALTER TABLE sale ADD COLUMN note text")
        shop.next_day("INSERT INTO sale VALUES (30, 'b1', '2026-02-20', 5, NOW, 'n')")
        maintain(kept(shop, "1"))
        with duckdb.connect() as connection:
            folder = shop.storage.landed("shop", "sale")
            rows = connection.execute(
                f"SELECT id, note FROM read_parquet('{folder}/*.parquet', union_by_name=true)"
                " WHERE note IS NOT NULL"
            ).fetchall()
        assert rows == [(30, "n")]
        shop.next_day("UPDATE sale SET note = 'm', changed = NOW WHERE id = 30")
        assert shop.taken().value == shop.by_hand()

    def test_rows_that_were_flagged_as_deleted_do_not_land_again(self, shop):
        shop.do("ALTER TABLE sale ADD COLUMN gone integer")
        shop.write(
            "sources/shop.yaml", SOURCE.replace("deletes: compare_keys", "lookback: 300 days,"
            " deletes: {soft_delete: gone}"),
        )  # fmt: skip
        shop.load()
        shop.next_day("UPDATE sale SET gone = 1, changed = NOW WHERE id = 4")
        shop.next_day("INSERT INTO sale VALUES (31, 'b1', '2026-02-20', 5, NOW, NULL)")
        maintain(kept(shop, "1"))
        report = shop.load()
        assert [s.status for s in report.steps if s.name == "shop.sale"] == ["unchanged"]
        assert "4" not in {row[0] for row in shop.staged()}

    def test_by_age_whole_days_are_folded(self, shop):
        repository = kept(shop, "3 days")
        assert maintain(repository).work == ()
        later = datetime.now(UTC) + timedelta(days=5)
        assert len(shop.counting()) == 5
        report = maintain(repository, now=later)
        folded = {w.table: w.files for w in report.work if type(w).__name__ == "FoldBatches"}
        assert len(folded["sale"]) == 5
        assert shop.taken().value == shop.by_hand()

    def test_age_and_number_both_must_agree(self, shop):
        later = datetime.now(UTC) + timedelta(days=5)
        report = maintain(kept(shop, "{age: 3 days, number: 3}"), now=later)
        (fold,) = [w for w in report.work if type(w).__name__ == "FoldBatches"]
        assert (fold.table, len(fold.files)) == ("sale", 2)

    def test_a_table_that_is_read_whole_keeps_its_newest(self, shop):
        source = SOURCE.replace("sale: {primary_key: id, cursor: changed, deletes: compare_keys}",
                                "sale: {}")  # fmt: skip
        shop.write("sources/shop.yaml", source)
        shop.load()
        shop.next_day("INSERT INTO sale VALUES (40, 'b1', '2026-02-20', 5, NOW)")
        shop.write(
            "workspace.yaml", (shop.path / "workspace.yaml").read_text() + "keep_versions: 2\n"
        )
        shop.next_day("INSERT INTO sale VALUES (41, 'b1', '2026-02-21', 5, NOW)")
        shop.next_day("INSERT INTO sale VALUES (42, 'b1', '2026-02-22', 5, NOW)")
        newest = shop.files()[-2:]
        maintain(kept(shop, "1"))
        # One counts, the other is what the version before is explained by.
        assert shop.files() == newest
        assert shop.taken().value == shop.by_hand()


class TestWhatIsNeeded:
    def test_earlier_versions_are_explained_until_they_go(self, five_versions):
        shop = five_versions
        values = {v: shop.taken(version=v).value for v in (1, 2, 3, 4, 5)}
        report = maintain(kept(shop, "1"))
        held = {each.name: each.why for each in report.held}
        assert held["shop.sale"] == "needed to explain version 1, version 2, version 3"
        for version, value in values.items():
            found = shop.taken(version=version)
            assert (found.value, found.issues, found.holds) == (value, (), True)
        shop.write(
            "workspace.yaml", (shop.path / "workspace.yaml").read_text() + "keep_versions: 2\n"
        )
        shop.next_day("INSERT INTO sale VALUES (50, 'b1', '2026-02-20', 5, NOW)")
        shop.next_day("INSERT INTO sale VALUES (51, 'b1', '2026-02-20', 5, NOW)")
        left = shop.files()
        assert len(left) <= 4
        for version in (7, 6):
            assert shop.taken(version=version).holds

    def test_a_version_that_was_rolled_back_to_is_explained(self, five_versions):
        shop = five_versions
        value = shop.taken(version=2).value
        publish.rollback(shop.repository, 2)
        maintain(kept(shop, "1"))
        found = shop.taken()
        assert (found.version, found.value, found.issues, found.holds) == (2, value, (), True)

    def test_whoever_reads_is_waited_for(self, shop):
        repository = kept(shop, "1")
        before = shop.files()
        with reading(shop.storage.readers):
            report = maintain(repository)
        assert set(before) <= set(shop.files())
        assert any("being read" in each.why for each in report.held)
        maintain(repository)
        assert not set(before) <= set(shop.files())

    def test_whoever_may_not_write_reads_all_the_same(self, tmp_path, monkeypatch):
        from pathlib import Path

        def refused(self, *_):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refused)
        with reading(tmp_path / "readers.lock"):
            assert list(tmp_path.iterdir()) == []

    def test_a_table_that_is_asked_for_else_is_left_until_it_was_read(self, shop):
        kept(shop, "1")
        shop.write("sources/shop.yaml", SOURCE.replace("primary_key: id, cursor: changed, deletes",
                   "primary_key: [id, day], cursor: changed, deletes"))  # fmt: skip
        report = maintain(shop.repository)
        assert {w.table for w in report.work} <= {"buyer"}

    @pytest.mark.parametrize(
        ("listed", "bases", "stand"),
        [
            (["1", "2", "3"], {"2": "12"}, ["2-base", "3"]),
            (["1", "2", "3"], {"3": "123"}, ["3-base"]),
            (["1", "2"], {"3": "123"}, None),
            (["1", "2", "3"], {"2": "2"}, None),
            (["4", "5"], {"3": "123"}, None),
            (["2-base", "3", "4"], {"2": "12", "3": ["2-base", "3"]}, ["3-base", "4"]),
            ([], {"3": "123"}, None),
        ],
    )
    def test_which_base_stands_for_what_was_listed(self, listed, bases, stand):
        def named(names):
            return [f"{name}.parquet" for name in names]

        known = {f"{name}-base.parquet": frozenset(named(f)) for name, f in bases.items()}
        found = standing_for(named(listed), known)
        assert found == (None if stand is None else tuple(named(stand)))


KILLED = """\
import os, signal, sys
from metadata import load_workspace
from pipelines import control
from pipelines.extract import folding
from pipelines.upkeep import maintain, maintaining

def dead(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def then_dead(real):
    def both(*arguments, **options):
        real(*arguments, **options)
        dead()
    return both

point = sys.argv[2]
if point == "writing":
    folding.current_hash = dead
elif point == "before it is in its place":
    folding.replace_durably = dead
elif point == "before it counts":
    control.Control.folded = dead
elif point == "when it counts":
    control.Control.folded = then_dead(control.Control.folded)
elif point == "between two files":
    import pathlib
    real = pathlib.Path.unlink
    def unlink(self, *a, **k):
        real(self, *a, **k)
        if self.suffix == ".parquet":
            dead()
    pathlib.Path.unlink = unlink
elif point == "before removal is noted":
    control.Control.removed = dead
maintain(load_workspace(sys.argv[1]))
print("went through")
"""


@pytest.mark.parametrize(
    "point",
    [
        "writing", "before it is in its place", "before it counts", "when it counts",
        "between two files", "before removal is noted",
    ],
)  # fmt: skip
def test_killed_at_any_point_nothing_is_lost_and_the_next_one_finishes(shop, point):
    expected, value = shop.staged(), shop.by_hand()
    kept(shop, "1")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(shop.path), point],
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr + done.stdout
    found = shop.taken()
    assert (found.value, found.holds, found.issues) == (value, True, ())
    shop.storage.staging_database.unlink()
    shop.load()
    assert shop.staged() == expected
    maintain(shop.repository)
    assert not list(shop.storage.landing.rglob("*.tmp"))
    assert len(bases_in(shop.storage.landed("shop", "sale"))) == 1
    with closing(Control(shop.storage)) as noted:
        assert [each.file for each in noted.batches("shop", "sale")] == shop.files()
    assert len(shop.files()) == 2
    found = shop.taken()
    assert (found.value, found.holds, found.issues) == (value, True, ())


def test_a_fold_that_would_change_anything_is_not_made(shop, monkeypatch):
    real = folding.current_rows

    def loses(*arguments, **options):
        return real(*arguments, **options).limit(2) if options else real(*arguments, **options)

    monkeypatch.setattr(folding, "current_rows", loses)
    before = shop.files()
    report = maintain(kept(shop, "1"))
    assert "would have changed its rows" in str(report.issues[0])
    assert shop.files() == before


class TestRecords:
    def test_old_runs_go_and_what_others_go_by_stays(self, shop):
        for _ in range(3):
            shop.load()
        operations = Operations(shop.storage.root)
        costs, balances = operations.last_costs(), operations.balances()
        runs = [each.run for each in operations.runs()]
        logs = {path.stem for path in shop.storage.logs.glob("*.jsonl")}
        assert set(runs) == logs
        shop.write("maintenance/keep.yaml", "maintenance: keep\nkeep: {runs: 1}\n")
        report = maintain(shop.repository)
        (work,) = report.work
        after = [each.run for each in operations.runs()]
        assert after[0] == runs[0]
        assert set(runs) - set(after) == set(work.runs) != set()
        assert {path.stem for path in shop.storage.logs.glob("*.jsonl")} == set(after)
        assert (operations.last_costs(), operations.balances()) == (costs, balances)
        assert {v.run for v in operations.versions() if v.pruned_at is None} <= set(after)

    def test_a_log_whose_record_went_before_it_goes_too(self, shop):
        shop.write("maintenance/keep.yaml", "maintenance: keep\nkeep: {runs: 1}\n")
        maintain(shop.repository)
        (shop.storage.logs / "20200101T000000000000Z.jsonl").write_text("{}")
        (work,) = maintain(shop.repository).work
        assert (work.runs, work.logs) == ((), ("20200101T000000000000Z.jsonl",))
        assert maintain(shop.repository).work == ()

    def test_versions_beyond_the_number_that_is_kept(self, five_versions):
        shop = five_versions
        settings = (shop.path / "workspace.yaml").read_text()
        shop.write("workspace.yaml", f"{settings}keep_versions: 2\n")
        publish.rollback(shop.repository, 2)
        (work,) = maintain(shop.repository).work
        # The one that readers see stays, however old it is.
        assert work.versions == (1, 3)
        assert sorted(publish.numbers(shop.storage)) == [2, 4, 5]
        shown = Operations(shop.storage.root).versions()
        assert {v.version for v in shown if v.pruned_at is None} == {2, 4, 5}

    def test_refused_rows_are_listed_as_long_as_the_rule_says(self, shop):
        operations = Operations(shop.storage.root)
        assert len(operations.refused_rows()) == 1
        balances = operations.balances()
        shop.write("maintenance/keep.yaml", "maintenance: keep\nkeep: {quarantine: 30 days}\n")
        assert maintain(shop.repository).work == ()
        later = datetime.now(UTC) + timedelta(days=32)
        report = maintain(shop.repository, now=later)
        assert [work.rows for work in report.work] == [1]
        assert operations.refused_rows() == ()
        assert operations.balances() == balances

    def test_scans_but_for_the_newest_two(self, shop):
        from metadata.scan import scan_folder, scan_versions

        folder = scan_folder(shop.storage.root, "shop")
        folder.mkdir(parents=True)
        for number in range(1, 6):
            (folder / f"{number:06d}.json").write_text("{}")
        shop.write("maintenance/keep.yaml", "maintenance: keep\nkeep: {scans: 1}\n")
        maintain(shop.repository)
        assert scan_versions(shop.storage.root, "shop") == (4, 5)


def listing(shop):
    return {
        str(path): path.stat().st_mtime_ns
        for path in shop.storage.root.rglob("*")
        if path.is_file() and path.suffix not in (".lock", ".sqlite-wal", ".sqlite-shm")
        and "control.sqlite" not in path.name
    }  # fmt: skip


class TestTheCommand:
    def test_a_dry_run_lists_and_changes_nothing(self, shop, capsys):
        kept(shop, "1")
        before = listing(shop)
        assert rapport(["maintain", "--dry-run", "--format", "json", "-w", str(shop.path)]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["dry_run"] is True
        assert listing(shop) == before
        planned = [(w["kind"], w["name"], w["items"]) for w in told["work"]]
        assert ("fold_batches", "shop.sale", shop.files()[:-1]) in planned
        assert rapport(["maintain", "--format", "json", "-w", str(shop.path)]) == 0
        done = json.loads(capsys.readouterr().out)
        assert [(w["kind"], w["name"], w["items"]) for w in done["work"]] == planned
        assert rapport(["maintain", "-w", str(shop.path)]) == 0
        assert "Nothing to do" in capsys.readouterr().out

    def test_every_run_does_it_at_its_end(self, shop, capsys):
        kept(shop, "1")
        assert rapport(["run", "--format", "json", "-w", str(shop.path)]) == 0
        told = json.loads(capsys.readouterr().out)
        assert {w["kind"] for w in told["maintenance"]["work"]} >= {"fold_batches"}
        assert len(bases_in(shop.storage.landed("shop", "sale"))) == 1
