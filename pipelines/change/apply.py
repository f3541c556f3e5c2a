"""Carrying out a plan: what must be made again is made from what has landed, then published.

The whole change takes effect in one instant, when readers are pointed at the new version; if any of
it fails, nothing does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from metadata import Repository
from metadata.applied import plan_id, state_in_force
from metadata.errors import UserError
from pipelines import publish
from pipelines.change.plan import ChangePlan
from pipelines.change.states import Applying
from pipelines.control import Control
from pipelines.lock import run_lock
from pipelines.plan import STAGES, ExtractTable, PlannedStep, RunPlan, plan_run
from pipelines.results import RunReport
from pipelines.session import Listener, Session, new_run
from pipelines.storage import Storage


def apply(
    repository: Repository,
    plan: ChangePlan,
    *,
    by: str,
    reason: str = "",
    wait: bool = False,
    listener: Listener | None = None,
) -> RunReport:
    """Do what a plan says, and nothing else.

    Args:
        repository: the working state that the plan was made for.
        plan: what was looked at.
        by: who applies it.
        reason: why.
        wait: if a run is at work, wait for it instead of saying so.
        listener: told when a step begins and ends.

    Raises:
        UserError: a run is at work, or the files or what is applied are others than the plan was
            made for. What fails within is told in the report; then nothing has changed for readers.
    """
    began = time.perf_counter()
    if plan.identity != plan_id(plan.base, repository.texts, repository.shipped):
        raise overtaken(plan.identity)
    storage = Storage.of(repository)
    with run_lock(storage.lock, wait=wait):
        state = state_in_force(storage.root)
        current = state.number if state else 0
        if current != (plan.base or 0):
            raise UserError(
                "Somebody has applied another change meanwhile.",
                why=f"State {current} of the metadata is in force now; this plan was made for"
                f" state {plan.base or 0}.",
                fix="Look at the plan again with `rapport plan`, then apply it.",
            )
        steps = _steps(repository, storage, plan)
        applying = Applying(by, reason, tuple(change.as_dict() for change in plan.changes))
        identity = new_run()
        with Session(
            repository,
            identity,
            total=sum(map(len, steps)),
            listener=listener,
            applying=applying,
            only_changes=True,
        ) as session:
            for stage in steps:
                for _ in session.perform(stage):
                    pass
            results = tuple(session.results.values())
        report = RunReport(identity, results, session.version, time.perf_counter() - began)
        if session.version is None:
            _undo(storage)
    return report


def overtaken(identity: str) -> UserError:
    """What somebody is told whose plan is no more what would be done."""
    return UserError(
        f"The plan {identity} is out of date.",
        why="The definition files, or what is applied, have changed since it was made.",
        fix="Look at the plan again with `rapport plan`, then apply it.",
    )


def _steps(
    repository: Repository, storage: Storage, plan: ChangePlan
) -> list[tuple[PlannedStep, ...]]:
    """The steps by stage: all that load, and of those that read only what must be read."""
    run_plan = plan_run(repository)
    must_read = {*plan.reads_again, *_never_landed(run_plan, storage)}
    return [
        tuple(
            step
            for step in run_plan.of_stage(stage)
            if not isinstance(step.step, ExtractTable) or step.name in must_read
        )
        for stage in STAGES
    ]


def _never_landed(plan: RunPlan, storage: Storage) -> Iterator[str]:
    control = Control(storage)
    try:
        for step in plan.of_stage("extract"):
            assert isinstance(step.step, ExtractTable)
            if control.newest_batch(step.step.source, step.step.table) is None:
                yield step.name
    finally:
        control.close()


def _undo(storage: Storage) -> None:
    """The build goes on from what is published: half a change must not show up in the next load."""
    if publish.current(storage) is not None:
        publish.forget_build(storage)
