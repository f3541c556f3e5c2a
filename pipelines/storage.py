"""Where a workspace's data lies on disk."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cubes.control_tables import CONTROL_FILE, QUARANTINE_FILE
from cubes.database import POINTER, version_file
from metadata import Repository


@dataclass(frozen=True)
class Storage:
    """The folders and files of one workspace; nothing else in the package spells these names."""

    root: Path

    @classmethod
    def of(cls, repository: Repository) -> Storage:
        """The storage of a workspace, with its folders made."""
        storage = cls(repository.storage)
        for folder in (storage.landing, storage.build, storage.published, storage.temporary):
            folder.mkdir(parents=True, exist_ok=True)
        return storage

    @property
    def landing(self) -> Path:
        """Immutable Parquet files, one a batch."""
        return self.root / "landing"

    @property
    def build(self) -> Path:
        """The databases that only a run opens."""
        return self.root / "build"

    @property
    def staging_database(self) -> Path:
        """The database of judged rows."""
        return self.build / "staging.duckdb"

    @property
    def warehouse_database(self) -> Path:
        """The database of the star, as it is built."""
        return self.build / "warehouse.duckdb"

    @property
    def changing(self) -> Path:
        """Names the metadata that the build is being changed to, until that is published."""
        return self.build / "changing"

    @property
    def published(self) -> Path:
        """Immutable copies of the warehouse, and the pointer to the one in force."""
        return self.root / "published"

    @property
    def pointer(self) -> Path:
        """The file that names the version in force."""
        return self.published / POINTER

    @property
    def control(self) -> Path:
        """What the pipeline remembers about its own work."""
        return self.root / CONTROL_FILE

    @property
    def quarantine(self) -> Path:
        """The rows refused by the last run that staged anything."""
        return self.root / QUARANTINE_FILE

    @property
    def lock(self) -> Path:
        """Held by the run at work."""
        return self.root / "run.lock"

    @property
    def readers(self) -> Path:
        """Held by those who read landed batches beside a run."""
        return self.root / "readers.lock"

    @property
    def temporary(self) -> Path:
        """Spill files and transcoded copies; emptied when a run starts."""
        return self.root / "tmp"

    @property
    def logs(self) -> Path:
        """What runs tell in detail."""
        return self.root / "logs"

    def beside(self, folder: Path) -> Storage:
        """A storage of its own in another folder, over the same landed batches.

        What the pipeline remembers is copied; nothing is built or published in it yet.
        """
        other = Storage(folder)
        for made in (other.build, other.published, other.temporary):
            made.mkdir(parents=True)
        other.landing.symlink_to(self.landing, target_is_directory=True)
        with (
            closing(sqlite3.connect(self.control)) as ours,
            closing(sqlite3.connect(other.control)) as theirs,
        ):
            ours.backup(theirs)
        return other

    def landed(self, source: str, table: str) -> Path:
        """The folder of one table's batches."""
        return self.landing / source / table

    def version_file(self, version: int) -> Path:
        """The file of a published version."""
        return version_file(self.published, version)


def replace_durably(temporary: Path, target: Path) -> None:
    """Put a finished file in its place so that it is there whole, or not at all, after a crash."""
    sync(temporary)
    os.replace(temporary, target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    descriptor: Any = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
