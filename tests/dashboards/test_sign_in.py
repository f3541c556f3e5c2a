"""Names, passwords, sessions, and patience with those who guess."""

from __future__ import annotations

import stat

import pytest

from dashboards.session import COOKIE, SECRET_VARIABLE, Sessions, session_secret
from dashboards.sign_in import FREE_ATTEMPTS, Doorman
from metadata.errors import UserError
from metadata.model.workspace import User
from metadata.passwords import hash_password

SECRET = "s" * 64


@pytest.fixture
def users(password_hash):
    return {"anna": User(password=password_hash)}


def test_the_right_password_opens_and_everything_else_does_not(users):
    doorman = Doorman(users)
    assert doorman.check("anna", "correct horse", "here")
    assert not doorman.check("anna", "wrong", "here")
    assert not doorman.check("nobody", "correct horse", "here")


def test_guessing_gets_slower_and_a_success_forgives(users):
    now = [0.0]
    doorman = Doorman(users, clock=lambda: now[0])
    waits = []
    for _ in range(FREE_ATTEMPTS + 3):
        doorman.check("anna", "wrong", "here")
        waits.append(doorman.wait("anna", "here"))
    assert waits[: FREE_ATTEMPTS - 1] == [0.0] * (FREE_ATTEMPTS - 1)
    assert waits[FREE_ATTEMPTS - 1 :] == sorted(waits[FREE_ATTEMPTS - 1 :]) and waits[-1] == 16.0
    assert doorman.wait("anna", "elsewhere") == 0.0, "nobody can be locked out from afar"
    assert doorman.wait("berta", "here") > 0.0, "nor can one place walk through all the names"
    now[0] = 16.0
    assert doorman.wait("anna", "here") == 0.0
    assert doorman.check("anna", "correct horse", "here")
    doorman.check("anna", "wrong", "here")
    assert doorman.wait("anna", "here") == 0.0


def test_a_session_is_read_back_and_a_forged_or_foreign_one_is_not(users):
    sessions = Sessions(users, SECRET)
    header = sessions.cookie("anna", secure=False)
    assert "HttpOnly" in header and "SameSite=Lax" in header and "Secure" not in header
    assert "Secure" in sessions.cookie("anna", secure=True)
    cookie = header.split(";")[0]
    assert sessions.user(f"theme=dark; {cookie}") == "anna"
    assert sessions.user(cookie[:-2] + "xx") is None
    assert sessions.user(f"{COOKIE}=") is None
    assert sessions.user("") is None
    assert Sessions(users, "t" * 64).user(cookie) is None


def test_a_new_password_or_a_removed_user_ends_sessions(users):
    cookie = Sessions(users, SECRET).cookie("anna", secure=False).split(";")[0]
    changed = {"anna": User(password=hash_password("another one"))}
    assert Sessions(changed, SECRET).user(cookie) is None
    assert Sessions({}, SECRET).user(cookie) is None


def test_the_secret_is_made_once_and_is_nobody_elses(tmp_path, monkeypatch):
    monkeypatch.delenv(SECRET_VARIABLE, raising=False)
    made = session_secret(tmp_path / "var")
    assert made == session_secret(tmp_path / "var") and len(made) >= 32
    (file,) = (tmp_path / "var").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    monkeypatch.setenv(SECRET_VARIABLE, "e" * 40)
    assert session_secret(tmp_path / "var") == "e" * 40
    monkeypatch.setenv(SECRET_VARIABLE, "short")
    with pytest.raises(UserError, match="too short"):
        session_secret(tmp_path / "var")
