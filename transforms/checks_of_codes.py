"""Checks of addresses, numbers and codes that somebody else gives out, as SQL."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from metadata.model.rules import (
    CardNumber,
    Country,
    CreditCode,
    Currency,
    Email,
    Gtin,
    Iban,
    Language,
    PhoneNumber,
    PostalCodeOf,
    ResidentId,
    Rule,
    Url,
    VatNumber,
)
from metadata.reference_data.money import currencies, current_currencies
from metadata.reference_data.postal_codes import full_pattern, postal_forms
from metadata.reference_data.territories import countries, languages
from transforms.check_digits import (
    is_card_number,
    is_credit_code,
    is_gtin,
    is_iban,
    is_resident_id,
    is_vat_number,
)
from transforms.cleansing_phones import in_plan
from transforms.cleansing_text import full_match
from transforms.statements import call, text

Mapped = Callable[[str], exp.Expr]
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_EMAIL = rf"^[^@\s,;:<>()\[\]\\\"]+@{_LABEL}(\.{_LABEL})*\.[A-Za-z]{{2,}}$"
_E164 = r"^\+[1-9][0-9]{6,14}$"
_HOST = r"(?:[\p{L}0-9](?:[\p{L}0-9-]*[\p{L}0-9])?\.)+[\p{L}][\p{L}0-9-]*[\p{L}0-9]"
_IP = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
_URL = rf"https?://(?:{_HOST}|{_IP}|localhost)(?::[0-9]{{1,5}})?(?:[/?#][^\s<>\"]*)?"


def code_fails(rule: Rule, written: exp.Expr, mapped: Mapped) -> exp.Expr | None:
    """The condition under which a code *fails*; None if the check is about something else."""
    match rule:
        case Email():
            return exp.not_(full_match(written, _EMAIL))
        case Url():
            return exp.not_(full_match(written, f"(?i){_URL}"))
        case PhoneNumber():
            shaped = full_match(written, _E164)
            if not (rule.plan or rule.country or rule.country_column):
                return exp.not_(shaped)
            # Of a row whose country is not known the shape is all that can be asked for.
            return exp.not_(exp.func("COALESCE", in_plan(written.copy(), rule, mapped), shaped))
        case PostalCodeOf():
            return exp.not_(_postal_form(written, rule, mapped))
        case Country():
            known = countries()
            wanted = known.keys() if rule.form == "alpha_2" else known.values()
            return exp.not_(written.isin(*map(text, wanted)))
        case Currency():
            codes = current_currencies() if rule.current else currencies()
            return exp.not_(written.isin(*map(text, codes)))
        case Language():
            return exp.not_(written.isin(*map(text, sorted(languages()))))
    right = _DIGITS.get(type(rule))
    if right is None:
        return None
    sound = exp.func("COALESCE", right(written), exp.false())
    return exp.and_(exp.not_(written.copy().is_(exp.null())), exp.not_(sound))


_DIGITS: dict[type[Rule], Callable[[exp.Expr], exp.Expr]] = {
    Iban: is_iban,
    CardNumber: is_card_number,
    VatNumber: is_vat_number,
    CreditCode: is_credit_code,
    ResidentId: is_resident_id,
    Gtin: is_gtin,
}


def _postal_form(written: exp.Expr, rule: PostalCodeOf, mapped: Mapped) -> exp.Expr:
    """Whether a code is written as its country does; NULL where that is not known."""
    forms = postal_forms()
    if rule.country is not None:
        return full_match(written, _any_form(forms[rule.country]))
    assert rule.country_column is not None
    alike: dict[tuple[str, ...], list[str]] = {}
    for country, known in forms.items():
        alike.setdefault(known, []).append(country)
    said = exp.func("UPPER", call("trim", exp.cast(mapped(rule.country_column), "VARCHAR")))
    told = exp.Case()
    for known, here in alike.items():
        told = told.when(
            said.copy().isin(*map(text, here)),
            full_match(written.copy(), _any_form(known)),
            copy=False,
        )
    return told


def _any_form(forms: tuple[str, ...]) -> str:
    return "|".join(map(full_pattern, forms))


def code_reason(rule: Rule) -> str:
    """Why a code fails its check."""
    match rule:
        case Email():
            return "It is not an e-mail address."
        case Url():
            return "It is not a web address."
        case PhoneNumber(country=str() as country):
            return f"It is not a telephone number of {country}."
        case PhoneNumber(plan=False, country_column=None):
            return "It is not an international telephone number."
        case PhoneNumber():
            return "No numbering plan has this number."
        case PostalCodeOf(country=str() as country):
            return f"It is not a postal code of {country}."
        case PostalCodeOf():
            return f"It is not a postal code of the country in {rule.country_column}."
        case Country():
            return "It is not the code of a country."
        case Currency():
            return "It is not the code of a currency."
        case Language():
            return "It is not the code of a language."
        case Iban():
            return "It is not an IBAN."
        case CardNumber():
            return "It is not the number of a payment card."
        case VatNumber():
            return "It is not a VAT number."
        case CreditCode():
            return "It is not a unified social credit code."
        case ResidentId():
            return "It is not the number of an identity card."
        case Gtin():
            return "It is not an article number."
    raise AssertionError(f"no reason for check {rule.rule}")
