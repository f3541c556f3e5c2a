"""The first page, and the page of everything that is personal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from metadata import Repository
from metadata.personal import personal_attribute, personal_fact_column
from metadata.scan import Scan
from pipelines.dictionary.pages import (
    KINDS,
    Badge,
    Cell,
    Link,
    Page,
    Ref,
    Row,
    Section,
    code,
    counted,
    listed,
    page_id,
    stacked,
    table,
    words,
)
from pipelines.dictionary.trail import Trail, place


def overview_page(repository: Repository, pages: Iterable[Page]) -> Page:
    """Everything that has a page, and what the shipped model has that is not loaded."""
    workspace = repository.workspace
    known = tuple(pages)
    sections: list[Section] = []
    for kind, title in KINDS:
        rows = [
            Row(((Link(page.title, Ref(page.id), code=False),), words(page.about),
                 words(page.brief)))
            for page in known
            if page.kind == kind
        ]  # fmt: skip
        if rows:
            found = table(title, ("name", "about", "holds"), rows)
            sections.append(Section(title, found.headings, found.rows, (), kind))
    if repository.absent:
        rows = [Row((words(name), words(why))) for name, why in sorted(repository.absent.items())]
        sections.append(table("Not loaded", ("what", "why"), rows))
    first = f"{workspace.fiscal_year_start}" if workspace.fiscal_year_start != 1 else ""
    facts = (
        ("Amounts in", words(workspace.currency)),
        ("Days begin in", words(workspace.time_zone)),
        ("Fiscal year begins in month", words(first)),
        ("Loads by", code(workspace.schedule.cron if workspace.schedule else "")),
        *(
            (
                f"Loads {', '.join(rule.definition.of) or 'everything'} by",
                code(rule.definition.schedule or ""),
            )
            for rule in repository.upkeep.schedules
        ),
        ("See also", listed(_others(known))),
    )
    return Page(
        "index",
        "overview",
        "overview",
        workspace.name,
        workspace.description or "What the warehouse holds, where it comes from and what it means.",
        facts=facts,
        sections=tuple(sections),
    )


def _others(pages: tuple[Page, ...]) -> Iterator[Cell]:
    for page in pages:
        if page.kind in ("personal", "portal"):
            yield (Link(page.title, Ref(page.id), code=False),)


def personal_page(repository: Repository, trail: Trail, scans: Mapping[str, Scan]) -> Page:
    """Every column that holds personal data, or is likely to."""
    entities = list(_entity_rows(repository, trail))
    shown = [*_dimension_rows(repository), *_fact_rows(repository)]
    likely = list(_likely_rows(trail, scans))
    sections = [
        table("Marked in the model", ("column", "meaning", "comes from", "goes into"), entities),
        table("Published", ("column", "made from personal data of"), shown),
    ]  # fmt: skip
    if likely:
        note = words("The last scan took these for personal data; no rule marks where they go.")
        sections.append(table("Likely, and not marked", ("column", "looks like"), likely, note))
    return Page(
        "personal",
        "personal",
        "personal",
        "Personal data",
        "Columns that say something about a person, from the sources to what is published.",
        badges=(Badge(counted(len(entities), "column"), "personal"),),
        sections=tuple(section for section in sections if section.rows),
        brief=counted(len(entities), "column"),
    )


def _entity_rows(repository: Repository, trail: Trail) -> Iterator[Row]:
    for name in repository.mapped_entities:
        written = repository.entities[name]
        for column, each in written.value.columns.items():
            node = f"entity:{name}.{column}"
            if each.personal and trail.about(node) is not None:
                yield Row(
                    (
                        stacked(
                            (Link(f"{name}.{column}", Ref(page_id("entity", name), column)),),
                            place(written.where("columns", column)),
                        ),
                        words(each.description),
                        trail.made_from(node),
                        trail.made(node),
                    )
                )


def _dimension_rows(repository: Repository) -> Iterator[Row]:
    for dimension in repository.dimensions.values():
        for attribute in dimension.attributes.values():
            if attribute.available and personal_attribute(repository, dimension, attribute):
                reads = attribute.definition.expr or str(attribute.path)
                page = Ref(page_id("dimension", dimension.name), attribute.name)
                name = f"{dimension.table}.{attribute.name}"
                yield Row(((Link(name, page),), code(reads)))


def _fact_rows(repository: Repository) -> Iterator[Row]:
    for fact in repository.facts.values():
        definition = fact.definition
        for column in (*fact.grain, *definition.degenerate, *definition.measures):
            if personal_fact_column(repository, fact, column):
                own = definition.measures.get(column) or definition.degenerate.get(column)
                reads = (own.expr or own.from_ or column) if own else column
                page = Ref(page_id("fact", fact.name), column)
                yield Row(((Link(f"{fact.table}.{column}", page),), code(reads)))


def _likely_rows(trail: Trail, scans: Mapping[str, Scan]) -> Iterator[Row]:
    for source, scan in sorted(scans.items()):
        for each in scan.tables:
            full = f"{source}.{each.name}"
            for column in each.columns:
                kind = column.profile.personal if column.profile else None
                if kind is None or _marked(trail, f"source:{full}.{column.name}"):
                    continue
                page = Ref(page_id("table", full), column.name)
                shown = (Link(f"{full}.{column.name}", page),)
                yield Row((shown, words(kind.replace("_", " "))))


def _marked(trail: Trail, node: str) -> bool:
    edges = trail.graph.out_of(node)
    return any(trail.graph.nodes[edge.target].personal for edge in edges)
