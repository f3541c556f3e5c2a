"""Definitions mutilated in thousands of ways: every one is read, or refused with file and line.

Texts are cut and filled with what YAML stumbles over; trees lose, double, rename and exchange their
parts; expressions become what SQL can be abused for. There is never a traceback.
"""

from __future__ import annotations

import copy
import functools
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metadata import UserError
from metadata.loader import check_workspace, collect, shipped_texts
from metadata.model.base import Definition, expressions_of, holds_sql

ROOT = Path(__file__).parents[2]
LOUD = {"deadline": None, "suppress_health_check": list(HealthCheck)}

ODD = st.sampled_from(
    [
        None, True, False, 0, -1, 10**30, 1e308, float("inf"), "", " ", "~", "x" * 500, "ÄÖ漢字🙂",
        "\u0000", "\u202e", "a.b.c.d", "${HOME}", "{{ x }}", "../..", "today", "customer", "2024-13-45",
        "decimal(99,99)", "between 1 and", "yes", [], {}, [[]], {"": None}, {"from": {}}, [None, 1],
        {"trim": {"x": 1}}, [{"left": "a"}, {"replace": []}], {"a": {"b": {"c": {"d": []}}}},
    ]
)  # fmt: skip
HOSTILE = st.sampled_from(
    [
        "1; drop table x", "(select 1)", "select * from t", "from t", "read_csv('/etc/passwd')",
        "getenv('HOME')", "current_setting('x')", "columns(*)", "#1", "$1", "?", ":a", "x := 1",
        "list_transform([1], lambda x: x)", "[x for x in y]", "sum(a)", "row_number() over ()",
        "a -- b", "a /* b */", "$$a$$", "'", '"', "((((((", "a +", "not", "case when", "cast(a as x[])",
        "a::struct(b int)", "a similar to 'b'", "exists (select 1)", "a in (select b from c)", "*",
        "x.*", "a.b.c.d.e", "interval", "1e999", "0x", "\\", "+".join(["a"] * 400), "(" * 300 + ")" * 300,
        "query('x')", "pragma x", "attach 'x'", "copy t to 'x'", "unnest(a)", "a[1:2]", "a->>'b'",
    ]
)  # fmt: skip
FRAGMENTS = st.sampled_from(
    ["\t", "\x00", ": ", "- ", "[", "]", "{", "}", "&a ", "*a", "!!python/object:os.system ", "|", ">",
     "? ", "#", "'", '"', "\n", "\r", "%YAML 9.9\n", "---\n", "...\n", "<<: *a", "\ufeff", "\ud7ff", "@",
     "`", "  ", ",", "!x ", "&a [*a]", "0o7", "1_000", "2024-01-01"]
)  # fmt: skip


