"""Columns that no source column fills and that can be computed from those that are filled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from metadata.expressions import DIALECT, columns_of
from metadata.propose.columns import Known
from metadata.propose.drafts import Rule
from metadata.propose.expressions import carried_over, parsed, written
from metadata.propose.rules import as_number
from metadata.propose.vocabulary import EntityWords, Target

_LESS = 0.95


@dataclass(frozen=True)
class Filled:
    """A column of an entity with what fills it."""

    target: Target
    rule: Rule
    confidence: float
    reason: str
    reads: tuple[tuple[str, str], ...]
    aliases: tuple[str, ...] = ()
    """Joins that it needs."""
    hint: str = ""
    known: Known | None = None
    """The source column, where it is only one."""
    alias: str = ""
    """The join that the source column stands in."""


def derived(words: EntityWords, filled: Mapping[str, Filled]) -> Iterator[Filled]:
    """What can be computed, each column once; earlier ones may serve later ones."""
    found = dict(filled)
    by_name = {t.column: t for t in words.targets}
    for name, expressions in words.hints.derive.items():
        if name in found or name not in by_name:
            continue
        for rank, expression in enumerate(expressions):
            needed = [".".join(parts) for parts in columns_of(expression)]
            if all(n in found for n in needed):
                made = _derive(by_name[name], expression, [found[n] for n in needed], rank)
                if made is not None:
                    found[name] = made
                    yield made
                break


def _derive(target: Target, expression: str, parts: list[Filled], rank: int) -> Filled | None:
    confidence = round(min(part.confidence for part in parts) * (_LESS - 0.1 * rank), 2)
    reads = tuple(dict.fromkeys(read for part in parts for read in part.reads))
    aliases = tuple(dict.fromkeys(alias for part in parts for alias in part.aliases))
    reason = f"derived: {expression}"
    if len(parts) == 1 and expression == parts[0].target.column:
        (part,) = parts
        if _is_day(target, part):
            return None
        return Filled(
            target, part.rule, confidence, reason, reads, aliases, part.hint, part.known, part.alias
        )
    by_name = {part.target.column: part for part in parts}
    text = carried_over(expression, lambda name: _spelled(by_name[name]))
    return Filled(target, {"expr": text}, confidence, reason, reads, aliases)


def _is_day(target: Target, part: Filled) -> bool:
    """Whether a moment would be made of a day, which says nothing about its hour."""
    return target.type == "timestamp" and part.known is not None and part.known.form != "moment"


def _spelled(part: Filled) -> exp.Expr:
    """What fills a column, as a value of its type."""
    if "expr" in part.rule:
        return parsed(part.rule["expr"])
    if "value" in part.rule:
        return exp.convert(part.rule["value"])
    known = part.known
    assert known is not None
    kind = _needed_cast(part.target, known)
    if kind is None:
        return parsed(written(known.name, part.alias))
    return exp.cast(as_number(known, part.alias), kind, dialect=DIALECT)


def _needed_cast(target: Target, known: Known) -> str | None:
    """The type to compute in: exact, and wide enough that a product of three does not overflow."""
    if target.type in ("string", "date", "timestamp", "boolean"):
        return None
    text = known.column.type == "string"
    if target.values == "share":
        return "decimal(9,6)" if text or known.column.type == "double" else None
    if text and known.form == "whole":
        return "bigint"
    scale = 3 if target.values == "quantity" else 4
    return f"decimal(38,{scale})" if text or known.column.type == "double" else None
