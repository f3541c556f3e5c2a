"""Tables, files and cubes as OpenLineage datasets: named by its conventions, with their columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from openlineage.client.event_v2 import InputDataset, OutputDataset
from openlineage.client.facet_v2 import (
    DatasetFacet,
    dataset_type_dataset,
    datasource_dataset,
    documentation_dataset,
    schema_dataset,
)
from openlineage.client.naming.dataset import LocalFileSystem, MySQL, Postgres

from metadata import Repository, UserError
from metadata.lineage import LineageGraph
from pipelines.connect import EMBEDDED, Database, Folder, connector
from pipelines.storage import Storage

_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "mssql": 1433, "oracle": 1521}
_SCHEMAS = {"postgresql": "public", "mssql": "dbo"}
"""Where tables stand when nobody says otherwise."""


@dataclass(frozen=True)
class Named:
    """A dataset's identity, and where it lies as far as that may be told."""

    namespace: str
    name: str
    source: str
    """Name of the system it lies in."""
    uri: str
    """Address of that system, without a password."""
    kind: str = "TABLE"


@dataclass(frozen=True)
class Datasets:
    """The datasets of one workspace."""

    repository: Repository
    graph: LineageGraph
    namespace: str
    """Namespace of the workspace's jobs and cubes."""

    def source(self, source: str, table: str) -> Named:
        """A table or file in the system it is read from. Nothing is connected to."""
        settings = self.repository.source_table(source, table)
        native = settings.name or settings.path or table
        found = self._sources[source]
        match found:
            case Folder(path):
                address = path.as_uri()
                file = LocalFileSystem(path=str(path / native))
                return Named(file.get_namespace(), file.get_name(), source, address, kind="FILE")
            case Database():
                namespace, name = _in_database(found.url, found.schema, native)
                return Named(namespace, name, source, found.shown)
            case str():
                return Named(found, native, source, found)

    def landed(self, source: str, table: str) -> Named:
        """The folder of a table's batches in the landing zone."""
        folder = self._storage.landed(source, table)
        file = LocalFileSystem(path=str(folder))
        return Named(
            file.get_namespace(), file.get_name(), "landing zone",
            self._storage.landing.as_uri(), "FILE",
        )  # fmt: skip

    def staged(self, table: str) -> Named:
        """A table of the staging database."""
        return self._in_build(self._storage.staging_database, table, "staging")

    def built(self, table: str) -> Named:
        """A table of the warehouse as it is built."""
        return self._in_build(self._storage.warehouse_database, table, "warehouse")

    def published(self, table: str) -> Named:
        """A table as readers see it; its version says which file it lies in."""
        return self._in_build(self._storage.published, table, "published warehouse")

    def shown(self, name: str) -> Named:
        """A cube, or what the portal shows."""
        return Named(self.namespace, name, "cubes", self.repository.root.as_uri(), "MODEL")

    def of_table(self, table_id: str) -> Named:
        """The dataset in which the columns of a table of the graph are read."""
        kind, _, name = table_id.partition(":")
        match kind:
            case "source":
                source, _, table = name.partition(".")
                return self.landed(source, table)
            case "entity":
                return self.staged(name)
            case "cube":
                return self.shown(f"cube.{name}")
            case "tile" | "chart" | "alarm":
                return self.shown(kind)
            case _:
                return self.built(name)

    def input(self, named: Named, columns: Mapping[str, tuple[str, str]]) -> InputDataset:
        """A dataset that is read, with its columns: types and descriptions by name."""
        return InputDataset(named.namespace, named.name, facets=_facets(named, columns))

    def output(self, named: Named, columns: Mapping[str, tuple[str, str]]) -> OutputDataset:
        """A dataset that is made."""
        return OutputDataset(named.namespace, named.name, facets=_facets(named, columns))

    def columns(self, table_id: str) -> dict[str, tuple[str, str]]:
        """Types and descriptions of a table's columns, those of the landing zone as they landed."""
        known = {
            str(node.column): (node.type, node.description) for node in self.graph.columns(table_id)
        }
        if not table_id.startswith("source:"):
            return known
        source, _, table = table_id.removeprefix("source:").partition(".")
        folded = {name.casefold(): about for name, (_, about) in known.items()}
        landed = _landed_columns(self._storage.landed(source, table))
        return {n: (kind, folded.get(n.casefold(), "")) for n, kind in landed.items()} or known

    @cached_property
    def _storage(self) -> Storage:
        return Storage(self.repository.storage)

    @cached_property
    def _sources(self) -> dict[str, Folder | Database | str]:
        return dict(_found(self.repository))

    def _in_build(self, path: Path, table: str, system: str) -> Named:
        return Named(f"duckdb://{path}", table, system, path.as_uri())


def _found(repository: Repository) -> Iterator[tuple[str, Folder | Database | str]]:
    """Where each source leads; its address as written where that cannot be told here."""
    for name, written in repository.sources.items():
        url = written.value.url
        if url.startswith(EMBEDDED):
            # A server of its own is not started to be named.
            folder = (repository.root / url.removeprefix(EMBEDDED)).resolve()
            yield name, f"embedded-postgresql://{folder}"
            continue
        try:
            yield name, connector(repository, name)
        except UserError:
            yield name, f"source://{name}"


def _in_database(url: sa.URL, schema: str | None, native: str) -> tuple[str, str]:
    """Namespace and name of a table in a database."""
    dialect = url.get_backend_name()
    if dialect == "sqlite":
        return f"sqlite://{url.database}", native
    host, port = url.host or "localhost", str(url.port or _PORTS.get(dialect, ""))
    named, _, table = native.rpartition(".")
    within = named or schema or _SCHEMAS.get(dialect, "")
    database = url.database or ""
    naming: Postgres | MySQL
    match dialect:
        case "postgresql":
            naming = Postgres(host, port, database or "postgres", within, table)
        case "mysql" | "mariadb":
            naming = MySQL(host, port, named or schema or database or "mysql", table)
        case _:
            name = ".".join(filter(None, (database, within, table)))
            return f"{dialect}://{host}{':' if port else ''}{port}", name
    return naming.get_namespace(), naming.get_name()


def _landed_columns(folder: Path) -> dict[str, str]:
    """Columns of the newest batch of a table, with their types as Arrow calls them."""
    newest = max(folder.glob("*.parquet"), default=None)
    if newest is None:
        return {}
    try:
        schema: pa.Schema = pq.read_schema(newest)
    except (OSError, pa.ArrowException):
        return {}
    return {field.name: str(field.type) for field in schema}


def _facets(named: Named, columns: Mapping[str, tuple[str, str]]) -> dict[str, DatasetFacet]:
    facets: dict[str, DatasetFacet] = {
        "dataSource": datasource_dataset.DatasourceDatasetFacet(named.source, named.uri),
        "datasetType": dataset_type_dataset.DatasetTypeDatasetFacet(named.kind),
    }
    if columns:
        facets["schema"] = schema_dataset.SchemaDatasetFacet(list(_fields(columns.items())))
    return facets


def _fields(
    columns: Iterable[tuple[str, tuple[str, str]]],
) -> Iterator[schema_dataset.SchemaDatasetFacetFields]:
    for position, (name, (kind, about)) in enumerate(columns, 1):
        yield schema_dataset.SchemaDatasetFacetFields(
            name, type=kind or None, description=about or None, ordinal_position=position
        )


def documented(description: str) -> dict[str, DatasetFacet]:
    """The facet of a dataset's description; none where there is none."""
    if not description:
        return {}
    return {"documentation": documentation_dataset.DocumentationDatasetFacet(description)}
