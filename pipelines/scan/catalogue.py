"""What a database says about itself: tables, views, columns, keys and comments.

The inspector is asked for all tables of a schema at once, so that a catalogue of any size is read
in a handful of questions where the database can answer them so.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.reflection import Inspector, ObjectKind, ObjectScope

from metadata.scan import ForeignKey, ScannedColumn, ScannedTable
from pipelines.extract.source_types import reflected_type, spelled_type
from pipelines.scan.naming import derived_name, free_name

# Types that the inspector does not know are read as text; it warns of each.
warnings.filterwarnings("ignore", "Did not recognize type|Could not instantiate type")
Key = tuple[str | None, str]
"""Schema (None for the default one) and name, as the inspector gives them."""


@dataclass(frozen=True)
class Catalogued:
    """A table as the database describes it, and as it can be read."""

    table: ScannedTable
    readable: sa.Table


@dataclass(frozen=True)
class Catalogue:
    """All tables of a database, and those that could not be described, with the reason."""

    tables: tuple[Catalogued, ...]
    failures: tuple[tuple[str, str], ...]
    gone: tuple[str, ...]
    """Of the failures, tables that are listed and not there."""


def read_catalogue(engine: sa.Engine, schema: str | None, declared: Mapping[str, str]) -> Catalogue:
    """Describe every table and view.

    Args:
        engine: the database.
        schema: the schema that names without one belong to; None for the database's default.
        declared: native names (`table` or `schema.table`) by the names that `tables:` gives them.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database cannot be reached or read.
    """
    inspector = sa.inspect(engine)
    home = schema or inspector.default_schema_name
    wanted = {name: native.removeprefix(f"{home}.") for name, native in declared.items()}
    names = _Names(schema, inspector.default_schema_name, wanted)
    found: dict[str, Catalogued] = {}
    failures: dict[str, str] = {}
    for each in _schemas(inspector, schema):
        found |= _described(inspector, each, names, failures)
    elsewhere = {native.rpartition(".")[0] for native in set(wanted.values()) - set(found)}
    for each in sorted(elsewhere - {""}):
        there = _described(inspector, each, names, failures)
        found |= {native: there[native] for native in there if native in wanted.values()}
    missing = {name: native for name, native in wanted.items() if native not in found}
    gone = tuple(sorted(name for name in missing if name not in failures))
    for name in gone:
        failures[name] = f"The source has no table '{missing[name]}'."
    tables = [aliased for c in found.values() for aliased in names.all_of(c)]
    ordered = tuple(sorted(tables, key=lambda c: c.table.name))
    return Catalogue(ordered, tuple(sorted(failures.items())), gone)


class _Names:
    """Native names, and what `tables:` calls or would call them."""

    def __init__(
        self, schema: str | None, default: str | None, declared: Mapping[str, str]
    ) -> None:
        self._schema, self._default = schema, default
        self._declared: dict[str, list[str]] = {}
        for name, native in declared.items():
            self._declared.setdefault(native, []).append(name)
        self._taken = set(declared)
        self._given: dict[str, str] = {}

    def native(self, schema: str | None, table: str) -> str:
        """As `name:` of a table in `tables:` would be written."""
        home = (None, self._default) if self._schema is None else (self._schema,)
        return table if schema in home else f"{schema or self._default}.{table}"

    def is_declared(self, native: str) -> bool:
        """Whether `tables:` lists it."""
        return native in self._declared

    def name(self, native: str) -> str:
        """The first declared name, or one made of the native name."""
        if native in self._declared:
            return self._declared[native][0]
        if native not in self._given:
            self._given[native] = free_name(derived_name(native), self._taken)
            self._taken.add(self._given[native])
        return self._given[native]

    def all_of(self, catalogued: Catalogued) -> Iterator[Catalogued]:
        """A table under each of the names it is declared by."""
        table = catalogued.table
        for name in self._declared.get(table.native_name, [table.name]):
            yield Catalogued(table.model_copy(update={"name": name}), catalogued.readable)


def _schemas(inspector: Inspector, schema: str | None) -> list[str | None]:
    """The schema that is named, else all that hold people's own tables."""
    if schema is not None or inspector.dialect.name != "postgresql":
        return [schema]
    others = [
        name
        for name in inspector.get_schema_names()
        if name not in (inspector.default_schema_name, "information_schema")
        and not name.startswith("pg_")
    ]
    return [None, *sorted(others)]


