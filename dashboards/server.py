"""One process, one port: the pages, the API, and the guard before both."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import socket
import threading
import webbrowser
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import streamlit as st
import uvicorn
from starlette.middleware import Middleware

from cubes.api import api_routes
from cubes.engine import Engine
from dashboards import data, theme
from dashboards.guard import LOOPBACK, KnownHosts, SecurityHeaders, SignInGate
from dashboards.headline import known_months
from dashboards.session import Sessions, session_secret
from dashboards.sign_in import Doorman
from dashboards.studio.client import close_all
from dashboards.wording import Figures
from metadata.errors import UserError
from metadata.portal import available, load_portal

SHELL = Path(__file__).parent / "shell.py"
_log = logging.getLogger("rapport.server")


def build_app(workspace: Path | data.OpenWorkspace, host: str = "127.0.0.1") -> st.App:
    """The ASGI application of a workspace: pages at `/`, the API under `/api`.

    Args:
        workspace: its folder, or the workspace already open.
        host: address it will be bound to; it decides which Host headers are answered.

    Raises:
        UserError: there is no such workspace, or the address is open to others without users.
    """
    opened = data.use(workspace) if isinstance(workspace, data.OpenWorkspace) else (
        data.open_workspace(workspace)
    )  # fmt: skip
    users = opened.repository.workspace.users
    check_host(host, has_users=bool(users))
    theme.apply_settings(**{"server.address": host})
    return st.App(
        SHELL,
        routes=api_routes(opened.engine, opened.operations),
        middleware=guards(opened, host),
        lifespan=_lifespan(opened),
        on_script_error=_log_error,
    )  # fmt: skip


def serve(
    workspace: Path,
    host: str = "127.0.0.1",
    port: int = 8501,
    *,
    open: bool = False,  # noqa: A002
) -> None:
    """Serve a workspace until interrupted.

    Raises:
        UserError: as `build_app`; or the port is taken.
    """
    app = build_app(workspace, host)
    listener = _bind(host, port)
    port = listener.getsockname()[1]
    address = f"http://{_shown(host)}:{port}/"
    theme.apply_settings(**{"server.address": host, "server.port": port})
    print(
        f"Rapport is at {address} (API: {address}api/openapi.json). Stop with Ctrl+C.", flush=True
    )
    if open:
        threading.Timer(0.8, webbrowser.open, [address]).start()
    settings = uvicorn.Config(
        app, host=host, port=port, log_level="warning", access_log=False, server_header=False,
        proxy_headers=False, ws_max_size=16 * 1024 * 1024, timeout_graceful_shutdown=3,
    )  # fmt: skip
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(settings).run(sockets=[listener])


def guards(opened: data.OpenWorkspace, host: str) -> list[Middleware]:
    """What every request passes, from the outside in."""
    settings = opened.repository.workspace
    secret = session_secret(opened.repository.storage) if settings.users else ""
    return [
        Middleware(SecurityHeaders),
        Middleware(KnownHosts, hosts=known_hosts(host)),
        Middleware(
            SignInGate,
            sessions=Sessions(settings.users, secret),
            doorman=Doorman(settings.users),
            company=settings.name,
        ),
    ]


def check_host(host: str, *, has_users: bool) -> None:
    """Refuse to open the data to a network where nobody has to say who they are."""
    if has_users or is_loopback(host):
        return
    raise UserError(
        f"Rapport is not served at {host} without users.",
        why="Everybody who can reach this machine could read the company's data.",
        fix="Add people with `rapport user NAME` to `users` of workspace.yaml, or serve at"
        " 127.0.0.1 only.",
    )


def is_loopback(host: str) -> bool:
    """Whether an address can only be reached from this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def known_hosts(host: str) -> frozenset[str]:
    """Names to answer to; empty answers to any, for a server behind a name we cannot know.

    A server open to a network asks everybody to sign in, and its cookies belong to its own name
    only, so that a foreign name pointed at it finds nobody signed in.
    """
    return LOOPBACK if is_loopback(host) else frozenset()


def _bind(host: str, port: int) -> socket.socket:
    bare = host.strip("[]")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((bare, port))
    except OSError as error:
        listener.close()
        raise UserError(
            f"Rapport cannot be served at {host}, port {port}.",
            why=f"{(error.strerror or str(error)).rstrip('.')}.",
            fix="Stop what uses the port, or choose another with --port.",
        ) from None
    listener.listen(128)
    return listener


def _shown(host: str) -> str:
    name = {"0.0.0.0": "localhost", "::": "localhost"}.get(host, host)
    return f"[{name}]" if ":" in name and not name.startswith("[") else name


def _lifespan(opened: data.OpenWorkspace) -> Any:
    @contextlib.asynccontextmanager
    async def lifespan(app: st.App) -> AsyncIterator[None]:
        threading.Thread(target=_warm_up, args=[opened], daemon=True).start()
        try:
            yield
        finally:
            close_all()
            if isinstance(opened.engine, Engine):
                opened.engine.close()

    return lifespan


def _warm_up(opened: data.OpenWorkspace) -> None:
    """Get ready what the first page needs, while the person is still opening the browser."""
    with contextlib.suppress(Exception):
        # What Streamlit would import when it first draws a figure or a table.
        import pandas
        from PIL import Image

        _log.debug("Ready: pandas %s, %s", pandas.__version__, Image.__name__)
        symbol = Figures(opened.repository.workspace.currency).symbol
        shown = available(load_portal(opened.repository.root), opened.repository)
        timed = [tile for tile in shown.tiles if tile.when]
        months = known_months(opened.engine.query, timed, datetime.now(UTC).date())
        _log.debug("Ready: amounts in %s, %d months", symbol, len(months))


def _log_error(error: Exception) -> bool:
    """Pages explain failures themselves; what slips through is logged, not shown."""
    _log.error("A page failed.", exc_info=error)
    return False
