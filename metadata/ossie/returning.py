"""Measures that come back to us: our own extension keeps what standard SQL has no words for.

It is believed only where the expression still says what we once wrote; somebody may have changed
the one without the other, and then the expression counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pydantic import ValidationError

from metadata.model.cube import Measure
from metadata.ossie.document import Metric
from metadata.ossie.graph import Graph
from metadata.ossie.matching import Match
from metadata.ossie.scalars import Inexpressible, parsed
from metadata.ossie.sql import Scope, measure_sql
from metadata.repository import Repository, ResolvedFact, ResolvedRole


@dataclass(frozen=True)
class OwnMeasure:
    """A measure as we exported it, over a fact that is loaded here too."""

    cube: str
    name: str
    measure: Measure
    fact: str


@dataclass
class Returned:
    """The measures of ours that a document carries."""

    repository: Repository
    graph: Graph
    matches: Mapping[str, Match]
    metrics: Mapping[str, Metric]

    def metric(self, cube: str, measure: str) -> Metric | None:
        """The metric that one of our measures became."""
        return self._known.get((cube, measure), (None, None))[0]

    def measure(self, metric: Metric) -> OwnMeasure | None:
        """A metric as our measure, if its expression and its extension agree and can hold here."""
        told = _told(metric)
        base = self._base(metric) if told is not None else None
        if told is None or base is None:
            return None
        cube, name, measure = told
        fact = self.repository.facts[self.matches[base].fact or ""]
        siblings = {key[1]: found[1] for key, found in self._known.items() if key[0] == cube}
        scope = Scope(
            fact,
            fact.roles,
            siblings,
            self.graph.datasets[base].name,
            lambda role: self._dataset(role, base),
        )
        try:
            same = measure_sql(measure, scope) == metric.expression.dialects[0].expression
        except (KeyError, AssertionError, Inexpressible):
            return None
        if not same or not _held(measure, fact):
            return None
        return OwnMeasure(cube, name, measure, fact.name)

    @cached_property
    def _known(self) -> dict[tuple[str, str], tuple[Metric, Measure]]:
        found = ((metric, _told(metric)) for metric in self.metrics.values())
        return {(told[0], told[1]): (metric, told[2]) for metric, told in found if told}

    def _base(self, metric: Metric) -> str | None:
        """The dataset whose rows are aggregated, if it is a fact here."""
        try:
            base = self.graph.base(self.graph.owners(parsed(metric)))
        except Inexpressible:
            return None
        return base if base is not None and self.matches[base].fact else None

    def _dataset(self, role: ResolvedRole, base: str) -> str:
        for name, match in self.matches.items():
            if match.role == role.name and match.dimension == role.dimension.name:
                if self.graph.ways(base, name):
                    return self.graph.datasets[name].name
        raise Inexpressible(f"The document has no dataset for the role '{role.name}'.")


def _told(metric: Metric) -> tuple[str, str, Measure] | None:
    """Cube, name and definition that our extension keeps, if they can be understood."""
    data = metric.own_data()
    cube, name, definition = (data.get(key) for key in ("cube", "measure", "definition"))
    if not isinstance(cube, str) or not isinstance(name, str):
        return None
    try:
        return cube, name, Measure.model_validate(definition)
    except ValidationError:
        return None


def _held(measure: Measure, fact: ResolvedFact) -> bool:
    """Whether the fact has what a measure reads, and something feeds it."""
    if measure.ratio is not None:
        return True
    operand = str(getattr(measure, measure.aggregate))
    role, dot, attribute = operand.partition(".")
    if not dot:
        return operand in ("*", *fact.grain) or operand in fact.available_measures
    found = fact.roles.get(role)
    if found is None or not found.available:
        return False
    known = found.dimension.attributes.get(attribute)
    return attribute == found.dimension.natural_key or (known is not None and known.available)
