"""`maintenance/*.yaml`: when parts are loaded, by when data must have arrived, what is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from metadata.model.base import CronFields, Definition, Duration, Name, Names


class Fresh(Definition):
    """How current a source table must be. A duration alone is `within`.

    With `within` alone it is so at every moment. With `by` it is asked at each firing: the table
    must have been read within that time before it (the shortest time between two firings, where
    `within` says nothing).
    """

    within: Duration | None = Field(None, description="Greatest age, such as '26 hours'.")
    by: CronFields | None = Field(
        None, description="Deadlines as five cron fields, in the workspace's time zone."
    )
    counts: Literal["read", "new_data"] = Field(
        "read",
        description="What counts as arriving: that the source could be read, or that it had"
        " something new.",
    )

    @field_validator("within")
    @classmethod
    def _positive(cls, value: timedelta | None) -> timedelta | None:
        if value is not None and not value:
            raise ValueError("must be longer than nothing")
        return value

    @model_validator(mode="after")
    def _says_something(self) -> Fresh:
        if self.within is None and self.by is None:
            raise ValueError("needs 'within' or 'by'")
        return self


class Kept(Definition):
    """How much is kept. A duration alone is `age`, a number alone is `number`.

    Where both are given, only what is older and beyond the number goes.
    """

    age: Duration | None = Field(None, description="What is younger is kept, such as '90 days'.")
    number: int | None = Field(None, ge=1, description="So many of the newest are kept.")

    @model_validator(mode="after")
    def _says_something(self) -> Kept:
        if self.age is None and self.number is None:
            raise ValueError("needs 'age' or 'number'")
        return self


def _short_fresh(value: Any) -> Any:
    return {"within": value} if isinstance(value, str) else value


def _short_kept(value: Any) -> Any:
    if isinstance(value, str):
        return {"age": value}
    return {"number": value} if isinstance(value, int) and not isinstance(value, bool) else value


KeptAmount = Annotated[Kept, BeforeValidator(_short_kept)]


class Keep(Definition):
    """What is kept, and for how long. What is not named is kept for ever."""

    batches: KeptAmount | None = Field(
        None,
        description="Landed batches of source tables. What is needed to build the current state"
        " again stays: the batches of a table that is read incrementally are first folded into one"
        " that holds the newest row of every key.",
    )
    quarantine: Duration | None = Field(
        None,
        description="Refused rows are listed so long after they landed; they go on being counted.",
    )
    runs: KeptAmount | None = Field(
        None, description="Records of runs, with their steps, accounts and logs."
    )
    scans: KeptAmount | None = Field(
        None, description="Scans of each source; the newest two are always kept."
    )


class Maintenance(Definition):
    """One set of rules about when things are loaded and how long they are kept.

    For a table about which several say something, the nearest one counts: one that names the table,
    then one that names its source, then one without `of`.
    """

    maintenance: Name
    of: Names = Field(
        (),
        description="Sources, source tables as source.table and, for a schedule, marts: cubes,"
        " or fact_<name> and dim_<name>, which stand for the tables they are made from. A source"
        " comes before a cube of its name. Everything when absent.",
    )
    description: str = ""
    schedule: CronFields | None = Field(
        None,
        description="When these tables are read and what is new in them is carried through to a"
        " published version; five cron fields, in the workspace's time zone.",
    )
    fresh: Annotated[Fresh, BeforeValidator(_short_fresh)] | None = None
    keep: Keep | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Maintenance:
        if self.schedule is None and self.fresh is None and self.keep is None:
            raise ValueError("needs 'schedule', 'fresh' or 'keep'")
        return self
