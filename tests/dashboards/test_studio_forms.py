"""Forms made from models: every kind of definition is edited, begun and deleted in the studio."""

from __future__ import annotations

import json
import shutil
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, BeforeValidator, Field
from streamlit.testing.v1 import AppTest

from dashboards import data
from dashboards.studio import state
from dashboards.studio.client import close_all
from dashboards.studio.outline import outline
from dashboards.studio.shapes import fields_of, is_secret, shape_of
from dashboards.studio.spots import ItemSpot, Spot
from metadata import kinds, loader, workfiles
from metadata.editing import EditRefused, remove_document
from metadata.kinds import KINDS, Kind, kind_of
from metadata.model.base import Definition, Duration, Expression, Name, Names
from metadata.yaml_tree import parse_documents


def models(kind):
    """Every model that a kind is made of."""
    found, waiting = [], [kind.model]
    while waiting:
        model = waiting.pop()
        if model not in found:
            found.append(model)
            shapes = [shape_of(field) for field in fields_of(model).values()]
            waiting += [m for s in shapes for m in (s.model, *(w.model for w in s.within)) if m]
    return found


class TestShapes:
    """What a field takes is worked out from its type."""

    @pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
    def test_only_what_is_very_particular_is_entered_as_yaml(self, kind):
        as_yaml = {
            f"{model.__name__}.{name}"
            for model in models(kind)
            for name, field in fields_of(model).items()
            if shape_of(field).way == "yaml"
        }
        # Roles of a fact have a form of their own; words, and what is written of a user, are lists
        # by name.
        particular = {"Fact.dimensions", "EntitySynonyms.derive", "Words.same", "User.attributes"}
        assert as_yaml <= particular

    @pytest.mark.parametrize(
        ("kind", "path", "written"),
        [
            ("entity", "columns", ["string", {"type": "date", "required": True}]),
            ("dimension", "attributes", [None, {"history": "track"}]),
            ("dimension", "hierarchies", [["country", "city"], {"levels": ["a"], "label": "L"}]),
            ("cube", "dimensions", ["customer", {"dimension": "date", "label": "Day"}]),
            ("fact", "measures", ["amount", {"expr": "a + b"}]),
            ("mapping", "columns", ["name", {"from": "name", "clean": "trim"}]),
            ("source", "tables", [None, {"primary_key": "id"}]),
        ],
    )
    def test_short_ways_of_writing_are_read_and_kept(self, kind, path, written):
        shape = shape_of(fields_of(KINDS[kind].model)[path])
        for raw in written:
            long = shape.long(raw)
            assert isinstance(long, dict)
            short = shape.short(long)
            assert short == raw and shape.long(short) == long
            shape.model.model_validate(long)

    def test_secrets_are_known_by_their_models(self):
        hidden = {
            name for m in models(KINDS["workspace"]) for name, f in fields_of(m).items()
            if is_secret(f)
        }  # fmt: skip
        assert {"password", "api_key"} <= hidden


class TestKinds:
    def test_the_loader_decides_what_kinds_there_are(self):
        known = {name for models in loader.FOLDERS.values() for name in models}
        assert known | {"mapping", "workspace", "portal"} == set(KINDS)
        assert set(kinds.FOLDERS) == {*loader.FOLDERS, "mappings"}

    def test_a_document_says_what_it_is(self):
        assert kind_of("model/x.yaml", {"fact": "a", "entity": "b"}).name == "fact"
        assert kind_of("mappings/x.yaml", {}).name == "mapping"
        assert kind_of("portal.yaml", {}).name == "portal"
        assert kind_of("model/x.yaml", {"nothing": 1}) is None
        assert kind_of("elsewhere/x.yaml", {"fact": 1}) is None


class TestDocuments:
    @pytest.mark.parametrize(
        ("text", "number", "left"),
        [
            ("a: 1\n---\nb: 2\n---\nc: 3\n", 0, "b: 2\n---\nc: 3\n"),
            ("a: 1\n---\nb: 2\n---\nc: 3\n", 1, "a: 1\n---\nc: 3\n"),
            ("a: 1\n---\nb: 2\n---\nc: 3\n", 2, "a: 1\n---\nb: 2\n"),
            ("---\na: 1\n---\n# on b\nb: 2  # kept\n", 0, "# on b\nb: 2  # kept\n"),
            ("a: |\n  --- no marker\n---\nb: 2\n", 1, "a: |\n  --- no marker\n"),
            ("# only this one\na: 1\n", 0, None),
            ("a: 1\r\n---\r\nb: 2\r\n", 0, "b: 2\r\n"),
        ],
    )
    def test_one_is_taken_out_and_the_others_stay(self, text, number, left):
        assert remove_document(text, number) == left

    def test_one_that_is_not_there_is_refused(self):
        with pytest.raises(EditRefused):
            remove_document("a: 1\n", 1)


