"""How the warehouse was filled: runs, steps, batches, balances, refusals and versions.

Answers come from the control store and the quarantine file, never from the build databases, so
that they can be had while a run is at work.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

from cubes.control_tables import (
    CONTROL_FILE,
    QUARANTINE_FILE,
    UtcDateTime,
    balances,
    batches,
    issues,
    open_control,
    positions,
    refusals,
    removed_batches,
    runs,
    steps,
    versions,
)
from metadata.errors import Issue, Location


@dataclass(frozen=True)
class Run:
    """One execution of the pipeline; `status` is running, done, failed or died."""

    run: str
    sequence: int
    status: str
    started_at: datetime
    finished_at: datetime | None
    full: bool
    selected: tuple[str, ...]
    version: int | None


@dataclass(frozen=True)
class Step:
    """One step of a run; `status` is done, unchanged, failed or skipped."""

    run: str
    name: str
    position: int
    kind: str
    status: str
    rows_in: int | None
    rows_out: int | None
    refused: int | None
    seconds: float
    finished_at: datetime


@dataclass(frozen=True)
class Failure:
    """A problem met by a step; `severity` is stop or warn."""

    run: str
    step: str
    severity: str
    issue: Issue


@dataclass(frozen=True)
class Batch:
    """What one read of a source table brought; `kind` is whole or changes."""

    source: str
    table: str
    batch: str
    run: str
    kind: str
    rows: int
    deleted: int
    bytes: int
    landed_at: datetime


@dataclass(frozen=True)
class Balance:
    """The conservation law of one mapping: landed = staged + quarantined + merged + filtered."""

    run: str
    entity: str
    mapping: str
    landed: int
    staged: int
    quarantined: int
    merged: int
    filtered: int

    @property
    def balanced(self) -> bool:
        """Whether every landed row ended in exactly one place."""
        return self.landed == self.staged + self.quarantined + self.merged + self.filtered


@dataclass(frozen=True)
class Refusal:
    """How many rows a rule refused (`quarantined`) or only remarked on (`warned`)."""

    run: str
    entity: str
    mapping: str
    column: str
    rule: str
    outcome: str
    rows: int


@dataclass(frozen=True)
class RefusedRow:
    """One reason for which one landed row was refused; `row_json` is the row as it came."""

    entity: str
    mapping: str
    source: str
    table: str
    batch: str
    row: int
    column: str
    rule: str
    reason: str
    value: str
    row_json: str


@dataclass(frozen=True)
class Freshness:
    """How current the warehouse's knowledge of one source table is."""

    source: str
    table: str
    read_at: datetime
    changed_at: datetime | None
    rows: int
    failing: bool
    """Whether the last attempt to read it failed."""


@dataclass(frozen=True)
class Version:
    """A published version; `pruned_at` says when its file was removed."""

    version: int
    run: str
    file: str
    bytes: int
    published_at: datetime
    pruned_at: datetime | None


@dataclass(frozen=True)
class StepCost:
    """What a step took when it last did something."""

    name: str
    rows: int | None
    seconds: float


