"""What goes wrong around a run: other programs, full disks, lost files, a process that dies."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading

import duckdb
import pytest

from cubes.operations import Operations
from metadata import UserError
from pipelines import publish
from pipelines.control import Control
from pipelines.extract import landing
from pipelines.lock import run_lock
from pipelines.storage import Storage


def status(report, name):
    return next(step.status for step in report.steps if step.name == name)


def warehouse(company, query):
    path = Storage.of(company.repository).warehouse_database
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_two_runs_in_one_process_are_told_apart_too(tmp_path):
    lock, told = tmp_path / "run.lock", []

    def other():
        try:
            with run_lock(lock, wait=False):
                told.append("both at once")
        except UserError as error:
            told.append(str(error))

    with run_lock(lock, wait=False):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert "at work" in told[0]


def test_one_that_waits_gets_its_turn(tmp_path):
    lock, order = tmp_path / "run.lock", []

    def other():
        with run_lock(lock, wait=True):
            order.append("second")

    with run_lock(lock, wait=False):
        thread = threading.Thread(target=other)
        thread.start()
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_a_build_that_another_program_has_open_is_told(starter):
    starter.load()
    starter.replace("data/products.csv", "Desk lamp", "Table lamp")
    path = Storage.of(starter.repository).warehouse_database
    script = (
        "import duckdb, sys, time\nc = duckdb.connect(sys.argv[1])\n"
        "print('open', flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(UserError, match="warehouse.duckdb cannot be opened"):
            starter.load()
        other.kill()
    assert Operations(starter.repository.storage).runs()[0].status == "failed"
    assert starter.load().version == 2


def test_a_full_disk_stops_publishing_and_nothing_else(starter, monkeypatch):
    starter.load()
    starter.replace("data/products.csv", "Desk lamp", "Table lamp")

    def full(source, target):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", full)
        report = starter.load()
    assert not report.ok
    assert report.version == 1
    assert "No space left" in str(report.steps[-1].issues[0])
    assert starter.load().version == 2


def test_a_lost_warehouse_goes_on_from_the_published_one_with_its_history(starter):
    starter.write(
        "model/product.yaml",
        "dimension: product\nattributes: {name: {history: track}}\n",
    )
    starter.load()
    starter.replace("data/products.csv", "Desk lamp", "Table lamp")
    starter.load()
    versions = "SELECT product_key, name, is_current FROM dim_product ORDER BY ALL"
    before = warehouse(starter, versions)
    assert [row for row in before if row[1] == "Desk lamp"][0][2] is False
    Storage.of(starter.repository).warehouse_database.unlink()
    report = starter.load()
    assert report.ok
    assert warehouse(starter, versions) == before


def test_what_a_dead_run_left_in_the_landing_zone_is_removed(starter):
    starter.load()
    storage = Storage.of(starter.repository)
    folder = storage.landed("shop", "orders")
    (known,) = folder.glob("*.parquet")
    half, unknown = folder / "29990101T000000000000Z.tmp", folder / "29990101T000000000000Z.parquet"
    for stray in (half, unknown):
        shutil.copyfile(known, stray)
    assert starter.load().ok
    assert list(folder.iterdir()) == [known]


def test_without_notes_the_landing_zone_is_left_alone(starter):
    starter.load()
    storage = Storage.of(starter.repository)
    (known,) = storage.landed("shop", "orders").glob("*.parquet")
    storage.control.unlink()
    control = Control(storage)
    landing.clean_up(storage, control)
    control.close()
    assert known.is_file()


def test_lost_notes_cost_nothing_but_another_read(starter):
    first = starter.load()
    for file in Storage.of(starter.repository).root.glob("control.sqlite*"):
        file.unlink()
    report = starter.load()
    assert report.ok
    assert {s.name: s.rows_out for s in report.steps if s.kind != "extract"} == {
        s.name: s.rows_out for s in first.steps if s.kind != "extract"
    }


def test_pruned_versions_are_noted(starter):
    starter.replace("workspace.yaml", "currency: EUR", "currency: EUR\nkeep_versions: 2")
    for price in (10, 11, 12):
        starter.write("data/products.csv", f"sku,name,category,cost\nA-100,Lamp,L,{price}\n")
        starter.load()
    noted = Operations(starter.repository.storage).versions()
    assert [(v.version, v.pruned_at is None) for v in noted] == [(3, True), (2, True), (1, False)]
    assert sorted(publish.numbers(Storage.of(starter.repository))) == [2, 3]


def test_freshness_tells_what_is_failing(starter):
    starter.load()
    (starter.path / "data/customers.csv").unlink()
    starter.load()
    fresh = {f.table: f for f in Operations(starter.repository.storage).freshness()}
    assert fresh["customers"].failing
    assert not fresh["orders"].failing
    assert fresh["customers"].rows == 6


def test_the_journal_of_a_run_is_one_json_document_a_line(starter):
    report = starter.load()
    folder = Storage.of(starter.repository).logs
    (file,) = folder.iterdir()
    told = [json.loads(line) for line in file.read_text().splitlines()]
    assert file.stem == report.run
    assert [each["event"] for each in (told[0], told[-1])] == ["run starts", "run ends"]
    steps = {each["name"]: each for each in told if each["event"] == "step"}
    assert set(steps) == {step.name for step in report.steps}
    assert steps["order_line"]["refused"] == 1
    assert "Berger" not in file.read_text()


def test_a_landed_file_that_is_damaged_is_told_with_the_way_out(starter):
    starter.load()
    folder = Storage.of(starter.repository).landing / "shop" / "customers"
    (path,) = folder.glob("*.parquet")
    path.write_bytes(path.read_bytes()[:200])
    starter.replace("mappings/customer.yaml", "[trim, collapse_spaces]", "[trim, upper]")
    report = starter.load()
    told = next(step for step in report.steps if step.name == "customer")
    assert told.status == "failed" and "shop/customers cannot be read" in str(told)
    path.unlink()
    assert starter.load(full=True).ok
