"""Maintenance of a workspace: planned, then shown or done, one piece after another.

Each piece leaves things whole if the process is killed before, within or after it: what is new is
in its place before it counts, and what goes counts for nothing before its file does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, assert_never
from zoneinfo import ZoneInfo

import duckdb
import pyarrow.parquet as pq

from metadata import Repository
from metadata.errors import InternalError, Issue
from metadata.model.maintenance import Kept
from metadata.model.source import SoftDelete
from metadata.scan import scan_folder
from pipelines import publish
from pipelines.accounts import list_refused, listed, listed_since
from pipelines.control import Control, LandedBatch
from pipelines.extract import landing
from pipelines.extract.folding import fold
from pipelines.extract.table import settings_hash
from pipelines.lock import nobody_reading
from pipelines.origins import published_origins
from pipelines.storage import Storage
from pipelines.upkeep.batches import TableBatches
from pipelines.upkeep.scans import remove_scans, scans_to_remove
from pipelines.upkeep.work import (
    FoldBatches,
    Held,
    RemoveBatches,
    RemoveRuns,
    RemoveScans,
    RemoveVersions,
    UnlistRefused,
    Work,
    as_dict,
)


@dataclass(frozen=True)
class Report:
    """What was done, or would be; what stays although a rule would remove it; what went wrong."""

    work: tuple[Work, ...] = ()
    held: tuple[Held, ...] = ()
    issues: tuple[Issue, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        return {
            "work": [as_dict(each) for each in self.work],
            "held": [each.__dict__ for each in self.held],
            "issues": [issue.as_dict() for issue in self.issues],
        }


def maintain(
    repository: Repository, *, dry_run: bool = False, now: datetime | None = None
) -> Report:
    """Carry out a workspace's rules of maintenance. The caller holds the lock of runs.

    Args:
        repository: the workspace.
        dry_run: only say what would be done.
        now: the moment by which ages are counted; this one when None.

    Nothing is raised: what cannot be done is told in the report, and the rest is done.
    """
    storage = Storage.of(repository)
    moment = now or datetime.now(UTC)
    with closing(Control(storage)) as control:
        keeper = _Keeper(repository, storage, control, moment)
        if not dry_run:
            landing.clean_up(storage, control)
        done: list[Work] = []
        issues: list[Issue] = []
        try:
            for work in keeper.plan():
                try:
                    if dry_run or keeper.carry_out(work):
                        done.append(work)
                except (OSError, duckdb.Error, InternalError) as error:
                    issues.append(_failed(str(error)))
        except (OSError, duckdb.Error) as error:
            # What published versions need cannot be known, so nothing that they may need goes.
            issues.append(_failed(str(error)))
        return Report(tuple(done), tuple(keeper.held), tuple(issues))


def _failed(why: str) -> Issue:
    return Issue(
        "A part of the maintenance could not be done; nothing is lost by it.",
        why=why.splitlines()[0] if why else "",
        fix="The next run tries again.",
    )


class _Keeper:
    """The rules of one workspace at one moment."""

    def __init__(
        self, repository: Repository, storage: Storage, control: Control, now: datetime
    ) -> None:
        self._repository = repository
        self._storage = storage
        self._control = control
        self._now = now
        self._zone = ZoneInfo(repository.workspace.time_zone)
        self.held: list[Held] = []

    def plan(self) -> Iterator[Work]:
        """Pieces of work, each after those it waits for; the next is planned when one is done."""
        surplus = publish.surplus(self._storage, self._repository.workspace.keep_versions)
        if surplus:
            yield RemoveVersions(surplus)
        upkeep = self._repository.upkeep
        if upkeep.runs is not None and (work := self._runs(upkeep.runs)) is not None:
            yield work
        if upkeep.scans is not None:
            for source in sorted(self._repository.sources):
                folder = scan_folder(self._storage.root, source)
                old = scans_to_remove(folder, upkeep.scans, self._now, self._zone)
                if old:
                    yield RemoveScans(source, old)
        if (refused := self._refused()) is not None:
            yield refused
        yield from self._batches(set(surplus))

    def carry_out(self, work: Work) -> bool:
        """Do a piece of work; whether it was done."""
        match work:
            case RemoveVersions():
                publish.prune(self._storage, self._repository.workspace.keep_versions)
                self._control.pruned(publish.numbers(self._storage))
                return True
            case FoldBatches():
                self._fold(work)
                return True
            case RemoveBatches():
                return self._remove(work)
            case RemoveRuns(runs, logs):
                self._control.forget_runs(runs)
                for name in logs:
                    (self._storage.logs / name).unlink(missing_ok=True)
                return True
            case RemoveScans(source, versions):
                remove_scans(scan_folder(self._storage.root, source), versions)
                return True
            case UnlistRefused(first):
                rows = pq.read_table(self._storage.quarantine)
                list_refused(self._storage, listed(rows, first))
                return True
            case _:
                assert_never(work)

    def _batches(self, gone: set[int]) -> Iterator[Work]:
        rules = self._repository.upkeep.batches
        counts, read = self._control.batch_counts(), self._control.settings_read()
        # One batch alone counts, whatever its age; most tables have no more.
        several = {f"{source}.{table}" for (source, table), n in counts.items() if n > 1}
        asked = self._asked(gone) if several & rules.keys() else {}
        for source, table, settings in self._repository.source_tables():
            kept = rules.get(f"{source}.{table}")
            # What is asked for else than it was read is read anew first.
            known = read.get((source, table)) == settings_hash(settings)
            if kept is None or not known or f"{source}.{table}" not in several:
                continue
            name = f"{source}.{table}"
            folder = self._storage.landed(source, table)
            found = TableBatches.on_disk(
                source, table, settings, folder, self._control.batches(source, table),
                {who: tables[name] for who, tables in asked.items() if name in tables},
            )  # fmt: skip
            work, going, held = found.plan(kept, self._now, self._zone)
            if work is not None:
                yield work
            if going is not None:
                yield going
            self.held += [held] if held is not None else []

    def _asked(self, gone: set[int]) -> dict[str, Mapping[str, Sequence[str]]]:
        """The files that each published version, and staging, was made from, by source table."""
        places = {
            f"version {number}": self._storage.version_file(number)
            for number in publish.numbers(self._storage)
            if number not in gone
        }
        found: dict[str, Mapping[str, Sequence[str]]] = {}
        for who, path in places.items():
            for entity, origin in published_origins(path).items():
                found[f"{who} ({entity})"] = origin.landed
        if self._storage.staging_database.is_file():
            for entity, origin in published_origins(self._storage.staging_database).items():
                found[f"the next version ({entity})"] = origin.landed
        return found

    def _fold(self, work: FoldBatches) -> None:
        folder = self._storage.landed(work.source, work.table)
        noted = {b.file: b for b in self._control.batches(work.source, work.table)}
        self._storage.temporary.mkdir(parents=True, exist_ok=True)
        files = [folder / name for name in work.files]
        settings = work.settings
        folded = fold(
            files, settings.primary_key, work.remembered, self._storage.temporary, self._zone.key,
            deleted=isinstance(settings.deletes, SoftDelete),
        )  # fmt: skip
        base = LandedBatch(
            folded.path.stem, "base", folded.rows, folded.path.stat().st_size,
            noted[work.files[-1]].landed_at,
        )  # fmt: skip
        self._control.folded(work.source, work.table, base, deleted=folded.deleted)

    def _remove(self, work: RemoveBatches) -> bool:
        folder = self._storage.landed(work.source, work.table)
        noted = {b.batch for b in self._control.batches(work.source, work.table)}
        counting = {
            path.stem
            for path in self._control.current_files(self._storage, work.source, work.table)
        }
        # Planned for after a fold; where that has failed, nothing of it goes.
        if counting & set(work.batches) or not set(work.batches) <= noted:
            return False
        with nobody_reading(self._storage.readers) as alone:
            if not alone:
                name, count = f"{work.source}.{work.table}", len(work.batches)
                self.held.append(Held(name, count, "being read at the moment; the next run tries"))
                return False
            for batch in work.batches:
                (folder / f"{batch}.parquet").unlink(missing_ok=True)
        self._control.removed(work.source, work.table, work.batches)
        return True

    def _runs(self, kept: Kept) -> RemoveRuns | None:
        old = self._control.old_runs(kept, self._now, self._zone)
        # Also those whose records went before, when the process was killed.
        staying = self._control.run_names() - set(old)
        found = sorted(self._storage.logs.glob("*.jsonl"))
        logs = tuple(path.name for path in found if path.stem not in staying)
        return RemoveRuns(old, logs) if old or logs else None

    def _refused(self) -> UnlistRefused | None:
        first = listed_since(self._repository, self._now)
        path: Path = self._storage.quarantine
        if first is None or not path.is_file():
            return None
        rows = pq.read_table(path, columns=["batch"])
        old = rows.num_rows - listed(rows, first).num_rows
        return UnlistRefused(first, old) if old else None
