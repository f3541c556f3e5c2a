"""What matching has made of an entity's records, as readers see it in the published version."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
from sqlglot import exp

from metadata import Repository
from metadata.errors import UserError
from metadata.repository import ResolvedMatching
from pipelines import publish
from pipelines.matching.golden import MODELS
from pipelines.storage import Storage
from transforms.crossreference import LOG, pairs_table, xref_table
from transforms.statements import column, literal, named, ordered, text


@dataclass(frozen=True)
class Member:
    """A record of a golden one."""

    key: str
    source: str
    rule: str | None
    """What holds it there: a line of `same`, `alike`, `decided`; None for one that is alone."""
    probability: float | None
    leads: bool
    """Whether it is the one that is staged; the others are merged into it."""


@dataclass(frozen=True)
class Cluster:
    """A golden record of several."""

    golden_key: str
    caption: str | None
    """What people call it, where a dimension says so."""
    records: tuple[Member, ...]


@dataclass(frozen=True)
class Pair:
    """Two records that are alike, and wait for a person."""

    left: str
    right: str
    captions: tuple[str | None, str | None]
    probability: float
    agreements: dict[str, str]
    """For each comparison the step that they are on."""


@dataclass(frozen=True)
class Moved:
    """A record that got another golden key."""

    changed_at: datetime
    what: str
    key: str
    before: str
    now: str


@dataclass(frozen=True)
class Matched:
    """What matching has made of an entity."""

    entity: str
    version: int
    records: int
    golden: int
    sizes: dict[int, int]
    """How many golden records are made of so many records."""
    rules: dict[str, int]
    """How many records each rule holds in a cluster."""
    clusters: tuple[Cluster, ...]
    """The largest first."""
    waiting: int
    """Pairs that wait for a person."""
    review: tuple[Pair, ...]
    """The likeliest of them."""
    log: tuple[Moved, ...]
    """The latest changes of golden keys."""
    prior: float | None
    """Share of all pairs that are the same, as the model that is kept has it."""
    estimated_from: int | None
    """Records that the model was estimated from."""
    unknown: tuple[str, ...]
    """Keys in decisions that no record has."""


def matched(repository: Repository, matching: ResolvedMatching, limit: int) -> Matched:
    """Look at an entity.

    Args:
        repository: the workspace.
        matching: how its records are matched.
        limit: clusters, pairs and changes to tell; counts are about all of them.

    Raises:
        UserError: nothing that was matched has been published yet.
    """
    file, version = publish.in_force(Storage.of(repository))
    with closing(duckdb.connect(str(file), read_only=True)) as connection:
        look = _Look(repository, matching, connection)
        if xref_table(matching.name) not in look.tables:
            raise UserError(
                f"No records of '{matching.name}' have been matched yet.",
                where=matching.written.where(),
                fix="Do it with `rapport run`.",
            )
        return look.all(version, limit)


class _Look:
    def __init__(
        self,
        repository: Repository,
        matching: ResolvedMatching,
        connection: duckdb.DuckDBPyConnection,
    ) -> None:
        self._repository = repository
        self._matching = matching
        self._connection = connection
        listed = exp.select("table_name").from_("duckdb_tables()")
        self.tables = {name for (name,) in self.rows(listed)}
        self._xref = exp.to_table(xref_table(matching.name), dialect="duckdb")

    def all(self, version: int, limit: int) -> Matched:
        sizes = dict(self.rows(self._by(column("records"), leading=True)))
        rules = dict(self.rows(self._by(column("rule"), leading=False)))
        rules.pop(None, None)
        pairs = self._waiting()
        counted = exp.select(exp.Count(this=exp.Star())).from_(pairs.subquery("p"))
        [(waiting,)] = self.rows(counted)
        model = self._model()
        return Matched(
            entity=self._matching.name,
            version=version,
            records=sum(size * count for size, count in sizes.items()),
            golden=sum(sizes.values()),
            sizes=sizes,
            rules=rules,
            clusters=tuple(self._clusters(limit)),
            waiting=waiting,
            review=tuple(self._pairs(pairs, limit)),
            log=tuple(self._log(limit)),
            prior=model[0] if model else None,
            estimated_from=model[1] if model else None,
            unknown=tuple(self._unknown()),
        )

    def rows(self, query: exp.Query) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self._connection.execute(query.sql(dialect="duckdb")).fetchall()

    def _by(self, what: exp.Expr, *, leading: bool) -> exp.Select:
        query = exp.select(what, exp.Count(this=exp.Star())).from_(self._xref.copy())
        query = query.where(column("present"))
        query = query.where(column("leads")) if leading else query
        return query.group_by(what.copy()).order_by(what.copy())

    def _captions(self) -> exp.Select | None:
        """Golden keys with what people call them."""
        for dimension in self._repository.dimensions.values():
            caption = dimension.definition.caption
            is_it = dimension.entity is not None and dimension.entity.entity == self._matching.name
            if is_it and caption and dimension.table in self.tables:
                return (
                    exp.select(
                        named(column(dimension.natural_key), "key"),
                        named(column(caption), "caption"),
                    )
                    .from_(exp.to_table(dimension.table))
                    .where(column("is_current"))
                )
        return None

    def _captioned(self, keys: list[str]) -> dict[str, str]:
        captions = self._captions()
        if captions is None or not keys:
            return {}
        key = exp.cast(column("key"), "VARCHAR")
        query = exp.select(key, column("caption")).from_(captions.subquery("c"))
        return dict(self.rows(query.where(key.copy().isin(*map(text, keys)))))

    def _clusters(self, limit: int) -> Iterator[Cluster]:
        golden = exp.cast(column("golden_key"), "VARCHAR")
        size = ordered(column("records"), descending=True)
        largest = (
            exp.select(column("golden_key"))
            .from_(self._xref.copy())
            .where(column("leads"), exp.GT(this=column("records"), expression=literal(1)))
            .order_by(size, ordered(column("golden_key")))
            .limit(limit)
        )
        columns = ("source", "rule", "probability", "leads")
        query = (
            exp.select(golden, exp.cast(column("key"), "VARCHAR"), *map(column, columns))
            .from_(self._xref.copy())
            .where(
                column("present"), exp.In(this=column("golden_key"), query=largest.subquery())
            )
            .order_by(
                size.copy(), ordered(column("golden_key")),
                ordered(column("leads"), descending=True), ordered(column("key")),
            )
        )  # fmt: skip
        found: dict[str, list[Member]] = {}
        for own, *member in self.rows(query):
            found.setdefault(own, []).append(Member(*member))
        captions = self._captioned(list(found))
        for own, members in found.items():
            yield Cluster(own, captions.get(own), tuple(members))

    def _waiting(self) -> exp.Select:
        """Pairs that are alike, in different golden records, about which nobody has decided."""
        sides = {side: exp.cast(column("key", side), "VARCHAR") for side in ("l", "r")}
        query = (
            exp.select(
                *(column(name, "p") for name in ("left", "right", "probability", "agreements")),
                named(exp.cast(column("golden_key", "l"), "VARCHAR"), "golden_left"),
                named(exp.cast(column("golden_key", "r"), "VARCHAR"), "golden_right"),
            )
            .from_(exp.to_table(pairs_table(self._matching.name)).as_("p"))
            .join(self._xref.copy().as_("l"), on=sides["l"].eq(column("left", "p")))
            .join(self._xref.copy().as_("r"), on=sides["r"].eq(column("right", "p")))
            .where(column("golden_key", "l").neq(column("golden_key", "r")))
        )
        if pairs_table(self._matching.name) not in self.tables:
            return query.where(exp.false())
        for decision in self._matching.decisions:
            if decision.apart:
                both = [
                    column(side, "p").isin(*map(text, decision.keys)) for side in ("left", "right")
                ]
                query = query.where(exp.not_(exp.and_(*both)))
        return query

    def _pairs(self, pairs: exp.Select, limit: int) -> Iterator[Pair]:
        order = [ordered(column("probability"), descending=True)]
        order += [ordered(column("left")), ordered(column("right"))]
        query = exp.select("*").from_(pairs.subquery("p")).order_by(*order).limit(limit)
        rows = self.rows(query)
        captions = self._captioned([key for row in rows for key in row[4:]])
        for left, right, probability, agreements, *golden in rows:
            both = captions.get(golden[0]), captions.get(golden[1])
            yield Pair(left, right, both, probability, json.loads(agreements))

    def _log(self, limit: int) -> Iterator[Moved]:
        if LOG not in self.tables:
            return
        names = ("changed_at", "what", "key", "before", "now")
        query = (
            exp.select(*map(column, names))
            .from_(LOG)
            .where(column("entity").eq(text(self._matching.name)))
            .order_by(ordered(column("changed_at"), descending=True), ordered(column("key")))
            .limit(limit)
        )
        for row in self.rows(query):
            yield Moved(*row)

    def _model(self) -> tuple[float, int] | None:
        if MODELS not in self.tables or not self._matching.definition.compare:
            return None
        mine = column("entity").eq(text(self._matching.name))
        kept = exp.select(column("settings"), column("records")).from_(MODELS).where(mine)
        for settings, records in self.rows(kept):
            return float(json.loads(settings)["probability_two_random_records_match"]), records
        return None

    def _unknown(self) -> Iterator[str]:
        keys = dict.fromkeys(key for each in self._matching.decisions for key in each.keys)
        if not keys:
            return
        key = exp.cast(column("key"), "VARCHAR")
        query = exp.select(key).from_(self._xref.copy()).where(key.copy().isin(*map(text, keys)))
        known = {found for (found,) in self.rows(query)}
        yield from (each for each in keys if each not in known)


def known_keys(
    repository: Repository, matching: ResolvedMatching, keys: tuple[str, ...]
) -> set[str]:
    """Which of some keys a published record has.

    Raises:
        UserError: nothing has been published yet.
    """
    file, _ = publish.in_force(Storage.of(repository))
    with closing(duckdb.connect(str(file), read_only=True)) as connection:
        look = _Look(repository, matching, connection)
        if xref_table(matching.name) not in look.tables:
            return set()
        key = exp.cast(column("key"), "VARCHAR")
        query = exp.select(key).from_(xref_table(matching.name))
        return {found for (found,) in look.rows(query.where(key.copy().isin(*map(text, keys))))}
