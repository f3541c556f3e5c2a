"""Readers and versions: followed, kept apart, never written, never a traceback."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
import sqlglot

from cubes import Engine, Query
from metadata import Repository
from metadata.errors import InternalError, UserError

# Buyers do not add up, so no rollup answers in the fact's place.
LINES = Query("sales", ("lines", "buyers"))


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return tmp_path / "published"


@pytest.fixture
def engine(repository: Repository, published: Path) -> Iterator[Engine]:
    engine = Engine(repository, published)
    yield engine
    engine.close()


Publish = Callable[..., None]


@pytest.fixture
def publish(workspace: Path, published: Path, tmp_path: Path) -> Publish:
    """Publish the star as a version, changed by statements."""

    def _publish(version: int, *changes: str) -> None:
        file = f"v{version:06d}.duckdb"
        published.mkdir(exist_ok=True)
        shutil.copyfile(workspace / "built.duckdb", published / file)
        if changes:
            with duckdb.connect(str(published / file)) as connection:
                for change in changes:
                    connection.execute(change)
        pointer = json.dumps({"version": version, "file": file})
        (tmp_path / "new").write_text(pointer, encoding="utf-8")
        os.replace(tmp_path / "new", published / "current.json")

    return _publish


def lines(engine: Engine) -> int:
    return engine.query(LINES).table.column("lines")[0].as_py()


def test_nothing_is_published_yet(engine: Engine) -> None:
    assert engine.version() is None
    with pytest.raises(UserError, match=r"(?s)Nothing has been published yet.*rapport run"):
        engine.query(LINES)
    with pytest.raises(UserError, match="Nothing has been published yet"):
        engine.members("sales", "customer.name")
    # How a query would be answered is known all the same, and a mistake is told first.
    explained = engine.explain(Query("sales", ("lines",)))
    assert explained.used == "fact_sales"
    assert any("nothing is published yet" in note for note in explained.notes)
    with pytest.raises(UserError, match="There is no cube 'sails'"):
        engine.query(Query("sails", ("lines",)))


def test_readers_follow_what_is_published(engine: Engine, publish: Publish) -> None:
    publish(1)
    assert (engine.version(), lines(engine)) == (1, 9)
    publish(2, "delete from fact_sales where sale_id = '1'")
    assert (engine.version(), lines(engine)) == (2, 8)
    assert engine.query(LINES).version == 2
    publish(1)  # rolled back
    assert (engine.version(), lines(engine)) == (1, 9)


def test_a_question_sees_one_version(engine: Engine, publish: Publish, published: Path) -> None:
    publish(1)
    with engine._database.reading() as reader:
        publish(2, "delete from fact_sales")
        assert lines(engine) == 0
        (published / "v000001.duckdb").unlink()
        count = sqlglot.parse_one("select count(*) as n from fact_sales")
        assert reader.run(count).column("n")[0].as_py() == 9
        old = reader.connection
    # The last one out closes the version that nobody needs any more.
    with pytest.raises(duckdb.ConnectionException):
        old.cursor()
    assert lines(engine) == 0


def test_questions_at_the_same_time(engine: Engine, publish: Publish) -> None:
    publish(1)
    found: list[int] = []
    problems: list[Exception] = []

    def ask() -> None:
        try:
            found.extend(lines(engine) for _ in range(5))
        except Exception as error:
            problems.append(error)

    askers = [threading.Thread(target=ask) for _ in range(6)]
    for asker in askers:
        asker.start()
    for version in (2, 3, 4):
        publish(version)
    for asker in askers:
        asker.join()
    assert not problems
    assert found == [9] * 30


def test_metadata_that_is_newer_than_the_data(engine: Engine, publish: Publish) -> None:
    publish(1, "drop table fact_stock", "alter table fact_sales drop column cost")
    with pytest.raises(UserError, match=r"(?s)no table fact_stock.*rapport run"):
        engine.query(Query("stock", ("pieces",)))
    with pytest.raises(UserError, match=r"(?s)does not hold what the question reads.*rapport run"):
        engine.query(Query("sales", ("cost", "buyers")))
    assert lines(engine) == 9


@pytest.mark.parametrize("pointer", ["", "{", "[]", "{}", '{"version": "x", "file": "a"}', "null"])
def test_a_broken_pointer(engine: Engine, published: Path, pointer: str) -> None:
    published.mkdir()
    (published / "current.json").write_text(pointer, encoding="utf-8")
    with pytest.raises(UserError, match=r"(?s)cannot be opened.*rapport rollback"):
        engine.query(LINES)
    with pytest.raises(UserError, match="cannot be opened"):
        engine.version()


def test_a_version_that_is_gone_or_damaged(
    engine: Engine, publish: Publish, published: Path
) -> None:
    publish(1)
    (published / "v000001.duckdb").write_bytes(b"no database" * 1000)
    with pytest.raises(UserError, match="cannot be opened"):
        engine.query(LINES)
    (published / "v000001.duckdb").unlink()
    with pytest.raises(UserError, match="names a file that is not there"):
        engine.query(LINES)


def test_a_question_that_takes_too_long(
    repository: Repository, published: Path, publish: Publish
) -> None:
    publish(1, "insert into fact_sales select f.* from fact_sales f, range(100000)")
    engine = Engine(repository, published, timeout=0.01)
    levels = ("customer.name", "product.name", "order_date.date", "paid_date.date")
    slow = Query("sales", ("receipts", "buyers", "cities"), levels, totals=True)
    with pytest.raises(UserError, match="given up"):
        engine.query(slow)
    engine.close()
    patient = Engine(repository, published, threads=1, memory_limit="500MB")
    assert lines(patient) == 900_009
    patient.close()


def test_figures_that_are_too_large(engine: Engine, publish: Publish) -> None:
    publish(1, "update fact_sales set quantity = 9223372036854775807")
    with pytest.raises(UserError, match="too large"):
        engine.query(Query("sales", ("pieces",)))


HOSTILE = [
    "select getenv('HOME')",
    "select * from read_csv('/etc/passwd')",
    "select * from '/etc/passwd'",
    "select * from duckdb_settings()",
    "select * from information_schema.tables",
    "select * from other.fact_sales",
    "select current_setting('threads')",
    "select * from fact_sales f, unnest([1])",
    "select (select count(*) from nowhere)",
    "select 1 union select 2",
    "select * from fact_sales using sample 5",
    "select * from fact_sales for update",
    "select $1",
    "select {'a': sale_id} from fact_sales",
    "select columns('a') from fact_sales",
    "drop table fact_sales",
    "delete from fact_sales",
    "insert into fact_sales select * from fact_sales",
    "create table x as select 1",
    "copy fact_sales to 'x'",
    "attach 'x'",
    "set threads = 1",
    "pragma database_list",
    "call pragma_version()",
    "with x as (delete from fact_sales returning *) select * from x",
]


@pytest.mark.parametrize("statement", HOSTILE)
def test_only_plain_selects_over_known_tables_run(
    engine: Engine, publish: Publish, statement: str
) -> None:
    publish(1)
    with pytest.raises(InternalError):
        engine.run_select(sqlglot.parse_one(statement, dialect="duckdb"))


def test_the_database_itself_refuses_to_be_changed(engine: Engine, publish: Publish) -> None:
    publish(1)
    with engine._database.reading() as reader:
        cursor = reader.connection.cursor()
        for statement in ("delete from fact_sales", "set threads = 1", "copy fact_sales to 'x'"):
            with pytest.raises(duckdb.Error):
                cursor.execute(statement)
