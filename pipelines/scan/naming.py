"""Names for tables that no one has named yet: what `tables:` of a source may call them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_LONGEST = 63
_SPELLED = str.maketrans({"ß": "ss", "æ": "ae", "Æ": "Ae", "ø": "o", "Ø": "O", "œ": "oe",
                          "Œ": "Oe", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i"})  # fmt: skip


def derived_name(native: str) -> str:
    """A valid name that always comes out the same for the same native name.

    Accents are dropped and words in camel case are parted; a letter that has no Latin form becomes
    its code point, since guessing how to pronounce it would be wrong half of the time.

    >>> derived_name("OrderDetails"), derived_name("Straße 2"), derived_name("客户")
    ('order_details', 'strasse_2', 'u5ba2_u6237')
    """
    plain = without_accents(native)
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain).lower()
    latin = "".join(c if c.isascii() or not c.isalnum() else f"_u{ord(c):04x}_" for c in parted)
    name = re.sub(r"[^a-z0-9]+", "_", latin).strip("_") or "unnamed"
    return (name if name[0].isalpha() else f"t_{name}")[:_LONGEST].rstrip("_")


def without_accents(name: str) -> str:
    """A name with its letters as plain as they can be written.

    >>> without_accents("Straße"), without_accents("Prénom")
    ('Strasse', 'Prenom')
    """
    plain = unicodedata.normalize("NFKD", name.translate(_SPELLED))
    return "".join(c for c in plain if not unicodedata.combining(c))


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """The name, with the first number that makes it unlike those that are taken."""
    used = set(taken)
    name, number = wanted, 2
    while name in used:
        end = f"_{number}"
        name, number = wanted[: _LONGEST - len(end)] + end, number + 1
    return name
