"""Characters folded in SQL: only texts that hold one are looked at character by character."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from metadata.reference_data.characters import (
    WIDTH,
    character_class,
    compatibility,
    digits,
    html_names,
)
from transforms.statements import call, number, text

SPACES = " \t\n\r\u00a0\u2007\u202f\u3000\ufeff"
"""What counts as white space at the ends of a text and between words."""
_BETWEEN = "\x1f"
_CODE_POINTS = 0x110000


def composed(value: exp.Expr) -> exp.Expr:
    """NFC: letters and their accents put together."""
    return call("nfc_normalize", _without_nul(value))


def unaccented(value: exp.Expr) -> exp.Expr:
    """Letters without their accents."""
    return call("strip_accents", _without_nul(value))


def _without_nul(value: exp.Expr) -> exp.Expr:
    # The engine's Unicode functions end a text at a NUL.
    return call("replace", value, call("chr", number(0)), text(""))


def fold_width(value: exp.Expr) -> exp.Expr:
    """Full-width letters, digits and punctuation become ASCII."""
    return translated(value, WIDTH)


def fold_digits(value: exp.Expr) -> exp.Expr:
    """Digits of all scripts become 0 to 9."""
    return translated(value, digits())


def fold_compatibility(value: exp.Expr) -> exp.Expr:
    """NFKC: compatibility characters become what they are compatible with, then all is composed."""
    rest = {sign: plain for sign, plain in compatibility().items() if sign not in WIDTH}
    signs = character_class(rest)
    token = exp.column(exp.to_identifier("w"))
    folded = exp.func("COALESCE", looked_into(rest, token.copy()), token.copy())
    told = exp.Case().when(call("regexp_matches", token.copy(), text(signs)), folded)
    wide = fold_width(value)
    pieces = each_piece(wide, f"[^{signs[1:]}+|{signs}", told.else_(token.copy()))
    holds = call("regexp_matches", value.copy(), text(signs))
    return composed(exp.Case().when(holds, pieces).else_(wide.copy()))


def looked_into(words: Mapping[str, str], word: exp.Expr) -> exp.Expr:
    """What a word stands for in a list that is known beforehand; NULL where it is not in it."""
    lists = [
        call("string_split", text(_BETWEEN.join(each)), text(_BETWEEN))
        for each in (words, words.values())
    ]
    return call("map_extract_value", call("map", *lists), word)


def translated(value: exp.Expr, signs: Mapping[str, str]) -> exp.Expr:
    """Single characters replaced. TRANSLATE reads its list for every row, so it is kept for rows
    that need it.
    """
    holds = call("regexp_matches", value, text(character_class(signs)))
    changed = call("translate", value.copy(), text("".join(signs)), text("".join(signs.values())))
    return exp.Case().when(holds, changed).else_(value.copy())


def unescaped(value: exp.Expr) -> exp.Expr:
    """HTML's character references as characters; what refers to none stays."""
    token = exp.column(exp.to_identifier("w"))
    plain = exp.func("COALESCE", looked_into(html_names(), token.copy()), token.copy())
    decimal = exp.TryCast(
        this=call("regexp_extract", token.copy(), text("^&#([0-9]{1,7});$"), number(1)),
        to=exp.DataType.build("INTEGER"),
    )
    hexadecimal = exp.TryCast(
        this=exp.DPipe(
            this=text("0x"),
            expression=call(
                "regexp_extract", token.copy(), text("^&#[xX]([0-9A-Fa-f]{1,6});$"), number(1)
            ),
        ),
        to=exp.DataType.build("INTEGER"),
    )
    code = exp.func("COALESCE", decimal, hexadecimal)
    # Neither half of a surrogate pair nor NUL is a character of a text.
    sound = exp.and_(
        exp.Between(this=code, low=number(1), high=number(_CODE_POINTS - 1)),
        exp.not_(exp.Between(this=code.copy(), low=number(0xD800), high=number(0xDFFF))),
    )
    # CHR is only asked where it can answer, whichever branch an engine looks at first.
    safe = exp.Case().when(sound.copy(), code.copy()).else_(number(0xFFFD))
    told = (
        exp.Case()
        .when(sound, call("chr", safe))
        .when(call("regexp_matches", token.copy(), text("^&[A-Za-z]")), plain)
        .else_(token.copy())
    )
    pieces = each_piece(value, r"&#?[A-Za-z0-9]+;|[^&]+|&", told)
    holds = call("contains", value.copy(), text("&"))
    return exp.Case().when(holds, pieces).else_(value.copy())


def each_piece(value: exp.Expr, pattern: str, made: exp.Expr) -> exp.Expr:
    """A text cut into what a pattern matches, each piece `w` made into something else, rejoined."""
    pieces = call("regexp_extract_all", value.copy(), text(pattern))
    each = exp.Lambda(this=made, expressions=[exp.to_identifier("w")])
    return call("array_to_string", call("list_transform", pieces, each), text(""))
