"""Definitions against what the newest scans have found: what a source does not hold cannot be read.

A source that was never scanned is believed.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from metadata.errors import Issue, did_you_mean
from metadata.expressions import alias_and_column
from metadata.model.rule import a_kind, kind_of
from metadata.model.source import SourceTable
from metadata.repository import Repository, ResolvedMapping
from metadata.scan import Scan, ScannedTable, read_scan
from metadata.uses import Uses, source_uses, told

CANNOT_BE = {
    "boolean": {"date", "timestamp"},
    "date": {"integer", "decimal", "double", "boolean"},
    "timestamp": {"integer", "decimal", "double", "boolean"},
    "integer": {"date", "timestamp"},
    "decimal": {"date", "timestamp", "boolean"},
    "double": {"date", "timestamp", "boolean"},
}
"""Kinds of columns, and the kinds as which none of their values can be read as they are."""


def scan_issues(repository: Repository) -> tuple[Issue, ...]:
    """What definitions read and the newest scan of its source does not have, or has otherwise."""
    uses = source_uses(repository)
    found: list[Issue] = []
    for name in sorted(repository.sources):
        scan = read_scan(repository.storage, name)
        if scan is not None:
            found += _of_source(repository, name, scan, uses)
    return tuple(sorted(dict.fromkeys(found), key=lambda i: (str(i.where), i.what)))


def _of_source(repository: Repository, source: str, scan: Scan, uses: Uses) -> Iterator[Issue]:
    written = repository.sources[source]
    unread = {table for table, _ in scan.failures}
    for name, settings in written.value.tables.items():
        table = scanned_as(scan, name, settings)
        if table is not None:
            if settings.header_row is None or table.name == name:
                yield from _of_columns(f"{source}.{name}", table, scan, uses)
        elif name not in unread and not _covers(settings, scan):
            yield Issue(
                f"The source '{source}' has no table '{name}'.",
                written.where("tables", name),
                _when(scan),
                did_you_mean(name, (each.name for each in scan.tables))
                or f"If it is there now, scan again: rapport scan {source}",
            )
    for mapping in repository.mappings:
        if mapping.source == source:
            listed = written.value.tables.get(mapping.table)
            table = scanned_as(scan, mapping.table, listed) if listed else None
            if table is not None and table.kind != "file":
                yield from _of_types(mapping, table, scan)


def scanned_as(scan: Scan, name: str, settings: SourceTable) -> ScannedTable | None:
    """What a listed table was found as, also where it was listed, or named, after the scan.

    A file is known by its `path` and `sheet`, a table of a database by its name there.
    """
    found = scan.table(name) or (scan.table(settings.name) if settings.name else None)
    if found is None and settings.path is not None:
        place = (_plain(settings.path), settings.sheet)
        found = next(
            (t for t in scan.tables if t.path and (_plain(t.path), t.sheet) == place), None
        )
    return found


def _covers(settings: SourceTable, scan: Scan) -> bool:
    """Whether files that were scanned under other names lie where a table's `path` looks."""
    pattern = _plain(settings.path or "")
    places = (_plain(t.path or t.native_name) for t in scan.tables if t.kind == "file")
    # What was found may be a pattern itself, for several files.
    return any(fnmatchcase(place, pattern) or fnmatchcase(pattern, place) for place in places)


def _plain(path: str) -> str:
    return PurePosixPath(path).as_posix()


def _of_columns(name: str, table: ScannedTable, scan: Scan, uses: Uses) -> Iterator[Issue]:
    for use in uses.of_table(name):
        if table.column(use.column) is None and not use.column.startswith("_"):
            yield Issue(
                f"{name} has no column '{use.column}'.",
                use.where,
                f"{told([use])} {_when(scan)}",
                did_you_mean(use.column, (column.name for column in table.columns))
                or f"If it is there now, scan again: rapport scan {scan.source}",
            )


def _of_types(mapping: ResolvedMapping, table: ScannedTable, scan: Scan) -> Iterator[Issue]:
    """Columns that are copied as they are, into a column that can never hold them."""
    for name, rule in mapping.definition.columns.items():
        if rule.from_ is None or rule.clean or rule.lookup or rule.format:
            continue
        alias, own = alias_and_column(rule.from_)
        column = None if alias else table.column(own)
        wanted = mapping.entity.columns[name].type
        if column is not None and kind_of(wanted) in CANNOT_BE.get(kind_of(column.type), ()):
            yield Issue(
                f"'{own}' is {a_kind(column.type)} and can never be read as {a_kind(wanted)}.",
                mapping.written.where("columns", name),
                f"{_when(scan)} It is a {column.native_type} there.",
                "Change it by a rule such as `date`, or map another column.",
            )


def _when(scan: Scan) -> str:
    return f"It was scanned on {scan.scanned_at:%Y-%m-%d} (version {scan.version})."
