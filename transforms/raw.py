"""Where values come from: the driving table, joined so that no row doubles, and expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from sqlglot import exp

from metadata.expressions import alias_and_column, columns_of
from metadata.model.mapping import DRIVER, ColumnRule, EntityMapping, Join, sort_key
from metadata.model.star import Entity
from metadata.repository import ResolvedMapping
from transforms.checks import with_columns
from transforms.landing import BATCH, EXTRACTED, ROW, landed_name
from transforms.statements import (
    STAGING,
    Columns,
    all_of,
    call,
    column,
    literal,
    named,
    number,
    ordered,
    row_number,
    table,
    text,
)  # fmt: skip
from transforms.tolerance import misfit, tolerant

Reading = Callable[[ResolvedMapping, str], str]
"""Names the table that a mapping reads under an alias; no alias means its driving table."""

_FRACTIONS = ("DOUBLE", "FLOAT", "REAL")
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "U", "DECIMAL", *_FRACTIONS)


def landed_table(mapping: ResolvedMapping, alias: str) -> str:
    """The landed table itself."""
    if not alias:
        return landed_name(mapping.source, mapping.table)
    source, _, name = mapping.definition.join[alias].table.partition(".")
    return landed_name(source, name)


def raw_rows(
    mapping: ResolvedMapping,
    entity: Entity,
    landed: Mapping[str, Columns],
    reading: Reading = landed_table,
) -> exp.Select:
    """Every landed row of the driving table with the values its mapping reads, as `<column>__raw`.

    `_let_in` is whether the mapping's filter lets the row in; `_keep_<n>` are its keep columns.
    """
    definition = mapping.definition
    types = _types(mapping, landed)
    raw = exp.select(*(column(name, DRIVER) for name in (BATCH, ROW, EXTRACTED)))
    for name, rule in definition.columns.items():
        if rule.from_ is not None:
            value: exp.Expr = source_column(rule.from_)
            if rule.lookup is not None or entity.columns[name].type in ("string", "boolean"):
                value = _as_written(value, _kind(rule.from_, types))
        elif rule.expr is not None:
            written = with_columns(rule.expr, source_column)
            value, failed = tolerant(written), misfit(written)
            if failed is not None:
                raw = raw.select(named(failed, f"{name}__misfit"), copy=False)
        else:
            value = literal(rule.value)
        raw = raw.select(named(value, f"{name}__raw"), copy=False)
    # Where a filter cannot be told, it does not let a row in.
    condition = (
        tolerant(with_columns(definition.where, source_column)) if definition.where else exp.true()
    )
    raw = raw.select(named(exp.func("COALESCE", condition, exp.false()), "_let_in"), copy=False)
    for position, key in enumerate(definition.keep):
        raw = raw.select(named(source_column(sort_key(key)[0]), f"_keep_{position}"), copy=False)
    raw = raw.from_(table(reading(mapping, ""), STAGING, DRIVER))
    for alias, join in definition.join.items():
        picked = one_row_each(join, reading(mapping, alias))
        on = join_condition(mapping, alias, landed)
        raw = raw.join(picked.subquery(alias), on=on, join_type="LEFT", copy=False)
    return raw


def parts_of(
    mapping: ResolvedMapping,
) -> Iterator[tuple[ResolvedMapping, str, tuple[str, ...]]]:
    """The mapping with one of its expressions alone, for each: with its text and its place.

    Conditions of joins come first, since the other expressions may need them.
    """
    definition = mapping.definition

    def part(aliases: Iterable[str], **kept: object) -> ResolvedMapping:
        joins = joins_needed(definition, aliases)
        bare: dict[str, object] = {"columns": {}, "where": None, "keep": ()}
        bare["join"] = {alias: join for alias, join in definition.join.items() if alias in joins}
        return replace(mapping, definition=definition.model_copy(update=bare | kept))

    for alias, join in definition.join.items():
        if join.where is not None:
            yield part([alias]), join.where, ("join", alias, "where")
    for name, rule in definition.columns.items():
        if rule.expr is not None:
            yield part(_aliases(rule.expr), columns={name: rule}), rule.expr, ("columns", name)
    if definition.where is not None:
        written = definition.where
        yield part(_aliases(written), where=written), written, ("where",)


def joins_needed(definition: EntityMapping, aliases: Iterable[str]) -> set[str]:
    """Joins, and the earlier ones that they look at."""
    found: set[str] = set()
    queue = [alias for alias in aliases if alias in definition.join]
    while queue:
        alias = queue.pop()
        if alias not in found:
            found.add(alias)
            targets = definition.join[alias].on.values()
            queue += [alias for alias, _ in map(alias_and_column, targets) if alias]
    return found


def _aliases(expression: str) -> set[str]:
    return {parts[0] for parts in columns_of(expression) if len(parts) > 1}


def source_column(dotted: str) -> exp.Column:
    """A landed column as mappings write it: of the driving table, or of a join by its alias."""
    alias, name = alias_and_column(dotted)
    return column(name, alias or DRIVER)


def join_condition(mapping: ResolvedMapping, alias: str, landed: Mapping[str, Columns]) -> exp.Expr:
    """When a row of a joined table belongs to one of the driving table."""
    types = _types(mapping, landed)
    on = mapping.definition.join[alias].on
    return all_of(_equal(own, alias, target, types) for own, target in on.items())


def _types(mapping: ResolvedMapping, landed: Mapping[str, Columns]) -> dict[str, Columns]:
    definition = mapping.definition
    joined = {alias: landed.get(join.table, {}) for alias, join in definition.join.items()}
    return {"": landed[definition.from_], **joined}


def _kind(dotted: str, types: Mapping[str, Columns]) -> str | None:
    """The engine's type of a landed column, whatever the case it is written in."""
    alias, name = alias_and_column(dotted)
    return {own.lower(): kind for own, kind in types.get(alias, {}).items()}.get(name.lower())


