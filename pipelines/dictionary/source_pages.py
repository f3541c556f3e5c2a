"""Pages of sources and their tables, with what the newest scan found in them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from metadata import Repository
from metadata.lineage import Node
from metadata.model.source import Source
from metadata.repository import Written
from metadata.rule_words import rest_words
from metadata.scan import ColumnProfile, Scan, ScannedColumn, ScannedTable
from metadata.uses import Uses
from pipelines.dictionary.pages import (
    Badge,
    Cell,
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
from pipelines.dictionary.trail import Trail, place

_COLUMNS = ("column", "type", "comment", "empty", "different", "values", "used in")
_TABLES = ("table", "rows", "columns", "about", "feeds")
_VALUES = 5
_LONGEST = 40
_USER_INFO = re.compile(r"^([^:/]+://)[^/]*@")


def source_page(
    repository: Repository, trail: Trail, written: Written[Source], scan: Scan | None
) -> Page:
    """A source with its tables, those that are not read among them."""
    source = written.value
    found = {each.name: each for each in scan.tables} if scan else {}
    rows = [
        _table_row(trail, written, name, found.get(name))
        for name in [*source.tables, *(n for n in found if n not in source.tables)]
    ]
    facts: list[tuple[str, Cell]] = [
        ("Address", code(_address(source.url))),
        ("Schema", code(source.db_schema or "")),
        ("Last scan", words(_when(scan))),
        ("Defined at", place(written.where())),
    ]
    failures = [Row((code(name), words(why))) for name, why in scan.failures] if scan else []
    sections = [table("Tables", _TABLES, rows)]
    if failures:
        sections.append(table("Could not be read", ("table", "why"), failures))
    return Page(
        page_id("source", source.source),
        "source",
        source.source,
        source.source,
        source.description,
        facts=tuple(facts),
        sections=tuple(sections),
        brief=counted(len(source.tables), "table"),
    )


def _address(url: str) -> str:
    """The address as it may be shown: who signs in, and with what, is left out.

    >>> _address("postgresql://reader:secret@db/crm?password=x")
    'postgresql://…@db/crm'
    """
    return _USER_INFO.sub(r"\1…@", url.partition("?")[0])


def _when(scan: Scan | None) -> str:
    if scan is None:
        return "never; `rapport scan` profiles its columns"
    return f"{scan.scanned_at:%Y-%m-%d %H:%M} (version {scan.version})"


def _table_row(
    trail: Trail, written: Written[Source], name: str, found: ScannedTable | None
) -> Row:
    source = written.value
    settings = source.tables.get(name)
    full = f"{source.source}.{name}"
    about = (settings.description if settings else "") or (found.comment if found else "")
    rows = f"{found.rows:,}" if found is not None and found.rows is not None else ""
    columns = f"{len(found.columns):,}" if found else ""
    where: Cell = (Badge("not read"),)
    if settings is not None:
        where = place(written.where("tables", name))
    return Row(
        (
            stacked((Link(name, Ref(page_id("table", full))),), where),
            words(rows),
            words(columns),
            words(about),
            trail.made(f"source:{full}") if trail.about(f"source:{full}") else (),
        )
    )


def table_pages(
    trail: Trail, written: Written[Source], scan: Scan | None, uses: Uses
) -> Iterator[Page]:
    """A page for each table of a source, declared or only found."""
    source = written.value
    found = {each.name: each for each in scan.tables} if scan else {}
    for name in [*source.tables, *(n for n in found if n not in source.tables)]:
        yield _table_page(trail, written, name, found.get(name), uses)


def _table_page(
    trail: Trail, written: Written[Source], name: str, found: ScannedTable | None, uses: Uses
) -> Page:
    source = written.value
    full = f"{source.source}.{name}"
    settings = source.tables.get(name)
    node = f"source:{full}"
    facts: list[tuple[str, Cell]] = [
        ("Source", (Link(source.source, Ref(page_id("source", source.source))),)),
    ]
    if found is not None:
        rows = "" if found.rows is None else f"{found.rows:,}"
        facts += [("In the source", code(found.native_name)), ("Rows", words(rows))]
    key = (settings.primary_key if settings else ()) or (found.primary_key if found else ())
    facts += [
        ("Key", listed(code(column) for column in key)),
        ("Feeds", trail.made(node) if trail.about(node) else ()),
        ("Defined at", place(written.where("tables", name)) if settings else ()),
    ]
    sections = [_columns(trail, full, found, uses)]
    if settings is not None:
        read = list(rest_words(settings, {"description", "primary_key"}))
        if read:
            sections.append(Section("How it is read", words=tuple(words(line) for line in read)))
    if found is not None and found.foreign_keys:
        sections.append(_foreign_keys(source.source, found))
    about = (settings.description if settings else "") or (found.comment if found else "")
    return Page(
        page_id("table", full),
        "table",
        full,
        full,
        about,
        badges=() if settings else (Badge("not read"),),
        facts=tuple(facts),
        sections=tuple(sections),
        brief=counted(len(found.columns), "column") if found else "",
    )


def _columns(trail: Trail, table_name: str, found: ScannedTable | None, uses: Uses) -> Section:
    read = {n.column or "": n for n in trail.graph.columns(f"source:{table_name}")}
    if found is None:
        rows = [_unscanned(trail, node, uses) for node in read.values()]
        note = words("The table has not been scanned: only columns that rules read are known.")
        return table("Columns", _COLUMNS, rows, note)
    folded = {name.casefold(): node for name, node in read.items()}
    rows = [
        _scanned(trail, table_name, column, found, folded.get(column.name.casefold()), uses)
        for column in found.columns
    ]
    return table("Columns", _COLUMNS, rows)


def _unscanned(trail: Trail, node: Node, uses: Uses) -> Row:
    used = _used(trail, node.table, node.column or "", node, uses)
    marks = (Badge("personal", "personal"),) if _fed_to_personal(trail, node, _ANY) else ()
    first = (code(node.column or ""), stacked(words(node.type), marks))
    return Row((*first, (), (), (), (), used), name=node.column or "")


def _scanned(
    trail: Trail,
    table_name: str,
    column: ScannedColumn,
    found: ScannedTable,
    node: Node | None,
    uses: Uses,
) -> Row:
    profile = column.profile
    how = _COPIED if profile is not None else _ANY
    personal = bool(profile and profile.personal) or _fed_to_personal(trail, node, how)
    hidden = personal or _fed_to_personal(trail, node, _ANY)
    marks: list[Badge] = []
    if column.name in found.primary_key:
        marks.append(Badge("key", "key"))
    elif not column.nullable:
        marks.append(Badge("required"))
    if personal:
        kind = profile.personal if profile and profile.personal else ""
        marks.append(
            Badge(f"personal: {kind.replace('_', ' ')}" if kind else "personal", "personal")
        )
    native = column.native_type
    differs = bool(native) and native.casefold() != column.type.casefold()
    spelled: Cell = (Text(native, faint=True),) if differs else ()
    return Row(
        (
            code(column.name),
            stacked(words(column.type), spelled, tuple(marks)),
            words(column.comment),
            words(_share(profile.nulls, profile.sampled) if profile else ""),
            words(f"{profile.distinct:,}" if profile else ""),
            stacked(_patterns(profile), _values(profile, hidden=hidden)) if profile else (),
            _used(trail, table_name, column.name, node, uses),
        ),
        name=column.name,
        about=column.comment,
    )


def _used(trail: Trail, table_name: str, column: str, node: Node | None, uses: Uses) -> Cell:
    """The columns that are made from it, and below them the rules that only decide by it."""
    links = trail.made(node.id) if node is not None else ()
    deciding = dict.fromkeys(
        use.by for use in uses.of_column(table_name, column) if use.by.startswith("the ")
    )
    return stacked(links, shortened(((Text(each, faint=True),) for each in deciding), 2))


_COPIED = frozenset(("copied", "cleansed"))
_ANY = frozenset(("copied", "cleansed", "expression", "lookup"))


def _fed_to_personal(trail: Trail, node: Node | None, how: frozenset[str]) -> bool:
    """Whether an entity's personal column is made from it in one of these ways."""
    if node is None:
        return False
    edges = trail.graph.out_of(node.id)
    return any(e.how in how and trail.graph.nodes[e.target].personal for e in edges)


