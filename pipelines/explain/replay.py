"""Landed rows judged again as a published version judged them, in memory and away from any run.

Two databases stand in one in-memory engine, by the names that statements know: `staging`, which is
made here from the landing zone, and `warehouse`, the published version, opened to be read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from metadata import Repository
from metadata.errors import Issue, UserError
from metadata.model.star import Entity
from metadata.repository import ResolvedMapping
from pipelines.explain.golden import as_golden, under_golden_keys, with_their_clusters
from pipelines.extract.folding import all_files, bases_in, standing_for
from pipelines.landed import Landed, landed_tables
from pipelines.lock import reading
from pipelines.origins import TABLE, Origin, origins_query, read_origins
from pipelines.storage import Storage
from transforms import STAGING, WAREHOUSE, Columns
from transforms.delivered import missing_columns
from transforms.elsewhere import referred_entities
from transforms.landing import BATCH, DELETED, ROW, read_files
from transforms.narrowing import landed_rows, rows_of_join, rows_of_keys
from transforms.raw import landed_table
from transforms.staging import judged_rows, rows_elsewhere
from transforms.statements import column, create_table, create_view, named, row_number, table


class Untraceable(Exception):
    """Why some rows cannot be followed to where they came from; the rest of an answer stands."""

    def __init__(self, issue: Issue) -> None:
        super().__init__(issue.what)
        self.issue = issue


class Replay:
    """One version, and what it was staged from. Not to be shared by threads."""

    def __init__(self, repository: Repository, version: int) -> None:
        self.repository = repository
        self.version = version
        self._storage = Storage.of(repository)
        # Batches are not removed while somebody reads them.
        self._reading = reading(self._storage.readers)
        self._reading.__enter__()
        self._entities: dict[str, EntityReplay] = {}
        # Not the workspace's own folder for such files, which every run empties.
        self._spill = tempfile.TemporaryDirectory(prefix="rapport-explain-")
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "preserve_insertion_order": "false",
                "temp_directory": self._spill.name,
            },
        )
        self._connection.execute("SET TimeZone = $1", [repository.workspace.time_zone])
        self._attach(STAGING, exp.Literal.string(":memory:"))
        self._attach(
            WAREHOUSE,
            exp.Literal.string(str(self._storage.version_file(version))),
            exp.AttachOption(this=exp.var("READ_ONLY")),
        )
        self.origins = self._origins()

    def __enter__(self) -> Replay:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()
        self._spill.cleanup()
        self._reading.__exit__(None, None, None)

    def _attach(self, database: str, path: exp.Expr, *options: exp.Expr) -> None:
        named_path = exp.alias_(path, exp.to_identifier(database, quoted=True))
        attach = exp.Attach(this=named_path, expressions=list(options))
        self._connection.execute(attach.sql("duckdb"))

    def _origins(self) -> Mapping[str, Origin]:
        if TABLE not in self.tables(WAREHOUSE):
            return {}
        rows = self._connection.execute(origins_query(WAREHOUSE).sql("duckdb")).fetchall()
        return read_origins(rows)

    def tables(self, database: str) -> set[str]:
        """Names of the tables of a database."""
        query = (
            exp.select("table_name")
            .from_("duckdb_tables()")
            .where(exp.column("database_name").eq(exp.Literal.string(database)))
        )
        return {name for (name,) in self._connection.execute(query.sql("duckdb")).fetchall()}

    def entity(self, name: str) -> EntityReplay:
        """An entity whose rows can be judged again.

        Raises:
            Untraceable: the version does not say what it was staged from, batches are gone, or the
                definitions of today do not fit them.
        """
        if name not in self._entities:
            self._entities[name] = self._prepare(name)
        return self._entities[name]

    def _prepare(self, name: str) -> EntityReplay:
        origin = self.origins.get(name)
        if origin is None:
            raise Untraceable(_no_origin(self.version, name))
        files = {table: self._files(table, listed) for table, listed in origin.landed.items()}
        gone = [file for listed in files.values() for file in listed if not file.is_file()]
        if gone:
            raise Untraceable(_gone(name, gone, sum(map(len, files.values()))))

        def files_of(source: str, table: str) -> Sequence[Path]:
            return files.get(f"{source}.{table}", [])

        landed = landed_tables(self.repository, name, files_of, self._file_columns)
        mappings = tuple(
            m for m in self.repository.mappings_of(name) if m.definition.from_ in landed.columns
        )
        issues = [
            issue for m in mappings for issue in missing_columns(self.repository, m, landed.columns)
        ]
        if issues:
            raise Untraceable(issues[0])
        for statement in landed.views:
            self.run(statement.sql)
        entity = self.repository.entity(name)
        for other in sorted({each for m in mappings for each in referred_entities(m)}):
            self.entity(other).stage()
        for statement in rows_elsewhere(self.repository, mappings, entity, landed.columns):
            self.run(statement.sql, origin.day)
        return EntityReplay(self, entity, landed, mappings, origin.day)

    def _files(self, table: str, listed: Sequence[str]) -> list[Path]:
        """The files of a table that a version was staged from, or the base that stands for them."""
        folder = self._storage.landed(*table.split(".", 1))
        if not all((folder / name).is_file() for name in listed):
            listed = standing_for(listed, bases_in(folder)) or listed
        return [folder / name for name in listed]

    def _file_columns(self, files: Sequence[Path]) -> Columns:
        query = exp.select("*").from_(read_files([str(file) for file in files]))
        described = self._connection.execute(exp.Describe(this=query).sql("duckdb")).fetchall()
        return {name: kind for name, kind, *_ in described}

    def run(self, statement: exp.Expr, today: date | None = None) -> None:
        """Run a statement for its effect."""
        self._execute(statement, today)

    def rows(self, query: exp.Query) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self._execute(query).fetchall()

    def arrow(self, query: exp.Query, today: date | None = None) -> pa.Table:
        """The rows of a query as an Arrow table."""
        with self._told():
            return self._connection.sql(_as_of(query, today).sql("duckdb")).to_arrow_table()

    def in_version(self, query: exp.Select, *own: str) -> exp.Select:
        """A statement about a version's tables, some of which are tables of staging instead."""

        def qualified(node: exp.Expr) -> exp.Expr:
            if isinstance(node, exp.Table) and not node.db and node.name not in named_here:
                return table(node.name, STAGING if node.name in own else WAREHOUSE, node.alias)
            return node

        named_here = {each.alias for each in query.find_all(exp.CTE)}
        changed = query.transform(qualified)
        assert isinstance(changed, exp.Select)
        return changed

    def provide(self, name: str, rows: pa.Table) -> None:
        """Make rows a table of staging."""
        self._connection.register("_provided", rows)
        self.run(create_table(name, STAGING, exp.select("*").from_("_provided")))
        self._connection.unregister("_provided")

    def _execute(self, statement: exp.Expr, today: date | None = None) -> duckdb.DuckDBPyConnection:
        with self._told():
            return self._connection.execute(_as_of(statement, today).sql("duckdb"))

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            raise Untraceable(
                Issue(
                    "The rows cannot be followed any further.",
                    why=str(error).splitlines()[0],
                    fix="If definitions have changed since the version was loaded, load again with"
                    " `rapport run`.",
                )
            ) from error


