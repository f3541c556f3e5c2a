"""Whether sources deliver what mappings read: told before a statement is made of it."""

from __future__ import annotations

from collections.abc import Mapping

from metadata.errors import Issue, did_you_mean
from metadata.repository import Repository, ResolvedMapping
from metadata.uses import mapping_uses
from transforms.landing import BATCH, ROW
from transforms.statements import Columns


def missing_columns(
    repository: Repository, mapping: ResolvedMapping, landed: Mapping[str, Columns]
) -> list[Issue]:
    """What a mapping names and no landed table has."""
    issues = []
    for use in mapping_uses(mapping.written, repository.lookups):
        known = landed.get(use.table, {})
        # A file without a key has at least the position of its rows.
        if known and use.column in (BATCH, ROW):
            continue
        if use.column.lower() not in {each.lower() for each in known}:
            issues.append(
                Issue(
                    f"{use.table} has no column '{use.column}'.",
                    use.where,
                    "The mapping reads it, but the source does not deliver it."
                    if known
                    else "Nothing of that table has landed yet.",
                    did_you_mean(use.column, known),
                )
            )
    return list(dict.fromkeys(issues))
