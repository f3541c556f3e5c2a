"""Which entity each table of a source is about, if any."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from metadata.propose.inside import possible_views
from metadata.propose.matching import (
    Candidate,
    Match,
    Setting,
    best_matches,
    own_candidates,
)
from metadata.propose.structure import KnownTable, Structure
from metadata.propose.vocabulary import EntityWords, Vocabulary

_FULL_NAME, _SOME_NAME = 0.95, 0.75
_OUTDONE = 2.5
_KEPT = 6
_BELIEVED, _CALLED, _VOTE = 0.4, 0.85, 1.0
_NUMBER = frozenset(("number", "code"))
_CONTENT = frozenset(("created", "updated", "deleted"))


@dataclass(frozen=True)
class Fit:
    """How well a table fits an entity."""

    table: str
    entity: str
    odds: float
    likeness: float
    phrase: str
    """The known name of such tables that the table's name is like."""
    matched: int
    columns: int

    @property
    def probability(self) -> float:
        """How likely the table is about the entity."""
        return 1.0 / (1.0 + math.exp(-self.odds))


def fits(structure: Structure, vocabulary: Vocabulary) -> Mapping[str, list[Fit]]:
    """For each table the entities it may be about, the likeliest first."""
    first = _all_fits(Setting(vocabulary, structure, {}), {}, {})
    drivers = {t: found[0].entity for t, found in first.items() if found and found[0].odds > 0}
    # References say more once it is known what they lead to.
    setting = Setting(vocabulary, structure, drivers)
    said = _said_by_others(setting)
    likely = {
        table: {fit.entity for fit in found} | set(said.get(table, ()))
        for table, found in first.items()
    }
    return _all_fits(setting, likely, said)


def drivers(
    structure: Structure, vocabulary: Vocabulary, found: Mapping[str, list[Fit]]
) -> Mapping[str, Fit]:
    """The tables that drive a mapping, each with the entity that it is about."""
    chosen = {table: each[0] for table, each in found.items() if each and each[0].odds > 0}
    chosen = {t: _stood_in_for(fit, found[t], chosen, vocabulary) for t, fit in chosen.items()}
    for table, fit in sorted(chosen.items()):
        rivals = [f for f in chosen.values() if f.entity == fit.entity and f.table != table]
        weak, least = fit.likeness < _FULL_NAME, _FULL_NAME if fit.likeness > 0.3 else _SOME_NAME
        if weak and any(r.likeness >= least for r in rivals):
            # A name that fits where nothing fits better, and something does.
            doubted = replace(fit, odds=fit.odds - _OUTDONE)
            chosen[table] = doubted
    chosen = {table: fit for table, fit in chosen.items() if fit.odds > 0}
    for table, reference in structure.extensions.items():
        base = chosen.get(reference.to)
        if table in chosen and base is not None and base.entity == chosen[table].entity:
            # What extends a table of the same entity is joined to it.
            del chosen[table]
    return chosen


def _stood_in_for(
    fit: Fit, others: Sequence[Fit], chosen: Mapping[str, Fit], vocabulary: Vocabulary
) -> Fit:
    """Where nothing is the entity that stands in for this one, the table is that: an account."""
    model = vocabulary.entities[fit.entity].hints.instead
    if model is None or any(f.entity == model for f in chosen.values()):
        return fit
    named = (f for f in others if f.entity == model and f.likeness >= _SOME_NAME)
    return next((f for f in named if f.odds > 0), fit)


def _said_by_others(setting: Setting) -> Mapping[str, Mapping[str, float]]:
    """For each table what the columns that refer to it call it: an `owner` is an employee."""
    found: dict[str, dict[str, set[str]]] = {}
    for reference in setting.structure.references:
        entity = setting.drivers.get(reference.table)
        column = setting.structure.tables[reference.table].column(reference.columns[0])
        if entity is None or column is None or reference.sure < _BELIEVED:
            continue
        words = setting.vocabulary.entities[entity]
        context = words.context | _NUMBER
        for target in words.targets:
            if target.references is None or target.references == entity:
                continue
            if setting.vocabulary.like_target(column.tokens, target, context)[0] >= _CALLED:
                votes = found.setdefault(reference.to, {})
                votes.setdefault(target.references, set()).add(reference.table)
    return {
        table: {entity: min(len(by), 2) * _VOTE for entity, by in votes.items()}
        for table, votes in found.items()
    }


