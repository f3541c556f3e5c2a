"""Checks: what a value must be. A value that is missing passes every check that does not say so."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from metadata.literals import as_figure, as_moment
from metadata.model.base import Name, Names
from metadata.model.regular import regular_expression
from metadata.model.rule import (
    FIGURES,
    MOMENTS,
    ORDERED,
    STRING,
    Rule,
    column_field,
    expression_field,
)
from metadata.model.rules_contact import CountryCode, one_country
from metadata.reference_data.phones import numbering_plans
from metadata.reference_data.postal_codes import postal_forms

Bound = str | int | float


class Required(Rule):
    """Fails where there is no value.

    Example: `required` passes `x` and fails `null`.
    """

    rule: ClassVar[str] = "required"


class RequiredIf(Rule):
    """Fails where there is no value although a condition over the mapped row holds.

    Example: `{required_if: "kind = 'Company'"}` passes `{tax_number: null, kind: Person}` and fails
    `{tax_number: null, kind: Company}`.
    """

    rule: ClassVar[str] = "required_if"
    condition: str = expression_field(description="Boolean SQL expression.")


class OneFilled(Rule):
    """Fails where neither this column nor any of the others has a value.

    Example: `{one_filled: [phone]}` passes `{email: null, phone: "+49301"}` and fails
    `{email: null, phone: null}`.
    """

    rule: ClassVar[str] = "one_filled"
    columns: Names = column_field(description="The other columns.")


class Email(Rule):
    """Fails where a value is not shaped like an e-mail address.

    Example: `email` passes `a.b@c.example` and fails `a at b`.
    """

    rule: ClassVar[str] = "email"
    kinds: ClassVar[frozenset[str] | None] = STRING


class PhoneNumber(Rule):
    """Fails where a value is not an international number: +, then 7 to 15 digits (E.164). `plan`
    asks for more: that some country's numbering plan, or the one of the country given, has it.

    Example: `phone_number` passes `"+4930123456"` and fails `030 123456`.
    Example: `{phone_number: DE}` passes `"+4930123456"` and fails `"+442079460018"`.
    Example: `{phone_number: {plan: true}}` passes `"+12015550123"` and fails `"+11234567890"`.
    """

    rule: ClassVar[str] = "phone_number"
    kinds: ClassVar[frozenset[str] | None] = STRING
    country: CountryCode | None = Field(None, description="Country whose number it must be.")
    country_column: str | None = column_field(
        None, description="Column of the mapped row that holds the country, as alpha-2 code."
    )
    plan: bool = Field(False, description="Whether a numbering plan must have the number.")

    @model_validator(mode="after")
    def _one_country(self) -> PhoneNumber:
        one_country(self.country, self.country_column)
        if self.country is not None and self.country not in numbering_plans():
            raise ValueError(f"knows no numbering plan of {self.country}")
        return self


class PostalCodeOf(Rule):
    """Fails where a value is not written as the country's postal codes are. Countries without
    postal codes, or without a form known here, let everything pass.

    Example: `{postal_code: NL}` passes `1234 AB` and fails `1234AB`.
    """

    rule: ClassVar[str] = "postal_code"
    kinds: ClassVar[frozenset[str] | None] = STRING
    country: CountryCode | None = Field(None, description="The country.")
    country_column: str | None = column_field(
        None, description="Column of the mapped row that holds the country, as alpha-2 code."
    )

    @model_validator(mode="after")
    def _one_country(self) -> PostalCodeOf:
        one_country(self.country, self.country_column)
        if self.country is None and self.country_column is None:
            raise ValueError("needs a 'country' or a 'country_column'")
        if self.country is not None and self.country not in postal_forms():
            raise ValueError(f"knows no postal codes of {self.country}")
        return self


class Country(Rule):
    """Fails where a value is no ISO 3166-1 code of a country.

    Example: `country_code` passes `DE` and fails `UK`.
    Example: `{country_code: alpha_3}` passes `DEU` and fails `DE`.
    """

    rule: ClassVar[str] = "country_code"
    kinds: ClassVar[frozenset[str] | None] = STRING
    form: Literal["alpha_2", "alpha_3"] = Field("alpha_2", description="Which codes.")


class Currency(Rule):
    """Fails where a value is no ISO 4217 code of a currency.

    Example: `currency_code` passes `EUR` and fails `EURO`.
    Example: `{currency_code: true}` passes `EUR` and fails `DEM`.
    """

    rule: ClassVar[str] = "currency_code"
    kinds: ClassVar[frozenset[str] | None] = STRING
    current: bool = Field(False, description="Whether the currency must still be in use.")


class Language(Rule):
    """Fails where a value is no ISO 639-1 code of a language.

    Example: `language_code` passes `zh` and fails `chinese`.
    """

    rule: ClassVar[str] = "language_code"
    kinds: ClassVar[frozenset[str] | None] = STRING


class Url(Rule):
    """Fails where a value is not a web address with scheme and host.

    Example: `url` passes `https://example.com/a?b=c` and fails `example com`.
    """

    rule: ClassVar[str] = "url"
    kinds: ClassVar[frozenset[str] | None] = STRING


class Iban(Rule):
    """Fails where a value is no IBAN: the country's length, and check digits that are right.

    Example: `iban` passes `DE89370400440532013000` and fails `DE88370400440532013000`.
    """

    rule: ClassVar[str] = "iban"
    kinds: ClassVar[frozenset[str] | None] = STRING


class CardNumber(Rule):
    """Fails where a value is no number of a payment card: 12 to 19 digits whose last one is right
    (Luhn).

    Example: `card_number` passes `"4111111111111111"` and fails `"4111111111111112"`.
    """

    rule: ClassVar[str] = "card_number"
    kinds: ClassVar[frozenset[str] | None] = STRING


class VatNumber(Rule):
    """Fails where a value is no VAT number of a member of the European Union, of Great Britain
    (GB, XI), Norway or Switzerland, with its country before it. The check digits of AT, BE, CH, DE,
    DK, EE, EL, FI, FR, HR, HU, IT, LU, MT, NO, PL, PT, SE, SI and SK are computed; of the others
    only the form is known.

    Example: `vat_number` passes `DE136695976` and fails `DE136695977`.
    """

    rule: ClassVar[str] = "vat_number"
    kinds: ClassVar[frozenset[str] | None] = STRING


class CreditCode(Rule):
    """Fails where a value is no unified social credit code of a Chinese organisation: 18 characters
    of which the last is right (GB 32100).

    Example: `credit_code` passes `91350100M000100Y43` and fails `91350100M000100Y44`.
    """

    rule: ClassVar[str] = "credit_code"
    kinds: ClassVar[frozenset[str] | None] = STRING


class ResidentId(Rule):
    """Fails where a value is no number of a Chinese identity card: 18 characters with a day of
    birth, of which the last is right (GB 11643).

    Example: `resident_id` passes `11010519491231002X` and fails `"110105194912310021"`.
    """

    rule: ClassVar[str] = "resident_id"
    kinds: ClassVar[frozenset[str] | None] = STRING


class Gtin(Rule):
    """Fails where a value is no article number (EAN, UPC, GTIN): 8, 12, 13 or 14 digits whose last
    one is right.

    Example: `gtin` passes `"4006381333931"` and fails `"4006381333932"`.
    """

    rule: ClassVar[str] = "gtin"
    kinds: ClassVar[frozenset[str] | None] = STRING


class Matches(Rule):
    """Fails where a value does not match a regular expression (RE2 syntax) as a whole.

    Example: `{matches: "[A-Z]{2}[0-9]+"}` passes `AB12` and fails `xAB12`.
    """

    rule: ClassVar[str] = "matches"
    kinds: ClassVar[frozenset[str] | None] = FIGURES | MOMENTS | STRING
    pattern: str = Field(description="Regular expression.")

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        return regular_expression(value)


class NotMatches(Rule):
    """Fails where a regular expression (RE2 syntax) matches somewhere in a value.

    Example: `{not_matches: "(?i)test|dummy"}` passes `Anna` and fails `my Test`.
    """

    rule: ClassVar[str] = "not_matches"
    kinds: ClassVar[frozenset[str] | None] = FIGURES | MOMENTS | STRING
    pattern: str = Field(description="Regular expression.")

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        return regular_expression(value)


class _Listed(Rule):
    values: tuple[str, ...] = Field(min_length=1, description="The values.")

    @field_validator("values", mode="before")
    @classmethod
    def _as_texts(cls, value: Any) -> Any:
        listed = value if isinstance(value, list | tuple) else [value]
        return [str(v) if isinstance(v, int | float) and not isinstance(v, bool) else v
                for v in listed]  # fmt: skip

    def misuse(self, kind: str) -> str | None:
        """A value listed that no value of the column can equal."""
        return next((why for v in self.values if (why := listed_misuse(v, kind))), None)


class OneOf(_Listed):
    """Fails where a value is not in the list.

    Example: `{one_of: [A, B]}` passes `A` and fails `a`.
    """

    rule: ClassVar[str] = "one_of"


class NoneOf(_Listed):
    """Fails where a value is in the list.

    Example: `{none_of: ["99999", "00000"]}` passes `"10115"` and fails `"99999"`.
    """

    rule: ClassVar[str] = "none_of"


class Between(Rule):
    """Fails outside a range, ends included; an end may be a number, a date, or `today`. May be
    written as `between LOW and HIGH`.

    Example: `between 1 and 10` passes `10` and fails `11`.
    Example: `between 1900-01-01 and today` passes `1999-12-31` and fails `1899-12-31`.
    """

    rule: ClassVar[str] = "between"
    kinds: ClassVar[frozenset[str] | None] = ORDERED
    low: Bound = Field(description="Smallest value allowed.")
    high: Bound = Field(description="Largest value allowed.")

    @model_validator(mode="after")
    def _ordered(self) -> Between:
        if _above(self.low, self.high):
            raise ValueError(f"lets nothing pass: {self.low} is above {self.high}")
        return self

    def misuse(self, kind: str) -> str | None:
        """An end that no value of the column can be compared with, or ends the wrong way round."""
        wrong = bound_misuse(self.low, kind) or bound_misuse(self.high, kind)
        if wrong is None and kind == "string" and str(self.low) > str(self.high):
            return f"lets nothing pass: as texts, {self.low} is above {self.high}"
        return wrong


class AtLeast(Rule):
    """Fails below a value (a number, a date, or `today`).

    Example: `{at_least: 0}` passes `0` and fails `-1`.
    """

    rule: ClassVar[str] = "at_least"
    kinds: ClassVar[frozenset[str] | None] = ORDERED
    low: Bound = Field(description="Smallest value allowed.")

    def misuse(self, kind: str) -> str | None:
        """A bound that no value of the column can be compared with."""
        return bound_misuse(self.low, kind)


class AtMost(Rule):
    """Fails above a value (a number, a date, or `today`).

    Example: `{at_most: today}` passes `2020-01-01` and fails `2999-01-01`.
    """

    rule: ClassVar[str] = "at_most"
    kinds: ClassVar[frozenset[str] | None] = ORDERED
    high: Bound = Field(description="Largest value allowed.")

    def misuse(self, kind: str) -> str | None:
        """A bound that no value of the column can be compared with."""
        return bound_misuse(self.high, kind)


class NotBefore(Rule):
    """Fails where a value is below another column's of the mapped row, as a delivery before its
    order. Passes where either is missing.

    Example: `{not_before: ordered}` passes `{sent: 2024-01-02, ordered: 2024-01-02}` and fails
    `{sent: 2024-01-01, ordered: 2024-01-02}`.
    """

    rule: ClassVar[str] = "not_before"
    kinds: ClassVar[frozenset[str] | None] = ORDERED
    column: str = column_field(description="The other column.")


class NotAfter(Rule):
    """Fails where a value is above another column's of the mapped row. Passes where either is
    missing.

    Example: `{not_after: ended}` passes `{began: 2024-01-02, ended: 2024-01-02}` and fails
    `{began: 2024-01-03, ended: 2024-01-02}`.
    """

    rule: ClassVar[str] = "not_after"
    kinds: ClassVar[frozenset[str] | None] = ORDERED
    column: str = column_field(description="The other column.")


class DiffersFrom(Rule):
    """Fails where a value equals another column's of the mapped row, as somebody who is his own
    parent. Passes where either is missing.

    Example: `{differs_from: id}` passes `{parent: "2", id: "1"}` and fails
    `{parent: "1", id: "1"}`.
    """

    rule: ClassVar[str] = "differs_from"
    column: str = column_field(description="The other column.")


class Length(Rule):
    """Fails where a text is longer or shorter than allowed.

    Example: `{length: {low: 2, high: 3}}` passes `abc` and fails `abcd`.
    """

    rule: ClassVar[str] = "length"
    kinds: ClassVar[frozenset[str] | None] = STRING
    low: int = Field(0, ge=0, description="Fewest characters.")
    high: int = Field(ge=0, description="Most characters.")

    @model_validator(mode="after")
    def _ordered(self) -> Length:
        if self.low > self.high:
            raise ValueError(f"lets nothing pass: {self.low} is above {self.high}")
        return self


class Decimals(Rule):
    """Fails where a number has more decimal places than allowed.

    Example: `{decimals: 2}` passes `1.25` and fails `1.255`.
    """

    rule: ClassVar[str] = "decimals"
    kinds: ClassVar[frozenset[str] | None] = frozenset({"decimal", "double"})
    most: int = Field(ge=0, le=10, description="Most decimal places.")


class Satisfies(Rule):
    """Fails where a condition over the mapped row (by target column names) is false.

    Example: `{satisfies: "amount > 0 or kind = 'refund'"}` passes `{amount: -1, kind: refund}` and
    fails `{amount: -1, kind: sale}`.
    """

    rule: ClassVar[str] = "satisfies"
    condition: str = expression_field(description="Boolean SQL expression.")


class Unique(Rule):
    """Fails for every row whose value another row of the mapping has too, with a different key.

    `within` names columns that must be equal as well for two values to be the same.

    Example: `unique` passes `{email: a@b.example}` and fails `{email: twice@b.example}`.
    """

    rule: ClassVar[str] = "unique"
    within: Names = column_field((), description="Columns within whose values it must be unique.")


class References(Rule):
    """Fails where no staged row of an entity has the value as its key.

    The other entity is staged first; of the entity itself (a parent) every row that is let in
    counts. Without this check, a key that leads nowhere becomes a member that is only known by it.

    Example: `{references: customer}` passes `C1` and fails `C9`.
    """

    rule: ClassVar[str] = "references"
    entity: Name = Field(
        description="Entity with a single key column.",
        json_schema_extra={"refers_to": "entity"},
    )


def bound_misuse(bound: Bound, kind: str) -> str | None:
    """Why values of a kind cannot be compared with a bound; None where they can."""
    if kind == "string":
        return None
    if kind in FIGURES:
        return None if as_figure(str(bound)) is not None else f"compares numbers with '{bound}'"
    if kind in MOMENTS:
        told = str(bound).lower() == "today" or as_moment(str(bound)) is not None
        return None if told else f"compares dates with '{bound}'; write 2024-12-31 or today"
    return f"has no order on a {kind}"


def listed_misuse(value: str, kind: str) -> str | None:
    """Why no value of a kind can be a value that is listed; None where one can.

    Values are compared as the engine writes them out.
    """
    match kind:
        case "integer" if not re.fullmatch(r"-?(0|[1-9]\d*)", value):
            return f"lists '{value}', which is no whole number"
        case "decimal" | "double" if as_figure(value) is None:
            return f"lists '{value}', which is no number"
        case "boolean" if value not in ("true", "false"):
            return f"lists '{value}'; a boolean is 'true' or 'false'"
        case "date" if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) or as_moment(value) is None:
            return f"lists '{value}', which is no date like 2024-12-31"
        case "timestamp" if as_moment(value) is None:
            return f"lists '{value}', which is no time like 2024-12-31 10:00:00"
    return None


def _above(low: Bound, high: Bound) -> bool:
    """Whether two bounds are the wrong way round, as numbers or as dates, if they are such."""
    figures = as_figure(str(low)), as_figure(str(high))
    if figures[0] is not None and figures[1] is not None:
        return figures[0] > figures[1]
    moments = as_moment(str(low)), as_moment(str(high))
    return moments[0] is not None and moments[1] is not None and moments[0] > moments[1]
