"""Plans, their impact, applying and scanning, for a page that shows how far they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from metadata import Repository
from metadata.applied import digest_of, state_in_force
from metadata.errors import UserError
from pipelines.change.apply import apply
from pipelines.change.impact import impact_of
from pipelines.change.plan import ChangePlan, make_plan
from pipelines.change.states import who
from pipelines.results import StepEvent
from pipelines.scan import Look, scan_sources

Progress = Callable[[dict[str, Any]], None]
_MOVES = 200
"""Moved figures that are shown."""


def planned(repository: Repository) -> dict[str, Any]:
    """What applying a workspace would change; `digest` tells its texts from any others."""
    found = make_plan(repository)
    return {**found.as_dict(), "words_only": found.words_only, "digest": _digest(repository)}


def moved(repository: Repository, progress: Progress) -> dict[str, Any]:
    """Which published figures would move.

    Raises:
        UserError: nothing is published yet, or the change cannot be built.
    """
    progress({"name": "comparing", "done": 0, "total": 0})
    impact = impact_of(repository, make_plan(repository))
    return {
        "compared": impact.compared,
        "count": len(impact.moved),
        "notes": list(impact.notes),
        "moved": [
            {
                "cube": m.cube, "measure": m.measure, "level": m.level, "member": m.member,
                "before_text": m.before_text, "after_text": m.after_text, "by_text": m.by_text,
            }
            for m in impact.foremost(_MOVES)
        ],
    }  # fmt: skip


def applied(
    repository: Repository,
    *,
    digest: str,
    base: int | None,
    by: str,
    reason: str,
    progress: Progress,
) -> dict[str, Any]:
    """Apply the saved files, if they are still those whose plan was looked at.

    Args:
        repository: the saved state.
        digest: of the texts that the plan was made of.
        base: number of the applied state that it was compared with.
        by: who applies it; empty for whoever the system knows.
        reason: why.
        progress: told the step that begins.

    Raises:
        UserError: files or the applied state have changed since; or a step failed, and nothing
            was applied.
    """
    plan = make_plan(repository)
    if _digest(repository) != digest or plan.base != base:
        raise UserError(
            "Something has changed since the plan was shown.",
            why="Files were edited, or another change was applied meanwhile.",
            fix="Look at the plan again, then apply it.",
        )

    def told(event: StepEvent) -> None:
        progress({"name": event.name, "done": event.finished, "total": event.total})

    report = apply(repository, plan, by=by or who(), reason=reason, listener=told)
    issues = tuple(issue for step in report.steps for issue in step.issues)
    if not report.ok or report.version is None:
        raise _NotApplied(issues)
    state = state_in_force(repository.storage)
    return {
        "state": state.number if state else None,
        "version": report.version,
        "rebuilt": _rebuilt(plan),
        "seconds": report.seconds,
    }


def scanned(repository: Repository, sources: Sequence[str], progress: Progress) -> dict[str, Any]:
    """Scan sources; each is told as it is done."""
    for each in scan_sources(repository, sources, Look()):
        progress(
            {
                "source": each.source,
                "seconds": round(each.seconds, 1),
                "tables": len(each.scan.tables) if each.scan else 0,
                "issues": [issue.as_dict() for issue in each.issues],
            }
        )
    return {"sources": len(sources)}


class _NotApplied(UserError):
    """A step failed; the issues are those of the run."""

    def __init__(self, issues: Sequence[Any]) -> None:
        super().__init__(issues[0].what if issues else "The change could not be applied.")
        if issues:
            self.issues = tuple(issues)


def _rebuilt(plan: ChangePlan) -> list[str]:
    return [product.name for product in plan.products if product.doing not in ("keep", "drop")]


def _digest(repository: Repository) -> str:
    return digest_of(repository.texts, repository.shipped)
