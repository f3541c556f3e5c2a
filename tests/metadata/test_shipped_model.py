"""The shipped model and cubes: they load, they explain themselves, and nothing in them is dead."""

from __future__ import annotations

from pathlib import Path

import pytest

from metadata import Repository, load_workspace
from metadata.loader import SHIPPED_CUBES, SHIPPED_MODEL, Collected, collect
from metadata.model.star import Attribute, Dimension, Entity
from metadata.paths import resolve_path

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "sample_data" / "workspace"
NEVER_IN_THE_SAMPLE = {"dimension promotion", "dimension territory"}
"""Meridian has neither offers nor sales territories."""


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Collected:
    """Everything shipped, below a workspace that adds nothing."""
    root = tmp_path_factory.mktemp("nothing")
    (root / "workspace.yaml").write_text("name: Nothing\n", encoding="utf-8")
    collected = collect(root, shipped=True)
    assert not collected.issues
    return collected


@pytest.fixture(scope="module")
def sample() -> Repository:
    """The sample company's workspace, which maps nearly all of the model."""
    return load_workspace(SAMPLE)


def values(collected: Collected, kind: str) -> list:
    """The raw definitions of one kind."""
    return [written.value for written in collected.named[kind].values()]


def described(collected: Collected, dimension: Dimension, name: str, attribute: Attribute) -> str:
    """What is said of an attribute: its own words, or those of the column it copies."""
    if attribute.description or attribute.expr or dimension.entity is None:
        return attribute.description
    entities: dict[str, Entity] = {
        known: written.value for known, written in collected.named["entity"].items()
    }
    path = resolve_path(entities, dimension.entity, attribute.from_ or name)
    # Over a reference the column's words are about another thing: a customer's household *name*.
    return "" if path.hops else entities[path.owner].columns[path.column].description


class TestItSpeaks:
    """The definitions are the data dictionary, so everything in them has words."""

    @pytest.mark.parametrize("kind", ["entity", "dimension", "fact", "bridge", "cube"])
    def test_every_definition_has_a_description(self, shipped, kind):
        assert not [value for value in values(shipped, kind) if not value.description.strip()]

    def test_every_column_has_a_description(self, shipped):
        silent = [
            f"{entity.entity}.{name}"
            for entity in values(shipped, "entity")
            for name, column in entity.columns.items()
            if not column.description
        ]
        assert not silent

    def test_every_attribute_has_a_description(self, shipped):
        silent = [
            f"{dimension.dimension}.{name}"
            for dimension in values(shipped, "dimension")
            for name, attribute in dimension.attributes.items()
            if not described(shipped, dimension, name, attribute)
        ]
        assert not silent

    def test_every_measure_has_a_description_and_cubes_give_it_a_label(self, shipped):
        facts = [
            f"{fact.fact}.{name}"
            for fact in values(shipped, "fact")
            for name, measure in fact.measures.items()
            if not measure.description
        ]
        cubes = [
            f"{cube.cube}.{name}"
            for cube in values(shipped, "cube")
            for name, measure in cube.measures.items()
            if not (measure.description and measure.label)
        ]
        assert facts == cubes == []

    def test_labels_of_a_cube_tell_its_measures_apart(self, shipped):
        for cube in values(shipped, "cube"):
            labels = [measure.label for measure in cube.measures.values()]
            assert len(labels) == len(set(labels)), cube.cube

    def test_descriptions_end_as_sentences(self, shipped):
        ragged = [
            text
            for kind in ("entity", "fact", "cube")
            for value in values(shipped, kind)
            for part in (getattr(value, "columns", {}), getattr(value, "measures", {}))
            for text in [value.description, *(each.description for each in part.values())]
            if not text.endswith((".", ".)"))
        ]
        assert not ragged


