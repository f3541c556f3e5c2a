"""`portal.yaml`: what the first page of the dashboards shows."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from metadata.model.base import Definition, Name, Names


class Tile(Definition):
    """A headline figure."""

    cube: Name
    measure: Name
    when: str | None = Field(
        None,
        description="Level with the month, such as order_date.month, by which the figure is"
        " taken, compared and drawn. Without it the tile shows how things stand now.",
    )
    label: str = Field("", description="Defaults to the measure's own label.")
    group: str = Field("", description="Heading under which the tile stands.")

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels that it names."""
        return (self.when,) if self.when else ()


class Chart(Definition):
    """A chart below the headline figures."""

    title: str
    cube: Name
    measures: Names = Field(min_length=1)
    rows: Names = Field((), description="Level along the axis; a trend needs none.")
    columns: Names = Field((), description="Level whose members become the series.")
    kind: Literal["trend", "bars", "stacked"] = Field(
        "bars", description="trend: month by month; bars: one bar a member; stacked: parts of it."
    )
    when: str | None = Field(None, description="Level with the month, as for tiles.")
    compare: Literal["prior_year"] | None = Field(
        None, description="Draws the same months a year before beside a trend."
    )
    top: int | None = Field(None, ge=1, le=50, description="Only the largest members.")
    wide: bool = Field(False, description="Takes the whole width of the page.")

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels that it names."""
        return (*self.rows, *self.columns, *((self.when,) if self.when else ()))


class Portal(Definition):
    """The first page: headline figures, then charts. A tile or chart set to null is left out."""

    portal: Name
    title: str
    lead: str = ""
    tiles: dict[Name, Tile | None] = Field(default_factory=dict)
    charts: dict[Name, Chart | None] = Field(default_factory=dict)
