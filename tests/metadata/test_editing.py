"""An edit changes one value; every other character of the text stays."""

from __future__ import annotations

import difflib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metadata.editing import (
    EditRefused,
    append_document,
    document_count,
    remove,
    rename,
    set_value,
)
from metadata.errors import MetadataError
from metadata.yaml_spans import document_spans
from metadata.yaml_tree import parse_documents

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(
    path
    for folder in ("metadata", "cubes", "sample_data", "pipelines", "dashboards", "tests")
    for path in (ROOT / folder).rglob("*.yaml")
)

MAPPING = """\
# Who the company deals with.

entity: customer
from:   crm.customer          # the driving table
columns:
  customer_id:  customer_id
  # A name is put together.
  name:
    expr: >-
      case when kind = 'C' then company
      else first || ' ' || last end
    clean: [trim, collapse_spaces]   # in this order
  email:        {from: email, clean: [trim, lower], check: email, otherwise: "null"}
  city:
    from: city
    clean:
      - trim
      - replace: {find: " De ", with: " de "}

  phone: phone


where: status <> 'TEST'
---
entity: household
from: crm.household
columns:
  household_id: household_id
"""


def said(text, document=0):
    return [each.content for each in parse_documents(text, "the text")][document]


def changed_lines(before, after):
    """The lines of `before` that are no longer there, and those that are new."""
    told = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    gone = [line[2:] for line in told if line.startswith("- ")]
    return gone, [line[2:] for line in told if line.startswith("+ ")]


def test_a_rule_added_changes_its_line_only():
    after = set_value(MAPPING, ("columns", "email", "clean"), ["trim", "lower", "empty_to_null"])
    assert changed_lines(MAPPING, after) == (
        ['  email:        {from: email, clean: [trim, lower], check: email, otherwise: "null"}'],
        [
            "  email:        {from: email, clean: [trim, lower, empty_to_null], check: email,"
            ' otherwise: "null"}'
        ],
    )


def test_a_rule_added_to_a_list_on_lines_is_a_line():
    clean = ["trim", "title_case", {"replace": {"find": " De ", "with": " de "}}]
    after = set_value(MAPPING, ("columns", "city", "clean"), clean)
    assert changed_lines(MAPPING, after) == ([], ["      - title_case"])


def test_a_remark_behind_a_value_stays():
    after = set_value(MAPPING, ("columns", "name", "clean"), ["trim"])
    assert "    clean: [trim]   # in this order\n" in after
    after = set_value(MAPPING, ("from",), "crm.client")
    assert "from:   crm.client          # the driving table\n" in after


def test_a_short_form_becomes_a_long_one_in_its_place():
    after = set_value(MAPPING, ("columns", "phone"), {"from": "phone", "clean": ["phone"]})
    assert changed_lines(MAPPING, after) == (
        ["  phone: phone"],
        ["  phone: {from: phone, clean: [phone]}"],
    )
    assert set_value(after, ("columns", "phone"), "phone") == MAPPING


def test_what_is_missing_comes_in_its_order():
    rule = {"from": "city", "clean": said(MAPPING)["columns"]["city"]["clean"], "check": "required"}
    after = set_value(MAPPING, ("columns", "city"), rule)
    assert changed_lines(MAPPING, after) == ([], ["    check: required"])
    lines = after.splitlines()
    assert lines[lines.index("    check: required") - 1].startswith("      - replace")


def test_a_folded_expression_stays_folded():
    expr = (
        "case when kind = 'C' then company when last = '' then first else first || ' ' || last end"
    )
    after = set_value(MAPPING, ("columns", "name", "expr"), expr)
    assert said(after)["columns"]["name"]["expr"] == expr
    gone, _ = changed_lines(MAPPING, after)
    assert gone == [
        "      case when kind = 'C' then company",
        "      else first || ' ' || last end",
    ]
    assert "    expr: >-\n" in after


def test_quotes_are_put_where_they_are_needed():
    for value in ("null", "1", "true", "no", "a: b", "a # b", "", " x", "2024-01-01", "{a}", "*x"):
        after = set_value(MAPPING, ("columns", "email", "otherwise"), value)
        assert said(after)["columns"]["email"]["otherwise"] == value
    after = set_value("a: x\n", ("a",), "null")
    assert after == 'a: "null"\n'


