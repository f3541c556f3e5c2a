"""What products are made of, as values: parts, their ingredients, and what makes two the same.

A product is a staged entity, a dimension, a bridge, a fact or a rollup; its parts are its columns,
and `rows`: which rows it has. An ingredient list says what is written about a part and which parts
of other products it is made from. Neither names the part itself, nor the parts it reads: what is
renamed is made of the same, and need not be made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlglot import exp

from metadata.expressions import column_nodes, column_parts, dotted, parse_expression

ROWS = "rows"
"""The part that says which rows a product has; no column may be called so in a recipe."""
KEYS = "keys"
"""A dimension's surrogate keys, natural keys and validity: all that facts take from it. Of golden
records, which golden key each record has."""
HISTORY = "history of"
"""That an attribute of a dimension keeps some history, and how it is made: `history of
<attribute>`; only its own loading reads it."""
MEMBERS = "members by"
"""How one mapping makes a dimension's natural key: `members by <mapping>`; only its own loading
reads it."""
QUALITY = "quality"
"""What is expected of a product: it is looked at again when that changes, and not made again."""
STANDING = ("dim", "fact", "rollup")
"""What the names of products begin with whose tables can be given another name as they stand."""
LANDED = "landed"
"""The one part of a source table."""


def is_inner(part: str) -> bool:
    """Whether a part is no column that people know."""
    several = (f"{MEMBERS} ", f"{HISTORY} ")
    return part in (ROWS, KEYS, QUALITY, LANDED) or part.startswith(several)


class Part(NamedTuple):
    """A part of a product, such as the column `email` of the entity `customer`."""

    product: str
    name: str

    def __str__(self) -> str:
        return f"{self.product}.{self.name}"


@dataclass(frozen=True)
class Ingredients:
    """What a part is made of: the words that decide it, and the parts it is made from, in order."""

    text: str
    reads: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Recipe:
    """All parts of one product."""

    product: str
    parts: Mapping[str, Ingredients]


def identities(known: Mapping[str, Recipe], zone: str) -> dict[Part, str]:
    """A hash for each part of everything written that decides it, down to the source tables.

    Two states of the metadata in which a part has the same identity make the same of the same data.

    Args:
        known: the recipes of one state of the metadata.
        zone: the workspace's time zone, which decides what day a moment falls on.
    """
    found: dict[Part, str] = {}

    def identity(part: Part) -> str:
        if part not in found:
            recipe = known.get(part.product)
            ingredients = recipe.parts.get(part.name) if recipe else None
            # A source table, or what nobody maps: it is its name that matters.
            text = ingredients.text if ingredients else f"{part.product}.{part.name}"
            reads = ingredients.reads if ingredients else ()
            # What has landed keeps its moments as they came.
            where = "" if part.name == LANDED else zone
            found[part] = digest([where, text, *(identity(each) for each in reads)])
        return found[part]

    for recipe in known.values():
        for name in recipe.parts:
            identity(Part(recipe.product, name))
    return found


def renames(was: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """Parts of a product whose names have changed and nothing else: new names by old ones.

    Args:
        was: what the parts were made of, by their names.
        now: what they are made of.
    """
    fresh = {name: identity for name, identity in now.items() if name not in was}
    found: dict[str, str] = {}
    for old, identity in was.items():
        if old not in now:
            name = next((n for n, i in fresh.items() if i == identity), None)
            if name is not None:
                found[old] = name
                del fresh[name]
    return found


def renamed_products(
    was: Mapping[str, Mapping[str, str]], now: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Products whose names have changed and nothing that decides them: new names by old ones.

    Args:
        was: identities of the parts of each product, by the names they had.
        now: the same, by the names they have.
    """
    found: dict[str, str] = {}
    fresh = sorted(now.keys() - was.keys())
    for old in sorted(was.keys() - now.keys()):
        kind = old.partition("_")[0]
        for new in fresh:
            alike = new.partition("_")[0] == kind and sorted(was[old].values()) == sorted(
                now[new].values()
            )
            if kind in STANDING and alike and new not in found.values():
                found[old] = new
                break
    return found


def anonymous(text: str) -> tuple[str, tuple[str, ...]]:
    """An expression with its columns numbered instead of named, and their names."""
    tree = exp.Paren(this=parse_expression(text).copy())
    names: dict[str, int] = {}
    for node in list(column_nodes(tree)):
        place = names.setdefault(dotted(column_parts(node)), len(names))
        node.replace(exp.column(f"_{place}"))
    return tree.sql(), tuple(names)


def merged(each: Iterable[Ingredients]) -> Ingredients:
    """One part that is made by several mappings."""
    found = list(each)
    reads = dict.fromkeys(part for one in found for part in one.reads)
    return Ingredients(said("of", *(one.text for one in found)), tuple(reads))


def said(kind: str, *words: object) -> str:
    """What is written, as one text in which nothing runs together."""
    return json.dumps([kind, *words], default=str)


def digest(parts: Iterable[str]) -> str:
    """One hash of several texts."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part.encode())
        found.update(b"\0")
    return found.hexdigest()
