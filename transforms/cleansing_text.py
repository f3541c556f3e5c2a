"""Cleansing rules for texts as SQL."""

from __future__ import annotations

from sqlglot import exp

from metadata.model.rules import (
    AsciiDigits,
    CollapseSpaces,
    DigitsOnly,
    EmptyToNull,
    Extract,
    Hash,
    Left,
    Lower,
    MapValues,
    Mask,
    NormalizeUnicode,
    NullIf,
    NullIfMatches,
    PadLeft,
    PadRight,
    RegexReplace,
    RemoveControl,
    Replace,
    Right,
    Rule,
    SentenceCase,
    SplitPart,
    StripAccents,
    StripPunctuation,
    StripTags,
    Substring,
    TitleCase,
    Trim,
    UnescapeHtml,
    Upper,
)
from transforms.characters import (
    SPACES,
    composed,
    each_piece,
    fold_compatibility,
    fold_digits,
    fold_width,
    unaccented,
    unescaped,
)
from transforms.statements import call, number, text

_NOTHING = (
    "", "-", "--", "n/a", "n.a.", "na", "null", "(null)", "<null>", "none", "nil", "nan", "#n/a",
    "?", "无", "無", "空", "暂无",
)  # fmt: skip
_INVISIBLE = (
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x{86}-\x{9f}\x{ad}\x{61c}\x{180e}\x{200b}\x{200e}\x{200f}"
    r"\x{202a}-\x{202e}\x{2060}-\x{2064}\x{2066}-\x{206f}\x{feff}\x{fff9}-\x{fffb}]"
)
"""Controls and marks without width; the joiners of Persian and Indic scripts are none of them."""
_BREAKS = r"[\t\n\v\f\r\x{85}\x{2028}\x{2029}]+"
_HIDDEN = r"(?is)<script\b.*?</script\s*>|<style\b.*?</style\s*>|<!--.*?-->"
_BLOCKS = (
    r"(?i)</?(?:p|div|br|li|tr|td|th|h[1-6]|ul|ol|dl|dt|dd|table|blockquote|section|article|hr)"
    r"(?:\s[^>]*)?/?>"
)
_TAGS = r"</?[A-Za-z][^>]*>|<[!?][^>]*>"


def text_rule(value: exp.Expr, rule: Rule) -> exp.Expr | None:
    """The cleansed text; None if the rule is not about texts."""
    match rule:
        case Trim():
            return trimmed(value)
        case CollapseSpaces():
            return collapsed(value)
        case Lower():
            return exp.func("LOWER", value)
        case Upper():
            return exp.func("UPPER", value)
        case TitleCase():
            return _title_case(value)
        case SentenceCase():
            lower = exp.func("LOWER", value)
            return exp.DPipe(
                this=exp.func("UPPER", call("left", lower, number(1))),
                expression=call("substr", lower.copy(), number(2)),
            )
        case NormalizeUnicode(form="nfc"):
            return composed(value)
        case NormalizeUnicode(form="nfkc"):
            return fold_compatibility(value)
        case NormalizeUnicode():
            return fold_width(composed(value))
        case StripAccents():
            return unaccented(value)
        case AsciiDigits():
            return fold_digits(value)
        case DigitsOnly():
            return every(value, "[^0-9]", "")
        case RemoveControl():
            return every(every(value, _BREAKS, " "), _INVISIBLE, "")
        case StripPunctuation():
            kept = f"([{''.join(map(_literal, rule.keep))}])|" if rule.keep else ""
            return every(value, kept + r"[\p{P}\p{S}]", r"\1" if kept else "")
        case UnescapeHtml():
            return unescaped(value)
        case StripTags():
            shown = every(every(every(value, _HIDDEN, " "), _BLOCKS, " "), _TAGS, "")
            return trimmed(collapsed(shown))
        case Hash():
            digest = call("sha256", _joined(text(rule.salt), value) if rule.salt else value)
            return digest if rule.length == 64 else call("left", digest, number(rule.length))
        case Mask():
            return _masked(value, rule)
        case _:
            return _part_rule(value, rule)


