"""Drafts as YAML to edit: every column with its confidence and reason behind it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from metadata.editing import EditRefused, set_value
from metadata.errors import MetadataError
from metadata.propose.drafts import Draft, DraftColumn, DraftJoin, DraftTable, Proposal
from metadata.yaml_tree import parse_documents
from metadata.yaml_writing import one_line

_WIDTH = 100
_NAMED = 60
"""Columns that nothing uses and that are told by name."""
_ENOUGH = 60
"""Columns of text after which a reason stands on a line of its own."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def mapping_files(proposal: Proposal, least: float, taken: Collection[str] = ()) -> dict[str, str]:
    """A file for each entity, by its path in a workspace.

    Args:
        proposal: the drafts.
        least: confidence below which columns are comments.
        taken: paths of files that are there; none of the drafts' is called so.
    """
    found: dict[str, list[str]] = {}
    for draft in proposal.drafts:
        path = _path(f"mappings/{proposal.source}_{draft.entity}", taken)
        found.setdefault(path, []).append("\n".join(_mapping(proposal, draft)) + "\n")
    return {
        path: _head(proposal, least) + "---\n".join(texts) for path, texts in sorted(found.items())
    }


def _path(stem: str, taken: Collection[str]) -> str:
    numbered = (f"{stem}{f'_{n}' if n > 1 else ''}.yaml" for n in itertools.count(1))
    return next(path for path in numbered if path not in taken)


def tables_text(proposal: Proposal) -> str:
    """The settings of tables, as they stand below `tables:` of the source."""
    lines = [f"# Settings of tables, for the file of the source '{proposal.source}'.", "tables:"]
    for table in proposal.tables:
        lines += [f"  {line}" for line in _table(table)]
    lines += [f"  # {plain(name)}: {reason}" for name, reason in sorted(proposal.left.items())]
    return "\n".join(lines) + "\n"


def source_text(proposal: Proposal, text: str, document: int = 0) -> str:
    """The file of a source with the settings of tables added; nothing in it is changed.

    Args:
        proposal: the drafts.
        text: the file as it is.
        document: which of its documents defines the source.

    Raises:
        EditRefused: the file is written in a way that only a person should change.
    """
    for table in proposal.tables:
        for setting, value in table.settings.items():
            text = set_value(text, ("tables", table.name, setting), value, document=document)
        if not table.settings and not _has_table(text, document, table.name):
            text = set_value(text, ("tables", table.name), {}, document=document)
    return _with_notes(proposal, text, document)


def _head(proposal: Proposal, least: float) -> str:
    return (
        f"# Proposed from the scan of '{proposal.source}' (version {proposal.version},"
        f" {_day(proposal.scanned_at)}). Nothing of it is applied.\n"
        "# The figure behind a column says how often such a proposal is right; what is less\n"
        f"# likely than {least:.2f} is a comment. Correct it, and delete what you do not need.\n\n"
    )


def _day(moment: datetime) -> str:
    return moment.date().isoformat()


def _mapping(proposal: Proposal, draft: Draft) -> Iterator[str]:
    source = proposal.source
    yield f"# {draft.confidence:.2f}: {plain(draft.reason)}"
    if draft.beside:
        names = ", ".join(f"{source}.{table}" for table in draft.beside)
        yield from _wrapped(
            f"Also filled from {names}: rows with the same key become one. Where the tables count"
            " each for itself, put something before the key, or keep only one."
        )
    yield f"entity: {draft.entity}"
    yield f"from: {source}.{draft.table}"
    if draft.joins:
        yield "join:"
        for join in draft.joins:
            yield from reasoned(f"  {join.alias}: {_join(source, join)}", join.reason)
    yield "columns:"
    longest = max(len(column.column) for column in draft.active)
    for column in draft.columns:
        yield from _column(column, longest + 1)
    if draft.where is not None:
        yield f"where: {one_line(draft.where)}"
    if draft.keep:
        yield f"keep: {one_line(list(draft.keep))}"
    yield from _about_missing(draft)
    if draft.unused:
        names = ", ".join(map(plain, draft.unused[:_NAMED]))
        more = len(draft.unused) - _NAMED
        names += f" and {more} more" if more > 0 else ""
        yield from _wrapped(f"Not used of {source}.{draft.table}: {names}.")


