"""Everything by which entities and their columns are recognised, ready to be looked up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from metadata.model.star import Entity
from metadata.model.synonyms import ColumnSynonyms, EntitySynonyms, ValueKind, Words
from metadata.propose.likeness import likeness
from metadata.propose.names import UNKNOWN, Lexicon, Token, Tokens
from metadata.yaml_tree import read_documents

SHIPPED = Path(__file__).resolve().parent.parent / "synonyms"
_ALSO, _COMMON, _OWN_NAME = 0.8, 0.97, 1.0
_MODIFIER = 0.5
"""What a further word before the last one of a table's name counts for: `membership plan`."""
_RANK = 0.004
"""What a name loses for each one listed before it, so that better names win over worse ones."""


@dataclass(frozen=True)
class Phrase:
    """A name by which something is known."""

    tokens: Tokens
    counts: float
    """From 0 to 1; better names count for more."""
    said: str
    """As it is written."""
    meanings: Token


@dataclass(frozen=True)
class Target:
    """A column of an entity, or a helper for its derivations, and how it is recognised."""

    entity: str
    column: str
    type: str
    key: bool
    """Whether it is the entity's whole key."""
    key_part: bool
    references: str | None
    required: bool
    helper: bool
    values: ValueKind | None
    codes: Mapping[str, str]
    phrases: tuple[Phrase, ...]
    meanings: Token
    """All meanings of its phrases."""
    telling: float
    """From 0 to 1: how much its presence says about the entity; few entities have such a column."""


@dataclass(frozen=True)
class EntityWords:
    """An entity, what its tables are called, and its columns as targets."""

    entity: Entity
    hints: EntitySynonyms
    tables: tuple[Phrase, ...]
    never: Token
    inside: tuple[Tokens, ...]
    targets: tuple[Target, ...]
    context: Token
    """Meanings that the entity's own name gives to its columns."""


@dataclass(frozen=True)
class Vocabulary:
    """What is known of names: words, entities and their columns."""

    lexicon: Lexicon
    entities: Mapping[str, EntityWords]
    _cache: dict[object, tuple[float, str]] = field(default_factory=dict, repr=False)

    def tokens(self, name: str) -> Tokens:
        """A name cut into words of one meaning."""
        return self.lexicon.tokens(name)

    def like_target(self, name: Tokens, target: Target, context: Token) -> tuple[float, str]:
        """How well a name fits a column, and the known name that it fits best."""
        said = meanings_of(name)
        if target.meanings.isdisjoint(said):
            return 0.0, ""
        # Of the context only what occurs matters, so that many tables share an answer.
        context = context & (target.meanings | said)
        key = (name, target.entity, target.column, context)
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = _best(name, target.phrases, context)
        return found

    def like_table(self, name: Tokens, entity: str) -> tuple[float, str]:
        """How well a table's name fits an entity, and the known name that it fits best."""
        words = self.entities[entity]
        best, said = 0.0, ""
        for phrase in words.tables:
            score = phrase.counts * likeness(name, phrase.tokens, modifier=_MODIFIER)
            # In most languages the last word of a compound says what it is: a customer type is a
            # type.
            head = next((t for t in reversed(name) if not _is_number(t)), name[-1])
            if score and not head & phrase.meanings:
                score *= 0.45
            score *= 0.3 ** sum(1 for t in name if t & words.never and not t & phrase.meanings)
            if score > best + 1e-9:
                best, said = score, phrase.said
        return best, said

    @cached_property
    def referred(self) -> frozenset[str]:
        """Entities to which others refer."""
        found = (t.references for e in self.entities.values() for t in e.targets)
        return frozenset(name for name in found if name)


