"""Differences of two texts as HTML in which nothing is markup and no secret is shown."""

from __future__ import annotations

import difflib
from html import escape

from dashboards.studio.concealing import concealed

_CONTEXT = 3
_MOST_LINES = 1200


def diff_html(before: str, after: str) -> str:
    """What changes from one text to the other, line by line, with a few lines around."""
    old = concealed(before).replace("\r\n", "\n").split("\n")
    new = concealed(after).replace("\r\n", "\n").split("\n")
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    rows: list[str] = []
    for number, group in enumerate(matcher.get_grouped_opcodes(_CONTEXT)):
        if number:
            rows.append('<tr class="rs-gap"><td colspan="4">⋯</td></tr>')
        for kind, i, j, k, m in group:
            if kind == "equal":
                rows += [_row("", i + n + 1, k + n + 1, old[i + n]) for n in range(j - i)]
                continue
            rows += [_row("rs-del", i + n + 1, None, line) for n, line in enumerate(old[i:j])]
            rows += [_row("rs-add", None, k + n + 1, line) for n, line in enumerate(new[k:m])]
    if not rows:
        return '<p class="rs-crumbs">The texts are the same.</p>'
    more = len(rows) - _MOST_LINES
    if more > 0:
        rows = [
            *rows[:_MOST_LINES],
            f'<tr class="rs-gap"><td colspan="4">and {more:,} lines more</td></tr>',
        ]
    return f'<div class="rs-diff"><table><tbody>{"".join(rows)}</tbody></table></div>'


def counts(before: str, after: str) -> tuple[int, int]:
    """Lines added and lines taken out."""
    matcher = difflib.SequenceMatcher(None, before.split("\n"), after.split("\n"), autojunk=False)
    added = taken = 0
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind != "equal":
            added, taken = added + m - k, taken + j - i
    return added, taken


def _row(classes: str, old: int | None, new: int | None, line: str) -> str:
    sign = {"rs-add": "+", "rs-del": "−"}.get(classes, "")
    numbers = "".join(f'<td class="rs-no">{each or ""}</td>' for each in (old, new, sign))
    return f'<tr class="{classes}">{numbers}<td>{escape(line)}</td></tr>'
