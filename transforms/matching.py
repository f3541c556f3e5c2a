"""Records side by side: what is compared of them, how alike two values are, and where they agree.

`records_query` makes one row of each staged record. Everything else here speaks of two of its rows,
`l` and `r`: the columns are `c_<name>`, and of names `w_<name>` with the words in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from metadata.expressions import columns_of
from metadata.model.matching import Agreement, Comparison
from metadata.repository import ResolvedMatching
from transforms.characters import composed, unaccented
from transforms.checks import with_columns
from transforms.cleansing_text import every
from transforms.statements import (
    STAGING,
    call,
    column,
    named,
    number,
    table,
    text,
)  # fmt: skip

KEY = "_key"
"""Column of `records_query` with the record's key as text."""
_SIMILARITIES = (0.92, 0.8)
_EDITS = (1, 2)
_DAYS = (31.0, 366.0)
_MAILBOXES = 0.9
_LAST_DIGITS = 7
_FIRST_LETTERS = 2


@dataclass(frozen=True)
class Level:
    """One step of a comparison: what it is called, and when two records are on it."""

    label: str
    condition: exp.Expr
    frequencies_of: str | None = None
    """Column of the record by the frequency of whose values the step is weighed."""


def records_query(matching: ResolvedMatching) -> exp.Select:
    """The staged records with all that is compared of them."""
    definition = matching.definition
    query = exp.select(named(exp.cast(column(matching.key), "VARCHAR"), KEY))
    for name in sorted(columns_used(matching)):
        comparison = definition.compare.get(name)
        value = column(name)
        made = value if comparison is None else comparable(value, comparison)
        query = query.select(named(_present(made, matching, name), f"c_{name}"), copy=False)
        if comparison is not None and comparison.as_ == "name":
            query = query.select(named(_words(made.copy()), f"w_{name}"), copy=False)
    query = query.from_(table(matching.name, STAGING))
    if definition.where is not None:
        query = query.where(with_columns(definition.where, column), copy=False)
    return query


def columns_used(matching: ResolvedMatching) -> set[str]:
    """The entity's columns that are compared, or in which records must agree."""
    definition = matching.definition
    texts = [text for line in (*definition.same, *definition.block) for text in line.on]
    read = {".".join(parts) for each in texts for parts in columns_of(each)}
    return {*definition.compare, *read}


def comparable(value: exp.Expr, comparison: Comparison) -> exp.Expr:
    """A value as it is compared: without what does not count."""
    match comparison.as_:
        case "exact" | "date" | "number" if comparison.ignoring is None:
            return value
        case "email":
            return exp.func("LOWER", exp.func("TRIM", value))
        case "phone":
            return every(value, r"[^0-9]", "")
        case "postal_code":
            return exp.func("UPPER", every(value, r"[\s\p{Z}\p{P}]", ""))
        case "name":
            ignoring: tuple[str, ...] = comparison.ignoring or ("case", "accents", "punctuation")
            plain = _ignoring(value, ignoring, between=" ")
            return exp.func("TRIM", every(plain, r"[\s\p{Z}]+", " "))
        case _:
            return _ignoring(value, comparison.ignoring or ("case", "accents"), between="")


def _ignoring(value: exp.Expr, what: tuple[str, ...], between: str) -> exp.Expr:
    plain: exp.Expr = exp.cast(value, "VARCHAR")
    if "accents" in what:
        # The one letter that has no plain form is written as two.
        plain = call("replace", unaccented(composed(plain)), text("ß"), text("ss"))
    if "case" in what:
        plain = exp.func("LOWER", plain)
    if "punctuation" in what:
        plain = every(plain, r"[\p{P}\p{S}]+", between)
    if "spaces" in what:
        plain = every(plain, r"[\s\p{Z}]", "")
    return plain


def _present(value: exp.Expr, matching: ResolvedMatching, name: str) -> exp.Expr:
    """Nothing said is nothing to agree on."""
    return _or_nothing(value) if matching.entity.columns[name].type == "string" else value


def _or_nothing(value: exp.Expr) -> exp.Expr:
    return call("nullif", exp.func("TRIM", exp.cast(value, "VARCHAR")), text(""))


def _words(value: exp.Expr) -> exp.Expr:
    split = call("string_split", _or_nothing(value), text(" "))
    return call("array_to_string", call("list_sort", split), text(" "))


def agreement(line: Agreement, side: str | None = None) -> tuple[exp.Expr, ...]:
    """The values in which records must agree, as they stand in a record."""
    return tuple(with_columns(each, lambda name: column(f"c_{name}", side)) for each in line.on)


