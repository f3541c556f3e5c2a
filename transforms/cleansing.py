"""Cleansing rules as SQL: from the expression of a value to that of the cleansed one.

Some rules read their value many times, as a date that may be written in ten ways. Nested into one
another they would grow beyond measure, so a chain of rules can also be had in layers: each layer is
one more column over the columns of the layer before (`cleansed_in_layers`).
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from metadata.model.rules import Date, DefaultFrom, Number, Phone, Rule, TimeZone
from transforms.cleansing_contact import contact_stages
from transforms.cleansing_dates import date_stages, moved
from transforms.cleansing_figures import figure_rule, number_stages
from transforms.cleansing_phones import phone_stages
from transforms.cleansing_text import text_rule
from transforms.statements import column, named, text

Stage = Callable[[exp.Expr, exp.Expr], exp.Expr]
"""From the value as it is now, and as it was before the rule, to the next."""
Mapped = Callable[[str], exp.Expr]
"""From the name of another column of the mapped row to its value."""
_MOST_COPIES = 8


def alone(name: str) -> exp.Expr:
    """The row of a value that has no row: nothing else is in it."""
    return exp.null()


def cleanse(value: exp.Expr, rules: tuple[Rule, ...], mapped: Mapped = alone) -> exp.Expr:
    """Apply rules in their order, as one expression."""
    *layers, last = _layers(value, "value", rules, mapped)
    if not layers:
        return last
    bound = exp.select(named(layers[0], "value__clean_1"))
    for number, layer in enumerate(layers[1:], 2):
        bound = exp.select(exp.Star(), named(layer, f"value__clean_{number}")).from_(
            bound.subquery(f"layer_{number - 1}", copy=False), copy=False
        )
    return exp.select(last).from_(bound.subquery("layers", copy=False), copy=False).subquery()


def cleansed_in_layers(
    name: str, rules: tuple[Rule, ...], mapped: Mapped = alone
) -> list[exp.Expr]:
    """Apply rules to the column `<name>__raw` in as many layers as keep each of them small.

    Returns:
        One expression for each layer. All but the last are kept as columns `<name>__clean_<n>`,
        counted from 1, for the layers after them; the last one is the cleansed value.
    """
    return _layers(column(f"{name}__raw"), name, rules, mapped)


def _layers(value: exp.Expr, name: str, rules: tuple[Rule, ...], mapped: Mapped) -> list[exp.Expr]:
    layers: list[exp.Expr] = []
    copies = 1
    for rule in rules:
        stages = _stages(rule, mapped)
        fans = [_fan(stage) for stage in stages]
        before: exp.Expr | None = None
        for stage, fan in zip(stages, fans, strict=True):
            heavy = copies * fan > _MOST_COPIES or (before is None and len(stages) > 1)
            if heavy and not isinstance(value, exp.Column):
                layers.append(value)
                value, copies = column(f"{name}__clean_{len(layers)}"), 1
            before = value if before is None else before
            value = stage(value, before)
            copies *= max(fan, 1)
    return [*layers, value]


def _fan(stage: Stage) -> int:
    """How often a stage reads its value."""
    value = stage(column("value"), column("before"))
    return sum(1 for node in value.find_all(exp.Column) if node.name == "value")


def _stages(rule: Rule, mapped: Mapped) -> tuple[Stage, ...]:
    match rule:
        case Date():
            return _of_texts(date_stages(rule))
        case Number():
            return _of_texts(number_stages(rule))
        case Phone():
            return _of_texts(phone_stages(rule, mapped))
        case TimeZone():
            return _of_texts((lambda value, before: moved(value, rule),))
        case DefaultFrom():
            return (lambda value, before: _default_from(value, mapped(rule.column)),)
        case _:
            contact = contact_stages(rule, mapped)
            return (_single(rule),) if contact is None else _of_texts(contact)


def _single(rule: Rule) -> Stage:
    def stage(value: exp.Expr, before: exp.Expr) -> exp.Expr:
        made = figure_rule(value, rule) or text_rule(exp.cast(value, "VARCHAR"), rule)
        if made is None:
            raise AssertionError(f"no SQL for rule {rule.rule}")
        return made

    return stage


def _of_texts(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Stages that are given texts, whatever type the value came in."""
    opening, *rest = stages
    return (
        lambda value, before: opening(exp.cast(value, "VARCHAR"), exp.cast(before, "VARCHAR")),
        *map(_after, rest),
    )


def _after(stage: Stage) -> Stage:
    """A stage after the first, whose value is a text already."""
    return lambda value, before: stage(value, exp.cast(before, "VARCHAR"))


def _default_from(value: exp.Expr, other: exp.Expr) -> exp.Expr:
    given = exp.cast(value, "VARCHAR")
    missing = exp.or_(given.is_(exp.null()), given.copy().eq(text("")))
    return exp.Case().when(missing, exp.cast(other, "VARCHAR")).else_(given.copy())
