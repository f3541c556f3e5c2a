"""Pages of dimensions, bridges and facts."""

from __future__ import annotations

from collections.abc import Iterator

from metadata import Repository
from metadata.ossie.datasets import described
from metadata.personal import personal_attribute, personal_fact_column, personal_key
from metadata.repository import (
    ResolvedAttribute,
    ResolvedBridge,
    ResolvedDimension,
    ResolvedFact,
    ResolvedRole,
)
from pipelines.dictionary.pages import (
    Badge,
    Cell,
    Link,
    Page,
    Ref,
    Row,
    Section,
    Text,
    Tone,
    code,
    counted,
    listed,
    page_id,
    shortened,
    stacked,
    table,
    words,
)
from pipelines.dictionary.trail import Trail, place

PERSONAL = Badge("personal", "personal")
UNFED = Badge("not fed", "warn")
COLUMNS = ("column", "type", "meaning", "made from", "used in")
_HISTORY: dict[str, Tone] = {"track": "good", "fixed": "key", "overwrite": "plain"}


def dimension_page(repository: Repository, trail: Trail, dimension: ResolvedDimension) -> Page:
    """A dimension with its attributes, their history, its hierarchies, and where it is used."""
    definition = dimension.definition
    node = f"dimension:{dimension.table}"
    rows = list(_dimension_rows(repository, trail, dimension))
    facts = [
        ("Table", code(dimension.table)),
        ("Key", (*code(dimension.surrogate_key), Text(", the version in force; -1 is unknown"))),
        ("Members told apart by", code(dimension.natural_key)),
        ("From", _entity(dimension) or words("the workspace's calendar")),
        ("Known by", code(definition.caption or "")),
        ("Parent", code(definition.parent or "")),
        ("Unknown member", words(definition.unknown)),
        ("Played in", _played(repository, dimension)),
        ("Used in", trail.goes_into(node)),
        ("Defined at", place(dimension.written.where())),
    ]
    hierarchies = [
        Row(
            (
                stacked(
                    words(each.label or name.replace("_", " ").capitalize()),
                    code(name),
                    place(dimension.written.where("hierarchies", name)),
                ),
                words(" › ".join(_label(dimension, level) for level in each.levels)),
            )
        )
        for name, each in definition.hierarchies.items()
    ]
    sections = [table("Attributes", COLUMNS, rows), *_further(trail, node, rows)]
    if hierarchies:
        headings = ("hierarchy", "levels, from wide to narrow")
        sections.append(table("Hierarchies", headings, hierarchies))
    if dimension.tracks:
        sections.append(Section("History", words=(words(_TRACKS),)))
    return Page(
        page_id("dimension", dimension.name),
        "dimension",
        dimension.name,
        dimension.label,
        definition.description,
        badges=(Badge("keeps history", "good"),) if dimension.tracks else (),
        facts=tuple(facts),
        sections=tuple(sections),
        brief=counted(len(dimension.attributes), "attribute"),
    )


_TRACKS = (
    "An attribute marked track counts for its time: a change closes the version in force and opens"
    " another. One marked overwrite shows its last value for all time; one marked fixed its first."
)


def _further(trail: Trail, node: str, rows: list[Row]) -> Iterator[Section]:
    """Columns that no definition writes: keys, the time of a version, amounts as they came."""
    told = {row.name for row in rows}
    added = [
        _row(trail, each.id, each.column or "", "", each.type, (), each.description, ())
        for each in trail.graph.columns(node)
        if each.column not in told
    ]
    if added:
        yield table("Columns that Rapport adds", COLUMNS, added)


def _label(dimension: ResolvedDimension, attribute: str) -> str:
    found = dimension.attributes.get(attribute)
    return found.label if found is not None else attribute


def _entity(dimension: ResolvedDimension) -> Cell:
    if dimension.entity is None:
        return ()
    name = dimension.entity.entity
    return (Text("entity "), Link(name, Ref(page_id("entity", name))))


def _played(repository: Repository, dimension: ResolvedDimension) -> Cell:
    return shortened(
        (Link(f"{fact.name}.{role.name}", Ref(page_id("fact", fact.name), role.key_column)),)
        for fact in repository.facts.values()
        for role in fact.roles.values()
        if role.dimension.name == dimension.name
    )


