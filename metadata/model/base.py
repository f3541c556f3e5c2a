"""What every definition shares: strictness, names, column types and durations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.fields import FieldInfo

from metadata.cron import parse_cron

NAME_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"

Name = Annotated[
    str,
    Field(
        pattern=NAME_PATTERN,
        description="Lower-case letters, digits and underscores, starting with a letter.",
    ),
]

_TYPE = re.compile(
    r"^(string|integer|double|boolean|date|timestamp|decimal\((\d{1,2}),\s*(\d{1,2})\))$"
)
_DURATION = re.compile(r"^(\d+)\s*(second|minute|hour|day|week)s?$")

_LONGEST = timedelta(days=36_525)


class Definition(BaseModel):
    """Base of all definitions: frozen, and an unknown key is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _column_type(value: str) -> str:
    text = value.strip().lower()
    match = _TYPE.match(text)
    if not match:
        raise ValueError(
            "is not a column type; use string, integer, decimal(p,s), double, boolean, date or"
            " timestamp"
        )
    if match.group(2):
        precision, scale = int(match.group(2)), int(match.group(3))
        if not 1 <= precision <= 38 or scale > precision:
            raise ValueError("needs a precision of 1 to 38 and a scale no larger")
        return f"decimal({precision},{scale})"
    return text


ColumnType = Annotated[str, AfterValidator(_column_type)]


def _duration(value: Any) -> Any:
    if isinstance(value, str):
        match = _DURATION.match(value.strip().lower())
        if not match:
            raise ValueError("is not a duration; write it like '2 days' or '30 minutes'")
        try:
            found = timedelta(**{f"{match.group(2)}s": int(match.group(1))})
        except (OverflowError, ValueError):
            found = timedelta.max
        if found > _LONGEST:
            raise ValueError("is longer than any duration can be: a hundred years")
        return found
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]


def _cron(value: str) -> str:
    parse_cron(value)
    return value


CronFields = Annotated[str, AfterValidator(_cron)]
"""Five cron fields: minute hour day month weekday."""


def as_list(value: Any) -> Any:
    """A list of names, of which one alone may be written without the brackets."""
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(as_list)]
"""One name, or a list of names."""


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    for place, name in enumerate(names):
        if not name.strip():
            raise ValueError("holds a name that is empty")
        if name in names[:place]:
            raise ValueError(f"names '{name}' twice")
    return names


DistinctNames = Annotated[Names, AfterValidator(_distinct)]
"""The same, each of them once."""


@dataclass(frozen=True)
class ScalarSql:
    """Marks a field that holds SQL, so that whoever reads definitions finds all of it."""


Expression = Annotated[
    str,
    Field(min_length=1, max_length=4000, json_schema_extra={"refers_to": "expression"}),
    ScalarSql(),
]
"""One scalar SQL expression; `metadata.expressions` says what it may hold."""

Expressions = Annotated[tuple[Expression, ...], BeforeValidator(as_list)]
"""One expression, or a list of expressions."""


def holds_sql(field: FieldInfo) -> bool:
    """Whether a field of a definition is an expression."""
    return any(isinstance(each, ScalarSql) for each in field.metadata) or _marked(field.annotation)


def _marked(annotation: Any) -> bool:
    parts = get_args(annotation)
    if get_origin(annotation) is Annotated and any(isinstance(p, ScalarSql) for p in parts[1:]):
        return True
    return any(_marked(part) for part in parts)


def expressions_of(definition: BaseModel) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every expression that a definition holds, with its place as YAML writes it."""
    for name, key, sql in _fields(type(definition)):
        found = _within(getattr(definition, name), sql=sql)
        yield from (((key, *path), text) for path, text in found)


@cache
def _fields(model: type[BaseModel]) -> tuple[tuple[str, str, bool], ...]:
    """The fields of a kind of definition: name, key in YAML, and whether it is an expression."""
    fields = model.model_fields.items()
    return tuple((name, each.alias or name, holds_sql(each)) for name, each in fields)


def _within(value: Any, *, sql: bool) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        if sql:
            yield (), value
    elif isinstance(value, BaseModel):
        yield from expressions_of(value)
    elif isinstance(value, Mapping | list | tuple):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for step, each in items:
            yield from (((step, *path), text) for path, text in _within(each, sql=sql))
