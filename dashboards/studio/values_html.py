"""Values from data as HTML in which nothing is markup, and white space can be seen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from itertools import pairwise

from metadata.workbench import Example, Failure, Side, WholeRow

_LONGEST = 160
_HIDDEN = re.compile(
    r"^[ \t\u00a0\u3000]+|[ \t\u00a0\u3000]+$|[ \t\u00a0\u3000]{2,}|[\t\u00a0\u3000]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff]")


def value(text: str | None, classes: str = "") -> str:
    """One value; spaces that matter are dots, what is not there says so."""
    if text is None:
        return '<span class="rs-none">no value</span>'
    if text == "":
        return '<span class="rs-none">empty text</span>'
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    parts: list[str] = []
    place = 0
    for found in _HIDDEN.finditer(shown):
        parts.append(_plain(shown[place : found.start()]))
        marks = "".join({"\t": "⇥", "\u3000": "□"}.get(char, "·") for char in found.group())
        parts.append(f'<i class="rs-space" title="white space">{marks}</i>')
        place = found.end()
    parts.append(_plain(shown[place:]))
    title = f' title="{escape(text, quote=True)}"' if shown != text else ""
    return f'<span class="rs-value {classes}"{title}>{"".join(parts)}</span>'


def examples_table(examples: Sequence[Example], rules: Sequence[str], *, compared: bool) -> str:
    """Examples of a column's values: as they come, before the change, after it."""
    head = [
        "As it comes",
        *(["Before"] if compared else []),
        "After" if compared else "Becomes",
        "Rows",
    ]
    heads = "".join(
        f'<th scope="col"{" class=rs-right" if name == "Rows" else ""}>{name}</th>' for name in head
    )
    body = "".join(_example(each, rules, compared) for each in examples)
    return (
        f'<div class="rs-frame"><table class="rs-table"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _example(example: Example, rules: Sequence[str], compared: bool) -> str:
    before, after = example.before, example.after
    changed = compared and before is not None and _fate(before) != _fate(after)
    cells = [f"<td>{value(after.raw)}{_steps(example, rules)}{_reads(example)}</td>"]
    if compared:
        cells.append(f"<td>{_side(before, 'rs-old' if changed else '')}</td>")
    cells.append(
        f'<td class="rs-changed">{_side(after, "rs-new")}</td>'
        if changed
        else f"<td>{_side(after, '')}</td>"
    )
    cells.append(f'<td class="rs-right">{example.rows:,}</td>')
    return f"<tr>{''.join(cells)}</tr>"


def _fate(side: Side) -> tuple[object, ...]:
    return (side.result if not side.refused else None, side.refused, side.remarked)


def _side(side: Side | None, classes: str) -> str:
    if side is None:
        return '<span class="rs-none">not mapped</span>'
    told = "".join(_failure(each, refused=True) for each in side.refused)
    told += "".join(_failure(each, refused=False) for each in side.remarked)
    shown = value(side.result, classes)
    if side.refused:
        lost = side.clean if side.typed is None else side.typed
        shown = f'<span class="rs-struck">{value(lost)}</span>'
    return shown + told


def _failure(failure: Failure, *, refused: bool) -> str:
    words = "row refused" if refused else "noted"
    tone = "rs-bad" if refused else "rs-warn"
    return f'<div class="rs-why {tone}">{words}: {escape(failure.why or failure.rule)}</div>'


def _steps(example: Example, rules: Sequence[str]) -> str:
    """What each rule makes of the value, where more than one of them changes it."""
    steps = example.steps
    if len(steps) < 2 or len(set(steps)) == 1:
        return ""
    parts = []
    for place, (before, after) in enumerate(pairwise(steps)):
        name = rules[place] if place < len(rules) else f"rule {place + 1}"
        if before != after:
            parts.append(f"<li><b>{escape(name)}</b> {value(after)}</li>")
    if len(parts) < 2:
        return ""
    inner = "".join(parts)
    return f'<details class="rs-steps"><summary>rule by rule</summary><ol>{inner}</ol></details>'


def _reads(example: Example) -> str:
    if not example.reads:
        return ""
    read = ", ".join(f"<b>{escape(k)}</b> {value(v)}" for k, v in example.reads.items())
    return f'<div class="rs-reads">from {read}</div>'


def _plain(text: str) -> str:
    return escape(_CONTROL.sub("\ufffd", text))


def marks(told: Sequence[tuple[str, str]]) -> str:
    """Short facts side by side; each with its tone."""
    shown = "".join(
        f'<span class="rs-mark rs-{tone or "plain"}">{escape(t)}</span>' for t, tone in told
    )
    return f'<p class="rs-marks">{shown}</p>'


def rows_table(rows: Sequence[WholeRow], columns: Sequence[str]) -> str:
    """Rows as they would be loaded; a changed cell shows what it was."""
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("Fate", *columns))
    body = "".join(_row(each, columns) for each in rows)
    return (
        f'<div class="rs-frame rs-tall"><table class="rs-table"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


_FATES = {
    "staged": ("loaded", "rs-good"),
    "quarantined": ("refused", "rs-bad"),
    "merged": ("merged", "rs-plain"),
    "filtered": ("left out", "rs-plain"),
}


def _row(row: WholeRow, columns: Sequence[str]) -> str:
    word, tone = _FATES.get(row.outcome, (row.outcome, ""))
    was = _FATES.get(row.was or "", ("", ""))[0]
    fate = f'<b class="{tone}">{escape(word)}</b>'
    if row.was is not None and row.was != row.outcome:
        fate += f'<div class="rs-why rs-warn">was {escape(was)}</div>'
    fate += "".join(
        f'<div class="rs-why rs-bad">{escape(each.column)}: {escape(each.why)}</div>'
        for each in row.refused
    )
    cells = [f"<td>{fate}</td>"]
    failing = {each.column for each in row.refused}
    for name in columns:
        cell = row.cells.get(name)
        if cell is None:
            cells.append("<td></td>")
            continue
        changed = row.was is not None and cell.before != cell.after
        old = f'<div class="rs-before">{value(cell.before, "rs-old")}</div>' if changed else ""
        classes = "rs-changed" if changed else "rs-failing" if name in failing else ""
        shown = value(cell.raw) if name in failing and cell.after is None else value(cell.after)
        cells.append(f'<td class="{classes}">{shown}{old}</td>')
    return f"<tr>{''.join(cells)}</tr>"
