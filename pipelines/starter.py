"""`rapport init`: a small workspace that works at once and explains itself."""

from __future__ import annotations

import shutil
from pathlib import Path

_TEMPLATE = Path(__file__).parent / "starter_workspace"


def write_starter(directory: Path) -> list[Path]:
    """Copy the commented starter workspace; the files written, in reading order."""
    shutil.copytree(_TEMPLATE, directory, dirs_exist_ok=True)
    order = ("workspace.yaml", "sources", "mappings", "lookups", "cubes", "data")
    written = [directory / path.relative_to(_TEMPLATE) for path in _TEMPLATE.rglob("*.*")]
    return sorted(written, key=lambda p: (order.index(p.relative_to(directory).parts[0]), p))
