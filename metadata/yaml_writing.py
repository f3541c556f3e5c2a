"""Values as YAML in the style of this project: short collections in brackets, double quotes."""

from __future__ import annotations

import io
import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.emitter import Emitter
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from metadata.errors import MetadataError
from metadata.yaml_tree import parse_documents

WIDTH = 100
_ONE_LINE = 10**6
# Truth values to readers of YAML 1.1, which other tools still are.
_OLD_WORDS = re.compile(r"^(y|n|yes|no|on|off)$", re.IGNORECASE)

_BREAKS = re.compile("[\n\r\x85\u2028\u2029]")


def one_line(value: Any) -> str:
    """A value on one line, collections in brackets; right anywhere in a document.

    >>> one_line({"from": "email", "clean": ["trim", "lower"], "otherwise": "null"})
    '{from: email, clean: [trim, lower], otherwise: "null"}'
    """
    shown = _dumped(_styled({"k": value}, flow=True)).strip()
    return shown.removeprefix("{k:").removesuffix("}").strip()


def inline(value: Any) -> str | None:
    """A scalar or an empty collection as it stands behind a key; None for what needs more lines.

    >>> inline("case when a then b, c end")
    'case when a then b, c end'
    """
    if isinstance(value, (dict, list)):
        return None if value else ("{}" if isinstance(value, dict) else "[]")
    if isinstance(value, str) and "\n" in value and _literal(value):
        return None
    shown = _dumped(CommentedMap(k=_styled(value, flow=False))).removeprefix("k:").strip("\n")
    return shown.removeprefix(" ")


def quoted(value: str) -> str:
    """A text in double quotes.

    >>> quoted("null")
    '"null"'
    """
    return _dumped(CommentedSeq([DoubleQuotedScalarString(value)])).strip().removeprefix("- ")


def lines(value: Any) -> list[str]:
    """A value in lines, collections that are short on one, without indentation of its own."""
    if isinstance(value, str) and "\n" in value and _literal(value):
        return _dumped(CommentedMap(k=LiteralScalarString(value))).rstrip("\n").split("\n")[1:]
    return _dumped(_styled(value, flow=False)).rstrip("\n").split("\n")


def literal_header(value: str) -> str:
    """How a text of several lines is announced: `|` where it ends with a line break, else `|-`."""
    return "|" if value.endswith("\n") else "|-"


def folded(value: str, indent: int) -> list[str] | None:
    """A text of one line as the lines of a folded scalar (`>-`); None where it cannot be folded."""
    words = value.split(" ")
    if not all(words) or not value.isprintable() or re.search(r"\s{2}", value):
        return None
    found: list[str] = []
    for word in words:
        if found and len(found[-1]) + 1 + len(word) + indent <= WIDTH:
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def _literal(value: str) -> bool:
    """Whether a text of several lines can stand as it is, to be read by people."""
    body = value.removesuffix("\n")
    return (
        bool(body.strip())
        and not body.startswith((" ", "\n"))
        and not body.endswith("\n")
        and all(line == line.rstrip() for line in body.split("\n"))
        and all(char.isprintable() or char == "\n" for char in body)
    )


def _styled(value: Any, *, flow: bool, room: int = 72) -> Any:
    """Values as ruamel writes them; below the top a collection that fits stands in brackets."""
    match value:
        case dict():
            made = CommentedMap(
                (_styled(key, flow=flow), _styled(item, flow=flow or _fits(item, room)))
                for key, item in value.items()
            )
            if flow:
                made.fa.set_flow_style()
            return made
        case list() | tuple():
            listed = CommentedSeq(_styled(item, flow=flow or _fits(item, room)) for item in value)
            if flow:
                listed.fa.set_flow_style()
            return listed
        case str():
            return _quoted(value, flow=flow)
    return value


def _fits(value: Any, room: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    deep = any(isinstance(each, dict) and len(each) > 3 for each in _inner(value))
    return not deep and len(one_line(value)) <= room


def _inner(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else list(value)


def _quoted(value: str, *, flow: bool) -> Any:
    """A text in double quotes where it needs any, unless they would have to be escaped within."""
    holder = CommentedMap(k=value)
    if flow:
        holder.fa.set_flow_style()
    written = _dumped(holder)
    in_single = written.lstrip("{").startswith("k: '")
    plain_inside = '"' not in value and "\\" not in value
    if (in_single and plain_inside) or _OLD_WORDS.match(value) or not _read_as(written, value):
        return DoubleQuotedScalarString(value)
    return value


def _read_as(written: str, value: str) -> bool:
    """Whether the loader, which is stricter in places, reads the same text."""
    if _BREAKS.search(value):
        return False
    try:
        return [each.content for each in parse_documents(written, "")] == [{"k": value}]
    except MetadataError:
        return False


class _Emitter(Emitter):
    """Writes the braces of every map in brackets: `[{a: 1}]`, not `[a: 1]`."""

    def expect_flow_mapping(
        self, single: bool | None = False, force_flow_indent: bool | None = False
    ) -> None:
        super().expect_flow_mapping(single=False, force_flow_indent=force_flow_indent)


def _dumped(value: Any) -> str:
    writer = YAML()
    writer.Emitter = _Emitter
    writer.width = _ONE_LINE
    writer.indent(mapping=2, sequence=4, offset=2)
    text = io.StringIO()
    writer.dump(value, text)
    return text.getvalue()
