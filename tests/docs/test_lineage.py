"""What the page on lineage shows is printed in the workspace that `rapport init` writes."""

from __future__ import annotations

from walkthrough import ROOT, follow

from pipelines.starter import write_starter


def test_what_the_page_shows_is_printed(tmp_path):
    write_starter(tmp_path)
    assert follow(ROOT / "docs" / "lineage.md", tmp_path) >= 1
