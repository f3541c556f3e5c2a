"""Words that stand for values: yes and no, months, units, what goes before a name."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache

from babel import Locale

TRUE = (
    "true", "t", "yes", "y", "1", "on", "j", "ja", "wahr", "oui", "vrai", "si", "sí", "sì",
    "verdadero", "vero", "sim", "verdadeiro", "waar", "tak", "prawda", "ano", "kyllä", "igen", "da",
    "да", "д", "истина", "так", "evet", "ναι", "نعم", "はい", "真", "是", "对", "對", "有",
    "√", "✓", "✔", "예", "네", "참",
)  # fmt: skip
"""What people and systems write for yes, in lower case."""
FALSE = (
    "false", "f", "no", "n", "0", "off", "nein", "falsch", "non", "faux", "falso", "não", "nao",
    "nee", "onwaar", "nie", "fałsz", "ne", "ei", "nem", "nu", "нет", "н", "ложь", "ні", "hayır",
    "όχι", "لا", "いいえ", "偽", "否", "假", "不", "不是", "无", "無",
    "×", "✗", "✘", "아니요", "아니오", "거짓",
)  # fmt: skip
"""What people and systems write for no, in lower case."""

MONTH_LANGUAGES = (
    "en", "de", "fr", "es", "it", "pt", "nl", "pl", "cs", "sv", "da", "nb", "fi", "hu", "ro", "tr",
    "ru", "uk", "el",
)  # fmt: skip
"""Languages whose names of months are read."""
_ALSO_MONTHS = {1: ("jänner",), 3: ("maerz", "mrz"), 9: ("sept", "set")}


@cache
def month_names() -> Mapping[int, tuple[str, ...]]:
    """Names and abbreviations of each month in lower case, longest first.

    What means different months in different languages is left out.
    """
    meant: dict[str, set[int]] = {}
    for language in MONTH_LANGUAGES:
        for context in Locale.parse(language).months.values():
            for width in ("wide", "abbreviated"):
                for month, name in context[width].items():
                    for spelling in _spellings(str(name)):
                        meant.setdefault(spelling, set()).add(int(month))
    for month, names in _ALSO_MONTHS.items():
        for name in names:
            meant.setdefault(name, set()).add(month)
    clear = {name: months.pop() for name, months in meant.items() if len(months) == 1}
    return {
        month: tuple(
            sorted((n for n, m in clear.items() if m == month), key=lambda n: (-len(n), n))
        )
        for month in range(1, 13)
    }


def _spellings(name: str) -> set[str]:
    """A name with and without its accents and its full stop."""
    plain = name.lower().strip().rstrip(".")
    bare = "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))
    return {each for each in (plain, bare) if len(each) >= 3 and each.isalpha()}


UNITS: Mapping[str, int] = {
    "k": 1_000, "tsd": 1_000, "m": 1_000_000, "mn": 1_000_000, "mio": 1_000_000,
    "bn": 1_000_000_000, "mrd": 1_000_000_000, "千": 1_000, "万": 10_000, "萬": 10_000,
    "百万": 1_000_000, "千万": 10_000_000, "亿": 100_000_000, "億": 100_000_000,
}  # fmt: skip
"""Units that may follow a number, in lower case, with what they multiply it by."""

TITLES = (
    "dr", "prof", "mr", "mrs", "ms", "miss", "mx", "sir", "dame", "rev", "herr", "frau", "hr", "fr",
    "ing", "mag", "dipl-ing", "mme", "mlle", "monsieur", "madame", "mademoiselle", "sr", "sra",
    "srta", "don", "doña", "señor", "señora", "sig", "sig.ra", "signor", "signora", "dott",
    "dott.ssa", "dhr", "mevr", "pan", "pani",
)  # fmt: skip
"""Forms of address before a name, in lower case and without full stop."""
TITLES_AFTER = ("先生", "女士", "小姐", "太太", "さん", "様", "씨", "님")
"""Forms of address that follow a name."""
PARTICLES = (
    "van", "von", "vom", "zu", "zum", "zur", "de", "der", "den", "del", "della", "di", "da", "dos",
    "das", "do", "du", "des", "la", "le", "ten", "ter", "te", "el", "al", "bin", "ibn", "af", "av",
)  # fmt: skip
"""Small words that begin a family name."""
