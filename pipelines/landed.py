"""The landed tables that an entity is staged from, as views that statements read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from metadata import Repository
from pipelines.plan import tables_read
from transforms import Columns, Statement, landed_view
from transforms.landing import TECHNICAL


@dataclass(frozen=True)
class Landed:
    """What has landed for one entity; each mapping's key is `source.table`."""

    views: tuple[Statement, ...]
    columns: Mapping[str, Columns]
    files: Mapping[str, Sequence[Path]]
    """Oldest first."""

    @property
    def batches(self) -> dict[str, list[str]]:
        """Names of the files."""
        return {table: [file.name for file in files] for table, files in self.files.items()}


def landed_tables(
    repository: Repository,
    entity: str,
    files_of: Callable[[str, str], Sequence[Path]],
    columns_of: Callable[[Sequence[Path]], Columns],
) -> Landed:
    """The landed tables of an entity; those of which nothing has landed are left out.

    Args:
        repository: the workspace.
        entity: a mapped entity.
        files_of: the batches of a source's table that matter, oldest first.
        columns_of: the columns of Parquet files taken together.
    """
    views: list[Statement] = []
    columns: dict[str, Columns] = {}
    batches: dict[str, Sequence[Path]] = {}
    for name in sorted(tables_read(repository, entity)):
        source, _, table = name.partition(".")
        files = files_of(source, table)
        if not files:
            continue
        own = {c: kind for c, kind in columns_of(files).items() if c not in TECHNICAL}
        settings = repository.source_table(source, table)
        views += landed_view(source, table, settings, [str(file) for file in files], own)
        columns[name] = own
        batches[name] = files
    return Landed(tuple(views), columns, batches)
