"""Which source columns fill which columns of entities: as proposed, and as people have mapped them.

A pair is (source table, source column, entity, entity column). A rule that copies a column is one
pair; an expression is one pair for every column that it reads. Constants are no pairs. What a join
is made on, and what a filter or a lookup table reads, is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from metadata.expressions import alias_and_column
from metadata.model.mapping import EntityMapping
from metadata.propose import Proposal
from metadata.uses import read_by

Pair = tuple[str, str, str, str]


@dataclass(frozen=True)
class Counts:
    """Pairs proposed, mapped by people, and both."""

    proposed: int
    mapped: int
    right: int

    @property
    def precision(self) -> float:
        """Share of the proposed pairs that are right."""
        return self.right / self.proposed if self.proposed else 1.0

    @property
    def recall(self) -> float:
        """Share of the mapped pairs that were proposed."""
        return self.right / self.mapped if self.mapped else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.proposed + other.proposed, self.mapped + other.mapped, self.right + other.right
        )


def mapped_pairs(
    mappings: Iterable[EntityMapping], source: str, *, copies: bool = False
) -> set[Pair]:
    """The pairs of a workspace's mappings that read one source.

    Args:
        mappings: as people wrote them.
        source: its name.
        copies: whether only rules that copy a column count.
    """
    found: set[Pair] = set()
    for mapping in mappings:
        tables = {"": mapping.from_, **{a: j.table for a, j in mapping.join.items()}}
        for name, rule in mapping.columns.items():
            if copies and rule.from_ is None:
                continue
            for alias, column in map(alias_and_column, read_by(rule)):
                where, _, table = tables[alias].partition(".")
                if where == source and column != "_row":
                    found.add((table, column, mapping.entity, name))
    return found


def proposed_pairs(
    proposal: Proposal, names: Mapping[str, str], *, least: float = 0.0
) -> dict[Pair, float]:
    """The pairs of a proposal, each with its confidence.

    Args:
        proposal: drafts for a source.
        names: what the truth calls the tables, by what the scan calls them.
        least: confidence from which on a column counts, besides being active.
    """
    found: dict[Pair, float] = {}
    for draft in proposal.drafts:
        for column in draft.active:
            for table, name in column.reads:
                pair = (names.get(table, table), name, draft.entity, column.column)
                if column.confidence >= least:
                    found[pair] = max(found.get(pair, 0.0), column.confidence)
    return found


def counted(proposed: Iterable[Pair], truth: set[Pair]) -> Counts:
    """How many of each there are."""
    proposed = set(proposed)
    folded = {(t.casefold(), c.casefold(), e, n) for t, c, e, n in truth}
    right = [p for p in proposed if (p[0].casefold(), p[1].casefold(), p[2], p[3]) in folded]
    return Counts(len(proposed), len(truth), len(right))
