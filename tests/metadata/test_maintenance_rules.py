"""Rules of maintenance: bound to what they are about, and refused where they cannot hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from metadata import load_workspace
from metadata.errors import MetadataError
from metadata.model.maintenance import Fresh
from metadata.model.source import Refresh
from metadata.upkeep import arrival

FILES = {
    "workspace.yaml": "name: A\ntime_zone: Europe/Berlin\nschedule: {cron: '0 3 * * *'}\n",
    "sources/crm.yaml": (
        "source: crm\nurl: sqlite:///crm.db\ntables:\n"
        "  person: {primary_key: id, cursor: changed}\n  order: {primary_key: id}\n"
    ),
    "sources/files.yaml": "source: files\nurl: data\ntables:\n  stock:\n",
    "model/m.yaml": (
        "entity: person\nkey: id\ncolumns: {id: string}\n---\n"
        "dimension: person\nentity: person\nattributes: {id: }\n"
    ),
    "mappings/m.yaml": "entity: person\nfrom: crm.person\ncolumns: {id: id}\n",
}


@pytest.fixture
def bound(tmp_path):
    """The workspace with rules, loaded."""

    def _bound(text, **files):
        for name, written in {**FILES, "maintenance/rules.yaml": text, **files}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(written, encoding="utf-8")
        return load_workspace(tmp_path, shipped=False)

    return _bound


def test_the_nearest_rule_counts(bound):
    upkeep = bound(
        "maintenance: all\nkeep: {batches: 90 days, runs: 50, scans: 10}\n---\n"
        "maintenance: crm\nof: crm\nkeep: {batches: {age: 30 days, number: 5}}\n"
        "fresh: 26 hours\n---\n"
        "maintenance: orders\nof: crm.order\nkeep: {batches: 7}\nschedule: 0 * * * *\n",
    ).upkeep
    assert {name: (kept.age, kept.number) for name, kept in upkeep.batches.items()} == {
        "crm.person": (timedelta(days=30), 5),
        "crm.order": (None, 7),
        "files.stock": (timedelta(days=90), None),
    }
    assert set(upkeep.fresh) == {"crm.person", "crm.order"}
    assert (upkeep.runs.number, upkeep.scans.number) == (50, 10)
    assert [rule.name for rule in upkeep.schedules] == ["orders"]


def test_marts_are_named_by_their_tables_and_cubes(bound):
    rule = bound("maintenance: m\nof: dim_person\nschedule: 0 * * * *\n").upkeep.rules["m"]
    assert (rule.tables, rule.marts) == ((), ("dim_person",))


def test_a_source_comes_before_a_cube_of_its_name(bound):
    star = (
        "fact: people\nentity: person\ndate: born\n"
        "dimensions: {born: {dimension: date, from: born}}\n---\n"
        "dimension: date\ngenerated: calendar\nattributes: {date: }\n---\n"
        "dimension: person\nentity: person\nattributes: {id: }\n"
    )
    model = "entity: person\nkey: id\ncolumns: {id: string, born: date}\n---\n" + star
    cubes = "cube: {0}\nfact: people\ndimensions: {{born: date}}\nmeasures: {{n: {{count: '*'}}}}\n"
    files = {
        "model/m.yaml": model,
        "mappings/m.yaml": "entity: person\nfrom: crm.person\ncolumns: {id: id, born: born}\n",
        "cubes/c.yaml": cubes.format("crm") + "---\n" + cubes.format("people"),
    }
    rules = "maintenance: m\nof: [crm, people]\nschedule: 0 3 * * *\n"
    rule = bound(rules, **files).upkeep.rules["m"]
    assert (rule.tables, rule.marts) == (("crm.person", "crm.order"), ("fact_people",))


REFUSED = {
    "nothing said": ("maintenance: m\n", "needs 'schedule', 'fresh' or 'keep'", 1),
    "an unknown name": (
        "maintenance: m\nof: [crm, crm.ordre]\nschedule: 0 3 * * *\n",
        "nothing called 'crm.ordre'",
        2,
    ),
    "a cron that never comes true": (
        "maintenance: m\nschedule: 0 3 31 2 *\n",
        "never comes true",
        2,
    ),
    "a mart with retention": (
        "maintenance: m\nof: dim_person\nkeep: {batches: 3}\n",
        "no source and no source table",
        2,
    ),
    "runs of a part": ("maintenance: m\nof: crm\nkeep:\n  runs: 5\n", "as a whole", 4),
    "two that differ": (
        "maintenance: a\nof: crm\nkeep: {batches: 5}\n---\n"
        "maintenance: b\nof: crm\nkeep: {batches: 6}\n",
        "say different things about crm.",
        7,
    ),
    "an age that no schedule keeps": (
        "maintenance: m\nof: crm\nfresh: 6 hours\n",
        "leave it alone for 24 hours",
        3,
    ),
    "an age of nothing": ("maintenance: m\nfresh: 0 days\n", "longer than nothing", 2),
    "a thousand years": ("maintenance: m\nkeep: {batches: 999999999999 days}\n", "hundred years", 2),
    "a number of none": ("maintenance: m\nkeep: {batches: 0}\n", "greater than or equal to 1", 2),
    "an unknown key": ("maintenance: m\nkeep: {batch: 1}\n", "Did you mean 'batches'", 2),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_hold_is_refused(bound, case):
    text, words, line = REFUSED[case]
    with pytest.raises(MetadataError) as caught:
        bound(text)
    told = "\n".join(map(str, caught.value.issues))
    assert words in told
    assert f"maintenance/rules.yaml:{line}" in told


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("{primary_key: id, refresh: incremental}", "needs a 'cursor'"),
        ("{primary_key: id, cursor: c, lookback: 1 day, refresh: full}", "means nothing"),
        ("{primary_key: id, cursor: c, refresh: {mode: full, full: weekly}}", "whole each time"),
        ("{primary_key: id, cursor: c, refresh: {mode: incremental, full: often}}", "no period"),
        ("{primary_key: id, cursor: c, refresh: {mode: incremental, full: 9 9 9 9}}", "no period"),
        ("{primary_key: id, cursor: c, refresh: sometimes}", "refresh"),
    ],
)
def test_a_refresh_that_cannot_be_done_is_refused(bound, table, words):
    source = f"source: crm\nurl: sqlite:///crm.db\ntables:\n  person: {table}\n"
    with pytest.raises(MetadataError) as caught:
        bound("maintenance: m\nkeep: {runs: 5}\n", **{"sources/crm.yaml": source})
    told = "\n".join(map(str, caught.value.issues))
    assert words in told
    assert "sources/crm.yaml:4" in told


def test_files_cannot_be_read_incrementally(bound):
    source = (
        "source: files\nurl: data\ntables:\n  stock:\n    primary_key: id\n    cursor: day\n"
        "    refresh: incremental\n"
    )
    with pytest.raises(MetadataError, match="cannot be read incrementally") as caught:
        bound("maintenance: m\nkeep: {runs: 5}\n", **{"sources/files.yaml": source})
    assert "sources/files.yaml:7" in str(caught.value)


BERLIN = ZoneInfo("Europe/Berlin")


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("full", "last", "now", "due"),
    [
        # By date: a load that begins a little earlier than the last one does not put it off.
        ("weekly", "2026-11-01 03:00:05", "2026-11-08 03:00:01", True),
        ("weekly", "2026-11-01 03:00:05", "2026-11-07 23:00:00", False),
        ("6 hours", "2026-11-01 03:00:00", "2026-11-01 08:59:00", False),
        ("6 hours", "2026-11-01 03:00:00", "2026-11-01 09:00:00", True),
        ("0 2 * * sun", "2026-11-07 03:00:00", "2026-11-08 01:59:00", False),
        ("0 2 * * sun", "2026-11-07 03:00:00", "2026-11-08 02:00:00", True),
        ("0 2 * * sun", "2026-11-08 02:00:00", "2026-11-08 03:00:00", False),
    ],
)
def test_when_a_table_is_read_whole_again(full, last, now, due):
    rule = Refresh(mode="incremental", full=full)
    assert rule.is_due(moment(last), moment(now), BERLIN) is due


@pytest.mark.parametrize(
    ("rule", "arrived", "now", "late"),
    [
        (Fresh(within=timedelta(hours=26)), "2026-11-24 03:00", "2026-11-25 05:00", False),
        (Fresh(within=timedelta(hours=26)), "2026-11-24 03:00", "2026-11-25 05:01", True),
        # Before the deadline of the day, yesterday's still counts.
        (Fresh(by="0 7 * * *"), "2026-11-24 03:00", "2026-11-25 06:59", False),
        (Fresh(by="0 7 * * *"), "2026-11-24 03:00", "2026-11-25 07:00", True),
        (Fresh(by="0 7 * * *"), "2026-11-25 03:00", "2026-11-25 07:00", False),
        (Fresh(by="0 7 * * mon-fri"), "2026-11-21 03:00", "2026-11-23 08:00", True),
        (Fresh(by="0 7 * * *", within=timedelta(hours=2)), "2026-11-25 03:00", "2026-11-25 08:00", True),
        (Fresh(within=timedelta(hours=26)), None, "2026-11-25 08:00", True),
        (Fresh(by="0 7 * * *"), None, "2026-11-25 06:00", False),
    ],
)  # fmt: skip
def test_when_a_table_is_late(rule, arrived, now, late):
    first = moment("2026-11-24 08:00") if rule.by else moment("2026-11-20 08:00")
    found = arrival(rule, arrived and moment(arrived), moment(now), BERLIN, first)
    assert found.late is late
    assert found.deadline.astimezone(UTC) <= moment(now) if late else found.deadline >= moment(now)
