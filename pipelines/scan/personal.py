"""Personal data: which columns are likely to hold some, by their names and by their values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import assert_never

import yaml

from metadata.scan import Personal
from pipelines.scan.naming import without_accents

_MOST = 0.5
"""Share of values of one shape from which on they speak for the column."""
_SOME = 0.1
"""Share of values from which on they bear out what the name says."""
_FILE = Path(__file__).with_name("personal.yaml")


@dataclass(frozen=True)
class _Words:
    kinds: Mapping[Personal, frozenset[str]]
    names: frozenset[str]
    persons: frozenset[str]
    ends: frozenset[str]
    things: frozenset[str]


@cache
def _known() -> _Words:
    content = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    kinds = {kind: frozenset(words.split()) for kind, words in content.pop("kinds").items()}
    return _Words(kinds, **{name: frozenset(words.split()) for name, words in content.items()})


def personal_kind(
    table: str, column: str, type_: str, shares: Mapping[str, float], *, dated: float
) -> Personal | None:
    """The kind of personal data that a column is likely to hold.

    Values decide where their shape says it all (e-mail, phone, bank accounts, identity numbers). A
    name counts unless the values contradict it: a flag called `email_opt_in` holds no address.

    Args:
        table: name of the table.
        column: name of the column.
        type_: its type in the metadata's words.
        shares: share of the values that are present, by shape; empty where none was seen.
        dated: share of the values that are days.
    """
    if type_ in ("boolean", "double"):
        return None
    by_values = _by_values(shares)
    if by_values is not None:
        return by_values
    by_name = _by_name(table, column)
    return by_name if by_name and _may_be(by_name, type_, shares, dated) else None


def _by_values(shares: Mapping[str, float]) -> Personal | None:
    kinds: Sequence[Personal] = ("email", "bank_account", "identifier", "phone")
    return next((kind for kind in kinds if shares.get(kind, 0) >= _MOST), None)


def _by_name(table: str, column: str) -> Personal | None:
    words, known = _words(column), _known()
    if not words:
        return None
    pieces = {*words, *map("".join, pairwise(words)), "".join(words)}
    if words[-1] in known.ends:
        # `birth_date` is one word in two parts; `email_type` is about the type.
        pieces = {"".join(words[-2:]), "".join(words)}
    for kind, listed in known.kinds.items():
        if pieces & listed or _within(column, listed):
            return None if kind == "name" and known.things & set(words) else kind
    named = pieces & known.names or _within(column, known.names)
    if named and not known.things & set(words) and _about_persons(table, words):
        return "name"
    return None


def _about_persons(table: str, words: Sequence[str]) -> bool:
    about = {*_words(table), *words}
    about |= {word.removesuffix("s") for word in about}
    return bool(about & _known().persons) or _within(table, _known().persons)


def _within(name: str, listed: Iterable[str]) -> bool:
    """Whether a Chinese word stands anywhere in a name, which has no spaces between its words."""
    return any(word in name for word in listed if not word.isascii())


def _may_be(kind: Personal, type_: str, shares: Mapping[str, float], dated: float) -> bool:
    """Whether type and values do not contradict the name."""
    match kind:
        case "birth_date":
            fits = type_ in ("date", "timestamp") or (type_ == "string" and not shares)
            return fits or dated >= _MOST
        case "phone" | "identifier" | "bank_account":
            if type_ not in ("string", "integer") and not type_.startswith("decimal"):
                return False
        case "email" | "name" | "address":
            if type_ != "string":
                return False
        case _:
            assert_never(kind)
    if not shares:
        return True
    if shares.get("true", 0) + shares.get("false", 0) >= _MOST:
        return False
    match kind:
        case "email":
            return shares.get("email", 0) + shares.get("mention", 0) >= _SOME
        case "phone":
            return shares.get("phone", 0) + shares.get("phone_like", 0) >= _SOME
        case "name" | "address":
            return shares.get("decimal", 0) < _MOST and shares.get("url", 0) < _MOST
        case _:
            return True


def _words(name: str) -> list[str]:
    """The words of a name in small letters, a number at the end of one left out as well.

    >>> _words("homePhone2"), _words("Straße")
    (['home', 'phone'], ['strasse'])
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", without_accents(name))
    words = [word for word in re.split(r"[\W_]+", parted.lower()) if word]
    return [word.rstrip("0123456789") or word for word in words]