@functools.cache
def plain():
    """A small workspace of which every file takes part in every check."""
    return {
        "workspace.yaml": "name: Plain\ntime_zone: Europe/Berlin\nschedule: {cron: '0 3 * * *'}\n"
        "notices: {on: warning, webhook: '${HOOK}', email: {to: [a@b.c], from: d@e.f, server: '${M}'}}\n"
        "roles: {local: Own cities.}\nusers:\n"
        "  ann: {password: 'scrypt$16384$8$1$c2FsdA==$a2V5', role: [local, analyst], attributes: {cities: [A, B], n: 3}}\n",
        "access/all.yaml": "access: cities\nroles: local\nrows:\n  - person.city in {user.cities}\n"
        "  - {cube: buys, where: 'person.long > {user.n}'}\ntotals: full\n"
        "levels: {hide: [person.name, buys.day.year]}\nmasks: {person.city: {first: 1}}\n---\n"
        "access: few\neverybody: true\nexcept: engineer\nmeasures: {allow: buys.*}\n"
        "cubes: {hide: []}\nminimum: {least: 5, of: person, by: [day.month, person.city]}\n",
        "sources/shop.yaml": "source: shop\nurl: sqlite:///shop.db\nretry: {attempts: 3, wait: 5 seconds}\n"
        "timeout: 30 minutes\ntables:\n  client:\n    primary_key: [id]\n    cursor: seen\n"
        "    lookback: 2 days\n    refresh: {mode: incremental, full: 0 2 * * sun}\n"
        "  sale: {primary_key: id, deletes: compare_keys, where: \"id <> 'void'\"}\n",
        "maintenance/rules.yaml": "maintenance: often\nof: [shop.sale, buys, dim_person]\n"
        "schedule: '*/15 8-18 * * mon-fri'\n---\nmaintenance: kept\nkeep:\n  batches: {age: 30 days, number: 5}\n"
        "  quarantine: 60 days\n  runs: 50\n  scans: 10\nfresh: {by: '0 7 * * *', within: 3 hours}\n",
        "synonyms/all.yaml": "synonyms: person\nderive: {name: [\"id || '-'\"]}\n",
        "quality/all.yaml": "quality: named\nof: person\nholds: \"name <> ''\"\nwhere: \"city <> 'B'\"\n",
        "lookups/kinds.yaml": "lookup: kinds\nvalues: {A: Active, B: Blocked}\n---\n"
        "lookup: cities\nfrom: shop.client\nkey: id\nvalue: city\nwhere: id <> '0'\n",
        "model/star.yaml": "entity: person\nkey: id\ncolumns:\n  id: string\n  name: {required: true}\n"
        "  city: string\n  born: date\n---\nentity: buy\nkey: id\ncolumns:\n  id: string\n"
        "  person: {references: person}\n  day: date\n  amount: decimal(18,2)\n---\n"
        "dimension: day\ngenerated: calendar\nattributes: {date: , year: , month: }\n"
        "hierarchies: {calendar: [year, month, date]}\n---\n"
        "dimension: person\nentity: person\nattributes:\n  name: {history: track}\n"
        "  city: {history: fixed}\n  long: {expr: 'length(name)', type: integer}\n---\n"
        "fact: buys\nentity: buy\ndate: day\ndimensions:\n  day: {dimension: day, from: day}\n"
        "  person: {dimension: person, from: person}\nmeasures:\n  amount: amount\n"
        "  double: {expr: 'amount * 2'}\ndegenerate: {tag: {expr: 'lower(person)'}}\nwhere: amount > 0\n",
        "mappings/all.yaml": "entity: person\nfrom: shop.client\nkeep: [seen desc]\ncolumns:\n  id: id\n"
        "  name: {from: name, clean: [trim, {left: 30}, {replace: {find: a, with: b}}], check: required}\n"
        "  city: {expr: 'upper(city)', check: [{length: {high: 40}}, {one_of: [A, B]},"
        " {required_if: name is not null}, {satisfies: length(city) < 90}], otherwise: 'null'}\n"
        "  born: {from: born, format: ['%Y-%m-%d'], check: between 1900-01-01 and today}\n"
        "where: id <> '0'\n---\nentity: buy\nfrom: shop.sale\njoin:\n  who: {table: shop.client, on: {id: client}, where: factor <> '0',"
        " order_by: [seen desc]}\n"
        "columns:\n  id: id\n  person: client\n  day: day\n"
        "  amount: {expr: 'cast(price as decimal(18,2)) * who.factor', check: {at_least: 0}}\n",
        "matching/person.yaml": "matching: person\nwhere: city <> 'X'\nsame:\n  - [name, born]\n  - {on: lower(name)}\n"
        "block: [city, [born, 'left(name, 3)']]\ncompare:\n  name: {as: name, at_least: [0.9, 0.8], term_frequency: true}\n"
        "  born: {as: date, within: [31]}\n  city: {as: levenshtein, at_most: [1], ignoring: [case]}\n"
        "thresholds: {merge: 0.9, review: 0.5}\nmodel: {seed: 2, pairs: 5000, prior: 0.001}\nsurvivorship:\n"
        "  default: {take: most_recent, by: born}\n  columns:\n    name: {take: source, sources: [shop, shop.client]}\n"
        "---\ndecisions: person\nrecords:\n  - {together: [a, b, 3], by: Anna, decided: 2026-01-02}\n"
        "  - {apart: [a, c], why: brothers}\n",
        "cubes/buys.yaml": "cube: buys\nfact: buys\ndimensions: {day: day, person: person}\nmeasures:\n"
        "  revenue: {sum: amount, format: currency}\n  sales: {count: '*', where: \"person.city = 'A'\"}\n"
        "  people: {count_distinct: person.id}\n  each: {ratio: [revenue, sales]}\n"
        "rollups:\n  by_city: {by: [person.city], measures: [revenue]}\n",
    }  # fmt: skip


def checked(texts, shipped=False):
    """Every problem has a file and a line; nothing else is ever raised."""
    try:
        found = check_workspace(ROOT, shipped=shipped, texts=texts).issues
    except UserError as error:
        found = error.issues
    for issue in found:
        assert issue.where is not None and issue.where.file and issue.where.line >= 1, issue
    return found


def test_unharmed_it_has_no_problem():
    assert checked(plain()) == ()


names = st.sampled_from(sorted(plain()))


@settings(max_examples=2000, **LOUD)
@given(
    name=names,
    cut=st.integers(0, 4000),
    length=st.integers(0, 40),
    fill=st.lists(FRAGMENTS, max_size=4),
)
def test_texts(name, cut, length, fill):
    text = plain()[name]
    at = cut % (len(text) + 1)
    checked(plain() | {name: text[:at] + "".join(fill) + text[at + length :]})