class TestNothingIsDead:
    """What is shipped is reachable: facts through cubes, entities through facts or dimensions."""

    def test_every_fact_has_a_cube_and_every_cube_a_default_view(self, shipped):
        cubes = values(shipped, "cube")
        assert {fact.fact for fact in values(shipped, "fact")} == {cube.fact for cube in cubes}
        assert not [c.cube for c in cubes if not (c.default.measures and c.default.rows)]

    def test_a_cube_offers_every_dimension_of_its_fact(self, shipped):
        facts = {fact.fact: fact for fact in values(shipped, "fact")}
        for cube in values(shipped, "cube"):
            assert set(cube.dimensions) == set(facts[cube.fact].dimensions), cube.cube

    def test_every_dimension_and_bridge_end_is_used(self, shipped):
        dimensions = {value.dimension for value in values(shipped, "dimension")}
        used = {
            role if isinstance(use, str) else use.dimension
            for fact in values(shipped, "fact")
            for role, use in fact.dimensions.items()
        }
        reached = {bridge.group for bridge in values(shipped, "bridge")}
        assert dimensions == used | reached

    def test_every_dimension_has_a_caption_and_a_hierarchy(self, shipped):
        for dimension in values(shipped, "dimension"):
            assert dimension.caption, dimension.dimension
            assert dimension.hierarchies, dimension.dimension
            for name, hierarchy in dimension.hierarchies.items():
                assert hierarchy.label, f"{dimension.dimension}.{name}"
                assert len(set(hierarchy.levels)) == len(hierarchy.levels)

    def test_files_stand_in_the_folder_of_their_kind(self, shipped):
        folders = {
            "entity": SHIPPED_MODEL / "entities",
            "dimension": SHIPPED_MODEL / "dimensions",
            "fact": SHIPPED_MODEL / "facts",
            "bridge": SHIPPED_MODEL / "bridges",
            "cube": SHIPPED_CUBES,
        }
        for kind, folder in folders.items():
            for written in shipped.named[kind].values():
                assert (ROOT / written.file).parent == folder


class TestItIsWellTyped:
    """Conventions that every mapping may count on."""

    def test_keys_and_references_are_texts(self, shipped):
        wrong = [
            f"{entity.entity}.{name}"
            for entity in values(shipped, "entity")
            for name, column in entity.columns.items()
            if column.type != "string"
            and (column.references or (name in entity.key and len(entity.key) == 1))
        ]
        assert not wrong

    def test_money_is_decimal(self, shipped):
        money = ("amount", "price", "cost", "fee", "budget", "revenue", "limit", "value")
        floating = [
            f"{entity.entity}.{name}"
            for entity in values(shipped, "entity")
            for name, column in entity.columns.items()
            if name.endswith(money) and column.type == "double"
        ]
        assert not floating

    def test_people_are_marked_as_personal_data(self, shipped):
        personal = ("email", "phone", "first_name", "last_name", "street", "birth_date")
        open_to_all = [
            f"{entity.entity}.{name}"
            for entity in values(shipped, "entity")
            for name, column in entity.columns.items()
            if name.endswith(personal) and not column.personal
        ]
        assert not open_to_all

    def test_little_is_required_for_what_is_required_is_refused(self, shipped):
        for entity in values(shipped, "entity"):
            required = [name for name, column in entity.columns.items() if column.required]
            assert len(required) <= 2, entity.entity


class TestTheSampleFeedsIt:
    """The living example: the sample company's mappings reach every corner of the model."""

    def test_everything_else_is_loaded(self, sample):
        assert set(sample.absent) == NEVER_IN_THE_SAMPLE

    def test_no_hierarchy_is_dead(self, sample):
        dead = [
            f"{dimension.name}.{name}"
            for dimension in sample.dimensions.values()
            for name, hierarchy in dimension.definition.hierarchies.items()
            if sum(dimension.attributes[level].available for level in hierarchy.levels)
            < min(2, len(hierarchy.levels))
        ]
        assert not dead

    def test_default_views_and_rollups_can_be_answered(self, sample):
        for cube in sample.cubes.values():
            view = cube.definition.default
            assert set(view.measures) <= set(cube.measures), cube.name
            assert {*view.rows, *view.columns} <= set(cube.levels), cube.name
            for rollup in cube.definition.rollups.values():
                assert set(rollup.measures) <= set(cube.measures), cube.name
                assert set(rollup.by) <= set(cube.levels), cube.name

    def test_only_what_the_company_lacks_is_out_of_reach(self, sample):
        lacking = {
            f"{cube.name}.{name}" for cube in sample.cubes.values() for name in cube.unavailable
        }
        assert lacking == {
            "orders.freight", "orders.territory", "sales.paid_currency", "sales.promotion",
            "sales.territory", "stock.below_reorder", "targets.territory", "usage.contract",
        }  # fmt: skip
