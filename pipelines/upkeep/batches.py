"""Landed batches: which are folded, which go, and which somebody still needs.

What is needed: the last whole batch of a table and the changes since, from which the current state
can be built again; and the batches that a published version was staged from, by which its figures
are explained. A base stands for those it was folded from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from metadata.model.maintenance import Kept
from metadata.model.source import SourceTable
from metadata.upkeep import since
from pipelines.control import LandedBatch
from pipelines.extract.folding import base_of, bases_in, is_base, standing_for
from pipelines.upkeep.work import FoldBatches, Held, RemoveBatches

Listed = Mapping[str, Sequence[str]]
"""Files that something was staged from, by what that is: `version 7`."""


@dataclass(frozen=True)
class TableBatches:
    """The batches of one table, and who needs them."""

    source: str
    table: str
    settings: SourceTable
    folder: Path
    known: Sequence[LandedBatch]
    """As the control store has them, oldest first."""
    listed: Listed
    bases: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Bases on disk by file name, with the files that each stands for."""

    @classmethod
    def on_disk(
        cls,
        source: str,
        table: str,
        settings: SourceTable,
        folder: Path,
        known: Sequence[LandedBatch],
        listed: Listed,
    ) -> TableBatches:
        """The batches of a table with the bases that lie in its folder."""
        bases = {n: f for n, f in bases_in(folder).items() if any(b.file == n for b in known)}
        return cls(source, table, settings, folder, known, listed, bases)

    def plan(
        self, kept: Kept, now: datetime, zone: ZoneInfo
    ) -> tuple[FoldBatches | None, RemoveBatches | None, Held | None]:
        """What is to be folded and then removed, and what stays because it is needed."""
        spared = self._spared(kept, now, zone)
        current = [b.file for b in self._current()]
        old = [name for name in current if name not in spared]
        # Only from the oldest on: what comes after a batch that stays changes it.
        prefix = next((n for n, name in enumerate(current) if name in spared), len(current))
        foldable = old[:prefix] if self.settings.primary_key else []
        fold = self._fold(foldable) if len(foldable) > 1 else None
        bases, counting = dict(self.bases), current
        if fold is not None:
            base = base_of(fold.files[-1])
            bases[base] = frozenset({*fold.files, *fold.remembered})
            counting = [base, *current[len(fold.files) :]]
        going = [
            b for b in self.known
            if b.file not in counting and (b.file not in spared or self._replaced(b, counting))
        ]  # fmt: skip
        needed = self._needed(bases, counting, {b.file for b in going})
        removed = [b for b in going if b.file not in needed]
        held = [b for b in going if b.file in needed]
        return (
            fold,
            RemoveBatches(
                self.source,
                self.table,
                tuple(b.batch for b in removed),
                sum(b.bytes for b in removed),
            )
            if removed
            else None,
            Held(
                f"{self.source}.{self.table}",
                len(held),
                "needed to explain "
                + ", ".join(sorted({w.partition(" (")[0] for b in held for w in needed[b.file]})),
            )
            if held
            else None,
        )

    def _current(self) -> Sequence[LandedBatch]:
        wholes = [n for n, each in enumerate(self.known) if each.is_whole]
        return self.known[wholes[-1] :] if wholes else self.known

    def _spared(self, kept: Kept, now: datetime, zone: ZoneInfo) -> set[str]:
        """Files that the rule keeps as they are; never a base, which is old by what it holds."""
        plain = [each for each in self.known if not is_base(Path(each.file))]
        found = {each.file for each in plain[-kept.number :]} if kept.number else set()
        if kept.age is not None:
            young = since(kept.age, now, zone)
            found |= {each.file for each in plain if each.landed_at >= young}
        return found

    def _replaced(self, batch: LandedBatch, counting: Sequence[str]) -> bool:
        """Whether a base has become a part of another one."""
        return is_base(Path(batch.file)) and batch.file not in counting

    def _fold(self, files: Sequence[str]) -> FoldBatches:
        asked = {name for names in self.listed.values() for name in names}
        before = {name for file in files for name in self.bases.get(file, ())}
        remembered = tuple(sorted(before & asked))
        return FoldBatches(self.source, self.table, self.settings, tuple(files), remembered)

    def _needed(
        self, bases: Mapping[str, frozenset[str]], counting: Sequence[str], going: set[str]
    ) -> dict[str, set[str]]:
        """Files that published versions need, each with the versions."""
        staying = {name: folds for name, folds in bases.items() if name not in going}
        known = {each.file for each in self.known}
        found: dict[str, set[str]] = {}
        for who, listed in self.listed.items():
            needs = standing_for(listed, staying)
            if needs is None or not set(needs) <= {*counting, *(known - going)}:
                whole = set(listed) <= known
                needs = tuple(listed) if whole else standing_for(listed, bases)
            for name in needs or ():
                found.setdefault(name, set()).add(who)
        return found
