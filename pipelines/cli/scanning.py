"""Looking at sources: `scan`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from metadata import Repository, load_workspace
from metadata.errors import UserError, did_you_mean
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
from pipelines.scan import Look, Scanned, scan_sources


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(scan)


def scan(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="Sources to look at; all if none.")
    ] = None,
    sample: Annotated[
        int, typer.Option(help="Rows of each table whose values are looked at.", min=1)
    ] = 5000,
    profile: Annotated[
        bool, typer.Option("--profile/--no-profile", help="Look at values, not only at structure.")
    ] = True,
    timeout: Annotated[float, typer.Option(help="Seconds that one source may take.", min=1)] = 60,
    workspace: WorkspaceOption = HERE,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Look at what sources hold: tables, columns, keys, and what their values are like."""
    repository = load_workspace(workspace)
    chosen = _chosen(repository, sources or [])
    found = _scanned(repository, chosen, Look(sample, profile, timeout))
    if format is Format.JSON:
        print_json(_document(found))
    else:
        _print(found)
    return 1 if any(each.scan is None for each in found) else 0


def _chosen(repository: Repository, sources: Sequence[str]) -> list[str]:
    for name in sources:
        if name not in repository.sources:
            raise UserError(
                f"There is no source '{name}'.", fix=did_you_mean(name, repository.sources)
            )
    return sorted(set(sources) or repository.sources)


def _scanned(repository: Repository, sources: Sequence[str], look: Look) -> list[Scanned]:
    """Scan with visible progress: a bar on a terminal, a line for each source elsewhere."""
    found: list[Scanned] = []
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=stderr,
        transient=True,
        disable=not stderr.is_terminal,
    ) as progress:
        task = progress.add_task("Scanning", total=len(sources))
        for each in scan_sources(repository, sources, look):
            found.append(each)
            progress.update(task, description=each.source, advance=1)
            if not stderr.is_terminal:
                stderr.print(_line(each), soft_wrap=True, markup=False)
    return sorted(found, key=lambda each: each.source)


def _line(scanned: Scanned) -> str:
    if scanned.scan is None:
        return f"failed {scanned.source} {scanned.seconds:.1f} s"
    return f"scanned {scanned.source} {len(scanned.scan.tables)} tables {scanned.seconds:.1f} s"


def _document(found: Sequence[Scanned]) -> dict[str, Any]:
    return {
        "scans": [
            {
                **each.scan.model_dump(mode="json"),
                "seconds": round(each.seconds, 3),
            }
            for each in found
            if each.scan is not None
        ],
        "issues": [issue.as_dict() for each in found for issue in each.issues],
    }


def _print(found: Sequence[Scanned]) -> None:
    read = [(each, each.scan) for each in found if each.scan is not None]
    if read:
        print_table(
            ("Source", "Version", "Tables", "Columns", "Rows", "Personal", "Seconds"),
            (
                (
                    scan.source,
                    scan.version,
                    len(scan.tables),
                    sum(len(table.columns) for table in scan.tables),
                    f"{sum(table.rows or 0 for table in scan.tables):,}",
                    sum(_personal(table.columns) for table in scan.tables),
                    f"{each.seconds:.1f}",
                )
                for each, scan in read
            ),
            right=(1, 2, 3, 4, 5, 6),
        )
    for _, scan in read:
        for table, reason in scan.failures:
            text = f"{scan.source}.{table}: {reason}"
            stderr.print(text, style="yellow", markup=False, soft_wrap=True)
    for each in found:
        for issue in each.issues:
            stderr.print(str(issue), style="red", markup=False, soft_wrap=True)
    stdout.print(f"Scanned {len(read)} of {len(found)} sources.")


def _personal(columns: Sequence[Any]) -> int:
    return sum(1 for c in columns if c.profile is not None and c.profile.personal is not None)
