"""What the pipeline remembers about its own work, written to `control.sqlite` as it happens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from cubes import control_tables as tables
from metadata.errors import Issue
from metadata.model.maintenance import Kept
from metadata.upkeep import since
from pipelines.storage import Storage

_PORTION = 500
_WHOLE = ("whole", "base")
"""Kinds of batches that hold everything, so that what landed before them does not count."""


@dataclass(frozen=True)
class Position:
    """How far a source table has been read."""

    source: str
    table: str
    settings: str
    watermark: str | None
    content: str | None
    files: Any


@dataclass(frozen=True)
class LandedBatch:
    """A batch as it was noted; a base was made by no run."""

    batch: str
    kind: str
    rows: int
    bytes: int
    landed_at: datetime
    run: str = ""

    @property
    def file(self) -> str:
        """Name of its file."""
        return f"{self.batch}.parquet"

    @property
    def is_whole(self) -> bool:
        """Whether it holds everything, so that what landed before it does not count."""
        return self.kind in _WHOLE


class Control:
    """The write side of the control store. Safe to use from several threads."""

    def __init__(self, storage: Storage) -> None:
        self._engine = tables.open_control(storage.control)
        tables.metadata.create_all(self._engine)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def start_run(self, run: str, *, full: bool, selected: Sequence[str]) -> None:
        """Note that a run has begun; one that was left running has died."""
        runs = tables.runs
        with self._engine.begin() as connection:
            died = sa.update(runs).where(runs.c.status == "running", runs.c.run != run)
            connection.execute(died.values(status="died"))
            if connection.execute(sa.select(runs.c.run).where(runs.c.run == run)).first():
                return
            last = connection.execute(sa.select(sa.func.max(runs.c.sequence))).scalar()
            connection.execute(
                sa.insert(runs).values(
                    run=run,
                    sequence=(last or 0) + 1,
                    status="running",
                    started_at=datetime.now(UTC),
                    full=full,
                    selected=list(selected),
                )
            )

    def finish_run(self, run: str, *, ok: bool, version: int | None) -> None:
        """Note how a run ended (or stands, while more of its steps may come)."""
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(tables.runs)
                .where(tables.runs.c.run == run)
                .values(
                    status="done" if ok else "failed",
                    finished_at=datetime.now(UTC),
                    version=version,
                )
            )

    def step(
        self,
        run: str,
        position: int,
        *,
        name: str,
        kind: str,
        status: str,
        rows_in: int | None,
        rows_out: int | None,
        refused: int | None,
        seconds: float,
        problems: Sequence[tuple[str, Issue]],
    ) -> None:
        """Note how a step ended."""
        values = {
            "run": run, "name": name, "position": position, "kind": kind, "status": status,
            "rows_in": rows_in, "rows_out": rows_out, "refused": refused, "seconds": seconds,
            "finished_at": datetime.now(UTC),
        }  # fmt: skip
        noted = [
            {
                "run": run, "step": name, "position": number, "severity": severity,
                "what": issue.what, "file": issue.where.file if issue.where else None,
                "line": issue.where.line if issue.where else None,
                "why": issue.why, "fix": issue.fix,
            }
            for number, (severity, issue) in enumerate(problems)
        ]  # fmt: skip
        with self._engine.begin() as connection:
            connection.execute(_upsert(tables.steps, values))
            for each in noted:
                connection.execute(_upsert(tables.issues, each))

    def landed(
        self,
        source: str,
        table: str,
        batch: str,
        run: str,
        *,
        whole: bool,
        rows: int,
        deleted: int,
        size: int,
    ) -> None:
        """Note a batch that is in its place."""
        with self._engine.begin() as connection:
            connection.execute(
                _upsert(
                    tables.batches,
                    {
                        "source": source, "table": table, "batch": batch, "run": run,
                        "kind": "whole" if whole else "changes", "rows": rows,
                        "deleted": deleted, "bytes": size, "landed_at": datetime.now(UTC),
                    },
                )
            )  # fmt: skip

    def remember(self, position: Position, run: str) -> None:
        """Note how far a table has been read, after its batch is in its place."""
        with self._engine.begin() as connection:
            connection.execute(
                _upsert(
                    tables.positions,
                    {**position.__dict__, "run": run, "read_at": datetime.now(UTC)},
                )
            )

    def read_whole(self, source: str, table: str, moment: datetime) -> None:
        """Note that all of a table was read."""
        values = {"source": source, "table": table, "read_at": moment}
        with self._engine.begin() as connection:
            connection.execute(_upsert(tables.whole_reads, values))

    def last_whole_read(self, source: str, table: str) -> datetime | None:
        """When all of a table was read last; by its batches where that was not noted."""
        whole, each = tables.whole_reads, tables.batches
        noted = sa.select(whole.c.read_at).where(whole.c.source == source, whole.c.table == table)
        landed = sa.select(sa.func.max(each.c.landed_at, type_=tables.UtcDateTime)).where(
            each.c.source == source, each.c.table == table, each.c.kind == "whole"
        )
        with self._engine.connect() as connection:
            found = connection.execute(noted).scalar() or connection.execute(landed).scalar()
        return found if isinstance(found, datetime) else None

    def position(self, source: str, table: str) -> Position | None:
        """How far a table has been read."""
        each = tables.positions
        query = sa.select(each).where(each.c.source == source, each.c.table == table)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        return Position(
            source, table, row["settings"], row["watermark"], row["content"], row["files"]
        )

    def settings_read(self) -> dict[tuple[str, str], str]:
        """By which settings every table was read last, by source and table."""
        each = tables.positions
        query = sa.select(each.c.source, each.c.table, each.c.settings)
        with self._engine.connect() as connection:
            return {(source, table): hash_ for source, table, hash_ in connection.execute(query)}

    def current_files(self, storage: Storage, source: str, table: str) -> list[Path]:
        """The batches that matter now, oldest first: the last whole one and the changes since."""
        each = tables.batches
        here = sa.and_(each.c.source == source, each.c.table == table)
        query = sa.select(each.c.batch, each.c.kind).where(here).order_by(each.c.batch)
        with self._engine.connect() as connection:
            found = connection.execute(query).all()
        wholes = [number for number, row in enumerate(found) if row.kind in _WHOLE]
        current = found[wholes[-1] :] if wholes else found
        folder = storage.landed(source, table)
        return [folder / f"{row.batch}.parquet" for row in current]

    def all_current_files(self, storage: Storage) -> dict[tuple[str, str], list[Path]]:
        """The batches that matter now of every table, by source and table, oldest first."""
        each = tables.batches
        query = sa.select(each.c.source, each.c.table, each.c.batch, each.c.kind)
        found: dict[tuple[str, str], list[Path]] = {}
        with self._engine.connect() as connection:
            for source, table, batch, kind in connection.execute(query.order_by(each.c.batch)):
                files = found.setdefault((source, table), [])
                if kind in _WHOLE:
                    files.clear()
                files.append(storage.landed(source, table) / f"{batch}.parquet")
        return found

    def batch_counts(self) -> dict[tuple[str, str], int]:
        """How many batches are noted of every table, by source and table."""
        each = tables.batches
        query = sa.select(each.c.source, each.c.table, sa.func.count())
        with self._engine.connect() as connection:
            found = connection.execute(query.group_by(each.c.source, each.c.table))
            return {(source, table): count for source, table, count in found}

    def batches(self, source: str, table: str) -> tuple[LandedBatch, ...]:
        """All batches of a table that are noted, oldest first."""
        each = tables.batches
        told = sa.select(*(each.c[name] for name in LandedBatch.__dataclass_fields__))
        here = sa.and_(each.c.source == source, each.c.table == table)
        query = told.where(here).order_by(each.c.batch)
        with self._engine.connect() as connection:
            return tuple(LandedBatch(**row) for row in connection.execute(query).mappings())

    def lacks_batches(self, source: str, table: str) -> bool:
        """Whether batches of a table landed once and are no longer kept."""
        gone = tables.removed_batches
        query = sa.select(gone).where(gone.c.source == source, gone.c.table == table)
        with self._engine.connect() as connection:
            return connection.execute(query).first() is not None

    def folded(
        self, source: str, table: str, base: LandedBatch, *, deleted: int, run: str = ""
    ) -> None:
        """Note a base that is in its place; from this moment it counts for what it was made of."""
        with self._engine.begin() as connection:
            connection.execute(
                _upsert(
                    tables.batches,
                    {
                        "source": source, "table": table, "batch": base.batch, "run": run,
                        "kind": base.kind, "rows": base.rows, "deleted": deleted,
                        "bytes": base.bytes, "landed_at": base.landed_at,
                    },
                )
            )  # fmt: skip

    def removed(self, source: str, table: str, batches: Sequence[str]) -> None:
        """Note that batches are no longer there; what they brought stays counted."""
        with self._engine.begin() as connection:
            for some in _portions(batches):
                _count_removed(connection, source, table, some)

    def balance(self, run: str, entity: str, rows: Iterable[dict[str, Any]]) -> None:
        """Note where every landed row of an entity's mappings went."""
        self._replace(tables.balances, run, entity, rows)

    def refusals(self, run: str, entity: str, rows: Iterable[dict[str, Any]]) -> None:
        """Note how many rows each rule refused or remarked on."""
        self._replace(tables.refusals, run, entity, rows)

    def version(self, run: str, version: int, file: str, size: int) -> None:
        """Note a published version."""
        values = {
            "version": version, "run": run, "file": file, "bytes": size,
            "published_at": datetime.now(UTC),
        }  # fmt: skip
        with self._engine.begin() as connection:
            connection.execute(_upsert(tables.versions, values))

    def pruned(self, kept: Iterable[int]) -> None:
        """Note that versions other than these are no longer on disk."""
        each = tables.versions
        gone = sa.update(each).where(each.c.version.not_in(list(kept)), each.c.pruned_at.is_(None))
        with self._engine.begin() as connection:
            connection.execute(gone.values(pruned_at=datetime.now(UTC)))

    def old_runs(self, kept: Kept, now: datetime, zone: ZoneInfo) -> tuple[str, ...]:
        """Runs whose records a rule does not keep, oldest first.

        Those that something else goes by stay: the latest; the last that staged an entity, whose
        accounts stand; the last in which a step did something, whose cost plans go by; and those
        that published a version which is still there.
        """
        runs, steps, versions = tables.runs, tables.steps, tables.versions
        last_staged = sa.select(sa.func.max(tables.balances.c.run)).group_by(
            tables.balances.c.entity
        )
        last_done = (
            sa.select(sa.func.max(steps.c.run))
            .where(steps.c.status == "done")
            .group_by(steps.c.name)
        )
        shown = sa.select(versions.c.run).where(versions.c.pruned_at.is_(None))
        needed = sa.union(last_staged, last_done, shown).subquery()
        query = sa.select(runs.c.run, runs.c.started_at).order_by(runs.c.sequence)
        with self._engine.connect() as connection:
            found = connection.execute(query).all()
            staying = {run for (run,) in connection.execute(sa.select(needed)).all()}
        staying |= {row.run for row in found[-(kept.number or 1) :]}
        if kept.age is not None:
            young = since(kept.age, now, zone)
            staying |= {row.run for row in found if row.started_at >= young}
        return tuple(row.run for row in found if row.run not in staying)

    def run_names(self) -> frozenset[str]:
        """All runs of which there are records."""
        with self._engine.connect() as connection:
            return frozenset(connection.execute(sa.select(tables.runs.c.run)).scalars())

    def forget_runs(self, forgotten: Sequence[str]) -> None:
        """Remove the records of runs, all or none."""
        own = (tables.issues, tables.refusals, tables.balances, tables.steps, tables.runs)
        with self._engine.begin() as connection:
            for some in _portions(forgotten):
                for table in own:
                    connection.execute(sa.delete(table).where(table.c.run.in_(some)))

    def newest_batch(self, source: str, table: str) -> str | None:
        """The last batch of a table that is known to be in its place."""
        each = tables.batches
        newest = sa.select(sa.func.max(each.c.batch)).where(
            each.c.source == source, each.c.table == table
        )
        with self._engine.connect() as connection:
            return connection.execute(newest).scalar()

    def _replace(
        self, table: sa.Table, run: str, entity: str, rows: Iterable[dict[str, Any]]
    ) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.delete(table).where(table.c.run == run, table.c.entity == entity))
            for row in rows:
                connection.execute(_upsert(table, {"run": run, "entity": entity, **row}))


