"""Names cut into words of one meaning: `CustNo`, `customer_number` and `客户编号` become the same.

A *token* is the set of meanings that one word of a name may have. Meanings are plain words; those
of a vocabulary stand for their synonyms and abbreviations, others stand for themselves.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from metadata.model.synonyms import Words

Token = frozenset[str]
Tokens = tuple[Token, ...]

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PIECE = re.compile(r"[a-z]+[0-9]*|[0-9]+|[\u3400-\u9fff]+|[^\W\d_]+")
_DIGITS = re.compile(r"^([a-z]+)([0-9]+)$")
_HAN = re.compile(r"^[\u3400-\u9fff]+$")
UNKNOWN = "~"
"""What the meaning of a word begins with that nothing explains."""
_LAST_ONLY = frozenset(("on", "at", "am"))
"""`shipped_on` is a date; `on_hand` is not."""
_TO = "to"
_NO_BEGINNING = frozenset((_TO, "on", "at", "am", "no", "id"))
_LEAST, _LONG = 3, 5
"""Letters that an abbreviation has at least, and a word that it may stand for."""
_SHORT = {1: 1.0, 2: 2.0, 3: 2.5, 4: 1.5}
"""What a word costs by its length where names run words together; short ones are often chance."""


class Lexicon:
    """Every word known, and how names are cut into them."""

    def __init__(self, lists: Iterable[Words], phrases: Iterable[str] = ()) -> None:
        """Take up lists of words.

        Args:
            lists: words of one meaning; a later list adds to the earlier ones.
            phrases: further words that stand for themselves, such as names of entities.
        """
        self._meanings: dict[str, set[str]] = {}
        self._expansions: dict[str, str] = {}
        self._neutral: set[str] = set()
        self._said: dict[str, Tokens] = {}
        self._things: set[str] = set()
        for each in lists:
            self._things |= set(each.same)
            for meaning, forms in each.same.items():
                for form in (meaning, *forms):
                    for spelled in _spellings(form):
                        self._meanings.setdefault(spelled, set()).add(meaning)
            for form, phrase in each.expand.items():
                for spelled in _spellings(form):
                    self._expansions[spelled] = phrase
            self._neutral |= {spelled for word in each.neutral for spelled in _spellings(word)}
            for names in (c.names for c in each.columns.values()):
                self._learn(names)
        self._learn(phrases)
        self._learn(self._expansions.values())
        self._shortened = self._by_skeleton()

    def tokens(self, name: str) -> Tokens:
        """The words of a name, without those that add nothing (unless there is nothing else)."""
        known = self._said.get(name)
        if known is None:
            known = self._said[name] = self._cut(name)
        return known

    def is_familiar(self, token: Token) -> bool:
        """Whether a word is one that the lists of words explain."""
        return bool(token & self._things)

    def _learn(self, phrases: Iterable[str]) -> None:
        """Words of phrases are words, so that names that run them together can be cut."""
        for phrase in phrases:
            for piece in _pieces(phrase):
                if not _HAN.match(piece) and len(piece) > 2:
                    self._meanings.setdefault(piece, {self._singular(piece) or piece})

    def _cut(self, name: str) -> Tokens:
        pieces = [piece for found in _pieces(name) for piece in self._parts(found)]
        words = self._paired(pieces)
        found = [token for word in words for token in word[1]]
        telling = [
            token
            for position, (piece, tokens) in enumerate(words)
            for token in tokens
            if not self._says_nothing(piece, last=position == len(words) - 1)
        ]
        return tuple(dict.fromkeys(telling or found))

    def _says_nothing(self, piece: str, *, last: bool) -> bool:
        return piece in self._neutral or (piece in _LAST_ONLY and not last)

    def _paired(self, pieces: Sequence[str]) -> list[tuple[str, Tokens]]:
        """Each piece with its tokens; two that mean something together count as one."""
        found: list[tuple[str, Tokens]] = []
        position = 0
        while position < len(pieces):
            pair = " ".join(pieces[position : position + 2])
            if pair in self._expansions:
                found.append((pair, self._expanded(pair)))
                position += 2
            else:
                found.append((pieces[position], self._read(pieces[position])))
                position += 1
        return found

    def _read(self, piece: str) -> Tokens:
        if piece in self._expansions:
            return self._expanded(piece)
        if piece in self._meanings:
            return (frozenset(self._meanings[piece]),)
        singular = self._singular(piece)
        if singular is not None:
            return self._read(singular)
        meanings = self._shortened.get(_skeleton(piece)) if len(piece) >= _LEAST else None
        return (meanings or frozenset((f"{UNKNOWN}{piece}",)),)

    def _by_skeleton(self) -> dict[str, Token]:
        """What words mean by their consonants, where all words with the same ones mean the same."""
        found: dict[str, set[Token]] = {}
        for word, meanings in self._meanings.items():
            if len(word) >= _LONG and word.isascii():
                found.setdefault(_skeleton(word), set()).add(frozenset(meanings))
        return {
            bones: next(iter(meant))
            for bones, meant in found.items()
            if len(meant) == 1 and len(bones) >= _LEAST
        }

    def _expanded(self, piece: str) -> Tokens:
        words = _pieces(self._expansions[piece])
        telling = [w for w in words if w != piece and w not in self._neutral]
        return tuple(token for word in telling for token in self._read(word))

    def _singular(self, piece: str) -> str | None:
        for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("s", "")):
            if piece.endswith(ending) and len(piece) > len(ending) + 2:
                stem = piece.removesuffix(ending) + instead
                if self._is_word(stem):
                    return stem
        return None

    def _is_word(self, piece: str) -> bool:
        return piece in self._meanings or piece in self._expansions or piece in self._neutral

    def _parts(self, piece: str) -> list[str]:
        """A piece as the words that it runs together."""
        if self._is_word(piece) or self._singular(piece):
            return [piece]
        numbered = _DIGITS.match(piece)
        if numbered:
            return [*self._parts(numbered.group(1)), numbered.group(2)]
        if len(piece) < 4 and not _HAN.match(piece):
            return [piece]
        return _cheapest(piece, self._costs(piece))

    def _is_made_of_words(self, piece: str) -> bool:
        return all(
            len(p) >= 4 and (self._is_word(p) or self._singular(p)) for p in self._parts(piece)
        )

    def _costs(self, piece: str) -> Mapping[tuple[int, int], float]:
        """What each stretch of a piece costs as a word; stretches that are no words cost more."""
        han = bool(_HAN.match(piece))
        least = 1 if han else 3
        found: dict[tuple[int, int], float] = {}
        for start in range(len(piece)):
            for end in range(start + 1, len(piece) + 1):
                word, length = piece[start:end], end - start
                ends = end == len(piece) and length == 2 and start >= 2
                begins = start == 0 and length == 2 and len(piece) >= 4
                known = self._is_word(word) or (length > 4 and self._singular(word) is not None)
                if begins:
                    known = word in self._meanings and word not in _NO_BEGINNING | self._neutral
                    known = known or (word == _TO and self._is_made_of_words(piece[2:]))
                if known and (length >= least or ends or begins):
                    found[start, end] = 1.0 if han else _SHORT.get(length, 0.8)
                elif length >= least:
                    found[start, end] = 3.0 + (1.0 if han else 0.5) * length
        return found


def _cheapest(piece: str, costs: Mapping[tuple[int, int], float]) -> list[str]:
    """The cut of least cost; the piece itself where none is cheaper than leaving it whole."""
    best: list[tuple[float, list[str]] | None] = [(0.0, [])]
    for end in range(1, len(piece) + 1):
        chosen: tuple[float, list[str]] | None = None
        for start in range(end):
            before, cost = best[start], costs.get((start, end))
            if before is None or cost is None:
                continue
            total = before[0] + cost
            if chosen is None or total < chosen[0] - 1e-9:
                chosen = (total, [*before[1], piece[start:end]])
        best.append(chosen)
    last = best[-1]
    return last[1] if last else [piece]


@cache
def _pieces(name: str) -> tuple[str, ...]:
    """A name parted at what is written between words, in plain lower case."""
    plain = unicodedata.normalize("NFKC", name)
    plain = _plain(_CAMEL.sub(" ", plain))
    return tuple(_PIECE.findall(plain))


def _skeleton(word: str) -> str:
    """A word without its vowels, the first letter kept, doubled letters once: agreement is agrmnt.

    >>> _skeleton("agreement"), _skeleton("install")
    ('agrmnt', 'instl')
    """
    bones = word[0] + "".join(c for c in word[1:] if c not in "aeiou")
    return "".join(c for n, c in enumerate(bones) if n == 0 or c != bones[n - 1])


def _plain(text: str) -> str:
    """Lower case without accents; ß is ss."""
    parted = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in parted if not unicodedata.combining(c))


def _spellings(word: str) -> set[str]:
    """A word of a vocabulary as names may spell it: ä is a or ae."""
    two = word.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    return {_plain(word), _plain(two)}
