"""Matching: golden records, pairs that wait for a person, and what people decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.markup import escape
from typer.core import TyperGroup

from metadata import Repository, load_workspace
from metadata.deciding import decided
from metadata.errors import UserError, did_you_mean
from metadata.loader import workspace_texts
from metadata.repository import ResolvedMatching
from metadata.workfiles import Edit, open_file, save
from pipelines.change.states import who
from pipelines.cli.output import (
    HERE,
    Format,
    FormatOption,
    WorkspaceOption,
    print_json,
    print_table,
    stdout,
)
from pipelines.matching.looking import Matched, known_keys, matched

_FEW = 10


class _ShowsByDefault(TyperGroup):
    """`rapport matching customer` is `rapport matching show customer`."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["show", *args]
        return super().parse_args(ctx, args)


matching = typer.Typer(
    cls=_ShowsByDefault, help="Golden records: what is the same, and what people decide."
)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(matching, name="matching")


@matching.command("show")
def show(
    entity: Annotated[str, typer.Argument(help="Entity; all that are matched when left out.")] = "",
    limit: Annotated[int, typer.Option(help="Clusters, pairs and changes to list.", min=0)] = _FEW,
    workspace: WorkspaceOption = HERE,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Show golden records of several records, and pairs that wait for a person to decide.

    `rapport matching [ENTITY]` does the same.
    """
    repository = load_workspace(workspace)
    chosen = [_chosen(repository, entity)] if entity else [*repository.matchings.values()]
    found = [matched(repository, each, limit) for each in chosen]
    if format is Format.JSON:
        print_json({"matching": [asdict(each) for each in found]})
        return 0
    if not found:
        stdout.print("No records are matched; say how in matching/*.yaml.")
    for each in found:
        _print(each)
    return 0


@matching.command("decide")
def decide(
    keys: Annotated[list[str], typer.Argument(help="Keys of two or more records.")],
    together: Annotated[
        bool | None,
        typer.Option("--together/--apart", help="Whether they are the same.", show_default=False),
    ] = None,
    entity: Annotated[str, typer.Option(help="Entity, where several are matched.")] = "",
    why: Annotated[str, typer.Option(help="The reason; kept with the decision.")] = "",
    workspace: WorkspaceOption = HERE,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Decide whether records are the same, whatever rules and likeness say.

    The decision is written into the workspace's files; `rapport apply` or the next run acts on it.
    """
    repository = load_workspace(workspace)
    chosen = _chosen(repository, entity)
    if together is None:
        raise UserError("Are they the same or not?", fix="Add --together or --apart.")
    if len(set(keys)) < 2:
        raise UserError("A decision needs the keys of at least two records.")
    missing = [key for key in keys if key not in known_keys(repository, chosen, tuple(keys))]
    if missing:
        raise UserError(
            f"There is no record '{missing[0]}' of '{chosen.name}'.",
            fix="`rapport matching` shows keys as decisions take them.",
        )
    texts = workspace_texts(repository.root)
    today = datetime.now(ZoneInfo(repository.workspace.time_zone)).date()
    name, text = decided(
        repository, chosen.name, tuple(dict.fromkeys(keys)), together=together, by=who(),
        on=today, why=why, texts=texts,
    )  # fmt: skip
    # What contradicts other decisions is told, and not written.
    load_workspace(workspace, texts={**texts, name: text})
    seen = open_file(repository.root, name)
    edit = Edit(name, text, seen.mark if seen else None)
    save(repository.root, repository.storage / "studio", [edit], who())
    if format is Format.JSON:
        print_json({"entity": chosen.name, "together": together, "keys": keys, "file": name})
    else:
        said = "together" if together else "apart"
        stdout.print(f"Written to {name}: {escape(', '.join(keys))} are {said}.")
        stdout.print("`rapport plan` shows what follows; `rapport apply` or the next run does it.")
    return 0


def _chosen(repository: Repository, entity: str) -> ResolvedMatching:
    known = repository.matchings
    if not entity and len(known) == 1:
        return next(iter(known.values()))
    if entity in known:
        return known[entity]
    if not known:
        raise UserError("No records are matched.", fix="Say how in matching/*.yaml.")
    if not entity:
        raise UserError(
            "Of which entity?", fix=f"Add --entity with one of {', '.join(sorted(known))}."
        )
    raise UserError(
        f"Records of '{entity}' are not matched.",
        fix=did_you_mean(entity, known) or f"Those that are: {', '.join(sorted(known))}.",
    )


def _print(found: Matched) -> None:
    merged = found.records - found.golden
    stdout.print(
        f"[bold]{found.entity}[/]: {found.records:,} records are {found.golden:,} golden records"
        f" ({merged:,} merged), version {found.version}."
    )
    sizes = [f"{count:,} of {size}" for size, count in found.sizes.items() if size > 1]
    if sizes:
        stdout.print(f"  Golden records of several: {', '.join(sizes)}.")
    if found.rules:
        told = ", ".join(f"{escape(rule)} {count:,}" for rule, count in found.rules.items())
        stdout.print(f"  Held together by: {told}.")
    if found.prior is not None:
        stdout.print(
            f"  Model: one pair of {1 / found.prior:,.0f} is the same; estimated from"
            f" {found.estimated_from:,} records."
        )
    for key in found.unknown:
        stdout.print(f"  A decision speaks of '{escape(key)}', which no record has as its key.")
    if found.clusters:
        stdout.print("")
        print_table(("Golden record", "", "Record", "Source", "By", "Probability"),
                    _cluster_rows(found), right=(5,))  # fmt: skip
    if found.waiting:
        stdout.print(f"\n{found.waiting:,} pairs wait for a person (rapport matching decide):")
        print_table(("Probability", "Record", "", "Record", "", "Differs in"),
                    _pair_rows(found), right=(0,))  # fmt: skip
    if found.log:
        stdout.print("\nLatest changes of golden keys:")
        print_table(
            ("When", "", "Record", "From", "To"),
            ((f"{m.changed_at:%Y-%m-%d %H:%M}", m.what, m.key, m.before, m.now) for m in found.log),
        )


def _cluster_rows(found: Matched) -> Iterator[tuple[object, ...]]:
    for cluster in found.clusters:
        for place, member in enumerate(cluster.records):
            first = (cluster.golden_key, cluster.caption) if place == 0 else ("", "")
            likely = f"{member.probability:.3f}" if member.probability is not None else ""
            yield (*first, member.key, member.source, member.rule, likely)


def _pair_rows(found: Matched) -> Iterator[tuple[object, ...]]:
    for pair in found.review:
        differs = [f"{name}: {step}" for name, step in pair.agreements.items() if step != "equal"]
        yield (
            f"{pair.probability:.3f}", pair.left, pair.captions[0], pair.right, pair.captions[1],
            ", ".join(differs),
        )  # fmt: skip
