"""From clusters of records to golden keys that stay: the cross-reference of an entity.

A golden key is the key of one of its records. Once given it stays, from run to run:

* records that come together keep the golden key that was there first;
* records that part keep it where the record of that key is, or, where that record has gone, where
  most of its records are; the others get one of their own;
* a record that its source no longer delivers stays in the cross-reference, so that what refers to
  it goes on leading to its golden record.
"""

from __future__ import annotations

from datetime import datetime

from sqlglot import exp

from metadata.repository import Repository, ResolvedMatching
from transforms.statements import (
    STAGING,
    WAREHOUSE,
    Statement,
    column,
    create_table,
    data_type,
    named,
    number,
    ordered,
    row_number,
    table,
    text,
)  # fmt: skip

MATCHED = "matched_records"
"""What matching found: `key` and `cluster` as texts, `rule` and `probability`. Provided."""
LOG = "matching_log"
"""Table of the warehouse with every record that changed its golden key."""
_LOG_COLUMNS = (
    ("entity", "VARCHAR"), ("changed_at", "TIMESTAMP"), ("what", "VARCHAR"), ("key", "VARCHAR"),
    ("before", "VARCHAR"), ("now", "VARCHAR"),
)  # fmt: skip
_NEW = "new_crossreference"
_COLUMNS = (
    "key", "golden_key", "golden_since", "source", "table", "mapping", "rule", "probability",
    "records", "leads", "present",
)  # fmt: skip


def xref_table(entity: str) -> str:
    """Name of the table with the golden key of every record, in the warehouse."""
    return f"xref_{entity}"


def pairs_table(entity: str) -> str:
    """Name of the table with the pairs that the model found alike, in the warehouse."""
    return f"pairs_{entity}"


def load_crossreference(
    repository: Repository, matching: ResolvedMatching, moment: datetime, *, known: bool
) -> tuple[Statement, ...]:
    """Give every cluster its golden key, and log which records have changed theirs.

    Args:
        repository: the workspace.
        matching: how the entity is matched; what was found is provided as `MATCHED`.
        moment: now, in the workspace's time zone.
        known: whether there is a cross-reference from before.
    """
    name = xref_table(matching.name)
    now = exp.cast(text(moment.strftime("%Y-%m-%d %H:%M:%S.%f")), "TIMESTAMP")
    rows = _crossreference(repository, matching, now, known=known)
    temporary = exp.Create(
        this=exp.to_table(_NEW), kind="TABLE", replace=True, expression=rows,
        properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
    )  # fmt: skip
    kept = exp.select(*map(column, _COLUMNS)).from_(exp.to_table(_NEW)).order_by(column("key"))
    drop = exp.Drop(tables=[exp.to_table(_NEW)], kind="TABLE", exists=True)
    return (
        Statement(temporary, f"golden keys of {matching.name}"),
        Statement(_log_table(), "prepare the log of matching"),
        *((Statement(_log(matching, now), "log changed golden keys"),) if known else ()),
        Statement(create_table(name, WAREHOUSE, kept), f"cross-reference of {matching.name}"),
        Statement(drop, "forget what was made on the way"),
    )


def golden_keys_query(matching: ResolvedMatching) -> exp.Select:
    """One text that changes when any record gets another golden key."""
    row = exp.Anonymous(this="hash", expressions=[column("key"), column("golden_key")])
    total = exp.func("COALESCE", exp.Sum(this=exp.cast(row, "HUGEINT")), number(0))
    return exp.select(exp.func("CONCAT", exp.Count(this=exp.Star()), text(":"), total)).from_(
        table(xref_table(matching.name), WAREHOUSE)
    )


def empty_crossreference(matching: ResolvedMatching) -> exp.Select:
    """A cross-reference without records, with all its columns."""
    key = data_type(matching.entity.columns[matching.key].type)
    text_kind = exp.DataType.build("VARCHAR")
    kinds = {
        "key": key,
        "golden_key": key,
        "golden_since": exp.DataType.build("TIMESTAMP"),
        "probability": exp.DataType.build("DOUBLE"),
        "records": exp.DataType.build("BIGINT"),
        "leads": exp.DataType.build("BOOLEAN"),
        "present": exp.DataType.build("BOOLEAN"),
    }
    return exp.select(
        *(named(exp.cast(exp.null(), kinds.get(name, text_kind)), name) for name in _COLUMNS)
    ).where(exp.false())


