"""Objects within records become columns of their own; lists become JSON text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlglot import exp

from pipelines.extract.reading import distinct_names

_NESTED = ("list", "array", "map", "union")


def flat(
    rows: exp.Select, names: Sequence[str], types: Sequence[Any]
) -> tuple[list[str], exp.Query]:
    """The rows with plain columns only, and the names of these columns.

    A field of an object is named `object_field`; a value that is now a number and now a text, as
    JSON allows, is a text.

    Args:
        rows: a `SELECT *` over what was read.
        names: its columns.
        types: their DuckDB types.
    """
    found = [
        part
        for name, kind in zip(names, types, strict=True)
        for part in _parts(name, exp.column(name, quoted=True), kind)
    ]
    shown = distinct_names([name for name, _ in found])
    columns = (
        exp.alias_(value, name, quoted=True) for name, (_, value) in zip(shown, found, strict=True)
    )
    return shown, exp.select(*columns).from_(rows.subquery("read_rows"))


def _parts(name: str, value: exp.Expr, kind: Any) -> Iterator[tuple[str, exp.Expr]]:
    if kind.id == "struct":
        for field, inner in kind.children:
            taken = exp.Anonymous(
                this="struct_extract", expressions=[value.copy(), exp.Literal.string(field)]
            )
            yield from _parts(f"{name}_{field}", taken, inner)
    elif kind.id in _NESTED:
        as_json = exp.Anonymous(this="to_json", expressions=[value])
        yield name, exp.cast(as_json, "VARCHAR")
    elif str(kind) == "JSON":
        yield (
            name,
            exp.Anonymous(this="json_extract_string", expressions=[value, exp.Literal.string("$")]),
        )
    elif str(kind) == '"NULL"':
        yield name, exp.cast(value, "VARCHAR")
    elif str(kind) == "TIMESTAMPTZ_NS":
        # As pandas writes moments; no other type can be made of it.
        yield name, exp.cast(value, "TIMESTAMPTZ")
    else:
        yield name, value
