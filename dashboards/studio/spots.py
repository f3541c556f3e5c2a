"""A place in a text that a form edits: a map, in its long form however it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dashboards.studio import state
from dashboards.studio.outline import extended
from metadata.editing import append_document, document_count, remove, set_value
from metadata.errors import UserError
from metadata.yaml_tree import parse_documents

Path = tuple[str | int, ...]


def _as_map(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _as_is(value: dict[str, Any]) -> Any:
    return value


@dataclass(frozen=True)
class Spot:
    """A map in a file.

    Where the definition is shipped, `base` is what it says there; the workspace's own file then
    holds only what differs, and `head` is the document that is begun when there is none yet.
    """

    file: str
    document: int | None
    path: Path = ()
    own: Any = None
    """The value in the file as it is written."""
    base: Any = None
    head: dict[str, Any] = field(default_factory=dict)
    long: Callable[[Any], dict[str, Any]] = _as_map
    """From a short form to a map."""
    short: Callable[[dict[str, Any]], Any] = _as_is
    """From a map to the short form, where it has one."""

    @property
    def content(self) -> dict[str, Any]:
        """What holds here: the shipped map extended by the workspace's own."""
        return extended(self.long(self.base), self.long(self.own))

    @property
    def key(self) -> str:
        """Tells this spot from all others, for the keys of widgets."""
        return "|".join((self.file, str(self.document), *map(str, self.path)))

    def at(
        self,
        *steps: str | int,
        long: Callable[[Any], dict[str, Any]] = _as_map,
        short: Callable[[dict[str, Any]], Any] = _as_is,
    ) -> Spot:
        """The spot below this one."""
        return Spot(
            self.file,
            self.document,
            (*self.path, *steps),
            _inside(self.own, steps),
            _inside(self.base, steps),
            self.head,
            long,
            short,
        )

    def set(self, name: str, value: Any) -> None:
        """Give a key another value; None takes the key out."""
        if value is None:
            self.change(lambda content: {k: v for k, v in content.items() if k != name})
        else:
            self.change(lambda content: {**content, name: value})

    def change(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> bool:
        """Change the map; what is shipped just the same is not written."""

        def rewritten(text: str) -> str:
            document = self.document
            if document is None:
                text = append_document(text, self.head)
                document = document_count(text) - 1
            own = self.long(_value(text, document, self.path))
            base = self.long(self.base)
            wanted = change(extended(base, own))
            gone = [name for name in base if name not in wanted]
            if gone:
                raise UserError(
                    f"'{gone[0]}' is part of the shipped model and cannot be taken out.",
                    fix="Change it instead, or leave it unused.",
                )
            kept = {k: _own_part(base.get(k), v) for k, v in wanted.items() if base.get(k) != v}
            if not self.path:
                kept = {**self.head, **kept}
            return _put(text, document, self.path, self.short(kept), keep_empty=not base)

        return state.edit(self.file, rewritten)


@dataclass(frozen=True)
class ItemSpot(Spot):
    """A map in a list: the list is written as a whole, so that it may stand in what is shipped."""

    holder: Spot | None = None
    name: str = ""
    place: int = 0

    @staticmethod
    def of(
        holder: Spot,
        name: str,
        place: int,
        long: Callable[[Any], dict[str, Any]] = _as_map,
        short: Callable[[dict[str, Any]], Any] = _as_is,
    ) -> ItemSpot:
        """The item at a place of the list under a key."""
        own = _inside(listed(holder.content.get(name)), (place,))
        path = (*holder.path, name, place)
        return ItemSpot(
            holder.file, holder.document, path, own, None, holder.head, long, short,
            holder, name, place,
        )  # fmt: skip

    def at(
        self,
        *steps: str | int,
        long: Callable[[Any], dict[str, Any]] = _as_map,
        short: Callable[[dict[str, Any]], Any] = _as_is,
    ) -> Spot:
        """The spot below this one, which is written with the list."""
        (step,) = steps
        return PartSpot(
            self.file, self.document, (*self.path, step), _inside(self.own, (step,)), None,
            self.head, long, short, self, str(step),
        )  # fmt: skip

    def change(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> bool:
        """Change the map in its list."""
        assert self.holder is not None

        def rewritten(content: dict[str, Any]) -> dict[str, Any]:
            items = listed(content.get(self.name))
            items[self.place] = self.short(change(self.long(items[self.place])))
            return {**content, self.name: items}

        return self.holder.change(rewritten)


@dataclass(frozen=True)
class PartSpot(Spot):
    """A map below an item of a list, written with the map that holds it."""

    holder: Spot | None = None
    name: str = ""

    at = ItemSpot.at

    def change(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> bool:
        """Change the map in the map that holds it."""
        assert self.holder is not None

        def rewritten(content: dict[str, Any]) -> dict[str, Any]:
            inner = self.short(change(self.long(content.get(self.name))))
            return {**content, self.name: inner}

        return self.holder.change(rewritten)


def listed(value: Any) -> list[Any]:
    """The items of a list, however it is written: none, one alone, or several."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _own_part(base: Any, wanted: Any) -> Any:
    """Of a map, what the base does not say already."""
    if not isinstance(base, dict) or not isinstance(wanted, dict):
        return wanted
    if any(name not in wanted for name in base):
        return wanted
    return {k: _own_part(base.get(k), v) for k, v in wanted.items() if base.get(k) != v}


def _put(text: str, document: int, path: Path, value: Any, *, keep_empty: bool) -> str:
    empty = value is None or value == {}
    if path and empty and not keep_empty:
        while path and _value(text, document, path) is not None:
            text = remove(text, path, document=document)
            path = path[:-1]
            if not path or _value(text, document, path) != {}:
                break
        return text
    if not path:
        # The whole document: what is taken out must be taken out by name.
        return set_value(text, (), {**value}, document=document)
    return set_value(text, path, value, document=document)


def _inside(value: Any, steps: tuple[str | int, ...]) -> Any:
    for step in steps:
        if isinstance(value, dict):
            value = value.get(str(step))
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _value(text: str, document: int, path: Path) -> Any:
    contents = [each.content for each in parse_documents(text, "the text")]
    return _inside(contents[document], path) if document < len(contents) else None
