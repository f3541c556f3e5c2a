"""The Lineage page: what is drawn where, what the address means, and a walk in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from streamlit.testing.v1 import AppTest

from dashboards import data
from dashboards.lineage_details import details
from dashboards.lineage_drawing import HEAD, WIDTH, drawn
from dashboards.lineage_page import offered
from dashboards.lineage_view import LineageView, read_lineage_view
from metadata.errors import Location
from metadata.lineage import Edge, LineageGraph, Node, lineage_of

REVENUE = "measure:sales.revenue"


@pytest.fixture(scope="module")
def graph(opened) -> LineageGraph:
    return lineage_of(opened.repository)


def boxes(drawing) -> dict:
    return {box["id"]: box for box in drawing["boxes"]}


def lines(drawing) -> set[tuple[str, str]]:
    return {(line["source"], line["target"]) for line in drawing["lines"]}


class TestDrawing:
    def test_data_flows_from_left_to_right(self, graph):
        drawing = drawn(graph, LineageView(REVENUE, decisions=True))
        places = boxes(drawing)
        assert {"source:shop.order_lines", "entity:order_line", "fact:fact_sales"} <= places.keys()
        left = [places[each]["x"] for each in (
            "source:shop.order_lines", "entity:order_line", "fact:fact_sales",
            "rollup:rollup_sales_by_day", "cube:sales", "tile:tile",
        )]  # fmt: skip
        assert left == sorted(set(left))

    def test_nothing_lies_on_anything_else_or_beyond_the_sheet(self, graph):
        for each in ("source:shop.customers", REVENUE, "dimension:dim_customer.segment"):
            drawing = drawn(graph, LineageView(each, decisions=True))
            places = list(drawing["boxes"])
            for box in places:
                assert 0 <= box["x"] <= drawing["width"] - WIDTH
                assert 0 <= box["y"] <= drawing["height"] - box["height"]
                for other in places:
                    apart = (
                        box["x"] + WIDTH <= other["x"] or other["x"] + WIDTH <= box["x"]
                        or box["y"] + box["height"] <= other["y"]
                        or other["y"] + other["height"] <= box["y"]
                    )  # fmt: skip
                    assert box is other or apart, (box["id"], other["id"])

    def test_lines_end_at_rows_of_open_tables_and_at_heads_of_others(self, graph):
        view = LineageView("fact:fact_sales.net_amount")
        assert ("entity:order_line.net_amount", "fact:fact_sales.net_amount") in lines(
            drawn(graph, view)
        )
        shut = view.toggled("entity:order_line", is_open=True)
        drawing = drawn(graph, shut)
        assert ("entity:order_line", "fact:fact_sales.net_amount") in lines(drawing)
        box = boxes(drawing)["entity:order_line"]
        assert (box["open"], box["count"], box["rows"], box["height"]) == (False, 1, [], HEAD)
        (line,) = [x for x in drawing["lines"] if x["source"] == "entity:order_line"]
        assert line["from"] == [box["x"] + WIDTH, box["y"] + HEAD // 2]
        assert drawn(graph, shut.toggled("entity:order_line", is_open=False)) == drawn(graph, view)

    def test_tables_of_many_columns_are_counted_until_they_are_opened(self, graph):
        view = LineageView("dimension:dim_customer", way="up")
        box = boxes(drawn(graph, view))["dimension:dim_customer"]
        assert not box["open"]
        assert box["count"] > 8
        opened = boxes(drawn(graph, view.toggled(box["id"], is_open=False)))[box["id"]]
        assert len(opened["rows"]) == box["count"]

    def test_only_values_are_followed_unless_decisions_are_asked_for(self, graph):
        view = LineageView("entity:customer.name", way="up")
        assert boxes(drawn(graph, view)).keys() == {"source:shop.customers", "entity:customer"}
        (box,) = [b for b in drawn(graph, view)["boxes"] if b["id"] == "source:shop.customers"]
        more = boxes(drawn(graph, LineageView(view.of, way="up", decisions=True)))
        assert more["source:shop.customers"]["count"] > box["count"]

    def test_where_a_column_is_cut_by_is_shown(self, graph):
        drawing = drawn(graph, LineageView("dimension:dim_customer.segment", way="down"))
        assert ("dimension:dim_customer.segment", "chart:chart.revenue_by_segment") in lines(
            drawing
        )
        (line,) = [x for x in drawing["lines"] if x["target"] == "cube:sales"]
        assert not line["direct"]
        assert line["told"] == ["level: customer.segment"]

    def test_steps_end_the_graph(self, graph):
        near = drawn(graph, LineageView(REVENUE, steps=1))
        assert "entity:order_line" not in boxes(near)
        assert "fact:fact_sales" in boxes(near)

    def test_a_thousand_columns_are_drawn_by_their_tables(self):
        where = Location("m.yaml", 1)
        nodes = [
            Node(kind, f"{prefix}{table}", f"c{column}", where=where)
            for kind, prefix in (("source", "s.t"), ("entity", "e"))
            for table in range(50)
            for column in range(20)
        ] + [Node("source", f"s.t{table}") for table in range(50)]  # fmt: skip
        edges = [
            Edge(f"source:s.t{table}.c{column}", f"entity:e{table}.c{column}", "copied")
            for table in range(50)
            for column in range(20)
        ] + [Edge("source:s.t0.c0", f"entity:e{table}.c1", "expression") for table in range(50)]
        graph = LineageGraph({node.id: node for node in nodes}, tuple(edges))
        drawing = drawn(graph, LineageView("source:s.t0.c0"))
        assert len(drawing["boxes"]) == 51
        everything = drawn(graph, LineageView("source:s.t0"))
        assert len(everything["boxes"]) == 51
        assert not boxes(everything)["source:s.t0"]["open"]

    def test_many_sources_with_a_table_of_one_name_are_one_box_until_it_is_opened(self):
        where = Location("m.yaml", 1)
        sources = [Node("source", f"s{n}.customer", "name", where=where) for n in range(30)]
        odd = Node("source", "s1.client", "name", where=where)
        target = Node("entity", "customer", "name", where=where)
        edges = [Edge(node.id, target.id, "copied") for node in (*sources, odd)]
        nodes = {node.id: node for node in (*sources, odd, target)}
        graph = LineageGraph(nodes, tuple(edges))
        view = LineageView(target.id)
        drawing = drawn(graph, view)
        found = boxes(drawing)
        assert found.keys() == {"alike:customer", "source:s1.client", "entity:customer"}
        alike = found["alike:customer"]
        assert (alike["count"], alike["word"], alike["walks"]) == (30, "30 sources", False)
        assert len(drawing["lines"]) == 2
        opened = drawn(graph, view.toggled("alike:customer", is_open=False))
        assert len(opened["boxes"]) == 32 and len(opened["lines"]) == 31
        near = boxes(drawn(graph, LineageView(sources[3].id)))
        assert "source:s3.customer" in near, "the one in the middle stands by itself"

    def test_details_tell_rules_and_places(self, graph):
        told = details(graph, graph.nodes["entity:customer.email"])
        lists = {each["name"]: each["entries"] for each in told["lists"]}
        (made,) = lists["Made of"]
        assert made["name"] == "shop.customers.email"
        assert made["told"] == [
            ["cleansed", "trim, lower, check email, otherwise null", "mappings/customer.yaml:15"]
        ]
        assert [each["name"] for each in lists["Goes into"]] == ["dim_customer.email"]
        assert "shop.customers.name" in [each["name"] for each in lists["Rows decided by"]]
        assert ["Personal data", "yes"] in told["facts"]

    def test_levels_do_not_decide_about_measures(self, graph):
        told = details(graph, graph.nodes[REVENUE])
        assert [x["entries"] for x in told["lists"] if x["name"] == "Rows decided by"] == [[]]


class TestAddress:
    def test_a_view_comes_back_from_its_address(self, graph):
        view = LineageView(
            "entity:customer.email", "up", True, 3, ("entity:customer",), ("source:shop.customers",)
        )
        assert read_lineage_view(view.to_address(), graph) == (view, None)
        bare = LineageView(REVENUE)
        assert bare.to_address() == {"of": [REVENUE]}
        assert read_lineage_view(bare.to_address(), graph) == (bare, None)

    def test_a_name_does_for_an_id(self, graph):
        view, _ = read_lineage_view({"of": ["customer.email"]}, graph)
        assert view.of == "entity:customer.email"

    @pytest.mark.parametrize("address", [
        {"way": ["sideways"], "steps": ["-1"]}, {"steps": ["many"]}, {"steps": ["0"]},
        {"open": [""], "decisions": ["no"]},
    ])  # fmt: skip
    def test_nonsense_is_passed_over(self, graph, address):
        view, refused = read_lineage_view(address, graph)
        assert (view.way, view.steps, view.decisions, refused) == ("both", None, False, None)
        assert graph.nodes[view.of].kind == "measure"
        drawn(graph, view)

    def test_a_wrong_name_is_told_and_something_else_is_shown(self, graph):
        view, refused = read_lineage_view({"of": ["customer.emial"]}, graph)
        assert "Did you mean 'email'?" in str(refused)
        assert view.of in graph.nodes

    def test_the_search_offers_figures_first(self, graph):
        ids = offered(graph)
        assert set(ids) == set(graph.nodes)
        assert graph.nodes[ids[0]].kind == "measure"
        kinds = [graph.nodes[each].kind for each in ids]
        assert kinds.index("tile") < kinds.index("source")


def _page(**address) -> AppTest:
    app = AppTest.from_string(
        "from dashboards import lineage_page\nlineage_page.page()", default_timeout=60
    )
    for key, value in address.items():
        app.query_params[key] = value
    return app.run()


class TestPage:
    def test_a_name_that_is_wrong_is_told_with_the_way_out(self, workspace):
        app = _page(of="dim_customer.segmnt")
        assert not app.exception
        assert "Did you mean 'segment'?" in app.warning[0].value.replace("\\", "")

    def test_it_needs_no_data(self, empty):
        data.use(data.open_workspace(empty))
        app = _page()
        assert not app.exception
        assert app.selectbox[0].value.startswith("measure:")

    def test_without_a_source_it_says_so(self, tmp_path):
        (tmp_path / "workspace.yaml").write_text("name: Nothing\n")
        data.open_workspace(tmp_path)
        app = _page()
        assert not app.exception
        assert any("There is nothing to follow yet" in m.value for m in app.markdown)

    def test_the_graph_follows_the_metadata(self, workspace, empty):
        before = data.lineage()
        assert data.lineage() is before
        data.open_workspace(empty)
        assert data.lineage() is not before

    def test_wrong_definitions_are_told_with_their_place(self, empty):
        (empty / "portal.yaml").write_text("portal: p\ntitle: T\ntiles: {a: {cub: x}}\n")
        data.open_workspace(empty)
        app = AppTest.from_string(
            "from dashboards import lineage_page, notices\n"
            "with notices.contained():\n    lineage_page.page()",
            default_timeout=60,
        ).run()
        assert not app.exception
        assert "portal.yaml:3" in app.warning[0].value


@pytest.mark.browser
class TestInTheBrowser:
    def _drawn(self, page: Page) -> Page:
        page.wait_for_selector(".box")
        expect(page.locator(".page.busy")).to_have_count(0)
        return page

    def test_walking_along_and_back(self, page_for):
        page = self._drawn(page_for("/lineage?of=sales.revenue"))
        expect(page.locator(".details h2")).to_have_text("Revenue")
        page.locator("[data-end='fact:fact_sales.net_amount']").click()
        expect(page).to_have_url(re.compile("of=fact%3Afact_sales.net_amount"))
        expect(page.locator(".details h2")).to_have_text("fact_sales.net_amount")
        page.locator(".details").get_by_role("button", name="order_line.net_amount").click()
        expect(page.locator(".details h2")).to_have_text("order_line.net_amount")
        expect(page.locator(".row.focus")).to_have_text("net_amount")
        expect(page.locator(".details")).to_contain_text("mappings/order.yaml:23")
        page.go_back()
        expect(page.locator(".details h2")).to_have_text("fact_sales.net_amount")
        assert page.errors == []
        assert page.foreign == []

    def test_tables_open_and_shut_and_the_link_says_so(self, page_for):
        page = self._drawn(page_for("/lineage?of=entity:customer&way=up"))
        page.get_by_role("button", name="of customer", exact=False).first.click()
        expect(page).to_have_url(re.compile("open=entity%3Acustomer"))
        expect(page.locator(".row", has_text="segment").first).to_be_visible()
        copy = self._drawn(page_for("/lineage" + page.url.partition("/lineage")[2]))
        assert copy.locator(".row").all_inner_texts() == page.locator(".row").all_inner_texts()

    def test_the_keyboard_follows_the_lines(self, page_for):
        page = self._drawn(page_for("/lineage?of=fact_sales.net_amount"))
        page.locator(".row.focus").focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Enter")
        expect(page.locator(".details h2")).to_have_text("order_line.net_amount")

    def test_searching_finds_and_tells_what_is_not_there(self, page_for):
        page = self._drawn(page_for("/lineage"))
        box = page.get_by_role("combobox").first
        box.fill("dim_customer.segment")
        page.get_by_role("option").first.click()
        expect(page.locator(".details h2")).to_have_text("Segment")
        box.fill("dim_customer.segmnt")
        box.press("Enter")
        expect(page.get_by_text("Did you mean 'segment'?")).to_be_visible()

    def test_names_are_shown_as_text(self, page_for, serve, tmp_path, empty):
        harmful = "<img src=x onerror=alert(1)>"
        (empty / "portal.yaml").write_text(
            f'portal: p\ntitle: T\ntiles: {{revenue: {{label: "{harmful}"}}}}\n'
        )
        with serve(empty) as address:
            page = self._drawn(page_for("/lineage?of=tile.revenue", address=address))
            expect(page.locator(".details h2")).to_have_text(harmful)
            assert page.locator("img[src=x]").count() == 0

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_on_a_phone_the_graph_scrolls_and_the_page_does_not(self, page_for, scheme):
        page = self._drawn(page_for("/lineage?of=sales.margin_rate", width=390, scheme=scheme))
        page.wait_for_timeout(500)
        widths = page.evaluate(
            "[document.documentElement, document.querySelector('[data-testid=stMain]')]"
            ".map(each => each.scrollWidth)"
        )
        assert max(widths) <= 390
        expect(page.locator(".row.focus")).to_be_in_viewport(ratio=0.99)
        colour = page.locator(".box").first.evaluate(
            "each => getComputedStyle(each).backgroundColor"
        )
        channels = [int(each) for each in re.findall(r"\d+", colour)[:3]]
        assert (max(channels) < 60) == (scheme == "dark")
