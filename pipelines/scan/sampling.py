"""Some rows of a table, from all over it, however large it is.

The first rows of a table are its oldest: by them alone a status that is new would not be known.
"""

from __future__ import annotations

import time

import adbc_driver_manager
import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from pipelines.extract.databases import DatabaseReader
from pipelines.extract.reading import Reading, until_it_fits
from pipelines.scan.catalogue import Catalogued


def spread_of(reading: Reading, most: int, until: float) -> tuple[int | None, pa.Table]:
    """How many rows there are, and some of them at even distances; read once.

    Args:
        reading: the rows.
        most: rows that are kept at the most.
        until: when (by the monotonic clock) to stop reading; then their number is not known.
    """
    seen, step = 0, 1
    kept = pa.Table.from_batches([], reading.schema)
    for batch in reading.batches:
        first = -seen % step
        rows = np.arange(first, batch.num_rows, step)
        kept = pa.concat_tables([kept, pa.table(batch.take(pa.array(rows)))])
        seen += batch.num_rows
        while kept.num_rows > 2 * most:
            kept = kept.take(np.arange(0, kept.num_rows, 2))
            step *= 2
        if time.monotonic() > until:
            return None, _thinned(kept, most)
    return seen, _thinned(kept, most)


def _thinned(rows: pa.Table, most: int) -> pa.Table:
    if rows.num_rows <= most:
        return rows
    return rows.take(np.linspace(0, rows.num_rows - 1, most).astype(np.int64))


def sample_of(
    reader: DatabaseReader, catalogued: Catalogued, most: int
) -> tuple[int | None, pa.Table]:
    """How many rows a table of a database has, and some of them.

    A table with more rows is asked again for rows from all over it, where its database can give
    them without sorting all; else the first ones have to do.

    Raises:
        sqlalchemy.exc.SQLAlchemyError, adbc_driver_manager.Error: the table cannot be read.
    """
    table = catalogued.table
    first = _rows(reader, catalogued, most)
    if first.num_rows < most:
        return first.num_rows, first
    total = _count(reader, catalogued)
    if total is None or total < 2 * most or table.kind != "table" or most == 1:
        return total, first
    try:
        spread = _rows(reader, catalogued, most, every=-(-total // most))
    except (sa.exc.SQLAlchemyError, adbc_driver_manager.Error, RuntimeError):
        # A foreign table, or one without row numbers.
        return total, first
    return total, spread if spread.num_rows >= most // 2 else first


def _count(reader: DatabaseReader, catalogued: Catalogued) -> int | None:
    """How many rows a table has; None where counting them takes too long."""
    counted = sa.select(sa.func.count()).select_from(catalogued.readable)
    try:
        with reader.engine.connect() as connection:
            return int(connection.execute(counted).scalar_one())
    except sa.exc.SQLAlchemyError:
        return None


def _rows(reader: DatabaseReader, catalogued: Catalogued, most: int, *, every: int = 1) -> pa.Table:
    table = catalogued.table
    names = [column.name for column in table.columns]
    single = table.column(table.primary_key[0]) if len(table.primary_key) == 1 else None
    key = single.name if single is not None and single.type == "integer" else None

    def read(as_text: frozenset[str]) -> pa.Table:
        drawn = reader.sample(catalogued.readable, names, most, as_text, every=every, key=key)
        return pa.Table.from_batches(drawn.batches, drawn.schema)

    return until_it_fits(read)
