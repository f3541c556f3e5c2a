"""Explaining: `explain`."""

from __future__ import annotations

from typing import Annotated

import typer

from cubes import Cell
from metadata.applied import load_in_force
from metadata.errors import UserError
from pipelines.cli.explained import print_explanation
from pipelines.cli.output import (
    HERE,
    AsOption,
    Format,
    FormatOption,
    WorkspaceOption,
    print_json,
)


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(explain)


def explain(
    cube: Annotated[str, typer.Argument(help="Name of a cube; `rapport cubes` lists them.")],
    measure: Annotated[str, typer.Argument(help="One of its measures.")],
    where: Annotated[
        str | None, typer.Option(help="Filter, as \"customer.country = 'Germany'\".")
    ] = None,
    rows: Annotated[
        list[str] | None,
        typer.Option(help="Level and member, as customer.country=Germany; repeatable."),
    ] = None,
    limit: Annotated[
        int, typer.Option(help="Fact rows to show, and left-out rows of each kind.", min=1)
    ] = 5,
    version: Annotated[
        int | None, typer.Option(help="Published version; the one that readers see if absent.")
    ] = None,
    left_out: Annotated[
        bool,
        typer.Option(
            "--left-out/--no-left-out",
            help="Look for rows that were left out; reads all that landed for the fact.",
        ),
    ] = True,
    as_user: AsOption = None,
    workspace: WorkspaceOption = HERE,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Explain one figure: its definition, the rows it is made of, and those that were left out."""
    # It brings the statements of staging along, which no other question needs.
    from pipelines.explain import explain as explain_figure

    repository = load_in_force(workspace)
    cell = Cell(cube, measure, where or None, _members(rows or []))
    found = explain_figure(
        repository, cell, version=version, limit=limit, find_left_out=left_out, user=as_user
    )
    if format is Format.JSON:
        print_json(found.to_dict())
    else:
        print_explanation(found, repository.workspace)
    return 0


def _members(written: list[str]) -> dict[str, str]:
    members: dict[str, str] = {}
    for each in written:
        level, equals, member = each.partition("=")
        level = level.strip()
        if not equals or not level:
            raise UserError(
                f"--rows {each} cannot be read.",
                fix="Write a level and a member, like --rows customer.country=Germany.",
            )
        if level in members:
            raise UserError(f"The level '{level}' is given two members.", fix="Give it one.")
        members[level] = member.strip()
    return members
