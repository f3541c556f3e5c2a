"""The pipeline as Dagster sees it: every step an asset, generated from the workspace's metadata.

`RAPPORT_WORKSPACE=demo dagster dev -m pipelines.definitions` shows the graph; `rapport run`
executes the same definitions in its own process. One multi-asset for each stage keeps the graph as
fine as the metadata and the overhead of a run small: extraction reads its sources in parallel, and
only one process at a time opens the build.
"""

import os
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg

from cubes.lateness import expected_tables
from cubes.operations import Operations
from metadata import Repository
from metadata.cron import shortest_rest
from metadata.model.maintenance import Fresh
from pipelines.change.pending import to_run
from pipelines.lock import run_lock
from pipelines.notices import notify
from pipelines.plan import STAGES, ExtractTable, PlannedStep, RunPlan, plan_run
from pipelines.results import StepResult
from pipelines.schedules import never_read, steps_of
from pipelines.session import Session, new_run
from pipelines.storage import Storage
from pipelines.upkeep import maintain

JOB = "load"
PART = "load_"
"""How the names of jobs begin that load a part."""
CHECK = "holds"
ARRIVED = "arrived"
_MINUTE = timedelta(minutes=1)
_STAGE_WORDS = {
    "extract": "Reads what is new in every source into the landing zone.",
    "staging": "Judges landed rows: staged, quarantined, merged or filtered.",
    "matching": "Makes one golden record of records that are the same.",
    "dimensions": "Brings dimensions and bridges up to date.",
    "facts": "Makes the facts.",
    "rollups": "Makes the pre-aggregations of the cubes.",
    "publish": "Audits the warehouse and swaps in a new version.",
}
current_session: ContextVar[Session | None] = ContextVar("current_session", default=None)
"""The session of `rapport run`; Dagster's own runs make one for each stage."""


def build_definitions(repository: Repository) -> dg.Definitions:
    """Assets, checks, the job and the schedule of a workspace."""
    plan = plan_run(repository)
    assets = [_stage_assets(repository, plan, stage) for stage in STAGES if plan.of_stage(stage)]
    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        description=f"Loads the warehouse of {repository.workspace.name}.",
    )
    jobs, schedules = [job], [*_whole_schedule(repository, job)]
    for rule in repository.upkeep.schedules:
        part = _job_of(rule.name, steps_of(plan, rule), plan, repository)
        jobs.append(part)
        schedules.append(
            _schedule(f"scheduled_{rule.name}", part, rule.definition.schedule or "", repository)
        )
    return dg.Definitions(
        assets=assets, jobs=jobs, schedules=schedules, executor=dg.in_process_executor
    )


def _job_of(name: str, steps: frozenset[str], plan: RunPlan, repository: Repository) -> Any:
    keys = [asset_key(step) for step in plan.steps if step.name in steps]
    return dg.define_asset_job(
        f"{PART}{name}",
        selection=dg.AssetSelection.assets(*keys),
        executor_def=dg.in_process_executor,
        description=f"Loads a part of the warehouse of {repository.workspace.name}: {name}.",
    )


def _whole_schedule(repository: Repository, job: Any) -> Iterator[dg.ScheduleDefinition]:
    schedule = repository.workspace.schedule
    if schedule is not None:
        yield _schedule("scheduled_load", job, schedule.cron, repository)


def _schedule(name: str, job: Any, cron: str, repository: Repository) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=name,
        job=job,
        cron_schedule=cron,
        execution_timezone=repository.workspace.time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def asset_key(planned: PlannedStep) -> dg.AssetKey:
    """Where a step's product stands in the asset graph."""
    if isinstance(planned.step, ExtractTable):
        return dg.AssetKey([planned.step.source, planned.step.table])
    if planned.stage in ("staging", "matching"):
        return dg.AssetKey(["staging", planned.name])
    return dg.AssetKey(["warehouse", planned.name])