def places(node, path=()):
    """The paths of all parts of a tree."""
    yield path
    if isinstance(node, dict):
        for key, value in node.items():
            yield from places(value, (*path, key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from places(value, (*path, number))


def mutated(tree, where, how, value):
    """A tree with one part removed, replaced, renamed, doubled or put elsewhere."""
    tree = copy.deepcopy(tree)
    path = where
    if not path:
        return value
    parent = tree
    for step in path[:-1]:
        parent = parent[step]
    last = path[-1]
    old = parent[last]
    match how:
        case "remove":
            del parent[last]
        case "replace":
            parent[last] = value
        case "wrap":
            parent[last] = [old, value] if isinstance(parent, list) else {str(last): old}
        case "rename" if isinstance(parent, dict):
            parent[str(value)[:80]] = parent.pop(last)
        case "double" if isinstance(parent, list):
            parent.append(copy.deepcopy(old))
        case "climb":
            for key in list(tree) if isinstance(tree, dict) else ():
                tree[key] = old
                break
    return tree


HOW = st.sampled_from(["remove", "replace", "wrap", "rename", "double", "climb"])


@functools.cache
def trees(name, shipped=False):
    texts = shipped_texts() if shipped else plain()
    return tuple(yaml.safe_load_all(texts[name]))


@settings(max_examples=2200, **LOUD)
@given(data=st.data(), name=names, how=HOW, value=ODD | HOSTILE)
def test_trees(data, name, how, value):
    documents = list(trees(name))
    number = data.draw(st.integers(0, len(documents) - 1))
    where = data.draw(st.sampled_from(list(places(documents[number]))))
    documents[number] = mutated(documents[number], where, how, value)
    checked(plain() | {name: yaml.safe_dump_all(documents, allow_unicode=True)})


def definitions(texts):
    """Every definition of a workspace, with what it was read from."""
    collected = collect(ROOT, shipped=False, texts=texts)
    named = [each for kind in collected.named.values() for each in kind.values()]
    return [collected.workspace, *named, *(written for _, written in collected.mappings)]


def kinds(model=Definition):
    """Every field of every model that holds SQL."""
    for child in model.__subclasses__():
        if not child.__module__.startswith("metadata."):
            continue  # models of other tests
        yield from ((child, name) for name, field in child.model_fields.items() if holds_sql(field))
        yield from kinds(child)


def met(value):
    """The fields that hold SQL in a definition."""
    if isinstance(value, Definition):
        for name, field in type(value).model_fields.items():
            here = getattr(value, name)
            if holds_sql(field) and here is not None:
                yield type(value), name
            yield from met(here)
    elif isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from met(each)


EXPRESSIONS = sorted(
    {
        (written.where(*path).file, text)
        for written in definitions(plain())
        for path, text in expressions_of(written.value)
    }
)
"""The file and the text of every expression, found by the models themselves."""


def test_every_field_with_sql_takes_part():
    found = {field for written in definitions(plain()) for field in met(written.value)}
    assert set(kinds()) - found == set()
    assert len(EXPRESSIONS) >= 15


@settings(max_examples=500, **LOUD)
@given(
    place=st.sampled_from(EXPRESSIONS), text=HOSTILE, joined=st.sampled_from(["", " ", " + ", ", "])
)
def test_expressions(place, text, joined):
    name, old = place
    documents = yaml.safe_dump_all(_with(list(trees(name)), old, text + joined + old), width=10**6)
    checked(plain() | {name: documents})


@pytest.mark.parametrize("place", EXPRESSIONS, ids=lambda place: place[1])
@pytest.mark.parametrize("text", ["1; drop table x", "(select 1)", "read_csv('/etc/passwd')",
    "getenv('HOME')", "columns(*)", "list_transform([1], lambda x: x)", "sum(amount)", "$1",
    "row_number() over ()", "unnest([1])", "query('x')", "exists (select 1)", "id, id", "id as x",
    "'a' from t", "id in (select id from t)", "(table t)", "read_text('x')", "pg_sleep(9)", "?", "*",
    "not exists (from t)", "case when (from t) then 1 end", "list_filter([1], lambda x: x > 0)",
    "getvariable('x')", "x'00'; attach 'x'", "install httpfs"])  # fmt: skip
def test_hostile_expressions_are_refused(place, text):
    name, old = place
    found = checked(plain() | {name: yaml.safe_dump_all(_with(list(trees(name)), old, text))})
    assert found and {each.where.file for each in found} == {name}


def _with(node, old, new):
    if isinstance(node, dict):
        return {key: _with(value, old, new) for key, value in node.items()}
    if isinstance(node, list):
        return [_with(value, old, new) for value in node]
    return new if node == old else node


shipped_names = st.sampled_from(sorted(shipped_texts()))


@settings(max_examples=400, **LOUD)
@given(data=st.data(), name=shipped_names, how=HOW, value=ODD | HOSTILE)
def test_shipped_definitions(data, name, how, value):
    documents = list(trees(name, shipped=True))
    number = data.draw(st.integers(0, len(documents) - 1))
    where = data.draw(st.sampled_from(list(places(documents[number]))))
    documents[number] = mutated(documents[number], where, how, value)
    collected = collect(None, shipped={name: yaml.safe_dump_all(documents, allow_unicode=True)})
    for issue in collected.issues:
        assert issue.where is not None and issue.where.line >= 1, issue
