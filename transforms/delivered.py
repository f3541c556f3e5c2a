"""Whether sources deliver what mappings read: told before a statement is made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from metadata.errors import Issue, Location, did_you_mean
from metadata.expressions import columns_of
from metadata.repository import Repository, ResolvedMapping
from transforms.landing import BATCH, ROW
from transforms.raw import sort_key
from transforms.statements import Columns


@dataclass(frozen=True)
class Read:
    """A column that a mapping reads, of whichever table, and the place that says so."""

    table: str
    """As source.table."""
    column: str
    where: Location


def missing_columns(
    repository: Repository, mapping: ResolvedMapping, landed: Mapping[str, Columns]
) -> list[Issue]:
    """What a mapping names and no landed table has."""
    issues = []
    for read in columns_read(repository, mapping):
        known = landed.get(read.table, {})
        # A file without a key has at least the position of its rows.
        if known and read.column in (BATCH, ROW):
            continue
        if read.column.lower() not in {each.lower() for each in known}:
            issues.append(
                Issue(
                    f"{read.table} has no column '{read.column}'.",
                    read.where,
                    "The mapping reads it, but the source does not deliver it."
                    if known
                    else "Nothing of that table has landed yet.",
                    did_you_mean(read.column, known),
                )
            )
    return list(dict.fromkeys(issues))


def columns_read(repository: Repository, mapping: ResolvedMapping) -> Iterator[Read]:
    """Every landed column that a mapping names, of its own table, its joins and its lookups."""
    definition = mapping.definition
    tables = {"": definition.from_, **{a: j.table for a, j in definition.join.items()}}
    for name, place in _named(repository, mapping, tables):
        alias, _, own = name.rpartition(".")
        yield Read(tables.get(alias, alias), own, mapping.written.where(*place))


def _named(
    repository: Repository, mapping: ResolvedMapping, tables: dict[str, str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Columns as the mapping writes them; a lookup's table gets an alias of its own."""
    definition = mapping.definition
    for name, rule in definition.columns.items():
        place: tuple[str, ...] = ("columns", name)
        if rule.from_:
            yield rule.from_, place
        if rule.expr:
            yield from ((".".join(parts), place) for parts in columns_of(rule.expr))
        if isinstance(rule.lookup, str) and (codes := repository.lookups[rule.lookup].value).from_:
            alias = f"{name}__lookup"
            tables[alias] = codes.from_
            yield from ((f"{alias}.{own}", place) for own in (codes.key, codes.value))
    if definition.where:
        yield from ((".".join(parts), ("where",)) for parts in columns_of(definition.where))
    yield from ((sort_key(key)[0], ("keep",)) for key in definition.keep)
    for alias, join in definition.join.items():
        place = ("join", alias)
        yield from ((f"{alias}.{own}", place) for own in join.on)
        yield from ((target, place) for target in join.on.values())
        yield from ((f"{alias}.{sort_key(key)[0]}", place) for key in join.order_by)
        if join.where:
            yield from ((f"{alias}.{parts[-1]}", place) for parts in columns_of(join.where))
