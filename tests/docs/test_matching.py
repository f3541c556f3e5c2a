"""The page about matching shows what the commands print."""

from __future__ import annotations

from walkthrough import ROOT, follow


def test_every_command_of_the_page_gives_what_it_shows(tmp_path):
    assert follow(ROOT / "docs" / "matching.md", tmp_path) >= 6
