"""The API: questions in, JSON or Arrow out, problems as issues."""

from __future__ import annotations

import pyarrow as pa
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from cubes import Query
from cubes.api import ARROW, api_routes
from dashboards import data
from dashboards.data import NothingPublished

QUESTION = {"cube": "sales", "measures": ["revenue", "margin_rate"], "rows": ["customer.country"]}


@pytest.fixture
def client(opened):
    routes = api_routes(opened.engine, opened.operations)
    return TestClient(Starlette(routes=routes), base_url="http://localhost")


def test_health_and_versions(client, opened):
    assert client.get("/api/health").json() == {"status": "ok", "version": opened.engine.version()}
    (version,) = client.get("/api/versions").json()["versions"]
    assert version["current"] and version["kept"] and version["published_at"]


def test_the_cubes_and_what_can_be_asked_of_one(client, opened):
    listed = client.get("/api/cubes").json()
    assert [cube["name"] for cube in listed["cubes"]] == sorted(opened.repository.cubes)
    assert listed["absent"]["pipeline"], "what is not loaded is named with the reason"
    cube = client.get("/api/cubes/sales").json()
    assert {m["name"] for m in cube["measures"]} == set(opened.repository.cubes["sales"].measures)
    assert "customer.country" in {level["name"] for level in cube["levels"]}
    assert cube["hierarchies"]


def test_a_question_in_a_body_and_in_an_address_get_the_same_answer(client, ask):
    posted = client.post("/api/query", json=QUESTION).json()
    address = "cube=sales&measures=revenue,margin_rate&rows=customer.country"
    got = client.get(f"/api/query?{address}").json()
    assert posted["rows"] == got["rows"]
    expected = ask(Query("sales", ("revenue", "margin_rate"), ("customer.country",))).table
    assert [row["revenue"] for row in posted["rows"]] == [
        float(value) for value in expected.column("revenue").to_pylist()
    ]
    assert [column["kind"] for column in posted["columns"]] == ["level", "measure", "measure"]


def test_totals_sort_top_and_filters_reach_the_engine(client):
    asked = QUESTION | {
        "totals": True,
        "sort": [{"by": "revenue", "descending": True}],
        "top": {"n": 2, "by": "revenue"},
        "where": "order_date.year = 2024",
    }
    posted = client.post("/api/query", json=asked).json()["rows"]
    address = (
        "cube=sales&measures=revenue,margin_rate&rows=customer.country&totals=true"
        "&sort=-revenue&top=2:revenue&where=order_date.year%20%3D%202024"
    )
    assert client.get(f"/api/query?{address}").json()["rows"] == posted
    assert [row["customer.country"] for row in posted if row["_grouping"] == 0] == [
        "Germany",
        "France",
    ]


def test_arrow_keeps_decimals_exact(client, ask):
    answer = client.post("/api/query", json=QUESTION | {"format": "arrow"})
    assert answer.headers["content-type"] == ARROW
    table = pa.ipc.open_stream(answer.content).read_all()
    assert table.equals(
        ask(Query("sales", ("revenue", "margin_rate"), ("customer.country",))).table
    )
    accepted = client.post("/api/query", json=QUESTION, headers={"accept": ARROW})
    assert accepted.content == answer.content


def test_explain_and_members(client):
    explained = client.post("/api/explain", json=QUESTION).json()
    assert "SELECT" in explained["sql"] and explained["used"]
    found = client.get("/api/cubes/sales/members?level=customer.country&search=ger").json()
    assert found == {"level": "customer.country", "members": ["Germany"]}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "/api/cubes/salez", None, 404, "Did you mean 'sales'"),
        ("GET", "/api/cubes/pipeline", None, 404, "no cube"),
        ("GET", "/api/nothing/here", None, 404, "openapi"),
        ("GET", "/api/cubes/sales/members?level=customer.cuntry", None, 404, "customer.country"),
        ("GET", "/api/cubes/sales/members?level=customer.country&limit=x", None, 400, "limit"),
        ("GET", "/api/query?cube=sales&measure=revenue", None, 400, "measures"),
        ("POST", "/api/query", QUESTION | {"measures": ["revenu"]}, 400, "revenue"),
        ("POST", "/api/query", QUESTION | {"cube": "salez"}, 404, "sales"),
        ("POST", "/api/query", QUESTION | {"where": "customer.country = "}, 400, ""),
        ("POST", "/api/query", QUESTION | {"where": "1=1; DROP TABLE x"}, 400, ""),
        ("POST", "/api/query", QUESTION | {"colour": "red"}, 400, "colour"),
        ("POST", "/api/query", QUESTION | {"limit": -1}, 400, "limit"),
        ("POST", "/api/query", [], 400, ""),
    ],
)
def test_problems_are_told_as_issues(client, method, path, body, status, words):
    answer = client.request(method, path, json=body)
    assert answer.status_code == status
    issues = answer.json()["issues"]
    assert issues and all(issue["what"] for issue in issues)
    assert words in answer.text
    assert "Traceback" not in answer.text


def test_a_body_that_is_no_json_or_has_no_end_is_refused(client):
    assert client.post("/api/query", content=b"{").status_code == 400
    assert client.post("/api/query", content=b" " * 300_000).status_code == 400


def test_a_defect_of_ours_tells_nothing_of_the_inside(opened):
    class Broken:
        repository = opened.repository

        def seen_by(self, user):
            return self

        def query(self, query):
            raise RuntimeError("secret detail")

    routes = api_routes(Broken(), opened.operations)
    answer = TestClient(Starlette(routes=routes)).post("/api/query", json=QUESTION)
    assert answer.status_code == 500
    assert "secret" not in answer.text and answer.json()["issues"]


def test_before_the_first_load_the_api_says_so(empty):
    nothing = data.open_workspace(empty)
    routes = api_routes(nothing.engine, nothing.operations)
    client = TestClient(Starlette(routes=routes))
    assert client.get("/api/health").json() == {"status": "empty", "version": None}
    answer = client.post("/api/query", json=QUESTION)
    assert answer.status_code in (400, 404) and answer.json()["issues"]
    with pytest.raises(NothingPublished):
        data.version()


def test_the_openapi_document_describes_every_address(client):
    document = client.get("/api/openapi.json").json()
    assert document["openapi"].startswith("3.")
    served = {route.path for route in client.app.routes} - {"/api/openapi.json", "/api/{rest:path}"}
    assert set(document["paths"]) == served
    text = str(document)
    for name in ("QueryRequest", "QueryAnswer", "Problem"):
        assert name in document["components"]["schemas"]
        assert f"#/components/schemas/{name}" in text
