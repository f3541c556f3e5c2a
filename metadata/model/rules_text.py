"""Cleansing rules for texts of any kind: space, case, characters, parts, markup, protection."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from metadata.model.base import Names
from metadata.model.regular import RegularExpression, groups, replacement
from metadata.model.rule import STRING, Rule


class Trim(Rule):
    """Removes white space (including no-break and full-width spaces) at both ends.

    Example: `trim` turns `"  Anna "` into `Anna`.
    """

    rule: ClassVar[str] = "trim"


class CollapseSpaces(Rule):
    r"""Turns every run of white space into one space.

    Example: `collapse_spaces` turns `"a \t  b"` into `a b`.
    """

    rule: ClassVar[str] = "collapse_spaces"


class Lower(Rule):
    """Turns letters into lower case.

    Example: `lower` turns `ÄB` into `äb`.
    """

    rule: ClassVar[str] = "lower"


class Upper(Rule):
    """Turns letters into upper case.

    Example: `upper` turns `äb` into `ÄB`.
    """

    rule: ClassVar[str] = "upper"


class TitleCase(Rule):
    """Starts every word with a capital letter and continues in lower case.

    Example: `title_case` turns `JEAN-LUC o'neil` into `Jean-Luc O'Neil`.
    """

    rule: ClassVar[str] = "title_case"


class SentenceCase(Rule):
    """Starts the text with a capital letter and continues in lower case.

    Example: `sentence_case` turns `PAID IN FULL` into `Paid in full`.
    """

    rule: ClassVar[str] = "sentence_case"


class NormalizeUnicode(Rule):
    """Brings characters that look alike into one form.

    `width` applies NFC and folds full-width letters, digits and punctuation to ASCII; `nfc` only
    puts letters and their accents together; `nfkc` folds every compatibility character too
    (ligatures, circled digits, half-width katakana).

    Example: `normalize_unicode` turns `＋４９　Ａ` into `+49 A`.
    Example: `{normalize_unicode: nfkc}` turns `ﬁn ① ｶﾞ` into `fin 1 ガ`.
    """

    rule: ClassVar[str] = "normalize_unicode"
    form: Literal["width", "nfc", "nfkc"] = Field("width", description="Which form.")


class StripAccents(Rule):
    """Removes accents: é becomes e.

    Example: `strip_accents` turns `Élodie Müller` into `Elodie Muller`.
    """

    rule: ClassVar[str] = "strip_accents"


class AsciiDigits(Rule):
    """Turns the digits of every script (Arabic, Indic, full-width) into 0 to 9.

    Example: `ascii_digits` turns `٢٠٢٤ ２` into `2024 2`.
    """

    rule: ClassVar[str] = "ascii_digits"


class DigitsOnly(Rule):
    """Keeps the digits 0 to 9 and nothing else.

    Example: `digits_only` turns `+49 (0) 30-1` into `"490301"`.
    """

    rule: ClassVar[str] = "digits_only"


class RemoveControl(Rule):
    r"""Removes characters that cannot be seen: controls, zero-width marks, byte order marks.

    Line feeds and tabs become a space.

    Example: `remove_control` turns `"a\u200b\tb\0"` into `a b`.
    """

    rule: ClassVar[str] = "remove_control"


class StripPunctuation(Rule):
    """Removes punctuation and symbols, except those listed; white space stays.

    Example: `{strip_punctuation: "-"}` turns `«Meyer-Lux» & Co.` into `"Meyer-Lux  Co"`.
    """

    rule: ClassVar[str] = "strip_punctuation"
    keep: str = Field("", description="Characters that stay.")


class EmptyToNull(Rule):
    """Turns texts that mean nothing (empty, '-', 'n/a', 'null', 'none', '无') into no value.

    Example: `empty_to_null` turns `" N/A "` into `null`.
    """

    rule: ClassVar[str] = "empty_to_null"


class NullIf(Rule):
    """Turns the listed texts into no value.

    Example: `{null_if: ["?", "-"]}` turns `"?"` into `null`.
    """

    rule: ClassVar[str] = "null_if"
    values: Names = Field(min_length=1, description="Texts that mean 'no value'.")


class NullIfMatches(Rule):
    """Turns what matches a regular expression (RE2 syntax) as a whole into no value.

    Example: `{null_if_matches: "(?i)test.*"}` turns `Test 7` into `null`.
    """

    rule: ClassVar[str] = "null_if_matches"
    pattern: RegularExpression = Field(description="Regular expression.")


class Replace(Rule):
    """Replaces every occurrence of one text by another.

    Example: `{replace: {find: "_", with: " "}}` turns `a_b` into `a b`.
    """

    rule: ClassVar[str] = "replace"
    find: str = Field(min_length=1, description="Text to look for.")
    with_: str = Field("", alias="with", description="Text to put in its place.")


class RegexReplace(Rule):
    r"""Replaces every match of a regular expression (RE2 syntax).

    Example: `{regex_replace: {pattern: "([0-9]+)", with: '<\1>'}}` turns `a1b22` into `a<1>b<22>`.
    """

    rule: ClassVar[str] = "regex_replace"
    pattern: RegularExpression = Field(description="Regular expression.")
    with_: str = Field("", alias="with", description=r"Replacement; \1 is the first group.")

    @model_validator(mode="after")
    def _groups_exist(self) -> RegexReplace:
        replacement(self.pattern, self.with_)
        return self


class Extract(Rule):
    """Keeps what the first group of a regular expression (RE2 syntax) matches, else no value.

    Example: `{extract: "<N>([^<]*)</N>"}` turns `<X/><N>7</N>` into `"7"`.
    """

    rule: ClassVar[str] = "extract"
    pattern: RegularExpression = Field(description="Regular expression with one group.")

    @field_validator("pattern")
    @classmethod
    def _has_a_group(cls, value: str) -> str:
        if groups(value) < 1:
            raise ValueError("needs a group in parentheses")
        return value


class SplitPart(Rule):
    """Keeps one part of a text that a separator divides; no value where there is no such part.

    Example: `{split_part: {by: "/", part: 2}}` turns `Berlin/Mitte` into `Mitte`.
    Example: `{split_part: {by: "/", part: -1}}` turns `a/b/c` into `c`.
    """

    rule: ClassVar[str] = "split_part"
    by: str = Field(min_length=1, description="The separator.")
    part: int = Field(1, ge=-1000, le=1000, description="Which part: 1 is the first, -1 the last.")

    @field_validator("part")
    @classmethod
    def _counts(cls, value: int) -> int:
        if value == 0:
            raise ValueError("counts from 1, or from the end with -1")
        return value


class Left(Rule):
    """Keeps the first characters.

    Example: `{left: 3}` turns `abcdef` into `abc`.
    """

    rule: ClassVar[str] = "left"
    length: int = Field(ge=1, le=1_000_000, description="How many.")


class Right(Rule):
    """Keeps the last characters.

    Example: `{right: 4}` turns `DE89 3704` into `"3704"`.
    """

    rule: ClassVar[str] = "right"
    length: int = Field(ge=1, le=1_000_000, description="How many.")


class Substring(Rule):
    """Keeps characters from a position on.

    Example: `{substring: {start: 3, length: 2}}` turns `abcdef` into `cd`.
    """

    rule: ClassVar[str] = "substring"
    start: int = Field(ge=1, le=1_000_000, description="First position, counted from 1.")
    length: int | None = Field(
        None, ge=1, le=1_000_000, description="How many; the rest when absent."
    )


class PadLeft(Rule):
    """Fills up with a character on the left, as for codes that lost their zeros.

    Example: `{pad_left: {length: 5}}` turns `"123"` into `"00123"`.
    """

    rule: ClassVar[str] = "pad_left"
    length: int = Field(ge=1, le=100, description="Length to reach.")
    fill: str = Field("0", min_length=1, max_length=1, description="Character to fill with.")


class PadRight(Rule):
    """Fills up with a character on the right.

    Example: `{pad_right: {length: 5, fill: "."}}` turns `ab` into `ab...`.
    """

    rule: ClassVar[str] = "pad_right"
    length: int = Field(ge=1, le=100, description="Length to reach.")
    fill: str = Field(" ", min_length=1, max_length=1, description="Character to fill with.")


class MapValues(Rule):
    """Turns the listed texts into others; what is not listed stays.

    A lookup, in contrast, refuses what it does not know.

    Example: `{map_values: {values: {m: male, f: female}}}` turns `m` into `male`.
    """

    rule: ClassVar[str] = "map_values"
    values: dict[str, str] = Field(min_length=1, description="Texts and what they become.")

    @classmethod
    def direct(cls, given: object) -> dict[str, object]:
        """A map of texts is the parameter itself."""
        return {"values": given}


class UnescapeHtml(Rule):
    """Turns HTML's character references into the characters they stand for.

    Example: `unescape_html` turns `M&uuml;ller &amp; S&#246;hne` into `Müller & Söhne`.
    """

    rule: ClassVar[str] = "unescape_html"


class StripTags(Rule):
    """Removes HTML or XML tags, and scripts, styles and comments with what they hold.

    A tag that ends a line or a paragraph leaves a space.

    Example: `strip_tags` turns `<p>Dear <b>Anna</b>,<br>hello</p>` into `Dear Anna, hello`.
    """

    rule: ClassVar[str] = "strip_tags"


class Hash(Rule):
    """Replaces a value by its SHA-256, so that equal values stay equal and none can be read.

    The salt stands in the definition and is no secret: who has it can try values out. Short lists
    (birth dates, telephone numbers) are not protected by this.

    Example: `{hash: {length: 8}}` turns `anna@b.example` into `153115de`.
    """

    rule: ClassVar[str] = "hash"
    kinds: ClassVar[frozenset[str] | None] = STRING
    salt: str = Field("", description="Text put before the value, so that hashes differ elsewhere.")
    length: int = Field(64, ge=8, le=64, description="Hexadecimal digits to keep.")


class Mask(Rule):
    """Covers the middle of a value.

    A value with no more characters than would stay is covered as a whole; `email` keeps the domain.

    Example: `{mask: {last: 4}}` turns `DE89370400440532013000` into `"******************3000"`.
    Example: `{mask: {first: 1, email: true}}` turns `anna@b.example` into `a***@b.example`.
    """

    rule: ClassVar[str] = "mask"
    kinds: ClassVar[frozenset[str] | None] = STRING
    first: int = Field(0, ge=0, le=100, description="Characters that stay at the beginning.")
    last: int = Field(0, ge=0, le=100, description="Characters that stay at the end.")
    cover: str = Field("*", alias="with", min_length=1, max_length=1, description="What covers.")
    email: bool = Field(False, description="Whether what follows the last @ stays.")
