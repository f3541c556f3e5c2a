"""A run as events: one START and one COMPLETE, FAIL or ABORT for each step and for the whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from openlineage.client.event_v2 import (
    InputDataset,
    Job,
    JobEvent,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
    set_producer,
)
from openlineage.client.facet_v2 import (
    JobFacet,
    OutputDatasetFacet,
    RunFacet,
    documentation_job,
    error_message_run,
    job_type_job,
    nominal_time_run,
    output_statistics_output_dataset,
    parent_run,
    processing_engine_run,
    source_code_location_job,
)
from openlineage.client.uuid import generate_static_uuid

import metadata
from cubes.operations import Failure, Operations, Step
from cubes.operations import Run as PastRun
from metadata import Repository
from metadata.errors import Location
from metadata.lineage import LineageGraph
from pipelines.openlineage.datasets import Datasets
from pipelines.openlineage.products import Product, inputs_of, products_of, shown_products
from pipelines.plan import PlannedStep, place_of, plan_run

try:
    _VERSION = version("rapport")
except PackageNotFoundError:
    _VERSION = "0"
PRODUCER = f"urn:rapport:{_VERSION}"
WHOLE = "run"
"""Name of the job that has all steps of a run for its parts."""
_ENDS = {"done": RunState.COMPLETE, "unchanged": RunState.COMPLETE, "failed": RunState.FAIL}
Event = RunEvent | JobEvent


def run_events(
    repository: Repository, graph: LineageGraph, operations: Operations, run: PastRun
) -> Iterator[Event]:
    """Everything about one run that has ended, and the cubes that are read from what it made."""
    events = _Events(repository, graph)
    yield from events.of_run(run, operations.steps(run.run), operations.failures(run.run))
    yield from events.of_cubes(run.finished_at or datetime.now(UTC))


def design_events(repository: Repository, graph: LineageGraph) -> Iterator[Event]:
    """The steps as jobs that have not run yet, and the cubes."""
    events, now = _Events(repository, graph), datetime.now(UTC)
    yield from events.of_steps(now)
    yield from events.of_cubes(now)


@dataclass(frozen=True)
class _Events:
    repository: Repository
    graph: LineageGraph

    def __post_init__(self) -> None:
        set_producer(PRODUCER)

    @cached_property
    def datasets(self) -> Datasets:
        return Datasets(self.repository, self.graph, self._namespace)

    @property
    def _namespace(self) -> str:
        settings = self.repository.workspace.lineage
        given = settings.namespace if settings else None
        return given or self.repository.workspace.name

    def of_run(
        self, run: PastRun, steps: Sequence[Step], failures: Sequence[Failure]
    ) -> Iterator[RunEvent]:
        planned = {step.name: step for step in plan_run(self.repository).steps}
        whole = Run(_identity(run, ""), {**_nominal(run), **_engine()})
        job = Job(self._namespace, WHOLE, facets=_typed("DAG"))
        yield RunEvent(
            eventTime=_moment(run.started_at), run=whole, job=job, eventType=RunState.START
        )
        for step in steps:
            if step.name in planned:
                told = [f for f in failures if f.step == step.name and f.severity == "stop"]
                yield from self._of_step(run, planned[step.name], step, told)
        done = run.status == "done"
        ended = run.finished_at or (steps[-1].finished_at if steps else run.started_at)
        if run.status != "running":
            yield RunEvent(
                eventTime=_moment(ended), run=whole, job=job,
                eventType=RunState.COMPLETE if done else RunState.FAIL,
            )  # fmt: skip

    def _of_step(
        self, run: PastRun, planned: PlannedStep, step: Step, failures: Sequence[Failure]
    ) -> Iterator[RunEvent]:
        facets: dict[str, RunFacet] = {
            **_nominal(run),
            **_engine(),
            "parent": parent_run.ParentRunFacet(
                parent_run.Run(_identity(run, "")), parent_run.Job(self._namespace, WHOLE)
            ),
        }
        identity = _identity(run, step.name)
        job = self._job(planned)
        began = step.finished_at - timedelta(seconds=step.seconds)
        inputs = self._inputs(planned)
        yield RunEvent(
            eventTime=_moment(began), run=Run(identity, facets), job=job,
            inputs=[InputDataset(each.namespace, each.name) for each in inputs],
            eventType=RunState.START,
        )  # fmt: skip
        if failures:
            told = "\n".join(str(failure.issue) for failure in failures)
            facets = {**facets, "errorMessage": error_message_run.ErrorMessageRunFacet(told, "SQL")}
        made = products_of(self.datasets, planned.step, run.version)
        yield RunEvent(
            eventTime=_moment(step.finished_at), run=Run(identity, facets), job=job, inputs=inputs,
            outputs=[self._output(product, step) for product in made],
            eventType=_ENDS.get(step.status, RunState.ABORT),
        )  # fmt: skip

    def of_steps(self, now: datetime) -> Iterator[JobEvent]:
        for planned in plan_run(self.repository).steps:
            made = products_of(self.datasets, planned.step, None)
            yield JobEvent(
                eventTime=_moment(now), job=self._job(planned), inputs=self._inputs(planned),
                outputs=[self._output(product, None) for product in made],
            )  # fmt: skip

    def of_cubes(self, now: datetime) -> Iterator[JobEvent]:
        for product, where in shown_products(self.datasets):
            facets = {**_typed("MODEL"), **self._located(where)}
            yield JobEvent(
                eventTime=_moment(now), job=Job(self._namespace, product.named.name, facets),
                inputs=[self._input(each) for each in product.reads],
                outputs=[self._output(product, None)],
            )  # fmt: skip

    def _job(self, planned: PlannedStep) -> Job:
        facets = {
            **_typed(planned.stage.upper()),
            **self._located(place_of(self.repository, planned.step)),
        }
        if planned.description:
            about = documentation_job.DocumentationJobFacet(planned.description)
            facets["documentation"] = about
        return Job(self._namespace, planned.name, facets=facets)

    def _located(self, where: Location | None) -> dict[str, JobFacet]:
        """The definition in a file of the workspace, or of the shipped model."""
        if where is None:
            return {}
        path = self.repository.root / where.file
        if not path.is_file():
            path = Path(metadata.__file__).resolve().parents[1] / where.file
        line = f"#L{where.line}" if where.line else ""
        return {
            "sourceCodeLocation": source_code_location_job.SourceCodeLocationJobFacet(
                "file", path.as_uri() + line, path=where.file
            )
        }

    def _inputs(self, planned: PlannedStep) -> list[InputDataset]:
        return [self._input(each) for each in inputs_of(self.datasets, planned)]

    def _input(self, product: Product) -> InputDataset:
        return self.datasets.input(product.named, product.columns)

    def _output(self, product: Product, step: Step | None) -> OutputDataset:
        dataset = self.datasets.output(product.named, product.columns)
        facets = {**(dataset.facets or {}), **product.facets}
        statistics: dict[str, OutputDatasetFacet] = {}
        # What had nothing to do wrote nothing: its rows of before are not counted again.
        if step is not None and step.status == "done":
            rows = step.refused if product.refused else step.rows_out
            if rows is not None and product.counted:
                statistics["outputStatistics"] = (
                    output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rows)
                )
        return OutputDataset(dataset.namespace, dataset.name, statistics, facets=facets)


def _identity(run: PastRun, step: str) -> str:
    """The same for the same step of the same run, however often it is told."""
    return str(generate_static_uuid(run.started_at, f"{run.run}/{step}".encode()))


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _nominal(run: PastRun) -> dict[str, RunFacet]:
    return {"nominalTime": nominal_time_run.NominalTimeRunFacet(_moment(run.started_at))}


def _engine() -> dict[str, RunFacet]:
    engine = processing_engine_run.ProcessingEngineRunFacet(
        version("duckdb"), "DuckDB", openlineageAdapterVersion=_VERSION
    )
    return {"processing_engine": engine}


def _typed(kind: str) -> dict[str, JobFacet]:
    return {"jobType": job_type_job.JobTypeJobFacet("BATCH", "RAPPORT", kind)}
