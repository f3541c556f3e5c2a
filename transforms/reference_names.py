"""Names and the codes they stand for, looked up in one join for all rows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Literal

from sqlglot import exp

from metadata.reference_data.money import currency_names
from metadata.reference_data.territories import country_names, language_names
from transforms.characters import composed, fold_width, unaccented
from transforms.cleansing_text import every
from transforms.statements import call, column, named, text

Names = Literal["countries", "currencies", "languages"]
_APART = "\x1f"


def looked_up(names: Names, value: exp.Expr) -> exp.Expr:
    """The code that a name stands for, whatever its case, accents and punctuation; else NULL."""
    known = _known(names)
    lists = [
        named(call("unnest", call("string_split", text(_APART.join(each)), text(_APART))), name)
        for name, each in (("name", known), ("code", known.values()))
    ]
    return (
        exp.select(exp.Max(this=column("code", "known")))
        .from_(exp.select(*lists).subquery("known"))
        .where(column("name", "known").eq(_folded(value)))
        .subquery()
    )


def _folded(value: exp.Expr) -> exp.Expr:
    plain = unaccented(fold_width(composed(value)))
    return exp.func("LOWER", every(plain, r"[\s\p{P}\p{Z}\p{C}]", ""))


@cache
def _known(names: Names) -> Mapping[str, str]:
    """Names as they are compared, each with its code; a name that means several is not known."""
    match names:
        case "countries":
            pairs = country_names()
        case "currencies":
            pairs = currency_names()
        case "languages":
            pairs = language_names()
    codes = {code.lower(): code for _, code in pairs}
    meant: dict[str, set[str]] = {}
    for written, code in pairs:
        meant.setdefault(_plain(written), set()).add(code)
    clear = {name: found.pop() for name, found in meant.items() if len(found) == 1 and name}
    # What is a code is that code, whatever else bears it as a name.
    return {**clear, **codes}


def _plain(written: str) -> str:
    """A name folded as `_folded` folds it in SQL."""
    wide = unicodedata.normalize("NFKC", written)
    bare = (c for c in unicodedata.normalize("NFD", wide) if not unicodedata.combining(c))
    composed = unicodedata.normalize("NFC", "".join(bare))
    return re.sub(r"\s", "", "".join(c for c in composed if not _is_sign(c))).lower()


def _is_sign(character: str) -> bool:
    return unicodedata.category(character)[0] in "PZC"
