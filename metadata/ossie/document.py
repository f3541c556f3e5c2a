"""An Apache Ossie document as values: what the core specification allows, and nothing else.

Ossie (formerly Open Semantic Interchange, OSI) describes datasets, how they are related, and
metrics over them, for any tool to read. Two versions are in use: 0.1.1, the only one that has been
released, which holds a list of models; and 0.2.0.dev0, which is one model, and tells data types.
The constraints are those of `core-spec/ossie-schema.json` and `core-spec/spec.md` of apache/ossie.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from metadata.model.base import Definition

VERSION = "0.2.0.dev0"
RELEASED = "0.1.1"
VENDOR = "RAPPORT"
"""Under this name an extension holds what the specification has no words for."""

Dialect = Literal[
    "ANSI_SQL", "SNOWFLAKE", "MDX", "TABLEAU", "DATABRICKS", "MAQL", "BIGQUERY", "SIGMA",
    "THOUGHTSPOT", "DAX", "HOLISTICS_AQL", "OSSIE_SQL_2026",
]  # fmt: skip
DataType = Literal[
    "String", "Integer", "Decimal", "Float", "Boolean", "Date", "Time", "DateTime", "DateTimeTz",
    "Opaque",
]  # fmt: skip


class Context(BaseModel):
    """What a person or a machine should know to use the thing well; other keys may be added."""

    model_config = ConfigDict(extra="allow", frozen=True)

    instructions: str | None = None
    synonyms: tuple[str, ...] | None = None
    examples: tuple[str, ...] | None = None


class CustomExtension(Definition):
    """Attributes of one vendor, as a JSON text; drafts of the specification have an object too."""

    vendor_name: str
    data: str | dict[str, Any]

    @classmethod
    def own(cls, data: Mapping[str, Any]) -> CustomExtension:
        """Ours; the same data always gives the same text."""
        return cls(vendor_name=VENDOR, data=json.dumps(data, sort_keys=True, ensure_ascii=False))


class DialectExpression(Definition):
    """An expression as one dialect writes it."""

    dialect: Dialect
    expression: str


Called = Annotated[str, Field(min_length=1)]


class Expression(Definition):
    """An expression in one or more dialects."""

    dialects: tuple[DialectExpression, ...] = Field(min_length=1)

    @classmethod
    def ansi(cls, sql: str) -> Expression:
        """An expression in standard SQL."""
        return cls(dialects=(DialectExpression(dialect="ANSI_SQL", expression=sql),))


class Extended(Definition):
    """What datasets, fields, relationships, metrics and models share."""

    ai_context: str | Context | None = None
    custom_extensions: tuple[CustomExtension, ...] | None = None

    def own_data(self) -> dict[str, Any]:
        """What our own extension holds, or nothing; a text that is no JSON object counts as none.

        Others may have changed the document since, so nothing here may be trusted unseen.
        """
        for extension in self.custom_extensions or ():
            if extension.vendor_name.upper() == VENDOR:
                if isinstance(extension.data, dict):
                    return extension.data
                try:
                    found = json.loads(extension.data)
                except (ValueError, RecursionError):
                    return {}
                return found if isinstance(found, dict) else {}
        return {}


class TimeRole(Definition):
    """That a field is there to group and filter by, and whether it tells time."""

    is_time: bool | None = None


class OssieField(Extended):
    """A column, or a scalar computed from columns."""

    name: Called
    expression: Expression
    dimension: TimeRole | None = None
    label: str | None = None
    description: str | None = None
    datatype: DataType | None = None


class Dataset(Extended):
    """A table: a fact, or a dimension in one role."""

    name: Called
    source: str = Field(min_length=1, description="database.schema.table, or a query.")
    primary_key: tuple[str, ...] | None = None
    unique_keys: tuple[tuple[str, ...], ...] | None = None
    description: str | None = None
    fields: tuple[OssieField, ...] | None = None

    def field(self, name: str) -> OssieField | None:
        """A field by name, whatever its case."""
        folded = name.casefold()
        return next((f for f in self.fields or () if f.name.casefold() == folded), None)


class Relationship(Extended):
    """Columns of one dataset that hold a key of another: many to one."""

    name: Called
    from_: str = Field(alias="from", min_length=1)
    to: Called
    from_columns: tuple[str, ...] = Field(min_length=1)
    to_columns: tuple[str, ...] = Field(min_length=1)


class Metric(Extended):
    """A figure: an aggregate over fields, which are written dataset.field."""

    name: Called
    expression: Expression
    description: str | None = None
    datatype: DataType | None = None


class SemanticModel(Extended):
    """Datasets, how they are related, and metrics over them."""

    name: Called
    description: str | None = None
    datasets: tuple[Dataset, ...] = Field(min_length=1)
    relationships: tuple[Relationship, ...] | None = None
    metrics: tuple[Metric, ...] | None = None

    def dataset(self, name: str) -> Dataset | None:
        """A dataset by name, whatever its case."""
        folded = name.casefold()
        return next((d for d in self.datasets if d.name.casefold() == folded), None)


class Document(SemanticModel):
    """A document of version 0.2.0.dev0: one model."""

    version: Literal["0.2.0.dev0"]


class ModelList(Definition):
    """A document of version 0.1.1, or an early one of 0.2.0.dev0: a list of models."""

    version: Literal["0.1.1", "0.2.0.dev0"]
    semantic_model: tuple[SemanticModel, ...]
    dialects: tuple[Dialect, ...] | None = None
    vendors: tuple[str, ...] | None = None


def document_of(model: SemanticModel, version: str = VERSION) -> dict[str, Any]:
    """A model as the plain content of a document, in the order of the specification.

    Args:
        model: what to write.
        version: 0.2.0.dev0, or 0.1.1, which knows no data types.
    """
    content = model.model_dump(by_alias=True, exclude_none=True, mode="json")
    if version == VERSION:
        return {"version": VERSION, **_ordered(content, _MODEL)}
    untyped = _without_types(content)
    return {"version": RELEASED, "semantic_model": [_ordered(untyped, _MODEL)]}


# The specification's order: what a thing is called, what it is made of, then what is said of it.
_FIRST = ("name", "from", "to", "from_columns", "to_columns", "source", "primary_key",
          "unique_keys", "expression", "dimension", "label", "description", "datatype",
          "ai_context")  # fmt: skip
_MODEL = (*_FIRST, "datasets", "relationships", "metrics")


def _ordered(value: Any, first: tuple[str, ...] = _FIRST) -> Any:
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    if not isinstance(value, dict):
        return value
    keys = [*(key for key in first if key in value), *(key for key in value if key not in first)]
    return {key: _ordered(value[key]) for key in keys}


def _without_types(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_types(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_types(item) for key, item in value.items() if key != "datatype"}
    return value
