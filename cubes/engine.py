"""The engine: query → resolve → plan → compile → run. Explain stops before the last step."""

from __future__ import annotations

import time
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from cubes.allowed import access_notes
from cubes.catalogue import Catalogue
from cubes.cell import Cell, plan_cell
from cubes.compile import GROUPING, compile_plan, filters_of
from cubes.database import PublishedDatabase
from cubes.drill import CellFacts, drill_through
from cubes.members import members_filters, members_statement
from cubes.nodes import Plan
from cubes.plan import plan
from cubes.query import Query
from cubes.resolve import (
    ResolvedQuery,
    find_cube,
    find_readable_level,
    resolve,
    resolve_filter,
)
from metadata import Repository
from metadata.errors import UserError
from metadata.seen import seen_by
from metadata.viewers import AccessRules

if TYPE_CHECKING:
    # Only `to_pandas` needs it, and importing it takes as long as answering.
    import pandas as pd


@dataclass(frozen=True)
class ResultColumn:
    """What a column of a result is; `format`, `additivity` and `polarity` only for measures.

    `type` is in the metadata's words: string, integer, decimal(38,2), double, date ...
    """

    name: str
    label: str
    kind: str
    type: str
    format: str | None = None
    additivity: str | None = None
    polarity: str | None = None
    description: str = ""


@dataclass(frozen=True)
class Result:
    """An answer: `table` has a column for each of `columns`, and `_grouping` if totals were asked.

    `_grouping` is a bit mask over the levels in the order rows, columns; the first level is the
    highest bit, and a set bit says that the row totals over that level.
    """

    table: pa.Table
    columns: tuple[ResultColumn, ...]
    sql: str
    version: int
    seconds: float
    rollup: str | None
    notes: tuple[str, ...] = ()
    """What whoever asked does not see, for people."""

    @property
    def levels(self) -> tuple[ResultColumn, ...]:
        """The columns that group."""
        return tuple(column for column in self.columns if column.kind == "level")

    @property
    def measures(self) -> tuple[ResultColumn, ...]:
        """The columns that count."""
        return tuple(column for column in self.columns if column.kind == "measure")

    def to_pandas(self) -> pd.DataFrame:
        """The table as a data frame."""
        return self.table.to_pandas()


@dataclass(frozen=True)
class Explanation:
    """How a query would be answered: the statement, the table it reads, and why that one."""

    sql: str
    used: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Compiled:
    query: ResolvedQuery
    plan: Plan
    statement: exp.Select


