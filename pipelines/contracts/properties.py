"""Columns of published tables as properties of a contract, in the order of the tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from open_data_contract_standard.model import CustomProperty, Relationship, SchemaProperty

from metadata import Repository
from metadata.expressions import alias_and_column, columns_of, dotted
from metadata.ossie.datasets import described
from metadata.personal import personal_attribute, personal_fact_column, personal_key
from metadata.repository import (
    ResolvedAttribute,
    ResolvedBridge,
    ResolvedDimension,
    ResolvedFact,
)
from metadata.rule_words import column_words
from pipelines.contracts.quality import check_rules, no_value_missing, no_value_twice

_TYPES = {
    "string": ("string", "VARCHAR"),
    "integer": ("integer", "BIGINT"),
    "double": ("number", "DOUBLE"),
    "boolean": ("boolean", "BOOLEAN"),
    "date": ("date", "DATE"),
    "timestamp": ("timestamp", "TIMESTAMP"),
}
"""Metadata types as the standard calls them, and as the engine does."""
_UNFED = "No mapping fills what it is made of: always empty."
Told = dict[str, Any]


def fact_properties(repository: Repository, fact: ResolvedFact) -> Iterator[SchemaProperty]:
    """Key columns, keys of dimensions, labels and measures of a fact."""
    definition, entity = fact.definition, fact.entity
    for place, name in enumerate(fact.grain, start=1):
        told: Told = {"primaryKey": True, "primaryKeyPosition": place, "required": True}
        if len(fact.grain) == 1:
            told["unique"] = True
        column = entity.columns[name]
        told |= _origin(repository, entity.entity, name)
        yield property_of(
            name, column.type, about=column.description,
            personal=personal_fact_column(repository, fact, name), **told,
        )  # fmt: skip
    for role in fact.roles.values():
        label = role.label or role.name.replace("_", " ").capitalize()
        target = f"{role.dimension.table}.{role.dimension.surrogate_key}"
        about = f"Key of {label[:1].lower()}{label[1:]}; -1 is the unknown member."
        yield property_of(
            role.key_column, "integer", about=about if role.available else f"{about} Always -1.",
            required=True, relationships=[Relationship(type="foreignKey", to=target)],
        )  # fmt: skip
    for name, each in definition.degenerate.items():
        yield _fact_column(repository, fact, name, each.label, "", each.expr or each.from_ or name)
    for name, measure in definition.measures.items():
        reads = measure.expr or measure.from_ or name
        shown = _fact_column(repository, fact, name, "", measure.description, reads)
        if measure.convert:
            currency = repository.workspace.currency
            shown.customProperties = [*(shown.customProperties or []), _custom("unit", currency)]
        yield shown
        if measure.convert:
            about = f"{name} as it came, in the currency of the row."
            yield property_of(f"{name}_original", measure.type, about=about)


def _fact_column(
    repository: Repository, fact: ResolvedFact, name: str, label: str, about: str, reads: str
) -> SchemaProperty:
    fed = name in fact.available_measures
    told = _source(repository, fact.entity.entity, reads)
    about = about or (_copied(repository, fact.entity.entity, reads) if fed else "")
    return property_of(
        name,
        fact.column_type(name) or "string",
        label=label,
        about=about if fed else f"{about} {_UNFED}".strip(),
        personal=personal_fact_column(repository, fact, name),
        **told,
    )


def dimension_properties(
    repository: Repository, dimension: ResolvedDimension
) -> Iterator[SchemaProperty]:
    """Surrogate key, natural key, attributes and the time for which a version holds."""
    key, natural = dimension.surrogate_key, dimension.natural_key
    entity = dimension.entity
    yield property_of(
        key, "integer", about="Key of one version of a member; -1 is the unknown member.",
        primaryKey=True, primaryKeyPosition=1, required=True, unique=True,
        quality=[no_value_missing(key), no_value_twice((key,))],
    )  # fmt: skip
    shown = dimension.attributes.get(natural)
    if shown is not None and shown.available:
        yield _attribute(repository, dimension, shown)
    else:
        column = entity.columns[natural] if entity else None
        told = _origin(repository, entity.entity, natural) if entity else {}
        yield property_of(
            natural, column.type if column else "date",
            about=column.description if column else "The day.",
            personal=personal_key(dimension), **told,
        )  # fmt: skip
    for attribute in dimension.attributes.values():
        if attribute.name != natural and (attribute.available or entity is None):
            yield _attribute(repository, dimension, attribute)
    if entity is None:
        return
    if dimension.definition.parent:
        target = f"{dimension.table}.{key}"
        yield property_of(
            "parent_key", "integer", about="The member above; empty at the top.",
            relationships=[Relationship(type="foreignKey", to=target)],
        )  # fmt: skip
    yield property_of(
        "valid_from", "timestamp", about="Since when the version holds.", required=True
    )
    yield property_of("valid_to", "timestamp", about="Until when, itself excluded.", required=True)
    yield property_of(
        "is_current", "boolean", about="Whether the version holds now.", required=True
    )


def _attribute(
    repository: Repository, dimension: ResolvedDimension, attribute: ResolvedAttribute
) -> SchemaProperty:
    told: Told = {"semanticType": "dimension"}
    definition = attribute.definition
    if dimension.entity is not None:
        reads = definition.expr or str(attribute.path)
        told |= _source(repository, dimension.entity.entity, reads)
    custom = [_custom("history", definition.history)]
    if definition.sort_by:
        custom.append(_custom("sortBy", definition.sort_by))
    return property_of(
        attribute.name,
        attribute.type,
        label=attribute.label,
        about=described(repository, dimension, attribute),
        personal=personal_attribute(repository, dimension, attribute),
        customProperties=custom,
        **told,
    )


def bridge_properties(bridge: ResolvedBridge) -> Iterator[SchemaProperty]:
    """Both keys, the share, and the classification within which shares make 1."""
    for place, end in enumerate((bridge.dimension, bridge.group), start=1):
        target = f"{end.table}.{end.surrogate_key}"
        yield property_of(
            end.surrogate_key, "integer", about=f"Key of {end.label.lower()}.", required=True,
            primaryKey=True, primaryKeyPosition=place,
            relationships=[Relationship(type="foreignKey", to=target)],
        )  # fmt: skip
    about = "Share of the member that belongs to the group."
    yield property_of("weight", "double", about=about, required=True)
    about = "Classification within which the shares of a member make 1."
    yield property_of("within", "string", about=about, primaryKey=True, primaryKeyPosition=3)


def closure_properties(dimension: ResolvedDimension) -> Iterator[SchemaProperty]:
    """Every version of a member with every one above it, itself among them."""
    target = f"{dimension.table}.{dimension.surrogate_key}"
    for place, (name, about) in enumerate(
        (("ancestor_key", "The member above."), ("descendant_key", "The member below.")), start=1
    ):
        yield property_of(
            name, "integer", about=about, required=True, primaryKey=True, primaryKeyPosition=place,
            relationships=[Relationship(type="foreignKey", to=target)],
        )  # fmt: skip
    about = "How many steps apart they are; 0 is the member itself."
    yield property_of("depth", "integer", about=about, required=True)


def property_of(
    name: str, kind: str, *, label: str = "", about: str = "", personal: bool = False, **told: Any
) -> SchemaProperty:
    """A column by its name and metadata type."""
    if personal:
        told["classification"] = "confidential"
        told["tags"] = ["personal"]
    logical, physical = _TYPES.get(kind, ("number", kind.upper()))
    return SchemaProperty(
        name=name,
        businessName=label or None,
        description=about or None,
        logicalType=logical,
        physicalType=physical,
        **told,
    )


def _custom(name: str, value: Any) -> CustomProperty:
    return CustomProperty(property=name, value=value)


def _copied(repository: Repository, entity: str, reads: str) -> str:
    """The words of the column that is only copied."""
    parts = columns_of(reads)
    if len(parts) != 1 or ".".join(parts[0]) != reads:
        return ""
    path = repository.path(entity, reads)
    return repository.entity(path.owner).columns[path.column].description


def _source(repository: Repository, entity: str, reads: str) -> Told:
    """Where the columns of an expression come from, and how."""
    read = [repository.path(entity, ".".join(parts)) for parts in columns_of(reads)]
    if len(read) == 1 and str(read[0]) == reads:
        return _origin(repository, read[0].owner, read[0].column)
    sources = sorted({t for p in read for t in _tables(repository, p.owner, p.column)})
    return {"transformSourceObjects": sources or None, "transformLogic": reads}


def _origin(repository: Repository, entity: str, column: str) -> Told:
    """The source tables of an entity's column, its rules in words, and its checks."""
    words = [
        f"{mapping.definition.from_}: {' '.join(column_words(rule))}"
        for mapping in repository.mappings_of(entity)
        if (rule := mapping.definition.columns.get(column)) is not None
    ]
    told: Told = {
        "transformSourceObjects": _tables(repository, entity, column) or None,
        "transformDescription": "\n".join(words) or None,
    }
    checks = check_rules(repository, entity, column)
    return told | ({"quality": checks} if checks else {})


def _tables(repository: Repository, entity: str, column: str) -> list[str]:
    found: dict[str, None] = {}
    for mapping in repository.mappings_of(entity):
        rule = mapping.definition.columns.get(column)
        if rule is None or rule.value is not None:
            continue
        text = rule.expr or ""
        read = [dotted(parts) for parts in columns_of(text)] if text else [rule.from_ or ""]
        for written in read:
            join = mapping.definition.join.get(alias_and_column(written)[0])
            found[join.table if join else mapping.definition.from_] = None
    return list(found)
