"""The rule of a matched column: where it comes from, and the cleansing that its values suggest."""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

from metadata.expressions import DIALECT
from metadata.model.rules import CLEANSING
from metadata.propose.columns import Known
from metadata.propose.drafts import Rule
from metadata.propose.expressions import parsed, written
from metadata.propose.matching import Match
from metadata.propose.vocabulary import Target

_AVAILABLE = frozenset(rule.rule for rule in CLEANSING)
_FULL_WIDTH = re.compile(r"[\uff01-\uff5e\u3000]")
_CHAR = re.compile(r"^\s*(bp|n)?char(acter)?\s*(\(|$)", re.IGNORECASE)
_CODE = re.compile(r"^[A-Z0-9_.-]{1,8}$")
_LEAST_SHARE = 0.02
_MOST_CODES = 10
_MEANING = "write what each code means"


def rule_of(match: Match, alias: str) -> tuple[Rule, str]:
    """The rule, and what is left to be done by hand.

    Args:
        match: the source column and what it fills.
        alias: the join that the column stands in; empty for the driving table.
    """
    known, target = match.candidate.known, match.target
    if scaled := _scaled(known, target, alias):
        return {"expr": scaled}, ""
    rule: dict[str, Any] = {"from": f"{alias}.{known.name}" if alias else known.name}
    hint = ""
    clean = _cleansing(known, target)
    if target.type == "string":
        lookup, hint = _lookup(known, target)
        rule |= {"clean": clean, **lookup} if clean else lookup
        rule |= _check(target)
    elif target.type in ("date", "timestamp"):
        formats, hint = _formats(known)
        rule |= {"format": formats} if formats else {}
    elif clean:
        rule["clean"] = clean
    if isinstance(rule.get("clean"), list) and len(rule["clean"]) == 1:
        rule["clean"] = rule["clean"][0]
    return rule, hint


def as_number(known: Known, alias: str) -> exp.Expr:
    """A column as an expression that can be cast to a number, however its numbers are written."""
    value = parsed(written(known.name, alias))
    for find, instead in _number_signs(known):
        value = exp.func("REPLACE", value, exp.Literal.string(find), exp.Literal.string(instead))
    return value


def _scaled(known: Known, target: Target, alias: str) -> str | None:
    """Percentages as shares, cents as whole units of money."""
    limits = known.range
    if target.values == "share" and limits is not None and limits[1] > 1:
        return _times(known, alias, "decimal(9,4)", "0.01")
    if target.values == "amount" and any("cent" in token for token in known.tokens):
        return _times(known, alias, "decimal(18,2)", "0.01")
    return None


def _times(known: Known, alias: str, kind: str, factor: str) -> str:
    value = exp.cast(as_number(known, alias), kind, dialect=DIALECT)
    return exp.Mul(this=value, expression=exp.Literal.number(factor)).sql(dialect=DIALECT)


def _cleansing(known: Known, target: Target) -> list[Any]:
    profile = known.profile
    seen = [value for value, _ in profile.top] if profile else []
    seen += [v for v in (profile.minimum, profile.maximum) if v] if profile else []
    wide = any(_FULL_WIDTH.search(value) for value in seen)
    found: list[Any] = ["normalize_unicode"] if wide else []
    if target.type not in ("string", "date", "timestamp", "boolean"):
        pairs = _number_signs(known)
        if pairs and "number" in _AVAILABLE:
            return [*found, {"number": ","} if pairs[-1][1] == "." else "number"]
        return [*found, *({"replace": {"find": f, "with": w}} for f, w in pairs)]
    if target.type != "string" or known.column.type != "string":
        return found
    if target.values == "email":
        return [*found, "trim", "lower"]
    padded = bool(_CHAR.match(known.column.native_type)) and not known.column.native_type.endswith(
        "(1)"
    )
    identifies = target.key_part or target.references is not None
    free = known.form == "text" and known.share("text") > 0.5 and not identifies
    if padded or free:
        found.append("trim")
    if free and target.column in ("name", "first_name", "last_name"):
        found.append("collapse_spaces")
    return found


def _number_signs(known: Known) -> list[tuple[str, str]]:
    """What to replace in numbers that are written with separators."""
    if known.column.type != "string" or known.profile is None:
        return []
    plain = known.share("integer")
    shares = {
        p.format: p.share for p in known.profile.patterns if p.pattern == "decimal" and p.format
    }
    best = max(shares, key=lambda form: shares[form], default=None)
    if best is None or shares[best] <= plain * 0.01:
        return []
    return [(".", ""), (",", ".")] if best.endswith(",56") else [(",", "")]


def _check(target: Target) -> dict[str, Any]:
    if target.values == "email":
        return {"check": "email", "otherwise": "null"}
    return {}


def _lookup(known: Known, target: Target) -> tuple[dict[str, Any], str]:
    """What turns codes into words: known codes, countries, or a list to be filled in."""
    if known.profile is None or target.key or target.references:
        return {}, ""
    codes = [value for value, _ in known.profile.top]
    whole = 0 < known.profile.distinct <= len(codes)
    country = _country(known, target)
    if country is not None:
        return country
    if target.codes and codes and all(code in target.codes for code in codes):
        return {"lookup": {c: target.codes[c] for c in sorted(codes)}, "otherwise": "unknown"}, ""
    short = all(_CODE.match(code) for code in codes)
    if target.values in ("few", "state") and whole and short and len(codes) <= _MOST_CODES:
        return {"lookup": {c: c for c in sorted(codes)}, "otherwise": "keep"}, _MEANING
    return {}, ""


def _country(known: Known, target: Target) -> tuple[dict[str, Any], str] | None:
    coded = known.share("country_code") > 0.8
    if target.values == "country" and coded:
        if "country_code" in _AVAILABLE:
            return {"clean": {"country_code": {"to": "name"}}}, ""
        return {}, "values are codes; a lookup can turn them into names"
    if target.values == "country_code" and not coded:
        if "country_code" in _AVAILABLE:
            return {"clean": "country_code"}, ""
        return {}, "values are names; a lookup can turn them into codes"
    return None


def _formats(known: Known) -> tuple[list[str] | str, str]:
    """Formats in which texts or numbers are dates; ISO dates need none."""
    if known.column.type in ("date", "timestamp") or known.profile is None:
        return [], ""
    found = [
        p
        for p in known.profile.patterns
        if p.pattern in ("date", "timestamp") and p.format and p.share >= _LEAST_SHARE
    ]
    forms = [p.format for p in found if p.format]
    if not forms or all(form.startswith("%Y-%m-%d") for form in forms):
        return [], ""
    doubtful = len(found) > 1 and found[0].share == found[1].share == 1
    hint = f"{forms[0]} or {forms[1]}? Every value fits both" if doubtful else ""
    chosen = forms[:1] if found[0].share >= 0.999 else forms
    return (chosen[0] if len(chosen) == 1 else chosen), hint
