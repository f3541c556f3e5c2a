"""What a workspace's facts and dimensions may be called by others, and what their columns are.

Names are compared as words: without case, separators, plurals, and the prefixes that mark a table
as a fact or a dimension. A column is known by its name in the warehouse, by its entity's, by the
source's, and by its label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from metadata.expressions import parse_expression
from metadata.ossie.scalars import canonical
from metadata.repository import Repository, ResolvedDimension, ResolvedFact

Words = tuple[str, ...]
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATOR = re.compile(r"[^0-9a-z\u0080-\uffff]+")
_NOISE = frozenset(
    "fact facts fct dim dims dimension d f tbl table vw view stg mart dw dwh public".split()
)


@dataclass(frozen=True)
class FactColumn:
    """A column of the fact: a measure, a label or a part of its grain."""

    name: str


@dataclass(frozen=True)
class RoleColumn:
    """A column of a dimension in a role: `role.attribute`."""

    role: str
    attribute: str


@dataclass(frozen=True)
class EntityColumn:
    """A column of the fact's entity, or one reached from it, that the fact does not carry yet."""

    path: str
    type: str


Target = FactColumn | RoleColumn | EntityColumn


@dataclass(frozen=True)
class Table:
    """A fact or a dimension as others may name it."""

    names: Mapping[Words, float]
    """How surely each name means it, 0 to 1."""
    columns: Mapping[Words, str]
    """For a fact, names of columns; for a dimension, of attributes."""


def words(name: str) -> Words:
    """A name as words that can be compared.

    >>> words("dim_StoreSales")
    ('store', 'sale')
    """
    parts = _SEPARATOR.split(_CAMEL.sub("_", name).lower())
    found = tuple(_singular(part) for part in parts if part)
    return tuple(part for part in found if part not in _NOISE) or found


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


