"""`matching/*.yaml`: which records are the same person or company, and what is kept of them."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from metadata.model.base import Definition, Expression, Name, Names

Kind = Literal[
    "exact", "name", "jaro_winkler", "levenshtein", "damerau_levenshtein", "date", "email", "phone",
    "postal_code", "number",
]  # fmt: skip
SIMILAR: tuple[Kind, ...] = ("jaro_winkler", "name")
"""Kinds whose steps are similarities."""
EDITED: tuple[Kind, ...] = ("levenshtein", "damerau_levenshtein")
"""Kinds whose steps are numbers of edits."""
APART: tuple[Kind, ...] = ("date", "number")
"""Kinds whose steps are differences."""


class Comparison(Definition):
    """How alike two values of a column are, in steps from equal to different.

    What a step is worth is estimated from the data: how often it is met among records that are the
    same, and how often by chance. Where a value is missing nothing is said for or against.

    * exact: equal, or not.
    * name: the same words in any order, similar ones (Jaro-Winkler), an initial for a first word.
    * jaro_winkler: similarity from 0 to 1, for short texts.
    * levenshtein, damerau_levenshtein: letters to change (or to swap) until both are equal.
    * date: one digit wrong, or day and month swapped; then so many days apart.
    * email: the same box at another host, then a similar one.
    * phone: the same last seven digits.
    * postal_code: one character wrong, then the same first two.
    * number: so far apart.
    """

    as_: Kind = Field(alias="as", description="How values are compared.")
    at_least: tuple[float, ...] = Field(
        (), description="Similarities that count (jaro_winkler and name), the highest first."
    )
    at_most: tuple[int, ...] = Field(
        (), description="Edits that count (levenshtein and damerau_levenshtein), the fewest first."
    )
    within: tuple[float, ...] = Field(
        (), description="Differences that count (number; date, in days), the smallest first."
    )
    term_frequency: bool = Field(
        False, description="Whether agreeing on a rare value says more than on a frequent one."
    )
    ignoring: tuple[Literal["case", "accents", "spaces", "punctuation"], ...] | None = Field(
        None, description="What does not count; case and accents where it is not said."
    )

    @model_validator(mode="after")
    def _fitting(self) -> Comparison:
        for key, kinds in (("at_least", SIMILAR), ("at_most", EDITED), ("within", APART)):
            steps = getattr(self, key)
            if steps and self.as_ not in kinds:
                raise ValueError(f"cannot have '{key}' as {self.as_}; that is for {_or(kinds)}")
            falling = key == "at_least"
            if any(a <= b if falling else a >= b for a, b in pairwise(steps)):
                raise ValueError(f"needs '{key}' to {'fall' if falling else 'rise'} step by step")
        if any(not 0 < step < 1 for step in self.at_least):
            raise ValueError("needs 'at_least' between 0 and 1")
        if any(step <= 0 for step in (*self.at_most, *self.within)):
            raise ValueError("needs steps above 0; equal values are a step of their own")
        if self.as_ == "number" and not self.within:
            raise ValueError("needs 'within' as number; without it write exact")
        if self.term_frequency and self.as_ in APART:
            raise ValueError(f"cannot weigh frequencies as {self.as_}")
        if self.ignoring is not None and self.as_ in (*APART, "email", "phone", "postal_code"):
            raise ValueError(f"cannot have 'ignoring' as {self.as_}")
        return self


def _or(words: tuple[str, ...]) -> str:
    return " and ".join(words)


def _comparison(value: Any) -> Any:
    return {"as": value} if isinstance(value, str) else value


class Agreement(Definition):
    """Columns or expressions in which two records must agree; none of them may be empty."""

    on: Annotated[tuple[Expression, ...], Field(min_length=1)] = Field(
        description="Columns, or SQL expressions over them. Columns that are also compared are"
        " taken as they are compared: without case and accents, telephone numbers as digits."
    )


def _agreement(value: Any) -> Any:
    match value:
        case str():
            return {"on": [value]}
        case list():
            return {"on": value}
        case {"on": str(one)}:
            return {**value, "on": [one]}
    return value


Agreements = tuple[Annotated[Agreement, BeforeValidator(_agreement)], ...]


class Thresholds(Definition):
    """Probabilities that two records are the same, above which something is done."""

    merge: float = Field(0.95, gt=0, lt=1, description="From here on records are merged.")
    review: float = Field(
        0.7, gt=0, lt=1, description="From here on a pair waits for a person; below it is apart."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Thresholds:
        if self.review > self.merge:
            raise ValueError(f"has 'review' ({self.review}) above 'merge' ({self.merge})")
        return self


class Estimation(Definition):
    """How the model is estimated: once, and then kept until something here or above changes."""

    seed: int = Field(1, ge=0, description="Another number estimates the model anew.")
    pairs: int = Field(
        1_000_000, ge=1_000, le=1_000_000_000,
        description="Pairs from which it is told how often values agree by chance.",
    )  # fmt: skip
    prior: float | None = Field(
        None, gt=0, lt=1,
        description="Share of all pairs that are the same; estimated where it is not said.",
    )  # fmt: skip


Take = Literal[
    "most_recent", "most_complete", "most_frequent", "longest", "shortest", "min", "max", "source"
]


class Survivor(Definition):
    """Which of several values stays; a missing value never stands against one that is there.

    * most_recent: of the record that changed last.
    * most_complete: of the record that has most columns filled.
    * most_frequent: the one that most records have.
    * longest, shortest: by characters.
    * min, max: the least or the greatest.
    * source: of the first of some sources that has one.

    Where that does not decide, the first mapping of the entity does, then the record's key.
    """

    take: Take
    by: Name | None = Field(
        None, description="Column that says when (most_recent); else the entity's `changed_at`."
    )
    sources: Names = Field(
        (), description="Sources, or tables as source.table, the best first; others come after."
    )

    @model_validator(mode="after")
    def _fitting(self) -> Survivor:
        if self.by is not None and self.take != "most_recent":
            raise ValueError("cannot have 'by' unless it takes the most_recent")
        if bool(self.sources) != (self.take == "source"):
            raise ValueError("needs 'sources' with, and only with, 'take: source'")
        return self


def _survivor(value: Any) -> Any:
    return {"take": value} if isinstance(value, str) else value


Survives = Annotated[Survivor, BeforeValidator(_survivor)]


class Survivorship(Definition):
    """What is kept of records that are merged, column by column."""

    default: Survives | None = Field(None, description="For columns that are not named.")
    columns: dict[Name, Survives] = Field(default_factory=dict)


class Matching(Definition):
    """Records of one entity that are the same person, company or thing become one golden record.

    `same` merges by plain rules. `compare` weighs likeness by the model of Fellegi and Sunter, over
    the pairs that agree on one line of `block`. Either is enough.
    """

    matching: Name = Field(description="Entity.")
    description: str = ""
    where: Expression | None = Field(
        None, description="Records for which this is not true are the same as nobody."
    )
    same: Agreements = Field(
        (), description="Records that agree on all of one line are the same, whatever else differs."
    )
    block: Agreements = Field(
        (), description="Only records that agree on all of one line are compared at all."
    )
    compare: dict[Name, Annotated[Comparison, BeforeValidator(_comparison)]] = Field(
        default_factory=dict, description="Columns, and how they are compared."
    )
    thresholds: Thresholds = Field(default_factory=Thresholds)
    model: Estimation = Field(default_factory=Estimation)
    survivorship: Survivorship = Field(default_factory=Survivorship)

    @model_validator(mode="after")
    def _something(self) -> Matching:
        if not self.same and not self.compare:
            raise ValueError("needs 'same' or 'compare', or nothing can be the same")
        return self


def _keys(value: Any) -> Any:
    return (
        [str(v) if isinstance(v, int) else v for v in value] if isinstance(value, list) else value
    )


Keys = Annotated[tuple[str, ...], BeforeValidator(_keys)]


class Decision(Definition):
    """What a person knows of some records, whatever rules and model say."""

    together: Keys = Field((), description="Keys of records that are the same.")
    apart: Keys = Field((), description="Keys of records of which no two are the same.")
    by: str = Field("", description="Who says so.")
    decided: date | None = Field(None, description="When.")
    why: str = ""

    @model_validator(mode="after")
    def _one(self) -> Decision:
        if bool(self.together) == bool(self.apart):
            raise ValueError("needs either 'together' or 'apart'")
        if len(self.keys) < 2 or len(set(self.keys)) < len(self.keys):
            raise ValueError("needs at least two keys, each once")
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """The records that it is about."""
        return self.together or self.apart


class Decisions(Definition):
    """Decisions about the records of one entity; `rapport matching decide` writes them."""

    decisions: Name = Field(description="Entity.")
    records: tuple[Decision, ...] = ()
