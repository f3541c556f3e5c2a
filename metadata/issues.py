"""Pydantic's findings in the words of this product."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from metadata.errors import Issue, Location, did_you_mean
from metadata.model.base import NAME_PATTERN, Definition

Where = Callable[..., Location]
_SECRET = ("password", "api_key", "url", "openlineage")
"""Keys whose values may hold a secret, and are not repeated."""


def validation_issues(
    model: type[Definition], error: ValidationError, where: Where
) -> Iterator[Issue]:
    """One issue for each finding, with the place in the file."""
    seen: set[tuple[Location, str]] = set()
    for finding in error.errors(include_url=False):
        loc = tuple(step for step in finding["loc"] if step != "[key]")
        place = where(*loc)
        issue = _issue(model, loc, finding, place)
        if (place, issue.what) not in seen:
            seen.add((place, issue.what))
            yield issue


def _issue(
    model: type[Definition], loc: tuple[str | int, ...], finding: Any, place: Location
) -> Issue:
    # Union branches show up as steps of their own; people wrote only the keys.
    key = next((str(step) for step in reversed(loc) if isinstance(step, str)), "")
    path = ".".join(str(step) for step in loc if not str(step).startswith(("function-", "tuple[")))
    kind, message = finding["type"], finding["msg"].removeprefix("Value error, ")
    given = finding.get("input")
    if kind == "extra_forbidden":
        known = _fields(model, loc[:-1])
        return Issue(f"Unknown key '{key}'.", place, f"At '{path}'.", did_you_mean(key, known))
    if kind == "missing":
        return Issue(f"'{path}' is missing.", place, "It is required.", f"Add '{key}: ...'.")
    if kind == "string_pattern_mismatch" and finding.get("ctx", {}).get("pattern") == NAME_PATTERN:
        return Issue(
            f"'{given}' is not a name.",
            place,
            "Names are lower-case letters, digits and underscores, starting with a letter.",
            "",
        )
    if kind == "value_error":
        plain = isinstance(given, (str, int, float, bool)) and key not in _SECRET
        shown = f" {_shown(given)}" if plain else ""
        subject = f"'{path}'{shown}" if path else "The definition"
        return Issue(f"{subject} {message.rstrip('.')}{_stop(message)}", place)
    why = "" if key in _SECRET else f"Given: {_shown(given)}."
    return Issue(f"'{path}': {message}.", place, why)


def _stop(message: str) -> str:
    return "" if message.endswith("?") else "."


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _fields(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """The keys allowed at a place, found by walking the models' annotations."""
    models: list[type[BaseModel]] = [model]
    for step in loc:
        inner: list[type[BaseModel]] = []
        for candidate in models:
            for name, field in candidate.model_fields.items():
                if step in (name, field.alias):
                    inner.extend(_models_in(field.annotation))
        # A step that is no field is the key of a map or an index: the models stay.
        models = inner or models
    return [field.alias or name for m in models for name, field in m.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif typing.get_origin(annotation) is not None or isinstance(annotation, types.UnionType):
        for argument in typing.get_args(annotation):
            yield from _models_in(argument)
