"""Cube queries against SQL written by hand for the same figures, on the same published version."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

from cubes import Engine, Query
from metadata import Repository
from metadata.errors import UserError
from pipelines import publish
from pipelines.storage import Storage

_QUESTIONS = Path(__file__).with_name("cubes.yaml")


@dataclass(frozen=True)
class Comparison:
    """One question: medians in milliseconds, over rounds in which the two took turns."""

    name: str
    title: str
    cube_ms: float
    compile_ms: float
    sql_ms: float
    answered_from: str
    rows: int

    @property
    def ratio(self) -> float:
        """How many times the hand-written SQL's time the cube takes."""
        return self.cube_ms / self.sql_ms

    @property
    def within_goal(self) -> bool:
        """Within 1.10 times plus 10 milliseconds."""
        return self.cube_ms <= 1.1 * self.sql_ms + 10


def compare(repository: Repository, rounds: int) -> Iterator[Comparison]:
    """Time every question that the workspace can answer.

    Raises:
        UserError: nothing has been published, or a question's two answers differ.
    """
    path, _ = publish.in_force(Storage.of(repository))
    engine = Engine(repository)
    # The same settings as readers have; DuckDB lets one process open a file in one way only.
    settings = {"enable_external_access": "false", "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false", "lock_configuration": "true"}  # fmt: skip
    questions = yaml.safe_load(_QUESTIONS.read_text(encoding="utf-8"))["questions"]
    with duckdb.connect(str(path), read_only=True, config=dict(settings)) as connection:
        year = connection.execute(
            "SELECT max(year) FROM fact_sales JOIN dim_date ON date_key = order_date_key"
        ).fetchone()
        for name, question in questions.items():
            if question["query"]["cube"] in repository.cubes:
                filled = _with_year(question, year[0] if year else 0)
                yield _compare(engine, connection, name, filled, rounds)
    engine.close()


def _compare(
    engine: Engine,
    connection: duckdb.DuckDBPyConnection,
    name: str,
    question: dict[str, Any],
    rounds: int,
) -> Comparison:
    asked = Query.from_dict(question["query"])
    cube: list[float] = []
    hand: list[float] = []
    compiled: list[float] = []
    # The first round warms both up and is not counted.
    for number in range(rounds + 1):
        answer, cube_ms = _timed(lambda: engine.query(asked))
        rows, hand_ms = _timed(lambda: connection.cursor().sql(question["sql"]).to_arrow_table())
        _, compile_ms = _timed(lambda: engine.explain(asked))
        if number:
            cube.append(cube_ms)
            hand.append(hand_ms)
            compiled.append(compile_ms)
    _check_same(name, answer.table, rows, len(asked.measures))
    return Comparison(
        name,
        question["title"],
        statistics.median(cube),
        statistics.median(compiled),
        statistics.median(hand),
        engine.explain(asked).used,
        answer.table.num_rows,
    )


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    result = work()
    return result, (time.perf_counter() - began) * 1000


def _check_same(name: str, mine: Any, theirs: Any, measures: int) -> None:
    """The two must give the same figures, or their times mean nothing."""

    def figures(table: Any, columns: list[str]) -> list[list[float]]:
        values = zip(*(table.column(c).to_pylist() for c in columns), strict=True)
        return sorted([round(float(v or 0), 6) for v in row] for row in values)

    shown = [c for c in mine.column_names if c != "_grouping"][-measures:]
    if figures(mine, shown) != figures(theirs, theirs.column_names[-measures:]):
        raise UserError(f"The two answers to '{name}' differ.")


def _with_year(value: Any, year: int) -> Any:
    """The question with the data's last year put in."""
    if isinstance(value, dict):
        return {key: _with_year(inner, year) for key, inner in value.items()}
    return value.replace("{year}", str(year)) if isinstance(value, str) else value
