"""Postal codes: how each country writes them.

A form is written with n for a digit, a for a letter, x for either, and everything else for itself.
The first form of a country that fits is the one that a code is brought into; countries that are not
listed have no postal codes, or none that say enough to be checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

_PLAIN: Mapping[str, str] = {
    "nnnnn": (
        "AX BA BL BT CR CU DE DO DZ EE EG ES FI FR GF GP GT HN HR ID IQ IT JO KE KH KR KW LA LK MA"
        " ME MF MG MM MN MQ MV MX MY NC NI NP PE PF PK PM RE RS SD SM SN TH TR UA UY VA WF XK YT ZM"
    ),
    "nnnn": (
        "AF AL AM AT AU BD BE BG CC CH CX CY DK ET GE GL GW HM HT HU LI LR LU MD MK MZ NE NF NO NZ"
        " PH PY SI SJ SV TJ TN ZA"
    ),
    "nnnnnn": "BY CN CO EC IN KG KZ RO RU SG TM TT NG UZ",
    "nnn": "FO IS LS PG",
}  # fmt: skip
_OWN: Mapping[str, tuple[str, ...]] = {
    "AD": ("ADnnn",),
    "AR": ("nnnn", "annnnaaa"),
    "AS": ("nnnnn", "nnnnn-nnnn"),
    "AZ": ("AZ nnnn",),
    "BB": ("BBnnnnn",),
    "BH": ("nnn", "nnnn"),
    "BM": ("aa nn", "aa aa"),
    "BN": ("aannnn",),
    "BR": ("nnnnn-nnn",),
    "CA": ("ana nan",),
    "CL": ("nnnnnnn", "nnn-nnnn"),
    "CZ": ("nnn nn",),
    "FK": ("FIQQ 1ZZ",),
    "FM": ("nnnnn", "nnnnn-nnnn"),
    "GB": ("an naa", "ann naa", "aan naa", "aann naa", "ana naa", "aana naa", "GIR 0AA"),
    "GG": ("GYn naa", "GYnn naa"),
    "GI": ("GX11 1AA",),
    "GR": ("nnn nn",),
    "GU": ("nnnnn", "nnnnn-nnnn"),
    "IE": ("anx xxxx",),
    "IL": ("nnnnnnn", "nnnnn"),
    "IM": ("IMn naa", "IMnn naa"),
    "IR": ("nnnnn-nnnnn",),
    "JE": ("JEn naa",),
    "JP": ("nnn-nnnn",),
    "KY": ("KYn-nnnn",),
    "LB": ("nnnn nnnn", "nnnn"),
    "LT": ("LT-nnnnn",),
    "LV": ("LV-nnnn",),
    "MC": ("980nn",),
    "MH": ("nnnnn", "nnnnn-nnnn"),
    "MP": ("nnnnn", "nnnnn-nnnn"),
    "MT": ("aaa nnnn",),
    "MU": ("nnnnn",),
    "NL": ("nnnn aa",),
    "OM": ("nnn",),
    "PL": ("nn-nnn",),
    "PR": ("nnnnn", "nnnnn-nnnn"),
    "PS": ("nnn", "nnnnnnn"),
    "PT": ("nnnn-nnn",),
    "PW": ("nnnnn", "nnnnn-nnnn"),
    "SA": ("nnnnn", "nnnnn-nnnn"),
    "SE": ("nnn nn",),
    "SK": ("nnn nn",),
    "SZ": ("annn",),
    "TW": ("nnn", "nnnnn", "nnnnnn"),
    "US": ("nnnnn", "nnnnn-nnnn"),
    "VE": ("nnnn",),
    "VG": ("VGnnnn",),
    "VI": ("nnnnn", "nnnnn-nnnn"),
    "VN": ("nnnnn", "nnnnnn"),
}
_SIGNS = {"n": "[0-9]", "a": "[A-Z]", "x": "[0-9A-Z]"}
_SEPARATOR = re.compile(r"[ -]")


@cache
def postal_forms() -> Mapping[str, tuple[str, ...]]:
    """The forms of each country, by alpha-2 code."""
    plain = {code: (form,) for form, codes in _PLAIN.items() for code in codes.split()}
    return dict(sorted({**plain, **_OWN}.items()))


def bare_pattern(form: str) -> str:
    """A form as a regular expression over a code without separators; a group between two of them.

    >>> bare_pattern("nn-nnn")
    '^([0-9][0-9])([0-9][0-9][0-9])$'
    """
    runs = _SEPARATOR.split(form)
    return "^" + "".join(f"({full_pattern(run)})" for run in runs) + "$"


def separated(form: str) -> str:
    r"""The replacement of `bare_pattern` that puts the separators in.

    >>> separated("nn-nnn")
    '\\1-\\2'
    """
    separators = _SEPARATOR.findall(form)
    return r"\1" + "".join(rf"{sign}\{number}" for number, sign in enumerate(separators, 2))


def full_pattern(form: str) -> str:
    """A form as a regular expression over a code as it is written out.

    >>> full_pattern("nn-nn")
    '[0-9][0-9]-[0-9][0-9]'
    """
    return "".join(_SIGNS.get(sign, sign) for sign in form)
