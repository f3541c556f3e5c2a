"""Rules for names, addresses and numbers; telephone numbers compared with libphonenumber."""

from __future__ import annotations

import phonenumbers as pn
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metadata.reference_data.postal_codes import postal_forms
from metadata.reference_data.territories import LANGUAGES, countries, names_of_countries

CASES = [
    ("normalize_email", {
        " Anna@EXAMPLE.com. ": "Anna@example.com", "mailto:a@B.de?subject=x": "a@b.de",
        '"Berg, Anna" <a@B.de>': "a@b.de", "a b@c.de": "ab@c.de", "ＡＢ＠Ｃ.de": "AB@c.de", "nobody": "nobody",
        "first.last+tag@GMail.com": "first.last+tag@gmail.com", "a@b@C.de": "a@b@c.de", "": "", "@": "@",
    }),
    ({"normalize_email": {"gmail_dots": True, "drop_tags": True, "lower": "all"}}, {
        "F.i.r.st+x@GoogleMail.com": "first@googlemail.com", "f.i+x@b.de": "f.i@b.de", "+x@b.de": "+x@b.de",
    }),
    ("normalize_url", {
        "Example.com": "https://example.com", "//Example.com/x": "https://example.com/x", "ftp://A.b/C": "ftp://a.b/C",
        "https://A.com:443/": "https://a.com", "https://A.com:8443/": "https://a.com:8443", "no host": "no host",
        "http://a.com?Q=1": "http://a.com?Q=1", "": "", "user@a.com": "user@a.com", "müller.de/ä": "https://müller.de/ä",
    }),
    ("person_name", {
        "Berg, Anna": "Anna Berg", "Anna Berg": "Anna Berg", "van der Berg ,  Anna": "Anna van der Berg",
        "Smith, Jr.": "Smith, Jr.", "Meyer & Co, GmbH": "Meyer & Co, GmbH", "a,b,c": "a,b,c", "李雷": "李雷", "": "",
        "O'Neil, Mary-Jane": "Mary-Jane O'Neil",
    }),
    ({"person_name": {"order": "last_first", "titles": False}}, {
        "Dr. Anna von der Tann": "von der Tann, Anna", "Herr Max Berg": "Berg, Max", "Berg, Prof. Anna": "Berg, Anna",
        "Madonna": "Madonna", "李雷先生": "李雷", "Drew Berg": "Berg, Drew",
    }),
    ({"postal_code": "GB"}, {"sw1a1aa": "SW1A 1AA", "M11AE": "M1 1AE", "gir0aa": "GIR 0AA", "EC1A 1BB": "EC1A 1BB", "12345": "12345"}),
    ({"postal_code": "DE"}, {"D-10115": "10115", "DE 10115": "10115", "1０115": "10115", "1234": "1234", "": ""}),
    ({"postal_code": {"country": "DE", "pad": True}}, {"1067": "01067", "99": "99"}),
    ({"postal_code": "NL"}, {"1234ab": "1234 AB", "1234 AB": "1234 AB", "NL-1234 AB": "1234 AB"}),
    ({"postal_code": "LT"}, {"01234": "LT-01234", "LT01234": "LT-01234", "lt-01234": "LT-01234"}),
    ({"postal_code": "AZ"}, {"1000": "AZ 1000", "AZ1000": "AZ 1000"}),
    ({"postal_code": "CA"}, {"k1a0b1": "K1A 0B1"}),
    ({"postal_code": "US"}, {"123456789": "12345-6789", "12345": "12345"}),
    ({"postal_code": "BR"}, {"01310100": "01310-100"}),
    ("compact_code", {" de89 3704-0044.0532 ": "DE89370400440532", "CHE-116.281.710 MWST": "CHE116281710MWST"}),
    ("country_code", {
        "germany": "DE", "DEUTSCHLAND": "DE", "Federal Republic of Germany": "DE", "deu": "DE", "276": "DE", "D E": "DE",
        "中国": "CN", "中華人民共和國": "中華人民共和國", "美国": "US", "U.S.A.": "US", "uk": "GB", "Côte d’Ivoire": "CI", "cote divoire": "CI",
        "Ivory Coast": "CI", "Korea, Republic of": "KR", "Türkiye": "TR", "日本": "JP", "Россия": "RU", "Österreich": "AT",
        "Atlantis": "Atlantis", "": "", "EU": "EU", "香港": "HK",
    }),
    ({"country_code": "alpha_3"}, {"Kosovo": "XKK", "fr": "FRA", "x": "x"}),
    ({"country_code": {"to": "name", "language": "de"}}, {"US": "Vereinigte Staaten", "x": "x"}),
    ("currency_code", {"euro": "EUR", "€": "EUR", "US Dollar": "USD", "人民币": "CNY", "US$": "USD", "$": "$", "¥": "¥", "eur": "EUR",
                       "Schweizer Franken": "CHF", "zł": "PLN", "": ""}),
    ({"currency_code": {"signs": {"$": "CAD", "kr": "SEK"}}}, {" $ ": "CAD", "kr": "SEK", "eur": "EUR"}),
    ("language_code", {"German": "de", "Deutsch": "de", "中文": "zh", "en_US": "en", "zh-CN": "zh", "deu": "de", "EN": "en", "Klingon": "Klingon"}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "table"), CASES, ids=lambda c: str(c)[:40])
def test_a_name_or_code_takes_its_form_or_stays(rule, table, cleansed):
    found = dict(zip(table, cleansed([rule], list(table)), strict=True))
    assert found == table


def test_nothing_is_something_of_nothing(cleansed):
    for rule in ("normalize_email", "normalize_url", "person_name", "compact_code", "country_code", "currency_code",
                 "language_code", {"phone": "DE"}, {"postal_code": "DE"}):  # fmt: skip
        assert cleansed([rule], [None]) == [None]