class Operations:
    """The read side of a workspace's control store; empty answers before the first run."""

    def __init__(self, storage: Path) -> None:
        self._storage = storage
        self._engine: sa.Engine | None = None

    def runs(self, limit: int = 50) -> tuple[Run, ...]:
        """The latest runs, newest first."""
        query = sa.select(runs).order_by(runs.c.sequence.desc()).limit(limit)
        return tuple(
            Run(**{**row, "selected": tuple(row["selected"])}) for row in self._rows(query)
        )

    def steps(self, run: str | None = None) -> tuple[Step, ...]:
        """The steps of a run (the latest when none is named), in the order of the plan."""
        query = sa.select(steps).where(steps.c.run == self._or_latest(run))
        return tuple(Step(**row) for row in self._rows(query.order_by(steps.c.position)))

    def failures(self, run: str | None = None) -> tuple[Failure, ...]:
        """The problems of a run (the latest when none is named)."""
        query = (
            sa.select(issues)
            .where(issues.c.run == self._or_latest(run))
            .order_by(issues.c.step, issues.c.position)
        )
        return tuple(_failure(row) for row in self._rows(query))

    def batches(
        self, source: str | None = None, table: str | None = None, limit: int = 500
    ) -> tuple[Batch, ...]:
        """Landed batches, newest first."""
        query = sa.select(batches).order_by(batches.c.batch.desc(), batches.c.source)
        if source is not None:
            query = query.where(batches.c.source == source)
        if table is not None:
            query = query.where(batches.c.table == table)
        return tuple(Batch(**row) for row in self._rows(query.limit(limit)))

    def balances(self, run: str | None = None) -> tuple[Balance, ...]:
        """The balance of every mapping: as of a run, or the last known of each."""
        return tuple(Balance(**row) for row in self._rows(_of_run_or_last(balances, run)))

    def refusals(self, run: str | None = None) -> tuple[Refusal, ...]:
        """Refused and remarked rows by rule: as of a run, or the last known of each entity."""
        return tuple(Refusal(**row) for row in self._rows(_of_run_or_last(refusals, run)))

    def first_run(self) -> datetime | None:
        """When the first run that is still known began."""
        query = sa.select(sa.func.min(runs.c.started_at, type_=UtcDateTime).label("first"))
        return next((row["first"] for row in self._rows(query)), None)

    def freshness(self, only: str | None = None) -> tuple[Freshness, ...]:
        """Every source table that was ever read, or the one that is asked for as source.table."""
        landed = (
            sa.select(
                batches.c.source,
                batches.c.table,
                sa.func.max(batches.c.landed_at, type_=UtcDateTime).label("changed_at"),
                sa.func.sum(batches.c.rows).label("rows"),
            )
            # A base holds what landed with others.
            .where(batches.c.kind != "base", *_named(batches, only))
            .group_by(batches.c.source, batches.c.table)
            .subquery()
        )
        query = (
            sa.select(
                positions.c.source, positions.c.table, positions.c.read_at,
                landed.c.changed_at, sa.func.coalesce(landed.c.rows, 0).label("rows"),
            )
            .outerjoin(
                landed,
                sa.and_(
                    landed.c.source == positions.c.source, landed.c.table == positions.c.table
                ),
            )
            .where(*_named(positions, only))
            .order_by(positions.c.source, positions.c.table)
        )  # fmt: skip
        failed = sa.select(steps.c.name).where(
            steps.c.run == self._or_latest(None), steps.c.status == "failed"
        )
        failing = {row["name"] for row in self._rows(failed)}
        removed = self._removed(only)
        return tuple(
            Freshness(
                row["source"],
                row["table"],
                row["read_at"],
                row["changed_at"] or (gone["last_landed_at"] if gone else None),
                row["rows"] + (gone["rows"] if gone else 0),
                f"{row['source']}.{row['table']}" in failing,
            )
            for row in self._rows(query)
            for gone in [removed.get((row["source"], row["table"]))]
        )

    def _removed(self, only: str | None) -> dict[tuple[str, str], dict[str, Any]]:
        """What batches brought that maintenance has removed since, by source and table."""
        try:
            rows = self._rows(sa.select(removed_batches).where(*_named(removed_batches, only)))
        except sa.exc.OperationalError:
            # The store was made before anything was ever removed.
            return {}
        return {(row["source"], row["table"]): row for row in rows}

    def last_costs(self) -> dict[str, StepCost]:
        """What every step took when it last did something, by its name.

        Rows are those of the last time; seconds the longest of the last three times, for a table
        that was only given another name took none.
        """
        place = sa.func.row_number().over(partition_by=steps.c.name, order_by=steps.c.run.desc())
        done = (
            sa.select(steps.c.name, steps.c.rows_out, steps.c.seconds, place.label("place"))
            .where(steps.c.status == "done")
            .subquery()
        )
        newest = sa.case((done.c.place == 1, done.c.rows_out))
        query = (
            sa.select(
                done.c.name,
                sa.func.max(newest).label("rows"),
                sa.func.max(done.c.seconds).label("seconds"),
            )
            .where(done.c.place <= 3)
            .group_by(done.c.name)
        )
        return {row["name"]: StepCost(**row) for row in self._rows(query)}

    def versions(self) -> tuple[Version, ...]:
        """Every version ever published, newest first."""
        query = sa.select(versions).order_by(versions.c.version.desc())
        return tuple(Version(**row) for row in self._rows(query))

    def refused_rows(self, entity: str | None = None, limit: int = 100) -> tuple[RefusedRow, ...]:
        """Quarantined rows as they came, one for each reason, of the last run that staged any."""
        path = self._storage / QUARANTINE_FILE
        if not path.is_file():
            return ()
        wanted = pc.field("entity") == entity if entity is not None else None
        rows = pq.read_table(path, columns=list(RefusedRow.__dataclass_fields__), filters=wanted)
        return tuple(RefusedRow(**row) for row in rows.slice(0, limit).to_pylist())

    def _or_latest(self, run: str | None) -> Any:
        if run is not None:
            return run
        return sa.select(runs.c.run).order_by(runs.c.sequence.desc()).limit(1).scalar_subquery()

    def _rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        path = self._storage / CONTROL_FILE
        if not path.is_file():
            return []
        if self._engine is None:
            self._engine = open_control(path)
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _named(of: sa.Table, only: str | None) -> list[sa.ColumnElement[bool]]:
    """The condition that a row is about a source table, if one is asked for."""
    if only is None:
        return []
    source, _, table = only.partition(".")
    return [of.c.source == source, of.c.table == table]


def _of_run_or_last(table: sa.Table, run: str | None) -> sa.Select[Any]:
    """Rows of one run, or, for each entity, those of the last run that staged it."""
    query = sa.select(table).order_by(table.c.entity, table.c.mapping)
    if run is not None:
        return query.where(table.c.run == run)
    # The balance is written at every staging, so it tells which run staged an entity last even
    # where that run refused nothing.
    last = (
        sa.select(balances.c.entity, sa.func.max(balances.c.run).label("run"))
        .group_by(balances.c.entity)
        .subquery()
    )
    return query.join(last, sa.and_(last.c.entity == table.c.entity, last.c.run == table.c.run))


def _failure(row: dict[str, Any]) -> Failure:
    where = Location(row["file"], row["line"] or 0) if row["file"] else None
    issue = Issue(row["what"], where, row["why"], row["fix"])
    return Failure(row["run"], row["step"], row["severity"], issue)