def _dimension_rows(
    repository: Repository, trail: Trail, dimension: ResolvedDimension
) -> Iterator[Row]:
    natural = dimension.natural_key
    if natural not in dimension.attributes:
        node = f"dimension:{dimension.table}.{natural}"
        column = dimension.entity.columns[natural] if dimension.entity else None
        about = column.description if column else "The day."
        marks = (Badge("key", "key"), *((PERSONAL,) if personal_key(dimension) else ()))
        yield _row(
            trail, node, natural, "", column.type if column else "date", marks, about,
            place(dimension.written.where()),
        )  # fmt: skip
    for attribute in dimension.attributes.values():
        yield _attribute_row(repository, trail, dimension, attribute)


def _attribute_row(
    repository: Repository, trail: Trail, dimension: ResolvedDimension, attribute: ResolvedAttribute
) -> Row:
    definition = attribute.definition
    marks = [Badge(definition.history, _HISTORY.get(definition.history, "plain"))]
    if dimension.entity is None:
        marks = []
    if attribute.name == dimension.natural_key:
        marks.insert(0, Badge("key", "key"))
    if personal_attribute(repository, dimension, attribute):
        marks.append(PERSONAL)
    if not attribute.available and dimension.entity is not None:
        marks.append(UNFED)
    about = described(repository, dimension, attribute)
    if definition.sort_by:
        about = f"{about} Sorted by {definition.sort_by}.".strip()
    node = f"dimension:{dimension.table}.{attribute.name}"
    where = place(dimension.written.where("attributes", attribute.name))
    return _row(
        trail, node, attribute.name, attribute.label, attribute.type, tuple(marks), about, where,
        definition.expr,
    )  # fmt: skip


def _row(
    trail: Trail,
    node: str,
    name: str,
    label: str,
    kind: str,
    marks: tuple[Badge, ...],
    about: str,
    where: Cell,
    formula: str | None = None,
) -> Row:
    known = trail.about(node) is not None
    shown = label if label.casefold() != name.replace("_", " ").casefold() else ""
    meaning = f"{shown}. {about}".strip() if shown else about
    return Row(
        (
            stacked(code(name), where),
            stacked(words(kind), marks),
            stacked(words(meaning.rstrip(".") + "." if meaning else ""), code(formula or "")),
            trail.made_from(node) if known else (),
            trail.goes_into(node) if known else (),
        ),
        name=name,
        label=shown,
        about=about,
    )


def bridge_page(trail: Trail, bridge: ResolvedBridge) -> Page:
    """A bridge with both its ends and the share."""
    definition = bridge.definition
    ends = [
        (Link(end.label, Ref(page_id("dimension", end.name)), code=False),)
        for end in (bridge.dimension, bridge.group)
    ]
    facts = (
        ("Table", code(bridge.table)),
        ("Between", (*ends[0], Text(" and "), *ends[1])),
        ("From", (Text("entity "), _to_entity(bridge.entity.entity))),
        ("Share", code(definition.weight or "")),
        ("Shares make 1 within", code(definition.within or "")),
        ("Defined at", place(bridge.written.where())),
    )
    columns = (bridge.dimension.surrogate_key, bridge.group.surrogate_key, "weight", "within")
    rows = []
    for name in columns:
        node = trail.about(f"bridge:{bridge.table}.{name}")
        about = node.description if node else ""
        rows.append(_row(trail, f"bridge:{bridge.table}.{name}", name, "",
                         node.type if node else "", (), about, ()))  # fmt: skip
    return Page(
        page_id("bridge", bridge.name),
        "bridge",
        bridge.name,
        bridge.name.replace("_", " ").capitalize(),
        definition.description,
        facts=facts,
        sections=(table("Columns", COLUMNS, rows),),
        brief=f"{bridge.dimension.label} to {bridge.group.label}",
    )


def _to_entity(name: str) -> Link:
    return Link(name, Ref(page_id("entity", name)))