def _share(part: int, whole: int) -> str:
    if not whole:
        return ""
    share = part / whole
    return "0%" if part == 0 else "<1%" if share < 0.01 else f"{share:.0%}"


def _values(profile: ColumnProfile, *, hidden: bool) -> Cell:
    """The range and the most frequent values; of personal data nothing is shown."""
    if hidden:
        return (Text("not shown", faint=True),)
    found: list[Cell] = []
    if profile.minimum is not None and profile.maximum is not None:
        found.append(words(f"{_short(profile.minimum)} … {_short(profile.maximum)}"))
    often = [value for value, rows in profile.top if rows > 1][:_VALUES]
    if often:
        found.append(listed(code(_short(value)) for value in often))
    return lines(found)


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"


def _patterns(profile: ColumnProfile) -> Cell:
    told = []
    for each in profile.patterns:
        if each.pattern != "text" and each.share >= 0.05:
            name = each.pattern.replace("_", " ")
            written = f" ({each.format})" if each.format else ""
            share = "" if each.share > 0.995 else f" {each.share:.0%}"
            told.append(words(f"{name}{written}{share}"))
    return listed(told)


def _foreign_keys(source: str, found: ScannedTable) -> Section:
    rows = [
        Row(
            (
                listed(code(column) for column in each.columns),
                (Link(each.table, Ref(page_id("table", f"{source}.{each.table}"))),),
                listed(code(column) for column in each.references),
            )
        )
        for each in found.foreign_keys
    ]
    return table("Foreign keys", ("columns", "table", "key there"), rows)
