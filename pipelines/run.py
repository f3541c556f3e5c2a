"""`rapport run`: the Dagster definitions of a workspace, executed in this process."""

from __future__ import annotations

import logging
import time

import dagster as dg

from metadata import Repository
from metadata.errors import InternalError, Location, UserError, did_you_mean
from pipelines import publish
from pipelines.change.states import Applying
from pipelines.definitions import asset_key, build_definitions, current_session
from pipelines.lock import run_lock
from pipelines.notices import notify
from pipelines.plan import RunPlan, plan_run
from pipelines.results import RunReport, StepEvent, StepResult
from pipelines.schedules import find_schedule, never_read, steps_of
from pipelines.session import Listener, Session, new_run
from pipelines.storage import Storage
from pipelines.upkeep import maintain

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

__all__ = ["RunReport", "StepEvent", "StepResult", "run"]


def run(
    repository: Repository,
    *,
    full: bool = False,
    select: tuple[str, ...] = (),
    schedule: str = "",
    wait: bool = False,
    listener: Listener | None = None,
    applying: Applying | None = None,
) -> RunReport:
    """Extract, cleanse, load, audit and publish what has changed; then carry out maintenance.

    Args:
        repository: the workspace.
        full: do every step, changed or not.
        select: names of steps; only these and what they need. All when empty.
        schedule: name of a schedule of `maintenance/*.yaml`; what it would do is done.
        wait: if another run is at work, wait for it instead of saying so.
        listener: told when a step begins and ends.
        applying: who applies the metadata and why, where it is not what was applied before.

    Raises:
        UserError: no source lists a table, another run is at work, or a selected step or
            schedule does not exist. What fails within the run is told in the report.
    """
    began = time.perf_counter()
    if not any(True for _ in repository.source_tables()):
        raise UserError(
            "There is nothing to load: no source lists any table.",
            where=next(
                (w.where() for w in repository.sources.values()), Location("workspace.yaml")
            ),
            fix="List the tables to read under 'tables:'; `rapport scan` shows what there is.",
        )
    plan = plan_run(repository)
    storage = Storage.of(repository)
    chosen = _chosen(plan, select)
    if schedule:
        due = steps_of(plan, find_schedule(repository, schedule))
        chosen = due | frozenset(never_read(repository, storage))
    identity = new_run()
    with run_lock(storage.lock, wait=wait):
        with Session(
            repository,
            identity,
            total=len(chosen),
            full=full,
            selected=(f"schedule {schedule}",) if schedule else select,
            listener=listener,
            applying=applying,
        ) as session:
            _execute(repository, plan, chosen, session)
            results = tuple(
                session.results[step.name] for step in plan.steps if step.name in session.results
            )
        maintained = maintain(repository) if repository.upkeep.rules else None
    pointer = publish.current(storage)
    version = int(pointer["version"]) if pointer else None
    told = notify(repository, identity, results, version)
    notes = (*session.notes, *(maintained.issues if maintained else ()), *told)
    return RunReport(identity, results, version, time.perf_counter() - began, notes, maintained)


def _chosen(plan: RunPlan, select: tuple[str, ...]) -> frozenset[str]:
    known = {step.name for step in plan.steps}
    for name in select:
        if name not in known:
            raise UserError(f"There is no step '{name}'.", fix=did_you_mean(name, known))
    return plan.with_needs(frozenset(select)) if select else frozenset(known)


def _execute(
    repository: Repository, plan: RunPlan, chosen: frozenset[str], session: Session
) -> None:
    definitions = build_definitions(repository)
    keys = [asset_key(step) for step in plan.steps if step.name in chosen]
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    token = current_session.set(session)
    try:
        outcome = dg.materialize(
            [asset for asset in definitions.assets or () if isinstance(asset, dg.AssetsDefinition)],
            selection=dg.AssetSelection.assets(*keys),
            run_config=_QUIET,
            raise_on_error=True,
        )
    finally:
        current_session.reset(token)
    if not outcome.success:
        raise InternalError("The run ended without saying why.")
