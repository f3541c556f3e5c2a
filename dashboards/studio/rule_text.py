"""Rules as they are written, and as people read them; right or wrong, nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from metadata.model.rule import Rule
from metadata.model.rule import summary as in_words
from metadata.model.rules import CHECKS, CLEANSING, arguments_of

RULES: Mapping[str, Mapping[str, type[Rule]]] = {
    "clean": {rule.rule: rule for rule in CLEANSING},
    "check": {rule.rule: rule for rule in CHECKS},
}
_BETWEEN = re.compile(r"^between\s+(\S+)\s+and\s+(\S+)$", re.IGNORECASE)
_PLAIN = re.compile(r"^[^\s\"']+$")


def listed(value: Any) -> list[Any]:
    """The rules of a column, however they are written: none, one alone, or a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def unlisted(rules: Sequence[Any]) -> Any:
    """The rules as they are written: none, one alone where it is only a name, else a list."""
    if not rules:
        return None
    return rules[0] if len(rules) == 1 and isinstance(rules[0], str) else list(rules)


def rule_name(raw: Any) -> str:
    """The name under which a rule is written."""
    if isinstance(raw, str):
        return "between" if _BETWEEN.match(raw.strip()) else raw.strip()
    if isinstance(raw, dict) and len(raw) == 1:
        return str(next(iter(raw)))
    return "?"


def fields_of(rule: type[Rule]) -> dict[str, FieldInfo]:
    """A rule's parameters by the names under which they are written."""
    return {field.alias or name: field for name, field in rule.model_fields.items()}


def parameters(rule: type[Rule] | None, raw: Any) -> dict[str, Any]:
    """A rule's parameters by name, as they are written."""
    if isinstance(raw, str):
        between = _BETWEEN.match(raw.strip())
        return {"low": between.group(1), "high": between.group(2)} if between else {}
    if not isinstance(raw, dict) or len(raw) != 1 or rule is None:
        return {}
    try:
        return dict(arguments_of(rule, next(iter(raw.values()))))
    except ValueError:
        return {}


def written(rule: type[Rule], given: Mapping[str, Any]) -> Any:
    """A rule with parameters as people would write it: in the shortest form."""
    fields = fields_of(rule)
    kept = {
        name: value
        for name, value in given.items()
        if name in fields and not _is_default(fields[name], value)
    }
    if not kept:
        return rule.rule
    if rule.rule == "between" and set(kept) == {"low", "high"}:
        low, high = (str(kept[end]) for end in ("low", "high"))
        if _PLAIN.match(low) and _PLAIN.match(high):
            return f"between {low} and {high}"
    first = next(iter(fields))
    return {rule.rule: kept[first] if list(kept) == [first] and _alone(kept[first]) else kept}


def problem(rule: type[Rule], given: Mapping[str, Any]) -> str:
    """What is wrong with parameters; empty when nothing is."""
    try:
        rule.model_validate(dict(given))
    except ValidationError as error:
        told = []
        for each in error.errors(include_url=False):
            name = str(each["loc"][0]) if each["loc"] else ""
            message = each["msg"].removeprefix("Value error, ")
            told.append(
                f"'{name}' is missing."
                if each["type"] == "missing"
                else f"'{name}' {message}.".strip()
                if name
                else f"{message}."
            )
        return " ".join(told)
    return ""


def summary(kind: str, raw: Any) -> str:
    """A rule in a few characters, for its chip.

    >>> summary("clean", {"replace": {"find": "a", "with": ""}})
    'replace “a” → “”'
    """
    name = rule_name(raw)
    rule = RULES[kind].get(name)
    given = parameters(rule, raw)
    shown = name.replace("_", " ")
    if rule is None or not given:
        return shown
    if {"low", "high"} >= set(given) and name == "between":
        return f"{shown} {given.get('low')} and {given.get('high')}"
    if "with" in fields_of(rule):
        values = list(given.values())
        return f"{shown} “{_short(values[0])}” → “{_short(given.get('with', ''))}”"
    return f"{shown} {', '.join(_short(each) for each in given.values())}"


def explanation(rule: type[Rule]) -> str:
    """What a rule does, in its own words."""
    return in_words(rule)


def pair_lines(pairs: Mapping[str, Any]) -> str:
    r"""A map of texts as lines.

    >>> pair_lines({"m": "male", "f": "female"})
    'm: male\nf: female'
    """
    return "\n".join(f"{given}: {meant}" for given, meant in pairs.items())


def pairs_in(lines: str) -> dict[str, str]:
    r"""A map of texts from lines; a line without a colon stands for what means nothing.

    >>> pairs_in("m: male\n\nx")
    {'m': 'male', 'x': ''}
    """
    parted = (line.partition(":") for line in lines.splitlines() if line.strip())
    return {given.strip(): meant.strip() for given, _, meant in parted}


def _is_default(field: FieldInfo, value: Any) -> bool:
    return not field.is_required() and value == field.get_default(call_default_factory=True)


def _alone(value: Any) -> bool:
    return not isinstance(value, dict)


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return text if len(text) <= 24 else f"{text[:22]}…"
