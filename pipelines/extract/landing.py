"""Writing a batch: streamed into a temporary Parquet file, put in its place when it is whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlglot import exp

from pipelines.storage import replace_durably
from transforms.landing import BATCH, DELETED, EXTRACTED, ROW, TECHNICAL

_TECHNICAL_FIELDS = (
    pa.field(BATCH, pa.string()),
    pa.field(ROW, pa.int64()),
    pa.field(EXTRACTED, pa.timestamp("us", tz="UTC")),
    pa.field(DELETED, pa.bool_()),
)


@dataclass(frozen=True)
class Written:
    """A batch on disk, not yet in its place."""

    temporary: Path
    target: Path
    rows: int
    deleted: int

    def keep(self) -> int:
        """Put the batch in its place; its size in bytes."""
        size = self.temporary.stat().st_size
        replace_durably(self.temporary, self.target)
        return size

    def drop(self) -> None:
        """Forget the batch."""
        self.temporary.unlink(missing_ok=True)


def write_batch(
    folder: Path,
    batch: str,
    moment: datetime,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    *,
    soft_delete: str | None = None,
    tombstones: pa.Table | None = None,
) -> Written:
    """Stream rows (and keys of deleted rows) into a temporary file.

    Args:
        folder: the table's landing folder.
        batch: identity of the batch; sorts in time.
        moment: when it was extracted.
        schema: of the rows as they come.
        batches: the rows.
        soft_delete: column that is true, or not null, on a deleted row.
        tombstones: keys that have vanished from the source.
    """
    folder.mkdir(parents=True, exist_ok=True)
    temporary, target = folder / f"{batch}.tmp", folder / f"{batch}.parquet"
    full = pa.schema([*schema, *_TECHNICAL_FIELDS])
    rows = deleted = 0
    with pq.ParquetWriter(temporary, full, compression="zstd") as writer:
        for part in batches:
            flags = _deleted(part, soft_delete)
            writer.write_batch(_stamped(part, full, batch, moment, rows, flags))
            rows += part.num_rows
            deleted += pc.sum(flags).as_py() or 0
        if tombstones is not None and tombstones.num_rows:
            gone = _as_rows(tombstones, schema)
            for part in gone.to_batches():
                flags = pa.array([True] * part.num_rows)
                writer.write_batch(_stamped(part, full, batch, moment, rows, flags))
                rows += part.num_rows
                deleted += part.num_rows
    return Written(temporary, target, rows, deleted)


def _deleted(part: pa.RecordBatch, column: str | None) -> pa.Array:
    if column is None:
        return pa.repeat(False, part.num_rows)
    flag = part.column(part.schema.get_field_index(column))
    if pa.types.is_boolean(flag.type):
        return pc.fill_null(flag, False)
    if pa.types.is_integer(flag.type):
        return pc.fill_null(pc.not_equal(flag, 0), False)
    if pa.types.is_string(flag.type):
        truth = pa.array(["1", "true", "t", "yes", "y"])
        return pc.is_in(pc.utf8_lower(flag), value_set=truth)
    # A moment of deletion: whoever has one is deleted.
    return pc.is_valid(flag)


def _stamped(
    part: pa.RecordBatch,
    schema: pa.Schema,
    batch: str,
    moment: datetime,
    before: int,
    flags: pa.Array,
) -> pa.RecordBatch:
    n = part.num_rows
    stamps = [
        pa.repeat(pa.scalar(batch), n),
        pa.array(range(before + 1, before + n + 1), pa.int64()),
        pa.repeat(pa.scalar(moment, pa.timestamp("us", tz="UTC")), n),
        flags,
    ]
    return pa.RecordBatch.from_arrays([*part.columns, *stamps], schema=schema)


def _as_rows(keys: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [
        keys.column(f.name).cast(f.type) if f.name in keys.column_names
        else pa.nulls(keys.num_rows, f.type)
        for f in schema
    ]  # fmt: skip
    return pa.table(columns, schema=schema)


def content_hash(path: Path) -> str:
    """A hash of a batch's rows that does not depend on their order, nor on when they were read."""
    with duckdb.connect(":memory:") as connection:
        names = [name for name in pq.read_schema(path).names if name not in TECHNICAL]
        row = exp.Anonymous(
            this="hash", expressions=[exp.column(exp.to_identifier(n, quoted=True)) for n in names]
        )
        query = exp.select(
            exp.Count(this=exp.Star()),
            exp.Anonymous(this="bit_xor", expressions=[row]),
            exp.Sum(this=exp.cast(row.copy(), "HUGEINT")),
        ).from_(_parquet([path]))
        found = connection.execute(query.sql("duckdb")).fetchone()
    return ":".join(map(str, [*(found or ()), *names]))


