"""Cleansing rules and checks as data.

Each class is one rule; its docstring is what the reference says about it. A rule is written as its
bare name (`trim`) or as its name with parameters (`{replace: {find: "-", with: ""}}`); a single
parameter may be given directly (`{left: 3}`). How a rule becomes SQL stands in
`transforms.cleansing`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, field_validator

from metadata.errors import did_you_mean
from metadata.model.base import Definition, Names


class Rule(Definition):
    """Base of rules; `rule` is the name by which it is written."""

    rule: ClassVar[str]


class Trim(Rule):
    """Removes white space (including no-break and full-width spaces) at both ends."""

    rule: ClassVar[str] = "trim"


class CollapseSpaces(Rule):
    """Turns every run of white space into one space."""

    rule: ClassVar[str] = "collapse_spaces"


class Lower(Rule):
    """Turns letters into lower case."""

    rule: ClassVar[str] = "lower"


class Upper(Rule):
    """Turns letters into upper case."""

    rule: ClassVar[str] = "upper"


class TitleCase(Rule):
    """Starts every word with a capital letter and continues in lower case."""

    rule: ClassVar[str] = "title_case"


class NormalizeUnicode(Rule):
    """Applies Unicode NFC and folds full-width letters, digits and punctuation to ASCII."""

    rule: ClassVar[str] = "normalize_unicode"


class StripAccents(Rule):
    """Removes accents: é becomes e."""

    rule: ClassVar[str] = "strip_accents"


class DigitsOnly(Rule):
    """Keeps the digits 0 to 9 and nothing else."""

    rule: ClassVar[str] = "digits_only"


class EmptyToNull(Rule):
    """Turns texts that mean nothing (empty, '-', 'n/a', 'null', 'none') into no value."""

    rule: ClassVar[str] = "empty_to_null"


class NullIf(Rule):
    """Turns the listed texts into no value."""

    rule: ClassVar[str] = "null_if"
    values: Names = Field(description="Texts that mean 'no value'.")


class Replace(Rule):
    """Replaces every occurrence of one text by another."""

    rule: ClassVar[str] = "replace"
    find: str = Field(min_length=1, description="Text to look for.")
    with_: str = Field("", alias="with", description="Text to put in its place.")


class RegexReplace(Rule):
    """Replaces every match of a regular expression (RE2 syntax)."""

    rule: ClassVar[str] = "regex_replace"
    pattern: str = Field(description="Regular expression.")
    with_: str = Field("", alias="with", description=r"Replacement; \1 is the first group.")

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        return _regular_expression(value)


class Extract(Rule):
    """Keeps what the first group of a regular expression (RE2 syntax) matches, else no value."""

    rule: ClassVar[str] = "extract"
    pattern: str = Field(description="Regular expression with one group.")

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        if re.compile(_regular_expression(value)).groups < 1:
            raise ValueError("needs a group in parentheses")
        return value


class Left(Rule):
    """Keeps the first characters."""

    rule: ClassVar[str] = "left"
    length: int = Field(ge=1, description="How many.")


class PadLeft(Rule):
    """Fills up with a character on the left, as for postal codes that lost their zeros."""

    rule: ClassVar[str] = "pad_left"
    length: int = Field(ge=1, le=100, description="Length to reach.")
    fill: str = Field("0", min_length=1, max_length=1, description="Character to fill with.")


class Phone(Rule):
    """Keeps digits and a leading +; 00 becomes +; a leading 0 becomes the country's prefix."""

    rule: ClassVar[str] = "phone"
    prefix: str | None = Field(
        None, pattern=r"^\+\d{1,3}$", description="Country prefix for national numbers, as +49."
    )


class Absolute(Rule):
    """Drops the sign of a number."""

    rule: ClassVar[str] = "absolute"


class Negate(Rule):
    """Changes the sign of a number."""

    rule: ClassVar[str] = "negate"


class Round(Rule):
    """Rounds a number to decimal places, halves away from zero."""

    rule: ClassVar[str] = "round"
    places: int = Field(ge=0, le=10, description="Decimal places.")


class Default(Rule):
    """Gives a value where there is none."""

    rule: ClassVar[str] = "default"
    value: str | int | float | bool = Field(description="The value.")


