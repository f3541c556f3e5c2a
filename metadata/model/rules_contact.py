"""Cleansing rules for how people, places and companies are named, reached and coded."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from metadata.errors import did_you_mean
from metadata.model.rule import STRING, Rule, column_field
from metadata.reference_data.phones import numbering_plans
from metadata.reference_data.postal_codes import postal_forms
from metadata.reference_data.territories import LANGUAGES, countries


def _known_country(value: str) -> str:
    code = value.strip().upper()
    if code not in countries():
        raise ValueError(f"is no country; use an ISO code such as DE. {_close(code)}".rstrip())
    return code


def _close(code: str) -> str:
    return did_you_mean(code, countries())


CountryCode = Annotated[str, AfterValidator(_known_country)]
"""An ISO 3166-1 alpha-2 code."""


def one_country(country: str | None, column: str | None, prefix: str | None = None) -> None:
    """At most one way to say which country is meant.

    Raises:
        ValueError: there are several.
    """
    if sum(each is not None for each in (country, column, prefix)) > 1:
        raise ValueError("may say the country in one way only")


def one_postal_country(country: str | None, column: str | None) -> None:
    """Exactly one way to say the country, and one whose postal codes are known.

    Raises:
        ValueError: there is none, there are several, or its postal codes are not known.
    """
    one_country(country, column)
    if country is None and column is None:
        raise ValueError("needs a 'country' or a 'country_column'")
    if country is not None and country not in postal_forms():
        raise ValueError(f"knows no postal codes of {country}")


class Phone(Rule):
    """Brings a telephone number into international form: +, country's calling code, number.

    With a country, its numbering plan says what is dialled before a number abroad and at home, and
    what a national number looks like; extensions are dropped. With a prefix, 00 becomes + and a
    leading 0 becomes the prefix. Without either, only what is international already can be told.
    A text without digits stays as it is.

    Example: `{phone: DE}` turns `(0)30 / 1234-56` into `"+4930123456"`.
    Example: `{phone: US}` turns `(201) 555-0123 ext. 5` into `"+12015550123"`.
    Example: `{phone: {country_column: country}}` turns `{tel: "020 7946 0018", country: GB}` into
    `"+442079460018"`.
    Example: `{phone: "+49"}` turns `030 1234` into `"+49301234"`.
    """

    rule: ClassVar[str] = "phone"
    kinds: ClassVar[frozenset[str] | None] = STRING
    prefix: str | None = Field(
        None, pattern=r"^\+\d{1,3}$", description="Calling code for national numbers, as +49."
    )
    country: CountryCode | None = Field(None, description="Country of national numbers.")
    country_column: str | None = column_field(
        None, description="Column of the mapped row that holds the country, as alpha-2 code."
    )

    @classmethod
    def direct(cls, given: Any) -> dict[str, Any]:
        """Either `{phone: "+49"}` or `{phone: DE}`."""
        code = isinstance(given, str) and given[:1].isalpha()
        return {"country" if code else "prefix": given}

    @model_validator(mode="after")
    def _one_country(self) -> Phone:
        one_country(self.country, self.country_column, self.prefix)
        if self.country is not None and self.country not in numbering_plans():
            raise ValueError(f"knows no numbering plan of {self.country}")
        return self


class NormalizeEmail(Rule):
    """Brings an e-mail address into one form: no spaces, no display name, no `mailto:`, no full
    stop behind, the domain in lower case.

    What stands before the @ is the receiver's to tell apart: its case, dots and tags stay, unless
    said.

    Example: `normalize_email` turns `Anna Berg <Anna.B@Example.COM>` into `Anna.B@example.com`.
    Example: `{normalize_email: {lower: all, drop_tags: true}}` turns `Anna+news@b.example` into
    `anna@b.example`.
    """

    rule: ClassVar[str] = "normalize_email"
    kinds: ClassVar[frozenset[str] | None] = STRING
    lower: Literal["domain", "all"] = Field("domain", description="What is put in lower case.")
    drop_tags: bool = Field(False, description="Whether +tag before the @ goes.")
    gmail_dots: bool = Field(
        False, description="Whether dots before @gmail.com and @googlemail.com go."
    )


class NormalizeUrl(Rule):
    """Brings a web address into one form: a scheme, scheme and host in lower case, no default port,
    no slash at the end of a bare host.

    Example: `normalize_url` turns `WWW.Example.COM/` into `https://www.example.com`.
    Example: `normalize_url` turns `HTTP://Example.com:80/A?b=C` into `http://example.com/A?b=C`.
    """

    rule: ClassVar[str] = "normalize_url"
    kinds: ClassVar[frozenset[str] | None] = STRING
    scheme: Literal["https", "http"] = Field("https", description="For addresses without one.")


class PersonName(Rule):
    """Puts the parts of a person's name in one order. Names without a space stay as they are.

    Example: `person_name` turns `van der Berg, Anna Maria` into `Anna Maria van der Berg`.
    Example: `{person_name: last_first}` turns `Anna van der Berg` into `van der Berg, Anna`.
    Example: `{person_name: {titles: false}}` turns `Prof. Dr. Berg, Anna` into `Anna Berg`.
    """

    rule: ClassVar[str] = "person_name"
    kinds: ClassVar[frozenset[str] | None] = STRING
    order: Literal["first_last", "last_first"] = Field(
        "first_last", description="Given name first, or family name, comma, given name."
    )
    titles: bool = Field(True, description="Whether forms of address and titles stay.")


class PostalCode(Rule):
    """Brings a postal code into the form of its country: capitals, the separator in its place, no
    country prefix. What does not fit stays as it is.

    Example: `{postal_code: GB}` turns `sw1a1aa` into `SW1A 1AA`.
    Example: `{postal_code: DE}` turns `D-10115` into `"10115"`.
    Example: `{postal_code: {country: US, pad: true}}` turns `"2134"` into `"02134"`.
    Example: `{postal_code: {country_column: country}}` turns `{zip: "1234AB", country: NL}` into
    `1234 AB`.
    """

    rule: ClassVar[str] = "postal_code"
    kinds: ClassVar[frozenset[str] | None] = STRING
    country: CountryCode | None = Field(None, description="The country.")
    country_column: str | None = column_field(
        None, description="Column of the mapped row that holds the country, as alpha-2 code."
    )
    pad: bool = Field(
        False, description="Whether zeros lost at the left of a code of digits are put back."
    )

    @model_validator(mode="after")
    def _one_country(self) -> PostalCode:
        one_postal_country(self.country, self.country_column)
        return self


class CountryOf(Rule):
    """Turns a country's name, in twenty-four languages, or any of its ISO codes into one form. What
    names no country stays as it is.

    Example: `country_code` turns `Germany` into `DE`.
    Example: `country_code` turns `美国` into `US`.
    Example: `{country_code: alpha_3}` turns `deutschland` into `DEU`.
    Example: `{country_code: {to: name, language: zh}}` turns `FRA` into `法国`.
    """

    rule: ClassVar[str] = "country_code"
    kinds: ClassVar[frozenset[str] | None] = STRING
    to: Literal["alpha_2", "alpha_3", "name"] = Field("alpha_2", description="The form wanted.")
    language: str = Field("en", description="Language of names, such as en or zh.")

    @model_validator(mode="after")
    def _spoken(self) -> CountryOf:
        if self.language not in LANGUAGES:
            raise ValueError(f"names countries in {', '.join(LANGUAGES)}")
        return self


class CurrencyOf(Rule):
    """Turns a currency's name, in twenty-four languages, its sign or its code into the ISO code.

    $, ¥ and kr mean several currencies: say which with `signs`. What names no currency stays as it
    is.

    Example: `currency_code` turns `euro` into `EUR`.
    Example: `currency_code` turns `人民币` into `CNY`.
    Example: `{currency_code: {signs: {$: USD}}}` turns `"$"` into `USD`.
    """

    rule: ClassVar[str] = "currency_code"
    kinds: ClassVar[frozenset[str] | None] = STRING
    signs: dict[str, str] = Field(
        default_factory=dict, description="More signs and names, each with the code it means."
    )


class LanguageOf(Rule):
    """Turns a language's name, in twenty-four languages, its code or a locale into the ISO 639-1
    code. What names no language stays as it is.

    Example: `language_code` turns `German` into `de`.
    Example: `language_code` turns `zh_CN` into `zh`.
    """

    rule: ClassVar[str] = "language_code"
    kinds: ClassVar[frozenset[str] | None] = STRING


class CompactCode(Rule):
    """Writes an account, card, tax or register number without spaces and separators, in capitals.

    Example: `compact_code` turns `de89 3704-0044 0532.0130/00` into `DE89370400440532013000`.
    """

    rule: ClassVar[str] = "compact_code"
    kinds: ClassVar[frozenset[str] | None] = STRING
