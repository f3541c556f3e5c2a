"""Loading: `run`, `status`."""

from __future__ import annotations

from typing import Annotated

import typer

from cubes import operations
from metadata import load_workspace
from pipelines.cli.output import (
    HERE,
    Format,
    FormatOption,
    WorkspaceOption,
    print_json,
    print_table,
    stdout,
)
from pipelines.cli.progress import print_run, run_document
from pipelines.run import run as run_pipeline


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
    wait: Annotated[
        bool, typer.Option("--wait", help="If another run is at work, wait for it.")
    ] = False,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Extract, cleanse, load, audit and publish whatever has changed."""
    repository = load_workspace(workspace)
    options = {"full": full, "select": tuple(select or ()), "wait": wait}
    if format is Format.JSON:
        report = run_pipeline(repository, **options)
        print_json(run_document(report))
    else:
        report = print_run(repository, run_pipeline, **options)
    return 0 if report.ok else 1


def status(workspace: WorkspaceOption = HERE, format: FormatOption = Format.TABLE) -> int:  # noqa: A002
    """Show the last run, and how fresh every source table is."""
    repository = load_workspace(workspace)
    last = next(iter(operations.runs(repository.storage, limit=1)), None)
    freshness = operations.freshness(repository.storage)
    if format is Format.JSON:
        print_json(
            {
                "last_run": operations.as_dict(last) if last else None,
                "tables": [operations.as_dict(row) for row in freshness],
            }
        )
        return 0
    if last is None:
        stdout.print("Nothing has been loaded yet; `rapport run` does it.")
        return 0
    stdout.print(f"Last run {last.run_id}: {last.status}, started {last.started_at:%Y-%m-%d %H:%M}")
    print_table(
        ("Source", "Table", "Last batch", "Rows"),
        ((row.source, row.table, row.last_batch_at, row.rows) for row in freshness),
        right=(3,),
    )
    return 0