class TestLists:
    """A map in a list is written with its list, and comments elsewhere stay."""

    @pytest.fixture
    def written(self, monkeypatch):
        held = {}

        def edit(name, change):
            held[name] = change(held[name])
            return True

        monkeypatch.setattr(state, "edit", edit)
        return held

    def _spot(self, held, text):
        held["f.yaml"] = text
        content = next(parse_documents(text, "f")).content
        return Spot("f.yaml", 0, (), content)

    def test_an_item_is_changed_in_place(self, written):
        spot = self._spot(written, "rows:\n  - {a: 1}  # one\n  - {a: 2}\nb: x  # kept\n")
        ItemSpot.of(spot, "rows", 1).set("a", 5)
        assert written["f.yaml"] == "rows:\n  - {a: 1}  # one\n  - {a: 5}\nb: x  # kept\n"

    def test_one_alone_becomes_what_it_is_in_the_list(self, written):
        spot = self._spot(written, "rows: country = 'DE'\n")
        item = ItemSpot.of(
            spot, "rows", 0, lambda raw: {"where": raw} if isinstance(raw, str) else dict(raw or {})
        )
        assert item.content == {"where": "country = 'DE'"}
        item.set("cube", "sales")
        assert next(parse_documents(written["f.yaml"], "f")).content == {
            "rows": [{"where": "country = 'DE'", "cube": "sales"}]
        }

    def test_what_lies_within_an_item_is_changed_through_it(self, written):
        spot = self._spot(written, "rows:\n  - {inner: {a: 1}}\n")
        ItemSpot.of(spot, "rows", 0).at("inner").set("a", 2)
        assert written["f.yaml"] == "rows:\n  - {inner: {a: 2}}\n"


def _least(value):
    return {"least": value} if isinstance(value, int) else value


class Mask(BaseModel):
    """How members are shown."""

    show: str | None = None
    first: int | None = Field(None, ge=1)


class Filter(Definition):
    """Rows that are seen."""

    where: Expression = Field(description="What must hold.")


class Minimum(Definition):
    """How many there must be."""

    least: int = Field(ge=2, description="Fewest that a figure may stand for.")


class Guard(Definition):
    """One guard, of a kind that nobody has seen before. It has all shapes."""

    guard: Name
    description: str = ""
    roles: Names = Field((), description="Who is meant.")
    cubes: Name | None = None
    steps: tuple[float, ...] = ()
    how: Literal["hide", "mask"] = Field("hide", description="What is done.")
    ends: Duration | None = None
    always: bool = False
    rows: tuple[Filter, ...] = ()
    masks: dict[str, Mask] = Field(default_factory=dict)
    minimum: Annotated[Minimum, BeforeValidator(_least)] | None = None
    subject: Literal["all", "none"] | Minimum = "all"


@pytest.fixture(scope="module", autouse=True)
def _benches():
    yield
    close_all()


@pytest.fixture
def shop(company, tmp_path):
    """The loaded company, to be edited."""
    root = tmp_path / "shop"
    shutil.copytree(company, root)
    data.open_workspace(root)
    return root


def studio(**address) -> AppTest:
    app = AppTest.from_string("from dashboards.studio import page\npage.page()", default_timeout=90)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def texts(app):
    return {name: file.text for name, file in app.session_state[state._DRAFT].files.items()}


def content(text, number=0):
    return list(parse_documents(text, "x"))[number].content


def labelled(elements, start):
    return next(e for e in elements if e.label.startswith(start))


def press(app, label):
    next(b for b in app.button if b.label == label).click().run()
    assert not app.exception, app.exception
    return app


