"""Values on their way: cleansed by rules, looked up, parsed, or the default where there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from metadata.expressions import columns_of
from metadata.model.mapping import ColumnRule, Lookup
from metadata.model.star import Entity
from metadata.repository import Repository, ResolvedMapping
from transforms.checks import with_columns
from transforms.cleansing import cleanse, cleansed_in_layers
from transforms.landing import landed_name
from transforms.parsing import parse
from transforms.statements import STAGING, column, data_type, literal, named, table, text
from transforms.tolerance import tolerant


def clean_rows(repository: Repository, mapping: ResolvedMapping, entity: Entity) -> exp.Select:
    """`raw` with each column's value after its rules.

    Columns that rules of others look at come first, each made once. Rules that read their value
    many times get columns of their own beneath, layer by layer.
    """
    mapped = value_of(repository, mapping, entity)
    beneath: exp.Expr = exp.to_table("raw")
    for name in _looked_at(mapping):
        value = _value_over_raw(repository, mapping, entity, name, mapped)
        layer = exp.select(exp.Star(), named(value, _seen(name))).from_(beneath, copy=False)
        beneath = layer.subquery(f"seen_{name}", copy=False)
    layered = {
        name: cleansed_in_layers(name, rule.clean, mapped)
        for name, rule in mapping.definition.columns.items()
    }
    for depth in range(max(map(len, layered.values())) - 1):
        layer = exp.select(exp.Star())
        for name, steps in layered.items():
            if depth < len(steps) - 1:
                layer = layer.select(named(steps[depth], f"{name}__clean_{depth + 1}"), copy=False)
        beneath = layer.from_(beneath, copy=False).subquery(f"layer_{depth + 1}", copy=False)
    last = [named(steps[-1], f"{name}__clean") for name, steps in layered.items()]
    return exp.select(exp.Star(), *last).from_(beneath, copy=False)


def value_of(
    repository: Repository, mapping: ResolvedMapping, entity: Entity
) -> Callable[[str], exp.Expr]:
    """Any column's value over the rows of `clean_rows`, for rules that look at their row."""
    seen = frozenset(_looked_at(mapping))

    def mapped(name: str) -> exp.Expr:
        if name in seen:
            return column(_seen(name))
        return _value_over_raw(repository, mapping, entity, name, mapped)

    return mapped


def _value_over_raw(
    repository: Repository,
    mapping: ResolvedMapping,
    entity: Entity,
    name: str,
    mapped: Callable[[str], exp.Expr],
) -> exp.Expr:
    kind = entity.columns[name].type
    rule = mapping.definition.columns.get(name)
    if rule is None:
        return exp.cast(exp.null(), data_type(kind))
    clean = cleanse(column(f"{name}__raw"), rule.clean, mapped)
    if rule.lookup is None:
        looked = clean
    elif (codes := _codes(repository, rule)) is not None:
        looked = _meaning(codes, clean)
    else:
        looked = _looked_up_alone(repository, rule, clean)
    return typed_value(rule, kind, looked, present_value(clean.copy()), None)


def _looked_at(mapping: ResolvedMapping) -> tuple[str, ...]:
    """Columns that cleansing rules of others look at; what one looks at itself stands before it."""
    rules = mapping.definition.columns
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        for each in rules[name].clean:
            told = [*each.reads(), *(p[-1] for t in each.expressions() for p in columns_of(t))]
            for other in told:
                if other in rules and other not in found:
                    visit(other)
                    found[other] = None

    for name in rules:
        visit(name)
    return tuple(found)


def _seen(name: str) -> str:
    return f"{name}__seen"


def typed_value(
    rule: ColumnRule, kind: str, looked: exp.Expr, present: exp.Expr, native: str | None
) -> exp.Expr:
    """A looked-up value parsed as its column's type, or the default where there is nothing."""
    parsed = parse(looked, kind, rule.format, native, computed=rule.expr is not None)
    if rule.default is None:
        return parsed
    # Where there is nothing; what is there and cannot be read is told.
    default = exp.cast(literal(rule.default), data_type(kind))
    return exp.Case().when(present, parsed).else_(default)


def looked_up(repository: Repository, rule: ColumnRule, name: str) -> exp.Expr:
    """What a cleansed value means by its lookup; the value itself where there is none."""
    value = column(f"{name}__clean")
    if rule.lookup is None:
        return value
    codes = _codes(repository, rule)
    return column("meaning", f"{name}__lookup") if codes is None else _meaning(codes, value)


def _codes(repository: Repository, rule: ColumnRule) -> Mapping[str, str] | None:
    """The codes of a lookup that is written out; None of one that is read from a table."""
    if isinstance(rule.lookup, str):
        return repository.lookups[rule.lookup].value.values
    return rule.lookup


def _meaning(codes: Mapping[str, str], value: exp.Expr) -> exp.Expr:
    meaning = exp.Case(this=exp.cast(value, "VARCHAR"))
    for code, word in codes.items():
        meaning = meaning.when(text(code), text(word))
    return meaning


def _looked_up_alone(repository: Repository, rule: ColumnRule, value: exp.Expr) -> exp.Expr:
    """The meaning of one value, for rules that read it before the lookups are joined."""
    assert isinstance(rule.lookup, str)
    codes = _lookup_rows(repository.lookups[rule.lookup].value)
    same = column("code", "codes").eq(exp.cast(value, "VARCHAR"))
    found = exp.select(exp.Max(this=column("meaning", "codes")))
    return found.from_(codes.subquery("codes")).where(same).subquery()


def joined_lookup(repository: Repository, query: exp.Select, lookup: str, name: str) -> exp.Select:
    """A query with a lookup's meanings beside it, where the lookup is read from a table."""
    definition = repository.lookups[lookup].value
    if definition.from_ is None:
        return query
    alias = f"{name}__lookup"
    on = column("code", alias).eq(exp.cast(column(f"{name}__clean"), "VARCHAR"))
    return query.join(_lookup_rows(definition).subquery(alias), on=on, join_type="LEFT")


def _lookup_rows(definition: Lookup) -> exp.Select:
    """The codes of a lookup that is read from a table, each with one meaning."""
    assert definition.from_ is not None
    assert definition.key is not None
    assert definition.value is not None
    source, _, landed = definition.from_.partition(".")
    codes = (
        exp.select(
            named(exp.cast(column(definition.key), "VARCHAR"), "code"),
            named(exp.func("MAX", exp.cast(column(definition.value), "VARCHAR")), "meaning"),
        )
        .from_(table(landed_name(source, landed), STAGING))
        .group_by(exp.cast(column(definition.key), "VARCHAR"))
    )
    if definition.where:
        codes = codes.where(tolerant(with_columns(definition.where, column)), copy=False)
    return codes


def present_value(clean: exp.Expr) -> exp.Expr:
    """Whether a cleansed value says anything: blank text is no value."""
    written = exp.cast(clean, "VARCHAR").neq(text(""))
    return exp.and_(exp.not_(clean.is_(exp.null())), written)
