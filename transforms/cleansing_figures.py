"""Cleansing rules for numbers, yes and no, and what is missing, as SQL."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from sqlglot import exp

from metadata.model.rules import (
    Absolute,
    Boolean,
    Clamp,
    Default,
    Negate,
    Number,
    Round,
    Rule,
    Scale,
)
from metadata.reference_data.money import currencies
from metadata.reference_data.spellings import FALSE, TRUE, UNITS
from transforms.characters import fold_digits, fold_width
from transforms.cleansing_text import every, first, full_match, trimmed
from transforms.statements import call, data_type, number, text

Stage = Callable[[exp.Expr, exp.Expr], exp.Expr]
"""From the value as it is now, and as it was before the rule, to the next."""
_EXACT = "decimal(38,10)"
_SIGNS = r"kr\.?|Kč|zł|Ft|лв\.?|руб\.?|SFr\.?|Fr\.|元|円|圆|块"


def figure_rule(value: exp.Expr, rule: Rule) -> exp.Expr | None:
    """The changed figure or word; None if the rule is not about these."""
    match rule:
        case Absolute() | Negate() | Round() | Scale() | Clamp():
            return _arithmetic(value, rule)
        case Default():
            return exp.func("COALESCE", exp.cast(value, "VARCHAR"), text(_written(rule.value)))
        case Boolean():
            return _boolean(exp.cast(value, "VARCHAR"), rule)
    return None


def _written(value: str | int | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _arithmetic(value: exp.Expr, rule: Rule) -> exp.Expr:
    """A figure changed. What is no number stays as it is, so that parsing tells of it.

    Decimals first, which are exact; what is too large for them is taken as a float.
    """
    exact = _changed(exp.TryCast(this=value.copy(), to=data_type(_width(rule))), rule)
    rough = _changed(exp.TryCast(this=value.copy(), to=data_type("double")), rule)
    figures = [_plain(exp.cast(exact, "VARCHAR")), exp.cast(rough, "VARCHAR")]
    return exp.func("COALESCE", *figures, exp.cast(value, "VARCHAR"))


def _width(rule: Rule) -> str:
    """Room for the figure, so that what comes out fits into 38 digits."""
    if isinstance(rule, Scale):
        return f"decimal({38 - len(Decimal(repr(rule.by)).as_tuple().digits) - 1},8)"
    return _EXACT


def _plain(written: exp.Expr) -> exp.Expr:
    """A decimal without the zeros that its type adds."""
    return first(first(written, r"(\.[0-9]*[1-9])0+$", r"\1"), r"\.0+$", "")


def _changed(figure: exp.Expr, rule: Rule) -> exp.Expr:
    match rule:
        case Absolute():
            return exp.func("ABS", figure)
        case Negate():
            return exp.Neg(this=exp.paren(figure))
        case Round():
            return exp.func("ROUND", figure, number(rule.places))
        case Scale():
            return exp.Mul(this=exp.paren(figure), expression=_decimal(rule.by))
        case Clamp():
            return _clamped(figure, rule)
    raise AssertionError(rule)


def _clamped(figure: exp.Expr, rule: Clamp) -> exp.Expr:
    # LEAST and GREATEST would turn what is missing into a bound.
    case = exp.Case()
    for side, bound in ((exp.LT, rule.low), (exp.GT, rule.high)):
        if bound is not None:
            case = case.when(side(this=figure.copy(), expression=_decimal(bound)), _decimal(bound))
    return case.else_(figure.copy())


def _decimal(value: int | float) -> exp.Expr:
    """A number as the narrowest decimal that holds it."""
    _sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    scale = max(-int(exponent), 0)
    precision = max(len(digits) + max(int(exponent), 0), scale + 1)
    written = f"{Decimal(repr(value)):f}"
    return exp.cast(text(written), data_type(f"decimal({precision},{scale})"))


def _boolean(value: exp.Expr, rule: Boolean) -> exp.Expr:
    said = exp.func("LOWER", trimmed(fold_width(value)))
    yes = dict.fromkeys([*(word.lower() for word in rule.yes), *TRUE])
    no = dict.fromkeys([*(word.lower() for word in rule.no), *FALSE])
    for word in rule.yes:
        no.pop(word.lower(), None)
    for word in rule.no:
        yes.pop(word.lower(), None)
    return (
        exp.Case()
        .when(said.isin(*map(text, yes)), text("true"))
        .when(said.copy().isin(*map(text, no)), text("false"))
        .else_(value.copy())
    )


def number_stages(rule: Number) -> tuple[Stage, ...]:
    """Reading a number: signs and names away, then its shape, then what multiplies it."""
    return (
        lambda value, before: _bare(value),
        lambda value, before: _shaped(value, rule),
        lambda value, before: _multiplied(value, before, rule),
    )


def _bare(value: exp.Expr) -> exp.Expr:
    """Without currency, with one kind of minus in front, groups kept apart by _."""
    plain = trimmed(fold_digits(fold_width(value)))
    plain = every(plain, "[\u2212\u2013\ufe63]", "-")
    codes = "|".join(currencies())
    plain = every(plain, rf"\p{{Sc}}|^(?:{codes}|{_SIGNS})\b|(?:{codes}|{_SIGNS})$", "")
    plain = every(plain, rf"^([-+(]*)\s*(?:{codes}|{_SIGNS})\s*", r"\1")
    plain = every(plain, rf"\s*(?:{codes}|{_SIGNS})\s*([-)]*)$", r"\1")
    # Spaces and apostrophes between digits part groups; elsewhere they mean nothing.
    plain = every(plain, "([0-9])[\\s\u00a0\u2007\u2009\u202f'’]+([0-9])", r"\1_\2")
    plain = every(plain, "([0-9])[\\s\u00a0\u2007\u2009\u202f'’]+([0-9])", r"\1_\2")
    plain = every(plain, "[\\s\u00a0\u2007\u2009\u202f]+", "")
    plain = first(plain, r"^\((.*)\)$", r"-\1")
    return first(plain, r"^([^-+].*)-$", r"-\1")


def _shaped(value: exp.Expr, rule: Number) -> exp.Expr:
    """Digits, point and what multiplies, where it is written like a number; else NULL."""
    point, comma = (r"\.", ",") if rule.decimal == "." else (",", r"\.")
    grouped = rf"[0-9]{{1,3}}(?:[{comma}_][0-9]{{2,3}})*[{comma}_][0-9]{{3}}"
    myriads = rf"[0-9]{{1,4}}(?:[{comma}_][0-9]{{4}})+"
    whole = rf"(?:{grouped}|{myriads}|[0-9]+)"
    units = f"(?i:{'|'.join(sorted(UNITS, key=len, reverse=True))})?" if rule.units else ""
    shape = (
        rf"[-+]?(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][-+]?[0-9]{{1,3}})?{units}[%‰]?"
    )
    bare = every(value.copy(), rf"[{comma}_]", "")
    read = bare if rule.decimal == "." else call("replace", bare, text(","), text("."))
    return exp.Case().when(full_match(value, shape), read)


def _multiplied(value: exp.Expr, before: exp.Expr, rule: Number) -> exp.Expr:
    """Percent and units applied; what had no shape stays as it was before the rule."""
    factors: dict[str, str] = {}
    if rule.percent == "divide":
        factors = {"%": "0.01", "‰": "0.001"}
    if rule.units:
        factors |= {unit: str(by) for unit, by in UNITS.items()}
    plain = every(value.copy(), r"[%‰]$", "")
    told = exp.Case().when(value.copy().is_(exp.null()), exp.cast(before.copy(), "VARCHAR"))
    for sign in sorted(factors, key=len, reverse=True):
        by = factors[sign]
        ends = call("ends_with", exp.func("LOWER", value.copy()), text(sign))
        bare = call(
            "left",
            value.copy(),
            exp.Sub(this=call("length", value.copy()), expression=number(len(sign))),
        )
        scale = len(by.partition(".")[2])
        figure = exp.TryCast(this=bare, to=data_type("decimal(28,8)"))
        product = exp.Mul(
            this=figure, expression=exp.cast(text(by), data_type(f"decimal({len(by)},{scale})"))
        )
        told = told.when(
            ends, exp.func("COALESCE", _plain(exp.cast(product, "VARCHAR")), before.copy())
        )
    return told.else_(plain)
