"""Trying a mapping: its rows before a change and after it, and the statements that judge them."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from metadata import Repository
from metadata.errors import MetadataError, UserError
from metadata.expressions import ExpressionError, columns_of
from metadata.repository import ResolvedMapping
from metadata.workbench import (
    Cell,
    Example,
    Failure,
    FailureCount,
    Preview,
    Side,
    Stage,
    Trial,
    WholeRow,
)
from pipelines.engine import StatementFailed
from pipelines.plan import tables_read
from pipelines.workbench.samples import Landed, Samples
from transforms import STAGING
from transforms.delivered import missing_columns
from transforms.preview import (
    AFTER,
    BEFORE,
    changes,
    cleansing_steps,
    examples,
    failures,
    outcomes,
    stepped_rows,
    whole_rows,
)
from transforms.raw import landed_table
from transforms.staging import NEXT, PART, Judging, judging, ranked_rows
from transforms.statements import column, table, text

_DIALECT = "duckdb"


@dataclass(frozen=True)
class Wish:
    """What is to be seen of a mapping."""

    column: str | None
    """The column whose values are shown; None shows whole rows."""
    reads: str | None
    """The column's name before, where it was renamed."""
    only: tuple[str, ...]
    """Kinds of examples, or `changed` and `refused` for whole rows; all where empty."""
    limit: int
    sql: bool = False
    """Whether the statements are wanted."""


@dataclass(frozen=True)
class Trying:
    """A mapping with its workspace, and what tells this state of it from any other."""

    repository: Repository
    mapping: ResolvedMapping
    state: str


class Trials:
    """Tries mappings; what was tried last as the saved state is kept while it stays saved."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self._kept: tuple[Any, Trial] | None = None

    def preview(self, before: Trying | None, after: Trying, wish: Wish) -> Preview:
        """Try a mapping on the rows of its table.

        Args:
            before: the mapping as it is saved; None where it is not.
            after: the mapping as it is edited.
            wish: what is to be seen.

        Raises:
            UserError: nothing has landed yet; or the mapping reads what is not delivered.
            StatementFailed: the engine refuses the statement.
        """
        began = time.perf_counter()
        samples, mapping = self._samples, after.mapping
        driver = samples.landed(after.repository, mapping.definition.from_)
        if driver is None:
            raise UserError(
                f"No rows of {mapping.definition.from_} have been read yet.",
                why="Rules are tried on rows that have landed.",
                fix="Read them with `rapport run`; what is mapped already is loaded with them.",
            )
        landed = landed_of(samples, after.repository, mapping)
        issues = missing_columns(after.repository, mapping, landed)
        if issues:
            raise MetadataError(issues)
        reading = samples.reading(after.repository, mapping)
        chain = judging(after.repository, mapping, mapping.entity, landed, reading)
        trial = self._tried(mapping, chain, AFTER)
        compared = self._before(before, mapping, driver)
        had = list(before.mapping.definition.columns) if compared and before else []
        common = [name for name in mapping.definition.columns if name in had]
        differing: tuple[Any, ...] = (0,)
        if compared:
            differing = samples.rows(changes(common), "compare")[0]
        counts = dict(zip(common, differing[1:], strict=True))
        shown: tuple[Example, ...] = ()
        rows: tuple[WholeRow, ...] = ()
        if wish.column is None:
            rows = _rows(samples, mapping, common, compared is not None, wish)
        elif wish.column in mapping.definition.columns:
            was = wish.reads or wish.column
            shown = _examples(samples, mapping, driver, wish, was if was in had else None)
        return Preview(
            table=driver.name,
            landed=driver.rows,
            looked_at=driver.looked_at,
            whole=driver.whole,
            before=compared,
            after=trial,
            outcome_changes=differing[0],
            value_changes={name: count for name, count in counts.items() if count},
            examples=shown,
            rows=rows,
            sql=_statements(mapping, chain, driver, wish.column) if wish.sql else (),
            seconds=round(time.perf_counter() - began, 3),
        )

    def _before(
        self, before: Trying | None, mapping: ResolvedMapping, driver: Landed
    ) -> Trial | None:
        """The saved state on the same rows; None where there is none that could be tried."""
        if before is None or before.mapping.definition.from_ != mapping.definition.from_:
            return None
        samples, saved = self._samples, before.mapping
        landed = landed_of(samples, before.repository, saved)
        if missing_columns(before.repository, saved, landed):
            return None
        identity = (before.state, saved.name, driver.sample, json.dumps(landed, sort_keys=True))
        if self._kept is None or self._kept[0] != identity:
            self._kept = None
            reading = samples.reading(before.repository, saved)
            chain = judging(before.repository, saved, saved.entity, landed, reading)
            try:
                self._kept = (identity, self._tried(saved, chain, BEFORE))
            except StatementFailed:
                return None
        return self._kept[1]

    def _tried(self, mapping: ResolvedMapping, chain: Judging, name: str) -> Trial:
        samples = self._samples
        samples.keep(name, stepped_rows(mapping, chain), "try the rules")
        counted = samples.rows(outcomes(name), "count outcomes")
        failed = samples.rows(failures(name), "count failures")
        return Trial(
            outcomes=dict(counted),
            failures=tuple(
                FailureCount(column=own, rule=rule, refused=refused, rows=rows)
                for own, rule, refused, rows in failed
            ),
        )


def landed_of(
    samples: Samples, repository: Repository, mapping: ResolvedMapping
) -> dict[str, dict[str, str]]:
    """The columns of each landed table that a mapping reads, its lookups' among them."""
    names = {mapping.definition.from_, *(j.table for j in mapping.definition.join.values())}
    names |= tables_read(repository, mapping.definition.entity)
    found = {name: samples.landed(repository, name) for name in sorted(names)}
    return {name: dict(landed.columns) for name, landed in found.items() if landed is not None}


