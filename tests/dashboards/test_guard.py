"""What stands before the pages: known hosts, own origin, sign-in, careful headers."""

from __future__ import annotations

import base64
import dataclasses

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from cubes import Engine
from cubes.api import api_routes
from dashboards import guard
from dashboards.server import build_app, check_host, guards
from metadata.errors import UserError
from metadata.model.workspace import User

HERE = "http://localhost"
PASSWORD = "correct horse"


async def _page(request):
    return PlainTextResponse(f"for {request.headers.get(guard.USER_HEADER, 'anybody')}")


async def _socket(websocket):
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


@pytest.fixture
def client_for(opened, monkeypatch):
    monkeypatch.setattr(guard, "FAILED_DELAY", 0.0)

    def make(users=None, host="127.0.0.1", base=HERE):
        settings = opened.repository.workspace.model_copy(update={"users": users or {}})
        repository = dataclasses.replace(opened.repository, workspace=settings)
        here = dataclasses.replace(opened, repository=repository, engine=Engine(repository))
        routes = api_routes(here.engine, here.operations)
        routes += [WebSocketRoute("/_stcore/stream", _socket), Route("/{path:path}", _page)]
        app = Starlette(routes=routes, middleware=guards(here, host))
        return TestClient(app, base_url=base, follow_redirects=False)

    return make


@pytest.fixture
def users(password_hash):
    return {"anna": User(password=password_hash)}


def _sign_in(client, name="anna", password=PASSWORD, to="/"):
    return client.post(f"/sign-in?next={to}", data={"name": name, "password": password})


def test_an_open_address_needs_users(company):
    with pytest.raises(UserError) as refused:
        build_app(company, "0.0.0.0")
    (issue,) = refused.value.issues
    assert "without users" in issue.what and issue.why and "rapport user" in issue.fix
    check_host("0.0.0.0", has_users=True)
    for host in ("127.0.0.1", "localhost", "::1", "[::1]"):
        check_host(host, has_users=False)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8501", "[::1]:8501", "LOCALHOST"])
def test_own_names_are_answered(client_for, host):
    assert client_for().get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "a@localhost", "1"])
def test_foreign_names_are_refused_so_that_no_site_can_rebind_to_us(client_for, host):
    answer = client_for().get("/api/cubes", headers={"host": host})
    assert answer.status_code == 403
    assert answer.json()["issues"]


def test_other_sites_can_neither_post_nor_open_a_socket(client_for):
    client = client_for()
    foreign = {"origin": "http://evil.example"}
    assert client.post("/api/query", json={}, headers=foreign).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("ws://localhost/_stcore/stream", headers=foreign),
    ):
        pass
    with client.websocket_connect(
        "ws://localhost/_stcore/stream", headers={"origin": HERE}
    ) as socket:
        assert socket.receive_text() == "hello"


def test_answers_carry_careful_headers(client_for):
    headers = client_for().get("/").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert "http" not in headers["content-security-policy"], "nothing comes from elsewhere"


def test_a_name_sent_by_a_client_is_not_believed(client_for):
    assert client_for().get("/", headers={guard.USER_HEADER: "boss"}).text == "for anybody"


def test_with_users_everything_asks_to_sign_in(client_for, users):
    client = client_for(users)
    page = client.get("/explore?cube=sales", headers={"accept": "text/html"})
    assert page.status_code == 303
    assert page.headers["location"] == "/sign-in?next=%2Fexplore%3Fcube%3Dsales"
    api = client.get("/api/cubes")
    assert api.status_code == 401 and "Basic" in api.headers["www-authenticate"]
    assert client.get("/_stcore/health").status_code == 401
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("ws://localhost/_stcore/stream"),
    ):
        pass
    form = client.get("/sign-in")
    assert form.status_code == 200 and 'type="password"' in form.text


def test_signing_in_opens_pages_sockets_and_the_api_until_signing_out(client_for, users):
    client = client_for(users)
    answer = _sign_in(client, to="/explore%3Fcube%3Dsales")
    assert (answer.status_code, answer.headers["location"]) == (303, "/explore?cube=sales")
    assert PASSWORD not in answer.headers["set-cookie"]
    assert client.get("/", headers={guard.USER_HEADER: "boss"}).text == "for anna"
    assert client.get("/api/cubes").status_code == 200
    with client.websocket_connect("ws://localhost/_stcore/stream") as socket:
        assert socket.receive_text() == "hello"
    client.get("/sign-out")
    assert client.get("/api/cubes").status_code == 401


def test_a_wrong_password_is_told_and_many_are_made_to_wait(client_for, users):
    client = client_for(users)
    for _ in range(5):
        answer = _sign_in(client, password="wrong")
        assert answer.status_code == 401 and "do not go together" in answer.text
        assert "set-cookie" not in answer.headers
    late = _sign_in(client)
    assert late.status_code == 429 and "wait" in late.text


def test_the_api_takes_basic_sign_in_too(client_for, users):
    client = client_for(users)

    def status(credentials):
        encoded = base64.b64encode(credentials.encode()).decode()
        return client.get("/api/cubes", headers={"authorization": f"Basic {encoded}"}).status_code

    assert status(f"anna:{PASSWORD}") == 200
    assert status("anna:wrong") == 401
    assert client.get("/api/cubes", headers={"authorization": "Basic ???"}).status_code == 401


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil.example", "x"])
def test_signing_in_never_leads_to_another_site(client_for, users, to):
    client = client_for(users)
    assert _sign_in(client, to=to).headers["location"] == "/"


def test_the_form_shows_names_as_text(client_for, users):
    page = client_for(users).get('/sign-in?next=/"><script>alert(1)</script>').text
    assert "<script>" not in page


def test_an_endless_form_is_cut_off(client_for, users):
    client = client_for(users)
    assert _sign_in(client, password="x" * 100_000).status_code == 413
