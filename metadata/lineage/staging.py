"""From source columns to the columns of entities: what mappings, joins and lookups say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from metadata.errors import Location
from metadata.expressions import alias_and_column, columns_of, dotted
from metadata.lineage.draft import Draft, table_id
from metadata.lineage.looking import entities_looked_into, looked_at
from metadata.lineage.values import How, Node
from metadata.lineage.wording import rule_in_words, rules_in_words
from metadata.model.mapping import ColumnRule, EntityMapping, Lookup, sort_key
from metadata.model.source import SoftDelete, SourceTable
from metadata.model.star import Entity
from metadata.repository import ResolvedMapping


def draw_sources(draft: Draft) -> None:
    """Source tables, the columns that are known of them, and what decides about their rows."""
    for source, name, settings in draft.repository.source_tables():
        table = f"{source}.{name}"
        where = draft.repository.sources[source].where("tables", name)
        target = draft.add(Node("source", table, description=settings.description, where=where))
        for column in settings.columns or ():
            draft.source_column(table, column)
        for key in settings.primary_key:
            draft.edge(
                draft.source_column(table, key), target, "merge",
                "the newest row of each key counts", where,
            )  # fmt: skip
        if isinstance(settings.deletes, SoftDelete):
            flag = draft.source_column(table, settings.deletes.soft_delete)
            draft.edge(flag, target, "filter", "marks deleted rows", where)
        for column in _filtered_by(settings):
            draft.edge(
                draft.source_column(table, column), target, "filter", settings.where or "", where
            )


def _filtered_by(settings: SourceTable) -> Iterator[str]:
    """Columns in a filter that the source evaluates, as far as its SQL can be read."""
    try:
        condition = sqlglot.parse_one(settings.where) if settings.where else None
    except SqlglotError:
        return
    if condition is not None:
        yield from dict.fromkeys(column.name for column in condition.find_all(exp.Column))


def draw_lookups(draft: Draft) -> None:
    """Lists of codes, written out or read from a table."""
    for name, written in sorted(draft.repository.lookups.items()):
        lookup, where = written.value, written.where()
        rule = f"{len(lookup.values)} codes" if lookup.values is not None else ""
        node = Node("lookup", name, rule=rule, description=lookup.description, where=where)
        target = draft.add(node)
        if lookup.from_ is not None:
            _draw_looked_up(draft, lookup, lookup.from_, target, where)


def _draw_looked_up(draft: Draft, lookup: Lookup, table: str, target: str, where: Location) -> None:
    parts: list[tuple[str | None, How]] = [(lookup.value, "copied"), (lookup.key, "join")]
    for column, how in parts:
        if column is not None:
            draft.edge(draft.source_column(table, column), target, how, "", where)
    if lookup.where is not None:
        for parts_of in columns_of(lookup.where):
            column = draft.source_column(table, parts_of[-1])
            draft.edge(column, target, "filter", lookup.where, where)


def draw_entities(draft: Draft) -> None:
    """Entities that are mapped, their columns, and where the values come from."""
    for name in draft.repository.mapped_entities:
        written = draft.repository.entities[name]
        entity = written.value
        draft.add(Node("entity", name, description=entity.description, where=written.where()))
        for column, definition in entity.columns.items():
            draft.add(
                Node(
                    "entity",
                    name,
                    column,
                    type=definition.type,
                    description=definition.description,
                    personal=definition.personal,
                    where=written.where("columns", column),
                )
            )
    for name in draft.repository.mapped_entities:
        for mapping in draft.repository.mappings_of(name):
            _Mapped(draft, mapping, draft.repository.entity(name)).draw()


@dataclass(frozen=True)
class _Read:
    """A source column that a rule reads, and what it is read for."""

    column: str
    how: How
    rule: str


@dataclass(frozen=True)
class _Mapped:
    """One mapping, drawn."""

    draft: Draft
    mapping: ResolvedMapping
    entity: Entity

    @property
    def _definition(self) -> EntityMapping:
        return self.mapping.definition

    @property
    def _table(self) -> str:
        return table_id("entity", self.entity.entity)

    def draw(self) -> None:
        definition, where = self._definition, self.mapping.written.where
        draft = self.draft
        draft.edge(
            table_id("source", definition.from_), self._table, "rows", definition.where or "",
            where("from"),
        )  # fmt: skip
        for name, rule in definition.columns.items():
            self._draw_column(name, rule, where("columns", name))
        if definition.where is not None:
            for parts in columns_of(definition.where):
                self._decides(dotted(parts), "filter", definition.where, where("where"))
        for key in definition.keep:
            column = sort_key(key)[0]
            self._decides(column, "merge", f"kept in the order of {key}", where("keep"))
        for key in self.entity.key:
            for read in self._values(definition.columns[key]):
                draft.edge(
                    read.column, self._table, "merge", f"one row stays for each {key}",
                    where("columns", key),
                )  # fmt: skip

    def _draw_column(self, name: str, rule: ColumnRule, where: Location) -> None:
        target = f"{self._table}.{name}"
        kind = self.entity.columns[name].type
        if rule.value is not None:
            self.draft.note(target, f"always {rule.value!r}")
        refuses = rule.otherwise == "quarantine" and _can_fail(rule, kind)
        required = name in self.entity.key or self.entity.columns[name].required
        told = rules_in_words(rule, kind, required=required)
        for read in self._reads(rule, told):
            self.draft.edge(read.column, target, read.how, read.rule, where)
            if refuses or required:
                self.draft.edge(read.column, self._table, "check", f"{name}: {told}", where)
        for clean in rule.clean:
            for other in looked_at(clean, name, self.entity):
                self._draw_other(other, target, "cleansed", rule_in_words(clean), where)
        ends = {"quarantine": self._table, "keep": None}.get(rule.otherwise, target)
        for check in rule.check if ends is not None else ():
            for other in looked_at(check, name, self.entity):
                self._draw_other(other, str(ends), "check", rule_in_words(check), where)
            for entity in entities_looked_into(check):
                key = self.draft.repository.entity(entity).key[0]
                column = f"{table_id('entity', entity)}.{key}"
                if self.draft.has(column):
                    self.draft.edge(column, str(ends), "check", rule_in_words(check), where)

    def _draw_other(self, other: str, end: str, how: How, rule: str, where: Location) -> None:
        """A rule that looks at another column of the mapped row; checks see it cleansed."""
        mapped = self._definition.columns.get(other)
        if mapped is None:
            return
        for read in self._reads(mapped, ""):
            self.draft.edge(read.column, end, how, rule, where)
        behind = [
            self._definition.columns.get(each)
            for clean in mapped.clean
            for each in (looked_at(clean, other, self.entity) if how == "check" else ())
        ]
        for each in filter(None, behind):
            for read in self._reads(each, ""):
                self.draft.edge(read.column, end, how, rule, where)

    def _reads(self, rule: ColumnRule, told: str) -> Iterator[_Read]:
        """Everything that decides about the value of a column, its joins and lookup included."""
        for read in self._values(rule):
            yield _Read(read.column, read.how, told)
        if isinstance(rule.lookup, str):
            yield _Read(table_id("lookup", rule.lookup), "lookup", told)
        written = columns_of(rule.expr) if rule.expr is not None else ()
        names = [rule.from_] if rule.from_ else [dotted(parts) for parts in written]
        for alias in dict.fromkeys(alias_and_column(each)[0] for each in names):
            yield from self._joined(alias)

    def _values(self, rule: ColumnRule) -> Iterator[_Read]:
        """The columns whose values go into a column."""
        how = _how(rule)
        if rule.from_ is not None:
            yield _Read(self._source(rule.from_), how, "")
        elif rule.expr is not None:
            for parts in columns_of(rule.expr):
                yield _Read(self._source(dotted(parts)), how, rule.expr)

    def _joined(self, alias: str) -> Iterator[_Read]:
        """What decides which row of a joined table is taken, earlier joins included."""
        join = self._definition.join.get(alias)
        if join is None:
            return
        told = ", ".join(f"{alias}.{own} = {target}" for own, target in join.on.items())
        for own, target in join.on.items():
            yield _Read(self._source(f"{alias}.{own}"), "join", told)
            yield _Read(self._source(target), "join", told)
            yield from self._joined(alias_and_column(target)[0])
        for parts in columns_of(join.where) if join.where else ():
            column = self.draft.source_column(join.table, parts[-1])
            yield _Read(column, "join", f"{told}, where {join.where}")
        for key in join.order_by:
            column = self.draft.source_column(join.table, sort_key(key)[0])
            yield _Read(column, "merge", f"the first by {key}")

    def _decides(self, written: str, how: How, rule: str, where: Location) -> None:
        self.draft.edge(self._source(written), self._table, how, rule, where)
        for read in self._joined(alias_and_column(written)[0]):
            self.draft.edge(read.column, self._table, read.how, read.rule, where)

    def _source(self, written: str) -> str:
        alias, name = alias_and_column(written)
        table = self._definition.join[alias].table if alias else self._definition.from_
        return self.draft.source_column(table, name)


def _how(rule: ColumnRule) -> How:
    if rule.lookup is not None:
        return "lookup"
    if rule.expr is not None:
        return "expression"
    changed = rule.clean or rule.format or rule.default is not None
    return "cleansed" if changed or (rule.check and rule.otherwise != "quarantine") else "copied"


def _can_fail(rule: ColumnRule, kind: str) -> bool:
    """Whether a value can fail: by its type, a cast on the way, its lookup or a check."""
    casts = rule.expr is not None and "cast" in rule.expr.casefold()
    return bool(rule.check) or rule.lookup is not None or kind != "string" or casts
