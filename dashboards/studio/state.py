"""What one person has open: the draft, its undo steps, and what the edited workspace comes to."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import streamlit as st

from dashboards import data
from dashboards.studio.client import Workbench, workbench
from dashboards.studio.drafts import Draft, DraftFile, DraftMoved, Drafts
from dashboards.studio.outline import Outline, outline
from metadata import Repository
from metadata.errors import Issue, UserError
from metadata.loader import Checked, check_workspace
from metadata.portal import OWN as PORTAL
from metadata.portal import check_portal
from metadata.workfiles import WorkFile, file_names, open_file

_DRAFT, _UNDO, _REDO, _FLASH = "studio_draft", "studio_undo", "studio_redo", "studio_flash"
_ADDRESS = "draft"
_MOST_UNDONE = 50
_CHECKS_KEPT = 8


@dataclass(frozen=True)
class Opened:
    """The workspace as it is edited."""

    saved: Mapping[str, str]
    texts: Mapping[str, str]
    outline: Outline
    checked: Checked

    @property
    def repository(self) -> Repository:
        """What could be bound; where nothing could, what is served."""
        return self.checked.repository or data.whole()


def root() -> Path:
    """The workspace's folder."""
    return data.whole().root


def notes() -> Path:
    """Where the studio keeps drafts and who saved what."""
    return data.whole().storage / "studio"


def user() -> str:
    """Who is here; empty in a workspace without users."""
    return data.user()


def bench() -> Workbench:
    """The workbench of this workspace."""
    return workbench(root())


def drafts() -> Drafts:
    """The drafts of this workspace."""
    return Drafts(notes() / "drafts")


def draft() -> Draft:
    """The draft of this window: the one in the address, or a new one."""
    held: Draft | None = st.session_state.get(_DRAFT)
    if held is None:
        number = st.query_params.get(_ADDRESS, "")
        found = drafts().find(number) if number else None
        if found is not None and found.owner != user():
            flash(
                Issue(
                    "This link leads to somebody else's unsaved changes.",
                    None,
                    "Only who made them may go on with them.",
                    "You see the workspace as it is saved.",
                )
            )
            found = None
        held = found or drafts().new(user())
        st.session_state[_DRAFT] = held
    if held.files:
        st.query_params[_ADDRESS] = held.number
    elif _ADDRESS in st.query_params:
        del st.query_params[_ADDRESS]
    return held


def take_up(found: Draft) -> None:
    """Go on with a draft that was left."""
    st.session_state[_DRAFT] = found
    st.session_state[_UNDO], st.session_state[_REDO] = [], []


def saved_text(name: str) -> WorkFile | None:
    """A file as it is on disk."""
    return open_file(root(), name)


def text_of(name: str) -> str | None:
    """A file's text as it is edited, or else as it is saved."""
    edited = draft().texts
    if name in edited:
        return edited[name]
    found = saved_text(name)
    return found.text if found else None


def edit(name: str, change: Callable[[str], str | None]) -> bool:
    """Change a file's text in the draft; what refuses is told at the top of the page."""
    now = draft()
    try:
        opened = None if name in now.files else saved_text(name)
        before = now.texts[name] if name in now.files else opened.text if opened else None
        after = change(before or "")
    except UserError as error:
        flash(*error.issues)
        return False
    if after == before:
        return True
    return put(now.with_text(name, opened, after))


def put(changed: Draft, *, undone: bool = False) -> bool:
    """Make this the draft, and remember the one before for undoing."""
    now = draft()
    try:
        drafts().keep(changed, now)
    except DraftMoved:
        flash(
            Issue(
                "These changes are open in another window, which is ahead.",
                None,
                "What you just did was not taken over, so that nothing of it is lost.",
                "Go on in the other window, or reload this page.",
            )
        )
        return False
    except OSError as error:
        flash(Issue("The draft could not be kept.", None, error.strerror or str(error)))
    if not undone:
        steps: list[Mapping[str, DraftFile]] = st.session_state.setdefault(_UNDO, [])
        steps.append(now.files)
        del steps[:-_MOST_UNDONE]
        st.session_state[_REDO] = []
    st.session_state[_DRAFT] = changed
    return True


def can_undo() -> bool:
    """Whether there is a step to take back."""
    return bool(st.session_state.get(_UNDO))


def can_redo() -> bool:
    """Whether a step that was taken back can be made again."""
    return bool(st.session_state.get(_REDO))


def undo() -> None:
    """Take back the last edit."""
    _step(_UNDO, _REDO)


def redo() -> None:
    """Make the edit again that was taken back last."""
    _step(_REDO, _UNDO)


def _step(source: str, target: str) -> None:
    steps: list[Mapping[str, DraftFile]] = st.session_state.get(source) or []
    if steps:
        now = draft()
        files = steps.pop()
        st.session_state.setdefault(target, []).append(now.files)
        put(now.with_files(files), undone=True)


def discard(*names: str) -> None:
    """Let go of edits: of these files, or of all."""
    now = draft()
    kept = {n: file for n, file in now.files.items() if names and n not in names}
    put(now.with_files(kept))


def saved() -> None:
    """The draft has been written; it begins anew, and there is nothing to take back."""
    put(draft().with_files({}), undone=True)
    st.session_state[_UNDO], st.session_state[_REDO] = [], []


def flash(*issues: Issue) -> None:
    """Tell something at the top of the page, once."""
    st.session_state.setdefault(_FLASH, []).extend(issues)


def flashed() -> list[Issue]:
    """What is to be told now."""
    told: list[Issue] = st.session_state.pop(_FLASH, [])
    return list(dict.fromkeys(told))


def opened() -> Opened:
    """The workspace with the draft's texts; worked out once for each state of the texts."""
    saved: dict[str, str] = {}
    unread: list[Issue] = []
    for name in file_names(root()):
        try:
            found = saved_text(name)
        except UserError as error:
            unread.extend(error.issues)
            continue
        if found is not None:
            saved[name] = found.text
    texts = dict(saved)
    for name, text in draft().texts.items():
        if text is None:
            texts.pop(name, None)
        else:
            texts[name] = text
    checked = _checked(root(), texts)
    if unread:
        checked = Checked(checked.repository, (*unread, *checked.issues))
    return Opened(saved, texts, outline(texts), checked)


def digest_of(texts: Mapping[str, str]) -> str:
    """Tells one state of texts from all others."""
    digest = sha256()
    for name in sorted(texts):
        digest.update(f"{name}\0{texts[name]}\0".encode())
    return digest.hexdigest()


_checks: OrderedDict[str, Checked] = OrderedDict()
_checks_lock = threading.Lock()


def _checked(folder: Path, texts: Mapping[str, str]) -> Checked:
    key = f"{folder}:{digest_of(texts)}"
    with _checks_lock:
        if key in _checks:
            _checks.move_to_end(key)
            return _checks[key]
    definitions = {name: text for name, text in texts.items() if name != PORTAL}
    try:
        found = check_workspace(folder, texts=definitions)
    except UserError as error:
        found = Checked(None, error.issues)
    # While definitions have problems, what the portal misses may be what they are about to define.
    if PORTAL in texts and found.repository is not None and not found.issues:
        found = Checked(found.repository, check_portal(texts[PORTAL], found.repository))
    with _checks_lock:
        _checks[key] = found
        while len(_checks) > _CHECKS_KEPT:
            _checks.popitem(last=False)
    return found