def _described(
    inspector: Inspector, schema: str | None, names: _Names, failures: dict[str, str]
) -> dict[str, Catalogued]:
    """The tables of one schema by their native names."""
    views = _view_names(inspector, schema)
    columns = _all_columns(inspector, schema, names, failures)
    for part in _partitions(inspector, schema):
        if not names.is_declared(names.native(schema, part)):
            columns.pop((schema, part), None)
    keys = _bulk(inspector.get_multi_pk_constraint, schema)
    foreign = _bulk(inspector.get_multi_foreign_keys, schema)
    comments = _bulk(inspector.get_multi_table_comment, schema)
    found: dict[str, Catalogued] = {}
    natives = {names.native(*key): key for key in sorted(columns, key=lambda k: k[1])}
    for native in natives:
        # All are named before any is referred to, so that a name does not depend on references.
        names.name(native)
    for native, key in natives.items():
        described = [
            ScannedColumn(
                name=each["name"],
                type=reflected_type(each["type"]),
                native_type=spelled_type(each["type"], inspector.dialect),
                nullable=bool(each.get("nullable", True)),
                comment=each.get("comment") or "",
            )
            for each in columns[key]
        ]
        table = ScannedTable(
            name=names.name(native),
            native_name=native,
            kind="view" if key[1] in views else "table",
            columns=tuple(described),
            primary_key=tuple((keys.get(key) or {}).get("constrained_columns") or ()),
            foreign_keys=tuple(_foreign_keys(foreign.get(key) or (), names)),
            comment=(comments.get(key) or {}).get("text") or "",
        )
        listed = [sa.Column(each["name"], each["type"]) for each in columns[key]]
        readable = sa.Table(key[1], sa.MetaData(), *listed, schema=key[0], quote=True)
        found[native] = Catalogued(table, readable)
    return found


def _partitions(inspector: Inspector, schema: str | None) -> list[str]:
    """Tables that are only parts of another, which is read as a whole."""
    if inspector.dialect.name != "postgresql":
        return []
    classes = sa.table(
        "pg_class",
        *map(sa.column, ("relname", "relnamespace", "relispartition")),
        schema="pg_catalog",
    )
    spaces = sa.table("pg_namespace", sa.column("oid"), sa.column("nspname"), schema="pg_catalog")
    home = schema or inspector.default_schema_name
    parts = (
        sa.select(classes.c.relname)
        .join_from(classes, spaces, spaces.c.oid == classes.c.relnamespace)
        .where(classes.c.relispartition, spaces.c.nspname == home)
    )
    try:
        with inspector.engine.connect() as connection:
            return list(connection.execute(parts).scalars())
    except sa.exc.SQLAlchemyError:
        # Databases that only speak like PostgreSQL.
        return []


def _view_names(inspector: Inspector, schema: str | None) -> set[str]:
    names = set(inspector.get_view_names(schema))
    if inspector.dialect.name == "postgresql":
        names |= set(inspector.get_materialized_view_names(schema))
    return names


def _all_columns(
    inspector: Inspector, schema: str | None, names: _Names, failures: dict[str, str]
) -> dict[Key, Any]:
    """Columns of every table; where the whole fails for the sake of one, table by table."""
    unreflectable: dict[Key, Exception] = {}
    try:
        found = inspector.get_multi_columns(
            schema, kind=ObjectKind.ANY, scope=ObjectScope.DEFAULT, unreflectable=unreflectable
        )
    except sa.exc.SQLAlchemyError:
        found = {}
        for table in [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]:
            try:
                found[schema, table] = inspector.get_columns(table, schema)
            except sa.exc.SQLAlchemyError as error:
                unreflectable[schema, table] = error
    for key, error in unreflectable.items():
        cause = getattr(error, "orig", None) or error
        failures[names.name(names.native(*key))] = str(cause).splitlines()[0]
    return {key: columns for key, columns in found.items() if columns}


def _bulk(read: Callable[..., Mapping[Key, Any]], schema: str | None) -> Mapping[Key, Any]:
    """Keys or comments of all tables; nothing where the database has no such thing."""
    try:
        return read(schema, kind=ObjectKind.ANY, scope=ObjectScope.DEFAULT)
    except (NotImplementedError, sa.exc.SQLAlchemyError):
        return {}


def _foreign_keys(found: Sequence[Any], names: _Names) -> Iterator[ForeignKey]:
    for each in sorted(found, key=lambda f: f["constrained_columns"]):
        native = names.native(each["referred_schema"], each["referred_table"])
        yield ForeignKey(
            columns=tuple(each["constrained_columns"]),
            table=names.name(native),
            references=tuple(each["referred_columns"]),
        )
