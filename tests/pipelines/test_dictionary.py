"""The data dictionary: everything is in it, every link leads somewhere, nothing leaks."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import expect

from metadata import Repository, UserError, load_workspace
from metadata.lineage import kept_scans, lineage_of
from metadata.model.mapping import ColumnRule
from metadata.rule_words import column_words
from metadata.scan import Scan
from pipelines.cli import run as rapport
from pipelines.dictionary import dictionary_of, html, markdown
from pipelines.dictionary.writing import MANIFEST, write_dictionary

REAL = Path(__file__).resolve().parents[1] / "workspaces"


def pages_of(repository: Repository):
    scans = kept_scans(repository)
    return dictionary_of(repository, lineage_of(repository, scans=scans), scans)


class Reader(HTMLParser):
    """The identities on a page, what it links to, what it fetches, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            elif name == "href" and tag == "a":
                self.links.append(value)
            elif name in ("src", "href", "action", "data"):
                self.fetched.append(value)

    def handle_data(self, data):
        self.text += data


@pytest.fixture(params=["starter", "northwind", "adventureworks", "online_retail"])
def company(request) -> Repository:
    if request.param == "starter":
        starter = request.getfixturevalue("starter")
        assert rapport(["scan", "-w", str(starter.path), "-f", "json"]) == 0
        return starter.repository
    return load_workspace(REAL / request.param)


def test_every_link_of_the_site_leads_somewhere_and_nothing_is_fetched_from_elsewhere(company):
    files = dict(html.site(pages_of(company)))
    read = {name: Reader(text) for name, text in files.items() if name.endswith(".html")}
    for name, page in read.items():
        assert len(set(page.ids)) == len(page.ids), name
        for link in page.links:
            file, _, row = link.partition("#")
            target = read[file or name]
            assert not row or row in target.ids, f"{name}: {link}"
        assert set(page.fetched) <= {
            "data:,", "assets/style.css", "assets/theme.js", "assets/names.js", "assets/search.js",
        }  # fmt: skip
    assert {"assets/style.css", "assets/theme.js", "assets/search.js"} <= set(files)
    names = files["assets/names.js"].removeprefix("window.RAPPORT_NAMES = ").rstrip(";\n")
    for _, _, _, address, _ in json.loads(names):
        file, _, row = address.partition("#")
        assert not row or row in read[file].ids


def test_every_link_of_the_markdown_leads_somewhere(company):
    files = dict(markdown.files(pages_of(company)))
    for name, text in files.items():
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            file, _, row = link.partition("#")
            assert file in files, (name, link)
            assert not row or f'<a id="{row}"></a>' in files[file], (name, link)


def test_the_same_workspace_gives_the_same_pages(company):
    assert dict(html.site(pages_of(company))) == dict(html.site(pages_of(company)))


def test_everything_that_is_defined_has_its_place(company):
    dictionary = pages_of(company)
    known = {page.id for page in dictionary.pages}
    rows = {(p.id, row.name) for p in dictionary.pages for s in p.sections for row in s.rows}
    assert {f"source-{name}" for name in company.sources} <= known
    assert {f"table-{s}.{t}" for s, t, _ in company.source_tables()} <= known
    assert {f"lookup-{name}" for name in company.lookups} <= known
    for entity in company.mapped_entities:
        for column in company.entity(entity).columns:
            assert (f"entity-{entity}", column) in rows
    for dimension in company.dimensions.values():
        for attribute in dimension.attributes:
            assert (f"dimension-{dimension.name}", attribute) in rows
    for fact in company.facts.values():
        for column in (*fact.grain, *fact.definition.measures, *fact.definition.degenerate):
            assert (f"fact-{fact.name}", column) in rows
        for role in fact.roles.values():
            assert (f"fact-{fact.name}", role.key_column) in rows
    for cube in company.cubes.values():
        for measure in cube.measures:
            assert (f"cube-{cube.name}", measure) in rows
        for rollup in cube.definition.rollups:
            assert (f"cube-{cube.name}", f"rollup {rollup}") in rows
    titles = {s.name for p in dictionary.pages for s in p.sections}
    assert {f"mapping {m.name}" for m in company.mappings} <= titles


