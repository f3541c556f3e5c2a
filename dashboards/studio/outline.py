"""What a workspace's texts define, right or wrong: each definition with its file and its place.

Forms work on this, so that they can mend what the checks refuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from metadata.errors import Issue, MetadataError
from metadata.kinds import kind_of
from metadata.loader import FOLDERS as LOADED
from metadata.loader import shipped_texts
from metadata.portal import OWN as OWN_PORTAL
from metadata.portal import SHIPPED
from metadata.yaml_tree import parse_documents, read_text

SHIPPED_PORTAL = f"dashboards/definitions/{SHIPPED.name}"

Kind = str
"""The name of a kind of definition, as in `metadata.kinds.KINDS`."""


@dataclass(frozen=True)
class Entry:
    """One definition as it is written in one document."""

    kind: Kind
    name: str
    file: str
    document: int
    """Position among the file's documents, from 0."""
    line: int
    content: dict[str, Any]
    shipped: bool = False

    @property
    def key(self) -> str:
        """What addresses call it."""
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True)
class Outline:
    """All definitions of a workspace, and the files that cannot be read as YAML."""

    entries: tuple[Entry, ...]
    broken: Mapping[str, tuple[Issue, ...]]

    def of(self, kind: Kind) -> tuple[Entry, ...]:
        """The workspace's own definitions of a kind, in order of name."""
        own = [each for each in self.entries if each.kind == kind and not each.shipped]
        return tuple(sorted(own, key=lambda each: (each.name, each.file)))

    def find(self, kind: Kind, name: str) -> Entry | None:
        """The workspace's own definition of that name; the last where there are several."""
        found = [e for e in self.entries if e.kind == kind and e.name == name and not e.shipped]
        return found[-1] if found else None

    def shipped(self, kind: Kind, name: str) -> Entry | None:
        """The shipped definition that a workspace's own extends."""
        found = [e for e in self.entries if e.kind == kind and e.name == name and e.shipped]
        return found[0] if found else None

    def names(self, kind: Kind) -> tuple[str, ...]:
        """Names of a kind, the shipped ones among them."""
        return tuple(sorted({each.name for each in self.entries if each.kind == kind}))

    def effective(self, kind: Kind, name: str) -> dict[str, Any]:
        """What a definition says all in all: the shipped one extended by the workspace's own."""
        content: dict[str, Any] = {}
        for entry in self.entries:
            if entry.kind == kind and entry.name == name:
                content = extended(content, entry.content)
        return content


def outline(texts: Mapping[str, str]) -> Outline:
    """Outline a workspace's texts over the shipped model."""
    entries: list[Entry] = list(_shipped())
    broken: dict[str, tuple[Issue, ...]] = {}
    mappings: dict[str, int] = {}
    for name in sorted(texts):
        found, issues = _file(name, texts[name])
        if issues:
            broken[name] = issues
        for entry in found:
            if entry.kind == "mapping":
                mappings[entry.name] = mappings.get(entry.name, 0) + 1
                if mappings[entry.name] > 1:
                    numbered = f"{entry.name}#{mappings[entry.name]}"
                    entry = Entry(
                        entry.kind, numbered, entry.file, entry.document, entry.line, entry.content
                    )
            entries.append(entry)
    return Outline(tuple(entries), broken)


def extended(base: dict[str, Any], addition: dict[str, Any]) -> dict[str, Any]:
    """Maps are merged deeply; everything else is replaced by what is said later."""
    result = dict(base)
    for key, value in addition.items():
        old = result.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        result[key] = extended(old or {}, value) if both else value
    return result


@lru_cache(maxsize=4096)
def _file(
    name: str, text: str, shipped: bool = False
) -> tuple[tuple[Entry, ...], tuple[Issue, ...]]:
    entries: list[Entry] = []
    try:
        for number, document in enumerate(parse_documents(text, name)):
            kind, title = _kind(name, document.content, shipped)
            if kind is not None:
                where = document.where()
                entries.append(
                    Entry(kind, title, name, number, where.line, document.content, shipped)
                )
    except MetadataError as error:
        return tuple(entries), error.issues
    return tuple(entries), ()


def _kind(name: str, content: dict[str, Any], shipped: bool) -> tuple[Kind | None, str]:
    if shipped and name != SHIPPED_PORTAL:
        # A cube also names a fact, and a bridge, fact or dimension its entity.
        kind = next((each for each in ("cube", *LOADED["model"]) if each in content), None)
        return kind, str(content.get(kind, "?")) if kind else ""
    found = kind_of(OWN_PORTAL if shipped else name, content)
    if found is None:
        return None, ""
    if found.file:
        return found.name, found.name
    if found.name == "mapping":
        return found.name, f"{content.get('entity', '?')}<{content.get('from', '?')}"
    return found.name, str(content.get(found.name, "?"))


@lru_cache(maxsize=1)
def _shipped() -> tuple[Entry, ...]:
    found: list[Entry] = []
    for name, text in sorted(all_shipped().items()):
        entries, _ = _file(name, text, shipped=True)
        found.extend(entries)
    return tuple(found)


def all_shipped() -> dict[str, str]:
    """The texts of everything that is shipped: model, cubes and portal."""
    return {**shipped_texts(), SHIPPED_PORTAL: read_text(SHIPPED, SHIPPED_PORTAL)}
