"""Sources: what is asked of them must be something that their kind can give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from metadata.errors import Issue
from metadata.model.source import Source
from metadata.repository import Written


def check_sources(sources: Mapping[str, Written[Source]]) -> Iterator[Issue]:
    """What cannot hold of a source, whatever is in it."""
    for name, written in sources.items():
        if not written.value.is_folder:
            continue
        for table, settings in written.value.tables.items():
            if settings.refresh is not None and settings.refresh.mode == "incremental":
                yield Issue(
                    f"{name}.{table} cannot be read incrementally.",
                    written.where("tables", table, "refresh"),
                    "Files have no rows that can be asked for: one that has changed is read whole.",
                    "Leave 'refresh' out; files that have not changed are not read at all.",
                )
