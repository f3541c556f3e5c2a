"""The shapes of single values, each as a condition over a text: what an e-mail address looks like.

Every condition looks at something cheap first (length, one character) and at its regular expression
only where that holds: a scan judges millions of values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from babel import Locale
from babel.core import get_global
from sqlglot import exp

from transforms.statements import call, column, number, text

VALUE = "value"
"""The column that holds the text."""

TELLING = (
    "email", "url", "uuid", "country_code", "currency_code", "phone", "postal_code", "decimal",
    "comma_decimal", "grouped_decimal", "bank_account", "identifier",
)  # fmt: skip
"""Shapes that tell something of a value whatever its column is called."""

_EMAIL = r"[^\s@<>(),;:\"]+@[^\s@<>(),;:\"]+\.[^\s@<>(),;:\".0-9]{2,}"
_URL = r"(?i)(https?|ftp)://[^\s]+|www\.[^\s]+\.[^\s]+"
_UUID = r"(?i)\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?"
_PHONE = (
    r"(\+|00)[1-9][0-9 ()./-]{5,20}[0-9]( ?(x|ext\.?) ?[0-9]{1,5})?"
    r"|\(?0[0-9]{1,5}\)?[ /-][0-9 ()/-]{3,14}[0-9]"
    r"|1 ?\(?[0-9]{2,3}\)? [0-9]{3}[ -][0-9]{3,4}-?[0-9]{3,4}"
    r"|\(?[2-9][0-9]{2}\)?[ .-][0-9]{3}[ .-][0-9]{4}( ?(x|ext\.?) ?[0-9]{1,5})?"
    r"|\([0-9]{1,5}\) ?[0-9]{2,5}[ .-]?[0-9 .-]{2,12}[0-9]"
    r"|1[3-9][0-9]{9}"
)
_PHONE_LIKE = r"[+(]?[0-9][0-9 ()/.-]{4,22}[0-9]"
"""Too little to tell a number of a phone from others, unless the column is called so."""
_NO_PHONE = r"[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ][0-9]{2,4}|[0-9]{1,7} [0-9]{1,2}:.*"
_POSTAL = (
    r"[1-9][0-9]{3} ?[A-Z]{2}"  # Netherlands
    r"|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}"  # United Kingdom
    r"|[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]"  # Canada
    r"|[0-9]{2}-[0-9]{3}|[0-9]{4}-[0-9]{3}|[0-9]{5}-[0-9]{3,4}"  # Poland, Portugal, Brazil, USA
    r"|[0-9]{3} [0-9]{2}|[0-9]{3}-[0-9]{4}"  # Sweden and Czechia, Japan
)
_POSTAL_DIGITS = r"([A-Z]{1,2}-)?[0-9]{4,6}"
_INTEGER = r"[+-]?(0|[1-9][0-9]{0,17})"
_NUMBER = r"[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"
_COMMA_NUMBER = (
    r"[+-]?([0-9]{1,3}([. '][0-9]{3})+|0|[1-9][0-9]*),[0-9]+|[+-]?[0-9]{1,3}(\.[0-9]{3}){2,}"
)
_GROUPED_NUMBER = r"[+-]?[0-9]{1,3}([,'][0-9]{3})+(\.[0-9]+)?"
_IBAN = r"[A-Z]{2}[0-9]{2} ?([A-Z0-9]{4} ?){2,7}[A-Z0-9]{1,4}"
_CARD = r"[3-6][0-9]{3}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{4}"
_BARE_CARD = (
    r"4[0-9]{12}([0-9]{3}){0,2}|(5[1-5]|2[2-7])[0-9]{14}|3[47][0-9]{13}|3[0689][0-9]{12}"
    r"|35[0-9]{14}|6[045][0-9]{14}|62[0-9]{14,17}"
)
"""Numbers of cards by their issuers; only the check digit tells them from other long numbers."""
_PERSON_NUMBER = (
    r"[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]"  # China
    r"|[0-9]{3}-[0-9]{2}-[0-9]{4}"  # USA
    r"|[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z]"  # Italy
)
_TRUE = ("true", "t", "yes", "y", "1", "on", "j", "ja", "oui", "si", "sí", "是", "真")
_FALSE = ("false", "f", "no", "n", "0", "off", "nein", "non", "否", "假")


@cache
def shapes() -> Mapping[str, exp.Expr]:
    """The conditions by name; none of them may be changed."""
    said = call("lower", _value())
    return {
        "email": _if(call("contains", _value(), text("@")), _fits(_EMAIL)),
        "mention": call("contains", _value(), text("@")),
        "url": _if(_longer(7), _fits(_URL)),
        "uuid": _if(_length(32, 38), _fits(_UUID)),
        "true": _if(_length(1, 5), _among(said, _TRUE)),
        "false": _if(_length(1, 5), _among(said, _FALSE)),
        "country_code": _if(_length(2, 3), _among(_value(), country_codes())),
        "currency_code": _if(_length(3, 3), _among(_value(), currency_codes())),
        "phone": _if(_length(7, 30), exp.and_(_fits(_PHONE), exp.not_(_fits(_NO_PHONE)))),
        "phone_like": _if(_length(6, 25), _fits(_PHONE_LIKE)),
        "postal_code": _if(_length(4, 10), _fits(_POSTAL)),
        "postal_digits": _if(_length(4, 9), _fits(_POSTAL_DIGITS)),
        "integer": _if(_length(1, 19), _fits(_INTEGER)),
        "decimal": _if(_length(1, 60), _fits(_NUMBER)),
        "comma_decimal": _if(call("contains", _value(), text(",")), _fits(_COMMA_NUMBER)),
        "grouped_decimal": _if(_longer(4), _fits(_GROUPED_NUMBER)),
        "bank_account": exp.or_(
            _if(_length(15, 42), _fits(f"{_IBAN}|{_CARD}")),
            _if(_length(13, 19), _if(_fits(_BARE_CARD), _checked())),
        ),
        "identifier": _if(_length(11, 18), _fits(_PERSON_NUMBER)),
    }


@cache
def country_codes() -> tuple[str, ...]:
    """ISO 3166 codes of two and of three letters."""
    apart = {"EU", "EZ", "UN", "ZZ", "XA", "XB", "QO"}
    two = {code for code in Locale("en").territories if len(code) == 2} - apart
    aliases = get_global("territory_aliases")
    three = {
        code for code, to in aliases.items() if len(code) == 3 and code.isalpha() and to[0] in two
    }
    return tuple(sorted(two | three))


@cache
def currency_codes() -> tuple[str, ...]:
    """ISO 4217 codes of the money that is in use, and of what the euro has replaced."""
    used = get_global("territory_currencies").values()
    return tuple(sorted({code for each in used for code, _, end, tender in each if tender}))


def _checked() -> exp.Expr:
    """Whether the last digit checks the others: the formula of Luhn, ISO/IEC 7812-1, annex B."""
    digit, place = exp.to_identifier("digit"), exp.to_identifier("place")
    single = exp.TryCast(this=column("digit"), to=exp.DataType.build("INTEGER"))
    double = exp.Mul(this=single.copy(), expression=number(2))
    nines = exp.Sub(this=double.copy(), expression=number(9))
    large = exp.GT(this=single.copy(), expression=number(4))
    counted = (
        exp.Case()
        .when(exp.EQ(this=_modulo(column("place"), 2), expression=number(1)), single)
        .when(large, nines)
        .else_(double)
    )
    digits = call("string_split", call("reverse", _value()), text(""))
    each = exp.Lambda(this=counted, expressions=[digit, place])
    total = call("list_sum", call("list_transform", digits, each))
    return exp.EQ(this=_modulo(total, 10), expression=number(0))


def _modulo(value: exp.Expr, by: int) -> exp.Expr:
    return exp.Mod(this=value, expression=number(by))


def _value() -> exp.Expr:
    return column(VALUE)


def _fits(pattern: str) -> exp.Expr:
    return call("regexp_full_match", _value(), text(pattern))


def _length(least: int, most: int) -> exp.Expr:
    return exp.Between(this=call("length", _value()), low=number(least), high=number(most))


def _longer(than: int) -> exp.Expr:
    return exp.GT(this=call("length", _value()), expression=number(than))


def _among(value: exp.Expr, known: Iterable[str]) -> exp.Expr:
    return value.isin(*map(text, known))


def _if(cheap: exp.Expr, dear: exp.Expr) -> exp.Expr:
    """Both, the second only where the first holds."""
    return exp.Case().when(cheap, dear).else_(exp.false())