class Engine:
    """Answers questions about one workspace's cubes. Safe to share by threads.

    It follows the version that readers see, or stays with the one it is told.
    """

    def __init__(
        self,
        repository: Repository,
        published: Path | None = None,
        *,
        timeout: float = 60.0,
        threads: int | None = None,
        memory_limit: str | None = None,
        version: int | None = None,
    ) -> None:
        self.repository = self._whole = repository
        self._known: tuple[AccessRules, dict[str, Engine]] = (AccessRules.of(repository), {})
        folder = published or repository.storage / "published"
        self._database = PublishedDatabase(folder, timeout, threads, memory_limit, version)

    def seen_by(self, user: str, rules: AccessRules | None = None) -> Engine:
        """The same engine for one person: what the person may not see is not there.

        Args:
            user: name of a user; empty for nobody in particular, where there are no users.
            rules: the policies in force; those of the engine's own metadata without them.

        Raises:
            UserError: there is no such user, or a policy cannot be kept in this version.
        """
        held, known = self._known
        if rules is not None and rules.policies is not held.policies:
            # Both at once: what was made by older rules must not be found beside newer ones.
            held, known = self._known = (rules, {})
        seen = known.get(user)
        if seen is None:
            seen = copy(self)
            seen.repository = seen_by(self._whole, held, held.viewer(user))
            known[user] = seen
        return seen

    def query(self, query: Query) -> Result:
        """Answer a query.

        Raises:
            UserError: it cannot be answered; the message says why and the way out.
        """
        began = time.perf_counter()
        # Names are checked first: a misspelt one is told even before anything is published.
        resolved = resolve(self.repository, query)
        with self._database.reading() as reader:
            compiled = _compile(resolved, reader.catalogue)
            table = reader.keeping(filters_of(compiled.plan)).run(compiled.statement)
            version = reader.catalogue.version
        return Result(
            table,
            _columns(compiled),
            compiled.statement.sql(dialect="duckdb", pretty=True),
            version,
            time.perf_counter() - began,
            compiled.plan.base.rollup,
            access_notes(resolved, compiled.plan),
        )

    def explain(self, query: Query) -> Explanation:
        """How a query would be answered, on the same path, without running it."""
        resolved = resolve(self.repository, query)
        if self._database.version() is None:
            compiled = _compile(resolved, None)
        else:
            with self._database.reading() as reader:
                compiled = _compile(resolved, reader.catalogue)
        sql = compiled.statement.sql(dialect="duckdb", pretty=True)
        notes = (*access_notes(resolved, compiled.plan), *compiled.plan.notes)
        return Explanation(sql, compiled.plan.base.table, notes)

    def facts_of(self, cell: Cell, *, limit: int = 100, offset: int = 0) -> CellFacts:
        """The fact rows that make one figure, and what all of them add up to.

        Args:
            cell: the figure.
            limit: rows at the most; totals cover all of them.
            offset: rows to leave out before the first.

        Raises:
            UserError: it cannot be answered; the message says why and the way out.
        """
        planned = plan_cell(self.repository, cell)
        with self._database.reading() as reader:
            return drill_through(planned, cell, reader, limit, offset)

    def members(
        self,
        cube: str,
        level: str,
        *,
        search: str | None = None,
        limit: int = 100,
        where: str | None = None,
    ) -> list[Any]:
        """Members of a level that occur in the cube's facts, in their order.

        Args:
            cube: name of the cube.
            level: as `role.attribute`.
            search: only members that contain this text, whatever its case.
            limit: members at the most.
            where: only members of facts for which this filter holds.
        """
        if limit < 1:
            raise UserError(f"'limit' must be 1 or more, and it is {limit}.")
        resolved = find_cube(self.repository, cube)
        found = find_readable_level(resolved, level)
        predicate = resolve_filter(resolved, where)
        select = members_statement(resolved, found, search=search, where=predicate, limit=limit)
        with self._database.reading() as reader:
            kept = reader.keeping(members_filters(resolved))
            listed: list[Any] = kept.run(select).column("member").to_pylist()
        return listed

    def version(self) -> int | None:
        """The version that readers see, or None before the first."""
        return self._database.version()

    def run_select(self, statement: exp.Select) -> pa.Table:
        """Run a SELECT over the published tables, under the same guard as compiled ones."""
        with self._database.reading() as reader:
            return reader.run(statement)

    def close(self) -> None:
        """Let go of the published version."""
        self._database.close()


def _compile(resolved: ResolvedQuery, catalogue: Catalogue | None) -> _Compiled:
    planned = plan(resolved, catalogue)
    if catalogue is not None and planned.base.table not in catalogue.tables:
        raise UserError(
            f"Version {catalogue.version} does not hold the cube '{resolved.cube.name}' yet.",
            why=f"It has no table {planned.base.table}.",
            fix="Load it with `rapport run`.",
        )
    return _Compiled(resolved, planned, compile_plan(planned))


def _columns(compiled: _Compiled) -> tuple[ResultColumn, ...]:
    cube = compiled.query.cube
    levels = [
        ResultColumn(level.name, level.label, "level", level.type)
        for level in compiled.query.levels
    ]
    measures = []
    for planned in compiled.plan.measures:
        measure = cube.measures[planned.name]
        label = measure.label or planned.name.replace("_", " ").capitalize()
        if planned.shown:
            measures.append(
                ResultColumn(
                    planned.name, label, "measure", planned.formula.type, measure.format,
                    measure.additivity, measure.polarity, measure.description,
                )
            )  # fmt: skip
    return (*levels, *measures)


__all__ = ["GROUPING", "Engine", "Explanation", "Result", "ResultColumn"]
