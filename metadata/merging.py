"""Two people's changes of one text brought together, where they do not touch the same lines."""

from __future__ import annotations

import difflib


def merged(base: str, mine: str, theirs: str) -> str | None:
    r"""The text with both changes; None where they meet in the same or neighbouring lines.

    >>> merged("a\nb\nc\nd\n", "A\nb\nc\nd\n", "a\nb\nc\nD\n")
    'A\nb\nc\nD\n'
    >>> merged("a\nb\n", "A\nb\n", "a!\nb\n")
    """
    lines = base.splitlines(keepends=True)
    hunks = sorted({*_hunks(lines, mine), *_hunks(lines, theirs)})
    result: list[str] = []
    done = -1
    position = 0
    for start, end, new in hunks:
        if start <= done:
            return None
        result += [*lines[position:start], *new]
        position, done = end, end
    return "".join([*result, *lines[position:]])


def _hunks(lines: list[str], changed: str) -> list[tuple[int, int, tuple[str, ...]]]:
    new = changed.splitlines(keepends=True)
    matcher = difflib.SequenceMatcher(None, lines, new, autojunk=False)
    return [
        (i, j, tuple(new[k:m])) for kind, i, j, k, m in matcher.get_opcodes() if kind != "equal"
    ]
