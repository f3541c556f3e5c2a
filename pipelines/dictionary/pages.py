"""A data dictionary as values: pages of facts, texts and tables that know one another.

What is said is decided once; `html` and `markdown` only spell it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "overview", "cube", "fact", "dimension", "bridge", "entity", "lookup", "source", "table",
    "portal", "personal",
]  # fmt: skip
KINDS: tuple[tuple[Kind, str], ...] = (
    ("cube", "Cubes"),
    ("fact", "Facts"),
    ("dimension", "Dimensions"),
    ("bridge", "Bridges"),
    ("entity", "Entities"),
    ("lookup", "Lookups"),
    ("source", "Sources"),
)
"""Kinds of pages that are listed, from what analysts see to where it comes from."""
Tone = Literal["plain", "key", "personal", "good", "warn"]


@dataclass(frozen=True, order=True)
class Ref:
    """A page, or a row on it."""

    page: str
    row: str = ""


@dataclass(frozen=True)
class Text:
    """Plain words, or code where `code` is set; `faint` words are beside the point."""

    text: str
    code: bool = False
    faint: bool = False


@dataclass(frozen=True)
class Link:
    """Words that lead to a page."""

    text: str
    to: Ref
    code: bool = True


@dataclass(frozen=True)
class Badge:
    """A short mark."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Place:
    """Where something is defined: `file:line`."""

    file: str
    line: int


@dataclass(frozen=True)
class Break:
    """What follows stands on a new line."""


@dataclass(frozen=True)
class More:
    """The rest of a long list, which is shown when it is asked for."""

    count: int
    rest: tuple[Inline, ...]


Inline = Text | Link | Badge | Place | Break | More
Cell = tuple[Inline, ...]


@dataclass(frozen=True)
class Row:
    """A row of a table; `name` is what links to it say, where anything does."""

    cells: tuple[Cell, ...]
    name: str = ""
    label: str = ""
    about: str = ""


@dataclass(frozen=True)
class Section:
    """A heading with words and, where there are rows, a table."""

    title: str
    headings: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    words: tuple[Cell, ...] = ()
    name: str = ""
    """What links to the section say, where anything does."""


@dataclass(frozen=True)
class Page:
    """One thing with everything that is known of it."""

    id: str
    kind: Kind
    name: str
    title: str
    about: str = ""
    badges: tuple[Badge, ...] = ()
    facts: tuple[tuple[str, Cell], ...] = ()
    sections: tuple[Section, ...] = ()
    brief: str = ""
    """How much of it there is, for lists: `31 columns`."""


@dataclass(frozen=True)
class Dictionary:
    """All pages; the first is the overview."""

    title: str
    pages: tuple[Page, ...]

    def of_kind(self, kind: Kind) -> tuple[Page, ...]:
        """Pages of one kind, in order."""
        return tuple(page for page in self.pages if page.kind == kind)


def page_id(kind: str, name: str) -> str:
    """Identity of a page, which is also the name of its file.

    >>> page_id("cube", "sales")
    'cube-sales'
    >>> page_id("table", "erp.Sales Order")
    'table-erp.~53ales~20~4frder'
    """
    # Files that differ only in case would be one on many disks.
    return f"{kind}-{re.sub(r'[^a-z0-9_.-]', lambda m: f'~{ord(m.group()):x}', name)}"


def anchor(name: str) -> str:
    """Identity of a row on its page."""
    return re.sub(r"[^A-Za-z0-9_.-]", lambda m: f"~{ord(m.group()):x}", name)


def words(text: str) -> Cell:
    """A plain text; nothing where there is none."""
    return (Text(text),) if text else ()


def code(text: str) -> Cell:
    """Something as it is written in a file or a statement."""
    return (Text(text, code=True),) if text else ()


def joined(cells: Iterable[Cell], by: Inline) -> Cell:
    """Cells one after the other, with something between."""
    found: list[Inline] = []
    for cell in cells:
        if found and cell:
            found.append(by)
        found.extend(cell)
    return tuple(found)


def lines(cells: Iterable[Cell]) -> Cell:
    """Cells one below the other."""
    return joined(cells, Break())


def listed(cells: Iterable[Cell]) -> Cell:
    """Cells separated by commas."""
    return joined(cells, Text(", "))


def shortened(cells: Iterable[Cell], most: int = 5) -> Cell:
    """Cells separated by commas, the first few at once and the rest when they are asked for."""
    found = [cell for cell in cells if cell]
    if len(found) <= most + 1:
        return listed(found)
    rest = listed(found[most:])
    return (*listed(found[:most]), More(len(found) - most, rest))


def stacked(*cells: Cell) -> Cell:
    """What is there of several cells, one below the other."""
    return lines(cell for cell in cells if cell)


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun.

    >>> counted(1, "entity", "entities"), counted(2, "column")
    ('1 entity', '2 columns')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def used(headings: Sequence[str], rows: Sequence[Row]) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """A table without the columns in which no row says anything; the first one always stays."""
    kept = [
        place
        for place in range(len(headings))
        if place == 0 or any(row.cells[place] for row in rows)
    ]
    shorter = tuple(
        Row(tuple(row.cells[place] for place in kept), row.name, row.label, row.about)
        for row in rows
    )
    return tuple(headings[place] for place in kept), shorter


def table(title: str, headings: Sequence[str], rows: Iterable[Row], *more: Cell) -> Section:
    """A section with a table, its empty columns left out."""
    kept, shorter = used(headings, tuple(rows))
    return Section(title, kept, shorter, more)
