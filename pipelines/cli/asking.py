"""Asking: `query` and `cubes`."""

from __future__ import annotations

import csv
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer

from cubes import Engine, Query, Result, Sort, Top
from cubes.formatting import format_value
from cubes.predicates import EMPTY
from metadata import Repository
from metadata.applied import access_in_force, load_in_force
from metadata.errors import UserError
from pipelines.cli.output import (
    HERE,
    AsOption,
    Format,
    FormatOption,
    WorkspaceOption,
    print_json,
    print_table,
    stdout,
)


class ResultFormat(StrEnum):
    """How `query` answers."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    ARROW = "arrow"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(query)
    app.command()(cubes)


def query(
    cube: Annotated[str, typer.Argument(help="Name of a cube; `rapport cubes` lists them.")],
    measures: Annotated[str, typer.Option(help="Measures, separated by commas.")],
    rows: Annotated[str, typer.Option(help="Levels such as customer.country.")] = "",
    columns: Annotated[str, typer.Option(help="Levels that go across.")] = "",
    where: Annotated[
        str | None, typer.Option(help="Filter, as \"customer.country = 'Germany'\".")
    ] = None,
    totals: Annotated[bool, typer.Option("--totals", help="Add subtotals and totals.")] = False,
    sort: Annotated[
        str, typer.Option(help="Measures or levels; a leading - means descending.")
    ] = "",
    top: Annotated[
        str, typer.Option(help="N:measure keeps the N greatest, -N:measure the N least.")
    ] = "",
    limit: Annotated[int | None, typer.Option(help="Rows at the most.", min=1)] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the SQL instead of running it.")
    ] = False,
    as_user: AsOption = None,
    workspace: WorkspaceOption = HERE,
    format: Annotated[  # noqa: A002
        ResultFormat, typer.Option("--format", "-f", help="How to answer.")
    ] = ResultFormat.TABLE,
) -> int:
    """Ask a cube."""
    engine = _engine(workspace, as_user)
    asked = Query(
        cube=cube,
        measures=_names(measures),
        rows=_names(rows),
        columns=_names(columns),
        where=where or None,
        totals=totals,
        sort=tuple(Sort(name.lstrip("-"), name.startswith("-")) for name in _names(sort)),
        top=_top(top),
        limit=limit,
    )
    if explain:
        _print_explanation(engine, asked, format)
        return 0
    result = engine.query(asked)
    match format:
        case ResultFormat.JSON:
            print_json(_document(result))
        case ResultFormat.CSV:
            _print_csv(result)
        case ResultFormat.ARROW:
            with pa.ipc.new_stream(sys.stdout.buffer, result.table.schema) as stream:
                stream.write_table(result.table)
        case ResultFormat.TABLE:
            _print_result(result, engine.repository)
    return 0


def cubes(
    as_user: AsOption = None,
    workspace: WorkspaceOption = HERE,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """List the cubes with their measures and levels."""
    repository = _engine(workspace, as_user).repository
    if format is Format.JSON:
        print_json(
            {
                "cubes": [
                    {
                        "name": cube.name,
                        "label": cube.label,
                        "description": cube.definition.description,
                        "measures": list(cube.measures),
                        "levels": list(cube.levels),
                        "unavailable": dict(cube.unavailable),
                    }
                    for cube in repository.cubes.values()
                ]
            }
        )
        return 0
    for cube in repository.cubes.values():
        stdout.print(f"[bold]{cube.name}[/]  {cube.definition.description}")
        stdout.print("  measures: " + ", ".join(cube.measures))
        stdout.print("  levels:   " + ", ".join(cube.levels))
    return 0


def _engine(workspace: Path, as_user: str | None) -> Engine:
    """An engine for a user; without one it sees all, as whoever can read the files does."""
    repository = load_in_force(workspace)
    engine = Engine(repository)
    if as_user is None:
        return engine
    return engine.seen_by(as_user, access_in_force(workspace, repository))


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _top(text: str) -> Top | None:
    if not text:
        return None
    count, _, by = text.partition(":")
    try:
        n = int(count)
    except ValueError:
        n = 0
    if not by or n == 0:
        raise UserError(
            f"--top {text} cannot be read.", fix="Write it like 10:revenue, or -10:revenue."
        )
    return Top(n=abs(n), by=by.strip(), descending=n > 0)


def _print_explanation(engine: Engine, asked: Query, format: ResultFormat) -> None:  # noqa: A002
    explanation = engine.explain(asked)
    if format is ResultFormat.JSON:
        print_json(
            {
                "sql": explanation.sql,
                "answered_from": explanation.used,
                "notes": list(explanation.notes),
            }
        )
        return
    sys.stdout.write(f"{explanation.sql}\n\n-- answered from {explanation.used}\n")
    for note in explanation.notes:
        sys.stdout.write(f"-- {note}\n")


def _document(result: Result) -> dict[str, Any]:
    return {
        "columns": [
            {"name": c.name, "label": c.label, "kind": c.kind, "type": c.type, "format": c.format}
            for c in result.columns
        ],
        "rows": result.table.to_pylist(),
        "version": result.version,
        "seconds": result.seconds,
        "notes": list(result.notes),
    }


def _print_csv(result: Result) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(result.table.column_names)
    for batch in result.table.to_batches():
        writer.writerows(zip(*(column.to_pylist() for column in batch.columns), strict=True))


def _print_result(result: Result, repository: Repository) -> None:
    workspace = repository.workspace
    levels = [column for column in result.columns if column.kind == "level"]
    columns = {c.name: result.table.column(c.name).to_pylist() for c in result.columns}
    masks = (
        result.table.column("_grouping").to_pylist()
        if "_grouping" in result.table.column_names
        else [0] * result.table.num_rows
    )

    def cell(name: str, kind: str, fmt: str | None, row: int) -> str:
        value = columns[name][row]
        if kind == "level":
            position = next(i for i, level in enumerate(levels) if level.name == name)
            # GROUPING()'s first argument is its highest bit.
            if masks[row] >> (len(levels) - 1 - position) & 1:
                return "Total"
            return EMPTY if value is None else str(value)
        return format_value(value, fmt or "number", workspace.currency, workspace.locale)

    print_table(
        [column.label for column in result.columns],
        (
            [cell(c.name, c.kind, c.format, row) for c in result.columns]
            for row in range(result.table.num_rows)
        ),
        right=[i for i, column in enumerate(result.columns) if column.kind == "measure"],
    )
    for note in result.notes:
        stdout.print(note, markup=False, style="dim")
