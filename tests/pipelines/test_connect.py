"""Addresses: what they lead to, and that no secret gets out of them."""

from __future__ import annotations

import pytest

from metadata import UserError
from pipelines.connect import Database, Folder, connector
from pipelines.scan import Look, scan_sources


@pytest.mark.parametrize(
    "secret", ["p@ss/w:rd", "50%", "p%40ss", "a b+c", "#?&=", "ünicode", "simple"]
)
def test_a_password_may_hold_any_character(one_table, monkeypatch, secret):
    monkeypatch.setenv("SECRET", secret)
    found = connector(one_table("postgresql://me:${SECRET}@db.example.com/shop").repository, "s")
    assert isinstance(found, Database)
    assert found.url.password == secret.replace("%40", "@")
    assert (found.url.username, found.url.host) == ("me", "db.example.com")
    assert found.url.render_as_string(hide_password=False).startswith("postgresql+psycopg://me:")


def test_a_variable_may_hold_the_whole_address(one_table, monkeypatch):
    monkeypatch.setenv("SHOP", "mysql://me:p%40ss@db/shop")
    found = connector(one_table("${SHOP}").repository, "s")
    assert isinstance(found, Database)
    assert (found.dialect, found.url.password, found.url.database) == ("mysql", "p@ss", "shop")


def test_secrets_are_neither_shown_nor_repeated(one_table, monkeypatch):
    monkeypatch.setenv("SECRET", "tig@r")
    company = one_table("postgresql://me:${SECRET}@db/shop?sslpassword=lion&application_name=x")
    found = connector(company.repository, "s")
    assert isinstance(found, Database)
    shown = repr(found) + found.shown + found.scrub("refused: tig@r, tig%40r and lion")
    assert not any(secret in shown for secret in ("tig@r", "tig%40r", "lion"))
    assert "application_name=x" in found.shown


@pytest.mark.parametrize("url", ["nosuch://u:hush@h/d", "://hush", "postgresql://u:hush@h:port/d"])
def test_an_address_that_means_nothing_is_told_without_repeating_it(one_table, url):
    with pytest.raises(UserError) as caught:
        connector(one_table(f'"{url}"').repository, "s")
    assert "sources/s.yaml:2" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_folders_start_at_the_workspace(one_table, tmp_path):
    company = one_table("data")
    assert connector(company.repository, "s") == Folder((company.path / "data").resolve())
    company = one_table(f"file://{tmp_path}/a%20b")
    assert connector(company.repository, "s") == Folder(tmp_path / "a b")


def test_an_embedded_server_needs_its_data(one_table):
    with pytest.raises(UserError, match="no PostgreSQL data"):
        connector(one_table("embedded-postgresql:pg").repository, "s")


def test_a_kind_of_database_that_nothing_can_read_is_named(one_table):
    company = one_table("novelty://reader:sesame@host/shop")
    with pytest.raises(UserError) as told:
        connector(company.repository, "s")
    assert "There is no driver for addresses that begin with 'novelty'." in str(told.value)
    assert "sesame" not in str(told.value)


def test_a_password_with_an_at_sign_is_not_taken_for_the_host(one_table):
    company = one_table("postgresql://reader:open@sesame@127.0.0.1:1/shop")
    with pytest.raises(UserError) as told:
        connector(company.repository, "s")
    assert "more than one '@'" in str(told.value) and "%40" in str(told.value)
    assert "sesame" not in str(told.value)


def test_a_file_is_no_folder(one_table, tmp_path):
    (tmp_path / "shop.duckdb").write_bytes(b"x")
    company = one_table(str(tmp_path / "shop.duckdb"))
    (found,) = scan_sources(company.repository, ["s"], Look())
    assert "The source is a file, not a folder." in str(found.issues[0])
