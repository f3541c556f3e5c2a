"""What a plan is made of: frozen nodes that name physical tables and columns, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cubes.predicates import Predicate
from metadata.model.access import Mask
from metadata.model.cube import Take


@dataclass(frozen=True)
class PhysicalColumn:
    """A column of a table that the statement knows by an alias."""

    table: str
    name: str


@dataclass(frozen=True)
class Base:
    """The table that is read: the fact, or a rollup of it."""

    table: str
    alias: str
    rollup: str | None = None


@dataclass(frozen=True)
class Join:
    """A dimension table in one role.

    Every fact has exactly one member in it, so no row is lost or doubled.
    """

    table: str
    alias: str
    key: str
    base_key: PhysicalColumn
    masks: tuple[tuple[str, str, Mask], ...] = ()
    """Only these columns are joined, each with its type and its mask; none means the table as it
    is."""


@dataclass(frozen=True)
class PlannedLevel:
    """A level to group by, and the column whose order its members follow."""

    name: str
    column: PhysicalColumn
    sort: PhysicalColumn
    text: bool
    """Text levels show a missing value as `(empty)`."""
    on_rows: bool


@dataclass(frozen=True)
class MeasureFilter:
    """A measure's own `where`: the expression and what its columns stand for."""

    text: str
    columns: tuple[tuple[tuple[str, ...], PhysicalColumn], ...]


@dataclass(frozen=True)
class Period:
    """How one kind of total over a stock finds its day.

    `mask` is the GROUPING() value over the stock's time levels for which `mark` decides; `mark` is
    true on the day that speaks for the period.
    """

    mask: int
    mark: PhysicalColumn


@dataclass(frozen=True)
class StockDay:
    """A semi-additive measure's days: one period for each set of its time levels that is kept."""

    levels: tuple[PhysicalColumn, ...]
    periods: tuple[Period, ...]


Function = Literal["sum", "count", "count_distinct", "avg", "min", "max"]


@dataclass(frozen=True)
class Aggregate:
    """One aggregation over the base's rows."""

    function: Function
    operand: PhysicalColumn | None
    """None counts rows."""
    type: str
    """Type of the result, in the metadata's words."""
    where: MeasureFilter | None = None
    known: PhysicalColumn | None = None
    """Surrogate key that must not be the unknown member's: nobody is not a customer."""
    day: StockDay | None = None
    zero_when_empty: bool = False
    """A count that is added up from a rollup is 0, not empty, where there are no rows."""


@dataclass(frozen=True)
class Quotient:
    """Two formulas, divided after both are totalled; empty where the second is zero."""

    numerator: Formula
    denominator: Formula
    type: str = "double"


Formula = Aggregate | Quotient


@dataclass(frozen=True)
class PlannedMeasure:
    """A measure as a formula; one that is not shown only sorts or chooses members."""

    name: str
    formula: Formula
    shown: bool


@dataclass(frozen=True)
class DayMark:
    """A column of `StockDays`: whether a day is the last (or first) of its period."""

    name: str
    take: Take
    within: tuple[PhysicalColumn, ...]
    """The time levels that make the period; none means all the time that the filter leaves."""


@dataclass(frozen=True)
class StockDays:
    """The days on which a fact has rows, marked where they speak for their period.

    Only filters on the time role itself decide which days there are. So every store speaks for the
    same day, and a store that closed before it has nothing rather than its last stock.
    """

    alias: str
    fact: str
    day: PhysicalColumn
    """The base's key of the time role."""
    time: Join | None
    where: Predicate | None
    marks: tuple[DayMark, ...]


@dataclass(frozen=True)
class ByLevel:
    """Order by a level, by its place among the plan's levels."""

    index: int
    descending: bool = False


@dataclass(frozen=True)
class ByMeasure:
    """Order by a measure."""

    name: str
    descending: bool = False


OrderKey = ByLevel | ByMeasure


@dataclass(frozen=True)
class GroupSize:
    """How many a cell must stand for: distinct keys that are known, or rows of the base."""

    least: int
    key: PhysicalColumn | None = None
    known: PhysicalColumn | None = None
    """Surrogate key that must not be the unknown member's."""


@dataclass(frozen=True)
class LargeCells:
    """The cells whose facts count, where figures that stand for few are withheld.

    Cells are told apart over all facts that may be seen; one counts if it is large by every size
    and for every aggregate. If they are told apart by what a question names (`settled` is false),
    another question may tell a whole of which this one tells parts: then, where a group of cells
    has some that are not large, its smallest large one does not count either, so that nothing small
    is left over when the parts are taken from the whole.
    """

    levels: tuple[PhysicalColumn, ...]
    settled: bool
    """Whether every question has the same cells."""
    sizes: tuple[GroupSize, ...]
    aggregates: tuple[Aggregate, ...]
    """Those that count only some rows of a cell."""


@dataclass(frozen=True)
class TopMembers:
    """Keep the `n` first members of the first level, in the order of a measure."""

    n: int
    by: str
    descending: bool


@dataclass(frozen=True)
class Plan:
    """Everything a statement needs, decided; only its text is left to be made."""

    base: Base
    joins: tuple[Join, ...]
    levels: tuple[PlannedLevel, ...]
    """Rows, then columns."""
    measures: tuple[PlannedMeasure, ...]
    where: Predicate | None
    """Which rows are read; without what `allowed` asks where totals cover all rows."""
    allowed: Predicate | None
    """Which rows may be seen by whoever asks."""
    full_totals: bool
    """Whether totals cover rows that may not be seen, and only the leaves are `allowed`."""
    cells: LargeCells | None
    bindings: Mapping[str, PhysicalColumn]
    """What the level names in `where` and `allowed` stand for."""
    stock_days: tuple[StockDays, ...]
    grouping_sets: tuple[tuple[int, ...], ...]
    """Which levels each set keeps, by place; the first set keeps all of them."""
    totals: bool
    order: tuple[OrderKey, ...]
    top: TopMembers | None
    limit: int | None
    notes: tuple[str, ...]
    """For people: what was chosen, and why nothing better fitted."""

    def mask(self, kept: tuple[int, ...]) -> int:
        """The value of GROUPING() over all levels in the set that keeps these."""
        return grouping_mask(len(self.levels), kept)


def grouping_mask(count: int, kept: tuple[int, ...]) -> int:
    """GROUPING() over `count` levels: the first level is the highest bit, set when totalled.

    >>> grouping_mask(3, (0, 1))
    1
    """
    return sum(1 << (count - 1 - place) for place in range(count) if place not in kept)