def test_what_a_page_says(starter):
    rapport(["scan", "-w", str(starter.path)])
    files = {n: Reader(t) for n, t in html.site(pages_of(starter.repository)) if n.endswith("html")}
    sales = files["cube-sales.html"].text
    assert "sum of net_amount" in sales
    assert "not additive" in sales
    assert re.search(r"cubes/definitions/sales\.yaml:\d+", sales)
    assert "cubes/sales.yaml:5" in sales
    customer = files["entity-customer.html"].text
    assert "Removes white space" in customer
    assert "the value is left out" in customer
    assert "unless name <> 'TEST'" in customer
    assert re.search(r"mappings/customer\.yaml:1\d", customer)
    table = files["table-shop.customers.html"]
    assert "entity-customer.html#email" in table.links
    assert "table-shop.customers.html#email" in files["entity-customer.html"].links
    assert "dimension-customer.html#email" in files["entity-customer.html"].links
    assert "keeps history" in files["dimension-customer.html"].text
    assert "one row for each order_line_id" in files["fact-sales.html"].text
    personal = files["personal.html"]
    assert {"entity-customer.html#email", "dimension-customer.html#email"} <= set(personal.links)


def test_values_of_personal_data_are_not_shown(starter):
    rapport(["scan", "-w", str(starter.path)])
    people = (starter.path / "data" / "customers.csv").read_text().splitlines()[1:]
    text = "".join(t for n, t in html.site(pages_of(starter.repository)))
    for line in people:
        number, name, *_ = line.split(",")
        assert name == "TEST" or name.strip() not in text
        assert "@" not in line or re.search(r"[\w.]+@[\w.]+", line).group() not in text
    assert "Germany" in text, "values that are not personal are shown"


def test_secrets_and_people_of_the_workspace_are_not_shown(starter):
    starter.write(
        "sources/crm.yaml",
        "source: crm\nurl: postgresql://reader:open-sesame@db.example/crm?password=xyzzy\n"
        "tables: {customer: {}}\n",
    )
    workspace = (starter.path / "workspace.yaml").read_text()
    user = "\nusers:\n  ada: {password: 'scrypt$16384$8$1$c2FsdA==$a2V5', role: engineer}\n"
    starter.write("workspace.yaml", workspace + user)
    dictionary = pages_of(starter.repository)
    for _, text in (*html.site(dictionary), *markdown.files(dictionary)):
        for secret in ("open-sesame", "xyzzy", "scrypt", "reader"):
            assert secret not in text
    shown = Reader(dict(html.site(dictionary))["source-crm.html"]).text
    assert "postgresql://…@db.example/crm" in shown


def test_strange_names_and_words_are_only_words(starter):
    evil = '<script>alert(1)</script> </script> & \\"quoted\\" | [x](y)'
    starter.write("cubes/sales.yaml", f'cube: sales\ndescription: "{evil}"\n')
    storage = starter.repository.storage
    folder = storage / "scans" / "shop"
    folder.mkdir(parents=True)
    odd = {"name": "Näme <b> & #1", "type": "string", "native_type": "TEXT", "comment": evil}
    scan = {
        "source": "shop", "version": 1, "scanned_at": "2026-01-01T00:00:00Z",
        "tables": [{"name": "Sales Order/2", "native_name": "x", "columns": [odd]},
                   {"name": "sales order/2", "native_name": "y", "columns": [odd, odd | {"name": "b"}]}],
    }  # fmt: skip
    text = Scan.model_validate(scan).model_dump_json()
    (folder / "000001.json").write_text(text)
    dictionary = pages_of(starter.repository)
    files = dict(html.site(dictionary))
    pages = [name for name in files if name.startswith("table-shop.") and "~" in name]
    assert len({name.lower() for name in pages}) == 2
    for name, page in files.items():
        if name.endswith(".html"):
            assert "<script>alert" not in page
    assert "</script" not in files["assets/names.js"]
    read = Reader(files[pages[0]])
    assert "Näme <b> & #1" in read.text
    for name, page in markdown.files(dictionary):
        assert "<script>" not in page, name
        for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
            cells = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
            assert len(cells) == 1, (name, table)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"from": "a"}, ["Copied from a."]),
        ({"expr": "a + b"}, ["Computed: a + b"]),
        ({"value": True}, ["Always true."]),
        (
            {"from": "a", "clean": [{"left": 3}], "default": "x"},
            [
                "Copied from a.",
                "left (length 3): Keeps the first characters.",
                "Where there is no value: 'x'.",
            ],
        ),
        (
            {"from": "a", "lookup": {"A": "Active"}, "format": ["%d.%m.%Y", "%Y"]},
            [
                "Copied from a.",
                "Its code is translated: 'A' is 'Active'.",
                "Read by the format %d.%m.%Y or %Y.",
            ],
        ),
        (
            {"from": "a", "check": "between 1 and 5", "otherwise": "keep"},
            [
                "Copied from a.",
                "Check between (low '1', high '5'): Fails outside a range, ends included; an end may"
                " be a number, a date, or `today`. May be written as `between LOW and HIGH`. Then the"
                " value stays and a warning is counted.",
            ],
        ),
    ],
)
def test_rules_in_words(rule, said):
    assert list(column_words(ColumnRule.model_validate(rule))) == said