def _part_rule(value: exp.Expr, rule: Rule) -> exp.Expr | None:
    """Rules that keep, replace or fill parts of a text."""
    match rule:
        case EmptyToNull():
            folded = exp.func("LOWER", trimmed(value.copy()))
            return unless(folded.isin(*map(text, _NOTHING)), value)
        case NullIf():
            return unless(value.copy().isin(*map(text, rule.values)), value)
        case NullIfMatches():
            return unless(full_match(value.copy(), rule.pattern), value)
        case Replace():
            return call("replace", value, text(rule.find), text(rule.with_))
        case RegexReplace():
            return every(value, rule.pattern, rule.with_)
        case Extract():
            return found(value, rule.pattern)
        case SplitPart():
            part = call("split_part", value, text(rule.by), number(rule.part))
            return call("nullif", part, text(""))
        case Left():
            return call("left", value, number(rule.length))
        case Right():
            return call("right", value, number(rule.length))
        case Substring():
            ends = [] if rule.length is None else [number(rule.length)]
            return call("substr", value, number(rule.start), *ends)
        case PadLeft():
            return _padded("lpad", value, rule.length, rule.fill)
        case PadRight():
            return _padded("rpad", value, rule.length, rule.fill)
        case MapValues():
            mapped = exp.Case(this=value)
            for given, instead in rule.values.items():
                mapped = mapped.when(text(given), text(instead), copy=False)
            return mapped.else_(value.copy())
    return None


def trimmed(value: exp.Expr) -> exp.Expr:
    """Without white space at the ends."""
    return call("trim", value, text(SPACES))


def collapsed(value: exp.Expr) -> exp.Expr:
    """With one space for every run of white space."""
    return every(value, rf"[\s{SPACES[4:]}]+", " ")


def every(value: exp.Expr, pattern: str, replacement: str) -> exp.Expr:
    """Every match replaced."""
    return call("regexp_replace", value, text(pattern), text(replacement), text("g"))


def first(value: exp.Expr, pattern: str, replacement: str) -> exp.Expr:
    """The first match replaced."""
    return call("regexp_replace", value, text(pattern), text(replacement))


def found(value: exp.Expr, pattern: str, group: int = 1) -> exp.Expr:
    """What a group matches, or NULL."""
    return call("nullif", call("regexp_extract", value, text(pattern), number(group)), text(""))


def matches(value: exp.Expr, pattern: str) -> exp.Expr:
    """Whether a pattern matches somewhere."""
    return call("regexp_matches", value, text(pattern))


def full_match(value: exp.Expr, pattern: str) -> exp.Expr:
    """Whether a pattern matches the whole."""
    return call("regexp_full_match", value, text(pattern))


def unless(condition: exp.Expr, value: exp.Expr) -> exp.Expr:
    """The value, or NULL where a condition holds."""
    return exp.Case().when(condition, exp.null()).else_(value)


def _joined(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.DPipe(this=left, expression=right)


def _literal(sign: str) -> str:
    return sign if sign.isalnum() or ord(sign) > 127 else f"\\x{ord(sign):02x}"


def _padded(function: str, value: exp.Expr, length: int, fill: str) -> exp.Expr:
    # Padding functions would cut what is longer already.
    padded = call(function, value.copy(), number(length), text(fill))
    long = exp.GTE(this=call("length", value.copy()), expression=number(length))
    return exp.Case().when(long, value).else_(padded)


def _title_case(value: exp.Expr) -> exp.Expr:
    """Word by word; a word begins after a space, a hyphen or an apostrophe."""
    word = exp.column(exp.to_identifier("w"))
    raised = exp.DPipe(
        this=exp.func("UPPER", call("left", word, number(1))),
        expression=call("substr", word.copy(), number(2)),
    )
    return each_piece(exp.func("LOWER", value), r"[^\s'-]+|[\s'-]+", raised)


def _masked(value: exp.Expr, rule: Mask) -> exp.Expr:
    if not rule.email:
        return _covered(value, rule)
    local = call("regexp_extract", value.copy(), text("^(.*)@[^@]*$"), number(1))
    domain = call("regexp_extract", value.copy(), text("(@[^@]*)$"), number(1))
    whole = exp.Case().when(call("contains", value.copy(), text("@")), local)
    return _joined(_covered(whole.else_(value.copy()), rule), domain)


def _covered(value: exp.Expr, rule: Mask) -> exp.Expr:
    size = call("length", value)
    open_ = number(rule.first + rule.last)
    covered = call("repeat", text(rule.cover), exp.Sub(this=size.copy(), expression=open_.copy()))
    parts = [
        *([call("left", value.copy(), number(rule.first))] if rule.first else []),
        covered,
        *([call("right", value.copy(), number(rule.last))] if rule.last else []),
    ]
    shown: exp.Expr = parts[0]
    for part in parts[1:]:
        shown = _joined(shown, part)
    if len(parts) == 1:
        return shown
    short = exp.LTE(this=size, expression=open_)
    whole = call("repeat", text(rule.cover), call("length", value.copy()))
    return exp.Case().when(short, whole).else_(shown)
