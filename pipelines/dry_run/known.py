"""The part of a mapping of which all is known that it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from metadata.expressions import alias_and_column, columns_of, dotted
from metadata.model.mapping import ColumnRule, EntityMapping, Lookup, sort_key
from metadata.repository import Repository, ResolvedMapping
from metadata.uses import read_by
from transforms import Columns

Typing = Mapping[str, Columns]
"""The columns of tables, by `source.table`, as far as their types are known."""


def known_part(repository: Repository, mapping: ResolvedMapping, typing: Typing) -> ResolvedMapping:
    """The mapping without what reads a column whose type is not known."""
    definition = mapping.definition
    tables = {"": _folded(typing, definition.from_)}
    joins = {}
    for alias, join in definition.join.items():
        own = _folded(typing, join.table)
        reads = [*join.on, *(sort_key(key)[0] for key in join.order_by), *_plain(join.where)]
        if all(each.casefold() in own for each in reads) and _all(tables, join.on.values()):
            joins[alias], tables[alias] = join, own
    columns = {
        name: rule
        for name, rule in definition.columns.items()
        if _all(tables, read_by(rule)) and _looks_up(repository, rule, typing)
    }
    kept: dict[str, object] = {"join": joins, "columns": columns}
    if not _all(tables, _dotted(definition.where)):
        kept["where"] = None
    kept["keep"] = tuple(key for key in definition.keep if _all(tables, [sort_key(key)[0]]))
    return replace(mapping, definition=definition.model_copy(update=kept))


def lookup_is_known(lookup: Lookup, typing: Typing) -> bool:
    """Whether the types are known of all that a lookup reads."""
    if lookup.from_ is None:
        return True
    own = _folded(typing, lookup.from_)
    reads = [lookup.key or "", lookup.value or "", *_plain(lookup.where)]
    return all(each.casefold() in own for each in reads)


def tables_of(repository: Repository, definition: EntityMapping) -> tuple[str, ...]:
    """The tables that a mapping reads, those of its lookups among them."""
    lookups = (
        repository.lookups[rule.lookup].value.from_
        for rule in definition.columns.values()
        if isinstance(rule.lookup, str)
    )
    joined = (join.table for join in definition.join.values())
    return tuple(
        dict.fromkeys(name for name in (definition.from_, *joined, *lookups) if name is not None)
    )


def _looks_up(repository: Repository, rule: ColumnRule, typing: Typing) -> bool:
    if not isinstance(rule.lookup, str):
        return True
    return lookup_is_known(repository.lookups[rule.lookup].value, typing)


def _folded(typing: Typing, table: str) -> frozenset[str]:
    return frozenset(name.casefold() for name in typing.get(table, {}))


def _all(tables: Mapping[str, frozenset[str]], names: Iterable[str]) -> bool:
    """Whether columns, each with the alias of its join, are known."""
    for written in names:
        alias, name = alias_and_column(written)
        # What Rapport adds to each row is known of every table that is known at all.
        if alias not in tables or name.casefold() not in tables[alias]:
            return False
    return True


def _dotted(expression: str | None) -> list[str]:
    return [dotted(parts) for parts in columns_of(expression)] if expression else []


def _plain(expression: str | None) -> list[str]:
    return [parts[-1] for parts in columns_of(expression)] if expression else []
