"""Cleansing rules for names, addresses and codes as SQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp

from metadata.model.rules import (
    CompactCode,
    CountryOf,
    CurrencyOf,
    LanguageOf,
    NormalizeEmail,
    NormalizeUrl,
    PersonName,
    PostalCode,
    Rule,
)
from metadata.reference_data.postal_codes import bare_pattern, postal_forms, separated
from metadata.reference_data.spellings import PARTICLES, TITLES, TITLES_AFTER
from metadata.reference_data.territories import countries, names_of_countries
from transforms.characters import fold_width, looked_into
from transforms.cleansing_text import (
    collapsed,
    every,
    first,
    found,
    full_match,
    matches,
    trimmed,
)
from transforms.reference_names import looked_up
from transforms.statements import call, number, text

Stage = Callable[[exp.Expr, exp.Expr], exp.Expr]
Mapped = Callable[[str], exp.Expr]
_PREFIXES: Mapping[str, str] = {
    "AT": "A", "BE": "B", "DE": "D", "ES": "E", "FI": "FIN", "FR": "F", "HU": "H", "IT": "I",
    "LI": "FL", "LU": "L", "NO": "N", "PT": "P", "SE": "S",
}  # fmt: skip
"""What some people write before the postal code of a country, beside its code."""
_NO_GIVEN_NAME = (
    r"(?i)^.*,\s*(?:jr|sr|ii|iii|iv|phd|ph\.d|md|m\.d|mba|esq|inc|ltd|llc|gmbh|ag|kg|co|corp)\.?$"
)


def contact_stages(rule: Rule, mapped: Mapped) -> tuple[Stage, ...] | None:
    """The steps of a rule; None if it is about something else."""
    match rule:
        case NormalizeEmail():
            return (lambda v, b: _address(v), lambda v, b: _email(v, b, rule))
        case NormalizeUrl():
            return (lambda v, b: _url(v, rule),)
        case PersonName():
            return (lambda v, b: _bare_name(v, rule), lambda v, b: _ordered_name(v, rule))
        case PostalCode():
            return (lambda v, b: _bare_code(v), lambda v, b: _postal(v, b, rule, mapped))
        case CountryOf():
            return (lambda v, b: _country(v, rule),)
        case CurrencyOf():
            return (lambda v, b: _currency(v, rule),)
        case LanguageOf():
            return (lambda v, b: _language(v),)
        case CompactCode():
            return (lambda v, b: every(exp.func("UPPER", fold_width(v)), r"[\s\p{P}\p{Z}]", ""),)
    return None


def _address(value: exp.Expr) -> exp.Expr:
    plain = first(trimmed(fold_width(value)), r"^.*<([^<>]*)>.*$", r"\1")
    plain = first(plain, r"(?i)^mailto:([^?]*)(?:\?.*)?$", r"\1")
    plain = every(plain, "[\\s\u00a0\u200b\ufeff]+", "")
    return first(plain, r"^[.,;:]*(.*?)[.,;:]*$", r"\1")


def _email(value: exp.Expr, before: exp.Expr, rule: NormalizeEmail) -> exp.Expr:
    local: exp.Expr = call("regexp_extract", value.copy(), text("^(.*)@"), number(1))
    domain = exp.func("LOWER", call("regexp_extract", value.copy(), text("@([^@]*)$"), number(1)))
    if rule.lower == "all":
        local = exp.func("LOWER", local)
    if rule.drop_tags:
        local = first(local, r"^([^+]+)\+.*$", r"\1")
    if rule.gmail_dots:
        google = domain.copy().isin(text("gmail.com"), text("googlemail.com"))
        dotless = call("replace", local.copy(), text("."), text(""))
        local = exp.Case().when(google, dotless).else_(local)
    made = exp.DPipe(this=exp.DPipe(this=local, expression=text("@")), expression=domain)
    holds = call("contains", value.copy(), text("@"))
    return exp.Case().when(holds, made).else_(before.copy())


def _url(value: exp.Expr, rule: NormalizeUrl) -> exp.Expr:
    plain = trimmed(value)
    # A host has a dot and no space; without one, it is no address.
    bare = r"^[\p{L}0-9][\p{L}0-9-]*(?:\.[\p{L}0-9-]+)+(?::[0-9]+)?(?:[/?#]\S*)?$"
    schemed = (
        exp.Case()
        .when(
            matches(plain.copy(), "^//"),
            exp.DPipe(this=text(f"{rule.scheme}:"), expression=plain.copy()),
        )
        .when(
            matches(plain.copy(), bare),
            exp.DPipe(this=text(f"{rule.scheme}://"), expression=plain.copy()),
        )
        .else_(plain.copy())
    )
    head: exp.Expr = exp.func(
        "LOWER",
        call("regexp_extract", schemed, text("^([A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)"), number(1)),
    )
    head = first(head, "^(http://[^/?#]*):80$", r"\1")
    head = first(head, "^(https://[^/?#]*):443$", r"\1")
    tail = first(schemed.copy(), "^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*", "")
    tail = first(tail, "^/$", "")
    return exp.DPipe(this=head, expression=tail)


def _bare_name(value: exp.Expr, rule: PersonName) -> exp.Expr:
    plain = trimmed(collapsed(value))
    if rule.titles:
        return plain
    before = "|".join(title.replace(".", r"\.") for title in sorted(TITLES, key=len, reverse=True))
    plain = first(plain, rf"(?i)^(?:(?:{before})(?:\.\s*|\s+))+", "")
    plain = first(plain, rf"(?i),\s*(?:(?:{before})(?:\.\s*|\s+))+", ", ")
    return first(plain, rf"\s*(?:{'|'.join(TITLES_AFTER)})$", "")


def _ordered_name(value: exp.Expr, rule: PersonName) -> exp.Expr:
    parted = r"^([^,]+?)\s*,\s*([^,]+)$"
    has_comma = exp.and_(
        full_match(value.copy(), r"[^,]+,\s*[^,]+"), exp.not_(matches(value.copy(), _NO_GIVEN_NAME))
    )
    if rule.order == "first_last":
        return exp.Case().when(has_comma, first(value.copy(), parted, r"\2 \1")).else_(value.copy())
    small = "|".join(sorted(PARTICLES, key=len, reverse=True))
    spaced = rf"^(\S+(?:\s\S+)*?)\s+((?:(?i:{small})\s+)*\S+)$"
    free = exp.not_(call("contains", value.copy(), text(",")))
    return (
        exp.Case()
        .when(has_comma, first(value.copy(), parted, r"\1, \2"))
        .when(free, first(value.copy(), spaced, r"\2, \1"))
        .else_(value.copy())
    )


def _bare_code(value: exp.Expr) -> exp.Expr:
    return every(exp.func("UPPER", fold_width(value)), r"[^0-9A-Z]", "")


def _postal(value: exp.Expr, before: exp.Expr, rule: PostalCode, mapped: Mapped) -> exp.Expr:
    if rule.country is not None:
        return _in_form(value, before, postal_forms()[rule.country], (rule.country,), pad=rule.pad)
    assert rule.country_column is not None
    alike: dict[tuple[str, ...], list[str]] = {}
    for country, forms in postal_forms().items():
        alike.setdefault(forms, []).append(country)
    said = exp.func("UPPER", call("trim", exp.cast(mapped(rule.country_column), "VARCHAR")))
    told = exp.Case()
    for forms, here in alike.items():
        made = _in_form(value, before, forms, here, pad=rule.pad)
        told = told.when(said.copy().isin(*map(text, here)), made, copy=False)
    return told.else_(before.copy())


def _in_form(
    value: exp.Expr,
    before: exp.Expr,
    forms: Sequence[str],
    here: Sequence[str],
    *,
    pad: bool,
) -> exp.Expr:
    """A bare code in the first form that fits it."""
    heads = [_PREFIXES[country] for country in here if country in _PREFIXES]
    before_digits = "|".join(sorted({*heads, *here}, key=len, reverse=True))
    code = first(value.copy(), rf"^(?:{before_digits})([0-9])", r"\1")
    told = exp.Case()
    for form in forms:
        # Where a country's code is part of the form, it has just been taken off.
        head = re.match(rf"(?:{'|'.join(here)})[ -]?", form)
        own = form[head.end() :] if head else form
        put = separated(own)
        if head:
            put = head.group() + put
        pattern = bare_pattern(own)
        told = told.when(full_match(code.copy(), pattern), first(code.copy(), pattern, put))
        if head:
            whole = bare_pattern(form)
            told = told.when(
                full_match(value.copy(), whole), first(value.copy(), whole, separated(form))
            )
    digits = re.sub("[ -]", "", forms[0])
    if pad and set(digits) == {"n"}:
        short = full_match(code.copy(), rf"[0-9]{{{max(len(digits) - 2, 1)},{len(digits) - 1}}}")
        padded = call("lpad", code.copy(), number(len(digits)), text("0"))
        told = told.when(short, first(padded, bare_pattern(forms[0]), separated(forms[0])))
    return told.else_(before.copy())


def _country(value: exp.Expr, rule: CountryOf) -> exp.Expr:
    code = looked_up("countries", value.copy())
    if rule.to == "alpha_2":
        return exp.func("COALESCE", code, value.copy())
    put = countries() if rule.to == "alpha_3" else names_of_countries(rule.language)
    return exp.func("COALESCE", looked_into(put, code), value.copy())


def _currency(value: exp.Expr, rule: CurrencyOf) -> exp.Expr:
    code = exp.func("COALESCE", looked_up("currencies", value.copy()), value.copy())
    if not rule.signs:
        return code
    told = exp.Case(this=trimmed(fold_width(value.copy())))
    for sign, meant in rule.signs.items():
        told = told.when(text(sign), text(meant), copy=False)
    return told.else_(code)


def _language(value: exp.Expr) -> exp.Expr:
    # Of a locale such as zh-CN or de_AT the language comes first.
    locale = found(trimmed(value.copy()), "^([A-Za-z]{2,3})[-_][A-Za-z]{2,4}$")
    sought = exp.func("COALESCE", locale, value.copy())
    return exp.func("COALESCE", looked_up("languages", sought), value.copy())