class TestWriting:
    """A folder of somebody else is never touched, and what is gone does not stay."""

    def test_pages_that_are_gone_are_removed(self, tmp_path):
        folder = tmp_path / "d"
        assert write_dictionary(folder, "x", {"a.html": "1", "b/c.html": "2"}) == 2
        (folder / "mine.txt").write_text("mine")
        assert write_dictionary(folder, "x", {"a.html": "1", "d.html": "3"}) == 1
        found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
        assert found == {"a.html", "d.html", "mine.txt", MANIFEST}

    def test_a_folder_with_something_else_is_refused(self, tmp_path):
        (tmp_path / "thesis.txt").write_text("mine")
        with pytest.raises(UserError, match="something else"):
            write_dictionary(tmp_path, "x", {"a.html": "1"})
        with pytest.raises(UserError, match="is a file"):
            write_dictionary(tmp_path / "thesis.txt", "x", {})
        assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]

    def test_an_edited_manifest_removes_nothing_elsewhere(self, tmp_path):
        (tmp_path / "precious").write_text("x")
        folder = tmp_path / "d"
        write_dictionary(folder, "x", {"a.html": "1"})
        listed = ["../precious", str(tmp_path / "precious"), "a.html"]
        (folder / MANIFEST).write_text(json.dumps({"files": listed}))
        write_dictionary(folder, "x", {})
        assert (tmp_path / "precious").exists()
        assert not (folder / "a.html").exists()


def test_the_command(starter, capsys):
    def ask(*arguments):
        code = rapport(["dictionary", "-w", str(starter.path), *map(str, arguments)])
        return code, capsys.readouterr()

    code, told = ask("--format", "json")
    assert code == 0
    document = json.loads(told.out)
    assert document["not_scanned"] == ["shop"]
    start = Path(document["start"])
    assert start == starter.path / "dictionary" / "index.html"
    assert "My Company" in start.read_text(encoding="utf-8")
    code, told = ask()
    assert "0 files changed" in told.out
    assert "rapport scan" in told.out
    code, _ = ask("--as", "markdown", "--output", starter.path / "md")
    assert (starter.path / "md" / "cube-sales.md").is_file()
    code, told = ask("--output", starter.path)
    assert code == 1
    assert "something else" in told.err
    # What was written is no part of the workspace.
    assert load_workspace(starter.path)


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 390])
def test_in_a_browser_from_disk(starter, tmp_path, browser, width):
    rapport(["scan", "-w", str(starter.path)])
    files = dict(html.site(pages_of(starter.repository)))
    write_dictionary(tmp_path / "site", "x", files)
    with browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme="dark"
    ) as context:
        page = context.new_page()
        trouble: list[str] = []
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on(
            "request", lambda r: trouble.append(r.url) if not r.url.startswith("file:") else None
        )
        for name in sorted(n for n in files if n.endswith(".html")):
            page.goto((tmp_path / "site" / name).as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        page.goto((tmp_path / "site" / "index.html").as_uri())
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.keyboard.press("/")
        page.keyboard.type("large lines")
        expect(page.locator("#found [role=option]").first).to_contain_text("sales.large_lines")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url("**/cube-sales.html#large_lines")
        assert unquote(page.url).endswith("cube-sales.html#large_lines")
        expect(page.locator("tr:target")).to_contain_text("Large order lines")
        page.click("#theme")
        page.goto((tmp_path / "site" / "fact-sales.html").as_uri())
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
        contents = page.locator("#contents nav")
        if width < 960:
            expect(contents).to_be_hidden()
            page.click("#contents summary")
        expect(contents).to_be_visible()
        page.keyboard.press("/")
        page.keyboard.type("zzzzzz")
        expect(page.locator("#found")).to_have_text("Nothing is called that.")
        assert trouble == []
