"""What a published version holds: its tables, their columns and sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A table's columns and how many rows it has, roughly."""

    columns: frozenset[str]
    rows: int


@dataclass(frozen=True)
class Catalogue:
    """The tables of one published version."""

    version: int
    tables: Mapping[str, Table]
