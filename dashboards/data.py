"""The one way pages reach data: the open workspace, its cubes, and how it was filled."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import streamlit as st

from cubes import Explanation, FollowingEngine, Query, Result
from cubes.api import USER_HEADER, Answers
from cubes.operations import Operations
from dashboards.wording import Figures
from metadata import Repository, UserError
from metadata.applied import load_to_mend
from metadata.lineage import LineageGraph, kept_scans, lineage_of
from metadata.portal import AvailablePortal, available, load_portal, seen_of
from metadata.repository import ResolvedCube
from metadata.viewers import ENGINEER, AccessRules

MOST_KEPT = 400
"""Results kept in memory for each process; a new version starts afresh."""


@dataclass(frozen=True)
class OpenWorkspace:
    """A workspace with the engine that answers for it."""

    repository: Repository
    engine: Answers
    operations: Operations

    @property
    def published(self) -> Path:
        """Folder of the published versions."""
        return self.repository.storage / "published"


class NothingPublished(UserError):
    """There is no data yet; the page says how to get some."""

    def __init__(self) -> None:
        super().__init__(
            "There is no data here yet.",
            why="No load has finished in this workspace so far.",
            fix="Start one with `rapport run`; this page fills by itself when it is done.",
        )


_open: OpenWorkspace | None = None
_lineage: dict[str, tuple[Repository, LineageGraph]] = {}


def open_workspace(path: Path | str) -> OpenWorkspace:
    """Read a workspace and keep it open for the pages of this process.

    Definitions may be wrong while nothing is published: the studio is where they are mended.

    Raises:
        UserError: there is no workspace, or its settings are wrong.
    """
    engine = FollowingEngine(path, first=load_to_mend(path))
    return use(OpenWorkspace(engine.repository, engine, Operations(engine.repository.storage)))


def user() -> str:
    """Who is signed in; empty where nobody has to."""
    return st.context.headers.get(USER_HEADER) or ""


def may_edit(user: str) -> bool:
    """Whether somebody may use the studio: an engineer, or anybody where there are no users.

    The studio shows raw rows, so where policies hold it is for engineers only.
    """
    users = access().users
    if not users:
        return may_see_raw()
    return user in users and ENGINEER in users[user].role


def may_see_raw() -> bool:
    """Whether whoever looks may see rows as sources delivered them."""
    rules = access()
    return rules.may_see_raw(rules.viewer(user()))


def access() -> AccessRules:
    """The access policies and users in force."""
    engine = workspace().engine
    if isinstance(engine, FollowingEngine):
        return engine.access()
    return AccessRules.of(engine.repository)


def seen() -> Answers:
    """The engine for whoever looks: what they may not see is not there."""
    return workspace().engine.seen_by(user())


def use(workspace: OpenWorkspace) -> OpenWorkspace:
    """Let the pages of this process show a workspace that is already open."""
    global _open
    _open = workspace
    return workspace


def workspace() -> OpenWorkspace:
    """The open workspace."""
    if _open is None:
        raise UserError(
            "No workspace is open.",
            why="The pages were started without one.",
            fix="Start them with `rapport serve`.",
        )
    return _open


def repository() -> Repository:
    """The open workspace's metadata: of the version that answers, which may change at any time.

    Its cubes are those that whoever looks may see.
    """
    return seen().repository


def whole() -> Repository:
    """The metadata of the version that answers, with everything that anybody may see."""
    return workspace().engine.repository


def lineage() -> LineageGraph:
    """The lineage of the open workspace, drawn once for as long as its metadata stays."""
    now, everything = repository(), whole()
    known = _lineage.get(now.seen_as)
    if known is None or known[0] is not everything:
        known = (everything, lineage_of(now, scans=kept_scans(now)))
        # What was drawn of metadata that is gone is not kept.
        for key in [k for k, (of, _) in _lineage.items() if of is not everything]:
            _lineage.pop(key, None)
        _lineage[now.seen_as] = known
    return known[1]


def portal() -> AvailablePortal:
    """What the portal can show to whoever looks."""
    filled = available(load_portal(whole().root), whole())
    return seen_of(filled, repository())


def figures() -> Figures:
    """How figures are written here."""
    settings = repository().workspace
    return Figures(settings.currency, settings.locale)


def version() -> int:
    """The published version that answers.

    Raises:
        NothingPublished: there is none.
    """
    found = workspace().engine.version()
    if found is None:
        raise NothingPublished
    return found


def cubes() -> dict[str, ResolvedCube]:
    """The cubes that can be asked, in the order of their labels."""
    return dict(sorted(repository().cubes.items(), key=lambda item: item[1].label))


def first_cube() -> str:
    """The cube that Explore begins with: the one the Portal begins with."""
    known = cubes()
    with contextlib.suppress(UserError):
        for tile in load_portal(repository().root).value.tiles.values():
            if tile is not None and tile.cube in known:
                return tile.cube
    return next(iter(known), "")


def ask(query: Query) -> Result:
    """A result; asked once for each version, however many people look who see the same."""
    now = seen()
    return _kept()(str(now.repository.root), version(), now.repository.seen_as, query, now)


def explain(query: Query) -> Explanation:
    """How a question is answered."""
    return seen().explain(query)


def members(cube: str, level: str, search: str = "", limit: int = 500) -> list[Any]:
    """Members of a level, in their order."""
    now = seen()
    root, seen_as = str(now.repository.root), now.repository.seen_as
    return _kept_members()(root, version(), seen_as, cube, level, search, limit, now)


def published_at() -> datetime | None:
    """When the version that answers was published."""
    try:
        text = (workspace().published / "current.json").read_text(encoding="utf-8")
        moment = datetime.fromisoformat(json.loads(text)["published_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@functools.cache
def _kept() -> Callable[[str, int, str, Query, Answers], Result]:
    """Results by version and by what is seen. Made on first use: Streamlit's memory is there once
    it runs, and goes by all but what begins with an underscore.
    """

    def answer(root: str, version: int, seen_as: str, query: Query, _seen: Answers) -> Result:
        return _seen.query(query)

    return st.cache_data(max_entries=MOST_KEPT, show_spinner=False)(answer)


@functools.cache
def _kept_members() -> Callable[[str, int, str, str, str, str, int, Answers], list[Any]]:
    def answer(
        root: str, version: int, seen_as: str, cube: str, level: str, search: str, limit: int,
        _seen: Answers,
    ) -> list[Any]:  # fmt: skip
        return list(_seen.members(cube, level, search=search or None, limit=limit))

    return st.cache_data(max_entries=MOST_KEPT, show_spinner=False)(answer)
