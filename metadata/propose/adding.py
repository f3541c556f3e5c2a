"""What mappings could gain, put into their own files: nothing that is written there is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from metadata.editing import EditRefused, set_value
from metadata.errors import MetadataError
from metadata.propose.drafts import Draft, DraftColumn, DraftJoin, Proposal
from metadata.propose.writing import plain, reasoned
from metadata.yaml_tree import Document, parse_documents
from metadata.yaml_writing import one_line


def added_texts(proposal: Proposal, texts: Mapping[str, str]) -> dict[str, str]:
    """The files of mappings as they would be with the additions, by path.

    A file that is written in a way that only a person should change is left out.

    Args:
        proposal: the additions.
        texts: the workspace's files by path.
    """
    changed: dict[str, str] = {}
    for addition in proposal.additions:
        place = place_of(proposal, addition, texts)
        if place is None:
            continue
        path, document = place
        try:
            changed[path] = _added(proposal, addition, changed.get(path, texts[path]), document)
        except EditRefused:
            continue
    return changed


def place_of(
    proposal: Proposal, addition: Draft, texts: Mapping[str, str]
) -> tuple[str, int] | None:
    """The file of the mapping that an addition belongs to, and which of its documents it is."""
    table = f"{proposal.source}.{addition.table}"
    for path, text in sorted(texts.items()):
        if not path.startswith("mappings/"):
            continue
        for number, document in enumerate(_documents(text)):
            content = document.content
            if content.get("entity") == addition.entity and content.get("from") == table:
                return path, number
    return None


def addition_lines(proposal: Proposal, addition: Draft) -> Iterator[str]:
    """What a mapping could gain, as it stands in its file, each line with its reason."""
    if addition.joins:
        yield "join:"
        for join in addition.joins:
            shown = f"  {join.alias}: {one_line(_join(proposal, join))}"
            yield from reasoned(shown, join.reason)
    yield "columns:"
    for column in addition.columns:
        yield from reasoned(f"  {column.column}: {one_line(_rule(column))}", _why(column))


def _added(proposal: Proposal, addition: Draft, text: str, document: int) -> str:
    reasons: dict[tuple[str, str], str] = {}
    for join in addition.joins:
        text = set_value(text, ("join", join.alias), _join(proposal, join), document=document)
        reasons["join", join.alias] = join.reason
    for column in addition.columns:
        text = set_value(text, ("columns", column.column), _rule(column), document=document)
        reasons["columns", column.column] = _why(column)
    return _with_reasons(text, document, reasons)


def _with_reasons(text: str, document: int, reasons: Mapping[tuple[str, str], str]) -> str:
    """Reasons above the lines that were added, where a comment can stand there."""
    lines = text.splitlines(keepends=True)
    found = _documents(text)[document]
    numbered = sorted(
        ((found.where(*path).line, why) for path, why in reasons.items()), reverse=True
    )
    for number, why in numbered:
        line = lines[number - 1]
        indent = line[: len(line) - len(line.lstrip())]
        noted = [*lines[: number - 1], f"{indent}# {plain(why)}\n", *lines[number - 1 :]]
        if _same("".join(noted), text):
            lines = noted
    return "".join(lines)


def _rule(column: DraftColumn) -> Any:
    rule = dict(column.rule)
    return rule["from"] if set(rule) == {"from"} else rule


def _why(column: DraftColumn) -> str:
    said = f"{column.confidence:.2f}: {column.reason}"
    return f"{said}; {column.hint}" if column.hint else said


def _join(proposal: Proposal, join: DraftJoin) -> dict[str, Any]:
    found: dict[str, Any] = {"table": f"{proposal.source}.{join.table}", "on": dict(join.on)}
    if join.where is not None:
        found["where"] = join.where
    if join.order_by:
        found["order_by"] = list(join.order_by)
    return found


def _same(one: str, other: str) -> bool:
    try:
        return [d.content for d in _documents(one)] == [d.content for d in _documents(other)]
    except MetadataError:
        return False


def _documents(text: str) -> list[Document]:
    return list(parse_documents(text, "the mapping"))
