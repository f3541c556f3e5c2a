"""From questions to charts: what the Portal's and Explore's drawings show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cubes import Query, Result, Top
from cubes.predicates import Between, predicate_text
from dashboards.charts import MOST_BARS, MOST_SERIES, Drawing, Series, bars, columns, trend
from dashboards.headline import monthly, prior_months
from dashboards.periods import Period, months_until
from dashboards.pivot_figures import FiguresByPlace
from dashboards.view import Filter, View
from dashboards.wording import Figures, measure_label, member_label, member_text, month_name
from metadata.model.portal import Chart
from metadata.repository import ResolvedCube

Ask = Callable[[Query], Result]


@dataclass(frozen=True)
class Picture:
    """A drawing with what should be said beside it; no drawing means there is nothing to draw."""

    drawing: Drawing | None
    notes: tuple[str, ...] = ()


def portal_picture(
    chart: Chart, cube: ResolvedCube, period: Period, ask: Ask, figures: Figures
) -> Picture:
    """One chart of the Portal for a period."""
    if chart.kind == "bars":
        return _members_picture(chart, cube, period, ask, figures)
    if chart.when is None:
        return Picture(None, ("This chart needs to know its month level (`when`).",))
    if chart.columns:
        return _parts_picture(chart, cube, period, ask, figures)
    return _months_picture(chart, cube, period, ask, figures)


def portal_view(chart: Chart, cube: ResolvedCube, period: Period) -> View:
    """The same question for Explore: members of the period, or months without an end."""
    rows = chart.rows or ((chart.when,) if chart.when else ())
    top_by = chart.measures[0] if chart.top else ""
    filters: tuple[Filter, ...] = ()
    if chart.when and chart.kind == "bars":
        filters = (Filter(chart.when, period.months),)
    return View(
        cube.name, chart.measures, rows, chart.columns, filters, top=chart.top, top_by=top_by
    )


def _months_picture(
    chart: Chart, cube: ResolvedCube, period: Period, ask: Ask, figures: Figures
) -> Picture:
    """The thirteen months up to the period; with a comparison, twelve beside the year before."""
    assert chart.when is not None
    compared = chart.compare is not None
    months = months_until(period.month, 12 if compared else 13)
    before = prior_months(months)
    wanted = (before + months)[-24:] if compared else months
    found = monthly(ask, cube.name, chart.measures, chart.when, sorted(set(wanted)))
    if not any(month in found for month in months):
        return Picture(None)
    format_ = cube.measures[chart.measures[0]].format
    series = []
    for name in chart.measures:
        label = measure_label(name, cube.measures[name])
        now = [found.get(month, {}).get(name) for month in months]
        if compared:
            then = [found.get(month, {}).get(name) for month in before]
            if any(value is not None for value in then):
                series.append(Series(f"{label}, the year before", then, soft=True))
        series.append(Series(label, now))
    labels = [month_name(month, short=True) for month in months]
    if chart.kind == "stacked":
        return Picture(columns(labels, series, format_, figures, stacked=True))
    return Picture(trend(labels, series, format_, figures))


def _parts_picture(
    chart: Chart, cube: ResolvedCube, period: Period, ask: Ask, figures: Figures
) -> Picture:
    """Months as bars, cut into the members of a level."""
    assert chart.when is not None
    months = months_until(period.month, 13)
    name, level = chart.measures[0], chart.columns[0]
    query = Query(
        cube=cube.name,
        measures=(name,),
        rows=(chart.when,),
        columns=(level,),
        where=predicate_text(Between(chart.when, months[0], months[-1])),
    )
    table = ask(query).table
    values = {
        (month, member_text(member)): value
        for month, member, value in zip(
            table.column(chart.when).to_pylist(),
            table.column(level).to_pylist(),
            table.column(name).to_pylist(),
            strict=True,
        )
    }
    if not values:
        return Picture(None)
    members = list(dict.fromkeys(member for _, member in values))
    # The largest of the latest month come first; more colours than eight tell nobody anything.
    latest = max(month for month, _ in values)
    members.sort(key=lambda m: -abs(float(values.get((latest, m)) or 0)))
    notes = _cut(members, MOST_SERIES, "parts")
    attribute = level.rpartition(".")[2]
    series = [
        Series(member_label(m, attribute), [values.get((month, m)) for month in months])
        for m in members[:MOST_SERIES]
    ]
    measure = cube.measures[name]
    labels = [month_name(month, short=True) for month in months]
    stacked = measure.additivity != "non_additive"
    return Picture(columns(labels, series, measure.format, figures, stacked=stacked), notes)


def _members_picture(
    chart: Chart, cube: ResolvedCube, period: Period, ask: Ask, figures: Figures
) -> Picture:
    """One bar for each member; with a `when`, in the period only."""
    name = chart.measures[0]
    level = chart.rows[0] if chart.rows else (chart.columns or ("",))[0]
    where = predicate_text(period.within(chart.when)) if chart.when else None
    top = Top(chart.top, name) if chart.top else None
    table = ask(Query(cube=cube.name, measures=(name,), rows=(level,), where=where, top=top)).table
    pairs = [
        (member_text(member), value)
        for member, value in zip(
            table.column(level).to_pylist(), table.column(name).to_pylist(), strict=True
        )
        if value is not None and value != 0
    ]
    if not pairs:
        return Picture(None)
    pairs.sort(key=lambda pair: -pair[1])
    notes = _cut(pairs, MOST_BARS, "members")
    attribute = level.rpartition(".")[2]
    labels = [member_label(member, attribute) for member, _ in pairs[:MOST_BARS]]
    measure = cube.measures[name]
    series = Series(measure_label(name, measure), [value for _, value in pairs[:MOST_BARS]])
    return Picture(bars(labels, series, measure.format, figures), notes)


def view_picture(
    view: View, cube: ResolvedCube, found: FiguresByPlace, figures: Figures
) -> Picture:
    """Explore's chart: its first row level along the axis, its columns or measures as series."""
    if not view.rows:
        return Picture(None, ("Choose rows to draw: they become the axis of the chart.",))
    level = cube.levels[view.rows[0]]
    members = list(found.children.get((), ()))
    if not members:
        return Picture(None)
    measure = cube.measures[view.measures[0]]
    role = cube.roles.get(level.role)
    timely = role is not None and role.dimension.definition.generated == "calendar"
    notes: tuple[str, ...] = ()
    if not timely:
        members.sort(key=lambda m: -abs(float((found.at((m,), ()) or (0,))[0] or 0)))
        notes += _cut(members, MOST_BARS, "members")
        members = members[:MOST_BARS]
    labels = [member_label(member, level.attribute) for member in members]
    series, more = _view_series(view, cube, found, members)
    notes += more
    if timely and len(members) > 2 and not (view.columns and measure.additivity == "additive"):
        return Picture(trend(labels, series, measure.format, figures), notes)
    if len(series) == 1 and not timely:
        return Picture(bars(labels, series[0], measure.format, figures), notes)
    stacked = bool(view.columns) and measure.additivity == "additive"
    return Picture(columns(labels, series, measure.format, figures, stacked=stacked), notes)


