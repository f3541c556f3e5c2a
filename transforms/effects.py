"""What follows from a change of the metadata: which products are made again, and which are not.

Two states are compared part by part through their recipes. A product is made again only if a part
of it is made of something else; one whose parts were merely renamed or taken away is reshaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from metadata.changes import Change
from metadata.repository import Repository, golden_table
from transforms.ingredients import (
    HISTORY,
    KEYS,
    LANDED,
    QUALITY,
    ROWS,
    Part,
    Recipe,
    identities,
    is_inner,
    renamed_products,
    renames,
)
from transforms.questions import questions
from transforms.recipes import recipes

Doing = Literal["create", "rebuild", "update", "if_keys_change", "reshape", "check", "drop", "keep"]
"""What is done to a product: made for the first time; made again whole; brought up to date in place
(a dimension); made again only if the keys of a dimension turn out to change; itself or its columns
renamed, or columns dropped; only looked at, by other expectations; dropped; or nothing."""
Weight = Literal["metadata_only", "additive", "backfill", "breaking"]
"""metadata_only: nothing stored changes. additive: something new is stored, what is there stays.
backfill: what is stored is computed anew. breaking: something that others may use goes away, or has
another name or type."""

_STORED = ("dim_", "fact_", "bridge_", "rollup_")
_SHOWN_BY_NAME = frozenset(
    "mapping,dimension,bridge,fact,cube,mapping column,attribute,fact dimension,"
    "degenerate dimension,fact measure,cube dimension,measure".split(",")
)
"""Kinds that people and programs ask for by their names."""


@dataclass(frozen=True)
class Effect:
    """What follows from one change."""

    change: Change
    weight: Weight
    products: Mapping[str, Doing]
    """What it causes, by product; products that are kept are not listed."""
    reads_again: tuple[str, ...]
    """Source tables, as source.table, that must be read again from the source."""
    figures: tuple[str, ...]
    """Measures, as cube.measure, whose figures may move."""
    levels: tuple[str, ...]
    """Levels, as cube: role.attribute, whose members may change."""


@dataclass(frozen=True)
class Effects:
    """What follows from all changes together."""

    each: tuple[Effect, ...]
    products: Mapping[str, Doing]
    """What is done to every product of either state."""
    parts: Mapping[str, tuple[str, ...]]
    """The columns of each product that are made otherwise or are new; most products have none."""
    histories: Mapping[str, tuple[str, ...]]
    """Attributes, by the table of their dimension, whose history is kept that was not before, or is
    made by another rule."""
    reads_again: tuple[str, ...]


@dataclass(frozen=True)
class State:
    """The recipes of one state of the metadata, and who reads what in it."""

    recipes: Mapping[str, Recipe]
    identities: Mapping[Part, str]
    zone: str = ""

    @classmethod
    def of(cls, repository: Repository | None) -> State:
        """The state that a repository describes."""
        if repository is None:
            return cls({}, {})
        known = recipes(repository) | questions(repository)
        zone = repository.workspace.time_zone
        return cls(known, identities(known, zone), zone)

    def parts(self) -> Iterator[Part]:
        """All parts of all products."""
        for product, recipe in self.recipes.items():
            yield from (Part(product, name) for name in recipe.parts)

    def identities_of(self, product: str) -> dict[str, str]:
        """The identities of a product's parts by their names."""
        recipe = self.recipes.get(product)
        names = recipe.parts if recipe else ()
        return {name: self.identities[Part(product, name)] for name in names}

    def renamed_in(self, new: State) -> dict[str, str]:
        """Products that another state has under another name: new names by old ones."""
        was = {product: self.identities_of(product) for product in self.recipes}
        now = {product: new.identities_of(product) for product in new.recipes}
        return renamed_products(was, now)

    def texts(self, part: Part) -> tuple[str, ...]:
        """What is written about a part; nothing where there is no such part."""
        recipe = self.recipes.get(part.product)
        return (recipe.parts[part.name].text,) if recipe and part.name in recipe.parts else ()

    def own(self, part: Part) -> tuple[object, ...]:
        """What is written about a part itself, with the identities of nothing it is made from."""
        ingredients = self.recipes[part.product].parts[part.name]
        return (ingredients.text, ingredients.reads, "" if part.name == LANDED else self.zone)


