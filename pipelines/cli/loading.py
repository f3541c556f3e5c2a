"""Loading: `run`, `status`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cubes.lateness import Expected, expected_tables
from cubes.operations import Freshness, Operations
from metadata import load_workspace
from metadata.errors import UserError
from pipelines.change.pending import to_run
from pipelines.cli.output import (
    HERE,
    Format,
    FormatOption,
    WorkspaceOption,
    print_json,
    print_table,
    stderr,
    stdout,
)
from pipelines.cli.progress import print_run, run_document
from pipelines.schedules import planned


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(run)
    app.command()(status)


def run(
    workspace: WorkspaceOption = HERE,
    full: Annotated[bool, typer.Option("--full", help="Do every step, changed or not.")] = False,
    select: Annotated[
        list[str] | None, typer.Option(help="Only these steps and what they need; repeatable.")
    ] = None,
    schedule: Annotated[
        str, typer.Option(help="Do what a schedule of maintenance/*.yaml does, now.")
    ] = "",
    wait: Annotated[
        bool, typer.Option("--wait", help="If another run is at work, wait for it.")
    ] = False,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Extract, cleanse, load, audit and publish whatever has changed."""
    # Dagster takes seconds to import; no other command needs it.
    from pipelines.run import run as run_pipeline

    if schedule and select:
        raise UserError("--schedule and --select cannot go together.", fix="Give one of them.")
    chosen = to_run(workspace)
    if chosen.notice:
        stderr.print(chosen.notice, markup=False, soft_wrap=True)
    options = {
        "full": full, "select": tuple(select or ()), "schedule": schedule, "wait": wait,
        "applying": chosen.applying,
    }  # fmt: skip
    if format is Format.JSON:
        report = run_pipeline(chosen.repository, **options)
        print_json({**run_document(report), "notice": chosen.notice or None})
    else:
        report = print_run(chosen.repository, run_pipeline, **options)
    return 0 if report.ok else 1


def status(workspace: WorkspaceOption = HERE, format: FormatOption = Format.TABLE) -> int:  # noqa: A002
    """Show the last run, how fresh every source table is, and when schedules fire next."""
    repository = load_workspace(workspace)
    operations = Operations(repository.storage)
    last = next(iter(operations.runs(limit=1)), None)
    freshness = operations.freshness()
    expected = expected_tables(repository, operations)
    schedules = planned(repository)
    if format is Format.JSON:
        print_json(
            {
                "last_run": asdict(last) if last else None,
                "steps": [asdict(step) for step in operations.steps()],
                "issues": [failure.issue.as_dict() for failure in operations.failures()],
                "tables": [
                    {**asdict(row), **_expected(expected.get(f"{row.source}.{row.table}"))}
                    for row in freshness
                ],
                "late": [name for name, each in expected.items() if each.arrival.late],
                "schedules": [asdict(each) for each in schedules],
            }
        )
        return 0
    zone = ZoneInfo(repository.workspace.time_zone)
    if last is None:
        stdout.print("Nothing has been loaded yet; `rapport run` does it.")
    else:
        began = last.started_at.astimezone(zone)
        stdout.print(f"Last run: {last.status}, started {began:%Y-%m-%d %H:%M} ({zone.key}).")
        for failure in operations.failures():
            stdout.print(f"{failure.severity}: {failure.issue}", markup=False)
    for each in expected.values():
        if each.arrival.late:
            stdout.print(f"late: {each.issue(zone)}", markup=False)
    if freshness:
        _print_tables(freshness, expected, zone)
    if schedules:
        stdout.print()
        print_table(
            ("Schedule", "Cron", "Next", "Tables"),
            (
                (each.name, each.cron, f"{each.next:%Y-%m-%d %H:%M}", f"{len(each.tables):,}")
                for each in schedules
            ),
            right=(3,),
        )
    return 0


def _print_tables(
    freshness: Iterable[Freshness], expected: Mapping[str, Expected], zone: ZoneInfo
) -> None:
    def due(row: Freshness) -> str:
        each = expected.get(f"{row.source}.{row.table}")
        if each is None:
            return ""
        return (
            "late"
            if each.arrival.late
            else f"{each.arrival.deadline.astimezone(zone):%Y-%m-%d %H:%M}"
        )

    print_table(
        ("Source", "Table", "Last read", "Last change", "Rows landed", "Due", ""),
        (
            (
                row.source,
                row.table,
                f"{row.read_at.astimezone(zone):%Y-%m-%d %H:%M}",
                f"{row.changed_at.astimezone(zone):%Y-%m-%d %H:%M}" if row.changed_at else "",
                f"{row.rows:,}",
                due(row),
                "failing" if row.failing else "",
            )
            for row in freshness
        ),
        right=(4,),
    )


def _expected(each: Expected | None) -> dict[str, object]:
    if each is None:
        return {"late": False, "due": None}
    return {"late": each.arrival.late, "due": each.arrival.deadline}
