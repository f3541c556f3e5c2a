"""A source as a whole: its connection, its tables one after another, its failures one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from metadata import Repository
from metadata.errors import UserError
from metadata.uses import Uses, source_uses
from pipelines.connect import Database, Folder, connector
from pipelines.control import Control
from pipelines.extract.databases import DatabaseReader
from pipelines.extract.table import Extracted, TableExtraction
from pipelines.storage import Storage

Outcome = Extracted | UserError


def extract_source(
    repository: Repository,
    storage: Storage,
    control: Control,
    run: str,
    source: str,
    tables: Sequence[str],
    *,
    full: bool = False,
    uses: Uses | None = None,
) -> Iterator[tuple[str, Outcome]]:
    """Read tables of one source; a table that fails does not stop the others.

    Args:
        repository: the workspace.
        storage: where it keeps its data.
        control: where it keeps what it knows of its runs.
        run: the run that reads.
        source: name of the source.
        tables: names of its tables.
        full: whether what was read before counts for nothing.
        uses: what rules read; found out where it is not given.

    Yields:
        Each table's name with what was read, or with the error to show.
    """
    try:
        found = connector(repository, source)
    except UserError as error:
        yield from ((table, error) for table in tables)
        return
    read_by = uses or source_uses(repository)
    reader = None
    if isinstance(found, Database):
        try:
            reader = DatabaseReader(found, repository.sources[source].where("url"))
        except UserError as error:
            yield from ((table, error) for table in tables)
            return
    try:
        for table in tables:
            task = _task(repository, storage, control, run, source, table, read_by, full=full)
            yield table, _outcome(task, found, reader)
    finally:
        if reader is not None:
            reader.close()


def _outcome(
    task: TableExtraction, found: Folder | Database, reader: DatabaseReader | None
) -> Outcome:
    """What was read, or why it was not; whatever happens to one table, the next one is read."""
    try:
        return _read(task, found, reader)
    except UserError as error:
        return error
    except Exception as error:
        reason = error.strerror if isinstance(error, OSError) else None
        failure = UserError(
            f"Reading {task.source}.{task.table} failed.",
            where=task.place,
            why=reason or f"{type(error).__name__}: {error}",
        )
        failure.__cause__ = error
        return failure


def _read(
    task: TableExtraction, found: Folder | Database, reader: DatabaseReader | None
) -> Extracted:
    if isinstance(found, Folder):
        return task.from_folder(found)
    assert reader is not None
    return task.from_database(reader)


def _task(
    repository: Repository,
    storage: Storage,
    control: Control,
    run: str,
    source: str,
    table: str,
    uses: Uses,
    *,
    full: bool,
) -> TableExtraction:
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    return TableExtraction(
        source,
        table,
        repository.source_table(source, table),
        repository.sources[source].where,
        storage,
        control,
        run,
        moment,
        full,
        uses.of_table(f"{source}.{table}"),
    )
