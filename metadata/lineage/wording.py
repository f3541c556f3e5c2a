"""Rules as people read them along the way of a value."""

from __future__ import annotations

from typing import Any

from metadata.model.mapping import ColumnRule
from metadata.model.rules import Rule


def rules_in_words(rule: ColumnRule, kind: str, *, required: bool) -> str:
    """What happens to a value, in the order in which it happens.

    Args:
        rule: how the column is filled.
        kind: the entity column's metadata type.
        required: whether a row without a value is refused.
    """
    steps = [rule.expr] if rule.expr is not None else []
    steps += [rule_in_words(each) for each in rule.clean]
    if isinstance(rule.lookup, str):
        steps.append(f"lookup {rule.lookup}")
    elif rule.lookup is not None:
        steps.append(
            "lookup {" + _shortened(", ".join(f"{k}: {v}" for k, v in rule.lookup.items())) + "}"
        )
    if kind != "string":
        steps.append(f"as {kind}" + (f" ({', '.join(rule.format)})" if rule.format else ""))
    if rule.default is not None:
        steps.append(f"default {rule.default}")
    steps += [f"check {rule_in_words(each)}" for each in rule.check]
    if rule.check or rule.lookup is not None or kind != "string":
        steps.append(f"otherwise {rule.otherwise}")
    if required:
        steps.append("required")
    return ", ".join(steps)


def rule_in_words(rule: Rule) -> str:
    """A rule by its name, with its parameters where it has any.

    >>> from metadata.model.rules import Replace, Trim
    >>> rule_in_words(Trim()), rule_in_words(Replace(find="-"))
    ('trim', 'replace(-)')
    """
    given = [_value(value) for name, value in rule if name in rule.model_fields_set]
    return f"{rule.rule}({', '.join(given)})" if given else rule.rule


def _value(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return str(value)


def _shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 3].rstrip() + "..."
