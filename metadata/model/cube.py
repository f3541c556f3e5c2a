"""`cubes/*.yaml`: what analysts see of a fact."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from metadata.model.base import Definition, DistinctNames, Expression, Name

Format = Literal["number", "integer", "currency", "percent", "duration"]
"""duration is in seconds; percent is a fraction (0.25 is shown as 25%)."""
Polarity = Literal["higher_is_better", "lower_is_better", "neutral"]
Take = Literal["last", "first"]


class SemiAdditive(Definition):
    """A stock, not a flow: it adds up over everything but time."""

    over: Name = Field(description="Role of the date dimension over which it does not add up.")
    take: Take = Field("last", description="Which day of a period speaks for the period.")


class Measure(Definition):
    """One figure. Exactly one of `sum`, `count`, `count_distinct`, `avg`, `min`, `max`, `ratio`."""

    sum: str | None = Field(None, description="Fact measure to add up. Additive.")
    count: str | None = Field(
        None, description="'*' counts fact rows; a fact column counts its values. Additive."
    )
    count_distinct: str | None = Field(
        None,
        description="Fact column or `role.attribute` whose distinct values count. Not additive.",
    )
    avg: str | None = Field(None, description="Fact measure to average. Not additive.")
    min: str | None = Field(None, description="Fact measure whose smallest value counts.")
    max: str | None = Field(None, description="Fact measure whose largest value counts.")
    ratio: tuple[str, str] | None = Field(
        None, description="Two measures of this cube, divided after both are totalled."
    )
    where: Expression | None = Field(
        None, description="Only fact rows for which this holds; fact columns and role.attribute."
    )
    semi_additive: SemiAdditive | None = None
    label: str = ""
    description: str = ""
    format: Format = "number"
    polarity: Polarity = "neutral"

    @property
    def aggregate(self) -> str:
        """Which of the kinds this measure is."""
        return next(kind for kind in AGGREGATES if getattr(self, kind) is not None)

    @property
    def additivity(self) -> Literal["additive", "semi_additive", "non_additive"]:
        """The one declaration that totals, rollups, exports and alarms obey."""
        if self.semi_additive is not None:
            return "semi_additive"
        return "additive" if self.aggregate in ("sum", "count") else "non_additive"

    @model_validator(mode="after")
    def _one_kind(self) -> Measure:
        kinds = [kind for kind in AGGREGATES if getattr(self, kind) is not None]
        if len(kinds) != 1:
            raise ValueError("needs exactly one of " + ", ".join(AGGREGATES))
        if self.semi_additive and kinds[0] not in ("sum", "count"):
            raise ValueError("'semi_additive' goes with 'sum' or 'count' only")
        if self.ratio and self.where:
            raise ValueError("a 'ratio' takes no 'where'; filter its two measures instead")
        return self


AGGREGATES = ("sum", "count", "count_distinct", "avg", "min", "max", "ratio")


class Rollup(Definition):
    """A pre-aggregation that the engine may answer from instead of the fact."""

    by: DistinctNames = Field(min_length=1, description="Levels it keeps, as role.attribute.")
    measures: DistinctNames = Field(min_length=1, description="Additive measures it holds.")


class CubeDefault(Definition):
    """What a page shows before anybody asks."""

    measures: DistinctNames = ()
    rows: DistinctNames = ()
    columns: DistinctNames = ()

    @model_validator(mode="after")
    def _once(self) -> CubeDefault:
        both = next((level for level in self.rows if level in self.columns), None)
        if both is not None:
            raise ValueError(f"has '{both}' on rows and columns")
        return self


def _role(value: Any) -> Any:
    return {"dimension": value} if isinstance(value, str) else value


class CubeDimension(Definition):
    """A fact's dimension role as the cube shows it."""

    dimension: Name
    label: str = ""


class Cube(Definition):
    """A fact with its dimensions and the figures that may be asked of it."""

    cube: Name
    label: str = ""
    description: str = ""
    fact: Name
    dimensions: dict[Name, Annotated[CubeDimension, BeforeValidator(_role)]] = Field(min_length=1)
    measures: dict[Name, Measure] = Field(min_length=1)
    rollups: dict[Name, Rollup] = Field(default_factory=dict)
    default: CubeDefault = CubeDefault()
