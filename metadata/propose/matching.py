"""Which source columns fill which columns of an entity: candidates, odds, the best choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from metadata.propose.assignment import assign
from metadata.propose.columns import Known
from metadata.propose.evidence import IMPOSSIBLE, Piece, of_likeness, of_values
from metadata.propose.names import Token, Tokens
from metadata.propose.structure import KnownTable, Reference, Structure
from metadata.propose.vocabulary import Target, Vocabulary

_NUMBER = frozenset(("number", "code"))
LEAST_ODDS = -1.2
"""Matches that are less likely are not worth mentioning."""
_KEY_LIKENESS = 0.55
_ONLY_LIKENESS = 0.6
_ROW = frozenset(("created", "updated", "deleted"))
_ELSEWHERE = 0.5
"""What is as good for the table's own entity as for one inside it belongs to its own."""


@dataclass(frozen=True)
class Candidate:
    """A source column as it can be reached from the table that drives a mapping."""

    known: Known
    names: tuple[Tokens, ...]
    """What it is called there, the table it is joined from included."""
    context: Token
    """Meanings that go without saying there."""
    path: tuple[Reference, ...] = ()
    """The references followed, none for the driving table's own columns."""
    cost: float = 0.0
    """Log-odds lost on the way."""

    @property
    def own(self) -> bool:
        """Whether it stands in the driving table itself."""
        return not self.path


@dataclass(frozen=True)
class Match:
    """A source column that may fill a target."""

    target: Target
    candidate: Candidate
    odds: float
    likeness: float
    phrase: str
    """The known name that its own name is like."""
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Setting:
    """What is known about the tables when columns are matched."""

    vocabulary: Vocabulary
    structure: Structure
    drivers: Mapping[str, str]
    """Tables that drive a mapping, each with its entity; empty while that is still to be found."""

    def entity_of(self, table: str) -> str | None:
        """The entity that a table, or one whose key it shares, drives."""
        seen = {table}
        while table not in self.drivers:
            reference = self.structure.extensions.get(table)
            if reference is None or reference.to in seen:
                return None
            table = reference.to
            seen.add(table)
        return self.drivers[table]

    def drives(self, entity: str) -> bool:
        """Whether some table of the source is known to drive an entity."""
        return entity in self.drivers.values()


def own_candidates(table: KnownTable) -> list[Candidate]:
    """The columns of the driving table itself."""
    return [
        Candidate(c, tuple(n for n in (c.tokens, c.comment) if n), table.context)
        for c in table.columns
        if not c.technical
    ]


def best_matches(
    setting: Setting,
    table: KnownTable,
    candidates: Sequence[Candidate],
    targets: Sequence[Target],
    *,
    inside: bool = False,
    main: str | None = None,
) -> list[Match]:
    """The choice of matches that is the most likely as a whole.

    Args:
        setting: what is known about the tables.
        table: the driving table.
        candidates: columns that can be reached from it.
        targets: columns to be filled.
        inside: whether the entity is only a part of what the table is about, so that its key need
            not be the table's.
        main: the entity that the table is about, where targets are of several.
    """
    if not candidates or not targets:
        return []
    found: dict[tuple[int, int], Match] = {}
    gains = np.full((len(candidates), len(targets)), -1.0)
    for row, candidate in enumerate(candidates):
        for column, target in enumerate(targets):
            match = _match(setting, table, candidate, target, inside=inside)
            if match is not None and match.odds > LEAST_ODDS:
                found[row, column] = match
                elsewhere = main is not None and target.entity != main
                gains[row, column] = match.odds - LEAST_ODDS - _ELSEWHERE * elsewhere
    rows = sorted({row for row, _ in found})
    columns = sorted({column for _, column in found})
    if not rows:
        return []
    pairs = assign(gains[np.ix_(rows, columns)])
    return [found[rows[row], columns[column]] for row, column in pairs]