def test_a_key_is_taken_out_with_its_lines_and_nothing_else():
    after = remove(MAPPING, ("columns", "city"))
    assert changed_lines(MAPPING, after) == (
        [
            "  city:",
            "    from: city",
            "    clean:",
            "      - trim",
            '      - replace: {find: " De ", with: " de "}',
        ],
        [],
    )
    after = remove(MAPPING, ("columns", "email", "check"))
    assert '  email:        {from: email, clean: [trim, lower], otherwise: "null"}\n' in after
    after = remove(MAPPING, ("columns", "city", "clean", 0))
    assert changed_lines(MAPPING, after) == (["      - trim"], [])


def test_a_key_is_renamed_in_its_place():
    after = rename(MAPPING, ("columns", "name"), "full_name")
    assert changed_lines(MAPPING, after) == (["  name:"], ["  full_name:"])
    assert list(said(after)["columns"])[1] == "full_name"
    with pytest.raises(EditRefused, match="already"):
        rename(MAPPING, ("columns", "name"), "city")
    with pytest.raises(EditRefused, match="no place"):
        rename(MAPPING, ("columns", "nme"), "x")


def test_the_second_document_is_edited_by_its_number():
    after = set_value(MAPPING, ("columns", "size"), "members", document=1)
    assert after == MAPPING + "  size: members\n"
    with pytest.raises(EditRefused, match="document 3"):
        set_value(MAPPING, ("entity",), "x", document=2)


def test_a_document_is_put_behind_the_others():
    after = append_document(MAPPING, {"entity": "contact", "columns": {"contact_id": "id"}})
    assert after.startswith(MAPPING) and document_count(after) == 3
    assert said(after, 2) == {"entity": "contact", "columns": {"contact_id": "id"}}
    assert append_document("", {"a": 1}) == "a: 1\n"


def test_line_ends_of_windows_stay():
    text = MAPPING.replace("\n", "\r\n")
    after = set_value(text, ("columns", "city", "check"), {"length": {"low": 1, "high": 50}})
    assert "\n" not in after.replace("\r\n", "")
    after = set_value(after, ("columns", "region"), {"from": "r", "clean": ["trim"] * 30})
    assert "\n" not in after.replace("\r\n", "")
    assert said(after)["columns"]["region"]["clean"] == ["trim"] * 30


def test_a_value_too_long_for_its_line_goes_on_lines_of_its_own():
    rules = ["trim", "collapse_spaces", "normalize_unicode", "strip_accents", "title_case"]
    after = set_value(MAPPING, ("columns", "email", "clean"), rules)
    assert max(map(len, after.splitlines())) <= 100
    gone, new = changed_lines(MAPPING, after)
    assert len(gone) == 1 and new[0] == "  email:" and new[1] == "    from: email"


def test_an_empty_value_is_filled_and_a_collection_emptied():
    assert set_value("a:\nb: {c}\n", ("a",), {"x": 1}) == "a: {x: 1}\nb: {c}\n"
    assert set_value("a:\nb: {c}\n", ("b", "c"), [1]) == "a:\nb: {c: [1]}\n"
    assert set_value("a:  # why\n  - 1\n  - 2\nb: 1\n", ("a",), []) == "a: []  # why\nb: 1\n"
    assert remove("a:\n  x: 1\nb: 1\n", ("a", "x")) == "a: {}\nb: 1\n"


def test_maps_on_the_way_are_made():
    after = set_value("a: 1\n", ("b", "c", "d"), "x")
    assert said(after) == {"a": 1, "b": {"c": {"d": "x"}}} and after.startswith("a: 1\n")


def test_one_is_not_true():
    assert set_value("a: 1\n", ("a",), True) == "a: true\n"
    assert set_value("a: 1.0\n", ("a",), 1) == "a: 1\n"


def test_aliases_are_replaced_where_they_stand_and_never_written_through():
    text = "a: &x [1, 2]\nb: *x\n"
    assert set_value(text, ("b",), [1, 2, 3]) == "a: &x [1, 2]\nb: [1, 2, 3]\n"