def _all_fits(
    setting: Setting,
    likely: Mapping[str, Collection[str]],
    said: Mapping[str, Mapping[str, float]],
) -> Mapping[str, list[Fit]]:
    """Fits with the entities that are likely for a table; with all where none are named.

    Args:
        setting: what is known about the tables.
        likely: entities to try, by table.
        said: what other tables call a table, in log-odds.
    """
    found: dict[str, list[Fit]] = {}
    entities = setting.vocabulary.entities
    for name, table in setting.structure.tables.items():
        each = [_fit(setting, table, entities[e]) for e in sorted(likely.get(name, entities))]
        votes = said.get(name, {})
        each = [f and replace(f, odds=f.odds + votes.get(f.entity, 0.0)) for f in each]
        found[name] = sorted((f for f in each if f), key=lambda f: (-f.odds, f.entity))[:_KEPT]
    return found


def _fit(setting: Setting, table: KnownTable, words: EntityWords) -> Fit | None:
    likeness, phrase = max(
        (setting.vocabulary.like_table(name, words.entity.entity) for name in table.names),
        default=(0.0, ""),
    )
    candidates = own_candidates(table)
    content = [c for c in candidates if not any(t & _CONTENT for t in c.known.tokens)]
    if not content:
        return None
    matches = best_matches(setting, table, candidates, words.targets)
    good = [m for m in matches if m.odds > 0]
    if not likeness and len(good) < 3:
        return None
    explained = sum(_probability(m.odds) for m in good) / len(content)
    named = _is_named(setting, table)
    flat = not setting.structure.from_table(table.name)
    if (not named and likeness < _FULL_NAME) or (flat and likeness >= _SOME_NAME):
        explained = _explained(setting, table, words, candidates, len(content))
    odds = _odds(words, likeness, good, explained, named=named)
    if _repeats_key(setting, table, words, candidates):
        odds -= 4.0
    return Fit(table.name, words.entity.entity, odds, likeness, phrase, len(good), len(content))


def _repeats_key(
    setting: Setting, table: KnownTable, words: EntityWords, candidates: Sequence[Candidate]
) -> bool:
    """Whether the entity's key is there, but each of its values in many rows."""
    key = next((t for t in words.targets if t.key), None)
    if key is None or len(table.key) > 1:
        return False
    context = table.context | words.context
    called = [
        c.known
        for c in candidates
        if any(setting.vocabulary.like_target(n, key, context)[0] >= 0.95 for n in c.names)
    ]
    return bool(called) and all(c.unique is False for c in called)


def _is_named(setting: Setting, table: KnownTable) -> bool:
    """Whether the table's name says what it is about; exports are often called anything."""
    lexicon = setting.vocabulary.lexicon
    return any(lexicon.is_familiar(name[-1]) for name in table.names)


def _explained(
    setting: Setting,
    table: KnownTable,
    words: EntityWords,
    candidates: Sequence[Candidate],
    columns: int,
) -> float:
    """Share of the columns that the entity and those inside it account for together."""
    possible = possible_views(setting, table, words.entity.entity, candidates)
    targets = [*words.targets, *(t for each in possible for t in each.targets)]
    matches = best_matches(setting, table, candidates, targets, main=words.entity.entity)
    views = [view for view in (each.kept(matches) for each in possible) if view is not None]
    believed = {words.entity.entity, *(view.entity for view in views)}
    good = [m for m in matches if m.odds > 0 and m.target.entity in believed]
    return sum(_probability(m.odds) for m in good) / columns


def _odds(
    words: EntityWords, likeness: float, good: list[Match], explained: float, *, named: bool
) -> float:
    telling = sum(m.target.telling * _probability(m.odds) for m in good if not m.target.key)
    odds = -4.8 + 6.0 * likeness**1.3 + 0.65 * min(telling, 6.0) + 2.0 * explained
    if not named:
        odds += 2.0 if telling > 1.5 else 0.5
    filled = {m.target.column for m in good}
    required = [
        t for t in words.targets if t.required and t.column not in filled and not t.key_part
    ]
    odds -= 0.8 * len(required)
    # What is about many things has references that must be there; they are seldom found by chance.
    bound = [m for m in good if m.target.required and m.target.references]
    odds += 0.5 * len([m for m in bound if m.odds > 2])
    if len(words.entity.key) > 1 and not set(words.entity.key) <= filled:
        odds -= 2.0
    return float(odds)


def _probability(odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-odds))
