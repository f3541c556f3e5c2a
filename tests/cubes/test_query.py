"""Queries as values: JSON and back, and shapes that are refused in plain words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cubes import Query, Sort, Top
from metadata.errors import UserError

names = st.text(min_size=1, max_size=12)
queries = st.builds(
    Query,
    cube=names,
    measures=st.lists(names, max_size=3).map(tuple),
    rows=st.lists(names, max_size=3).map(tuple),
    columns=st.lists(names, max_size=3).map(tuple),
    where=st.none() | st.text(),
    totals=st.booleans(),
    sort=st.lists(st.builds(Sort, names, st.booleans()), max_size=2).map(tuple),
    top=st.none() | st.builds(Top, st.integers(), names, st.booleans()),
    limit=st.none() | st.integers(),
)


@given(queries)
def test_a_query_survives_json(query: Query) -> None:
    assert Query.from_dict(json.loads(json.dumps(query.to_dict()))) == query


def test_what_says_nothing_is_left_out() -> None:
    assert Query("sales", ("revenue",)).to_dict() == {"cube": "sales", "measures": ["revenue"]}


def test_a_sort_key_may_be_a_plain_name() -> None:
    asked = Query.from_dict({"cube": "c", "measures": ["m"], "sort": ["m", {"by": "a.b"}]})
    assert asked.sort == (Sort("m"), Sort("a.b"))


@pytest.mark.parametrize(
    ("given_value", "told"),
    [
        ([], "The query must be an object with named parts."),
        ({"cube": "sales"}, "The query lacks 'measures'."),
        ({"cube": "sales", "measures": "revenue"}, "The query: 'measures' must be a list."),
        ({"cube": "sales", "measures": [1]}, "The query: 'measures' must be text."),
        ({"cube": 1, "measures": []}, "The query: 'cube' must be text."),
        ({"cube": "s", "measures": [], "colums": []}, "Did you mean 'columns'?"),
        ({"cube": "s", "measures": [], "totals": 1}, "'totals' must be true or false."),
        ({"cube": "s", "measures": [], "limit": True}, "'limit' must be a whole number."),
        ({"cube": "s", "measures": [], "limit": 1.5}, "'limit' must be a whole number."),
        ({"cube": "s", "measures": [], "top": {"n": 1}}, "'top' lacks 'by'."),
        ({"cube": "s", "measures": [], "top": {"n": None, "by": "m"}}, "'n' must be a whole"),
        ({"cube": "s", "measures": [], "sort": [{"descending": True}]}, "A sort key lacks 'by'."),
        ({"cube": "s", "measures": [], "where": 3}, "'where' must be text."),
    ],
)
def test_a_wrong_shape_is_told(given_value: object, told: str) -> None:
    with pytest.raises(UserError) as caught:
        Query.from_dict(given_value)
    assert told in str(caught.value)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["cube", "measures", "top", "sort", "limit", "by", "n"]), inner)))  # fmt: skip
def test_any_json_is_read_or_refused(value: object) -> None:
    try:
        Query.from_dict(value)
    except UserError:
        pass
