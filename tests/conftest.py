"""What all tests share: programs of the operating system, and the folder of real data."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
_tried: set[str] = set()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Where everything has to be there (RAPPORT_REQUIRE_ALL), a skipped test is a failed one."""
    report = yield
    if report.skipped and os.environ.get("RAPPORT_REQUIRE_ALL") and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"Nothing may be skipped here, but this was: {reason}"
    return report


def system_program(program: str, package: str) -> str:
    """Path of a program; installed through apt where this process may, else the test is skipped."""
    command = f"apt-get install -y --no-install-recommends {package}"
    found = shutil.which(program)
    may_install = (
        os.geteuid() == 0 and shutil.which("apt-get") and not os.environ.get("RAPPORT_NO_INSTALL")
    )
    if not found and may_install and program not in _tried:
        _tried.add(program)
        found = _installed(program, command)
    if not found:
        pytest.skip(f"{program} is not installed; bring it with: {command}")
    return found


def _installed(program: str, command: str) -> str | None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # Tests run in several processes, and apt serves one of them at a time.
    with (Path(tempfile.gettempdir()) / "rapport-tests-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for step in () if shutil.which(program) else ("apt-get update", command):
            done = subprocess.run(
                step.split(), env=environment, capture_output=True, timeout=280, check=False
            )
            if done.returncode:
                break
        return shutil.which(program)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a real Chromium."""
    return system_program("chromium", "chromium")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """A real Chromium at work; one for all tests, for a process can drive only one at a time."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def mariadbd() -> str:
    """Path of a real MariaDB server."""
    return system_program("mariadbd", "mariadb-server")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real companies' data, which lies beside the project and is never copied."""
    folder = Path(os.environ.get("RAPPORT_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "SOURCES.md").is_file():
        pytest.skip(f"The folder of real data is not at {folder}; set RAPPORT_DATA to where it is.")
    return folder
