"""What a rule is: a name, parameters, and words that say what it does and show it.

A rule documents itself. Its docstring says what it does; sentences that begin with "Example:" show
it, each with the rule as it would be written and values in quotation marks or not, as in YAML:

* of a cleansing rule: Example: `RULE` turns `GIVEN` into `RESULT`.
* of a check: Example: `RULE` passes `GIVEN` and fails `GIVEN`.

A value in braces stands for a row: its first column is the one that the rule is written at. The
tests run every example.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from metadata.model.base import Definition
from metadata.yaml_tree import parse_documents

STRING = frozenset({"string"})
FIGURES = frozenset({"integer", "decimal", "double"})
MOMENTS = frozenset({"date", "timestamp"})
ORDERED = FIGURES | MOMENTS | STRING


class Rule(Definition):
    """Base of rules."""

    rule: ClassVar[str]
    """The name by which it is written."""
    kinds: ClassVar[frozenset[str] | None] = None
    """Kinds of columns it makes sense for: of a cleansing rule, those that its result can be read
    as; of a check, those whose values it can judge. None is any."""

    @classmethod
    def direct(cls, given: Any) -> dict[str, Any]:
        """A parameter given without its name, as `{left: 3}`: the first one, unless said."""
        fields = [field.alias or name for name, field in cls.model_fields.items()]
        return {fields[0]: given} if fields else {"parameters": given}

    @classmethod
    def takes_list(cls) -> bool:
        """Whether a list given directly is the first parameter, not all of them in turn."""
        first = next(iter(cls.model_fields.values()), None)
        return first is not None and typing.get_origin(first.annotation) is tuple

    def reads(self) -> tuple[str, ...]:
        """Other columns of the mapped row that it looks at."""
        return self._referred("column")

    def entities(self) -> tuple[str, ...]:
        """Other entities that it looks into."""
        return self._referred("entity")

    def expressions(self) -> tuple[str, ...]:
        """Conditions over the mapped row that it holds."""
        return self._referred("expression")

    def misuse(self, kind: str) -> str | None:
        """Why it can never work on a column of a type, beyond what `kinds` says."""
        return None

    def _referred(self, to: str) -> tuple[str, ...]:
        found: list[str] = []
        for name, field in type(self).model_fields.items():
            extra = field.json_schema_extra
            value = getattr(self, name)
            if isinstance(extra, dict) and extra.get("refers_to") == to and value is not None:
                found += [value] if isinstance(value, str) else value
        return tuple(found)


def column_field(default: Any = ..., *, description: str) -> Any:
    """A parameter that names another column of the mapped row (or several)."""
    return Field(default, description=description, json_schema_extra={"refers_to": "column"})


def expression_field(*, description: str) -> Any:
    """A parameter that is a condition over the mapped row; its type is `Expression`."""
    return Field(description=description, json_schema_extra={"refers_to": "expression"})


def kind_of(column_type: str) -> str:
    """A column type without its precision.

    >>> kind_of("decimal(18,2)")
    'decimal'
    """
    return column_type.partition("(")[0]


def family(column_type: str) -> str:
    """What a column type is compared as: numbers with numbers, dates with timestamps.

    >>> family("decimal(18,2)"), family("date"), family("string")
    ('number', 'moment', 'string')
    """
    kind = kind_of(column_type)
    if kind in FIGURES:
        return "number"
    return "moment" if kind in MOMENTS else kind


def a_kind(column_type: str) -> str:
    """A column type as a sentence names it.

    >>> a_kind("integer"), a_kind("date")
    ('an integer', 'a date')
    """
    return f"{'an' if column_type.startswith('i') else 'a'} {column_type}"


@dataclass(frozen=True)
class Example:
    """A rule at work: as it is written, on what, with what result.

    For a check `result` is whether the value passes.
    """

    rule: Any
    given: Any
    result: Any


_TURNS = re.compile(r"`([^`]+)`\s+turns\s+`([^`]*)`\s+into\s+`([^`]*)`")
_PASSES = re.compile(r"`([^`]+)`\s+passes\s+`([^`]*)`\s+and\s+fails\s+`([^`]*)`")


def summary(rule: type[Rule]) -> str:
    """What a rule does, without its examples, in one line."""
    return re.sub(r"[ \n]+", " ", _written(rule).split("Example:")[0]).strip()


def shown(rule: type[Rule]) -> tuple[str, ...]:
    """The example sentences of a rule, each in one line; what is quoted stays as it is."""
    return tuple(
        re.sub(r" *\n *", " ", sentence).strip()
        for sentence in _written(rule).split("Example:")[1:]
    )


def examples(rule: type[Rule]) -> Iterator[Example]:
    """The examples of a rule as values."""
    for sentence in shown(rule):
        for written, given, result in _TURNS.findall(sentence):
            yield Example(_value(written), _value(given), _value(result))
        for written, good, bad in _PASSES.findall(sentence):
            yield Example(_value(written), _value(good), True)
            yield Example(_value(written), _value(bad), False)


def _written(rule: type[Rule]) -> str:
    return inspect.cleandoc(rule.__doc__ or "")


def _value(text: str) -> Any:
    return next(parse_documents(f"value: {text}", "example")).content["value"]