def _view_series(
    view: View, cube: ResolvedCube, found: FiguresByPlace, members: Sequence[str]
) -> tuple[list[Series], tuple[str, ...]]:
    if view.columns:
        across = list(found.across.get((), ()))
        attribute = cube.levels[view.columns[0]].attribute
        series = [
            Series(
                member_label(c, attribute),
                [(found.at((m,), (c,)) or (None,))[0] for m in members],
            )
            for c in across[:MOST_SERIES]
        ]
        notes = _cut(across, MOST_SERIES, "columns")
        if len(view.measures) > 1:
            first = measure_label(view.measures[0], cube.measures[view.measures[0]])
            notes += (f"Only {first.lower()} is drawn; the table has the other figures.",)
        return series, notes
    # Figures of different kinds share no axis: euros and percent are never drawn together.
    format_ = cube.measures[view.measures[0]].format
    alike = [i for i, m in enumerate(view.measures) if cube.measures[m].format == format_]
    series = [
        Series(
            measure_label(view.measures[i], cube.measures[view.measures[i]]),
            [(found.at((m,), ()) or (None,) * (i + 1))[i] for m in members],
        )
        for i in alike[:MOST_SERIES]
    ]
    if len(alike) == len(view.measures):
        return series, ()
    return series, ("Figures with another unit are left out; the table has them all.",)


def _cut(items: Sequence[object], most: int, what: str) -> tuple[str, ...]:
    if len(items) <= most:
        return ()
    return (f"The largest {most} of {len(items):,} {what} are drawn.",)