class TestKindsYetToCome:
    """A kind that is added to the loader has its list, its form and its files at once."""

    @pytest.fixture
    def guarded(self, shop, monkeypatch):
        monkeypatch.setitem(KINDS, "guard", Kind("guard", "guards", "", Guard))
        monkeypatch.setitem(loader.FOLDERS, "guards", {"guard": Guard})
        monkeypatch.setattr(workfiles, "FOLDERS", (*workfiles.FOLDERS, "guards"))
        (shop / "guards").mkdir()
        (shop / "guards/g.yaml").write_text(
            "# who sees what\nguard: first\nrows:\n  - {where: a = 1}  # mine\nminimum: 5\n"
        )
        return shop

    def test_it_is_listed_with_its_own_words(self, guarded):
        app = studio(view="policies")
        kind = next(s for s in app.selectbox if s.label == "What it is")
        assert any("guard" in each and "nobody has seen" in each for each in kind.options)

    def test_every_shape_has_a_field_that_writes_what_is_entered(self, guarded):
        app = studio(view="policies", at="guard:first")
        assert not app.exception and not app.error
        labelled(app.multiselect, "Roles").set_value(["analyst"]).run()
        labelled(app.multiselect, "Steps").set_value(["0.9", "0.5"]).run()
        labelled(app.selectbox, "How").select("mask").run()
        labelled(app.text_input, "Ends").set_value("2 days").run()
        labelled(app.toggle, "Always").set_value(True).run()
        labelled(app.selectbox, "Cubes").select("sales").run()
        assert not app.exception
        text = texts(app)["guards/g.yaml"]
        assert content(text) == {
            "guard": "first", "rows": [{"where": "a = 1"}], "minimum": 5, "roles": "analyst",
            "steps": [0.9, 0.5], "how": "mask", "ends": "2 days", "always": True,
            "cubes": "sales",
        }  # fmt: skip
        assert text.startswith("# who sees what\n") and "# mine" in text
        labelled(app.text_input, "Least").set_value("7").run()
        assert content(texts(app)["guards/g.yaml"])["minimum"] == 7
        press(app, "One more under rows")
        assert content(texts(app)["guards/g.yaml"])["rows"] == [{"where": "a = 1"}, {}]
        assert any("is missing" in m.value for m in app.markdown), "what is missing is told there"
        next(b for b in app.button if b.key.endswith("rows|1|out")).click().run()
        assert content(texts(app)["guards/g.yaml"])["rows"] == [{"where": "a = 1"}]

    def test_a_map_by_name_has_a_tab(self, guarded):
        app = studio(view="policies", at="guard:first", tab="masks")
        labelled(app.text_input, "Name").set_value("customer.email").run()
        press(app, "Add")
        labelled(app.text_input, "Show").set_value("•••").run()
        masks = content(texts(app)["guards/g.yaml"])["masks"]
        assert masks == {"customer.email": {"show": "•••"}}


class TestQuality:
    def test_one_is_begun_filled_and_saved(self, shop):
        app = studio(view="policies")
        next(s for s in app.selectbox if s.label == "What it is").select("quality").run()
        labelled(app.text_input, "Name").set_value("enough").run()
        press(app, "Begin")
        assert texts(app) == {"quality/enough.yaml": "quality: enough\n"}
        assert any("'of' is missing" in m.value.replace("\\", "") for m in app.markdown)
        labelled(app.selectbox, "Of").select("fact_sales").run()
        assert any("exactly one of" in m.value for m in app.markdown)
        next(b for b in app.button if b.key.endswith("rows|set")).click().run()
        labelled(app.text_input, "Least").set_value("3").run()
        assert content(texts(app)["quality/enough.yaml"]) == {
            "quality": "enough", "of": "fact_sales", "rows": {"least": 3},
        }  # fmt: skip
        assert not [m for m in app.markdown if ":red[" in m.value and "error_outline" in m.value]
        app = studio(view="changes", draft=app.session_state[state._DRAFT].number)
        press(app, "Save")
        assert content((shop / "quality/enough.yaml").read_text())["rows"] == {"least": 3}

    def test_a_wrong_value_is_told_below_its_field(self, shop):
        (shop / "quality").mkdir()
        (shop / "quality/q.yaml").write_text("quality: q\nof: fact_sales\nholds: nett > 0\n")
        app = studio(view="policies", at="quality:q")
        told = [m.value.replace("\\", "") for m in app.markdown if "error_outline" in m.value]
        assert len(told) == 1 and "nett" in told[0]