def _stage_assets(repository: Repository, plan: RunPlan, stage: str) -> dg.AssetsDefinition:
    steps = plan.of_stage(stage)
    keys = {step.name: asset_key(step) for step in plan.steps}
    by_key = {keys[step.name]: step for step in steps}

    @dg.multi_asset(
        name=stage,
        description=_STAGE_WORDS[stage],
        can_subset=True,
        specs=[_spec(step, keys, repository) for step in steps],
        check_specs=[
            dg.AssetCheckSpec(
                CHECK, asset=keys[step.name], description="What must hold of it, holds."
            )
            for step in steps
        ]
        + [
            dg.AssetCheckSpec(ARRIVED, asset=keys[step.name], description="It has arrived in time.")
            for step in steps
            if step.name in repository.upkeep.fresh
        ],
    )
    def _stage(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult[None]]:
        chosen = [step for key, step in by_key.items() if key in context.selected_asset_keys]
        session = current_session.get()
        if session is not None:
            for result in session.perform(chosen):
                yield _materialized(keys[result.name], result, repository)
            return
        # A part is loaded into a whole: what no run has read yet is read with it.
        part = stage == "extract" and context.job_name.startswith(PART)
        missing = set(never_read(repository, Storage.of(repository))) if part else set()
        more = [step for step in steps if step.name in missing and step not in chosen]
        total = len(chosen) + len(more)
        with run_lock(Storage.of(repository).lock, wait=True):
            with Session(repository, f"{new_run()}-{stage}", total=total) as own:
                for result in own.perform([*chosen, *more]):
                    if any(step.name == result.name for step in chosen):
                        yield _materialized(keys[result.name], result, repository)
                failed = [r for r in own.results.values() if r.status in ("failed", "skipped")]
            if failed or stage == "publish":
                results = tuple(own.results.values())
                for issue in notify(repository, own.run, results, own.version):
                    context.log.warning(str(issue))
            if stage == "publish" and repository.upkeep.rules:
                for issue in maintain(repository).issues:
                    context.log.warning(str(issue))
        # Extraction that fails leaves what has landed before; later stages go on with it.
        if failed and stage != "extract":
            raise dg.Failure("\n".join(str(i) for r in failed for i in r.issues))

    return _stage


def _spec(step: PlannedStep, keys: dict[str, dg.AssetKey], repository: Repository) -> dg.AssetSpec:
    source = step.step.source if isinstance(step.step, ExtractTable) else None
    return dg.AssetSpec(
        key=keys[step.name],
        deps=[keys[name] for name in step.needs],
        description=step.description,
        group_name=source or step.stage,
        kinds={"parquet"} if source else {"duckdb"},
        freshness_policy=_policy(
            repository.upkeep.fresh.get(step.name), repository.workspace.time_zone
        ),
    )


def _policy(rule: Fresh | None, zone: str) -> dg.FreshnessPolicy | None:
    """The rule in Dagster's terms, which also tell when nothing runs at all."""
    if rule is None:
        return None
    if rule.by is None:
        assert rule.within is not None
        return dg.FreshnessPolicy.time_window(max(rule.within, _MINUTE))
    rest = shortest_rest(rule.by) or _MINUTE
    within = max(min(rule.within or rest, rest), _MINUTE)
    return dg.FreshnessPolicy.cron(rule.by, within, zone)


def _materialized(
    key: dg.AssetKey, result: StepResult, repository: Repository
) -> dg.MaterializeResult[None]:
    told = "\n".join(str(issue) for issue in (*result.issues, *result.warnings))
    figures = {
        "dagster/row_count": result.rows_out,
        "rows_in": result.rows_in,
        "refused": result.refused,
        "seconds": round(result.seconds, 3),
        "status": result.status,
    }
    check = dg.AssetCheckResult(
        check_name=CHECK,
        asset_key=key,
        passed=not result.issues and not result.warnings,
        severity=dg.AssetCheckSeverity.ERROR if result.issues else dg.AssetCheckSeverity.WARN,
        metadata={"told": told} if told else {},
    )
    return dg.MaterializeResult(
        asset_key=key,
        metadata={name: value for name, value in figures.items() if value is not None},
        check_results=[check, *_arrived(key, result.name, repository)],
    )


def _arrived(key: dg.AssetKey, name: str, repository: Repository) -> Iterator[dg.AssetCheckResult]:
    """Whether a source table that must be current is so, now that it was asked for."""
    if name not in repository.upkeep.fresh:
        return
    operations = Operations(repository.storage)
    found = expected_tables(repository, operations, only=name)[name]
    told = found.issue(ZoneInfo(repository.workspace.time_zone))
    yield dg.AssetCheckResult(
        check_name=ARRIVED,
        asset_key=key,
        passed=not found.arrival.late,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"told": str(told)} if found.arrival.late else {},
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads: the workspace named by RAPPORT_WORKSPACE, or the current folder."""
    return build_definitions(to_run(Path(os.environ.get("RAPPORT_WORKSPACE", "."))).repository)
