"""The linkage model of Fellegi and Sunter: estimated by Splink once, then kept as plain values.

For each step of each comparison the model holds how often it is met among records that are the
same (m) and among any two records (u); and the share of all pairs that are the same (the prior).
u comes from pairs taken at random, m from expectation maximisation over the pairs of each block
line, without the columns in which those agree anyway. Fellegi and Sunter, *A theory for record
linkage*, 1969; Splink's documentation says how it estimates.

The same records and definition give the same model: what is taken at random is taken by a hash, and
parameters are rounded to six digits, below which the order of sums would show.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from sqlglot import exp

from metadata.model.matching import Agreement
from metadata.repository import ResolvedMatching
from transforms.ingredients import digest
from transforms.matching import KEY, Level, agreeing, agreement, levels, missing

RECORDS = "records"
_SAMPLE = "sampled"
_DIGITS = 6
_FEW_PAIRS = 20
"""Fewer pairs in a block than this say nothing about the model."""
_ROUNDS = 50
_FEW_TO_TELL_CHANCE = 500
"""Of fewer pairs too many are the same to say what happens by chance; then the usual is taken."""
_LIKELY, _LESS, _UNLIKELY = 0.75, 0.4, 0.05
"""Where data cannot tell, how often records that are the same have equal values; how much rarer
each further step is than the one before; and how often their values differ."""
_RARE = 1e-6


@dataclass(frozen=True)
class LinkageModel:
    """An estimated model: Splink's settings as plain values, and what they were estimated for."""

    identity: str
    settings: Mapping[str, Any]
    records: int
    """How many records it was estimated from."""

    @property
    def settled(self) -> bool:
        """Whether there was enough to estimate from; if not, it is estimated again next time."""
        return self.records * (self.records - 1) // 2 >= _FEW_TO_TELL_CHANCE

    @property
    def prior(self) -> float:
        """Share of all pairs of records that are the same."""
        return float(self.settings["probability_two_random_records_match"])

    def written(self) -> str:
        """The settings as text."""
        return json.dumps(self.settings)


def identity_of(matching: ResolvedMatching) -> str:
    """Changes when the model must be estimated anew."""
    definition = matching.definition
    told = definition.model_dump_json(include={"where", "block", "compare", "model"})
    return digest([told, *(each.type for each in matching.entity.columns.values())])


def estimated(connection: duckdb.DuckDBPyConnection, matching: ResolvedMatching) -> LinkageModel:
    """Estimate the model of an entity from its records, which stand in `records`."""
    settings = _blank(matching)
    counted = exp.select(exp.Count(this=exp.Star())).from_(RECORDS)
    [(records,)] = connection.execute(counted.sql(dialect="duckdb")).fetchall()
    pairs = records * (records - 1) // 2
    if matching.definition.model.prior is not None:
        settings["probability_two_random_records_match"] = matching.definition.model.prior
    elif records > 1:
        settings["probability_two_random_records_match"] = min(1 / records, 0.1)
    if pairs >= _FEW_TO_TELL_CHANCE:
        with quiet():
            settings = _with_chance(connection, matching, settings, records)
            settings = _with_likeness(connection, matching, settings)
    settings = _complete(settings)
    if pairs and matching.definition.model.prior is None:
        with quiet():
            settings = _with_prior(connection, settings, pairs)
    return LinkageModel(identity_of(matching), settings, records)


def linker_of(
    connection: duckdb.DuckDBPyConnection, settings: Mapping[str, Any], rows: str = RECORDS
) -> Any:
    """Splink over a table of records."""
    # The library takes half a second to load, and most commands do not match.
    from splink import DuckDBAPI, Linker

    api = DuckDBAPI(connection=connection)
    plain = json.loads(json.dumps(settings))
    return Linker(api.register(rows), plain, log_level=None)


def block_sql(line: Agreement) -> str:
    """A block line as Splink takes it."""
    return agreeing(line).sql(dialect="duckdb")


class quiet:  # noqa: N801
    """Within, Splink says nothing: what it would remark on is met by `_complete`."""

    def __enter__(self) -> None:
        self._level = logging.getLogger("splink").level
        logging.getLogger("splink").setLevel(logging.CRITICAL)
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, *error: object) -> None:
        self._warnings.__exit__(None, None, None)
        logging.getLogger("splink").setLevel(self._level)


def _blank(matching: ResolvedMatching) -> dict[str, Any]:
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": KEY,
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": False,
        "comparisons": [_comparison(matching, name) for name in matching.definition.compare],
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": block_sql(line), "sql_dialect": "duckdb"}
            for line in matching.definition.block
        ],
        "probability_two_random_records_match": 0.0001,
    }


def _comparison(matching: ResolvedMatching, name: str) -> dict[str, Any]:
    steps = [_level(each) for each in levels(name, matching.definition.compare[name])]
    nothing = {
        "sql_condition": missing(name).sql(dialect="duckdb"),
        "label_for_charts": "missing",
        "is_null_level": True,
    }
    other = {"sql_condition": "ELSE", "label_for_charts": "different"}
    return {"output_column_name": name, "comparison_levels": [nothing, *steps, other]}


def _level(level: Level) -> dict[str, Any]:
    told: dict[str, Any] = {
        "sql_condition": level.condition.sql(dialect="duckdb"),
        "label_for_charts": level.label,
    }
    if level.frequencies_of is not None:
        told |= {"tf_adjustment_column": level.frequencies_of, "tf_adjustment_weight": 1.0}
    return told


