"""`access/*.yaml`: who may see what of the cubes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from metadata.model.base import Definition, Name, Names

Totals = Literal["visible", "full"]


class Visible(Definition):
    """Names that may be seen, or names that may not. Exactly one of `allow` and `hide`."""

    allow: Names | None = Field(None, description="Only these are seen; all others are not.")
    hide: Names | None = Field(None, description="These are not seen.")

    @model_validator(mode="after")
    def _one(self) -> Visible:
        if (self.allow is None) == (self.hide is None):
            raise ValueError("needs either 'allow' or 'hide'")
        return self


class RowFilter(Definition):
    """Which facts are seen: a filter text, as queries take it.

    Levels are written `dimension.attribute`, and the filter holds in every cube with that dimension
    (in each of its roles); or, with `cube`, as that cube's queries write them.
    `{user.name}` stands for what workspace.yaml says of the user under `attributes`.
    """

    where: str = Field(min_length=1, description="Facts for which this holds are seen.")
    cube: Name | None = Field(None, description="The one cube it is about.")


class Mask(Definition):
    """How the members of a level are shown instead of themselves. Exactly one key."""

    show: str | None = Field(
        None, min_length=1, description="One text for all members, such as '•••'."
    )
    first: int | None = Field(
        None, ge=1, le=50, description="Only the first characters of a text, such as a postal area."
    )
    step: float | None = Field(
        None, gt=0, description="Numbers rounded down to a multiple of this: 10 shows 37 as 30."
    )
    period: Literal["year", "quarter", "month"] | None = Field(
        None, description="Days and moments are shown as the first day of their period."
    )

    @property
    def way(self) -> Literal["show", "first", "step", "period"]:
        """Which of the keys is given."""
        return next(way for way in MASKS if getattr(self, way) is not None)

    @model_validator(mode="after")
    def _one(self) -> Mask:
        if sum(getattr(self, way) is not None for way in MASKS) != 1:
            raise ValueError("needs exactly one of " + ", ".join(MASKS))
        return self


MASKS: tuple[Literal["show", "first", "step", "period"], ...] = ("show", "first", "step", "period")


class Minimum(Definition):
    """How many there must be, at the least, behind every figure that is shown."""

    least: int = Field(ge=2, le=1000, description="Fewest that a figure may stand for.")
    of: Name | None = Field(
        None,
        description="Dimension whose members are counted, such as customer; facts are counted"
        " without it, and in cubes that lack the dimension.",
    )
    by: Names = Field(
        (),
        description="Levels, written as under `levels`, to whose cells alone the minimum is held:"
        " facts of a cell that stands for fewer are not seen at all, and other levels are hidden."
        " Without it every question is held to the cells of its own levels.",
    )


def _row_filter(value: Any) -> Any:
    return {"where": value} if isinstance(value, str) else value


def _row_filters(value: Any) -> Any:
    return [value] if isinstance(value, (str, dict)) else value


def _mask(value: Any) -> Any:
    return {"show": value} if isinstance(value, str) else value


def _minimum(value: Any) -> Any:
    return {"least": value} if isinstance(value, int) and not isinstance(value, bool) else value


class Access(Definition):
    """One policy: what the people it is for may see. A policy only ever takes away.

    Every policy that names a user, or one of the user's roles, holds for that user, all of them at
    once. Who is named by none sees everything.
    """

    access: Name
    description: str = ""
    roles: Names = Field((), description="Roles it is for.")
    users: Names = Field((), description="Users it is for, as in workspace.yaml.")
    everybody: bool = Field(False, description="It is for all users.")
    except_: Names = Field(
        (), alias="except", description="With `everybody`: roles that it is not for."
    )
    cubes: Visible | None = Field(None, description="Cubes by name.")
    measures: Visible | None = Field(
        None, description="Measures as `cube.measure`, or `cube.*` for all of a cube."
    )
    levels: Visible | None = Field(
        None,
        description="Levels as `dimension.attribute` (in every cube), `cube.role.attribute`, or"
        " `cube.label` for a label of the fact itself; `*` stands for every attribute.",
    )
    rows: Annotated[
        tuple[Annotated[RowFilter, BeforeValidator(_row_filter)], ...],
        BeforeValidator(_row_filters),
    ] = Field((), description="Filters that all must hold.")
    masks: dict[str, Annotated[Mask, BeforeValidator(_mask)]] = Field(
        default_factory=dict,
        description="Levels whose members are not shown as they are, written as under `levels`;"
        " a text alone is shown for every member.",
    )
    minimum: Annotated[Minimum, BeforeValidator(_minimum)] | None = Field(
        None, description="Figures that stand for fewer are withheld."
    )
    totals: Totals = Field(
        "visible",
        description="visible: totals cover the rows that are seen; full: totals of members that"
        " are seen, and the grand total, cover all rows.",
    )

    @model_validator(mode="after")
    def _whole(self) -> Access:
        if not (self.roles or self.users or self.everybody):
            raise ValueError("is for nobody; name 'roles' or 'users', or say 'everybody: true'")
        if self.everybody and (self.roles or self.users):
            raise ValueError("'everybody' leaves nobody for 'roles' and 'users' to name")
        if self.except_ and not self.everybody:
            raise ValueError("'except' goes with 'everybody' only")
        restricting = (self.cubes, self.measures, self.levels, self.rows, self.masks, self.minimum)
        if not any(restricting):
            raise ValueError(
                "takes nothing away; it needs one of 'cubes', 'measures', 'levels', 'rows',"
                " 'masks' and 'minimum'"
            )
        if self.totals == "full" and not self.rows:
            raise ValueError("'totals: full' goes with 'rows', which leave something out")
        if self.totals == "full" and self.minimum:
            raise ValueError(
                "'totals: full' would tell what 'minimum' withholds; have one of the two"
            )
        return self