def _crossreference(
    repository: Repository, matching: ResolvedMatching, now: exp.Expr, *, known: bool
) -> exp.Select:
    """The new cross-reference; its steps stand in the order in which they are read."""
    gone = known
    steps: list[tuple[str, exp.Query]] = [("records", _records(repository, matching))]
    if known:
        steps += [
            ("before", exp.select("*").from_(table(xref_table(matching.name), WAREHOUSE))),
            ("claimed", exp.union(_where_its_record_is(), _where_most_are(), distinct=False)),
        ]
    steps += [("given", _given(now, known=known)), ("golden", _golden())]
    present = _present()
    query: exp.Query = present
    if gone:
        query = exp.union(present, _gone(), distinct=False)
    found = exp.select(*map(column, _COLUMNS)).from_(query.subquery("everyone"))
    for name, step in steps:
        found = found.with_(name, step, copy=False)
    return found


def _records(repository: Repository, matching: ResolvedMatching) -> exp.Select:
    """Staged records with their cluster and their place in the order in which keys are taken."""
    key = column(matching.key, "record")
    key_text = exp.cast(key.copy(), "VARCHAR")
    rank = exp.Case()
    for place, mapping in enumerate(repository.mappings_of(matching.name)):
        rank = rank.when(column("_mapping", "record").eq(text(mapping.name)), number(place))
    # Numbers that are written as texts come in the order of numbers.
    order = [ordered(rank), ordered(exp.Length(this=key_text.copy())), ordered(key_text.copy())]
    return (
        exp.select(
            named(key, "key"),
            named(column("_source", "record"), "source"),
            named(column("_table", "record"), "table"),
            named(column("_mapping", "record"), "mapping"),
            column("rule", "found"),
            column("probability", "found"),
            named(exp.func("COALESCE", column("cluster", "found"), key_text), "cluster"),
            named(row_number([], order), "place"),
        )
        .from_(table(f"judged_{matching.name}", STAGING, "record"))
        .join(
            exp.alias_(exp.to_table(MATCHED), "found", table=True),
            on=column("key", "found").eq(key_text.copy()),
            join_type="LEFT",
        )
        .where(column("_outcome", "record").eq(text("staged")))
    )


def _where_its_record_is() -> exp.Select:
    """A golden key stays in the cluster of the record that bears it."""
    return (
        exp.select(
            column("cluster", "bearer"),
            column("golden_key", "b"),
            named(exp.func("MIN", column("golden_since", "b")), "since"),
            named(exp.func("MIN", column("place", "bearer")), "place"),
        )
        .from_(exp.alias_(exp.to_table("before"), "b", table=True))
        .join(
            exp.alias_(exp.to_table("records"), "bearer", table=True),
            on=column("key", "bearer").eq(column("golden_key", "b")),
        )
        .group_by(column("cluster", "bearer"), column("golden_key", "b"))
    )


def _where_most_are() -> exp.Select:
    """A golden key whose record has gone stays with most of the records that had it."""
    bearers = exp.select(column("key")).from_("records")
    counted = (
        exp.select(
            column("cluster", "r"),
            column("golden_key", "b"),
            named(exp.func("MIN", column("golden_since", "b")), "since"),
            named(exp.func("MIN", column("place", "r")), "place"),
            named(exp.Count(this=exp.Star()), "n"),
        )
        .from_(exp.alias_(exp.to_table("before"), "b", table=True))
        .join(
            exp.alias_(exp.to_table("records"), "r", table=True),
            on=column("key", "r").eq(column("key", "b")),
        )
        .where(exp.not_(exp.In(this=column("golden_key", "b"), query=bearers.subquery())))
        .group_by(column("cluster", "r"), column("golden_key", "b"))
    )
    best = row_number(
        [column("golden_key")], [ordered(column("n"), descending=True), ordered(column("place"))]
    )
    ranked = exp.select("*", named(best, "best")).from_(counted.subquery("counted"))
    return (
        exp.select(*map(column, ("cluster", "golden_key", "since", "place")))
        .from_(ranked.subquery("ranked"))
        .where(column("best").eq(number(1)))
    )


def _given(now: exp.Expr, *, known: bool) -> exp.Select:
    """The golden key of each cluster: the one that was there first, or that of its first record."""
    first = exp.select(
        column("cluster"),
        named(exp.ArgMin(this=column("key"), expression=column("place")), "golden_key"),
        named(now.copy(), "since"),
        named(exp.Count(this=exp.Star()), "records"),
    ).from_("records").group_by(column("cluster"))  # fmt: skip
    if not known:
        return first
    order = [ordered(column("since")), ordered(column("place"))]
    ranked = exp.select("*", named(row_number([column("cluster")], order), "best")).from_("claimed")
    return (
        exp.select(
            column("cluster", "f"),
            named(
                exp.func("COALESCE", column("golden_key", "c"), column("golden_key", "f")),
                "golden_key",
            ),
            named(exp.func("COALESCE", column("since", "c"), column("since", "f")), "since"),
            column("records", "f"),
        )
        .from_(first.subquery("f"))
        .join(
            ranked.subquery("c"),
            on=exp.and_(
                column("cluster", "c").eq(column("cluster", "f")), column("best", "c").eq(number(1))
            ),
            join_type="LEFT",
        )
    )


