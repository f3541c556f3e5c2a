"""What a run goes by: the working files, or what was applied while a change waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from metadata import Repository, load_workspace
from metadata.applied import load_state, state_in_force
from pipelines import publish
from pipelines.change.plan import ChangePlan, make_plan
from pipelines.change.states import Applying, is_in_force, who
from pipelines.storage import Storage


@dataclass(frozen=True)
class ToRun:
    """The metadata of a run; `notice` tells a person what it does, or does not, apply."""

    repository: Repository
    applying: Applying | None = None
    notice: str = ""


def to_run(root: Path) -> ToRun:
    """The metadata that a run of a workspace goes by.

    Raises:
        UserError: the folder is no workspace.
        MetadataError: definitions are wrong.
    """
    working = load_workspace(root)
    storage = Storage.of(working)
    state = state_in_force(storage.root)
    if state is None or is_in_force(storage, working):
        return ToRun(working)
    plan = make_plan(working, base=state)
    count = f"{len(plan.changes)} change{'s' * (len(plan.changes) != 1)}"
    why = _waits(working, storage, plan)
    if why:
        notice = (
            f"Not applied: {count} in your files; {why}"
            " `rapport plan` shows what would follow, `rapport apply` does it."
        )
        return ToRun(load_state(root, state), None, notice)
    applying = Applying(who(), "By a run.", tuple(change.as_dict() for change in plan.changes))
    notice = f"This run applies {count} in your files." if plan.changes else ""
    return ToRun(working, applying, notice)


def _waits(working: Repository, storage: Storage, plan: ChangePlan) -> str:
    """Why a change is left to a person; empty if a run may apply it."""
    if plan.empty:
        return ""
    if (publish.current(storage) or {}).get("held"):
        return "they were rolled back."
    if working.workspace.apply == "reviewed":
        return "this workspace has every change reviewed."
    if plan.weight == "breaking":
        names = [c.change.name for c in plan.changes if c.weight == "breaking"]
        return f"something that may be in use would go ({', '.join(names[:3])})."
    return ""
