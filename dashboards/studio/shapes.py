"""What a field of a model takes, worked out from its type: the ground on which forms are made.

Nothing here knows a kind of definition. Whatever pydantic can say is met with some way to enter it;
what is too particular for a field of its own is entered as YAML, so that nothing is out of reach.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from metadata.model.base import NAME_PATTERN
from metadata.model.rule import Rule

Way = Literal[
    "text", "expression", "scalar", "toggle", "choice", "choices", "names", "pairs",
    "clean", "check", "model", "named", "list", "either", "yaml",
]  # fmt: skip
"""How a value is entered: `named` are models by name, `list` models in order, `either` one of
several shapes, `clean` and `check` the rules of a column, `yaml` whatever else."""


@dataclass(frozen=True)
class Shape:
    """What a value may be."""

    way: Way
    options: tuple[str, ...] = ()
    """What may be chosen."""
    model: type[BaseModel] | None = None
    """The model of the value, of each named value or of each in the list."""
    within: tuple[Shape, ...] = ()
    """The shapes of which it has one."""
    validators: tuple[BeforeValidator, ...] = ()
    """What turns the short ways of writing a model into its long one."""
    nullable: bool = False
    """Whether null says something; for models by name, that one of them is left out."""
    named: bool = False
    """Whether a text, or each key of a map, is a name as definitions bear it."""
    words: bool = True
    """Whether each of several values is a text; else it may be a number or a truth value."""

    @property
    def alone(self) -> bool:
        """Whether one value may stand without the brackets of a list."""
        value: Any = "x"
        for validator in self.validators:
            try:
                value = typing.cast(Any, validator.func)(value)
            except Exception:
                return False
        return isinstance(value, list | tuple)

    def long(self, raw: Any) -> dict[str, Any]:
        """A model's content as a map, however short it is written; empty where it is no model's."""
        value = raw
        for validator in self.validators:
            try:
                value = typing.cast(Any, validator.func)(value)
            except Exception:
                return {}
        return dict(value) if isinstance(value, dict) else {}

    def short(self, content: dict[str, Any]) -> Any:
        """The shortest way of writing a model's content that is read as the same."""
        if not self.validators:
            return content
        if not content and self.long(None) == {} and self._reads_null():
            return None
        if len(content) == 1:
            (value,) = content.values()
            if isinstance(value, str | list | int | float) and self.long(value) == content:
                return value
        return content

    def _reads_null(self) -> bool:
        try:
            return all(typing.cast(Any, v.func)(None) == {} for v in self.validators)
        except Exception:
            return False


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """A model's fields by the keys under which they are written."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def shape_of(field: FieldInfo) -> Shape:
    """What a field takes."""
    return _shape(field.annotation, tuple(field.metadata), field.json_schema_extra)


def is_secret(field: FieldInfo) -> bool:
    """Whether a value must not be shown."""
    return not field.repr


def _shape(annotation: Any, metadata: tuple[Any, ...] = (), extra: Any = None) -> Shape:
    annotation, metadata, extra = _peeled(annotation, metadata, extra)
    if _refers_to(extra) in ("clean", "check"):
        return Shape(_refers_to(extra))  # type: ignore[arg-type]
    union = isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union
    if not union:
        return _single(annotation, metadata, extra)
    parts = [each for each in typing.get_args(annotation) if each is not type(None)]
    nullable = len(parts) < len(typing.get_args(annotation))
    if len(parts) == 1:
        inner = _shape(parts[0], metadata, extra)
        return replace(inner, nullable=nullable or inner.nullable)
    shapes = [_shape(each) for each in parts]
    if all(shape.way in ("text", "scalar", "toggle") for shape in shapes):
        return Shape("scalar", nullable=nullable)
    if all(shape.way in ("choice", "text") for shape in shapes):
        return Shape("choice", tuple(o for s in shapes for o in s.options), nullable=nullable)
    if any(shape.way == "yaml" for shape in shapes):
        return Shape("yaml")
    return Shape("either", within=tuple(shapes), nullable=nullable, validators=_before(metadata))


def _single(annotation: Any, metadata: tuple[Any, ...], extra: Any) -> Shape:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return Shape("choice", tuple(str(each) for each in arguments))
    if origin in (tuple, list, frozenset, set):
        return _several(arguments, metadata)
    if origin in (dict, Mapping) or getattr(origin, "__name__", "") == "Mapping":
        return _mapped(arguments)
    if isinstance(annotation, type) and issubclass(annotation, Rule):
        return Shape("yaml")
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Shape("model", model=annotation, validators=_before(metadata))
    if annotation is bool:
        return Shape("toggle")
    if annotation is str:
        if _refers_to(extra) == "expression":
            return Shape("expression")
        return Shape("text", named=_pattern(metadata) == NAME_PATTERN)
    if origin is None and isinstance(annotation, type):
        # Numbers, days, spans of time: one word, and the model says whether it can be read.
        return Shape("scalar")
    return Shape("yaml")


def _several(arguments: tuple[Any, ...], metadata: tuple[Any, ...]) -> Shape:
    inner = [each for each in arguments if each is not Ellipsis]
    shapes = {_shape(each) for each in inner}
    if len(shapes) != 1:
        return Shape("yaml")
    (shape,) = shapes
    if shape.way == "choice":
        return Shape("choices", shape.options, validators=_before(metadata))
    if shape.way in ("text", "scalar", "expression"):
        words = shape.way != "scalar"
        return Shape("names", named=shape.named, validators=_before(metadata), words=words)
    if shape.way == "model":
        return Shape("list", model=shape.model, validators=shape.validators)
    return Shape("yaml")


def _mapped(arguments: tuple[Any, ...]) -> Shape:
    if len(arguments) != 2:
        return Shape("yaml")
    shape = _shape(arguments[1])
    if shape.way in ("text", "scalar", "expression", "toggle"):
        return Shape("pairs")
    if shape.way == "model":
        _, said, _ = _peeled(arguments[0], (), None)
        return Shape(
            "named",
            model=shape.model,
            validators=shape.validators,
            nullable=shape.nullable,
            named=_pattern(said) == NAME_PATTERN,
        )
    return Shape("yaml")


def _peeled(annotation: Any, metadata: tuple[Any, ...], extra: Any) -> tuple[Any, Any, Any]:
    """An annotation without what is only said about it."""
    while typing.get_origin(annotation) is typing.Annotated:
        annotation, *said = typing.get_args(annotation)
        for each in said:
            if isinstance(each, FieldInfo):
                metadata = (*metadata, *each.metadata)
                extra = extra or each.json_schema_extra
            else:
                metadata = (*metadata, each)
    return annotation, metadata, extra


def _before(metadata: tuple[Any, ...]) -> tuple[BeforeValidator, ...]:
    return tuple(each for each in metadata if isinstance(each, BeforeValidator))


def _pattern(metadata: tuple[Any, ...]) -> str:
    return next((str(m.pattern) for m in metadata if getattr(m, "pattern", None)), "")


def _refers_to(extra: Any) -> str:
    return str(extra.get("refers_to", "")) if isinstance(extra, dict) else ""
