"""Loading steps: statements in one transaction, skipped where nothing has changed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import assert_never

from sqlglot import exp

from metadata import Repository
from metadata.errors import Issue, Location, MetadataError, UserError
from metadata.repository import ResolvedMapping
from pipelines.accounts import Accounts, AuditFailed
from pipelines.control import Control
from pipelines.engine import DuckDBEngine, StatementFailed
from pipelines.extract.folding import newest_of
from pipelines.fingerprints import Recipes, differing, newly_kept, redefined, same
from pipelines.free_days import holidays_of
from pipelines.landed import Landed, landed_tables
from pipelines.matching.golden import GoldenRecords
from pipelines.memory import Made, Memory, Rows
from pipelines.origins import Origins
from pipelines.plan import (
    BuildRollup,
    ExtractTable,
    LoadBridge,
    LoadDimension,
    LoadFact,
    MatchEntity,
    PlannedStep,
    Publish,
    StageEntity,
    Step,
    place_of,
)
from pipelines.replay import Replay
from pipelines.results import StepResult
from pipelines.standing import Standing
from pipelines.storage import Storage
from transforms import (
    HOLIDAYS,
    STAGING,
    WAREHOUSE,
    Audit,
    Statement,
    audits,
    build_rollup,
    empty_entity,
    keys_query,
    load_bridge,
    load_calendar,
    load_dimension,
    load_fact,
    quarantine_entity,
    stage_entity,
)
from transforms.ingredients import KEYS, LANDED, Part, digest
from transforms.raw import parts_of, raw_rows


class Loader:
    """Carries out the load steps of one run on an engine."""

    def __init__(
        self,
        repository: Repository,
        storage: Storage,
        control: Control,
        engine: DuckDBEngine,
        run: str,
        *,
        full: bool,
        only_changes: bool = False,
        just_read: Iterable[str] = (),
    ) -> None:
        """Prepare to load.

        Args:
            repository: the workspace.
            storage: its storage.
            control: where the pipeline notes its work.
            engine: the engine, with both databases attached.
            run: identity of the run.
            full: do every step, changed or not.
            only_changes: do what another definition asks for, and leave to the next run what would
                be due anyway.
            just_read: source tables, as source.table, that this run has read.
        """
        self._repository = repository
        self._storage = storage
        self._control = control
        self._engine = engine
        self._run = run
        self._full = full
        self._only_changes = only_changes
        self._changed = {Part(name, LANDED) for name in just_read}
        self._memory = Memory(engine)
        self._recipes = Recipes(repository, self._memory)
        self._replay = Replay(repository, storage, control)
        self._standing = Standing(engine, self._memory, self._recipes)
        self._accounts = Accounts(repository, storage, control, engine, run)
        self._origins = Origins(engine, repository.workspace.time_zone)
        self._audits: dict[str, list[Audit]] = {}
        for audit in audits(repository):
            self._audits.setdefault(audit.table, []).append(audit)

    def load(self, planned: PlannedStep) -> StepResult:
        """Carry out one step."""
        began = time.perf_counter()
        try:
            result = self._load(planned)
        except (UserError, AuditFailed) as error:
            result = _failed(planned, error.issues)
        except StatementFailed as error:
            issue = Issue(
                f"{planned.name} could not be loaded ({error.purpose}).",
                self._where(planned.step),
                error.reason,
                "Check the expressions and types of the definition against the data.",
            )
            result = _failed(planned, (issue,))
        if result.status == "failed":
            self._memory.recall()
        seconds = time.perf_counter() - began
        return StepResult(**{**result.__dict__, "seconds": seconds})

    def warehouse_fingerprint(self) -> str:
        """What the warehouse was built from, all in all."""
        return self._memory.fingerprint_of_all(WAREHOUSE)

    def write_origins(self) -> None:
        """Put what every entity was staged from into the warehouse that is to be published."""
        self._origins.publish()

    def write_quarantine(self) -> None:
        """Put all refused rows where dashboards can read them without the build."""
        self._accounts.write_quarantine()

    def _load(self, planned: PlannedStep) -> StepResult:
        taken_over = self._standing.take_over(planned.name)
        result = self._carried_out(planned)
        renamed_only = taken_over and result.status == "unchanged"
        return replace(result, status="done") if renamed_only else result

    def _carried_out(self, planned: PlannedStep) -> StepResult:
        match planned.step:
            case StageEntity(entity):
                return self._stage(planned, entity)
            case MatchEntity(entity):
                return self._match(planned, entity)
            case LoadDimension(dimension):
                return self._dimension(planned, dimension)
            case LoadBridge(bridge):
                return self._rebuild(planned, lambda: load_bridge(self._repository, bridge))
            case LoadFact(fact):
                return self._rebuild(planned, lambda: load_fact(self._repository, fact))
            case BuildRollup(cube, rollup):
                return self._rebuild(planned, lambda: build_rollup(self._repository, cube, rollup))
            case ExtractTable() | Publish():
                raise AssertionError(planned)
            case _:
                assert_never(planned.step)

    def _stage(self, planned: PlannedStep, entity: str) -> StepResult:
        found = self._landed(entity)
        landed, files = found.columns, found.batches

        def content(name: str) -> str:
            # The newest batch tells what counts: older ones may be folded into one meanwhile.
            newest = newest_of(files[name][-1]) if name in files else None
            return json.dumps([landed.get(name), newest, self._keys_of(name)])

        now = self._made_now(planned, STAGING, content)
        if (kept := self._kept(planned, STAGING, now)) is not None:
            self._origins.note_if_new(entity, files)
            return kept
        mappings = [m for m in self._repository.mappings_of(entity) if m.definition.from_ in landed]
        try:
            statements = (
                [
                    *found.views,
                    *stage_entity(self._repository, entity, landed),
                    *quarantine_entity(self._repository, entity, landed),
                ]
                if mappings
                else [*empty_entity(self._repository, entity)]
            )
        except UserError:
            self._leave_something(entity)
            raise
        try:
            with self._engine.transaction():
                for statement in statements:
                    self._engine.run(statement)
                counts = self._accounts.settle(entity) if mappings else {"landed": 0}
                warnings = self._audit(planned)
                rows = (counts["landed"], counts.get("staged", 0), counts.get("quarantined", 0))
                self._remember(STAGING, planned.name, now, rows)
                self._origins.note(entity, files)
        except StatementFailed:
            self._leave_something(entity)
            if culprits := tuple(self._culprits(entity, found, mappings)):
                raise MetadataError(culprits) from None
            raise
        return StepResult(planned.name, planned.stage, "done", 0.0, *rows, warnings=warnings)

    def _culprits(
        self, entity: str, landed: Landed, mappings: Sequence[ResolvedMapping]
    ) -> Iterator[Issue]:
        """The expressions of an entity's mappings that the engine refuses, each tried by itself."""
        for mapping in mappings:
            broken: set[str] = set()
            for part, written, place in parts_of(mapping):
                if broken & part.definition.join.keys():
                    continue
                query = raw_rows(part, self._repository.entity(entity), landed.columns).limit(0)
                try:
                    with self._engine.transaction():
                        for view in landed.views:
                            self._engine.run(view)
                        self._engine.rows(query)
                except StatementFailed as error:
                    broken |= {place[1]} if place[0] == "join" else set()
                    yield Issue(
                        f"The expression '{written}' cannot be computed.",
                        mapping.written.where(*place),
                        error.reason.partition("Candidate functions")[0].strip(),
                        "Cast what it reads, such as cast(amount as decimal(18,2)).",
                    )

    def _keys_of(self, name: str) -> tuple[str, ...]:
        """What identifies the rows of a landed table, which decides those that count now."""
        source, _, table = name.partition(".")
        return self._repository.source_table(source, table).primary_key

    def _leave_something(self, entity: str) -> None:
        """What needs an entity that never loaded finds it empty, so that the rest can load."""
        if self._engine.columns(STAGING, entity) is None:
            with self._engine.transaction():
                for statement in empty_entity(self._repository, entity):
                    self._engine.run(statement)

    def _landed(self, entity: str) -> Landed:
        def files(source: str, table: str) -> list[Path]:
            return self._control.current_files(self._storage, source, table)

        return landed_tables(self._repository, entity, files, self._engine.file_columns)

    def _match(self, planned: PlannedStep, entity: str) -> StepResult:
        """Golden records stand in staging, and the golden keys that must stay in the warehouse."""
        matching = self._repository.matchings[entity]
        now = self._made_now(planned)
        kept = [self._kept(planned, database, now) for database in (WAREHOUSE, STAGING)]
        if kept[0] is not None and kept[1] is not None:
            return kept[0]
        golden = GoldenRecords(self._repository, self._storage, self._engine, matching)
        with golden.or_nothing(), self._engine.transaction():
            rows = golden.match()
            # What refers to records goes by their golden keys, not by why they have them.
            now[KEYS] = now[KEYS]._replace(content=golden.keys())
            self._remember(WAREHOUSE, planned.name, now, rows)
        with golden.or_nothing(), self._engine.transaction():
            golden.make()
            warnings = self._audit(planned)
            if golden.landed:
                self._accounts.settle(entity, matching)
            self._memory.keep(STAGING, planned.name, now, rows)
        return StepResult(planned.name, planned.stage, "done", 0.0, *rows, warnings=warnings)

    def _dimension(self, planned: PlannedStep, name: str) -> StepResult:
        resolved = self._repository.dimensions[name]
        if resolved.entity is None:
            return self._rebuild(planned, lambda: self._calendar(name))
        now = self._made_now(planned)
        if (kept := self._kept(planned, WAREHOUSE, now)) is not None:
            return kept
        # Before the table changes its shape, for afterwards the memory speaks of the new one.
        known = self._memory.find(WAREHOUSE, planned.name)
        fresh = redefined(known, now)
        kept_now = self._replay.provide(self._engine, resolved, newly_kept(known, now))

        def make() -> Sequence[Statement]:
            existing = self._engine.columns(WAREHOUSE, resolved.table)
            moment = self._replay.moment(self._engine, resolved)
            return load_dimension(self._repository, name, existing, moment, fresh, kept_now)

        return self._carry_out(planned, make, now)

    def _calendar(self, name: str) -> Sequence[Statement]:
        self._engine.provide(HOLIDAYS, holidays_of(self._repository))
        return load_calendar(self._repository, name)

    def _rebuild(self, planned: PlannedStep, make: Callable[[], Sequence[Statement]]) -> StepResult:
        now = self._made_now(planned)
        kept = self._kept(planned, WAREHOUSE, now)
        return kept if kept is not None else self._carry_out(planned, make, now)

    def _carry_out(
        self,
        planned: PlannedStep,
        make: Callable[[], Sequence[Statement]],
        now: dict[str, Made],
    ) -> StepResult:
        """Run, audit and remember in one transaction: what does not hold leaves no trace."""
        with self._engine.transaction():
            reshaped = self._standing.reshape(planned.name, now)
            if self._full or not reshaped:
                for statement in make():
                    self._engine.run(statement)
            warnings = self._audit(planned)
            counted = exp.select(exp.Count(this=exp.Star())).from_(
                exp.table_(planned.name, db=WAREHOUSE, quoted=True)
            )
            rows = self._engine.rows(counted)[0][0]
            if isinstance(planned.step, LoadDimension):
                # What reads the dimension goes by what its keys are, not by why they are so.
                query = keys_query(self._repository.dimensions[planned.step.dimension])
                now[KEYS] = now[KEYS]._replace(content=digest([self._engine.rows(query)[0][0]]))
            self._remember(WAREHOUSE, planned.name, now, (None, rows, None))
        return StepResult(
            planned.name, planned.stage, "done", 0.0, None, rows, None, warnings=warnings
        )

    def retire(self) -> None:
        """Drop what nothing defines any more."""
        self._standing.retire()

    def _audit(self, planned: PlannedStep) -> tuple[Issue, ...]:
        """Run the audits of a table.

        Raises:
            AuditFailed: one that must hold does not.
        """
        failed: list[tuple[Audit, int]] = []
        for audit in self._audits.get(planned.name, ()):
            count = self._engine.rows(audit.sql)[0][0]
            failed += [(audit, count)] if count else []
        told = {
            severity: tuple(
                Issue(
                    f"{audit.name}: {audit.words.format(count=count)}",
                    audit.where or self._where(planned.step),
                    audit.description,
                )
                for audit, count in failed
                if audit.severity == severity
            )
            for severity in ("stop", "warn")
        }
        if told["stop"]:
            raise AuditFailed(told["stop"])
        return told["warn"]

    def _made_now(
        self,
        planned: PlannedStep,
        database: str = WAREHOUSE,
        landed: Callable[[str], str] = lambda _: "",
    ) -> dict[str, Made]:
        now = self._recipes.made_now(planned.name, landed)
        known = self._memory.find(database, planned.name)
        if not self._only_changes or known is None:
            return now
        return self._recipes.held(planned.name, known.parts, now, self._changed)

    def _remember(self, database: str, name: str, now: Mapping[str, Made], rows: Rows) -> None:
        known = self._memory.find(database, name)
        other = differing(known.parts, now) if known is not None else frozenset(now)
        self._changed |= {Part(name, part) for part in other}
        self._memory.keep(database, name, now, rows)

    def _kept(
        self, planned: PlannedStep, database: str, now: Mapping[str, Made]
    ) -> StepResult | None:
        if self._full:
            return None
        found = self._memory.find(database, planned.name)
        if found is None or not same(found.parts, now):
            return None
        return StepResult(
            planned.name,
            planned.stage,
            "unchanged",
            0.0,
            found.rows_in,
            found.rows_out,
            found.refused,
        )

    def _where(self, step: Step) -> Location | None:
        return place_of(self._repository, step)


def _failed(planned: PlannedStep, issues: tuple[Issue, ...]) -> StepResult:
    return StepResult(planned.name, planned.stage, "failed", issues=issues)
