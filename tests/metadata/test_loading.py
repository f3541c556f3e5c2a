"""A workspace is read, extended and bound."""

from __future__ import annotations

from datetime import timedelta

import pytest

from metadata import MetadataError, UserError, load_workspace
from metadata.loader import collect, shipped_texts, workspace_texts
from metadata.workfiles import file_names


def load(path):
    return load_workspace(path, shipped=False)


def test_a_plain_workspace_binds_every_name(write):
    repository = load(write())
    assert repository.workspace.name == "Plain Company"
    assert repository.mapped_entities == ("person", "purchase")
    assert [m.name for m in repository.mappings_of("person")] == ["person<shop.client"]
    fact = repository.facts["purchases"]
    assert fact.grain == ("purchase_id",)
    assert set(fact.roles) == {"bought_on", "person", "city_of"}
    cube = repository.cubes["purchases"]
    assert set(cube.measures) == {"revenue", "sales", "average"}
    assert "person.city" in cube.levels
    assert [level.name for level in cube.hierarchies[0].levels] == [
        "bought_on.year",
        "bought_on.month",
        "bought_on.date",
    ]


def test_durations_and_types_are_values_not_texts(write):
    repository = load(
        write(
            {
                "sources/shop.yaml": """\
source: shop
url: data
tables:
  client: {primary_key: id, cursor: changed, lookback: 2 days}
  sale:
"""
            }
        )
    )
    table = repository.source_table("shop", "client")
    assert table.lookback == timedelta(days=2)
    assert table.primary_key == ("id",)
    assert repository.source_table("shop", "sale").primary_key == ()


def test_what_no_mapping_feeds_is_absent_and_says_why(write):
    path = write()
    (path / "mappings/purchase.yaml").unlink()
    repository = load(path)
    assert "purchases" not in repository.facts
    assert "purchase" in repository.absent["fact purchases"]
    assert "purchases" in repository.absent["cube purchases"]


def test_a_measure_without_its_column_is_unavailable_not_wrong(write):
    repository = load(
        write(
            {
                "mappings/purchase.yaml": """\
entity: purchase
from: shop.sale
columns: {purchase_id: id, person_id: client_id, bought_on: day}
"""
            }
        )
    )
    cube = repository.cubes["purchases"]
    assert set(cube.measures) == {"sales"}
    assert "amount" in cube.unavailable["revenue"]
    assert "amount" in cube.unavailable["average"]


def test_a_workspace_extends_the_shipped_model(write):
    path = write(
        {
            "model/customer.yaml": """\
dimension: customer
attributes:
  shoe_size: {from: shoe_size}
---
entity: customer
columns:
  shoe_size: integer
"""
        }
    )
    (path / "model/star.yaml").unlink()
    (path / "cubes/purchases.yaml").unlink()
    (path / "mappings/purchase.yaml").unlink()
    (path / "mappings/person.yaml").write_text(
        "entity: customer\nfrom: shop.client\ncolumns: {customer_id: id, shoe_size: shoes}\n"
    )
    dimension = load_workspace(path).dimensions["customer"]
    assert dimension.attributes["shoe_size"].type == "integer"
    assert "country" in dimension.attributes


def test_a_folder_without_a_workspace_is_told(tmp_path):
    with pytest.raises(UserError, match="no workspace"):
        load_workspace(tmp_path)


def test_how_an_ending_is_written_does_not_matter(write):
    root = write()
    (root / "sources" / "shop.yaml").rename(root / "sources" / "SHOP.YAML")
    assert set(load(root).sources) == {"shop"}
    assert "sources/SHOP.YAML" in file_names(root)


def test_paths_follow_references(write):
    repository = load(write())
    path = repository.path("purchase", "person_id.city")
    assert path.owner == "person"
    assert path.prefix == ("person_id",)
    assert str(path) == "person_id.city"


def test_every_problem_is_listed_at_once(write):
    path = write(
        {
            "sources/shop.yaml": "source: shop\nurl: data\ntables: {client: {primry_key: [id]}}\n",
            "model/more.yaml": "entity: thing\nkey: nope\ncolumns: {a: strin}\n",
        }
    )
    with pytest.raises(MetadataError) as caught:
        load(path)
    assert [issue.where.file for issue in caught.value.issues] == [
        "model/more.yaml",
        "sources/shop.yaml",
    ]


class TestTexts:
    """Definitions may come from texts instead of files: what is not saved yet, or once was."""

    def test_texts_stand_for_the_files(self, write):
        root = write()
        texts = workspace_texts(root)
        from_files, from_texts = load(root), load_workspace(root, shipped=False, texts=texts)
        assert from_texts.workspace == from_files.workspace
        assert [m.definition for m in from_texts.mappings] == [
            m.definition for m in from_files.mappings
        ]
        assert from_texts.facts.keys() == from_files.facts.keys() and from_texts.cubes

    def test_an_edit_that_is_not_saved_is_checked_with_its_place(self, write):
        root = write()
        texts = workspace_texts(root) | {"mappings/new.yaml": "entity: person\nform: x\n"}
        with pytest.raises(MetadataError) as caught:
            load_workspace(root, shipped=False, texts=texts)
        assert "mappings/new.yaml:2" in {str(issue.where) for issue in caught.value.issues}
        assert not (root / "mappings/new.yaml").exists()

    def test_the_shipped_model_of_another_release(self, write):
        older = {n: t for n, t in shipped_texts().items() if not n.startswith("cubes/")}
        collected = collect(write(), shipped=older)
        assert "entity" in collected.named and collected.named["cube"].keys() == {"purchases"}

    def test_without_a_workspace_file_there_is_none(self, write):
        with pytest.raises(UserError, match="no workspace"):
            load_workspace(write(), texts={})
