"""From what a sample says of a column to its profile: patterns, limits, likely personal data."""

from __future__ import annotations

import re

from metadata.scan import ColumnProfile, Pattern, PatternShare, ScannedColumn
from pipelines.scan.moments import is_moment
from pipelines.scan.personal import personal_kind
from pipelines.scan.profile import Values
from pipelines.scan.statement import PRIVATE

_LEAST = 0.02
"""Patterns of a smaller share of the values are left out."""
_CODES = 50
"""Different values that a list of codes has at the most ..."""
_REPEATED = 4
"""... each of which stands in so many rows on the average."""
_CODE_LENGTH = 30
_YES_AND_NO = 4
"""Ways of writing yes and no that a column has at the most."""
_TOP = 10
"""Most frequent values that are kept; of a list of codes all are."""
_BINARY = re.compile(r"(?i)blob|bytea|binary|image|raw|fixed_size_binary")
_POSTAL = re.compile(
    r"(?i)post_?(al)?_?(code)?\b|postal|postcode|zip|\bplz\b|codigo_?postal|code_?postal|\bcap\b|邮编|邮政"
)
_PHONE = re.compile(r"(?i)phone|tel|mobil|handy|cell|fax|电话|手机|電話")


def is_judged(type_: str) -> bool:
    """Whether the values of a type are told apart by their shapes; the others say what they are."""
    return type_ not in ("boolean", "date", "timestamp")


def profile_of(table: str, column: ScannedColumn, values: Values) -> ColumnProfile:
    """The profile of a column. Of personal data no value is kept."""
    if _BINARY.search(column.native_type):
        return ColumnProfile(
            sampled=values.sampled,
            nulls=values.sampled - values.present,
            distinct=values.distinct,
        )
    patterns = _patterns(column, values)
    shares = {name: rows / values.present for name, rows in values.shapes.items() if values.present}
    dated = values.dated / values.present if values.present else 0
    personal = personal_kind(table, column.name, column.type, shares, dated=dated)
    least, greatest = _limits(column, values, patterns)
    secret = personal is not None or _mentions(values)
    top = values.top if any(p.pattern == "code" for p in patterns) else values.top[:_TOP]
    return ColumnProfile(
        sampled=values.sampled,
        nulls=values.sampled - values.present,
        distinct=values.distinct,
        minimum=None if secret else least,
        maximum=None if secret else greatest,
        top=() if personal else top,
        patterns=patterns,
        personal=personal,
    )


def _mentions(values: Values) -> bool:
    """Whether some values are personal by their shape, though the column is not as a whole."""
    return any(values.shapes.get(kind) for kind in PRIVATE)


def _limits(
    column: ScannedColumn, values: Values, patterns: tuple[PatternShare, ...]
) -> tuple[str | None, str | None]:
    """First and last value: by number where all are numbers, by day where all are days."""
    if values.present and values.shapes.get("decimal") == values.present:
        return values.least, values.greatest
    whole = next((p for p in patterns if p.format and p.share == 1), None)
    form = next((f for f in values.forms if whole and f[0] == whole.format), None)
    if form is not None:
        return form[2], form[3]
    return _cut(values.minimum), _cut(values.maximum)


def _cut(value: str | None) -> str | None:
    return value[:100] if value is not None else None


def _patterns(column: ScannedColumn, values: Values) -> tuple[PatternShare, ...]:
    """What the values look like, the largest share first."""
    if not values.present:
        return ()
    if not is_judged(column.type):
        kind: Pattern = "boolean" if column.type == "boolean" else "date"
        kind = "timestamp" if column.type == "timestamp" else kind
        return (PatternShare(pattern=kind, share=1.0),)
    found: dict[tuple[Pattern, str | None], int] = {}
    for form, rows, *_ in values.forms:
        found["timestamp" if is_moment(form) else "date", form] = rows
    counted = values.shapes
    for name in ("email", "url", "uuid", "country_code", "currency_code", "integer"):
        found[_pattern(name), None] = counted[name]
    found["phone", None] = counted["phone"]
    if _PHONE.search(column.name):
        found["phone", None] = max(counted["phone"], counted["phone_like"])
    found["postal_code", None] = counted["postal_code"]
    if _POSTAL.search(column.name):
        found["postal_code", None] += counted["postal_digits"]
    if counted["decimal"] > counted["integer"]:
        found["decimal", None] = counted["decimal"]
    for shape, form in (("comma_decimal", "1.234,56"), ("grouped_decimal", "1,234.56")):
        found["decimal", form] = counted[shape]
    if counted["true"] and counted["false"] and values.distinct <= _YES_AND_NO:
        found["boolean", None] = counted["true"] + counted["false"]
    if _is_code(column, values):
        found["code", None] = values.present
    if not any(found.get((kind, None)) for kind in ("boolean", "code")):
        named = found["postal_code", None] - counted["postal_code"]
        found["text", None] = max(0, values.plain - named)
    shares = [
        PatternShare(pattern=pattern, share=round(min(rows / values.present, 1), 4), format=form)
        for (pattern, form), rows in found.items()
        if rows / values.present >= _LEAST
    ]
    return tuple(sorted(shares, key=lambda s: -s.share))


def _pattern(name: str) -> Pattern:
    known: dict[str, Pattern] = {
        "email": "email", "url": "url", "uuid": "uuid", "country_code": "country_code",
        "currency_code": "currency_code", "integer": "integer",
    }  # fmt: skip
    return known[name]


def _is_code(column: ScannedColumn, values: Values) -> bool:
    fractional = column.type == "double" or (
        column.type.startswith("decimal") and not column.type.endswith(",0)")
    )
    few = values.distinct <= _CODES and values.present >= _REPEATED * values.distinct
    return not fractional and few and values.length <= _CODE_LENGTH
