"""Sources: what is said of a table must mean something where the table is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from metadata.errors import Issue, Location, did_you_mean
from metadata.expressions import ExpressionError, columns_of
from metadata.model.mapping import EntityMapping, Lookup
from metadata.model.source import SoftDelete, Source, SourceTable
from metadata.repository import Written
from metadata.uses import lookup_uses, mapping_uses

_FOR_FILES = ("path", "sheet", "encoding", "header_row", "delimiter", "null_values")
_OF_FORMAT: Mapping[str, tuple[str, ...]] = {
    "sheet": (".xlsx", ".xls"),
    "delimiter": (".csv", ".tsv", ".txt"),
    "null_values": (".csv", ".tsv", ".txt"),
    "header_row": (".csv", ".tsv", ".txt", ".xlsx", ".xls"),
    "encoding": (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson"),
}
"""The kinds of files for which a setting means something."""
_FORMATS = frozenset(each for every in _OF_FORMAT.values() for each in every) | {".parquet"}
_Where = Callable[..., Location]


def source_issues(sources: Mapping[str, Written[Source]]) -> Iterator[Issue]:
    """What says nothing, or cannot be read, in the definitions of sources."""
    for written in sources.values():
        kind = _kind(written.value)
        if kind == "folder" and written.value.db_schema is not None:
            yield Issue(
                "'schema' is for databases, and this source is a folder.",
                written.where("schema"),
                "Nothing would come of it.",
                "Leave it out; folders below this one are named in the 'path' of a table.",
            )
        for name, settings in written.value.tables.items():

            def where(*path: str, table: str = name, source: Written[Source] = written) -> Location:
                return source.where("tables", table, *path)

            if kind == "database":
                yield from _of_database(settings, where)
            incremental = settings.refresh is not None and settings.refresh.mode == "incremental"
            if kind == "folder" and incremental:
                yield Issue(
                    f"{written.value.source}.{name} cannot be read incrementally.",
                    where("refresh"),
                    "Files have no rows that can be asked for: one that has changed is read whole.",
                    "Leave 'refresh' out; files that have not changed are not read at all.",
                )
            yield from _of_path(settings, where)
            yield from _of_filter(settings, where)


def unread_issues(
    sources: Mapping[str, Written[Source]],
    mappings: Iterable[Written[EntityMapping]],
    lookups: Mapping[str, Written[Lookup]],
) -> Iterator[Issue]:
    """Columns that definitions read and that `columns:` of their table leaves out."""
    listed: dict[str, frozenset[str]] = {}
    for name, written in sources.items():
        for table, settings in written.value.tables.items():
            if settings.columns is not None:
                listed[f"{name}.{table}"] = frozenset(map(str.casefold, columns_landing(settings)))
    uses = (use for mapping in mappings for use in mapping_uses(mapping, lookups))
    own = (use for written in lookups.values() for use in lookup_uses(written))
    for use in dict.fromkeys((*uses, *own)):
        columns = listed.get(use.table)
        known = columns is None or use.column.casefold() in columns
        if columns is not None and not known and not use.column.startswith("_"):
            yield Issue(
                f"'{use.column}' of {use.table} is not read from its source.",
                use.where,
                f"It is not among the 'columns' that are listed, and {use.by} needs it.",
                did_you_mean(use.column, columns) if columns else "Add it there.",
            )


def columns_landing(settings: SourceTable) -> Iterator[str]:
    """The columns that land of a table that lists its own: those, and what reading it needs."""
    yield from settings.columns or ()
    yield from settings.primary_key
    if settings.cursor is not None:
        yield settings.cursor
    if isinstance(settings.deletes, SoftDelete):
        yield settings.deletes.soft_delete


def _kind(source: Source) -> str:
    """Whether an address is of a folder or a database; neither where a variable says it."""
    if source.is_folder:
        return "folder"
    scheme = source.url.partition(":")[0]
    return "" if "${" in scheme else "database"


def _of_database(settings: SourceTable, where: _Where) -> Iterator[Issue]:
    for key in _FOR_FILES:
        if key in settings.model_fields_set:
            yield Issue(
                f"'{key}' is for files, and this source is a database.",
                where(key),
                "Nothing would come of it.",
                "Leave it out.",
            )


def _of_path(settings: SourceTable, where: _Where) -> Iterator[Issue]:
    if settings.path is None:
        return
    path = PurePosixPath(settings.path)
    odd = next((part for part in path.parts if "**" in part and part != "**"), None)
    if not settings.path.strip() or not path.parts:
        yield Issue("The path is empty.", where("path"), "", "Name a file, or leave it out.")
    elif path.is_absolute() or re.match(r"[A-Za-z]:[\\/]", settings.path):
        yield Issue(
            f"The path '{settings.path}' must be relative.",
            where("path"),
            "It starts at the folder of the source.",
            "Make the folder the source's url, and write the path below it.",
        )
    elif odd is not None:
        yield Issue(
            f"'{odd}' is no pattern of file names.",
            where("path"),
            "** stands for any folders, and for nothing else beside it.",
            "Write it between slashes, as in 2024/**/*.csv.",
        )
    else:
        ending = path.suffix.lower()
        for key, endings in _OF_FORMAT.items():
            given = key in settings.model_fields_set
            if given and ending in _FORMATS and ending not in endings:
                yield Issue(
                    f"'{key}' means nothing for {ending} files.", where(key), "", "Leave it out."
                )


def _of_filter(settings: SourceTable, where: _Where) -> Iterator[Issue]:
    if settings.where is None:
        return
    try:
        read = columns_of(settings.where)
    except ExpressionError:
        return
    for parts in read:
        if len(parts) > 1:
            yield Issue(
                f"The filter reads '{'.'.join(parts)}', and a table has only its own columns.",
                where("where"),
                "",
                f"Write '{parts[-1]}'.",
            )