def agreeing(line: Agreement) -> exp.Expr:
    """Whether the records `l` and `r` agree."""
    pairs = zip(agreement(line, "l"), agreement(line, "r"), strict=True)
    return exp.and_(*(exp.EQ(this=exp.paren(a), expression=exp.paren(b)) for a, b in pairs))


def told(line: Agreement) -> str:
    """An agreement as people write it."""
    return ", ".join(line.on)


def levels(name: str, comparison: Comparison) -> Iterator[Level]:
    """The steps of a comparison, the most alike first; what is on none of them differs."""
    left, right = column(f"c_{name}_l"), column(f"c_{name}_r")
    weighed = f"c_{name}" if comparison.term_frequency else None
    yield Level("equal", left.eq(right), weighed)
    match comparison.as_:
        case "exact":
            return
        case "name":
            words = column(f"w_{name}_l"), column(f"w_{name}_r")
            yield Level("the same words", words[0].eq(words[1]))
            yield from _similar(words, (comparison.at_least or _SIMILARITIES)[:1])
            yield Level("an initial", _initial(left, right))
            yield from _similar(words, (comparison.at_least or _SIMILARITIES)[1:])
        case "jaro_winkler":
            yield from _similar((left, right), comparison.at_least or _SIMILARITIES)
        case "levenshtein" | "damerau_levenshtein":
            for most in comparison.at_most or _EDITS:
                edits = call(comparison.as_, left.copy(), right.copy())
                yield Level(f"up to {most} edits", exp.LTE(this=edits, expression=number(most)))
        case "date":
            yield Level("a digit wrong", _misdated(left, right))
            for days in comparison.within or _DAYS:
                between = call("date_diff", text("day"), left.copy(), right.copy())
                yield Level(f"within {days:g} days", _near(between, days))
        case "number":
            for most_apart in comparison.within:
                difference = exp.Sub(
                    this=exp.cast(left.copy(), "DOUBLE"),
                    expression=exp.cast(right.copy(), "DOUBLE"),
                )
                yield Level(f"within {most_apart:g}", _near(difference, most_apart))
        case "email":
            boxes = tuple(
                call("split_part", each.copy(), text("@"), number(1)) for each in (left, right)
            )
            yield Level("the same box", boxes[0].eq(boxes[1].copy()))
            yield from _similar((boxes[0], boxes[1]), (_MAILBOXES,))
        case "phone":
            ends = [call("right", each.copy(), number(_LAST_DIGITS)) for each in (left, right)]
            yield Level("the same last digits", ends[0].eq(ends[1]))
        case "postal_code":
            edits = call("damerau_levenshtein", left.copy(), right.copy())
            yield Level("one character wrong", exp.LTE(this=edits, expression=number(1)))
            begins = [call("left", each.copy(), number(_FIRST_LETTERS)) for each in (left, right)]
            yield Level("the same beginning", begins[0].eq(begins[1]))


def missing(name: str) -> exp.Expr:
    """Whether one of two values is not there."""
    left, right = column(f"c_{name}_l"), column(f"c_{name}_r")
    return exp.or_(left.is_(exp.null()), right.is_(exp.null()))


def _similar(sides: tuple[exp.Expr, exp.Expr], steps: tuple[float, ...]) -> Iterator[Level]:
    for least in steps:
        alike = call("jaro_winkler_similarity", sides[0].copy(), sides[1].copy())
        enough = exp.GTE(this=alike, expression=exp.Literal.number(least))
        yield Level(f"similar by {least:g}", enough)


def _initial(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """One first word is the first letter of the other, and all that follows is the same."""
    sides = (left, right)
    rest = [call("substr", s.copy(), call("instr", s.copy(), text(" "))) for s in sides]
    first = [call("left", s.copy(), number(1)) for s in sides]
    words = [exp.Length(this=call("split_part", s.copy(), text(" "), number(1))) for s in sides]
    return exp.and_(
        call("contains", left.copy(), text(" ")),
        call("contains", right.copy(), text(" ")),
        rest[0].eq(rest[1]),
        first[0].eq(first[1]),
        exp.EQ(this=exp.func("LEAST", *words), expression=number(1)),
    )


def _misdated(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    written = [call("strftime", each.copy(), text("%Y%m%d")) for each in (left, right)]
    swapped = call("strftime", left.copy(), text("%Y%d%m"))
    edits = call("damerau_levenshtein", *written)
    return exp.or_(exp.LTE(this=edits, expression=number(1)), swapped.eq(written[1].copy()))


def _near(between: exp.Expr, most: float) -> exp.Expr:
    return exp.LTE(this=exp.func("ABS", between), expression=exp.Literal.number(f"{most:g}"))
