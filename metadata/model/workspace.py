"""`workspace.yaml`: what is one company's own about the whole warehouse."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from metadata.model.base import Definition, Name


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("is not a time zone; use an IANA name such as Europe/Berlin") from error
    return value


class Storage(Definition):
    """Where the workspace keeps its data; relative paths start at the workspace folder."""

    path: str = Field(
        "var", description="Folder for the landing zone, the build and the published versions."
    )


class Calendar(Definition):
    """The days that the date dimension holds."""

    first: date = Field(date(2000, 1, 1), alias="from", description="First day.")
    last: date = Field(date(2035, 12, 31), alias="to", description="Last day.")
    holidays: str | None = Field(
        None, description="ISO country code whose public holidays are marked, such as DE."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Calendar:
        if self.last < self.first:
            raise ValueError("'to' must not be before 'from'")
        if (self.last - self.first).days > 366 * 400:
            raise ValueError("must span 400 years at most")
        return self


class User(Definition):
    """A person who may sign in with a password (see `rapport user`)."""

    password: str = Field(
        pattern=r"^scrypt\$", repr=False, description="Hash made by `rapport user`."
    )
    role: Literal["analyst", "engineer", "executive"] = "analyst"


class Schedule(Definition):
    """When the pipeline runs without a hand."""

    cron: str = Field(description="Five cron fields, in the workspace's time zone.")


class Workspace(Definition):
    """One company's settings."""

    name: str = Field(min_length=1, description="The company, as pages show it.")
    description: str = ""
    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(
        "UTC", description="IANA zone in which days begin and end."
    )
    currency: str = Field(
        "EUR", pattern=r"^[A-Z]{3}$", description="ISO code in which amounts are totalled."
    )
    locale: Literal["en", "zh"] = Field("en", description="Language of formatted figures.")
    fiscal_year_start: int = Field(
        1, ge=1, le=12, description="First month of the fiscal year, 1 to 12."
    )
    calendar: Calendar = Calendar()
    storage: Storage = Storage()
    schedule: Schedule | None = None
    keep_versions: int = Field(
        5, ge=2, le=1000, description="Published versions kept for rollback."
    )
    users: dict[Name, User] = Field(default_factory=dict)
