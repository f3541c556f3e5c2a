"""An engine that goes by the metadata of whatever version readers see.

Data and metadata change in one instant, when a version is published or rolled back; a question is
answered by one version and the metadata it was built by, never by a mixture.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlglot import exp

from cubes.cell import Cell
from cubes.database import version_file
from cubes.drill import CellFacts
from cubes.engine import Engine, Explanation, Result
from cubes.query import Query
from metadata import Repository
from metadata.applied import (
    access_in_force,
    load_in_force,
    load_state,
    read_state,
    state_numbers,
)
from metadata.errors import UserError
from metadata.viewers import AccessRules


class FollowingEngine:
    """Answers as an `Engine` does, of the version in force. Safe to share by threads."""

    def __init__(self, root: Path | str, *, first: Repository | None = None, **limits: Any) -> None:
        """Open a workspace.

        Args:
            root: the workspace's folder.
            first: what is answered by before anything is published; read from the folder if None.
            limits: `timeout`, `threads` and `memory_limit`, as an engine takes them.

        Raises:
            UserError: there is no workspace, or its metadata is wrong.
        """
        self._root = Path(root)
        self._limits = limits
        self._lock = threading.Lock()
        self._first = first or load_in_force(self._root)
        self._states: dict[int, Repository] = {}
        # Without a version of its own, it says that nothing has been published.
        self._engine = Engine(self._first, **limits)
        self._answers: int | None = None
        self._rules: tuple[tuple[int, ...], Repository, AccessRules] | None = None

    @property
    def repository(self) -> Repository:
        """The metadata of the version that answers."""
        return self._current().repository

    def query(self, query: Query) -> Result:
        """Answer a query; see `Engine.query`."""
        return self._current().query(query)

    def explain(self, query: Query) -> Explanation:
        """How a query would be answered; see `Engine.explain`."""
        return self._current().explain(query)

    def facts_of(self, cell: Cell, *, limit: int = 100, offset: int = 0) -> CellFacts:
        """The fact rows that make one figure; see `Engine.facts_of`."""
        return self._current().facts_of(cell, limit=limit, offset=offset)

    def members(
        self,
        cube: str,
        level: str,
        *,
        search: str | None = None,
        limit: int = 100,
        where: str | None = None,
    ) -> list[Any]:
        """Members of a level; see `Engine.members`."""
        return self._current().members(cube, level, search=search, limit=limit, where=where)

    def seen_by(self, user: str) -> Engine:
        """The engine of the version in force for one person; see `Engine.seen_by`.

        The policies that hold are those applied last, whatever version answers.
        """
        return self._current().seen_by(user, self.access())

    def access(self) -> AccessRules:
        """The policies and users in force."""
        newest = state_numbers(self._first.storage)[-1:]
        repository = self._current().repository
        with self._lock:
            known = self._rules
            if known is None or known[0] != newest or known[1] is not repository:
                known = (newest, repository, access_in_force(self._root, repository))
                self._rules = known
            return known[2]

    def version(self) -> int | None:
        """The version that readers see, or None before the first."""
        return self._current().version()

    def run_select(self, statement: exp.Select) -> pa.Table:
        """Run a SELECT under the guard; see `Engine.run_select`."""
        return self._current().run_select(statement)

    def close(self) -> None:
        """Let go of the published version."""
        with self._lock:
            self._engine.close()
            self._answers = None

    def _current(self) -> Engine:
        """The engine of the version that the pointer names."""
        pointer = self._pointer()
        if pointer is None:
            return self._engine
        version, state = pointer
        with self._lock:
            if self._answers != version:
                # What it answers at the moment it answers to the end.
                self._engine.close()
                self._engine = Engine(self._metadata(state), version=version, **self._limits)
                self._answers = version
            return self._engine

    def _pointer(self) -> tuple[int, int | None] | None:
        """The version that readers see and the state it was built by."""
        published = self._first.storage / "published"
        try:
            found = json.loads((published / "current.json").read_text(encoding="utf-8"))
            version, state = int(found["version"]), found.get("metadata")
        except (OSError, ValueError, KeyError, TypeError):
            # The engine tells what is wrong with the pointer.
            return None
        return (version, state) if version_file(published, version).is_file() else None

    def _metadata(self, state: int | None) -> Repository:
        if state is None:
            return self._first
        if state not in self._states:
            applied = read_state(self._first.storage, state)
            if applied is None:
                raise UserError(
                    f"State {state} of the metadata is not on disk.",
                    why="The version that readers see was built by it.",
                    fix="Publish anew with `rapport run`.",
                )
            self._states[state] = load_state(self._root, applied)
        return self._states[state]


def open_workspace(path: Path | str) -> FollowingEngine:
    """An engine on a workspace folder.

    Raises:
        UserError: there is no workspace, or its metadata is wrong.
    """
    return FollowingEngine(path)