def build_vocabulary(
    entities: Mapping[str, Entity],
    own: Iterable[EntitySynonyms] = (),
    own_words: Iterable[Words] = (),
) -> Vocabulary:
    """The shipped synonyms together with a workspace's own.

    Args:
        entities: the entities of the workspace.
        own: synonyms that the workspace adds.
        own_words: words that the workspace adds.
    """
    words, shipped = _shipped()
    words += list(own_words)
    hints: dict[str, EntitySynonyms] = {}
    for each in (*shipped, *own):
        hints[each.synonyms] = _joined(hints.get(each.synonyms), each)
    for name in entities:
        hints.setdefault(name, EntitySynonyms(synonyms=name))
    phrases = [p for name in entities for p in _phrases(entities[name], hints[name])]
    lexicon = Lexicon(words, phrases)
    common: dict[str, ColumnSynonyms] = {}
    for each_list in words:
        for name, synonyms in each_list.columns.items():
            common[name] = _more(common.get(name), synonyms)
    spread = _spread(entities)
    made = {
        name: _entity_words(entities[name], hints, entities, lexicon, common, spread)
        for name in sorted(entities)
    }
    return Vocabulary(lexicon, made)


def _shipped() -> tuple[list[Words], list[EntitySynonyms]]:
    words: list[Words] = []
    entities: list[EntitySynonyms] = []
    for path in sorted(SHIPPED.glob("*.yaml")):
        for document in read_documents(path, f"metadata/synonyms/{path.name}"):
            if "words" in document.content:
                words.append(Words.model_validate(document.content))
            else:
                entities.append(EntitySynonyms.model_validate(document.content))
    return words, entities


def _joined(one: EntitySynonyms | None, other: EntitySynonyms) -> EntitySynonyms:
    """Two lists of synonyms for one entity; the later one adds, and is heard first."""
    if one is None:
        return other
    columns = dict(one.columns)
    for name, synonyms in other.columns.items():
        columns[name] = _more(columns.get(name), synonyms)
    return one.model_copy(
        update={
            "tables": (*other.tables, *one.tables),
            "also": (*one.also, *other.also),
            "never": (*one.never, *other.never),
            "inside": (*one.inside, *other.inside),
            "instead": other.instead or one.instead,
            "columns": columns,
            "helpers": {**one.helpers, **other.helpers},
            "derive": {**one.derive, **other.derive},
            "constants": {**one.constants, **other.constants},
            "scan_day": (*one.scan_day, *other.scan_day),
        }
    )


def _more(one: ColumnSynonyms | None, other: ColumnSynonyms) -> ColumnSynonyms:
    if one is None:
        return other
    return ColumnSynonyms(
        names=(*other.names, *one.names),
        values=other.values or one.values,
        codes={**one.codes, **other.codes},
    )


def _phrases(entity: Entity, hints: EntitySynonyms) -> Iterator[str]:
    yield from (entity.entity, *entity.columns)
    yield from (*hints.tables, *hints.also, *hints.never, *hints.inside)
    for synonyms in (*hints.columns.values(), *hints.helpers.values()):
        yield from synonyms.names


def _spread(entities: Mapping[str, Entity]) -> Mapping[str, int]:
    """How many entities have a column of each name."""
    found: dict[str, int] = {}
    for entity in entities.values():
        for column in entity.columns:
            found[column] = found.get(column, 0) + 1
    return found


def _entity_words(
    entity: Entity,
    hints: Mapping[str, EntitySynonyms],
    entities: Mapping[str, Entity],
    lexicon: Lexicon,
    common: Mapping[str, ColumnSynonyms],
    spread: Mapping[str, int],
) -> EntityWords:
    own = hints[entity.entity]
    tables = [(entity.entity, _OWN_NAME)]
    tables += [(name, 1.0 - _RANK * n) for n, name in enumerate(own.tables)]
    tables += [(name, _ALSO - _RANK * n) for n, name in enumerate(own.also)]
    context = frozenset(m for token in lexicon.tokens(entity.entity) for m in token)
    targets = [
        _target(entity, column, own, hints, entities, lexicon, common, spread)
        for column in entity.columns
    ]
    targets += [
        Target(
            entity.entity, name, helper.type, False, False, None, False, True, helper.values,
            helper.codes, phrases, _all_meanings(phrases), 0.3,
        )
        for name, helper in own.helpers.items()
        for phrases in (_weighed(_ranked(helper.names), lexicon),)
    ]  # fmt: skip
    return EntityWords(
        entity,
        own,
        _weighed(tables, lexicon),
        frozenset(m for word in own.never for token in lexicon.tokens(word) for m in token),
        tuple(lexicon.tokens(word) for word in own.inside),
        tuple(targets),
        context,
    )


