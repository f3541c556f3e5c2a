"""Few landed rows instead of all: what rules need to judge the rows of some keys again.

First the rows of the driving table are found by computing nothing but the entity's key, then the
rows that each join may take for them. Judged on those alone, they end as they did among all: a
row's fate hangs on the rows that share its key, and a join takes one of those that match.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from metadata.expressions import alias_and_column, columns_of
from metadata.model.mapping import DRIVER, ColumnRule, EntityMapping
from metadata.model.rules import Rule
from metadata.model.star import Entity
from metadata.repository import Repository, ResolvedMapping
from metadata.uses import read_by
from transforms.landing import BATCH, ROW, TECHNICAL, read_files
from transforms.raw import (
    Reading,
    join_condition,
    joins_needed,
    landed_table,
    one_row_each,
)
from transforms.staging import judging
from transforms.statements import STAGING, Columns, column, table


def rows_of_keys(
    repository: Repository,
    mapping: ResolvedMapping,
    entity: Entity,
    landed: Mapping[str, Columns],
    wanted: str,
    reading: Reading = landed_table,
) -> exp.Select:
    """Batch and row of every landed row of a mapping that has a wanted key.

    Args:
        repository: the workspace.
        mapping: the mapping.
        entity: its entity.
        landed: columns of each landed table, by `source.table`.
        wanted: table of staging with the entity's key columns.
        reading: names the tables to look in, where they are not the landed ones themselves.
    """
    names = _needed_columns(mapping.definition, entity.key)
    rules = {name: _bare(mapping.definition.columns[name]) for name in names}
    definition = mapping.definition.model_copy(
        update={
            "columns": rules,
            "join": {
                alias: join
                for alias, join in mapping.definition.join.items()
                if alias in joins_needed(mapping.definition, _aliases_read(rules.values()))
            },
            "where": None,
            "keep": (),
        }
    )
    columns = {name: entity.columns[name] for name in dict.fromkeys([*entity.key, *names])}
    only_keys = entity.model_copy(update={"columns": columns, "changed_at": None})
    chain = judging(repository, replace(mapping, definition=definition), only_keys, landed, reading)
    same = exp.and_(*(column(key, "wanted").eq(column(key, "row")) for key in entity.key))
    found = exp.select(column(BATCH, "row"), column(ROW, "row")).from_(
        chain.closed(chain.judged).subquery("row", copy=False), copy=False
    )
    return found.join(table(wanted, STAGING, "wanted"), on=same, join_type="SEMI", copy=False)


def rows_of_join(
    mapping: ResolvedMapping, alias: str, landed: Mapping[str, Columns], reading: Reading
) -> exp.Select:
    """Batch and row of every landed row that a join may take for the rows of the driving table.

    `reading` names the narrow tables of the driving table and of the joins before this one.
    """
    definition = mapping.definition
    query = exp.select(column(BATCH, alias), column(ROW, alias)).distinct()
    query = query.from_(table(reading(mapping, ""), STAGING, DRIVER))
    for earlier, join in definition.join.items():
        if earlier == alias:
            break
        picked = one_row_each(join, reading(mapping, earlier))
        on = join_condition(mapping, earlier, landed)
        query = query.join(picked.subquery(earlier), on=on, join_type="LEFT", copy=False)
    joined = table(landed_table(mapping, alias), STAGING, alias)
    return query.join(joined, on=join_condition(mapping, alias, landed), copy=False)


def landed_rows(files: Sequence[str], columns: Columns, wanted: str) -> exp.Select:
    """Landed rows as they came, of the batches and rows that a table of staging lists."""
    same = exp.and_(*(column(name, "wanted").eq(column(name, "came")) for name in (BATCH, ROW)))
    came = exp.alias_(read_files(files), "came", table=True)
    return (
        exp.select(*(column(name, "came") for name in (*columns, *TECHNICAL)))
        .from_(came)
        .join(table(wanted, STAGING, "wanted"), on=same, join_type="SEMI")
    )


def _needed_columns(definition: EntityMapping, key: Sequence[str]) -> list[str]:
    """The key's columns, and those by which a check may take a key's value away."""
    found: dict[str, None] = {}
    queue = [name for name in key if name in definition.columns]
    while queue:
        name = queue.pop(0)
        if name not in found:
            found[name] = None
            queue += [
                other
                for each in (
                    *definition.columns[name].clean,
                    *_bare(definition.columns[name]).check,
                )
                for other in _other_columns(each)
                if other in definition.columns
            ]
    return list(found)


def _bare(rule: ColumnRule) -> ColumnRule:
    """A rule without the checks that leave the value as it is."""
    if rule.otherwise in ("null", "unknown"):
        return rule
    return rule.model_copy(update={"check": ()})


def _other_columns(rule: Rule) -> Sequence[str]:
    return [*rule.reads(), *(p[-1] for text in rule.expressions() for p in columns_of(text))]


def _aliases_read(rules: Iterable[ColumnRule]) -> set[str]:
    read = (written for rule in rules for written in read_by(rule))
    return {alias for alias, _ in map(alias_and_column, read) if alias}
