"""The dictionary as a static site: it opens from disk, needs no server and fetches nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from pipelines.dictionary.pages import (
    KINDS,
    Dictionary,
    Page,
    Place,
    Ref,
    Section,
    anchor,
)

_TEMPLATES = Path(__file__).resolve().parent / "templates"
_ASSETS = ("style.css", "theme.js", "search.js")
_SIBLINGS = 60
"""Pages of the same kind that are listed beside a page."""
_LISTED = {"table": "source"}
"""Kinds that are listed under another."""
_SAID = 140
_MARK = Markup(
    '<svg viewBox="0 0 32 32" fill="none" aria-hidden="true">'
    '<circle cx="12" cy="16" r="9" stroke="#2f8ba3" stroke-width="3"/>'
    '<circle cx="20" cy="16" r="9" stroke="#2f8ba3" stroke-width="3" opacity=".5"/></svg>'
)


def site(dictionary: Dictionary) -> Iterator[tuple[str, str]]:
    """The files of the site by their path in its folder. The same pages give the same files."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "address": address,
        "anchor": anchor,
        "section_id": section_id,
        "placed": _placed,
        "breakable": _breakable,
    }
    template = environment.get_template("page.html")
    groups = [(kind, title, dictionary.of_kind(kind)) for kind, title in KINDS]
    shown = [(kind, title, pages) for kind, title, pages in groups if pages]
    titles = {kind: title for kind, title, _ in shown}
    for page in dictionary.pages:
        listed = _LISTED.get(page.kind, page.kind)
        yield (
            f"{page.id}.html",
            template.render(
                page=page,
                dictionary=dictionary,
                groups=shown,
                listed=listed,
                kind_title=titles.get(listed, ""),
                siblings=_SIBLINGS,
                mark=_MARK,
            ),
        )
    for name in _ASSETS:
        yield f"assets/{name}", (_TEMPLATES / name).read_text(encoding="utf-8")
    yield "assets/names.js", _names(dictionary)


def address(ref: Ref) -> str:
    """The relative address of a page or a row."""
    row = f"#{anchor(ref.row)}" if ref.row else ""
    return f"{ref.page}.html{row}"


def section_id(section: Section) -> str:
    """Identity of a section on its page."""
    return anchor(section.name or section.title)


def _placed(place: Place) -> str:
    return f"{place.file}:{place.line}" if place.line else place.file


def _breakable(text: str) -> Markup:
    """A long name may be broken behind a dot, a slash or an underscore."""
    if len(text) < 18:
        return escape(text)
    shown = escape(text)
    for sign in ("/", "_", "."):
        shown = shown.replace(sign, Markup(f"{sign}<wbr>"))
    return Markup(shown)


def _names(dictionary: Dictionary) -> str:
    entries = [
        entry for page in dictionary.pages if page.kind != "overview" for entry in _entries(page)
    ]
    # Within a script, `</` would end it.
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    lines = text.replace("],[", "],\n[")
    return f"window.RAPPORT_NAMES = {lines};\n"


def _entries(page: Page) -> Iterator[list[str]]:
    title = page.title if page.title.casefold() != page.name.casefold() else ""
    yield [page.name, title, page.kind, address(Ref(page.id)), _cut(page.about)]
    for section in page.sections:
        for row in section.rows:
            if row.name and " " not in row.name:
                kind = _ROWS.get(page.kind, "column")
                to = address(Ref(page.id, row.name))
                yield [f"{page.name}.{row.name}", row.label, kind, to, _cut(row.about)]


_ROWS = {"cube": "measure", "dimension": "attribute", "fact": "fact column"}


def _cut(text: str) -> str:
    return text if len(text) <= _SAID else text[: _SAID - 1] + "…"
