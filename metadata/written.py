"""Definitions together with where they are written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from metadata.errors import Location
from metadata.model.base import Definition
from metadata.yaml_tree import Document, extended

D = TypeVar("D", bound=Definition, covariant=True)


@dataclass(frozen=True)
class Written(Generic[D]):
    """A definition together with the documents it was read from (a later one extends the first)."""

    value: D
    documents: tuple[Document, ...]

    @cached_property
    def content(self) -> dict[str, Any]:
        """Everything that is written, as plain values: what a later document says goes."""
        merged: dict[str, Any] = {}
        for document in self.documents:
            merged = extended(merged, document.content)
        return merged

    @property
    def file(self) -> str:
        """The file that speaks last."""
        return self.documents[-1].file

    def where(self, *path: str | int) -> Location:
        """Where a part of the definition stands: in the last document that mentions it."""
        for document in reversed(self.documents):
            node: Any = document.content
            for step in path:
                if not (isinstance(node, dict) and step in node):
                    break
                node = node[step]
            else:
                return document.where(*path)
        return self.documents[-1].where(*path)
