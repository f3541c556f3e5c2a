"""What an explanation says, as frozen values: figures, rows and rules with their names, no prose.

All values of rows are texts as the engine writes them; figures are numbers. `Explanation.to_dict`
gives the whole as JSON-ready values, for `--format json` and for pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from typing import Any, Literal

from cubes import Cell
from metadata.errors import Issue, Location

Outcome = Literal[
    "staged", "quarantined", "merged", "filtered", "not_a_fact", "at_unknown", "superseded"
]
"""What became of a landed row; `not_a_fact`: staged, and left out by the fact's own filter;
`at_unknown`: a row of the fact that stands elsewhere, for the row that it refers to was left out;
`superseded`: a newer batch has brought the row again."""


@dataclass(frozen=True)
class PartDefinition:
    """A measure as it is counted: the one asked, or one that a ratio divides.

    `listed` is what all the fact rows make. `speaks` is the day whose stock counts.
    """

    name: str
    label: str
    description: str
    function: str
    operand: str
    where: str | None
    additivity: str
    format: str
    type: str
    defined: Location
    value: Any
    listed: Any
    speaks: date | None


@dataclass(frozen=True)
class InputDefinition:
    """A column of the fact that the measure reads, and the expression it is made by."""

    column: str
    expression: str
    type: str
    converted: bool
    description: str
    defined: Location


@dataclass(frozen=True)
class Definition:
    """What the figure means."""

    cube: str
    cube_label: str
    measure: str
    label: str
    description: str
    format: str
    currency: str
    """ISO code of amounts of money."""
    ratio: tuple[str, str] | None
    parts: tuple[PartDefinition, ...]
    inputs: tuple[InputDefinition, ...]
    fact: str
    fact_label: str
    entity: str
    fact_filter: str | None
    defined: Location


@dataclass(frozen=True)
class ValueRead:
    """A landed value that a rule reads; `alias` names the join, empty for the row itself."""

    alias: str
    table: str
    column: str
    value: str | None


@dataclass(frozen=True)
class ValueStep:
    """A value after one step: as it came, after a rule, a lookup, parsing or a default."""

    kind: str
    name: str
    parameters: Mapping[str, Any]
    value: str | None
    failed: bool


@dataclass(frozen=True)
class ValueCheck:
    """A check of a value, and whether it failed."""

    rule: str
    parameters: Mapping[str, Any]
    failed: bool


@dataclass(frozen=True)
class ValueTrace:
    """How a column of a row came to its value; `otherwise` is what happens to one that fails."""

    column: str
    type: str
    personal: bool
    reads: tuple[ValueRead, ...]
    steps: tuple[ValueStep, ...]
    checks: tuple[ValueCheck, ...]
    otherwise: str
    value: str | None
    defined: Location


@dataclass(frozen=True)
class FilterTrace:
    """A mapping's filter on a row: what it read, and whether it let the row in."""

    expression: str
    reads: tuple[ValueRead, ...]
    lets_in: bool
    defined: Location


@dataclass(frozen=True)
class Refusal:
    """Why a rule refused a row, or remarked on a value."""

    column: str
    rule: str
    reason: str
    value: str


@dataclass(frozen=True)
class LandedRow:
    """A row of the landing zone: where it stands, and by which key its source knows it."""

    source: str
    table: str
    batch: str
    row: int
    key: Mapping[str, str | None]


@dataclass(frozen=True)
class JoinedRow:
    """The row that a join took, beside the row itself."""

    alias: str
    landed: LandedRow


@dataclass(frozen=True)
class SurvivingValue:
    """A value of a golden record that is another record's, and the rule by which it stays."""

    column: str
    value: str | None
    of: str
    """Key of the record that has it."""
    rule: str
    personal: bool
    defined: Location


@dataclass(frozen=True)
class SourceRow:
    """A row of an entity: where it landed, what the rules made of it, and what became of it."""

    id: str
    entity: str
    key: Mapping[str, str | None]
    """The entity's key."""
    mapping: str
    landed: LandedRow
    extracted_at: datetime
    outcome: Outcome
    refusals: tuple[Refusal, ...]
    warnings: tuple[Refusal, ...]
    values: tuple[ValueTrace, ...]
    joined: tuple[JoinedRow, ...]
    came: Mapping[str, str | None]
    """The whole row as it came."""
    filter: FilterTrace | None
    keep: tuple[str, ...]
    """The order in which one of several rows with the same key survives."""
    priority: int
    """Between mappings that give the same key, the lowest number survives."""
    merged: int
    """How many rows were merged into it."""
    merged_rows: tuple[LandedRow, ...]
    """Some of them."""
    survivors: tuple[SurvivingValue, ...]
    """Of a golden record, which this row leads: followed values that are those of other records."""
    defined: Location


