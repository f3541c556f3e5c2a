"""What mappings could gain, put into their own files: nothing that is written there is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from metadata.editing import EditRefused, set_value
from metadata.propose.drafts import Draft, DraftJoin, Proposal
from metadata.propose.writing import plain, reasoned, same, short_rule, why
from metadata.yaml_tree import Document, parse_documents
from metadata.yaml_writing import one_line


def added_texts(proposal: Proposal, texts: Mapping[str, str]) -> dict[str, str]:
    """The files of mappings as they would be with the additions, by path.

    A file that is written in a way that only a person should change is left out.

    Args:
        proposal: the additions.
        texts: the workspace's files by path.
    """
    if not proposal.additions:
        return {}
    there = places(texts)
    changed: dict[str, str] = {}
    for addition in proposal.additions:
        place = there.get((addition.entity, f"{proposal.source}.{addition.table}"))
        if place is None:
            continue
        path, document = place
        try:
            changed[path] = _added(proposal, addition, changed.get(path, texts[path]), document)
        except EditRefused:
            continue
    return changed


def places(texts: Mapping[str, str]) -> dict[tuple[str, str], tuple[str, int]]:
    """The mappings by entity and `source.table`: the file of each, and which document it is."""
    found: dict[tuple[str, str], tuple[str, int]] = {}
    for path, text in sorted(texts.items()):
        if not path.startswith("mappings/"):
            continue
        for number, document in enumerate(_documents(text)):
            match document.content:
                case {"entity": str(entity), "from": str(table)}:
                    found.setdefault((entity, table), (path, number))
    return found


def addition_lines(proposal: Proposal, addition: Draft) -> Iterator[str]:
    """What a mapping could gain, as it stands in its file, each line with its reason."""
    if addition.joins:
        yield "join:"
        for join in addition.joins:
            shown = f"  {join.alias}: {one_line(_join(proposal, join))}"
            yield from reasoned(shown, join.reason)
    yield "columns:"
    for column in addition.columns:
        yield from reasoned(f"  {column.column}: {one_line(short_rule(column))}", why(column))


def _added(proposal: Proposal, addition: Draft, text: str, document: int) -> str:
    reasons: dict[tuple[str, str], str] = {}
    for join in addition.joins:
        text = set_value(text, ("join", join.alias), _join(proposal, join), document=document)
        reasons["join", join.alias] = join.reason
    for column in addition.columns:
        text = set_value(text, ("columns", column.column), short_rule(column), document=document)
        reasons["columns", column.column] = why(column)
    return _with_reasons(text, document, reasons)


def _with_reasons(text: str, document: int, reasons: Mapping[tuple[str, str], str]) -> str:
    """Reasons above the lines that were added, where a comment can stand there."""
    lines = text.splitlines(keepends=True)
    found = _documents(text)[document]
    numbered = sorted(
        ((found.where(*path).line, reason) for path, reason in reasons.items()), reverse=True
    )
    for number, reason in numbered:
        line = lines[number - 1]
        indent = line[: len(line) - len(line.lstrip())]
        noted = [*lines[: number - 1], f"{indent}# {plain(reason)}\n", *lines[number - 1 :]]
        if same("".join(noted), text):
            lines = noted
    return "".join(lines)


def _join(proposal: Proposal, join: DraftJoin) -> dict[str, Any]:
    found: dict[str, Any] = {"table": f"{proposal.source}.{join.table}", "on": dict(join.on)}
    if join.where is not None:
        found["where"] = join.where
    if join.order_by:
        found["order_by"] = list(join.order_by)
    return found


def _documents(text: str) -> list[Document]:
    return list(parse_documents(text, "the mapping"))
