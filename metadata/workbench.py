"""What an editor is told about definitions that are not saved yet: values, as they cross a pipe.

The pages ask, a process of the pipelines answers (`python -m pipelines.workbench`). Both speak in
these values; neither imports the other.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from metadata.errors import Issue, Location
from metadata.scan import ColumnProfile

Kind = Literal["outcome", "value", "refused", "cleansed", "same"]
"""What an example shows, the most telling first: the row's fate changes, its value changes, it is
refused or remarked on, the rules change the value, nothing happens to it."""


class Told(BaseModel):
    """Base of everything that is told: frozen; a later release may add fields."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class IssueTold(Told):
    """A problem, in the four parts of `metadata.errors.Issue`."""

    what: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    why: str = ""
    fix: str = ""

    @property
    def issue(self) -> Issue:
        """The problem as the rest of the product knows it."""
        where = Location(self.file, self.line or 0, self.column or 0) if self.file else None
        return Issue(self.what, where, self.why, self.fix)


class Failure(Told):
    """Why a value fails: the rule's name and the reason in words."""

    column: str
    rule: str
    why: str = ""


class Side(Told):
    """A value on its way: as it came, after the rules, parsed, and as it is staged."""

    raw: str | None
    clean: str | None
    typed: str | None
    result: str | None
    refused: tuple[Failure, ...] = Field((), description="Failures that refuse the whole row.")
    remarked: tuple[Failure, ...] = Field((), description="Failures that only change or count it.")


class Example(Told):
    """A value of a column and what becomes of it, before the change and after."""

    kind: Kind
    rows: int = Field(description="Rows of the sample with this value and this fate.")
    batch: str
    row: int
    before: Side | None
    after: Side
    steps: tuple[str | None, ...] = Field(
        (), description="The value as it came, then after each cleansing rule."
    )
    reads: dict[str, str | None] = Field(
        default_factory=dict, description="Source columns that an expression reads, in that row."
    )


class Cell(Told):
    """A column of a whole row."""

    raw: str | None
    before: str | None
    after: str | None


class WholeRow(Told):
    """A row of the sample as it is staged; `was` and `outcome` are its fate before and after."""

    batch: str
    row: int
    was: str | None
    outcome: str
    refused: tuple[Failure, ...]
    remarked: tuple[Failure, ...]
    cells: dict[str, Cell]


class FailureCount(Told):
    """How many rows of the sample fail a rule of a column."""

    column: str
    rule: str
    refused: bool
    rows: int


class Trial(Told):
    """What became of the sample: rows by outcome (staged, quarantined, merged, filtered)."""

    outcomes: dict[str, int]
    failures: tuple[FailureCount, ...]

    def rows(self, outcome: str) -> int:
        """Rows of the sample with this outcome."""
        return self.outcomes.get(outcome, 0)


class Stage(Told):
    """One step of a column's or a mapping's statement, laid out for reading."""

    name: str
    sql: str


class Preview(Told):
    """A mapping tried on real rows."""

    table: str
    landed: int = Field(description="Rows of the table in the landing zone, as far as counted.")
    looked_at: int = Field(description="Rows of the sample; all that count where `whole`.")
    whole: bool
    before: Trial | None
    after: Trial
    outcome_changes: int = 0
    value_changes: dict[str, int] = Field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    rows: tuple[WholeRow, ...] = ()
    sql: tuple[Stage, ...] = ()
    seconds: float = 0.0


class LandedColumn(Told):
    """A column of the landing zone."""

    name: str
    type: str
    profile: ColumnProfile | None = None


class LandedTable(Told):
    """What the landing zone holds of a source table."""

    table: str
    rows: int
    batches: int
    newest: datetime | None
    looked_at: int
    columns: tuple[LandedColumn, ...]
    sample: tuple[tuple[str | None, ...], ...] = ()
