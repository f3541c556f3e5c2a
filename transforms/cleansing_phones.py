"""Telephone numbers in international form, by the numbering plans, in SQL.

All countries go through the same few expressions, whether a rule names one or each row its own: the
country's code is put before the number, and one regular expression knows all plans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

from sqlglot import exp

from metadata.model.rules import Phone, PhoneNumber
from metadata.reference_data.phones import NumberingPlan, numbering_plans
from transforms.characters import fold_digits, fold_width, looked_into
from transforms.cleansing_text import every, first, found, full_match, matches
from transforms.statements import call, number, text

Stage = Callable[[exp.Expr, exp.Expr], exp.Expr]
Mapped = Callable[[str], exp.Expr]
_EXTENSION = (
    r"(?i)[\s,;]*(?:ext(?:ension)?|x|#|durchwahl|dw|poste|内线|转|分机)[\s.:]*[0-9]{1,7}\s*$"
)
_NOWHERE = "--"
"""Stands for a country without a numbering plan; abroad is 00 there."""
_HEAD = 3
"""Characters of a country's code and the colon behind it."""


def phone_stages(rule: Phone, mapped: Mapped) -> tuple[Stage, ...]:
    """The steps of the rule.

    With a country, each step hands on `country:number`, and later ones `country:number form form`:
    digits; + for what is dialled before a number abroad; the own calling code off; what is only
    dialled at home off; what of it is in the plan; and of the forms the right one.
    """
    if rule.country is None and rule.country_column is None:
        return (lambda v, b: _digits(v), lambda v, b: _prefixed(v, b, rule.prefix))
    country, plans = _country(rule, mapped)
    return (
        lambda v, b: _headed(_digits(first(fold_digits(fold_width(v)), _EXTENSION, "")), country),
        lambda v, b: _plus(v, plans),
        lambda v, b: _own_marked(v, plans),
        lambda v, b: _with_bare_forms(v, plans),
        lambda v, b: _with_fits(v, plans),
        lambda v, b: _chosen(v, b, plans),
    )


def in_plan(value: exp.Expr, rule: PhoneNumber, mapped: Mapped) -> exp.Expr:
    """Whether a numbering plan, that of the country where one is said, has a number.

    NULL where the row's country is not known.
    """
    if rule.country is None and rule.country_column is None:
        return full_match(value, "|".join(_international(numbering_plans().values())))
    country, plans = _country(rule, mapped)
    listed = "|".join(
        f"{plan.country}:{form}"
        for plan, form in zip(plans.values(), _international(plans.values()), strict=True)
    )
    known = full_match(_headed(value, country), f"(?:{listed})")
    return exp.Case().when(country.copy().neq(text(_NOWHERE)), known)


def _international(plans: Iterable[NumberingPlan]) -> list[str]:
    return [rf"\+{plan.calling_code}(?:{plan.national})" for plan in plans]


def _country(
    rule: Phone | PhoneNumber, mapped: Mapped
) -> tuple[exp.Expr, Mapping[str, NumberingPlan]]:
    """The country of a row, and the plans that it may have."""
    plans = numbering_plans()
    if rule.country is not None:
        return text(rule.country), {rule.country: plans[rule.country]}
    assert rule.country_column is not None
    said = exp.func("UPPER", call("trim", exp.cast(mapped(rule.country_column), "VARCHAR")))
    known = looked_into({code: code for code in plans}, said)
    return exp.func("COALESCE", known, text(_NOWHERE)), plans


def _digits(value: exp.Expr) -> exp.Expr:
    """Digits, and one + in front where there is any."""
    # In +49 (0)30 the zero is only for calls within the country.
    abroad = first(value, r"^(\s*(\+|00)[^(]*)\(0\)", r"\1")
    digits = every(abroad, r"[^0-9+]", "")
    return every(digits, r"(.)\++", r"\1")


def _prefixed(value: exp.Expr, before: exp.Expr, prefix: str | None) -> exp.Expr:
    plus = first(value, "^00", "+")
    return _or_before(plus if prefix is None else first(plus, "^0", prefix), value, before)


def _or_before(made: exp.Expr, digits: exp.Expr, before: exp.Expr) -> exp.Expr:
    """What was made of the digits; a text without any stays, and a blank one is no value."""
    return exp.Case().when(digits.copy().isin(text(""), text("+")), _kept(before)).else_(made)


def _kept(before: exp.Expr) -> exp.Expr:
    written = exp.cast(before.copy(), "VARCHAR")
    blank = call("trim", written.copy()).eq(text(""))
    return exp.Case().when(blank, exp.null()).else_(written)


def _plus(value: exp.Expr, plans: Mapping[str, NumberingPlan]) -> exp.Expr:
    prefixes = {code: f"(?:{plan.international})[1-9]" for code, plan in plans.items()}
    pattern = _alternatives(prefixes | {_NOWHERE: "00[1-9]"})
    length = call("length", call("regexp_extract", value.copy(), text(pattern)))
    dialled = exp.GT(this=length, expression=number(0))
    plus = exp.DPipe(this=text("+"), expression=call("substr", value.copy(), length.copy()))
    return exp.Case().when(dialled, _headed(plus, _land(value))).else_(value.copy())


def _own_marked(value: exp.Expr, plans: Mapping[str, NumberingPlan]) -> exp.Expr:
    """A number of the country itself without its calling code, marked by an o."""
    code = _calling_code(value, plans)
    own = call("starts_with", _tail(value), exp.DPipe(this=text("+"), expression=code))
    start = exp.Add(this=call("length", code.copy()), expression=number(2))
    rest = exp.DPipe(this=text("o"), expression=call("substr", _tail(value), start))
    return exp.Case().when(own, _headed(rest, _land(value))).else_(value.copy())


