"""Scans and drift as people read them: sources, tables, columns, and what has changed."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text

from metadata.drift import Drift, Severity
from metadata.scan import ColumnProfile, PatternShare, Scan, ScannedColumn, ScannedTable
from pipelines.cli.output import print_table, stdout

_COLOURS: dict[Severity, str] = {"breaking": "red", "adaptable": "yellow", "harmless": "green"}


def print_sources(scans: Mapping[str, Scan], seconds: Mapping[str, float]) -> None:
    """One row for each source."""
    print_table(
        ("Source", "Version", "Tables", "Columns", "Rows", "Personal columns", "Seconds"),
        (
            (
                name,
                scan.version,
                f"{len(scan.tables):,}",
                f"{sum(len(table.columns) for table in scan.tables):,}",
                f"{sum(table.rows or 0 for table in scan.tables):,}",
                sum(len(_personal(table)) for table in scan.tables),
                f"{seconds[name]:.1f}",
            )
            for name, scan in scans.items()
        ),
        right=(1, 2, 3, 4, 5, 6),
    )


def print_tables(scan: Scan) -> None:
    """One row for each table of a source."""
    print_table(
        ("Table", "In the source", "Kind", "Rows", "Columns", "Primary key", "Personal"),
        (
            (
                table.name,
                table.native_name,
                table.kind,
                "" if table.rows is None else f"{table.rows:,}",
                len(table.columns),
                ", ".join(table.primary_key),
                ", ".join(_personal(table)),
            )
            for table in scan.tables
        ),
        right=(3, 4),
    )


def print_columns(table: ScannedTable) -> None:
    """One row for each column of a table."""
    print_table(
        (
            "Column",
            "Type",
            "In the source",
            "Empty",
            "Distinct",
            "Looks like",
            "From",
            "To",
            "Personal",
        ),
        (_column(column) for column in table.columns),
        right=(3, 4),
    )


def print_drift(drift: Drift) -> None:
    """What has changed, what breaks first, each with the rules that read it."""
    if not drift.changes:
        return
    stdout.print(f"{drift.source}: what has changed from version {drift.before} to {drift.after}")
    for change in drift.changes:
        severity = Text(f"  {change.severity} ", style=_COLOURS[change.severity])
        stdout.print(severity + Text(str(change)), soft_wrap=True)


def _column(column: ScannedColumn) -> tuple[object, ...]:
    told = (column.name, column.type, column.native_type)
    profile = column.profile
    if profile is None:
        return (*told, "", "", "", "", "", "")
    return (
        *told,
        _percent(profile),
        f"{profile.distinct:,}",
        ", ".join(map(_pattern, profile.patterns)),
        profile.minimum,
        profile.maximum,
        profile.personal,
    )


def _percent(profile: ColumnProfile) -> str:
    return f"{profile.nulls / profile.sampled:.0%}" if profile.sampled else ""


def _pattern(share: PatternShare) -> str:
    part = "" if share.share == 1 else f" {share.share:.0%}"
    return f"{share.pattern}{f' {share.format}' if share.format else ''}{part}"


def _personal(table: ScannedTable) -> list[str]:
    return [c.name for c in table.columns if c.profile is not None and c.profile.personal]
