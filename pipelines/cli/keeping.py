"""Keeping: `versions`, `rollback` and `quarantine`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from cubes.operations import Operations, Refusal
from metadata import load_workspace
from metadata.applied import load_in_force
from metadata.errors import UserError, did_you_mean
from pipelines import publish
from pipelines.cli.output import (
    HERE,
    Format,
    FormatOption,
    WorkspaceOption,
    print_json,
    print_table,
    stdout,
)

quarantine = typer.Typer(help="Look at refused rows.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(versions)
    app.command()(rollback)
    app.add_typer(quarantine, name="quarantine")


def versions(workspace: WorkspaceOption = HERE, format: FormatOption = Format.TABLE) -> int:  # noqa: A002
    """List the published versions; readers see the current one."""
    found = publish.versions(load_in_force(workspace))
    if format is Format.JSON:
        print_json({"versions": [asdict(version) for version in found]})
        return 0
    if not found:
        stdout.print("Nothing has been published yet; `rapport run` does it.")
        return 0
    print_table(
        ("Version", "Published", "Size", "Metadata", ""),
        (
            (
                v.version,
                v.published_at,
                f"{v.bytes / 1e6:,.1f} MB",
                v.metadata or "",
                "current" * v.current,
            )
            for v in found
        ),
        right=(0, 2, 3),
    )
    return 0


def rollback(
    version: Annotated[int, typer.Argument(help="Version that readers shall see.")],
    workspace: WorkspaceOption = HERE,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Show readers an earlier version, with the metadata it was built by.

    The next run publishes newer data again; newer metadata waits for `rapport apply`.
    """
    publish.rollback(load_in_force(workspace), version)
    if format is Format.JSON:
        print_json({"version": version})
    else:
        stdout.print(f"Readers now see version {version}.")
    return 0


@quarantine.command("list")
def list_refused(workspace: WorkspaceOption = HERE, format: FormatOption = Format.TABLE) -> int:  # noqa: A002
    """Count refused rows by entity, rule and reason."""
    repository = load_workspace(workspace)
    found = Operations(repository.storage).refusals()
    if format is Format.JSON:
        print_json({"quarantine": [asdict(row) for row in found]})
        return 0
    refused = [row for row in found if row.outcome == "quarantined"]
    if not refused:
        stdout.print("No row has been refused.")
    else:
        _print_refusals(refused)
    if warned := [row for row in found if row.outcome == "warned"]:
        stdout.print("\nValues that were dropped or replaced; their rows were loaded:")
        _print_refusals(warned)
    return 0


def _print_refusals(found: Sequence[Refusal]) -> None:
    print_table(
        ("Entity", "From", "Column", "Rule", "Rows"),
        ((r.entity, r.mapping.partition("<")[2], r.column, r.rule, f"{r.rows:,}") for r in found),
        right=(4,),
    )


@quarantine.command("show")
def show_refused(
    entity: Annotated[str, typer.Argument(help="Entity whose refused rows to show.")],
    limit: Annotated[int, typer.Option(help="Rows at the most.", min=1)] = 20,
    workspace: WorkspaceOption = HERE,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Show refused rows as they came from the source, with the reason."""
    repository = load_workspace(workspace)
    if entity not in repository.mapped_entities:
        raise UserError(
            f"No mapping fills an entity '{entity}'.",
            fix=did_you_mean(entity, repository.mapped_entities),
        )
    found = Operations(repository.storage).refused_rows(entity, limit)
    if format is Format.JSON:
        print_json({"rows": [{**asdict(r), "row_json": json.loads(r.row_json)} for r in found]})
        return 0
    if not found:
        stdout.print(f"No row of '{entity}' has been refused.")
    for r in found:
        value = f" The value is '{r.value}'." if r.value else ""
        # What is expected of the whole row is no matter of one column.
        told = f"[bold]{r.column}[/] ({r.rule})" if r.column else f"[bold]{r.rule}[/]"
        stdout.print(f"{told}: {escape(r.reason + value)}")
        stdout.print(f"  from {r.source}.{r.table}, batch {r.batch}")
        stdout.print(f"  {escape(r.row_json)}")
    return 0
