"""Documenting: `dictionary`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from metadata import load_workspace
from metadata.lineage import kept_scans, lineage_of
from pipelines.cli.output import HERE, Format, FormatOption, WorkspaceOption, print_json, stdout

# The template engine takes a while to import: only this command needs it.


class Form(StrEnum):
    """What the dictionary is written as."""

    HTML = "html"
    MARKDOWN = "markdown"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(dictionary)


def dictionary(
    output: Annotated[
        Path | None,
        typer.Option(help="Folder for the pages.", show_default="dictionary, in the workspace"),
    ] = None,
    form: Annotated[
        Form, typer.Option("--as", help="A site that opens from disk, or Markdown.")
    ] = Form.HTML,
    workspace: WorkspaceOption = HERE,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Write a data dictionary: every source, table, rule, dimension, fact and measure."""
    from pipelines.dictionary import dictionary_of, html, markdown
    from pipelines.dictionary.writing import write_dictionary

    repository = load_workspace(workspace)
    scans = kept_scans(repository)
    found = dictionary_of(repository, lineage_of(repository, scans=scans), scans)
    files = dict(html.site(found) if form is Form.HTML else markdown.files(found))
    folder = output if output is not None else workspace / "dictionary"
    changed = write_dictionary(folder, found.title, files)
    start = folder / ("index.html" if form is Form.HTML else "index.md")
    unscanned = sorted(set(repository.sources) - set(scans))
    if format is Format.JSON:
        print_json(
            {
                "directory": folder,
                "start": start,
                "pages": len(found.pages),
                "files_changed": changed,
                "not_scanned": unscanned,
            }
        )
        return 0
    stdout.print(f"Wrote {len(found.pages)} pages, {changed} files changed: {start}", markup=False)
    if unscanned:
        names = ", ".join(unscanned)
        stdout.print(f"  Without profiles: {names}. `rapport scan` makes them.", markup=False)
    return 0