def _golden() -> exp.Select:
    """Records with the golden key of their cluster, the one that leads it first."""
    own = column("key", "r").eq(column("golden_key", "g"))
    lead = row_number(
        [column("cluster", "r")], [ordered(own, descending=True), ordered(column("place", "r"))]
    )
    names = ("key", "source", "table", "mapping", "rule", "probability")
    return (
        exp.select(
            *(column(name, "r") for name in names),
            *(column(name, "g") for name in ("golden_key", "since", "records", "cluster")),
            named(lead.eq(number(1)), "leads"),
        )
        .from_(exp.alias_(exp.to_table("records"), "r", table=True))
        .join(
            exp.alias_(exp.to_table("given"), "g", table=True),
            on=column("cluster", "g").eq(column("cluster", "r")),
        )
    )


def _present() -> exp.Select:
    values = {"golden_since": column("since"), "present": exp.true()}
    return exp.select(*(named(values.get(name, column(name)), name) for name in _COLUMNS)).from_(
        "golden"
    )


def _gone() -> exp.Select:
    """Records that are no longer delivered go where their golden record has gone."""
    here = exp.select(column("key")).from_("records")
    became = (
        exp.select(
            column("golden_key", "c"),
            named(column("golden_key", "g"), "now_key"),
            named(column("since", "g"), "now_since"),
        )
        .from_(exp.alias_(exp.to_table("claimed"), "c", table=True))
        .join(
            exp.alias_(exp.to_table("given"), "g", table=True),
            on=column("cluster", "g").eq(column("cluster", "c")),
        )
    )
    values: dict[str, exp.Expr] = {
        "golden_key": exp.func("COALESCE", column("now_key", "a"), column("golden_key", "b")),
        "golden_since": exp.func("COALESCE", column("now_since", "a"), column("golden_since", "b")),
        "probability": exp.cast(exp.null(), "DOUBLE"),
        "rule": exp.cast(exp.null(), "VARCHAR"),
        "records": exp.cast(exp.null(), "BIGINT"),
        "leads": exp.false(),
        "present": exp.false(),
    }
    return (
        exp.select(*(named(values.get(name, column(name, "b")), name) for name in _COLUMNS))
        .from_(exp.alias_(exp.to_table("before"), "b", table=True))
        .join(
            became.subquery("a"),
            on=column("golden_key", "a").eq(column("golden_key", "b")),
            join_type="LEFT",
        )
        .where(exp.not_(exp.In(this=column("key", "b"), query=here.subquery())))
    )


def _log_table() -> exp.Create:
    columns = [
        exp.ColumnDef(this=exp.to_identifier(name, quoted=True), kind=exp.DataType.build(kind))
        for name, kind in _LOG_COLUMNS
    ]
    schema = exp.Schema(this=table(LOG, WAREHOUSE), expressions=columns)
    return exp.Create(this=schema, kind="TABLE", exists=True)


def _log(matching: ResolvedMatching, now: exp.Expr) -> exp.Insert:
    """Merged: the new golden key was there before. Split: it was not."""
    before = exp.select(column("golden_key")).from_(table(xref_table(matching.name), WAREHOUSE))
    there = exp.In(this=column("golden_key", "n"), query=before.subquery())
    what = exp.Case().when(there, text("merged")).else_(text("split"))
    rows = (
        exp.select(
            text(matching.name),
            now.copy(),
            what,
            *(
                exp.cast(each, "VARCHAR")
                for each in (
                    column("key", "n"),
                    column("golden_key", "b"),
                    column("golden_key", "n"),
                )
            ),
        )
        .from_(exp.alias_(exp.to_table(_NEW), "n", table=True))
        .join(
            table(xref_table(matching.name), WAREHOUSE, "b"),
            on=column("key", "b").eq(column("key", "n")),
        )
        .where(exp.NEQ(this=column("golden_key", "b"), expression=column("golden_key", "n")))
    )
    return exp.Insert(this=table(LOG, WAREHOUSE), expression=rows)
