"""`model/*.yaml`: entities, dimensions, bridges and facts of the warehouse."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from metadata.model.base import ColumnType, Definition, DistinctNames, Expression, Name


def _column(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


class EntityColumn(Definition):
    """One column of an entity."""

    type: ColumnType = "string"
    required: bool = Field(False, description="A row without it is quarantined.")
    references: Name | None = Field(None, description="Entity whose key this column holds.")
    description: str = ""
    personal: bool = Field(False, description="Personal data, to be protected.")


class Entity(Definition):
    """A thing of the business in its cleansed form: typed, checked, one row for each key."""

    entity: Name
    description: str = ""
    key: DistinctNames = Field(
        min_length=1, description="Columns that identify a row; they are always required."
    )
    columns: dict[Name, Annotated[EntityColumn, BeforeValidator(_column)]] = Field(min_length=1)
    changed_at: str | None = Field(
        None, description="Column that says when a row last changed, for history."
    )


History = Literal["fixed", "overwrite", "track"]
"""fixed: the first value stays; overwrite: the last value counts for all time; track: each value
counts for its time (slowly changing dimensions of type 0, 1 and 2)."""


def _attribute(value: Any) -> Any:
    return {} if value is None else value


class Attribute(Definition):
    """A descriptive column of a dimension."""

    from_: str | None = Field(
        None,
        alias="from",
        description="Entity column, or a path over references (`geography_id.country`).",
    )
    expr: Expression | None = Field(None, description="SQL over the entity's own columns.")
    type: ColumnType | None = Field(None, description="Type of an `expr`.")
    history: History = "overwrite"
    label: str = ""
    description: str = ""
    sort_by: str | None = Field(None, description="Attribute whose order its members follow.")

    @model_validator(mode="after")
    def _one_origin(self) -> Attribute:
        if self.expr is not None and self.from_ is not None:
            raise ValueError("needs either 'from' or 'expr'")
        return self


class Hierarchy(Definition):
    """Levels from the widest to the narrowest."""

    levels: DistinctNames = Field(min_length=1)
    label: str = ""


def _hierarchy(value: Any) -> Any:
    return {"levels": value} if isinstance(value, list) else value


class Dimension(Definition):
    """Who, what, where, when: what facts are grouped and filtered by."""

    dimension: Name
    label: str = ""
    description: str = ""
    entity: Name | None = None
    generated: Literal["calendar"] | None = Field(
        None, description="'calendar' makes the days themselves, from the workspace's calendar."
    )
    caption: str | None = Field(None, description="Attribute by which a person knows a member.")
    parent: str | None = Field(
        None, description="Column with the key of the parent member (a parent-child hierarchy)."
    )
    attributes: dict[Name, Annotated[Attribute, BeforeValidator(_attribute)]] = Field(min_length=1)
    hierarchies: dict[Name, Annotated[Hierarchy, BeforeValidator(_hierarchy)]] = Field(
        default_factory=dict
    )
    unknown: str = Field("Unknown", min_length=1, description="What the unknown member is called.")

    @model_validator(mode="after")
    def _one_origin(self) -> Dimension:
        if (self.entity is None) == (self.generated is None):
            raise ValueError("needs either 'entity' or 'generated'")
        for name, attribute in self.attributes.items() if self.generated else ():
            if attribute.from_ or attribute.expr:
                raise ValueError(f"makes '{name}' itself; a calendar takes no 'from' or 'expr'")
        if self.generated and self.parent:
            raise ValueError("has no 'parent': days are no tree")
        for name, hierarchy in self.hierarchies.items():
            if len(set(hierarchy.levels)) < len(hierarchy.levels):
                raise ValueError(f"has a level twice in the hierarchy '{name}'")
        return self


class Bridge(Definition):
    """Many members of one dimension for one member of another (a customer's industries)."""

    bridge: Name
    description: str = ""
    entity: Name
    dimension: Name = Field(description="Dimension that facts carry, such as customer.")
    dimension_key: str = Field(description="Entity column with its key.")
    group: Name = Field(description="Dimension reached through the bridge, such as industry.")
    group_key: str = Field(description="Entity column with its key.")
    weight: str | None = Field(
        None, description="Entity column with the share; shares of one member add up to 1."
    )
    within: str | None = Field(
        None, description="Entity column within whose values the shares add up to 1 (a tree)."
    )


class FactDimension(Definition):
    """A dimension in one role of a fact."""

    dimension: Name
    from_: str = Field(alias="from", description="Entity column, or a path over references.")
    label: str = ""


class FactMeasure(Definition):
    """A number of each fact row."""

    from_: str | None = Field(None, alias="from", description="Entity column.")
    expr: Expression | None = Field(None, description="SQL over the entity's columns and paths.")
    # Four places, so that converted and prorated amounts still add up to the cent.
    type: ColumnType = "decimal(18,4)"
    convert: bool = Field(
        False, description="An amount in the row's `currency`, converted to the company's."
    )
    description: str = ""

    @model_validator(mode="after")
    def _one_origin(self) -> FactMeasure:
        if (self.from_ is None) == (self.expr is None):
            raise ValueError("needs either 'from' or 'expr'")
        return self


def _measure(value: Any) -> Any:
    return {"from": value} if isinstance(value, str) else value


class Degenerate(Definition):
    """A label that facts carry themselves, without a dimension table (an order number)."""

    from_: str | None = Field(None, alias="from", description="Entity column or path.")
    expr: Expression | None = Field(None, description="SQL over the entity's columns and paths.")
    label: str = ""

    @model_validator(mode="after")
    def _one_origin(self) -> Degenerate:
        if (self.from_ is None) == (self.expr is None):
            raise ValueError("needs either 'from' or 'expr'")
        return self


class Fact(Definition):
    """What happened, or how things stood: one row for each grain."""

    fact: Name
    label: str = ""
    description: str = ""
    kind: Literal["transaction", "periodic_snapshot", "accumulating_snapshot"] = "transaction"
    entity: Name
    date: Name = Field(
        description="Role whose day decides which version of a dimension is in force."
    )
    dimensions: dict[Name, Annotated[FactDimension | str, Field(union_mode="left_to_right")]] = (
        Field(min_length=1)
    )
    degenerate: dict[Name, Annotated[Degenerate, BeforeValidator(_measure)]] = Field(
        default_factory=dict
    )
    measures: dict[Name, Annotated[FactMeasure, BeforeValidator(_measure)]] = Field(
        default_factory=dict
    )
    currency: str | None = Field(
        None, description="Column or path with the currency of the measures marked `convert`."
    )
    where: Expression | None = Field(None, description="Which of the entity's rows are facts.")
