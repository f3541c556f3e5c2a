"""Pages and API for people who do not see everything."""

from __future__ import annotations

import shutil

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from cubes.api import USER_HEADER, api_routes
from cubes.operations import Operations
from dashboards import data, server
from dashboards.pivot_figures import collect
from dashboards.pivot_grid import build_grid
from dashboards.view import read_view
from dashboards.wording import Figures

POLICIES = """
access: regions
roles: regional
rows: customer.country in {user.countries}
measures: {hide: [sales.cost, sales.margin, sales.orders]}
levels: {hide: customer.customer_since}
masks: {customer.name: {first: 1}}
---
access: none
users: max
cubes: {allow: stock}
"""
PEOPLE = """
roles: {{regional: Some countries.}}
users:
  ann: {{password: {0}, role: regional, attributes: {{countries: Germany}}}}
  bob: {{password: {0}, role: regional, attributes: {{countries: [France, Italy]}}}}
  max: {{password: {0}}}
  eva: {{password: {0}, role: engineer}}
"""
HIDDEN = ("Margin rate", "Orders")


@pytest.fixture(scope="module")
def held(company, loader, tmp_path_factory, password_hash):
    """The company with people and policies, applied by a run."""
    folder = tmp_path_factory.mktemp("held") / "company"
    shutil.copytree(company, folder)
    settings = folder / "workspace.yaml"
    settings.write_text(settings.read_text() + PEOPLE.format(password_hash))
    (folder / "access").mkdir()
    (folder / "access/p.yaml").write_text(POLICIES)
    assert loader(folder).ok
    return folder


@pytest.fixture
def as_user(held, monkeypatch):
    """Pages of the company for one person."""
    data.open_workspace(held)

    def look(user: str) -> None:
        monkeypatch.setattr(data, "user", lambda: user)

    return look


def page(name: str, **address: str) -> AppTest:
    app = AppTest.from_string(f"from dashboards import {name}\n{name}.page()", default_timeout=90)
    for key, value in address.items():
        app.query_params[key] = value
    return app.run()


def told(app: AppTest) -> str:
    """Everything that a page says in words."""
    parts = (app.title, app.markdown, app.caption, app.info, app.error, app.code)
    words = [str(each.value) for elements in parts for each in elements]
    words += [f"{m.label} {m.value}" for m in app.metric] + [tab.label for tab in app.tabs]
    return " ".join(words).replace("\\", "")


class TestPages:
    def test_the_portal_leaves_out_what_is_hidden_and_says_nothing_of_it(self, as_user):
        as_user("eva")
        whole = {metric.label: metric.value for metric in page("portal").metric}
        assert set(HIDDEN) <= set(whole)
        as_user("ann")
        app = page("portal")
        assert not app.exception
        seen = {metric.label: metric.value for metric in app.metric}
        assert "Revenue" in seen and not set(HIDDEN) & set(seen)
        assert "margin" not in told(app).lower()
        assert "may see" in told(app)

    def test_two_people_who_see_different_things_do_not_share_what_is_kept(self, as_user):
        shown = {}
        for user in ("ann", "bob", "ann", "eva", "bob"):
            as_user(user)
            figures = {
                m.label: m.value for m in page("portal", month="2024-02", span="year").metric
            }
            assert shown.setdefault(user, figures) == figures
        assert len({str(figures["Revenue"]) for figures in shown.values()}) == 3

    def test_explore_shows_masks_and_offers_no_way_into_them(self, as_user):
        as_user("ann")
        app = page("explore", cube="sales", measures="revenue", rows="customer.name")
        assert not app.exception
        assert "Only facts that you may see are counted." in told(app)
        offered = next(
            s for s in app.sidebar.selectbox if s.label == "Only some members of"
        ).options
        assert "Customer › City" in " ".join(offered) and "masked" not in " ".join(offered)
        rows = next(m for m in app.sidebar.multiselect if m.label == "Rows").options
        assert any("(masked)" in each for each in rows)
        assert not any("since" in each.lower() for each in rows)
        figures = next(m for m in app.sidebar.multiselect if m.label == "Figures").options
        assert not any("argin" in each for each in figures)

    def test_a_masked_row_opens_and_leads_nowhere(self, as_user):
        as_user("ann")
        address = {"cube": ["sales"], "measures": ["revenue"], "rows": ["customer.name"]}
        view, lost = read_view(address, data.repository(), "sales")
        cube = data.repository().cubes["sales"]
        grid = build_grid(view, cube, collect(view, cube, data.ask), Figures())
        rows = grid.data["rows"]
        assert [row["label"] for row in rows] == ["A…", "D…", "Total"]
        assert not any(row["drills"] or row["opens"] for row in rows) and not lost
        assert view.drilled(("A…",), cube) == view
        by_city = build_grid(
            *(v := read_view({"cube": ["sales"], "rows": ["customer.city"]}, data.repository(), ""))[:1],
            cube,
            collect(v[0], cube, data.ask),
            Figures(),
        )  # fmt: skip
        assert all(row["drills"] for row in by_city.data["rows"] if row["kind"] != "total")

    @pytest.mark.parametrize(
        "address",
        [
            {"only.customer.name": "A…"},
            {"only.customer.name": "Anna Berger"},
            {"not.customer.customer_since": "2021-03-14"},
            {"measures": "margin"},
            {"sort": "-margin"},
            {"top": "3:margin"},
            {"rows": "customer.customer_since"},
            {"drill": '[["customer.city"],["customer.name","Anna Berger"]]'},
            {"cube": "stock"},
        ],
    )
    def test_an_address_that_was_crafted_shows_nothing_hidden(self, as_user, address):
        as_user("ann")
        app = page("explore", **{"cube": "sales", "measures": "revenue"} | address)
        assert not app.exception and not app.error
        assert "since" not in told(app).replace("customer_since”", "")

    def test_with_no_cube_at_all_pages_say_so(self, as_user):
        as_user("max")
        for name in ("portal", "explore", "lineage_page"):
            app = page(name)
            assert not app.exception and "nothing here that you may see" in told(app), name

    def test_loads_show_refused_rows_to_engineers_only(self, as_user):
        as_user("eva")
        assert any(s.label == "Refused in" for s in page("loads").selectbox)
        as_user("ann")
        app = page("loads")
        assert not app.exception
        assert not any(s.label == "Refused in" for s in app.selectbox)
        assert "people with the role engineer" in told(app)

    def test_lineage_leads_only_to_what_is_seen(self, as_user):
        as_user("ann")
        graph = data.lineage()
        names = {node.name for node in graph.nodes.values()}
        assert "sales.revenue" in names and "dim_customer.country" in names
        assert not {"sales.margin", "sales.cost", "tile.margin_rate"} & names
        # The cohort, which is seen, is made of the entity's column; the dimension's is hidden.
        assert "dim_customer.cohort" in names and "dim_customer.customer_since" not in names
        app = page("lineage_page", of="sales.margin")
        assert not app.exception and "margin_rate" not in told(app)
        as_user("eva")
        assert "sales.margin" in {node.name for node in data.lineage().nodes.values()}

    def test_the_studio_is_for_engineers(self, as_user):
        as_user("ann")
        assert not data.may_edit("ann")
        app = AppTest.from_file(str(server.SHELL), default_timeout=90).run()
        assert not app.exception and "Studio" not in told(app)
        as_user("eva")
        assert data.may_edit("eva")