def _with_chance(
    connection: duckdb.DuckDBPyConnection,
    matching: ResolvedMatching,
    settings: Mapping[str, Any],
    records: int,
) -> dict[str, Any]:
    """u: how often each step is met among any two records."""
    wanted = matching.definition.model.pairs
    most = int(0.5 * (1 + (1 + 8 * wanted) ** 0.5)) + 1
    seeded = exp.Anonymous(
        this="hash",
        expressions=[
            exp.column(exp.to_identifier(KEY, quoted=True)),
            exp.convert(matching.definition.model.seed),
        ],
    )
    sample = exp.select("*").from_(RECORDS).order_by(seeded, KEY).limit(min(records, most))
    create = exp.Create(this=exp.to_table(_SAMPLE), kind="TABLE", replace=True, expression=sample)
    connection.execute(create.sql(dialect="duckdb"))
    linker = linker_of(connection, settings, _SAMPLE)
    linker.training.estimate_u_using_random_sampling(
        max_pairs=most * most, min_count_per_level=None, num_chunks=1
    )
    found: dict[str, Any] = linker.misc.save_model_to_json()
    return found


def _with_likeness(
    connection: duckdb.DuckDBPyConnection, matching: ResolvedMatching, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """m: how often each step is met among records that are the same."""
    from splink.internals.exceptions import EMTrainingException

    linker = linker_of(connection, settings)
    for line in matching.definition.block:
        if pairs_of_block(connection, line) < _FEW_PAIRS:
            continue
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(
                block_sql(line), estimate_without_term_frequencies=True
            )
        except EMTrainingException:
            # All that is compared agrees within the block: it has nothing to tell.
            continue
    found: dict[str, Any] = linker.misc.save_model_to_json()
    return found


def pairs_of_block(connection: duckdb.DuckDBPyConnection, line: Agreement) -> int:
    """How many pairs of records agree on a block line, without listing them."""
    values = agreement(line)
    n = exp.Count(this=exp.Star())
    groups = (
        exp.select(exp.alias_(exp.cast(n, "HUGEINT"), "n"))
        .from_(RECORDS)
        .where(*(exp.not_(value.is_(exp.null())) for value in values))
        .group_by(*(value.copy() for value in values))
    )
    n_column = exp.column("n")
    each = exp.IntDiv(
        this=exp.paren(
            exp.Mul(
                this=n_column,
                expression=exp.paren(exp.Sub(this=n_column.copy(), expression=exp.convert(1))),
            )
        ),
        expression=exp.convert(2),
    )
    total = exp.func("COALESCE", exp.Sum(this=each), exp.convert(0))
    query = exp.select(total).from_(groups.subquery("groups"))
    [(found,)] = connection.execute(query.sql(dialect="duckdb")).fetchall()
    return int(found)


def _complete(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with every parameter there, as probabilities of each comparison, rounded."""
    done: dict[str, Any] = json.loads(json.dumps(settings))
    # Made up anew each time.
    done.pop("linker_uid", None)
    for comparison in done["comparisons"]:
        steps = [s for s in comparison["comparison_levels"] if not s.get("is_null_level")]
        for name, usual in (("m_probability", _usual_m), ("u_probability", _usual_u)):
            expected = usual(len(steps))
            known = [step.get(f"{name}") for step in steps]
            values = [
                max(float(value), _RARE) if isinstance(value, int | float) else likely
                for value, likely in zip(known, expected, strict=True)
            ]
            if any(not isinstance(value, int | float) for value in known):
                values = _filled(known, values)
            total = sum(values)
            for step, value in zip(steps, values, strict=True):
                step[name] = float(f"{value / total:.{_DIGITS}g}")
    return done


def _filled(known: list[Any], values: list[float]) -> list[float]:
    """Steps that were never met get little, where others were; else what is usual."""
    if not any(isinstance(value, int | float) for value in known):
        return values
    return [v if isinstance(k, int | float) else 1e-4 for k, v in zip(known, values, strict=True)]


def _usual_m(steps: int) -> list[float]:
    return [*(_LIKELY * _LESS**place for place in range(steps - 1)), _UNLIKELY]


def _usual_u(steps: int) -> list[float]:
    return [0.01 * (place + 1) for place in range(steps - 1)] + [1.0]


def _with_prior(
    connection: duckdb.DuckDBPyConnection, settings: Mapping[str, Any], pairs: int
) -> dict[str, Any]:
    """The prior at which as many pairs are expected to be the same as it says.

    Pairs outside of all blocks count as different. A pair's weight is the prior's and what its
    comparisons add, so that no pair is compared again for another prior.
    """
    before = float(settings["probability_two_random_records_match"])
    linker = linker_of(connection, settings)
    scored = linker.inference.predict(threshold_match_weight=-20)
    weights = np.asarray(
        scored.as_duckdbpyrelation().project("match_weight").fetchnumpy()["match_weight"],
        dtype=float,
    )
    if not len(weights):
        return {**settings, "probability_two_random_records_match": max(1 / pairs, 1e-9)}
    factors = np.exp2(np.clip(np.sort(weights), -60, 60)) * (1 - before) / before
    prior = before
    for _ in range(_ROUNDS):
        odds = factors * prior / (1 - prior)
        again = float(np.clip((odds / (1 + odds)).sum() / pairs, 1e-9, 0.5))
        if abs(again - prior) <= prior * 1e-6:
            break
        prior = again
    return {**settings, "probability_two_random_records_match": float(f"{prior:.{_DIGITS}g}")}


def steps_of(settings: Mapping[str, Any]) -> Iterator[tuple[str, dict[int, str]]]:
    """For each comparison its name, and what each of Splink's step numbers is called."""
    for comparison in settings["comparisons"]:
        steps = [s for s in comparison["comparison_levels"] if not s.get("is_null_level")]
        labels = {len(steps) - 1 - n: s["label_for_charts"] for n, s in enumerate(steps)}
        yield comparison["output_column_name"], {**labels, -1: "missing"}
