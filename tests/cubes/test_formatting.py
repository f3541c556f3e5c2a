"""Figures as people read them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from cubes.formatting import format_value


@pytest.mark.parametrize(
    ("value", "options", "shown"),
    [
        (None, {}, "–"),
        (float("nan"), {"format": "percent"}, "–"),
        (float("inf"), {"format": "integer"}, "–"),
        (True, {}, "Yes"),
        ("Anna", {"format": "currency"}, "Anna"),
        (date(2025, 1, 31), {}, "2025-01-31"),
        (datetime(2025, 1, 31, 8), {}, "2025-01-31T08:00:00"),
        (1234567, {}, "1,234,567"),
        (1234.567, {}, "1,234.57"),
        (Decimal("1234567890123456.78"), {"format": "currency"}, "€1,234,567,890,123,456.78"),
        (Decimal("-5"), {"format": "currency", "currency": "USD"}, "-$5.00"),
        (1500, {"format": "currency", "currency": "JPY"}, "¥1,500"),
        (0.2567, {"format": "percent"}, "25.7%"),
        (12.6, {"format": "integer"}, "13"),
        (0, {"format": "duration"}, "0:00:00"),
        (90061, {"format": "duration"}, "25:01:01"),
        (-59.6, {"format": "duration"}, "-0:01:00"),
        (1234567, {"compact": True}, "1.2M"),
        (-1234567, {"format": "integer", "compact": True}, "-1.2M"),
        (1234, {"compact": True}, "1,234"),
        (Decimal("1234567.89"), {"format": "currency", "compact": True}, "€1.2M"),
        (123456789, {"locale": "zh", "compact": True}, "1.2亿"),
        (0.5, {"format": "percent", "locale": "zh"}, "50.0%"),
    ],
)
def test_is_shown_as(value: Any, options: dict[str, Any], shown: str) -> None:
    assert format_value(value, **options) == shown
