"""Measuring: `bench`."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from metadata import load_workspace
from pipelines.cli.output import (
    HERE,
    Format,
    FormatOption,
    WorkspaceOption,
    print_json,
    print_table,
)


class Benchmark(StrEnum):
    """What can be measured."""

    CUBES = "cubes"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(bench)


def bench(
    what: Annotated[Benchmark, typer.Argument(help="What to measure.")] = Benchmark.CUBES,
    rounds: Annotated[int, typer.Option(help="Rounds to take the median of.", min=1)] = 15,
    workspace: WorkspaceOption = HERE,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Compare cube queries with hand-written SQL on the same version, taking turns."""
    from pipelines.bench.cubes import compare

    found = list(compare(load_workspace(workspace), rounds))
    if format is Format.JSON:
        print_json({what.value: [{**asdict(c), "ratio": c.ratio} for c in found]})
        return 0
    print_table(
        (
            "Question",
            "Rows",
            "Cube ms",
            "of which compiling",
            "By hand ms",
            "Ratio",
            "Answered from",
        ),
        (
            (
                comparison.title,
                comparison.rows,
                f"{comparison.cube_ms:.1f}",
                f"{comparison.compile_ms:.1f}",
                f"{comparison.sql_ms:.1f}",
                f"{comparison.ratio:.2f}",
                comparison.answered_from,
            )
            for comparison in found
        ),
        right=(1, 2, 3, 4, 5),
    )
    return 0
