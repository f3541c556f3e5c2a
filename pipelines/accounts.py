"""Accounts of the rows: where every landed row went, and which ones were refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlglot import exp

from metadata import Repository
from metadata.errors import Issue
from metadata.repository import ResolvedMatching
from metadata.upkeep import since
from pipelines.control import Control
from pipelines.engine import DuckDBEngine
from pipelines.storage import Storage, replace_durably
from transforms import (
    OUTCOMES,
    STAGING,
    balance_query,
    landed_query,
    quarantine_table,
    warning_query,
)  # fmt: skip


class AuditFailed(Exception):
    """The build does not hold what must hold of it."""

    def __init__(self, issues: tuple[Issue, ...]) -> None:
        super().__init__(issues[0].what)
        self.issues = issues


class Accounts:
    """The accounts of one run."""

    def __init__(
        self,
        repository: Repository,
        storage: Storage,
        control: Control,
        engine: DuckDBEngine,
        run: str,
    ) -> None:
        self._repository = repository
        self._storage = storage
        self._control = control
        self._engine = engine
        self._run = run

    def settle(self, entity: str, matching: ResolvedMatching | None = None) -> dict[str, int]:
        """Note where every landed row of an entity went; the rows by outcome.

        Args:
            entity: its name.
            matching: how its records have been matched, once they have.

        Raises:
            AuditFailed: rows were lost or doubled.
        """
        went: dict[str, dict[str, int]] = {}
        for mapping, _, _, _, outcome, rows in self._engine.rows(balance_query(entity, matching)):
            each = went.setdefault(mapping, {})
            each[outcome] = each.get(outcome, 0) + rows
        balances: list[dict[str, Any]] = []
        for mapping in self._repository.mappings_of(entity):
            if self._engine.columns(STAGING, f"landed_{mapping.source}__{mapping.table}") is None:
                continue
            landed = self._engine.rows(landed_query(self._repository, mapping))[0][0]
            found = {outcome: went.get(mapping.name, {}).get(outcome, 0) for outcome in OUTCOMES}
            balances.append({"mapping": mapping.name, "landed": landed, **found})
            if landed != sum(found.values()):
                issue = Issue(
                    f"The rows of {mapping.source}.{mapping.table} do not balance.",
                    mapping.written.where(),
                    f"{landed} rows landed, but {sum(found.values())} are accounted for: {found}.",
                )
                raise AuditFailed((issue,))
        self._control.balance(self._run, entity, balances)
        self._control.refusals(self._run, entity, self._refusals(entity))
        names = ("landed", *OUTCOMES)
        return {name: sum(balance[name] for balance in balances) for name in names}

    def _refusals(self, entity: str) -> list[dict[str, Any]]:
        quarantined = (
            exp.select(
                "mapping", exp.column("column", quoted=True), "rule", exp.func("COUNT", exp.Star())
            )
            .from_(exp.table_(quarantine_table(entity), db=STAGING, quoted=True))
            .group_by("mapping", exp.column("column", quoted=True), "rule")
        )
        queries = (("quarantined", quarantined), ("warned", warning_query(entity)))
        return [
            {"mapping": mapping, "column": column, "rule": rule, "outcome": outcome, "rows": rows}
            for outcome, query in queries
            for mapping, column, rule, rows in self._engine.rows(query)
        ]

    def write_quarantine(self) -> None:
        """Put all refused rows where dashboards can read them without the build."""
        parts = [
            self._engine.arrow(exp.select("*").from_(exp.table_(name, db=STAGING, quoted=True)))
            for name in map(quarantine_table, self._repository.mapped_entities)
            if self._engine.columns(STAGING, name)
        ]
        if parts:
            rows = pa.concat_tables(parts)
            since = listed_since(self._repository, datetime.now(UTC))
            list_refused(self._storage, rows if since is None else listed(rows, since))


def listed_since(repository: Repository, now: datetime) -> str | None:
    """The first batch whose refused rows are still listed; None where all of them are."""
    age = repository.upkeep.quarantine
    if age is None:
        return None
    zone = ZoneInfo(repository.workspace.time_zone)
    return since(age, now, zone).astimezone(UTC).strftime("%Y%m%dT%H%M%S%fZ")


def listed(rows: pa.Table, first: str) -> pa.Table:
    """Refused rows without those that landed before a batch."""
    return rows.filter(pc.greater_equal(rows.column("batch"), first))


def list_refused(storage: Storage, rows: pa.Table) -> None:
    """Put refused rows in their place, whole."""
    temporary = storage.quarantine.with_suffix(".tmp")
    pq.write_table(rows, temporary, compression="zstd")
    replace_durably(temporary, storage.quarantine)
