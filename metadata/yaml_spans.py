"""Where each part of a YAML text stands: from its first character to its last.

The loader's tree (`metadata.yaml_tree`) knows where a part begins. To change a part and nothing
else, its end must be known too, without the comments and blank lines that follow it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PROPERTIES = re.compile(r"([&!]\S*\s+)*")


@dataclass(frozen=True)
class Span:
    """A value in the text: the characters from `start` up to `end`.

    `column` counts from 0. `flow` is whether a collection is written in brackets. What can only be
    written anew as a whole is `other`: an alias, because what it stands for is written elsewhere,
    and a pair without braces in a list (`[a: 1]`).
    """

    kind: Literal["scalar", "mapping", "sequence", "other"]
    start: int
    end: int
    column: int
    flow: bool = False
    style: str = ""
    """Of a scalar: empty when plain, else `"`, `'`, `|` or `>`."""
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Entry:
    """An item of a collection, from its key or its dash on."""

    start: int
    name: str | None
    """The key; None in a sequence."""
    key_end: int
    """Where the key, or the dash, ends."""
    value: Span


def document_spans(text: str) -> tuple[Span, ...]:
    """The mapping at the top of each document, as `parse_documents` counts them.

    Raises:
        yaml.YAMLError: the text is not YAML.
    """
    events = _Events(text)
    found: list[Span] = []
    while events.next is not None:
        event = events.take()
        if isinstance(event, yaml.DocumentStartEvent):
            root = _value(events)
            if root.kind == "mapping":
                found.append(root)
    return tuple(found)


class _Events:
    """The parser's events, with the next one to be seen before it is taken."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._rest: Iterator[yaml.Event] = iter(yaml.parse(text, Loader=_LOADER))
        self.next: yaml.Event | None = next(self._rest, None)

    def take(self) -> yaml.Event:
        taken = self.next
        assert taken is not None
        self.next = next(self._rest, None)
        return taken


def _value(events: _Events) -> Span:
    event = events.take()
    start, end = _index(event.start_mark), _index(event.end_mark)
    column = event.start_mark.column if event.start_mark else 0
    match event:
        case yaml.AliasEvent():
            return Span("other", start, end, column)
        case yaml.ScalarEvent():
            style = event.style or ""
            return Span("scalar", start, _scalar_end(events.text, start, end, style), column,
                        style=style)  # fmt: skip
        case yaml.MappingStartEvent():
            return _mapping(events, start, column, flow=bool(event.flow_style))
        case yaml.SequenceStartEvent():
            return _sequence(events, start, column, flow=bool(event.flow_style))
    raise AssertionError(event)


def _index(mark: Any) -> int:
    return int(mark.index)


def _scalar_end(text: str, start: int, end: int, style: str) -> int:
    """A block scalar's event runs on over the blank lines behind it."""
    if style not in ("|", ">"):
        return end
    header = text[start:end].partition("\n")[0]
    return end if "+" in header.partition("#")[0] else start + len(text[start:end].rstrip())


def _mapping(events: _Events, start: int, column: int, *, flow: bool) -> Span:
    entries: list[Entry] = []
    while not isinstance(events.next, yaml.MappingEndEvent):
        name = events.next.value if isinstance(events.next, yaml.ScalarEvent) else ""
        key = _value(events)
        entries.append(Entry(key.start, name, key.end, _value(events)))
    if flow and not events.text.startswith("{", _behind_properties(events.text, start)):
        events.take()
        return Span("other", start, max(entries[0].value.end, entries[0].key_end), column)
    return _closed(events, "mapping", start, column, flow, entries)


def _sequence(events: _Events, start: int, column: int, *, flow: bool) -> Span:
    entries: list[Entry] = []
    before = start
    while not isinstance(events.next, yaml.SequenceEndEvent):
        dash = None if flow else next_content(events.text, before)
        value = _value(events)
        at = value.start if dash is None else dash
        entries.append(Entry(at, None, at if dash is None else dash + 1, value))
        before = value.end if dash is None else max(value.end, dash + 1)
    return _closed(events, "sequence", start, column, flow, entries)


def _behind_properties(text: str, position: int) -> int:
    """Behind the anchor and the tag that a value may begin with."""
    found = _PROPERTIES.match(text, position)
    return found.end() if found else position


def _closed(
    events: _Events,
    kind: Literal["mapping", "sequence"],
    start: int,
    column: int,
    flow: bool,
    entries: list[Entry],
) -> Span:
    event = events.take()
    last = entries[-1] if entries else None
    end = _index(event.end_mark) if flow or last is None else max(last.value.end, last.key_end)
    return Span(kind, start, end, column, flow, "", tuple(entries))


def next_content(text: str, position: int) -> int:
    """The next character that is neither white space nor part of a comment."""
    while position < len(text):
        if text[position] == "#":
            position = line_end(text, position)
        elif text[position].isspace():
            position += 1
        else:
            break
    return position


def line_end(text: str, position: int) -> int:
    """Where the line that holds a position ends: at its line break, or the end of the text."""
    found = text.find("\n", position)
    if found < 0:
        return len(text)
    return found - 1 if found > position and text[found - 1] == "\r" else found


def line_start(text: str, position: int) -> int:
    """Where the line that holds a position begins."""
    return text.rfind("\n", 0, position) + 1
