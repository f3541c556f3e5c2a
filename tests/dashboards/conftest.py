"""A small company that is really loaded, with a customer whose name means harm."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cubes import FollowingEngine, Query, Result
from dashboards import data
from metadata import load_workspace
from metadata.passwords import hash_password
from pipelines.results import RunReport
from pipelines.run import run
from pipelines.starter import write_starter

HARMFUL = "<img src=x onerror=alert(1)>"
FORMULA = "=1+1"
PASSWORD = "correct horse"
WAIT = 30_000
"""Milliseconds that a page may take on a busy machine."""
expect.set_options(timeout=WAIT)
ROOT = Path(__file__).resolve().parents[2]


def load(folder: Path) -> RunReport:
    """Run the pipeline in a thread: the browser's event loop has ours, and Dagster runs its own."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(run, load_workspace(folder)).result()


@pytest.fixture(scope="session")
def loader() -> Callable[[Path], RunReport]:
    """Loads a workspace."""
    return load


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter workspace, loaded; orders end early in March 2025."""
    folder = tmp_path_factory.mktemp("company")
    write_starter(folder)
    for name, line in (
        ("customers", f'7,Mallory,m@example.com,P,"{HARMFUL}",{FORMULA},2023-05-05'),
        ("orders", "1009,7,2024-03-10"),
        ("order_lines", "1009,1,A-100,1,100.00"),
    ):
        path = folder / "data" / f"{name}.csv"
        path.write_text(f"{path.read_text().rstrip()}\n{line}\n")
    assert load(folder).ok
    return folder


@pytest.fixture(scope="session")
def opened(company: Path) -> data.OpenWorkspace:
    return data.open_workspace(company)


@pytest.fixture
def workspace(opened: data.OpenWorkspace) -> data.OpenWorkspace:
    """The company, open for the pages of this process."""
    return data.use(opened)


@pytest.fixture
def ask(opened: data.OpenWorkspace) -> Callable[[Query], Result]:
    assert isinstance(opened.engine, FollowingEngine)
    return opened.engine.query


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A workspace in which nothing was ever loaded."""
    write_starter(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def password_hash() -> str:
    return hash_password(PASSWORD)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A server of its own, as `rapport serve` starts it; gives its address."""
    command = [sys.executable, "-m", "dashboards", str(folder), "--port", "0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            line = next(line for line in server.stdout if line.startswith("Rapport is at "))
            yield line.split()[3].rstrip("/")
        finally:
            server.terminate()


@pytest.fixture(scope="session")
def serve() -> Callable[[Path], AbstractContextManager[str]]:
    """Serves a workspace while its context lasts."""
    return served


@pytest.fixture(scope="session")
def site(company: Path) -> Iterator[str]:
    with served(company) as address:
        yield address


@pytest.fixture
def page_for(browser, site) -> Iterator[Callable[..., Page]]:
    """Opens pages, in a window of a width, light or dark; what went wrong in them is kept."""
    contexts = []

    def make(path: str, *, width: int = 1280, scheme: str = "light", address: str = "") -> Page:
        context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT)
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.foreign = []
        page.on(
            "request",
            lambda r: (
                page.foreign.append(r.url)
                if not re.match(r"(https?|wss?)://127\.0\.0\.1|data:|blob:", r.url)
                else None
            ),
        )
        page.goto((address or site) + path)
        return page

    yield make
    for context in contexts:
        context.close()
