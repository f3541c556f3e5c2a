"""Settings for the tables that drafts read: key, cursor, and how deleted rows become known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from metadata.model.source import SourceTable
from metadata.propose.columns import Known
from metadata.propose.drafts import Draft, DraftTable
from metadata.propose.structure import KnownTable, Structure

_SURE = 0.9
_LOOKBACK = "1 day"


def draft_tables(
    structure: Structure, drafts: Sequence[Draft], defined: Mapping[str, SourceTable]
) -> tuple[DraftTable, ...]:
    """Settings of the tables that drafts read, without what is defined already."""
    read = {table for draft in drafts for table in draft.tables}
    found = [_settings(structure.tables[name], defined.get(name)) for name in sorted(read)]
    # What is defined already and gets nothing new need not be shown.
    return tuple(t for t in found if t.settings or t.hints or t.name not in defined)


def _settings(table: KnownTable, defined: SourceTable | None) -> DraftTable:
    settings: dict[str, Any] = {} if defined is not None else dict(_where_it_is(table))
    reasons: dict[str, str] = {}
    hints: list[str] = []
    keyed = bool(defined and defined.primary_key)
    if table.key and not keyed:
        key = table.key[0] if len(table.key) == 1 else list(table.key)
        if table.key_sure >= _SURE:
            keyed = True
            settings["primary_key"] = key
            reasons["primary_key"] = (
                "the source declares it" if table.key_sure == 1 else "no value occurs twice"
            )
        else:
            shown = ", ".join(table.key)
            hints.append(f"primary_key: [{shown}]  # {table.key_sure:.2f}: likely; not checked")
    deletes = _deletes(table)
    cursor = _cursor(table)
    if cursor is not None and (defined is None or defined.cursor is None):
        if keyed:
            settings |= {"cursor": cursor.name, "lookback": _LOOKBACK}
            reasons["cursor"] = "grows when a row changes"
        else:
            hints.append(f"cursor: {cursor.name}  # once there is a primary key")
    if defined is None or defined.deletes == "none":
        if deletes is not None:
            settings["deletes"] = {"soft_delete": deletes.name}
            reasons["deletes"] = "marks deleted rows"
        elif "cursor" in settings:
            hints.append("deletes: compare_keys  # if rows vanish from the source")
    return DraftTable(table.name, settings, reasons, tuple(hints))


def _where_it_is(table: KnownTable) -> Iterator[tuple[str, str | list[str] | int]]:
    """What the scan read it by, where it is another name than `tables:` gives."""
    found, native = table.table, table.table.native_name
    if found.kind == "file":
        path, _, sheet = native.partition("#")
        yield "path", found.path or path
        if found.sheet or sheet:
            yield "sheet", found.sheet or sheet
        if found.encoding:
            yield "encoding", list(found.encoding)
        if found.header_row:
            yield "header_row", found.header_row
    elif native != table.name:
        yield "name", native


def _cursor(table: KnownTable) -> Known | None:
    """The moment of the last change; files are read as a whole anyway."""
    if table.table.kind == "file":
        return None
    moments = [c for c in table.columns if c.form == "moment" and c.column.type == "timestamp"]
    changed = [c for c in moments if any("updated" in token for token in c.tokens)]
    whole = [c for c in changed if c.column.profile is None or not c.column.profile.nulls]
    return whole[0] if whole else None


def _deletes(table: KnownTable) -> Known | None:
    """A flag or a date that only deleted rows have."""
    if table.table.kind == "file":
        return None
    for column in table.columns:
        if any("deleted" in token for token in column.tokens) and len(column.tokens) <= 2:
            if column.column.type == "boolean" or column.form in ("date", "moment"):
                return column
    return None