@dataclass
class EntityReplay:
    """One entity of a replay: judged whole, or the rows of some keys alone."""

    replay: Replay
    entity: Entity
    landed: Landed
    mappings: tuple[ResolvedMapping, ...]
    today: date
    narrow: dict[tuple[str, str], str] = field(default_factory=dict)
    """Narrow tables of the last `judge_few`, by mapping and alias."""
    _runs: int = 0

    @property
    def name(self) -> str:
        """Name of the entity."""
        return self.entity.entity

    def judge_all(self, target: str, condition: exp.Expr) -> None:
        """Judge every landed row, and keep those for which a condition holds as a table."""
        judged = as_golden(self.replay, self.name, self._judged({}), target, self.today)
        kept = exp.select(exp.Star()).from_(judged.subquery("judged", copy=False), copy=False)
        kept.where(condition, copy=False)
        self._keep(target, kept)

    def stage(self) -> None:
        """Make the entity's staged rows a table of its name, for checks that ask for its keys."""
        if self.name not in self.replay.tables(STAGING):
            judged = self._judged({}).subquery("judged", copy=False)
            staged = column("_outcome").eq(exp.Literal.string("staged"))
            keys = exp.select(*map(column, self.entity.key)).from_(judged, copy=False)
            self.replay.run(
                create_table(self.name, STAGING, keys.where(staged, copy=False)), self.today
            )

    def judge_few(self, target: str, wanted: str, listed: str | None = None) -> None:
        """Judge the rows that have wanted keys, and rows that are listed, as they end among all.

        Args:
            target: name of the table to make.
            wanted: table of staging with the entity's key columns.
            listed: table of staging with `_mapping`, `_batch` and `_row` of rows to judge besides.
        """
        wanted = with_their_clusters(self.replay, self.name, wanted)
        self._narrow(wanted, listed, ever=False)
        if any(mapping.definition.deduplicate for mapping in self.mappings):
            # Which of several that are the same is staged, is only seen among all.
            self._judge_among_all(target, wanted, listed)
            return
        few = as_golden(self.replay, self.name, self._judged(self.narrow), target, self.today)
        judged = few.subquery("few", copy=False)
        self._keep(target, exp.select(exp.Star()).from_(judged, copy=False))

    def _judge_among_all(self, target: str, wanted: str, listed: str | None) -> None:
        keys = [column(key, "judged").eq(column(key, "wanted")) for key in self.entity.key]
        found = exp.select("1").from_(table(wanted, STAGING, "wanted")).where(*keys)
        asked: exp.Expr = exp.Exists(this=found)
        if listed is not None:
            names = ("_mapping", BATCH, ROW)
            same = [column(name, "judged").eq(column(name, "listed")) for name in names]
            besides = exp.select("1").from_(table(listed, STAGING, "listed")).where(*same)
            asked = exp.or_(asked, exp.Exists(this=besides))
        judged = self._judged({}).subquery("judged", copy=False)
        few = exp.select(exp.Star()).from_(judged, copy=False).where(asked, copy=False)
        self._keep(target, as_golden(self.replay, self.name, few, target, self.today))

    def judge_ever(self, target: str, wanted: str) -> None:
        """Judge all rows that ever landed with wanted keys, also where newer ones took their place.

        Only their values mean something: among rows of several times, outcomes do not.
        """
        for mapping in self.mappings:
            files = self._files_ever(mapping)
            rows = exp.select(exp.Star()).from_(read_files([str(file) for file in files]))
            rows = rows.where(exp.not_(exp.func("COALESCE", column(DELETED), exp.false())))
            self.replay.run(create_view(_ever(mapping), STAGING, rows))
        self._narrow(with_their_clusters(self.replay, self.name, wanted), None, ever=True)
        ever = under_golden_keys(self.replay, self.name, self._judged(self.narrow))
        judged = ever.subquery("ever", copy=False)
        self._keep(target, exp.select(exp.Star()).from_(judged, copy=False))

    def _narrow(self, wanted: str, listed: str | None, *, ever: bool) -> None:
        """Make narrow tables of the landed rows that judging wanted keys takes."""
        self._runs += 1
        self.narrow = {}

        def looked_in(mapping: ResolvedMapping, alias: str) -> str:
            return _ever(mapping) if ever and not alias else landed_table(mapping, alias)

        repository, landed = self.replay.repository, self.landed.columns
        for place, mapping in enumerate(self.mappings):
            stem = f"few_{self._runs}_{self.name}_{place}"
            found: exp.Query = rows_of_keys(
                repository, mapping, self.entity, landed, wanted, looked_in
            )
            if listed is not None:
                besides = exp.select(column(BATCH), column(ROW)).from_(table(listed, STAGING))
                mine = column("_mapping").eq(exp.Literal.string(mapping.name))
                found = exp.union(found, besides.where(mine))
            files = self._files_ever(mapping) if ever else None
            self._bring(mapping, "", stem, found, files)
            for alias in mapping.definition.join:
                picked = rows_of_join(mapping, alias, landed, self.reading)
                self._bring(mapping, alias, stem, picked)

    def _files_ever(self, mapping: ResolvedMapping) -> list[Path]:
        """All batches of a mapping's table that had landed when the version was staged."""
        newest = self.landed.files[mapping.definition.from_][-1]
        return all_files(newest.parent, newest.name)

    def reading(self, mapping: ResolvedMapping, alias: str) -> str:
        """The narrow table that a mapping reads under an alias."""
        return self.narrow[(mapping.name, alias)]

    def _bring(
        self,
        mapping: ResolvedMapping,
        alias: str,
        stem: str,
        found: exp.Query,
        of: Sequence[Path] | None = None,
    ) -> None:
        """Make a narrow table of the landed rows that a query lists by batch and row."""
        definition = mapping.definition
        landed = definition.join[alias].table if alias else definition.from_
        listed, target = f"{stem}__{alias}__listed", f"{stem}__{alias}"
        self.replay.run(create_table(listed, STAGING, found), self.today)
        files = [str(file) for file in of or self.landed.files[landed]]
        rows = landed_rows(files, self.landed.columns[landed], listed)
        self.replay.run(create_table(target, STAGING, rows))
        self.narrow[(mapping.name, alias)] = target

    def _judged(self, narrow: Mapping[tuple[str, str], str]) -> exp.Select:
        arguments = (self.replay.repository, self.mappings, self.entity, self.landed.columns)
        reading = self.reading if narrow else landed_table
        return judged_rows(*arguments, reading, elsewhere=True)

    def _keep(self, target: str, query: exp.Select) -> None:
        query.select(named(row_number([], []), "_id"), copy=False)
        self.replay.run(create_table(target, STAGING, query), self.today)


