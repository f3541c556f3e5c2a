"""Writing a batch: streamed into a temporary Parquet file, put in its place when it is whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlglot import exp

from pipelines.control import Control
from pipelines.extract.folding import is_base
from pipelines.extract.reading import Reading
from pipelines.storage import Storage, replace_durably
from transforms.landing import BATCH, DELETED, EXTRACTED, ROW, TECHNICAL

_TECHNICAL_FIELDS = (
    pa.field(BATCH, pa.string()),
    pa.field(ROW, pa.int64()),
    pa.field(EXTRACTED, pa.timestamp("us", tz="UTC")),
    pa.field(DELETED, pa.bool_()),
)
_NOT_DELETED = ("", "0", "false", "f", "no", "n", "null")
"""Texts by which a flag says no; anything else, such as a moment of deletion, says yes."""
_CHUNK = 50_000


def clean_up(storage: Storage, control: Control) -> None:
    """Remove what a run that died has left: files half written, and batches nobody knows of.

    Such a batch is newer than the last one noted. Where none is noted the notes may have been lost,
    and nothing is removed: the landing zone is the history.
    """
    for folder in storage.landing.glob("*/*/"):
        for stray in folder.glob("*.tmp"):
            stray.unlink(missing_ok=True)
        newest = control.newest_batch(folder.parent.name, folder.name)
        bases = [batch for batch in folder.glob("*.parquet") if is_base(batch)]
        noted = (
            {each.batch for each in control.batches(folder.parent.name, folder.name)}
            if bases
            else set()
        )
        for batch in folder.glob("*.parquet"):
            unknown = batch in bases and batch.stem not in noted
            if newest is not None and (batch.stem > newest or unknown):
                batch.unlink(missing_ok=True)


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
    parts = _flagged(batches, schema, soft_delete, tombstones)
    try:
        with pq.ParquetWriter(temporary, full, compression="zstd") as writer:
            for part, flags in parts:
                writer.write_batch(_stamped(part, full, batch, moment, rows, flags))
                rows += part.num_rows
                deleted += pc.sum(flags).as_py() or 0
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return Written(temporary, target, rows, deleted)


def _flagged(
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    soft_delete: str | None,
    tombstones: pa.Table | None,
) -> Iterator[tuple[pa.RecordBatch, pa.Array]]:
    """The rows and then the keys that have vanished, each with whether it is deleted."""
    for part in batches:
        yield part, _deleted(part, soft_delete)
    if tombstones is not None:
        for part in _as_rows(tombstones, schema).to_batches():
            yield part, pa.repeat(True, part.num_rows)


def _deleted(part: pa.RecordBatch, column: str | None) -> pa.Array:
    if column is None:
        return pa.repeat(False, part.num_rows)
    flag = part.column(part.schema.get_field_index(column))
    if pa.types.is_boolean(flag.type):
        return pc.fill_null(flag, False)
    if pa.types.is_integer(flag.type) or pa.types.is_floating(flag.type):
        return pc.fill_null(pc.not_equal(flag, 0), False)
    if pa.types.is_decimal(flag.type):
        return pc.fill_null(pc.not_equal(pc.cast(flag, pa.float64()), 0), False)
    if pa.types.is_string(flag.type) or pa.types.is_large_string(flag.type):
        said = pc.utf8_lower(pc.utf8_trim_whitespace(flag.cast(pa.string())))
        return pc.and_(
            pc.is_valid(flag), pc.invert(pc.is_in(said, value_set=pa.array(_NOT_DELETED)))
        )
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
        pa.array(np.arange(before + 1, before + n + 1, dtype=np.int64)),
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
    with _cursor() as connection:
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


class FreshRows:
    """Rows of a read that differ from what is current in the landing zone under the same key.

    A lookback reads rows again that have landed before; only what has changed is to be kept. The
    newest landed row of each key is what counts, so that a value that changed and changed back is
    seen. All files are read as one, so that a column whose type has changed compares as one type.
    """

    def __init__(self, written: Written, files: list[Path], keys: tuple[str, ...]) -> None:
        self._connection = _cursor()
        names = [n for n in pq.read_schema(written.temporary).names if n not in TECHNICAL]
        this = exp.Literal.string(written.target.stem)
        content = exp.Anonymous(this="hash", expressions=[_column(n) for n in [*names, DELETED]])
        everything = exp.select("*", exp.alias_(content, "content")).from_(
            _parquet([*files, written.temporary])
        )
        read = exp.select("*").from_("everything").where(_column(BATCH).eq(this))
        landed = exp.select("*").from_("everything").where(_column(BATCH).neq(this.copy()))
        last = exp.Anonymous(
            this="arg_max",
            expressions=[
                _column("content", "l"),
                exp.Tuple(expressions=[_column(BATCH, "l"), _column(ROW, "l")]),
            ],
        )
        same = exp.and_(*(_column(key, "l").eq(_column(key, "r")) for key in keys))
        current = (
            exp.select(*(_column(key, "l") for key in keys), exp.alias_(last, "content"))
            .from_(exp.alias_(landed.subquery(), "l", table=True))
            .join(exp.to_table("read").as_("r"), on=same, join_type="semi")
            .group_by(*(_column(key, "l") for key in keys))
        )
        known = exp.and_(
            *(_column(key, "k").eq(_column(key, "r")) for key in keys),
            _column("content", "k").eq(_column("content", "r")),
        )
        self._query = (
            exp.select(*(_column(name, "r") for name in names))
            .from_(exp.to_table("read").as_("r"))
            .join(exp.to_table("current").as_("k"), on=known, join_type="anti")
            .order_by(_column(ROW, "r"))
            .with_("everything", as_=everything)
            .with_("read", as_=read)
            .with_("current", as_=current)
        )

    def count(self) -> int:
        """How many there are."""
        counted = exp.select(exp.Count(this=exp.Star())).from_(self._query.subquery())
        ((found,),) = self._connection.execute(counted.sql("duckdb")).fetchall()
        return int(found)

    def read(self) -> Reading:
        """The rows, streamed."""
        reader = self._connection.sql(self._query.sql("duckdb")).to_arrow_reader(_CHUNK)
        return Reading(reader.schema, reader)

    def close(self) -> None:
        """Let go of the files."""
        self._connection.close()


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One empty database for all that is asked of Parquet files; opening one takes a while."""
    return duckdb.connect(":memory:")


def _cursor() -> duckdb.DuckDBPyConnection:
    return _database().cursor()


def _parquet(files: list[Path]) -> exp.Table:
    listed = exp.Array(expressions=[exp.Literal.string(str(path)) for path in files])
    union = exp.PropertyEQ(this=exp.to_identifier("union_by_name"), expression=exp.true())
    return exp.Table(this=exp.Anonymous(this="read_parquet", expressions=[listed, union]))


def _column(name: str, table: str | None = None) -> exp.Column:
    return exp.column(name, table=table, quoted=True)


def vanished_keys(files: list[Path], keys: tuple[str, ...], present: pa.Table) -> pa.Table:
    """Keys that are current in the landing zone but no longer present in the source."""
    with _cursor() as connection:
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