def _count_removed(
    connection: sa.Connection, source: str, table: str, batches: Sequence[str]
) -> None:
    each, gone = tables.batches, tables.removed_batches
    named = sa.and_(each.c.source == source, each.c.table == table, each.c.batch.in_(batches))
    # A base brought nothing of its own.
    counted = sa.select(
        sa.func.count().label("batches"),
        sa.func.coalesce(sa.func.sum(each.c.rows), 0).label("rows"),
        sa.func.max(each.c.landed_at, type_=tables.UtcDateTime).label("last"),
    ).where(named, each.c.kind != "base")
    before = sa.select(gone).where(gone.c.source == source, gone.c.table == table)
    now = connection.execute(counted).one()
    known = connection.execute(before).mappings().first()
    if now.batches:
        values = {
            "source": source, "table": table, "batches": now.batches, "rows": now.rows,
            "last_landed_at": now.last,
        }  # fmt: skip
        if known is not None:
            values["batches"] += known["batches"]
            values["rows"] += known["rows"]
            values["last_landed_at"] = max(now.last, known["last_landed_at"])
        connection.execute(_upsert(gone, values))
    connection.execute(sa.delete(each).where(named))


def _portions(names: Sequence[str]) -> Iterator[list[str]]:
    """Names in portions that a statement can take."""
    return (list(names[n : n + _PORTION]) for n in range(0, len(names), _PORTION))


def _upsert(table: sa.Table, values: dict[str, Any]) -> Any:
    """A step may be noted twice: when a run is repeated after a kill, or an asset alone."""
    keys = [column.name for column in table.primary_key]
    statement = insert(table).values(**values)
    changed = {name: value for name, value in values.items() if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)
