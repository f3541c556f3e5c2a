"""How a run shows itself: a live bar on a terminal, plain lines elsewhere, a table at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from metadata import Repository
from pipelines.cli.output import print_table, stderr, stdout
from pipelines.results import RunReport, StepEvent, StepResult
from pipelines.upkeep.work import summary

Run = Callable[..., RunReport]

_MARK = {"done": "[green]done[/]", "failed": "[red]failed[/]", "skipped": "[yellow]skipped[/]"}


def print_run(repository: Repository, run: Run, **options: Any) -> RunReport:
    """Run the pipeline with visible progress, then print what was loaded and how long it took."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=stderr,
        transient=True,
        disable=not stderr.is_terminal,
    ) as progress:
        task = progress.add_task("Starting", total=None)

        def listen(event: StepEvent) -> None:
            progress.update(
                task, description=event.name, completed=event.finished, total=event.total
            )
            if not stderr.is_terminal and event.result is not None:
                stderr.print(_line(event.result), soft_wrap=True)

        report = run(repository, listener=listen, **options)
    _print_report(report)
    return report


def run_document(report: RunReport) -> dict[str, Any]:
    """A run as JSON-ready values."""
    return {
        "run": report.run,
        "ok": report.ok,
        "version": report.version,
        "seconds": report.seconds,
        "notes": [issue.as_dict() for issue in report.notes],
        "maintenance": report.maintenance.as_dict() if report.maintenance else None,
        "steps": [
            {
                **asdict(step),
                "issues": [issue.as_dict() for issue in step.issues],
                "warnings": [issue.as_dict() for issue in step.warnings],
            }
            for step in report.steps
        ],
    }


def _line(step: StepResult) -> str:
    rows = f" {step.rows_out:,} rows" if step.rows_out is not None else ""
    return f"{_MARK.get(step.status, step.status)} {step.name}{rows} {step.seconds:.2f} s"


def _print_report(report: RunReport) -> None:
    worked = [step for step in report.steps if step.status != "unchanged"]
    if worked:
        print_table(
            ("Step", "", "Rows in", "Rows out", "Refused", "Seconds"),
            (
                (
                    step.name,
                    Text.from_markup(_MARK.get(step.status, step.status)),
                    _count(step.rows_in),
                    _count(step.rows_out),
                    _count(step.refused) if step.refused else "",
                    f"{step.seconds:.2f}",
                )
                for step in worked
            ),
            right=(2, 3, 4, 5),
        )
    same = len(report.steps) - len(worked)
    if same:
        stdout.print(f"{same} steps had nothing to do.")
    # A source that cannot be reached fails each of its tables for the same reason: told once.
    for issue in dict.fromkeys(issue for step in report.steps for issue in step.issues):
        stderr.print(str(issue), style="red", markup=False, soft_wrap=True)
    for issue in dict.fromkeys(issue for step in report.steps for issue in step.warnings):
        stderr.print(str(issue), style="yellow", markup=False, soft_wrap=True)
    for issue in report.notes:
        stderr.print(str(issue), style="yellow", markup=False, soft_wrap=True)
    for done in summary(report.maintenance.work) if report.maintenance else ():
        stdout.print(f"Maintenance: {done}.", markup=False)
    version = f"version {report.version}" if report.version else "nothing published yet"
    outcome = "Loaded" if report.ok else "Finished with errors"
    stdout.print(f"{outcome} in {report.seconds:.1f} s; readers see {version}.")


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
