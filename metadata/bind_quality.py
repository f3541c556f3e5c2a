"""Expectations: their table must exist, and have the columns that they speak of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from metadata.bind_mapping import expression_issues
from metadata.bind_star import absent_key
from metadata.errors import Issue, Location, did_you_mean
from metadata.expressions import columns_of
from metadata.model.quality import Quality
from metadata.model.rule import MOMENTS, kind_of
from metadata.model.star import Entity
from metadata.repository import ResolvedDimension, ResolvedFact, ResolvedQuality, Written


def bind_qualities(
    written: Mapping[str, Written[Quality]],
    entities: Mapping[str, Entity],
    mapped: frozenset[str],
    dimensions: Mapping[str, ResolvedDimension],
    facts: Mapping[str, ResolvedFact],
    absent: dict[str, str],
    issues: list[Issue],
) -> dict[str, ResolvedQuality]:
    """Bind the expectations; those of tables that are not loaded are absent.

    Args:
        written: expectations by name.
        entities: all entities of the model.
        mapped: those that a mapping fills.
        dimensions: those that are loaded.
        facts: those that are loaded.
        absent: takes what is not loaded, with the reason.
        issues: takes what is wrong.
    """
    bound: dict[str, ResolvedQuality] = {}
    tables = _tables(entities, mapped, dimensions, facts)
    for name, each in sorted(written.items()):
        columns = tables.get(each.value.of)
        if columns is None and (each.value.of in entities or absent_key(each.value.of) in absent):
            absent[f"quality {name}"] = f"'{each.value.of}' is not loaded."
        elif columns is None:
            what = f"There is no table '{each.value.of}'."
            issues.append(Issue(what, each.where("of"), "", did_you_mean(each.value.of, tables)))
        else:
            found = list(_issues(each, columns))
            issues.extend(found)
            if not found:
                bound[name] = ResolvedQuality(name, each.value, each)
    return bound


def _tables(
    entities: Mapping[str, Entity],
    mapped: frozenset[str],
    dimensions: Mapping[str, ResolvedDimension],
    facts: Mapping[str, ResolvedFact],
) -> dict[str, dict[str, str]]:
    """The columns of every loaded table, with their types."""
    found = {
        name: {column: each.type for column, each in entities[name].columns.items()}
        for name in mapped
        if name in entities
    }
    for dimension in dimensions.values():
        found[dimension.table] = {
            a.name: a.type for a in dimension.attributes.values() if a.available
        }
    for fact in facts.values():
        names = [*fact.grain, *fact.definition.measures, *fact.definition.degenerate]
        columns = {name: fact.column_type(name) or "string" for name in names}
        columns |= {role.key_column: "integer" for role in fact.roles.values()}
        found[fact.table] = columns
    return found


def _issues(written: Written[Quality], columns: Mapping[str, str]) -> Iterator[Issue]:
    definition = written.value
    for key, text in (("holds", definition.holds), ("where", definition.where)):
        if text is None:
            continue
        wrong = list(expression_issues(text, written.where(key)))
        yield from wrong
        for parts in () if wrong else columns_of(text):
            if ".".join(parts) not in columns:
                yield _no_column(definition.of, ".".join(parts), columns, written.where(key))
    if definition.newest is not None:
        name, where = definition.newest.column, written.where("newest", "column")
        if name not in columns:
            yield _no_column(definition.of, name, columns, where)
        elif kind_of(columns[name]) not in MOMENTS:
            yield Issue(f"'{name}' is no date and has no age.", where, f"It is a {columns[name]}.")


def _no_column(table: str, name: str, columns: Mapping[str, str], where: Location) -> Issue:
    return Issue(f"'{table}' has no column '{name}'.", where, "", did_you_mean(name, columns))
