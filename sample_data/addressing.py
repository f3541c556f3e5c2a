"""How customers can be reached: words of their language, telephone numbers, streets, codes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_data.names import STREETS, vocabulary
from sample_data.places import COUNTRIES, places
from sample_data.rows import join, pick
from sample_data.staff import language_of


def from_language(
    rng: np.random.Generator,
    words: dict[str, str],
    language: np.ndarray,
    parted_by: str | None = None,
) -> pa.Array:
    """A word of each language, for each row."""
    flat, begins_list = vocabulary(words, parted_by)
    begins = np.array(begins_list)
    size = np.diff(begins)[language]
    return pick(flat, begins[language] + (rng.random(len(language)) * size).astype(int))


def phone_numbers(rng: np.random.Generator, country: np.ndarray, mobile: bool) -> pa.Array:
    """Telephone numbers in international form."""
    dial = pick([c.dial for c in COUNTRIES], country)
    low, high = (150, 179) if mobile else (20, 99)
    area = pa.array(rng.integers(low, high, len(country))).cast(pa.string())
    line = pa.array(rng.integers(1_000_000, 9_999_999, len(country))).cast(pa.string())
    return join(dial, area, line, by=" ")


def streets(rng: np.random.Generator, country: np.ndarray) -> pa.Array:
    """Street and house number."""
    house = pa.array(rng.integers(1, 140, len(country))).cast(pa.string())
    return join(from_language(rng, STREETS, language_of(country), "|"), house, by=" ")


def postal_codes(rng: np.random.Generator, city: np.ndarray) -> pa.Array:
    """Postal codes that begin like those of the city."""
    digits = pc.utf8_lpad(
        pa.array(rng.integers(0, 999, len(city))).cast(pa.string()), 3, padding="0"
    )
    return join(pick(places().postal_prefix, city), digits)
