"""Drafts are checked as they would stand in the workspace; what is refused becomes a comment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from metadata.errors import Issue
from metadata.loader import check_workspace, workspace_texts
from metadata.propose.drafts import Draft, Proposal
from metadata.propose.writing import mapping_files
from metadata.yaml_tree import parse_documents

_ROUNDS = 5


@dataclass(frozen=True)
class Proved:
    """Drafts that pass the check, and what it says about them nevertheless."""

    proposal: Proposal
    issues: tuple[Issue, ...]


def prove(root: Path, proposal: Proposal, source: Mapping[str, str], least: float) -> Proved:
    """Check the drafts within the workspace, and take out columns that it refuses.

    Args:
        root: the workspace.
        proposal: the drafts.
        source: the changed file of the source, by its path.
        least: confidence below which columns are comments.
    """
    issues: tuple[Issue, ...] = ()
    for _ in range(_ROUNDS):
        files = mapping_files(proposal, least)
        texts = {**workspace_texts(root), **source, **files}
        found = check_workspace(root, texts=texts).issues
        issues = tuple(i for i in found if i.where and i.where.file in files)
        mended = _without(proposal, files, issues)
        if not issues or mended == proposal:
            break
        proposal = mended
    return Proved(proposal, issues)


def _without(proposal: Proposal, files: Mapping[str, str], issues: tuple[Issue, ...]) -> Proposal:
    """The proposal without the columns on whose lines an issue stands."""
    refused: dict[tuple[str, str], str] = {}
    for path, text in files.items():
        lines = {i.where.line: i for i in issues if i.where and i.where.file == path}
        for document in parse_documents(text, path):
            for column in document.content["columns"]:
                issue = lines.get(document.where("columns", column).line)
                if issue is not None:
                    refused[document.content["from"], f"{document.content['entity']}.{column}"] = (
                        " ".join(part for part in (issue.what, issue.why) if part)
                    )
    if not refused:
        return proposal
    return replace(
        proposal, drafts=tuple(_draft(proposal.source, d, refused) for d in proposal.drafts)
    )


def _draft(source: str, draft: Draft, refused: Mapping[tuple[str, str], str]) -> Draft:
    columns = []
    for column in draft.columns:
        why = refused.get((f"{source}.{draft.table}", f"{draft.entity}.{column.column}"))
        hint = f"refused: {why}" if why else column.hint
        columns.append(replace(column, active=column.active and not why, hint=hint))
    return replace(draft, columns=tuple(columns))
