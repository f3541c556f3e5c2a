"""The dictionary as Markdown: a file a page, or many pages in one file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import assert_never

from pipelines.dictionary.pages import (
    Badge,
    Break,
    Cell,
    Dictionary,
    Inline,
    Link,
    More,
    Page,
    Place,
    Ref,
    Section,
    Text,
    anchor,
)

Address = Callable[[Ref], str]
"""Where a page or a row is found; empty where it is not."""
Linked = Callable[[Place], str]
"""The address of a file, where there is one to be shown."""
_SPECIAL = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_{}[]<>#|~"})


def files(dictionary: Dictionary) -> Iterator[tuple[str, str]]:
    """A file for each page, by name."""
    for page in dictionary.pages:
        yield f"{page.id}.md", "\n".join(page_lines(page, address)) + "\n"


def address(ref: Ref) -> str:
    """Where a page or a row is found when each page is a file."""
    return f"{ref.page}.md" + (f"#{anchor(ref.row)}" if ref.row else "")


def page_lines(
    page: Page,
    address: Address,
    *,
    level: int = 1,
    mark: Callable[[str], str] = anchor,
    linked: Linked = lambda place: "",
) -> Iterator[str]:
    """A page in lines.

    Args:
        page: what to spell.
        address: where other pages are found.
        level: of its heading.
        mark: the identity of a row, from its name.
        linked: the address of the file in which something is defined.
    """
    spell = _Spelling(address, linked)
    badges = "".join(f" ({badge.text})" for badge in page.badges)
    yield f"{'#' * level} {_plain(page.title)}{badges}"
    yield ""
    if page.about:
        yield from (_plain(page.about), "")
    told = [(label, spell.cell(value)) for label, value in page.facts if value]
    for label, value in told:
        yield f"- {label}: {value}"
    if told:
        yield ""
    for section in page.sections:
        yield from _section(section, spell, level + 1, mark)


def _section(
    section: Section, spell: _Spelling, level: int, mark: Callable[[str], str]
) -> Iterator[str]:
    if section.name:
        yield f'<a id="{mark(section.name)}"></a>'
        yield ""
    yield f"{'#' * level} {_plain(section.title)}"
    yield ""
    for sentence in section.words:
        yield from (spell.cell(sentence), "")
    if not section.rows:
        return
    yield f"| {' | '.join(section.headings)} |"
    yield "|" + "---|" * len(section.headings)
    for row in section.rows:
        first, *rest = (spell.cell(cell) for cell in row.cells)
        target = f'<a id="{mark(row.name)}"></a>' if row.name else ""
        yield f"| {' | '.join((target + first, *rest))} |"
    yield ""


class _Spelling:
    """Cells as Markdown that stands within a table."""

    def __init__(self, address: Address, linked: Linked) -> None:
        self._address = address
        self._linked = linked

    def cell(self, cell: Cell) -> str:
        return "".join(self._separated(cell)).strip()

    def _separated(self, cell: Iterable[Inline]) -> Iterator[str]:
        before: Inline | None = None
        for each in cell:
            if isinstance(before, Badge) and isinstance(each, Badge):
                yield ", "
            yield self._inline(each)
            before = each

    def _inline(self, each: Inline) -> str:
        match each:
            case Text(text, code):
                return _code(text) if code else _plain(text)
            case Link(text, to, code):
                shown, where = (_code(text) if code else _plain(text)), self._address(to)
                return f"[{shown}]({where})" if where else shown
            case Badge(text):
                return _plain(text)
            case Place(file, line):
                where = self._linked(each)
                named = file.rpartition("/")[2] if where else file
                shown = _plain(f"{named}:{line}" if line else named)
                return f"[{shown}]({where})" if where else shown
            case Break():
                return "<br>"
            case More(count):
                return f" and {count} more"
            case _:
                assert_never(each)


def _plain(text: str) -> str:
    """Words in which no sign means anything; spaces at the ends keep them apart from others."""
    shown = re.sub(r"\s+", " ", text).translate(_SPECIAL)
    # Between letters an underscore is one, and a name reads better without a sign before it.
    return re.sub(r"(?<=\w)\\_(?=\w)", "_", shown)


def _code(text: str) -> str:
    shown = " ".join(text.split()).replace("|", "\\|")
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"
