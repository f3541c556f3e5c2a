"""Old scans of a source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from metadata.model.maintenance import Kept
from metadata.upkeep import since
from pipelines.scan.keeping import alone

_ALWAYS = 2
"""Scans that are kept whatever a rule says: what has drifted is told between the newest two."""


def scans_to_remove(folder: Path, kept: Kept, now: datetime, zone: ZoneInfo) -> tuple[int, ...]:
    """Versions of scans that a rule does not keep, oldest first."""
    found = sorted(folder.glob("[0-9]*.json"), key=lambda path: int(path.stem))
    old = found[: -max(_ALWAYS, kept.number or 0)]
    if kept.age is not None:
        young = since(kept.age, now, zone)
        old = [p for p in old if datetime.fromtimestamp(p.stat().st_mtime, UTC) < young]
    return tuple(int(path.stem) for path in old)


def remove_scans(folder: Path, versions: Sequence[int]) -> None:
    """Remove scans, while nobody writes one."""
    with alone(folder):
        for version in versions:
            (folder / f"{version:06d}.json").unlink(missing_ok=True)
