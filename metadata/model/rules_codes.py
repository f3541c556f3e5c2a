"""Checks of codes and addresses that somebody gives out: countries, accounts, numbers, mail."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from metadata.model.rule import (
    STRING,
    Rule,
    column_field,
)
from metadata.model.rules_contact import CountryCode, one_country, one_postal_country
from metadata.reference_data.phones import numbering_plans

Bound = str | int | float


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
        one_postal_country(self.country, self.country_column)
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
