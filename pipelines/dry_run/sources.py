"""Addresses of sources, and filters that they evaluate: one condition over a table's columns."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from metadata import Repository
from metadata.errors import Issue
from metadata.expressions import columns_of
from metadata.model.source import Source
from pipelines.connect import EMBEDDED, address_issue
from pipelines.dry_run.landing import Expected
from pipelines.dry_run.mappings import refused
from pipelines.dry_run.trying import Trying, engine_kind, gives
from transforms import Columns
from transforms.checks import with_columns
from transforms.statements import STAGING, column, named, table

_TABLE = "filtered"
_STRICT = ("postgres", EMBEDDED)
"""How addresses begin of databases in which a number is no condition."""


def refused_in_filters(
    repository: Repository, expected: Expected, trying: Trying
) -> Iterator[Issue]:
    """Filters that can be no condition in their source.

    The engine reads files itself, so it decides; a database has rules of its own, and only what is
    no condition in any of them is refused.
    """
    for name, written in repository.sources.items():
        unreadable = address_issue(written.value.url, written.where("url"))
        if unreadable is not None:
            yield unreadable
        for plain, settings in written.value.tables.items():
            if settings.where is None:
                continue
            reads = {parts[-1].casefold() for parts in columns_of(settings.where)}
            reasons = [
                _reason(settings.where, columns, written.value, trying)
                for columns in expected.scanned(f"{name}.{plain}")
                if reads <= {each.casefold() for each in columns}
            ]
            if reasons and reasons[0] is not None and None not in reasons:
                where = written.where("tables", plain, "where")
                yield refused(settings.where, "boolean", where, reasons[0])


def _reason(written: str, columns: Columns, source: Source, trying: Trying) -> str | None:
    trying.nothing(_TABLE, columns)
    condition = with_columns(written, column)
    rows = exp.select(named(condition, "tried")).from_(table(_TABLE, STAGING))
    is_folder = "://" not in source.url and not source.url.startswith((EMBEDDED, "${"))
    made, reason = trying.gives(rows.where(condition.copy()) if is_folder else rows)
    if is_folder or reason is not None:
        return reason if is_folder else None
    kind = engine_kind(made["tried"])
    if kind == "boolean" or (kind == "integer" and not source.url.startswith(_STRICT)):
        return None
    return gives(made["tried"])