def _match(
    setting: Setting, table: KnownTable, candidate: Candidate, target: Target, *, inside: bool
) -> Match | None:
    likeness, phrase = 0.0, ""
    context = candidate.context | setting.vocabulary.entities[target.entity].context
    if target.references is not None:
        # A reference is a number, whether its name says so or not.
        context |= _NUMBER
    for place, name in enumerate(candidate.names):
        score, said = setting.vocabulary.like_target(name, target, context)
        # A comment is less exact than a name.
        score *= 1.0 if place == 0 or candidate.path else 0.97
        if score > likeness:
            likeness, phrase = score, said
    structural = [] if inside else _of_key(table, candidate, target)
    only = _is_only_reference(setting, table, candidate, target)
    if not likeness and not only and not any(piece.counts > 1 for piece in structural):
        return None
    structural += _of_reference(setting, table, candidate, target)
    whole_key = target.key and table.key == (candidate.known.name,) and candidate.own
    counted = max(likeness, _KEY_LIKENESS if whole_key and not inside else 0.0)
    counted = max(counted, _ONLY_LIKENESS if only else 0.0)
    pieces = [
        Piece(of_likeness(counted)),
        *structural,
        *of_values(candidate.known, target),
        Piece(-candidate.cost),
    ]
    odds = sum(piece.counts for piece in pieces)
    if odds <= IMPOSSIBLE / 2:
        return None
    return Match(target, candidate, odds, likeness, phrase, tuple(p for p in pieces if p.says))


def _of_key(table: KnownTable, candidate: Candidate, target: Target) -> list[Piece]:
    """Whether it identifies the rows, where the target identifies the entity's."""
    name = candidate.known.name
    if not target.key_part:
        return []
    if not candidate.own:
        return [Piece(IMPOSSIBLE)]
    if not target.key:
        return [Piece(0.8, "part of the table's key")] if name in table.key else []
    if table.key == (name,):
        return [Piece(2.5 * table.key_sure, "key of the table")]
    if table.key:
        return [Piece(-3.0)]
    if candidate.known.unique is False:
        return [Piece(-4.0)]
    return [Piece(0.5)] if candidate.known.unique else []


def _is_only_reference(
    setting: Setting, table: KnownTable, candidate: Candidate, target: Target
) -> bool:
    """Whether the table refers to an entity only once, and so does the target's entity."""
    if target.references is None or not candidate.own:
        return False
    reference = setting.structure.of_column(table.name, candidate.known.name)
    if reference is None or setting.entity_of(reference.to) != target.references:
        return False
    if any(t & _ROW for t in candidate.known.tokens) or reference.columns == table.key:
        return False
    others = [
        r
        for r in setting.structure.from_table(table.name)
        if r != reference and setting.entity_of(r.to) == target.references
    ]
    targets = setting.vocabulary.entities[target.entity].targets
    alike = [t for t in targets if t.references == target.references]
    return not others and len(alike) == 1


def _of_reference(
    setting: Setting, table: KnownTable, candidate: Candidate, target: Target
) -> list[Piece]:
    """Whether it refers to where the target refers to."""
    known = candidate.known
    reference = setting.structure.of_column(known.table, known.name)
    if target.references is None:
        if target.key_part:
            return []
        identifies = reference is not None or setting.structure.tables[known.table].key == (
            known.name,
        )
        return [Piece(-2.0)] if identifies and target.values != "country_code" else []
    if known.form in ("fraction", "date", "moment", "flag"):
        return [Piece(-4.0)]
    if reference is None:
        if table.key == (known.name,) and candidate.own and not target.key_part:
            return [Piece(-2.5)]
        return [Piece(-0.6)] if setting.drives(target.references) else []
    entity = setting.entity_of(reference.to)
    if entity == target.references:
        return [Piece(2.2 * reference.sure, f"refers to {reference.to}")]
    if entity is None:
        # What it refers to is no entity; yet the target's own table may lie in another source.
        return [Piece(-1.2)] if setting.drives(target.references) else []
    words = setting.vocabulary.entities[target.references]
    if words.hints.instead != entity:
        return [Piece(-3.0)]
    targets = setting.vocabulary.entities[target.entity].targets
    direct = any(t.references == entity for t in targets)
    return [Piece(-1.0 if direct else 1.2, f"refers to {reference.to}")]
