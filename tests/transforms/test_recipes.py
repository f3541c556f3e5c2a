"""Recipes: what a product is made of, so that what is made of the same is not made again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from sqlglot import exp

from metadata import load_workspace
from metadata.loader import workspace_texts
from transforms import build_rollup, load_bridge, load_dimension, load_fact
from transforms.ingredients import KEYS, LANDED, ROWS, Part, identities
from transforms.recipes import recipes

ROOT = Path(__file__).parents[2]
WORKSPACES = {
    "sample": ROOT / "sample_data" / "workspace",
    **{path.name: path for path in sorted((ROOT / "tests" / "workspaces").iterdir())},
}


@pytest.fixture(scope="module", params=sorted(WORKSPACES))
def repository(request):
    return load_workspace(WORKSPACES[request.param])


@pytest.fixture(scope="module")
def sample():
    return load_workspace(WORKSPACES["sample"])


_made = {}


def recipes_of(repository):
    """Made once for each workspace."""
    return _made.setdefault(id(repository), (repository, recipes(repository)))[1]


def changed(before, after):
    """Parts that are made of something else, by product."""
    zone = before.workspace.time_zone
    old, new = identities(recipes_of(before), zone), identities(recipes_of(after), zone)
    found = {}
    for part in old.keys() | new.keys():
        if old.get(part) != new.get(part):
            found.setdefault(part.product, set()).add(part.name)
    return found


def edited(repository, name, old, new):
    """The workspace with one text of one file replaced."""
    texts = workspace_texts(repository.root)
    assert texts[name].count(old) == 1, f"{old!r} is not there once"
    return load_workspace(repository.root, texts=texts | {name: texts[name].replace(old, new)})


def added(repository, name, text):
    return load_workspace(repository.root, texts=workspace_texts(repository.root) | {name: text})


def columns_read(statements, database):
    """The columns of another database's or product's tables that statements name, by table."""
    found = set()
    for statement in statements:
        tables = {
            table.alias_or_name: table.name
            for table in statement.sql.find_all(exp.Table)
            if table.db == database
        }
        for column in statement.sql.find_all(exp.Column):
            if column.table in tables:
                found.add((tables[column.table], column.name))
    return found


class TestNothingIsForgotten:
    """Whatever a statement reads stands in its recipe, or a change of it would go unnoticed."""

    def check(self, repository, product, statements, *, of_dimensions=False):
        recipe = recipes_of(repository)[product]
        reads = {part for each in recipe.parts.values() for part in each.reads}
        for entity, column in columns_read(statements, "staging"):
            if column == "_changed_at":
                assert Part(entity, ROWS) in reads
            elif column in mapped(repository, entity):
                assert Part(entity, column) in reads, f"{product} reads {entity}.{column}"
                assert Part(entity, ROWS) in reads
        for name, column in columns_read(statements, "warehouse"):
            if name == product or name.startswith("closure_"):
                continue
            known = recipes_of(repository)[name].parts
            if column in known and of_dimensions:
                assert Part(name, column) in reads or Part(name, KEYS) in reads
            elif name.startswith("dim_"):
                assert Part(name, KEYS) in reads, f"{product} reads {name}.{column}"

    def test_dimensions(self, repository):
        for dimension in repository.dimensions.values():
            if dimension.entity is not None:
                statements = load_dimension(repository, dimension.name, None, datetime(2026, 1, 1))
                self.check(repository, dimension.table, statements)

    def test_facts(self, repository):
        for fact in repository.facts.values():
            self.check(repository, fact.table, load_fact(repository, fact.name))

    def test_bridges(self, repository):
        for bridge in repository.bridges.values():
            self.check(repository, bridge.table, load_bridge(repository, bridge.name))

    def test_rollups(self, repository):
        names = recipes_of(repository)
        for cube in repository.cubes.values():
            for rollup in cube.definition.rollups:
                product = f"rollup_{cube.name}_{rollup}"
                if product in names:
                    statements = build_rollup(repository, cube.name, rollup)
                    self.check(repository, product, statements, of_dimensions=True)

    def test_every_column_that_is_loaded_has_a_part(self, repository):
        known = recipes_of(repository)
        for fact in repository.facts.values():
            (statement,) = load_fact(repository, fact.name)
            made = {each.alias_or_name for each in statement.sql.expression.selects}
            assert made == known[fact.table].parts.keys() - {ROWS}


def mapped(repository, entity):
    return {c for m in repository.mappings_of(entity) for c in m.definition.columns}


class TestTheSameAgain:
    def test_words_for_people_change_nothing(self, sample):
        after = added(
            sample,
            "model/words.yaml",
            "dimension: customer\nlabel: Client\nattributes:\n  segment: {label: Group}\n",
        )
        assert changed(sample, after) == {}

    def test_a_measure_of_a_cube_changes_nothing_that_is_stored(self, sample):
        after = added(
            sample,
            "cubes/more.yaml",
            "cube: sales\nmeasures:\n  dearest: {max: net_amount, format: currency}\n",
        )
        assert changed(sample, after) == {}

    def test_a_hierarchy_that_is_split_changes_nothing_that_is_stored(self, sample):
        after = added(
            sample,
            "model/more.yaml",
            "dimension: customer\nhierarchies:\n  residence: [country, city]\n",
        )
        assert changed(sample, after) == {}

    def test_files_that_are_moved_change_nothing(self, sample):
        texts = workspace_texts(sample.root)
        moved = {n.replace("mappings/", "mappings/deep/"): text for n, text in texts.items()}
        assert changed(sample, load_workspace(sample.root, texts=moved)) == {}


class TestOnlyWhatMust:
    def test_a_new_attribute_is_its_dimension_s_alone(self, sample):
        after = added(
            sample,
            "model/more.yaml",
            "dimension: customer\nattributes:\n"
            '  initial: {expr: "left(name, 1)", type: string, history: overwrite}\n',
        )
        assert changed(sample, after) == {"dim_customer": {"initial"}}

    def test_history_touches_facts_only_where_a_dimension_begins_to_have_versions(self, sample):
        after = added(
            sample,
            "model/more.yaml",
            "dimension: customer\nattributes:\n  email: {history: track}\n",
        )
        assert sample.dimensions["customer"].tracks
        assert changed(sample, after) == {"dim_customer": {"history of email"}}

    def test_the_time_zone_touches_everything_but_what_has_landed(self, sample):
        texts = workspace_texts(sample.root)
        name = "workspace.yaml"
        zone = sample.workspace.time_zone
        other = texts | {name: texts[name].replace(zone, "Asia/Shanghai")}
        after = load_workspace(sample.root, texts=other)
        old = identities(recipes(sample), zone)
        new = identities(recipes(after), after.workspace.time_zone)
        assert {part.name for part in old if old[part] == new[part]} == {LANDED}
