"""`synonyms/*.yaml`: what entities and their columns are called in other people's systems.

`rapport propose` recognises tables and columns by these words. Those that are shipped stand in
`metadata/synonyms`; a workspace adds its own.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from metadata.model.base import ColumnType, Definition, Expressions, Name, Names

ValueKind = Literal[
    "email", "phone", "postal_code", "country", "country_code", "currency_code", "share", "amount",
    "quantity", "few", "state", "words",
]  # fmt: skip
"""What the values of a column should look like: `share` is a number from 0 to 1 (or to 100),
`few` are values that repeat, `state` are such values or a yes or no, `words` are texts that people
read."""


class ColumnSynonyms(Definition):
    """Other names for a column, in any language."""

    names: Names = ()
    values: ValueKind | None = Field(None, description="What its values should look like.")
    codes: dict[str, str] = Field(
        default_factory=dict, description="Codes that are common for it, and what they mean."
    )


def _column_synonyms(value: Any) -> Any:
    return value if isinstance(value, dict) else {"names": value or ()}


Columns = dict[Name, Annotated[ColumnSynonyms, BeforeValidator(_column_synonyms)]]


class Helper(ColumnSynonyms):
    """A column that the entity does not have, but from which some of its columns are computed."""

    type: ColumnType = "string"


class EntitySynonyms(Definition):
    """Other names for an entity and its columns."""

    synonyms: Name = Field(description="The entity.")
    description: str = ""
    tables: Names = Field((), description="What tables of it are called.")
    also: Names = Field((), description="Names that fit it where nothing fits better.")
    never: Names = Field((), description="Words that make a table's name mean something else.")
    inside: Names = Field(
        (), description="Words its columns begin with in a table that is mainly something else."
    )
    instead: Name | None = Field(
        None, description="Entity whose tables feed this one too, where nothing else does."
    )
    columns: Columns = Field(default_factory=dict)
    helpers: dict[Name, Helper] = Field(
        default_factory=dict, description="Columns it lacks, for use in `derive`."
    )
    derive: dict[Name, Expressions] = Field(
        default_factory=dict,
        description="Expressions over its own columns, for columns that no source column fills.",
    )
    constants: dict[Name, str] = Field(
        default_factory=dict, description="Values for columns that no source column fills."
    )
    scan_day: Names = Field(
        (), description="Columns that take the day of the scan where nothing else fills them."
    )


class Words(Definition):
    """Words and abbreviations that names of tables and columns are made of."""

    words: Name = Field(description="What the list is called, such as a language.")
    description: str = ""
    same: dict[str, Names] = Field(
        default_factory=dict, description="Words that mean the same as another word."
    )
    expand: dict[str, Annotated[str, Field(min_length=1)]] = Field(
        default_factory=dict, description="Words or pairs of words that stand for several words."
    )
    neutral: Names = Field((), description="Words that add nothing to a name.")
    columns: Columns = Field(
        default_factory=dict, description="Names of columns whatever their entity."
    )
