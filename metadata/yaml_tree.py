"""YAML with places: a parsed document that can tell the file and line of any of its parts.

The text is parsed by libyaml, which is some forty times faster than a parser that keeps comments
(the shipped model alone is thousands of lines, read by every command). Its nodes are turned into
values here by the core schema of YAML 1.2, so that the country code `NO` stays a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from metadata.errors import Issue, Location, MetadataError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEAN = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"^[-+]?[0-9]{1,18}$")
_FLOAT = re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?$")
_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML lets no text hold."""
_DEPTH = 60
_MOST = 5_000_000
"""Values in one document; a few lines of aliases can stand for billions."""


@dataclass(frozen=True)
class Document:
    """One YAML document: its content as plain values, and where each part stands."""

    file: str
    content: dict[str, Any]
    _root: yaml.MappingNode

    def where(self, *path: str | int) -> Location:
        """The place of the deepest part of `path` that exists; the document's start at worst."""
        node: yaml.Node = self._root
        mark = node.start_mark
        for step in path:
            found = _child(node, step)
            # Pydantic adds steps of its own (union branches); they have no place.
            if found is not None:
                mark, node = found
        return Location(self.file, mark.line + 1, mark.column + 1)


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Mark, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == str(step):
                return key.start_mark, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark, node.value[step]
    return None


def read_documents(path: Path, shown_as: str) -> Iterator[Document]:
    """Parse every document in a file.

    Raises:
        MetadataError: the file is not UTF-8, is not YAML, or is not a mapping at the top.
    """
    yield from parse_documents(read_text(path, shown_as), shown_as)


def parse_documents(text: str, shown_as: str) -> Iterator[Document]:
    """Parse every document in a text.

    Raises:
        MetadataError: it is not YAML, or not a mapping at the top.
    """
    try:
        roots = list(yaml.compose_all(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _refused(
            "The file is not valid YAML.",
            Location(shown_as, mark.line + 1 if mark else 1),
            f"{error.problem or error.context or 'It cannot be parsed'}".capitalize() + ".",
            "Check indentation, colons, brackets and quotes on this line and the one above.",
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        odd = _UNREADABLE.search(text)
        if odd is not None:
            raise _refused(
                "The file is not valid YAML.",
                Location(shown_as, text.count("\n", 0, odd.start()) + 1),
                f"It holds the control character U+{ord(odd.group()):04X}.",
                "Remove it; perhaps the file is not text, or not saved as UTF-8.",
            ) from None
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise _refused("The file is not valid YAML.", Location(shown_as, 1), reason, "") from None
    for root in roots:
        if isinstance(root, yaml.ScalarNode) and not root.style and root.value in _NULL:
            continue
        if not isinstance(root, yaml.MappingNode):
            raise _refused(
                "The file must hold a mapping of names to values.",
                Location(shown_as, root.start_mark.line + 1),
                "It holds a list." if isinstance(root, yaml.SequenceNode) else "It holds a text.",
                "Start with a line such as 'source: crm'.",
            )
        if _written_out(root, {}) > _MOST:
            raise _refused(
                "The file's aliases stand for too much.",
                Location(shown_as, root.start_mark.line + 1),
                f"Written out it would hold more than {_MOST:,} values.",
                "Write out what is needed instead of using aliases of aliases.",
            )
        content = _value(root, (), shown_as)
        assert isinstance(content, dict)
        yield Document(shown_as, content, root)


def extended(base: dict[str, Any], addition: dict[str, Any]) -> dict[str, Any]:
    """A document extended by another: maps are merged deeply; everything else is replaced."""
    result = dict(base)
    for key, value in addition.items():
        old = result.get(key)
        result[key] = (
            extended(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return result


def read_text(path: Path, shown_as: str) -> str:
    """The text of a definition file.

    Raises:
        MetadataError: it is not UTF-8, or cannot be read.
    """
    if path.exists() and not path.is_file():
        kind = "It is a folder." if path.is_dir() else "It is no regular file."
        raise _refused("The file cannot be read.", Location(shown_as), kind, "")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise _refused(
            "The file is not UTF-8 text.",
            Location(shown_as, line),
            f"Byte {error.start} cannot be read.",
            "Save the file as UTF-8.",
        ) from None
    except OSError as error:
        raise _refused(
            "The file cannot be read.", Location(shown_as), error.strerror or str(error), ""
        ) from None


def _written_out(node: yaml.Node, known: dict[int, int], depth: int = 0) -> int:
    """How many values a node holds with its aliases written out; each node is counted once."""
    if isinstance(node, yaml.ScalarNode) or depth > _DEPTH:
        return 1
    if id(node) not in known:
        known[id(node)] = 1  # while it is being counted: it may refer to itself
        below = node.value
        if isinstance(node, yaml.MappingNode):
            below = [part for pair in node.value for part in pair]
        known[id(node)] = 1 + sum(_written_out(each, known, depth + 1) for each in below)
    return known[id(node)]


def _value(node: yaml.Node, above: Sequence[int], shown_as: str) -> Any:
    where = Location(shown_as, node.start_mark.line + 1, node.start_mark.column + 1)
    if id(node) in above:
        raise _refused(
            "An anchor refers to itself.",
            where,
            "The value would contain itself without end.",
            "Write the value out instead of using an alias.",
        )
    if len(above) > _DEPTH:
        raise _refused("The file is nested too deeply.", where, f"The limit is {_DEPTH}.", "")
    inner = (*above, id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, inner, shown_as) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key, value in node.value:
            place = Location(shown_as, key.start_mark.line + 1, key.start_mark.column + 1)
            if not isinstance(key, yaml.ScalarNode):
                raise _refused("A key must be a plain name.", place, "", "")
            if key.value == "<<" and not key.style:
                raise _refused(
                    "A merge key ('<<') is not read.",
                    place,
                    "It is no part of YAML 1.2.",
                    "Write out the keys that it stands for.",
                )
            if key.value in result:
                raise _refused(
                    f"The key '{key.value}' is given twice.",
                    place,
                    "One of the two would be lost.",
                    "Remove one, or join them.",
                )
            result[key.value] = _value(value, inner, shown_as)
        return result
    return _scalar(node)


def _scalar(node: yaml.Node) -> str | int | float | bool | None:
    """A scalar by the core schema of YAML 1.2; dates stay texts and are read by the models."""
    text = str(node.value)
    if not isinstance(node, yaml.ScalarNode) or node.style:
        return text
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text


def _refused(what: str, where: Location, why: str, fix: str) -> MetadataError:
    return MetadataError([Issue(what, where, why, fix)])
