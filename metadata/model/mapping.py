"""`mappings/*.yaml` and `lookups/*.yaml`: how landed rows become entities."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from metadata.model.base import NAME_PATTERN, Definition, DistinctNames, Expression, Name, Names
from metadata.model.rules import Checks, CleansingRules, Otherwise

_Column = Annotated[str, Field(min_length=1)]
DRIVER = "landed"
"""What statements call the table that drives a mapping; no join bears the name."""


class ColumnRule(Definition):
    """How one column of an entity is filled.

    Exactly one of `from`, `expr` and `value` says where the value comes from. Then, in this
    order: `clean` rules, `lookup`, parsing as the entity column's type (by `format` where given),
    `default`, and the `check`s. What fails goes the way of `otherwise`.
    """

    from_: str | None = Field(
        None,
        alias="from",
        min_length=1,
        description="Source column; `join.column` for a joined table.",
    )
    expr: Expression | None = Field(
        None, description="SQL expression over source columns (and `join.column`)."
    )
    value: str | int | float | bool | None = Field(
        None, description="The same value for every row."
    )
    clean: CleansingRules = ()
    lookup: str | dict[str, str] | None = Field(
        None, description="Name of a lookup, or the codes and their meanings."
    )
    format: Names = Field(
        (), description="Date formats to try in order, such as %d/%m/%Y (strptime)."
    )
    default: str | int | float | bool | None = Field(
        None, description="Value where the result is empty."
    )
    check: Checks = ()
    otherwise: Otherwise = "quarantine"

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnRule:
        origins = [self.from_ is not None, self.expr is not None, self.value is not None]
        if sum(origins) != 1:
            raise ValueError("needs exactly one of 'from', 'expr' and 'value'")
        if self.lookup == {}:
            raise ValueError("has a lookup without any code")
        return self


def _column_rule(value: Any) -> Any:
    return {"from": value} if isinstance(value, str) else value


def _own_column(written: str, joins: Mapping[str, Any]) -> str:
    """A source column as it is kept: a dot in its own name gets another in front.

    What looks like a column of a join that is not there stays, so that the slip is told.
    """
    alias, dot, _ = written.partition(".")
    slip = looks_joined(sort_key(written)[0])
    return written if not dot or not alias or alias in joins or slip else f".{written}"


def looks_joined(written: str) -> bool:
    """Whether a column is written like one of a join: `address.city`, and not `Artikel-Nr.`."""
    alias, _, rest = written.partition(".")
    return bool(re.fullmatch(NAME_PATTERN, alias) and re.fullmatch(r"\w+", rest))


class Join(Definition):
    """A landed table looked up for each row; at most one of its rows is taken, so none is doubled.

    Where several rows match, `order_by` decides which is taken (the first).
    """

    table: str = Field(description="Table to look into, as source.table.")
    on: dict[_Column, _Column] = Field(
        min_length=1,
        description="Its columns, each with the column (or `join.column`) it must equal.",
    )
    where: Expression | None = Field(None, description="Which of its rows count.")
    order_by: Names = Field((), description="Columns, each optionally followed by 'desc'.")


def sort_key(key: str) -> tuple[str, bool]:
    """A written sort key as the column and whether it descends.

    >>> sort_key("updated_at desc"), sort_key("Order Date")
    (('updated_at', True), ('Order Date', False))
    """
    words = key.split()
    if len(words) > 1 and words[-1].lower() in ("asc", "desc"):
        return key.strip()[: -len(words[-1])].rstrip(), words[-1].lower() == "desc"
    return key.strip(), False


class Duplicates(Definition):
    """What makes rows with different keys the same: one is staged, the others are merged into it.

    Only rows that no rule refuses are compared; which one stays is decided by `keep`. What refers
    to a row that is merged leads to a member that is only known by its key, so this is for things
    that were delivered twice, not for finding people.
    """

    by: DistinctNames = Field(
        min_length=1,
        description="Columns that must agree; a row without a value in one is nobody's duplicate.",
    )
    ignoring: tuple[Literal["case", "accents", "spaces", "punctuation"], ...] = Field(
        (), description="What does not count when values are compared."
    )


def _duplicates(value: Any) -> Any:
    return {"by": value} if isinstance(value, list | str) else value


class EntityMapping(Definition):
    """Fills one entity from one landed table."""

    entity: Name
    from_: str = Field(alias="from", description="Table that drives it, as source.table.")
    description: str = ""
    join: dict[Name, Join] = Field(default_factory=dict)
    columns: dict[Name, Annotated[ColumnRule, BeforeValidator(_column_rule)]] = Field(min_length=1)
    where: Expression | None = Field(
        None, description="Rows for which this is not true are filtered (and counted)."
    )
    keep: Names = Field(
        (),
        description=(
            "Where several rows share the entity's key: the order in which one survives, as source"
            " columns, each optionally followed by 'desc'. The others are merged into it."
        ),
    )
    deduplicate: Annotated[Duplicates | None, BeforeValidator(_duplicates)] = Field(
        None, description="What makes rows with different keys the same."
    )
    priority: int = Field(
        100, description="Where several mappings give the same key, the lowest number survives."
    )

    @model_validator(mode="before")
    @classmethod
    def _dots_in_names(cls, value: Any) -> Any:
        """Columns such as `Artikel-Nr.` are the driving table's own, not those of a join."""
        if not isinstance(value, dict):
            return value
        written_joins = value.get("join")
        joins: dict[str, Any] = written_joins if isinstance(written_joins, dict) else {}

        def own(written: Any) -> Any:
            return _own_column(written, joins) if isinstance(written, str) else written

        def rule(written: Any) -> Any:
            if isinstance(written, dict) and "from" in written:
                return written | {"from": own(written["from"])}
            return own(written)

        def join(written: Any) -> Any:
            if isinstance(written, dict) and isinstance(written.get("on"), dict):
                return written | {"on": {k: own(v) for k, v in written["on"].items()}}
            return written

        found = dict(value)
        if joins:
            found["join"] = {name: join(each) for name, each in joins.items()}
        if isinstance(value.get("columns"), dict):
            found["columns"] = {name: rule(each) for name, each in value["columns"].items()}
        if isinstance(value.get("keep"), list):
            found["keep"] = [own(each) for each in value["keep"]]
        return found


class Lookup(Definition):
    """Codes and what they mean, written here or read from a landed table."""

    lookup: Name
    description: str = ""
    values: dict[str, str] | None = Field(None, description="Codes and their meanings.")
    from_: str | None = Field(None, alias="from", description="Landed table, as source.table.")
    key: _Column | None = Field(None, description="Its column that holds the code.")
    value: _Column | None = Field(None, description="Its column that holds the meaning.")
    where: Expression | None = Field(None, description="Which of its rows count.")

    @model_validator(mode="after")
    def _one_origin(self) -> Lookup:
        if (self.values is None) == (self.from_ is None):
            raise ValueError("needs either 'values' or 'from'")
        if self.from_ is not None and (self.key is None or self.value is None):
            raise ValueError("with 'from' needs 'key' and 'value'")
        if self.from_ is None and (self.key or self.value or self.where):
            raise ValueError("with 'values' takes no 'key', 'value' or 'where'")
        if self.values == {}:
            raise ValueError("has 'values' without any code")
        return self
