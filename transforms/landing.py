"""The landing zone as tables: of all batches of a table, the rows that count now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlglot import exp

from metadata.model.source import SourceTable
from transforms.statements import (
    STAGING,
    Columns,
    Statement,
    column,
    create_view,
    named,
    text,
)  # fmt: skip

BATCH, ROW, EXTRACTED, DELETED = "_batch", "_row", "_extracted_at", "_deleted"
TECHNICAL = (BATCH, ROW, EXTRACTED, DELETED)


def landed_name(source: str, table: str) -> str:
    """Name of the view over a source table's landed files."""
    return f"landed_{source}__{table}"


def landed_view(
    source: str, table: str, settings: SourceTable, files: Sequence[str], columns: Columns
) -> tuple[Statement, ...]:
    """A view of the rows that count now.

    With a primary key these are, for each key, the rows of the newest batch that has it, unless
    that batch says the key was deleted. Rows that share a key *within* a batch all stay, so that
    cleansing sees them and accounts for each. Without a primary key every batch is the whole table.

    Args:
        source: name of the source.
        table: name of the table.
        settings: the table's settings.
        files: its Parquet files, oldest first; at least one.
        columns: landed columns and their types.
    """
    rows = current_rows(files, settings.primary_key, columns)
    return (
        Statement(
            create_view(landed_name(source, table), STAGING, rows),
            f"current rows of {source}.{table}",
        ),
    )


def current_rows(
    files: Sequence[str], keys: Sequence[str], columns: Iterable[str], *, deleted: bool = False
) -> exp.Select:
    """The rows that count now, with their technical columns.

    Args:
        files: Parquet files of a table, oldest first; at least one.
        keys: its primary key.
        columns: landed columns.
        deleted: whether rows whose newest state is that they were deleted are among them.
    """
    current = files if keys else files[-1:]
    rows = exp.Select(
        expressions=[exp.Star()],
        from_=exp.From(this=read_files(current)),
    )
    if keys and len(current) > 1:
        newest = exp.Window(
            this=exp.Max(this=column(BATCH)),
            partition_by=[column(key) for key in keys],
        )
        ranked = rows.select(named(newest, "_newest"))
        rows = (
            exp.select(*(column(name) for name in [*columns, *TECHNICAL]))
            .from_(ranked.subquery("ranked"))
            .where(exp.EQ(this=column(BATCH), expression=column("_newest")))
        )
    else:
        rows = exp.select(*(column(name) for name in [*columns, *TECHNICAL])).from_(
            rows.subquery("landed")
        )
    if not deleted:
        rows = rows.where(exp.not_(exp.func("COALESCE", column(DELETED), exp.false())), copy=False)
    return rows


def read_files(files: Sequence[str]) -> exp.Table:
    """Landed files as one table, whatever columns each has."""
    options = exp.PropertyEQ(this=exp.to_identifier("union_by_name"), expression=exp.true())
    listed = exp.Array(expressions=[text(file) for file in files])
    return exp.Table(this=exp.Anonymous(this="read_parquet", expressions=[listed, options]))
