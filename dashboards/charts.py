"""Charts as ECharts options: pure values, drawn by `st.echarts_chart` without a network.

Figures on an axis are divided by one unit that is said once (`€ million`), because an axis has no
room for zeros; whole figures stand in tooltips and at the ends of bars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.wording import Figures, Number

SOFT = "#8b96a3"
"""Of what is only there for comparison; readable on light and dark paper."""
BAR_HEIGHT = 30
MOST_SERIES = 8
MOST_BARS = 30


@dataclass(frozen=True)
class Series:
    """One line, or one colour of bars."""

    name: str
    values: Sequence[Number | None]
    soft: bool = False
    """Drawn in the background: what the others are compared with."""


@dataclass(frozen=True)
class Drawing:
    """A chart's options, its height in pixels, and the unit of its axis in words."""

    options: dict[str, Any]
    height: int
    unit: str = ""


def trend(
    months: Sequence[str], series: Sequence[Series], format_: str, figures: Figures
) -> Drawing:
    """Lines over time, the last one first in mind; softer lines are drawn dashed behind."""
    scale = _Scale.of(series, format_, figures)
    lines = [
        {
            "type": "line",
            "name": each.name,
            "data": scale.all(each.values),
            "symbol": "circle",
            "symbolSize": 5 if not each.soft else 0,
            "showSymbol": not each.soft and len(months) <= 36,
            "lineStyle": {"width": 1.6, "type": "dashed"} if each.soft else {"width": 2.4},
            "z": 1 if each.soft else 3,
            **({"itemStyle": {"color": SOFT}, "color": SOFT} if each.soft else {}),
            "emphasis": {"disabled": True},
        }
        for each in series
    ]
    options = _frame(scale, legend=len(series) > 1)
    options["xAxis"] = _categories(months)
    options["yAxis"] = _values(scale, from_zero=False)
    options["series"] = lines
    return Drawing(options, 300, scale.unit)


def columns(
    categories: Sequence[str],
    series: Sequence[Series],
    format_: str,
    figures: Figures,
    *,
    stacked: bool,
) -> Drawing:
    """Upright bars: side by side, or on top of one another where parts make a whole."""
    scale = _Scale.of(series, format_, figures, stacked=stacked)
    top = len(series) - 1
    bars = [
        {
            "type": "bar",
            "name": each.name,
            "data": scale.all(each.values),
            "barMaxWidth": 34,
            "itemStyle": {"borderRadius": [3, 3, 0, 0] if not stacked or i == top else 0},
            **({"stack": "all"} if stacked else {}),
            "emphasis": {"disabled": True},
        }
        for i, each in enumerate(series)
    ]
    options = _frame(scale, legend=len(series) > 1)
    options["xAxis"] = _categories(categories)
    options["yAxis"] = _values(scale, from_zero=True)
    options["series"] = bars
    return Drawing(options, 300, scale.unit)


def bars(categories: Sequence[str], series: Series, format_: str, figures: Figures) -> Drawing:
    """Lying bars, largest on top, each with its figure at its end."""
    numbers = [None if value is None else float(value) for value in series.values]
    largest = max((abs(value) for value in numbers if value is not None), default=0.0)
    texts = [figures.short(value, format_, largest) for value in series.values]
    spare = max((len(text) for text in texts), default=0) * 8 + 12
    below_zero = any(value is not None and value < 0 for value in numbers)
    options: dict[str, Any] = {
        "animationDuration": 300,
        "grid": {"left": 0, "right": spare, "top": 4, "bottom": 4, "containLabel": True},
        "dataset": {
            "dimensions": ["member", "figure", "text"],
            "source": [list(row) for row in zip(categories, numbers, texts, strict=True)],
        },
        "tooltip": {"trigger": "item", "formatter": "{b}: {@text}", "confine": True},
        "xAxis": {"type": "value", "show": False, "min": None if below_zero else 0},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "axisLine": {"show": False},
            "axisTick": {"show": False},
            "axisLabel": {"width": 150, "overflow": "truncate", "fontSize": 13},
        },
        "series": [
            {
                "type": "bar",
                "name": series.name,
                "encode": {"x": "figure", "y": "member"},
                "barMaxWidth": 18,
                "itemStyle": {"borderRadius": 3},
                "label": {
                    "show": True,
                    "position": "right",
                    "formatter": "{@text}",
                    "fontSize": 13,
                },
                "emphasis": {"disabled": True},
            }
        ],
    }
    return Drawing(options, max(110, BAR_HEIGHT * len(categories) + 12))


@dataclass(frozen=True)
class _Scale:
    """How figures become the short numbers of an axis."""

    divisor: float
    unit: str
    before: str
    after: str
    places: int

    @classmethod
    def of(
        cls, series: Sequence[Series], format_: str, figures: Figures, *, stacked: bool = False
    ) -> _Scale:
        sizes = [abs(float(v)) for each in series for v in each.values if v is not None]
        largest = max(sizes, default=0.0) * (2 if stacked else 1)
        if format_ == "percent":
            return cls(0.01, "", "", "%", 1)
        if format_ == "duration":
            for divisor, unit in ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes")):
                if largest >= divisor * 2:
                    return cls(divisor, unit, "", f" {unit}", 1)
            return cls(1, "seconds", "", " s", 1)
        symbol = figures.symbol if format_ == "currency" else ""
        for divisor, unit in ((1e9, "billion"), (1e6, "million"), (1e3, "thousand")):
            if largest >= divisor * 2 and largest >= 20_000:
                return cls(divisor, f"{symbol} {unit}".strip(), symbol, f" {unit}", 2)
        whole = format_ == "integer" or all(size == int(size) for size in sizes)
        return cls(1, symbol, symbol, "", 0 if whole or largest >= 1000 else 2)

    def all(self, values: Sequence[Number | None]) -> list[float | None]:
        return [None if v is None else round(float(v) / self.divisor, 6) for v in values]

    @property
    def in_tooltips(self) -> str:
        return f"{self.before}%,.{self.places}f{self.after.replace('%', '%%')}"


def _frame(scale: _Scale, *, legend: bool) -> dict[str, Any]:
    frame: dict[str, Any] = {
        "animationDuration": 300,
        "grid": {"left": 2, "right": 10, "top": 38 if legend else 14, "bottom": 2,
                 "containLabel": True},
        "tooltip": {"trigger": "axis", "valueFormatter": scale.in_tooltips, "confine": True},
    }  # fmt: skip
    if legend:
        frame["legend"] = {
            "top": 0,
            "left": 0,
            "type": "scroll",
            "icon": "roundRect",
            "itemWidth": 12,
            "itemHeight": 8,
            "textStyle": {"fontSize": 13},
        }
    return frame


def _categories(names: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "category",
        "data": list(names),
        "axisTick": {"show": False},
        "axisLabel": {"hideOverlap": True, "fontSize": 12},
    }


def _values(scale: _Scale, *, from_zero: bool) -> dict[str, Any]:
    percent = scale.after == "%"
    return {
        "type": "value",
        "scale": not from_zero,
        "splitNumber": 4,
        "axisLabel": {"formatter": "{value}%" if percent else "{value}", "fontSize": 12},
        "splitLine": {"lineStyle": {"opacity": 0.5}},
    }
