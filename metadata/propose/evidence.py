"""What speaks for a source column filling a column of an entity, and what against it.

Evidence is counted in log-odds, so that pieces add up: +1 makes a match about three times as likely
as before. How the sum becomes a stated confidence is in `confidence`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from metadata.propose.columns import Known
from metadata.propose.vocabulary import Target

IMPOSSIBLE = -8.0
_CODES = 9999
"""Greater numbers are hardly codes for a few things."""
_SHARES = frozenset(("percent", "rate", "probability", "share"))
_LATER = frozenset(("closed", "end", "leave", "lost", "paid", "returned", "resolved", "delivered"))
"""Days that most rows have only later, if ever."""
_AHEAD = frozenset(("expected", "required", "due", "valid"))
_LIKENESS = (
    (0.0, -6.0), (0.2, -4.2), (0.35, -2.6), (0.5, -1.0), (0.65, 0.0), (0.8, 1.1), (0.9, 2.2),
    (1.0, 3.2),
)  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """One piece of evidence: how much it counts, and what it says to people."""

    counts: float
    says: str = ""


def of_likeness(likeness: float) -> float:
    """What the likeness of two names counts for.

    >>> of_likeness(1.0), of_likeness(0.0)
    (3.2, -6.0)
    """
    for (left, low), (right, high) in itertools.pairwise(_LIKENESS):
        if likeness <= right:
            return low + (high - low) * (likeness - left) / (right - left)
    return _LIKENESS[-1][1]


def of_values(column: Known, target: Target) -> list[Piece]:
    """What the type and the values say."""
    found = [_of_type(column, target)]
    kind = _of_kind(column, target)
    if kind is not None:
        found.append(kind)
    if column.empty:
        found.append(Piece(-0.7, "it is empty"))
    elif column.constant:
        found.append(Piece(-4.0 if target.key_part else -0.3, "every row has the same value"))
    return [piece for piece in found if piece.counts or piece.says]


def _of_type(column: Known, target: Target) -> Piece:
    seen = column.profile is not None or column.column.type != "string"
    form = column.form
    against = IMPOSSIBLE if seen else -1.0
    match target.type:
        case "date" | "timestamp":
            if form in ("date", "moment"):
                whole_days = form == "date" and target.type == "timestamp"
                return Piece(0.8 + _of_later(column, target) - 0.6 * whole_days, "values are dates")
            if column.share("date", "timestamp") >= 0.9 and form == "whole":
                return Piece(0.4, "values are dates written as numbers")
            if column.share("date", "timestamp") >= 0.5:
                return Piece(-0.5, "only some values are dates")
            return Piece(against)
        case "boolean":
            return _of_flag(column, against)
        case "integer":
            if form == "whole":
                return Piece(0.4)
            return Piece(-1.5 if form == "fraction" else against)
        case "string":
            return _of_text(column, target)
        case _:
            if form in ("whole", "fraction"):
                return Piece(0.5, "values are numbers")
            return Piece(against)


def _of_later(column: Known, target: Target) -> float:
    """Days that come later are missing in some rows."""
    profile = column.profile
    said = target.phrases[0].tokens
    later = any(t & _LATER for t in said) and not any(t & _AHEAD for t in said)
    if not later or profile is None or profile.sampled < 30:
        return 0.0
    return 0.3 if profile.nulls else -0.5


def _of_flag(column: Known, against: float) -> Piece:
    if column.form == "flag":
        return Piece(0.8, "values are yes or no")
    distinct = column.profile.distinct if column.profile else 0
    if column.form == "whole" and column.range and column.range[0] >= 0 and column.range[1] <= 1:
        return Piece(0.6, "values are 0 or 1")
    if column.form == "text" and 0 < distinct <= 2 and column.share("code") >= 0.9:
        return Piece(-0.5)
    return Piece(against if distinct or column.form not in ("text", "whole") else -1.0)


def _of_text(column: Known, target: Target) -> Piece:
    names_thing = target.key or target.references is not None
    match column.form:
        case "blob":
            return Piece(IMPOSSIBLE)
        case "date" | "moment":
            return Piece(-5.0)
        case "fraction":
            return Piece(-4.0)
        case "flag":
            return Piece(-0.3 if target.values == "state" and not names_thing else -4.0)
        case "whole":
            if target.values in ("few", "state") and column.range and column.range[1] > _CODES:
                return Piece(-2.0)
            if names_thing or target.values in ("few", "state", "postal_code", "phone"):
                return Piece(0.0)
            numbered = any(
                token & {"number", "code", "level"}
                for phrase in target.phrases
                for token in phrase.tokens
            )
            return Piece(0.0 if numbered else -3.0)
        case "text":
            return Piece(0.0)


def _of_kind(column: Known, target: Target) -> Piece | None:
    """What the values say where those of the target have a look of their own."""
    if column.profile is None or target.values is None:
        return _of_strangers(column, target)
    match target.values:
        case "email":
            share = column.share("email")
            return Piece(2.5, "values look like e-mail addresses") if share > 0.5 else Piece(-5.0)
        case "phone":
            if column.share("phone") > 0.5:
                return Piece(1.2, "values look like telephone numbers")
            return Piece(-1.0 if column.form == "whole" else -2.0)
        case "country_code":
            if column.share("country_code") > 0.8:
                return Piece(1.5, "values are country codes")
            return Piece(-1.5)
        case "country":
            if column.share("country_code") > 0.8:
                return Piece(-0.3, "values are country codes")
            return Piece(0.2 if column.few else -0.5)
        case "currency_code":
            if column.share("currency_code") > 0.8:
                return Piece(1.5, "values are currency codes")
            return Piece(-3.0)
        case "postal_code":
            if column.share("postal_code") > 0.5:
                return Piece(0.8, "values look like postal codes")
            return None
        case "share":
            return _of_share(column)
        case "amount" | "quantity":
            return _of_amount(column, target)
        case "few" | "state":
            if column.few is False:
                return Piece(-0.8)
            return Piece(0.1, "values repeat") if column.few else None
        case "words":
            return Piece(-0.5) if column.share("code") >= 0.9 and _short(column) else None


def _of_strangers(column: Known, target: Target) -> Piece | None:
    """Values of a striking look do not belong where nothing of that look is expected."""
    if target.type != "string" or column.profile is None:
        return None
    if column.share("email") > 0.7:
        return Piece(-3.0)
    if column.share("url") > 0.7:
        return Piece(-2.0)
    if column.share("phone") > 0.7 and not target.key and column.form == "text":
        return Piece(-2.0)
    return None


def _of_share(column: Known) -> Piece:
    limits = column.range
    if limits is None:
        return Piece(0.0)
    low, high = limits
    if low >= 0 and high <= 1:
        return Piece(1.2, "values lie between 0 and 1")
    percent = any(token & _SHARES for token in column.tokens)
    if low >= 0 and high <= 100 and percent:
        return Piece(1.0, "values are percentages")
    return Piece(-0.8 if low >= 0 and high <= 100 else -3.0)


def _of_amount(column: Known, target: Target) -> Piece | None:
    limits = column.range
    if limits is None:
        return None
    percent = any(token & {"percent", "rate"} for token in column.tokens)
    wanted = any(token & {"rate"} for phrase in target.phrases for token in phrase.tokens)
    if percent and not wanted:
        return Piece(-3.0)
    if limits[0] >= 0 and limits[1] <= 1 and column.form == "fraction" and not wanted:
        return Piece(-1.5, "values lie between 0 and 1")
    if target.values == "quantity":
        return Piece(0.3 if column.form == "whole" else 0.0)
    return Piece(0.3 if column.form == "fraction" else 0.0)


def _short(column: Known) -> bool:
    top = column.profile.top if column.profile else ()
    return bool(top) and all(len(value) <= 3 and value.isascii() for value, _ in top)
