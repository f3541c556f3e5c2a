"""Entities that have no table of their own: parts of a table that is mainly about something else.

A flat file of order lines holds orders, customers and products too; a customer's row may name the
person to talk to; a product's row may say how many lie in store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from metadata.propose.matching import Candidate, Match, Setting, best_matches
from metadata.propose.structure import KnownTable
from metadata.propose.vocabulary import Target

_LEAST_LIKENESS = 0.75
_LESS_SURE = 0.7
_DEEPEST = 3


@dataclass(frozen=True)
class View:
    """An entity as a table feeds it: what fills its columns."""

    entity: str
    odds: float
    matches: list[Match]


@dataclass(frozen=True)
class Possible:
    """An entity that may lie inside a table: its targets, and when to believe it."""

    entity: str
    targets: tuple[Target, ...]
    kept: Callable[[Sequence[Match]], View | None]
    """Of all matches of the table the view, if they are enough to believe in it."""


def possible_views(
    setting: Setting, table: KnownTable, entity: str, candidates: Sequence[Candidate]
) -> list[Possible]:
    """Entities without a table of their own that a table may feed besides its main one."""
    found = [*_referred(setting, table, entity, candidates), *_attached(setting, table, entity)]
    once: dict[str, Possible] = {}
    for each in found:
        once.setdefault(each.entity, each)
    return list(once.values())


def _referred(
    setting: Setting, table: KnownTable, entity: str, candidates: Sequence[Candidate]
) -> Iterator[Possible]:
    """Entities that the main one refers to, where the reference has its own columns beside it."""
    flat = not setting.structure.from_table(table.name)
    queue = [(entity, 0)]
    seen = {entity}
    for name, depth in queue:
        for target in setting.vocabulary.entities[name].targets:
            other = target.references
            if other is None or other in seen or setting.drives(other):
                continue
            if not any(_could_be(setting, c, target) for c in candidates if c.own):
                continue
            seen.add(other)
            if depth + 1 < _DEEPEST:
                queue.append((other, depth + 1))
            yield _referred_view(setting, target, other, flat=flat)


def _could_be(setting: Setting, candidate: Candidate, target: Target) -> bool:
    words = setting.vocabulary.entities[target.entity]
    known = candidate.known
    if setting.structure.of_column(known.table, known.name) is not None or known.unique:
        return False
    context = candidate.context | words.context
    return any(
        setting.vocabulary.like_target(name, target, context)[0] >= _LEAST_LIKENESS
        for name in candidate.names
    )


def _referred_view(setting: Setting, target: Target, other: str, *, flat: bool) -> Possible:
    words = setting.vocabulary.entities[other]
    targets = tuple(t for t in words.targets if not t.key_part and t.references != target.entity)
    key = next(t for t in words.targets if t.key_part)

    def kept(matches: Sequence[Match]) -> View | None:
        through = next((m for m in matches if m.target == target and m.odds > 0), None)
        own = [m for m in matches if m.target.entity == other]
        telling = [m for m in own if m.odds > 1 and m.likeness > 0.85 and _tells(m.target)]
        if not flat:
            # A row of its own may name the customer; its other columns are about itself.
            telling = [
                m for m in telling if any(t & words.context for t in m.candidate.known.tokens)
            ]
            own = telling
        if through is None or not telling or len(words.entity.key) != 1:
            return None
        odds = through.odds - _LESS_SURE
        return View(other, odds, [replace(through, target=key), *own])

    return Possible(other, targets, kept)


def _tells(target: Target) -> bool:
    """Whether a column says something about what it is inside of, and not about the row."""
    about_row = target.column in ("status", "updated_at") or target.references is not None
    return not about_row and not target.helper


def _attached(setting: Setting, table: KnownTable, entity: str) -> Iterator[Possible]:
    """Entities of which each row of the main one may hold one, by what its columns are called."""
    for name, words in setting.vocabulary.entities.items():
        back = [t for t in words.targets if t.references == entity and not t.key_part]
        if name == entity or not words.inside or not back or setting.drives(name):
            continue
        targets = tuple(
            t for t in words.targets if not t.key_part and t.references is None and not t.helper
        )
        yield Possible(name, targets, _attached_view(setting, entity, name, back[0]))


def _attached_view(
    setting: Setting, entity: str, name: str, back: Target
) -> Callable[[Sequence[Match]], View | None]:
    words = setting.vocabulary.entities[name]
    key = next(t for t in words.targets if t.key_part)

    def kept(matches: Sequence[Match]) -> View | None:
        main = next((m for m in matches if m.target.entity == entity and m.target.key), None)
        own = [m for m in matches if m.target.entity == name and m.likeness >= _LEAST_LIKENESS]
        telling = [m for m in own if m.odds > 0 and _begins(m, words.inside)]
        if main is None or not telling or len(words.entity.key) != 1:
            return None
        odds = max(m.odds for m in telling) - _LESS_SURE
        shared = [replace(main, target=key), replace(main, target=back)]
        return View(name, odds, [*shared, *own])

    return kept


def _begins(match: Match, inside: Iterable[tuple[frozenset[str], ...]]) -> bool:
    tokens = match.candidate.known.tokens
    return any(
        any(all(a & b for a, b in zip(tokens[i:], word, strict=False)) for i in range(len(tokens)))
        for word in inside
        if len(word) <= len(tokens)
    )


def instead_views(
    setting: Setting,
    drafted: Sequence[tuple[str, str, Sequence[Match]]],
    candidates: Callable[[str], list[Candidate]],
) -> Iterator[tuple[str, View]]:
    """Entities that other drafts refer to and that another entity's tables stand in for."""
    for name, words in setting.vocabulary.entities.items():
        model = words.hints.instead
        if model is None or any(entity == name for _, entity, _ in drafted):
            continue
        wanted = [
            m for _, _, ms in drafted for m in ms if m.target.references == name and m.odds > 0
        ]
        tables = [(t, ms) for t, entity, ms in drafted if entity == model]
        if not wanted:
            continue
        for table, matches in tables:
            known = setting.structure.tables[table]
            main = next((m for m in matches if m.target.key and m.target.entity == model), None)
            if main is None:
                continue
            key = next(t for t in words.targets if t.key)
            back = [t for t in words.targets if t.references == model]
            rest = [t for t in words.targets if not t.key_part and t.references != model]
            found = best_matches(setting, known, candidates(table), rest, inside=True)
            shared = [replace(main, target=t) for t in (key, *back[:1])]
            yield table, View(name, main.odds - _LESS_SURE, [*shared, *found])
