"""`workspace.yaml`: what is one company's own about the whole warehouse."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from metadata.model.base import CronFields, Definition, Name, Names
from metadata.model.notices import Notices


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("is not a time zone; use an IANA name such as Europe/Berlin") from error
    return value


def _country(value: str) -> str:
    # Large, and asked for only where holidays are marked.
    from holidays.registry import COUNTRIES

    if all(value not in names for names in COUNTRIES.values()):
        raise ValueError("is no country whose holidays are known; use an ISO code such as DE")
    return value


def _currency(value: str) -> str:
    # Large, and asked for only here.
    from metadata.reference_data.money import currencies

    if value not in currencies():
        raise ValueError("is not a currency; use the three letters of its ISO code, such as EUR")
    return value


class Storage(Definition):
    """Where the workspace keeps its data; relative paths start at the workspace folder."""

    path: str = Field(
        "var",
        min_length=1,
        description="Folder for the landing zone, the build and the published versions.",
    )


class Calendar(Definition):
    """The days that the date dimension holds."""

    first: date = Field(date(2000, 1, 1), alias="from", description="First day.")
    last: date = Field(date(2035, 12, 31), alias="to", description="Last day.")
    holidays: Annotated[str, AfterValidator(_country)] | None = Field(
        None, description="ISO country code whose public holidays are marked, such as DE."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Calendar:
        if self.last < self.first:
            raise ValueError("'to' must not be before 'from'")
        if (self.last - self.first).days > 366 * 400:
            raise ValueError("must span 400 years at most")
        return self


ROLES = {
    "analyst": "Reads cubes and dashboards.",
    "engineer": "Also sees raw rows, and changes the metadata in the studio.",
    "executive": "Reads cubes and dashboards.",
}
"""Roles that every workspace has."""


class Role(Definition):
    """A role of the workspace's own, beside analyst, engineer and executive."""

    description: str = ""


def _role(value: Any) -> Any:
    return {} if value is None else {"description": value} if isinstance(value, str) else value


Scalar = str | bool | int | float


def _values(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


class User(Definition):
    """A person who may sign in with a password (see `rapport user`)."""

    password: str = Field(
        pattern=r"^scrypt\$\d+\$\d+\$\d+\$[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+$",
        repr=False,
        description="Hash made by `rapport user`.",
    )
    role: Annotated[Names, Field(min_length=1)] = Field(
        ("analyst",),
        description="analyst, engineer, executive, or one of the workspace's own; or several.",
    )
    attributes: dict[Name, Annotated[tuple[Scalar, ...], BeforeValidator(_values)]] = Field(
        default_factory=dict,
        description="What access policies may compare with as `{user.name}`: a value, or several.",
    )


class Schedule(Definition):
    """When everything is loaded without a hand; `maintenance/*.yaml` has schedules for parts."""

    cron: CronFields = Field(description="Five cron fields, in the workspace's time zone.")


def _receiver(value: str) -> str:
    scheme, separated, rest = value.partition("://")
    if separated and not ("${" in scheme or (scheme in ("http", "https", "file") and rest)):
        raise ValueError("is neither a file nor an address such as https://lineage.example.com")
    return value


class LineageExport(Definition):
    """Where each run tells what it did, as OpenLineage events."""

    openlineage: Annotated[str, AfterValidator(_receiver)] = Field(
        min_length=1,
        description=(
            "A file to which events are added, one JSON document a line (a relative path starts at"
            " the workspace folder); or the http(s) address of a service that receives them."
            " `${NAME}` is replaced from the environment."
        ),
    )
    api_key: str | None = Field(
        None,
        repr=False,
        description="Key that the service asks for; write it as `${NAME}`, from the environment.",
    )
    namespace: str | None = Field(
        None, min_length=1, description="Namespace of the jobs; the company's name when absent."
    )


class Workspace(Definition):
    """One company's settings."""

    name: str = Field(min_length=1, description="The company, as pages show it.")
    description: str = ""
    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(
        "UTC", description="IANA zone in which days begin and end."
    )
    currency: Annotated[str, AfterValidator(_currency)] = Field(
        "EUR", description="ISO code in which amounts are totalled."
    )
    locale: Literal["en", "zh"] = Field("en", description="Language of formatted figures.")
    fiscal_year_start: int = Field(
        1, ge=1, le=12, description="First month of the fiscal year, 1 to 12."
    )
    calendar: Calendar = Calendar()
    storage: Storage = Storage()
    schedule: Schedule | None = None
    lineage: LineageExport | None = None
    notices: Notices | None = None
    apply: Literal["automatic", "reviewed"] = Field(
        "automatic",
        description="Whether a run applies changed definitions by itself, unless something would"
        " break, or goes by what was applied until somebody says `rapport apply`.",
    )
    keep_versions: int = Field(
        5, ge=2, le=1000, description="Published versions kept for rollback."
    )
    roles: dict[Name, Annotated[Role, BeforeValidator(_role)]] = Field(
        default_factory=dict, description="Roles of the workspace's own."
    )
    users: dict[Name, User] = Field(default_factory=dict)