def _join(source: str, join: DraftJoin) -> str:
    parts = [f"table: {source}.{join.table}", f"on: {one_line(dict(join.on))}"]
    if join.where is not None:
        parts.append(f"where: {_inner(join.where)}")
    if join.order_by:
        parts.append(f"order_by: {one_line(list(join.order_by))}")
    return f"{{{', '.join(parts)}}}"


def _inner(text: str) -> str:
    """A text as it stands in a map in braces."""
    return one_line([text])[1:-1]


def _column(column: DraftColumn, width: int) -> Iterator[str]:
    text = f"{column.column + ':':<{width}} {one_line(short_rule(column))}"
    yield from reasoned(f"  {text}" if column.active else f"  # {text}", why(column))


def short_rule(column: DraftColumn) -> Any:
    """A column's rule as people write it: a source column alone by its name."""
    rule = dict(column.rule)
    return rule["from"] if set(rule) == {"from"} else rule


def why(column: DraftColumn) -> str:
    """How sure a column is, the reason, and what to look at."""
    said = f"{column.confidence:.2f}: {column.reason}"
    return f"{said}; {column.hint}" if column.hint else said


def reasoned(text: str, reason: str) -> Iterator[str]:
    """A line and its reason: behind it, or above it where the line is long."""
    said = plain(reason)
    if len(text) <= _ENOUGH or len(text) + len(said) + 4 <= _WIDTH:
        yield f"{text}  # {said}"
    else:
        yield f"  # {said}"
        yield text


def _about_missing(draft: Draft) -> Iterator[str]:
    needed = [m for m in draft.missing if m.required]
    for each in needed:
        what = f"Required, and nothing fills it: {each.column} ({each.description})"
        yield from _wrapped(f"{what} Without it every row is set aside.")
    others = [m.column for m in draft.missing if not m.required]
    if others:
        yield from _wrapped(f"Not filled: {', '.join(others)}.")


def _wrapped(text: str) -> Iterator[str]:
    line = "#"
    for word in plain(text).split(" "):
        if len(line) + 1 + len(word) > _WIDTH and line != "#":
            yield line
            line = "#  "
        line += f" {word}"
    yield line


def plain(text: str) -> str:
    """A text as it may stand in a comment: on one line."""
    return _CONTROL.sub(" ", text)


def _table(table: DraftTable) -> Iterator[str]:
    settings = one_line(dict(table.settings))
    reasons = "; ".join(f"{name}: {reason}" for name, reason in table.reasons.items())
    yield f"{table.name}: {settings}" + (f"  # {plain(reasons)}" if reasons else "")
    yield from (f"  # {plain(hint)}" for hint in table.hints)


def _has_table(text: str, document: int, name: str) -> bool:
    content = _documents(text)[document].content
    return name in (content.get("tables") or {})


def _with_notes(proposal: Proposal, text: str, document: int) -> str:
    """Reasons and open questions above the source, where they disturb nothing."""
    notes = [
        f"#   {table.name}: {plain(note)}"
        for table in proposal.tables
        for note in (*(f"{n}, because {r}" for n, r in table.reasons.items()), *table.hints)
    ]
    notes += [f"#   {plain(name)}: {reason}" for name, reason in sorted(proposal.left.items())]
    if not notes:
        return text
    head = f"# Settings proposed from the scan of {_day(proposal.scanned_at)}:"
    start = _start(text, document)
    lines = text.splitlines(keepends=True)
    noted = [f"{line}\n" for line in (head, *notes)]
    changed = "".join([*lines[:start], *noted, *lines[start:]])
    return changed if same(text, changed) else text


def _start(text: str, document: int) -> int:
    """The line on which a document begins, counted from 0."""
    line: int = _documents(text)[document].where().line
    return max(line - 1, 0)


def same(one: str, other: str) -> bool:
    """Whether two files say the same; False where one cannot be read."""
    try:
        return _contents(one) == _contents(other)
    except MetadataError:
        return False


def _contents(text: str) -> Sequence[Mapping[str, Any]]:
    return [each.content for each in _documents(text)]


def _documents(text: str) -> list[Any]:
    return list(parse_documents(text, "the source"))


def all_texts(proposal: Proposal, least: float, taken: Collection[str] = ()) -> Iterable[str]:
    """Everything drafted as one text of YAML documents, for people to read."""
    yield tables_text(proposal)
    for path, text in mapping_files(proposal, least, taken).items():
        yield f"---\n# {path}\n{text}"


__all__ = ["EditRefused", "all_texts", "mapping_files", "source_text", "tables_text"]
