"""Exchanging: `export` to and `import` from the standards of the field."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
import yaml

from metadata import Repository, load_workspace
from metadata.errors import UserError, did_you_mean
from metadata.ossie.document import RELEASED, VERSION, document_of
from metadata.ossie.export import export_model
from metadata.ossie.importing import Import, import_ossie
from pipelines.cli.output import (
    HERE,
    Format,
    FormatOption,
    WorkspaceOption,
    print_json,
    print_table,
    stdout,
)

# The contracts' library takes a while to import: only the command that needs it does so.

exports = typer.Typer(help="Write the model in a standard's form.", no_args_is_help=True)
imports = typer.Typer(help="Draft definitions from a standard's document.", no_args_is_help=True)
SpecVersion = Literal["0.2.0.dev0", "0.1.1"]
assert (VERSION, RELEASED) == ("0.2.0.dev0", "0.1.1")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    exports.command("ossie")(export_ossie)
    exports.command("odcs")(export_odcs)
    imports.command("ossie")(import_ossie_file)
    app.add_typer(exports, name="export")
    app.add_typer(imports, name="import")


def export_ossie(
    output: Annotated[
        Path | None,
        typer.Option(help="File to write: JSON if its name ends so, else YAML.", show_default="-"),
    ] = None,
    spec_version: Annotated[
        SpecVersion, typer.Option(help="Version of the Ossie specification.")
    ] = "0.2.0.dev0",
    workspace: WorkspaceOption = HERE,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Write the model (datasets, relationships, metrics) as an Apache Ossie document."""
    model = export_model(load_workspace(workspace))
    document = document_of(model, spec_version)
    if output is None:
        if format is Format.JSON:
            print_json(document)
        else:
            sys.stdout.write(_yaml(document))
        return 0
    text = _json(document) if output.suffix.lower() == ".json" else _yaml(document)
    _write({output: text})
    stocks = [metric.name for metric in model.metrics or () if "stock" in metric.own_data()]
    counts = {
        "datasets": len(model.datasets),
        "relationships": len(model.relationships or ()),
        "metrics": len(model.metrics or ()),
    }
    if format is Format.JSON:
        print_json({"file": output, "version": spec_version, **counts, "stocks": stocks})
        return 0
    told = ", ".join(f"{number} {name}" for name, number in counts.items())
    stdout.print(f"Wrote {output}: Ossie {spec_version}, {told}.", markup=False)
    if stocks:
        names = ", ".join(stocks)
        stdout.print(
            "  The specification has no word for stocks, so these say only in their ai_context"
            f" that they must not be added up over time: {names}.",
            markup=False,
        )
    return 0


def export_odcs(
    fact: Annotated[str | None, typer.Option(help="One mart only, by its fact.")] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder for a file each mart.", show_default="-")
    ] = None,
    contract_version: Annotated[
        str, typer.Option(help="Version of the contracts, as their readers count them.")
    ] = "1.0.0",
    workspace: WorkspaceOption = HERE,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Write each mart (a fact with its dimensions) as an Open Data Contract Standard document."""
    from pipelines.contracts import contract_of, contracts

    repository = load_workspace(workspace)
    if fact is None:
        found = contracts(repository, contract_version)
    else:
        _known_fact(repository, fact)
        found = {fact: contract_of(repository, fact, contract_version)}
    if output is None:
        if format is Format.JSON:
            contents = [c.model_dump(by_alias=True, exclude_none=True) for c in found.values()]
            print_json({"contracts": contents})
        else:
            sys.stdout.write("---\n".join(contract.to_yaml() for contract in found.values()))
        return 0
    files = {output / f"{name}.odcs.yaml": contract.to_yaml() for name, contract in found.items()}
    _write(files)
    if format is Format.JSON:
        print_json({"directory": output, "files": [str(path) for path in files]})
        return 0
    for path, (_, contract) in zip(files, found.items(), strict=True):
        tables = len(contract.schema_ or [])
        stdout.print(f"  {path}: {contract.name}, {tables} tables", markup=False)
    return 0


def _known_fact(repository: Repository, fact: str) -> None:
    if fact not in repository.facts:
        absent = repository.absent.get(f"fact {fact}", "")
        raise UserError(
            f"There is no fact '{fact}'.", why=absent, fix=did_you_mean(fact, repository.facts)
        )


def import_ossie_file(
    file: Annotated[Path, typer.Argument(help="Ossie document, YAML or JSON.")],
    output: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the drafts; the workspace itself puts them into effect.",
            show_default="drafts, in the workspace",
        ),
    ] = None,
    workspace: WorkspaceOption = HERE,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Draft cubes, and what the model lacks for them, from an Apache Ossie document."""
    repository = load_workspace(workspace)
    found = import_ossie(repository, file)
    folder = output if output is not None else workspace / "drafts"
    files = {folder / name: text for name, text in found.files.items()}
    there = [str(path) for path in files if path.exists()]
    if there:
        raise UserError(
            f"{there[0]} is already there.",
            why=f"Nothing is overwritten, and nothing has been written: {', '.join(there)}.",
            fix="Move it away, or choose another folder with --output.",
        )
    _write(files)
    if format is Format.JSON:
        print_json(_imported(found, [str(path) for path in files]))
    else:
        _print_import(found, list(files))
    return 0


def _imported(found: Import, files: list[str]) -> dict[str, Any]:
    return {
        "files": files,
        "datasets": [
            {
                "dataset": match.dataset,
                "fact": match.fact,
                "dimension": match.dimension,
                "reason": match.reason,
            }
            for match in found.matches
        ],
        "measures": [
            {
                "model": each.model,
                "metric": each.metric,
                "cube": each.cube,
                "measure": each.measure,
                "remarks": list(each.remarks),
            }
            for each in found.measures
        ],
        "not_drafted": [issue.as_dict() for issue in found.refused],
        "notes": [issue.as_dict() for issue in found.notes],
    }


def _print_import(found: Import, files: list[Path]) -> None:
    for note in found.notes:
        stdout.print(str(note), markup=False)
    print_table(
        ["dataset", "here", "why"],
        ([m.dataset, _here(m.fact, m.dimension), m.reason] for m in found.matches),
    )
    if found.measures:
        stdout.print()
        print_table(
            ["metric", "measure", "remarks"],
            ([m.metric, f"{m.cube}.{m.measure}", " ".join(m.remarks)] for m in found.measures),
        )
    if found.refused:
        stdout.print()
        for issue in found.refused:
            stdout.print(str(issue), markup=False)
    stdout.print()
    told = f"{len(found.measures)} metrics drafted, {len(found.refused)} not."
    stdout.print(told if files else f"{told} Nothing was written.")
    for path in files:
        stdout.print(f"  {path}", markup=False)


def _here(fact: str | None, dimension: str | None) -> str:
    known = (("fact", fact), ("dimension", dimension))
    return ", ".join(f"{kind} {name}" for kind, name in known if name) or "unknown"


def _yaml(content: dict[str, Any]) -> str:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _write(files: dict[Path, str]) -> None:
    """Write files, making their folders."""
    for path, text in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UserError(
                f"{path} cannot be written.",
                why=error.strerror or str(error),
                fix="Choose another place with --output.",
            ) from None
