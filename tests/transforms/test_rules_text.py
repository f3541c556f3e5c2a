"""Rules for texts, on texts as systems and people leave them."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metadata.reference_data.characters import compatibility, digits, html_names

CASES = [
    ("trim", ["\ufeffAnna\u00a0", "\u3000", "", None, "\t\n x \r"], ["Anna", "", "", None, "x"]),
    ("sentence_case", ["éCOLE", "", "李"], ["École", "", "李"]),
    ("title_case", ["mcDONALD's", "van der BERG", "", "o’neil"], ["Mcdonald'S", "Van Der Berg", "", "O’neil"]),
    ({"normalize_unicode": "nfc"}, ["e\u0301", "Ａ"], ["é", "Ａ"]),
    ("normalize_unicode", ["Ａｂ１（！）", "e\u0301", "ﬁ"], ["Ab1(!)", "é", "ﬁ"]),
    ("strip_accents", ["Ångström", "e\u0301", "ß", "中"], ["Angstrom", "e", "ß", "中"]),
    ("remove_control", ["a\u200bb", "a\r\nb", "\ufeffx", "می\u200cخواهم", "so\u00adft"],
     ["ab", "a b", "x", "می\u200cخواهم", "soft"]),
    ({"strip_punctuation": "-.]^"}, ["a-b. (c]^)!", "«x»", "5 €"], ["a-b. c]^", "x", "5 "]),
    ("empty_to_null", ["", " - ", "NULL", "n/a", "无", "0", "no"], [None] * 5 + ["0", "no"]),
    ({"null_if_matches": "0+"}, ["000", "0001", ""], [None, "0001", ""]),
    ({"split_part": {"by": "|", "part": 2}}, ["a|b|c", "a", "a|", None], ["b", None, None, None]),
    ({"split_part": {"by": "', ", "part": -1}}, ["a', b", "a"], ["b", "a"]),
    ({"right": 3}, ["ab", "abcd", "日本語です"], ["ab", "bcd", "語です"]),
    ({"substring": [2, 3]}, ["abcdef", "a", "日本語です"], ["bcd", "", "本語で"]),
    ({"substring": 3}, ["abcdef"], ["cdef"]),
    ({"pad_right": {"length": 3, "fill": "*"}}, ["a", "abcd", None], ["a**", "abcd", None]),
    ({"map_values": {"m": "male", "": "unsaid"}}, ["m", "", "M", None], ["male", "unsaid", "M", None]),
    ({"regex_replace": {"pattern": "(?i)(st)r\\.", "with": "\\1reet"}}, ["Main Str. 5"], ["Main Street 5"]),
    ({"replace": {"find": "'", "with": "''"}}, ["O'Neil"], ["O''Neil"]),
    ("strip_tags",
     ["<script>x<y</script>Hi", "a < b and c > d", "<!-- no --><h1>T</h1>\n<p>x", "a<br/>b", "1<2", "<style type='a'>b{}</style>c"],
     ["Hi", "a < b and c > d", "T x", "a b", "1<2", "c"]),
    ("unescape_html",
     ["&lt;b&gt;", "&#0;&#xD800;", "&#x4e2d;&#22269;", "&nosuch;", "AT&T", "&amp;amp;", "&#1114112;", "&copy &copy;", "&;&#;"],
     ["<b>", "&#0;&#xD800;", "中国", "&nosuch;", "AT&T", "&amp;", "&#1114112;", "&copy ©", "&;&#;"]),
    ({"mask": {"first": 1, "last": 1}}, ["abcd", "ab", "a", "", None], ["a**d", "**", "*", "", None]),
    ({"mask": {"email": True}}, ["a@b.example", "nobody", "x@y@z.example"],
     ["*@b.example", "******", "***@z.example"]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "given_", "expected"), CASES, ids=lambda c: str(c)[:40])
def test_a_rule_on_texts(rule, given_, expected, cleansed):
    assert cleansed([rule], given_) == expected


MANY = settings(max_examples=10, deadline=None)
ANY = st.text(st.characters(codec="utf-8"), max_size=12)


@MANY
@given(st.lists(ANY, min_size=50, max_size=200))
def test_nfkc_is_what_unicode_says(cleansed, texts):
    assert cleansed([{"normalize_unicode": "nfkc"}], texts) == [
        unicodedata.normalize("NFKC", text.replace("\0", "")) for text in texts
    ]


def test_every_compatibility_character_and_every_digit_is_folded(cleansed):
    signs = list(compatibility())
    folded = cleansed([{"normalize_unicode": "nfkc"}], signs)
    assert folded == [unicodedata.normalize("NFKC", sign) for sign in signs]
    everything = [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
    assert {
        c for c in everything if unicodedata.normalize("NFKC", c) != unicodedata.normalize("NFC", c)
    } == set(signs)
    numerals = [
        c for c in everything if unicodedata.decimal(c, None) is not None and not c.isascii()
    ]
    assert set(numerals) <= set(digits())
    assert cleansed(["ascii_digits"], numerals) == [str(unicodedata.decimal(c)) for c in numerals]


@MANY
@given(
    st.lists(st.text(st.sampled_from("&;#x19abAUuml<> ü"), max_size=15), min_size=50, max_size=200)
)
def test_references_are_read_as_browsers_read_those_that_are_closed(cleansed, texts):
    # Browsers also read names that are not closed, and mend what is no character.
    closed = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z0-9]+);")

    def read(match: re.Match[str]) -> str:
        known = match[0].startswith("&#") or match[0] in html_names()
        sign = html.unescape(match[0]) if known else match[0]
        return match[0] if sign in ("", "\ufffd") else sign

    for text, result in zip(texts, cleansed(["unescape_html"], texts), strict=True):
        if not re.search(r"&#[xX]?0*(?:8|9|1[0-9a-f]|[1-9]|1[0-5][0-9])\b", text):
            assert result == closed.sub(read, text)


def test_a_hash_is_the_sha_256_of_salt_and_value(cleansed):
    expected = hashlib.sha256(b"sanna@b.example").hexdigest()
    assert cleansed([{"hash": {"salt": "s"}}], ["anna@b.example", None]) == [expected, None]


def test_rules_that_read_their_value_often_follow_one_another_in_any_number(cleansed):
    chain = ["empty_to_null", {"pad_left": 3}, "title_case", {"mask": {"last": 2}}, "number"] * 4
    assert cleansed(chain, ["ab", "-", None]) == ["*ab", None, None]
