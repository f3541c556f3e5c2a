"""Which source tables are as current as the rules of maintenance ask, and which are late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cubes.operations import Freshness, Operations
from metadata import Repository
from metadata.errors import Issue, Location
from metadata.model.maintenance import Fresh
from metadata.upkeep import Arrival, arrival


@dataclass(frozen=True)
class Expected:
    """A table that must be current: when it last arrived, and what follows from that."""

    table: str
    """As source.table."""
    rule: Fresh
    arrived: datetime | None
    arrival: Arrival
    where: Location

    def issue(self, zone: ZoneInfo) -> Issue:
        """What is told of it when it is late."""
        what = "been read" if self.rule.counts == "read" else "brought anything new"
        last = f"{self.arrived.astimezone(zone):%Y-%m-%d %H:%M}" if self.arrived else "never"
        return Issue(
            f"{self.table} is late.",
            self.where,
            f"It should have {what} after {self.arrival.needed.astimezone(zone):%Y-%m-%d %H:%M}"
            f" ({zone.key}); the last time was {last}.",
            "See what its source and the last runs say.",
        )


def expected_tables(
    repository: Repository,
    operations: Operations,
    now: datetime | None = None,
    only: str | None = None,
) -> dict[str, Expected]:
    """Every table that must be current, by source.table.

    Args:
        repository: the workspace.
        operations: what is known of its runs.
        now: the moment of the question; this one when None.
        only: the table that is asked about, as source.table; all when None.
    """
    rules = {
        table: rule
        for table, rule in repository.upkeep.fresh.items()
        if only is None or table == only
    }
    if not rules:
        return {}
    moment, zone = now or datetime.now(UTC), ZoneInfo(repository.workspace.time_zone)
    read: Mapping[str, Freshness] = {
        f"{each.source}.{each.table}": each for each in operations.freshness(only)
    }
    since = operations.first_run() or moment
    found: dict[str, Expected] = {}
    for table, rule in sorted(rules.items()):
        known = read.get(table)
        arrived = None
        if known is not None:
            arrived = known.read_at if rule.counts == "read" else known.changed_at
        source, _, name = table.partition(".")
        where = repository.upkeep.fresh_said.get(
            table, repository.sources[source].where("tables", name)
        )
        found[table] = Expected(
            table, rule, arrived, arrival(rule, arrived, moment, zone, since), where
        )
    return found
