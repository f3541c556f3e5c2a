"""Schedules of parts: which tables are read, and when next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from metadata import Repository
from metadata.cron import next_firing
from metadata.errors import UserError, did_you_mean
from metadata.upkeep import ResolvedMaintenance
from pipelines.control import Control
from pipelines.extract.table import settings_hash
from pipelines.plan import ExtractTable, RunPlan, plan_run
from pipelines.storage import Storage

EVERYTHING = "everything"
"""What the workspace's own schedule is called."""


@dataclass(frozen=True)
class Planned:
    """A schedule with its next firing, in the workspace's time zone."""

    name: str
    cron: str
    next: datetime
    tables: tuple[str, ...]
    """Source tables that it reads, as source.table."""


def planned(repository: Repository, now: datetime | None = None) -> tuple[Planned, ...]:
    """The schedules of a workspace, the one that fires next first."""
    if repository.workspace.schedule is None and not repository.upkeep.schedules:
        return ()
    zone = ZoneInfo(repository.workspace.time_zone)
    moment = now or datetime.now(UTC)
    plan = plan_run(repository)
    everything = tuple(step.name for step in plan.of_stage("extract"))
    found: list[Planned] = []
    if repository.workspace.schedule is not None:
        cron = repository.workspace.schedule.cron
        found.append(Planned(EVERYTHING, cron, next_firing(cron, moment, zone), everything))
    for rule in repository.upkeep.schedules:
        cron = rule.definition.schedule or ""
        tables = tuple(sorted(tables_read_by(plan, rule)))
        found.append(Planned(rule.name, cron, next_firing(cron, moment, zone), tables))
    return tuple(sorted(found, key=lambda each: (each.next, each.name)))


def tables_read_by(plan: RunPlan, rule: ResolvedMaintenance) -> frozenset[str]:
    """The source tables that a schedule reads: its own, and those its marts are made from."""
    reads = {step.name for step in plan.of_stage("extract")}
    return frozenset({*rule.tables, *(plan.with_needs(frozenset(rule.marts)) & reads)})


def steps_of(plan: RunPlan, rule: ResolvedMaintenance) -> frozenset[str]:
    """The steps of a schedule: it reads its tables and carries what is new through to readers.

    All loads belong to it, for what has nothing to do is skipped, and a version is whole.
    """
    reads = tables_read_by(plan, rule)
    return frozenset(
        step.name
        for step in plan.steps
        if not isinstance(step.step, ExtractTable) or step.name in reads
    )


def never_read(repository: Repository, storage: Storage) -> Iterator[str]:
    """Tables that were not read yet by what is asked of them now; no load can do without them."""
    with closing(Control(storage)) as control:
        read = control.settings_read()
    for source, table, settings in repository.source_tables():
        if read.get((source, table)) != settings_hash(settings):
            yield f"{source}.{table}"


def find_schedule(repository: Repository, name: str) -> ResolvedMaintenance:
    """A schedule by name.

    Raises:
        UserError: there is none.
    """
    known = {rule.name: rule for rule in repository.upkeep.schedules}
    if name not in known:
        raise UserError(
            f"There is no schedule '{name}'.",
            why="Schedules of parts stand in maintenance/*.yaml.",
            fix=did_you_mean(name, known),
        )
    return known[name]
