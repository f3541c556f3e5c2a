"""Edits of YAML texts: one value changes, and every other character stays as it was.

The edit is given as what a part shall say afterwards. The text is then changed in as few places as
that needs; comments, order, quotes and blank lines elsewhere are not touched. Nothing is written
here: a text goes in, a text comes out.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from metadata.errors import MetadataError, UserError
from metadata.yaml_change import changed_towards, same
from metadata.yaml_spans import Entry, Span, document_spans
from metadata.yaml_tree import parse_documents
from metadata.yaml_writing import lines, one_line

Step = str | int
_MARKER = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_MOST_CHANGES = 2000
"""Places that one edit may touch; a defect must not run on for ever."""


class EditRefused(UserError):
    """The text is written in a way that only a person should change."""


def set_value(text: str, path: tuple[Step, ...], value: Any, *, document: int = 0) -> str:
    r"""The text in which the value at `path` is `value`; maps on the way are made where missing.

    Args:
        text: YAML, of one or several documents.
        path: keys and positions from the top of the document; empty means all of it.
        value: texts, numbers, truth values, None, lists and maps of them.
        document: which document, counted from 0 over those that are not empty.

    Raises:
        MetadataError: the text is not YAML.
        EditRefused: there is no such document or place, or it stands behind an alias.

    >>> set_value("a: 1  # one\nb: {c: [x]}\n", ("b", "c"), ["x", "z"])
    'a: 1  # one\nb: {c: [x, z]}\n'
    """
    wanted = _with(_content(text, document), path, value)
    return _made_to_say(text, document, wanted)


def remove(text: str, path: tuple[Step, ...], *, document: int = 0) -> str:
    r"""The text without the key or item at `path`; comments above it stay.

    Raises:
        MetadataError: the text is not YAML.
        EditRefused: there is no such document, or it stands behind an alias.

    >>> remove("a: 1\n# about b\nb: 2\nc: 3\n", ("b",))
    'a: 1\n# about b\nc: 3\n'
    """
    wanted = _content(text, document)
    holder: Any = wanted
    for step in path[:-1]:
        holder = _inside(holder, step, path)
    _inside(holder, path[-1], path)
    del holder[path[-1]]
    return _made_to_say(text, document, wanted)


def rename(text: str, path: tuple[Step, ...], name: str, *, document: int = 0) -> str:
    r"""The text in which the key at the end of `path` is called `name`, in its place.

    Raises:
        MetadataError: the text is not YAML.
        EditRefused: there is no such key, or the new one is taken.

    >>> rename("a: {from: x}  # kept\n", ("a",), "b")
    'b: {from: x}  # kept\n'
    """
    content: Any = _content(text, document)
    span = _root(text, document)
    for step in path[:-1]:
        content = _inside(content, step, path)
        span = _entry(span, step, path).value
    _inside(content, path[-1], path)
    if name in content:
        raise EditRefused(f"There is already a key '{name}'.", fix="Choose another name.")
    entry = _entry(span, path[-1], path)
    return text[: entry.start] + one_line(name) + text[entry.key_end :]


def append_document(text: str, content: dict[str, Any]) -> str:
    """The text with one more document behind the others."""
    written = "\n".join(lines(content)) + "\n"
    if not text.strip():
        return written
    between = "" if text.endswith("\n") else "\n"
    return f"{text}{between}---\n{written}"


def remove_document(text: str, document: int) -> str | None:
    r"""The text without one of its documents; None where nothing is left.

    Args:
        text: YAML, of one or several documents.
        document: which one, counted from 0 over those that are not empty. Comments between its
            marker and the next one go with it.

    Raises:
        MetadataError: the text is not YAML.
        EditRefused: there is no such document, or the others would not stay as they are.

    >>> remove_document("a: 1\n---\nb: 2\n---\nc: 3\n", 1)
    'a: 1\n---\nc: 3\n'
    """
    contents = [each.content for each in parse_documents(text, "the text")]
    if not 0 <= document < len(contents):
        raise EditRefused(f"The text has no document {document + 1}.")
    starts = [0, *(found.start() for found in _MARKER.finditer(text) if found.start() > 0)]
    parts = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    kept, number = [], 0
    for part in parts:
        held = document_count(part)
        if not number <= document < number + held:
            kept.append(part)
        number += held
    left = "".join(kept)
    if parts[0] not in kept:
        left = _MARKER.sub("", left, count=1).lstrip("\r\n")
    try:
        now = [each.content for each in parse_documents(left, "the text")]
    except MetadataError:
        now = None
    if now != [*contents[:document], *contents[document + 1 :]]:
        raise EditRefused("The text cannot be changed by a form here.", fix="Change it as YAML.")
    return left if now else None


def document_count(text: str) -> int:
    """How many documents the text holds that are not empty.

    Raises:
        MetadataError: the text is not YAML.
    """
    return sum(1 for _ in parse_documents(text, "the text"))


def _content(text: str, document: int) -> dict[str, Any]:
    contents = [each.content for each in parse_documents(text, "the text")]
    if not 0 <= document < len(contents):
        raise EditRefused(f"The text has no document {document + 1}.")
    return contents[document]


def _root(text: str, document: int) -> Span:
    try:
        return document_spans(text)[document]
    except (yaml.YAMLError, IndexError, RecursionError):
        raise EditRefused(
            "The text cannot be changed by a form.", fix="Change it as YAML."
        ) from None


def _with(content: Any, path: tuple[Step, ...], value: Any) -> Any:
    """The content with another value at a place."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(content, list):
        if not isinstance(step, int) or not 0 <= step <= len(content):
            raise _nowhere(path)
        inner = content[step] if step < len(content) else None
        return [*content[:step], _with(inner, rest, value), *content[step + 1 :]]
    if content is None:
        content = {}
    if not isinstance(content, dict) or not isinstance(step, str):
        raise _nowhere(path)
    return {**content, step: _with(content.get(step), rest, value)}


def _inside(content: Any, step: Step, path: tuple[Step, ...]) -> Any:
    match content:
        case dict() if step in content:
            return content[step]
        case list() if isinstance(step, int) and 0 <= step < len(content):
            return content[step]
    raise _nowhere(path)


def _entry(span: Span, step: Step, path: tuple[Step, ...]) -> Entry:
    for position, entry in enumerate(span.entries):
        if step == (position if span.kind == "sequence" else entry.name):
            return entry
    raise _nowhere(path)


def _nowhere(path: tuple[Step, ...]) -> EditRefused:
    return EditRefused(f"The text has no place '{'.'.join(map(str, path))}'.")


def _made_to_say(text: str, document: int, wanted: dict[str, Any]) -> str:
    """Change the text place by place until it says what is wanted."""
    for _ in range(_MOST_CHANGES):
        content = _content(text, document)
        if same(content, wanted):
            return text
        changed = changed_towards(text, _root(text, document), content, wanted)
        if changed is None or changed == text or not _readable(changed, document):
            break
        text = changed
    raise EditRefused("The text cannot be changed by a form here.", fix="Change it as YAML.")


def _readable(text: str, document: int) -> bool:
    try:
        return sum(1 for _ in parse_documents(text, "the text")) > document
    except MetadataError:
        return False
