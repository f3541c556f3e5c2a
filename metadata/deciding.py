"""Decisions of people about records, written into the files of a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from metadata.editing import append_document, set_value
from metadata.repository import Repository
from metadata.yaml_tree import parse_documents


def decided(
    repository: Repository,
    entity: str,
    keys: tuple[str, ...],
    *,
    together: bool,
    by: str,
    on: date,
    why: str = "",
    texts: Mapping[str, str] | None = None,
) -> tuple[str, str]:
    """The file that says so, and its text. One about the same records takes the place of the old.

    Args:
        repository: the workspace.
        entity: one whose records are matched.
        keys: of the records.
        together: whether they are the same, or apart.
        by: who decides.
        on: the day.
        why: the reason.
        texts: the files as they are now; those that the repository was read from when None.
    """
    known = dict(texts if texts is not None else repository.texts)
    said: dict[str, Any] = {"together" if together else "apart": list(keys), "by": by}
    said["decided"] = on.isoformat()
    said |= {"why": why} if why else {}
    for name in sorted(n for n in known if n.startswith("matching/")):
        for place, document in enumerate(parse_documents(known[name], name)):
            if document.content.get("decisions") != entity:
                continue
            records = list(document.content.get("records") or [])
            at = next((i for i, each in enumerate(records) if _about(each) == set(keys)), None)
            at = len(records) if at is None else at
            if document.content.get("records") is None:
                return name, set_value(known[name], ("records",), [said], document=place)
            return name, set_value(known[name], ("records", at), said, document=place)
    name = f"matching/{entity}_decisions.yaml"
    return name, append_document(known.get(name, ""), {"decisions": entity, "records": [said]})


def _about(record: Mapping[str, Any]) -> set[str]:
    return {str(key) for key in record.get("together") or record.get("apart") or ()}
