"""What every request passes before it reaches a page or the API.

Three plain ASGI layers, from the outside in: `SecurityHeaders`, `KnownHosts`, `SignInGate`. They
see websockets too, which is where Streamlit's pages live.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Iterable
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import parse_qsl, quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cubes.api import USER_HEADER
from dashboards.session import Sessions
from dashboards.sign_in import Doorman

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
FAILED_DELAY = 0.4
MOST_FORM_BYTES = 16_384
_PAGE = Template((Path(__file__).parent / "sign_in.html").read_text(encoding="utf-8"))

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Streamlit compiles chart expressions and mounts components from blobs; nothing is fetched
    # from elsewhere, and nobody else may frame the pages.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:;"
        " style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:;"
        " connect-src 'self' ws: wss:; worker-src 'self' blob:; frame-src 'self';"
        " object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
    ),
}


class SecurityHeaders:
    """Adds the headers that make a browser careful."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and add the headers to the answer."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


class KnownHosts:
    """Answers only to the names it is known by, and to pages of its own.

    Without it a hostile page could point its own domain at this machine (DNS rebinding), or open
    a websocket from elsewhere, and read what the person in front of it may read.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is addressed to us."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self.hosts and _host_name(host) not in self.hosts:
            refusal = "This address is not one that Rapport answers to."
        elif not _same_origin(headers.get("origin"), host, scope):
            refusal = "Requests from other sites are not answered."
        else:
            await self.app(scope, receive, send)
            return
        await _refuse(scope, receive, send, refusal, 403)


class SignInGate:
    """Lets in who is signed in; everybody else gets the form, or 401 when a program asks."""

    def __init__(self, app: ASGIApp, sessions: Sessions, doorman: Doorman, company: str) -> None:
        self.app = app
        self.sessions = sessions
        self.doorman = doorman
        self.company = company

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find out who asks, then pass on with the name or refuse."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        scope = _without_user(scope)
        if not self.sessions.users:
            await self.app(scope, receive, send)
            return
        headers, path = Headers(scope=scope), scope["path"]
        if scope["type"] == "http" and path in (SIGN_IN, SIGN_OUT):
            answer = await self._form(Request(scope, receive))
            await answer(scope, receive, send)
            return
        user = self.sessions.user(headers.get("cookie", ""))
        if user is None and path.startswith("/api/"):
            user = await self._basic(headers.get("authorization", ""), scope)
        if user is not None:
            await self.app(_with_user(scope, user), receive, send)
        elif scope["type"] == "http" and _wants_page(scope, headers):
            address = f"{path}?{scope['query_string'].decode('latin-1')}".rstrip("?")
            to = SIGN_IN if address == "/" else f"{SIGN_IN}?next={quote(address, safe='')}"
            await RedirectResponse(to, 303)(scope, receive, send)
        else:
            await _refuse(scope, receive, send, "Please sign in.", 401)

    async def _form(self, request: Request) -> Response:
        secure = request.url.scheme == "https"
        if request.url.path == SIGN_OUT:
            gone = RedirectResponse(SIGN_IN, 303)
            gone.headers["set-cookie"] = self.sessions.ended(secure=secure)
            return gone
        onward = _own_path(request.query_params.get("next", "/"))
        if request.method != "POST":
            return self._page(onward)
        fields = await _fields(request)
        if fields is None:
            return self._page(onward, "That was too much text for a name and a password.", 413)
        name, password = fields.get("name", ""), fields.get("password", "")
        seconds, granted = await self._try(name, password, _address(request.scope))
        if seconds:
            message = f"Too many attempts. Please wait {round(seconds) or 1} seconds."
            return self._page(onward, message, 429)
        if not granted:
            return self._page(onward, "That name and password do not go together.", 401)
        welcome = RedirectResponse(onward, 303)
        welcome.headers["set-cookie"] = self.sessions.cookie(name, secure=secure)
        return welcome

    async def _basic(self, header: str, scope: Scope) -> str | None:
        kind, _, encoded = header.partition(" ")
        if kind.lower() != "basic":
            return None
        try:
            text = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        name, _, password = text.partition(":")
        _, granted = await self._try(name, password, _address(scope))
        return name if granted else None

    async def _try(self, name: str, password: str, address: str) -> tuple[float, bool]:
        seconds = self.doorman.wait(name, address)
        if seconds:
            return seconds, False
        granted = await asyncio.to_thread(self.doorman.check, name, password, address)
        if not granted:
            await asyncio.sleep(FAILED_DELAY)
        return 0.0, granted

    def _page(self, onward: str, message: str = "", status: int = 200) -> Response:
        alert = f'<p class="alert" role="alert">{escape(message)}</p>' if message else ""
        action = SIGN_IN if onward == "/" else f"{SIGN_IN}?next={quote(onward, safe='')}"
        text = _PAGE.substitute(
            company=escape(self.company), alert=alert, action=escape(action, quote=True)
        )
        return HTMLResponse(text, status, {"Cache-Control": "no-store"})


async def _fields(request: Request) -> dict[str, str] | None:
    """The form's fields; None when the body is longer than any sign-in can be."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_FORM_BYTES:
            return None
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _wants_page(scope: Scope, headers: Headers) -> bool:
    is_get = scope["method"] in ("GET", "HEAD")
    for_programs = scope["path"].startswith(("/api/", "/_stcore/"))
    return is_get and not for_programs and "text/html" in headers.get("accept", "")


def _own_path(path: str) -> str:
    """Where to go after signing in: never to another site."""
    parts = urlsplit(path)
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    inside = not parts.scheme and not parts.netloc and parts.path not in (SIGN_IN, SIGN_OUT)
    return path if plain and inside else "/"


def _host_name(host: str) -> str:
    return (urlsplit(f"//{host}").hostname or "").lower() if _is_host(host) else ""


def _is_host(host: str) -> bool:
    return bool(host) and not any(mark in host for mark in "/\\@?# ")


def _same_origin(origin: str | None, host: str, scope: Scope) -> bool:
    if origin is None or (scope["type"] == "http" and scope["method"] in ("GET", "HEAD")):
        return True
    return urlsplit(origin).netloc.lower() == host.lower()


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def _without_user(scope: Scope) -> Scope:
    kept = [(name, value) for name, value in scope["headers"] if name != USER_HEADER.encode()]
    return {**scope, "headers": kept}


def _with_user(scope: Scope, user: str) -> Scope:
    return {**scope, "headers": [*scope["headers"], (USER_HEADER.encode(), user.encode())]}


async def _refuse(scope: Scope, receive: Receive, send: Send, what: str, status: int) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": what})
        return
    issue = {"what": what, "file": None, "line": None, "why": "", "fix": ""}
    answer = JSONResponse({"issues": [issue]}, status)
    if status == 401 and scope["path"].startswith("/api/"):
        answer.headers["www-authenticate"] = 'Basic realm="Rapport", charset="UTF-8"'
    await answer(scope, receive, send)
