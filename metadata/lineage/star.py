"""From entities to the columns of dimensions, bridges and facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from metadata.errors import Location
from metadata.expressions import columns_of
from metadata.lineage.draft import Draft, table_id
from metadata.lineage.values import How, Node
from metadata.model.star import Degenerate, FactMeasure
from metadata.paths import ReferencePath
from metadata.repository import (
    ResolvedAttribute,
    ResolvedBridge,
    ResolvedDimension,
    ResolvedFact,
    ResolvedRole,
)

RATES = "exchange_rate"
"""The entity by which amounts are converted."""


def draw_star(draft: Draft) -> None:
    """Dimensions with their versions and trees, then bridges, then facts."""
    for dimension in draft.repository.dimensions.values():
        _draw_dimension(draft, dimension)
    for bridge in draft.repository.bridges.values():
        _draw_bridge(draft, bridge)
    for fact in draft.repository.facts.values():
        _Fact(draft, fact).draw()


@dataclass(frozen=True)
class _Reader:
    """Draws what is read from an entity over references."""

    draft: Draft
    entity: str

    def draw(
        self, texts: str, target: str, how: How, rule: str, where: Location, join: How = "join"
    ) -> None:
        """Let every column in an expression or path, and the references on the way, lead there."""
        for parts in columns_of(texts):
            path = self.draft.repository.path(self.entity, ".".join(parts))
            self.draw_path(path, target, how, rule, where, join)

    def draw_path(
        self,
        path: ReferencePath,
        target: str,
        how: How,
        rule: str,
        where: Location,
        join: How = "join",
    ) -> None:
        """Let the column at the end of a path lead there, and the references decide."""
        if any(hop.to not in self.draft.repository.mapped_entities for hop in path.hops):
            return
        rows_of = self.draft.rows_of
        value = _column("entity", rows_of(path.owner), path.column)
        self.draft.edge(value, target, how, rule, where)
        refers = self.draft.repository.entity(path.owner).columns[path.column].references
        if refers is not None and refers in self.draft.repository.matchings:
            golden = _column("entity", rows_of(refers), self.draft.repository.entity(refers).key[0])
            self.draft.edge(golden, target, "join", "the golden key of a record", where)
        for hop in path.hops:
            told = f"{hop.entity}.{hop.column} = {hop.to}.{hop.to_key}"
            for entity, column in ((hop.entity, hop.column), (hop.to, hop.to_key)):
                read = _column("entity", rows_of(entity), column)
                self.draft.edge(read, target, join, told, where)


def _column(kind: str, table: str, column: str) -> str:
    return f"{kind}:{table}.{column}"


def _draw_dimension(draft: Draft, dimension: ResolvedDimension) -> None:
    written, name = dimension.written, dimension.table
    label, where = dimension.label, written.where()
    made = "" if dimension.entity else "made from the workspace's calendar"
    draft.add(Node("dimension", name, label=label, rule=made,
                   description=dimension.definition.description, where=where))  # fmt: skip
    for column in _technical(dimension):
        draft.add(Node("dimension", name, column.name, type=column.type, rule=column.rule,
                       description=column.description, where=where))  # fmt: skip
    for attribute in dimension.attributes.values():
        if attribute.available:
            _draw_attribute(draft, dimension, attribute, made)
    if dimension.entity is not None:
        entity = draft.rows_of(dimension.entity.entity)
        draft.edge(table_id("entity", entity), table_id("dimension", name), "rows", "", where)
        _draw_versions(draft, dimension, entity)
        if dimension.definition.parent:
            _draw_tree(draft, dimension, entity, dimension.definition.parent)


@dataclass(frozen=True)
class _Technical:
    name: str
    type: str
    description: str
    rule: str = ""


def _technical(dimension: ResolvedDimension) -> Iterator[_Technical]:
    made = "" if dimension.entity else "made from the workspace's calendar"
    key = dimension.natural_key
    yield _Technical(
        dimension.surrogate_key, "integer", "Key of a member's version, by which facts point at it."
        if dimension.entity else "Key of a day.", made,
    )  # fmt: skip
    if key not in dimension.attributes:
        kind = dimension.entity.columns[key].type if dimension.entity else "date"
        yield _Technical(key, kind, "Key of a member in the business.", made)
    if dimension.entity is not None:
        if dimension.definition.parent:
            yield _Technical("parent_key", "integer", "Key of the member above.")
        yield _Technical("valid_from", "timestamp", "When the version begins to hold.")
        yield _Technical("valid_to", "timestamp", "When the version no longer holds.")
        yield _Technical("is_current", "boolean", "Whether the version holds now.")


def _draw_attribute(
    draft: Draft, dimension: ResolvedDimension, attribute: ResolvedAttribute, made: str
) -> None:
    definition, entity = attribute.definition, dimension.entity
    where = dimension.written.where("attributes", attribute.name)
    personal = False
    if attribute.path is not None:
        owner = draft.repository.entity(attribute.path.owner)
        personal = owner.columns[attribute.path.column].personal
    elif definition.expr is not None and entity is not None:
        columns = [p[-1] for p in columns_of(definition.expr)]
        personal = any(entity.columns[c].personal for c in columns if c in entity.columns)
    target = draft.add(
        Node(
            "dimension",
            dimension.table,
            attribute.name,
            label=attribute.label,
            type=attribute.type,
            rule=made,
            description=definition.description,
            personal=personal,
            where=where,
        )
    )
    if entity is None:
        return
    history = definition.history if attribute.name != dimension.natural_key else ""
    reader = _Reader(draft, entity.entity)
    if history == "fixed":
        natural = _column("entity", draft.rows_of(entity.entity), dimension.natural_key)
        draft.edge(natural, target, "join", "a member keeps its first value", where)
    if attribute.path is not None:
        reader.draw_path(attribute.path, target, "copied", history, where)
    elif definition.expr is not None:
        told = ", ".join(filter(None, (definition.expr, history)))
        reader.draw(definition.expr, target, "expression", told, where)


def _draw_versions(draft: Draft, dimension: ResolvedDimension, entity: str) -> None:
    """Keys, and from when to when each version holds."""
    where, name = dimension.written.where(), dimension.table
    natural = _column("entity", entity, dimension.natural_key)
    surrogate = _column("dimension", name, dimension.surrogate_key)
    if dimension.natural_key not in dimension.attributes:
        target = _column("dimension", name, dimension.natural_key)
        draft.edge(natural, target, "copied", "", where)
    draft.edge(natural, surrogate, "key", "a number for each version", where)
    reader = _Reader(draft, dimension.entity.entity if dimension.entity else entity)
    begins, ends, current = (
        _column("dimension", name, column) for column in ("valid_from", "valid_to", "is_current")
    )
    draft.edge(ends, begins, "copied", "where the version before it ends", where)
    draft.edge(natural, begins, "join", "the member's versions before", where)
    tracked = [
        attribute
        for attribute in dimension.attributes.values()
        if attribute.definition.history == "track" and attribute.available
    ]
    for attribute in tracked:
        text = attribute.definition.expr or str(attribute.path)
        told = f"a new version where {attribute.name} changes"
        for target in (ends, current):
            reader.draw(text, target, "history", told, where, join="history")
    changed = dimension.entity.changed_at if dimension.entity else None
    if changed and tracked:
        told = "the change's own time"
        draft.edge(_column("entity", entity, changed), ends, "copied", told, where)


def _draw_tree(draft: Draft, dimension: ResolvedDimension, entity: str, parent: str) -> None:
    """Parents as surrogate keys, and the closure of the tree."""
    where, name = dimension.written.where("parent"), dimension.table
    above = _column("dimension", name, dimension.surrogate_key)
    parent_key = _column("dimension", name, "parent_key")
    draft.edge(above, parent_key, "key", "the key of the member above", where)
    for column in (
        _column("entity", entity, parent),
        _column("entity", entity, dimension.natural_key),
        _column("dimension", name, dimension.natural_key),
        _column("dimension", name, "is_current"),
    ):
        draft.edge(column, parent_key, "join", f"{parent} = {dimension.natural_key}", where)
    closure = f"closure_{dimension.name}"
    draft.add(Node("dimension", closure, label=f"{dimension.label}, tree",
                   description="Each member under itself and all above it.",
                   where=where))  # fmt: skip
    draft.edge(table_id("dimension", name), table_id("dimension", closure), "rows", "", where)
    ends = {
        "ancestor_key": ([above, parent_key], "Key of the member above, or of itself."),
        "descendant_key": ([above], "Key of the version below."),
        "depth": ([], "Steps between the two."),
    }
    deciding = [dimension.natural_key, "is_current", "parent_key", dimension.surrogate_key]
    for column, (sources, about) in ends.items():
        target = draft.add(
            Node("dimension", closure, column, type="integer", description=about, where=where)
        )
        for source in sources:
            draft.edge(source, target, "key", "followed upwards", where)
    for column in deciding:
        target = table_id("dimension", closure)
        draft.edge(_column("dimension", name, column), target, "join", "parents followed", where)


def _draw_bridge(draft: Draft, bridge: ResolvedBridge) -> None:
    definition, where = bridge.definition, bridge.written.where()
    entity = draft.rows_of(bridge.entity.entity)
    about = definition.description
    target = draft.add(Node("bridge", bridge.table, description=about, where=where))
    draft.edge(table_id("entity", entity), target, "rows", "", where)
    ends = ((bridge.dimension, definition.dimension_key), (bridge.group, definition.group_key))
    deciding: list[str] = []
    for dimension, key in ends:
        column = draft.add(
            Node("bridge", bridge.table, dimension.surrogate_key, type="integer", where=where)
        )
        taken = _column("dimension", dimension.table, dimension.surrogate_key)
        draft.edge(taken, column, "key", f"{key} = {dimension.natural_key}", where)
        deciding.append(_column("entity", entity, key))
        deciding.append(_column("dimension", dimension.table, dimension.natural_key))
    deciding.append(_column("dimension", bridge.group.table, "is_current"))
    for column in deciding:
        draft.edge(column, target, "join", "a row where both ends are known", where)
    weight = draft.add(Node("bridge", bridge.table, "weight", type="double", where=where,
                            rule="" if definition.weight else "always 1"))  # fmt: skip
    within = draft.add(Node("bridge", bridge.table, "within", type="string", where=where))
    if definition.weight:
        share = _column("entity", entity, definition.weight)
        draft.edge(share, weight, "expression", "equal shares where none is told", where)
        member = _column("dimension", bridge.dimension.table, bridge.dimension.surrogate_key)
        draft.edge(member, weight, "group", "shares of one member", where)
    if definition.within:
        column = _column("entity", entity, definition.within)
        draft.edge(column, within, "copied", "", where)
        if definition.weight:
            draft.edge(column, weight, "group", "shares within one value", where)


@dataclass(frozen=True)
class _Fact:
    """One fact, drawn."""

    draft: Draft
    fact: ResolvedFact

    @property
    def _reader(self) -> _Reader:
        return _Reader(self.draft, self.fact.entity.entity)

    @property
    def _table(self) -> str:
        return table_id("fact", self.fact.table)

    def draw(self) -> None:
        fact, definition = self.fact, self.fact.definition
        entity, where = self.draft.rows_of(fact.entity.entity), fact.written.where
        about = definition.description
        self.draft.add(Node("fact", fact.table, None, fact.label, description=about, where=where()))
        self.draft.edge(table_id("entity", entity), self._table, "rows", "", where("entity"))
        for key in fact.grain:
            kind = fact.entity.columns[key].type
            node = Node("fact", fact.table, key, type=kind, where=where("entity"),
                        description="What tells its rows apart.")  # fmt: skip
            self.draft.edge(
                _column("entity", entity, key), self.draft.add(node), "copied", "", where("entity")
            )
        for role in fact.roles.values():
            self._draw_role(role)
        for name, label in definition.degenerate.items():
            self._draw_value(name, label, "string", label.label, "")
        for name, measure in definition.measures.items():
            self._draw_measure(name, measure)
        if definition.where is not None:
            self._reader.draw(
                definition.where, self._table, "filter", definition.where, where("where")
            )

    def _draw_role(self, role: ResolvedRole) -> None:
        dimension, where = role.dimension, self.fact.written.where("dimensions", role.name)
        target = self.draft.add(
            Node("fact", self.fact.table, role.key_column, role.label or dimension.label, "integer",
                 rule="" if role.available else "always the unknown member",
                 description=f"Key of the {dimension.label.lower()}.", where=where)
        )  # fmt: skip
        if not role.available:
            return
        moment = self._moment() if dimension.tracks else None
        told = f"{role.path} = {dimension.natural_key}"
        in_force = f", the version in force on {self.fact.definition.date}" if moment else ""
        taken = _column("dimension", dimension.table, dimension.surrogate_key)
        self.draft.edge(taken, target, "key", told + in_force, where)
        self._reader.draw_path(role.path, target, "join", told, where)
        by = _column("dimension", dimension.table, dimension.natural_key)
        self.draft.edge(by, target, "join", told, where)
        if moment is not None:
            self._reader.draw_path(moment, target, "join", "the day decides the version", where)
            for column in ("valid_from", "valid_to"):
                deciding = _column("dimension", dimension.table, column)
                self.draft.edge(deciding, target, "join", "the version in force", where)
        elif dimension.entity is not None:
            current = _column("dimension", dimension.table, "is_current")
            self.draft.edge(current, target, "join", "the version that holds now", where)

    def _moment(self) -> ReferencePath | None:
        date = self.fact.roles[self.fact.definition.date]
        return date.path if date.available else None

    def _draw_value(
        self, name: str, value: FactMeasure | Degenerate, kind: str, label: str, about: str
    ) -> str:
        group = "measures" if isinstance(value, FactMeasure) else "degenerate"
        where = self.fact.written.where(group, name)
        node = Node("fact", self.fact.table, name, label, kind, description=about, where=where)
        target = self.draft.add(node)
        text = value.expr or value.from_ or name
        how: How = "expression" if value.expr is not None else "copied"
        if isinstance(value, FactMeasure) and value.convert:
            how = "converted"
        self._reader.draw(text, target, how, value.expr or "", where)
        return target

    def _draw_measure(self, name: str, measure: FactMeasure) -> None:
        target = self._draw_value(name, measure, measure.type, "", measure.description)
        if not measure.convert:
            return
        where, currency = self.fact.written.where("measures", name), self.fact.definition.currency
        kept = f"{name}_original"
        text = measure.expr or measure.from_ or name
        original = self.draft.add(
            Node("fact", self.fact.table, kept, type=measure.type, where=where,
                 description=f"{name} in the currency of the row.")
        )  # fmt: skip
        self._reader.draw(
            text, original, "expression" if measure.expr else "copied", measure.expr or "", where
        )
        if currency is not None:
            self._reader.draw(currency, target, "join", "the rate of the row's currency", where)
        if self.draft.repository.mappings_of(RATES):
            rate, told = "entity:" + RATES, "the rate of the day"
            self.draft.edge(f"{rate}.rate", target, "converted", told, where)
            for column in ("currency_code", "rate_date"):
                self.draft.edge(f"{rate}.{column}", target, "join", told, where)
            happened = self.fact.roles[self.fact.definition.date].path
            self._reader.draw_path(happened, target, "join", told, where)
