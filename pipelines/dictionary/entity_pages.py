"""Pages of entities with the mappings that fill them, and of lookups."""

from __future__ import annotations

from collections.abc import Iterator

from metadata import Repository
from metadata.model.mapping import Lookup
from metadata.model.star import Entity
from metadata.repository import ResolvedMapping, Written
from metadata.rule_words import column_words, mapping_words
from pipelines.dictionary.pages import (
    Badge,
    Cell,
    Inline,
    Link,
    Page,
    Ref,
    Row,
    Section,
    Text,
    code,
    counted,
    lines,
    listed,
    page_id,
    shortened,
    stacked,
    table,
    words,
)
from pipelines.dictionary.star_pages import COLUMNS, PERSONAL, UNFED
from pipelines.dictionary.trail import Trail, place

_RULES = ("column", "how it is filled", "made from")


def entity_page(repository: Repository, trail: Trail, name: str) -> Page:
    """An entity with its columns, and each mapping that fills it with its rules in words."""
    written = repository.entities[name]
    entity = written.value
    mappings = repository.mappings_of(name) if trail.sources else ()
    fed = {column for m in repository.mappings_of(name) for column in m.definition.columns}
    personal = sum(column.personal for column in entity.columns.values())
    facts = (
        ("Key", listed(code(key) for key in entity.key)),
        ("Last changed", code(entity.changed_at or "")),
        ("Filled from", listed((_to_table(m.definition.from_),) for m in mappings)),
        ("Used in", trail.goes_into(f"entity:{name}")),
        ("Defined at", place(written.where())),
    )
    rows = [_column_row(trail, written, column, fed=column in fed) for column in entity.columns]
    return Page(
        page_id("entity", name),
        "entity",
        name,
        name.replace("_", " ").capitalize(),
        entity.description,
        badges=(Badge("personal data", "personal"),) if personal else (),
        facts=facts,
        sections=(
            table("Columns", COLUMNS, rows),
            *(_mapping(trail, mapping) for mapping in mappings),
        ),
        brief=counted(len(entity.columns), "column"),
    )


def _to_table(name: str) -> Link:
    return Link(name, Ref(page_id("table", name)))


def _column_row(trail: Trail, written: Written[Entity], name: str, *, fed: bool) -> Row:
    entity = written.value
    column = entity.columns[name]
    marks: list[Inline] = []
    if name in entity.key:
        marks.append(Badge("key", "key"))
    elif column.required:
        marks.append(Badge("required"))
    if column.personal:
        marks.append(PERSONAL)
    if not fed:
        marks.append(UNFED)
    about: Cell = words(column.description)
    if column.references:
        to = Link(column.references, Ref(page_id("entity", column.references)))
        about = (*about, Text(" Refers to " if about else "Refers to "), to, Text("."))
    node = f"entity:{entity.entity}.{name}"
    known = trail.about(node) is not None
    return Row(
        (
            stacked(code(name), place(written.where("columns", name))),
            stacked(words(column.type), tuple(marks)),
            about,
            trail.made_from(node) if known else (),
            trail.goes_into(node) if known else (),
        ),
        name=name,
        about=column.description,
    )


def _mapping(trail: Trail, mapping: ResolvedMapping) -> Section:
    definition, written = mapping.definition, mapping.written
    rows = []
    for name, rule in definition.columns.items():
        sources = listed(_read(mapping, name, trail))
        steps = lines(words(step) for step in column_words(rule))
        where = place(written.where("columns", name))
        rows.append(Row((stacked(code(name), where), steps, sources)))
    more = [words(definition.description)] if definition.description else []
    more += [words(sentence) for sentence in mapping_words(definition)]
    found = table(f"Mapping from {definition.from_}", _RULES, rows, *more, place(written.where()))
    return Section(found.title, found.headings, found.rows, found.words, f"mapping {mapping.name}")


def _read(mapping: ResolvedMapping, column: str, trail: Trail) -> Iterator[Cell]:
    """The columns of this mapping's own tables that go into a column."""
    joined = {join.table for join in mapping.definition.join.values()}
    own = {mapping.definition.from_, *joined}
    for edge in trail.graph.into(f"entity:{mapping.definition.entity}.{column}"):
        node = trail.graph.nodes[edge.source]
        to = trail.ref(node)
        if edge.direct and to is not None and (node.table in own or node.kind == "lookup"):
            yield (Link(node.name, to),)


def lookup_page(repository: Repository, trail: Trail, written: Written[Lookup]) -> Page:
    """A lookup with its codes, or the table from which they are read."""
    lookup = written.value
    name = lookup.lookup
    facts: list[tuple[str, Cell]] = [
        ("Used by", _users(repository, name)),
        ("Used in", trail.goes_into(f"lookup:{name}") if trail.about(f"lookup:{name}") else ()),
        ("Defined at", place(written.where())),
    ]
    sections = []
    if lookup.from_ is not None:
        read = (_to_table(lookup.from_), Text(f": {lookup.key} means {lookup.value}"))
        facts.insert(0, ("Read from", read))
        facts.insert(1, ("Only rows where", code(lookup.where or "")))
    else:
        rows = [
            Row((stacked(code(key), place(written.where("values", key))), words(value)))
            for key, value in (lookup.values or {}).items()
        ]
        sections.append(table("Codes", ("code", "meaning"), rows))
    return Page(
        page_id("lookup", name),
        "lookup",
        name,
        name.replace("_", " ").capitalize(),
        lookup.description,
        facts=tuple(facts),
        sections=tuple(sections),
        brief=counted(len(lookup.values), "code") if lookup.values else f"from {lookup.from_}",
    )


def _users(repository: Repository, lookup: str) -> Cell:
    found: dict[Ref, str] = {}
    for mapping in repository.mappings:
        for column, rule in mapping.definition.columns.items():
            if rule.lookup == lookup:
                entity = mapping.definition.entity
                found[Ref(page_id("entity", entity), column)] = f"{entity}.{column}"
    return shortened((Link(text, to),) for to, text in found.items())
