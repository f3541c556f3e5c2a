"""Getting started: `demo`, `sample`, `init` and `check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from metadata import load_workspace
from metadata.against_scans import scan_issues
from metadata.errors import MetadataError, UserError
from metadata.portal import portal_issues
from pipelines.cli.output import HERE, Format, FormatOption, WorkspaceOption, print_json, stdout
from pipelines.cli.progress import print_run
from pipelines.cli.serving import start_server
from pipelines.starter import write_starter

# The generator and Dagster take seconds to import: only the commands that need them do so.


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(demo)
    app.command()(sample)
    app.command()(init)
    app.command()(check)


def demo(
    directory: Annotated[Path, typer.Option(help="Where the sample company is kept.")] = Path(
        "demo"
    ),
    scale: Annotated[float, typer.Option(help="Size of the sample company.")] = 1.0,
    port: Annotated[int, typer.Option(help="Port of the dashboards.")] = 8501,
    serve: Annotated[bool, typer.Option(help="Serve the dashboards at the end.")] = True,
) -> int:
    """Create the sample company, load it, and serve its dashboards."""
    from pipelines.demo import make_sample
    from pipelines.run import run as run_pipeline

    if (directory / "workspace.yaml").is_file():
        stdout.print(f"The sample company is already in [bold]{directory}[/].")
    else:
        report = make_sample(directory, scale=scale, seed=42)
        stdout.print(
            f"Created the sample company in [bold]{directory}[/]: {sum(report.rows.values()):,}"
            f" rows in {len(report.rows)} tables, {report.seconds:.1f} s."
        )
    report = print_run(load_workspace(directory), run_pipeline)
    if not report.ok:
        return 1
    if serve:
        return start_server(directory, "127.0.0.1", port)
    stdout.print(f"To look at it: rapport serve --workspace {directory}")
    return 0


def sample(
    directory: Annotated[Path, typer.Argument(help="Folder to create, or to go on with.")],
    scale: Annotated[float, typer.Option(help="1 is about 2,000 customers.", min=0.01)] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same company.")] = 42,
    days: Annotated[
        int, typer.Option(help="Play this many further days of an existing company.", min=0)
    ] = 0,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Create a sample company with its source systems, or play its next days."""
    from pipelines.demo import make_sample, play_sample

    report = (
        play_sample(directory, days=days)
        if days
        else make_sample(directory, scale=scale, seed=seed)
    )
    if format is Format.JSON:
        print_json({"directory": directory, "rows": report.rows, "seconds": report.seconds})
    else:
        verb = "Changed" if days else "Created"
        stdout.print(
            f"{verb} {sum(report.rows.values()):,} rows in {len(report.rows)} tables below"
            f" {directory} in {report.seconds:.1f} s."
        )
    return 0


def init(
    directory: Annotated[Path, typer.Argument(help="Folder to create.")],
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Write a commented starter workspace."""
    if (directory / "workspace.yaml").exists():
        raise UserError(
            f"{directory} already holds a workspace.",
            fix="Choose another folder; nothing has been changed.",
        )
    written = write_starter(directory)
    if format is Format.JSON:
        print_json({"directory": directory, "files": [str(path) for path in written]})
    else:
        for path in written:
            stdout.print(f"  {path}")
        stdout.print(f"Now read {directory / 'workspace.yaml'}; its comments lead on from there.")
    return 0


def check(workspace: WorkspaceOption = HERE, format: FormatOption = Format.TABLE) -> int:  # noqa: A002
    """Validate all metadata, without touching any data; also against the newest scans."""
    repository = load_workspace(workspace)
    # The engine takes a moment to start: only a check needs it.
    from pipelines.dry_run import refused_by_engine

    found = (*portal_issues(repository), *scan_issues(repository))
    if issues := (*found, *refused_by_engine(repository)):
        raise MetadataError(issues)
    counts = {
        "sources": len(repository.sources),
        "source tables": sum(1 for _ in repository.source_tables()),
        "mappings": len(repository.mappings),
        "entities": len(repository.mapped_entities),
        "dimensions": len(repository.dimensions),
        "facts": len(repository.facts),
        "cubes": len(repository.cubes),
        "rules of maintenance": len(repository.upkeep.rules),
    }
    if format is Format.JSON:
        print_json({"issues": [], "counts": counts, "absent": dict(repository.absent)})
        return 0
    stdout.print("No problems: " + ", ".join(f"{n} {name}" for name, n in counts.items()) + ".")
    for name, reason in sorted(repository.absent.items()):
        stdout.print(f"  not loaded: {name}. {reason}")
    return 0
