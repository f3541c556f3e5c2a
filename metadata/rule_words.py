"""What rules do, in words: from their own docstrings and the values that people gave them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from metadata.model.mapping import ColumnRule, EntityMapping
from metadata.model.rule import Rule, summary

_OTHERWISE = {
    "quarantine": "the row is quarantined",
    "null": "the value is left out",
    "unknown": "the value becomes 'Unknown'",
    "keep": "the value stays and a warning is counted",
}
_TOLD = {"from_", "expr", "value", "clean", "lookup", "format", "default", "check", "otherwise"}


def column_words(rule: ColumnRule) -> tuple[str, ...]:
    """How a column is filled, a sentence for each step in the order in which they are taken.

    >>> column_words(ColumnRule.model_validate({"from": "mail", "clean": ["trim"]}))[0]
    'Copied from mail.'
    """
    return tuple(_column(rule))


def _column(rule: ColumnRule) -> Iterator[str]:
    if rule.from_ is not None:
        yield f"Copied from {rule.from_.removeprefix('.')}."
    elif rule.expr is not None:
        yield f"Computed: {rule.expr}"
    else:
        yield f"Always {shown(rule.value)}."
    for each in rule.clean:
        yield rule_words(each)
    if isinstance(rule.lookup, str):
        yield f"Its code is translated by the lookup {rule.lookup}."
    elif rule.lookup:
        codes = ", ".join(f"{shown(code)} is {shown(to)}" for code, to in rule.lookup.items())
        yield f"Its code is translated: {codes}."
    if rule.format:
        yield f"Read by the format {' or '.join(rule.format)}."
    if rule.default is not None:
        yield f"Where there is no value: {shown(rule.default)}."
    for each in rule.check:
        yield f"Check {rule_words(each)} Then {_OTHERWISE.get(rule.otherwise, rule.otherwise)}."
    yield from rest_words(rule, _TOLD)


def rule_words(rule: Rule) -> str:
    """A rule as its name, its values, and what its docstring says first.

    >>> from metadata.model.rules import Left
    >>> rule_words(Left(length=3))
    'left (length 3): Keeps the first characters.'
    """
    values = ", ".join(
        f"{field.alias or name} {shown(getattr(rule, name))}"
        for name, field in type(rule).model_fields.items()
        if getattr(rule, name) != field.get_default(call_default_factory=True)
    )
    return f"{rule.rule}{f' ({values})' if values else ''}: {summary(type(rule))}"


def mapping_words(mapping: EntityMapping) -> tuple[str, ...]:
    """Which rows a mapping takes, what it looks up beside them, and which of several survives."""
    return tuple(_mapping(mapping))


def _mapping(mapping: EntityMapping) -> Iterator[str]:
    yield f"One row for each row of {mapping.from_}."
    for name, join in mapping.join.items():
        on = " and ".join(f"{ours} equals {theirs}" for ours, theirs in join.on.items())
        more = f", only where {join.where}" if join.where else ""
        first = f", the first by {', '.join(join.order_by)}" if join.order_by else ""
        yield f"Beside it, as {name}, the row of {join.table} whose {on}{more}{first}."
    if mapping.where:
        yield f"Rows are filtered out (and counted) unless {mapping.where}"
    if mapping.keep:
        yield f"Of rows with the same key the first by {', '.join(mapping.keep)} survives."
    if mapping.priority != 100:
        yield (
            f"Where several mappings give the same key, its priority is {mapping.priority};"
            " the lowest survives."
        )
    told = {"entity", "from_", "description", "join", "columns", "where", "keep", "priority"}
    yield from rest_words(mapping, told)


def rest_words(definition: BaseModel, told: set[str]) -> Iterator[str]:
    """Whatever else is written, so that nothing that holds goes unsaid."""
    for name, field in type(definition).model_fields.items():
        if name in told or name not in definition.model_fields_set:
            continue
        value = getattr(definition, name)
        if value == field.get_default(call_default_factory=True):
            continue
        yield f"{field.alias or name}: {shown(value)}. {field.description or ''}".strip()


def shown(value: Any) -> str:
    """A value as people would write it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, BaseModel):
        said = value.model_dump(exclude_unset=True, by_alias=True)
        return ", ".join(f"{key} {shown(each)}" for key, each in said.items())
    if isinstance(value, dict):
        return ", ".join(f"{key}: {shown(each)}" for key, each in value.items())
    if isinstance(value, tuple | list):
        return ", ".join(shown(each) for each in value)
    return f"'{value}'" if isinstance(value, str) else str(value)
