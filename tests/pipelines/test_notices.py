"""How a run ended is told to a webhook and by e-mail; nothing hangs on whether it arrives."""

from __future__ import annotations

import json
import socketserver
import threading
from contextlib import contextmanager
from email import message_from_string
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from metadata.errors import Issue, MetadataError
from pipelines.notices import notify
from pipelines.results import StepResult

DONE = StepResult("shop.orders", "extract", "done")
FAILED = StepResult(
    "shop.orders", "extract", "failed", issues=(Issue("The source cannot be reached.", None, "x"),)
)
WARNED = StepResult("dim_customer", "dimensions", "done", warnings=(Issue("Few have an e-mail."),))


@contextmanager
def served(server):
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


class Hook(BaseHTTPRequestHandler):
    got: ClassVar[list] = []
    answer = 204

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).got.append((self.path, json.loads(body)))
        self.send_response(self.answer)
        self.end_headers()

    def log_message(self, *_):
        pass


class Mail(socketserver.StreamRequestHandler):
    """As much of a mail server as takes a message."""

    got: ClassVar[list] = []

    def handle(self):
        def say(text):
            self.wfile.write(f"{text}\r\n".encode())

        say("220 mail")
        while line := self.rfile.readline().decode().strip():
            match line.split()[0].upper():
                case "EHLO":
                    say("250 mail")
                case "DATA":
                    say("354 go on")
                    lines = iter(lambda: self.rfile.readline().decode(), ".\r\n")
                    type(self).got.append("".join(lines))
                    say("250 taken")
                case "QUIT":
                    say("221 bye")
                    return
                case _:
                    say("250 well")


@pytest.fixture
def hook():
    handler = type("Own", (Hook,), {"got": [], "answer": 204})
    with served(HTTPServer(("127.0.0.1", 0), handler)) as port:
        yield handler, f"http://127.0.0.1:{port}/in/s3cret"


@pytest.fixture
def told(starter, monkeypatch):
    def _told(notices, address, *results):
        monkeypatch.setenv("HOOK", address)
        text = (starter.path / "workspace.yaml").read_text()
        if "notices:" not in text:
            starter.write("workspace.yaml", f"{text}\nnotices: {notices}\n")
        return notify(starter.repository, "r1", results, 3)

    return _told


def test_a_webhook_gets_what_failed(hook, told):
    handler, address = hook
    assert told("{webhook: '${HOOK}'}", address, DONE) == ()
    assert handler.got == []
    assert told("", address, FAILED) == ()
    ((path, document),) = handler.got
    assert path == "/in/s3cret"
    assert (document["ok"], document["failed"], document["version"]) == (False, ["shop.orders"], 3)
    assert document["issues"][0]["what"] == "The source cannot be reached."
    assert "the load failed in 1 step" in document["text"]


@pytest.mark.parametrize(
    ("on", "results", "count"),
    [
        ("failure", (WARNED,), 0),
        ("warning", (WARNED,), 1),
        ("warning", (DONE,), 0),
        ("always", (DONE,), 1),
    ],
)
def test_when_it_is_told(hook, told, on, results, count):
    handler, address = hook
    told(f"{{on: {on}, webhook: '${{HOOK}}'}}", address, *results)
    assert len(handler.got) == count


def test_what_cannot_be_delivered_is_told_without_the_address(hook, told):
    handler, address = hook
    handler.answer = 500
    (issue,) = told("{webhook: '${HOOK}'}", address, FAILED)
    assert "It answered 500" in issue.why
    (gone,) = told("", "http://127.0.0.1:9/s3cret", FAILED)
    assert "refused" in gone.why
    (wrong,) = told("", "ftp://s3cret", FAILED)
    assert "cannot be understood" in wrong.what
    assert "s3cret" not in f"{issue}{gone}{wrong}"


def test_mail_reaches_everybody(told):
    handler = type("Own", (Mail,), {"got": []})
    with served(socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)) as port:
        notices = (
            "{email: {to: [a@example.com, b@example.com], from: r@example.com, server: '${HOOK}'}}"
        )
        assert told(notices, f"smtp://127.0.0.1:{port}", FAILED) == ()
    (text,) = handler.got
    message = message_from_string(text, policy=default)
    assert message["To"] == "a@example.com, b@example.com"
    assert "the load failed in 1 step" in message["Subject"]
    assert "The source cannot be reached." in message.get_content()


def test_no_password_is_sent_without_encryption(told):
    handler = type("Own", (Mail,), {"got": []})
    with served(socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)) as port:
        notices = "{email: {to: a@example.com, from: r@example.com, server: '${HOOK}'}}"
        (issue,) = told(notices, f"smtp://u:s3cret@127.0.0.1:{port}", FAILED)
    assert handler.got == []
    assert "no encryption" in issue.why
    assert "s3cret" not in str(issue)


def test_a_run_that_fails_tells_and_ends_as_it_would(starter, hook, monkeypatch):
    handler, address = hook
    monkeypatch.setenv("HOOK", address)
    text = (starter.path / "workspace.yaml").read_text()
    starter.write("workspace.yaml", text + "\nnotices: {webhook: '${HOOK}'}\n")
    (starter.path / "data/orders.csv").unlink()
    report = starter.load()
    assert not report.ok
    assert report.notes == ()
    assert handler.got[0][1]["failed"] == ["shop.orders"]


@pytest.mark.parametrize(
    ("notices", "words"),
    [
        ("{on: failure}", "needs 'webhook' or 'email'"),
        ("{email: {to: nobody, from: r@example.com, server: x}}", "address of one mailbox"),
        ("{email: {to: 'a@b.c, d@e.f', from: r@example.com, server: x}}", "address of one mailbox"),
        ("{on: never, webhook: x}", "on"),
    ],
)
def test_what_cannot_be_told_is_refused(starter, notices, words):
    text = (starter.path / "workspace.yaml").read_text()
    starter.write("workspace.yaml", f"{text}\nnotices: {notices}\n")
    with pytest.raises(MetadataError) as caught:
        _ = starter.repository
    assert words in str(caught.value)
    assert "workspace.yaml:" in str(caught.value)
