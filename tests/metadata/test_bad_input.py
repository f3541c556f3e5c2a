"""Every mistake in a definition is one clear message with its file and line."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metadata import MetadataError, load_workspace
from metadata.workfiles import file_names
from pipelines.cli import run as command

CASES = {
    "yaml error": (
        "sources/shop.yaml",
        "source: shop\nurl: data\ntables:\n  client: {primary_key: [id}\n",
        4,
        "not valid YAML",
    ),
    "unknown key": (
        "sources/shop.yaml",
        "source: shop\nurl: data\ntables:\n  client: {primry_key: [id]}\n",
        4,
        "Did you mean 'primary_key'",
    ),
    "unknown top-level key": (
        "workspace.yaml",
        "name: A\ncurency: EUR\n",
        2,
        "Did you mean 'currency'",
    ),
    "no currency": ("workspace.yaml", "name: A\ncurrency: EURO\n", 2, "three letters"),
    "no country": (
        "workspace.yaml",
        "name: A\ncalendar:\n  holidays: XX\n",
        3,
        "no country whose holidays are known",
    ),
    "four cron fields": (
        "workspace.yaml",
        "name: A\nschedule: {cron: 0 3 * *}\n",
        2,
        "is not five fields",
    ),
    "a cron field out of range": (
        "workspace.yaml",
        "name: A\nschedule:\n  cron: 0 25 * * *\n",
        3,
        "does not know: '25'",
    ),
    "half an expression": (
        "mappings/person.yaml",
        "entity: person\nfrom: shop.client\ncolumns:\n  person_id: id\n  name: {expr: a +}\n",
        5,
        "is not a SQL expression: something is missing, at character 3",
    ),
    "missing key": ("sources/shop.yaml", "source: shop\ntables: {client: }\n", 1, "'url'"),
    "unknown source": (
        "mappings/person.yaml",
        "entity: person\nfrom: shp.client\ncolumns: {person_id: id}\n",
        2,
        "Did you mean 'shop'",
    ),
    "unknown table": (
        "mappings/person.yaml",
        "entity: person\nfrom: shop.clint\ncolumns: {person_id: id}\n",
        2,
        "Did you mean 'client'",
    ),
    "unknown entity": (
        "mappings/person.yaml",
        "entity: persn\nfrom: shop.client\ncolumns: {person_id: id}\n",
        1,
        "Did you mean 'person'",
    ),
    "unknown column": (
        "mappings/person.yaml",
        "entity: person\nfrom: shop.client\ncolumns:\n  person_id: id\n  nam: x\n",
        5,
        "Did you mean 'name'",
    ),
    "key not filled": (
        "mappings/person.yaml",
        "entity: person\nfrom: shop.client\ncolumns:\n  name: x\n",
        3,
        "person_id",
    ),
    "unknown rule": (
        "mappings/person.yaml",
        "entity: person\nfrom: shop.client\ncolumns:\n  person_id: id\n"
        "  name: {from: n, clean: [trin]}\n",
        5,
        "Did you mean 'trim'",
    ),
    "unknown check": (
        "mappings/person.yaml",
        "entity: person\nfrom: shop.client\ncolumns:\n  person_id: id\n"
        "  name: {from: n, check: emial}\n",
        5,
        "Did you mean 'email'",
    ),
    "bad regular expression": (
        "mappings/person.yaml",
        "entity: person\nfrom: shop.client\ncolumns:\n  person_id: id\n"
        "  name: {from: n, check: {matches: '('}}\n",
        5,
        "regular expression",
    ),
    "aggregate in expression": (
        "mappings/person.yaml",
        "entity: person\nfrom: shop.client\ncolumns:\n  person_id: id\n  name: {expr: max(n)}\n",
        5,
        "may not aggregate",
    ),
    "query in expression": (
        "mappings/person.yaml",
        "entity: person\nfrom: shop.client\ncolumns:\n  person_id: id\n"
        "  name: {expr: (select 1)}\n",
        5,
        "may not read tables",
    ),
    "file in expression": (
        "mappings/person.yaml",
        "entity: person\nfrom: shop.client\ncolumns:\n  person_id: id\n"
        "  name: {expr: \"read_text('/etc/passwd')\"}\n",
        5,
        "may not call 'read_text'",
    ),
    "unknown lookup": (
        "mappings/person.yaml",
        "entity: person\nfrom: shop.client\ncolumns:\n  person_id: id\n"
        "  name: {from: n, lookup: codes}\n",
        5,
        "no lookup 'codes'",
    ),
    "join on a later join": (
        "mappings/person.yaml",
        "entity: person\nfrom: shop.client\njoin:\n  a: {table: shop.sale, on: {id: b.id}}\n"
        "  b: {table: shop.sale, on: {id: a.id}}\ncolumns:\n  person_id: id\n",
        4,
        "no earlier join",
    ),
    "unknown type": (
        "model/more.yaml",
        "entity: thing\nkey: a\ncolumns:\n  a: strin\n",
        4,
        "not a column type",
    ),
    "unknown reference": (
        "model/more.yaml",
        "entity: thing\nkey: a\ncolumns:\n  a: {references: persn}\n",
        4,
        "Did you mean 'person'",
    ),
    "unknown dimension": (
        "model/more.yaml",
        "fact: more\nentity: purchase\ndate: bought_on\ndimensions:\n"
        "  bought_on: {dimension: dy, from: bought_on}\n",
        5,
        "no dimension 'dy'",
    ),
    "path over no reference": (
        "model/more.yaml",
        "fact: more\nentity: purchase\ndate: bought_on\ndimensions:\n"
        "  bought_on: {dimension: day, from: bought_on}\n  person: amount.x\n",
        6,
        "refers to no entity",
    ),
    "measure of nothing": (
        "cubes/purchases.yaml",
        "cube: purchases\nfact: purchases\ndimensions: {person: person}\n"
        "measures:\n  revenue: {sum: amont}\n",
        5,
        "Did you mean 'amount'",
    ),
    "two aggregates": (
        "cubes/purchases.yaml",
        "cube: purchases\nfact: purchases\ndimensions: {person: person}\n"
        "measures:\n  revenue: {sum: amount, avg: amount}\n",
        5,
        "exactly one of",
    ),
    "ratio of a ratio": (
        "cubes/purchases.yaml",
        "cube: purchases\nfact: purchases\ndimensions: {person: person}\nmeasures:\n"
        "  revenue: {sum: amount}\n  a: {ratio: [revenue, revenue]}\n  b: {ratio: [a, revenue]}\n",
        7,
        "not from other ratios",
    ),
    "non-additive rollup": (
        "cubes/purchases.yaml",
        "cube: purchases\nfact: purchases\ndimensions: {person: person}\nmeasures:\n"
        "  buyers: {count_distinct: person.person_id}\n"
        "rollups:\n  r: {by: [person.city], measures: [buyers]}\n",
        7,
        "do not add up",
    ),
    "anchor in itself": ("workspace.yaml", "name: A\nusers: &a [*a]\n", 0, "refers to itself"),
    "merge key": (
        "mappings/person.yaml",
        "entity: person\nfrom: shop.client\ncolumns:\n  <<: {person_id: id}\n",
        4,
        "A merge key ('<<') is not read",
    ),
    "control character": (
        "mappings/person.yaml",
        "entity: person\nfrom: shop.client\ncolumns:\n  person_id: id # \x07\n",
        4,
        "U+0007",
    ),
    "two workspaces": ("workspace.yaml", "name: A\n---\nname: B\n", 3, "described twice"),
    "endless lookback": (
        "sources/shop.yaml",
        "source: shop\nurl: data\ntables:\n"
        "  client: {primary_key: id, cursor: c, lookback: 999999999999 days}\n",
        4,
        "longer than any duration",
    ),
    "no address": ("sources/shop.yaml", "source: shop\nurl: ''\n", 2, "at least 1 character"),
    "filter that is a statement": (
        "sources/shop.yaml",
        "source: shop\nurl: data\ntables:\n  client:\n    where: drop table x\n",
        5,
        "The expression 'drop table x' may not hold drop",
    ),
    "key of one column twice": (
        "sources/shop.yaml",
        "source: shop\nurl: data\ntables:\n  client: {primary_key: [id, id]}\n",
        4,
        "names 'id' twice",
    ),
    "separator of two characters": (
        "sources/shop.yaml",
        "source: shop\nurl: data\ntables:\n  client: {delimiter: '||'}\n",
        4,
        "has more than one character",
    ),
    "hierarchy without levels": (
        "model/more.yaml",
        "dimension: place\nentity: person\nattributes: {name: }\nhierarchies: {h: []}\n",
        4,
        "at least 1 item",
    ),
    "hierarchy with a level twice": (
        "model/more.yaml",
        "dimension: place\nentity: person\nattributes: {name: }\nhierarchies: {h: [name, name]}\n",
        4,
        "names 'name' twice",
    ),
    "dimension of nothing": (
        "model/more.yaml",
        "dimension: place\nattributes: {name: }\n",
        1,
        "The definition needs either 'entity' or 'generated'",
    ),
    "list at the top": ("workspace.yaml", "- name\n", 1, "must hold a mapping"),
    "bad time zone": ("workspace.yaml", "name: A\ntime_zone: Mars\n", 2, "not a time zone"),
    "twice defined": (
        "model/more.yaml",
        "entity: person\nkey: a\ncolumns: {a: string}\n---\n"
        "entity: person\nkey: a\ncolumns: {a: string}\n",
        0,
        "defined twice",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_told_with_file_and_line(write, case):
    file, text, line, words = CASES[case]
    with pytest.raises(MetadataError) as caught:
        load_workspace(write({file: text}), shipped=False)
    told = [str(issue) for issue in caught.value.issues]
    matching = [issue for issue in caught.value.issues if words in str(issue)]
    assert matching, told
    assert matching[0].where.file == file
    if line:
        assert matching[0].where.line == line, told


@pytest.mark.parametrize(
    "cron", ["0 3 * * *", "*/15 8-18 * * mon-fri", "0 0 1,15 jan,JUL *", "5/10 2 * * 7"]
)
def test_schedules_that_cron_knows(write, cron):
    loaded = load_workspace(
        write({"workspace.yaml": f"name: A\nschedule: {{cron: '{cron}'}}\n"}), shipped=False
    )
    assert loaded.workspace.schedule.cron == cron


def test_a_file_in_another_encoding_is_told(write):
    path = write()
    (path / "workspace.yaml").write_bytes("name: Bäcker\n".encode("latin-1"))
    with pytest.raises(MetadataError, match="not UTF-8"):
        load_workspace(path, shipped=False)


def test_what_is_no_file_is_told_and_never_waited_for(write):
    path = write()
    (path / "mappings" / "folder.yaml").mkdir()
    os.mkfifo(path / "mappings" / "pipe.yaml")
    with pytest.raises(MetadataError) as caught:
        load_workspace(path, shipped=False)
    told = [(str(issue.where), issue.why) for issue in caught.value.issues]
    assert told == [
        ("mappings/folder.yaml", "It is a folder."),
        ("mappings/pipe.yaml", "It is no regular file."),
    ]


def test_what_editors_hide_beside_a_file_is_no_definition(write):
    """Emacs marks a file that is being edited by a link that leads nowhere."""
    path = write()
    (path / "mappings" / ".#person.yaml").symlink_to("somebody@somewhere.4711")
    (path / "mappings" / ".backup").mkdir()
    (path / "mappings" / ".backup" / "person.yaml").write_text("entity: [")
    load_workspace(path, shipped=False)
    assert not any("/." in name for name in file_names(path))


def test_check_reads_the_portal_too(write, capsys):
    path = write({"portal.yaml": "tiles:\n  a: {cube: nope, measure: x}\n"})
    assert command(["check", "-w", str(path)]) == 1
    assert "portal.yaml:2: " in capsys.readouterr().err
    (path / "portal.yaml").write_text("nonsense: true\n")
    assert command(["check", "-w", str(path)]) == 1
    assert "portal.yaml:1: Unknown key 'nonsense'." in capsys.readouterr().err


FRAGMENTS = st.sampled_from(
    ["", ":", "- ", "{", "}", "[", "]", "null", "true", "1e9", "&a", "*a", "!!python/x", "\t", "'",
     '"', "|", "?", "---\n", "2020-13-45", "entity", "\x00", "%", "é", "&a [*a]", "<<: *a", "0x1G"]
)  # fmt: skip


FILES = (
    "workspace.yaml",
    "sources/shop.yaml",
    "mappings/person.yaml",
    "mappings/purchase.yaml",
    "model/star.yaml",
    "cubes/purchases.yaml",
)


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from(FILES),
    cut=st.integers(0, 400),
    length=st.integers(0, 30),
    insert=st.lists(FRAGMENTS, max_size=3).map("".join),
)
def test_mutated_yaml_never_ends_in_a_traceback(write, plain, name, cut, length, insert):
    text = plain[name]
    at = cut % (len(text) + 1)
    path = write({name: text[:at] + insert + text[at + length :]})
    try:
        load_workspace(path, shipped=False)
    except MetadataError as error:
        assert all(issue.where is not None and issue.where.file for issue in error.issues)
