"""The pipeline as Dagster sees it: every step an asset, generated from the workspace's metadata.

`RAPPORT_WORKSPACE=demo dagster dev -m pipelines.definitions` shows the graph; `rapport run`
executes the same definitions in its own process. One multi-asset for each stage keeps the graph as
fine as the metadata and the overhead of a run small: extraction reads its sources in parallel, and
only one process at a time opens the build.
"""

import os
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

import dagster as dg

from metadata import Repository
from pipelines.change.pending import to_run
from pipelines.lock import run_lock
from pipelines.plan import STAGES, ExtractTable, PlannedStep, RunPlan, plan_run
from pipelines.results import StepResult
from pipelines.session import Session, new_run
from pipelines.storage import Storage

JOB = "load"
CHECK = "holds"
_STAGE_WORDS = {
    "extract": "Reads what is new in every source into the landing zone.",
    "staging": "Judges landed rows: staged, quarantined, merged or filtered.",
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
    schedule = repository.workspace.schedule
    schedules = (
        [
            dg.ScheduleDefinition(
                name="scheduled_load",
                job=job,
                cron_schedule=schedule.cron,
                execution_timezone=repository.workspace.time_zone,
                default_status=dg.DefaultScheduleStatus.RUNNING,
            )
        ]
        if schedule
        else []
    )
    return dg.Definitions(
        assets=assets, jobs=[job], schedules=schedules, executor=dg.in_process_executor
    )


def asset_key(planned: PlannedStep) -> dg.AssetKey:
    """Where a step's product stands in the asset graph."""
    if isinstance(planned.step, ExtractTable):
        return dg.AssetKey([planned.step.source, planned.step.table])
    if planned.stage == "staging":
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
        specs=[_spec(step, keys) for step in steps],
        check_specs=[
            dg.AssetCheckSpec(
                CHECK, asset=keys[step.name], description="What must hold of it, holds."
            )
            for step in steps
        ],
    )
    def _stage(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult[None]]:
        chosen = [step for key, step in by_key.items() if key in context.selected_asset_keys]
        session = current_session.get()
        if session is not None:
            for result in session.perform(chosen):
                yield _materialized(keys[result.name], result)
            return
        with (
            run_lock(Storage.of(repository).lock, wait=True),
            Session(repository, f"{new_run()}-{stage}", total=len(chosen)) as own,
        ):
            for result in own.perform(chosen):
                yield _materialized(keys[result.name], result)
            failed = [r for r in own.results.values() if r.status in ("failed", "skipped")]
        # Extraction that fails leaves what has landed before; later stages go on with it.
        if failed and stage != "extract":
            raise dg.Failure("\n".join(str(i) for r in failed for i in r.issues))

    return _stage


def _spec(step: PlannedStep, keys: dict[str, dg.AssetKey]) -> dg.AssetSpec:
    source = step.step.source if isinstance(step.step, ExtractTable) else None
    return dg.AssetSpec(
        key=keys[step.name],
        deps=[keys[name] for name in step.needs],
        description=step.description,
        group_name=source or step.stage,
        kinds={"parquet"} if source else {"duckdb"},
    )


def _materialized(key: dg.AssetKey, result: StepResult) -> dg.MaterializeResult[None]:
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
        check_results=[check],
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads: the workspace named by RAPPORT_WORKSPACE, or the current folder."""
    return build_definitions(to_run(Path(os.environ.get("RAPPORT_WORKSPACE", "."))).repository)