def effects(before: Repository | None, after: Repository, found: Iterable[Change]) -> Effects:
    """What follows from changes between two states.

    Args:
        before: the applied state; None before the first.
        after: the new state.
        found: what differs between them.
    """
    old, new = State.of(before), State.of(after)
    differing = _differing(old, new)
    readers = _readers(old, new)
    each = tuple(_effect(change, old, new, differing, readers) for change in found)
    other_name = old.renamed_in(new)
    products = {
        product: "reshape" if product in other_name.values() else _doing(product, old, new)
        for product in sorted({*old.recipes, *new.recipes} - other_name.keys())
        if _is_stored(product)
    }
    _leave_to_keys(products, _reached(differing, readers))
    again = sorted(p for p in products if "." in p and products[p] != "keep" and p in new.recipes)
    stored = {name: doing for name, doing in products.items() if "." not in name}
    parts = {name: tuple(_other_columns(name, old, new)) for name in stored}
    kept = {name: tuple(_newly_kept(name, old, new)) for name in stored if name in old.recipes}
    return Effects(
        each,
        stored,
        {name: columns for name, columns in parts.items() if columns},
        {name: attributes for name, attributes in kept.items() if attributes},
        tuple(again),
    )


def _newly_kept(product: str, old: State, new: State) -> Iterator[str]:
    was, now = old.identities_of(product), new.identities_of(product)
    known = renames(was, now).values()
    for name, identity in now.items():
        if name.startswith(f"{HISTORY} ") and was.get(name) != identity and name not in known:
            yield name.removeprefix(f"{HISTORY} ")


def _other_columns(product: str, old: State, new: State) -> Iterator[str]:
    was, now = old.identities_of(product), new.identities_of(product)
    kept = renames(was, now).values()
    for name, identity in now.items():
        if was.get(name) != identity and name not in kept and not is_inner(name):
            yield name


def _differing(old: State, new: State) -> frozenset[Part]:
    """Parts about which something else is written than before, whatever they are made from."""
    found: set[Part] = set()
    moved = old.renamed_in(new)
    for product in {*old.recipes, *new.recipes} - {*moved, *moved.values()}:
        was, now = old.identities_of(product), new.identities_of(product)
        other_name = renames(was, now)
        for name in {*was, *now}:
            if name in other_name or name in other_name.values() or was.get(name) == now.get(name):
                continue
            part = Part(product, name)
            if name not in was or name not in now or old.own(part) != new.own(part):
                found.add(part)
    return frozenset(found)


def _readers(old: State, new: State) -> dict[Part, set[Part]]:
    found: dict[Part, set[Part]] = {}
    for state in (old, new):
        for part in state.parts():
            for read in state.recipes[part.product].parts[part.name].reads:
                found.setdefault(read, set()).add(part)
            if part.name.startswith(HISTORY):
                # Versions may be cut or joined, and each has its key.
                found.setdefault(part, set()).add(Part(part.product, KEYS))
    return found


def _reached(start: Iterable[Part], readers: Mapping[Part, set[Part]]) -> dict[Part, bool]:
    """Everything made from the given parts, directly or not; True where only keys stand between."""
    found: dict[Part, bool] = {}
    queue = [(part, False) for part in start]
    while queue:
        part, by_keys = queue.pop()
        if part in found and (not found[part] or by_keys):
            continue
        found[part] = by_keys
        onward = by_keys or part.name == KEYS
        queue.extend((reader, onward) for reader in readers.get(part, ()))
    return found


def _effect(
    change: Change,
    old: State,
    new: State,
    differing: frozenset[Part],
    readers: Mapping[Part, set[Part]],
) -> Effect:
    touched = frozenset(part for part in differing if _concerns(change, part, old, new))
    reached = _reached(touched, readers)
    products: dict[str, Doing] = {}
    for product in dict.fromkeys(part.product for part in sorted(reached)):
        if _is_stored(product) and "." not in product:
            products[product] = _doing(product, old, new)
    _leave_to_keys(products, reached)
    products = {name: doing for name, doing in products.items() if doing != "keep"}
    asked = [part for part in reached if part.product.startswith("cube ")]
    cubes = [(part.product.removeprefix("cube "), part.name) for part in sorted(asked)]
    return Effect(
        change,
        _weight(change, touched, products, old),
        products,
        tuple(sorted(p.product for p in touched if p.name == LANDED and p.product in new.recipes)),
        tuple(f"{cube}.{name}" for cube, name in cubes if not name.startswith("level ")),
        tuple(f"{cube}: {name[6:]}" for cube, name in cubes if name.startswith("level ")),
    )