class TestSettings:
    def test_the_workspace_is_edited_and_its_comments_stay(self, shop):
        before = (shop / "workspace.yaml").read_text()
        app = studio(view="settings")
        labelled(app.text_input, "Currency").set_value("USD").run()
        after = texts(app)["workspace.yaml"]
        assert content(after) == {**content(before), "currency": "USD"}
        comments = [line for line in before.splitlines() if line.startswith("#")]
        assert all(line in after for line in comments)
        labelled(app.text_input, "Currency").set_value("nope").run()
        assert any("nope" in m.value for m in app.markdown if "error_outline" in m.value)

    def test_people_are_shown_without_what_signs_them_in(self, shop, password_hash, monkeypatch):
        path = shop / "workspace.yaml"
        path.write_text(
            f"{path.read_text()}users:\n  eva: {{role: engineer, password: {password_hash}}}\n"
        )
        pointer = shop / "var/published/current.json"
        told = json.loads(pointer.read_text())
        pointer.write_text(json.dumps({k: v for k, v in told.items() if k != "metadata"}))
        shutil.rmtree(shop / "var/metadata")
        data.open_workspace(shop)
        monkeypatch.setattr(state, "user", lambda: "eva")
        app = studio(view="settings", at="workspace:", tab="users")
        assert not app.exception and "scrypt" not in str(app.main)
        assert any("not shown" in m.value for m in app.markdown)
        role = labelled(app.multiselect, "Role")
        assert role.value == ["engineer"] and {"analyst", "executive"} <= set(role.options)
        role.set_value(["executive"]).run()
        assert content(texts(app)["workspace.yaml"])["users"]["eva"]["role"] == "executive"
        assert password_hash in texts(app)["workspace.yaml"]
        for tab in ("form", "text"):
            assert "scrypt" not in str(studio(view="settings", at="workspace:", tab=tab).main)

    def test_a_shipped_tile_is_left_out_and_a_new_one_added(self, shop):
        app = studio(view="settings", at="portal:", tab="tiles", part="tiles.revenue")
        press(app, "Do without it here")
        assert content(texts(app)["portal.yaml"]) == {
            "portal": "overview", "tiles": {"revenue": None},
        }  # fmt: skip
        press(app, "As shipped")
        labelled(app.text_input, "Name").set_value("lines").run()
        press(app, "Add")
        labelled(app.selectbox, "Cube").select("sales").run()
        assert any("measure" in m.value and "missing" in m.value for m in app.markdown)
        labelled(app.selectbox, "Measure").select("revenue").run()
        assert content(texts(app)["portal.yaml"])["tiles"] == {
            "lines": {"cube": "sales", "measure": "revenue"},
        }  # fmt: skip
        assert not app.error


FOLDERS = {n: k.folder for n, k in KINDS.items() if k.folder and n not in ("mapping", "lookup")}
VIEWS = {"sources": "sources", "model": "model", "cubes": "cubes"}


class TestBeginningAndDeleting:
    @pytest.mark.parametrize("kind", FOLDERS)
    def test_each_kind_is_begun_and_deleted_again(self, shop, kind):
        view = VIEWS.get(FOLDERS[kind], "policies")
        app = studio(view=view)
        if view in ("model", "policies"):
            next(s for s in app.selectbox if s.label == "What it is").select(kind).run()
        next(t for t in app.text_input if t.key == f"new_name|{view}").set_value("brand_new").run()
        press(app, "Begin")
        (name,) = texts(app)
        assert name.startswith(f"{FOLDERS[kind]}/brand_new")
        assert outline(texts(app)).find(kind, "brand_new") is not None
        press(app, "Delete it")
        assert not texts(app)

    def test_one_of_several_in_a_file_is_deleted_and_the_others_stay(self, shop):
        (shop / "quality").mkdir()
        (shop / "quality/q.yaml").write_text(
            "quality: a\nof: fact_sales\nholds: 'true'\n---\n# second\nquality: b\n"
            "of: fact_sales\nholds: 'true'\n"
        )
        app = press(studio(view="policies", at="quality:a"), "Delete it")
        assert texts(app)["quality/q.yaml"].startswith("# second\nquality: b\n")
        app.button(key="undo").click().run()
        assert not texts(app)

    def test_what_uses_it_is_told_before(self, shop):
        app = studio(view="sources", at="shop")
        assert any("Used by" in c.value and "mapping" in c.value for c in app.caption)

    def test_a_shipped_definition_is_gone_back_to(self, shop):
        (shop / "cubes").mkdir(exist_ok=True)
        (shop / "cubes/sales.yaml").write_text("cube: sales\nlabel: Turnover\n")
        app = studio(view="cubes", at="cube:sales", tab="form")
        press(app, "Go back to it")
        assert texts(app) == {"cubes/sales.yaml": None}
