"""Check digits computed in SQL: IBAN, payment cards, VAT numbers, article and register numbers.

Each function gives the condition under which a text, a plain column, is right. A text of another
shape makes it NULL or false, never an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp

from metadata.reference_data.banks import IBAN_LENGTHS
from transforms.cleansing_text import full_match
from transforms.statements import call, data_type, number, text

Right = Callable[[exp.Expr], exp.Expr]
"""From the number without its country to whether its check digits are right."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def is_iban(value: exp.Expr) -> exp.Expr:
    """ISO 13616: the country's length, and 1 as the remainder by 97 of its digits and letters."""
    shapes: dict[int, list[str]] = {}
    for country, length in IBAN_LENGTHS.items():
        shapes.setdefault(length, []).append(country)
    checks = "(?:0[2-9]|[1-8][0-9]|9[0-8])"
    shape = "|".join(
        f"(?:{'|'.join(countries)}){checks}[0-9A-Z]{{{length - 4}}}"
        for length, countries in sorted(shapes.items())
    )
    # The first four characters come last, and a letter counts as two digits, A as 10.
    turned = exp.DPipe(
        this=call("substr", value.copy(), number(5)),
        expression=call("left", value.copy(), number(4)),
    )
    digits: exp.Expr = turned
    for position, letter in enumerate(_LETTERS, 10):
        digits = call("replace", digits, text(letter), text(str(position)))
    # In two parts, for all digits together are too many for a number.
    head = _remainder(call("left", digits, number(33)), 97)
    tail = call("substr", digits.copy(), number(34))
    rest = _remainder(exp.DPipe(this=exp.cast(head, "VARCHAR"), expression=tail), 97)
    return exp.and_(full_match(value.copy(), shape), rest.eq(number(1)))


def is_card_number(value: exp.Expr) -> exp.Expr:
    """ISO/IEC 7812."""
    return exp.and_(full_match(value.copy(), "[0-9]{12,19}"), _luhn(value, 19))


def is_gtin(value: exp.Expr) -> exp.Expr:
    """GS1: from the right, every second digit counts three times."""
    padded = call("lpad", value.copy(), number(14), text("0"))
    total = _weighted(padded, (3, 1) * 7)
    shape = full_match(value.copy(), "[0-9]{8}|[0-9]{12,14}")
    return exp.and_(shape, _modulo(total, 10).eq(number(0)))


