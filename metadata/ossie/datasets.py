"""Facts, dimensions in their roles, and bridges as Ossie datasets with their fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from metadata.ossie.document import (
    Context,
    CustomExtension,
    Dataset,
    DataType,
    Expression,
    OssieField,
    TimeRole,
)
from metadata.ossie.naming import Names
from metadata.ossie.sql import column_sql
from metadata.personal import personal_attribute, personal_fact_column, personal_key
from metadata.repository import (
    Repository,
    ResolvedAttribute,
    ResolvedBridge,
    ResolvedDimension,
    ResolvedFact,
)

_SOURCE = "warehouse.main"
_PERSONAL = "Personal data: show it to those only who may see it."


def datasets(repository: Repository, names: Names) -> Iterator[Dataset]:
    """A dataset for each fact, each dimension in each role, and each bridge."""
    for fact in repository.facts.values():
        yield _fact(repository, fact, names)
    for (dimension, role), name in sorted(names.roles.items(), key=lambda item: item[1]):
        yield _dimension(repository, repository.dimensions[dimension], role, name)
    for bridge in repository.bridges.values():
        yield _bridge(bridge, names)


def _fact(repository: Repository, fact: ResolvedFact, names: Names) -> Dataset:
    definition = fact.definition
    return Dataset(
        name=names.fact(fact.name),
        source=f"{_SOURCE}.{fact.table}",
        primary_key=fact.grain,
        description=definition.description or None,
        ai_context=_synonyms(fact.label, fact.name),
        fields=tuple(_fact_fields(repository, fact)),
        custom_extensions=(
            CustomExtension.own(
                {"fact": fact.name, "kind": definition.kind, "date": definition.date}
            ),
        ),
    )


def _fact_fields(repository: Repository, fact: ResolvedFact) -> Iterator[OssieField]:
    definition = fact.definition

    def field(name: str, label: str, about: str, *, groups: bool, **data: Any) -> OssieField:
        personal = personal_fact_column(repository, fact, name)
        kind = fact.column_type(name) or "string"
        return _field(name, kind, label, about, groups=groups, personal=personal, data=data)

    for name in fact.grain:
        about = fact.entity.columns[name].description
        yield field(name, "", about, groups=True, grain=True)
    for name, label in definition.degenerate.items():
        if name in fact.available_measures:
            yield field(name, label.label, "", groups=True)
    for name, measure in definition.measures.items():
        if name not in fact.available_measures:
            continue
        yield field(name, "", measure.description, groups=False, type=measure.type)
        if measure.convert:
            about = "As it came, in the currency of the row; never add up different currencies."
            yield _field(f"{name}_original", measure.type, "", about, data={"original_of": name})
    for role in fact.roles.values():
        if role.available:
            about = f"Key of {role.label or role.name.replace('_', ' ')}; -1 is unknown."
            data = {"role": role.name, "dimension": role.dimension.name}
            yield _field(role.key_column, "integer", "", about, data=data)


def _field(
    name: str,
    kind: str,
    label: str,
    about: str,
    *,
    groups: bool = False,
    personal: bool = False,
    time: bool | None = None,
    data: Mapping[str, Any],
) -> OssieField:
    told = {
        **data,
        **({"label": label} if label else {}),
        **({"personal": True} if personal else {}),
    }
    return OssieField(
        name=name,
        expression=Expression.ansi(column_sql(name)),
        dimension=TimeRole(is_time=time) if groups else None,
        description=about or None,
        datatype=data_type(kind),
        ai_context=_synonyms(label, name, _PERSONAL if personal else None),
        custom_extensions=(CustomExtension.own(told),) if told else None,
    )


def _synonyms(label: str, name: str, advice: str | None = None) -> Context | None:
    known = (label,) if label and label.casefold() != name.replace("_", " ") else None
    return Context(synonyms=known, instructions=advice) if known or advice else None


def _dimension(
    repository: Repository, dimension: ResolvedDimension, role: str, name: str
) -> Dataset:
    definition = dimension.definition
    calendar = definition.generated == "calendar"
    data: dict[str, Any] = {"dimension": dimension.name, "role": role}
    data["hierarchies"] = {
        key: {"label": each.label, "levels": list(each.levels)}
        for key, each in definition.hierarchies.items()
    }
    if definition.caption:
        data["caption"] = definition.caption
    if definition.parent:
        data |= {"parent": "parent_key", "closure": f"closure_{dimension.name}"}
    versions = ("valid_from",) if dimension.tracks else ()
    return Dataset(
        name=name,
        source=f"{_SOURCE}.{dimension.table}",
        primary_key=(dimension.surrogate_key,),
        unique_keys=((dimension.natural_key, *versions),),
        description=definition.description or None,
        ai_context=_synonyms(_role_label(repository, dimension, role), name),
        fields=tuple(_dimension_fields(repository, dimension, calendar=calendar)),
        custom_extensions=(CustomExtension.own(data),),
    )


def _role_label(repository: Repository, dimension: ResolvedDimension, role: str) -> str:
    """What the first fact that has the role calls it."""
    for fact in repository.facts.values():
        found = fact.roles.get(role)
        if found is not None and found.dimension.name == dimension.name and found.label:
            return found.label
    return dimension.label if role == dimension.name else ""


def _dimension_fields(
    repository: Repository, dimension: ResolvedDimension, *, calendar: bool
) -> Iterator[OssieField]:
    key, natural = dimension.surrogate_key, dimension.natural_key
    about = f"Key of a version of {dimension.label.lower()}; -1 is the unknown member."
    yield _field(key, "integer", "", about, data={"surrogate": True})
    if natural not in dimension.attributes:
        kind = dimension.entity.columns[natural].type if dimension.entity else "date"
        told = dimension.entity.columns[natural].description if dimension.entity else "The day."
        yield _field(
            natural, kind, "", told, groups=True, personal=personal_key(dimension),
            time=calendar or None, data={"natural": True},
        )  # fmt: skip
    for attribute in dimension.attributes.values():
        if attribute.available:
            yield _attribute(repository, dimension, attribute, calendar=calendar)
    if dimension.entity is not None:
        yield _field("valid_from", "timestamp", "", "Since when the version holds.", data={})
        yield _field("valid_to", "timestamp", "", "Until when, itself excluded.", data={})
        yield _field("is_current", "boolean", "", "Whether the version holds now.", data={})


def _attribute(
    repository: Repository,
    dimension: ResolvedDimension,
    attribute: ResolvedAttribute,
    *,
    calendar: bool,
) -> OssieField:
    definition = attribute.definition
    data: dict[str, Any] = {"type": attribute.type, "history": definition.history}
    if definition.sort_by:
        data["sort_by"] = definition.sort_by
    if attribute.name == dimension.natural_key:
        data["natural"] = True
    return _field(
        attribute.name,
        attribute.type,
        attribute.label,
        described(repository, dimension, attribute),
        groups=True,
        personal=personal_attribute(repository, dimension, attribute),
        time=True if calendar else None,
        data=data,
    )


def described(
    repository: Repository, dimension: ResolvedDimension, attribute: ResolvedAttribute
) -> str:
    """An attribute in words: its own, or those of the column that it copies."""
    if attribute.definition.description or attribute.path is None or dimension.entity is None:
        return attribute.definition.description
    return repository.entity(attribute.path.owner).columns[attribute.path.column].description


def _bridge(bridge: ResolvedBridge, names: Names) -> Dataset:
    ends = (bridge.dimension, bridge.group)
    fields = [
        _field(end.surrogate_key, "integer", "", f"Key of {end.label.lower()}.", data={})
        for end in ends
    ]
    share = "Share of the member that belongs to the group; the shares of one member make 1."
    fields.append(_field("weight", "double", "", share, data={}))
    within = "Classification within which the shares make 1; never add up two of them."
    fields.append(_field("within", "string", "", within, groups=True, data={}))
    return Dataset(
        name=names.bridges[bridge.name],
        source=f"{_SOURCE}.{bridge.table}",
        primary_key=(*(end.surrogate_key for end in ends), "within"),
        description=bridge.definition.description or None,
        fields=tuple(fields),
        custom_extensions=(CustomExtension.own({"bridge": bridge.name}),),
    )


def data_type(kind: str) -> DataType:
    """A metadata type as Ossie names it."""
    if kind.startswith("decimal"):
        return "Decimal"
    names: dict[str, DataType] = {
        "string": "String",
        "integer": "Integer",
        "double": "Float",
        "boolean": "Boolean",
        "date": "Date",
        "timestamp": "DateTime",
    }
    return names[kind]