def test_a_text_that_is_no_yaml_is_told_by_line():
    with pytest.raises(MetadataError) as told:
        set_value("a: [1\nb: 2\n", ("b",), 3)
    assert told.value.issues[0].where.line


def places(value, path=()):
    yield path
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        yield from places(inner, (*path, key))


NAMES = st.text("abcdefghijk_", min_size=1, max_size=8)
SCALARS = (
    st.text(max_size=30)
    | st.sampled_from(
        ["null", "no", "1", "a: b", "- x", "#", "x #y", "two\nlines\n", "'", '"', "\\d"]
    )
    | st.integers(-(10**6), 10**6)
    | st.booleans()
    | st.none()
    | st.text("abc de,", min_size=80, max_size=160)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)


def replaced(content, path, value):
    if not path:
        return value
    inner = replaced(content[path[0]], path[1:], value)
    if isinstance(content, dict):
        return {**content, path[0]: inner}
    return [*content[: path[0]], inner, *content[path[0] + 1 :]]


def span_of(text, document, path):
    span = document_spans(text)[document]
    entry = None
    for step in path:
        keys = [e.name if span.kind == "mapping" else i for i, e in enumerate(span.entries)]
        entry = span.entries[keys.index(step)]
        span = entry.value
    return (entry.start if entry else span.start), span.end


@settings(max_examples=120, deadline=None)
@given(data=st.data(), file=st.sampled_from(FILES), value=VALUES)
def test_any_value_may_be_put_anywhere_and_the_rest_stays(data, file, value):
    text = file.read_text(encoding="utf-8")
    contents = [each.content for each in parse_documents(text, "x")]
    document = data.draw(st.integers(0, len(contents) - 1))
    path = data.draw(st.sampled_from([p for p in places(contents[document]) if p]))
    after = set_value(text, path, value, document=document)
    wanted = replaced(contents[document], path, value)
    now = [each.content for each in parse_documents(after, "x")]
    assert json.dumps(now[document], sort_keys=True) == json.dumps(wanted, sort_keys=True)
    assert now[:document] + now[document + 1 :] == contents[:document] + contents[document + 1 :]
    start, end = span_of(text, document, path)
    first = text.count("\n", 0, start)
    last = len(text.splitlines()) - text.count("\n", 0, end) - 1
    before_lines, after_lines = text.splitlines(), after.splitlines()
    assert after_lines[:first] == before_lines[:first], "what stands above is as it was"
    if last:
        assert after_lines[-last:] == before_lines[-last:], "what stands below is as it was"


@settings(max_examples=60, deadline=None)
@given(data=st.data(), file=st.sampled_from(FILES))
def test_anything_may_be_taken_out_and_the_rest_stays(data, file):
    text = file.read_text(encoding="utf-8")
    contents = [each.content for each in parse_documents(text, "x")]
    document = data.draw(st.integers(0, len(contents) - 1))
    path = data.draw(st.sampled_from([p for p in places(contents[document]) if p]))
    if len(path) == 1 and len(contents[document]) == 1:
        return
    after = remove(text, path, document=document)
    wanted = json.loads(json.dumps(contents[document]))
    holder = wanted
    for step in path[:-1]:
        holder = holder[step]
    del holder[path[-1]]
    assert said(after, document) == wanted
    comments = [line for line in text.splitlines() if line.strip().startswith("#")]
    start, end = span_of(text, document, path)
    inside = [line for line in text[start:end].splitlines() if line.strip().startswith("#")]
    kept = [line for line in after.splitlines() if line.strip().startswith("#")]
    assert len(kept) >= len(comments) - len(inside)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(NAMES, VALUES, min_size=1, max_size=4),
    st.dictionaries(NAMES, VALUES, min_size=1, max_size=4),
)
def test_any_document_may_become_any_other(before, after):
    text = append_document("", before)
    assert json.dumps(said(text), sort_keys=True) == json.dumps(before, sort_keys=True)
    changed = set_value(text, (), after)
    assert json.dumps(said(changed), sort_keys=True) == json.dumps(after, sort_keys=True)
