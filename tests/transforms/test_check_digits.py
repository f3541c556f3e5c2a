"""Check digits, on numbers that are known to be right, and on every way to get one digit wrong."""

from __future__ import annotations

import string
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

GOOD = {
    "iban": ["DE89370400440532013000", "GB82WEST12345698765432", "FR1420041010050500013M02606",
             "NO9386011117947", "MT84MALT011000012345MTLCAST001S", "BR9700360305000010009795493P1",
             "SA0380000000608010167519", "CH9300762011623852957"],
    "card_number": ["4111111111111111", "5500005555555559", "378282246310005", "6011000990139424",
                    "3530111333300000", "6304000000000000"],
    "gtin": ["4006381333931", "96385074", "036000291452", "10614141000415"],
    "credit_code": ["91350100M000100Y43", "91110000802100433B"],
    "resident_id": ["11010519491231002X", "440524188001010014"],
    "vat_number": [
        "ATU13585627", "BE0403019261", "CHE116281710MWST", "DE136695976", "DK13585628", "EE100931558",
        "EL094259216", "FI20774740", "FR40303265045", "FR83404833048", "HR33392005961", "HU12892312",
        "IT00743110157", "LU15027442", "MT11679112", "NO995525828MVA", "PL8567346215", "PT501964843",
        "SE123456789701", "SI50223054", "SK2022749619", "IE6433435F", "ESX2482300W", "NL004495445B01",
        "GB980780684", "CZ25123891", "LV40003521600", "LT119511515", "RO18547290", "CY10259033P",
        "BG175074752", "XI123456789",
    ],
}  # fmt: skip
SHAPED_ONLY = ("IE", "ES", "NL", "GB", "CZ", "LV", "LT", "RO", "CY", "BG", "XI")


@pytest.mark.parametrize("check", GOOD)
def test_numbers_that_are_right_pass(check, passes):
    assert dict(zip(GOOD[check], passes(check, GOOD[check]), strict=True)) == dict.fromkeys(
        GOOD[check], True
    )


@pytest.mark.parametrize("check", GOOD)
def test_one_wrong_digit_fails(check, passes):
    wrong = []
    for number in GOOD[check]:
        if check == "vat_number" and number.startswith(SHAPED_ONLY):
            continue
        digits = [place for place, sign in enumerate(number) if sign.isdigit()]
        if number.startswith("SE"):
            # The last two number the members of a group.
            digits = digits[:-2]
        for place in digits[2 if check == "iban" else 0 :]:
            for digit in string.digits:
                if digit != number[place]:
                    wrong.append(number[:place] + digit + number[place + 1 :])
    passed = [number for number, good in zip(wrong, passes(check, wrong), strict=True) if good]
    assert not passed
    assert len(wrong) > 50


@pytest.mark.parametrize("check", GOOD)
def test_what_has_another_shape_fails_and_nothing_passes(check, passes):
    odd = [
        "",
        "x",
        "12",
        "DE",
        "0" * 40,
        "９" * 16,
        "4111 1111 1111 1111",
        "de89370400440532013000",
        "\x00",
        "ATU1358562",
        None,
    ]
    good = passes(check, odd)
    assert good == [False] * (len(odd) - 1) + [True]


@settings(max_examples=5, deadline=None)
@given(
    st.lists(
        st.text(st.sampled_from(string.ascii_uppercase + string.digits + " ü"), max_size=40),
        min_size=100,
        max_size=300,
    )
)
def test_no_text_stops_the_checks(passes, texts):
    for check in GOOD:
        passes(check, texts)


def test_an_iban_is_right_as_arithmetic_says(passes):
    random = Random(7)
    drawn = [
        (random.choice(["DE", "AT", "NL", "ES"]), "".join(random.choices(string.digits, k=40)))
        for _ in range(200)
    ]
    lengths = {"DE": 18, "AT": 16, "NL": 14, "ES": 20}
    numbers, expected = [], []
    for country, digits in drawn:
        account = digits[: lengths[country]]
        if country == "NL":
            account = "ABNA" + account[4:]
        whole = "".join(str(int(c, 36)) for c in f"{account}{country}00")
        right = 98 - int(whole) % 97
        for check in (right, (right + 1) % 98):
            numbers.append(f"{country}{check:02d}{account}")
            expected.append(check == right)
    assert passes("iban", numbers) == expected