def _with_bare_forms(value: exp.Expr, plans: Mapping[str, NumberingPlan]) -> exp.Expr:
    """The number, its bare form, and its bare form if it begins with the calling code unsaid."""
    digits = call("ltrim", _tail(value), text("o"))
    start = exp.Add(this=call("length", _calling_code(value, plans)), expression=number(1))
    after = exp.func("COALESCE", call("substr", digits.copy(), start), text(""))
    joined: exp.Expr = value.copy()
    for form in (digits, after):
        bare = exp.DPipe(this=text(" "), expression=_bare(form, _land(value), plans))
        joined = exp.DPipe(this=joined, expression=bare)
    return exp.Case().when(_is_international(value), value.copy()).else_(joined)


def _with_fits(value: exp.Expr, plans: Mapping[str, NumberingPlan]) -> exp.Expr:
    """Beside each form whether it is in the plan: of the number and its bare form, then of what is
    behind the calling code and its bare form.
    """
    pattern = _alternatives({c: f"(?:{p.national})$" for c, p in plans.items()})
    whole = call("ltrim", _part(value, 1), text("o"))
    start = exp.Add(this=call("length", _calling_code(value, plans)), expression=number(1))
    after = call("substr", whole.copy(), start)
    joined: exp.Expr = value.copy()
    for form in (whole, _part(value, 2), after, _part(value, 3)):
        fits = matches(_headed(form, _land(value)), pattern)
        told = exp.Case().when(fits, text(" y")).else_(text(" n"))
        joined = exp.DPipe(this=joined, expression=told)
    return exp.Case().when(_is_international(value), value.copy()).else_(joined)


def _chosen(value: exp.Expr, before: exp.Expr, plans: Mapping[str, NumberingPlan]) -> exp.Expr:
    code = _calling_code(value, plans)
    whole = call("ltrim", _part(value, 1), text("o"))
    start = exp.Add(this=call("length", code), expression=number(1))
    after = call("substr", whole.copy(), start)
    # What is in the plan as it stands, and would not be without its beginning, keeps it.
    unsaid = exp.and_(
        call("starts_with", whole.copy(), code.copy()),
        matches(_tail(value), "^[0-9].* n n (?:y [yn]|n y)$"),
    )
    national = (
        exp.Case()
        .when(exp.and_(unsaid, matches(value.copy(), "y n$")), after)
        .when(unsaid.copy(), _part(value, 3))
        .when(matches(value.copy(), " y n [yn] [yn]$"), whole)
        .else_(_part(value, 2))
    )
    own = exp.DPipe(this=exp.DPipe(this=text("+"), expression=code.copy()), expression=national)
    return (
        exp.Case()
        .when(matches(_tail(value), r"^o?[+ ]*( [yn])*$"), _kept(before))
        .when(_is_international(value), _tail(value))
        .when(code.copy().is_(exp.null()), _kept(before))
        .else_(own)
    )


def _bare(digits: exp.Expr, country: exp.Expr, plans: Mapping[str, NumberingPlan]) -> exp.Expr:
    """A national number without what is only dialled at home."""
    trunks = {code: f"(?:{plan.trunk})" for code, plan in plans.items() if plan.trunk is not None}
    if not trunks:
        return digits.copy()
    begun = call("regexp_extract", _headed(digits, country), text(_alternatives(trunks)))
    start = exp.Sub(this=call("length", begun), expression=number(_HEAD - 1))
    plain = call("substr", digits.copy(), call("greatest", start, number(1)))
    changes = [(code, p.trunk, p.transform, p.groups) for code, p in plans.items() if p.transform]
    if not changes:
        return plain
    told = exp.Case(this=country.copy())
    for code, trunk, transform, group in changes:
        # The last group tells whether the number takes the form that is transformed.
        beginning = rf"^(?:{trunk})"
        used = exp.not_(found(digits.copy(), beginning, group).is_(exp.null()))
        put = first(digits.copy(), beginning, transform or "")
        told = told.when(text(code), exp.Case().when(used, put), copy=False)
    return exp.func("COALESCE", told, plain)


def _land(value: exp.Expr) -> exp.Expr:
    return call("left", value.copy(), number(_HEAD - 1))


def _tail(value: exp.Expr) -> exp.Expr:
    return call("substr", value.copy(), number(_HEAD + 1))


def _part(value: exp.Expr, position: int) -> exp.Expr:
    return call("split_part", _tail(value), text(" "), number(position))


def _is_international(value: exp.Expr) -> exp.Expr:
    return call("starts_with", _tail(value), text("+"))


@cache
def _alternatives_of(parts: tuple[tuple[str, str], ...]) -> str:
    by_form: dict[str, list[str]] = {}
    for code, form in parts:
        by_form.setdefault(form, []).append(code)
    listed = (f"(?:{'|'.join(codes)}):{form}" for form, codes in by_form.items())
    return f"^(?:{'|'.join(listed)})"


def _alternatives(forms: Mapping[str, str]) -> str:
    """One pattern for what stands behind the code of each country."""
    return _alternatives_of(tuple(forms.items()))


def _headed(value: exp.Expr, country: exp.Expr) -> exp.Expr:
    head = exp.DPipe(this=country.copy(), expression=text(":"))
    return exp.DPipe(this=head, expression=value.copy())


def _calling_code(value: exp.Expr, plans: Mapping[str, NumberingPlan]) -> exp.Expr:
    if len(plans) == 1:
        return text(next(iter(plans.values())).calling_code)
    return looked_into({code: plan.calling_code for code, plan in plans.items()}, _land(value))
