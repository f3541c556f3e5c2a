"""Which rules read which source column: what a change of a source would meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from metadata.errors import Location
from metadata.expressions import alias_and_column, columns_of, dotted
from metadata.model.mapping import ColumnRule, EntityMapping, Lookup, sort_key
from metadata.model.source import SoftDelete, Source
from metadata.repository import Repository, Written

Role = Literal["rule", "key", "asked", "listed"]
"""A rule reads its value; rows are told apart by it; the source is asked for it (as a cursor, a
flag or in a filter); or it is only listed among the columns to read."""


@dataclass(frozen=True, order=True)
class Use:
    """One place that reads a source column."""

    table: str
    """As source.table."""
    column: str
    """As it is written there; SQL does not mind its case."""
    by: str
    """What reads it, in words: `customer.name`, `the filter of customer`."""
    where: Location
    role: Role = "rule"


def told(uses: Iterable[Use], most: int = 5) -> str:
    """Uses as a sentence, with their places."""
    named = list(dict.fromkeys(f"{use.by} ({use.where})" for use in uses))
    rest = f" and {len(named) - most} more" if len(named) > most else ""
    return f"Read by {', '.join(named[:most])}{rest}."


class Uses:
    """Uses by table and column."""

    def __init__(self, uses: Iterable[Use]) -> None:
        self._tables: dict[str, list[Use]] = {}
        for use in uses:
            self._tables.setdefault(use.table, []).append(use)

    def of_table(self, table: str) -> tuple[Use, ...]:
        """Everything that reads a table, as source.table."""
        return tuple(self._tables.get(table, ()))

    def of_column(self, table: str, column: str) -> tuple[Use, ...]:
        """Everything that reads a column, in whatever case it is written."""
        folded = column.casefold()
        return tuple(u for u in self._tables.get(table, ()) if u.column.casefold() == folded)


def source_uses(repository: Repository) -> Uses:
    """Everything in a workspace that reads a source column: mappings, lookups, reading itself."""
    found: dict[Use, None] = {}
    for mapping in repository.mappings:
        found |= dict.fromkeys(mapping_uses(mapping.written, repository.lookups))
    for lookup in repository.lookups.values():
        found |= dict.fromkeys(lookup_uses(lookup))
    for source in repository.sources.values():
        found |= dict.fromkeys(_reading_uses(source))
    return Uses(found)


def mapping_uses(
    mapping: Written[EntityMapping], lookups: Mapping[str, Written[Lookup]]
) -> Iterator[Use]:
    """What a mapping reads, in the order in which it is written."""
    definition, where = mapping.value, mapping.where
    entity = definition.entity
    tables = {"": definition.from_, **{a: j.table for a, j in definition.join.items()}}

    def use(written: str, by: str, *path: str | int) -> Use:
        alias, column = alias_and_column(written)
        return Use(tables.get(alias, alias), column, by, where(*path))

    for name, rule in definition.columns.items():
        for written in read_by(rule):
            yield use(written, f"{entity}.{name}", "columns", name)
        if isinstance(rule.lookup, str) and rule.lookup in lookups:
            lookup = lookups[rule.lookup].value
            for own in (lookup.key, lookup.value):
                if lookup.from_ is not None and own is not None:
                    yield Use(lookup.from_, own, f"{entity}.{name}", where("columns", name))
    if definition.where:
        for parts in columns_of(definition.where):
            yield use(dotted(parts), f"the filter of {entity}", "where")
    for key in definition.keep:
        yield use(sort_key(key)[0], f"the choice of rows of {entity}", "keep")
    for alias, join in definition.join.items():
        by = f"the join '{alias}' of {entity}"
        for own, target in join.on.items():
            yield use(f"{alias}.{own}", by, "join", alias)
            yield use(target, by, "join", alias)
        for key in join.order_by:
            yield use(f"{alias}.{sort_key(key)[0]}", by, "join", alias)
        for parts in columns_of(join.where) if join.where else ():
            yield use(f"{alias}.{parts[-1]}", by, "join", alias)


def read_by(rule: ColumnRule) -> Iterator[str]:
    """The source columns that a rule reads, each as `alias_and_column` takes it apart."""
    if rule.from_ is not None:
        yield rule.from_
    for parts in columns_of(rule.expr) if rule.expr is not None else ():
        yield dotted(parts)


def lookup_uses(written: Written[Lookup]) -> Iterator[Use]:
    """What a lookup reads."""
    lookup = written.value
    if lookup.from_ is None:
        return
    by = f"the lookup '{lookup.lookup}'"
    for path in ("key", "value"):
        column = getattr(lookup, path)
        if column is not None:
            yield Use(lookup.from_, column, by, written.where(path))
    for parts in columns_of(lookup.where) if lookup.where else ():
        yield Use(lookup.from_, parts[-1], by, written.where("where"))


def _reading_uses(written: Written[Source]) -> Iterator[Use]:
    """What reading a table itself needs of its columns."""
    for name, settings in written.value.tables.items():
        table = f"{written.value.source}.{name}"
        named: list[tuple[str, str, Role]]
        named = [("primary_key", key, "key") for key in settings.primary_key]
        named += [("cursor", settings.cursor, "asked")] if settings.cursor else []
        named += [("columns", column, "listed") for column in settings.columns or ()]
        if isinstance(settings.deletes, SoftDelete):
            named.append(("deletes", settings.deletes.soft_delete, "asked"))
        named += [("where", column, "asked") for column in _filtered_by(settings.where)]
        for key, column, role in named:
            where = written.where("tables", name, key)
            yield Use(table, column, f"'{key}' of {table}", where, role)


def _filtered_by(condition: str | None) -> Iterator[str]:
    """Columns in a filter that the source evaluates, as far as its SQL can be read."""
    try:
        tree = sqlglot.parse_one(condition) if condition else None
    except SqlglotError:
        return
    if tree is not None:
        yield from dict.fromkeys(column.name for column in tree.find_all(exp.Column))
