"""What is not saved yet is checked beside the files: problems are told, the rest is bound."""

from __future__ import annotations

import pytest

from metadata import MetadataError, load_workspace
from metadata.errors import Location
from metadata.loader import check_workspace, workspace_texts

PERSON = """\
entity: person
from: shop.client
columns:
  person_id: id
  name: {from: full_name, clean: [lower]}
"""


def check(root, name, text):
    texts = {**workspace_texts(root), name: text}
    return check_workspace(root, shipped=False, texts=texts)


def test_a_text_stands_for_its_file_and_leaves_it_alone(write, plain):
    root = write()
    checked = check(root, "mappings/person.yaml", PERSON)
    assert not checked.issues
    (mapping,) = checked.repository.mappings_of("person")
    assert [rule.rule for rule in mapping.definition.columns["name"].clean] == ["lower"]
    assert (root / "mappings/person.yaml").read_text() == plain["mappings/person.yaml"]


def test_problems_in_a_text_have_its_line_and_column(write):
    wrong = PERSON.replace("[lower]", "[lowr]")
    (issue,) = check(write(), "mappings/person.yaml", wrong).issues
    column = PERSON.splitlines()[4].index("clean") + 1
    assert issue.where == Location("mappings/person.yaml", 5, column)
    assert "Did you mean 'lower'" in str(issue)
    told = issue.as_dict()
    assert (told["file"], told["line"], told["column"]) == ("mappings/person.yaml", 5, column)


def test_what_could_be_bound_is_there_beside_the_problems(write):
    root, wrong = write(), "cube: purchases\nfact: purchases\nmeasures: {}\n"
    checked = check(root, "cubes/purchases.yaml", wrong)
    assert checked.issues and checked.repository is not None
    assert checked.repository.mapped_entities == ("person", "purchase")
    assert not checked.repository.cubes
    texts = {**workspace_texts(root), "cubes/purchases.yaml": wrong}
    with pytest.raises(MetadataError):
        load_workspace(root, shipped=False, texts=texts)


def test_a_text_that_is_no_yaml_leaves_the_other_files_bound(write):
    checked = check(write(), "mappings/person.yaml", "entity: [person\n")
    assert [issue.where.file for issue in checked.issues] == ["mappings/person.yaml"]
    assert checked.repository.mapped_entities == ("purchase",)
