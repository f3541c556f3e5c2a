"""Columns of a source with what their values are like, as rows of a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboards.studio.listing import Cell, Column, Listing, Row, Tone
from metadata.scan import ColumnProfile, ScannedTable
from metadata.uses import Use

_PATTERNS = {
    "email": "e-mail",
    "phone": "telephone",
    "url": "web address",
    "uuid": "UUID",
    "country_code": "country code",
    "currency_code": "currency code",
    "postal_code": "postal code",
    "code": "short list of codes",
}
_PERSONAL = {
    "name": "a name",
    "email": "an e-mail address",
    "phone": "a telephone number",
    "address": "an address",
    "birth_date": "a birth date",
    "identifier": "an identity number",
    "bank_account": "a bank account",
}


@dataclass(frozen=True)
class Shown:
    """A column as it is shown: from a scan, or from what has landed."""

    name: str
    type: str
    profile: ColumnProfile | None
    comment: str = ""
    nullable: bool = True
    role: str = ""
    """`key`, or the table that it refers to."""


def of_scan(table: ScannedTable) -> list[Shown]:
    """The columns of a scanned table."""
    refers = {key.columns[0]: key.table for key in table.foreign_keys if len(key.columns) == 1}
    return [
        Shown(
            c.name,
            c.native_type,
            c.profile,
            c.comment,
            c.nullable,
            "key" if c.name in table.primary_key else refers.get(c.name, ""),
        )
        for c in table.columns
    ]


def columns_listing(columns: Sequence[Shown], uses: Mapping[str, Sequence[Use]]) -> Listing:
    """The columns as a list with bars for what is missing and what differs."""
    return Listing(
        "Columns with their values",
        (
            Column("Column"),
            Column("Empty", title="Rows without a value"),
            Column("Different values"),
            Column("Most frequent", narrow=True),
            Column("From – to", narrow=True),
            Column("Read by", narrow=True),
        ),
        [_row(each, uses.get(each.name.lower(), ())) for each in columns],
        "Find a column",
        "This table has no columns.",
        ("column", "columns"),
        height=640,
    )


def _row(column: Shown, uses: Sequence[Use]) -> Row:
    badges: list[tuple[str, Tone, str]] = []
    if column.role == "key":
        badges.append(("key", "calm", "Rows are told apart by it"))
    elif column.role:
        badges.append((f"→ {column.role}", "soft", f"Refers to {column.role}"))
    profile = column.profile
    if profile is not None:
        if profile.personal is not None:
            badges.append(("personal", "warn", f"Likely {_PERSONAL[profile.personal]}"))
        for pattern in profile.patterns[:2]:
            if pattern.pattern in _PATTERNS or pattern.format:
                name = pattern.format or _PATTERNS[pattern.pattern]
                badges.append((name, "soft", f"{pattern.share:.0%} of the values look like it"))
    name = Cell(
        column.name, sub=column.type.lower(), subcode=True, badges=badges, title=column.comment
    )
    readers = sorted({use.by for use in uses})
    read = Cell(
        readers[0] if readers else "",
        tone="soft",
        title=", ".join(readers),
        sub=f"and {len(readers) - 1} more" if len(readers) > 1 else "",
    )
    if profile is None:
        return Row((name, Cell("–", tone="soft"), Cell("–", tone="soft"), Cell(), Cell(), read))
    rows = profile.sampled or 1
    present = max(rows - profile.nulls, 0)
    missing = profile.nulls / rows
    unique = present > 1 and profile.distinct >= present
    return Row(
        (
            name,
            Cell(
                _percent(missing),
                bar=missing,
                bar_tone="bad" if missing > 0.5 else "soft",
                title=f"{profile.nulls:,} of {profile.sampled:,} rows",
            ),
            Cell(
                f"{profile.distinct:,}" + (" (all)" if unique else ""),
                bar=min(1.0, profile.distinct / present) if present else 0.0,
                title="No value is there twice" if unique else "",
            ),
            Cell(
                tops=[
                    (value if value != "" else "(empty)", _percent(count / rows), count / rows)
                    for value, count in profile.top[:4]
                ]
                if not unique
                else (),
                text="" if profile.top or not profile.personal else "not kept: personal data",
                tone="soft",
            ),
            Cell(_span(profile), tone="soft"),
            read,
        )
    )


def _span(profile: ColumnProfile) -> str:
    if profile.minimum is None or profile.maximum is None:
        return ""
    if profile.minimum == profile.maximum:
        return _cut(profile.minimum)
    return f"{_cut(profile.minimum)} – {_cut(profile.maximum)}"


def _cut(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:22]}…"


def _percent(share: float) -> str:
    if share == 0:
        return "0%"
    return "<1%" if share < 0.01 else ">99%" if 0.99 < share < 1 else f"{share:.0%}"