def is_credit_code(value: exp.Expr) -> exp.Expr:
    """GB 32100: characters valued by an alphabet without I, O, S, V and Z, by 31."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    weights = [pow(3, position, 31) for position in range(17)]
    # The last character is what makes the sum divisible.
    terms = [
        _times(_valued(value, position, alphabet), weight)
        for position, weight in enumerate([*weights, 1], 1)
    ]
    shape = full_match(value.copy(), f"[1-9A-Y][1-9A-Y][0-9]{{6}}[{alphabet}]{{10}}")
    return exp.and_(shape, _modulo(_sum(terms), 31).eq(number(0)))


def is_resident_id(value: exp.Expr) -> exp.Expr:
    """GB 11643: a day of birth, and weights that are powers of two, by 11; X counts 10."""
    weights = [pow(2, 18 - position, 11) for position in range(1, 18)]
    terms = [
        _times(_valued(value, position, "0123456789X"), weight)
        for position, weight in enumerate([*weights, 1], 1)
    ]
    born = call("try_strptime", call("substr", value.copy(), number(7), number(8)), text("%Y%m%d"))
    return exp.and_(
        full_match(value.copy(), "[1-9][0-9]{5}(?:18|19|20)[0-9]{9}[0-9X]"),
        exp.not_(born.is_(exp.null())),
        _modulo(_sum(terms), 11).eq(number(1)),
    )


def is_vat_number(value: exp.Expr) -> exp.Expr:
    """The form of the country that the number begins with, and its check digits where they can be
    computed.
    """
    told = exp.Case()
    for country, (shape, right) in _VAT.items():
        bare = call("substr", value.copy(), number(len(country) + 1))
        fits: exp.Expr = full_match(value.copy(), f"{country}(?:{shape})")
        if right is not None:
            fits = exp.and_(fits, right(bare))
        begins = call("starts_with", value.copy(), text(country))
        told = told.when(begins, fits, copy=False)
    return told.else_(exp.false())


def _digit(value: exp.Expr, position: int) -> exp.Expr:
    return exp.TryCast(
        this=call("substr", value.copy(), number(position), number(1)), to=data_type("integer")
    )


def _valued(value: exp.Expr, position: int, alphabet: str) -> exp.Expr:
    sign = call("substr", value.copy(), number(position), number(1))
    return exp.paren(exp.Sub(this=call("strpos", text(alphabet), sign), expression=number(1)))


def _times(value: exp.Expr, by: int) -> exp.Expr:
    return value if by == 1 else exp.Mul(this=value, expression=number(by))


def _sum(terms: Sequence[exp.Expr]) -> exp.Expr:
    total = terms[0]
    for term in terms[1:]:
        total = exp.Add(this=total, expression=term)
    return exp.paren(total)


def _weighted(value: exp.Expr, weights: Sequence[int]) -> exp.Expr:
    """Digits from the first on, each times its weight, added up."""
    return _sum([_times(_digit(value, at), by) for at, by in enumerate(weights, 1) if by])


def _modulo(value: exp.Expr, by: int) -> exp.Expr:
    return exp.Mod(this=value, expression=number(by))


def _remainder(digits: exp.Expr, by: int) -> exp.Expr:
    figure = exp.TryCast(this=digits, to=exp.DataType.build("DECIMAL(38,0)"))
    return exp.cast(_modulo(exp.paren(figure), by), "BIGINT")


def _number(value: exp.Expr, start: int, length: int) -> exp.Expr:
    return exp.TryCast(
        this=call("substr", value.copy(), number(start), number(length)), to=data_type("integer")
    )


def _luhn(value: exp.Expr, length: int) -> exp.Expr:
    """From the right, every second digit doubled and its digits added; the sum ends in 0."""
    padded = call("lpad", value.copy(), number(length), text("0"))
    terms = []
    for position in range(1, length + 1):
        digit = _digit(padded, position)
        if (length - position) % 2:
            doubled = exp.Mul(this=digit, expression=number(2))
            digit = exp.Add(
                this=exp.paren(exp.IntDiv(this=doubled, expression=number(10))),
                expression=exp.paren(_modulo(exp.paren(doubled.copy()), 10)),
            )
        terms.append(exp.paren(digit))
    return _modulo(_sum(terms), 10).eq(number(0))


def _last_is(weights: Sequence[int], by: int, *, then: int | None = None) -> Right:
    """The last digit is the weighted sum by a number; of 10 it is the digit `then`, or wrong."""

    def right(value: exp.Expr) -> exp.Expr:
        rest = _modulo(_weighted(value, weights), by)
        if then is not None:
            rest = exp.Case(this=rest).when(number(10), number(then)).else_(rest.copy())
        return exp.paren(rest).eq(_digit(value, len(weights) + 1))

    return right


def _complement_is(weights: Sequence[int], by: int, beyond: Mapping[int, int]) -> Right:
    """The last digit is a number less the weighted sum by it; `beyond` says what 10 and 11 are."""

    def right(value: exp.Expr) -> exp.Expr:
        rest = exp.paren(
            exp.Sub(this=number(by), expression=_modulo(_weighted(value, weights), by))
        )
        case = exp.Case(this=rest)
        for given, digit in beyond.items():
            case = case.when(number(given), number(digit))
        return case.else_(rest.copy()).eq(_digit(value, len(weights) + 1))

    return right


def _divisible(weights: Sequence[int], by: int) -> Right:
    return lambda value: _modulo(_weighted(value, weights), by).eq(number(0))


def _iso_7064(length: int) -> Right:
    """ISO 7064, MOD 11,10."""

    def right(value: exp.Expr) -> exp.Expr:
        product: exp.Expr = number(10)
        for position in range(1, length):
            added = exp.Add(this=_digit(value, position), expression=exp.paren(product))
            # Of a sum that ends in 0 ten is left.
            less = exp.paren(exp.Sub(this=added, expression=number(1)))
            left = exp.Add(this=exp.paren(_modulo(less, 10)), expression=number(1))
            product = _modulo(exp.Mul(this=number(2), expression=exp.paren(left)), 11)
        wanted = _modulo(exp.paren(exp.Sub(this=number(11), expression=exp.paren(product))), 10)
        return exp.paren(wanted).eq(_digit(value, length))

    return right


def _austrian(value: exp.Expr) -> exp.Expr:
    terms: list[exp.Expr] = [number(4)]
    for position in range(2, 9):
        digit = _digit(value, position)
        if position % 2:
            doubled = exp.Mul(this=digit, expression=number(2))
            terms.append(exp.paren(exp.IntDiv(this=doubled, expression=number(10))))
            terms.append(exp.paren(_modulo(exp.paren(doubled.copy()), 10)))
        else:
            terms.append(digit)
    check = _modulo(exp.paren(exp.Sub(this=number(10), expression=_modulo(_sum(terms), 10))), 10)
    return exp.paren(check).eq(_digit(value, 9))


def _belgian(value: exp.Expr) -> exp.Expr:
    left = exp.Sub(this=number(97), expression=_modulo(_number(value, 1, 8), 97))
    return exp.paren(left).eq(_number(value, 9, 2))


def _french(value: exp.Expr) -> exp.Expr:
    """Keys of digits are computed; those with letters are known to the tax office only."""
    company = _modulo(_number(value, 3, 9), 97)
    key = _modulo(
        exp.paren(
            exp.Add(
                this=number(12), expression=exp.Mul(this=number(3), expression=exp.paren(company))
            )
        ),
        97,
    )
    letters = exp.not_(full_match(call("left", value.copy(), number(2)), "[0-9]{2}"))
    return exp.or_(letters, exp.paren(key).eq(_number(value, 1, 2)))


def _luxembourgian(value: exp.Expr) -> exp.Expr:
    return exp.paren(_modulo(_number(value, 1, 6), 89)).eq(_number(value, 7, 2))


def _maltese(value: exp.Expr) -> exp.Expr:
    left = exp.Sub(this=number(37), expression=_modulo(_weighted(value, (3, 4, 6, 7, 8, 9)), 37))
    return exp.paren(left).eq(_number(value, 7, 2))


def _slovak(value: exp.Expr) -> exp.Expr:
    return _modulo(exp.TryCast(this=value.copy(), to=exp.DataType.build("BIGINT")), 11).eq(
        number(0)
    )


_VAT: Mapping[str, tuple[str, Right | None]] = {
    "AT": ("U[0-9]{8}", _austrian),
    "BE": ("[01][0-9]{9}", _belgian),
    "BG": ("[0-9]{9,10}", None),
    "CHE": (
        "[0-9]{9}(?:MWST|TVA|IVA)?",
        _complement_is((5, 4, 3, 2, 7, 6, 5, 4), 11, {11: 0, 10: -1}),
    ),
    "CY": ("[0-9]{8}[A-Z]", None),
    "CZ": ("[0-9]{8,10}", None),
    "DE": ("[1-9][0-9]{8}", _iso_7064(9)),
    "DK": ("[1-9][0-9]{7}", _divisible((2, 7, 6, 5, 4, 3, 2, 1), 11)),
    "EE": ("[0-9]{9}", _divisible((3, 7, 1, 3, 7, 1, 3, 7, 1), 10)),
    "EL": ("[0-9]{9}", _last_is((256, 128, 64, 32, 16, 8, 4, 2), 11, then=0)),
    "ES": ("[A-Z0-9][0-9]{7}[A-Z0-9]", None),
    "FI": ("[0-9]{8}", _divisible((7, 9, 10, 5, 8, 4, 2, 1), 11)),
    "FR": ("[0-9A-HJ-NP-Z]{2}[0-9]{9}", _french),
    "GB": ("[0-9]{9}|[0-9]{12}|(?:GD|HA)[0-9]{3}", None),
    "HR": ("[0-9]{11}", _iso_7064(11)),
    "HU": ("[0-9]{8}", _divisible((9, 7, 3, 1, 9, 7, 3, 1), 10)),
    "IE": ("[0-9][0-9A-Z+*][0-9]{5}[A-Z]{1,2}", None),
    "IT": ("[0-9]{11}", lambda value: _luhn(value, 11)),
    "LT": ("[0-9]{9}|[0-9]{12}", None),
    "LU": ("[0-9]{8}", _luxembourgian),
    "LV": ("[0-9]{11}", None),
    "MT": ("[1-9][0-9]{7}", _maltese),
    "NL": ("[0-9]{9}B[0-9]{2}", None),
    "NO": ("[0-9]{9}(?:MVA)?", _complement_is((3, 2, 7, 6, 5, 4, 3, 2), 11, {11: 0, 10: -1})),
    "PL": ("[0-9]{10}", _last_is((6, 5, 7, 2, 3, 4, 5, 6, 7), 11)),
    "PT": ("[1-9][0-9]{8}", _complement_is((9, 8, 7, 6, 5, 4, 3, 2), 11, {11: 0, 10: 0})),
    "RO": ("[1-9][0-9]{1,9}", None),
    "SE": (
        "[0-9]{10}(?:0[1-9]|[1-8][0-9]|9[0-4])",
        lambda value: _luhn(call("left", value, number(10)), 10),
    ),
    "SI": ("[1-9][0-9]{7}", _complement_is((8, 7, 6, 5, 4, 3, 2), 11, {10: 0, 11: -1})),
    "SK": ("[1-9][0-9]{9}", _slovak),
    "XI": ("[0-9]{9}|[0-9]{12}|(?:GD|HA)[0-9]{3}", None),
}
"""Forms of VAT numbers behind the country's code, and what their check digits must be."""
