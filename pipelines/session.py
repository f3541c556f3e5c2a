"""The work of one run: extraction in threads, then one engine for everything that is loaded."""

from __future__ import annotations

import queue
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import TracebackType

from metadata import Repository
from metadata.applied import digest_of
from metadata.errors import Issue, UserError
from metadata.uses import source_uses
from pipelines import publish
from pipelines.change.states import Applying, is_in_force, record, who
from pipelines.control import Control
from pipelines.engine import DuckDBEngine, StatementFailed
from pipelines.extract import Extracted, extract_source, landing
from pipelines.journal import KEPT, Journal
from pipelines.loading import Loader
from pipelines.plan import ExtractTable, PlannedStep, Publish
from pipelines.results import Status, StepEvent, StepResult
from pipelines.storage import Storage

Listener = Callable[[StepEvent], None]
_SOURCES_AT_ONCE = 8


class Session:
    """Carries out planned steps and keeps what came of each."""

    def __init__(
        self,
        repository: Repository,
        run: str,
        *,
        total: int,
        full: bool = False,
        selected: tuple[str, ...] = (),
        listener: Listener | None = None,
        applying: Applying | None = None,
        storage: Storage | None = None,
        only_changes: bool = False,
    ) -> None:
        self.repository = repository
        self.run = run
        self.results: dict[str, StepResult] = {}
        self.version: int | None = None
        self.notes: tuple[Issue, ...] = ()
        self._full = full
        self._only_changes = only_changes
        self._total = total
        self._listener = listener or (lambda event: None)
        self._applying = applying or Applying(who())
        self._storage = storage or Storage.of(repository)
        self._control = Control(self._storage)
        self._engine: DuckDBEngine | None = None
        self._loading: Loader | None = None
        kept = KEPT if repository.upkeep.runs is None else None
        self._journal = Journal(self._storage.logs, run, kept=kept)
        self._journal.tell("run starts", run=run, steps=total, full=full, selected=selected)
        self._control.start_run(run, full=full, selected=selected)
        publish.clean_up(self._storage)
        landing.clean_up(self._storage, self._control)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pause()
        ok = error is None and all(r.status in ("done", "unchanged") for r in self.results.values())
        self._control.finish_run(self.run, ok=ok, version=self.version)
        self._control.close()
        self._tell()
        if error is not None and not isinstance(error, UserError):
            self._journal.defect("run", error)
        self._journal.tell("run ends", run=self.run, ok=ok, version=self.version)
        self._journal.close()
        shutil.rmtree(self._storage.temporary, ignore_errors=True)

    def _tell(self) -> None:
        """Send what the run did to whoever the workspace says; the run itself is over."""
        if self.repository.workspace.lineage is None:
            return
        # The library is only needed where somebody listens.
        from pipelines.openlineage.sending import tell

        issue = tell(self.repository, self.run)
        if issue is not None:
            self.notes = (issue,)
            self._journal.tell("openlineage", **issue.as_dict())

    def pause(self) -> None:
        """Let go of the build databases until the next step needs them."""
        if self._engine is not None:
            self._engine.close()
            self._engine = self._loading = None

    def perform(self, steps: Sequence[PlannedStep]) -> Iterator[StepResult]:
        """Carry out steps of one stage, each result as it is had."""
        extractions = [step for step in steps if isinstance(step.step, ExtractTable)]
        if extractions:
            yield from self._extract(extractions)
        for planned in steps:
            if not isinstance(planned.step, ExtractTable):
                yield self._note(self._do(planned))

    def _do(self, planned: PlannedStep) -> StepResult:
        self._listener(StepEvent(planned.name, len(self.results), self._total))
        began = time.perf_counter()
        loader = self._loader()
        if not isinstance(planned.step, Publish):
            return loader.load(planned)
        try:
            return self._publish(loader, began)
        except (OSError, StatementFailed) as error:
            issue = Issue(
                "Publishing failed; readers see what they saw before.",
                why=error.reason if isinstance(error, StatementFailed) else str(error),
                fix="Make room on the disk of the workspace's storage, or mend its permissions.",
            )
            return StepResult(planned.name, planned.stage, "failed", issues=(issue,))

    def _extract(self, steps: Sequence[PlannedStep]) -> Iterator[StepResult]:
        """Sources in parallel, the tables of one source in turn; results as they come."""
        by_source: dict[str, list[str]] = {}
        for planned in steps:
            assert isinstance(planned.step, ExtractTable)
            by_source.setdefault(planned.step.source, []).append(planned.step.table)
        done: queue.Queue[StepResult] = queue.Queue()
        uses = source_uses(self.repository)

        def work(source: str, tables: list[str]) -> None:
            left = list(tables)
            began = time.perf_counter()
            try:
                for table, outcome in extract_source(
                    self.repository, self._storage, self._control, self.run, source, tables,
                    full=self._full, uses=uses,
                ):  # fmt: skip
                    left.remove(table)
                    if isinstance(outcome, UserError) and outcome.__cause__ is not None:
                        self._journal.defect(f"{source}.{table}", outcome.__cause__)
                    seconds = time.perf_counter() - began
                    done.put(self._extracted(source, table, outcome, seconds))
                    began = time.perf_counter()
            except BaseException as error:
                self._journal.defect(source, error)
                for table in left:
                    issue = Issue(
                        f"Reading {source}.{table} failed.",
                        self.repository.sources[source].where("tables", table),
                        f"{type(error).__name__}: {error}",
                    )
                    name = f"{source}.{table}"
                    done.put(StepResult(name, "extract", "failed", issues=(issue,)))

        with ThreadPoolExecutor(min(_SOURCES_AT_ONCE, len(by_source))) as pool:
            for source, tables in sorted(by_source.items()):
                pool.submit(work, source, tables)
            for _ in steps:
                yield self._note(done.get())

    def _extracted(
        self, source: str, table: str, outcome: Extracted | UserError, seconds: float
    ) -> StepResult:
        name = f"{source}.{table}"
        if isinstance(outcome, UserError):
            return StepResult(name, "extract", "failed", seconds, issues=outcome.issues)
        warnings: tuple[Issue, ...] = ()
        if outcome.attempts > 1:
            where = self.repository.sources[source].where("retry")
            warnings = (Issue(f"{name} was read at attempt {outcome.attempts}.", where),)
        status: Status = "unchanged" if outcome.batch is None else "done"
        rows = None if outcome.batch is None else outcome.rows
        return StepResult(name, "extract", status, seconds, rows, rows, warnings=warnings)

    def _loader(self) -> Loader:
        if self._loading is None:
            zone = self.repository.workspace.time_zone
            digest = digest_of(self.repository.texts, self.repository.shipped)
            publish.leave_half_a_change(self._storage, digest)
            publish.restore_build(self._storage)
            if is_in_force(self._storage, self.repository) is None:
                publish.begin_change(self._storage, digest)
            self._engine = DuckDBEngine(self._storage, zone)
            self._loading = Loader(
                self.repository, self._storage, self._control, self._engine, self.run,
                full=self._full, only_changes=self._only_changes, just_read=self._just_read(),
            )  # fmt: skip
        return self._loading

    def _publish(self, loader: Loader, began: float) -> StepResult:
        """Publish what was built, unless it is published already or something must stop it."""
        loader.write_quarantine()
        failed = [
            r.name
            for r in self.results.values()
            if r.kind != "extract" and r.status in ("failed", "skipped")
        ]
        if failed:
            issue = Issue(
                "Nothing was published; readers see what they saw before.",
                why=f"Failed: {', '.join(failed)}.",
                fix="Mend what is told above and run again.",
            )
            return StepResult("publish", "publish", "skipped", issues=(issue,))
        loader.retire()
        fingerprint = loader.warehouse_fingerprint()
        pointer = publish.current(self._storage) or {}
        same_data = pointer.get("fingerprint") == fingerprint and not self._full
        state = is_in_force(self._storage, self.repository)
        if same_data and state is not None:
            self.version = int(pointer["version"])
            return StepResult("publish", "publish", "unchanged", time.perf_counter() - began)
        state = state or record(self._storage, self.repository, self._applying, self._rebuilt())
        keep = self.repository.workspace.keep_versions
        if same_data:
            self.version = publish.publish_again(self._storage, keep, state)
        else:
            assert self._engine is not None
            loader.write_origins()
            self._engine.checkpoint("warehouse")
            build = self._storage.warehouse_database
            self.version = publish.publish(self._storage, build, fingerprint, keep, state)
        publish.end_change(self._storage)
        path = self._storage.version_file(self.version)
        self._control.version(self.run, self.version, path.name, path.stat().st_size)
        self._control.pruned(publish.numbers(self._storage))
        return StepResult("publish", "publish", "done", time.perf_counter() - began)

    def _rebuilt(self) -> list[str]:
        return [r.name for r in self.results.values() if r.status == "done" and r.kind != "extract"]

    def _just_read(self) -> list[str]:
        return [r.name for r in self.results.values() if r.kind == "extract" and r.status == "done"]

    def _note(self, result: StepResult) -> StepResult:
        self.results[result.name] = result
        self._journal.step(result)
        problems = [("stop", issue) for issue in result.issues]
        problems += [("warn", issue) for issue in result.warnings]
        self._control.step(
            self.run,
            len(self.results),
            name=result.name,
            kind=result.kind,
            status=result.status,
            rows_in=result.rows_in,
            rows_out=result.rows_out,
            refused=result.refused,
            seconds=result.seconds,
            problems=problems,
        )
        self._listener(StepEvent(result.name, len(self.results), self._total, result))
        return result


def new_run() -> str:
    """Identity of a run; sorts in time."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
