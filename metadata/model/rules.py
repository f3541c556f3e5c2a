"""Cleansing rules and checks as data: all of them, and how they are written.

Each class is one rule; its docstring is what the reference says about it. A rule is written as its
bare name (`trim`) or as its name with parameters (`{replace: {find: "-", with: ""}}`); a single
parameter may be given directly (`{left: 3}`). How a rule becomes SQL stands in
`transforms.cleansing` and `transforms.checks`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from metadata.errors import did_you_mean
from metadata.model.rule import Rule
from metadata.model.rules_checks import (
    AtLeast,
    AtMost,
    Between,
    Decimals,
    DiffersFrom,
    Length,
    Matches,
    NoneOf,
    NotAfter,
    NotBefore,
    NotMatches,
    OneFilled,
    OneOf,
    References,
    Required,
    RequiredIf,
    Satisfies,
    Unique,
)
from metadata.model.rules_codes import (
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
    Url,
    VatNumber,
)
from metadata.model.rules_contact import (
    CompactCode,
    CountryOf,
    CurrencyOf,
    LanguageOf,
    NormalizeEmail,
    NormalizeUrl,
    PersonName,
    Phone,
    PostalCode,
)
from metadata.model.rules_figures import (
    Absolute,
    Boolean,
    Clamp,
    Date,
    Default,
    DefaultFrom,
    Negate,
    Number,
    Round,
    Scale,
    TimeZone,
)
from metadata.model.rules_text import (
    AsciiDigits,
    CollapseSpaces,
    DigitsOnly,
    EmptyToNull,
    Extract,
    Hash,
    Left,
    Lower,
    MapValues,
    Mask,
    NormalizeUnicode,
    NullIf,
    NullIfMatches,
    PadLeft,
    PadRight,
    RegexReplace,
    RemoveControl,
    Replace,
    Right,
    SentenceCase,
    SplitPart,
    StripAccents,
    StripPunctuation,
    StripTags,
    Substring,
    TitleCase,
    Trim,
    UnescapeHtml,
    Upper,
)

CLEANSING: tuple[type[Rule], ...] = (
    Trim, CollapseSpaces, Lower, Upper, TitleCase, SentenceCase, NormalizeUnicode, StripAccents,
    AsciiDigits, DigitsOnly, RemoveControl, StripPunctuation, EmptyToNull, NullIf, NullIfMatches,
    Replace, RegexReplace, Extract, SplitPart, Left, Right, Substring, PadLeft, PadRight, MapValues,
    UnescapeHtml, StripTags, Hash, Mask,
    Number, Absolute, Negate, Round, Scale, Clamp, Boolean, Date, TimeZone, Default, DefaultFrom,
    Phone, NormalizeEmail, NormalizeUrl, PersonName, PostalCode, CountryOf, CurrencyOf, LanguageOf,
    CompactCode,
)  # fmt: skip
CHECKS: tuple[type[Rule], ...] = (
    Required, RequiredIf, OneFilled, Matches, NotMatches, OneOf, NoneOf, Between, AtLeast, AtMost,
    NotBefore, NotAfter, DiffersFrom, Length, Decimals, Satisfies, Unique, References,
    Email, PhoneNumber, Url, PostalCodeOf, Country, Currency, Language, Iban, CardNumber, VatNumber,
    CreditCode, ResidentId, Gtin,
)  # fmt: skip

_BETWEEN = re.compile(r"^between\s+(\S+)\s+and\s+(\S+)$", re.IGNORECASE)


def _parse(value: Any, rules: tuple[type[Rule], ...], kind: str) -> Rule:
    by_name = {rule.rule: rule for rule in rules}
    if isinstance(value, Rule):
        return value
    if isinstance(value, str):
        between = _BETWEEN.match(value.strip())
        if between and "between" in by_name:
            return Between(low=between.group(1), high=between.group(2))
        name, arguments = value.strip(), {}
    elif isinstance(value, dict) and len(value) == 1:
        name, given = next(iter(value.items()))
        rule = by_name.get(name)
        arguments = arguments_of(rule, given) if rule else {}
    else:
        raise ValueError(f"is not a {kind}; write its name, or its name with parameters")
    rule = by_name.get(name)
    if rule is None:
        fix = did_you_mean(name, by_name) or "The reference of rules lists them all"
        raise ValueError(f"names no {kind} '{name}'. {fix.removesuffix('.')}")
    try:
        return rule(**arguments)
    except ValidationError as error:
        raise ValueError(f"gives '{name}' what it cannot use: {_told(error)}") from None


def _told(error: ValidationError) -> str:
    """What is wrong with the parameters of a rule, in one line."""
    parts = []
    for finding in error.errors(include_url=False):
        where = ".".join(str(step) for step in finding["loc"] if not str(step).startswith("func"))
        said = finding["msg"].removeprefix("Value error, ")
        match finding["type"]:
            case "extra_forbidden":
                said = "is no parameter of it"
            case "missing":
                said = "is missing"
        parts.append(f"'{where}' {said}" if where else said)
    return "; ".join(dict.fromkeys(parts))


def arguments_of(rule: type[Rule], given: Any) -> dict[str, Any]:
    """A rule's parameters by name, however they are written: by name, in turn, or one directly.

    Raises:
        ValueError: more are given than the rule has.
    """
    fields = {field.alias or name for name, field in rule.model_fields.items()}
    fields |= set(rule.model_fields)
    if isinstance(given, dict) and (fields & set(given) or not given):
        return given
    if isinstance(given, list) and len(rule.model_fields) > 1 and not rule.takes_list():
        names = [field.alias or name for name, field in rule.model_fields.items()]
        if len(given) > len(names):
            raise ValueError(f"gives '{rule.rule}' more than {len(names)} parameters")
        return dict(zip(names, given, strict=False))
    if given is None:
        return {}
    return rule.direct(given)


def _cleansing(value: Any) -> Any:
    values = value if isinstance(value, list | tuple) else [value]
    return tuple(_parse(item, CLEANSING, "cleansing rule") for item in values)


def _checks(value: Any) -> Any:
    values = value if isinstance(value, list | tuple) else [value]
    return tuple(_parse(item, CHECKS, "check") for item in values)


CleansingRules = Annotated[
    tuple[Rule, ...],
    BeforeValidator(_cleansing),
    Field(json_schema_extra={"refers_to": "clean"}),
]
Checks = Annotated[
    tuple[Rule, ...], BeforeValidator(_checks), Field(json_schema_extra={"refers_to": "check"})
]
Otherwise = Literal["quarantine", "null", "unknown", "keep"]
"""What happens to a value that fails: the row is quarantined; the value becomes NULL; the value
becomes 'Unknown'; or the value stays and only a warning is counted."""

__all__ = [
    "CHECKS", "CLEANSING", "Absolute", "AsciiDigits", "AtLeast", "AtMost", "Between", "Boolean",
    "CardNumber", "Checks", "Clamp", "CleansingRules", "CollapseSpaces", "CompactCode", "Country",
    "CountryOf", "CreditCode", "Currency", "CurrencyOf", "Date", "Decimals", "Default",
    "DefaultFrom", "DiffersFrom", "DigitsOnly", "Email", "EmptyToNull", "Extract", "Gtin", "Hash",
    "Iban", "Language", "LanguageOf", "Left", "Length", "Lower", "MapValues", "Mask", "Matches",
    "Negate", "NoneOf", "NormalizeEmail", "NormalizeUnicode", "NormalizeUrl", "NotAfter",
    "NotBefore", "NotMatches", "NullIf", "NullIfMatches", "Number", "OneFilled", "OneOf",
    "Otherwise", "PadLeft", "PadRight", "PersonName", "Phone", "PhoneNumber", "PostalCode",
    "PostalCodeOf", "References", "RegexReplace", "RemoveControl", "Replace", "Required",
    "RequiredIf", "ResidentId", "Right", "Round", "Rule", "Satisfies", "Scale", "SentenceCase",
    "SplitPart", "StripAccents", "StripPunctuation", "StripTags", "Substring", "TimeZone",
    "TitleCase", "Trim", "UnescapeHtml", "Unique", "Upper", "Url", "VatNumber", "arguments_of",
]  # fmt: skip
