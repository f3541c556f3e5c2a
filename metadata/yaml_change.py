"""One small change of a YAML text: an entry written anew, put in, or taken out."""

from __future__ import annotations

import json
import textwrap
from typing import Any

from metadata.yaml_spans import Entry, Span, line_end, line_start
from metadata.yaml_writing import WIDTH, folded, inline, lines, literal_header, one_line, quoted


def changed_towards(text: str, root: Span, content: Any, wanted: Any) -> str | None:
    """The text with its first difference from what is wanted mended; None where that cannot be.

    Args:
        text: the text.
        root: where the content stands in it.
        content: what the text says.
        wanted: what it shall say.
    """
    return _Change(text).mended(root, content, wanted)


def same(left: Any, right: Any) -> bool:
    """Whether two contents are the same; unlike in Python, 1, 1.0 and true are three things."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


class _Change:
    def __init__(self, text: str) -> None:
        self._text = text
        self._newline = "\r\n" if "\r\n" in text else "\n"

    def mended(self, span: Span, content: Any, wanted: Any) -> str | None:
        """Descend to the deepest collection that differs, and change one of its entries."""
        match content, wanted:
            case dict(), dict() if span.kind == "mapping" and wanted:
                return self._mended_map(span, content, wanted)
            case list(), list() if span.kind == "sequence" and wanted:
                return self._mended_list(span, content, wanted)
        return None

    def _mended_map(
        self, span: Span, content: dict[str, Any], wanted: dict[str, Any]
    ) -> str | None:
        for place, (name, value) in enumerate(wanted.items()):
            if name not in content:
                earlier = [key for key in list(wanted)[:place] if key in content]
                names = [entry.name for entry in span.entries]
                after = names.index(earlier[-1]) if earlier else -1
                return self._with_entry(span, after, name, value)
        for position, entry in enumerate(span.entries):
            if entry.name not in wanted:
                return self._without(span, position)
        for position, entry in enumerate(span.entries):
            name = str(entry.name)
            if not same(content[name], wanted[name]):
                deeper = self.mended(entry.value, content[name], wanted[name])
                if deeper is not None and not self._too_long(entry, wanted[name]):
                    return deeper
                return self._written(span, position, wanted[name])
        return None

    def _mended_list(self, span: Span, content: list[Any], wanted: list[Any]) -> str | None:
        start = 0
        while start < min(len(content), len(wanted)) and same(content[start], wanted[start]):
            start += 1
        end = 0
        while end < min(len(content), len(wanted)) - start and same(
            content[-1 - end], wanted[-1 - end]
        ):
            end += 1
        if start == len(content) - end:
            return self._with_entry(span, start - 1, None, wanted[start])
        if start == len(wanted) - end:
            return self._without(span, start)
        deeper = self.mended(span.entries[start].value, content[start], wanted[start])
        return deeper or self._written(span, start, wanted[start])

    def _too_long(self, entry: Entry, value: Any) -> bool:
        """Whether a value in brackets on one line would no longer fit it."""
        span = entry.value
        on_one_line = span.flow and "\n" not in self._text[span.start : span.end]
        return on_one_line and not self._fits(span.start, one_line(value))

    def _fits(self, position: int, written: str) -> bool:
        return position - line_start(self._text, position) + len(written) <= WIDTH

    # Writing an entry's value anew.

    def _written(self, span: Span, position: int, value: Any) -> str:
        entry = span.entries[position]
        if span.flow:
            return self._put(entry, one_line(value))
        old = entry.value
        if isinstance(value, str) and old.style in ("|", ">"):
            block = self._block_text(value, span.column + 2)
            if block is not None:
                header, body = block
                return self._put_below(span, entry, header, body)
        short = self._short(entry, value)
        if short is not None:
            return self._put(entry, short)
        if isinstance(value, str):
            return self._put_below(span, entry, literal_header(value), lines(value))
        return self._put_below(span, entry, "", lines(value))

    def _short(self, entry: Entry, value: Any) -> str | None:
        """The value on the line of its key, where that is how it should stand."""
        old = entry.value
        if isinstance(value, str) and old.style == '"' and "\n" not in value:
            return quoted(value)
        scalar = inline(value)
        if scalar is not None or isinstance(value, str):
            return scalar
        written = one_line(value)
        in_block = old.kind in ("mapping", "sequence") and not old.flow
        return written if not in_block and self._fits(old.start, written) else None

    def _block_text(self, value: str, indent: int) -> tuple[str, list[str]] | None:
        if "\n" in value:
            return None if inline(value) is not None else (literal_header(value), lines(value))
        body = folded(value, indent)
        return (">-", body) if body is not None else None

    def _put(self, entry: Entry, written: str) -> str:
        """In place of the old value, behind the key or dash."""
        text, old = self._text, entry.value
        mark = self._mark(entry)
        if old.start == old.end:
            # There was no value; in `{a}` there is no colon either.
            colon = ":" if entry.name is not None and mark == entry.key_end else ""
            return f"{text[:mark]}{colon} {written}{text[max(mark, old.end) :]}"
        if "\n" not in text[mark : old.start]:
            return text[: old.start] + written + text[old.end :]
        remark = text[mark : line_end(text, mark)].rstrip()
        return f"{text[:mark]} {written}{remark}{text[old.end :]}"

    def _put_below(self, span: Span, entry: Entry, header: str, body: list[str]) -> str:
        """In place of the old value, on lines of its own."""
        text, old = self._text, entry.value
        if entry.name is None:
            start = old.start if old.end > old.start else entry.key_end
            column = old.column if old.end > old.start else span.column + 2
            lead = f"{header}{self._newline}{' ' * column}" if header else ""
            gap = "" if old.end > old.start else " "
            return text[:start] + gap + lead + self._indented(body, column) + text[old.end :]
        mark = self._mark(entry)
        inline_before = "\n" not in text[mark : old.start]
        end = max(old.end, mark)
        if inline_before and "\n" not in text[old.start : old.end]:
            remark, rest = text[end : line_end(text, end)].rstrip(), line_end(text, end)
        else:
            remark = "" if inline_before else text[mark : line_end(text, mark)].rstrip()
            rest = end
        column = span.column + 2
        lead = f"{' ' if header else ''}{header}{remark}{self._newline}{' ' * column}"
        return text[:mark] + lead + self._indented(body, column) + text[rest:]

    def _mark(self, entry: Entry) -> int:
        """Behind the colon of a key, or behind a dash."""
        if entry.name is None:
            return entry.key_end
        colon = self._text.find(":", entry.key_end)
        between = self._text[entry.key_end : colon] if colon >= 0 else "?"
        return colon + 1 if not between.strip() else entry.key_end

    def _indented(self, body: list[str], column: int) -> str:
        straight = textwrap.dedent("\n".join(body)).split("\n")
        first, *rest = straight
        margin = " " * column
        return self._newline.join([first, *(f"{margin}{line}" if line else "" for line in rest)])

    # Putting entries in and taking them out.

    def _with_entry(self, span: Span, after: int, name: str | None, value: Any) -> str:
        """The text with an entry behind the one at position `after` (-1: before all)."""
        text = self._text
        if span.flow:
            written = one_line({name: value})[1:-1] if name is not None else one_line(value)
            if not span.entries:
                return text[: span.start + 1] + written + text[span.end - 1 :]
            if after < 0:
                first = span.entries[0].start
                return f"{text[:first]}{written}, {text[first:]}"
            end = max(span.entries[after].value.end, span.entries[after].key_end)
            return f"{text[:end]}, {written}{text[end:]}"
        body = self._indented(self._entry_lines(name, value, span.column), span.column)
        margin = " " * span.column
        if after < 0:
            first = span.entries[0].start
            return f"{text[:first]}{body}{self._newline}{margin}{text[first:]}"
        end = max(span.entries[after].value.end, self._mark(span.entries[after]))
        if text[end - 1] == "\n":
            return f"{text[:end]}{margin}{body}{self._newline}{text[end:]}"
        end = line_end(text, end)
        return f"{text[:end]}{self._newline}{margin}{body}{text[end:]}"

    def _entry_lines(self, name: str | None, value: Any, column: int) -> list[str]:
        head = f"{inline_key(name)}: " if name is not None else "- "
        short = inline(value)
        if short is None and isinstance(value, (dict, list)):
            written = one_line(value)
            short = written if column + len(head) + len(written) <= WIDTH else None
        if short is not None:
            return [(head + short).rstrip()]
        body = textwrap.dedent("\n".join(lines(value))).split("\n")
        if isinstance(value, str):
            return [head + literal_header(value), *(f"  {line}" if line else "" for line in body)]
        if name is None:
            return [head + body[0], *(f"  {line}" for line in body[1:])]
        return [head.rstrip(), *(f"  {line}" for line in body)]

    def _without(self, span: Span, position: int) -> str | None:
        """The text without an entry; what stands around it stays."""
        text, entries = self._text, span.entries
        if len(entries) == 1:
            return None
        entry = entries[position]
        end = max(entry.value.end, self._mark(entry))
        if span.flow:
            if position + 1 < len(entries):
                return text[: entry.start] + text[entries[position + 1].start :]
            before = entries[position - 1]
            return text[: max(before.value.end, before.key_end)] + text[end:]
        begin = line_start(text, entry.start)
        if text[begin : entry.start].strip():
            # It shares its line with the dash of a list around it, which stays.
            if position + 1 == len(entries):
                return None
            return text[: entry.start] + text[entries[position + 1].start :]
        rest = end if text[end - 1] == "\n" else line_end(text, end) + len(self._newline)
        return text[:begin] + text[rest:]


def inline_key(name: str) -> str:
    """A key as it stands before its colon."""
    return one_line(name)
