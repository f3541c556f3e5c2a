"""Documents agree with the code and with one another."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest

from metadata.model.rules import CHECKS, CLEANSING
from pipelines import reference
from pipelines.cli import app

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = reference.pages()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_reference_is_what_the_code_says(name):
    committed = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert committed == PAGES[name], "run `python -m pipelines.reference`"


@pytest.mark.parametrize("rule", [*CLEANSING, *CHECKS], ids=lambda rule: rule.rule)
def test_every_rule_says_what_it_does(rule):
    assert rule.__doc__ and rule.__doc__.rstrip().endswith(".")
    assert all(field.description for field in rule.model_fields.values())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
        if not target.startswith(("http", "mailto")):
            assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_rows_of_the_reference_lead_to_one(document):
    for file, row in re.findall(
        r"\]\(([^)#\s]*)#((?:cube|fact|dimension|bridge|entity)-[^)\s]+)\)",
        document.read_text("utf-8"),
    ):
        target = (document.parent / file) if file else document
        if target.resolve().parent == ROOT / "docs" / "reference":
            assert f'<a id="{row}"></a>' in _text(target.resolve()), (file, row)


@functools.cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_that_are_named_exist(document):
    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    known |= {group.name for group in app.registered_groups}
    for named in re.findall(r"`rapport ([a-z]+)|^\$ rapport ([a-z]+)", document.read_text(), re.M):
        assert (named[0] or named[1]) in known


def test_every_page_can_be_reached_from_the_readme():
    reached, queue = set(), [ROOT / "README.md"]
    while queue:
        page = queue.pop()
        if page in reached:
            continue
        reached.add(page)
        for target in re.findall(r"\]\(([^)#\s]+\.md)", page.read_text(encoding="utf-8")):
            queue.append((page.parent / target).resolve())
    assert set(DOCUMENTS) <= reached


def test_the_contents_name_every_page():
    contents = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = [path for path in (ROOT / "docs").rglob("*.md") if path.name != "README.md"]
    missing = [p for p in pages if f"({p.relative_to(ROOT / 'docs').as_posix()})" not in contents]
    assert not missing