def _as_written(value: exp.Expr, kind: str | None) -> exp.Expr:
    """A whole number that came as a fraction, because some of its column are missing: 7.0 is 7."""
    if kind not in _FRACTIONS:
        return value
    return call("regexp_replace", exp.cast(value, "VARCHAR"), text(r"\.0$"), text(""))


def _equal(own: str, alias: str, target: str, types: Mapping[str, Columns]) -> exp.Expr:
    """Equality of two columns; of types that do not compare, they are compared as texts."""
    other, name = alias_and_column(target)
    left, right = column(own, alias), column(name, other or DRIVER)
    kinds = (_kind(f"{alias}.{own}", types), _kind(target, types))
    if kinds[0] == kinds[1] or all(kind and kind.startswith(_NUMBERS) for kind in kinds):
        return left.eq(right)
    texts = (_as_written(left, kinds[0]), _as_written(right, kinds[1]))
    return exp.cast(texts[0], "VARCHAR").eq(exp.cast(texts[1], "VARCHAR"))


def one_row_each(join: Join, read: str) -> exp.Select:
    """The joined table with at most one row for each value of its join columns."""
    order = [_order(key) for key in join.order_by] + [
        ordered(column(BATCH), descending=True),
        ordered(column(ROW)),
    ]
    pick = row_number([column(own) for own in join.on], order)
    ranked = exp.select(exp.Star(), named(pick, "_pick")).from_(table(read, STAGING))
    if join.where:
        own = lambda written: column(alias_and_column(written)[1])  # noqa: E731
        ranked = ranked.where(tolerant(with_columns(join.where, own)), copy=False)
    return (
        exp.select(exp.Star()).from_(ranked.subquery("ranked")).where(column("_pick").eq(number(1)))
    )


def _order(key: str) -> exp.Ordered:
    name, descending = sort_key(key)
    return ordered(column(name), descending=descending)


def native_type(rule: ColumnRule, columns: Columns) -> str | None:
    """The landed type, where the value is a landed column that no rule has turned into text."""
    if rule.clean or rule.lookup is not None or rule.from_ is None:
        return None
    alias, name = alias_and_column(rule.from_)
    by_name = {own.lower(): kind for own, kind in columns.items()}
    return None if alias else by_name.get(name.lower())
