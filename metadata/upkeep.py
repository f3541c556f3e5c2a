"""Rules of maintenance, bound: which one counts for each source table, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from metadata.cron import last_firing, next_firing, shortest_rest
from metadata.errors import Location
from metadata.model.maintenance import Fresh, Kept, Maintenance
from metadata.written import Written


@dataclass(frozen=True)
class ResolvedMaintenance:
    """One set of rules with what it is about."""

    name: str
    definition: Maintenance
    tables: tuple[str, ...]
    """Source tables, as source.table, that it names itself or by their source."""
    marts: tuple[str, ...]
    """Tables of the warehouse that it names; cubes by their facts."""
    written: Written[Maintenance]


@dataclass(frozen=True)
class Upkeep:
    """All rules of a workspace. What nobody speaks of is kept for ever and never late."""

    rules: Mapping[str, ResolvedMaintenance] = field(default_factory=dict)
    fresh: Mapping[str, Fresh] = field(default_factory=dict)
    """How current each source table must be, by source.table."""
    fresh_said: Mapping[str, Location] = field(default_factory=dict)
    """Where that is said."""
    batches: Mapping[str, Kept] = field(default_factory=dict)
    """What is kept of the batches of each source table, by source.table."""
    quarantine: timedelta | None = None
    runs: Kept | None = None
    scans: Kept | None = None

    @property
    def schedules(self) -> tuple[ResolvedMaintenance, ...]:
        """The rules that load something of themselves, in order of name."""
        return tuple(r for _, r in sorted(self.rules.items()) if r.definition.schedule is not None)


@dataclass(frozen=True)
class Arrival:
    """Whether a source table is as current as it must be."""

    late: bool
    needed: datetime
    """It must have arrived after this moment."""
    deadline: datetime
    """When it was, or will be, late if nothing arrives."""


def arrival(
    rule: Fresh, arrived: datetime | None, now: datetime, zone: ZoneInfo, since: datetime
) -> Arrival:
    """Whether a table is late.

    Args:
        rule: how current it must be.
        arrived: when it last arrived; None where it never has.
        now: the moment of the question.
        zone: the zone in which deadlines are meant.
        since: the moment from which on it is expected, where it never arrived.
    """
    if rule.by is None:
        assert rule.within is not None
        last = arrived or since
        return Arrival(last + rule.within < now, now - rule.within, last + rule.within)
    within = rule.within or shortest_rest(rule.by) or timedelta(days=1)
    passed = last_firing(rule.by, now, zone)
    needed = passed - within
    late = since < passed if arrived is None else arrived < needed
    return Arrival(late, needed, passed if late else next_firing(rule.by, now, zone))


def since(age: timedelta, now: datetime, zone: ZoneInfo) -> datetime:
    """The moment from which on things are young. Ages of days begin with a day.

    So what grows old within one day does so at once, not with every run.
    """
    moment = now - age
    if age < timedelta(days=1):
        return moment
    return datetime.combine(moment.astimezone(zone).date(), time(), zone)
