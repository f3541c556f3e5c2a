"""Two people's changes of one text brought together."""

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


def marked(base: str, mine: str, theirs: str) -> str:
    """The text with both changes; where they meet, both stand there, to be sorted out by hand.

    Mine stands between lines of `<` and `=`, theirs between lines of `=` and `>`. Such a text is
    not YAML, so that it cannot be saved before that is done.
    """
    lines = base.splitlines(keepends=True)
    own, other = _hunks(lines, mine), _hunks(lines, theirs)
    result: list[str] = []
    position = 0
    while own or other:
        start = min(hunk[0] for hunk in (*own[:1], *other[:1]))
        end, mine_here, theirs_here = start, [], []
        while True:
            if own and own[0][0] <= end:
                mine_here.append(own.pop(0))
                end = max(end, mine_here[-1][1])
            elif other and other[0][0] <= end:
                theirs_here.append(other.pop(0))
                end = max(end, theirs_here[-1][1])
            else:
                break
        result += lines[position:start]
        position = end
        if not theirs_here or not mine_here:
            result += _after(lines, start, end, mine_here or theirs_here)
            continue
        left = _after(lines, start, end, mine_here)
        right = _after(lines, start, end, theirs_here)
        if left == right:
            result += left
        else:
            result += ["<<<<<<< yours\n", *_ended(left), "=======\n", *_ended(right)]
            result.append(">>>>>>> theirs\n")
    return "".join([*result, *lines[position:]])


def _after(
    lines: list[str], start: int, end: int, hunks: list[tuple[int, int, tuple[str, ...]]]
) -> list[str]:
    """A stretch of the base with some changes made."""
    result: list[str] = []
    position = start
    for first, last, new in hunks:
        result += [*lines[position:first], *new]
        position = last
    return [*result, *lines[position:end]]


def _ended(lines: list[str]) -> list[str]:
    """The lines, the last with a line break, so that a mark stands on a line of its own."""
    return [line if line.endswith("\n") else f"{line}\n" for line in lines]


def _hunks(lines: list[str], changed: str) -> list[tuple[int, int, tuple[str, ...]]]:
    new = changed.splitlines(keepends=True)
    matcher = difflib.SequenceMatcher(None, lines, new, autojunk=False)
    return [
        (i, j, tuple(new[k:m])) for kind, i, j, k, m in matcher.get_opcodes() if kind != "equal"
    ]
