"""Lineage: what something is made of, and what is made of it."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from metadata import Repository, load_workspace
from metadata.errors import UserError
from metadata.lineage import LineageGraph, Node, kept_scans, lineage_of
from metadata.lineage.mermaid import as_mermaid
from pipelines.cli.lineage_tree import print_reach
from pipelines.cli.output import HERE, WorkspaceOption, print_json, stderr


class LineageFormat(StrEnum):
    """How `lineage` answers."""

    TABLE = "table"
    JSON = "json"
    MERMAID = "mermaid"


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(lineage)


def lineage(
    name: Annotated[
        str | None,
        typer.Argument(
            help="table.column, cube.measure, tile.name, chart.name, or a table alone; kind:name"
            " where a name means several things."
        ),
    ] = None,
    up: Annotated[bool, typer.Option("--up", help="Only what it is made of.")] = False,
    down: Annotated[bool, typer.Option("--down", help="Only what is made of it.")] = False,
    both: Annotated[bool, typer.Option("--both", help="Both ways (so it is by itself).")] = False,
    depth: Annotated[int | None, typer.Option(help="Steps at the most.", min=1)] = None,
    decisions: Annotated[
        bool,
        typer.Option("--decisions", help="Follow filters, joins and checks too, not values alone."),
    ] = False,
    openlineage: Annotated[
        Path | None,
        typer.Option(
            "--openlineage",
            help="Write the last run, step by step, into this file as OpenLineage events.",
            dir_okay=False,
        ),
    ] = None,
    workspace: WorkspaceOption = HERE,
    format: Annotated[  # noqa: A002
        LineageFormat, typer.Option("--format", "-f", help="How to answer.")
    ] = LineageFormat.TABLE,
) -> int:
    """Show what a column, measure or tile is made of, rule by rule, and what is made of it."""
    repository = load_workspace(workspace)
    if openlineage is not None:
        _write_events(repository, openlineage, format)
    if name is None:
        if openlineage is None:
            raise UserError(
                "Say what to follow, or where to write events.",
                fix="Try `rapport lineage sales.revenue`, or --openlineage FILE.",
            )
        return 0
    graph = lineage_of(repository, scans=kept_scans(repository))
    node = graph.find(name)
    upwards, downwards = (up or both or not down), (down or both or not up)
    match format:
        case LineageFormat.JSON:
            print_json(_document(graph, node, upwards, downwards, depth))
        case LineageFormat.MERMAID:
            sys.stdout.write(as_mermaid(_around(graph, node, upwards, downwards, depth, decisions)))
        case LineageFormat.TABLE:
            if upwards:
                print_reach(graph, node, graph.upstream(node.id, depth), decisions=decisions)
            if downwards:
                print_reach(graph, node, graph.downstream(node.id, depth), decisions=decisions)
    return 0


def _write_events(repository: Repository, file: Path, format: LineageFormat) -> None:  # noqa: A002
    # The library takes a while to import; no other command needs it.
    from pipelines.openlineage.sending import write_events

    count = write_events(repository, file)
    if format is LineageFormat.JSON:
        print_json({"file": file, "events": count})
    else:
        stderr.print(f"Wrote {count:,} events to {file}.", soft_wrap=True)


def _document(
    graph: LineageGraph, node: Node, up: bool, down: bool, depth: int | None
) -> dict[str, Any]:
    found: dict[str, Any] = {"node": node.as_dict()}
    if up:
        found["upstream"] = graph.upstream(node.id, depth).to_json()
    if down:
        found["downstream"] = graph.downstream(node.id, depth).to_json()
    return found


def _around(
    graph: LineageGraph, node: Node, up: bool, down: bool, depth: int | None, decisions: bool
) -> LineageGraph:
    reached = [graph.upstream(node.id, depth)] if up else []
    reached += [graph.downstream(node.id, depth)] if down else []
    ids = {each for reach in reached for each in (reach.distance if decisions else reach.direct)}
    part = graph.subgraph(ids)
    return part.collapsed() if node.column is None else part
