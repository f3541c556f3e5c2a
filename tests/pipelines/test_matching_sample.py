"""The sample company's duplicates are found as its ledger tells them, by the file of its page."""

from __future__ import annotations

import re
import shutil
from itertools import combinations
from pathlib import Path

import duckdb
import pytest
from walkthrough import ROOT, FileBlock, steps

import sample_data
from metadata import load_workspace
from pipelines.run import run
from pipelines.storage import Storage

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", [42, 7])
def test_pairs_are_those_of_the_ledger(tmp_path, seed):
    root = tmp_path / "demo"
    (root / "data").mkdir(parents=True)
    url = f"sqlite:///{root}/data/crm.sqlite"
    sample_data.generate(root, scale=0.4, seed=seed, crm_url=url)
    shutil.copytree(Path(sample_data.__file__).parent / "workspace", root, dirs_exist_ok=True)
    crm = root / "sources" / "crm.yaml"
    crm.write_text(re.sub(r"(?m)^url: .*$", f"url: {url}", crm.read_text()))
    [block] = [s for s in steps(ROOT / "docs" / "sample.md") if isinstance(s, FileBlock)]
    (tmp_path / block.name).parent.mkdir()
    (tmp_path / block.name).write_text(block.text)
    report = run(load_workspace(root), select=("golden_customer",))
    assert not [i for s in report.steps for i in s.issues if s.name != "publish"]
    with duckdb.connect() as connection:
        storage = Storage.of(load_workspace(root))
        connection.execute(f"ATTACH '{storage.warehouse_database}' AS warehouse (READ_ONLY)")
        rows = connection.execute("SELECT golden_key, key FROM warehouse.xref_customer").fetchall()
    clusters: dict[str, list[str]] = {}
    for golden, key in rows:
        clusters.setdefault(golden, []).append(key)
    found = {frozenset(p) for members in clusters.values() for p in combinations(members, 2)}
    staged = {key for _, key in rows}
    pairs = [
        (e["key"], e["original_value"])
        for e in sample_data.ledger(root).to_pylist()
        if e["kind"] == "duplicate"
    ]
    # A record that was a trial, or is deleted, is no customer.
    true = {frozenset(p) for p in pairs if staged.issuperset(p)}
    assert len(true) > 8
    f1 = 2 * len(found & true) / (len(found) + len(true))
    assert f1 >= 0.98, (f1, found ^ true)
