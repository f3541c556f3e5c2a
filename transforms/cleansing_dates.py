"""Dates and times in many spellings, read in SQL."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from metadata.model.rules import Date, TimeZone
from metadata.reference_data.spellings import month_names
from transforms.characters import fold_digits, fold_width
from transforms.cleansing_text import collapsed, every, first, full_match, matches, trimmed
from transforms.statements import call, data_type, number, text

Stage = Callable[[exp.Expr, exp.Expr], exp.Expr]
_REST = r"(?:(?:[T,]|\s)\s*(\S.*))?$"
_LINK = r"(?:\s|[-/,.]|de|del|of|d’|d')*"
_YEAR = r"'?([0-9]{4}|[0-9]{2})"
_CLOCK = (
    r"^([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"\s*(?:([AaPp])\.?\s?[Mm]\.?)?\s*(Z|z|UTC|GMT|[-+][0-9]{2}(?::?[0-9]{2})?)?$"
)
_COMPACT = (
    r"^([0-9]{4})([0-9]{2})([0-9]{2})(?:[T ]?([0-9]{2})([0-9]{2})([0-9]{2})?(Z|[-+][0-9:]+)?)?$"
)
_COUNT = r"-?[0-9]+(?:\.[0-9]+)?"
_LAST_EXCEL_DAY = 2_958_465
_EXCEL_EPOCH_DAYS = {"excel": 25_569, "excel_1904": 24_107}
_TICKS = {"epoch_seconds": 1_000_000, "epoch_millis": 1_000, "epoch_micros": 1}
_LAST_SECOND = 253_402_300_799
_FIRST_SECOND = -62_135_596_800


def date_stages(rule: Date) -> tuple[Stage, ...]:
    """Reading a date: one spelling for marks and months, then its parts, then day and time."""
    return (
        lambda value, before: _spelled(value),
        lambda value, before: _parted(value, rule),
        lambda value, before: _read(value, before, rule),
    )


def _spelled(value: exp.Expr) -> exp.Expr:
    """Marks of the day in Chinese, Japanese and Korean as signs; names of months as @03@."""
    plain = trimmed(collapsed(fold_digits(fold_width(value))))
    marked = every(plain.copy(), r"([0-9]{1,4})\s*[年년]\s*", r"\1-")
    marked = every(marked, r"([0-9]{1,2})\s*[月월]\s*", r"\1-")
    marked = every(marked, r"([0-9]{1,2})\s*[日号號일]\s*", r"\1 ")
    marked = every(marked, r"(上午|凌晨|早上|오전|午前)\s*([0-9:时時点點分시분]+)", r"\2 AM")
    marked = every(marked, r"(下午|晚上|中午|오후|午後)\s*([0-9:时時点點分시분]+)", r"\2 PM")
    marked = every(marked, r"([0-9])\s*[时時点點시]\s*([0-9])", r"\1:\2")
    marked = every(marked, r"([0-9])\s*[时時点點시]", r"\1:00")
    marked = every(marked, r"([0-9])\s*[分분]\s*([0-9]+)\s*[秒초]?", r"\1:\2")
    marked = trimmed(every(marked, r"[分분秒초]", ""))
    named = first(
        every(plain.copy(), r"([0-9])(?:st|nd|rd|th|er|º|ª)\b", r"\1"), r"^\p{L}+\.?,\s*", ""
    )
    for month, names in month_names().items():
        listed = "|".join(names)
        named = every(
            named, rf"(?i)(^|[^\p{{L}}])(?:{listed})\.?([^\p{{L}}]|$)", rf"\1@{month:02d}@\2"
        )
    return (
        exp.Case()
        .when(matches(plain, "[年月日號号년월일]"), marked)
        .when(matches(plain.copy(), r"\p{L}{3}"), named)
        .else_(plain.copy())
    )


def _parted(value: exp.Expr, rule: Date) -> exp.Expr:
    """`year-month-day time`, a two-digit year marked with ?; NULL where no spelling fits."""
    spellings = [
        (r"^([0-9]{4})[-/. ]\s?([0-9]{1,2})[-/. ]\s?([0-9]{1,2})" + _REST, r"\1-\2-\3 \4"),
        (
            r"^([0-9]{4})" + _LINK + r"@([0-9]{2})@" + _LINK + r"([0-9]{1,2})" + _REST,
            r"\1-\2-\3 \4",
        ),
        (r"^([0-9]{1,2})" + _LINK + r"@([0-9]{2})@" + _LINK + _YEAR + _REST, r"?\3-\2-\1 \4"),
        (r"^@([0-9]{2})@" + _LINK + r"([0-9]{1,2})(?:\s|[-/,.])+" + _YEAR + _REST, r"?\3-\1-\2 \4"),
    ]
    numbers = r"^([0-9]{1,2})[-/. ]\s?([0-9]{1,2})[-/. ]\s?" + _YEAR + _REST
    match rule.order:
        case "dmy":
            spellings.append((numbers, r"?\3-\2-\1 \4"))
        case "mdy":
            spellings.append((numbers, r"?\3-\1-\2 \4"))
        case "ymd":
            short = r"^'?([0-9]{2})[-/. ]\s?([0-9]{1,2})[-/. ]\s?([0-9]{1,2})" + _REST
            spellings.append((short, r"?\1-\2-\3 \4"))
    compact = (_COMPACT, r"\1-\2-\3 \4:\5:\6\7")
    date = exp.Case()
    # Days that Excel counts have fewer digits than a compact date; seconds may have as many.
    if rule.numbers in _TICKS:
        date = date.when(full_match(value.copy(), _COUNT), value.copy())
        spellings.append(compact)
    else:
        spellings.insert(0, compact)
    if rule.numbers in _EXCEL_EPOCH_DAYS:
        spellings.append((f"^{_COUNT}$", r"\0"))
    for pattern, parts in spellings:
        date = date.when(matches(value.copy(), pattern), first(value.copy(), pattern, parts))
    return date


def _read(value: exp.Expr, before: exp.Expr, rule: Date) -> exp.Expr:
    """The day, checked against the calendar, and the time beside it; else what was before."""
    day = _day(value, rule)
    rest = trimmed(first(value.copy(), r"^\S*\s*", ""))
    clock = _clock(rest)
    written = exp.cast(day.copy(), "VARCHAR")
    told = exp.Case()
    if rule.numbers is not None:
        counted = full_match(value.copy(), _COUNT)
        told = told.when(counted, exp.func("COALESCE", _counted(value, rule), _kept(before)))
    return (
        told.when(day.is_(exp.null()), _kept(before))
        # A compact date without a time leaves only the signs between its parts.
        .when(rest.isin(text(""), text("::")), written)
        .when(clock.is_(exp.null()), _kept(before))
        .else_(_beside(written.copy(), _beside(text(" "), clock.copy())))
    )


def _day(value: exp.Expr, rule: Date) -> exp.Expr:
    part = call("split_part", value.copy(), text(" "), number(1))
    year = exp.TryCast(
        this=call("substr", part.copy(), number(2), number(2)), to=data_type("integer")
    )
    recent = exp.LTE(this=year, expression=number(rule.pivot))
    century = exp.Case().when(recent, text("20")).else_(text("19"))
    full = (
        exp.Case()
        .when(
            matches(part.copy(), r"^\?[0-9]{2}-"),
            _beside(century, call("substr", part.copy(), number(2))),
        )
        .else_(call("ltrim", part.copy(), text("?")))
    )
    return exp.TryCast(this=full, to=data_type("date"))


def _clock(rest: exp.Expr) -> exp.Expr:
    """A time of day as hh:mm:ss, fraction and zone behind it; NULL where it is none."""
    # A compact time without seconds ends in the sign before them.
    rest = first(rest, r"^([0-9]{2}:[0-9]{2}):(Z|[-+][0-9:]+)?$", r"\1\2")

    def group(position: int) -> exp.Expr:
        return call("regexp_extract", rest.copy(), text(_CLOCK), number(position))

    hour = exp.TryCast(this=group(1), to=data_type("integer"))
    half = exp.func("LOWER", group(5))
    twelve = exp.Mod(this=exp.paren(hour.copy()), expression=number(12))
    within = exp.Between(this=hour.copy(), low=number(1), high=number(12))
    told = (
        exp.Case(this=half)
        .when(text("a"), exp.Case().when(within, twelve))
        .when(
            text("p"),
            exp.Case().when(within.copy(), exp.Add(this=twelve.copy(), expression=number(12))),
        )
        .else_(hour)
    )
    two = call("lpad", exp.cast(told, "VARCHAR"), number(2), text("0"))
    seconds = exp.func("COALESCE", call("nullif", group(3), text("")), text("00"))
    fraction = exp.Case().when(
        group(4).neq(text("")), _beside(text("."), call("left", group(4), number(6)))
    )
    zone = (
        exp.Case()
        .when(exp.func("LOWER", group(6)).isin(text("z"), text("utc"), text("gmt")), text("Z"))
        .else_(group(6))
    )
    parts = [two, text(":"), group(2), text(":"), seconds, fraction.else_(text("")), zone]
    joined: exp.Expr = parts[0]
    for part in parts[1:]:
        joined = _beside(joined, part)
    return exp.Case().when(matches(rest.copy(), _CLOCK), joined)


def _counted(value: exp.Expr, rule: Date) -> exp.Expr:
    """A count of days or of parts of a second as a date or time; NULL outside the calendar."""
    count = exp.TryCast(this=value.copy(), to=data_type("double"))
    assert rule.numbers is not None
    if rule.numbers in _TICKS:
        ticks = _TICKS[rule.numbers]
        low, high = _FIRST_SECOND * 1_000_000 // ticks, _LAST_SECOND * 1_000_000 // ticks
        exact = exp.TryCast(this=value.copy(), to=data_type("decimal(28,6)"))
        micros = exp.Mul(this=exact, expression=number(ticks))
        within = exp.Between(this=count, low=number(low), high=number(high))
        zoned = _beside(exp.cast(_moment(micros, within), "VARCHAR"), text("Z"))
        return exp.Case().when(within.copy(), zoned)
    epoch = _EXCEL_EPOCH_DAYS[rule.numbers]
    if rule.numbers == "excel":
        # Excel counts a 29 February 1900, which there never was.
        early = exp.LT(this=count.copy(), expression=number(60))
        shift: exp.Expr = exp.Case().when(early, number(epoch - 1)).else_(number(epoch))
        sound: exp.Expr = exp.and_(
            exp.Between(this=count.copy(), low=number(1), high=number(_LAST_EXCEL_DAY)),
            exp.not_(exp.and_(exp.GTE(this=count.copy(), expression=number(60)),
                              exp.LT(this=count.copy(), expression=number(61)))),
        )  # fmt: skip
    else:
        shift = number(epoch)
        sound = exp.Between(this=count.copy(), low=number(0), high=number(_LAST_EXCEL_DAY - 1462))
    seconds = exp.func(
        "ROUND",
        exp.Mul(
            this=exp.paren(exp.Sub(this=count.copy(), expression=shift)), expression=number(86_400)
        ),
    )
    micros = exp.Mul(this=seconds, expression=number(1_000_000))
    moment = _moment(micros, sound)
    whole = exp.EQ(this=exp.func("FLOOR", count.copy()), expression=count.copy())
    day = exp.cast(exp.cast(moment, "DATE"), "VARCHAR")
    return exp.Case().when(
        sound.copy(), exp.Case().when(whole, day).else_(exp.cast(moment.copy(), "VARCHAR"))
    )


def _moment(micros: exp.Expr, within: exp.Expr) -> exp.Expr:
    # Only what is within the calendar is asked for, whichever branch an engine looks at first.
    safe = exp.Case().when(within.copy(), micros).else_(number(0))
    return call("make_timestamp", exp.cast(safe, "BIGINT"))


def _kept(before: exp.Expr) -> exp.Expr:
    return exp.cast(before.copy(), "VARCHAR")


def _beside(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.DPipe(this=left, expression=right)


def moved(value: exp.Expr, rule: TimeZone) -> exp.Expr:
    """A time without a zone, read as one of a zone, as a time of the session's."""
    time = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
    there = call(
        "timezone", text(rule.zone), exp.TryCast(this=value.copy(), to=data_type("timestamp"))
    )
    here = exp.cast(exp.cast(there, "TIMESTAMP"), "VARCHAR")
    moved_ = exp.func("COALESCE", here, value.copy())
    return exp.Case().when(full_match(value.copy(), time), moved_).else_(value.copy())
