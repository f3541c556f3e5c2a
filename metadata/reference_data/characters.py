"""Characters that stand for others: digits of every script, compatibility forms, HTML's names."""

from __future__ import annotations

import html.entities
import unicodedata
from collections.abc import Mapping
from functools import cache

WIDTH: Mapping[str, str] = {
    **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    "\u3000": " ",
}
"""Full-width forms of ASCII, and the ideographic space."""


_ZEROS = (
    "660 6f0 7c0 966 9e6 a66 ae6 b66 be6 c66 ce6 d66 de6 e50 ed0 f20 1040 1090 17e0 1810 1946 19d0"
    " 1a80 1a90 1b50 1bb0 1c40 1c50 a620 a8d0 a900 a9d0 a9f0 aa50 abf0 ff10 104a0 10d30 11066 110f0"
    " 11136 111d0 112f0 11450 114d0 11650 116c0 11730 118e0 11950 11c50 11d50 11da0 11f50 16a60"
    " 16ac0 16b50 1d7ce 1d7d8 1d7e2 1d7ec 1d7f6 1e140 1e2f0 1e4f0 1e950 1fbf0"
)
"""Code points of the digit 0 in all scripts; the other nine follow each."""
_BLOCKS = (
    (0xA0, 0x3400), (0xA000, 0xAC00), (0xF900, 0x10000), (0x10780, 0x107C0), (0x1CCD0, 0x1CD00),
    (0x1D400, 0x1D800), (0x1E000, 0x1E100), (0x1EE00, 0x1EF00), (0x1F100, 0x1F300),
    (0x1FBF0, 0x1FC00), (0x2F800, 0x2FA20),
)  # fmt: skip
"""Where compatibility characters stand."""


@cache
def digits() -> Mapping[str, str]:
    """Decimal digits of all scripts but ASCII's own, each with its ASCII digit."""
    zeros = [int(code, 16) for code in _ZEROS.split()]
    return {chr(zero + value): str(value) for zero in zeros for value in range(10)}


@cache
def compatibility() -> Mapping[str, str]:
    """Characters that NFKC turns into others, full-width ASCII among them.

    Their replacements may still have to be composed (NFC).
    """
    signs = (chr(code) for first, end in _BLOCKS for code in range(first, end))
    return {
        sign: folded
        for sign in signs
        if (folded := unicodedata.normalize("NFKC", sign)) != unicodedata.normalize("NFC", sign)
    }


@cache
def html_names() -> Mapping[str, str]:
    """Named character references of HTML 4, written with & and ;, and their characters."""
    names = html.entities.name2codepoint
    return {f"&{name};": chr(code) for name, code in sorted(names.items())} | {"&apos;": "'"}


def character_class(signs: Mapping[str, str]) -> str:
    """A regular expression's class that holds the keys.

    >>> character_class({"b": "", "c": "", "d": "", "x": ""})
    '[b-dx]'
    """
    parts, codes = [], sorted(map(ord, signs))
    start = 0
    for position in range(1, len(codes) + 1):
        if position == len(codes) or codes[position] != codes[position - 1] + 1:
            first, last = codes[start], codes[position - 1]
            parts.append(_sign(first) if first == last else f"{_sign(first)}-{_sign(last)}")
            start = position
    return f"[{''.join(parts)}]"


def _sign(code: int) -> str:
    return chr(code) if code < 128 and chr(code).isalnum() else f"\\x{{{code:x}}}"
