"""What a change of a column's type does to its values: they all fit, some may not, or they differ.

Types are compared in the metadata's words first; where those are the same, by how the source spells
them, since a text of 20 characters and one of 50 are both texts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Retyping = Literal["same", "widened", "narrowed", "retyped"]

_ENDLESS = 10**9
_TEXTS = {"tinytext": 255, "text": _ENDLESS, "mediumtext": _ENDLESS, "longtext": _ENDLESS}
_CHARACTERS = re.compile(
    r"^(n?(var)?char2?|character( varying)?|national|string|n?text|n?clob|large_string|utf8"
    r"|tinytext|mediumtext|longtext|citext|long)\b"
)
_DIGITS = {"tinyint": 2, "smallint": 4, "smallserial": 4, "mediumint": 6, "int": 9, "integer": 9,
           "serial": 9, "int8": 2, "int16": 4, "int32": 9, "uint8": 2, "uint16": 4, "uint32": 9,
           "year": 4}  # fmt: skip
"""Digits that every value of a whole number's type may have; 18 where the type is not known."""
_NUMBERS_IN = re.compile(r"\(\s*(\d+)\s*(?:,\s*(-?\d+)\s*)?\)")
_VALUES_IN = re.compile(r"'((?:[^']|'')*)'")


@dataclass(frozen=True)
class ColumnType:
    """A type in the metadata's words, and as the source spells it."""

    type: str
    native: str = ""

    def __str__(self) -> str:
        return self.native or self.type


def retyping(before: ColumnType, after: ColumnType) -> Retyping:
    """What becomes of the values of a column.

    >>> retyping(ColumnType("string", "VARCHAR(20)"), ColumnType("string", "VARCHAR(50)"))
    'widened'
    >>> retyping(ColumnType("integer", "INTEGER"), ColumnType("string", "TEXT"))
    'retyped'
    >>> retyping(ColumnType("decimal(10,2)"), ColumnType("decimal(12,2)"))
    'widened'
    """
    if before == after:
        return "same"
    old, new = before.type.partition("(")[0], after.type.partition("(")[0]
    match old, new:
        case ("string", "string"):
            return _texts(before.native, after.native)
        case ("integer", "integer"):
            return _sized(_whole_digits(before.native), _whole_digits(after.native))
        case ("decimal", "decimal"):
            return _decimals(_decimal(before.type), _decimal(after.type))
        case ("integer", "decimal"):
            return _decimals((_room(before.native), 0), _decimal(after.type))
        case ("integer", "double"):
            return "widened" if _whole_digits(before.native) <= 15 else "narrowed"
        case ("decimal", "integer") | ("decimal" | "integer", "double") | ("double", "decimal"):
            return "narrowed"
        case ("double", "double"):
            return _sized(_is_double(before.native), _is_double(after.native))
        case ("date", "timestamp"):
            return "widened"
        case ("timestamp", "date"):
            return "narrowed"
        case ("timestamp", "timestamp"):
            zoned = [_is_zoned(t.native) for t in (before, after)]
            return "retyped" if zoned[0] != zoned[1] else _sized(*map(_fraction, (before, after)))
        case _:
            return "same" if old == new else "retyped"


def _sized(before: int, after: int) -> Retyping:
    if before == after:
        return "same"
    return "widened" if after > before else "narrowed"


def _texts(before: str, after: str) -> Retyping:
    old, new = before.lower(), after.lower()
    if old == new:
        return "same"
    if old.startswith(("enum", "set(")) and new.startswith(("enum", "set(")):
        was, now = set(_VALUES_IN.findall(before)), set(_VALUES_IN.findall(after))
        return _sized(len(was), len(now)) if was <= now or now <= was else "retyped"
    if _CHARACTERS.match(new):
        if _CHARACTERS.match(old):
            return _sized(_length(old), _length(new))
        # Whatever was read as text before (an identifier, a list) is now kept as one.
        return "widened"
    return "retyped"


def _length(native: str) -> int:
    found = _NUMBERS_IN.search(native)
    return int(found.group(1)) if found else _TEXTS.get(native.split()[0], _ENDLESS)


def _whole_digits(native: str) -> int:
    return _DIGITS.get(re.split(r"[\s(]", native.lower(), maxsplit=1)[0], 18)


def _room(native: str) -> int:
    """Digits of the largest value of a whole number's type."""
    return _whole_digits(native) + 1


def _decimal(type_: str) -> tuple[int, int]:
    """Digits before and after the point."""
    found = _NUMBERS_IN.search(type_)
    assert found is not None, type_
    precision, scale = int(found.group(1)), int(found.group(2) or 0)
    return precision - scale, scale


def _decimals(before: tuple[int, int], after: tuple[int, int]) -> Retyping:
    if before == after:
        return "same"
    return "widened" if before[0] <= after[0] and before[1] <= after[1] else "narrowed"


def _is_double(native: str) -> int:
    return 0 if native.lower() in ("real", "float4", "float", "halffloat") else 1


def _is_zoned(native: str) -> bool:
    return bool(re.search(r"with time zone|timestamptz|tz=|with local", native.lower()))


def _fraction(kind: ColumnType) -> int:
    found = _NUMBERS_IN.search(kind.native)
    return int(found.group(1)) if found else 6
