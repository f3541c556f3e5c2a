"""Who is signed in: a signed cookie, and the secret that signs it."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from itsdangerous import BadData, URLSafeTimedSerializer

from metadata.errors import UserError
from metadata.model.workspace import User

COOKIE = "rapport_session"
LASTS = 12 * 3600
"""Seconds until a person has to sign in again."""
SECRET_FILE = "session.secret"
SECRET_VARIABLE = "RAPPORT_SESSION_SECRET"


@dataclass(frozen=True)
class Sessions:
    """Makes and reads session cookies.

    A cookie holds the name and a fingerprint of the password's hash, so that a changed password
    or a removed user ends every session at once.
    """

    users: Mapping[str, User]
    secret: str

    def cookie(self, name: str, *, secure: bool) -> str:
        """The Set-Cookie header that signs a person in."""
        token = self._signer.dumps([name, _fingerprint(self.users[name])])
        return _cookie(token, LASTS, secure)

    def ended(self, *, secure: bool) -> str:
        """The Set-Cookie header that signs out."""
        return _cookie("", 0, secure)

    def user(self, cookies: str) -> str | None:
        """The person a Cookie header belongs to, or None."""
        try:
            morsel = SimpleCookie(cookies).get(COOKIE)
        except CookieError:
            return None
        if morsel is None:
            return None
        try:
            name, print_ = self._signer.loads(morsel.value, max_age=LASTS)
        except (BadData, ValueError, TypeError):
            return None
        user = self.users.get(name) if isinstance(name, str) else None
        return name if user is not None and print_ == _fingerprint(user) else None

    @property
    def _signer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.secret, salt="rapport session")


def session_secret(storage: Path) -> str:
    """The secret of a workspace: from the environment, or made once and kept in its storage."""
    given = os.environ.get(SECRET_VARIABLE, "")
    if given:
        if len(given) < 32:
            raise UserError(
                f"{SECRET_VARIABLE} is too short.",
                why="A session secret of fewer than 32 characters can be guessed.",
                fix="Set it to the output of `openssl rand -hex 32`, or leave it unset.",
            )
        return given
    path = storage / SECRET_FILE
    storage.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        kept = path.read_text(encoding="ascii").strip()
        if len(kept) >= 32:
            return kept
        path.unlink()
        return session_secret(storage)
    made = secrets.token_hex(32)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(made)
    return made


def _cookie(value: str, lasts: int, secure: bool) -> str:
    parts = [f"{COOKIE}={value}", "Path=/", f"Max-Age={lasts}", "HttpOnly", "SameSite=Lax"]
    return "; ".join([*parts, "Secure"] if secure else parts)


def _fingerprint(user: User) -> str:
    return hashlib.sha256(user.password.encode()).hexdigest()[:16]
