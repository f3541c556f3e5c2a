"""Golden keys and surviving values against a slow, obvious reference, on records of all kinds."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import SimpleNamespace

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metadata.model.matching import Matching
from metadata.model.star import Entity
from metadata.repository import ResolvedMatching
from transforms.crossreference import MATCHED, load_crossreference
from transforms.golden import golden_rows

ENTITY = Entity.model_validate(
    {
        "entity": "person",
        "key": "id",
        "changed_at": "seen",
        "columns": {"id": "string", "name": "string", "city": "string", "size": "integer",
                    "seen": "timestamp", "since": "date", "boss": {"references": "person"}},
    }
)  # fmt: skip
MAPPINGS = ("person<a.people", "person<b.people", "person<b.others")
REPOSITORY = SimpleNamespace(mappings_of=lambda _: [SimpleNamespace(name=n) for n in MAPPINGS])
NOW = datetime(2026, 1, 1)
ENGINE = duckdb.connect(config={"threads": 1})
for _name in ("staging", "warehouse"):
    ENGINE.execute(f"ATTACH ':memory:' AS {_name}")


def matching(default="most_recent", **columns) -> ResolvedMatching:
    definition = Matching.model_validate(
        {
            "matching": "person",
            "same": ["name"],
            "survivorship": {"default": default, "columns": columns},
        }
    )
    rules = definition.survivorship
    survivors = {n: rules.columns.get(n, rules.default) for n in ENTITY.columns if n != "id"}
    return ResolvedMatching(definition, ENTITY, survivors, None, None)


class Build:
    """The two databases of a build, with one staged entity."""

    def __init__(self) -> None:
        self.connection = ENGINE
        for name in ("xref_person", "matching_log"):
            self.connection.execute(f"DROP TABLE IF EXISTS warehouse.{name}")
        self.known = False

    def stage(self, records) -> None:
        names = ["id", "name", "city", "size", "seen", "since", "boss", "_mapping"]
        kinds = [pa.string(), pa.string(), pa.string(), pa.int64(), pa.timestamp("us"), pa.date32(), pa.string(), pa.string()]  # fmt: skip
        given = pa.table(
            {n: pa.array([r[n] for r in records], k) for n, k in zip(names, kinds, strict=True)}
        )
        self.connection.register("given", given)
        self.connection.execute(
            "CREATE OR REPLACE TABLE staging.judged_person AS SELECT *, seen AS _changed_at, 'staged' AS _outcome,"
            " string_split(string_split(_mapping, '<')[2], '.')[1] AS _source,"
            " string_split(string_split(_mapping, '<')[2], '.')[2] AS _table FROM given"
        )
        self.connection.execute(
            "CREATE OR REPLACE VIEW staging.person AS SELECT * FROM staging.judged_person"
        )

    def cross(self, clusters, how=None, now=NOW):
        rows = pa.table(
            {
                "key": pa.array(list(clusters), pa.string()),
                "cluster": pa.array(list(clusters.values()), pa.string()),
                "rule": pa.array(["r"] * len(clusters), pa.string()),
                "probability": pa.array([1.0] * len(clusters), pa.float64()),
            }
        )
        self.connection.register(MATCHED, rows)
        for statement in load_crossreference(REPOSITORY, how or matching(), now, known=self.known):
            self.connection.execute(statement.sql.sql("duckdb"))
        self.known = True
        found = self.connection.execute(
            "SELECT key, golden_key, leads, present FROM warehouse.xref_person"
        ).fetchall()
        return {key: (golden, leads, present) for key, golden, leads, present in found}

    def golden(self, how):
        rows = (
            self.connection.sql(golden_rows(REPOSITORY, how).sql("duckdb"))
            .to_arrow_table()
            .to_pylist()
        )
        return {row["id"]: row for row in rows}


def record(key, **values):
    empty = dict.fromkeys(("name", "city", "size", "seen", "since", "boss"))
    return {**empty, "id": key, "_mapping": MAPPINGS[0], **values}


KEYS = st.integers(1, 12).map(str)
SEEN = st.none() | st.integers(0, 3).map(lambda n: datetime(2025, 1, 1) + timedelta(days=n))
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "id": KEYS,
            "name": st.sampled_from([None, "Ann", "Anna", "Bo", "Böö"]),
            "city": st.sampled_from([None, "Ulm", "Bern", "Ulm "]),
            "size": st.none() | st.integers(0, 3),
            "seen": SEEN,
            "since": st.none() | st.integers(0, 3).map(lambda n: date(2025, 1, 1) + timedelta(days=n)),
            "boss": st.none() | KEYS,
            "_mapping": st.sampled_from(MAPPINGS),
        }
    ),
    max_size=12,
    unique_by=lambda r: r["id"],
)  # fmt: skip
HOW = st.sampled_from(
    ["most_recent", "most_complete", "most_frequent", "min", "max", {"take": "source", "sources": ["b", "a"]},
     {"take": "source", "sources": ["b.others"]}, {"take": "most_recent", "by": "since"}]
)  # fmt: skip
OF_TEXT = st.sampled_from(["longest", "shortest"])


def survivor(records, name, rule):
    """The value that stays, told in the plainest way."""
    filled = [r for r in records if r[name] is not None]
    if not filled:
        return None

    def missing_last(value):
        return (value is not None, value if value is not None else datetime.min)

    def badness(r):
        take = rule.take
        if take == "most_recent":
            when = r[rule.by or "seen"]
            first = (
                (0, -(when - type(when)(2020, 1, 1)).total_seconds())
                if when is not None
                else (1, 0)
            )
        elif take == "most_complete":
            first = -sum(
                r[c] is not None for c in ("name", "city", "size", "seen", "since", "boss")
            )
        elif take == "most_frequent":
            first = -sum(o[name] == r[name] for o in records)
        elif take == "longest":
            first = -len(r[name])
        elif take == "shortest":
            first = len(r[name])
        elif take in ("min", "max"):
            values = sorted({o[name] for o in filled}, reverse=take == "max")
            first = values.index(r[name])
        else:
            source = r["_mapping"].partition("<")[2]
            fits = [
                i for i, s in enumerate(rule.sources) if s in (source, source.partition(".")[0])
            ]
            first = fits[0] if fits else len(rule.sources)
        return (first, MAPPINGS.index(r["_mapping"]), len(r["id"]), r["id"])

    return min(filled, key=badness)[name]


class TestSurvivors:
    @settings(max_examples=40, deadline=None)
    @given(RECORDS, HOW, HOW | OF_TEXT, st.data())
    def test_each_column_is_as_the_reference_says(self, records, default, of_name, data):
        clusters = {r["id"]: data.draw(st.sampled_from(["p", "q", r["id"]])) for r in records}
        how = matching(default, name=of_name)
        build = Build()
        build.stage(records)
        crossed = build.cross(clusters, how)
        found = build.golden(how)
        members = {}
        for r in records:
            members.setdefault(crossed[r["id"]][0], []).append(r)
        assert set(found) == set(members)
        for key, rows in members.items():
            for name, rule in how.survivors.items():
                expected = survivor(rows, name, rule)
                if name == "boss" and expected is not None:
                    leads = crossed.get(expected, (expected,))[0]
                    expected = None if leads == key else leads
                assert found[key][name] == expected, (name, rule, rows)

    @pytest.mark.parametrize("take", ["longest", "shortest"])
    def test_length_is_that_of_the_text(self, take):
        how = matching("most_recent", name=take)
        build = Build()
        build.stage([record("1", name="Bo"), record("2", name="Anna")])
        build.cross({"1": "p", "2": "p"}, how)
        assert build.golden(how)["1"]["name"] == {"longest": "Anna", "shortest": "Bo"}[take]


class TestGoldenKeys:
    def test_the_first_mapping_gives_it_then_the_first_number(self):
        build = Build()
        build.stage([record("10"), record("9"), record("1", _mapping=MAPPINGS[1])])
        assert {k: v[0] for k, v in build.cross({"10": "p", "9": "p", "1": "p"}).items()} == dict.fromkeys(("10", "9", "1"), "9")  # fmt: skip

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.tuples(st.sets(KEYS), st.randoms()), min_size=2, max_size=4))
    def test_over_any_comings_and_goings(self, rounds):
        """Every record has one golden key, clusters have different ones, and given keys stay."""
        build = Build()
        before: dict[str, str] = {}
        for turn, (keys, chance) in enumerate(rounds):
            clusters = {k: chance.choice(["p", "q", "r", k]) for k in sorted(keys)}
            build.stage([record(k) for k in sorted(keys)])
            found = build.cross(clusters, now=NOW + timedelta(days=turn))
            present = {k: v for k, v in found.items() if v[2]}
            assert set(present) == keys
            assert set(found) >= set(before)
            by_cluster: dict[str, set[str]] = {}
            for k in keys:
                by_cluster.setdefault(clusters[k], set()).add(found[k][0])
            assert all(len(golden) == 1 for golden in by_cluster.values())
            assert len({min(g) for g in by_cluster.values()}) == len(by_cluster)
            for cluster, (golden,) in ((c, tuple(g)) for c, g in by_cluster.items()):
                members = {k for k in keys if clusters[k] == cluster}
                assert sum(found[k][1] for k in members) == 1
                # A key that was golden before and whose record is here is not given up for a new one.
                had = {before[k] for k in members if k in before}
                if had & members:
                    assert golden in {*before.values()}
                if golden in members:
                    assert found[golden][1]
            gone = {k: v for k, v in found.items() if not v[2]}
            assert not any(leads for _, leads, _ in gone.values())
            before = {k: v[0] for k, v in found.items()}
