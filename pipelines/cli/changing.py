"""Changing: `plan`, `apply` and `history` of the metadata."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from metadata import load_workspace
from metadata.applied import (
    AppliedState,
    load_in_force,
    read_state,
    state_in_force,
    state_numbers,
)
from metadata.errors import UserError
from pipelines.change.apply import apply as apply_plan
from pipelines.change.apply import overtaken
from pipelines.change.impact import Impact, impact_of
from pipelines.change.plan import ChangePlan, PlannedChange, make_plan
from pipelines.change.states import who
from pipelines.cli.output import (
    HERE,
    Format,
    FormatOption,
    WorkspaceOption,
    print_json,
    print_table,
    stderr,
    stdout,
)
from pipelines.cli.progress import print_run, run_document
from pipelines.results import RunReport

_SIGNS = {"added": "+", "changed": "~", "removed": "-", "renamed": ">"}
_WEIGHTS = {
    "metadata_only": "nothing stored changes",
    "additive": "adds, changes nothing that is there",
    "backfill": "computes anew what is stored",
    "breaking": "takes away or renames what may be in use",
}
_DOINGS = (
    ("create", "Made for the first time"),
    ("rebuild", "Made again"),
    ("update", "Brought up to date in place"),
    ("if_keys_change", "Made again only if members come or go"),
    ("reshape", "Columns renamed or dropped in place"),
    ("check", "Looked at again, by other expectations"),
    ("drop", "Dropped"),
)
_TOLD = ("kind", "name", "action", "class", "path", "old_name", "file", "line")
_FEW = 6
_MOVES = 40
"""Moved figures that are printed."""


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(plan)
    app.command()(apply)
    app.command()(history)


def plan(
    impact: Annotated[
        bool,
        typer.Option("--impact", help="Build the change aside and show which figures would move."),
    ] = False,
    workspace: WorkspaceOption = HERE,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Show what applying the definition files would change, and what it would not."""
    repository = load_workspace(workspace)
    found = make_plan(repository)
    moved = impact_of(repository, found) if impact and not found.empty else None
    if format is Format.JSON:
        document = found.as_dict()
        print_json(document if moved is None else {**document, "impact": moved.as_dict()})
        return 0
    _print_plan(found)
    if moved is not None:
        _print_impact(moved)
    return 0