def fresh_rows(temporary: Path, files: list[Path], keys: tuple[str, ...]) -> pa.Table:
    """Rows of a read that differ from what is current in the landing zone under the same key.

    A lookback reads rows again that have landed before; only what has changed is kept. The newest
    landed row of each key is what counts, so that a value that changed and changed back is seen.
    """
    names = [name for name in pq.read_schema(temporary).names if name not in TECHNICAL]
    with duckdb.connect(":memory:") as connection:
        read, landed = _parquet([temporary]), _parquet(files)
        same = exp.and_(*(_column(key, "l").eq(_column(key, "r")) for key in keys))
        last = exp.Anonymous(
            this="arg_max",
            expressions=[
                exp.Anonymous(
                    this="hash", expressions=[_column(n, "l") for n in [*names, DELETED]]
                ),
                exp.Tuple(expressions=[_column(BATCH, "l"), _column(ROW, "l")]),
            ],
        )
        current = (
            exp.select(*(_column(key, "l") for key in keys), exp.alias_(last, "content"))
            .from_(exp.alias_(landed, "l", table=True))
            .join(exp.alias_(read, "r", table=True), on=same, join_type="semi")
            .group_by(*(_column(key, "l") for key in keys))
        )
        content = exp.Anonymous(
            this="hash", expressions=[_column(n, "r") for n in [*names, DELETED]]
        )
        known = exp.and_(
            *(_column(key, "k").eq(_column(key, "r")) for key in keys),
            exp.column("content", "k").eq(content),
        )
        query = (
            exp.select(*(_column(name, "r") for name in names))
            .from_(exp.alias_(read.copy(), "r", table=True))
            .join(current.subquery("k"), on=known, join_type="anti")
        )
        return connection.sql(query.sql("duckdb")).to_arrow_table()


def _parquet(files: list[Path]) -> exp.Table:
    listed = exp.Array(expressions=[exp.Literal.string(str(path)) for path in files])
    union = exp.PropertyEQ(this=exp.to_identifier("union_by_name"), expression=exp.true())
    return exp.Table(this=exp.Anonymous(this="read_parquet", expressions=[listed, union]))


def _column(name: str, table: str | None = None) -> exp.Column:
    return exp.column(name, table=table, quoted=True)


def vanished_keys(files: list[Path], keys: tuple[str, ...], present: pa.Table) -> pa.Table:
    """Keys that are current in the landing zone but no longer present in the source."""
    with duckdb.connect(":memory:") as connection:
        connection.register("present", present)
        columns = [_column(key) for key in keys]
        last = exp.Anonymous(
            this="arg_max",
            expressions=[
                exp.func("COALESCE", exp.column(DELETED), exp.false()),
                exp.Tuple(expressions=[exp.column(BATCH), exp.column(ROW)]),
            ],
        )
        landed = (
            exp.select(*columns)
            .from_(_parquet(files))
            .group_by(*(c.copy() for c in columns))
            .having(exp.not_(last))
        )
        same = exp.and_(*(_column(key, "landed").eq(_column(key, "present")) for key in keys))
        query = (
            exp.select(*(_column(key, "landed") for key in keys))
            .from_(landed.subquery("landed"))
            .join("present", on=same, join_type="anti")
        )
        return connection.sql(query.sql("duckdb")).to_arrow_table()