def _target(
    entity: Entity,
    name: str,
    own: EntitySynonyms,
    hints: Mapping[str, EntitySynonyms],
    entities: Mapping[str, Entity],
    lexicon: Lexicon,
    common: Mapping[str, ColumnSynonyms],
    spread: Mapping[str, int],
) -> Target:
    column = entity.columns[name]
    special, general = own.columns.get(name), common.get(name)
    known = [(name.replace("_", " "), _OWN_NAME)]
    own_names = _ranked(special.names if special else ())
    known += [each for each in own_names if each[0].isascii()]
    known += [
        (phrase, count * _COMMON) for phrase, count in _ranked(general.names if general else ())
    ]
    known += [each for each in own_names if not each[0].isascii()]
    known += _by_subject(entity, name, hints)
    phrases = _weighed(known, lexicon)
    many = math.log(len(entities) + 1)
    telling = 1.0 - math.log(spread[name]) / many if spread[name] > 1 else 1.0
    return Target(
        entity.entity,
        name,
        column.type,
        entity.key == (name,),
        name in entity.key,
        column.references,
        column.required,
        False,
        (special.values if special else None) or (general.values if general else None),
        {**(general.codes if general else {}), **(special.codes if special else {})},
        phrases,
        _all_meanings(phrases),
        0.5 if entity.key == (name,) or column.references else max(telling, 0.1),
    )


def _by_subject(
    entity: Entity, name: str, hints: Mapping[str, EntitySynonyms]
) -> Iterator[tuple[str, float]]:
    """Names of keys and references, after what tables of the entity they identify are called."""
    references = entity.columns[name].references
    subject = entity.entity if entity.key == (name,) else references
    # A reference to its own kind needs a word that says which one of them is meant.
    if subject is None or (references == entity.entity and entity.key != (name,)):
        return
    called = [(subject.replace("_", " "), 1.0), *((table, 1.0) for table in hints[subject].tables)]
    called += [(table, _ALSO) for table in hints[subject].also]
    for rank, (table, worth) in enumerate(called):
        count = (0.98 - _RANK * rank) * worth
        yield from ((f"{table} {word}", count) for word in ("number", "code"))
        if references is not None:
            yield table, count


def _ranked(names: Iterable[str]) -> list[tuple[str, float]]:
    return [(name, 1.0 - _RANK * (n + 1)) for n, name in enumerate(names)]


def _weighed(names: Iterable[tuple[str, float]], lexicon: Lexicon) -> tuple[Phrase, ...]:
    """Names as phrases, each once, with the most that it counts for."""
    found: dict[Tokens, Phrase] = {}
    for name, count in names:
        tokens = lexicon.tokens(name)
        before = found.get(tokens)
        if tokens and (before is None or before.counts < count):
            meanings = frozenset(meaning for token in tokens for meaning in token)
            # Of names that come to the same the first is shown.
            said = before.said if before else name
            found[tokens] = Phrase(tokens, count, said, meanings)
    return tuple(found.values())


def _is_number(token: Token) -> bool:
    return all(meaning.lstrip(UNKNOWN).isdigit() for meaning in token)


@cache
def meanings_of(tokens: Tokens) -> Token:
    """All meanings of some tokens."""
    return frozenset(meaning for token in tokens for meaning in token)


def _all_meanings(phrases: Iterable[Phrase]) -> Token:
    return frozenset(meaning for phrase in phrases for meaning in phrase.meanings)


def _best(name: Tokens, phrases: Iterable[Phrase], context: Token) -> tuple[float, str]:
    meanings = meanings_of(name)
    best, said = 0.0, ""
    for phrase in phrases:
        if phrase.meanings.isdisjoint(meanings):
            continue
        score = likeness(name, phrase.tokens, context) * phrase.counts
        if score > best + 1e-9:
            best, said = score, phrase.said
    return best, said
