"""Links that lead nowhere become words: what is not loaded has no page."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import replace

from pipelines.dictionary.pages import Cell, Inline, Link, More, Page, Ref, Section, Text


def settled(pages: Iterable[Page]) -> tuple[Page, ...]:
    """The pages, with every link to a page or row that is among them, and no other."""
    found = tuple(pages)
    known = {Ref(page.id) for page in found}
    for page in found:
        for section in page.sections:
            known |= {Ref(page.id, name) for name in (section.name, *_rows(section)) if name}
    return tuple(_page(page, known) for page in found)


def _rows(section: Section) -> Iterable[str]:
    return (row.name for row in section.rows)


def _page(page: Page, known: Set[Ref]) -> Page:
    return replace(
        page,
        facts=tuple((label, _cell(value, known)) for label, value in page.facts),
        sections=tuple(
            replace(
                section,
                words=tuple(_cell(each, known) for each in section.words),
                rows=tuple(
                    replace(row, cells=tuple(_cell(cell, known) for cell in row.cells))
                    for row in section.rows
                ),
            )
            for section in page.sections
        ),
    )


def _cell(cell: Cell, known: Set[Ref]) -> Cell:
    return tuple(_inline(each, known) for each in cell)


def _inline(each: Inline, known: Set[Ref]) -> Inline:
    if isinstance(each, More):
        return More(each.count, _cell(each.rest, known))
    if not isinstance(each, Link) or each.to in known:
        return each
    whole = Ref(each.to.page)
    return replace(each, to=whole) if whole in known else Text(each.text, code=each.code)
