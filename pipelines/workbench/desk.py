"""What the workbench can do, by the names under which it is asked."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from metadata import Repository
from metadata.errors import Issue, MetadataError, UserError, did_you_mean
from metadata.loader import Checked, check_workspace, load_workspace, workspace_texts
from metadata.repository import ResolvedMapping
from pipelines.engine import StatementFailed
from pipelines.workbench.looking import told_of
from pipelines.workbench.samples import Samples
from pipelines.workbench.trying import Trials, Trying, Wish

Edited = Mapping[str, str | None]
"""Unsaved texts by file; None is a file that is to be removed."""
_CHECKS_KEPT = 6


class Desk:
    """A workspace laid out: its definitions, saved and edited, and its landed rows."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._checks: OrderedDict[str, Checked] = OrderedDict()
        self._samples: Samples | None = None
        self._tried: Trials | None = None

    def close(self) -> None:
        """Let go of the landed rows."""
        if self._samples is not None:
            self._samples.close()

    def interrupt(self) -> None:
        """Stop the statement that runs now; from another thread."""
        if self._samples is not None:
            self._samples.interrupt()

    def preview(
        self,
        *,
        edited: Edited,
        mapping: str,
        column: str | None = None,
        was: str | None = None,
        before: str | None = None,
        only: tuple[str, ...] = (),
        limit: int = 30,
        sql: bool = False,
        seconds: float = 20.0,
    ) -> dict[str, Any]:
        """Try a mapping.

        Args:
            edited: unsaved texts.
            mapping: its name in the edited workspace.
            column: the column to be looked at; None for whole rows.
            was: what the column is called in the saved mapping, if otherwise.
            before: what the mapping is called in the saved workspace, if otherwise.
            only: kinds of examples to show.
            limit: how many examples or rows at the most.
            sql: whether the statements are wanted too.
            seconds: how long it may take.

        Raises:
            UserError: it cannot be tried, and why.
        """
        texts, saved_texts = self._texts(edited), self._texts({})
        now = self._repository(texts)
        after = _found(now, mapping)
        saved = self._checked(saved_texts).repository
        earlier = _mapping(saved, before or mapping) if saved else None
        wish = Wish(column, was, tuple(only), max(1, min(limit, 500)), sql)
        trials = self._trials(now)
        try:
            with self._rows(now).within(seconds):
                tried = trials.preview(
                    Trying(saved, earlier, _digest(saved_texts)) if saved and earlier else None,
                    Trying(now, after, _digest(texts)),
                    wish,
                )
        except StatementFailed as error:
            raise UserError(
                "These rows cannot be judged that way.",
                where=after.written.where(*(("columns", column) if column else ())),
                why=error.reason,
                fix="Check the expressions and the types of the columns they read.",
            ) from None
        return tried.model_dump(mode="json")

    def repository(self, edited: Edited) -> Repository:
        """The workspace with its edits, when all of it is right.

        Raises:
            MetadataError: definitions are wrong.
        """
        return load_workspace(self._root, texts=self._texts(edited))

    def landed(
        self, *, edited: Edited, table: str, profile: bool = True, seconds: float = 20.0
    ) -> dict[str, Any] | None:
        """What the landing zone holds of a table; None where that is nothing."""
        repository = self._repository(self._texts(edited))
        samples = self._rows(repository)
        with samples.within(seconds):
            found = samples.landed(repository, table)
            if found is None:
                return None
            return told_of(samples, found, profile=profile).model_dump(mode="json")

    def _texts(self, edited: Edited) -> dict[str, str]:
        texts = workspace_texts(self._root)
        for name, text in edited.items():
            if text is None:
                texts.pop(name, None)
            else:
                texts[name] = text
        return texts

    def _checked(self, texts: Mapping[str, str]) -> Checked:
        key = _digest(texts)
        if key not in self._checks:
            self._checks[key] = check_workspace(self._root, texts=texts)
        self._checks.move_to_end(key)
        while len(self._checks) > _CHECKS_KEPT:
            self._checks.popitem(last=False)
        return self._checks[key]

    def _repository(self, texts: Mapping[str, str]) -> Repository:
        checked = self._checked(texts)
        if checked.repository is None:
            raise MetadataError(checked.issues or (Issue("The workspace cannot be read."),))
        return checked.repository

    def _rows(self, repository: Repository) -> Samples:
        if self._samples is None:
            self._samples = Samples(repository)
        return self._samples

    def _trials(self, repository: Repository) -> Trials:
        if self._tried is None:
            self._tried = Trials(self._rows(repository))
        return self._tried


def _digest(texts: Mapping[str, str]) -> str:
    digest = sha256()
    for name in sorted(texts):
        digest.update(f"{name}\0{texts[name]}\0".encode())
    return digest.hexdigest()


def _mapping(repository: Repository, name: str) -> ResolvedMapping | None:
    return next((each for each in repository.mappings if each.name == name), None)


def _found(repository: Repository, name: str) -> ResolvedMapping:
    found = _mapping(repository, name)
    if found is None:
        raise UserError(
            f"The mapping {name} cannot be tried as it is.",
            why="It has problems, or is not there.",
            fix=did_you_mean(name, (each.name for each in repository.mappings))
            or "Mend its problems first.",
        )
    return found
