"""The tables of `control.sqlite`: what the pipeline remembers about its own work.

Pipelines write them (`pipelines.control`); dashboards and the command line read them through
`cubes.operations`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

CONTROL_FILE = "control.sqlite"
QUARANTINE_FILE = "quarantine.parquet"
BUSY_TIMEOUT_SECONDS = 30

metadata = sa.MetaData()


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """A moment; SQLite forgets time zones, so all of them are stored in UTC."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """A moment as it is stored: in UTC, without a zone."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """A stored moment, with its zone."""
        return None if value is None else value.replace(tzinfo=UTC)


runs = sa.Table(
    "runs",
    metadata,
    sa.Column("run", sa.String, primary_key=True),
    sa.Column("sequence", sa.Integer, nullable=False, unique=True),
    sa.Column("status", sa.String, nullable=False, doc="running, done, failed or died"),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("full", sa.Boolean, nullable=False),
    sa.Column("selected", sa.JSON, nullable=False, doc="names asked for; empty means all"),
    sa.Column("version", sa.Integer, doc="version published by this run, if any"),
)

steps = sa.Table(
    "steps",
    metadata,
    sa.Column("run", sa.ForeignKey("runs.run"), primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("status", sa.String, nullable=False, doc="done, unchanged, failed or skipped"),
    sa.Column("rows_in", sa.BigInteger),
    sa.Column("rows_out", sa.BigInteger),
    sa.Column("refused", sa.BigInteger),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("finished_at", UtcDateTime, nullable=False),
)

issues = sa.Table(
    "issues",
    metadata,
    sa.Column("run", sa.ForeignKey("runs.run"), primary_key=True),
    sa.Column("step", sa.String, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("severity", sa.String, nullable=False, doc="stop or warn"),
    sa.Column("what", sa.String, nullable=False),
    sa.Column("file", sa.String),
    sa.Column("line", sa.Integer),
    sa.Column("why", sa.String, nullable=False),
    sa.Column("fix", sa.String, nullable=False),
)

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("table", sa.String, primary_key=True),
    sa.Column("batch", sa.String, primary_key=True),
    sa.Column("run", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False, doc="whole, changes, or base: older ones folded"),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("deleted", sa.BigInteger, nullable=False, doc="tombstones among the rows"),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("landed_at", UtcDateTime, nullable=False),
)

positions = sa.Table(
    "positions",
    metadata,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("table", sa.String, primary_key=True),
    sa.Column("run", sa.String, nullable=False),
    sa.Column("read_at", UtcDateTime, nullable=False, doc="last time the source was read"),
    sa.Column("settings", sa.String, nullable=False, doc="hash of what was asked of the source"),
    sa.Column("watermark", sa.String, doc="typed cursor value, as JSON"),
    sa.Column("content", sa.String, doc="order-free hash of the last whole read"),
    sa.Column("files", sa.JSON, doc="path, size and time of the files last read"),
)

whole_reads = sa.Table(
    "whole_reads",
    metadata,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("table", sa.String, primary_key=True),
    sa.Column("read_at", UtcDateTime, nullable=False, doc="last time all of it was read"),
)

removed_batches = sa.Table(
    "removed_batches",
    metadata,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("table", sa.String, primary_key=True),
    sa.Column("batches", sa.BigInteger, nullable=False, doc="how many were removed"),
    sa.Column("rows", sa.BigInteger, nullable=False, doc="rows that they brought"),
    sa.Column("last_landed_at", UtcDateTime, nullable=False, doc="when the newest of them came"),
)

balances = sa.Table(
    "balances",
    metadata,
    sa.Column("run", sa.ForeignKey("runs.run"), primary_key=True),
    sa.Column("entity", sa.String, primary_key=True),
    sa.Column("mapping", sa.String, primary_key=True),
    sa.Column("landed", sa.BigInteger, nullable=False),
    sa.Column("staged", sa.BigInteger, nullable=False),
    sa.Column("quarantined", sa.BigInteger, nullable=False),
    sa.Column("merged", sa.BigInteger, nullable=False),
    sa.Column("filtered", sa.BigInteger, nullable=False),
)

refusals = sa.Table(
    "refusals",
    metadata,
    sa.Column("run", sa.ForeignKey("runs.run"), primary_key=True),
    sa.Column("entity", sa.String, primary_key=True),
    sa.Column("mapping", sa.String, primary_key=True),
    sa.Column("column", sa.String, primary_key=True),
    sa.Column("rule", sa.String, primary_key=True),
    sa.Column("outcome", sa.String, primary_key=True, doc="quarantined or warned"),
    sa.Column("rows", sa.BigInteger, nullable=False),
)

versions = sa.Table(
    "versions",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("run", sa.String, nullable=False),
    sa.Column("file", sa.String, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("published_at", UtcDateTime, nullable=False),
    sa.Column("pruned_at", UtcDateTime),
)


def open_control(path: Path) -> sa.Engine:
    """An engine on the control store that waits for writers instead of failing."""
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS},
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # Write-ahead logging lets dashboards read while a run writes.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine
