"""Checks: what a value must be. A value that is missing passes every check that does not say so."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from pydantic import Field, field_validator, model_validator

from metadata.literals import as_figure, as_moment
from metadata.model.base import Expression, Name, Names
from metadata.model.regular import RegularExpression
from metadata.model.rule import (
    FIGURES,
    MOMENTS,
    ORDERED,
    STRING,
    Rule,
    column_field,
    expression_field,
)

Bound = str | int | float


class Required(Rule):
    """Fails where there is no value.

    Example: `required` passes `x` and fails `null`.
    """

    rule: ClassVar[str] = "required"


class RequiredIf(Rule):
    """Fails where there is no value although a condition over the mapped row holds.

    Example: `{required_if: "kind = 'Company'"}` passes `{tax_number: null, kind: Person}` and fails
    `{tax_number: null, kind: Company}`.
    """

    rule: ClassVar[str] = "required_if"
    condition: Expression = expression_field(description="Boolean SQL expression.")


class OneFilled(Rule):
    """Fails where neither this column nor any of the others has a value.

    Example: `{one_filled: [phone]}` passes `{email: null, phone: "+49301"}` and fails
    `{email: null, phone: null}`.
    """

    rule: ClassVar[str] = "one_filled"
    columns: Names = column_field(description="The other columns.")


class Matches(Rule):
    """Fails where a value does not match a regular expression (RE2 syntax) as a whole.

    Example: `{matches: "[A-Z]{2}[0-9]+"}` passes `AB12` and fails `xAB12`.
    """

    rule: ClassVar[str] = "matches"
    kinds: ClassVar[frozenset[str] | None] = FIGURES | MOMENTS | STRING
    pattern: RegularExpression = Field(description="Regular expression.")


class NotMatches(Rule):
    """Fails where a regular expression (RE2 syntax) matches somewhere in a value.

    Example: `{not_matches: "(?i)test|dummy"}` passes `Anna` and fails `my Test`.
    """

    rule: ClassVar[str] = "not_matches"
    kinds: ClassVar[frozenset[str] | None] = FIGURES | MOMENTS | STRING
    pattern: RegularExpression = Field(description="Regular expression.")


class _Listed(Rule):
    values: tuple[str, ...] = Field(min_length=1, description="The values.")

    @field_validator("values", mode="before")
    @classmethod
    def _as_texts(cls, value: Any) -> Any:
        listed = value if isinstance(value, list | tuple) else [value]
        return [str(v) if isinstance(v, int | float) and not isinstance(v, bool) else v
                for v in listed]  # fmt: skip

    def misuse(self, kind: str) -> str | None:
        """A value listed that no value of the column can equal."""
        return next((why for v in self.values if (why := listed_misuse(v, kind))), None)


class OneOf(_Listed):
    """Fails where a value is not in the list.

    Example: `{one_of: [A, B]}` passes `A` and fails `a`.
    """

    rule: ClassVar[str] = "one_of"


class NoneOf(_Listed):
    """Fails where a value is in the list.

    Example: `{none_of: ["99999", "00000"]}` passes `"10115"` and fails `"99999"`.
    """

    rule: ClassVar[str] = "none_of"


class Between(Rule):
    """Fails outside a range, ends included; an end may be a number, a date, or `today`. May be
    written as `between LOW and HIGH`.

    Example: `between 1 and 10` passes `10` and fails `11`.
    Example: `between 1900-01-01 and today` passes `1999-12-31` and fails `1899-12-31`.
    """

    rule: ClassVar[str] = "between"
    kinds: ClassVar[frozenset[str] | None] = ORDERED
    low: Bound = Field(description="Smallest value allowed.")
    high: Bound = Field(description="Largest value allowed.")

    @model_validator(mode="after")
    def _ordered(self) -> Between:
        if _above(self.low, self.high):
            raise ValueError(f"lets nothing pass: {self.low} is above {self.high}")
        return self

    def misuse(self, kind: str) -> str | None:
        """An end that no value of the column can be compared with, or ends the wrong way round."""
        wrong = bound_misuse(self.low, kind) or bound_misuse(self.high, kind)
        if wrong is None and kind == "string" and str(self.low) > str(self.high):
            return f"lets nothing pass: as texts, {self.low} is above {self.high}"
        return wrong


class AtLeast(Rule):
    """Fails below a value (a number, a date, or `today`).

    Example: `{at_least: 0}` passes `0` and fails `-1`.
    """

    rule: ClassVar[str] = "at_least"
    kinds: ClassVar[frozenset[str] | None] = ORDERED
    low: Bound = Field(description="Smallest value allowed.")

    def misuse(self, kind: str) -> str | None:
        """A bound that no value of the column can be compared with."""
        return bound_misuse(self.low, kind)


class AtMost(Rule):
    """Fails above a value (a number, a date, or `today`).

    Example: `{at_most: today}` passes `2020-01-01` and fails `2999-01-01`.
    """

    rule: ClassVar[str] = "at_most"
    kinds: ClassVar[frozenset[str] | None] = ORDERED
    high: Bound = Field(description="Largest value allowed.")

    def misuse(self, kind: str) -> str | None:
        """A bound that no value of the column can be compared with."""
        return bound_misuse(self.high, kind)


class NotBefore(Rule):
    """Fails where a value is below another column's of the mapped row, as a delivery before its
    order. Passes where either is missing.

    Example: `{not_before: ordered}` passes `{sent: 2024-01-02, ordered: 2024-01-02}` and fails
    `{sent: 2024-01-01, ordered: 2024-01-02}`.
    """

    rule: ClassVar[str] = "not_before"
    kinds: ClassVar[frozenset[str] | None] = ORDERED
    column: str = column_field(description="The other column.")


class NotAfter(Rule):
    """Fails where a value is above another column's of the mapped row. Passes where either is
    missing.

    Example: `{not_after: ended}` passes `{began: 2024-01-02, ended: 2024-01-02}` and fails
    `{began: 2024-01-03, ended: 2024-01-02}`.
    """

    rule: ClassVar[str] = "not_after"
    kinds: ClassVar[frozenset[str] | None] = ORDERED
    column: str = column_field(description="The other column.")


class DiffersFrom(Rule):
    """Fails where a value equals another column's of the mapped row, as somebody who is his own
    parent. Passes where either is missing.

    Example: `{differs_from: id}` passes `{parent: "2", id: "1"}` and fails
    `{parent: "1", id: "1"}`.
    """

    rule: ClassVar[str] = "differs_from"
    column: str = column_field(description="The other column.")


class Length(Rule):
    """Fails where a text is longer or shorter than allowed.

    Example: `{length: {low: 2, high: 3}}` passes `abc` and fails `abcd`.
    """

    rule: ClassVar[str] = "length"
    kinds: ClassVar[frozenset[str] | None] = STRING
    low: int = Field(0, ge=0, description="Fewest characters.")
    high: int = Field(ge=0, description="Most characters.")

    @model_validator(mode="after")
    def _ordered(self) -> Length:
        if self.low > self.high:
            raise ValueError(f"lets nothing pass: {self.low} is above {self.high}")
        return self


class Decimals(Rule):
    """Fails where a number has more decimal places than allowed.

    Example: `{decimals: 2}` passes `1.25` and fails `1.255`.
    """

    rule: ClassVar[str] = "decimals"
    kinds: ClassVar[frozenset[str] | None] = frozenset({"decimal", "double"})
    most: int = Field(ge=0, le=10, description="Most decimal places.")


class Satisfies(Rule):
    """Fails where a condition over the mapped row (by target column names) is false.

    Example: `{satisfies: "amount > 0 or kind = 'refund'"}` passes `{amount: -1, kind: refund}` and
    fails `{amount: -1, kind: sale}`.
    """

    rule: ClassVar[str] = "satisfies"
    condition: Expression = expression_field(description="Boolean SQL expression.")


class Unique(Rule):
    """Fails for every row whose value another row of the mapping has too, with a different key.

    `within` names columns that must be equal as well for two values to be the same.

    Example: `unique` passes `{email: a@b.example}` and fails `{email: twice@b.example}`.
    """

    rule: ClassVar[str] = "unique"
    within: Names = column_field((), description="Columns within whose values it must be unique.")


class References(Rule):
    """Fails where no staged row of an entity has the value as its key.

    The other entity is staged first; of the entity itself (a parent) every row that is let in
    counts. Without this check, a key that leads nowhere becomes a member that is only known by it.

    Example: `{references: customer}` passes `C1` and fails `C9`.
    """

    rule: ClassVar[str] = "references"
    entity: Name = Field(
        description="Entity with a single key column.",
        json_schema_extra={"refers_to": "entity"},
    )


def bound_misuse(bound: Bound, kind: str) -> str | None:
    """Why values of a kind cannot be compared with a bound; None where they can."""
    if kind == "string":
        return None
    if kind in FIGURES:
        return None if as_figure(str(bound)) is not None else f"compares numbers with '{bound}'"
    if kind in MOMENTS:
        told = str(bound).lower() == "today" or as_moment(str(bound)) is not None
        return None if told else f"compares dates with '{bound}'; write 2024-12-31 or today"
    return f"has no order on a {kind}"


def listed_misuse(value: str, kind: str) -> str | None:
    """Why no value of a kind can be a value that is listed; None where one can.

    Values are compared as the engine writes them out.
    """
    match kind:
        case "integer" if not re.fullmatch(r"-?(0|[1-9]\d*)", value):
            return f"lists '{value}', which is no whole number"
        case "decimal" | "double" if as_figure(value) is None:
            return f"lists '{value}', which is no number"
        case "boolean" if value not in ("true", "false"):
            return f"lists '{value}'; a boolean is 'true' or 'false'"
        case "date" if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) or as_moment(value) is None:
            return f"lists '{value}', which is no date like 2024-12-31"
        case "timestamp" if as_moment(value) is None:
            return f"lists '{value}', which is no time like 2024-12-31 10:00:00"
    return None


def _above(low: Bound, high: Bound) -> bool:
    """Whether two bounds are the wrong way round, as numbers or as dates, if they are such."""
    figures = as_figure(str(low)), as_figure(str(high))
    if figures[0] is not None and figures[1] is not None:
        return figures[0] > figures[1]
    moments = as_moment(str(low)), as_moment(str(high))
    return moments[0] is not None and moments[1] is not None and moments[0] > moments[1]
