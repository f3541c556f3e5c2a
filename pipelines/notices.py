"""Telling people how a run ended: a webhook, or e-mail. A run never depends on either."""

from __future__ import annotations

import json
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from cubes.lateness import expected_tables
from cubes.operations import Operations
from metadata import Repository
from metadata.errors import Issue, Location, UserError
from metadata.model.notices import EmailNotice, Notices
from pipelines.connect import expanded
from pipelines.results import StepResult

SECONDS = 10.0
"""How long a service may take to receive a notice."""
_WHERE = Location("workspace.yaml")
_MOST = 20
"""Problems that a notice tells one by one."""


def notify(
    repository: Repository, run: str, results: Sequence[StepResult], version: int | None
) -> tuple[Issue, ...]:
    """Tell how a run ended, if the workspace wants that told; what could not be delivered.

    Nothing is raised, whatever fails: what is told of a run is no part of it.
    """
    settings = repository.workspace.notices
    if settings is None:
        return ()
    failed = [r for r in results if r.status in ("failed", "skipped")]
    late = [
        each
        for each in expected_tables(repository, Operations(repository.storage)).values()
        if each.arrival.late
    ]
    warned = any(result.warnings for result in results)
    wanted = {
        "failure": bool(failed or late),
        "warning": bool(failed or late or warned),
        "always": True,
    }
    if not wanted[settings.on]:
        return ()
    issues = [issue for result in results for issue in result.issues]
    issues += [issue for result in results for issue in result.warnings]
    title = f"{repository.workspace.name}: {_outcome(failed, late, warned=warned)}"
    problems = list(dict.fromkeys(issues))
    lines = [title, *map(str, problems[:_MOST])]
    lines += [f"and {len(problems) - _MOST} more."] if problems[_MOST:] else []
    lines += [f"{each.table} is late." for each in late]
    document = {
        "workspace": repository.workspace.name,
        "run": run,
        "ok": not failed,
        "version": version,
        "failed": [result.name for result in failed],
        "late": [each.table for each in late],
        "issues": [issue.as_dict() for issue in problems],
        # What chat services show.
        "text": "\n".join(lines),
    }
    return tuple(_delivered(settings, title, document))


def _outcome(failed: Sequence[object], late: Sequence[object], *, warned: bool) -> str:
    if failed:
        return f"the load failed in {len(failed)} step{'s' * (len(failed) != 1)}"
    if late:
        return f"{len(late)} source table{'s are' if len(late) != 1 else ' is'} late"
    return "loaded with warnings" if warned else "loaded"


def _delivered(settings: Notices, title: str, document: dict[str, object]) -> Iterator[Issue]:
    """Send to everybody; one problem for each that was not reached."""
    if settings.webhook is not None:
        try:
            _post(expanded(settings.webhook, _WHERE), document)
        except UserError as error:
            yield error.issues[0]
        except (OSError, ValueError) as error:
            # An address may hold a key: nothing of it is told, nor what a library says of it.
            yield _undelivered("the webhook", error)
    if settings.email is not None:
        try:
            _mail(settings.email, title, str(document["text"]))
        except UserError as error:
            yield error.issues[0]
        except (OSError, ValueError, smtplib.SMTPException) as error:
            yield _undelivered("the mail server", error)


def _undelivered(to: str, error: Exception) -> Issue:
    reason = type(error).__name__
    if isinstance(error, urllib.error.HTTPError):
        reason = f"It answered {error.code}"
    elif isinstance(error, urllib.error.URLError) and isinstance(error.reason, OSError):
        reason = error.reason.strerror or type(error.reason).__name__
    elif isinstance(error, OSError) and error.strerror:
        reason = error.strerror
    return Issue(
        f"A notice could not be delivered to {to}.",
        _WHERE,
        f"{reason}.",
        "Check the address in the environment. The load itself is not touched.",
    )


def _post(address: str, document: dict[str, object]) -> None:
    if urlsplit(address).scheme not in ("http", "https"):
        raise UserError(
            "The address of the webhook cannot be understood.",
            where=_WHERE,
            fix="It must begin with https:// or http://.",
        )
    request = urllib.request.Request(
        address,
        json.dumps(document, default=str).encode(),
        {"Content-Type": "application/json", "User-Agent": "rapport"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=SECONDS):
        pass


def _mail(settings: EmailNotice, title: str, text: str) -> None:
    server = urlsplit(expanded(settings.server, _WHERE))
    if server.scheme not in ("smtp", "smtps") or not server.hostname:
        raise UserError(
            "The address of the mail server cannot be understood.",
            where=_WHERE,
            fix="Write it as smtp://user:${PASSWORD}@mail.example.com:587, or smtps://...",
        )
    message = EmailMessage()
    message["Subject"] = title
    message["From"] = settings.sender
    message["To"] = ", ".join(settings.to)
    message.set_content(text)
    port = server.port or (465 if server.scheme == "smtps" else 587)
    with _connected(server.scheme, server.hostname, port) as connection:
        connection.ehlo()
        if server.scheme == "smtp" and connection.has_extn("starttls"):
            connection.starttls(context=ssl.create_default_context())
        elif server.scheme == "smtp" and server.username:
            raise ConnectionError(0, "It offers no encryption, so no password was sent to it")
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        connection.send_message(message)


def _connected(scheme: str, host: str, port: int) -> smtplib.SMTP:
    if scheme == "smtps":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=context)
    return smtplib.SMTP(host, port, timeout=SECONDS)
