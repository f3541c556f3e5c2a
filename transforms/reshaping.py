"""Tables that change without being made again: columns renamed, columns and tables dropped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from transforms.statements import WAREHOUSE, Statement, table


def rename_columns(name: str, renamed: Mapping[str, str]) -> tuple[Statement, ...]:
    """Rename columns of a warehouse table, all at once: two may exchange their names.

    Args:
        name: the table.
        renamed: new names by old ones.
    """
    aside = {old: f"_{number}_{new}"[:63] for number, (old, new) in enumerate(renamed.items())}
    steps = [(old, aside[old]) for old in renamed] + [(aside[o], new) for o, new in renamed.items()]
    return tuple(
        Statement(_altered(name, _rename(old, new)), f"rename a column of {name} to {new}")
        for old, new in steps
    )


def rename_table(name: str, new: str) -> Statement:
    """Give a warehouse table another name."""
    action = exp.AlterRename(this=exp.to_identifier(new, quoted=True))
    return Statement(_altered(name, action), f"{name} becomes {new}")


def drop_columns(name: str, dropped: Iterable[str]) -> tuple[Statement, ...]:
    """Drop columns of a warehouse table."""
    return tuple(
        Statement(
            _altered(name, exp.Drop(tables=[exp.to_identifier(old, quoted=True)], kind="COLUMN")),
            f"drop {old} of {name}",
        )
        for old in dropped
    )


def drop_tables(names: Iterable[str]) -> tuple[Statement, ...]:
    """Drop tables of the warehouse that nothing defines any more."""
    return tuple(
        Statement(
            exp.Drop(tables=[table(name, WAREHOUSE)], kind="TABLE", exists=True), f"drop {name}"
        )
        for name in names
    )


def _altered(name: str, action: exp.Expr) -> exp.Alter:
    return exp.Alter(this=table(name, WAREHOUSE), kind="TABLE", actions=[action])


def _rename(old: str, new: str) -> exp.RenameColumn:
    return exp.RenameColumn(
        this=exp.to_identifier(old, quoted=True), to=exp.to_identifier(new, quoted=True)
    )
