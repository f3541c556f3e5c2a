"""Entities, dimensions and facts: references, paths and roles must lead somewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from metadata.bind_mapping import expression_issues
from metadata.bind_rules import no_column
from metadata.bind_types import (
    entity_type_issues,
    fact_type_issues,
    parent_type_issues,
    role_type_issues,
)
from metadata.calendar import CALENDAR_COLUMNS
from metadata.errors import Issue, Location, did_you_mean
from metadata.expressions import ExpressionError, columns_of
from metadata.model.star import (
    Attribute,
    Degenerate,
    Dimension,
    Entity,
    Fact,
    FactDimension,
    FactMeasure,
)
from metadata.paths import PathError, ReferencePath
from metadata.repository import (
    Feeds,
    ResolvedAttribute,
    ResolvedDimension,
    ResolvedFact,
    ResolvedRole,
    Written,
)

_VERSION_COLUMNS = ("valid_from", "valid_to", "is_current", "parent_key")


def check_entities(entities: Mapping[str, Written[Entity]]) -> list[Issue]:
    """Keys must be columns and references must name entities with a single key."""
    issues: list[Issue] = []
    for written in entities.values():
        entity = written.value
        for key in entity.key:
            if key not in entity.columns:
                issues.append(no_column(entity, key, written.where("key")))
        if entity.changed_at is not None and entity.changed_at not in entity.columns:
            issues.append(no_column(entity, entity.changed_at, written.where("changed_at")))
        for name, column in entity.columns.items():
            if column.references is not None and column.references not in entities:
                issues.append(
                    Issue(
                        f"Column '{name}' refers to the unknown entity '{column.references}'.",
                        written.where("columns", name, "references"),
                        "",
                        did_you_mean(column.references, entities),
                    )
                )
    return issues or list(entity_type_issues(entities))


def bind_dimensions(
    written: Mapping[str, Written[Dimension]],
    feeds: Feeds,
    absent: dict[str, str],
    issues: list[Issue],
) -> dict[str, ResolvedDimension]:
    """Bind the dimensions; those whose entity no mapping fills are absent."""
    bound: dict[str, ResolvedDimension] = {}
    for name, each in sorted(written.items()):
        definition = each.value
        if definition.entity is not None and definition.entity not in feeds.entities:
            issues.append(unknown_entity(definition.entity, feeds, each.where("entity")))
            continue
        found = list(_dimension_issues(each, feeds))
        issues.extend(found)
        if found:
            continue
        entity = feeds.entities[definition.entity] if definition.entity else None
        if entity is not None and entity.entity not in feeds.columns:
            absent[f"dimension {name}"] = f"No mapping fills the entity '{entity.entity}'."
            continue
        attributes = {
            attribute: _bind_attribute(attribute, raw, entity, feeds)
            for attribute, raw in definition.attributes.items()
        }
        bound[name] = ResolvedDimension(name, definition, entity, attributes, each)
    return bound


def _dimension_issues(written: Written[Dimension], feeds: Feeds) -> Iterator[Issue]:
    definition = written.value
    entity = feeds.entities[definition.entity] if definition.entity else None
    if entity is not None and len(entity.key) != 1:
        yield Issue(
            f"Entity '{entity.entity}' has a composite key, so it cannot be a dimension.",
            written.where("entity"),
            "Facts point at a dimension by one column.",
            "Give the entity a single key column.",
        )
    for name, attribute in definition.attributes.items():
        where = written.where("attributes", name)
        if entity is None:
            if name not in CALENDAR_COLUMNS:
                yield Issue(
                    f"The calendar has no column '{name}'.",
                    where,
                    "",
                    did_you_mean(name, CALENDAR_COLUMNS),
                )
            continue
        if name in entity.key and (attribute.from_ or name) != name:
            yield Issue(f"'{name}' is the dimension's key and cannot mean another column.", where)
        if name in (*_VERSION_COLUMNS, f"{definition.dimension}_key"):
            yield Issue(
                f"'{name}' cannot be an attribute.",
                where,
                "Every dimension table has a column of that name for its versions.",
                "Choose another name and say what it reads with 'from'.",
            )
        if attribute.expr is not None and name in entity.key:
            yield Issue(
                f"'{name}' is the dimension's key and cannot be computed.",
                where,
                "It is what the entity's column holds.",
                "Give the attribute another name.",
            )
        elif attribute.expr is not None:
            yield from path_expression_issues(attribute.expr, entity.entity, feeds, where)
            if attribute.type is None:
                yield Issue(f"Attribute '{name}' has an 'expr' and needs a 'type'.", where)
        else:
            wrong = list(_path_issues(attribute.from_ or name, entity.entity, feeds, where))
            yield from wrong
            given = None if wrong else feeds.resolve(entity.entity, attribute.from_ or name).type
            if attribute.type is not None and given is not None and attribute.type != given:
                yield Issue(
                    f"'{name}' is of the column's type, {given}, and not of type {attribute.type}.",
                    written.where("attributes", name, "type"),
                    "'type' goes with 'expr'.",
                    f"Leave it out, or write expr: cast({attribute.from_ or name} as ...).",
                )
        if attribute.sort_by is not None and attribute.sort_by not in definition.attributes:
            yield _unknown_attribute(definition, attribute.sort_by, where)
    for name, hierarchy in definition.hierarchies.items():
        for level in hierarchy.levels:
            if level not in definition.attributes:
                yield _unknown_attribute(definition, level, written.where("hierarchies", name))
    if definition.caption is not None and definition.caption not in definition.attributes:
        yield _unknown_attribute(definition, definition.caption, written.where("caption"))
    if entity is not None:
        yield from parent_type_issues(written, entity)
    if definition.parent is not None and (
        entity is None or definition.parent not in entity.columns
    ):
        known = entity.columns if entity else {}
        yield Issue(
            f"'parent' names no column of the entity: '{definition.parent}'.",
            written.where("parent"),
            "",
            did_you_mean(definition.parent, known),
        )


def _bind_attribute(
    name: str, raw: Attribute, entity: Entity | None, feeds: Feeds
) -> ResolvedAttribute:
    if entity is None:
        return ResolvedAttribute(name, raw, None, CALENDAR_COLUMNS[name], True)
    if raw.expr is not None:
        fed = feeds.expression(entity.entity, raw.expr)
        return ResolvedAttribute(name, raw, None, raw.type or "string", fed)
    path = feeds.resolve(entity.entity, raw.from_ or name)
    return ResolvedAttribute(name, raw, path, path.type, feeds.path(path))


def bind_facts(
    written: Mapping[str, Written[Fact]],
    known_dimensions: Mapping[str, Written[Dimension]],
    dimensions: Mapping[str, ResolvedDimension],
    feeds: Feeds,
    absent: dict[str, str],
    issues: list[Issue],
) -> dict[str, ResolvedFact]:
    """Bind the facts; those whose entity no mapping fills are absent."""
    bound: dict[str, ResolvedFact] = {}
    for name, each in sorted(written.items()):
        definition = each.value
        if definition.entity not in feeds.entities:
            issues.append(unknown_entity(definition.entity, feeds, each.where("entity")))
            continue
        found = list(_fact_issues(each, known_dimensions, feeds))
        issues.extend(found)
        if found:
            continue
        if definition.entity not in feeds.columns:
            absent[f"fact {name}"] = f"No mapping fills the entity '{definition.entity}'."
            continue
        roles = {
            role: ResolvedRole(role, dimensions[use.dimension], path, use.label, feeds.path(path))
            for role, use, path in _roles(definition, feeds)
            if use.dimension in dimensions
        }
        available = frozenset(
            measure
            for measure, raw in definition.measures.items()
            if feeds.expression(definition.entity, raw.expr or raw.from_ or measure)
        ) | frozenset(
            column
            for column, label in definition.degenerate.items()
            if feeds.expression(definition.entity, label.expr or label.from_ or column)
        )
        entity = feeds.entities[definition.entity]
        bound[name] = ResolvedFact(name, definition, entity, roles, available, each)
    return bound


def fact_role(role: str, use: FactDimension | str) -> FactDimension:
    """`customer: customer_id` is short for the dimension of the same name as its role."""
    return (
        FactDimension.model_validate({"dimension": role, "from": use})
        if isinstance(use, str)
        else use
    )


def _roles(definition: Fact, feeds: Feeds) -> Iterator[tuple[str, FactDimension, ReferencePath]]:
    for role, use in definition.dimensions.items():
        full = fact_role(role, use)
        yield role, full, feeds.resolve(definition.entity, full.from_)


def _fact_issues(
    written: Written[Fact], dimensions: Mapping[str, Written[Dimension]], feeds: Feeds
) -> Iterator[Issue]:
    definition = written.value
    entity = definition.entity
    for role, use in definition.dimensions.items():
        full, where = fact_role(role, use), written.where("dimensions", role)
        if full.dimension not in dimensions:
            yield Issue(
                f"There is no dimension '{full.dimension}'.",
                where,
                "",
                did_you_mean(full.dimension, dimensions),
            )
        wrong = list(_path_issues(full.from_, entity, feeds, where))
        yield from wrong
        if full.dimension in dimensions and not wrong:
            path = feeds.resolve(entity, full.from_)
            yield from role_type_issues(path, dimensions[full.dimension].value, feeds, where)
    yield from fact_type_issues(written, feeds)
    date = definition.dimensions.get(definition.date)
    if date is None:
        yield Issue(
            f"'date' names no role of the fact: '{definition.date}'.",
            written.where("date"),
            "",
            did_you_mean(definition.date, definition.dimensions),
        )
    elif (named := dimensions.get(fact_role(definition.date, date).dimension)) is not None:
        if named.value.generated != "calendar":
            yield Issue(
                f"The role '{definition.date}' is no date.",
                written.where("date"),
                f"It plays the dimension '{named.value.dimension}'.",
                "Name a role of the calendar dimension.",
            )
    columns: list[tuple[str, str, FactMeasure | Degenerate]] = [
        *(("measures", name, measure) for name, measure in definition.measures.items()),
        *(("degenerate", name, label) for name, label in definition.degenerate.items()),
    ]
    taken = {*feeds.entities[entity].key, *(f"{role}_key" for role in definition.dimensions)}
    for group, name, column in columns:
        where = written.where(group, name)
        if name in taken:
            yield Issue(
                f"The fact already has a column '{name}'.",
                where,
                "Key columns of the entity and '<role>_key' are always there.",
                "Choose another name.",
            )
        taken.add(name)
        if column.expr is not None:
            yield from path_expression_issues(column.expr, entity, feeds, where)
        elif column.from_ is not None:
            yield from _path_issues(column.from_, entity, feeds, where)
    if definition.currency is not None:
        yield from _path_issues(definition.currency, entity, feeds, written.where("currency"))
    elif any(measure.convert for measure in definition.measures.values()):
        yield Issue(
            "A measure is marked 'convert', but the fact does not say its 'currency'.",
            written.where("measures"),
            "",
            "Add 'currency:' with the column that holds the currency code.",
        )
    if definition.where is not None:
        yield from path_expression_issues(definition.where, entity, feeds, written.where("where"))


def path_expression_issues(
    text: str, entity: str, feeds: Feeds, where: Location
) -> Iterator[Issue]:
    """What is wrong with an expression whose columns are paths from an entity."""
    found = list(expression_issues(text, where))
    yield from found
    if found:
        return
    try:
        paths = [".".join(parts) for parts in columns_of(text)]
    except ExpressionError:
        return
    for path in paths:
        yield from _path_issues(path, entity, feeds, where)


def _path_issues(path: str, entity: str, feeds: Feeds, where: Location) -> Iterator[Issue]:
    try:
        feeds.resolve(entity, path)
    except PathError as error:
        yield Issue(str(error).strip(), where)


def absent_key(table: str) -> str | None:
    """What a dimension or fact is called where the absent ones are told, by its table's name.

    >>> absent_key("dim_customer"), absent_key("fact_sale"), absent_key("sales")
    ('dimension customer', 'fact sale', None)
    """
    kind = {"dim_": "dimension", "fact": "fact"}.get(table[:4])
    return f"{kind} {table.partition('_')[2]}" if kind else None


def unknown_entity(name: str, feeds: Feeds, where: Location) -> Issue:
    """That there is no such entity."""
    return Issue(f"There is no entity '{name}'.", where, "", did_you_mean(name, feeds.entities))


def _unknown_attribute(definition: Dimension, name: str, where: Location) -> Issue:
    return Issue(
        f"Dimension '{definition.dimension}' has no attribute '{name}'.",
        where,
        "",
        did_you_mean(name, definition.attributes),
    )
