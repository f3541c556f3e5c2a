"""Drafting mappings: `propose`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from metadata import Repository, load_workspace
from metadata.errors import UserError, did_you_mean
from metadata.loader import workspace_texts
from metadata.propose import Draft, Proposal, known_of, propose
from metadata.propose.adding import addition_lines, places
from metadata.propose.proving import Proved, prove
from metadata.propose.writing import EditRefused, all_texts, source_text
from metadata.scan import Scan, read_scan
from metadata.yaml_tree import parse_documents
from pipelines.cli.output import HERE, Format, FormatOption, WorkspaceOption, print_json, stderr


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("propose")(propose_mappings)


def propose_mappings(
    source: Annotated[str, typer.Argument(help="A source that has been scanned.")],
    table: Annotated[
        list[str] | None, typer.Option(help="Draft from this table; all if none is named.")
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(help="Write the drafts as files below this folder, never over existing ones."),
    ] = None,
    min_confidence: Annotated[
        float, typer.Option(help="What is less likely is a comment.", min=0.0, max=1.0)
    ] = 0.5,
    again: Annotated[
        bool, typer.Option("--again", help="Also draft mappings that exist already.")
    ] = False,
    workspace: WorkspaceOption = HERE,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Draft mappings to the model's entities from the newest scan of a source."""
    repository = load_workspace(workspace)
    scan = _scan(repository, source)
    tables = [_table(scan, name) for name in table or ()]
    known = known_of(repository, source, again=again)
    proposal = propose(scan, known, tables=tables, least=min_confidence)
    changed = _source_file(repository, source, proposal)
    proved = prove(repository.root, proposal, changed, min_confidence)
    written = _write(write, proved.files) if write is not None else []
    if format is Format.JSON:
        print_json(_document(proved, written))
    elif write is None:
        _print(repository, proved.proposal, min_confidence)
    else:
        for path in written:
            sys.stdout.write(f"{path}\n")
    _tell(proved, written)
    return 0


def _scan(repository: Repository, source: str) -> Scan:
    if source not in repository.sources:
        raise UserError(
            f"There is no source '{source}'.", fix=did_you_mean(source, repository.sources)
        )
    scan = read_scan(repository.storage, source)
    if scan is None:
        raise UserError(
            f"Source '{source}' has not been scanned yet.",
            why="Proposals are made from what a scan has found.",
            fix=f"Run `rapport scan {source}` first.",
        )
    return scan


def _table(scan: Scan, name: str) -> str:
    found = scan.table(name)
    if found is None:
        names = [each.name for each in scan.tables]
        raise UserError(
            f"The scan of '{scan.source}' has no table '{name}'.", fix=did_you_mean(name, names)
        )
    return found.name


def _source_file(repository: Repository, source: str, proposal: Proposal) -> dict[str, str]:
    """The file of the source with the settings added, if there are any; a comment else says why."""
    name = repository.sources[source].file
    text = (repository.root / name).read_text(encoding="utf-8-sig")
    contents = [each.content for each in parse_documents(text, name)]
    document = next(n for n, each in enumerate(contents) if each.get("source") == source)
    try:
        changed = source_text(proposal, text, document)
    except EditRefused:
        # The settings are still shown, for people to put in themselves.
        return {}
    return {} if changed == text else {name: changed}


def _write(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write every file, or none where one is there already."""
    paths = {folder / name: text for name, text in files.items()}
    there = [path for path in paths if path.exists() or path.is_symlink()]
    if there:
        raise UserError(
            f"{len(there)} of the drafts would overwrite a file; nothing has been written.",
            why="There are already: " + ", ".join(str(path) for path in there[:5])
            + (" and more." if len(there) > 5 else "."),
            fix="Choose an empty folder.",
        )  # fmt: skip
    try:
        for path, text in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise UserError(
            f"The drafts cannot be written to {folder}.", why=error.strerror or str(error)
        ) from None
    return list(paths)


def _print(repository: Repository, proposal: Proposal, least: float) -> None:
    texts = workspace_texts(repository.root)
    sys.stdout.write("".join(all_texts(proposal, least, texts)))
    there = places(texts) if proposal.additions else {}
    for addition in proposal.additions:
        place = there.get((addition.entity, f"{proposal.source}.{addition.table}"))
        file = place[0] if place else "a mapping"
        what = f"{file} fills {addition.entity} from {proposal.source}.{addition.table}"
        lines = "".join(f"#   {line}\n" for line in addition_lines(proposal, addition))
        sys.stdout.write(f"---\n# {what}. It could also have:\n{lines}")


def _document(proved: Proved, written: list[Path]) -> dict[str, Any]:
    proposal = proved.proposal
    return {
        "source": proposal.source,
        "scan": {"version": proposal.version, "scanned_at": proposal.scanned_at},
        "mappings": [_mapping(proposal, draft) for draft in proposal.drafts],
        "additions": [_mapping(proposal, addition) for addition in proposal.additions],
        "tables": {
            t.name: {
                "settings": dict(t.settings), "reasons": dict(t.reasons), "hints": list(t.hints)
            }
            for t in proposal.tables
        },
        "left": dict(proposal.left),
        "already": list(proposal.already),
        "files": dict(proved.files),
        "written": written,
        "issues": [issue.as_dict() for issue in proved.issues],
    }  # fmt: skip


def _mapping(proposal: Proposal, draft: Draft) -> dict[str, Any]:
    return {
        "entity": draft.entity,
        "from": f"{proposal.source}.{draft.table}",
        "confidence": draft.confidence,
        "reason": draft.reason,
        "join": {
            j.alias: {
                "table": f"{proposal.source}.{j.table}",
                "on": dict(j.on),
                "where": j.where,
                "order_by": list(j.order_by),
                "reason": j.reason,
            }
            for j in draft.joins
        },
        "columns": [
            {
                "column": c.column,
                "rule": dict(c.rule),
                "confidence": c.confidence,
                "reason": c.reason,
                "hint": c.hint,
                "proposed": c.active,
                "reads": [".".join(read) for read in c.reads],
            }
            for c in draft.columns
        ],
        "where": draft.where,
        "keep": list(draft.keep),
        "unfilled": [m.column for m in draft.missing],
        "unused": list(draft.unused),
    }


def _tell(proved: Proved, written: list[Path]) -> None:
    """What was done, beside the drafts themselves."""
    proposal = proved.proposal
    columns = sum(len(draft.active) for draft in proposal.drafts)
    tables = {table for draft in proposal.drafts for table in draft.tables}
    sys.stdout.flush()
    stderr.print(
        f"Proposed {len(proposal.drafts)} mappings with {columns} columns from"
        f" {len(tables)} tables; {len(proposal.left)} tables are left."
        + ("" if written else " Nothing has been written."),
        soft_wrap=True,
    )
    for addition in proposal.additions:
        stderr.print(
            f"{len(addition.columns)} columns could be added to the mapping of {addition.entity}"
            f" from {proposal.source}.{addition.table}.",
            soft_wrap=True,
        )
    for name in proposal.already:
        stderr.print(f"There is a mapping already: {name}.", soft_wrap=True, markup=False)
    for issue in proved.issues:
        stderr.print(str(issue), style="yellow", soft_wrap=True, markup=False)