def test_countries_are_known_by_their_names_in_all_languages(cleansed):
    """Except where a name stands for two, such as both Congos."""
    for language in LANGUAGES:
        names = names_of_countries(language)
        found = dict(zip(names, cleansed(["country_code"], list(names.values())), strict=True))
        wrong = {code for code, got in found.items() if got != code}
        assert wrong <= {"CG", "CD", "GN", "GQ", "KP", "KR", "UM", "VI"}, (language, wrong)
    assert len(countries()) == 250


def test_postal_codes_by_the_country_of_the_row_are_those_of_the_country_alone(cleansed, passes):
    given_, lands, expected = [], [], []
    for country, forms in postal_forms().items():
        for form in forms:
            code = form.translate(str.maketrans("nax", "3BC"))
            bare = code.replace(" ", "").replace("-", "")
            if bare not in [
                g.upper() for g, land in zip(given_, lands, strict=True) if land == country
            ]:
                given_.append(bare.lower())
                lands.append(country)
                expected.append(code)
    rule = {"postal_code": {"country_column": "country"}}
    assert cleansed([rule], given_, country=lands) == expected
    assert all(passes(rule, expected, country=lands))
    assert passes(rule, ["x", "x", "x"], country=["DE", "AE", None]) == [False, True, True]


TYPES = [getattr(pn.PhoneNumberType, name) for name in
         ("FIXED_LINE", "MOBILE", "TOLL_FREE", "PREMIUM_RATE", "SHARED_COST", "VOIP", "PERSONAL_NUMBER", "UAN")]  # fmt: skip
E164 = pn.PhoneNumberFormat.E164


@pytest.fixture(scope="module")
def spelled():
    """Numbers of every country and kind as people write them, with what libphonenumber reads."""
    found = {}
    for country in sorted(pn.SUPPORTED_REGIONS):
        abroad = pn.PhoneMetadata.metadata_for_region(country).international_prefix
        for kind in TYPES:
            number = pn.example_number_for_type(country, kind)
            if number is None:
                continue
            international = pn.format_number(number, pn.PhoneNumberFormat.INTERNATIONAL)
            spellings = {
                pn.format_number(number, pn.PhoneNumberFormat.NATIONAL),
                international,
                pn.format_number(number, E164),
                pn.format_out_of_country_calling_number(number, country),
                pn.national_significant_number(number),
                international.replace("+", abroad)
                if abroad and abroad.isdigit()
                else international,
            }
            for spelling in spellings:
                read = pn.format_number(pn.parse(spelling, country), E164)
                found[(country, spelling)] = read
    return found


def test_telephone_numbers_are_read_as_libphonenumber_reads_them(spelled, cleansed):
    lands, written = zip(*spelled, strict=True)
    read = cleansed([{"phone": {"country_column": "country"}}], list(written), country=list(lands))
    wrong = {
        place: got
        for (place, expected), got in zip(spelled.items(), read, strict=True)
        if got != expected
    }
    assert len(spelled) > 5000
    assert not wrong


def test_a_country_that_is_said_reads_like_the_country_of_the_row(spelled, cleansed):
    for country in ("DE", "US", "GB", "IT", "CN", "AR", "BR", "RU", "HU"):
        own = [spelling for land, spelling in spelled if land == country]
        assert cleansed([{"phone": country}], own) == [spelled[(country, each)] for each in own]


def test_telephone_numbers_of_no_known_country(cleansed):
    rule = [{"phone": {"country_column": "country"}}]
    given_ = ["030 123456", "+49 30 123456", "0049 30 123456", "unknown", "", None]
    expected = ["030 123456", "+4930123456", "+4930123456", "unknown", None, None]
    for land in (None, "Germany", "Unknown", ""):
        assert cleansed(rule, given_, country=[land] * 6) == expected
    assert cleansed(rule, ["030 123456"], country=["de"]) == ["+4930123456"]


def test_numbers_without_a_plus_and_with_extensions(cleansed):
    table = {"4930123456": "+4930123456", "+49 (0)30 123456": "+4930123456", "+4903012345": "+493012345",
             "030/123456 ext. 12": "+4930123456", "030-123456 x7": "+4930123456", "０３０ １２３４５６": "+4930123456",
             "0151 23456789": "+4915123456789", "+1 201 555 0123": "+12015550123", "--": "--"}  # fmt: skip
    assert dict(zip(table, cleansed([{"phone": "DE"}], list(table)), strict=True)) == table


def test_a_number_is_in_a_plan_as_libphonenumber_says(spelled, passes):
    valid = {
        (land, read) for (land, _), read in spelled.items()
        if pn.is_valid_number_for_region(pn.parse(read), land)
    }  # fmt: skip
    lands, numbers = map(list, zip(*sorted(valid), strict=True))
    assert len(numbers) > 1000
    assert all(passes({"phone_number": {"plan": True}}, numbers))
    inside = passes({"phone_number": {"country_column": "c"}}, numbers, c=lands)
    assert all(inside)
    assert passes({"phone_number": "DE"}, ["+4930123456", "+331234567", "030123"]) == [
        True,
        False,
        False,
    ]
    assert passes({"phone_number": {"country_column": "c"}}, ["+4930123456"], c=[None]) == [True]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=50, max_size=100))
def test_no_text_stops_the_rules(cleansed, texts):
    lands = [["DE", "US", None, "AR", "x"][n % 5] for n in range(len(texts))]
    for rule in ({"phone": {"country_column": "c"}}, {"postal_code": {"country_column": "c"}}, "normalize_email",
                 "normalize_url", {"person_name": {"order": "last_first", "titles": False}}, "country_code"):  # fmt: skip
        assert len(cleansed([rule], texts, c=lands)) == len(texts)