def apply(
    reason: Annotated[str, typer.Option("--reason", "-m", help="Why; kept with the change.")] = "",
    by: Annotated[str, typer.Option(help="Who applies it.", show_default="you")] = "",
    wait: Annotated[bool, typer.Option("--wait", help="If a run is at work, wait for it.")] = False,
    plan: Annotated[
        str, typer.Option(help="Only this plan, by the name that `plan` gave it.", show_default="")
    ] = "",
    workspace: WorkspaceOption = HERE,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """Apply the definition files: do what `plan` shows, and nothing else."""
    repository = load_workspace(workspace)
    found = make_plan(repository)
    if plan and plan != found.identity:
        raise overtaken(plan)
    options = {"by": by or who(), "reason": reason, "wait": wait}
    if found.empty and not found.words_only and found.base is not None:
        if format is Format.JSON:
            print_json({"changes": [], "state": found.base, "run": None})
        else:
            stdout.print("Nothing to apply: the files define what is applied already.")
        return 0
    if format is Format.JSON:
        report = apply_plan(repository, found, **options)
        state = state_in_force(repository.storage)
        print_json(
            {
                **found.as_dict(),
                "state": state.number if state else None,
                "run": run_document(report),
            }
        )
        return _status(report)

    def carry_out(_: object, **listening: object) -> RunReport:
        return apply_plan(repository, found, **options, **listening)  # type: ignore[arg-type]

    report = print_run(repository, carry_out)
    if _status(report):
        stderr.print("Nothing has been applied; readers see what they saw before.", style="red")
        return 1
    state = state_in_force(repository.storage)
    stdout.print(
        f"Applied as state {state.number if state else '?'} of the metadata; `rapport rollback`"
        " undoes it."
    )
    return 0


def history(
    state: Annotated[
        int | None, typer.Argument(help="One state, with all that it changed.", show_default="all")
    ] = None,
    workspace: WorkspaceOption = HERE,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> int:
    """List the applied states of the metadata: who, when, why, and what changed."""
    storage = load_in_force(workspace).storage
    current = state_in_force(storage)
    known = state_numbers(storage)
    if state is not None and state not in known:
        listed = ", ".join(map(str, known)) or "none"
        raise UserError(f"There is no state {state}.", fix=f"Applied states: {listed}.")
    wanted = known if state is None else (state,)
    states = [s for n in wanted if (s := read_state(storage, n)) is not None]
    if format is Format.JSON:
        shown = {"number", "applied_at", "applied_by", "reason", "changes", "rebuilt"}
        print_json(
            {
                "states": [s.model_dump(mode="json", include=shown) for s in states],
                "in_force": current.number if current else None,
            }
        )
        return 0
    if state is not None:
        for each in states:
            _print_state(each, in_force=current is not None and each.number == current.number)
        return 0
    if not states:
        stdout.print("Nothing has been applied yet; `rapport apply` or `rapport run` does it.")
        return 0
    print_table(
        ("State", "Applied", "By", "Why", "Changes", ""),
        (
            (
                s.number,
                f"{s.applied_at:%Y-%m-%d %H:%M} UTC",
                s.applied_by,
                s.reason,
                _summary([str(change.get("name", "")) for change in s.changes]),
                "in force" if current and s.number == current.number else "",
            )
            for s in reversed(states)
        ),
        right=(0,),
    )
    return 0


def _print_state(state: AppliedState, *, in_force: bool) -> None:
    now = ", in force" if in_force else ""
    stdout.print(f"State {state.number}, {state.applied_at:%Y-%m-%d %H:%M} UTC{now}", markup=False)
    stdout.print(f"By:  {state.applied_by}", markup=False)
    stdout.print(f"Why: {state.reason or '(nothing was said)'}", markup=False)
    for change in state.changes:
        told = {name: str(change.get(name) or "") for name in _TOLD}
        what = f"{told['kind']} {told['name']}"
        if told["path"] and "." not in told["path"]:
            what += f": {told['path']}"
        renamed = f" (was {told['old_name']})" if told["old_name"] else ""
        stdout.print(
            f"\n{_SIGNS.get(told['action'], '~')} {what}{renamed}  {told['file']}:{told['line']}",
            markup=False,
        )
        stdout.print(f"    {told['class']}", markup=False)
        if told["action"] == "changed":
            stdout.print(f"    from {_short(change.get('before'))}", markup=False)
            stdout.print(f"    to   {_short(change.get('after'))}", markup=False)
    if not state.changes:
        stdout.print("\nNothing was defined otherwise than before.")
    stdout.print(f"\nMade: {_summary(state.rebuilt, 12) or 'nothing'}", markup=False)


def _status(report: RunReport) -> int:
    return 0 if report.version is not None and report.ok else 1


def _print_plan(found: ChangePlan) -> None:
    if found.empty:
        more = " Only comments, order or file names differ." if found.words_only else ""
        stdout.print(f"Nothing to do: the files define what is applied already.{more}")
        return
    if found.base is None:
        stdout.print("Nothing is applied yet. Applying makes the whole warehouse:")
    else:
        count = len(found.changes)
        stdout.print(f"{count} change{'s' * (count != 1)} since state {found.base}:\n")
    shown = found.changes if found.base is not None else ()
    for change in shown:
        _print_change(change)
    stdout.print()
    for doing, title in _DOINGS:
        products = found.doing(doing)  # type: ignore[arg-type]
        if products:
            rows = sum(p.rows or 0 for p in products)
            told = f", {rows:,} rows" if rows else ""
            stdout.print(f"{title}: {_summary([p.name for p in products], 12)}{told}")
    kept = found.doing("keep")
    if kept:
        stdout.print(f"Not touched: {len(kept)} of {len(found.products)} tables")
    if found.reads_again:
        stdout.print(f"Read again from the source: {_summary(found.reads_again)}")
    elif found.base is not None:
        stdout.print("Read again from the source: nothing; what has landed is enough")
    for note in found.notes:
        stdout.print(note, markup=False)
    if found.base is not None:
        most = found.seconds_at_most
        more = f", {most:.1f} s if members come or go" if most > found.seconds else ""
        stdout.print(f"About {found.rows:,} rows and {found.seconds:.1f} s{more}, by earlier times")
    stdout.print(
        f"\n`rapport apply --plan {found.identity}` does just this; `rapport plan --impact` shows"
        " which figures move."
    )


def _print_change(planned: PlannedChange) -> None:
    change = planned.change
    what = change.name if len(change.path) != 1 else f"{change.name}: {change.path[0]}"
    renamed = f" (was {change.old_name})" if change.old_name else ""
    where = f"  {change.where}" if change.where else ""
    stdout.print(f"{_SIGNS[change.action]} {change.kind} {what}{renamed}{where}", markup=False)
    if change.action == "changed":
        stdout.print(f"    from {_short(change.before)}", markup=False)
        stdout.print(f"    to   {_short(change.after)}", markup=False)
    stdout.print(f"    {planned.weight}: {_WEIGHTS[planned.weight]}", markup=False)
    if planned.figures:
        stdout.print(f"    figures that may move: {_summary(planned.figures)}", markup=False)
    if planned.levels:
        stdout.print(f"    levels that may change: {_summary(planned.levels)}", markup=False)
    depend = planned.dependents
    told = {
        "cubes": depend.cubes, "tiles": depend.tiles, "charts": depend.charts,
        "alarms": depend.alarms, "expectations": depend.expectations, "exports": depend.exports,
    }  # fmt: skip
    for kind, names in told.items():
        if names:
            stdout.print(f"    {kind}: {_summary(names)}", markup=False)


def _print_impact(found: Impact) -> None:
    stdout.print()
    if not found.moved:
        stdout.print(f"No figure moves; {found.compared:,} were compared.")
    else:
        shown = found.foremost(_MOVES)
        stdout.print(f"{len(found.moved):,} of {found.compared:,} compared figures move:")
        print_table(
            ("Measure", "By", "For", "Now", "Then", "Moves by"),
            ((m.measure, m.level, m.member, m.before_text, m.after_text, m.by_text) for m in shown),
            right=(3, 4, 5),
        )
        if len(shown) < len(found.moved):
            more = len(found.moved) - len(shown)
            stdout.print(f"and {more:,} more, which --format json lists.")
    for note in found.notes:
        stdout.print(note, markup=False)


def _short(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _summary(names: Sequence[str] | Iterable[str], few: int = _FEW) -> str:
    listed = list(names)
    more = f" and {len(listed) - few} more" if len(listed) > few else ""
    return ", ".join(listed[:few]) + more
