"""The rules of the house, as tests."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("metadata", "transforms", "cubes", "pipelines", "dashboards", "sample_data")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def test_the_layers_hold():
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_one_idea_on_a_page_that_says_what_it_is(module):
    text = module.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400, "split it by idea"
    assert module.stem not in ("utils", "helpers", "common"), "name it by its idea"
    assert ast.get_docstring(ast.parse(text)), "say what the module is for"


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_the_lock_has_hashes_and_names_no_index(name):
    text = (ROOT / name).read_text()
    pinned = re.findall(r"^[a-z0-9][\w.\-\[\]]*==[^\s\\;]+", text, re.MULTILINE)
    entries = re.split(r"\n(?=[a-z0-9])", text)
    assert len(pinned) > 50
    assert all("--hash=sha256:" in entry for entry in entries if "==" in entry)
    assert not re.search(r"https?://|--index|--find-links|file:", text)


def test_every_dependency_that_is_declared_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    declared = [re.split(r"[\[><=~ ]", entry)[0] for entry in listed]
    locked = (ROOT / "requirements-dev.txt").read_text()
    for name in declared:
        assert re.search(rf"^{re.escape(name)}(\[.*\])?==", locked, re.MULTILINE), name


def test_no_page_bears_the_name_of_a_package():
    # Streamlit puts the folder of the script first on the path.
    pages = {path.stem for path in (ROOT / "dashboards").glob("*.py")}
    assert not pages & {*PACKAGES, "tests"}


def test_sql_is_never_pasted_together():
    """No f-string or concatenation in the product builds a statement."""
    statement = re.compile(
        r"^\s*(select\s|insert\s+into|update\s+\S+\s+set|delete\s+from|(create|alter|drop)\s+"
        r"(or\s+replace\s+)?(temp\w*\s+)?(table|view|schema|database|index)|with\s+\w+\s+as)",
        re.IGNORECASE,
    )
    offenders = []
    # The generator plays other people's systems and speaks their own SQL to them.
    product = [m for m in MODULES if "sample_data" not in m.relative_to(ROOT).parts]
    for module in product:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                first = next(iter(node.values), None)
                if isinstance(first, ast.Constant) and statement.match(str(first.value)):
                    offenders.append(f"{module.relative_to(ROOT)}:{node.lineno}")
    assert not offenders
