"""What a product would be made of now: its recipe, the code that carries it out, and the data.

Made of the same, it would come out the same; so a step can be known to have nothing to do without
making its statements.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Set
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import transforms
from metadata import Repository
from pipelines.memory import Made, Memory, Remembered
from transforms import WAREHOUSE
from transforms.ingredients import (
    HISTORY,
    LANDED,
    MEMBERS,
    Part,
    Recipe,
    digest,
    identities,
    is_inner,
    renamed_products,
    renames,
)
from transforms.recipes import recipes

_TODAY = ("today", "current_date")


class Recipes:
    """The recipes of a workspace, and what their products would be made of at the moment."""

    def __init__(self, repository: Repository, memory: Memory) -> None:
        self._memory = memory
        self._zone = repository.workspace.time_zone
        self._recipes = recipes(repository)
        self._identities = identities(self._recipes, self._zone)

    @property
    def products(self) -> frozenset[str]:
        """Everything that the workspace loads."""
        return frozenset(self._recipes)

    def made_now(self, product: str, landed: Callable[[str], str]) -> dict[str, Made]:
        """What each part of a product would be made of.

        Args:
            product: its name.
            landed: a fingerprint of what has landed of a source table, by `source.table`.
        """

        def content(part: Part) -> str:
            return landed(part.product) if part.name == LANDED else self._memory.content(part)

        found: dict[str, Made] = {}
        for name, ingredients in self._recipes[product].parts.items():
            parts = [_code(), self._zone, ingredients.text, *map(content, ingredients.reads)]
            # What speaks of today must be done again tomorrow.
            if any(word in ingredients.text.lower() for word in _TODAY):
                parts.append(datetime.now(ZoneInfo(self._zone)).date().isoformat())
            made_of = digest(parts)
            found[name] = Made(self._identities[Part(product, name)], made_of, made_of)
        return found

    def held(
        self,
        product: str,
        known: Mapping[str, Made],
        now: Mapping[str, Made],
        changed: Set[Part],
    ) -> dict[str, Made]:
        """What a change of the metadata alone would make of a product.

        A part about which the same is written stays as it was made, although more has landed since,
        another day has come, or this release makes it otherwise: that is the next run's business.

        Args:
            product: its name.
            known: its parts as they were last made.
            now: its parts as they would be made of all there is.
            changed: parts of other products that the change has made otherwise.
        """
        old = renamed_from(known, now)

        def stays(name: str, made: Made) -> bool:
            reads = self._recipes[product].parts[name].reads
            same_words = name in old and known[old[name]].identity == made.identity
            return same_words and changed.isdisjoint(reads)

        return {n: known[old[n]] if stays(n, made) else made for n, made in now.items()}

    def formerly(self, product: str) -> str:
        """What a product that was never made is called where it stands; empty if it does not."""
        known = self._memory.parts(WAREHOUSE)
        was = {name: parts for name, parts in known.items() if name not in self._recipes}
        parts = self._recipes[product].parts
        now = {product: {name: self._identities[Part(product, name)] for name in parts}}
        return next(iter(renamed_products(was, now)), "") if product not in known else ""

    def recipe(self, product: str) -> Recipe:
        """A product's recipe."""
        return self._recipes[product]


def renamed_from(known: Mapping[str, Made], now: Mapping[str, Made]) -> dict[str, str]:
    """The names that parts had when they were last made, by those they have now."""
    return {
        **{name: name for name in now if name in known},
        **{new: old for old, new in renamed(known, now).items()},
    }


def differing(known: Mapping[str, Made], now: Mapping[str, Made]) -> frozenset[str]:
    """Parts whose readers find something else than before, by the names they have now."""
    old = renamed_from(known, now)
    return frozenset(
        n for n, m in now.items() if n not in old or known[old[n]].content != m.content
    )


def same(known: Mapping[str, Made], now: Mapping[str, Made]) -> bool:
    """Whether a product has the parts it should have, made of what they should be."""
    return {n: m.made_of for n, m in known.items()} == {n: m.made_of for n, m in now.items()}


def renamed(known: Mapping[str, Made], now: Mapping[str, Made]) -> dict[str, str]:
    """Columns whose names have changed and nothing else: new names by old ones."""
    was = {name: made.identity for name, made in known.items()}
    return renames(was, {name: made.identity for name, made in now.items()})


def dropped(known: Mapping[str, Made], now: Mapping[str, Made]) -> tuple[str, ...]:
    """Columns that nothing defines any more."""
    kept = renamed(known, now)
    return tuple(n for n in known if n not in now and n not in kept and not is_inner(n))


def redefined(known: Remembered | None, now: Mapping[str, Made]) -> frozenset[str]:
    """Parts that are made by another rule than before: what differs in them has not happened.

    MEMBERS is among them where a mapping makes the natural key otherwise, or does so no more, and
    HISTORY where an attribute keeps its history otherwise than before.
    """
    if known is None:
        return frozenset()
    found = {
        name
        for name, was in known.parts.items()
        if name in now and was.identity != now[name].identity
    }
    by = [name for name in known.parts if name.startswith(f"{MEMBERS} ")]
    if any(name not in now or name in found for name in by):
        found.add(MEMBERS)
    kept = [name for name in known.parts if name.startswith(f"{HISTORY} ")]
    if newly_kept(known, now) or any(name not in now for name in kept):
        found.add(HISTORY)
    return frozenset(found)


def newly_kept(known: Remembered | None, now: Mapping[str, Made]) -> dict[str, bool]:
    """Attributes whose history is kept that was not, or by another rule; for those True."""
    if known is None or not any(is_inner(name) and " " in name for name in known.parts):
        # An earlier release did not write it down.
        return {}
    old = renamed_from(known.parts, now)
    return {
        name.removeprefix(f"{HISTORY} "): name in old
        for name, made in now.items()
        if name.startswith(f"{HISTORY} ")
        and (name not in old or known.parts[old[name]].identity != made.identity)
    }


@functools.cache
def _code() -> str:
    """A hash of the code that turns definitions into statements."""
    folder = Path(transforms.__file__).parent
    return digest(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")))
