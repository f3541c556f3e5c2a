"""Where events go: a file, or a service over HTTP. A run never depends on either."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from openlineage.client.serde import Serde
from openlineage.client.transport.file import FileConfig, FileTransport
from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport
from openlineage.client.transport.transport import Transport

from cubes.operations import Operations
from metadata import Repository
from metadata.errors import Issue, Location, UserError
from metadata.lineage import kept_scans, lineage_of
from metadata.model.workspace import LineageExport
from pipelines.connect import expanded
from pipelines.openlineage.events import Event, design_events, run_events

SECONDS = 5.0
"""How long a service may take for one event. The first that fails is the last that is tried."""
_ENDPOINT = "api/v1/lineage"
_WHERE = Location("workspace.yaml")


def write_events(repository: Repository, file: Path) -> int:
    """Write the last run, or the plan where nothing has run, into a file; how many events.

    Raises:
        UserError: the file cannot be written.
    """
    events = list(_last_events(repository))
    temporary = file.with_name(f".{file.name}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as lines:
            lines.writelines(Serde.to_json(event) + "\n" for event in events)
        temporary.replace(file)
    except OSError as error:
        raise UserError(
            f"The events cannot be written to {file}.", why=error.strerror or str(error)
        ) from None
    return len(events)


def tell(repository: Repository, run: str) -> Issue | None:
    """Send the events of a run to where the workspace says; what went wrong, if anything did.

    Nothing is raised, whatever fails: what is told of a run is no part of it.
    """
    settings = repository.workspace.lineage
    if settings is None:
        return None
    try:
        transport, secrets = _transport(repository.root, settings)
    except UserError as error:
        return error.issues[0]
    try:
        operations = Operations(repository.storage)
        past = next(each for each in operations.runs() if each.run == run)
        graph = lineage_of(repository, scans=kept_scans(repository))
        for event in run_events(repository, graph, operations, past):
            transport.emit(event)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        for secret in secrets:
            why = why.replace(secret, "***")
        return Issue(
            f"The events of the run could not be sent to {_shown(settings.openlineage)}.",
            _WHERE,
            why,
            "The load itself is not touched. `rapport lineage --openlineage FILE` writes them.",
        )
    return None


def _last_events(repository: Repository) -> Iterable[Event]:
    """The events of the last run that ended; those of the plan where none has."""
    graph = lineage_of(repository, scans=kept_scans(repository))
    operations = Operations(repository.storage)
    ended = next((run for run in operations.runs() if run.status != "running"), None)
    if ended is None:
        return design_events(repository, graph)
    return run_events(repository, graph, operations, ended)


def _transport(root: Path, settings: LineageExport) -> tuple[Transport, list[str]]:
    """What sends events, and what of its settings must not be told.

    Raises:
        UserError: a variable is not set, or the address cannot be understood.
    """
    address = expanded(settings.openlineage, _WHERE)
    if "://" not in address or address.startswith("file://"):
        path = address if "://" in address else str(root / Path(address).expanduser())
        return FileTransport(FileConfig(path, append=True)), []
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(
            "The address for lineage events cannot be understood.",
            where=_WHERE,
            fix="Write a file, or an address such as https://lineage.example.com.",
        )
    key = expanded(settings.api_key or "", _WHERE)
    base = urlunsplit((parts.scheme, parts.netloc, "/", "", ""))
    endpoint = parts.path.strip("/") or _ENDPOINT
    config = HttpConfig(
        base,
        endpoint=f"{endpoint}?{parts.query}" if parts.query else endpoint,
        timeout=SECONDS,
        retry={"total": 0},
    )
    if key:
        config.auth = ApiKeyTokenProvider({"apiKey": key})
    user_info = parts.netloc.rpartition("@")[0]
    return HttpTransport(config), [each for each in (key, user_info, parts.password) if each]


def _shown(written: str) -> str:
    """The address as it is written, without what may be a password."""
    parts = urlsplit(written)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", "")) if parts.netloc else written
