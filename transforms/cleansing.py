"""Cleansing rules as SQL: from the expression of a value to that of the cleansed one."""

from __future__ import annotations

from functools import reduce

from sqlglot import exp

from metadata.model.rules import (
    Absolute,
    CollapseSpaces,
    Default,
    DigitsOnly,
    EmptyToNull,
    Extract,
    Left,
    Lower,
    Negate,
    NormalizeUnicode,
    NullIf,
    PadLeft,
    Phone,
    RegexReplace,
    Replace,
    Round,
    Rule,
    StripAccents,
    TitleCase,
    Trim,
    Upper,
)  # fmt: skip
from transforms.statements import call, data_type, number, text

_SPACES = " \t\n\r\u00a0\u2007\u202f\u3000\ufeff"
_NOTHING = ("", "-", "--", "n/a", "na", "null", "none", "nil", "#n/a", "?")
_WIDE = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000"
_NARROW = "".join(chr(code) for code in range(0x21, 0x7F)) + " "


def cleanse(value: exp.Expr, rules: tuple[Rule, ...]) -> exp.Expr:
    """Apply rules in their order."""
    return reduce(_apply, rules, value)


def _apply(value: exp.Expr, rule: Rule) -> exp.Expr:
    match rule:
        case Absolute() | Negate() | Round():
            return _number_rule(value, rule)
        case Default():
            return exp.func("COALESCE", exp.cast(value, "VARCHAR"), text(_written(rule.value)))
        case _:
            return _text_rule(exp.cast(value, "VARCHAR"), rule)


def _written(value: str | int | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number_rule(value: exp.Expr, rule: Rule) -> exp.Expr:
    """A figure changed. What is no number stays as it is, so that parsing tells of it.

    Decimals first, which are exact; what is too large for them is taken as a float.
    """
    figures = [
        exp.cast(_changed(exp.TryCast(this=value.copy(), to=data_type(kind)), rule), "VARCHAR")
        for kind in ("decimal(38,10)", "double")
    ]
    return exp.func("COALESCE", *figures, exp.cast(value, "VARCHAR"))


def _changed(figure: exp.Expr, rule: Rule) -> exp.Expr:
    match rule:
        case Absolute():
            return exp.func("ABS", figure)
        case Negate():
            return exp.Neg(this=exp.paren(figure))
        case Round():
            return exp.func("ROUND", figure, number(rule.places))
    raise AssertionError(rule)


def _text_rule(value: exp.Expr, rule: Rule) -> exp.Expr:
    match rule:
        case Trim():
            return call("trim", value, text(_SPACES))
        case CollapseSpaces():
            return _every(value, rf"[\s{_SPACES[4:]}]+", " ")
        case Lower():
            return exp.func("LOWER", value)
        case Upper():
            return exp.func("UPPER", value)
        case TitleCase():
            return _title_case(value)
        case NormalizeUnicode():
            return call("translate", call("nfc_normalize", value), text(_WIDE), text(_NARROW))
        case StripAccents():
            return call("strip_accents", value)
        case DigitsOnly():
            return _every(value, "[^0-9]", "")
        case EmptyToNull():
            folded = exp.func("LOWER", call("trim", value.copy(), text(_SPACES)))
            return _unless(folded.isin(*map(text, _NOTHING)), value)
        case NullIf():
            return _unless(value.copy().isin(*map(text, rule.values)), value)
        case Replace():
            return call("replace", value, text(rule.find), text(rule.with_))
        case RegexReplace():
            return _every(value, rule.pattern, rule.with_)
        case Extract():
            found = call("regexp_extract", value, text(rule.pattern), number(1))
            return call("nullif", found, text(""))
        case Left():
            return call("left", value, number(rule.length))
        case PadLeft():
            # LPAD would cut what is longer already.
            padded = call("lpad", value.copy(), number(rule.length), text(rule.fill))
            long = exp.GTE(this=call("length", value.copy()), expression=number(rule.length))
            return exp.Case().when(long, value).else_(padded)
        case Phone():
            return _phone(value, rule.prefix)
    raise AssertionError(f"no SQL for rule {rule.rule}")


def _every(value: exp.Expr, pattern: str, replacement: str) -> exp.Expr:
    return call("regexp_replace", value, text(pattern), text(replacement), text("g"))


def _unless(condition: exp.Expr, value: exp.Expr) -> exp.Expr:
    return exp.Case().when(condition, exp.null()).else_(value)


def _title_case(value: exp.Expr) -> exp.Expr:
    """Word by word; a word begins after a space, a hyphen or an apostrophe."""
    words = call("regexp_extract_all", exp.func("LOWER", value), text(r"[^\s'-]+|[\s'-]+"))
    word = exp.to_identifier("w")
    first = exp.func("UPPER", call("left", exp.column(word), number(1)))
    rest = call("substr", exp.column(word), number(2))
    raised = exp.Lambda(this=exp.DPipe(this=first, expression=rest), expressions=[word])
    return call("array_to_string", call("list_transform", words, raised), text(""))


def _phone(value: exp.Expr, prefix: str | None) -> exp.Expr:
    # In +49 (0)30 the zero is only for calls within the country.
    abroad = call("regexp_replace", value, text(r"^(\s*(\+|00)[^(]*)\(0\)"), text(r"\1"))
    digits = _every(abroad, r"[^0-9+]", "")
    plus = call("regexp_replace", digits, text("^00"), text("+"))
    signs = call("regexp_replace", plus, text(r"(.)\++"), text(r"\1"), text("g"))
    if prefix is None:
        return call("nullif", signs, text(""))
    national = call("regexp_replace", signs, text("^0"), text(prefix))
    return call("nullif", national, text(""))
