"""Loading a dimension again from the landing zone, load by load, as it would have been loaded.

For every run that landed anything of what the dimension is made of, its entities are staged from
what had landed by then, and the dimension is brought up to date as of the time of that batch. It
happens in databases of its own; what comes of it is one relation with the versions of all members.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa

from metadata import Repository
from metadata.repository import ResolvedDimension
from pipelines.control import Control, LandedBatch
from pipelines.engine import DuckDBEngine
from pipelines.extract.folding import newest_of
from pipelines.landed import landed_tables
from pipelines.plan import PlannedStep, RunPlan, StageEntity, plan_run, tables_read
from pipelines.storage import Storage
from transforms import (
    WAREHOUSE,
    empty_entity,
    latest_version,
    load_dimension,
    replayed_name,
    stage_entity,
)
from transforms.replaying import Replayed, replayed_columns


@dataclass(frozen=True)
class Batch:
    """A batch of one source table."""

    source: str
    table: str
    landed: LandedBatch

    @property
    def moment(self) -> datetime:
        """The time that it bears in its name; a base bears that of the newest batch folded."""
        name = newest_of(self.landed.file)
        return datetime.strptime(name, "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)


@dataclass(frozen=True)
class Landing:
    """One run that landed batches of what a dimension is made of."""

    moment: datetime
    """Time of the newest of its batches."""
    batches: tuple[Batch, ...]
    """All batches that had landed by then."""


class Replay:
    """Loads dimensions of a workspace again from what has landed."""

    def __init__(self, repository: Repository, storage: Storage, control: Control) -> None:
        self._repository = repository
        self._storage = storage
        self._control = control

    def provide(
        self, engine: DuckDBEngine, resolved: ResolvedDimension, names: Mapping[str, bool]
    ) -> Replayed | None:
        """Let an engine read the history of attributes, as far as there is one.

        Args:
            engine: the engine that has the dimension.
            resolved: the dimension.
            names: the attributes, and whether a history of each has been kept by another rule.
        """
        if not names or engine.columns(WAREHOUSE, resolved.table) is None:
            return None
        if self.obstacle(resolved):
            return None
        lacking = any(self._control.lacks_batches(*table) for table in self._tables(resolved))
        fixed = {a.name for a in resolved.attributes.values() if a.definition.history == "fixed"}
        # What landed first of all is not known any more, and what is fixed is older than the rest.
        wanted = tuple(n for n in sorted(names) if not (lacking and names[n] and n in fixed))
        engine.provide(replayed_name(resolved.name), self.versions(resolved, wanted))
        zone = ZoneInfo(self._repository.workspace.time_zone)
        first = self.landings(resolved)[0].moment.astimezone(zone).replace(tzinfo=None)
        return Replayed(wanted, frozenset(n for n in wanted if names[n]), first)

    def moment(self, engine: DuckDBEngine, resolved: ResolvedDimension) -> datetime:
        """When what is new in a dimension counts from: the newest batch it is made of.

        Where a version began since, the change did not come with that batch, and counts from now.
        """
        newest, now = self.newest(resolved), datetime.now(UTC)
        if newest is None or engine.columns(WAREHOUSE, resolved.table) is None:
            return newest or now
        (latest,) = engine.rows(latest_version(resolved))[0]
        zone = ZoneInfo(self._repository.workspace.time_zone)
        local = newest.astimezone(zone).replace(tzinfo=None)
        return newest if latest is None or local > latest else now

    def landings(self, resolved: ResolvedDimension) -> tuple[Landing, ...]:
        """The runs that landed what a dimension is made of, oldest first."""
        batches = self._batches(resolved)
        found: dict[str, Landing] = {}
        for position, batch in enumerate(batches):
            # A base was made by no run.
            run = batch.landed.run or f"{batch.source}.{batch.table} {batch.landed.batch}"
            found[run] = Landing(batch.moment, tuple(batches[: position + 1]))
        return tuple(found.values())

    def newest(self, resolved: ResolvedDimension) -> datetime | None:
        """Time of the newest batch of what a dimension is made of; None where nothing landed."""
        batches = self._batches(resolved)
        return batches[-1].moment if batches else None

    def _tables(self, resolved: ResolvedDimension) -> Iterator[tuple[str, str]]:
        names = {t for e in self.entities(resolved) for t in tables_read(self._repository, e)}
        for name in sorted(names):
            source, _, table = name.partition(".")
            yield source, table

    def _batches(self, resolved: ResolvedDimension) -> list[Batch]:
        found = [
            Batch(source, table, landed)
            for source, table in self._tables(resolved)
            for landed in self._control.batches(source, table)
        ]
        return sorted(found, key=lambda batch: batch.landed.batch)

    def obstacle(self, resolved: ResolvedDimension) -> str:
        """Why a dimension cannot be loaded again batch by batch; empty if it can."""
        if self._needs(resolved, "matching"):
            return "it is made of golden records, whose values are those of now"
        landings = self.landings(resolved)
        if len(landings) < 2:
            return "of only one load is kept what landed"
        missing = [b for b in landings[-1].batches if not self._file(b).is_file()]
        if missing:
            return f"{len(missing)} landed batches are no longer kept"
        return ""

    def versions(self, resolved: ResolvedDimension, names: Sequence[str]) -> pa.Table:
        """Load a dimension again; the versions of its members, with some of their attributes.

        Args:
            resolved: a dimension without an `obstacle`.
            names: the attributes that are wanted.
        """
        with self._aside() as engine:
            for landing in self.landings(resolved):
                for entity in self.entities(resolved):
                    self._stage(engine, entity, landing)
                existing = engine.columns(WAREHOUSE, resolved.table)
                statements = load_dimension(
                    self._repository, resolved.name, existing, landing.moment
                )
                with engine.transaction():
                    for statement in statements:
                        engine.run(statement)
            return engine.arrow(replayed_columns(resolved, names))

    @cached_property
    def _plan(self) -> RunPlan:
        return plan_run(self._repository)

    @contextmanager
    def _aside(self) -> Iterator[DuckDBEngine]:
        aside = Storage(self._storage.temporary / "replay")
        shutil.rmtree(aside.root, ignore_errors=True)
        aside.build.mkdir(parents=True)
        engine = DuckDBEngine(aside, self._repository.workspace.time_zone)
        try:
            yield engine
        finally:
            engine.close()
            shutil.rmtree(aside.root, ignore_errors=True)

    def entities(self, resolved: ResolvedDimension) -> tuple[str, ...]:
        """The entities that a dimension is made of, in the order in which they are staged."""
        steps = (planned.step for planned in self._needs(resolved, "staging"))
        return tuple(step.entity for step in steps if isinstance(step, StageEntity))

    def _needs(self, resolved: ResolvedDimension, stage: str) -> list[PlannedStep]:
        needed = self._plan.with_needs(frozenset([resolved.table]))
        return [step for step in self._plan.of_stage(stage) if step.name in needed]

    def _stage(self, engine: DuckDBEngine, entity: str, landing: Landing) -> None:
        def files(source: str, table: str) -> list[Path]:
            own = [b for b in landing.batches if (b.source, b.table) == (source, table)]
            wholes = [position for position, batch in enumerate(own) if batch.landed.is_whole]
            return [self._file(batch) for batch in own[wholes[-1] if wholes else 0 :]]

        landed = landed_tables(self._repository, entity, files, engine.file_columns)
        fed = any(
            m.definition.from_ in landed.columns for m in self._repository.mappings_of(entity)
        )
        statements = (
            [*landed.views, *stage_entity(self._repository, entity, landed.columns)]
            if fed
            else [*empty_entity(self._repository, entity)]
        )
        with engine.transaction():
            for statement in statements:
                engine.run(statement)

    def _file(self, batch: Batch) -> Path:
        return self._storage.landed(batch.source, batch.table) / batch.landed.file