def _examples(
    samples: Samples, mapping: ResolvedMapping, driver: Landed, wish: Wish, was: str | None
) -> tuple[Example, ...]:
    name = wish.column
    assert name is not None
    query = examples(
        name, compared=was is not None, reads=was or name, only=wish.only, limit=wish.limit
    )
    found = samples.rows(query, "find examples")
    rule = mapping.definition.columns[name]
    steps = _steps(samples, [row[6] for row in found], rule.clean)
    reads = _reads(samples, driver, rule.expr, [(row[-2], row[-1]) for row in found])
    return tuple(
        Example(
            kind=row[-3],
            rows=row[-4],
            batch=row[-2],
            row=row[-1],
            before=_side(row[0:6]) if was is not None else None,
            after=_side(row[6:12]),
            steps=steps[place],
            reads=reads.get((row[-2], row[-1]), {}),
        )
        for place, row in enumerate(found)
    )


def _side(values: Sequence[Any]) -> Side:
    raw, clean, typed, result, refused, remarked = values
    return Side(
        raw=raw, clean=clean, typed=typed, result=result,
        refused=_failures(refused), remarked=_failures(remarked),
    )  # fmt: skip


def _failures(entries: str | None) -> tuple[Failure, ...]:
    found = []
    for entry in (entries or "").split(NEXT):
        parts = entry.split(PART)
        if len(parts) >= 3:
            found.append(Failure(column=parts[0], rule=parts[1], why=parts[2]))
    return tuple(found)


def _steps(
    samples: Samples, values: Sequence[str | None], rules: Sequence[Any]
) -> list[tuple[str | None, ...]]:
    """Each value as it came and after each rule; nothing where there are no rules."""
    if not rules or not values:
        return [() for _ in values]
    return [tuple(row) for row in samples.rows(cleansing_steps(values, rules), "follow the rules")]


def _reads(
    samples: Samples, driver: Landed, expression: str | None, rows: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], dict[str, str | None]]:
    """The source columns that an expression reads, in the rows that are shown."""
    if expression is None or not rows:
        return {}
    try:
        names = [parts[0] for parts in columns_of(expression) if len(parts) == 1]
    except ExpressionError:
        return {}
    known = {name.lower(): name for name in driver.columns}
    own = list(dict.fromkeys(known[n.lower()] for n in names if n.lower() in known))
    if not own:
        return {}
    wanted = exp.or_(
        *(
            exp.and_(column("_batch").eq(text(b)), column("_row").eq(exp.convert(r)))
            for b, r in rows
        )
    )
    query = (
        exp.select(
            column("_batch"), column("_row"), *(exp.cast(column(name), "VARCHAR") for name in own)
        )
        .from_(table(driver.sample, STAGING))
        .where(wanted)
    )
    return {
        (batch, row): dict(zip(own, values, strict=True))
        for batch, row, *values in samples.rows(query, "show what is read")
    }


def _rows(
    samples: Samples,
    mapping: ResolvedMapping,
    common: Sequence[str],
    compared: bool,
    wish: Wish,
) -> tuple[WholeRow, ...]:
    columns = list(mapping.definition.columns)
    only = wish.only[0] if wish.only and (compared or wish.only[0] != "changed") else ""
    if wish.only and not only:
        return ()
    query = whole_rows(columns, compared=compared, common=common, only=only, limit=wish.limit)
    found = []
    for batch, row, was, outcome, refused, remarked, *values in samples.rows(query, "show rows"):
        cells = {
            name: Cell(raw=values[3 * n], before=values[3 * n + 1], after=values[3 * n + 2])
            for n, name in enumerate(columns)
        }
        found.append(
            WholeRow(
                batch=batch, row=row, was=was, outcome=outcome, cells=cells,
                refused=_failures(refused), remarked=_failures(remarked),
            )
        )  # fmt: skip
    return tuple(found)


def _statements(
    mapping: ResolvedMapping, chain: Judging, driver: Landed, name: str | None
) -> tuple[Stage, ...]:
    """What one column's value becomes in each step; then the statement for all of the mapping."""
    stages: list[Stage] = []
    if name is not None and name in mapping.definition.columns:
        parts = {
            "As it comes": (chain.raw, f"{name}__raw"),
            "Cleansed": (chain.clean, f"{name}__clean"),
            "Parsed": (chain.typed, f"{name}__typed"),
            "Judged": (chain.judged, name),
        }
        for step, (query, alias) in parts.items():
            found = next((each for each in query.selects if each.alias_or_name == alias), None)
            if found is not None:
                shown = found.this if isinstance(found, exp.Alias) else found
                stages.append(Stage(name=step, sql=shown.sql(_DIALECT, pretty=True)))
    # A load reads the landed table where the sample is read here.
    whole = chain.closed(ranked_rows(mapping, chain))
    for read in whole.find_all(exp.Table):
        if read.name == driver.sample:
            read.set("this", exp.to_identifier(landed_table(mapping, ""), quoted=True))
    stages.append(Stage(name="The whole statement", sql=whole.sql(_DIALECT, pretty=True)))
    return tuple(stages)
