"""Countries and languages: their codes, and what they are called in many languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal

from babel import Locale
from babel.core import get_global

LANGUAGES = (
    "en", "zh", "zh_Hant", "de", "fr", "es", "it", "pt", "nl", "ja", "ko", "ru", "pl", "sv", "da",
    "nb", "fi", "cs", "hu", "ro", "tr", "el", "uk", "ar",
)  # fmt: skip
"""Languages in which names are understood, as CLDR writes them."""

# What CLDR lists beside the countries: unions, unassigned islands, test and unknown regions.
_NO_COUNTRY = frozenset("AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ".split())
_ALSO = {
    "AE": ("UAE", "U.A.E.", "Emirates"),
    "CD": ("DR Congo", "Democratic Republic of the Congo"),
    "CI": ("Ivory Coast",),
    "CN": ("PRC", "P.R. China", "People's Republic of China", "Mainland China", "中华人民共和国",
           "中国大陆", "中國大陸"),
    "CZ": ("Czech Republic", "Tschechische Republik"),
    "DE": ("BRD", "Federal Republic of Germany", "Bundesrepublik Deutschland"),
    "GB": ("UK", "U.K.", "Great Britain", "Britain", "England", "Scotland", "Wales",
           "Northern Ireland", "Großbritannien", "Grande-Bretagne", "Gran Bretaña", "大不列颠",
           "英格兰"),
    "HK": ("Hong Kong", "Hongkong", "香港"),
    "IE": ("Republic of Ireland", "Eire"),
    "IR": ("Islamic Republic of Iran",),
    "KP": ("DPRK",),
    "KR": ("Korea", "Republic of Korea", "Korea, Republic of", "大韩民国"),
    "MK": ("Macedonia", "Mazedonien"),
    "MM": ("Burma",),
    "MO": ("Macau", "Macao", "澳门", "澳門"),
    "NL": ("Holland", "The Netherlands"),
    "RU": ("Russian Federation",),
    "SK": ("Slovak Republic",),
    "SZ": ("Swaziland",),
    "TR": ("Turkey",),
    "TW": ("Taiwan, Province of China",),
    "US": ("USA", "U.S.A.", "U.S.", "United States of America", "America", "美利坚合众国"),
    "VN": ("Viet Nam",),
}  # fmt: skip


@cache
def countries() -> Mapping[str, str]:
    """ISO 3166-1 alpha-2 codes (and XK, which is in use for Kosovo), each with its alpha-3 code."""
    known = {code for code in _names("en", "territories") if len(code) == 2 and code.isalpha()}
    long = {
        targets[0]: alias
        for alias, targets in sorted(get_global("territory_aliases").items())
        if len(alias) == 3 and alias.isalpha() and len(targets) == 1
    }
    # CLDR keeps the codes of states that are no more as aliases of those that came after them.
    long |= {"CD": "COD", "DE": "DEU", "FR": "FRA", "MM": "MMR", "RU": "RUS", "TL": "TLS"}
    return {code: long[code] for code in sorted(known - _NO_COUNTRY)}


@cache
def country_names() -> tuple[tuple[str, str], ...]:
    """Pairs of what a country is called or coded and its alpha-2 code; a name may appear twice."""
    return tuple(dict.fromkeys(_country_names()))


def _country_names() -> Iterator[tuple[str, str]]:
    for code, long in countries().items():
        yield code, code
        yield long, code
    for alias, targets in sorted(get_global("territory_aliases").items()):
        if alias.isdigit() and len(targets) == 1 and targets[0] in countries():
            yield alias, targets[0]
    for code, names in _ALSO.items():
        yield from ((name, code) for name in names)
    for language in LANGUAGES:
        for code, name in names_of_countries(language).items():
            yield name, code


@cache
def names_of_countries(language: str) -> Mapping[str, str]:
    """Each alpha-2 code with the country's name in a language."""
    names = _names(language, "territories")
    return {code: names[code] for code in countries() if code in names}


@cache
def languages() -> frozenset[str]:
    """ISO 639-1 codes."""
    return frozenset(code for code in _names("en", "languages") if len(code) == 2)


@cache
def language_names() -> tuple[tuple[str, str], ...]:
    """Pairs of what a language is called or coded and its ISO 639-1 code."""
    pairs = [(code, code) for code in sorted(languages())]
    long = {
        alias: targets
        for alias, targets in sorted(get_global("language_aliases").items())
        if len(alias) == 3 and targets in languages()
    }
    pairs += list(long.items())
    for spoken in LANGUAGES:
        names = _names(spoken, "languages")
        pairs += [(names[code], code) for code in sorted(languages()) if code in names]
    return tuple(dict.fromkeys(pairs))


def _names(language: str, what: Literal["territories", "languages"]) -> dict[str, str]:
    """Codes and what a language calls them."""
    return {str(code): str(name) for code, name in getattr(Locale.parse(language), what).items()}