class Vocabulary:
    """The words of one workspace."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self._sources = {name: self._source_columns(name) for name in repository.mapped_entities}
        self.facts = {name: self._fact_table(fact) for name, fact in repository.facts.items()}
        self.dimensions = {
            name: self._dimension_table(dimension)
            for name, dimension in repository.dimensions.items()
        }
        self._targets = {
            name: dict(self._fact_targets(fact)) for name, fact in repository.facts.items()
        }
        self._formulas = {
            name: {
                formula: target
                for formula, column in self._sources.get(fact.entity.entity, {}).items()
                if (target := self._targets[name].get(words(column))) is not None
            }
            for name, fact in repository.facts.items()
        }

    def fact_target(self, fact: str, name: str) -> Target | None:
        """What a fact has under a column's name."""
        return self._targets[fact].get(words(name))

    def attribute(self, dimension: str, name: str) -> str | None:
        """The attribute of a dimension under a column's name; its keys are its natural key."""
        return self.dimensions[dimension].columns.get(words(name))

    def computed(self, fact: str, formula: str) -> Target | None:
        """What a fact has of what a mapping computes by a formula, given in its canonical form."""
        return self._formulas[fact].get(formula)

    def _source_columns(self, entity: str) -> dict[str, str]:
        """Entity columns by how mappings compute them from the source; not the disputed ones.

        A column that is only copied, or given another type, is its own formula.
        """
        found: dict[str, str] = {}
        disputed: set[str] = set()
        for mapping in self.repository.mappings_of(entity):
            for column, rule in mapping.definition.columns.items():
                written = rule.from_ or rule.expr
                if written is None or isinstance(rule.lookup, dict | str):
                    continue
                plain = rule.from_ is not None
                key = written.lower() if plain else canonical(parse_expression(written))
                if found.setdefault(key, column) != column:
                    disputed.add(key)
        return {key: column for key, column in found.items() if key not in disputed}

    def _copied(self, entity: str) -> Iterator[tuple[Words, str]]:
        """Entity columns by the source columns that they are."""
        for formula, column in self._sources.get(entity, {}).items():
            if " " not in formula:
                yield words(formula.rpartition(".")[2]), column

    def _table_names(self, entity: str | None) -> Iterator[tuple[Words, float]]:
        if entity is None:
            return
        yield words(entity), 0.9
        for mapping in self.repository.mappings_of(entity):
            settings = self.repository.source_table(mapping.source, mapping.table)
            yield words(mapping.table), 0.9
            if settings.name:
                yield words(settings.name.rpartition(".")[2]), 0.9

    def _names(self, own: list[str], entity: str | None) -> dict[Words, float]:
        found: dict[Words, float] = {}
        for key, surely in (*((words(name), 1.0) for name in own), *self._table_names(entity)):
            found.setdefault(key, surely)
        return found

    def _fact_table(self, fact: ResolvedFact) -> Table:
        columns = {words(name): name for name in _fact_columns(fact)}
        for role in fact.roles.values():
            columns.setdefault(words(role.name), role.name)
        for column in fact.entity.columns:
            columns.setdefault(words(column), column)
        for key, column in self._copied(fact.entity.entity):
            columns.setdefault(key, column)
        return Table(self._names([fact.name, fact.label], fact.entity.entity), columns)

    def _dimension_table(self, dimension: ResolvedDimension) -> Table:
        natural = dimension.natural_key
        columns = {words(natural): natural, words(dimension.surrogate_key): natural}
        copied: dict[str, str] = {}
        for attribute in dimension.attributes.values():
            if attribute.available:
                columns.setdefault(words(attribute.name), attribute.name)
                if attribute.path is not None and not attribute.path.hops:
                    copied.setdefault(attribute.path.column, attribute.name)
        for attribute in dimension.attributes.values():
            if attribute.available:
                columns.setdefault(words(attribute.label), attribute.name)
        for column, name in copied.items():
            columns.setdefault(words(column), name)
        entity = dimension.entity.entity if dimension.entity else None
        for key, column in self._copied(entity or ""):
            known = natural if column == natural else copied.get(column)
            if known:
                columns.setdefault(key, known)
        own = [dimension.name, dimension.label]
        if dimension.entity is None:
            own += ["date", "calendar", "day", "time"]
        return Table(self._names(own, entity), columns)

    def _fact_targets(self, fact: ResolvedFact) -> Iterator[tuple[Words, Target]]:
        found: dict[Words, Target] = {}
        for name in _fact_columns(fact):
            found.setdefault(words(name), FactColumn(name))
        reached: dict[str, Target] = {}
        for role in fact.roles.values():
            if role.available:
                target: Target = RoleColumn(role.name, role.dimension.natural_key)
                for name in (role.key_column, role.name, role.label or role.name):
                    found.setdefault(words(name), target)
                reached.setdefault(str(role.path), target)
        for name, label in fact.definition.degenerate.items():
            if label.label and name in fact.available_measures:
                found.setdefault(words(label.label), FactColumn(name))
            if label.from_ and name in fact.available_measures:
                reached.setdefault(label.from_, FactColumn(name))
        for name, measure in fact.definition.measures.items():
            if measure.from_ and name in fact.available_measures:
                reached.setdefault(measure.from_, FactColumn(name))
        fed = self._fed(fact.entity.entity)
        for column, raw in fact.entity.columns.items():
            if column in fed:
                found.setdefault(words(column), reached.get(column, EntityColumn(column, raw.type)))
        for key, column in self._copied(fact.entity.entity):
            known = found.get(words(column))
            if known is not None:
                found.setdefault(key, known)
        yield from found.items()

    def _fed(self, entity: str) -> set[str]:
        mappings = self.repository.mappings_of(entity)
        return {column for mapping in mappings for column in mapping.definition.columns}


def _fact_columns(fact: ResolvedFact) -> Iterator[str]:
    """Columns that the fact has and something feeds."""
    yield from fact.grain
    for name in (*fact.definition.measures, *fact.definition.degenerate):
        if name in fact.available_measures:
            yield name
