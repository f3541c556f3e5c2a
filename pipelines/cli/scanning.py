"""Looking at sources: `scan`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from metadata import Repository, load_workspace
from metadata.drift import Drift, drift
from metadata.errors import Issue, UserError, did_you_mean
from metadata.scan import Scan, read_scan, scan_versions
from metadata.uses import Uses, source_uses
from pipelines.cli.output import (
    HERE,
    Format,
    FormatOption,
    WorkspaceOption,
    print_json,
    stderr,
    stdout,
)
from pipelines.cli.scan_tables import print_columns, print_drift, print_sources, print_tables
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
    ] = Look.sample,
    profile: Annotated[
        bool, typer.Option("--profile/--no-profile", help="Look at values, not only at structure.")
    ] = True,
    timeout: Annotated[
        float, typer.Option(help="Seconds that one source may take.", min=1)
    ] = Look.seconds,
    diff: Annotated[
        bool, typer.Option("--diff", help="Read no source; show what the last scan found changed.")
    ] = False,
    since: Annotated[
        int | None, typer.Option(help="Version of a scan to compare with.", min=1)
    ] = None,
    table: Annotated[
        str | None, typer.Option(help="Show the columns of this table, of one source.")
    ] = None,
    workspace: WorkspaceOption = HERE,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Look at what sources hold: tables, columns, keys, what values are like, and what changed."""
    repository = load_workspace(workspace)
    chosen = _chosen(repository, sources or [])
    if table is not None and len(chosen) != 1:
        raise UserError("--table shows a table of one source.", fix="Name the source.")
    looked = (
        [_kept(repository, name) for name in chosen]
        if diff
        else _scanned(repository, chosen, Look(sample, profile, timeout))
    )
    uses = source_uses(repository)
    drifts = {each.source: _drift(repository, each, uses, since, diff) for each in looked}
    if format is Format.JSON:
        print_json(_document(looked, drifts))
    else:
        _print(looked, drifts, table, diff=diff)
    return 1 if any(each.scan is None for each in looked) else 0


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


def _kept(repository: Repository, source: str) -> Scanned:
    """The newest kept scan, and the one before it."""
    scan = read_scan(repository.storage, source)
    if scan is None:
        issue = Issue(
            f"The source '{source}' has not been scanned.",
            repository.sources[source].where(),
            fix=f"Look at it with `rapport scan {source}`.",
        )
        return Scanned(source, 0.0, issues=(issue,))
    earlier = [v for v in scan_versions(repository.storage, source) if v < scan.version]
    before = read_scan(repository.storage, source, earlier[-1]) if earlier else None
    return Scanned(source, 0.0, scan, before)


def _drift(
    repository: Repository, scanned: Scanned, uses: Uses, since: int | None, diff: bool
) -> Drift | None:
    """What has changed since the version before, or since the one that is asked for."""
    if scanned.scan is None:
        return None
    before = scanned.before
    if since is not None:
        before = read_scan(repository.storage, scanned.source, since)
        if before is None:
            known = scan_versions(repository.storage, scanned.source)
            raise UserError(
                f"There is no version {since} of the scan of '{scanned.source}'.",
                fix=f"There are the versions {', '.join(map(str, known))}.",
            )
    return drift(before, scanned.scan, uses) if before is not None else None


def _document(looked: Sequence[Scanned], drifts: dict[str, Drift | None]) -> dict[str, Any]:
    scans = []
    for each in looked:
        if each.scan is not None:
            found = drifts[each.source]
            scans.append(
                {
                    **each.scan.model_dump(mode="json"),
                    "seconds": round(each.seconds, 3),
                    "drift": found.as_dict() if found else None,
                }
            )
    return {
        "scans": scans,
        "issues": [issue.as_dict() for each in looked for issue in each.issues],
    }


def _print(
    looked: Sequence[Scanned], drifts: dict[str, Drift | None], table: str | None, *, diff: bool
) -> None:
    scans = {each.source: each.scan for each in looked if each.scan is not None}
    if table is not None and scans:
        _print_table(next(iter(scans.values())), table)
    elif not diff:
        if len(scans) == 1:
            print_tables(next(iter(scans.values())))
        else:
            print_sources(scans, {each.source: each.seconds for each in looked})
    for scan in scans.values():
        for name, reason in scan.failures:
            text = f"{scan.source}.{name}: {reason}"
            stderr.print(text, style="yellow", markup=False, soft_wrap=True)
    for found in drifts.values():
        if found is not None:
            print_drift(found)
    for each in looked:
        for issue in each.issues:
            stderr.print(str(issue), style="red", markup=False, soft_wrap=True)
    if diff:
        if not any(found and found.changes for found in drifts.values()):
            stdout.print("Nothing is known to have changed.")
    else:
        stdout.print(f"Scanned {len(scans)} of {len(looked)} sources.")


def _print_table(scan: Scan, name: str) -> None:
    found = scan.table(name)
    if found is None:
        raise UserError(
            f"The source '{scan.source}' has no table '{name}'.",
            fix=did_you_mean(name, [t.name for t in scan.tables]),
        )
    print_columns(found)
