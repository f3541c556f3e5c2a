"""`quality/*.yaml`: what must be true of a table as a whole, each time it is loaded."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field, field_validator, model_validator

from metadata.model.base import Definition, Duration, Expression, Name


class RowCount(Definition):
    """How many rows there must be."""

    least: int | None = Field(None, ge=0, description="Fewest rows.")
    most: int | None = Field(None, ge=0, description="Most rows.")

    @model_validator(mode="after")
    def _ordered(self) -> RowCount:
        if self.least is None and self.most is None:
            raise ValueError("needs 'least' or 'most'")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError(f"lets nothing pass: {self.least} is above {self.most}")
        return self


class Newest(Definition):
    """How old the newest value of a column may be."""

    column: Name = Field(description="Column with days or moments.")
    within: Duration = Field(description="Greatest age, such as '2 days'.")

    @field_validator("within")
    @classmethod
    def _some_time(cls, value: timedelta) -> timedelta:
        if not value:
            raise ValueError("lets nothing pass: every value is older than that")
        return value


class Quality(Definition):
    """One expectation. Exactly one of `holds`, `rows` and `newest` says what is expected.

    A value that is wrong whatever stands beside it is a matter of the checks of its mapping. What
    is not met warns, sets the rows of an entity aside for which it does not hold, or stops
    publication.
    """

    quality: Name
    of: Name = Field(
        description="Table: an entity, or a dimension or fact as dim_<name> or fact_<name>."
    )
    description: str = ""
    holds: Expression | None = Field(
        None, description="Condition over the table's columns; NULL is not true."
    )
    share: float = Field(1.0, gt=0, le=1, description="Least share of rows for which it holds.")
    where: Expression | None = Field(None, description="Only these rows are looked at.")
    rows: RowCount | None = None
    newest: Newest | None = None
    otherwise: Literal["warn", "quarantine", "stop"] = Field(
        "warn",
        description="quarantine: rows of an entity for which it does not hold are set aside; "
        "stop: nothing is published, and readers see what they saw before.",
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Quality:
        kinds = [each is not None for each in (self.holds, self.rows, self.newest)]
        if sum(kinds) != 1:
            raise ValueError("needs exactly one of 'holds', 'rows' and 'newest'")
        if self.share != 1.0 and self.holds is None:
            raise ValueError("'share' goes with 'holds' only")
        if self.otherwise == "quarantine":
            if self.holds is None or self.share != 1.0:
                raise ValueError("'quarantine' goes with a 'holds' for every row: it judges rows")
            if self.of.startswith(("dim_", "fact_")):
                raise ValueError("'quarantine' is for an entity: later tables have no landed rows")
        return self
