"""Old batches of a table folded into one that holds the newest row of every key: a *base*.

A row keeps the batch and the number it landed with, so that what is made from a base is made of the
same as before. A base is put in its place whole, and counts only once it is noted in the control
store; it says of itself which batches it stands for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from sqlglot import exp

from metadata.errors import InternalError
from pipelines.storage import replace_durably
from transforms.landing import DELETED, TECHNICAL, current_rows, read_files

_SUFFIX = "-base"
_FOLDS = b"folds"
_CHUNK = 50_000


@dataclass(frozen=True)
class Folded:
    """A base on disk, in its place but not yet counting."""

    path: Path
    rows: int
    deleted: int


def is_base(path: Path) -> bool:
    """Whether a file is a base."""
    return path.stem.endswith(_SUFFIX)


def newest_of(name: str) -> str:
    """The newest batch that a file holds rows of: itself, or the last one that was folded."""
    return Path(name).stem.removesuffix(_SUFFIX)


def base_of(name: str) -> str:
    """Name of the base whose newest batch is that of a file."""
    return f"{newest_of(name)}{_SUFFIX}.parquet"


def folds_of(base: Path) -> frozenset[str]:
    """Names of the files that a base stands for."""
    noted = (pq.read_schema(base).metadata or {}).get(_FOLDS)
    return frozenset(json.loads(noted)) if noted else frozenset()


def bases_in(folder: Path) -> dict[str, frozenset[str]]:
    """The bases of a table's folder by name, with what each stands for."""
    return {path.name: folds_of(path) for path in sorted(folder.glob(f"*{_SUFFIX}.parquet"))}


def standing_for(
    listed: Sequence[str], bases: Mapping[str, frozenset[str]]
) -> tuple[str, ...] | None:
    """Fewer files that hold the same current rows as those that are listed; None if there are none.

    A base stands for everything listed up to its newest batch, as long as that one is listed too:
    an earlier state of the table cannot be had from it.

    Args:
        listed: names of the files of a state, oldest first.
        bases: names of bases, with what each stands for.
    """
    if not listed:
        return None
    last = newest_of(listed[-1])
    for base in sorted(bases, reverse=True):
        before = [name for name in listed if newest_of(name) <= newest_of(base)]
        if newest_of(base) <= last and before and set(before) <= {*bases[base], base}:
            return (base, *(name for name in listed if name not in before))
    return None


def all_files(folder: Path, newest: str) -> list[Path]:
    """All files of a table that landed up to one of them, without any row twice.

    A base is read where what it was folded from is not there any more, and then in its place.
    """
    last = newest_of(newest)
    found = {path.name: path for path in folder.glob("*.parquet") if newest_of(path.name) <= last}
    for name in sorted(filter(lambda each: is_base(Path(each)), found), reverse=True):
        if name in found:
            folds = folds_of(found[name])
            for each in folds if not folds <= found.keys() else (name,):
                found.pop(each, None)
    return [found[name] for name in sorted(found)]


def fold(
    files: Sequence[Path],
    keys: Sequence[str],
    remembered: Iterable[str],
    temporary: Path,
    zone: str,
    *,
    deleted: bool,
) -> Folded:
    """Fold files into a base beside them and prove that it holds the same.

    Args:
        files: the oldest of the files that count now, oldest first; the first one whole.
        keys: the table's primary key.
        remembered: names of files folded earlier that somebody may still ask for.
        temporary: folder for what does not fit into memory.
        zone: the workspace's time zone, in which moments without one are meant.
        deleted: whether deleted rows are kept, as the source may deliver them again.

    Raises:
        InternalError: it does not; nothing has changed.
    """
    target = files[-1].with_name(base_of(files[-1].name))
    written = target.with_suffix(".tmp")
    names = {name: kind for name, kind in _columns(files).items() if name not in TECHNICAL}
    paths = [str(file) for file in files]
    query = current_rows(paths, keys, names, deleted=deleted)
    rows = gone = 0
    try:
        with duckdb.connect(":memory:", config={"temp_directory": str(temporary)}) as engine:
            engine.execute("SET TimeZone = $1", [zone])
            reader = engine.sql(query.sql("duckdb")).to_arrow_reader(_CHUNK)
            folds = sorted({*(file.name for file in files), *remembered})
            schema = _annotated(reader.schema, files).with_metadata(
                {_FOLDS: json.dumps(folds).encode()}
            )
            with pq.ParquetWriter(written, schema, compression="zstd") as writer:
                for batch in reader:
                    part = pa.RecordBatch.from_arrays(batch.columns, schema=schema)
                    writer.write_batch(part)
                    rows += part.num_rows
                    flags = part.column(schema.get_field_index(DELETED))
                    gone += flags.true_count
        if current_hash([written], keys, zone) != current_hash(files, keys, zone):
            raise InternalError(f"Folding {files[0].parent} would have changed its rows.")
        replace_durably(written, target)
    finally:
        written.unlink(missing_ok=True)
    return Folded(target, rows, gone)


def current_hash(files: Sequence[Path], keys: Sequence[str], zone: str) -> str:
    """A hash of the rows of files that count now; order, batch and time do not matter."""
    names = [name for name in _columns(files) if name not in TECHNICAL]
    rows = current_rows([str(file) for file in files], keys, names).subquery("current_rows")
    row = exp.Anonymous(
        this="hash", expressions=[exp.column(name, quoted=True) for name in sorted(names)]
    )
    query = exp.select(
        exp.Count(this=exp.Star()),
        exp.Anonymous(this="bit_xor", expressions=[row]),
        exp.Sum(this=exp.cast(row.copy(), "HUGEINT")),
    ).from_(rows)
    with duckdb.connect(":memory:") as engine:
        engine.execute("SET TimeZone = $1", [zone])
        found = engine.execute(query.sql("duckdb")).fetchone()
    return ":".join(map(str, [*(found or ()), *sorted(names)]))


def _columns(files: Sequence[Path]) -> dict[str, str]:
    query = exp.select("*").from_(read_files([str(file) for file in files]))
    with duckdb.connect(":memory:") as engine:
        told = engine.execute(exp.Describe(this=query).sql("duckdb")).fetchall()
    return {name: kind for name, kind, *_ in told}


def _annotated(schema: pa.Schema, files: Sequence[Path]) -> pa.Schema:
    """The schema with what the newest file that has a column says about it."""
    notes: dict[str, Mapping[bytes, bytes]] = {}
    for file in files:
        notes |= {f.name: f.metadata for f in pq.read_schema(file) if f.metadata}
    return pa.schema([f.with_metadata(notes[f.name]) if f.name in notes else f for f in schema])
