"""Every kind of definition: where it is written, the key it begins with, and its model.

Whatever goes through all kinds (the files of a workspace, the forms of the studio) goes by this, so
that a kind added to `metadata.loader` is there at once.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from metadata.loader import FOLDERS as LOADED
from metadata.model.base import Definition
from metadata.model.mapping import EntityMapping
from metadata.model.portal import Portal
from metadata.model.workspace import Workspace


@dataclass(frozen=True)
class Kind:
    """One kind of definition."""

    name: str
    """The key with which its documents begin, such as `quality`; what a single file is about."""
    folder: str
    """Folder of a workspace in which it is written; empty where there is one file only."""
    file: str
    """The one file; empty where there is a folder."""
    model: type[Definition]

    @property
    def summary(self) -> str:
        """What it is for, as the module of its model begins; else as the model does.

        >>> KINDS["lookup"].summary
        'Codes and what they mean, written here or read from a landed table'
        >>> KINDS["access"].summary
        'Who may see what of the cubes'
        """
        text = " ".join((self.model.__doc__ or "").split())
        words = re.split(r"(?<=\.) ", text)[0].rstrip(".")
        about = " ".join((sys.modules[self.model.__module__].__doc__ or "").split())
        found = re.match(r"`(\w+)/\*\.yaml`: (.+?)\.( |$)", about)
        if found and found.group(1) == self.folder and len(LOADED.get(self.folder, {})) == 1:
            words = found.group(2)
        return words[:1].upper() + words[1:]


def _kinds() -> Mapping[str, Kind]:
    found = {
        "workspace": Kind("workspace", "", "workspace.yaml", Workspace),
        "portal": Kind("portal", "", "portal.yaml", Portal),
        "mapping": Kind("mapping", "mappings", "", EntityMapping),
    }
    for folder, models in LOADED.items():
        for name, model in models.items():
            found[name] = Kind(name, folder, "", model)
    return found


KINDS = _kinds()
"""Kinds by name."""
FOLDERS = tuple(dict.fromkeys(["sources", "mappings", *LOADED]))
"""The folders of a workspace in which definitions lie."""
SINGLE_FILES = tuple(kind.file for kind in KINDS.values() if kind.file)


def kind_of(file: str, keys: Mapping[str, object]) -> Kind | None:
    """Of which kind a document is, by its file's path in the workspace and its keys.

    >>> kind_of("quality/orders.yaml", {"of": "fact_sales", "quality": "enough"}).name
    'quality'
    """
    for kind in KINDS.values():
        if kind.file == file:
            return kind
    folder = file.partition("/")[0]
    if folder == "mappings":
        return KINDS["mapping"]
    return next((KINDS[name] for name in LOADED.get(folder, {}) if name in keys), None)
