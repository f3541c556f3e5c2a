"""Mappings and lookups: tables, joins, columns, expressions and lookups must exist and fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from metadata.bind_rules import (
    circle_issues,
    deduplication_issues,
    no_column,
    rule_issues,
    unmapped_issues,
)
from metadata.errors import Issue, Location, did_you_mean
from metadata.expressions import (
    ExpressionError,
    alias_and_column,
    columns_of,
    parse_expression,
)
from metadata.model.mapping import (
    DRIVER,
    ColumnRule,
    EntityMapping,
    Lookup,
    looks_joined,
    sort_key,
)
from metadata.model.source import Source
from metadata.model.star import Entity
from metadata.repository import ResolvedMapping, Written

_NO_COLUMN = re.compile(r"[;(),'\"]|\b(ascending|descending|nulls +(first|last))$", re.IGNORECASE)


def bind_mappings(
    mappings: list[tuple[str, Written[EntityMapping]]],
    sources: Mapping[str, Written[Source]],
    lookups: Mapping[str, Written[Lookup]],
    entities: Mapping[str, Written[Entity]],
    issues: list[Issue],
) -> list[ResolvedMapping]:
    """Bind every mapping to its entity and its driving table."""
    bound: list[ResolvedMapping] = []
    for name, written in mappings:
        definition = written.value
        entity = entities.get(definition.entity)
        if entity is None:
            issues.append(
                Issue(
                    f"There is no entity '{definition.entity}'.",
                    written.where("entity"),
                    "",
                    did_you_mean(definition.entity, entities),
                )
            )
            continue
        found = [
            *table_issues(definition.from_, sources, written.where("from")),
            *_column_issues(written, entity.value, entities, lookups),
            *_join_issues(written, sources),
        ]
        if definition.where is not None:
            found += expression_issues(definition.where, written.where("where"))
            found += _alias_issues(definition.where, definition, written.where("where"))
        found += _keep_issues(written)
        issues.extend(found)
        if not found:
            source, table = definition.from_.split(".")
            bound.append(ResolvedMapping(name, definition, entity.value, source, table, written))
    issues += circle_issues(bound)
    if len(bound) == len(mappings):
        # A mapping that is wrong itself may be the one that fills what another looks for.
        issues += unmapped_issues(bound)
    return bound


def check_lookups(
    lookups: Mapping[str, Written[Lookup]], sources: Mapping[str, Written[Source]]
) -> list[Issue]:
    """Lookups that are read from a table must name one that exists."""
    issues: list[Issue] = []
    for written in lookups.values():
        if written.value.from_ is not None:
            issues += table_issues(written.value.from_, sources, written.where("from"))
        if written.value.where is not None:
            issues += expression_issues(written.value.where, written.where("where"))
            name, where = written.value.from_ or "", written.where("where")
            issues += _own_issues(written.value.where, name, where)
    return issues


def table_issues(
    name: str, sources: Mapping[str, Written[Source]], where: Location
) -> Iterator[Issue]:
    """What is wrong with a `source.table` name."""
    source, _, table = name.partition(".")
    if not table or "." in table:
        yield Issue(f"'{name}' is not a table.", where, "Tables are named source.table.")
    elif source not in sources:
        yield Issue(f"There is no source '{source}'.", where, "", did_you_mean(source, sources))
    elif table not in sources[source].value.tables:
        yield Issue(
            f"Source '{source}' has no table '{table}'.",
            where,
            f"Its tables are listed in {sources[source].file}.",
            did_you_mean(table, sources[source].value.tables),
        )


def expression_issues(text: str, where: Location) -> Iterator[Issue]:
    """What is wrong with an expression as such."""
    try:
        parse_expression(text)
    except ExpressionError as error:
        yield Issue(f"The expression {text!r} {error}", where)


def _column_issues(
    written: Written[EntityMapping],
    entity: Entity,
    entities: Mapping[str, Written[Entity]],
    lookups: Mapping[str, Written[Lookup]],
) -> Iterator[Issue]:
    definition = written.value
    for name, rule in definition.columns.items():
        where = written.where("columns", name)
        if name not in entity.columns:
            yield no_column(entity, name, where)
            continue
        yield from _rule_issues(rule, definition, lookups, where)
        yield from rule_issues(name, written, entity, entities, lookups)
    yield from deduplication_issues(written, entity)
    for key in entity.key:
        if key not in definition.columns:
            yield Issue(
                f"The mapping does not fill '{key}', the key of entity '{entity.entity}'.",
                written.where("columns"),
                "Without its key a row cannot be told from others.",
                f"Add '{key}:' under columns.",
            )


def _rule_issues(
    rule: ColumnRule,
    definition: EntityMapping,
    lookups: Mapping[str, Written[Lookup]],
    where: Location,
) -> Iterator[Issue]:
    if rule.expr is not None:
        yield from expression_issues(rule.expr, where)
        yield from _alias_issues(rule.expr, definition, where)
    if rule.from_ is not None and "." in rule.from_:
        alias, _ = alias_and_column(rule.from_)
        if alias and alias not in definition.join:
            yield Issue(
                f"There is no join '{alias}'.",
                where,
                f"A column whose own name holds a dot is written '.{rule.from_}'.",
                did_you_mean(alias, definition.join),
            )
    if isinstance(rule.lookup, str) and rule.lookup not in lookups:
        yield Issue(
            f"There is no lookup '{rule.lookup}'.", where, "", did_you_mean(rule.lookup, lookups)
        )


def _alias_issues(text: str, definition: EntityMapping, where: Location) -> Iterator[Issue]:
    try:
        columns = columns_of(text)
    except ExpressionError:
        return
    for parts in columns:
        if len(parts) > 2 or (len(parts) == 2 and parts[0] not in definition.join):
            yield Issue(
                f"There is no join '{parts[0]}'.",
                where,
                f"The expression reads '{'.'.join(parts)}'.",
                did_you_mean(parts[0], definition.join),
            )


def _join_issues(
    written: Written[EntityMapping], sources: Mapping[str, Written[Source]]
) -> Iterator[Issue]:
    seen: list[str] = []
    for alias, join in written.value.join.items():
        yield from table_issues(join.table, sources, written.where("join", alias, "table"))
        for target in join.on.values():
            head, _ = alias_and_column(target)
            if head and head not in seen:
                yield Issue(
                    f"Join '{alias}' looks at '{target}', but no earlier join is called '{head}'.",
                    written.where("join", alias, "on"),
                    "Joins are made in the order in which they are written.",
                    did_you_mean(head, seen),
                )
        where = written.where("join", alias)
        if alias == DRIVER:
            yield Issue(
                f"A join cannot be called '{alias}'.",
                where,
                "The table that drives the mapping has that name.",
                "Choose another name.",
            )
        if join.where is not None:
            yield from expression_issues(join.where, written.where("join", alias, "where"))
            yield from _own_issues(join.where, alias, written.where("join", alias, "where"))
        for key in join.order_by:
            yield from sort_issues(key, written.where("join", alias, "order_by"))
            if looks_joined(sort_key(key)[0]):
                what = f"'{key}' is no column of the joined table."
                fix = "Its own columns are named without a dot."
                yield Issue(what, written.where("join", alias, "order_by"), "", fix)
        seen.append(alias)


def sort_issues(key: str, where: Location) -> Iterator[Issue]:
    """What is wrong with a column to sort by, and its direction."""
    if not sort_key(key)[0] or _NO_COLUMN.search(key.strip()):
        yield Issue(
            f"'{key}' is nothing to sort by.",
            where,
            "A sort key is a column, and 'desc' where the largest value comes first.",
            f"Write '{key.split()[0] if key.split() else 'updated_at'} desc'.",
        )


def _keep_issues(written: Written[EntityMapping]) -> Iterator[Issue]:
    for key in written.value.keep:
        where = written.where("keep")
        wrong = list(sort_issues(key, where))
        yield from wrong
        alias = alias_and_column(sort_key(key)[0])[0] if not wrong else ""
        if alias and alias not in written.value.join:
            what = f"There is no join '{alias}'."
            yield Issue(what, where, "", did_you_mean(alias, written.value.join))


def _own_issues(text: str, name: str, where: Location) -> Iterator[Issue]:
    """Conditions about the rows of one table name its columns without a dot."""
    try:
        columns = columns_of(text)
    except ExpressionError:
        return
    for parts in columns:
        if len(parts) > 1 and (len(parts) > 2 or parts[0] != name):
            yield Issue(
                f"The condition reads '{'.'.join(parts)}', which is no column of '{name}'.",
                where,
                "It decides which rows of that table count, so it reads no other.",
                f"Write '{parts[-1]}', or move the condition to the mapping's 'where'.",
            )