@dataclass(frozen=True)
class MemberVersion:
    """The member that a fact row points at in a role, in the version that was in force.

    `reference` is the key by which the row refers to it. The unknown member stands where there is
    none (`no_value`), where no member has it (`no_member`), or where the row that has it was left
    out itself (`left_out`).
    """

    role: str
    label: str
    dimension: str
    key: int
    natural_key: str | None
    caption: str | None
    valid_from: datetime | None
    valid_to: datetime | None
    is_current: bool | None
    attributes: Mapping[str, Any]
    """Those by which the row is in the cell, or counts."""
    unknown: bool
    reference: str | None
    why_unknown: Literal["no_value", "no_member", "left_out"] | None
    row: str | None
    """Id of the source row that the member, or this version of it, was made from."""


@dataclass(frozen=True)
class PartValue:
    """What a row brings to a part, and whether it counts for it."""

    part: str
    value: Any
    counts: bool


@dataclass(frozen=True)
class SourceLink:
    """A source row behind a fact row, and the path that leads to it; empty for its own row."""

    reference: str
    row: str


@dataclass(frozen=True)
class FactRow:
    """A row of the fact that counts for the figure."""

    key: Mapping[str, Any]
    labels: Mapping[str, Any]
    inputs: Mapping[str, Any]
    parts: tuple[PartValue, ...]
    members: tuple[MemberVersion, ...]
    sources: tuple[SourceLink, ...]
    made_again: bool | None
    """Whether the landed rows give the same values today; None where they cannot be followed."""


@dataclass(frozen=True)
class Facts:
    """The rows of the fact in the cell: how many there are and count, and some of them."""

    table: str
    rows: int
    counted: int
    shown: tuple[FactRow, ...]


@dataclass(frozen=True)
class Because:
    """Why a row's place or amount is not known: a value lost, or a reference to a row left out."""

    column: str
    rule: str
    reason: str
    value: str | None


@dataclass(frozen=True)
class LeftOutRow:
    """A row that is not in the figure and would be, or of which that is not known."""

    outcome: Outcome
    row: str
    """Id of the source row."""
    parts: tuple[PartValue, ...]
    of_cell: bool
    """Whether it was merged into a row of the cell."""
    merged_into: str | None
    """Id of the row it was merged into."""
    because: tuple[Because, ...]
    """What is not known of it, and why; and which rows that it refers to were left out."""
    refers: tuple[SourceLink, ...]
    """Those rows, as far as its place and its amount hang on them."""


@dataclass(frozen=True)
class LeftOutTotal:
    """All rows of one outcome that would be in the cell.

    `brings` is what they make by themselves, part by part; `would_be` the figure with them.
    """

    outcome: Outcome
    rows: int
    without_amount: int
    brings: Mapping[str, Any]
    would_be: Any


@dataclass(frozen=True)
class LeftOut:
    """The rows that would have belonged to the figure."""

    totals: tuple[LeftOutTotal, ...]
    rows: tuple[LeftOutRow, ...]
    """Some of each outcome, the weightiest first."""
    unplaced: int
    """How many rows there are of which nobody can tell whether they belong to it."""
    unplaced_rows: tuple[LeftOutRow, ...]
    merged_into_cell: int
    """How many rows were merged into rows of the cell, wherever they themselves would be."""


@dataclass(frozen=True)
class Check:
    """Something that must hold of the answer: a name, and what was expected and found."""

    name: Literal["rows_make_the_part", "rows_make_the_figure", "rows_are_found", "values_agree"]
    subject: str
    holds: bool
    expected: Any
    found: Any


@dataclass(frozen=True)
class Explanation:
    """A figure, down to the rows that its sources delivered, and up again.

    `left_out` is None where it was not asked for, or cannot be told (`issues` says why).
    """

    cell: Cell
    version: int
    filter: str | None
    value: Any
    definition: Definition
    facts: Facts
    sources: Mapping[str, SourceRow]
    """By id."""
    left_out: LeftOut | None
    checks: tuple[Check, ...]
    issues: tuple[Issue, ...]
    answered_from: str
    sql: str
    rows_sql: str

    @property
    def holds(self) -> bool:
        """Whether everything that must hold of the answer does."""
        return all(check.holds for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values, but for dates and decimals."""
        found = {each.name: _plain(getattr(self, each.name)) for each in fields(self)}
        return found | {"holds": self.holds}


def _plain(value: Any) -> Any:
    match value:
        case Issue():
            return value.as_dict()
        case Location():
            return {"file": value.file, "line": value.line}
        case Cell():
            return value.to_dict()
        case Mapping():
            return {key: _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
        case _ if hasattr(value, "model_dump"):
            return value.model_dump(mode="json")
        case _:
            return value
