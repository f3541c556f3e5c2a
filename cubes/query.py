"""What is asked of a cube: one frozen value, the same in Python, in JSON and on a command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from metadata.errors import UserError, did_you_mean


@dataclass(frozen=True)
class Sort:
    """One sort key: a measure, or a level that the query groups by."""

    by: str
    descending: bool = False


@dataclass(frozen=True)
class Top:
    """The `n` members of the first row level with the greatest (or least) value of a measure."""

    n: int
    by: str
    descending: bool = True


@dataclass(frozen=True)
class Query:
    """Which figures, grouped by what, for which facts. Names are checked when it is resolved."""

    cube: str
    measures: tuple[str, ...]
    rows: tuple[str, ...] = ()
    """Levels down the side, as `role.attribute`, from wide to narrow."""
    columns: tuple[str, ...] = ()
    """Levels across the top."""
    where: str | None = None
    """Filter text over levels, such as `customer.country = 'Germany'`."""
    totals: bool = False
    """Also subtotals and the grand total; they cover everything the filter lets in."""
    sort: tuple[Sort, ...] = ()
    """Without it, rows follow the natural order of their levels."""
    top: Top | None = None
    limit: int | None = None
    """How many leaf rows at most; totals are not counted and not changed by it."""

    @classmethod
    def from_dict(cls, value: Any) -> Query:
        """A query from JSON-ready values, as `to_dict` makes them.

        Raises:
            UserError: a key is unknown or a value has the wrong shape.

        >>> Query.from_dict({"cube": "sales", "measures": ["revenue"], "limit": 3}).limit
        3
        """
        what = "The query"
        given = _mapping(value, what, _QUERY_KEYS, required=("cube", "measures"))
        top = given.get("top")
        return cls(
            cube=_text(given["cube"], f"{what}: 'cube'"),
            measures=_names(given["measures"], f"{what}: 'measures'"),
            rows=_names(given.get("rows", ()), f"{what}: 'rows'"),
            columns=_names(given.get("columns", ()), f"{what}: 'columns'"),
            where=_optional_text(given.get("where"), f"{what}: 'where'"),
            totals=_flag(given.get("totals", False), f"{what}: 'totals'"),
            sort=tuple(_sort(item) for item in _sequence(given.get("sort", ()), "'sort'")),
            top=None if top is None else _top(top),
            limit=_optional_count(given.get("limit"), f"{what}: 'limit'"),
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values; keys that say nothing are left out."""
        full: dict[str, Any] = {
            "cube": self.cube,
            "measures": list(self.measures),
            "rows": list(self.rows),
            "columns": list(self.columns),
            "where": self.where,
            "totals": self.totals,
            "sort": [{"by": key.by, "descending": key.descending} for key in self.sort],
            "top": self.top
            and {"n": self.top.n, "by": self.top.by, "descending": self.top.descending},
            "limit": self.limit,
        }
        # A limit of 0 equals False, yet it says something (and is refused when it is resolved).
        return {
            key: value
            for key, value in full.items()
            if key in ("cube", "measures") or not (value is None or value is False or value == [])
        }


_QUERY_KEYS = (
    "cube",
    "measures",
    "rows",
    "columns",
    "where",
    "totals",
    "sort",
    "top",
    "limit",
)


def _sort(value: Any) -> Sort:
    if isinstance(value, str):
        return Sort(value)
    given = _mapping(value, "A sort key", ("by", "descending"), required=("by",))
    return Sort(
        _text(given["by"], "A sort key: 'by'"),
        _flag(given.get("descending", False), "A sort key: 'descending'"),
    )


def _top(value: Any) -> Top:
    given = _mapping(value, "'top'", ("n", "by", "descending"), required=("n", "by"))
    n = _optional_count(given["n"], "'top': 'n'")
    if n is None:
        raise UserError("'top': 'n' must be a whole number.", why="It is null.")
    return Top(
        n,
        _text(given["by"], "'top': 'by'"),
        _flag(given.get("descending", True), "'top': 'descending'"),
    )


def _mapping(
    value: Any, what: str, keys: tuple[str, ...], required: tuple[str, ...]
) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(what, "an object with named parts", value)
    for key in value:
        if key not in keys:
            raise UserError(f"{what} has no part '{key}'.", fix=did_you_mean(str(key), keys))
    for key in required:
        if key not in value:
            raise UserError(f"{what} lacks '{key}'.")
    return value


def _sequence(value: Any, what: str) -> tuple[Any, ...]:
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise _wrong(what, "a list", value)
    return tuple(value)


def _names(value: Any, what: str) -> tuple[str, ...]:
    return tuple(_text(item, what) for item in _sequence(value, what))


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise _wrong(what, "text", value)
    return value


def _optional_text(value: Any, what: str) -> str | None:
    return None if value is None else _text(value, what)


def _flag(value: Any, what: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(what, "true or false", value)
    return value


def _optional_count(value: Any, what: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(what, "a whole number", value)
    return value


def _wrong(what: str, wanted: str, value: Any) -> UserError:
    return UserError(f"{what} must be {wanted}.", why=f"It is {value!r:.80}.")
