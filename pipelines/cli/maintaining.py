"""Maintenance by hand: `maintain`."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.change.pending import to_run
from pipelines.cli.output import (
    HERE,
    Format,
    FormatOption,
    WorkspaceOption,
    print_json,
    stderr,
    stdout,
)
from pipelines.lock import run_lock
from pipelines.storage import Storage
from pipelines.upkeep import Report
from pipelines.upkeep import maintain as carry_out
from pipelines.upkeep.work import words


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(maintain)


def maintain(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list what would be folded and removed.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="If a run is at work, wait for it.")] = False,
    workspace: WorkspaceOption = HERE,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Carry out the rules of maintenance, as every run does at its end."""
    chosen = to_run(workspace)
    repository = chosen.repository
    if chosen.notice and chosen.applying is None:
        # Rules that are not in force yet are not carried out.
        stderr.print(chosen.notice, markup=False, soft_wrap=True)
    with run_lock(Storage.of(repository).lock, wait=wait):
        report = carry_out(repository, dry_run=dry_run)
    if format is Format.JSON:
        print_json({"dry_run": dry_run, **report.as_dict()})
    else:
        _print(report, dry_run=dry_run)
    return 1 if report.issues else 0


def _print(report: Report, *, dry_run: bool) -> None:
    for work in report.work:
        stdout.print(f"{'would do' if dry_run else 'done'}: {words(work)}", markup=False)
    for held in report.held:
        what = f"{held.count} {'batch' if held.count == 1 else 'batches'}"
        stdout.print(f"kept: {held.name}: {what}, {held.why}", markup=False)
    for issue in report.issues:
        stderr.print(str(issue), style="yellow", markup=False, soft_wrap=True)
    if not report.work:
        stdout.print("Nothing to do: everything that is there is to be kept.")