def fact_page(repository: Repository, trail: Trail, fact: ResolvedFact) -> Page:
    """A fact with its grain, dimensions and measures, and how each may be added up."""
    definition = fact.definition
    cubes = [cube for cube in repository.cubes.values() if cube.fact.name == fact.name]
    facts = (
        ("Table", code(fact.table)),
        ("Grain", (Text("one row for each "), *listed(code(key) for key in fact.grain))),
        ("Kind", words(definition.kind.replace("_", " "))),
        ("From", (Text("entity "), _to_entity(fact.entity.entity))),
        ("Only rows where", code(definition.where or "")),
        ("Versions in force on", code(definition.date)),
        ("Amounts are in", code(definition.currency or "")),
        ("Asked through", listed((Link(c.name, Ref(page_id("cube", c.name))),) for c in cubes)),
        ("Defined at", place(fact.written.where())),
    )
    roles = [_role_row(trail, fact, role) for role in fact.roles.values()]
    labels = list(_label_rows(repository, trail, fact))
    measures = list(_measure_rows(repository, trail, fact))
    told = [*labels, *roles, *measures]
    return Page(
        page_id("fact", fact.name),
        "fact",
        fact.name,
        fact.label,
        definition.description,
        facts=facts,
        sections=(
            table("Grain and labels", COLUMNS, labels),
            table("Dimensions", _ROLES, roles),
            table("Measures", _MEASURES, measures),
            *_further(trail, f"fact:{fact.table}", told),
        ),
        brief=f"{counted(len(definition.measures), 'measure')},"
        f" {counted(len(fact.roles), 'dimension')}",
    )


_ROLES = ("key column", "role", "dimension", "made from")
_MEASURES = ("column", "type", "meaning", "made from", "used in", "adds up")


def _role_row(trail: Trail, fact: ResolvedFact, role: ResolvedRole) -> Row:
    node = f"fact:{fact.table}.{role.key_column}"
    label = role.label or role.name.replace("_", " ").capitalize()
    known = trail.about(node) is not None
    return Row(
        (
            stacked(code(role.key_column), place(fact.written.where("dimensions", role.name))),
            stacked(words(label), code(str(role.path)), () if role.available else (UNFED,)),
            (Link(role.dimension.name, Ref(page_id("dimension", role.dimension.name))),),
            trail.made_from(node) if known else (),
        ),
        name=role.key_column,
        label=label,
        about=f"{label} of {fact.label}",
    )


def _label_rows(repository: Repository, trail: Trail, fact: ResolvedFact) -> Iterator[Row]:
    for name in fact.grain:
        column = fact.entity.columns[name]
        marks = (Badge("key", "key"), *_marks(repository, fact, name, fed=True))
        node = f"fact:{fact.table}.{name}"
        where = place(fact.written.where())
        yield _row(trail, node, name, "", column.type, marks, column.description, where)
    for name, label in fact.definition.degenerate.items():
        marks = _marks(repository, fact, name, fed=name in fact.available_measures)
        where = place(fact.written.where("degenerate", name))
        node = f"fact:{fact.table}.{name}"
        yield _row(trail, node, name, label.label, "string", marks, "", where, label.expr)


def _measure_rows(repository: Repository, trail: Trail, fact: ResolvedFact) -> Iterator[Row]:
    for name, measure in fact.definition.measures.items():
        marks = _marks(repository, fact, name, fed=name in fact.available_measures)
        if measure.convert:
            marks = (Badge(repository.workspace.currency), *marks)
        about = measure.description
        node = f"fact:{fact.table}.{name}"
        where = place(fact.written.where("measures", name))
        row = _row(trail, node, name, "", measure.type, marks, about, where, measure.expr)
        yield Row((*row.cells, _adds_up(repository, fact, name)), name, "", about)


def _marks(
    repository: Repository, fact: ResolvedFact, column: str, *, fed: bool
) -> tuple[Badge, ...]:
    personal = (PERSONAL,) if personal_fact_column(repository, fact, column) else ()
    return personal if fed else (*personal, UNFED)


def _adds_up(repository: Repository, fact: ResolvedFact, column: str) -> Cell:
    """How the cubes that ask a measure let it be added up."""
    kinds: dict[str, None] = {}
    for cube in repository.cubes.values():
        if cube.fact.name == fact.name:
            for measure in cube.measures.values():
                if getattr(measure, measure.aggregate) == column:
                    kinds[measure.additivity] = None
    return listed((ADDITIVITY[kind],) for kind in kinds)


ADDITIVITY = {
    "additive": Badge("additive", "good"),
    "semi_additive": Badge("semi-additive", "warn"),
    "non_additive": Badge("not additive", "plain"),
}
