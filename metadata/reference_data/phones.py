"""Numbering plans: how the telephone numbers of a country are written at home and abroad."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from phonenumbers import SUPPORTED_REGIONS
from phonenumbers.phonemetadata import PhoneMetadata


@dataclass(frozen=True)
class NumberingPlan:
    """One country's plan. Patterns are regular expressions that RE2 understands."""

    country: str
    calling_code: str
    """Digits after the +, such as 49."""
    international: str
    """What is dialled before a number abroad, such as 00."""
    trunk: str | None
    """What stands before a number only at home, such as 0."""
    transform: str | None
    """What becomes of the groups of `trunk`, where a plain removal would not do."""
    groups: int
    """Groups in `trunk`."""
    national: str
    """Numbers without trunk prefix that are in the plan."""
    example: str
    """A number of the plan, in international form."""


@cache
def numbering_plans() -> Mapping[str, NumberingPlan]:
    """All plans by alpha-2 country code."""
    return {country: _plan(country) for country in sorted(SUPPORTED_REGIONS)}


def _plan(country: str) -> NumberingPlan:
    found = PhoneMetadata.metadata_for_region(country)
    assert found is not None
    assert found.general_desc is not None
    trunk = found.national_prefix_for_parsing
    described = found.fixed_line or found.mobile
    example = described.example_number if described is not None else None
    return NumberingPlan(
        country,
        str(found.country_code),
        found.international_prefix or "00",
        trunk,
        _replacement(found.national_prefix_transform_rule),
        0 if trunk is None else _groups(trunk),
        found.general_desc.national_number_pattern or "[0-9]{4,15}",
        f"+{found.country_code}{example or ''}",
    )


def _groups(pattern: str) -> int:
    return sum(
        1
        for position, sign in enumerate(pattern)
        if sign == "(" and pattern[position + 1 : position + 2] != "?"
    )


def _replacement(rule: str | None) -> str | None:
    return rule.replace("$", "\\") if rule else None
