"""What commands print is whole: a row is a line, a figure is not torn, a decimal keeps its digits."""

from __future__ import annotations

import json
from decimal import Decimal

from pipelines.cli import output


def test_off_a_terminal_a_row_is_one_line_however_long(capsys):
    rows = [("a" * 150, "b [bold] c", "1,234"), ("x", None, "5")]
    output.print_table(("First", "Second", "Figure"), rows, right=(2,))
    heading, first, second = capsys.readouterr().out.splitlines()
    assert first.split() == ["a" * 150, "b", "[bold]", "c", "1,234"]
    assert second.split() == ["x", "5"] and len(first) == len(second) == len(heading)


def test_on_a_narrow_terminal_texts_fold_and_figures_stay_whole(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr(output, "stdout", output.Console(force_terminal=True, width=30))
    rows = [("a name of many words", "1,234,567.89", "9,876,543.21")]
    output.print_table(("Name", "Revenue", "Cost"), rows, right=(1, 2))
    shown = capsys.readouterr().out
    assert "1,234,567.89" in shown and "9,876,543.21" in shown
    assert "a name of many" in shown and "a name of many words" not in shown


def test_decimals_are_exact_numbers(capsys):
    value = {
        "big": Decimal("12345678901234567890.12"),
        "small": Decimal("1.10"),
        "whole": Decimal(5),
    }
    output.print_json(value | {"text": "1.10"})
    text = capsys.readouterr().out
    read = json.loads(text, parse_float=Decimal)
    assert read == {"big": value["big"], "small": Decimal("1.1"), "whole": 5, "text": "1.10"}