def _concerns(change: Change, part: Part, old: State, new: State) -> bool:
    """Whether a change may be why something else is written about a part."""
    kind, name = change.definition
    named = {change.name.rpartition(".")[2], change.old_name.rpartition(".")[2]}
    match kind:
        case "workspace":
            return True
        case "source":
            table = change.path[1] if len(change.path) == 2 else ""
            return part.name == LANDED and (
                part.product == f"{name}.{table}" or (not table and _source(part) == name)
            )
        case "mapping":
            own = part.product == name.partition("<")[0]
            return own and (
                len(change.path) < 2 or part.name in {*named, ROWS} or change.path[0] == "join"
            )
        case "entity":
            return part.product == name and (len(change.path) < 2 or part.name in {*named, ROWS})
        case "lookup":
            told = re.compile(rf"lookup {re.escape(name)}\b")
            return any(told.search(text) for state in (old, new) for text in state.texts(part))
        case "dimension":
            return part.product == f"dim_{name}" and (
                change.path[:1] not in (("attributes",), ("hierarchies",))
                or part.name in {*named, *(f"{HISTORY} {each}" for each in named)}
            )
        case "quality":
            told = re.compile(rf"quality {re.escape(name)}\b")
            both = (text for state in (old, new) for text in state.texts(part))
            return part.name in (QUALITY, ROWS) and any(told.search(text) for text in both)
        case "matching":
            own = part.product == golden_table(name)
            return own and (change.path[:1] != ("survivorship",) or part.name not in (ROWS, KEYS))
        case "decisions":
            return part.product == golden_table(name)
        case "bridge":
            return part.product == f"bridge_{name}"
        case "fact":
            one = len(change.path) == 2
            return part.product == f"fact_{name}" and (
                not one or part.name in {*named, *(f"{each}_original" for each in named)}
            )
        case "cube":
            return _of_cube(change, part, name, named)
    return False


def _of_cube(change: Change, part: Part, cube: str, named: set[str]) -> bool:
    if part.product == f"cube {cube}":
        return not change.path or change.path[0] != "measures" or part.name in named
    if not part.product.startswith(f"rollup_{cube}_"):
        return False
    if change.path[:1] == ("measures",):
        return part.name in named
    if change.path[:1] == ("rollups",):
        return part.product in {f"rollup_{cube}_{each}" for each in named}
    return True


def _source(part: Part) -> str:
    return part.product.partition(".")[0]


def _weight(
    change: Change, touched: frozenset[Part], products: Mapping[str, Doing], old: State
) -> Weight:
    shown = change.kind in _SHOWN_BY_NAME
    if shown and change.action in ("removed", "renamed"):
        return "breaking"
    if change.action == "changed" and _type(change.before) != _type(change.after):
        return "breaking"
    stored = [part for part in touched if _is_stored(part.product)]
    if not stored and not products:
        return "metadata_only"
    if set(products.values()) <= {"drop", "reshape", "check"}:
        return "metadata_only"
    if change.definition[0] in ("matching", "decisions"):
        return "backfill"
    known = set(old.parts())
    fresh = [p for p in stored if p not in known or p.name.startswith(HISTORY)]
    return "additive" if len(fresh) == len(stored) and not _redone(change) else "backfill"


def _redone(change: Change) -> bool:
    """Whether it is the history of something known that changes."""
    if change.kind != "attribute" or change.action != "changed":
        return False
    was, now = change.before or {}, change.after or {}
    return bool(was.get("history", "overwrite") != now.get("history", "overwrite"))


def _type(value: object) -> object:
    return value.get("type", "") if isinstance(value, dict) else ""


def _doing(product: str, old: State, new: State) -> Doing:
    if product not in new.recipes:
        return "drop"
    if product not in old.recipes:
        return "create"
    was, now = old.identities_of(product), new.identities_of(product)
    if was == now:
        return "keep"
    if _but(was, QUALITY) == _but(now, QUALITY) and product.startswith(_STORED):
        return "check"
    staged = not product.startswith(_STORED)
    other_name = renames(was, now)
    kept = {other_name.get(name, name): identity for name, identity in was.items()}
    gone = [name for name in kept if name not in now]
    if not staged and now.items() <= kept.items() and not any(map(is_inner, gone)):
        return "reshape"
    return "update" if product.startswith("dim_") and ROWS not in now else "rebuild"


def _but(identities: Mapping[str, str], part: str) -> dict[str, str]:
    return {name: identity for name, identity in identities.items() if name != part}


def _leave_to_keys(products: dict[str, Doing], reached: Mapping[Part, bool]) -> None:
    """Products that only the keys of a dimension lead to are made again if those change."""
    certain = {part.product for part, by_keys in reached.items() if not by_keys}
    by_keys = {part.product for part in reached} - certain
    for product in by_keys.intersection(products):
        if products[product] in ("rebuild", "keep"):
            products[product] = "if_keys_change"


def _is_stored(product: str) -> bool:
    return not product.startswith("cube ")
