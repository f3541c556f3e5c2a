"""Currencies: ISO 4217 codes, and what they are called in many languages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from babel import Locale
from babel.numbers import get_territory_currencies

from metadata.reference_data.territories import LANGUAGES, countries

SYMBOLS: Mapping[str, str] = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "₺": "TRY", "₩": "KRW", "₪": "ILS",
    "₫": "VND", "₴": "UAH", "₦": "NGN", "₱": "PHP", "฿": "THB", "₸": "KZT", "₵": "GHS",
    "US$": "USD", "A$": "AUD", "C$": "CAD", "CA$": "CAD", "HK$": "HKD", "NT$": "TWD", "R$": "BRL",
    "S$": "SGD", "NZ$": "NZD", "zł": "PLN", "Kč": "CZK", "Ft": "HUF", "RMB": "CNY", "CN¥": "CNY",
    "人民币": "CNY", "人民幣": "CNY", "元": "CNY", "円": "JPY", "欧元": "EUR", "美元": "USD",
    "英镑": "GBP", "日元": "JPY", "港元": "HKD", "港币": "HKD", "Fr.": "CHF", "SFr.": "CHF",
}  # fmt: skip
"""Signs that mean one currency; $, ¥ and kr mean several and are not among them."""


@cache
def currencies() -> tuple[str, ...]:
    """ISO 4217 codes of all currencies, those out of use included."""
    return tuple(sorted(str(c) for c in Locale.parse("en").currencies if c != "XXX"))


@cache
def current_currencies() -> tuple[str, ...]:
    """Codes of the currencies that are in use in some country."""
    used: set[str] = set()
    for country in countries():
        used |= set(get_territory_currencies(country, include_details=False))
    return tuple(sorted(used))


@cache
def currency_names() -> tuple[tuple[str, str], ...]:
    """Pairs of what a currency is called or coded and its code; those in use come by name."""
    pairs = [(code, code) for code in currencies()]
    pairs += list(SYMBOLS.items())
    for language in LANGUAGES:
        names = Locale.parse(language).currencies
        pairs += [(str(names[code]), code) for code in current_currencies() if code in names]
    return tuple(dict.fromkeys(pairs))