class Required(Rule):
    """Fails where there is no value."""

    rule: ClassVar[str] = "required"


class Email(Rule):
    """Fails where a value is not shaped like an e-mail address."""

    rule: ClassVar[str] = "email"


class PhoneNumber(Rule):
    """Fails where a value is not an international number: +, then 7 to 15 digits (E.164)."""

    rule: ClassVar[str] = "phone_number"


class Matches(Rule):
    """Fails where a value does not match a regular expression (RE2 syntax) as a whole."""

    rule: ClassVar[str] = "matches"
    pattern: str = Field(description="Regular expression.")

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        return _regular_expression(value)


class OneOf(Rule):
    """Fails where a value is not in the list."""

    rule: ClassVar[str] = "one_of"
    values: Names = Field(description="Values allowed.")


class Between(Rule):
    """Fails outside a range, ends included; an end may be a number, a date, or `today`."""

    rule: ClassVar[str] = "between"
    low: str | int | float = Field(description="Smallest value allowed.")
    high: str | int | float = Field(description="Largest value allowed.")


class AtLeast(Rule):
    """Fails below a value (a number, a date, or `today`)."""

    rule: ClassVar[str] = "at_least"
    low: str | int | float = Field(description="Smallest value allowed.")


class AtMost(Rule):
    """Fails above a value (a number, a date, or `today`)."""

    rule: ClassVar[str] = "at_most"
    high: str | int | float = Field(description="Largest value allowed.")


class Length(Rule):
    """Fails where a text is longer or shorter than allowed."""

    rule: ClassVar[str] = "length"
    low: int = Field(0, ge=0, description="Fewest characters.")
    high: int = Field(description="Most characters.")


class Satisfies(Rule):
    """Fails where a condition over the mapped row (by target column names) is false."""

    rule: ClassVar[str] = "satisfies"
    condition: str = Field(description="Boolean SQL expression.")


CLEANSING: tuple[type[Rule], ...] = (
    Trim, CollapseSpaces, Lower, Upper, TitleCase, NormalizeUnicode, StripAccents, DigitsOnly,
    EmptyToNull, NullIf, Replace, RegexReplace, Extract, Left, PadLeft, Phone, Absolute, Negate,
    Round, Default,
)  # fmt: skip
CHECKS: tuple[type[Rule], ...] = (
    Required, Email, PhoneNumber, Matches, OneOf, Between, AtLeast, AtMost, Length, Satisfies,
)  # fmt: skip

_BETWEEN = re.compile(r"^between\s+(\S+)\s+and\s+(\S+)$", re.IGNORECASE)


def _regular_expression(value: str) -> str:
    """Refuse what neither Python nor RE2 could run; RE2 has no look-around or back-references."""
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    if re.search(r"\(\?(?:[=!]|<[=!])|\\[1-9]", value):
        raise ValueError("may not use look-around or back-references")
    return value


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
        arguments = _arguments(rule, given) if rule else {}
    else:
        raise ValueError(f"is not a {kind}; write its name, or its name with parameters")
    rule = by_name.get(name)
    if rule is None:
        raise ValueError(f"names no {kind} '{name}'. {did_you_mean(name, by_name)}")
    return rule(**arguments)


def _arguments(rule: type[Rule], given: Any) -> dict[str, Any]:
    if isinstance(given, dict):
        return given
    fields = [field.alias or name for name, field in rule.model_fields.items()]
    if isinstance(given, list) and len(fields) > 1:
        return dict(zip(fields, given, strict=False))
    return {fields[0]: given} if fields else {"parameters": given}


def _cleansing(value: Any) -> Any:
    values = value if isinstance(value, list) else [value]
    return tuple(_parse(item, CLEANSING, "cleansing rule") for item in values)


def _checks(value: Any) -> Any:
    values = value if isinstance(value, list) else [value]
    return tuple(_parse(item, CHECKS, "check") for item in values)


CleansingRules = Annotated[tuple[Rule, ...], BeforeValidator(_cleansing)]
Checks = Annotated[tuple[Rule, ...], BeforeValidator(_checks)]
Otherwise = Literal["quarantine", "null", "unknown", "keep"]
"""What happens to a value that fails: the row is quarantined; the value becomes NULL; the value
becomes 'Unknown'; or the value stays and only a warning is counted."""
