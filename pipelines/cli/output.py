"""What commands print: tables for people, one JSON document for programs."""

from __future__ import annotations

import json
import re
import secrets
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

stdout = Console(highlight=False, soft_wrap=True)
stderr = Console(stderr=True, highlight=False)


class Format(StrEnum):
    """How a command answers."""

    TABLE = "table"
    JSON = "json"


WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "--workspace",
        "-w",
        envvar="RAPPORT_WORKSPACE",
        help="Folder that holds workspace.yaml.",
        show_default="the current folder",
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="How to answer.")]
AsOption = Annotated[
    str | None,
    typer.Option(
        "--as", metavar="USER", help="As this user sees it, by the workspace's access policies."
    ),
]

HERE = Path()
_ANY_WIDTH = 10_000
_FOLDED = 16
"""Texts are not folded into fewer characters, however narrow the terminal is."""


def print_json(value: Any) -> None:
    """One JSON document on standard output and nothing else. Decimals stay exact, as numbers."""
    # A float would lose digits of a large amount: such a number is written for what it marks.
    mark = f"<{secrets.token_hex(8)}>"
    text = json.dumps(value, default=partial(_encode, mark), indent=2, ensure_ascii=False)
    sys.stdout.write(re.sub(f'"{mark}(.*?)"', r"\1", text) + "\n")


def _encode(mark: str, value: Any) -> Any:
    if isinstance(value, Decimal):
        if value == value.to_integral_value():
            return int(value)
        short = float(value)
        return short if Decimal(repr(short)) == value else f"{mark}{value:f}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_table(
    headings: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[int] = ()
) -> None:
    """A plain table; the columns numbered in `right` hold figures and are aligned right.

    Texts fold where the terminal is narrow; figures stay whole. Elsewhere a row is one line, for
    whoever searches or cuts it.
    """
    table = Table(box=None, header_style="bold", pad_edge=False)
    # Only what is a `Text` has colours of its own: brackets in data are brackets.
    texts = [
        [
            cell if isinstance(cell, Text) else Text("" if cell is None else str(cell))
            for cell in row
        ]
        for row in rows
    ]
    for number, heading in enumerate(headings):
        figures = number in right
        longest = max(len(text) for text in [heading, *(row[number] for row in texts)])
        table.add_column(
            heading,
            justify="right" if figures else "left",
            overflow="fold",
            no_wrap=figures,
            min_width=min(longest, _FOLDED),
        )
    for row in texts:
        table.add_row(*row)
    width = _ANY_WIDTH
    if stdout.is_terminal:
        options = stdout.options.update(width=_ANY_WIDTH)
        width = max(stdout.width, Measurement.get(stdout, options, table).minimum)
    # A console of its own, for none prints wider than it is.
    Console(highlight=False, width=width).print(table, crop=False)