def _ever(mapping: ResolvedMapping) -> str:
    return f"ever_{mapping.source}__{mapping.table}"


def _as_of(statement: exp.Expr, today: date | None) -> exp.Expr:
    """A statement in which today is the day on which the version was staged."""
    if today is None:
        return statement
    day = exp.cast(exp.Literal.string(today.isoformat()), "DATE")
    for node in list(statement.find_all(exp.CurrentDate)):
        node.replace(day.copy())
    return statement


def _no_origin(version: int, entity: str) -> Issue:
    return Issue(
        f"Where the rows of '{entity}' came from is not known for version {version}.",
        why="It was published before versions kept the landed batches they were staged from.",
        fix="Publish a version that does with `rapport run --full`.",
    )


def _gone(entity: str, gone: Sequence[Path], of: int) -> Issue:
    shown = ", ".join("/".join(path.parts[-3:]) for path in gone[:3])
    more = f" and {len(gone) - 3} more" if len(gone) > 3 else ""
    return Issue(
        f"The rows of '{entity}' cannot be followed to where they came from.",
        why=f"{len(gone)} of its {of} landed files are no longer there: {shown}{more}.",
        fix="Bring the files back from a backup of the landing zone, or explain a version that was"
        " loaded after them.",
    )


def open_version(repository: Repository, version: int) -> Replay:
    """A replay of a version that is on disk."""
    path = Storage.of(repository).version_file(version)
    if not path.is_file():
        raise UserError(f"There is no version {version}.", why=f"{path.name} is not there.")
    return Replay(repository, version)
