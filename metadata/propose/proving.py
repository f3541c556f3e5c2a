"""Drafts are checked as they would stand in the workspace; what is refused becomes a comment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from metadata.errors import Issue
from metadata.loader import check_workspace, workspace_texts
from metadata.propose.adding import added_texts
from metadata.propose.drafts import Draft, Proposal
from metadata.propose.writing import mapping_files
from metadata.yaml_tree import parse_documents

_ROUNDS = 5


@dataclass(frozen=True)
class Proved:
    """Drafts that pass the check, and what it says about them nevertheless."""

    proposal: Proposal
    issues: tuple[Issue, ...]
    files: Mapping[str, str]
    """Every file that is drafted or would be changed, by its path in the workspace."""


def prove(root: Path, proposal: Proposal, source: Mapping[str, str], least: float) -> Proved:
    """Check the drafts within the workspace, and take out columns that it refuses.

    Args:
        root: the workspace.
        proposal: the drafts.
        source: the changed file of the source, by its path.
        least: confidence below which columns are comments.
    """
    issues: tuple[Issue, ...] = ()
    there = workspace_texts(root)
    files: dict[str, str] = {}
    for _ in range(_ROUNDS):
        drafts = mapping_files(proposal, least, there)
        files = {**drafts, **added_texts(proposal, there)}
        found = check_workspace(root, texts={**there, **source, **files}).issues
        issues = tuple(i for i in found if i.where and i.where.file in files)
        if not issues:
            break
        mended = _without(proposal, files, issues)
        proposal = mended if mended != proposal else _without_drafts(proposal, drafts, issues)
    return Proved(proposal, issues, {**source, **files})


def _without(proposal: Proposal, files: Mapping[str, str], issues: tuple[Issue, ...]) -> Proposal:
    """The proposal without the columns on whose lines an issue stands."""
    refused: dict[tuple[str, str], str] = {}
    for path, text in files.items():
        lines = {i.where.line: i for i in issues if i.where and i.where.file == path}
        for document in parse_documents(text, path):
            for column in document.content.get("columns", ()):
                issue = lines.get(document.where("columns", column).line)
                if issue is not None:
                    refused[document.content["from"], f"{document.content['entity']}.{column}"] = (
                        " ".join(part for part in (issue.what, issue.why) if part)
                    )
    if not refused:
        return proposal
    additions = (_draft(proposal.source, each, refused) for each in proposal.additions)
    return replace(
        proposal,
        drafts=tuple(_draft(proposal.source, d, refused) for d in proposal.drafts),
        additions=tuple(replace(a, columns=a.active) for a in additions if a.active),
    )


def _without_drafts(
    proposal: Proposal, files: Mapping[str, str], issues: tuple[Issue, ...]
) -> Proposal:
    """The proposal without the drafts that are refused as a whole, each with the reason."""
    refused: dict[tuple[str, str], str] = {}
    for path, text in files.items():
        documents = list(parse_documents(text, path))
        for issue in (i for i in issues if i.where and i.where.file == path):
            line = issue.where.line if issue.where else 0
            before = [d for d in documents if d.where().line <= line] or documents[:1]
            content = before[-1].content
            refused[content["from"], content["entity"]] = issue.what
    kept = [d for d in proposal.drafts if (f"{proposal.source}.{d.table}", d.entity) not in refused]
    read = {table for draft in kept for table in draft.tables}
    left = {
        d.table: f"its draft is refused: {refused[f'{proposal.source}.{d.table}', d.entity]}"
        for d in proposal.drafts
        if d not in kept and d.table not in read
    }
    return replace(proposal, drafts=tuple(kept), left={**proposal.left, **left})


def _draft(source: str, draft: Draft, refused: Mapping[tuple[str, str], str]) -> Draft:
    columns = []
    for column in draft.columns:
        why = refused.get((f"{source}.{draft.table}", f"{draft.entity}.{column.column}"))
        hint = f"refused: {why}" if why else column.hint
        columns.append(replace(column, active=column.active and not why, hint=hint))
    return replace(draft, columns=tuple(columns))
