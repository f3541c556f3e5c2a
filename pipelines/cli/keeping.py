"""Keeping: `versions`, `rollback` and `quarantine`."""

from __future__ import annotations

from typing import Annotated

import typer

from cubes import operations
from metadata import load_workspace
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
    found = publish.versions(load_workspace(workspace))
    if format is Format.JSON:
        print_json({"versions": [operations.as_dict(version) for version in found]})
        return 0
    print_table(
        ("Version", "Published", "Size", ""),
        (
            (v.version, v.published_at, f"{v.bytes / 1e6:,.1f} MB", "current" * v.current)
            for v in found
        ),
        right=(0, 2),
    )
    return 0


def rollback(
    version: Annotated[int, typer.Argument(help="Version that readers shall see.")],
    workspace: WorkspaceOption = HERE,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Show readers an earlier version. The next run publishes a newer one again."""
    publish.rollback(load_workspace(workspace), version)
    if format is Format.JSON:
        print_json({"version": version})
    else:
        stdout.print(f"Readers now see version {version}.")
    return 0


@quarantine.command("list")
def list_refused(workspace: WorkspaceOption = HERE, format: FormatOption = Format.TABLE) -> int:  # noqa: A002
    """Count refused rows by entity, rule and reason."""
    repository = load_workspace(workspace)
    found = operations.quarantine_summary(repository.storage)
    if format is Format.JSON:
        print_json({"quarantine": [operations.as_dict(row) for row in found]})
        return 0
    if not found:
        stdout.print("No row has been refused.")
        return 0
    print_table(
        ("Entity", "Column", "Rule", "Reason", "Rows"),
        ((r.entity, r.column, r.rule, r.reason, r.rows) for r in found),
        right=(4,),
    )
    return 0


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
    found = operations.quarantine_rows(repository.storage, entity=entity, limit=limit)
    if format is Format.JSON:
        print_json({"rows": [operations.as_dict(row) for row in found]})
        return 0
    print_table(
        ("Source", "Batch", "Column", "Rule", "Reason", "Row"),
        ((f"{r.source}.{r.table}", r.batch, r.column, r.rule, r.reason, r.row) for r in found),
    )
    return 0