class TestApi:
    @pytest.fixture
    def client_as(self, held):
        opened = data.open_workspace(held)
        routes = api_routes(opened.engine, Operations(opened.repository.storage))

        def make(user: str) -> TestClient:
            headers = {USER_HEADER: user} if user else {}
            return TestClient(Starlette(routes=routes), headers=headers)

        return make

    def test_lists_and_figures_are_those_that_are_seen(self, client_as):
        ann, eva = client_as("ann"), client_as("eva")
        cube = ann.get("/api/cubes/sales").json()
        assert "margin" not in {measure["name"] for measure in cube["measures"]}
        levels = {level["name"]: level["masked"] for level in cube["levels"]}
        assert levels["customer.name"] and not levels["customer.city"]
        assert "customer.customer_since" not in levels
        asked = "/api/query?cube=sales&measures=revenue&rows=customer.country"
        mine = ann.get(asked).json()
        assert [row["customer.country"] for row in mine["rows"]] == ["Germany"]
        assert mine["notes"] and len(eva.get(asked).json()["rows"]) > 1
        assert ann.get("/api/cubes/sales/members?level=customer.country").json()["members"] == [
            "Germany"
        ]

    @pytest.mark.parametrize(
        "address",
        [
            "/api/query?cube=sales&measures=margin",
            "/api/query?cube=sales&measures=revenue&sort=-margin",
            "/api/query?cube=sales&measures=revenue&rows=customer.country&top=1:margin",
            "/api/query?cube=sales&measures=revenue&rows=customer.customer_since",
            "/api/query?cube=sales&measures=revenue&where=customer.name like 'A%25'",
            "/api/query?cube=sales&measures=revenue&where=customer.customer_since is null",
            "/api/explain?cube=sales&measures=margin_rate",
            "/api/cubes/sales/members?level=customer.name&search=ann",
            "/api/cubes/sales/members?level=customer.customer_since",
            "/api/cubes/sales/members?level=customer.city&where=customer.name = 'x'",
        ],
    )
    def test_no_parameter_leads_past_a_policy(self, client_as, address):
        answer = client_as("ann").get(address)
        assert answer.status_code in (400, 404)
        for issue in answer.json()["issues"]:
            rest = f"{issue['why']} {issue['fix']}"
            assert "margin" not in rest and "since" not in rest

    def test_a_cube_that_is_hidden_is_not_found(self, client_as):
        answer = client_as("max").get("/api/cubes/sales")
        assert answer.status_code == 404 and "sales" not in answer.json()["issues"][0]["fix"]
        assert client_as("max").get("/api/cubes").json()["cubes"] == []

    def test_whoever_is_nobody_gets_nothing(self, client_as):
        for user in ("", "nobody"):
            for address in (
                "/api/cubes",
                "/api/cubes/sales",
                "/api/query?cube=sales&measures=lines",
            ):
                answer = client_as(user).get(address)
                assert answer.status_code == 400 and "rows" not in answer.json()
