"""Headline figures: each period beside the same period a year before, and the months up to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from cubes import Query, Result
from cubes.predicates import Between, Compare, predicate_text
from dashboards.periods import Period, complete_months, months_until, shift
from dashboards.wording import Number, is_month, measure_label
from metadata.model.portal import Tile
from metadata.repository import Repository

TREND_MONTHS = 13

Ask = Callable[[Query], Result]


@dataclass(frozen=True)
class Headline:
    """A tile with its figures."""

    tile: Tile
    label: str
    description: str
    format: str
    polarity: str
    adds_up: bool
    """Whether parts of the figure add up to the whole, so that no facts mean nought."""
    value: Number | None
    before: Number | None
    """The same period a year before; None when there is nothing to compare with."""
    trend: tuple[Number | None, ...] = ()
    """Month by month up to the period's last, oldest first; empty for a tile without `when`."""


def headlines(
    tiles: Iterable[Tile], period: Period, repository: Repository, ask: Ask
) -> tuple[Headline, ...]:
    """The figures of all tiles, with one question for each cube and stretch of time."""
    groups: dict[tuple[str, str | None], list[Tile]] = {}
    tiles = tuple(tiles)
    for tile in tiles:
        groups.setdefault((tile.cube, tile.when), []).append(tile)
    made: dict[Tile, Headline] = {}
    for (cube, when), members in groups.items():
        measures = tuple(dict.fromkeys(tile.measure for tile in members))
        before: Mapping[str, Number | None] = {}
        months: dict[str, dict[str, Number | None]] = {}
        now: Mapping[str, Number | None]
        if when is None:
            now = _figures(ask, cube, measures, None)
        else:
            months = monthly(ask, cube, measures, when, months_until(period.month, 25))
            now = _of_period(ask, cube, measures, when, period, months)
            before = _of_period(ask, cube, measures, when, period.prior_year, months)
        for tile in members:
            measure = repository.cubes[cube].measures[tile.measure]
            trend = [
                months.get(month, {}).get(tile.measure)
                for month in months_until(period.month, TREND_MONTHS)
            ]
            made[tile] = Headline(
                tile=tile,
                label=tile.label or measure_label(tile.measure, measure),
                description=measure.description,
                format=measure.format,
                polarity=measure.polarity,
                adds_up=measure.additivity == "additive",
                value=now.get(tile.measure),
                before=before.get(tile.measure),
                trend=tuple(trend) if when else (),
            )
    return tuple(made[tile] for tile in tiles)


def monthly(
    ask: Ask, cube: str, measures: Sequence[str], when: str, months: Sequence[str]
) -> dict[str, dict[str, Number | None]]:
    """Figures month by month; months without facts are missing."""
    query = Query(
        cube=cube,
        measures=tuple(measures),
        rows=(when,),
        where=predicate_text(Between(when, months[0], months[-1])),
    )
    table = ask(query).table
    columns = {measure: table.column(measure).to_pylist() for measure in measures}
    return {
        month: {measure: columns[measure][row] for measure in measures}
        for row, month in enumerate(table.column(when).to_pylist())
    }


def known_months(ask: Ask, tiles: Iterable[Tile], today: date) -> tuple[str, ...]:
    """The complete months of the first tile that has any, oldest first."""
    for tile in tiles:
        if tile.when is None:
            continue
        found = ask(Query(cube=tile.cube, measures=(tile.measure,), rows=(tile.when,)))
        months = sorted(
            month for month in found.table.column(tile.when).to_pylist()
            if isinstance(month, str) and is_month(month)
        )  # fmt: skip
        begun = [month for month in months if month <= f"{today:%Y-%m}"]
        if begun:
            last_day = _last_day(ask, tile, begun[-1])
            complete = complete_months(begun, last_day, today)
            if complete:
                return complete
    return ()


def _last_day(ask: Ask, tile: Tile, month: str) -> date | None:
    assert tile.when is not None
    day = f"{tile.when.partition('.')[0]}.date"
    query = Query(
        cube=tile.cube,
        measures=(tile.measure,),
        rows=(day,),
        where=predicate_text(Compare(tile.when, "=", month)),
    )
    days = [d for d in ask(query).table.column(day).to_pylist() if isinstance(d, date)]
    return max(days, default=None)


def _of_period(
    ask: Ask,
    cube: str,
    measures: Sequence[str],
    when: str,
    period: Period,
    months: Mapping[str, Mapping[str, Number | None]],
) -> Mapping[str, Number | None]:
    if period.first == period.month:
        return months.get(period.month, {})
    # Shares and distinct counts of a quarter are not those of its months put together.
    return _figures(ask, cube, measures, predicate_text(period.within(when)))


def _figures(
    ask: Ask, cube: str, measures: Sequence[str], where: str | None
) -> dict[str, Number | None]:
    table = ask(Query(cube=cube, measures=tuple(measures), where=where)).table
    if table.num_rows == 0:
        return {}
    return {measure: table.column(measure).to_pylist()[0] for measure in measures}


def prior_months(months: Sequence[str]) -> tuple[str, ...]:
    """The same months a year before."""
    return tuple(shift(month, -12) for month in months)
